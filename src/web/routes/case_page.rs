//! Shows a case in its phase, with or without a form that was not taken, and turns away who may not be there.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};

use super::entrance::door;
use super::{Answer, keyed, page, see};
use crate::sop::names::CaseNumber;
use crate::web::answer::{Earlier, Field, FieldError, Why};
use crate::web::asked::{Asked, Posted, Who};
use crate::web::oops::Oops;
use crate::web::pages::notice::NoticePage;
use crate::web::pages::outcome::{AlreadyPage, OutcomePage};
use crate::web::pages::review::{ReviewPage, choice, slug};
use crate::web::pages::task::{TaskPage, UnknownPage};
use crate::web::pages::{Fields, Frame};
use crate::web::say::fill;
use crate::web::session::{Device, Parked};
use crate::web::view::{CasePage, Choice, Role};
use crate::web::words::NoticeWords;

/// A form of a case's page, sent from an open device.
pub(super) struct Sent<'a> {
    pub asked: &'a Asked,
    pub who: Who,
    pub number: CaseNumber,
    /// The form's name on the page.
    pub form: &'a str,
    pub fields: Fields,
}

/// The address of a case's page.
pub(super) fn href(number: &CaseNumber) -> String {
    format!("/berkas/{number}")
}

impl<'a> Sent<'a> {
    /// Lets an admin at an open device through. A locked device keeps what was typed and leads to the code.
    pub(super) fn admit(
        asked: &'a Asked,
        number: &str,
        form: &'a str,
        posted: &Posted,
    ) -> Result<Result<Self, Response>, Oops> {
        let number = CaseNumber::parse(number).ok_or(Oops::NotFound)?;
        let fields = Fields::kept(form, posted.pairs());
        match opened(asked, &href(&number), Some(fields.clone()))? {
            Ok(who) => Ok(Ok(Self { asked, who, number, form, fields })),
            Err(response) => Ok(Err(response)),
        }
    }

    /// The form was taken: what was kept for this page may go, and the page is looked at anew.
    pub(super) fn taken(&self, anchor: &str) -> Answer {
        self.forget();
        see(&format!("{}{anchor}", href(&self.number)))
    }

    /// What was kept for this page is no longer needed.
    pub(super) fn forget(&self) {
        if let Some(cookie) = &self.asked.cookie {
            self.asked.site.sessions.unpark(cookie, &href(&self.number));
        }
    }

    pub(super) fn frame(&self) -> Frame<'_> {
        self.asked.frame_for(&self.who, href(&self.number))
    }

    /// The page again, with what is wrong beside the fields.
    pub(super) async fn invalid(self, errors: &[FieldError]) -> Answer {
        self.again(errors, None).await
    }

    pub(super) async fn refused(self, why: &str) -> Answer {
        self.again(&[], Some(why)).await
    }

    pub(super) async fn wrong_code(self, typed: bool, left: u8) -> Answer {
        let why = if typed { Why::Wrong(left) } else { Why::Missing };
        self.again(&[FieldError { field: Field::Code, why }], None).await
    }

    async fn again(self, errors: &[FieldError], refusal: Option<&str>) -> Answer {
        let (asked, who, number) = (self.asked, &self.who, &self.number);
        let view = asked.site.counter.case_page(&who.admin, number, asked.lang).await?.ok_or(Oops::NotFound)?;
        let fields = self.fields.with_errors(asked.lang, errors);
        let shown = choice(self.form);
        show(asked, who, number, &view, shown, &fields, refusal, StatusCode::UNPROCESSABLE_ENTITY)
    }

    pub(super) fn already(&self, earlier: &Earlier, yours: Option<Choice>) -> Answer {
        let yours = yours.map(|choice| (choice, self.asked.now));
        page(StatusCode::CONFLICT, &AlreadyPage::new(self.frame(), &self.number, earlier, yours))
    }

    pub(super) fn changed(&self, what: &str, at: &DateTime<Utc>) -> Answer {
        let n = NoticeWords::of(self.asked.lang);
        let frame = self.frame();
        let text = fill(n.changed_more, &[what, &frame.say.moment(at)]);
        let notice = NoticePage::new(frame, n.changed_title, n.changed_h1, &text);
        page(StatusCode::CONFLICT, &notice.button(href(&self.number), n.changed_see))
    }
}

/// Who may go on from this device; else where to go instead. A form that was sent is kept for after the code.
pub(super) fn opened(asked: &Asked, here: &str, sent: Option<Fields>) -> Result<Result<Who, Response>, Oops> {
    let is_form = sent.is_some();
    match asked.device() {
        Device::Open { admin, until } => {
            if is_form && admin.role != Role::Admin {
                return Err(Oops::Role);
            }
            Ok(Ok(Who { admin, until }))
        }
        Device::Locked { .. } => {
            if let (Some(cookie), Some(fields)) = (&asked.cookie, sent) {
                asked.site.sessions.park(cookie, Parked { page: here.to_owned(), fields });
            }
            see(&door(here)).map(Err)
        }
        Device::Unknown => see(&door(here)).map(Err),
    }
}

/// The page of a case in its phase.
#[allow(clippy::too_many_arguments, reason = "one call site a phase; a struct would only rename the arguments")]
pub(super) fn show(
    asked: &Asked,
    who: &Who,
    number: &CaseNumber,
    view: &CasePage,
    shown: Option<Choice>,
    fields: &Fields,
    refusal: Option<&str>,
    status: StatusCode,
) -> Answer {
    let here = match shown {
        Some(choice) => format!("{}?surat={}", href(number), slug(choice)),
        None => href(number),
    };
    let asks = match view {
        CasePage::Review(view) => !view.proposal.code_for.is_empty(),
        CasePage::Outcome(view) => view.can_reissue || view.can_hand_in_person,
        CasePage::Task(_) | CasePage::Unknown(_) => false,
    };
    let frame = asked.frame_for(who, here).keyed(asks && asked.site.base.binds_keys());
    let answer = match view {
        CasePage::Review(view) => page(status, &ReviewPage::new(frame, view, shown, fields, refusal)),
        CasePage::Task(view) => page(status, &TaskPage::new(frame, view, fields, refusal)),
        CasePage::Unknown(view) => page(status, &UnknownPage::new(frame, view, fields, refusal)),
        CasePage::Outcome(view) => page(status, &OutcomePage::new(frame, view, fields, refusal)),
    };
    if asks { keyed(asked, answer) } else { answer }
}
