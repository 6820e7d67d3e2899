//! What a decision takes, for each choice: the proof of who decides, reasons for doubt, something to ask for.

use loket::sop::case::{Channel, ConfirmationResult};
use loket::sop::checklist::Finding;
use loket::sop::command::{Choice, Command, Decision, DraftKind, Factor, OpeningVerdict};
use loket::sop::decide::{Refused, Ruling};
use loket::sop::effect::{Effect, LetterName};
use loket::sop::phase::Recommendation;

use super::office::{Office, admin_id, tuesday_at_nine};
use super::papers::Papers;
use super::walk::Walk;

fn request(office: Office, papers: Papers) -> Walk {
    Walk::begin(office, papers, OpeningVerdict::Request, tuesday_at_nine())
}

fn decided(mut walk: Walk, choice: Choice, channel: Channel, factor: Factor) -> Result<Ruling, Refused> {
    let proposal = walk.current();
    walk.try_it(Command::Decide(Decision { by: admin_id(0), proposal, channel, factor, choice }))
}

fn approve(reason: &str) -> Choice {
    Choice::Approve { reason: reason.into() }
}

fn complete(items: &[&str], letter: Option<&str>) -> Choice {
    let items = items.iter().map(|item| (*item).to_owned()).collect();
    Choice::Complete { items, letter: letter.map(str::to_owned) }
}

fn reject() -> Choice {
    Choice::Reject { code: "R04".into(), note: String::new(), letter: None }
}

#[test]
fn each_channel_takes_the_proof_that_the_procedure_asks_for() {
    let choices = [approve("cocok"), complete(&["appointment_decree"], None), reject()];
    for asks in [false, true] {
        let office = Office::shipped().with(|p| {
            p.reply.complete_needs_code = asks;
            p.reply.reject_needs_code = asks;
        });
        for (nth, choice) in choices.iter().enumerate() {
            for factor in [Factor::None, Factor::Session, Factor::Fresh] {
                for channel in [Channel::Desk, Channel::Reply, Channel::System] {
                    let enough = match (channel, factor) {
                        (Channel::System, _) => false,
                        (_, Factor::Fresh) => true,
                        (Channel::Desk, factor) => factor == Factor::Session,
                        (Channel::Reply, _) => nth > 0 && !asks,
                    };
                    let walk = request(office.clone(), Papers::Complete);
                    let came_of = decided(walk, choice.clone(), channel, factor);
                    let case = format!("{choice:?} {channel:?} {factor:?} asks={asks}: {:?}", came_of.as_ref().err());
                    assert_eq!(came_of.is_ok(), enough, "{case}");
                    assert!(enough || came_of.err() == Some(Refused::NeedsFactor), "{case}");
                }
            }
        }
    }
}

#[test]
fn what_is_missing_is_named_and_not_approved() {
    let refused =
        decided(request(Office::shipped(), Papers::NoDecree), approve("sudah kenal"), Channel::Desk, Factor::Fresh);

    assert_eq!(refused.err(), Some(Refused::NotComplete { items: vec!["appointment_decree".into()] }));

    let mut walk = request(Office::shipped(), Papers::NoDecree);
    let other = walk.case.understanding.checklist.iter_mut().find(|c| c.step == 2 && c.item != "appointment_decree");
    other.expect("step 2 has more items").finding = Finding::Unclear;
    let refused = decided(walk, approve("sudah kenal"), Channel::Desk, Factor::Fresh);
    let items = vec!["appointment_decree".into()];
    assert_eq!(refused.err(), Some(Refused::NotComplete { items }), "what is unclear is there");
}

#[test]
fn what_is_closed_is_issued_again_to_nobody_and_says_by_whom_it_was_ended() {
    let mut walk = request(Office::shipped(), Papers::Complete);
    let anew = || Choice::Reissue { reason: "tautan hilang".into() };
    let early = walk.decision(0, anew());
    assert!(matches!(walk.is_refused(early), Refused::WrongPhase { .. }), "nothing was issued yet");
    walk.does(walk.decision(0, reject()));

    let late = walk.decision(0, anew());
    assert!(matches!(walk.is_refused(late), Refused::AlreadyDecided { .. }));
}

#[test]
fn a_doubt_that_only_a_person_can_judge_takes_neither_reason_nor_fresh_proof() {
    let judged = decided(request(Office::shipped(), Papers::Doubtful), approve(""), Channel::Desk, Factor::Session);

    assert_eq!(judged.err(), None);
}

#[test]
fn a_contradiction_is_approved_with_a_reason_and_a_fresh_proof_alone_even_after_the_call() {
    let come_of = |called: bool, reason, factor| {
        let mut walk = request(Office::shipped(), Papers::WrongNip);
        if called {
            walk.does(walk.call(0, ConfirmationResult::Confirmed));
        }
        decided(walk, approve(reason), Channel::Desk, factor).err()
    };

    let call_first = Some(Refused::NeedsConfirmation { triggers: vec!["nip_mismatch".into()] });
    assert_eq!(come_of(false, "", Factor::Fresh), call_first);
    assert_eq!(come_of(true, "", Factor::Fresh), Some(Refused::NeedsReason));
    assert_eq!(come_of(true, "salah ketik", Factor::Session), Some(Refused::NeedsFreshFactor));
    assert_eq!(come_of(true, "salah ketik", Factor::Fresh), None);
}

#[test]
fn completion_asks_for_something_in_items_or_in_words() {
    let walk = request(Office::shipped(), Papers::Complete);
    let draft = walk.case.phase.proposal().expect("something stands").drafts.completion.clone();
    let come_of = |letter: Option<&str>| {
        let walk = request(Office::shipped(), Papers::Complete);
        decided(walk, complete(&[], letter), Channel::Desk, Factor::Fresh).err()
    };

    assert_eq!(come_of(None), Some(Refused::NothingToComplete));
    assert_eq!(come_of(Some(&format!("{draft}\n"))), Some(Refused::NothingToComplete), "the draft as it stood");
    assert_eq!(come_of(Some("Mohon kirim ulang dalam PDF.")), None);
}

#[test]
fn a_completion_as_proposed_says_what_was_drafted_and_any_other_is_written_anew() {
    let text = |items: &[&str]| {
        let mut walk = request(Office::shipped(), Papers::NoDecree);
        let drafted = Recommendation::Complete { items: vec!["appointment_decree".into()] };
        assert_eq!(walk.case.phase.proposal().map(|p| p.recommendation.clone()), Some(drafted));
        let (draft, text) = (DraftKind::Completion, "Mohon SK terbaru.".into());
        walk.does(Command::SaveDraft { by: admin_id(0), draft, text });
        let ruling = decided(walk, complete(items, None), Channel::Desk, Factor::Fresh).expect("it can be asked");
        ruling.effects.into_iter().find_map(|effect| match effect {
            Effect::Send { letter } if letter.kind == LetterName::CompletionRequest => Some(letter.text),
            _ => None,
        })
    };

    let drafted = Some(Some("Mohon SK terbaru.".to_owned()));
    assert_eq!(text(&[]), drafted);
    assert_eq!(text(&["appointment_decree"]), drafted);
    assert_eq!(text(&["request_letter"]), Some(None), "the draft speaks of other items");
}
