//! The review: everything an admin decides on, on one page.

use askama::Template;

use super::case_top::{CaseTop, Note, two_note};
use super::evidence::{self, Blank, Sheet};
use super::findings::{self, Count, Row};
use super::{Fields, Frame};
use crate::sop::checklist::Finding;
use crate::sop::names::Service;
use crate::web::answer::{ConfirmMethod, ConfirmResult};
use crate::web::say::{around, fill};
use crate::web::view::{Choice, CompletionView, Confirmed, DraftView, ReviewView};
use crate::web::words::{self, CaseWords, DecisionWords, FindingWords, NoticeWords};

#[derive(Template)]
#[template(path = "review.html", config = "src/web/askama.toml")]
pub struct ReviewPage<'a> {
    f: Frame<'a>,
    w: &'static CaseWords,
    d: &'static DecisionWords,
    n: &'static NoticeWords,
    fw: &'static FindingWords,
    view: &'a ReviewView,
    fields: &'a Fields,
    top: CaseTop,
    counts: Vec<Count>,
    rows: Vec<Row>,
    alerts: Vec<String>,
    sheets: Vec<Sheet>,
    blanks: Vec<Blank>,
    sizes: String,
    draft: Option<&'a DraftView>,
    /// A sentence of the engine about a decision it did not take.
    refusal: Option<&'a str>,
}

impl<'a> ReviewPage<'a> {
    pub fn new(
        f: Frame<'a>,
        view: &'a ReviewView,
        shown: Option<Choice>,
        fields: &'a Fields,
        refusal: Option<&'a str>,
    ) -> Self {
        let lang = f.lang();
        let w = CaseWords::of(lang);
        let top = CaseTop::new(&f, &view.head).first(urgent_notes(&f, w, view));
        let rows = findings::rows(&f, &view.checks, &view.papers);
        let sheets = evidence::sheets(&f, &view.head.number, &view.papers, &view.checks, &rows);
        let sizes = view.papers.iter().map(|p| format!("{} ({})", p.attachment, f.say.size(p.size)));
        Self {
            w,
            d: DecisionWords::of(lang),
            n: NoticeWords::of(lang),
            fw: FindingWords::of(lang),
            counts: findings::counts(&f, &rows),
            alerts: view.alerts.iter().map(|a| words::alert(lang, a)).collect(),
            blanks: evidence::blanks(&view.papers),
            sizes: sizes.collect::<Vec<_>>().join(", "),
            draft: draft_to_show(view, shown.or_else(|| choice_of(fields))),
            top,
            rows,
            sheets,
            view,
            fields,
            refusal,
            f,
        }
    }

    fn title(&self) -> String {
        let title = fill(self.w.review_title, &[&self.top.number]);
        if self.fields.failed { format!("{}{title}", self.f.w.error) } else { title }
    }

    fn hot_rows(&self) -> Vec<&Row> {
        self.rows.iter().filter(|r| r.finding != Finding::Met).collect()
    }

    /// The met rows of a step and how many of all its rows they are.
    fn met_rows(&self, step: u8) -> (Vec<&Row>, String) {
        let all = self.view.checks.iter().filter(|c| c.check.step == step).count();
        let of_step = |row: &&Row| {
            let index = row.id.strip_prefix("t-").and_then(|i| i.parse::<usize>().ok());
            index.and_then(|i| self.view.checks.get(i)).is_some_and(|c| c.check.step == step)
        };
        let met: Vec<&Row> = self.rows.iter().filter(|r| r.finding == Finding::Met).filter(of_step).collect();
        let line = fill(self.fw.met_of, &[&met.len().to_string(), &all.to_string()]);
        (met, line)
    }

    /// The other drafts, for switching.
    fn other_drafts(&self) -> Vec<(&'static str, &'static str)> {
        let shown = self.draft.map(|d| d.choice);
        let others = self.view.drafts.iter().filter(|d| Some(d.choice) != shown);
        others.map(|d| (slug(d.choice), self.draft_word(d))).collect()
    }

