//! The embedded account directory: found by what a letter says, reset once for a decision, proven by logging in.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use loket::accounts::command::{Script, ScriptSettings};
use loket::accounts::directory::{Directory, Imported, Login, PasswordState};
use loket::accounts::manual::Manual;
use loket::engine::port::{AccountDriver, Fate, FaultKind, Query, ResetOrder, ResetOutcome};
use loket::sop::account::Account;
use loket::sop::names::{Address, Nip, UserId};
use loket::vault::{OsRandom, Secret};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::desk_threats::Log;

const RECORDS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("records");
/// Bytes of the checksum at the end of a record.
const CHECKSUM: usize = 8;
const TEMPORARY: &str = "KWTR-8MPL-3XFD-7HNA";
const OWN: &str = "sandi pribadi yang panjang";

fn account(user_id: &str, name: &str, nip: &str, email: &str) -> Account {
    Account {
        user_id: UserId(user_id.into()),
        name: name.into(),
        nip: Nip::parse(nip),
        email: Address::parse(email).unwrap(),
        phone: Some("084000009901".into()),
        role: "Helpdesk".into(),
        work_unit: Some("Bagian Layanan".into()),
        position: None,
        active: true,
        decree_number: None,
        decree_valid_until: None,
    }
}

pub fn people() -> Vec<Account> {
    vec![
        account("RATNAWL", "Ratna Wulandari Lestari, S.Kom.", "199001012015032901", "ratna@kotabiru.example"),
        account("hd.made", "I Made Arya Sudiarta", "198802022014021902", "made@kotabiru.example"),
        account("HELPDESK03", "Ratna Dewi Anggraini", "199203032016032903", "dewi@kotabiru.example"),
    ]
}

fn open(folder: &Path) -> Directory {
    Directory::open(&folder.join("accounts.redb"), Arc::new(OsRandom)).unwrap()
}

async fn filled(folder: &Path) -> Directory {
    let directory = open(folder);
    directory.import(people()).await.unwrap();
    directory
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 10, 4, 0, 0).unwrap()
}

fn id(text: &str) -> UserId {
    UserId(text.into())
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.into())
}

fn order<'a>(key: &'a str, user_id: &'a UserId, password: &'a str) -> ResetOrder<'a> {
    let expires_at = noon() + TimeDelta::hours(24);
    ResetOrder { idempotency_key: key, user_id, temporary_password: password, expires_at }
}

fn found(directory: &Directory, query: Query) -> Vec<String> {
    directory.look_up(&query).iter().map(|a| a.user_id.to_string()).collect()
}

#[tokio::test]
async fn candidates_come_by_user_id_then_nip_then_address_and_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;

    let query = Query {
        user_id: Some(" HD.MADE ".into()),
        nip: Some("19900101 201503 2 901".into()),
        email: Some("Made@Kotabiru.example".into()),
        name: Some("Ratna Dewi Anggraini".into()),
    };

    assert_eq!(found(&directory, query), ["hd.made", "RATNAWL"]);
}

#[tokio::test]
async fn a_name_counts_only_where_nothing_else_finds_anyone() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;
    let named = |name: &str| Query { name: Some(name.into()), ..Query::default() };

    assert_eq!(found(&directory, named("Ratna Wulandari Lestari, S.Kom., M.T.")), ["RATNAWL"]);
    assert_eq!(found(&directory, named("RATNA WULANDARY")), ["RATNAWL"]);
    assert_eq!(found(&directory, named("Ratna")), ["RATNAWL", "HELPDESK03"]);
    assert!(found(&directory, named("Budi Santoso")).is_empty());
    assert!(found(&directory, named(".")).is_empty());
    assert!(found(&directory, Query::default()).is_empty());
}

#[tokio::test]
async fn a_look_alike_user_id_finds_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;
    let cyrillic = Query { user_id: Some("R\u{0410}TNAWL".into()), ..Query::default() };

    assert!(found(&directory, cyrillic).is_empty());
}

