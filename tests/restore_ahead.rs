//! An old backup is restored (THREATS 47), and the world is further on: dossiers were filed since, numbers and Message-IDs were
//! given out, accounts were reset. The archive is believed, and nothing is given out a second time.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use loket::accounts::directory::Login;
use loket::demo::samples::papers::letter_pdf;
use loket::demo::samples::people::{self, RINA};
use loket::engine::codec;
use loket::engine::store::{Damage, DocumentWrite, RowState};
use loket::sop::checklist::Finding;
use loket::sop::names::{CaseNumber, UserId};
use loket::sop::phase::Phase;
use loket::vault::Secret;
use loket::web::answer::{DecisionAnswer, RevealAnswer, RevealTyped, Typed};
use loket::web::counter::Counter;
use loket::web::view::{Choice, Headline};

use crate::desk_walk::{approve, decide, form, outcome, review};
use crate::kit::Site;
use crate::t17_letters;

async fn reject(site: &Site, number: &CaseNumber) {
    let (admin, _) = site.admins_of(number).await;
    let view = review(site, &admin, number).await;
    decide(&site.desk, &admin, number, form(&view, Choice::Reject)).await;
    site.settle().await;
}

async fn filed(site: &Site, number: &CaseNumber) {
    assert_eq!(site.engine.file_closed().await.unwrap().archived, std::slice::from_ref(number));
}

/// As `loket cases retry NUMBER` has it.
async fn retry_all(site: &Site, number: &CaseNumber) {
    for row in site.engine.store.rows_of(&site.engine.key(number)).await.unwrap() {
        if row.state == RowState::Held {
            site.engine.try_again(&row).await.unwrap();
        }
    }
    site.settle().await;
}

/// No two letters of one Message-ID say different things, links included.
fn each_message_id_means_one_letter(site: &Site) {
    let mut known = BTreeMap::new();
    for letter in site.letters() {
        let body = known.entry(letter.message_id.clone()).or_insert(letter.body.clone());
        assert_eq!(*body, letter.body, "{} means two letters", letter.message_id);
    }
}

/// The case lived again beside its own dossier and could be decided a second time; once closed, the archive refused it for
/// ever, since step 9 had other times.
#[tokio::test]
async fn t47_a_case_that_was_filed_after_the_backup_does_not_live_again() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let admin = site.admins_of(&number).await.0;
    let under_review = site.back_up().await;
    reject(&site, &number).await;
    let closed = site.back_up().await;
    filed(&site, &number).await;

    let mut site = site;
    for backup in [under_review, closed] {
        site = site.restored_from(&backup).await;
        let filed = site.engine.file_closed().await.unwrap();

        assert!(site.numbers().await.is_empty(), "it is the archive's");
        assert_eq!(outcome(&site, &admin, &number).await.headline, Headline::Archived);
        assert_eq!((filed.archived.len(), filed.waiting, filed.failed), (0, 0, vec![]));
        assert!(site.engine.store.stuck_rows(&site.engine.office.id).await.unwrap().is_empty());
        assert_eq!(site.engine.store.verify().await.unwrap(), Vec::<Damage>::new());
        assert_eq!(site.engine.archive.verify().await.unwrap(), Vec::<Damage>::new());
    }
}

/// A case that was rejected and filed after a backup: its number, the backup, and the archive's file as it is by then.
async fn filed_after_a_backup(site: &Site) -> (CaseNumber, Vec<u8>, Vec<u8>) {
    let number = site.deliver("complete").await;
    let backup = site.back_up().await;
    reject(site, &number).await;
    filed(site, &number).await;
    let archive = std::fs::read(site.archive_file(2026)).unwrap();
    (number, backup, archive)
}

