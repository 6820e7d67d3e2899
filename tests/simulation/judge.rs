//! The promises, held at the moment they could be broken, and all together once everything has come to its end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use loket::engine::codec;
use loket::engine::port::Folder;
use loket::engine::store::{CaseKey, Outcome, RowState};
use loket::sop::case::{Case, LetterState};
use loket::sop::event::Recorded;
use loket::sop::phase::{AttemptState, Phase, RevealState};
use loket::vault::sha256_hex;

use super::memory::Kept;
use super::world::World;

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

/// After each commit: the version follows, and whatever the case waits for has its row, its person or its wake-up.
pub fn committed(world: &World, before: &[(CaseKey, u64)], outcomes: &[Outcome]) {
    let now = world.lock().now;
    for ((key, expected), outcome) in before.iter().zip(outcomes) {
        let Outcome::Committed { version } = outcome else { continue };
        assert_eq!(*version, expected + 1, "{}: one step, one version", key.number);
        if is_request(key) {
            world.store.kept(|kept| nothing_is_forgotten(kept, key, now));
        }
    }
}

fn nothing_is_forgotten(kept: &Kept, key: &CaseKey, now: DateTime<Utc>) {
    let Some(case) = case_of(kept, key) else { return };
    let waits = |kind: &str| {
        let of_kind = |row: &loket::engine::store::Row| row.key == *key && row.kind == kind;
        kept.rows.values().any(|(row, _)| of_kind(row) && row.state == RowState::Waiting)
    };
    let goes_on = match &case.phase {
        Phase::Executing { attempt } if attempt.state == AttemptState::ByHand => case.assigned.is_some(),
        Phase::Executing { .. } => waits("driver"),
        Phase::Incomplete { .. } | Phase::Delivered { .. } => waits("wake"),
        Phase::Closed { .. } => true,
        _ => case.assigned.is_some() || waits("wake"),
    };
    assert!(goes_on, "{} would wait for ever in {:?}", key.number, case.phase.name());
    for letter in &case.letters {
        let row = kept.rows.get(&(key.clone(), letter.id.clone()));
        assert!(letter.state != LetterState::Queued || row.is_some(), "{}: letter {} is lost", key.number, letter.id);
    }
    if let Phase::Delivered { reveal, .. } = &case.phase {
        let kept = kept.secrets.contains_key(&(key.clone(), reveal.issue.to_string()));
        // A daemon whose clock is ahead may have destroyed it in its own time.
        let over = reveal.expires_at <= now + TimeDelta::hours(3);
        assert!(
            reveal.state != RevealState::Waiting || kept || over,
            "{}: result {} waits without its secret at {now}, until {}",
            key.number,
            reveal.issue,
            reveal.expires_at
        );
    }
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
    let mut letters = 0;
    for (number, dossier) in &inside.archive {
        let state =
            dossier.items.iter().find(|item| item.name == "permohonan.json").expect("the case is in its dossier");
        let case: Case = serde_json::from_slice(&state.bytes).expect("the case decodes");
        for letter in &case.letters {
            let id = format!("loket.{}.{}.", number, letter.id).to_lowercase();
            let sent = inside.post.range(id.clone()..).next().filter(|(key, _)| key.starts_with(&id));
            letters += usize::from(sent.is_some());
            match letter.state {
                LetterState::Sent { .. } => assert!(sent.is_some(), "{id} is called sent"),
                LetterState::Queued => panic!("{id} is still on its way in the archive"),
                LetterState::Undelivered { .. } => {}
            }
        }
        for key in inside.resets.keys().filter(|key| key.contains(&format!("/{number}/"))) {
            let decision: usize =
                key.rsplit('/').next().and_then(|n| n.parse().ok()).expect("a key ends in its decision");
            assert!(decision <= case.decisions.len(), "{key} was reset without a decision");
        }
        if case.phase
            == (Phase::Closed { outcome: loket::sop::phase::Outcome::ResetConfirmed, at: dossier.register.closed })
        {
            let any = inside.resets.keys().any(|key| key.contains(&format!("/{number}/")));
            assert!(any, "{number} is called reset");
        }
    }
    let stray = inside.post.keys().filter(|id| id.starts_with("loket.lpse-")).count();
    let unknown = |d: &loket::engine::archive::ArchiveDossier| {
        let told = d.items.iter().find(|item| item.name == "peristiwa.json").map(|item| item.bytes.as_slice());
        String::from_utf8_lossy(told.unwrap_or_default()).matches("\"execution_unknown\"").count() as u64
    };
    let count = inside.archive.values().map(unknown).sum::<u64>();
    inside.counts.unknown = count;
    assert_eq!(letters, stray, "each letter that went out is on record");
    assert!(
        !inside.counts.calm() || inside.post.values().all(|(_, times)| *times == 1),
        "twice, and nothing had gone wrong"
    );
}

fn each_mail_is_on_record_once(world: &World, inside: &super::world::Inside) {
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
