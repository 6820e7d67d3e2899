//! How a case is brought to its end from wherever it stands: by the admin where it waits for one, by its own wake-ups
//! where it waits for the applicant.

use loket::sop::case::Channel;
use loket::sop::command::{Choice, Command, Decision, Factor, Report};
use loket::sop::event::Event;
use loket::sop::phase::{AttemptState, Phase};

use super::office::{admin, digest};
use super::walk::Walk;

/// Goes on until the case stands in the archive. An office always has somebody who may act, or enrols one.
pub fn bring_to_its_end(walk: &mut Walk) {
    if walk.someone_who_may_act().is_none() {
        walk.office.admins.push(admin(9));
        let revision = walk.case.revisions;
        walk.does(Command::Wake(loket::sop::command::Alarm::Assign { revision }));
    }
    for _ in 0..60 {
        let by = walk.someone_who_may_act().expect("somebody was enrolled");
        match walk.case.phase.clone() {
            Phase::Closed { .. } => return into_the_archive(walk),
            Phase::Held { .. } => drop(walk.does(Command::Drop { by, reason: "palsu".into() })),
            Phase::UnderReview { proposal } | Phase::AwaitingConfirmation { proposal, .. } => {
                let choice = Choice::Reject { code: "R04".into(), note: String::new(), letter: None };
                let (channel, factor) = (Channel::Desk, Factor::Session);
                walk.does(Command::Decide(Decision { by, proposal: proposal.hash, channel, factor, choice }));
            }
            Phase::Executing { attempt } => {
                let decision = attempt.decision;
                match attempt.state {
                    AttemptState::Intended => drop(walk.start()),
                    AttemptState::Started => report(walk, decision, Report::Unknown { why: "found at start".into() }),
                    AttemptState::ByHand => report(walk, decision, Report::Failed { by: Some(by), why: "no".into() }),
                }
            }
            Phase::Unknown { attempt, .. } => {
                let failed = Report::Failed { by: Some(by), why: "it did not happen".into() };
                report(walk, attempt.decision, failed);
            }
            Phase::Incomplete { .. } | Phase::Delivered { .. } => assert!(walk.ring(), "a wake-up was asked for"),
            Phase::Received => panic!("never stored"),
        }
    }
    panic!("no end in sight: {:?}", walk.case.phase);
}

fn into_the_archive(walk: &mut Walk) {
    walk.archive();
    assert!(walk.case.times.open_span().is_none(), "step 9 is done");
    assert!(walk.case.times.has_done(9));
    assert!(walk.secrets.is_empty(), "no secret reaches the archive");
    // What still rings afterwards changes nothing.
    let (phase, spans) = (walk.case.phase.clone(), walk.case.times.spans.len());
    while walk.ring() {}
    assert_eq!((phase, spans), (walk.case.phase.clone(), walk.case.times.spans.len()));
    the_journal_tells_the_same(walk);
}

/// The journal as it is stored, bytes and all, rebuilds the case.
fn the_journal_tells_the_same(walk: &Walk) {
    let stored: Vec<(Event, _)> = walk
        .journal
        .iter()
        .map(|(event, at)| {
            let bytes = serde_json::to_vec(&**event).expect("an event encodes");
            (serde_json::from_slice(&bytes).expect("and decodes"), *at)
        })
        .collect();
    let rebuilt = loket::sop::case::Case::replay(stored.iter().map(|(event, at)| (event, *at)));
    assert_eq!(rebuilt.as_ref(), Some(&walk.case));
    let snapshot = serde_json::to_vec(&walk.case).expect("a case encodes");
    let restored: loket::sop::case::Case = serde_json::from_slice(&snapshot).expect("and decodes");
    assert_eq!(digest(&snapshot), digest(&serde_json::to_vec(&restored).expect("again")));
}

fn report(walk: &mut Walk, decision: u32, report: Report) {
    walk.does(Command::ReportExecution { decision, report });
}
