//! The laws, each a function that fails where one is broken. [`step`] holds them on a command and what came of it,
//! [`standing`] on the case as it then stands, [`opened`] on a case just opened.

use loket::sop::case::{Authenticity, Case, Channel, Deed};
use loket::sop::checklist::Finding;
use loket::sop::command::{Alarm, Choice, Command, Decision, Factor, Report};
use loket::sop::decide::{Ruling, decide, why_two};
use loket::sop::effect::{Effect, LetterName, Recipient};
use loket::sop::event::Event;
use loket::sop::phase::{AdminId, AttemptState, Outcome, Phase, Recommendation, RevealKind, RevealState};

use super::office::Office;
use super::walk::Walk;

pub fn opened(walk: &Walk, ruling: &Ruling) {
    let rebuilt = Case::replay(ruling.events.iter().map(|e| (e, walk.now)));
    assert_eq!(rebuilt.as_ref(), Some(&ruling.case), "a case is what its events say");
    assert!(!ruling.effects.iter().any(|e| matches!(e, Effect::CallDriver { .. })), "opening touches no account");
    letters_go_where_they_may(ruling);
}

/// `walk` is as it was before the command.
pub fn step(walk: &mut Walk, before: &Case, command: &Command, ruling: &Ruling) {
    the_events_say_it_all(walk, before, ruling);
    the_account_is_touched_only_on_a_decision(walk, before, command, ruling);
    a_result_is_handed_over_by_as_many_as_granted_it(walk, before, command, ruling);
    a_first_approval_is_proven_and_does_nothing(command, ruling);
    the_offices_own_people_are_asked(walk, before, ruling);
    the_ledger_is_kept(before, command, ruling);
    closed_stays_closed(before, ruling);
    what_is_filed_stands_still(before, ruling);
    a_decided_account_stands_still(before, ruling);
    letters_go_where_they_may(ruling);
    old_links_die_first(before, ruling);
    reasons_and_rounds_are_the_procedures(&walk.office, ruling);
    only_the_applicant_withdraws_and_in_time(before, command, ruling);
    secrets_are_shown_once(walk, before, command, ruling);
    a_second_time_does_nothing(walk, command, ruling);
}

pub fn standing(walk: &Walk) {
    time_is_kept(walk);
    nothing_waits_for_ever(walk);
    no_secret_outlives_its_use(walk);
    no_result_is_promised_for_longer_than_it_lives(walk);
    what_was_granted_stays_granted(walk);
}

fn the_events_say_it_all(walk: &Walk, before: &Case, ruling: &Ruling) {
    let mut rebuilt = before.clone();
    ruling.events.iter().for_each(|event| rebuilt.evolve(event, walk.now));
    assert_eq!(rebuilt, ruling.case, "a case is what its events say");
}

