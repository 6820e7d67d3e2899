//! A byte that changed behind the live store's back is named by `verify`, never served, and takes nothing else away. What it
//! may not keep from being done stands in [`frozen`].

mod frozen;
mod settings;

use std::collections::BTreeSet;
use std::path::Path;

use loket::engine::store::{
    Batch, CaseKey, Damage, DocumentWrite, LeaseRequest, NewLink, Outcome, RowState, SecretChange, Store,
};
use loket::store::redb::RedbStore;
use loket::store::{Restoring, StateFolder, restore};
use loket::vault::{HashedToken, OsRandom, sha256_hex};
use redb::{Database, Key, ReadableDatabase, ReadableTable, TableDefinition, TableHandle, Value};

use crate::archive_fixture::noise;
use crate::store_fixture::{at, files, key, keyring, office, open, row, step, tag, try_open};

const CASES: u32 = 3;

fn mail(serial: u32) -> Vec<u8> {
    noise(u64::from(serial), 9_000)
}

fn link(serial: u32) -> HashedToken {
    HashedToken::from_bytes([serial as u8; 32])
}

/// Three cases alike, each with one of everything.
async fn lived_in(state: &Path) {
    let store = open(state);
    for serial in 1..=CASES {
        let mut batch = step(serial, 0);
        batch.contents = store.put_contents(vec![(key(serial), mail(serial))]).await.unwrap();
        batch.outbox = vec![row("ack", 0), row("held", 5)];
        batch.seen = vec![format!("<{serial}@x>")];
        batch.tags = vec![tag("account", &serial.to_string(), true)];
        batch.links =
            vec![NewLink { hash: link(serial), scope: "reveal/1".to_owned(), record: vec![9], expires: at(900) }];
        batch.secrets = vec![SecretChange::Put { id: "s".to_owned(), sealed: vec![4; 60], expires: at(900) }];
        batch.documents = vec![DocumentWrite {
            office: office(),
            family: "admin".to_owned(),
            id: format!("admin-{serial}"),
            expected_version: None,
            bytes: Some(b"admin".to_vec()),
        }];
        assert_eq!(store.commit(vec![batch]).await.unwrap(), [Outcome::Committed { version: 1 }]);
        let how = loket::engine::store::Settled::Held { why: "look".to_owned() };
        let held = loket::engine::store::Settlement { id: "held".to_owned(), how };
        store.settle(vec![(key(serial), held)]).await.unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    for file in files(from) {
        let copy = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(&file, copy).unwrap();
    }
}

/// Whether a case is served, and as it was written; anything else that is served is a failure of the test.
async fn served(store: &RedbStore, case: &CaseKey) -> bool {
    let serial = case.number.serial();
    let text = format!("case {serial} at 1").into_bytes();
    let snapshot = store.load(case).await;
    let events = store.events(case).await;
    let rows = store.rows_of(case).await;
    let content = store.content(case, &sha256_hex(&mail(serial))).await;
    let link = store.link(&link(serial)).await;
    if let Ok(Some(stored)) = &snapshot {
        assert!(stored.snapshot == text, "another snapshot of case {serial}");
    }
    if let Ok(Some(bytes)) = &content {
        assert!(*bytes == mail(serial), "another mail of case {serial}");
    }
    for event in events.iter().flatten() {
        assert!(event.bytes == text, "another event of case {serial}");
    }
    for row in rows.iter().flatten() {
        assert!(row.payload == format!("payload of {}", row.id).into_bytes(), "another payload of case {serial}");
    }
    if let Ok(Some(link)) = &link {
        assert!(link.record == [9], "another link of case {serial}");
    }
    snapshot.is_ok_and(|snapshot| snapshot.is_some())
        && events.is_ok_and(|events| events.len() == 1)
        && rows.is_ok_and(|rows| rows.len() == 2)
        && content.is_ok_and(|content| content.is_some())
        && link.is_ok_and(|link| link.is_some())
}

/// Changes one entry of a table in its stored bytes: its key or its value, at `place` counted from the start.
pub fn flip<K: Key + 'static, V: Value + 'static>(
    file: &Path,
    table: TableDefinition<'static, K, V>,
    in_key: bool,
    place: impl Fn(usize) -> usize,
) {
    let database = Database::open(file).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(table).unwrap();
        let (mut key, mut value) = {
            let (key, value) = table.first().unwrap().expect("an entry to change");
            (K::as_bytes(&key.value()).as_ref().to_vec(), V::as_bytes(&value.value()).as_ref().to_vec())
        };
        table.remove(K::from_bytes(&key)).unwrap();
        let bytes = if in_key { &mut key } else { &mut value };
        let place = place(bytes.len());
        bytes[place] ^= 1;
        table.insert(K::from_bytes(&key), V::from_bytes(&value)).unwrap();
    }
    transaction.commit().unwrap();
}