/// The archive's disk came back later than the live store, and the office had worked on without it.
#[tokio::test]
async fn t47_a_case_that_went_another_way_than_its_dossier_is_named_and_stays() {
    let site = Site::start().await;
    let (number, backup, archive) = filed_after_a_backup(&site).await;
    let site = site.brought_back(&backup, false);
    reject(&site, &number).await;
    retry_all(&site, &number).await;

    std::fs::write(site.archive_file(2026), archive).unwrap();
    site.engine.reconcile().await.unwrap();
    let named_at_the_start = site.engine.unfiled().await.unwrap();
    let filed = site.engine.file_closed().await.unwrap();

    assert!(named_at_the_start[0].1.contains("another dossier of this number"), "{named_at_the_start:?}");
    assert_eq!((filed.archived.len(), filed.failed), (0, named_at_the_start));
    assert_eq!(site.numbers().await, [number]);
}

/// A dossier whose items no longer open is no reason to give up the live case: it may be all there is.
#[tokio::test]
async fn t43_a_case_whose_dossier_is_damaged_stays_and_is_named() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let backup = site.back_up().await;
    reject(&site, &number).await;
    filed(&site, &number).await;
    crate::store_damage::flip(&site.archive_file(2026), PARTS, false, |length| length / 2);

    let site = site.restored_from(&backup).await;

    assert_eq!(site.numbers().await.as_slice(), std::slice::from_ref(&number));
    let unfiled = site.engine.unfiled().await.unwrap();
    assert!(unfiled.len() == 1 && unfiled[0].0 == number && unfiled[0].1.contains("damaged"), "{unfiled:?}");
}

/// What a start had named stayed as it was until the schedule ran, and nobody could decide on it.
#[tokio::test]
async fn t43_a_start_that_finds_all_well_names_nothing_any_more() {
    let site = Site::start().await;
    let (number, backup, archive) = filed_after_a_backup(&site).await;
    crate::store_damage::flip(&site.archive_file(2026), PARTS, false, |length| length / 2);
    let site = site.restored_from(&backup).await;
    let before = site.engine.unfiled().await.unwrap();

    std::fs::write(site.archive_file(2026), archive).unwrap();
    site.engine.reconcile().await.unwrap();

    assert!(before.len() == 1 && before[0].0 == number, "{before:?}");
    assert!(site.numbers().await.is_empty(), "it is the archive's");
    assert_eq!(site.engine.unfiled().await.unwrap(), vec![]);
}

/// A start that found one case beside its dossier forgot all others that could not be filed.
#[tokio::test]
async fn t43_a_start_keeps_what_was_noted_of_closed_cases_and_nothing_of_open_ones() {
    let site = Site::start().await;
    let (number, backup, _) = filed_after_a_backup(&site).await;
    crate::store_damage::flip(&site.archive_file(2026), PARTS, false, |length| length / 2);
    let site = site.restored_from(&backup).await;
    let closed = site.deliver("user_id").await;
    reject(&site, &closed).await;
    let open = site.deliver("completed_later").await;
    let why = |number: &CaseNumber| (number.clone(), "the bytes of a mail are not there".to_owned());
    let note = DocumentWrite {
        office: site.engine.office.id.clone(),
        family: "unfiled".to_owned(),
        id: "unfiled".to_owned(),
        expected_version: None,
        bytes: Some(codec::encode(&[why(&closed), why(&open)])),
    };
    site.engine.store.write_documents(vec![note]).await.unwrap();

    site.engine.reconcile().await.unwrap();

    assert_eq!(unfiled(&site).await, [number, closed]);
}

async fn unfiled(site: &Site) -> Vec<CaseNumber> {
    site.engine.unfiled().await.unwrap().into_iter().map(|(number, _)| number).collect()
}

/// What stood beside its dossier could be decided on once more as soon as nothing told so any longer.
#[tokio::test]
async fn t43_what_stands_beside_its_dossier_stays_noted_while_a_file_of_the_archive_cannot_be_read() {
    let site = Site::start().await;
    let (number, backup, _) = filed_after_a_backup(&site).await;
    crate::store_damage::flip(&site.archive_file(2026), PARTS, false, |length| length / 2);
    let site = site.restored_from(&backup).await;
    site.engine.reconcile().await.unwrap();
    assert_eq!(unfiled(&site).await, std::slice::from_ref(&number));

    std::fs::write(site.archive_file(2026), "garbled").unwrap();
    site.engine.reconcile().await.unwrap();
    assert_eq!(unfiled(&site).await, std::slice::from_ref(&number), "after a start");
    site.engine.file_closed().await.unwrap();
    assert_eq!(unfiled(&site).await, [number], "after the schedule");
}

