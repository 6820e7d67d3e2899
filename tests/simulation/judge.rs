//! The promises, held at the moment they could be broken, and all together once everything has come to its end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use loket::engine::archive::ArchiveDossier;
use loket::engine::codec;
use loket::engine::port::Folder;
use loket::engine::secrets::ResultSecret;
use loket::engine::store::{CaseKey, Outcome, Row, RowState, StoredEvent};
use loket::sop::case::{Case, LetterState};
use loket::sop::event::{Event, Recorded};
use loket::sop::names::{CaseNumber, OfficeId};
use loket::sop::phase::{self, AttemptState, Phase, Reveal, RevealKind, RevealState};
use loket::vault::sha256_hex;

use super::memory::Kept;
use super::world::{Inside, World, name_of};

/// Books are cases to the store but no requests.
pub fn is_request(key: &CaseKey) -> bool {
    key.number.prefix() == "LPSE"
}

/// A case with the bytes it was decoded from.
type Decoded = (Vec<u8>, Rc<Case>);

thread_local! {
    /// A case is looked at more often than it changes.
    static DECODED: RefCell<BTreeMap<CaseKey, Decoded>> = RefCell::default();
}

pub fn case_of(kept: &Kept, key: &CaseKey) -> Option<Rc<Case>> {
    let snapshot = &kept.cases.get(key)?.snapshot;
    DECODED.with_borrow_mut(|decoded| {
        if let Some((_, case)) = decoded.get(key).filter(|(bytes, _)| bytes == snapshot) {
            return Some(case.clone());
        }
        let case: Rc<Case> = Rc::new(codec::decode(snapshot, "a case").expect("a case decodes"));
        decoded.insert(key.clone(), (snapshot.clone(), case.clone()));
        Some(case)
    })
}

/// A wait for another try; only deadlines and reminders wait longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(9);

/// After each commit: the version follows, whatever the case waits for has its row, its person or its wake-up, and what waits
/// for the applicant is true.
pub fn committed(world: &World, before: &[(CaseKey, u64)], outcomes: &[Outcome]) {
    let mut inside = world.lock();
    for ((key, expected), outcome) in before.iter().zip(outcomes) {
        let Outcome::Committed { version } = outcome else { continue };
        assert_eq!(*version, expected + 1, "{}: one step, one version", key.number);
        if is_request(key) {
            world.store.kept(|kept| {
                let Some(case) = case_of(kept, key) else { return };
                nothing_is_forgotten(kept, key, &case);
                nothing_waits_too_long(kept, &inside, key);
                what_waits_is_true(kept, world, &mut inside, key, &case);
                let sent =
                    |id: &str| case.letters.iter().any(|l| l.id == id && matches!(l.state, LetterState::Sent { .. }));
                let prefix = format!("{}.", key.number).to_lowercase();
                for daemon in &mut inside.daemons {
                    daemon.unrecorded.retain(|name| !name.strip_prefix(&prefix).is_some_and(sent));
                }
            });
        }
    }
}

/// After a row was settled without a step of its case.
pub fn settled(world: &World, key: &CaseKey) {
    if is_request(key) {
        let inside = world.lock();
        world.store.kept(|kept| nothing_waits_too_long(kept, &inside, key));
    }
}

fn rows<'k>(kept: &'k Kept, key: &'k CaseKey) -> impl Iterator<Item = &'k Row> {
    let rows = kept.rows.range((key.clone(), String::new())..).take_while(move |((of, _), _)| of == key);
    rows.map(|(_, (row, _))| row).filter(|row| row.state == RowState::Waiting)
}

fn nothing_waits_too_long(kept: &Kept, inside: &Inside, key: &CaseKey) {
    let latest = inside.now + inside.ahead + LONGEST_WAIT;
    for row in rows(kept, key).filter(|row| row.kind != "wake") {
        assert!(row.due <= latest, "{}/{} waits until {} at {}", key.number, row.id, row.due, inside.now);
    }
}

fn nothing_is_forgotten(kept: &Kept, key: &CaseKey, case: &Case) {
    let waits = |kind: &str| rows(kept, key).any(|row| row.kind == kind);
    let goes_on = match &case.phase {
        Phase::Executing { attempt } if attempt.state == AttemptState::ByHand => case.assigned.is_some(),
        Phase::Executing { .. } => waits("driver"),
        Phase::Incomplete { .. } | Phase::Delivered { .. } => waits("wake"),
        Phase::Closed { .. } => true,
        _ => case.assigned.is_some() || waits("wake"),
    };
    assert!(goes_on, "{} would wait for ever in {:?}", key.number, case.phase.name());
    for letter in case.letters.iter().filter(|letter| letter.state == LetterState::Queued) {
        let row = kept.rows.contains_key(&(key.clone(), letter.id.clone()));
        assert!(row, "{}: letter {} is lost", key.number, letter.id);
    }
}