/// No call to the driver without an approval by a registered admin, not the applicant, with the factor, of exactly the
/// proposal that then stood; and, where two must approve, a first one of the same proposal by another person.
fn the_account_is_touched_only_on_a_decision(walk: &Walk, before: &Case, command: &Command, ruling: &Ruling) {
    let calls: Vec<u32> = ruling.effects.iter().filter_map(call).collect();
    let approvals: Vec<_> = ruling.events.iter().filter_map(approval).collect();
    assert_eq!(calls.len(), approvals.len(), "one call for one approval");
    let Some(record) = approvals.first() else { return };
    assert_eq!(calls, [u32::try_from(before.decisions.len()).unwrap() + 1], "each decision has a number of its own");
    let Command::Decide(decision) = command else { panic!("only a decision approves") };
    assert!(walk.office.may_act(before, &decision.by), "a registered admin decides, never the applicant");
    let standing = before.phase.proposal().expect("something is decided on");
    assert_eq!(decision.proposal, standing.hash, "the person saw what stands");
    assert_eq!((&record.proposal, &record.by), (&standing.hash, &decision.by));
    let reissue = matches!(decision.choice, Choice::Reissue { .. });
    match decision.channel {
        Channel::Desk if !reissue => assert_ne!(decision.factor, Factor::None),
        Channel::Desk | Channel::Reply => assert_eq!(decision.factor, Factor::Fresh),
        Channel::System => panic!("the system decides nothing"),
    }
    let deed = if reissue { Deed::Reissue } else { Deed::Grant };
    assert_eq!(record.deed, deed);
    two_where_the_procedure_says_so(walk, before, decision, deed, record.first.as_ref());
    assert!(before.account.as_ref().is_some_and(|a| a.active));
    if reissue {
        return;
    }
    assert!(before.understanding.is_complete() && !before.services().is_empty());
    assert!(!before.is_denied(), "what the applicant denied is not done");
    let no_nip = before.account.as_ref().is_some_and(|a| a.nip.is_none());
    assert!(!no_nip || before.confirmed().is_some_and(|c| c.code_tag.is_some()), "somebody can open the result");
    let foreign = before.understanding.check("sender_registered").is_some_and(|c| c.finding != Finding::Met);
    let waived = walk.office.procedure.confirmation.waivable && !record.reason.is_empty();
    assert!(!foreign || waived || before.confirmed().is_some(), "a stranger's mail is confirmed by phone");
    let unproven = before.mails.iter().any(|m| !matches!(m.authenticity, Authenticity::Proven { .. }));
    assert!(!unproven || waived || before.confirmed().is_some(), "so is what nothing proves, whoever let it in");
}

/// A secret is shown at the desk only to an admin, proven anew; where two must approve, to the second.
fn a_result_is_handed_over_by_as_many_as_granted_it(walk: &Walk, before: &Case, command: &Command, ruling: &Ruling) {
    let handed = ruling.events.iter().find_map(|event| match event {
        Event::HandedInPerson { by, first, .. } => Some((by, first.as_ref())),
        _ => None,
    });
    let (Some((by, first)), Command::Decide(decision)) = (handed, command) else { return };
    assert_eq!((by, decision.factor), (&decision.by, Factor::Fresh));
    assert!(walk.office.may_act(before, by));
    two_where_the_procedure_says_so(walk, before, decision, Deed::HandInPerson, first);
    assert!(ruling.case.first_approval.is_none(), "nothing of it is left to approve");
}

/// What took two takes two again: to issue its result anew, and to see it.
fn two_where_the_procedure_says_so(
    walk: &Walk,
    before: &Case,
    decision: &Decision,
    deed: Deed,
    counted: Option<&AdminId>,
) {
    let rules = &walk.office.procedure;
    let again = deed != Deed::Grant && rules.approval.two_for_reissue;
    let two = again || !why_two(before, rules, &walk.office.calendar).is_empty();
    assert_eq!(counted.is_some(), two, "two where the procedure says so, and only there");
    if two {
        assert_eq!(decision.factor, Factor::Fresh, "the second is proven anew");
        let first = before.first_approval.as_ref().expect("somebody approved first");
        assert_eq!(counted, Some(&first.by));
        assert!(!first.by.same_mailbox(&decision.by), "two are two persons");
        assert_eq!((&first.proposal, first.deed), (&decision.proposal, deed), "both approved the same");
        assert!(walk.office.may_act(before, &first.by), "both may act");
    }
}

/// The first of two is proven anew as well, and nothing is done on it alone.
fn a_first_approval_is_proven_and_does_nothing(command: &Command, ruling: &Ruling) {
    if !ruling.events.iter().any(|e| matches!(e, Event::FirstApproved { .. })) {
        return;
    }
    let Command::Decide(decision) = command else { panic!("only a decision approves") };
    assert_eq!(decision.factor, Factor::Fresh);
    assert!(ruling.effects.iter().all(|e| matches!(e, Effect::Send { .. })), "nothing happens on the first alone");
}

