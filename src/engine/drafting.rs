//! What a letter may say about a case: gathers the facts, and drafts the letters an admin may edit.

use chrono::{DateTime, Utc};

use super::Engine;
use super::office::Worked;
use crate::letters::form::{self, FormFile};
use crate::letters::{
    self, Ending, FindingRow, Form, LetterError, LetterFacts, LetterKind, LetterProposal, Origin, Text, Unlock,
};
use crate::sop::case::{Attachment, Case, Deed};
use crate::sop::checklist::{Check, Finding};
use crate::sop::command::{DraftKind, Drafting};
use crate::sop::decide::circumstance;
use crate::sop::effect::{Letter, LetterName, Recipient};
use crate::sop::phase::{Outcome, Phase, Proposal, Recommendation, RevealKind, RevealState};
use crate::sop::procedure::rules;

/// Drafts over the office's letters.
pub(super) struct Writer<'a> {
    pub engine: &'a Engine,
    pub worked: &'a Worked,
}

impl Drafting for Writer<'_> {
    /// The deadline is left as a placeholder: it counts from the moment of release.
    fn draft(&self, kind: DraftKind, case: &Case, items: &[String], code: &str) -> String {
        let name = match kind {
            DraftKind::Completion => LetterName::CompletionRequest,
            DraftKind::Rejection => LetterName::Rejected,
        };
        let order = Letter::new(name, Recipient::Correspondent).items(items.to_vec()).code(code);
        self.engine.preview(case, &order, self.worked).map(|text| text.body).unwrap_or_default()
    }

    fn enclosures(&self, case: &Case, items: &[String]) -> Vec<Attachment> {
        let order = Letter::new(LetterName::CompletionRequest, Recipient::Correspondent).items(items.to_vec());
        self.engine.enclosures(case, &order, self.worked).iter().map(attachment).collect()
    }
}

impl Engine {
    /// A letter as it would be written, with placeholders where links and late times will stand.
    pub fn preview(&self, case: &Case, letter: &Letter, worked: &Worked) -> Result<Text, LetterError> {
        let mut facts = self.facts(case, letter, worked, case.opened_at);
        facts.done_at = None;
        self.letters.render(LetterKind::of(letter), case.language, &facts)
    }
}

impl Engine {
    /// The files that go out with a letter: a form of the request letter where one is asked for, else none. They follow
    /// from the case and the items alone, so that an admin sees the very files that will go.
    pub fn enclosures(&self, case: &Case, letter: &Letter, worked: &Worked) -> Vec<FormFile> {
        let facts = self.facts(case, letter, worked, case.opened_at);
        if facts.form.is_none() {
            return Vec::new();
        }
        let text = self.letters.request_form(case.language, &facts).map_err(|error| error.to_string());
        text.and_then(|text| form::files(&text)).map(Vec::from).unwrap_or_else(|error| {
            tracing::error!(case = %case.number, "the form of the request letter is left out: {error}");
            Vec::new()
        })
    }

    pub(super) fn facts(&self, case: &Case, letter: &Letter, worked: &Worked, now: DateTime<Utc>) -> LetterFacts {
        let procedure = &worked.procedure;
        let u = &case.understanding;
        let mail = if letter.kind == LetterName::CompletionReceived { case.last_mail() } else { case.first_mail() };
        let received = mail.map_or(case.opened_at, |mail| mail.received_at);
        let opening = worked.calendar.next_opening(received);
        let mut missing = letters::lacks(&letter.items, u);
        for lack in &mut missing {
            lack.ask = procedure.check(&lack.item).and_then(|rule| rule.ask.clone());
        }
        let mut facts = LetterFacts {
            number: case.number.to_string(),
            name: Some(self.addressee(case, &letter.to)).filter(|name| !name.is_empty()),
            services: case.services().to_vec(),
            role: procedure.profile.role.clone(),
            sop_number: procedure.sop.number.clone(),
            received_at: Some(received),
            checking_starts: (!worked.calendar.is_open(received)).then_some(opening),
            earlier: case.linked_to.as_ref().map(ToString::to_string),
            unopened: letters::unopened(&missing, u),
            missing,
            present: letters::present(&letter.items, u),
            form: form_of(case, letter),
            note: Some(letter.remark.clone()).filter(|note| !note.is_empty()),
            deadline: letter.until,
            reasons: procedure.reject_reason(&letter.code).cloned().into_iter().collect(),
            turn_to: Some(procedure.out_of_scope.turn_to.clone()),
            done_at: Some(now),
            expires_at: letter.until,
            ending: ending(case),
            classification: Some(procedure.retention.code.clone()),
            nip_masked: u.applicant.nip.as_ref().map(crate::sop::names::Nip::masked),
            work_unit: u.applicant.work_unit.clone(),
            sender: case.last_mail().and_then(|mail| mail.from.as_ref()).map(ToString::to_string),
            sender_registered: u.check("sender_registered").map(|c| c.finding == Finding::Met),
            findings: u.checklist.iter().map(row).collect(),
            alerts: u.alerts.clone(),
            reply_window: procedure.reply.allowed.then_some(procedure.reply.code_window_minutes),
            reject_needs_code: procedure.reply.reject_needs_code,
            complete_needs_code: procedure.reply.complete_needs_code,
            decided_by: letter.by.as_ref().map(|by| self.name_of(by)),
            about_subject: case.last_mail().map(|mail| mail.subject.clone()),
            until: letter.until,
            ..LetterFacts::default()
        };
        self.clock_facts(&mut facts, case, letter, worked, now);
        match &letter.to {
            Recipient::Admin { id } => facts.admin = Some(self.name_of(id)),
            Recipient::Superior => facts.admin = self.office.superior.as_ref().map(|(name, _)| name.clone()),
            _ => {}
        }
        facts.in_place_of = letter.in_place_of.as_ref().map(|absent| self.name_of(absent));
        if let Some(proposal) = case.phase.proposal() {
            facts.first_approver = case.standing_first().map(|first| self.name_of(&first.by));
            facts.proposal = Some(proposed(proposal));
            if let Recommendation::Look { items } = &proposal.recommendation {
                facts.look.clone_from(items);
            }
            // A draft shows no draft.
            if letter.to != Recipient::Correspondent {
                facts.draft = self.shown_draft(case, proposal, worked);
            }
            let is_sent = matches!(proposal.recommendation, Recommendation::Complete { .. });
            let files = proposal.drafts.enclosures.iter().filter(|_| is_sent);
            facts.draft_files = files.map(|file| file.name.clone()).collect();
        }
        if let Phase::AwaitingConfirmation { triggers, .. } = &case.phase {
            facts.confirmation = triggers.iter().map(|trigger| circumstance(trigger, u).to_owned()).collect();
        }
        self.particular_facts(&mut facts, case, letter);
        facts
    }