    fn draft_slug(&self, draft: &DraftView) -> &'static str {
        slug(draft.choice)
    }

    fn draft_word(&self, draft: &DraftView) -> &'static str {
        match draft.choice {
            Choice::Approve => self.w.draft_approve,
            Choice::Complete => self.w.draft_complete,
            Choice::Reject | Choice::HandOver => self.w.draft_reject,
        }
    }

    /// Name and size of each file that goes out with a draft.
    fn enclosed<'d>(&self, draft: &'d DraftView) -> Vec<(&'d str, String)> {
        draft.enclosures.iter().map(|(name, size)| (name.as_str(), self.f.say.size(*size))).collect()
    }

    fn letter_hint(&self, draft: &DraftView) -> String {
        fill(self.w.letter_hint, &[&draft.to.join(", ")])
    }

    fn will_stop(&self, c: &CompletionView) -> String {
        let deadline = self.f.say.moment(&c.deadline);
        fill(self.d.will_stop, &[&deadline, &c.round.to_string(), &c.rounds.to_string()])
    }

    /// The letter a decision carries along: only one that was edited.
    fn edited(&self, choice: Choice) -> Option<&str> {
        self.view.drafts.iter().find(|d| d.choice == choice && d.edited).map(|d| d.body.as_str())
    }

    fn proposed(&self, choice: Choice) -> bool {
        self.view.proposal.choice == choice
    }

    fn asks_code(&self, choice: Choice) -> bool {
        self.view.proposal.code_for.contains(&choice)
    }

    fn proposal_line(&self) -> String {
        let word = match self.view.proposal.choice {
            Choice::Approve => self.d.p_approve,
            Choice::Complete => self.d.p_complete,
            Choice::Reject => self.d.p_reject,
            Choice::HandOver => self.d.p_hand_over,
        };
        fill(self.d.proposal_is, &[word, &self.view.proposal.because])
    }

    fn approve_button(&self) -> &'static str {
        let services = &self.view.head.services;
        if self.view.proposal.by_hand {
            return self.d.approve_by_hand;
        }
        match (services.contains(&Service::ResetPassword), services.contains(&Service::UserIdInfo)) {
            (true, true) => self.d.approve_both,
            (false, true) => self.d.approve_look_up,
            _ => self.d.approve_reset,
        }
    }

    /// What approving does, one sentence each; the account is set apart.
    fn approve_effects(&self) -> Vec<Vec<(String, bool)>> {
        let (d, proposal) = (self.d, &self.view.proposal);
        let (named, account) = (proposal.account.is_some(), proposal.account.as_deref().unwrap_or(""));
        let resets = self.view.head.services.contains(&Service::ResetPassword);
        let effect = match (proposal.by_hand, resets, named) {
            (false, true, true) => d.will_reset,
            (false, true, false) => d.will_reset_unnamed,
            (false, false, true) => d.will_look_up,
            (false, false, false) => d.will_look_up_unnamed,
            (true, true, true) => d.will_task,
            (true, true, false) => d.will_task_unnamed,
            (true, false, _) => d.will_task_look_up,
        };
        let link = match proposal.by_hand {
            true => d.will_link_later.to_owned(),
            false => fill(d.will_link, &[&self.f.say.moment(&proposal.link_until)]),
        };
        let record = if proposal.override_of.is_empty() { d.will_record_plain } else { d.will_record };
        let effect = fill(effect, &["{0}", &self.f.office().system_name]);
        vec![around(&effect, account), vec![(link, false)], vec![(record.to_owned(), false)]]
    }

    /// The reader gave the first of two approvals: approving is somebody else's now.
    fn waits_for_second(&self) -> bool {
        self.view.two.as_ref().is_some_and(|two| two.yours)
    }

    fn override_label(&self) -> String {
        fill(self.d.override_reason, &[&self.view.proposal.override_of.join(", ")])
    }

    fn needs_confirmation(&self) -> bool {
        self.view.confirmation.required && !self.view.confirmation.satisfied
    }

    /// A number as one dials it.
    fn dial(&self, phone: &str) -> String {
        phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
    }

    /// Id, value and label of each result.
    fn confirm_results(&self) -> [(&'static str, &'static str, &'static str); 3] {
        [("k1", "benar", self.w.genuine), ("k2", "bukan", self.w.denied), ("k3", "tak", self.w.unreached)]
    }

    fn confirmed_line(&self, c: &Confirmed) -> String {
        let method = match c.method {
            ConfirmMethod::Phone => self.w.by_phone,
            ConfirmMethod::InPerson => self.w.in_person,
        };
        let result = match c.result {
            ConfirmResult::Genuine => self.w.genuine,
            ConfirmResult::Denied => self.w.denied,
            ConfirmResult::Unreached => self.w.unreached,
        };
        let by = fill(self.w.confirmed_by, &[&c.by, &self.f.say.moment(&c.at)]);
        let person = if c.spoken_with.is_empty() { String::new() } else { format!(" ({})", c.spoken_with) };
        let note = if c.note.is_empty() { String::new() } else { format!(" “{}”", c.note) };
        format!("{method}: {result}{person}.{note} {by}.")
    }
}

/// What a choice is called in addresses and form ids.
pub fn slug(choice: Choice) -> &'static str {
    match choice {
        Choice::Approve => "setujui",
        Choice::Complete => "lengkapi",
        Choice::Reject => "tolak",
        Choice::HandOver => "serahkan",
    }
}

/// The choice a name stands for.
pub fn choice(slug: &str) -> Option<Choice> {
    [Choice::Approve, Choice::Complete, Choice::Reject, Choice::HandOver].into_iter().find(|c| self::slug(*c) == slug)
}

/// A letter form kept after a lock belongs to the draft it was typed into.
fn choice_of(fields: &Fields) -> Option<Choice> {
    fields.has("surat").then(|| choice(fields.value("surat", "konsep"))).flatten()
}

fn draft_to_show(view: &ReviewView, shown: Option<Choice>) -> Option<&DraftView> {
    let wanted = shown.unwrap_or(view.proposal.choice);
    view.drafts.iter().find(|d| d.choice == wanted).or_else(|| view.drafts.first())
}

fn urgent_notes(f: &Frame<'_>, w: &'static CaseWords, view: &ReviewView) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some((at, what)) = &view.changed {
        let text = format!("{what} ({}).", f.say.moment(at));
        notes.push(Note { tone: "look", icon: "awas", title: w.changed.to_owned(), text, link: None });
    }
    if view.confirmation.required && !view.confirmation.satisfied {
        notes.push(Note {
            tone: "look",
            icon: "awas",
            title: w.call_first.to_owned(),
            text: view.confirmation.because.clone(),
            link: Some(("#konfirmasi".to_owned(), w.call_registered.to_owned())),
        });
    }
    if let Some(two) = &view.two {
        notes.insert(0, two_note(f, w, two, w.two_nobody_still));
    }
    notes
}
