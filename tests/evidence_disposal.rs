//! A dossier ends only by two people and an official record; what remains are its register line, its hashes and the record,
//! and the archive verifies.

use loket::engine::archive::{ArchiveDossier, Destruction};
use loket::engine::disposal::{Happened, NoDisposal};
use loket::engine::store::{CaseKey, DocumentWrite};
use loket::sop::names::CaseNumber;
use loket::store::archive::{destroyed_in, verify_file};
use loket::web::view::Admin;

use crate::archive_fixture::{day, dossier};
use crate::cli_fixture;
use crate::kit::Site;

/// Two dossiers of 2012 whose retention has passed, and one that is kept for longer.
async fn filed(site: &Site) -> Vec<CaseNumber> {
    let mut numbers = Vec::new();
    for (serial, active) in [(901, 1), (902, 1), (903, 80)] {
        let metadata = serde_json::json!({ "title": "Permohonan", "active_years": active, "inactive_years": 2 });
        let plain = dossier(serial, day(2012, 3, 1));
        let key = CaseKey { office: site.engine.office.id.clone(), number: plain.key.number.clone() };
        numbers.push(key.number.clone());
        site.engine.archive.keep(ArchiveDossier { key, metadata, ..plain }).await.unwrap();
    }
    numbers
}

async fn code(site: &Site, admin: &Admin) -> String {
    site.code_of(admin).await.expose().to_owned()
}

async fn propose(site: &Site, by: &Admin, numbers: &[CaseNumber]) -> Result<String, NoDisposal> {
    let code = code(site, by).await;
    Ok(site.engine.propose_disposal(&by.address, &code, numbers.to_vec()).await?.id)
}

async fn approve(site: &Site, id: &str, by: &Admin, record: &str) -> Result<(), NoDisposal> {
    let code = code(site, by).await;
    site.engine.approve_disposal(id, &by.address, &code, record).await.map(drop)
}

/// Whether every dossier can still be opened.
async fn all_there(site: &Site, numbers: &[CaseNumber]) -> bool {
    for number in numbers {
        if site.engine.archive.show(number).await.ok().flatten().is_none() {
            return false;
        }
    }
    true
}

/// The book of destruction: proposals, and what happened to them.
async fn book(site: &Site) -> Vec<(String, Happened)> {
    let entries = site.engine.disposal_entries(2026).await.expect("the book reads");
    entries.into_iter().map(|entry| (entry.id, entry.what)).collect()
}

#[tokio::test]
async fn a_dossier_is_destroyed_by_two_people_and_a_record_and_the_archive_still_verifies() {
    let site = Site::start().await;
    let numbers = filed(&site).await;
    let (one, two) = (site.admin(0).await, site.admin(1).await);
    let heads = site.engine.heads().await.unwrap();

    let id = propose(&site, &one, &numbers[..1]).await.unwrap();
    assert!(all_there(&site, &numbers).await, "a proposal destroys nothing");
    approve(&site, &id, &two, "BA.12/2026").await.unwrap();

    let gone = site.engine.archive.show(&numbers[0]).await.err().expect("its key is gone");
    assert!(gone.message.contains("destroyed under record BA.12/2026"), "{}", gone.message);
    assert!(all_there(&site, &numbers[1..]).await);
    assert_eq!(site.engine.archive.verify().await.unwrap(), []);
    assert_eq!(site.engine.heads().await.unwrap().archive, heads.archive, "the chain is as it was");
    let register = site.engine.disposals().await.unwrap();
    assert_eq!(register.len(), 1);
    assert!(register[0].destroyed_at.is_some() && register[0].dossiers == numbers[..1]);
    let listed = site.engine.archive.list().await.unwrap();
    assert!(listed.iter().any(|line| line.destroyed.as_ref().is_some_and(|why| why.record == "BA.12/2026")));
    let due = site.engine.due_for_disposal().await.unwrap();
    assert_eq!(due.iter().map(|d| &d.number).collect::<Vec<_>>(), [&numbers[1]]);
    let file = site.archive_file(2012);
    assert_eq!(verify_file(&file).unwrap(), []);
    assert_eq!(destroyed_in(&file).unwrap().len(), 1, "the file itself says so, without a key");
    approve(&site, &id, &two, "BA.12/2026").await.expect("given again, it changes nothing");
}

#[tokio::test]
async fn no_shorter_way_destroys_anything() {
    let site = Site::start().await;
    let numbers = filed(&site).await;
    let (one, two) = (site.admin(0).await, site.admin(1).await);
    let auditor = {
        site.enrol("auditor@lembayungraya.example", "Auditor", loket::engine::admins::Role::Auditor).await;
        site.person("auditor@lembayungraya.example").await
    };

    assert!(matches!(propose(&site, &one, &numbers[2..]).await, Err(NoDisposal::NotDue(_))));
    assert!(matches!(propose(&site, &auditor, &numbers[..1]).await, Err(NoDisposal::ReadsOnly(..))));
    let wrong = site.engine.propose_disposal(&one.address, "000000", numbers[..1].to_vec()).await;
    assert!(matches!(wrong, Err(NoDisposal::WrongCode)));
    let id = propose(&site, &one, &numbers[..1]).await.unwrap();
    assert!(matches!(propose(&site, &two, &numbers[..1]).await, Err(NoDisposal::ProposedAlready(..))));
    assert!(matches!(approve(&site, &id, &one, "BA.1").await, Err(NoDisposal::SamePerson)));
    assert!(matches!(approve(&site, &id, &auditor, "BA.1").await, Err(NoDisposal::ReadsOnly(..))));
    assert!(matches!(approve(&site, &id, &two, " ").await, Err(NoDisposal::NoRecord)));
    assert!(matches!(approve(&site, &id, &two, "BA\n1").await, Err(NoDisposal::NoRecord)));
    assert!(matches!(approve(&site, "MUSNAH-2026-99", &two, "BA.1").await, Err(NoDisposal::Unknown(_))));
    let wrong = site.engine.approve_disposal(&id, &two.address, "000000", "BA.1").await;
    assert!(matches!(wrong, Err(NoDisposal::WrongCode)));

    assert!(all_there(&site, &numbers).await);
    approve(&site, &id, &two, "BA.1").await.unwrap();
    assert!(matches!(approve(&site, &id, &two, "BA.2").await, Err(NoDisposal::ApprovedAlready(..))));
}

