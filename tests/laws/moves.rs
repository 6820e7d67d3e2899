//! Random walks: [`super::chance`] says what comes in, here it is made into commands and given to the case.

use std::collections::BTreeSet;

use loket::sop::case::Confirmation;
use loket::sop::command::{Alarm, Command, Decision, OpeningVerdict, Report};
use loket::sop::event::Event;
use loket::sop::names::Sha256Hex;
use loket::sop::phase::Phase;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::chance::{Move, Seen, Who, a_far_move, a_move, office, verdict};
use super::ending::bring_to_its_end;
use super::office::{APPLICANT, admin, admin_id, digest, tuesday_at_nine};
use super::papers::{self, Papers};
use super::walk::Walk;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_walk_keeps_the_laws_and_ends_in_the_archive(
        office in office(),
        papers in select(&Papers::ALL[..]),
        verdict in verdict(),
        moves in prop::collection::vec(a_move(), 1..45),
    ) {
        let mut walk = Walk::begin(office, papers, verdict, tuesday_at_nine());

        for step in moves {
            take(&mut walk, step);
        }

        bring_to_its_end(&mut walk);
    }

    /// Most random commands are refused; these go the right way, so that the far end of the procedure is walked too.
    #[test]
    fn a_walk_that_gets_far_keeps_the_laws(
        office in office(),
        papers in select(&[Papers::Complete, Papers::BothServices, Papers::UserIdOnly, Papers::NipUnknown, Papers::FromElsewhere][..]),
        moves in prop::collection::vec(a_far_move(), 1..60),
    ) {
        let mut walk = Walk::begin(office, papers, OpeningVerdict::Request, tuesday_at_nine());

        for step in moves {
            take(&mut walk, step);
        }

        bring_to_its_end(&mut walk);
    }
}

/// Laws that are never put to the test hold nothing: the walks must get everywhere.
#[test]
fn the_walks_reach_every_event_and_every_outcome() {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    let wide = (office(), select(&Papers::ALL[..]), verdict(), prop::collection::vec(a_move(), 1..45));
    let far =
        (office(), select(&Papers::ALL[..]), Just(OpeningVerdict::Request), prop::collection::vec(a_far_move(), 1..60));

    for strategy in [wide.boxed(), far.boxed()] {
        for _ in 0..500 {
            let (office, papers, verdict, moves) = strategy.new_tree(&mut runner).expect("a walk").current();
            let mut walk = Walk::begin(office, papers, verdict, tuesday_at_nine());
            moves.into_iter().for_each(|step| take(&mut walk, step));
            bring_to_its_end(&mut walk);
            reached.extend(walk.journal.iter().map(|(event, _)| name(event)));
            reached.insert(walk.outcome().to_owned());
        }
    }

    let missing: Vec<&&str> = EVERYTHING.iter().filter(|name| !reached.contains(**name)).collect();
    assert!(missing.is_empty(), "no walk came to {missing:?}");
}

const EVERYTHING: [&str; 51] = [
    "opened",
    "mail_added",
    "checked",
    "held",
    "admitted",
    "proposed",
    "assigned",
    "stood_in",
    "completion_asked",
    "confirmation_recorded",
    "triggers_settled",
    "confirmation_waived",
    "review_resumed",
    "first_approved",
    "approved",
    "execution_intended",
    "execution_started",
    "execution_postponed",
    "execution_handed_to_person",
    "execution_failed",
    "execution_unknown",
    "execution_done",
    "result_ready",
    "delivery_resumed",
    "revealed",
    "secret_expired",
    "secret_voided",
    "handed_in_person",
    "new_link_asked",
    "change_reminded",
    "change_confirmed",
    "rejected",
    "withdrawn",
    "closed",
    "step_entered",
    "step_left",
    "draft_saved",
    "standard_overrun",
    "deviation_explained",
    "letter_queued",
    "letter_sent",
    "letter_undelivered",
    "reset_confirmed",
    "reset_unconfirmed",
    "user_id_given",
    "not_fetched",
    "expired",
    "out_of_scope",
    "too_large",
    "dropped",
    "rejected",
];

fn name(event: &Event) -> String {
    let value = serde_json::to_value(event).expect("an event encodes");
    value["event"].as_str().expect("each event has a name").to_owned()
}

