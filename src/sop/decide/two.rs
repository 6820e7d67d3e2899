//! When one approval is not enough, and why: circumstances of the case that the procedure file names. They are known before
//! anybody decides, so that the page can tell them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::triggers::triggers;
use super::{Refused, Ruling, people};
use crate::sop::case::{Case, DecisionRecord, Deed};
use crate::sop::checklist::Finding;
use crate::sop::command::Context;
use crate::sop::effect::{Letter, LetterName, Recipient};
use crate::sop::event::Event;
use crate::sop::phase::AdminId;
use crate::sop::procedure::Procedure;
use crate::sop::worktime::Calendar;

/// Why two different admins must approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TwoFor {
    EveryApproval,
    Trigger,
    FirstRequest,
    UnregisteredSender,
    OutsideHours,
    Repeat,
    Role,
}

/// Everything that makes a second approval necessary; empty where one is enough.
pub fn why_two(case: &Case, procedure: &Procedure, calendar: &Calendar) -> Vec<TwoFor> {
    let rules = &procedure.approval;
    let account = case.account.as_ref();
    let stranger = case.understanding.check("sender_registered").is_some_and(|c| c.finding != Finding::Met);
    let lately = |days: u32| {
        let within = TimeDelta::days(i64::from(days));
        case.last_approved.is_some_and(|last| case.opened_at.signed_duration_since(last) < within)
    };
    let in_role = |role: &str| account.is_some_and(|a| a.role.trim().eq_ignore_ascii_case(role.trim()));
    let circumstances = [
        (TwoFor::EveryApproval, rules.two_for_every_approval),
        (TwoFor::Trigger, rules.two_after_trigger && !triggers(case, procedure).is_empty()),
        (TwoFor::FirstRequest, rules.two_for_first_request && account.is_some() && case.last_approved.is_none()),
        (TwoFor::UnregisteredSender, rules.two_for_unregistered_sender && stranger),
        (TwoFor::OutsideHours, rules.two_outside_hours && case.mails.iter().any(|m| !calendar.is_open(m.received_at))),
        (TwoFor::Repeat, lately(rules.two_for_repeat_within_days)),
        (TwoFor::Role, rules.two_for_roles.iter().any(|role| in_role(role))),
    ];
    circumstances.into_iter().filter(|(_, applies)| *applies).map(|(why, _)| why).collect()
}

/// Whether a result that stands takes two to be issued anew or shown at the counter: whatever made the request take two does,
/// or else either of them alone could have what both had to approve.
pub fn needed_again(case: &Case, procedure: &Procedure, calendar: &Calendar) -> bool {
    procedure.approval.two_for_reissue || !why_two(case, procedure, calendar).is_empty()
}

/// The approval as it takes effect, with the first one beside it; `None` where it is the first and waits for another. The
/// first counts for the same deed on the same proposal, by another person who may still act.
pub(super) fn counted(
    r: &mut Ruling,
    record: DecisionRecord,
    two: bool,
    ctx: &Context,
) -> Result<Option<DecisionRecord>, Refused> {
    if !two {
        return Ok(Some(record));
    }
    let same = |f: &&DecisionRecord| f.deed == record.deed && people::may_act(&r.case, &f.by, ctx);
    let first = r.case.standing_first().filter(same);
    match first {
        Some(first) if first.by.same_mailbox(&record.by) => Err(Refused::NeedsSecond),
        Some(first) => Ok(Some(DecisionRecord { first: Some(first.by.clone()), ..record })),
        None => {
            r.record(Event::FirstApproved { decision: record.clone() }, ctx);
            let eligible: Vec<AdminId> = people::eligible(&r.case, ctx.admins).map(|a| a.id.clone()).collect();
            for id in eligible.into_iter().filter(|id| !id.same_mailbox(&record.by)) {
                r.send(asks_for_the_second(&record, id));
            }
            Ok(None)
        }
    }
}

/// What whoever could approve second is written.
pub(super) fn asks_for_the_second(first: &DecisionRecord, id: AdminId) -> Letter {
    let to = Recipient::Admin { id };
    let about_a_result = |what| Letter::new(LetterName::SecondNeeded, to.clone()).code(what).remark(&first.reason);
    let letter = match first.deed {
        Deed::Grant => Letter::new(LetterName::ActionNeeded, to.clone()),
        Deed::Reissue => about_a_result("reissue"),
        Deed::HandInPerson => about_a_result("hand_in_person"),
    };
    letter.links_to(&first.proposal)
}
