//! Random walks: whatever may come in, right, stale, repeated, forged, out of turn, under any rules and any clock.

use std::collections::BTreeSet;

use loket::sop::case::{Channel, Confirmation, ConfirmationMethod, ConfirmationResult};
use loket::sop::command::{Alarm, Choice, Command, Decision, DraftKind, Factor, OpeningVerdict, Report};
use loket::sop::event::Event;
use loket::sop::names::Sha256Hex;
use loket::sop::phase::{HeldReason, Phase};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::ending::bring_to_its_end;
use super::office::{APPLICANT, Office, admin, admin_id, digest, tuesday_at_nine};
use super::papers::{self, Papers};
use super::walk::Walk;

/// Who a command says it comes from: admins 0 to 4, of whom number 2 is the applicant; 5 is nobody known.
type Who = usize;

#[derive(Debug, Clone)]
enum Move {
    Mail { papers: Papers, from: Who, trusted: bool, repeated: bool },
    Withdraw { from: Who, trusted: bool },
    Admit { by: Who },
    Drop { by: Who },
    Decide { by: Who, hash: Seen, channel: Channel, factor: Factor, choice: Choice },
    Confirm { by: Who, result: ConfirmationResult, method: ConfirmationMethod, registered: bool, code: bool },
    SaveDraft { by: Who, draft: DraftKind, text: u8 },
    Start { forged: bool },
    Report { fitting: bool, kind: u8, by: Option<Who> },
    Reveal { issue: Option<u32> },
    ConfirmChange { issue: Option<u32> },
    Pass { minutes: i64 },
    Ring { times: u8 },
    Forge { alarm: Alarm },
    LetterSent { index: usize },
    LetterFailed { index: usize },
    Archive { begin: bool },
    Explain { by: Who, index: usize },
    Staff { who: Who },
}