/// They stood in a document alone, which whoever has the keys could write otherwise, and no chain told of it.
#[tokio::test]
async fn who_proposed_and_who_approved_stands_in_the_journal() {
    let site = Site::start().await;
    let numbers = filed(&site).await;
    let (one, two) = (site.admin(0).await, site.admin(1).await);

    let id = propose(&site, &one, &numbers[..1]).await.unwrap();
    approve(&site, &id, &two, "BA.1").await.unwrap();
    approve(&site, &id, &two, "BA.1").await.expect("given again, it changes nothing");

    let proposed = Happened::Proposed { by: one.address.clone(), dossiers: numbers[..1].to_vec() };
    let approved = Happened::Approved { by: two.address.clone(), record: "BA.1".to_owned() };
    assert_eq!(book(&site).await, [proposed, approved, Happened::Destroyed].map(|what| (id.clone(), what)));
    assert!(site.engine.live().await.unwrap().damaged.is_empty(), "it is no case");
    assert_eq!(site.engine.store.verify().await.unwrap(), []);
}

/// The proposal stood open again, could be approved under another record than the archive's file bears, and the next one got
/// the name of one that had been carried out.
#[tokio::test]
async fn t47_a_destruction_that_a_restore_took_back_is_found_in_the_archive_and_no_proposal_is_named_twice() {
    let site = Site::start().await;
    let numbers = filed(&site).await;
    let (one, two) = (site.admin(0).await, site.admin(1).await);
    let (office, number) = (site.engine.office.id.clone(), numbers[0].to_string());
    let first = propose(&site, &one, &numbers[..1]).await.unwrap();
    let (family, bytes) = ("letter".to_owned(), Some(b"marks of its letter".to_vec()));
    let marks = DocumentWrite { office: office.clone(), family, id: number.clone(), expected_version: None, bytes };
    site.engine.store.write_documents(vec![marks]).await.unwrap();
    let backup = site.back_up().await;
    approve(&site, &first, &two, "BA.1").await.unwrap();
    let second = propose(&site, &one, &numbers[1..2]).await.unwrap();

    let site = site.restored_from(&backup).await;
    let register = site.engine.disposals().await.unwrap();
    let otherwise = approve(&site, &first, &two, "BA.2").await;
    let next = propose(&site, &one, &numbers[1..2]).await.unwrap();

    assert_eq!(register.len(), 1);
    assert_eq!(register[0].found.as_ref().map(|why| why.record.as_str()), Some("BA.1"));
    assert!(register[0].destroyed_at.is_some() && register[0].approval.is_none(), "nobody knows who approved");
    assert!(matches!(otherwise, Err(NoDisposal::ApprovedAlready(_, record)) if record == "BA.1"));
    assert!(next.starts_with(&second) && next != second, "{second} was another, and this is {next}");
    let book = book(&site).await;
    assert!(book.iter().any(|(id, what)| *id == first && matches!(what, Happened::Found { .. })), "{book:?}");
    let marks = site.engine.store.document(&office, "letter", &number).await.unwrap();
    assert!(marks.is_none(), "what is destroyed is not remembered again");
}

/// A restore can bring back a proposal of which the archive has a part destroyed.
#[tokio::test]
async fn t47_the_rest_of_a_proposal_is_destroyed_under_the_record_that_the_archive_bears() {
    let site = Site::start().await;
    let numbers = filed(&site).await;
    let (one, two) = (site.admin(0).await, site.admin(1).await);
    let id = propose(&site, &one, &numbers[..2]).await.unwrap();
    let why = Destruction { at: site.now(), record: "BA.1".to_owned() };
    site.engine.archive.destroy(&numbers[0], &why).await.unwrap();

    let otherwise = approve(&site, &id, &two, "BA.2").await;
    let untouched = all_there(&site, &numbers[1..]).await;
    approve(&site, &id, &two, "BA.1").await.unwrap();

    assert!(matches!(otherwise, Err(NoDisposal::DestroyedAlready(number, _)) if number == numbers[0]));
    assert!(untouched && !all_there(&site, &numbers[1..2]).await);
    let listed = site.engine.archive.list().await.unwrap();
    let records: Vec<_> = listed.into_iter().filter_map(|line| line.destroyed).map(|why| why.record).collect();
    assert_eq!(records, ["BA.1", "BA.1"]);
}

#[test]
fn the_command_line_asks_for_a_code_and_for_somebody_who_may() {
    let site = cli_fixture::Site::new();
    site.import().well();
    let propose = ["archive", "disposal", "propose", "LPSE-2026-0001", "--by", "siapa@lembayungraya.example"];

    let silent = site.loket(&propose).refused(1);
    let listed = site.loket(&["archive", "disposal", "list"]).well();

    assert!(silent.contains("No code was typed"), "{silent}");
    assert!(listed.contains("Nothing was ever proposed"), "{listed}");
}