const PARTS: redb::TableDefinition<(u64, u32, u32), &[u8]> = redb::TableDefinition::new("parts");

/// Numbers of dossiers that a start took over, and whether the whole archive was looked through.
async fn caught_up(site: &Site) -> (Vec<String>, bool) {
    let (store, office) = (&site.engine.store, &site.engine.office.id);
    let recalled = store.documents(office, "recalled").await.unwrap();
    let done = store.document(office, "caught_up", "caught_up").await.unwrap();
    (recalled.into_iter().flatten().map(|document| document.id).collect(), done.is_some())
}

/// The cases of such a file lived again, were reset a second time under another key, and only a line of the log told of it.
#[tokio::test]
async fn t47_no_office_opens_after_a_restore_while_a_file_of_the_archive_cannot_be_read() {
    let site = Site::start().await;
    let (_, backup, archive) = filed_after_a_backup(&site).await;
    let site = site.brought_back(&backup, true);
    std::fs::write(site.archive_file(2026), "garbled").unwrap();

    let refused = site.engine.reconcile().await.expect_err("what was filed is not known");
    std::fs::write(site.archive_file(2026), archive).unwrap();
    site.engine.reconcile().await.unwrap();

    assert!(refused.message.contains("archive-2026.redb cannot be read"), "{refused}");
    assert!(site.numbers().await.is_empty(), "it is the archive's");
    assert_eq!(caught_up(&site).await, (vec![], true));
}

/// Of such a dossier the number alone was kept, so that its mails began it anew and its letter counted again, and nobody asked for it
/// at the next start.
#[tokio::test]
async fn t43_a_damaged_mail_of_a_filed_case_hides_nothing_else_of_it_and_is_asked_for_again() {
    let site = Site::start().await;
    let backup = site.back_up().await;
    let paper = || letter_pdf(&t17_letters::letter(&RINA, "000.3/0951/BLPE/B.PBJ", t17_letters::day(9)));
    let attached = vec![("Surat.pdf", "application/pdf", paper()), t17_letters::decree()];
    let raw = t17_letters::request(&site, &RINA, attached);
    let number = t17_letters::take(&site, raw.clone()).await;
    reject(&site, &number).await;
    filed(&site, &number).await;
    let archive = std::fs::read(site.archive_file(2026)).unwrap();
    crate::store_damage::flip(&site.archive_file(2026), PARTS, false, |length| length / 2);

    let site = site.restored_from(&backup).await;
    let in_part = caught_up(&site).await;
    site.take_in(raw).await;
    let opened_by_the_same = site.numbers().await;
    let again = t17_letters::send(&site, &RINA, paper()).await;
    std::fs::write(site.archive_file(2026), archive).unwrap();
    site.engine.reconcile().await.unwrap();

    assert_eq!(in_part, (vec![], false));
    assert!(opened_by_the_same.is_empty(), "{opened_by_the_same:?}");
    let found = t17_letters::check(&site, &again, "letter_not_reused").await;
    t17_letters::expect(&found, Finding::Unclear, Some(&number));
    assert_eq!(caught_up(&site).await, (vec![], true));
}

