//! The addresses of a case: its page, its pictures, and every form on it.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::case_page::{Sent, href, opened, show};
use super::entrance::locked_out;
use super::{Answer, decision_form, ok, see, task_form};
use crate::sop::names::CaseNumber;
use crate::web::answer::{ConfirmAnswer, DecisionAnswer, Field, HandAnswer, TaskAnswer};
use crate::web::asked::{Asked, Posted};
use crate::web::drawn;
use crate::web::oops::Oops;
use crate::web::pages::confirmation::ConfirmedPage;
use crate::web::pages::page::LargePage;
use crate::web::pages::reveal::RevealedPage;
use crate::web::pages::review::{choice, slug};
use crate::web::view::{CasePage, Choice, Drawing, Picture};
use crate::web::words::{FindingWords, NoticeWords};

/// Goes on with an open device, or answers what the closed one gets.
macro_rules! admit {
    ($admitted:expr) => {
        match $admitted? {
            Ok(admitted) => admitted,
            Err(response) => return Ok(response),
        }
    };
}

pub(super) async fn page(asked: Asked, Path(number): Path<String>) -> Answer {
    let number = CaseNumber::parse(&number).ok_or(Oops::NotFound)?;
    let who = admit!(opened(&asked, &href(&number), None));
    let view = asked.site.counter.case_page(&who.admin, &number, asked.lang).await?.ok_or(Oops::NotFound)?;
    let kept = asked.cookie.as_deref().and_then(|id| asked.site.sessions.parked_for(id, &href(&number)));
    let shown = asked.asked_for("surat").and_then(choice);
    show(&asked, &who, &number, &view, shown, &kept.unwrap_or_default(), None, StatusCode::OK)
}

const SVG: &str = "image/svg+xml; charset=utf-8";
/// Nothing in the picture may act, wherever it is opened.
const PICTURE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub(super) async fn picture(asked: Asked, Path((number, paper, page)): Path<(String, u32, u32)>) -> Answer {
    let number = CaseNumber::parse(&number).ok_or(Oops::NotFound)?;
    let who = asked.who().ok_or(Oops::NotFound)?;
    let Picture { page, drawing } =
        asked.site.counter.picture(&who.admin, &number, paper, page).await?.ok_or(Oops::NotFound)?;
    let strip = FindingWords::of(asked.lang).not_drawn_strip;
    let (media_type, bytes) = match drawing {
        Drawing::Png(png) => ("image/png", png),
        Drawing::WordsAlone => (SVG, drawn::svg(&page, None).into()),
        Drawing::Failed => (SVG, drawn::svg(&page, Some(strip)).into()),
    };
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY)];
    Ok((headers, bytes).into_response())
}

/// A file that would go out with the letter, to be saved and looked at.
pub(super) async fn enclosure(asked: Asked, Path((number, index)): Path<(String, u32)>) -> Answer {
    let number = CaseNumber::parse(&number).ok_or(Oops::NotFound)?;
    let who = asked.who().ok_or(Oops::NotFound)?;
    let file = asked.site.counter.enclosure(&who.admin, &number, index).await?.ok_or(Oops::NotFound)?;
    let end = file.name.rsplit_once('.').map_or("bin", |(_, end)| end);
    let saved_as = format!("attachment; filename=\"{number}-formulir.{end}\"");
    let headers = [
        (header::CONTENT_TYPE, file.media_type.to_owned()),
        (header::CONTENT_DISPOSITION, saved_as),
        (header::CONTENT_SECURITY_POLICY, PICTURE_POLICY.to_owned()),
    ];
    Ok((headers, file.bytes).into_response())
}