    /// The name to write to. Who writes from elsewhere than the registered address does not learn from an answer whose
    /// account it is.
    fn addressee(&self, case: &Case, to: &Recipient) -> String {
        let registered = case.account.as_ref().map(|account| &account.email);
        let goes_elsewhere =
            || self.recipients(case, to).0.iter().any(|to| registered.is_some_and(|own| !own.same_mailbox(to)));
        match to {
            Recipient::Correspondent if goes_elsewhere() => case.given_name(),
            _ => case.applicant_name(),
        }
    }

    fn clock_facts(&self, facts: &mut LetterFacts, case: &Case, letter: &Letter, worked: &Worked, now: DateTime<Utc>) {
        let Some(span) = case.times.open_span() else { return };
        facts.step = letter.code.parse().ok().or(Some(span.step));
        let Some(standard) = worked.procedure.time(span.step) else { return };
        let used = worked.calendar.working_minutes(span.from, now.max(span.from)).whole();
        let used = i64::try_from(used).unwrap_or(i64::MAX);
        facts.minutes_used = Some(used);
        facts.standard_minutes = Some(standard.minutes);
        facts.minutes_left = Some(i64::from(standard.minutes) - used);
        facts.standard_origin = Some(match standard.origin {
            rules::Origin::Sop => Origin::Sop,
            rules::Origin::Proposed => Origin::Proposed,
        });
        facts.due_at = worked.procedure.limit(span.step).map(|limit| worked.calendar.add_working(span.from, limit));
    }

    fn particular_facts(&self, facts: &mut LetterFacts, case: &Case, letter: &Letter) {
        match letter.kind {
            LetterName::TooLarge => {
                facts.size_limit_mb = letter.remark.parse().ok();
                facts.note = None;
            }
            LetterName::ReplyNotUnderstood => {
                facts.note = self.letters.refusal(&letter.code, self.office.language);
            }
            LetterName::FreshProposal if !letter.code.is_empty() => {
                facts.note = self.letters.refusal(&letter.code, self.office.language);
            }
            LetterName::HeldMail => facts.held = Some(letter.code.clone()),
            LetterName::DecisionDone => {
                facts.decided_at = facts.done_at;
                facts.decision = match letter.code.as_str() {
                    "approve" => {
                        facts.decided_at = case.decided().1;
                        granted(case)
                    }
                    "complete" => Some(LetterProposal::Complete),
                    "hand_over" => Some(LetterProposal::HandOver),
                    // Nobody in the office decided.
                    "withdrawn" => None,
                    _ => Some(LetterProposal::Reject),
                };
                facts.deadline = match &case.phase {
                    Phase::Incomplete { deadline, .. } => Some(*deadline),
                    _ => None,
                };
            }
            LetterName::AlreadyDecided => {
                let (by, at) = case.decided();
                (facts.decided_by, facts.decided_at) = (by.map(|by| self.name_of(by)), at);
                facts.decision = match &case.phase {
                    Phase::Incomplete { .. } => Some(LetterProposal::Complete),
                    Phase::Closed { outcome: Outcome::Rejected { .. } | Outcome::Expired, .. } => {
                        Some(LetterProposal::Reject)
                    }
                    _ => granted(case),
                };
            }
            LetterName::ManualTask => facts.decided_by = case.attempt().map(|attempt| self.name_of(&attempt.by)),
            LetterName::StandardOverdue => {
                let actor = case.times.open_span().and_then(|span| span.actor.as_ref());
                facts.decided_by = actor.or(case.assigned.as_ref()).map(|by| self.name_of(by));
            }
            LetterName::OutcomeUnknown | LetterName::DriverFailed => {
                facts.note = facts.note.take().map(|why| self.letters.cause(&why, self.office.language));
            }
            LetterName::SecondNeeded => {
                facts.decision = Some(match letter.code.as_str() {
                    "hand_in_person" => LetterProposal::HandInPerson,
                    _ => LetterProposal::Reissue,
                });
            }
            LetterName::NewLinkAsked => {
                facts.expires_at = match &case.phase {
                    Phase::Delivered { reveal, .. } if reveal.state == RevealState::Expired => Some(reveal.expires_at),
                    _ => None,
                };
                facts.received_at = case.last_mail().map(|mail| mail.received_at);
            }
            LetterName::LetterUndelivered => {
                let failed = case.letters.iter().find(|l| l.id == letter.code);
                facts.recipient = failed.and_then(|l| l.to.first()).map(crate::sop::names::Address::masked);
                facts.note = facts.note.take().map(|why| self.letters.cause(&why, self.office.language));
                facts.about_subject = None;
            }
            LetterName::ResultReset | LetterName::ResultUserId | LetterName::ResultBoth => {
                facts.unlock = Some(unlock(case));
            }
            _ => {}
        }
    }

