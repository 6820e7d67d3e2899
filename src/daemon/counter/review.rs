//! The review: everything an admin decides on, as the journal and the papers have it at this moment.

use super::Desk;
use super::change::{self, Cause};
use super::outcome::Seen;
use super::papers::sender_view;
use crate::engine::port::Fault;
use crate::sop::case::{self, Case, ConfirmationMethod, ConfirmationResult};
use crate::sop::decide::{eligible, why_two};
use crate::sop::names::Language;
use crate::sop::phase::{Phase, Proposal};
use crate::web::answer::{ConfirmMethod, ConfirmResult};
use crate::web::view::{Admin, ConfirmationView, Confirmed, ReviewView, TwoView};

impl Desk {
    pub(super) async fn review(
        &self,
        admin: &Admin,
        seen: &Seen<'_>,
        proposal: &Proposal,
        lang: Language,
    ) -> Result<ReviewView, Fault> {
        let Seen { case, worked, events, now } = *seen;
        let words = self.words(lang);
        let mails = self.mails_of(case).await?;
        let view = self.proposal_view(admin, seen, proposal, lang).await?;
        let drafts = self.draft_views(case, worked, proposal, events, view.completion.is_some());
        let changed = change::last(events).filter(|(_, cause)| match cause {
            Cause::Fresh => false,
            Cause::Draft { by } => *by != admin.address,
            Cause::Mail | Cause::Denied | Cause::Failed { .. } => true,
        });
        Ok(ReviewView {
            head: self.head(case, worked, events, now),
            checks: self.check_rows(case, worked, lang),
            alerts: case.understanding.alerts.clone(),
            papers: self.paper_views(&mails, &case.understanding, words),
            sender: sender_view(case, &mails, words),
            confirmation: self.confirmation_view(case, lang),
            drafts,
            proposal: view,
            changed: changed.map(|(at, cause)| (at, words.changed(&cause))),
            two: self.two_view(admin, seen, proposal, lang).await?,
        })
    }

    /// Why two must approve, who was first, and who is left to be the other one.
    async fn two_view(
        &self,
        admin: &Admin,
        seen: &Seen<'_>,
        proposal: &Proposal,
        lang: Language,
    ) -> Result<Option<TwoView>, Fault> {
        let Seen { case, worked, .. } = *seen;
        let why = why_two(case, &worked.procedure, &worked.calendar);
        if why.is_empty() {
            return Ok(None);
        }
        let words = self.words(lang);
        let first = case.first_approval.as_ref().filter(|first| first.proposal == proposal.hash);
        let done = first.map_or(&admin.address, |first| &first.by);
        let deciders = self.engine.deciders(&worked.procedure).await?;
        let others = eligible(case, &deciders).filter(|other| !other.id.same_mailbox(done));
        Ok(Some(TwoView {
            because: why.into_iter().map(|why| words.needs_two(why, case)).collect(),
            first: first.map(|first| (words.name(&first.by), first.at)),
            yours: first.is_some_and(|first| first.by == admin.address),
            others: others.map(|other| other.name.clone()).collect(),
        }))
    }

    fn confirmation_view(&self, case: &Case, lang: Language) -> ConfirmationView {
        let words = self.words(lang);
        let triggers: &[String] = match &case.phase {
            Phase::AwaitingConfirmation { triggers, .. } => triggers,
            _ => case.settlement().map_or(&[], |settled| settled.triggers.as_slice()),
        };
        let waits = matches!(case.phase, Phase::AwaitingConfirmation { .. });
        let required = waits || !triggers.is_empty();
        ConfirmationView {
            required,
            because: if required { words.called_for(triggers) } else { String::new() },
            phone: case.account.as_ref().and_then(|account| account.phone.clone()),
            done: case.confirmations.iter().map(|c| self.confirmed(c)).collect(),
            satisfied: !waits && case.confirmed().is_some(),
        }
    }

    fn confirmed(&self, c: &case::Confirmation) -> Confirmed {
        Confirmed {
            method: match c.method {
                ConfirmationMethod::Telephone => ConfirmMethod::Phone,
                ConfirmationMethod::InPerson => ConfirmMethod::InPerson,
            },
            result: match c.result {
                ConfirmationResult::Confirmed => ConfirmResult::Genuine,
                ConfirmationResult::Denied => ConfirmResult::Denied,
                ConfirmationResult::NotReached => ConfirmResult::Unreached,
            },
            spoken_with: c.spoke_with.clone(),
            note: c.note.clone(),
            by: self.engine.name_of(&c.by),
            at: c.at,
        }
    }
}