/// A page alone and large. Only a review shows papers; later the case's own page says what became of it.
pub(super) async fn large(asked: Asked, Path((number, paper, page)): Path<(String, u32, u32)>) -> Answer {
    let number = CaseNumber::parse(&number).ok_or(Oops::NotFound)?;
    let who = admit!(opened(&asked, &href(&number), None));
    let view = asked.site.counter.case_page(&who.admin, &number, asked.lang).await?.ok_or(Oops::NotFound)?;
    let CasePage::Review(view) = view else { return see(&href(&number)) };
    let picture = asked.site.counter.picture(&who.admin, &number, paper, page).await?.ok_or(Oops::NotFound)?;
    let here = format!("{}/halaman/{paper}/{page}/besar", href(&number));
    ok(&LargePage::new(asked.frame_for(&who, here), &view, paper, page, &picture).ok_or(Oops::NotFound)?)
}

pub(super) async fn decide(asked: Asked, Path((number, name)): Path<(String, String)>, posted: Posted) -> Answer {
    let choice = choice(&name).ok_or(Oops::NotFound)?;
    let sent = admit!(Sent::admit(&asked, &number, slug(choice), &posted));
    let form = match decision_form::decision(&posted, choice) {
        Ok(form) => form,
        Err(errors) => return sent.invalid(&errors).await,
    };
    let typed = form.code.is_some();
    let answer = asked.site.counter.decide(&sent.who.admin, &sent.number, form, asked.lang).await?;
    decided(sent, answer, Some(choice), typed, "").await
}

pub(super) async fn save_draft(asked: Asked, Path(number): Path<String>, posted: Posted) -> Answer {
    let sent = admit!(Sent::admit(&asked, &number, "surat", &posted));
    let draft = match decision_form::draft(&posted) {
        Ok(draft) => draft,
        Err(errors) => return sent.invalid(&errors).await,
    };
    let anchor = format!("?surat={}#pratinjau", slug(draft.choice));
    let answer = asked.site.counter.save_draft(&sent.who.admin, &sent.number, draft).await?;
    decided(sent, answer, None, false, &anchor).await
}

async fn decided(sent: Sent<'_>, answer: DecisionAnswer, yours: Option<Choice>, typed: bool, anchor: &str) -> Answer {
    match answer {
        DecisionAnswer::Done | DecisionAnswer::AwaitsSecond => sent.taken(anchor),
        DecisionAnswer::Already(earlier) => sent.already(&earlier, yours),
        DecisionAnswer::Changed { what, at } => sent.changed(&what, &at),
        DecisionAnswer::NeedsConfirmation => {
            let why = NoticeWords::of(sent.asked.lang).needs_confirmation;
            sent.refused(why).await
        }
        DecisionAnswer::NeedsFactor { left } => sent.wrong_code(typed, left).await,
        DecisionAnswer::LockedOut => locked_out(sent.asked),
        DecisionAnswer::Invalid(errors) => sent.invalid(&errors).await,
        DecisionAnswer::Refused(why) => sent.refused(&why).await,
        DecisionAnswer::Gone => Err(Oops::NotFound),
    }
}

pub(super) async fn confirm(asked: Asked, Path(number): Path<String>, posted: Posted) -> Answer {
    let sent = admit!(Sent::admit(&asked, &number, "konfirmasi", &posted));
    let form = match decision_form::confirmation(&posted) {
        Ok(form) => form,
        Err(errors) => return sent.invalid(&errors).await,
    };
    match asked.site.counter.confirm(&sent.who.admin, &sent.number, form).await? {
        ConfirmAnswer::Done { code: None } => sent.taken("#konfirmasi"),
        ConfirmAnswer::Done { code: Some(code) } => {
            sent.forget();
            ok(&ConfirmedPage::new(sent.frame(), &sent.number, &code))
        }
        ConfirmAnswer::Changed { what, at } => sent.changed(&what, &at),
        ConfirmAnswer::Already(earlier) => sent.already(&earlier, None),
        ConfirmAnswer::Invalid(errors) => sent.invalid(&errors).await,
        ConfirmAnswer::Refused(why) => sent.refused(&why).await,
        ConfirmAnswer::Gone => Err(Oops::NotFound),
    }
}

