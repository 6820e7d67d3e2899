//! What must hold of what was refused for good: it is on record as such, somebody was told, and nobody takes it for done.

use std::collections::BTreeMap;

use loket::engine::store::CaseKey;
use loket::sop::case::{Case, LetterRecord, LetterState};
use loket::sop::event::{Event, Recorded};
use loket::sop::names::{Address, Service};
use loket::sop::phase::{AttemptState, Phase, Reveal, RevealKind, RevealState};

use super::judge::{key_of, order_of};
use super::memory::Kept;
use super::world::Inside;

/// Tries after which a letter is given up.
const LETTER_TRIES: u32 = 20;

/// After each step: of each letter that somebody outside the office did not get, the admin is written once.
pub fn each_loss_is_told(case: &Case, admins: &[Address]) {
    let lost = |letter: &&LetterRecord| {
        let to_admin = letter.to.iter().any(|to| admins.iter().any(|admin| admin.same_mailbox(to)));
        matches!(letter.state, LetterState::Undelivered { .. }) && !to_admin
    };
    let (lost, told) = (case.letters.iter().filter(lost).count(), written(case, "letter_undelivered"));
    assert_eq!(lost, told, "{}: {lost} letters are undelivered, and {told} times an admin was told", case.number);
}

/// A letter counts as undelivered for a reason: it was refused, came back, or was given up.
pub fn it_was_undeliverable(inside: &Inside, name: &str, why: &str) {
    let offers = inside.offers.get(name).copied().unwrap_or(0);
    // A restore forgets results, and what was offered before it.
    let untold = !inside.forgotten.letters.is_empty() && why.contains("was not in the backup");
    let undeliverable =
        untold || offers >= LETTER_TRIES || inside.bounced.contains(name) || inside.refused.contains(name);
    assert!(undeliverable, "{name} is given up after {offers}: {why}");
}

/// A link that the account system is said to have mailed was mailed.
pub fn the_link_was_mailed(inside: &Inside, case: &Case, reveal: &Reveal) {
    if reveal.what == RevealKind::SystemLink && reveal.state == RevealState::Waiting {
        let order = order_of(inside, case, reveal.issue);
        let mailed = inside.linked.contains(&order) && inside.resets.contains_key(&order);
        assert!(mailed, "{order}: a link is awaited that nobody mailed");
    }
}

/// Whoever works by hand sets a password of their own: the one that was drawn is kept by nobody.
pub fn a_task_has_no_password(kept: &Kept, key: &CaseKey, case: &Case) {
    let Phase::Executing { attempt } = &case.phase else { return };
    let waits = kept.secrets.contains_key(&(key.clone(), attempt.decision.to_string()));
    assert!(!waits || attempt.state != AttemptState::ByHand, "{}: a password waits that nobody sets", key.number);
}

/// At the end: whatever is called done was done, and whoever decided heard of all that was not.
pub fn each_outcome_is_true(inside: &Inside, case: &Case, story: &[Recorded]) {
    let mut resets = BTreeMap::new();
    let mut failed = 0;
    for recorded in story {
        match &recorded.event {
            Event::ExecutionIntended { attempt } => {
                let changes = attempt.user_id.is_some() && attempt.services.contains(&Service::ResetPassword);
                resets.insert(attempt.decision, changes.then(|| key_of(&case.number, attempt)));
            }
            Event::ExecutionDone { decision, .. } => {
                let order = resets.get(decision).and_then(Option::as_ref);
                let done = order.is_none_or(|order| inside.resets.contains_key(order));
                assert!(done, "{order:?} is called done, and was not");
            }
            Event::ExecutionFailed { .. } => failed += 1,
            _ => {}
        }
    }
    let told = written(case, "driver_failed");
    assert_eq!(failed, told, "{}: {failed} attempts failed, and {told} times an admin was told", case.number);
}

fn written(case: &Case, kind: &str) -> usize {
    case.letters.iter().filter(|letter| letter.kind == kind).count()
}