#[tokio::test]
async fn a_reset_lets_in_only_to_change_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;
    let user = id("ratnawl");

    let before = directory.verify_login(&user, &secret(TEMPORARY), None, noon()).await.unwrap();
    let outcome = directory.reset(order("case-1", &user, TEMPORARY)).await.unwrap();
    let login = |password: &'static str, new: Option<&'static str>| {
        let (directory, user) = (directory.clone(), user.clone());
        async move {
            let new = new.map(secret);
            directory.verify_login(&user, &secret(password), new.as_ref(), noon()).await.unwrap()
        }
    };

    assert_eq!((before, outcome), (Login::Refused, ResetOutcome::Done));
    assert_eq!(login("KWTR-8MPL-3XFD-7HNB", None).await, Login::Refused);
    assert_eq!(login(TEMPORARY, None).await, Login::MustChange);
    assert_eq!(login(TEMPORARY, Some("pendek")).await, Login::UnfitPassword);
    assert_eq!(login(TEMPORARY, Some(TEMPORARY)).await, Login::UnfitPassword);
    assert_eq!(login(TEMPORARY, Some(OWN)).await, Login::Changed);
    assert_eq!(login(TEMPORARY, None).await, Login::Refused);
    assert_eq!(login(OWN, None).await, Login::Accepted);
}

#[tokio::test]
async fn a_temporary_password_ends_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;
    let user = id("RATNAWL");
    directory.reset(order("case-1", &user, TEMPORARY)).await.unwrap();

    let late = noon() + TimeDelta::hours(24);
    let login = directory.verify_login(&user, &secret(TEMPORARY), Some(&secret(OWN)), late).await.unwrap();

    assert_eq!(login, Login::Expired);
    assert_eq!(directory.show(&user).unwrap().unwrap().password, PasswordState::Temporary { until: Some(late) });
}

#[tokio::test]
async fn the_same_decision_resets_once_however_often_it_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;
    let user = id("RATNAWL");
    directory.reset(order("case-1", &user, TEMPORARY)).await.unwrap();
    directory.verify_login(&user, &secret(TEMPORARY), Some(&secret(OWN)), noon()).await.unwrap();

    let again = directory.reset(order("case-1", &user, TEMPORARY)).await.unwrap();
    let login = directory.verify_login(&user, &secret(OWN), None, noon()).await.unwrap();

    assert_eq!((again, login), (ResetOutcome::Done, Login::Accepted), "the person's own password was overwritten");
}

#[tokio::test]
async fn whether_a_reset_took_effect_can_be_read_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let user = id("RATNAWL");
    {
        let directory = filled(folder.path()).await;
        directory.reset(order("case-1", &user, TEMPORARY)).await.unwrap();
    }

    let directory = open(folder.path());

    assert_eq!(directory.read_back("case-1", &user).await.unwrap(), Some(Fate::Done));
    assert_eq!(directory.read_back("case-2", &user).await.unwrap(), Some(Fate::NeverHappened));
    assert_eq!(directory.read_back("case-1", &id("hd.made")).await.unwrap(), Some(Fate::NeverHappened));
    assert_eq!(directory.read_back("case-1", &id("nobody")).await.unwrap(), Some(Fate::NeverHappened));
}

#[tokio::test]
async fn unknown_and_inactive_accounts_are_not_reset() {
    let folder = tempfile::tempdir().unwrap();
    let directory = open(folder.path());
    let mut accounts = people();
    accounts[1].active = false;
    directory.import(accounts).await.unwrap();

    assert_eq!(directory.reset(order("a", &id("nobody"), TEMPORARY)).await.unwrap(), ResetOutcome::NotFound);
    assert_eq!(directory.reset(order("b", &id("hd.made"), TEMPORARY)).await.unwrap(), ResetOutcome::NotFound);
    assert_eq!(directory.read_back("b", &id("hd.made")).await.unwrap(), Some(Fate::NeverHappened));
}