/// Which proposal a decision was made on.
#[derive(Debug, Clone, Copy)]
enum Seen {
    Current,
    Old(usize),
    Forged,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

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
        for _ in 0..300 {
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

const EVERYTHING: [&str; 50] = [
    "opened",
    "mail_added",
    "checked",
    "held",
    "admitted",
    "proposed",
    "assigned",
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
            Command::Admit { by: admin_id(by), dossier }
        }
        Move::Drop { by } => Command::Drop { by: admin_id(by) },
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

/// The dispatcher takes the outbox row, perhaps a second time, and calls only where the ledger lets it.
fn start(walk: &mut Walk, forged: bool) {
    let Some(decision) = walk.calls.last().copied().or(forged.then_some(1)) else { return };
    match walk.try_it(Command::StartExecution { decision }) {
        Ok(_) => {
            walk.secrets.insert(decision);
        }
        // A row whose attempt was called off, or is already under way in another worker.
        Err(_) if walk.case.attempt().is_none_or(|a| a.decision != decision) => walk.calls.retain(|c| *c != decision),
        Err(_) => {}
    }
}

/// What is learnt of the attempt. The account system acts only when the dispatcher really called it.
fn report(walk: &mut Walk, fitting: bool, kind: u8, by: Option<Who>) {
    let Some(attempt) = walk.case.attempt().cloned() else {
        let report = Report::Done { user_id: None, by: by.map(admin_id) };
        assert!(walk.try_it(Command::ReportExecution { decision: 1, report }).is_err(), "no attempt, no result");
        return;
    };
    let by = if fitting { walk.by_hand().then(|| walk.someone_who_may_act()).flatten() } else { by.map(admin_id) };
    let decision = attempt.decision;
    let report = match kind % 8 {
        0 | 1 => Report::Done { user_id: None, by },
        2 => Report::SystemSentLink { by },
        3 => Report::HandedToPerson,
        4 => Report::NotFound { by, note: "tidak ada".into() },
        5 => Report::Failed { by, why: "gangguan".into() },
        6 => Report::Postponed,
        _ => Report::Unknown { why: "tidak ada jawaban".into() },
    };
    let done = matches!(report, Report::Done { .. });
    let unknown = matches!(walk.case.phase, Phase::Unknown { .. });
    if walk.by_hand() {
        // The password that the person typed in is sealed before it is reported.
        walk.secrets.insert(decision);
    }
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

fn office() -> impl Strategy<Value = Office> {
    let flags = prop::collection::vec(prop::bool::weighted(0.3), 6);
    let counts = (0u32..4, 0u32..4, select(&[0u32, 150][..]));
    (flags, counts, prop::bool::weighted(0.9), 0usize..4).prop_map(
        |(flags, (rounds, reminders, superior), own, staff)| {
            let mut office = Office::shipped().with(|p| {
                p.approval.two_for_every_approval = flags[0];
                p.approval.two_after_trigger = flags[1];
                p.approval.two_for_reissue = flags[2];
                p.completion.auto_release = flags[3];
                p.confirmation.waivable = flags[4];
                p.reply.reject_needs_code = flags[5];
                p.approval.not_own_account = own;
                p.completion.max_rounds = rounds;
                p.change.reminders = reminders;
                p.overrun.superior_at_percent = superior;
            });
            office.admins = match staff {
                0 => vec![admin(2)],
                1 => vec![admin(0)],
                2 => vec![admin(2), admin(0), admin(1)],
                _ => vec![admin(0), admin(1)],
            };
            office
        },
    )
}

fn verdict() -> impl Strategy<Value = OpeningVerdict> {
    prop_oneof![
        8 => Just(OpeningVerdict::Request),
        2 => select(&[HeldReason::Unauthenticated, HeldReason::DangerousAttachment, HeldReason::ForeignReply][..])
            .prop_map(OpeningVerdict::Held),
        1 => Just(OpeningVerdict::OutOfScope),
        1 => Just(OpeningVerdict::TooLarge { limit: 25_000_000 }),
    ]
}

fn a_far_move() -> impl Strategy<Value = Move> {
    prop_oneof![3 => a_right_move(), 1 => a_move()]
}

fn a_right_move() -> impl Strategy<Value = Move> {
    let right =
        |choice| Move::Decide { by: 0, hash: Seen::Current, channel: Channel::Desk, factor: Factor::Fresh, choice };
    let called = |registered| Move::Confirm {
        by: 1,
        result: ConfirmationResult::Confirmed,
        method: ConfirmationMethod::Telephone,
        registered,
        code: true,
    };
    prop_oneof![
        4 => (0usize..2).prop_map(move |by| match right(Choice::Approve { reason: "telah diperiksa".into() }) {
            Move::Decide { hash, channel, factor, choice, .. } => Move::Decide { by, hash, channel, factor, choice },
            other => other,
        }),
        2 => Just(called(true)),
        3 => Just(Move::Start { forged: false }),
        4 => (0u8..8).prop_map(|kind| Move::Report { fitting: true, kind, by: None }),
        2 => Just(Move::Reveal { issue: None }),
        1 => Just(Move::ConfirmChange { issue: None }),
        2 => Just(right(Choice::Reissue { reason: "tautan hilang".into() })),
        1 => Just(right(Choice::HandInPerson { note: "KTP".into() })),
        1 => (0i64..40).prop_map(|minutes| Move::Pass { minutes }),
        2 => (1u8..6).prop_map(|times| Move::Ring { times }),
        2 => (0usize..40).prop_map(|index| Move::LetterSent { index }),
    ]
}

fn a_move() -> impl Strategy<Value = Move> {
    let who = || 0usize..6;
    let papers = || select(&Papers::ALL[..]);
    let issue = || prop::option::weighted(0.3, 0u32..3);
    let mails = prop_oneof![
        4 => (papers(), who(), any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(papers, from, trusted, repeated)| Move::Mail { papers, from, trusted, repeated }),
        1 => (who(), any::<bool>()).prop_map(|(from, trusted)| Move::Withdraw { from, trusted }),
        1 => who().prop_map(|by| Move::Admit { by }),
        1 => who().prop_map(|by| Move::Drop { by }),
    ];
    let hash = prop_oneof![6 => Just(Seen::Current), 2 => (0usize..9).prop_map(Seen::Old), 1 => Just(Seen::Forged)];
    let channel = prop_oneof![4 => Just(Channel::Desk), 2 => Just(Channel::Reply), 1 => Just(Channel::System)];
    let factor = select(&[Factor::None, Factor::Session, Factor::Fresh, Factor::Fresh][..]);
    let decisions = prop_oneof![
        6 => (who(), hash, channel, factor, a_choice())
            .prop_map(|(by, hash, channel, factor, choice)| Move::Decide { by, hash, channel, factor, choice }),
        2 => (who(), 0u8..4, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(by, result, met, registered, code)| {
            let result = match result {
                0 => ConfirmationResult::Denied,
                1 => ConfirmationResult::NotReached,
                _ => ConfirmationResult::Confirmed,
            };
            let method = if met { ConfirmationMethod::InPerson } else { ConfirmationMethod::Telephone };
            Move::Confirm { by, result, method, registered, code }
        }),
        1 => (who(), any::<bool>(), 0u8..3).prop_map(|(by, rejection, text)| {
            let draft = if rejection { DraftKind::Rejection } else { DraftKind::Completion };
            Move::SaveDraft { by, draft, text }
        }),
    ];
    let driver = prop_oneof![
        2 => any::<bool>().prop_map(|forged| Move::Start { forged }),
        3 => (any::<bool>(), 0u8..8, prop::option::of(who()))
            .prop_map(|(fitting, kind, by)| Move::Report { fitting, kind, by }),
    ];
    let result = prop_oneof![
        2 => issue().prop_map(|issue| Move::Reveal { issue }),
        1 => issue().prop_map(|issue| Move::ConfirmChange { issue }),
    ];
    let time = prop_oneof![
        3 => (-30i64..3000).prop_map(|minutes| Move::Pass { minutes }),
        3 => (1u8..4).prop_map(|times| Move::Ring { times }),
        1 => an_alarm().prop_map(|alarm| Move::Forge { alarm }),
    ];
    let rest = prop_oneof![
        3 => (0usize..40).prop_map(|index| Move::LetterSent { index }),
        2 => (0usize..40).prop_map(|index| Move::LetterFailed { index }),
        1 => any::<bool>().prop_map(|begin| Move::Archive { begin }),
        1 => (who(), 0usize..3).prop_map(|(by, index)| Move::Explain { by, index }),
        1 => (0usize..4).prop_map(|who| Move::Staff { who }),
    ];
    prop_oneof![3 => mails, 4 => decisions, 3 => driver, 2 => result, 3 => time, 3 => rest]
}

fn a_choice() -> impl Strategy<Value = Choice> {
    let reason = || select(&["", "sudah diperiksa"][..]).prop_map(str::to_owned);
    prop_oneof![
        4 => reason().prop_map(|reason| Choice::Approve { reason }),
        2 => (any::<bool>(), prop::option::of(Just("Mohon dilengkapi.".to_owned()))).prop_map(|(named, letter)| {
            let items = if named { vec!["appointment_decree".to_owned()] } else { Vec::new() };
            Choice::Complete { items, letter }
        }),
        1 => select(&["R04", "R06", "R77"][..])
            .prop_map(|code| Choice::Reject { code: code.into(), note: String::new(), letter: None }),
        1 => (0usize..6, reason()).prop_map(|(to, reason)| Choice::HandOver { to: admin_id(to), reason }),
        2 => reason().prop_map(|reason| Choice::Reissue { reason }),
        1 => reason().prop_map(|note| Choice::HandInPerson { note }),
    ]
}

fn an_alarm() -> impl Strategy<Value = Alarm> {
    prop_oneof![
        (0usize..6).prop_map(|span| Alarm::StandardHalf { span }),
        (0usize..6).prop_map(|span| Alarm::StandardEscalation { span }),
        (0u8..4).prop_map(|round| Alarm::CompletionReminder { round }),
        (0u8..4).prop_map(|round| Alarm::CompletionDeadline { round }),
        (0u32..4).prop_map(|issue| Alarm::SecretExpiry { issue }),
        (0u32..9).prop_map(|revision| Alarm::Assign { revision }),
    ]
}
