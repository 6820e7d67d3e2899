//! The page of a case: which of the four it is follows from the phase alone.

use super::Desk;
use super::outcome::Seen;
use crate::sop::names::{CaseNumber, Language};
use crate::sop::phase::{AttemptState, Phase};
use crate::web::counter::Trouble;
use crate::web::view::{Admin, CasePage};

impl Desk {
    pub(super) async fn show_case(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        lang: Language,
    ) -> Result<Option<CasePage>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let key = self.engine.key(number);
        let Some(case) = self.engine.case(number).await? else { return self.show_archived(number, lang).await };
        let worked = self.engine.procedures.get(&case.procedure.hash)?;
        let events = self.engine.events(&key).await?;
        let now = self.engine.clock.now();
        let seen = Seen { case: &case, worked: &worked, events: &events, now };
        let page = match &case.phase {
            // A held mail has a page of its own.
            Phase::Held { .. } | Phase::Received => return Ok(None),
            Phase::UnderReview { proposal } | Phase::AwaitingConfirmation { proposal, .. } => {
                match self.handed_over(admin, &seen, lang) {
                    Some(outcome) => CasePage::Outcome(Box::new(outcome)),
                    None => CasePage::Review(Box::new(self.review(admin, &seen, proposal, lang).await?)),
                }
            }
            Phase::Executing { attempt } if attempt.state == AttemptState::ByHand => {
                CasePage::Task(Box::new(self.task(&seen, attempt)))
            }
            Phase::Unknown { attempt, why } => CasePage::Unknown(Box::new(self.unknown(&seen, attempt, why, lang))),
            Phase::Executing { .. } | Phase::Incomplete { .. } | Phase::Delivered { .. } | Phase::Closed { .. } => {
                CasePage::Outcome(Box::new(self.outcome(admin, &seen, lang).await?))
            }
        };
        Ok(Some(page))
    }
}