#[tokio::test]
async fn an_import_keeps_the_passwords_of_those_who_stay_and_drops_one_whose_user_id_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;
    for user in ["RATNAWL", "hd.made", "HELPDESK03"] {
        directory.reset(order("case-1", &id(user), TEMPORARY)).await.unwrap();
    }
    let mut accounts = people();
    accounts[0].email = Address::parse("ratna.baru@kotabiru.example").unwrap();
    accounts[2] = account("HELPDESK03", "Putri Maharani", "199504042018042904", "putri@kotabiru.example");
    accounts.remove(1);
    accounts.push(account("BARU", "Orang Baru", "199605052020051905", "baru@kotabiru.example"));

    let imported = directory.import(accounts).await.unwrap();

    let state = |user: &str| directory.show(&id(user)).unwrap().map(|entry| entry.password);
    assert_eq!(imported, Imported { added: 1, changed: 2, unchanged: 0, removed: 1 });
    assert!(matches!(state("RATNAWL"), Some(PasswordState::Temporary { .. })));
    assert_eq!(
        (state("HELPDESK03"), state("BARU"), state("hd.made")),
        (Some(PasswordState::Unset), Some(PasswordState::Unset), None)
    );
    assert_eq!(
        directory.list().iter().map(|a| a.user_id.0.as_str()).collect::<Vec<_>>(),
        ["BARU", "HELPDESK03", "RATNAWL"]
    );
}

#[tokio::test]
async fn a_user_id_that_stands_twice_imports_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;
    let twice = vec![people().remove(0), account("ratnawl", "Orang Lain", "-", "lain@kotabiru.example")];

    let refused = directory.import(twice).await.unwrap_err().to_string();

    assert!(refused.contains("`ratnawl` stands twice"), "{refused}");
    assert_eq!(directory.list().len(), 3);
}

#[tokio::test]
async fn importing_the_same_accounts_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;

    let imported = directory.import(people()).await.unwrap();

    assert_eq!(imported, Imported { unchanged: 3, ..Imported::default() });
}

#[tokio::test]
async fn a_second_process_is_told_who_has_the_file_and_a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let _held = open(folder.path());
    let damaged = folder.path().join("damaged.redb");
    std::fs::write(&damaged, vec![7u8; 8192]).unwrap();

    let second = Directory::open(&folder.path().join("accounts.redb"), Arc::new(OsRandom)).err().unwrap().to_string();
    let broken = Directory::open(&damaged, Arc::new(OsRandom)).err().unwrap().to_string();

    assert!(second.contains("in use by another process"), "{second}");
    assert!(broken.contains("damaged.redb cannot be used"), "{broken}");
}

#[tokio::test]
async fn the_file_is_its_owners_alone_and_holds_no_password() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;
    directory.reset(order("case-1", &id("RATNAWL"), TEMPORARY)).await.unwrap();
    drop(directory);

    let path = folder.path().join("accounts.redb");
    let bytes = std::fs::read(&path).unwrap();

    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!bytes.windows(TEMPORARY.len()).any(|w| w == TEMPORARY.as_bytes()));
    assert!(bytes.windows(9).any(|w| w == b"$argon2id"), "the hash should be there");
}

#[tokio::test]
async fn by_hand_the_register_is_looked_up_and_the_reset_left_to_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let directory = filled(folder.path()).await;
    let manual = Manual::new(directory.clone());
    let user = id("RATNAWL");
    let query = Query { user_id: Some("RATNAWL".into()), ..Query::default() };

    assert!(manual.abilities().by_hand);
    assert_eq!(manual.look_up(&query).await.unwrap().len(), 1);
    assert_eq!(manual.reset(order("case-1", &user, TEMPORARY)).await.unwrap(), ResetOutcome::ByHand);
    assert_eq!(manual.read_back("case-1", &user).await.unwrap(), None);
    assert_eq!(directory.show(&user).unwrap().unwrap().password, PasswordState::Unset);
    assert!(manual.probe().await.unwrap().contains("3 accounts"));
}

#[tokio::test]
async fn an_empty_register_fails_the_probe() {
    let folder = tempfile::tempdir().unwrap();

    let fault = open(folder.path()).probe().await.unwrap_err();

    assert_eq!(fault.kind, FaultKind::Permanent);
    assert!(fault.message.contains("loket accounts import"));
}

/// A record's key and value, byte for byte.
type Stored = (Vec<u8>, Vec<u8>);

/// The records of a directory in which RATNAWL, the last of them, was reset.
async fn reset_once(folder: &Path) -> Vec<Stored> {
    let directory = filled(folder).await;
    directory.reset(order("case-1", &id("RATNAWL"), TEMPORARY)).await.unwrap();
    drop(directory);
    stored(folder)
}

