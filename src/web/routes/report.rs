//! The addresses of the monthly report: its page and its files.

use chrono::Datelike;

use super::case_page::opened;
use super::{Answer, ok};
use crate::web::asked::Asked;
use crate::web::handed::handed;
use crate::web::oops::Oops;
use crate::web::pages::Tab;
use crate::web::pages::report::{ReportPage, href};
use crate::web::view::{Month, ReportForm};

pub(super) async fn page(asked: Asked) -> Answer {
    let who = match opened(&asked, &here(&asked), None)? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let month = month(&asked)?;
    let view = asked.site.counter.report(&who.admin, month).await?.ok_or(Oops::NotFound)?;
    ok(&ReportPage::new(asked.frame_in(Tab::Report, &who, href(month)), &view, month, present(&asked)))
}

pub(super) async fn csv(asked: Asked) -> Answer {
    file(&asked, ReportForm::Csv).await
}

pub(super) async fn json(asked: Asked) -> Answer {
    file(&asked, ReportForm::Json).await
}

async fn file(asked: &Asked, form: ReportForm) -> Answer {
    let who = match opened(asked, &here(asked), None)? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let month = month(asked)?;
    let text = asked.site.counter.report_file(&who.admin, month, form).await?.ok_or(Oops::NotFound)?;
    let (end, media_type) = match form {
        ReportForm::Csv => ("csv", "text/csv; charset=utf-8"),
        ReportForm::Json => ("json", "application/json"),
    };
    handed(&format!("laporan-{month}.{end}"), media_type, text.into_bytes(), None)
}

/// The page to come back to after the code.
fn here(asked: &Asked) -> String {
    asked.asked_for("bulan").and_then(Month::parse).map_or_else(|| "/laporan".to_owned(), href)
}

/// The month that is asked for; the present one where none is.
fn month(asked: &Asked) -> Result<Month, Oops> {
    match asked.asked_for("bulan") {
        None | Some("") => Ok(present(asked)),
        Some(text) => Month::parse(text).ok_or(Oops::NotFound),
    }
}

fn present(asked: &Asked) -> Month {
    let today = asked.now.with_timezone(&asked.site.office.zone);
    Month { year: today.year(), month: today.month() }
}