    /// The draft as the admin's mail shows it.
    fn shown_draft(&self, case: &Case, proposal: &Proposal, worked: &Worked) -> Option<Text> {
        let order = |name| Letter::new(name, Recipient::Correspondent);
        let (order, body) = match &proposal.recommendation {
            Recommendation::Complete { items } => {
                (order(LetterName::CompletionRequest).items(items.clone()), &proposal.drafts.completion)
            }
            Recommendation::Reject { code } => (order(LetterName::Rejected).code(code), &proposal.drafts.rejection),
            Recommendation::Approve | Recommendation::Look { .. } => return None,
        };
        let subject = self.preview(case, &order, worked).map(|text| text.subject);
        Some(Text { subject: subject.unwrap_or_else(|_| format!("[{}]", case.number)), body: body.clone() })
    }
}

/// What opens the result page: the code where a confirmation was made or no NIP is known, else the NIP.
pub fn unlock(case: &Case) -> Unlock {
    let spoken = case.confirmed().is_some_and(|c| c.code_tag.is_some());
    let no_nip = case.account.as_ref().is_none_or(|account| account.nip.is_none());
    if spoken || no_nip { Unlock::SpokenCode } else { Unlock::Nip }
}

/// What was granted last.
fn granted(case: &Case) -> Option<LetterProposal> {
    case.decisions.last().map(|decision| match decision.deed {
        Deed::Grant => LetterProposal::Approve,
        Deed::Reissue => LetterProposal::Reissue,
        Deed::HandInPerson => LetterProposal::HandInPerson,
    })
}

fn proposed(proposal: &Proposal) -> LetterProposal {
    match proposal.recommendation {
        Recommendation::Complete { .. } => LetterProposal::Complete,
        Recommendation::Reject { .. } => LetterProposal::Reject,
        Recommendation::Approve | Recommendation::Look { .. } => LetterProposal::Approve,
    }
}

fn ending(case: &Case) -> Option<Ending> {
    match &case.phase {
        Phase::Closed { outcome, .. } => Some(Ending::from(outcome)),
        Phase::Delivered { reveal, .. } => Some(match (reveal.state, reveal.what) {
            (RevealState::HandedOver { .. }, _) => Ending::HandedOver,
            (_, RevealKind::Password) => Ending::PasswordReset,
            (_, RevealKind::UserId) => Ending::UserIdGiven,
            (_, RevealKind::Both) => Ending::BothGiven,
            (_, RevealKind::SystemLink) => Ending::SystemLinkSent,
        }),
        _ => None,
    }
}

/// What a form of the request letter is filled with, where one goes along.
fn form_of(case: &Case, letter: &Letter) -> Option<Form> {
    let helps = letter.kind == LetterName::CompletionRequest && letters::asks_for_a_letter(&letter.items);
    let a = &case.understanding.applicant;
    helps.then(|| Form {
        name: a.name.clone(),
        position: a.position.clone(),
        work_unit: a.work_unit.clone(),
        user_id: a.user_id.clone(),
        email: a.email.clone(),
        phone: a.phone.clone(),
    })
}

/// A file as proposals and records name it.
pub(super) fn attachment(file: &FormFile) -> Attachment {
    Attachment { name: file.name.clone(), sha256: crate::vault::sha256_hex(&file.bytes), size: file.bytes.len() as u64 }
}

fn row(check: &Check) -> FindingRow {
    FindingRow { item: check.item.clone(), step: check.step, finding: check.finding, because: check.because.clone() }
}