/// Only a line of the log told of it: its number was given out again.
#[tokio::test]
async fn t43_a_filed_case_whose_record_does_not_read_keeps_its_number_and_is_named() {
    let site = Site::start().await;
    let backup = site.back_up().await;
    let number = site.deliver("complete").await;
    reject(&site, &number).await;
    filed(&site, &number).await;
    let archive = std::fs::read(site.archive_file(2026)).unwrap();
    crate::store_damage::flip(&site.archive_file(2026), RECORDS, false, |length| length / 2);

    let site = site.restored_from(&backup).await;
    let named_at_the_start = site.engine.unfiled().await.unwrap();
    site.engine.file_closed().await.unwrap();
    let named_later = site.engine.unfiled().await.unwrap();
    let later = site.deliver("user_id").await;
    let in_part = caught_up(&site).await;
    std::fs::write(site.archive_file(2026), archive).unwrap();
    site.engine.reconcile().await.unwrap();

    let [(named, why)] = named_at_the_start.as_slice() else { panic!("one is named: {named_at_the_start:?}") };
    assert!(*named == number && why.contains("not known"), "{named}: {why}");
    assert_eq!(named_later, named_at_the_start);
    assert!(later > number, "{later} is given out after {number}");
    assert_eq!(in_part, (vec![], false));
    assert_eq!(caught_up(&site).await, (vec![], true));
    assert_eq!(site.engine.unfiled().await.unwrap(), vec![]);
}

const RECORDS: redb::TableDefinition<u64, &[u8]> = redb::TableDefinition::new("dossiers");

/// It was decided a second time, with nothing but a line of the log against it.
#[tokio::test]
async fn t43_a_case_whose_dossier_does_not_read_is_not_decided_again() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let backup = site.back_up().await;
    reject(&site, &number).await;
    filed(&site, &number).await;
    crate::store_damage::flip(&site.archive_file(2026), RECORDS, false, |length| length / 2);

    let site = site.restored_from(&backup).await;
    let view = review(&site, &admin, &number).await;
    let answer = decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await;

    assert_eq!(site.engine.unfiled().await.unwrap()[0].0, number);
    assert!(!matches!(answer, DecisionAnswer::Done), "it may have been decided since");
    assert!(matches!(site.case(&number).await.phase, Phase::UnderReview { .. }));
}

/// A start that was cut began again with the first dossier, and with some thousands none ever came to the end.
#[tokio::test]
async fn t47_a_start_goes_on_with_the_archive_where_the_one_before_it_was_cut() {
    let site = Site::start().await;
    let backup = site.back_up().await;
    let numbers = [site.deliver("complete").await, site.deliver("user_id").await];
    for number in &numbers {
        reject(&site, number).await;
    }
    assert_eq!(site.engine.file_closed().await.unwrap().archived, numbers);
    let archive = std::fs::read(site.archive_file(2026)).unwrap();
    crate::store_damage::flip(&site.archive_file(2026), PARTS, false, |length| length / 2);
    let site = site.restored_from(&backup).await;
    let cut = caught_up(&site).await;

    // Of the second dossier nothing could be read any more.
    std::fs::write(site.archive_file(2026), archive).unwrap();
    let file = redb::Database::open(site.archive_file(2026)).unwrap();
    let transaction = file.begin_write().unwrap();
    transaction.open_table(PARTS).unwrap().retain(|(position, ..), _| position == 1).unwrap();
    transaction.commit().unwrap();
    drop(file);
    site.engine.reconcile().await.unwrap();

    assert_eq!(cut, (vec![numbers[1].to_string()], false));
    assert_eq!(caught_up(&site).await, (vec![], true));
}

/// It ended each start.
#[tokio::test]
async fn t43_a_damaged_case_beside_its_dossier_does_not_keep_a_restored_office_closed() {
    const CASES: redb::TableDefinition<(&str, &str), &[u8]> = redb::TableDefinition::new("cases");
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let backup = site.back_up().await;
    reject(&site, &number).await;
    filed(&site, &number).await;
    let site = site.brought_back_with(&backup, true, |state| {
        crate::store_damage::flip(&state.join("live/loket.redb"), CASES, false, |length| length / 2);
    });
    let key = site.engine.key(&number);
    assert!(site.engine.store.load(&key).await.is_err(), "the flip is in this case");

    site.engine.reconcile().await.expect("the rest of the office is well");

    assert!(site.engine.store.load(&key).await.is_err(), "it stays, and verify names it");
}

