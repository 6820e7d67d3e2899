//! The desk list, held mails, and the demo's mail sandbox.

use axum::extract::Path;
use axum::http::StatusCode;

use super::case_page::{href, opened};
use super::{Answer, bounded, ok, page, see, task_form};
use crate::web::answer::{Field, HeldAnswer, HeldChoice, HeldForm};
use crate::web::asked::{Asked, Posted, Who};
use crate::web::oops::Oops;
use crate::web::pages::desk::DeskPage;
use crate::web::pages::held::HeldPage;
use crate::web::pages::notice::NoticePage;
use crate::web::pages::sandbox::SandboxPage;
use crate::web::pages::{Fields, Tab};
use crate::web::say::fill;
use crate::web::view::{DeskFilter, StepFilter};
use crate::web::words::{DecisionWords, QueueWords};

pub(super) async fn desk(asked: Asked) -> Answer {
    let who = match opened(&asked, "/meja", None)? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let filter = DeskFilter {
        words: asked.asked_for("cari").unwrap_or("").trim().chars().take(100).collect(),
        step: asked.asked_for("langkah").and_then(step),
        mine: asked.asked_for("milik") == Some("saya"),
    };
    let view = asked.site.counter.desk(&who.admin, &filter, asked.lang).await?;
    let devices = asked.site.sessions.open_until(&who.admin.address, asked.now);
    ok(&DeskPage::new(asked.frame_for(&who, "/meja"), &view, &filter, &devices))
}

fn step(text: &str) -> Option<StepFilter> {
    match text {
        "ditahan" => Some(StepFilter::Held),
        n => n.parse().ok().filter(|n| (1..=9).contains(n)).map(StepFilter::Step),
    }
}

/// An id as it may stand in an address.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.len() <= 200 && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

pub(super) async fn held(asked: Asked, Path(id): Path<String>) -> Answer {
    if !is_plain(&id) {
        return Err(Oops::NotFound);
    }
    let here = format!("/ditahan/{id}");
    let who = match opened(&asked, &here, None)? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let kept = asked.cookie.as_deref().and_then(|cookie| asked.site.sessions.parked_for(cookie, &here));
    show_held(&asked, &who, &id, &kept.unwrap_or_default(), None, StatusCode::OK).await
}

async fn show_held(
    asked: &Asked,
    who: &Who,
    id: &str,
    fields: &Fields,
    refusal: Option<&str>,
    status: StatusCode,
) -> Answer {
    let view = asked.site.counter.held_view(&who.admin, id, asked.lang).await?.ok_or(Oops::NotFound)?;
    page(status, &HeldPage::new(asked.frame_for(who, format!("/ditahan/{id}")), &view, fields, refusal))
}

pub(super) async fn settle(asked: Asked, Path((id, name)): Path<(String, String)>, posted: Posted) -> Answer {
    let choice = match name.as_str() {
        "terima" => HeldChoice::Admit,
        "buang" => HeldChoice::Drop,
        _ => return Err(Oops::NotFound),
    };
    if !is_plain(&id) {
        return Err(Oops::NotFound);
    }
    let here = format!("/ditahan/{id}");
    let fields = Fields::kept(&name, posted.pairs());
    let who = match opened(&asked, &here, Some(fields.clone()))? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    let reason = match task_form::sentence(&posted, "alasan", Field::Reason) {
        Ok(reason) => reason,
        Err(errors) => {
            let fields = fields.with_errors(asked.lang, &errors);
            return show_held(&asked, &who, &id, &fields, None, wrong).await;
        }
    };
    let form = HeldForm { choice, reason, seen: posted.text("bukti").to_owned() };
    match asked.site.counter.settle_held(&who.admin, &id, form).await? {
        HeldAnswer::Done(number) => {
            if let Some(cookie) = &asked.cookie {
                asked.site.sessions.unpark(cookie, &here);
            }
            settled(&asked, &who, number.as_ref())
        }
        HeldAnswer::Already(earlier) => {
            let d = DecisionWords::of(asked.lang);
            let frame = asked.frame_for(&who, here);
            let heading = fill(d.already_h1, &[&earlier.by, &frame.say.time(&earlier.at)]);
            let back = frame.w.back_to_desk;
            let notice = NoticePage::new(frame, d.already_title, &heading, &earlier.what).button("/meja", back);
            page(StatusCode::CONFLICT, &notice)
        }
        HeldAnswer::Invalid(errors) => {
            let fields = fields.with_errors(asked.lang, &errors);
            show_held(&asked, &who, &id, &fields, None, wrong).await
        }
        HeldAnswer::Refused(why) => {
            let fields = fields.with_errors(asked.lang, &[]);
            show_held(&asked, &who, &id, &fields, Some(&why), wrong).await
        }
        HeldAnswer::Gone => Err(Oops::NotFound),
    }
}

fn settled(asked: &Asked, who: &Who, number: Option<&crate::sop::names::CaseNumber>) -> Answer {
    let q = QueueWords::of(asked.lang);
    let frame = asked.frame_for(who, "/meja");
    match number {
        Some(number) => {
            let heading = fill(q.admitted, &[&number.to_string()]);
            ok(&NoticePage::new(frame, q.held_title, &heading, q.admit_then_1).button(href(number), q.open_request))
        }
        None => {
            let back = frame.w.back_to_desk;
            ok(&NoticePage::new(frame, q.held_title, q.dropped, q.dropped_more).button("/meja", back))
        }
    }
}

pub(super) async fn sandbox(asked: Asked) -> Answer {
    show_sandbox(&asked, None).await
}

pub(super) async fn sandbox_letter(asked: Asked, Path(id): Path<String>) -> Answer {
    show_sandbox(&asked, Some(bounded(&id))).await
}

async fn show_sandbox(asked: &Asked, chosen: Option<&str>) -> Answer {
    let view = asked.site.counter.sandbox(chosen, asked.lang).await?.ok_or(Oops::NotFound)?;
    if chosen.is_some() && view.chosen.is_none() {
        return Err(Oops::NotFound);
    }
    let here = view.chosen.as_ref().map_or_else(|| "/surel".to_owned(), |letter| format!("/surel/{}", letter.id));
    let mut frame = asked.frame(here);
    frame.tab = Tab::Sandbox;
    ok(&SandboxPage::new(frame, &view, asked.site.base.as_str()))
}

pub(super) async fn play(asked: Asked, Path(id): Path<String>) -> Answer {
    let is_demo = asked.site.counter.sandbox(None, asked.lang).await?.is_some();
    if is_demo && asked.site.counter.play(bounded(&id)).await? { see("/surel") } else { Err(Oops::NotFound) }
}