/// A result that waits for its applicant is there, and is what the account system was given for their own account.
fn what_waits_is_true(kept: &Kept, world: &World, inside: &mut Inside, key: &CaseKey, case: &Case) {
    let Phase::Delivered { reveal, .. } = &case.phase else { return };
    if reveal.state != RevealState::Waiting || reveal.what == RevealKind::SystemLink {
        return;
    }
    let (id, order) = (reveal.issue.to_string(), order_of(case, reveal.issue));
    let Some(secret) = kept.secrets.get(&(key.clone(), id.clone())) else {
        // A daemon whose clock is ahead may have destroyed it in its own time.
        let over = reveal.expires_at <= inside.now + inside.ahead;
        assert!(over, "{order} waits without its secret at {}, until {}", inside.now, reveal.expires_at);
        return;
    };
    if inside.opened.get(&order) == Some(&secret.sealed) {
        return;
    }
    let plain = world.keys.passwords.open(&key.number.to_string(), &id, &secret.sealed);
    let plain = plain.unwrap_or_else(|_| panic!("{order} was sealed under another key"));
    let result = serde_json::from_str(plain.expose()).expect("a result reads");
    shown(inside, case, reveal, &result);
    inside.opened.insert(order, secret.sealed.clone());
}

/// What an applicant is told.
pub fn shown(inside: &Inside, case: &Case, reveal: &Reveal, result: &ResultSecret) {
    let order = order_of(case, reveal.issue);
    let own = case.account.as_ref().map(|account| &account.user_id);
    if let Some(told) = &result.user_id {
        assert_eq!(Some(told), own.map(|own| &own.0), "{order}: another account is told of");
    }
    if !reveal.what.must_change() {
        return;
    }
    let ordered = inside.ordered.get(&order).filter(|_| inside.resets.contains_key(&order));
    let ordered = ordered.unwrap_or_else(|| panic!("{order}: a password is told, and nothing was reset"));
    let told = result.password.as_ref().map(|password| sha256_hex(password.as_bytes()));
    assert!(told.as_ref() == Some(&ordered.password), "{order}: another password is told than was set");
    assert_eq!(own, Some(&ordered.user_id), "{order}: another account was reset");
}

/// The key of a decision.
fn order_of(case: &Case, decision: u32) -> String {
    format!("{}/{}/{decision}", super::office::OFFICE, case.number)
}

fn decision_of(order: &str) -> (CaseNumber, u32) {
    let mut parts = order.split('/').skip(1);
    let number = parts.next().and_then(CaseNumber::parse).expect("a key names the case");
    (number, parts.next().and_then(|n| n.parse().ok()).expect("a key ends in its decision"))
}

/// What is on record of a case, live or archived.
fn story(world: &World, inside: &Inside, number: &CaseNumber) -> Vec<Recorded> {
    let key = CaseKey { office: OfficeId(super::office::OFFICE.to_owned()), number: number.clone() };
    let decoded = |event: &StoredEvent| codec::decode(&event.bytes, "an event").expect("an event decodes");
    let live = world.store.kept(|kept| kept.events.get(&key).map(|events| events.iter().map(decoded).collect()));
    live.unwrap_or_else(|| {
        let told = inside.archive.get(number).and_then(|d| d.items.iter().find(|item| item.name == "peristiwa.json"));
        serde_json::from_slice(&told.expect("a case is live or archived").bytes).expect("a journal reads")
    })
}

/// When the account system was last asked to carry a decision out.
pub fn begun(world: &World, inside: &Inside, order: &str) -> Option<DateTime<Utc>> {
    let (number, decision) = decision_of(order);
    let begins = |event: &Event| matches!(event, Event::ExecutionStarted { decision: of } if *of == decision);
    story(world, inside, &number).iter().rfind(|recorded| begins(&recorded.event)).map(|recorded| recorded.at)
}

/// At a reset: nobody but a person may have believed that it would not happen.
pub fn reset(world: &World, inside: &Inside, order: &str) {
    let (number, decision) = decision_of(order);
    let story = story(world, inside, &number);
    assert!(!believed_undone(&story, decision), "{order} is reset, and was decided anew");
}