/// The account system answered Done for a key it knew and set no password: the page showed one that opened nothing.
#[tokio::test]
async fn t47_a_reset_after_a_restore_is_another_than_the_one_before_it() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let backup = site.back_up().await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    assert!(matches!(site.case(&number).await.phase, Phase::Delivered { .. }));

    let site = site.restored_from(&backup).await;
    approve(&site, &admin, &number).await;

    let token = site.token(RINA.email, "ambil");
    let nip = RevealTyped::Nip(Typed::new(RINA.nip));
    let RevealAnswer::Revealed(shown) = site.desk.reveal(&token, nip).await.unwrap() else { panic!("it is shown") };
    let password = Secret::new(shown.password.expect("a reset gives a password").expose().to_owned());
    let login = site.directory.verify_login(&UserId("RINAPL".to_owned()), &password, None, site.now()).await.unwrap();
    assert_eq!(login, Login::MustChange);
    each_message_id_means_one_letter(&site);
}

/// It may have left before the restore, under the same Message-ID and with links that are void: whoever reads mail may then
/// see the first alone.
#[tokio::test]
async fn t47_a_letter_with_fresh_links_has_a_message_id_of_its_own_that_leads_to_its_case() {
    let site = Site::start().await;
    site.receive(vec![site.sample("complete").raw]).await;
    let number = site.numbers().await.remove(0);
    let backup = site.back_up().await;
    site.settle().await;

    let site = site.restored_from(&backup).await;
    retry_all(&site, &number).await;
    // Of many hands at one case some have to come again.
    site.forward(TimeDelta::minutes(1));
    site.settle().await;

    let proposals = site.letters().into_iter().filter(|letter| letter.body.contains("/tautan/"));
    let ids: std::collections::BTreeSet<String> = proposals.map(|letter| letter.message_id).collect();
    let sign = format!("-r{}.", site.engine.store.epoch().await.unwrap());
    let renewed = |id: &String| {
        id.split_once(&sign).is_some_and(|(before, _)| ids.iter().any(|other| other.starts_with(&format!("{before}."))))
    };
    assert!(ids.iter().any(renewed), "{ids:?}");
    each_message_id_means_one_letter(&site);
    for letter in
        site.letters().into_iter().filter(|letter| letter.message_id.contains(&number.to_string().to_lowercase()))
    {
        let found = site.engine.store.find(&site.engine.office.id, "message", &letter.message_id).await.unwrap();
        assert_eq!(found, [site.engine.key(&number)], "{}", letter.message_id);
    }
}

/// Moved back into the inbox, as the README has it after a restore, the mails of filed cases began them anew, under the same
/// numbers.
#[tokio::test]
async fn t47_mails_of_filed_cases_are_known_and_their_numbers_are_not_given_out_again() {
    let site = Site::start().await;
    let backup = site.back_up().await;
    let raw = t17_letters::request(
        &site,
        &RINA,
        vec![
            (
                "Surat.pdf",
                "application/pdf",
                letter_pdf(&t17_letters::letter(&RINA, "000.3/0951/BLPE/B.PBJ", t17_letters::day(9))),
            ),
            t17_letters::decree(),
        ],
    );
    let number = t17_letters::take(&site, raw.clone()).await;
    reject(&site, &number).await;
    filed(&site, &number).await;

    let site = site.restored_from(&backup).await;
    site.take_in(raw).await;
    let opened_by_the_same = site.numbers().await;
    let letter = letter_pdf(&t17_letters::letter(&RINA, "000.3/0951/BLPE/B.PBJ", t17_letters::day(9)));
    let again = t17_letters::send(&site, &RINA, letter).await;
    let user_id = site.deliver("user_id").await;

    assert!(opened_by_the_same.is_empty(), "{opened_by_the_same:?}");
    assert!(again > number && user_id > again, "{number} {again} {user_id}");
    let found = t17_letters::check(&site, &again, "letter_not_reused").await;
    t17_letters::expect(&found, Finding::Unclear, Some(&number));
    assert_eq!(site.engine.store.verify().await.unwrap(), Vec::<Damage>::new());
    assert!(site.last_to(people::JOHANNES.email).is_some());
}