type Bytes = &'static [u8];
type Text = &'static str;
type Hash = &'static [u8; 32];
type Flip = Box<dyn Fn(&Path)>;

/// In each table a value, and a key where it is more than a blinded hash. A number that changed into another that may
/// be true cannot be told: a highest serial that grew, the version an archived case had.
fn flips() -> Vec<(&'static str, Flip)> {
    const KEYS: TableDefinition<(Text, Text), Bytes> = TableDefinition::new("keys");
    const CASES: TableDefinition<(Text, Text), Bytes> = TableDefinition::new("cases");
    const JOURNAL: TableDefinition<(Text, u64), Bytes> = TableDefinition::new("journal");
    const EVENTS: TableDefinition<(Text, Text, u64), u64> = TableDefinition::new("events");
    const ROWS: TableDefinition<(Text, Text, Text), Bytes> = TableDefinition::new("rows");
    const DUE: TableDefinition<(i64, Text, Text, Text), Text> = TableDefinition::new("due");
    const STUCK: TableDefinition<(Text, Text, Text), ()> = TableDefinition::new("stuck");
    const SEEN: TableDefinition<Hash, Text> = TableDefinition::new("seen");
    const TAGS: TableDefinition<(Hash, Text), ()> = TableDefinition::new("tags");
    const LINKS: TableDefinition<Hash, Bytes> = TableDefinition::new("links");
    const CASE_LINKS: TableDefinition<(Text, Text, Hash), ()> = TableDefinition::new("case_links");
    const SECRETS: TableDefinition<(Text, Text, Text), Bytes> = TableDefinition::new("secrets");
    const CONTENTS: TableDefinition<(Text, Text, Text), Bytes> = TableDefinition::new("contents");
    const SERIES: TableDefinition<(Text, Text), u32> = TableDefinition::new("series");
    const DOCUMENTS: TableDefinition<(Text, Text, Text), Bytes> = TableDefinition::new("documents");
    let mut flips: Vec<(&'static str, Flip)> = Vec::new();
    macro_rules! flip {
        ($($table:ident: $key:expr, $($place:expr),+;)*) => {
            $($(flips.push((stringify!($table), Box::new(|file| flip(file, $table, $key, $place))));)+)*
        };
    }
    flip! {
        KEYS: false, |_| 0, |length| length / 2, |length| length - 1;
        CASES: false, |_| 0, |_| 8, |length| length / 2, |length| length - 1;
        JOURNAL: false, |_| 0, |_| 12, |length| length / 2, |length| length - 1;
        EVENTS: false, |_| 0;
        ROWS: false, |_| 0, |_| 15, |length| length / 2, |length| length - 1;
        DUE: false, |_| 0;
        SEEN: false, |_| 0;
        LINKS: false, |_| 0, |_| 20, |length| length / 2, |length| length - 1;
        SECRETS: false, |_| 0, |_| 8, |length| length / 2, |length| length - 1;
        CONTENTS: false, |_| 0, |length| length / 2, |length| length - 1;
        SERIES: false, |_| 0;
        DOCUMENTS: false, |_| 0, |_| 8, |length| length / 2, |length| length - 1;
        KEYS: true, |length| length - 1;
        CASES: true, |length| length - 1;
        JOURNAL: true, |length| length - 1;
        EVENTS: true, |length| length - 1;
        ROWS: true, |length| length - 1;
        DUE: true, |_| 0, |length| length - 1;
        STUCK: true, |length| length - 1;
        TAGS: true, |_| 32;
        LINKS: true, |length| length - 1;
        CASE_LINKS: true, |length| length - 1;
        CONTENTS: true, |length| length - 1;
        DOCUMENTS: true, |length| length - 1;
    }
    flips
}

#[tokio::test]
async fn a_byte_flipped_in_any_table_is_named_and_the_other_cases_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    lived_in(&whole).await;
    let untouched = open(&whole);
    for serial in 1..=CASES {
        assert!(served(&untouched, &key(serial)).await);
    }
    assert_eq!(untouched.verify().await.unwrap(), Vec::<Damage>::new());
    drop(untouched);

    for (round, (table, flip)) in flips().into_iter().enumerate() {
        let state = folder.path().join(round.to_string());
        copy(&whole, &state);
        flip(&state.join("live/loket.redb"));
        let store = open(&state);
        // The rows themselves tell what their index must be.
        let mended = ["DUE", "STUCK"].contains(&table);

        let damage = store.verify().await.unwrap();
        let mut lost = Vec::new();
        for serial in 1..=CASES {
            if !served(&store, &key(serial)).await {
                lost.push(serial);
            }
        }

        let last = store.last_number(&office(), "LPSE", 2026).await.unwrap();
        assert_eq!(last, CASES, "flip {round} in {table}: a number is given out twice, or left out");
        let other = Batch { void_links: vec![String::new()], ..step(CASES, 1) };
        assert_eq!(store.commit(vec![other]).await.unwrap(), [Outcome::Committed { version: 2 }], "{table}");
        let scanned = store.scan(&office(), None, 99).await.unwrap();
        let whole = scanned.iter().filter(|(_, stored)| stored.is_ok()).count();
        assert!(whole + 1 >= CASES as usize, "flip {round} in {table} hides cases from a look at all");
        let leased = LeaseRequest { kinds: Vec::new(), now: at(10), until: at(20), limit: 99, in_hand: Vec::new() };
        let leased = store.lease_due(leased).await.unwrap();
        assert!(
            leased.len() + usize::from(!mended) >= CASES as usize,
            "flip {round} in {table} hides rows that are due"
        );
        let next = store.next_due(&[]).await.unwrap();
        assert!(
            next.is_none_or(|next| next > at(10)),
            "flip {round} in {table}: a row that nobody can read is asked for again and again"
        );
        store.destroy_expired_secrets(at(1_000)).await.unwrap();
        let stuck = store.stuck_rows(&office()).await.unwrap();
        let read = stuck.iter().filter(|(_, row)| row.is_ok()).count();
        assert!(read + 1 >= CASES as usize, "flip {round} in {table} hides rows that wait for people");
        assert_eq!(store.commit(vec![step(9, 0)]).await.unwrap(), [Outcome::Committed { version: 1 }], "{table}");
        let opens = |serial| !lost.contains(&serial);
        restores(&store, &state, opens).await.unwrap_or_else(|why| panic!("flip {round} in {table}: {why}"));

        assert_eq!(damage.is_empty(), mended, "flip {round} in {table}: {damage:?}");
        assert!(lost.len() <= 1, "flip {round} in {table} takes away {lost:?}");
        for serial in lost {
            let number = key(serial).number.to_string();
            let named = |damage: &Damage| {
                damage.thing.contains(&number)
                    || damage.what.contains(&number)
                    || damage.thing.contains("journal")
                    || damage.thing.contains("a link")
                    || damage.thing.contains("they")
            };
            assert!(damage.iter().any(named), "flip {round} in {table}: {number} is lost, named is {damage:?}");
        }
    }
}

