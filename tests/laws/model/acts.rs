//! What may happen next. Too much rather than too little: what the procedure must refuse is tried as well.

use loket::sop::phase::{AttemptState, Phase};

use super::super::papers::Papers;
use super::state::{Hand, State};

/// Admins 0 and 1 may decide; 2 is registered but the applicant; 4 is nobody.
pub type Who = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    Mail(Papers),
    SameMailAgain,
    Withdraw,
    /// On what stands, or on what stood before it.
    Approve {
        by: Who,
        stale: bool,
    },
    /// A reply without a code.
    ApproveWithoutCode,
    Complete {
        by: Who,
    },
    Reject {
        by: Who,
        stale: bool,
    },
    HandOver,
    Reissue {
        by: Who,
        stale: bool,
    },
    HandInPerson,
    Call {
        denied: bool,
    },
    Admit,
    Drop,
    /// A dispatcher takes the outbox row under a lease: the first, or another whose lease began when the first's ended.
    Dispatch,
    /// What the account system does and answers.
    Driver(World),
    /// The dispatcher records what it learnt.
    Record,
    /// All dispatchers are gone; a call on its way still arrives.
    Crash,
    /// The call that was on its way takes effect.
    Lands,
    ReadBack {
        tells: bool,
    },
    Person(Word),
    LetterSent,
    LetterFailed,
    Reveal,
    RevealEarlier,
    ConfirmChange,
    Ring,
    RingAgain,
    StartArchiving,
    FinishArchiving,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum World {
    Done,
    Link,
    NoSuch,
    Refuses,
    /// It surely did not happen.
    Down,
    ByHand,
    LostAnswer {
        happened: bool,
    },
}

/// What a person says of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Word {
    Done,
    HandedOver,
    Failed,
    Unsure,
}

pub fn possible(state: &State) -> Vec<Act> {
    let mut acts = vec![Act::Reveal, Act::ConfirmChange];
    let (walk, left) = (&state.walk, state.left);
    if left.mails > 0 {
        acts.extend([Act::Mail(Papers::Complete), Act::Mail(Papers::OtherAccount), Act::Withdraw]);
    }
    acts.push(Act::SameMailAgain);
    acts.extend([Act::Approve { by: 0, stale: true }, Act::Reject { by: 1, stale: true }]);
    match &walk.case.phase {
        Phase::Received => {}
        Phase::Held { .. } => acts.extend([Act::Admit, Act::Drop]),
        Phase::Incomplete { .. } => acts.push(Act::Approve { by: 0, stale: false }),
        Phase::UnderReview { .. } | Phase::AwaitingConfirmation { .. } => under_review(state, &mut acts),
        Phase::Executing { attempt } => match attempt.state {
            AttemptState::Intended => acts.push(Act::Person(Word::Failed)),
            AttemptState::Started => acts.push(Act::Person(Word::Done)),
            AttemptState::ByHand => acts.extend([
                Act::Person(Word::Done),
                Act::Person(Word::HandedOver),
                Act::Person(Word::Failed),
                Act::Person(Word::Unsure),
            ]),
        },
        Phase::Unknown { .. } => {
            acts.extend([
                Act::ReadBack { tells: true },
                Act::ReadBack { tells: false },
                Act::Person(Word::Done),
                Act::Person(Word::Failed),
            ]);
        }
        Phase::Delivered { .. } => {
            acts.extend([Act::RevealEarlier, Act::HandInPerson, Act::Reissue { by: 0, stale: true }]);
            if left.decisions > 0 {
                acts.extend([0, 1, 2].map(|by| Act::Reissue { by, stale: false }));
            }
        }
        Phase::Closed { .. } => acts.extend([Act::StartArchiving, Act::FinishArchiving]),
    }
    around(state, &mut acts);
    acts
}

fn under_review(state: &State, acts: &mut Vec<Act>) {
    if state.left.decisions > 0 {
        acts.extend([0, 1, 2, 4].map(|by| Act::Approve { by, stale: false }));
        acts.push(Act::ApproveWithoutCode);
    }
    acts.extend([0, 2].map(|by| Act::Reject { by, stale: false }));
    acts.push(Act::Complete { by: 1 });
    if state.left.answers > 0 {
        acts.push(Act::HandOver);
        acts.extend([false, true].map(|denied| Act::Call { denied }));
    }
}

/// The dispatcher, the account system, the post and time.
fn around(state: &State, acts: &mut Vec<Act>) {
    let (walk, left) = (&state.walk, state.left);
    let hands = &state.hands;
    if !walk.calls.is_empty() && (hands.is_empty() || (hands.len() == 1 && left.crashes > 0)) {
        acts.push(Act::Dispatch);
    }
    if hands.iter().any(|hand| matches!(hand, Hand::Calling(_))) {
        use World::{ByHand, Done, Down, Link, LostAnswer, NoSuch, Refuses};
        acts.extend([Done, LostAnswer { happened: true }, LostAnswer { happened: false }].map(Act::Driver));
        if left.answers > 0 {
            acts.extend([Link, NoSuch, Refuses, Down, ByHand].map(Act::Driver));
        }
    }
    if hands.iter().any(|hand| matches!(hand, Hand::Learnt(..))) {
        acts.push(Act::Record);
    }
    if !hands.is_empty() && left.crashes > 0 {
        acts.push(Act::Crash);
    }
    if state.on_its_way.is_some() {
        acts.push(Act::Lands);
    }
    if state.letter_on_its_way().is_some() {
        acts.extend([Act::LetterSent, Act::LetterFailed]);
    }
    if !walk.wakes.is_empty() {
        acts.push(Act::Ring);
    }
    if state.rung.is_some() && left.again > 0 {
        acts.push(Act::RingAgain);
    }
}
