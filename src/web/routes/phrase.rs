//! A person's own passphrase: changed with a code or with the one of now, told by mail, and every other device is locked.

use axum::http::StatusCode;

use super::case_page::opened;
use super::entrance::{locked_out, reopened};
use super::{Answer, ok, page};
use crate::web::answer::{Field, FieldError, PhraseAnswer, Why};
use crate::web::asked::{Asked, Posted, Who};
use crate::web::oops::Oops;
use crate::web::pages::Fields;
use crate::web::pages::notice::NoticePage;
use crate::web::pages::phrase::PhrasePage;
use crate::web::words::EntranceWords;

const HERE: &str = "/frasa";

pub(super) async fn page_of(asked: Asked) -> Answer {
    match opened(&asked, HERE, None)? {
        Ok(who) => ok(&PhrasePage::new(asked.frame_for(&who, HERE), &Fields::default())),
        Err(response) => Ok(response),
    }
}

pub(super) async fn change(asked: Asked, form: Posted) -> Answer {
    // Nothing typed here may wait for the next code: it is typed again.
    let who = match opened(&asked, HERE, None)? {
        Ok(who) => who,
        Err(response) => return Ok(response),
    };
    let (phrase, again) = (form.typed("p1"), form.typed("p2"));
    if phrase.expose() != again.expose() {
        return once_more(&asked, &who, Field::PasswordAgain, Why::Different);
    }
    asked.charge()?;
    match asked.site.counter.change_phrase(&who.admin, &form.proof(), phrase).await? {
        PhraseAnswer::Done => {
            asked.was_honest();
            let w = EntranceWords::of(asked.lang);
            let notice =
                NoticePage::new(asked.frame_for(&who, HERE), w.phrase, w.phrase_changed, w.phrase_changed_more);
            let back = asked.frame(HERE).w.back_to_desk;
            asked.site.sessions.close_all(&who.admin.address);
            reopened(&asked, who.admin, ok(&notice.button("/meja", back)))
        }
        PhraseAnswer::Unfit(why) => {
            asked.was_honest();
            once_more(&asked, &who, Field::Password, why)
        }
        PhraseAnswer::Wrong { left } => once_more(&asked, &who, Field::Code, Why::Wrong(left)),
        PhraseAnswer::LockedOut => locked_out(&asked),
        PhraseAnswer::Gone => Err(Oops::NotFound),
    }
}

fn once_more(asked: &Asked, who: &Who, field: Field, why: Why) -> Answer {
    let fields = Fields::kept("frasa", &[]).with_errors(asked.lang, &[FieldError { field, why }]);
    page(StatusCode::UNPROCESSABLE_ENTITY, &PhrasePage::new(asked.frame_for(who, HERE), &fields))
}