fn stored(folder: &Path) -> Vec<Stored> {
    let database = Database::open(folder.join("accounts.redb")).unwrap();
    let table = database.begin_read().unwrap().open_table(RECORDS).unwrap();
    let mut stored = Vec::new();
    for row in table.iter().unwrap() {
        let (key, value) = row.unwrap();
        stored.push((key.value().to_vec(), value.value().to_vec()));
    }
    stored
}

/// Writes records behind the directory's back.
fn store(folder: &Path, records: &[Stored]) {
    let database = Database::open(folder.join("accounts.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    {
        let mut table = writing.open_table(RECORDS).unwrap();
        table.retain(|_, _| false).unwrap();
        for (key, value) in records {
            table.insert(key.as_slice(), value.as_slice()).unwrap();
        }
    }
    writing.commit().unwrap();
}

/// Writes records as the program of format 1 did.
fn store_as_format_1(folder: &Path, records: &[Stored]) {
    let database = Database::open(folder.join("accounts.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    writing.delete_table(RECORDS).unwrap();
    writing.open_table(TableDefinition::<&str, u64>::new("format")).unwrap().insert("version", 1u64).unwrap();
    {
        let mut table = writing.open_table(TableDefinition::<&str, &[u8]>::new("accounts")).unwrap();
        for (key, value) in records {
            let mut value = value[..value.len() - CHECKSUM].to_vec();
            value[0] = 1;
            table.insert(std::str::from_utf8(key).unwrap(), value.as_slice()).unwrap();
        }
    }
    writing.commit().unwrap();
}

/// The records with one bit of the last one changed; its bytes are counted from its key on.
fn flipped(records: &[Stored], place: usize) -> Vec<Stored> {
    let mut records = records.to_vec();
    let (key, value) = records.last_mut().unwrap();
    let byte = if place < key.len() { &mut key[place] } else { &mut value[place - key.len()] };
    *byte ^= 0x80 >> (place % 8);
    records
}

fn listed(directory: &Directory) -> Vec<String> {
    directory.list().iter().map(|account| account.user_id.to_string()).collect()
}

#[tokio::test]
async fn t43_a_bit_flipped_in_any_byte_of_a_record_is_named_never_believed_and_takes_nobody_else_away() {
    let folder = tempfile::tempdir().unwrap();
    let whole = reset_once(folder.path()).await;
    let (key, value) = whole.last().unwrap();
    let user = id("RATNAWL");
    let dewi = Query { email: Some("dewi@kotabiru.example".into()), ..Query::default() };

    for place in 0..key.len() + value.len() {
        store(folder.path(), &flipped(&whole, place));
        let log = Log::default();
        let listening = log.listen();
        let directory = open(folder.path());
        drop(listening);

        let reset = directory.reset(order("case-1", &user, TEMPORARY)).await.unwrap_err();
        let read_back = directory.read_back("case-1", &user).await.unwrap_err();
        let probed = directory.probe().await.unwrap_err();

        let log = log.text();
        assert_eq!(log.matches("is damaged").count(), 1, "byte {place}: {log}");
        assert!(place < key.len() || log.contains("account=RATNAWL"), "byte {place}: {log}");
        for fault in [reset, read_back] {
            assert_eq!(fault.kind, FaultKind::Permanent, "byte {place}: {fault}");
            assert!(fault.message.contains("The account RATNAWL cannot be read"), "byte {place}: {fault}");
        }
        assert!(probed.message.contains("2 accounts, and 1 more"), "byte {place}: {probed}");
        assert_eq!(listed(&directory), ["hd.made", "HELPDESK03"], "byte {place}");
        assert_eq!(found(&directory, dewi.clone()), ["HELPDESK03"], "byte {place}");
        assert_eq!(
            directory.read_back("case-1", &id("HD.MADE")).await.unwrap(),
            Some(Fate::NeverHappened),
            "byte {place}"
        );
    }
}

#[tokio::test]
async fn t43_a_record_under_the_key_of_another_is_damaged_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut records = reset_once(folder.path()).await;
    records[1].1 = records[0].1.clone();
    store(folder.path(), &records);

    let directory = open(folder.path());

    assert_eq!(listed(&directory), ["hd.made", "RATNAWL"]);
    assert!(directory.show(&id("HELPDESK03")).unwrap_err().to_string().contains("is damaged"));
}

/// By the drivers `manual` and `command` whose record was damaged was told that there is no such account, and by each a
/// namesake's account was taken for theirs.
#[tokio::test]
async fn t43_where_a_record_is_damaged_nobody_is_told_that_an_account_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let whole = reset_once(folder.path()).await;
    store(folder.path(), &flipped(&whole, 0));

    let directory = open(folder.path());
    let reset = directory.reset(order("case-1", &id("nobody"), TEMPORARY)).await.unwrap_err();

    assert_eq!(reset.kind, FaultKind::Permanent);
    assert_eq!(directory.read_back("case-1", &id("nobody")).await.unwrap_err().kind, FaultKind::Permanent);
    let settings = ScriptSettings {
        program: "/bin/true".into(),
        arguments: Vec::new(),
        deadline: Duration::from_secs(10),
        force_change: false,
        read_back: false,
        look_up: false,
    };
    let drivers: [(&str, Box<dyn AccountDriver>); 3] = [
        ("directory", Box::new(directory.clone())),
        ("manual", Box::new(Manual::new(directory.clone()))),
        ("command", Box::new(Script::new(settings, directory))),
    ];
    let asks = |user_id: Option<&str>, name: &str| {
        let user_id = user_id.map(str::to_owned);
        Query { user_id, name: Some(name.to_owned()), ..Query::default() }
    };
    for (driver, accounts) in &drivers {
        let absent = [asks(Some("nobody"), "Budi Santoso"), asks(None, "Budi Santoso")];
        for query in absent.into_iter().chain([asks(Some("RATNAWL"), "Ratna")]) {
            let fault = accounts.look_up(&query).await.unwrap_err();
            assert_eq!(fault.kind, FaultKind::Transient, "{driver}: the mail waits until the register is whole");
        }
        let whole = accounts.look_up(&asks(Some("hd.made"), "Ratna")).await.unwrap();
        assert_eq!(whole.len(), 1, "{driver}: whose record is whole need not wait");
    }
}

#[tokio::test]
async fn t43_an_import_mends_a_damaged_record_whose_password_is_then_to_be_set_anew() {
    let folder = tempfile::tempdir().unwrap();
    let whole = reset_once(folder.path()).await;
    let (key, value) = whole.last().unwrap();
    let user = id("RATNAWL");

    for place in [0, key.len(), key.len() + value.len() / 2, key.len() + value.len() - 1] {
        store(folder.path(), &flipped(&whole, place));
        let directory = open(folder.path());
        let imported = directory.import(people()).await.unwrap();
        drop(directory);
        let directory = open(folder.path());

        assert_eq!(imported, Imported { added: 1, unchanged: 2, ..Imported::default() }, "byte {place}");
        assert!(directory.probe().await.unwrap().contains("3 accounts"), "byte {place}");
        assert_eq!(directory.show(&user).unwrap().unwrap().password, PasswordState::Unset, "byte {place}");
        assert_eq!(directory.read_back("case-1", &user).await.unwrap(), Some(Fate::NeverHappened), "byte {place}");
        let again = directory.reset(order("case-2", &user, TEMPORARY)).await.unwrap();
        assert_eq!(again, ResetOutcome::Done, "byte {place}");
    }
}

#[tokio::test]
async fn t43_a_file_of_format_1_is_brought_up_and_what_cannot_be_read_in_it_stays_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let whole = reset_once(folder.path()).await;
    let mut broken = whole.clone();
    broken[0].1[1] = b'!';
    store_as_format_1(folder.path(), &broken);

    for _ in ["brought up", "as it was left"] {
        let directory = open(folder.path());
        assert_eq!(listed(&directory), ["HELPDESK03", "RATNAWL"]);
        assert_eq!(directory.read_back("case-1", &id("RATNAWL")).await.unwrap(), Some(Fate::Done));
        assert!(directory.read_back("case-1", &id("hd.made")).await.is_err());
    }

    assert!(stored(folder.path())[1..] == whole[1..], "the others are written as this program writes them");
}
