//! The applicant's two pages. Nothing happens by opening a link: each asks for something typed.

use axum::extract::Path;
use axum::http::StatusCode;

use super::{Answer, bounded, ok, page};
use crate::web::answer::{ChangeAnswer, RevealAnswer, RevealTyped};
use crate::web::asked::{Asked, Posted};
use crate::web::pages::reveal::{ChangePage, Mistyped, RevealGonePage, RevealPage, RevealedPage};

/// What confirms a changed password when it is typed.
const CHANGED: &str = "SUDAH";

pub(super) async fn reveal_page(asked: Asked, Path(token): Path<String>) -> Answer {
    let token = bounded(&token);
    asked.charge_for(asked.site.counter.reveal_view(token)).await?;
    show(&asked, token, Mistyped::Nothing, StatusCode::OK).await
}

pub(super) async fn reveal(asked: Asked, Path(token): Path<String>, form: Posted) -> Answer {
    let token = bounded(&token);
    asked.charge_for(asked.site.counter.reveal_view(token)).await?;
    let (typed, mistyped) = match (form.code("nip"), form.code("kode")) {
        (Some(nip), _) => (RevealTyped::Nip(nip), Mistyped::Nip { missing: false }),
        (None, Some(code)) => (RevealTyped::Code(code), Mistyped::Code { missing: false }),
        (None, None) => {
            let by_code = form.pairs().iter().any(|(name, _)| name == "kode");
            let mistyped = if by_code { Mistyped::Code { missing: true } } else { Mistyped::Nip { missing: true } };
            return show(&asked, token, mistyped, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    // Invented links would use up what all good ones have together.
    if asked.site.counter.reveal_view(token).await?.is_none() {
        return gone(&asked);
    }
    asked.charge_link(token)?;
    match asked.site.counter.reveal(token, typed).await? {
        RevealAnswer::Revealed(view) => {
            asked.opened(token);
            asked.was_honest();
            ok(&RevealedPage::new(asked.frame(format!("/ambil/{token}")), &view))
        }
        RevealAnswer::Wrong => show(&asked, token, mistyped, StatusCode::UNPROCESSABLE_ENTITY).await,
        RevealAnswer::Gone => gone(&asked),
    }
}

/// The page before the result. A guess that led here by a good link is given back only when nothing was mistyped.
async fn show(asked: &Asked, token: &str, mistyped: Mistyped, status: StatusCode) -> Answer {
    match asked.site.counter.reveal_view(token).await? {
        Some(view) => {
            if !matches!(mistyped, Mistyped::Nip { missing: false } | Mistyped::Code { missing: false }) {
                asked.was_honest();
            }
            let action = format!("/ambil/{token}");
            page(status, &RevealPage::new(asked.frame(action.clone()), &view, &action, mistyped))
        }
        None => gone(asked),
    }
}

fn gone(asked: &Asked) -> Answer {
    page(StatusCode::NOT_FOUND, &RevealGonePage::new(asked.frame("/ambil/-")))
}

pub(super) async fn change_page(asked: Asked, Path(token): Path<String>) -> Answer {
    let token = bounded(&token);
    asked.charge_for(asked.site.counter.change_view(token)).await?;
    change_form(&asked, token, false).await
}

pub(super) async fn change(asked: Asked, Path(token): Path<String>, form: Posted) -> Answer {
    let token = bounded(&token);
    asked.charge_for(asked.site.counter.change_view(token)).await?;
    if !form.text("kata").eq_ignore_ascii_case(CHANGED) {
        return change_form(&asked, token, true).await;
    }
    match asked.site.counter.change_confirmed(token).await? {
        ChangeAnswer::Done => {
            asked.was_honest();
            let action = format!("/ganti/{token}");
            ok(&ChangePage::new(asked.frame(action.clone()), &action, true, false))
        }
        ChangeAnswer::Gone => gone(&asked),
    }
}

async fn change_form(asked: &Asked, token: &str, wrong: bool) -> Answer {
    match asked.site.counter.change_view(token).await? {
        Some(view) => {
            asked.was_honest();
            let action = format!("/ganti/{token}");
            let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
            page(status, &ChangePage::new(asked.frame(action.clone()), &action, view.done, wrong))
        }
        None => gone(asked),
    }
}