/// Whether the program itself wrote down that a decision was not carried out.
fn believed_undone(story: &[Recorded], decision: u32) -> bool {
    story.iter().any(|recorded| match &recorded.event {
        Event::ExecutionFailed { decision: of, by: None, why } => {
            *of == decision && why != "reset_outlived_its_password"
        }
        _ => false,
    })
}

/// A dossier comes to the archive once more.
pub fn kept_again(kept: &ArchiveDossier, dossier: &ArchiveDossier) {
    let number = &kept.key.number;
    for (before, now) in kept.items.iter().zip(&dossier.items) {
        assert!(before == now, "{number}: {} was filed with other bytes, as {}", now.name, before.name);
    }
    assert_eq!(kept.items.len(), dossier.items.len(), "{number} was filed with other parts");
    assert_eq!(
        (&kept.register, &kept.metadata),
        (&dossier.register, &dossier.metadata),
        "{number} was filed otherwise"
    );
}

/// Before a case leaves the live store: it is whole in the archive, and its journal tells the same as the case.
pub fn removing(world: &World, key: &CaseKey) {
    assert!(world.lock().archive.contains_key(&key.number), "{} is removed before it is archived", key.number);
    world.store.kept(|kept| journal_tells_the_same(kept, key));
}

pub fn journal_tells_the_same(kept: &Kept, key: &CaseKey) {
    let (Some(case), Some(events)) = (case_of(kept, key), kept.events.get(key)) else { return };
    let recorded: Vec<Recorded> =
        events.iter().map(|e| codec::decode(&e.bytes, "an event").expect("an event decodes")).collect();
    let rebuilt = Case::replay(recorded.iter().map(|r| (&r.event, r.at)));
    assert_eq!(rebuilt.as_ref(), Some(&*case), "{}: the journal tells another story", key.number);
    assert!(events.windows(2).all(|pair| pair[0].position < pair[1].position && pair[0].seq + 1 == pair[1].seq));
}

/// A mail is moved on the server only when it is on record: under its own key, or, put aside beyond the day's limits, as a
/// line of the daybook.
pub fn filed(world: &World, raw: &[u8], to: Folder) {
    let hash = sha256_hex(raw).0;
    let known = world.store.kept(|kept| {
        let books = || kept.events.iter().filter(|(key, _)| !is_request(key)).flat_map(|(_, events)| events);
        let line = || books().any(|event| String::from_utf8_lossy(&event.bytes).contains(&hash));
        kept.seen.contains_key(&format!("bytes:{hash}")) || (to == Folder::Refused && line())
    });
    assert!(known, "a mail was moved to {to:?} that is not on record: {}", String::from_utf8_lossy(raw));
}

/// From the end of the faults to the last dossier in the archive: all reminders and deadlines, one after the other.
const LONGEST_WAY: TimeDelta = TimeDelta::days(90);

