//! How an event changes a case. No decisions here: whatever happened, happened.

use chrono::{DateTime, Utc};

use super::case::{Authenticity, Case, ConfirmationResult, Deed, LetterState, Settlement, Subject};
use super::checklist::Understanding;
use super::event::{Event, Opened};
use super::phase::{Attempt, AttemptState, Phase, RevealKind, RevealState};
use super::timesheet::{Explanation, TimeSheet};

impl Case {
    /// A case as its first event leaves it.
    pub fn opened(opened: &Opened, at: DateTime<Utc>) -> Self {
        Self {
            number: opened.number.clone(),
            office: opened.office.clone(),
            procedure: opened.procedure.clone(),
            language: opened.language,
            opened_at: at,
            linked_to: opened.linked_to.clone(),
            mails: Vec::new(),
            understanding: Understanding::default(),
            account: None,
            last_approved: None,
            assigned: None,
            confirmations: Vec::new(),
            settled: None,
            rounds: 0,
            revisions: 0,
            decisions: Vec::new(),
            first_approval: None,
            replaced: None,
            times: TimeSheet::default(),
            letters: Vec::new(),
            replies: Vec::new(),
            phase: Phase::Received,
        }
    }

    /// Rebuilds a case from its journal; `None` unless the first event opens it.
    pub fn replay<'a>(mut events: impl Iterator<Item = (&'a Event, DateTime<Utc>)>) -> Option<Self> {
        let (Event::Opened(opened), at) = events.next()? else { return None };
        Some(events.fold(Self::opened(opened, at), |mut case, (event, at)| {
            case.evolve(event, at);
            case
        }))
    }

    pub fn evolve(&mut self, event: &Event, at: DateTime<Utc>) {
        match event {
            Event::Opened(opened) => *self = Self::opened(opened, at),
            Event::MailAdded { mail } => {
                if self.mails.is_empty() {
                    self.opened_at = mail.received_at;
                }
                self.mails.push((**mail).clone());
            }
            Event::Checked { understanding, account, last_approved } => {
                self.last_approved = *last_approved;
                self.understanding = (**understanding).clone();
                self.account = account.as_deref().cloned();
            }
            Event::Held { reason } => self.phase = Phase::Held { reason: *reason },
            Event::Admitted { by } => self.vouch(by),
            Event::Proposed { proposal, triggers } => {
                self.revisions = proposal.revision;
                self.first_approval = None;
                let proposal = (**proposal).clone();
                self.phase = match triggers.as_slice() {
                    [] => Phase::UnderReview { proposal },
                    _ => Phase::AwaitingConfirmation { proposal, triggers: triggers.clone() },
                };
            }
            Event::Assigned { to, .. } => self.assigned = Some(to.clone()),
            Event::CompletionAsked { round, deadline, items, .. } => {
                self.rounds = *round;
                self.first_approval = None;
                self.phase = Phase::Incomplete { round: *round, deadline: *deadline, items: items.clone() };
            }
            Event::ConfirmationRecorded { confirmation } => {
                if confirmation.result == ConfirmationResult::Denied {
                    self.settled = None;
                }
                self.confirmations.push(confirmation.clone());
            }
            Event::TriggersSettled { triggers } => {
                self.settled = Some(Settlement { triggers: triggers.clone(), subject: Subject::of(self) });
            }
            Event::ReviewResumed => {
                if let Phase::AwaitingConfirmation { proposal, .. } = &self.phase {
                    self.phase = Phase::UnderReview { proposal: proposal.clone() };
                }
            }
            Event::FirstApproved { decision } => self.first_approval = Some(decision.clone()),
            Event::Approved { decision } => {
                self.decisions.push(decision.clone());
                self.first_approval = None;
            }
            Event::ExecutionIntended { attempt } => {
                if let Phase::Delivered { reveal, .. } = &self.phase {
                    self.replaced = Some(reveal.clone());
                }
                self.phase = Phase::Executing { attempt: attempt.clone() };
            }
            Event::ExecutionStarted { .. } => self.set_attempt(AttemptState::Started),
            Event::ExecutionPostponed { .. } => self.set_attempt(AttemptState::Intended),
            Event::ExecutionHandedToPerson { .. } => self.set_attempt(AttemptState::ByHand),
            Event::ExecutionUnknown { why, .. } => {
                if let Some(attempt) = self.attempt().cloned() {
                    self.phase = Phase::Unknown { attempt, why: why.clone() };
                }
            }
            Event::ResultReady { reveal, proposal } => {
                self.revisions = proposal.revision;
                self.replaced = None;
                self.phase = Phase::Delivered { reveal: reveal.clone(), proposal: (**proposal).clone() };
            }
            Event::DeliveryResumed { proposal } => {
                if let Some(mut reveal) = self.replaced.take() {
                    reveal.asked_again = true;
                    self.revisions = proposal.revision;
                    self.phase = Phase::Delivered { reveal, proposal: (**proposal).clone() };
                }
            }
            Event::SecretVoided { .. } => self.with_reveal(|reveal| {
                // A link the account system sent itself is not ours to void.
                if reveal.state == RevealState::Waiting && reveal.what != RevealKind::SystemLink {
                    reveal.state = RevealState::Expired;
                }
            }),
            Event::Revealed { .. } => self.secret_is_gone(RevealState::Revealed { at }),
            Event::SecretExpired { .. } => self.secret_is_gone(RevealState::Expired),
            Event::HandedInPerson { .. } => self.secret_is_gone(RevealState::HandedOver { at }),
            Event::NewLinkAsked { .. } => self.with_reveal(|reveal| reveal.asked_again = true),
            Event::ChangeReminded { nth, .. } => self.with_reveal(|reveal| reveal.reminders = *nth),
            Event::Closed { outcome } => self.phase = Phase::Closed { outcome: outcome.clone(), at },
            Event::StepEntered { step, actor, from } => self.times.enter(*step, actor.clone(), *from),
            Event::StepLeft => self.times.leave(at),
            Event::StandardOverrun { deviation } => self.times.deviations.push(deviation.clone()),
            Event::DeviationExplained { index, by, reason } => {
                if let Some(deviation) = self.times.deviations.get_mut(*index) {
                    deviation.explained = Some(Explanation { by: by.clone(), at, reason: reason.clone() });
                }
            }
            Event::LetterQueued { letter, .. } => self.letters.push(letter.clone()),
            Event::ReplyKept { sha256, .. } => self.replies.push(sha256.clone()),
            Event::LetterSent { id } => self.set_letter(id, LetterState::Sent { at }),
            Event::LetterUndelivered { id, why } => {
                self.set_letter(id, LetterState::Undelivered { at, why: why.clone() });
            }
            Event::ExecutionFailed { .. }
            | Event::ExecutionDone { .. }
            | Event::ConfirmationWaived { .. }
            | Event::ChangeConfirmed { .. }
            | Event::Rejected { .. }
            | Event::DraftSaved { .. }
            | Event::StoodIn { .. }
            | Event::Withdrawn => {}
        }
    }

    /// The attempt in hand, started or unknown.
    pub fn attempt(&self) -> Option<&Attempt> {
        match &self.phase {
            Phase::Executing { attempt } | Phase::Unknown { attempt, .. } => Some(attempt),
            _ => None,
        }
    }

    /// Vouches for the mail that was held, and for no other that came after it.
    fn vouch(&mut self, by: &super::phase::AdminId) {
        self.phase = Phase::Received;
        if let Some(mail) = self.mails.first_mut().filter(|m| !m.authenticity.is_trusted()) {
            mail.authenticity = Authenticity::VouchedFor { by: by.clone() };
        }
    }

    fn set_attempt(&mut self, state: AttemptState) {
        if let Phase::Executing { attempt } = &mut self.phase {
            attempt.state = state;
        }
    }

    /// What is no longer there is handed to nobody, whoever approved it first.
    fn secret_is_gone(&mut self, state: RevealState) {
        self.first_approval.take_if(|first| first.deed == Deed::HandInPerson);
        self.with_reveal(|reveal| reveal.state = state);
    }

    fn with_reveal(&mut self, change: impl FnOnce(&mut super::phase::Reveal)) {
        if let Phase::Delivered { reveal, .. } = &mut self.phase {
            change(reveal);
        }
    }

    fn set_letter(&mut self, id: &str, state: LetterState) {
        if let Some(letter) = self.letters.iter_mut().find(|l| l.id == id) {
            letter.state = state;
        }
    }
}
