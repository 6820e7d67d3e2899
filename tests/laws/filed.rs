//! A case that is filed: what comes between the end of step 9 and its removal from the live store changes nothing.

use loket::sop::command::{Choice, Command, OpeningVerdict};
use loket::sop::decide::Refused;
use loket::sop::effect::LetterName;
use loket::sop::phase::Phase;

use super::office::{Office, admin_id, tuesday_at_nine};
use super::papers::Papers;
use super::walk::Walk;

/// Rejected long after its time was up, with its letter gone.
fn rejected_late() -> Walk {
    let mut walk = Walk::begin(Office::shipped(), Papers::Complete, OpeningVerdict::Request, tuesday_at_nine());
    walk.pass(6 * 60);
    walk.does(walk.decision(0, Choice::Reject { code: "R04".into(), note: String::new(), letter: None }));
    walk.letter_gone(LetterName::Rejected);
    assert!(!walk.case.times.deviations.is_empty(), "there is something to explain");
    walk
}

/// A bounce and a late explanation still changed a case whose dossier lay in the archive already. Its removal was then
/// refused as stale, the archive held other bytes than the live store, and the case never left.
#[test]
fn a_bounce_or_an_explanation_changes_a_closed_case_until_it_is_filed_and_never_after() {
    let bounce = |walk: &Walk| {
        let letter = walk.case.letters.iter().rfind(|l| l.kind == "rejected").expect("it was queued");
        Command::LetterFailed { id: letter.id.clone(), why: "returned".into() }
    };
    let explain = || Command::ExplainDeviation { by: admin_id(0), index: 0, reason: "antre".into() };
    let mut closed = rejected_late();
    closed.does(explain());
    closed.does(bounce(&closed));
    assert_eq!(closed.letters(LetterName::LetterUndelivered).len(), 1);

    let mut filed = rejected_late();
    filed.archive();
    let before = filed.case.clone();

    assert_eq!(filed.is_refused(bounce(&filed)), Refused::Filed);
    assert_eq!(filed.is_refused(explain()), Refused::Filed);
    assert_eq!(filed.case, before);
}

#[test]
fn a_filed_case_may_be_filed_again_and_stays_as_it_is() {
    let mut walk = rejected_late();
    walk.archive();
    let before = walk.case.clone();

    walk.pass(24 * 60);
    walk.archive();

    assert_eq!(walk.case, before);
    assert!(matches!(walk.case.phase, Phase::Closed { .. }));
}
