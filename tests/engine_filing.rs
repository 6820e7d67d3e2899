//! Step 9 in the engine: two files that share no transaction, and what may come between them.

use std::task::{Context, Poll, Waker};

use loket::demo::samples::people;
use loket::engine::casebook::{Along, Answer};
use loket::sop::command::Command;
use loket::sop::names::CaseNumber;
use loket::web::view::Choice;

use crate::desk_walk::{decide, form, review};
use crate::kit::Site;

/// A request that was rejected, with its letters gone.
pub async fn rejected(site: &Site) -> CaseNumber {
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(site, &admin, &number).await;
    decide(&site.desk, &admin, &number, form(&view, Choice::Reject)).await;
    site.settle().await;
    number
}

/// Runs the archive schedule and kills it once the dossier lies in the archive, before the live case is removed.
async fn cut_after_the_archive(site: &Site, number: &CaseNumber) {
    let mut filing = Box::pin(site.engine.file_closed());
    while site.engine.archive.receipt(number).await.unwrap().is_none() {
        let polled = filing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending), "it was cut in time");
    }
}

/// A returned letter changed a case that was in the archive already; the archive then refused it for ever, as filed with
/// other bytes, and it never left the live store.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_whose_filing_was_cut_leaves_at_the_next_run_whatever_came_between() {
    let site = Site::start().await;
    let number = rejected(&site).await;
    cut_after_the_archive(&site, &number).await;
    let key = site.engine.key(&number);
    let case = site.case(&number).await;
    let letter = case.letters.iter().rfind(|l| l.kind == "rejected").expect("the applicant was written to").id.clone();
    let sent = site.letters().len();

    let bounce = Command::LetterFailed { id: letter, why: "returned by a later server".to_owned() };
    let answer = site.engine.apply(&key, bounce, Along::default()).await.unwrap();
    site.settle().await;
    let filed = site.engine.file_closed().await.unwrap();

    assert!(matches!(answer, Answer::Refused(..)));
    assert_eq!((filed.archived, filed.failed), (vec![number.clone()], vec![]));
    assert!(site.numbers().await.is_empty());
    assert_eq!(site.letters().len(), sent, "nobody is told of what is not on record");
    assert!(site.engine.archive.verify().await.unwrap().is_empty());
    assert!(site.last_to(people::RINA.email).is_some());
}

/// The rows were read, then a bounce was recorded; its letter to the admin went with the case, unsent.
#[tokio::test]
async fn a_closed_case_waits_for_the_letter_about_a_bounce() {
    let site = Site::start().await;
    let number = rejected(&site).await;
    let (admin, _) = site.admins_of(&number).await;
    let key = site.engine.key(&number);
    let letter = site.case(&number).await.letters.iter().rfind(|l| l.kind == "rejected").unwrap().id.clone();

    let bounce = Command::LetterFailed { id: letter, why: "returned by a later server".to_owned() };
    site.engine.apply(&key, bounce, Along::default()).await.unwrap();
    let early = site.engine.file_closed().await.unwrap();
    site.settle().await;
    let late = site.engine.file_closed().await.unwrap();

    assert_eq!((early.archived.len(), early.waiting), (0, 1));
    assert_eq!(late.archived, [number]);
    assert!(site.last_to(admin.address.as_str()).unwrap().body.contains("returned by a later server"));
}