/// Whoever is written to as an admin, or stands in for one, is enrolled and another person than the applicant.
fn the_offices_own_people_are_asked(walk: &Walk, before: &Case, ruling: &Ruling) {
    for effect in &ruling.effects {
        if let Effect::Send { letter } = effect
            && let (LetterName::ActionNeeded | LetterName::SecondNeeded, Recipient::Admin { id }) =
                (letter.kind, &letter.to)
        {
            assert!(walk.office.may_act(&ruling.case, id), "who may not decide is not asked to");
        }
    }
    for event in &ruling.events {
        if let Event::StoodIn { by, absent } = event {
            assert!(!by.same_mailbox(absent) && walk.office.may_act(before, by));
            let named = walk.office.admins.iter().any(|a| a.id == *absent && a.delegate.as_ref() == Some(by));
            assert!(named && before.assigned.as_ref() == Some(absent), "for the absent admin of this very case");
        }
    }
}

fn the_ledger_is_kept(before: &Case, command: &Command, ruling: &Ruling) {
    let started = ruling.events.iter().any(|e| matches!(e, Event::ExecutionStarted { .. }));
    if started {
        let state = before.attempt().map(|a| a.state);
        assert!(matches!(before.phase, Phase::Executing { .. }) && state == Some(AttemptState::Intended));
    }
    if matches!(before.phase, Phase::Unknown { .. }) {
        assert!(!matches!(ruling.case.phase, Phase::Executing { .. }), "the unknown is never tried again");
        let told = matches!(command, Command::ReportExecution { .. });
        assert!(told || matches!(ruling.case.phase, Phase::Unknown { .. }), "only a report ends the unknown");
    }
    if let (Phase::Executing { attempt }, Command::ReportExecution { report, .. }) = (&before.phase, command) {
        let by_person = matches!(
            report,
            Report::Done { by: Some(_), .. }
                | Report::SystemSentLink { by: Some(_) }
                | Report::Failed { by: Some(_), .. }
                | Report::NotFound { by: Some(_), .. }
        );
        assert!(!(by_person && attempt.state == AttemptState::Started), "nobody speaks for a driver at work");
    }
    let results = ruling.events.iter().filter(|e| matches!(e, Event::ResultReady { .. })).count();
    assert!(results <= 1 && (results == 0 || before.attempt().is_some()), "a result comes from an attempt");
}

fn closed_stays_closed(before: &Case, ruling: &Ruling) {
    if !before.phase.is_closed() {
        return;
    }
    assert_eq!(before.phase, ruling.case.phase);
    assert_eq!(before.mails.len(), ruling.case.mails.len());
    for effect in &ruling.effects {
        match effect {
            Effect::Send { letter } => {
                assert!(matches!(letter.to, Recipient::Admin { .. } | Recipient::Superior), "{:?}", letter.kind);
            }
            Effect::Wake { alarm, .. } => assert!(is_reminder(alarm)),
            effect => panic!("a closed case does nothing: {effect:?}"),
        }
    }
}

/// The archive holds the dossier as it was when step 9 ended, and compares.
fn what_is_filed_stands_still(before: &Case, ruling: &Ruling) {
    if before.phase.is_closed() && before.times.has_done(9) && before.times.open_span().is_none() {
        assert!(ruling.events.is_empty() && ruling.effects.is_empty(), "a filed case changed: {:?}", ruling.events);
    }
}

fn a_decided_account_stands_still(before: &Case, ruling: &Ruling) {
    let decided = |phase: &Phase| {
        matches!(
            phase,
            Phase::Executing { .. } | Phase::Unknown { .. } | Phase::Delivered { .. } | Phase::Closed { .. }
        )
    };
    if decided(&before.phase) {
        assert_eq!(before.account, ruling.case.account, "a result goes where the decision said");
        assert_eq!(before.understanding, ruling.case.understanding);
    }
}

