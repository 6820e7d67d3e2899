//! What the findings ask for: the proposal they lead to, and the circumstances that call for a confirmation.

use std::collections::BTreeSet;

use super::intake;
use crate::sop::case::Case;
use crate::sop::checklist::{Check, Finding, Understanding};
use crate::sop::command::Context;
use crate::sop::phase::Recommendation;
use crate::sop::procedure::Procedure;
use crate::sop::procedure::papers::Consequence;
use crate::sop::procedure::rules::Trigger;

/// No NIP is known, so that only a code read out by phone can open the result (THREATS, temporary password).
pub const NIP_UNKNOWN: &str = "nip_unknown";
/// An item of the procedure file asks for a confirmation.
pub const ITEM_ASKS: &str = "item_asks";

/// The applicant was reached and denied the request.
pub const APPLICANT_DENIED: &str = "applicant_denied";
/// What no reason can stand in for: without a code nobody could open the result, and a denial is an answer.
pub(super) const CANNOT_BE_WAIVED: [&str; 2] = [NIP_UNKNOWN, APPLICANT_DENIED];

/// What the system proposes (SOP steps 3, 5, 7). Missing papers come first: nothing is rejected that can be cured.
pub fn recommend(case: &Case, procedure: &Procedure) -> Recommendation {
    let consequence = |check: &Check| {
        procedure.check(&check.item).map_or(fallback(check.finding), |rule| rule.consequence(check.finding))
    };
    let with = |wanted: Consequence, step: Option<u8>| -> Vec<&Check> {
        let fits = |c: &&Check| consequence(c) == wanted && step.is_none_or(|s| c.step == s);
        case.understanding.checklist.iter().filter(fits).collect()
    };
    let to_complete = with(Consequence::Complete, None);
    let incomplete = !with(Consequence::Complete, Some(2)).is_empty();
    let to_reject = with(Consequence::Reject, None);
    if !to_complete.is_empty() && (incomplete || to_reject.is_empty()) {
        if !intake::may_ask_again(case, procedure) {
            return Recommendation::Reject { code: "R06".to_owned() };
        }
        return Recommendation::Complete { items: names(&to_complete) };
    }
    if let Some(first) = to_reject.first() {
        let code = procedure.check(&first.item).and_then(|rule| rule.reason.clone());
        return Recommendation::Reject { code: code.unwrap_or_else(|| "R04".to_owned()) };
    }
    let to_look = with(Consequence::Look, None);
    if to_look.is_empty() { Recommendation::Approve } else { Recommendation::Look { items: names(&to_look) } }
}

/// Which circumstances call for a call or a meeting, by the names of the procedure file.
pub(super) fn triggers(case: &Case, procedure: &Procedure) -> Vec<String> {
    let rules = &procedure.confirmation;
    let mut found: BTreeSet<String> =
        rules.triggers.iter().filter(|t| applies(**t, case, procedure)).map(|t| t.key().to_owned()).collect();
    let asks =
        |c: &Check| procedure.check(&c.item).is_some_and(|rule| rule.consequence(c.finding) == Consequence::Confirm);
    if case.understanding.checklist.iter().any(asks) {
        found.insert(ITEM_ASKS.to_owned());
    }
    if case.account.as_ref().is_some_and(|a| a.nip.is_none()) {
        found.insert(NIP_UNKNOWN.to_owned());
    }
    found.into_iter().collect()
}

/// Triggers that no confirmation on record answers: one that was given for another account or before they were known
/// does not count, nor does a reason stand in for a denial.
pub(super) fn unsettled(case: &Case, ctx: &Context) -> Vec<String> {
    let mut open = triggers(case, ctx.procedure);
    if let Some(settled) = case.settlement() {
        open.retain(|trigger| !settled.triggers.contains(trigger));
    }
    if case.is_denied() {
        open.push(APPLICANT_DENIED.to_owned());
    }
    open
}

/// The circumstance behind a trigger, as letters and pages name it: a decree may have ended beyond the days of grace, or leave it
/// open whether it is in force.
pub fn circumstance<'a>(trigger: &'a str, found: &Understanding) -> &'a str {
    let grace = Trigger::DecreeInGrace.key();
    if trigger != grace || found.alerts.iter().any(|alert| alert == grace) {
        return trigger;
    }
    match found.check("decree_in_force").map(|check| check.finding) {
        Some(Finding::Missing | Finding::Contradicted) => "decree_ended",
        _ => "decree_unclear",
    }
}

fn applies(trigger: Trigger, case: &Case, procedure: &Procedure) -> bool {
    let u = &case.understanding;
    let not_met = |item: &str| u.check(item).is_some_and(|c| c.finding != Finding::Met);
    let alert = |name: &str| u.alerts.iter().any(|a| a == name);
    match trigger {
        Trigger::SenderNotRegistered => not_met("sender_registered"),
        Trigger::FreeMailDomain => {
            let from = case.first_mail().and_then(|m| m.from.as_ref());
            from.is_some_and(|a| procedure.confirmation.is_free_mail(a.domain()))
        }
        Trigger::AuthenticationFailed => {
            case.mails.iter().any(|m| !m.authenticity.is_authenticated()) || not_met("sender_authenticated")
        }
        Trigger::NameDiffers => not_met("name_matches") || alert("different_people"),
        Trigger::NipMismatch => not_met("nip_matches"),
        Trigger::WorkUnitDiffers => not_met("work_unit_matches"),
        Trigger::DecreeInGrace => not_met("decree_in_force"),
        Trigger::AddressChangeRequested
        | Trigger::OtherChannelRequested
        | Trigger::TteUnverifiable
        | Trigger::PoorlyLegible
        | Trigger::SecondReset => alert(trigger.key()),
    }
}

fn fallback(finding: Finding) -> Consequence {
    match finding {
        Finding::Met => Consequence::Nothing,
        Finding::Unclear => Consequence::Look,
        Finding::Missing => Consequence::Complete,
        Finding::Contradicted => Consequence::Reject,
    }
}

fn names(checks: &[&Check]) -> Vec<String> {
    checks.iter().map(|c| c.item.clone()).collect()
}
