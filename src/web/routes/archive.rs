//! The addresses of the archive: its list, one dossier, and what is taken out of one.

use axum::extract::Path;
use axum::http::StatusCode;

use super::case_page::opened;
use super::{Answer, ok, page};
use crate::sop::names::CaseNumber;
use crate::web::asked::{Asked, Who};
use crate::web::handed::handed;
use crate::web::oops::Oops;
use crate::web::pages::Tab;
use crate::web::pages::archive::{ArchivePage, href, slug};
use crate::web::pages::dossier::DossierPage;
use crate::web::pages::notice::NoticePage;
use crate::web::view::{ArchiveFilter, Ending, TakenOut};
use crate::web::words::ArchiveWords;

/// Longest end of a file name that is kept, the dot left out.
const EXTENSION: usize = 8;

pub(super) async fn list(asked: Asked) -> Answer {
    let chosen = chosen(|name| asked.asked_for(name));
    let who = match opened(&asked, &href(&chosen, 0), None)? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let filter =
        ArchiveFilter { words: asked.asked_for("cari").unwrap_or("").trim().chars().take(100).collect(), ..chosen };
    let filter = ArchiveFilter {
        page: asked
            .asked_for("halaman")
            .and_then(|page| page.parse().ok())
            .map_or(0, |page: usize| page.saturating_sub(1)),
        ..filter
    };
    // A list that was searched has one page: what was typed stands in no link.
    let filter = if filter.words.is_empty() { filter } else { ArchiveFilter { page: 0, ..filter } };
    let view = asked.site.counter.archive(&who.admin, &filter).await?.ok_or(Oops::NotFound)?;
    let frame = asked.frame_in(Tab::Archive, &who, href(&filter, view.page));
    ok(&ArchivePage::new(frame, &view, &filter, asked.now))
}

/// Year and outcome, as they were chosen.
pub(super) fn chosen<'a>(asked_for: impl Fn(&str) -> Option<&'a str>) -> ArchiveFilter {
    let ending = |text| Ending::ALL.into_iter().find(|ending| slug(*ending) == text);
    ArchiveFilter {
        year: asked_for("tahun").and_then(|year| year.parse().ok()),
        ending: asked_for("hasil").and_then(ending),
        ..ArchiveFilter::default()
    }
}

pub(super) async fn dossier(asked: Asked, Path(number): Path<String>) -> Answer {
    let number = CaseNumber::parse(&number).ok_or(Oops::NotFound)?;
    let here = format!("/arsip/{number}");
    let who = match opened(&asked, &here, None)? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let view = asked.site.counter.dossier(&who.admin, &number).await?.ok_or(Oops::NotFound)?;
    ok(&DossierPage::new(asked.frame_in(Tab::Archive, &who, here), &view))
}

pub(super) async fn item(asked: Asked, Path((number, nth)): Path<(String, u32)>) -> Answer {
    let number = CaseNumber::parse(&number).ok_or(Oops::NotFound)?;
    let who = match opened(&asked, &format!("/arsip/{number}"), None)? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let index = nth.checked_sub(1).ok_or(Oops::NotFound)?;
    let turn = asked.site.turns.next().await?;
    match asked.site.counter.dossier_item(&who.admin, &number, index).await?.ok_or(Oops::NotFound)? {
        TakenOut::Item { name, bytes } => {
            let end = name.rsplit_once('.').map(|(_, end)| end);
            let end = end.filter(|end| end.len() <= EXTENSION && end.bytes().all(|b| b.is_ascii_alphanumeric()));
            let saved_as = format!("{number}-{nth:02}.{}", end.unwrap_or("bin"));
            handed(&saved_as, "application/octet-stream", bytes, Some(turn))
        }
        TakenOut::Bag(_) | TakenOut::Unreadable => refused(&asked, &who, &number),
    }
}

pub(super) async fn bag(asked: Asked, Path(number): Path<String>) -> Answer {
    let number = CaseNumber::parse(&number).ok_or(Oops::NotFound)?;
    let who = match opened(&asked, &format!("/arsip/{number}"), None)? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let turn = asked.site.turns.next().await?;
    match asked.site.counter.dossier_bag(&who.admin, &number).await?.ok_or(Oops::NotFound)? {
        TakenOut::Bag(bytes) => handed(&format!("{number}.zip"), "application/zip", bytes, Some(turn)),
        TakenOut::Item { .. } | TakenOut::Unreadable => refused(&asked, &who, &number),
    }
}

fn refused(asked: &Asked, who: &Who, number: &CaseNumber) -> Answer {
    let a = ArchiveWords::of(asked.lang);
    let here = format!("/arsip/{number}");
    let frame = asked.frame_in(Tab::Archive, who, here.as_str());
    let notice = NoticePage::new(frame, a.refused_title, a.refused_h1, a.refused_more).button(here, a.refused_see);
    page(StatusCode::CONFLICT, &notice)
}