/// THREATS row 21.
fn letters_go_where_they_may(ruling: &Ruling) {
    for effect in &ruling.effects {
        let Effect::Send { letter } = effect else { continue };
        match letter.kind {
            LetterName::ResultReset
            | LetterName::ResultUserId
            | LetterName::ResultBoth
            | LetterName::ResultSystemLink
            | LetterName::SecretExpired
            | LetterName::ChangeReminder
            | LetterName::HandedInPerson
            | LetterName::Closed => assert_eq!(letter.to, Recipient::Registered, "{:?}", letter.kind),
            LetterName::Acknowledgement
            | LetterName::CompletionReceived
            | LetterName::CompletionRequest
            | LetterName::CompletionReminder
            | LetterName::Rejected
            | LetterName::OutOfScope
            | LetterName::TooLarge
            | LetterName::Withdrawn => assert_eq!(letter.to, Recipient::Correspondent, "{:?}", letter.kind),
            _ => assert!(matches!(letter.to, Recipient::Admin { .. } | Recipient::Superior), "{:?}", letter.kind),
        }
        let linked = letter.links_to.as_ref();
        let current = ruling.case.phase.proposal().map(|p| &p.hash);
        assert!(linked.is_none() || linked == current, "links lead to what stands");
    }
}

fn old_links_die_first(before: &Case, ruling: &Ruling) {
    let hash = |case: &Case| case.phase.proposal().map(|p| p.hash.clone());
    let void = ruling.effects.iter().position(|e| matches!(e, Effect::VoidLinks));
    if hash(before).is_some() && hash(before) != hash(&ruling.case) {
        assert!(void.is_some(), "links to what no longer stands die");
    }
    if ruling.events.iter().any(|e| matches!(e, Event::Proposed { .. })) {
        let told =
            ruling.effects.iter().position(|e| matches!(e, Effect::Send { letter } if letter.links_to.is_some()));
        assert!(told.is_none() || void < told, "the old links die before the new ones are sent");
    }
}

fn reasons_and_rounds_are_the_procedures(office: &Office, ruling: &Ruling) {
    let known = |code: &str| assert!(office.procedure.reject_reason(code).is_some(), "no reason {code}");
    assert!(u32::from(ruling.case.rounds) <= office.procedure.completion.max_rounds, "no round beyond the last");
    for event in &ruling.events {
        match event {
            Event::Rejected { code, .. } | Event::Closed { outcome: Outcome::Rejected { code } } => known(code),
            Event::Proposed { proposal, .. } => match &proposal.recommendation {
                Recommendation::Reject { code } => known(code),
                Recommendation::Complete { items } => assert!(!items.is_empty(), "something is asked for"),
                Recommendation::Approve | Recommendation::Look { .. } => {}
            },
            Event::CompletionAsked { by: None, .. } => assert!(office.procedure.completion.auto_release),
            _ => {}
        }
    }
}

fn only_the_applicant_withdraws_and_in_time(before: &Case, command: &Command, ruling: &Ruling) {
    let Command::Withdraw(mail) = command else {
        assert!(!ruling.events.contains(&Event::Withdrawn));
        return;
    };
    assert!(before.phase.is_undecided(), "what is decided is not withdrawn");
    assert!(mail.authenticity.is_trusted(), "a forger withdraws nothing");
    assert_eq!(ruling.case.phase.name(), "closed");
}

fn secrets_are_shown_once(walk: &mut Walk, before: &Case, command: &Command, ruling: &Ruling) {
    let shown = ruling.events.iter().find_map(|e| match e {
        Event::Revealed { issue } | Event::HandedInPerson { issue, .. } => Some(*issue),
        _ => None,
    });
    if let Some(issue) = shown {
        let made_by_hand = before.attempt().is_some_and(|a| a.decision == issue)
            && matches!(command, Command::ReportExecution { report: Report::HandedOver { .. }, .. });
        match &before.phase {
            Phase::Delivered { reveal, .. } => {
                assert!(reveal.issue == issue && walk.now < reveal.expires_at, "only in time");
            }
            _ => assert!(made_by_hand, "nothing was there to show"),
        }
        assert!(walk.secrets.contains_key(&issue), "what is shown is still there");
        let count = walk.shown.entry(issue).or_insert(0);
        *count += 1;
        assert_eq!(*count, 1, "a secret is shown once");
        assert!(ruling.effects.contains(&Effect::DestroySecret { issue }), "and destroyed with it");
    }
    if matches!(command, Command::Reveal { .. }) {
        assert!(shown.is_some(), "a claim shows or is refused");
    }
    if let (Phase::Delivered { reveal, .. }, Phase::Executing { .. }) = (&before.phase, &ruling.case.phase) {
        let issue = reveal.issue;
        assert!(ruling.effects.contains(&Effect::DestroySecret { issue }), "the old secret dies with its link");
    }
}