/// When all faults have ended and everybody did their part.
pub fn the_end(world: &World) {
    let mut inside = world.lock();
    world.store.kept(|kept| {
        let live: Vec<_> = kept.cases.keys().filter(|key| is_request(key)).map(|key| key.number.to_string()).collect();
        assert!(live.is_empty(), "no end in sight for {live:?}");
        let rows: Vec<_> = kept.rows.values().map(|(row, _)| format!("{}/{}", row.key.number, row.id)).collect();
        assert!(rows.is_empty(), "the outbox keeps {rows:?}");
        assert!(kept.secrets.is_empty(), "a secret outlived its case");
    });
    assert!(inside.mailbox.iter().all(|mail| mail.filed.is_some()), "a mail still lies in the inbox");
    for (index, number) in inside.archive.keys().enumerate() {
        assert_eq!(number.serial() as usize, index + 1, "numbers have no gaps");
    }
    each_mail_is_on_record_once(world, &inside);
    let took = inside.now - inside.calm_since;
    assert!(took <= LONGEST_WAY, "{} days to the end, with nothing in the way", took.num_days());
    let mut letters = 0;
    for (number, dossier) in &inside.archive {
        let case = archived(dossier);
        for letter in &case.letters {
            let name = format!("{number}.{}", letter.id).to_lowercase();
            let id = format!("loket.{name}.");
            let sent = inside.post.range(id.clone()..).next().filter(|(key, _)| key.starts_with(&id));
            letters += usize::from(sent.is_some());
            let offers = inside.offers.get(&name).copied().unwrap_or(0);
            match &letter.state {
                LetterState::Sent { .. } => {
                    assert!(sent.is_some(), "{id} is called sent");
                    let notice = format!("returned-{number}-{}-", letter.id).to_lowercase();
                    let told = || inside.post.keys().any(|id| id.to_lowercase().contains(&notice));
                    assert!(!inside.bounced.contains(&name) || told(), "{id} came back, and nobody was told");
                }
                LetterState::Queued => panic!("{id} is still on its way in the archive"),
                // No server here says no for good.
                LetterState::Undelivered { why, .. } => {
                    let given_up = offers >= 20 || inside.bounced.contains(&name);
                    assert!(given_up, "{id} is given up after {offers}: {why}");
                }
            }
        }
        let resets = || inside.resets.keys().filter(|order| decision_of(order).0 == *number);
        let story = if resets().count() > 0 { story(world, &inside, number) } else { Vec::new() };
        for order in resets() {
            each_reset_is_on_record(&story, order);
            assert!(decision_of(order).1 as usize <= case.decisions.len(), "{order} was reset without a decision");
        }
        if case.phase == (Phase::Closed { outcome: phase::Outcome::ResetConfirmed, at: dossier.register.closed }) {
            assert!(resets().count() > 0, "{number} is called reset");
        }
    }
    let stray = inside.post.keys().filter(|id| id.starts_with("loket.lpse-")).count();
    let unknown = |d: &ArchiveDossier| {
        let told = d.items.iter().find(|item| item.name == "peristiwa.json").map(|item| item.bytes.as_slice());
        String::from_utf8_lossy(told.unwrap_or_default()).matches("\"execution_unknown\"").count() as u64
    };
    let count = inside.archive.values().map(unknown).sum::<u64>();
    inside.counts.unknown = count;
    assert_eq!(letters, stray, "each letter that went out is on record");
    for (id, (_, times)) in inside.post.iter().filter(|(id, _)| id.starts_with("loket.lpse-")) {
        let excuses = inside.excuses.get(name_of(id)).copied().unwrap_or(0);
        assert!(*times <= 1 + excuses, "{id} went {times} times, with {excuses} excuses");
    }
}

/// A case as the archive has it.
pub fn archived(dossier: &ArchiveDossier) -> Case {
    let state = dossier.items.iter().find(|item| item.name == "permohonan.json").expect("the case is in its dossier");
    serde_json::from_slice(&state.bytes).expect("the case decodes")
}

/// A reset was begun on record, and either done or not known to be; never was it called undone.
fn each_reset_is_on_record(story: &[Recorded], order: &str) {
    let decision = decision_of(order).1;
    let begun = |event: &Event| matches!(event, Event::ExecutionStarted { decision: of } if *of == decision);
    let told = |event: &Event| match event {
        Event::ExecutionDone { decision: of, .. } | Event::ExecutionUnknown { decision: of, .. } => *of == decision,
        Event::ExecutionFailed { decision: of, why, .. } => *of == decision && why == "reset_outlived_its_password",
        _ => false,
    };
    assert!(story.iter().any(|recorded| begun(&recorded.event)), "{order} was reset and never begun");
    assert!(story.iter().any(|recorded| told(&recorded.event)), "{order} was reset, and nobody was told");
    assert!(!believed_undone(story, decision), "{order} was reset and is called undone");
}

fn each_mail_is_on_record_once(world: &World, inside: &Inside) {
    let mut on_record = BTreeMap::<Vec<u8>, usize>::new();
    for dossier in inside.archive.values() {
        for item in dossier.items.iter().filter(|item| item.name.starts_with("surel/")) {
            *on_record.entry(item.bytes.clone()).or_default() += 1;
        }
    }
    for mail in &inside.mailbox {
        let times = on_record.get(&*mail.raw).copied().unwrap_or(0);
        assert!(times <= 1, "a mail is on record in {times} dossiers");
        // A further mail that came when its case was closed may be a line in the daybook.
        let text = String::from_utf8_lossy(&mail.raw).into_owned();
        let further = text.contains("Subject: Re:") || !text.contains("papers:");
        let aside = mail.filed == Some(Folder::Refused);
        assert!(further || aside || times == 1, "a request is in no dossier: {text}");
        filed(world, &mail.raw, mail.filed.unwrap_or(Folder::Processed));
    }
}
