//! Where two must approve: why, who was first, and who is left to be the other one.

use super::Desk;
use super::outcome::Seen;
use crate::engine::port::Fault;
use crate::sop::case::{Case, Deed};
use crate::sop::decide::{eligible, needed_again, why_two};
use crate::sop::names::Language;
use crate::sop::phase::Phase;
use crate::web::view::{Admin, TwoView};

impl Desk {
    /// `None` where one is enough for what can be decided on now.
    pub(super) async fn two_view(
        &self,
        admin: &Admin,
        seen: &Seen<'_>,
        lang: Language,
    ) -> Result<Option<TwoView>, Fault> {
        let Seen { case, worked, .. } = *seen;
        let (procedure, calendar, words) = (&worked.procedure, &worked.calendar, self.words(lang));
        let why = why_two(case, procedure, calendar).into_iter().map(|why| words.needs_two(why, case));
        let mut because: Vec<String> = why.collect();
        if because.is_empty() && is_delivered(case) && needed_again(case, procedure, calendar) {
            because.push(words.result_takes_two());
        }
        if because.is_empty() {
            return Ok(None);
        }
        let first = case.standing_first();
        let done = first.map_or(&admin.address, |first| &first.by);
        let deciders = self.engine.deciders(procedure).await?;
        let others = eligible(case, &deciders).filter(|other| !other.id.same_mailbox(done));
        Ok(Some(TwoView {
            because,
            first: first.map(|first| (words.name(&first.by), first.at, first.deed)),
            yours: first.is_some_and(|first| first.by == admin.address),
            others: others.map(|other| other.name.clone()).collect(),
        }))
    }

    /// What this person approved first and somebody else must approve too.
    pub(super) fn awaits_second(&self, admin: &Admin, case: &Case) -> Option<Deed> {
        case.standing_first().filter(|first| first.by == admin.address).map(|first| first.deed)
    }
}

fn is_delivered(case: &Case) -> bool {
    matches!(case.phase, Phase::Delivered { .. })
}
