//! A damaged document of the office costs no more than itself, and what the program only notes for itself not even that
//! (THREATS row 43).

use std::path::Path;

use loket::engine::office::Procedures;
use loket::engine::store::{DocumentWrite, Outcome, Store};
use loket::sop::hours::YearDates;
use redb::{Database, ReadableTable, TableDefinition};

use crate::kit::site::Site;
use crate::store_fixture::{office, open};

const DOCUMENTS: TableDefinition<(&str, &str, &str), &[u8]> = TableDefinition::new("documents");

/// Changes one byte, counted from the end, of every document that `chosen` names by family and id.
pub fn damage(state: &Path, from_the_end: usize, chosen: impl Fn(&str, &str) -> bool) -> usize {
    let database = Database::open(state.join("live/loket.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut damaged = 0;
    {
        let mut table = transaction.open_table(DOCUMENTS).unwrap();
        let mut all = Vec::new();
        for entry in table.iter().unwrap() {
            let (key, value) = entry.unwrap();
            let (office, family, id) = key.value();
            all.push((office.to_owned(), family.to_owned(), id.to_owned(), value.value().to_vec()));
        }
        for (office, family, id, mut bytes) in all.into_iter().filter(|(_, family, id, _)| chosen(family, id)) {
            let place = bytes.len() - from_the_end;
            bytes[place] ^= 1;
            table.insert((office.as_str(), family.as_str(), id.as_str()), bytes.as_slice()).unwrap();
            damaged += 1;
        }
    }
    transaction.commit().unwrap();
    damaged
}

fn note(id: &str, bytes: Option<&[u8]>) -> DocumentWrite {
    let (office, family, id, bytes) = (office(), "note".to_owned(), id.to_owned(), bytes.map(<[u8]>::to_vec));
    DocumentWrite { office, family, id, expected_version: None, bytes }
}

#[tokio::test]
async fn t43_a_damaged_document_hides_no_other_is_named_and_may_be_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let written = vec![note("a", Some(b"a")), note("b", Some(b"b")), note("c", Some(b"c"))];
    drop(open(folder.path()).write_documents(written).await.unwrap());
    let length = b"b".len();

    // In its seal, and in the frame around it.
    for from_the_end in [length, length + 30 + 24] {
        assert_eq!(damage(folder.path(), from_the_end, |_, id| id == "b"), 1);
        let store = open(folder.path());

        let all = store.documents(&office(), "note").await.unwrap();

        let whole: Vec<&[u8]> = all.iter().flatten().map(|document| document.bytes.as_slice()).collect();
        assert_eq!((all.len(), whole), (3, vec![&b"a"[..], b"c"]));
        assert!(store.document(&office(), "note", "b").await.is_err());
        let taken = store.backup(&folder.path().join(from_the_end.to_string())).await.unwrap();
        assert!(format!("{:?}", taken.damaged).contains("a document of"), "{:?}", taken.damaged);
        assert!(matches!(store.write_documents(vec![note("b", Some(b"b"))]).await.unwrap(), Outcome::Committed { .. }));
        assert_eq!(store.document(&office(), "note", "b").await.unwrap().unwrap().bytes, b"b");
    }
}

/// The counts of a day, what cannot be filed, how far a restore has come: any of them ended each start or all mail.
#[tokio::test]
async fn t43_a_damaged_note_of_the_program_keeps_no_office_closed_and_no_mail_out() {
    let site = Site::start().await;
    site.deliver("complete").await;
    for (family, id) in [("unfiled", "unfiled"), ("caught_up", "caught_up")] {
        let note =
            DocumentWrite { office: site.engine.office.id.clone(), family: family.into(), ..note(id, Some(b"[]")) };
        site.engine.store.write_documents(vec![note]).await.unwrap();
    }
    let backup = site.back_up().await;
    let notes = ["unfiled", "caught_up", "mail_day"];
    let site = site.brought_back_with(&backup, true, |state| {
        assert!(damage(state, 1, |family, _| notes.contains(&family)) >= notes.len());
    });

    site.engine.reconcile().await.expect("the office opens");
    assert_eq!(site.engine.unfiled().await.expect("the alarms see"), []);
    site.deliver("user_id").await;
}

#[tokio::test]
async fn t43_a_damaged_admin_costs_no_other_the_desk() {
    let site = Site::start().await;
    let before = site.engine.admins().await.unwrap();
    let lost = before[0].address.as_str().to_lowercase();
    let backup = site.back_up().await;
    let site = site.brought_back_with(&backup, true, |state| {
        assert_eq!(damage(state, 1, |family, id| family == "admin" && id == lost), 1);
    });

    site.engine.learn_names().await.expect("the office opens");

    assert_eq!(site.engine.admins().await.unwrap().len(), before.len() - 1);
}

/// The file at fault lies sealed in the store, where nobody can correct it.
#[tokio::test]
async fn a_season_that_an_earlier_procedure_file_does_not_name_keeps_no_office_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let dates = |text: &str| vec![YearDates::parse(text).unwrap()];
    let zone = chrono_tz::Asia::Makassar;
    let earlier = include_str!("../config/sop/helpdesk.toml");
    let adopted = Procedures::new(zone, Vec::new()).adopt(earlier, &office(), &store).await.unwrap();
    let later = "year = 2027\nsource = \"SKB\"\nclosed = []\n\n[[season]]\nhours = \"banjir\"\nfrom = 2027-02-01\nuntil = 2027-02-10\n";
    let procedures = Procedures::new(zone, dates(later));

    procedures.read_kept(&office(), &store).await.unwrap();

    assert!(procedures.get(adopted.procedure.hash()).is_ok(), "its cases go on, by its plain week");
    assert!(procedures.adopt(earlier, &office(), &store).await.is_err(), "a file that is given now must name it");
}
