//! A dossier ends only by two people and an official record; what remains are its register line, its hashes and the record,
//! and the archive verifies.

use loket::engine::archive::ArchiveDossier;
use loket::engine::disposal::NoDisposal;
use loket::engine::store::CaseKey;
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