pub(super) async fn manual_outcome(asked: Asked, Path(number): Path<String>, posted: Posted) -> Answer {
    let sent = admit!(Sent::admit(&asked, &number, "hasil", &posted));
    let outcome = match task_form::outcome(&posted) {
        Ok(outcome) => outcome,
        Err(errors) => return sent.invalid(&errors).await,
    };
    let (admin, attempt) = (&sent.who.admin, posted.text("upaya"));
    let answer = asked.site.counter.manual_outcome(admin, &sent.number, attempt, outcome, asked.lang).await?;
    worked(sent, answer).await
}

pub(super) async fn resolve(asked: Asked, Path((number, way)): Path<(String, String)>, posted: Posted) -> Answer {
    let resolution = task_form::resolution(&way).ok_or(Oops::NotFound)?;
    let sent = admit!(Sent::admit(&asked, &number, &way, &posted));
    let note = match task_form::sentence(&posted, "catatan", Field::Note) {
        Ok(note) => note,
        Err(errors) => return sent.invalid(&errors).await,
    };
    let (admin, attempt) = (&sent.who.admin, posted.text("upaya"));
    let answer = asked.site.counter.resolve_unknown(admin, &sent.number, attempt, resolution, note, asked.lang).await?;
    worked(sent, answer).await
}

pub(super) async fn reissue(asked: Asked, Path(number): Path<String>, posted: Posted) -> Answer {
    let sent = admit!(Sent::admit(&asked, &number, "ulang", &posted));
    let form = match task_form::reissuing(&posted) {
        Ok(form) => form,
        Err(errors) => return sent.invalid(&errors).await,
    };
    let answer = asked.site.counter.reissue(&sent.who.admin, &sent.number, form, asked.lang).await?;
    worked(sent, answer).await
}

pub(super) async fn account_for(
    asked: Asked,
    Path((number, deviation)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    let sent = admit!(Sent::admit(&asked, &number, "keterlambatan", &posted));
    let reason = match task_form::sentence(&posted, "alasan", Field::Reason) {
        Ok(reason) => reason,
        Err(errors) => return sent.invalid(&errors).await,
    };
    let answer = asked.site.counter.account_for_deviation(&sent.who.admin, &sent.number, &deviation, reason).await?;
    worked(sent, answer).await
}

async fn worked(sent: Sent<'_>, answer: TaskAnswer) -> Answer {
    match answer {
        TaskAnswer::Done => sent.taken(""),
        TaskAnswer::Already(earlier) => sent.already(&earlier, None),
        TaskAnswer::Changed { what, at } => sent.changed(&what, &at),
        TaskAnswer::NeedsFactor { left } => sent.wrong_code(true, left).await,
        TaskAnswer::LockedOut => locked_out(sent.asked),
        TaskAnswer::Invalid(errors) => sent.invalid(&errors).await,
        TaskAnswer::Refused(why) => sent.refused(&why).await,
        TaskAnswer::Gone => Err(Oops::NotFound),
    }
}

pub(super) async fn hand_in_person(asked: Asked, Path(number): Path<String>, posted: Posted) -> Answer {
    let sent = admit!(Sent::admit(&asked, &number, "langsung", &posted));
    let form = match task_form::handing_over(&posted) {
        Ok(form) => form,
        Err(errors) => return sent.invalid(&errors).await,
    };
    match asked.site.counter.hand_in_person(&sent.who.admin, &sent.number, form, asked.lang).await? {
        HandAnswer::Show(view) => ok(&RevealedPage::new(asked.frame(href(&sent.number)), &view)),
        HandAnswer::AwaitsSecond => sent.taken(""),
        HandAnswer::NeedsFactor { left } => sent.wrong_code(true, left).await,
        HandAnswer::LockedOut => locked_out(&asked),
        HandAnswer::Invalid(errors) => sent.invalid(&errors).await,
        HandAnswer::Refused(why) => sent.refused(&why).await,
        HandAnswer::Gone => Err(Oops::NotFound),
    }
}