fn take(walk: &mut Walk, step: Move) {
    let command = match step {
        Move::Pass { minutes } => return walk.pass(minutes),
        Move::Ring { times } => return ring(walk, times),
        Move::Staff { who } => return staff(walk, who),
        Move::Away { who, delegate } => return away(walk, who, delegate),
        Move::Start { forged } => return start(walk, forged),
        Move::Report { fitting, kind, by } => return report(walk, fitting, kind, by),
        Move::Mail { papers, from, trusted, repeated } => {
            let mut mail = walk.next_mail(sender(from), trusted);
            if repeated {
                mail = walk.case.mails.last().cloned().unwrap_or(mail);
            }
            Command::AddMail(Box::new(papers::dossier(&walk.office, mail, papers)))
        }
        Move::Withdraw { from, trusted } => Command::Withdraw(Box::new(walk.next_mail(sender(from), trusted))),
        Move::Admit { by } => {
            let mail = walk.case.mails[0].clone();
            let dossier = Box::new(papers::dossier(&walk.office, mail, Papers::Complete));
            Command::Admit { by: admin_id(by), reason: "pengirim dikenal".into(), dossier }
        }
        Move::Drop { by } => Command::Drop { by: admin_id(by), reason: "palsu".into() },
        Move::Decide { by, hash, channel, factor, choice } => {
            let proposal = seen(walk, hash);
            Command::Decide(Decision { by: admin_id(by), proposal, channel, factor, choice })
        }
        Move::Confirm { by, result, method, registered, code } => {
            let number = walk.case.account.as_ref().and_then(|a| a.phone.clone()).filter(|_| registered);
            Command::Confirm(Confirmation {
                by: admin_id(by),
                at: walk.now,
                method,
                number_called: number.or(Some("0840-0000-7777".into())),
                spoke_with: "Wening".into(),
                result,
                note: String::new(),
                code_tag: code.then(|| digest(b"code")),
            })
        }
        Move::SaveDraft { by, draft, text } => Command::SaveDraft { by: admin_id(by), draft, text: format!("{text}") },
        Move::Reveal { issue } => Command::Reveal { issue: issue.unwrap_or(walk.issue().map_or(1, |i| i.0)) },
        Move::ConfirmChange { issue } => {
            Command::ConfirmChange { issue: issue.unwrap_or(walk.issue().map_or(1, |i| i.0)) }
        }
        Move::Forge { alarm } => Command::Wake(alarm),
        Move::LetterSent { index } => Command::LetterSent { id: letter(walk, index) },
        Move::LetterFailed { index } => Command::LetterFailed { id: letter(walk, index), why: "returned".into() },
        Move::Archive { begin: true } => Command::StartArchiving,
        Move::Archive { begin: false } => Command::FinishArchiving,
        Move::Explain { by, index } => Command::ExplainDeviation { by: admin_id(by), index, reason: "antre".into() },
    };
    let _refused_or_not = walk.try_it(command);
}

fn ring(walk: &mut Walk, times: u8) {
    for _ in 0..times {
        walk.ring();
    }
}

/// Somebody is enrolled or revoked; the daemon then looks whose cases have nobody.
fn staff(walk: &mut Walk, who: Who) {
    let id = admin_id(who);
    match walk.office.admins.iter().position(|a| a.id == id) {
        Some(index) => drop(walk.office.admins.remove(index)),
        None => walk.office.admins.push(admin(who)),
    }
    let alarm = Alarm::Assign { revision: walk.case.revisions };
    walk.does(Command::Wake(alarm));
}

/// Somebody is away from now on, or back; the daemon then tells the one who stands in.
fn away(walk: &mut Walk, who: Who, delegate: Option<Who>) {
    let Some(person) = walk.office.admins.iter_mut().find(|a| a.id == admin_id(who)) else { return };
    person.delegate = delegate.map(admin_id);
    if let Some(to) = person.delegate.clone() {
        walk.does(Command::Brief { to });
    }
}

/// The dispatcher takes the outbox row, perhaps a second time, and calls only where the ledger lets it.
fn start(walk: &mut Walk, forged: bool) {
    let Some(decision) = walk.calls.last().copied().or(forged.then_some(1)) else { return };
    match walk.try_it(Command::StartExecution { decision }) {
        Ok(_) => {
            walk.seal(decision);
        }
        // A row whose attempt was called off, or is already under way in another worker.
        Err(_) if walk.case.attempt().is_none_or(|a| a.decision != decision) => walk.calls.retain(|c| *c != decision),
        Err(_) => {}
    }
}

/// What is learnt of the attempt. The account system acts only when the dispatcher really called it.
fn report(walk: &mut Walk, fitting: bool, kind: u8, by: Option<Who>) {
    let Some(attempt) = walk.case.attempt().cloned() else {
        let report = walk.done(1, by.map(admin_id));
        assert!(walk.try_it(Command::ReportExecution { decision: 1, report }).is_err(), "no attempt, no result");
        return;
    };
    let by = if fitting { walk.by_hand().then(|| walk.someone_who_may_act()).flatten() } else { by.map(admin_id) };
    let decision = attempt.decision;
    if walk.by_hand() {
        // The password that the person typed in is sealed before it is reported.
        walk.seal(decision);
    }
    let report = match kind % 8 {
        0 | 1 => walk.done(decision, by),
        2 => Report::SystemSentLink { by },
        3 => Report::HandedToPerson,
        4 => Report::NotFound { by, note: "tidak ada".into() },
        5 => Report::Failed { by, why: "gangguan".into() },
        6 => Report::Postponed,
        _ => Report::Unknown { why: "tidak ada jawaban".into() },
    };
    let done = matches!(report, Report::Done { .. });
    let unknown = matches!(walk.case.phase, Phase::Unknown { .. });
    let reported = walk.try_it(Command::ReportExecution { decision, report }).is_ok();
    if reported && done && !(unknown && walk.resets.contains_key(&decision)) {
        walk.account_system_resets(decision);
    }
}

fn seen(walk: &Walk, hash: Seen) -> Sha256Hex {
    match hash {
        Seen::Current => walk.current(),
        Seen::Old(index) => walk.seen.get(index % walk.seen.len().max(1)).cloned().unwrap_or_else(|| walk.current()),
        Seen::Forged => digest(b"forged"),
    }
}

fn letter(walk: &Walk, index: usize) -> String {
    let letters = &walk.case.letters;
    letters.get(index % letters.len().max(1)).map_or_else(|| "loket.none".to_owned(), |l| l.id.clone())
}

fn sender(who: Who) -> &'static str {
    match who {
        0 => "admin0@karangmulia.example",
        1 => "tu@karangmulia.example",
        3 => "somebody@freemail.example",
        _ => APPLICANT,
    }
}
