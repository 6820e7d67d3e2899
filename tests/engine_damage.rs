//! What is damaged in the live store costs no more than itself (THREATS row 43): a book of the office, what is
//! remembered of a case's letters.

use std::path::Path;

use loket::demo::samples::papers::letter_pdf;
use loket::demo::samples::people::RINA;
use loket::engine::admins::{FAILURES, Happened};
use loket::engine::intake::DAYBOOK;
use loket::engine::port::Folder;
use loket::engine::store::Batch;
use loket::sop::checklist::Finding;
use loket::sop::names::{CaseNumber, Language};
use loket::web::answer::{DecisionAnswer, SignInAnswer, Typed};
use loket::web::counter::Counter;
use loket::web::view::{Admin, Choice};
use redb::{Database, ReadableTable, TableDefinition};

use crate::desk_walk::{decide, form, review};
use crate::kit::Site;
use crate::mail_flood::request;
use crate::{store_documents, t17_letters};

/// Changes the last byte of what a table holds of each book of a series; returns how many there were.
fn damage(state: &Path, table: &str, series: &str) -> usize {
    let definition: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new(table);
    let database = Database::open(state.join("live/loket.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut damaged = 0;
    {
        let mut table = transaction.open_table(definition).unwrap();
        let mut all = Vec::new();
        for entry in table.iter().unwrap() {
            let (key, value) = entry.unwrap();
            let (office, number) = key.value();
            all.push((office.to_owned(), number.to_owned(), value.value().to_vec()));
        }
        for (office, number, mut bytes) in all.into_iter().filter(|(_, number, _)| number.starts_with(series)) {
            *bytes.last_mut().expect("a sealed record") ^= 1;
            table.insert((office.as_str(), number.as_str()), bytes.as_slice()).unwrap();
            damaged += 1;
        }
    }
    transaction.commit().unwrap();
    damaged
}

async fn named(site: &Site) -> Vec<CaseNumber> {
    site.engine.live().await.expect("the store answers").damaged
}

/// Every look and every sign-in failed until the month was over, and no alarm told why.
#[tokio::test]
async fn t43_a_damaged_access_book_is_named_goes_on_elsewhere_and_closes_no_desk() {
    // Of the book itself its entries still read; without its key nothing does.
    for (table, looks) in [("cases", 2), ("keys", 1)] {
        let site = Site::start().await;
        let number = site.deliver("complete").await;
        let (admin, _) = site.admins_of(&number).await;
        review(&site, &admin, &number).await;
        let backup = site.back_up().await;
        let site = site.brought_back_with(&backup, true, |state| assert_eq!(damage(state, table, "ACCESS"), 1));

        let code = site.code_of(&admin).await;
        let entered = site.desk.sign_in(&admin.address, &code).await.expect("the desk is open");
        review(&site, &admin, &number).await;

        assert!(matches!(entered, SignInAnswer::Opened(_)));
        let seen = site.engine.accesses(&number, site.now()).await.expect("the store answers");
        assert_eq!(seen.len(), looks, "{table}");
        assert_eq!(named(&site).await, [CaseNumber::new("ACCESS", 2026, 11)]);
    }
}

/// Whatever starts nothing stayed in the inbox until the year was over.
#[tokio::test]
async fn t43_a_damaged_daybook_is_named_goes_on_elsewhere_and_keeps_no_mail_out() {
    let site = Site::start().await;
    site.take_in(machine(&site, 1)).await;
    let backup = site.back_up().await;
    let site = site.brought_back_with(&backup, true, |state| assert_eq!(damage(state, "cases", DAYBOOK), 1));

    let filed = site.take_in_together(vec![machine(&site, 2), machine(&site, 3)]).await;
    let later = site.take_in(machine(&site, 4)).await;

    assert_eq!((filed, later), (vec![Folder::Processed; 2], vec![Folder::Processed]));
    let further = site.engine.key(&CaseNumber::new(DAYBOOK, 2026, 101));
    assert_eq!(site.engine.store.events(&further).await.unwrap().len(), 3);
    assert_eq!(named(&site).await, [CaseNumber::new(DAYBOOK, 2026, 1)]);
}

/// Mail of a machine, which is noted in the daybook and no more.
fn machine(site: &Site, nth: u32) -> Vec<u8> {
    let raw = request(("Mesin", "mesin@ramai.example"), nth, site.now());
    [b"Auto-Submitted: auto-replied\r\n".to_vec(), raw].concat()
}

/// Five wrong codes, then a right one.
async fn guess(site: &Site, admin: &Admin) -> SignInAnswer {
    for _ in 0..FAILURES {
        site.desk.sign_in(&admin.address, &Typed::new("000000")).await.expect("a wrong code is answered");
    }
    site.settle().await;
    let code = site.code_of(admin).await;
    site.desk.sign_in(&admin.address, &code).await.expect("a lock is answered")
}

/// The fifth wrong code could not be put on record: no lock came, and each next guess was looked at like the first.
#[tokio::test]
async fn t43_a_damaged_roll_is_named_goes_on_elsewhere_and_keeps_no_lock_away() {
    let site = Site::start().await;
    let admin = site.admin(0).await;
    let before = site.engine.roll_of(2026).await.unwrap().len();
    let backup = site.back_up().await;
    let site = site.brought_back_with(&backup, true, |state| assert_eq!(damage(state, "cases", "ROLL"), 1));

    let answer = guess(&site, &admin).await;

    assert!(matches!(answer, SignInAnswer::LockedOut));
    let told = site.last_to(admin.address.as_str()).expect("the person is told");
    assert!(told.subject.contains("terkunci"), "{}", told.subject);
    let roll = site.engine.roll_of(2026).await.unwrap();
    assert_eq!(roll.len(), before + 1, "what was before the damage stands there too");
    assert!(matches!(roll.last(), Some(entry) if matches!(entry.what, Happened::Locked { .. })));
    assert_eq!(named(&site).await, [CaseNumber::new("ROLL", 2026, 1)]);
}

#[tokio::test]
async fn t43_a_lock_that_no_volume_of_the_roll_takes_comes_all_the_same() {
    let site = Site::start().await;
    let admin = site.admin(0).await;
    for serial in (101..1000).step_by(100) {
        let key = site.engine.key(&CaseNumber::new("ROLL", 2026, serial));
        site.engine.store.commit(vec![Batch::new(key, 0, site.now(), vec![1])]).await.unwrap();
    }
    let backup = site.back_up().await;
    let site = site.brought_back_with(&backup, true, |state| assert_eq!(damage(state, "cases", "ROLL"), 10));

    let answer = guess(&site, &admin).await;

    assert!(matches!(answer, SignInAnswer::LockedOut));
    assert_eq!(named(&site).await.len(), 10);
}

const NUMBER: &str = "000.3/0951/BLPE/B.PBJ";

/// A case whose request letter is remembered, with what is remembered of it damaged, and the letter.
async fn forgotten() -> (Site, CaseNumber, Vec<u8>) {
    let letter = letter_pdf(&t17_letters::letter(&RINA, NUMBER, t17_letters::day(9)));
    let site = Site::start().await;
    let number = t17_letters::send(&site, &RINA, letter.clone()).await;
    let backup = site.back_up().await;
    let id = number.to_string();
    let site = site.brought_back_with(&backup, true, |state| {
        assert_eq!(store_documents::damage(state, 1, |family, of| family == "letter" && of == id), 1);
    });
    (site, number, letter)
}

/// It could take no step any more.
#[tokio::test]
async fn t43_a_case_whose_remembered_letters_are_damaged_goes_on_and_is_remembered_anew() {
    let (site, number, letter) = forgotten().await;
    let (admin, _) = site.admins_of(&number).await;

    let view = review(&site, &admin, &number).await;
    let answer = decide(&site.desk, &admin, &number, form(&view, Choice::Reject)).await;
    site.settle().await;
    let again = t17_letters::send(&site, &RINA, letter).await;

    assert!(matches!(answer, DecisionAnswer::Done));
    let found = t17_letters::check(&site, &again, "letter_not_reused").await;
    t17_letters::expect(&found, Finding::Unclear, Some(&number));
    assert!(site.desk.case_page(&admin, &number, Language::Id).await.unwrap().is_some());
}

/// Every request that shared its number stayed in the inbox.
#[tokio::test]
async fn t43_what_is_remembered_of_one_case_holds_up_no_other_where_it_is_damaged() {
    let (site, _, letter) = forgotten().await;

    let again = t17_letters::send(&site, &RINA, letter).await;

    let found = t17_letters::check(&site, &again, "letter_not_reused").await;
    t17_letters::expect(&found, Finding::Met, None);
}