/// The same command again is refused, or has no effect but to wait. A wake-up is taken from the outbox with its ruling.
fn a_second_time_does_nothing(walk: &Walk, command: &Command, ruling: &Ruling) {
    // A stand-in who is told once more reads a letter twice, and that is all.
    if matches!(command, Command::Wake(_) | Command::Confirm(_) | Command::Brief { .. }) {
        return;
    }
    let again = walk.office.ask(walk.now, |ctx| decide(&ruling.case, command.clone(), ctx));
    if let Ok(again) = again {
        let done: Vec<_> = again.effects.iter().filter(|e| !matches!(e, Effect::Wake { .. })).collect();
        assert!(done.is_empty(), "twice {command:?} did {done:?}");
    }
}

/// Spans never overlap, the applicant's steps have no clock, and each overrun is a deviation of its actor, no other.
fn time_is_kept(walk: &Walk) {
    let (sheet, calendar) = (&walk.case.times, &walk.office.calendar);
    let mut expected = Vec::new();
    for (index, span) in sheet.spans.iter().enumerate() {
        let last = index + 1 == sheet.spans.len();
        assert!(span.to.is_some() || last, "one step at a time");
        assert!(span.to.is_none_or(|to| span.from <= to));
        assert!(last || span.to.is_some_and(|to| to <= sheet.spans[index + 1].from), "time counts once");
        assert!(span.step != 1 && (span.step != 4 || span.actor.is_none()), "the applicant's time is nobody's");
        assert!(span.actor.as_ref().is_none_or(|a| walk.journal.iter().any(|(e, _)| is_assigned(e, a))));
        let (Some(to), Some(standard)) = (span.to, walk.office.procedure.time(span.step)) else { continue };
        let taken = calendar.working_minutes(span.from, to).seconds();
        if taken > u64::from(standard.minutes) * 60 {
            expected.push((span.step, span.actor.clone(), taken.div_ceil(60)));
        }
    }
    let recorded: Vec<_> = sheet.deviations.iter().map(|d| (d.step, d.actor.clone(), u64::from(d.taken))).collect();
    assert_eq!(recorded, expected, "a deviation for each overrun and for nothing else");
    let (Some(first), Some(end)) = (sheet.spans.first(), sheet.spans.iter().filter_map(|s| s.to).next_back()) else {
        return;
    };
    let ended = sheet.spans.iter().filter_map(|s| s.to.map(|to| (s.from, to)));
    let spent: u64 = ended.clone().map(|(from, to)| calendar.working_minutes(from, to).seconds()).sum();
    let between: u64 =
        ended.clone().zip(ended.skip(1)).map(|(a, b)| calendar.working_minutes(a.1, b.0).seconds()).sum();
    assert_eq!(spent + between, calendar.working_minutes(first.from, end).seconds(), "no minute counts twice");
    let runs =
        matches!(&walk.case.phase, Phase::Held { .. } | Phase::UnderReview { .. } | Phase::AwaitingConfirmation { .. })
            || walk.case.attempt().is_some();
    assert!(!runs || sheet.open_span().is_some_and(|s| s.step != 4), "the clock runs while the office is to act");
    let stands = matches!(&walk.case.phase, Phase::Incomplete { .. });
    assert!(
        !stands || sheet.open_span().is_some_and(|s| s.step == 4 && s.actor.is_none()),
        "it stands while the applicant completes"
    );
}

