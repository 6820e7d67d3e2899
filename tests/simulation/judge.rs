//! The promises, held at the moment they could be broken. All together they are held at the [`end`](super::end).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use loket::engine::archive::ArchiveDossier;
use loket::engine::codec;
use loket::engine::port::Folder;
use loket::engine::secrets::ResultSecret;
use loket::engine::store::{CaseKey, FIRST_EPOCH, LinkState, Outcome, Row, RowState, StoredEvent};
use loket::sop::case::{Case, LetterState};
use loket::sop::event::{Event, Recorded};
use loket::sop::names::{CaseNumber, OfficeId};
use loket::sop::phase::{Attempt, AttemptState, Phase, Reveal, RevealKind, RevealState};
use loket::vault::sha256_hex;

use super::memory::Kept;
use super::told;
use super::world::{Inside, World};

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
            let fresh = *expected > 0 || inside.given.insert(key.number.clone());
            assert!(fresh, "{} is given out twice", key.number);
            world.store.kept(|kept| {
                let Some(case) = case_of(kept, key) else { return };
                nothing_is_forgotten(kept, key, &case);
                nothing_waits_too_long(kept, &inside, key);
                told::each_loss_is_told(&case, &world.admins);
                told::a_task_has_no_password(kept, key, &case);
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

/// Rows that wait, for their time or for whoever looks at what a restore holds.
fn rows<'k>(kept: &'k Kept, key: &'k CaseKey) -> impl Iterator<Item = &'k Row> {
    let rows = kept.rows.range((key.clone(), String::new())..).take_while(move |((of, _), _)| of == key);
    rows.map(|(_, (row, _))| row).filter(|row| row.state != RowState::Dead)
}

fn nothing_waits_too_long(kept: &Kept, inside: &Inside, key: &CaseKey) {
    let latest = inside.now + inside.ahead + LONGEST_WAIT;
    for row in rows(kept, key).filter(|row| row.kind != "wake" && row.state == RowState::Waiting) {
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
    told::the_link_was_mailed(inside, case, reveal);
    if reveal.state != RevealState::Waiting || reveal.what == RevealKind::SystemLink {
        return;
    }
    let (id, order) = (reveal.issue.to_string(), order_of(inside, case, reveal.issue));
    let Some(secret) = kept.secrets.get(&(key.clone(), id.clone())) else {
        // A daemon whose clock is ahead may have destroyed it in its own time.
        let over = reveal.expires_at <= inside.now + inside.ahead
            || inside.forgotten.results.contains(&(key.number.clone(), reveal.issue));
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
    let order = order_of(inside, case, reveal.issue);
    let own = case.account.as_ref().map(|account| &account.user_id);
    if let Some(told) = &result.user_id {
        assert_eq!(Some(told), own.map(|own| &own.0), "{order}: another account is told of");
    }
    if !reveal.what.must_change() {
        return;
    }
    assert!(!inside.linked.contains(&order), "{order}: a password is told, and the account system mailed a link");
    let ordered = inside.ordered.get(&order).filter(|_| inside.resets.contains_key(&order));
    let ordered = ordered.unwrap_or_else(|| panic!("{order}: a password is told, and nothing was reset"));
    let told = result.password.as_ref().map(|password| sha256_hex(password.as_bytes()));
    assert!(told.as_ref() == Some(&ordered.password), "{order}: another password is told than was set");
    assert_eq!(own, Some(&ordered.user_id), "{order}: another account was reset");
}

/// The key of a decision: of the attempt in hand, else the one that was last ordered for it.
pub fn order_of(inside: &Inside, case: &Case, decision: u32) -> String {
    let attempt = case.attempt().filter(|attempt| attempt.decision == decision);
    let ordered = || inside.keys.get(&(case.number.clone(), decision)).cloned();
    let bare = || format!("{}/{}/{decision}", super::office::OFFICE, case.number);
    attempt.map(|attempt| key_of(&case.number, attempt)).or_else(ordered).unwrap_or_else(bare)
}

/// The key of an attempt, as the account system is given it.
pub fn key_of(number: &CaseNumber, attempt: &Attempt) -> String {
    let key = format!("{}/{number}/{}", super::office::OFFICE, attempt.decision);
    if attempt.epoch > FIRST_EPOCH { format!("{key}/e{}", attempt.epoch) } else { key }
}

/// Case, decision and epoch of a key.
pub fn decision_of(order: &str) -> (CaseNumber, u32, u64) {
    let mut parts = order.split('/').skip(1);
    let number = parts.next().and_then(CaseNumber::parse).expect("a key names the case");
    let decision = parts.next().and_then(|n| n.parse().ok()).expect("a key names its decision");
    let epoch = parts.next().and_then(|epoch| epoch.strip_prefix('e')?.parse().ok());
    (number, decision, epoch.unwrap_or(FIRST_EPOCH))
}

/// What is on record of a case, live or archived; a restore may leave nothing of it.
pub fn story(world: &World, inside: &Inside, number: &CaseNumber) -> Option<Vec<Recorded>> {
    let key = CaseKey { office: OfficeId(super::office::OFFICE.to_owned()), number: number.clone() };
    let decoded = |event: &StoredEvent| codec::decode(&event.bytes, "an event").expect("an event decodes");
    let live = world.store.kept(|kept| kept.events.get(&key).map(|events| events.iter().map(decoded).collect()));
    live.or_else(|| {
        let told =
            inside.archive.get(number).and_then(|d| d.items.iter().find(|item| item.name == "peristiwa.json"))?;
        Some(serde_json::from_slice(&told.bytes).expect("a journal reads"))
    })
}

/// Whether the attempt that a key names is on record.
pub fn is_on_record(story: &[Recorded], order: &str) -> bool {
    let (_, decision, epoch) = decision_of(order);
    story.iter().any(|recorded| match &recorded.event {
        Event::ExecutionIntended { attempt } => attempt.decision == decision && attempt.epoch.max(FIRST_EPOCH) == epoch,
        _ => false,
    })
}

/// The record of the case whose attempt a key names; `None` where a restore left none of the attempt.
fn story_of(world: &World, inside: &Inside, order: &str) -> Option<Vec<Recorded>> {
    let story = story(world, inside, &decision_of(order).0).filter(|story| is_on_record(story, order));
    assert!(story.is_some() || inside.forgotten.orders.contains(order), "{order} is on no record");
    story
}

/// When the account system was last asked to carry a decision out.
pub fn begun(world: &World, inside: &Inside, order: &str) -> Option<DateTime<Utc>> {
    let decision = decision_of(order).1;
    let begins = |event: &Event| matches!(event, Event::ExecutionStarted { decision: of } if *of == decision);
    story_of(world, inside, order)?.iter().rfind(|recorded| begins(&recorded.event)).map(|recorded| recorded.at)
}

/// At a reset: nobody but a person may have believed that it would not happen.
pub fn reset(world: &World, inside: &Inside, order: &str) {
    let Some(story) = story_of(world, inside, order) else { return };
    assert!(!believed_undone(&story, decision_of(order).1), "{order} is reset, and was decided anew");
}

/// Whether the program itself wrote down that a decision was not carried out.
pub fn believed_undone(story: &[Recorded], decision: u32) -> bool {
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

/// When an office opens on a backup: what the archive holds lives no more, nothing is due before somebody has looked, no link from
/// before opens anything, and no secret came back.
pub fn opened(world: &World) {
    let inside = world.lock();
    world.store.kept(|kept| {
        for dossier in inside.archive.values() {
            let (lives, known) = (kept.cases.contains_key(&dossier.key), kept.gone.contains_key(&dossier.key));
            assert!(!lives && known, "{} was filed, and lives again", dossier.key.number);
        }
        let due: Vec<_> = kept.rows.values().filter(|(row, _)| row.state == RowState::Waiting).collect();
        assert!(due.is_empty(), "{} effects are due before anybody looked", due.len());
        assert!(kept.links.values().all(|link| link.state != LinkState::Live), "a link of before opens");
        assert!(kept.secrets.is_empty(), "a secret came back");
    });
}