/// Takes a backup and brings it back elsewhere: what was whole is whole there, and what was not is named twice. A backup of a
/// damaged journal or mail is not taken at all, so that nobody takes it for one.
async fn restores(store: &RedbStore, state: &Path, opens: impl Fn(u32) -> bool) -> Result<(), String> {
    let (file, second) = (state.join("backup"), state.join("second"));
    let taken = match store.backup(&file).await {
        Err(fault) if fault.message.contains("journal entry") || fault.message.contains("content") => return Ok(()),
        taken => taken.map_err(|fault| format!("no backup: {fault}"))?,
    };
    let keys = keyring();
    let restoring =
        Restoring { keyring: &keys, random: &OsRandom, file: &file, force: false, year: 2026, series: None };
    let back = restore(&StateFolder::take(&second).unwrap(), &restoring).map_err(|why| format!("no restore: {why}"))?;
    let copy = try_open(&second).map_err(|why| format!("it does not open: {why}"))?;
    if taken.damaged != back.damaged {
        return Err(format!("{:?} were named, then {:?}", taken.damaged, back.damaged));
    }
    if copy.next_due(&[]).await.unwrap().is_some() {
        return Err("something is due".to_owned());
    }
    for serial in (1..=CASES).filter(|serial| opens(*serial)) {
        let loaded = copy.load(&key(serial)).await.map_err(|fault| fault.to_string())?;
        let rows = copy.rows_of(&key(serial)).await.map_err(|fault| fault.to_string())?;
        if loaded.is_none() || rows.iter().any(|row| row.state != RowState::Held) {
            return Err(format!("case {serial} did not come back as it should"));
        }
    }
    Ok(())
}

