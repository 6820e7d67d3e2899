//! What was decided and done, what follows, and what can still be done; and "someone was faster".

use askama::Template;
use chrono::{DateTime, Utc};

use super::case_top::{CaseTop, Note, two_note};
use super::{Fields, Frame};
use crate::sop::case::Deed;
use crate::sop::names::CaseNumber;
use crate::web::answer::Earlier;
use crate::web::say::fill;
use crate::web::view::{Choice, Headline, OutcomeView, StepTime, TwoView};
use crate::web::words::{CaseWords, DecisionWords, NoticeWords};

#[derive(Template)]
#[template(path = "outcome.html", config = "src/web/askama.toml")]
pub struct OutcomePage<'a> {
    f: Frame<'a>,
    w: &'static CaseWords,
    d: &'static DecisionWords,
    n: &'static NoticeWords,
    view: &'a OutcomeView,
    fields: &'a Fields,
    top: CaseTop,
    refusal: Option<&'a str>,
}

impl<'a> OutcomePage<'a> {
    pub fn new(f: Frame<'a>, view: &'a OutcomeView, fields: &'a Fields, refusal: Option<&'a str>) -> Self {
        let d = DecisionWords::of(f.lang());
        let sent = view.link_until.as_ref().map(|until| Note {
            tone: "ok",
            icon: "ok",
            title: d.link_sent.to_owned(),
            text: fill(d.valid_until, &[&f.say.moment(until)]),
            link: None,
        });
        let w = CaseWords::of(f.lang());
        // What two must approve stands in the forms; the note says who did, or that nobody is left to.
        let two = view.two.as_ref().filter(|two| two.first.is_some() || two.others.is_empty());
        let two = two.map(|two| two_note(&f, w, two, ""));
        let top = CaseTop::new(&f, &view.head).first(two.into_iter().chain(sent).collect());
        Self { w, n: NoticeWords::of(f.lang()), d, top, f, view, fields, refusal }
    }

    fn title(&self) -> String {
        let title = self.d.outcome_title;
        if self.fields.failed { format!("{}{title}", self.f.w.error) } else { title.to_owned() }
    }

    fn request(&self) -> String {
        fill(self.f.w.request, &[&self.top.number])
    }

    fn headline(&self) -> String {
        let d = self.d;
        match &self.view.headline {
            Headline::Executing => d.h_executing,
            Headline::AwaitsSecond => d.h_awaits_second,
            Headline::PasswordReset => d.h_password_reset,
            Headline::UserIdSent => d.h_user_id_sent,
            Headline::CompletionAsked => d.h_completion_asked,
            Headline::Rejected => d.h_rejected,
            Headline::HandedOver { to } => return fill(d.h_handed_over, &[to]),
            Headline::Revealed => d.h_revealed,
            Headline::ChangeConfirmed => d.h_change_confirmed,
            Headline::Withdrawn => d.h_withdrawn,
            Headline::Expired => d.h_expired,
            Headline::OutOfScope => d.h_out_of_scope,
            Headline::Archived => d.h_archived,
            Headline::Failed => d.h_failed,
        }
        .to_owned()
    }

    fn reissue_then(&self) -> &'static str {
        if self.would_be_first(Deed::Reissue) { self.d.reissue_first } else { self.d.reissue_then }
    }

    fn hand_person_then(&self) -> &'static str {
        if self.would_be_first(Deed::HandInPerson) { self.d.hand_person_first } else { self.d.hand_person_then }
    }

    /// Whether this takes two and nobody else has approved it yet.
    fn would_be_first(&self, deed: Deed) -> bool {
        let first = |two: &TwoView| two.first.as_ref().is_none_or(|(.., approved)| two.yours || *approved != deed);
        self.view.two.as_ref().is_some_and(first)
    }

    /// Still moving: the reader may want to look again.
    fn in_progress(&self) -> bool {
        matches!(self.view.headline, Headline::Executing | Headline::AwaitsSecond)
    }

    fn step(&self, time: &StepTime) -> String {
        fill(self.d.step, &[&time.step.to_string()])
    }

    fn spent(&self, time: &StepTime) -> String {
        let (standard, origin) = (time.standard.to_string(), self.f.say.origin(time.origin));
        if time.spent == 0 {
            return fill(self.d.time_row_under, &[&standard, origin]);
        }
        fill(self.d.time_row, &[&time.spent.to_string(), &self.f.say.minutes(time.standard), origin])
    }
}

#[derive(Template)]
#[template(path = "already.html", config = "src/web/askama.toml")]
pub struct AlreadyPage<'a> {
    f: Frame<'a>,
    d: &'static DecisionWords,
    number: &'a CaseNumber,
    earlier: &'a Earlier,
    yours: Option<(Choice, DateTime<Utc>)>,
}

impl<'a> AlreadyPage<'a> {
    pub fn new(
        f: Frame<'a>,
        number: &'a CaseNumber,
        earlier: &'a Earlier,
        yours: Option<(Choice, DateTime<Utc>)>,
    ) -> Self {
        Self { d: DecisionWords::of(f.lang()), f, number, earlier, yours }
    }

    fn request(&self) -> String {
        fill(self.f.w.request, &[&self.number.to_string()])
    }

    fn heading(&self) -> String {
        fill(self.d.already_h1, &[&self.earlier.by, &self.f.say.time(&self.earlier.at)])
    }

    fn your_choice(&self) -> Option<String> {
        let (choice, at) = self.yours.as_ref()?;
        let word = match choice {
            Choice::Approve => self.d.approve,
            Choice::Complete => self.d.ask_complete,
            Choice::Reject => self.d.reject,
            Choice::HandOver => self.d.hand_over,
        };
        Some(format!("{word}, {}", self.f.say.time(at)))
    }
}
