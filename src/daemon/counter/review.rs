//! The review: everything an admin decides on, as the journal and the papers have it at this moment.

use super::Desk;
use super::change::{self, Cause};
use super::outcome::Seen;
use super::papers::sender_view;
use crate::engine::port::Fault;
use crate::sop::case::{self, Case, ConfirmationMethod, ConfirmationResult};
use crate::sop::names::Language;
use crate::sop::phase::{Phase, Proposal};
use crate::web::answer::{ConfirmMethod, ConfirmResult};
use crate::web::view::{Admin, ConfirmationView, Confirmed, ReviewView};

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
            Cause::Mail | Cause::Repeat | Cause::Denied | Cause::Failed { .. } => true,
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
            two: self.two_view(admin, seen, lang).await?,
        })
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
            because: if required { words.called_for(triggers, &case.understanding) } else { String::new() },
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