fn nothing_waits_for_ever(walk: &Walk) {
    let named = walk.case.assigned.as_ref().is_some_and(|a| walk.office.may_act(&walk.case, a));
    let looking = pending(walk, |a| *a == Alarm::Assign { revision: walk.case.revisions });
    let moves_on = match &walk.case.phase {
        Phase::Received => false,
        Phase::Closed { .. } => true,
        Phase::Held { .. } | Phase::UnderReview { .. } | Phase::AwaitingConfirmation { .. } => named || looking,
        Phase::Unknown { .. } => named || looking,
        Phase::Executing { attempt } => match attempt.state {
            AttemptState::ByHand => named || looking,
            AttemptState::Intended => walk.calls.contains(&attempt.decision),
            // Found so at the start of the daemon, it is reported unknown.
            AttemptState::Started => true,
        },
        Phase::Incomplete { round, .. } => pending(walk, |a| *a == Alarm::CompletionDeadline { round: *round }),
        Phase::Delivered { reveal, .. } => {
            let issue = reveal.issue;
            if reveal.state == RevealState::Waiting && reveal.what != RevealKind::SystemLink {
                pending(walk, |a| *a == Alarm::SecretExpiry { issue })
            } else {
                pending(walk, |a| *a == Alarm::ChangeReminder { issue, nth: reveal.reminders + 1 })
            }
        }
    };
    assert!(moves_on, "nobody and nothing would ever move this on: {:?}", walk.case.phase);
}

fn no_secret_outlives_its_use(walk: &Walk) {
    let needed = match &walk.case.phase {
        Phase::Executing { attempt } | Phase::Unknown { attempt, .. } => Some(attempt.decision),
        Phase::Delivered { reveal, .. } if reveal.state == RevealState::Waiting => Some(reveal.issue),
        _ => None,
    };
    assert!(walk.secrets.keys().all(|issue| Some(*issue) == needed), "a secret lives in {:?}", walk.case.phase.name());
    let count = |wanted: fn(&Event) -> bool| walk.journal.iter().filter(|(e, _)| wanted(e)).count();
    let (decided, done) = (count(|e| approval(e).is_some()), count(|e| matches!(e, Event::ResultReady { .. })));
    assert!(done <= decided, "never two results for one decision");
}

/// The account system ends a password at the time it was told, and the sealed copy goes then.
fn no_result_is_promised_for_longer_than_it_lives(walk: &Walk) {
    let Phase::Delivered { reveal, .. } = &walk.case.phase else { return };
    if reveal.state == RevealState::Waiting && reveal.what != RevealKind::SystemLink {
        let until = walk.secrets.get(&reveal.issue).expect("what waits is sealed");
        assert!(reveal.expires_at <= *until, "promised until {}, but it ends at {until}", reveal.expires_at);
    }
}

/// Once a result was made ready, the request can be neither withdrawn nor rejected.
fn what_was_granted_stays_granted(walk: &Walk) {
    if !walk.journal.iter().any(|(e, _)| matches!(**e, Event::ResultReady { .. })) {
        return;
    }
    assert!(!walk.case.phase.is_undecided(), "a granted request is open again: {}", walk.case.phase.name());
    if let Phase::Closed { outcome, .. } = &walk.case.phase {
        let granted = ["reset_confirmed", "reset_unconfirmed", "user_id_given", "not_fetched"];
        assert!(granted.contains(&outcome.name()), "a granted request ended as {}", outcome.name());
    }
}

fn pending(walk: &Walk, wanted: impl Fn(&Alarm) -> bool) -> bool {
    walk.wakes.iter().any(|(_, alarm)| wanted(alarm))
}

fn is_reminder(alarm: &Alarm) -> bool {
    matches!(alarm, Alarm::StandardHalf { .. } | Alarm::StandardWhole { .. } | Alarm::StandardEscalation { .. })
}

fn is_assigned(event: &Event, actor: &loket::sop::phase::AdminId) -> bool {
    matches!(event, Event::Assigned { to, .. } if to == actor)
}

fn call(effect: &Effect) -> Option<u32> {
    match effect {
        Effect::CallDriver { decision } => Some(*decision),
        _ => None,
    }
}

fn approval(event: &Event) -> Option<&loket::sop::case::DecisionRecord> {
    match event {
        Event::Approved { decision } => Some(decision),
        _ => None,
    }
}