/// Letters were sent again and again that could not be written down as sent.
#[tokio::test]
async fn t43_a_journal_whose_last_entry_is_damaged_stops_the_office_and_says_how_to_go_on() {
    const JOURNAL: TableDefinition<(Text, u64), Bytes> = TableDefinition::new("journal");
    let folder = tempfile::tempdir().unwrap();
    let (whole, state) = (folder.path().join("whole"), folder.path().join("state"));
    let file = folder.path().join("backup");
    lived_in(&whole).await;
    open(&whole).backup(&file).await.unwrap();
    copy(&whole, &state);
    let database = Database::open(state.join("live/loket.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut journal = transaction.open_table(JOURNAL).unwrap();
        let (place, mut bytes) = {
            let (key, value) = journal.last().unwrap().expect("there are entries");
            ((key.value().0.to_owned(), key.value().1), value.value().to_vec())
        };
        bytes[0] ^= 1;
        journal.insert((place.0.as_str(), place.1), bytes.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);

    let refused = try_open(&state).map(drop).unwrap_err().to_string();
    let keys = keyring();
    let restoring = Restoring { keyring: &keys, random: &OsRandom, file: &file, force: true, year: 2026, series: None };
    restore(&StateFolder::take(&state).unwrap(), &restoring).unwrap();

    assert!(refused.contains("journal entry 3, its last") && refused.contains("loket restore"), "{refused}");
    assert_eq!(open(&state).commit(vec![step(9, 0)]).await.unwrap(), [Outcome::Committed { version: 1 }]);
}

/// The names of all tables of a file.
pub fn tables(file: &Path) -> BTreeSet<String> {
    let database = Database::open(file).unwrap();
    let transaction = database.begin_read().unwrap();
    transaction.list_tables().unwrap().map(|table| table.name().to_owned()).collect()
}

#[tokio::test]
async fn t43_no_table_of_the_live_store_is_left_out_of_the_flips() {
    let folder = tempfile::tempdir().unwrap();
    lived_in(folder.path()).await;
    let mut flipped: BTreeSet<String> = flips().iter().map(|(table, _)| table.to_lowercase()).collect();
    // Settings are read before anything else, in tests of their own; of an archived case only a version is kept.
    flipped.extend(["meta", "gone"].map(str::to_owned));

    assert_eq!(tables(&folder.path().join("live/loket.redb")), flipped);
}

#[tokio::test]
async fn t43_a_content_file_cut_anywhere_is_named_and_the_others_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    lived_in(&whole).await;
    let place = format!("live/contents/bpbj/LPSE-2026-{:09}/{}", 2, sha256_hex(&mail(2)));
    let bytes = std::fs::read(whole.join(&place)).unwrap();

    for cut in [0, 1, 20, bytes.len() / 2, bytes.len() - 1] {
        let state = folder.path().join(cut.to_string());
        copy(&whole, &state);
        std::fs::write(state.join(&place), &bytes[..cut]).unwrap();
        let store = open(&state);

        let damage = store.verify().await.unwrap();

        assert!(damage.len() == 1 && damage[0].thing.contains("LPSE-2026-0002"), "cut at {cut}: {damage:?}");
        let content = store.content(&key(2), &sha256_hex(&mail(2))).await;
        assert!(content.is_err(), "cut at {cut}: a part is no mail");
        assert!(served(&store, &key(1)).await && served(&store, &key(3)).await, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_content_file_that_changed_or_went_is_named() {
    let folder = tempfile::tempdir().unwrap();
    lived_in(folder.path()).await;
    let place = |serial: u32| {
        let hash = sha256_hex(&mail(serial));
        folder.path().join(format!("live/contents/bpbj/LPSE-2026-{serial:09}/{hash}"))
    };
    let mut bytes = std::fs::read(place(1)).unwrap();
    bytes[4_000] ^= 1;
    std::fs::write(place(1), bytes).unwrap();
    std::fs::remove_file(place(2)).unwrap();
    let store = open(folder.path());

    let damage = store.verify().await.unwrap();

    assert_eq!(damage.len(), 2, "{damage:?}");
    assert!(damage[0].thing.contains("LPSE-2026-0001") && damage[1].thing.contains("LPSE-2026-0002"), "{damage:?}");
    assert!(!served(&store, &key(1)).await && !served(&store, &key(2)).await && served(&store, &key(3)).await);
}

#[tokio::test]
async fn a_bit_flipped_in_any_page_serves_nothing_wrong_and_hides_nothing_unsaid() {
    let folder = tempfile::tempdir().unwrap();
    let (first, whole) = (folder.path().join("first"), folder.path().join("whole"));
    lived_in(&first).await;
    // A restored file has few pages that earlier transactions left, in which a bit says nothing.
    open(&first).backup(&folder.path().join("backup")).await.unwrap();
    let taken = StateFolder::take(&whole).unwrap();
    let (keys, file) = (keyring(), folder.path().join("backup"));
    restore(
        &taken,
        &Restoring { keyring: &keys, random: &OsRandom, file: &file, force: false, year: 2026, series: None },
    )
    .unwrap();
    drop(taken);
    Database::open(whole.join("live/loket.redb")).unwrap().compact().unwrap();
    let bytes = std::fs::read(whole.join("live/loket.redb")).unwrap();
    // The head of each page that holds anything: what kind it is, how many entries it has and where, then the entries.
    let used: Vec<usize> = (0..bytes.len()).step_by(4096).filter(|page| bytes[*page..][..64] != [0; 64]).collect();
    let (mut refused, mut noticed) = (0, 0);

    let twice = used.iter().chain(&used);
    for (round, (page, lot)) in twice.zip(noise(77, 2 * used.len())).enumerate() {
        let place = page + usize::from(lot % 64);
        let state = folder.path().join(round.to_string());
        copy(&whole, &state);
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x10;
        std::fs::write(state.join("live/loket.redb"), &flipped).unwrap();
        let Ok(store) = try_open(&state) else {
            refused += 1;
            continue;
        };

        let mut lost = Vec::new();
        for serial in 1..=CASES {
            if !served(&store, &key(serial)).await {
                lost.push(serial);
            }
        }
        let said = store.verify().await.map_or(true, |damage| !damage.is_empty());

        assert!(said || lost.is_empty(), "byte {place}: {lost:?} are lost and nothing is said");
        noticed += usize::from(said);
    }

    assert!(noticed > 4, "{noticed} flips were noticed, {refused} files were refused");
}
