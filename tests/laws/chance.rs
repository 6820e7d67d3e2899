//! What may come in, at random: right, stale, repeated, forged, out of turn, under any rules and any clock.

use loket::sop::case::{Channel, ConfirmationMethod, ConfirmationResult};
use loket::sop::command::{Alarm, Choice, DraftKind, Factor, OpeningVerdict};
use loket::sop::phase::HeldReason;
use proptest::prelude::*;
use proptest::sample::select;

use super::office::{Office, admin, admin_id};
use super::papers::Papers;

/// Who a command says it comes from: admins 0 to 4, of whom number 2 is the applicant; 5 is nobody known.
pub type Who = usize;

#[derive(Debug, Clone)]
pub enum Move {
    Mail {
        papers: Papers,
        from: Who,
        trusted: bool,
        repeated: bool,
    },
    Withdraw {
        from: Who,
        trusted: bool,
    },
    Admit {
        by: Who,
    },
    Drop {
        by: Who,
    },
    Decide {
        by: Who,
        hash: Seen,
        channel: Channel,
        factor: Factor,
        choice: Choice,
    },
    Confirm {
        by: Who,
        result: ConfirmationResult,
        method: ConfirmationMethod,
        registered: bool,
        code: bool,
    },
    SaveDraft {
        by: Who,
        draft: DraftKind,
        text: u8,
    },
    Start {
        forged: bool,
    },
    Report {
        fitting: bool,
        kind: u8,
        by: Option<Who>,
    },
    Reveal {
        issue: Option<u32>,
    },
    ConfirmChange {
        issue: Option<u32>,
    },
    Pass {
        minutes: i64,
    },
    Ring {
        times: u8,
    },
    Forge {
        alarm: Alarm,
    },
    LetterSent {
        index: usize,
    },
    LetterFailed {
        index: usize,
    },
    Archive {
        begin: bool,
    },
    Explain {
        by: Who,
        index: usize,
    },
    Staff {
        who: Who,
    },
    /// Somebody goes away and names another, or comes back.
    Away {
        who: Who,
        delegate: Option<Who>,
    },
}

/// Which proposal a decision was made on.
#[derive(Debug, Clone, Copy)]
pub enum Seen {
    Current,
    Old(usize),
    Forged,
}

pub fn office() -> impl Strategy<Value = Office> {
    let flags = prop::collection::vec(prop::bool::weighted(0.3), 6);
    let rare = prop::collection::vec(prop::bool::weighted(0.04), 5);
    let counts = (0u32..4, 0u32..4, select(&[0u32, 150][..]));
    (flags, counts, rare, 0usize..4).prop_map(|(flags, (rounds, reminders, superior), rare, staff)| {
        let mut office = Office::shipped().with(|p| {
            p.approval.two_for_every_approval = flags[0];
            p.approval.two_after_trigger = flags[1];
            p.approval.two_for_reissue = flags[2];
            p.completion.auto_release = flags[3];
            p.confirmation.waivable = flags[4];
            p.reply.reject_needs_code = flags[5];
            p.approval.two_for_first_request = rare[0];
            p.approval.two_for_unregistered_sender = rare[1];
            p.approval.two_outside_hours = rare[2];
            p.approval.two_for_repeat_within_days = if rare[3] { 9 } else { 0 };
            p.approval.two_for_roles = rare[4].then(|| "Helpdesk".to_owned()).into_iter().collect();
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
    })
}

pub fn verdict() -> impl Strategy<Value = OpeningVerdict> {
    prop_oneof![
        8 => Just(OpeningVerdict::Request),
        2 => select(&[HeldReason::Unauthenticated, HeldReason::DangerousAttachment, HeldReason::ForeignReply][..])
            .prop_map(OpeningVerdict::Held),
        1 => Just(OpeningVerdict::OutOfScope),
        1 => Just(OpeningVerdict::TooLarge { limit: 25_000_000 }),
    ]
}

pub fn a_far_move() -> impl Strategy<Value = Move> {
    prop_oneof![3 => a_right_move(), 1 => a_move()]
}

fn a_right_move() -> impl Strategy<Value = Move> {
    let hash = prop_oneof![6 => Just(Seen::Current), 2 => (0usize..9).prop_map(Seen::Old), 1 => Just(Seen::Forged)];
    let factor = select(&[Factor::Fresh, Factor::Fresh, Factor::Fresh, Factor::Fresh, Factor::None][..]);
    let choice = select(vec![
        Choice::Approve { reason: "telah diperiksa".into() },
        Choice::Approve { reason: "telah diperiksa".into() },
        Choice::Reissue { reason: "tautan hilang".into() },
        Choice::HandInPerson { note: "KTP".into() },
    ]);
    let called = Move::Confirm {
        by: 1,
        result: ConfirmationResult::Confirmed,
        method: ConfirmationMethod::Telephone,
        registered: true,
        code: true,
    };
    prop_oneof![
        6 => (0usize..2, hash, factor, choice)
            .prop_map(|(by, hash, factor, choice)| Move::Decide { by, hash, channel: Channel::Desk, factor, choice }),
        2 => Just(called),
        3 => Just(Move::Start { forged: false }),
        4 => (0u8..8).prop_map(|kind| Move::Report { fitting: true, kind, by: None }),
        2 => Just(Move::Reveal { issue: None }),
        1 => Just(Move::ConfirmChange { issue: None }),
        1 => (0i64..40).prop_map(|minutes| Move::Pass { minutes }),
        2 => (1u8..6).prop_map(|times| Move::Ring { times }),
        2 => (0usize..40).prop_map(|index| Move::LetterSent { index }),
    ]
}

pub fn a_move() -> impl Strategy<Value = Move> {
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
        1 => (0usize..4, prop::option::weighted(0.8, 0usize..5)).prop_map(|(who, delegate)| Move::Away { who, delegate }),
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
