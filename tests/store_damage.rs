//! A byte that changed behind the live store's back is named by `verify`, never served, and takes nothing else away.

use std::path::Path;

use loket::engine::store::{CaseKey, Damage, DocumentWrite, LeaseRequest, NewLink, Outcome, SecretChange, Store};
use loket::store::redb::RedbStore;
use loket::store::{StateFolder, restore};
use loket::vault::{HashedToken, OsRandom, sha256_hex};
use redb::{Database, Key, ReadableTable, TableDefinition, Value};

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
fn flip<K: Key + 'static, V: Value + 'static>(
    state: &Path,
    table: TableDefinition<'static, K, V>,
    in_key: bool,
    place: impl Fn(usize) -> usize,
) {
    let database = Database::open(state.join("live/loket.redb")).unwrap();
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
/// be true cannot be told: the highest serial of a series, the version an archived case had, the store's epoch.
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
            $($(flips.push((stringify!($table), Box::new(|state| flip(state, $table, $key, $place))));)+)*
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
        flip(&state);
        let store = open(&state);

        let damage = store.verify().await.unwrap();
        let mut lost = Vec::new();
        for serial in 1..=CASES {
            if !served(&store, &key(serial)).await {
                lost.push(serial);
            }
        }

        let scanned = store.scan(&office(), None, 99).await.unwrap();
        let whole = scanned.iter().filter(|(_, stored)| stored.is_ok()).count();
        assert!(whole + 1 >= CASES as usize, "flip {round} in {table} hides cases from a look at all");
        let leased = LeaseRequest { kinds: Vec::new(), now: at(10), until: at(20), limit: 99 };
        store.lease_due(leased).await.unwrap();
        let next = store.next_due(&[]).await.unwrap();
        assert!(
            next.is_none_or(|next| next > at(10)),
            "flip {round} in {table}: a row that nobody can read is asked for again and again"
        );
        store.destroy_expired_secrets(at(1_000)).await.unwrap();

        assert!(!damage.is_empty(), "flip {round} in {table}: nothing is said");
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
    restore(&taken, &keyring(), &OsRandom, &folder.path().join("backup"), false).unwrap();
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
