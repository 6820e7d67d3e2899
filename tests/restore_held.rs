//! After a restore: what was on its way is held until a person has looked, and then goes, is dropped or is settled, but
//! is never lost, repeated blindly or sent with links that open nothing.

use loket::demo::samples::people;
use loket::engine::port::{AccountDriver, ResetOrder};
use loket::engine::store::{Row, RowState};
use loket::engine::stuck::Looked;
use loket::sop::case::LetterState;
use loket::sop::event::Event;
use loket::sop::names::{CaseNumber, Language, UserId};
use loket::sop::phase::Phase;
use loket::vault::Secret;
use loket::web::answer::{RevealAnswer, RevealTyped, Typed};
use loket::web::counter::Counter;
use loket::web::view::Choice;

use crate::desk_walk::{approve, decide, form, review};
use crate::kit::Site;

async fn held(site: &Site, number: &CaseNumber, kind: &str) -> Vec<Row> {
    let rows = site.engine.store.rows_of(&site.engine.key(number)).await.unwrap();
    rows.into_iter().filter(|row| row.state == RowState::Held && row.kind == kind).collect()
}

/// As `loket cases retry NUMBER` has it.
async fn retry_all(site: &Site, number: &CaseNumber) {
    for row in site.engine.store.rows_of(&site.engine.key(number)).await.unwrap() {
        if row.state == RowState::Held && !site.engine.may_have_happened(&row).await.unwrap() {
            assert!(matches!(site.engine.try_again(&row).await.unwrap(), Looked::Armed { .. }));
        }
    }
    site.settle().await;
}

/// A decision whose effects all wait in the outbox.
async fn decided(choice: Choice) -> (Site, CaseNumber) {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    decide(&site.desk, &admin, &number, form(&view, choice)).await;
    (site, number)
}

fn rejection(case: &loket::sop::case::Case) -> &loket::sop::case::LetterRecord {
    case.letters.iter().rfind(|letter| letter.kind == "rejected").expect("it was written")
}

/// The archive took the case up and deleted the held rejection with it, unseen.
#[tokio::test]
async fn t47_a_closed_case_is_filed_only_after_its_held_letter_went() {
    let (site, number) = decided(Choice::Reject).await;
    let site = site.restored().await;
    site.settle().await;
    let case = site.case(&number).await;
    assert!(held(&site, &number, "letter").await.iter().any(|row| row.id == rejection(&case).id));

    let early = site.engine.file_closed().await.unwrap();
    retry_all(&site, &number).await;
    let late = site.engine.file_closed().await.unwrap();

    assert_eq!((early.archived.len(), early.waiting), (0, 1));
    let told = site.last_to(people::RINA.email).unwrap();
    assert!(told.message_id.contains(&rejection(&case).id), "{}", told.body);
    assert_eq!(late.archived, [number]);
}

#[tokio::test]
async fn t47_a_held_letter_that_is_dropped_is_undelivered_and_the_admin_hears() {
    let (site, number) = decided(Choice::Reject).await;
    let site = site.restored().await;
    let (admin, _) = site.admins_of(&number).await;
    let id = rejection(&site.case(&number).await).id.clone();
    let row = held(&site, &number, "letter").await.into_iter().find(|row| row.id == id).expect("it is held");
    let before = site.letters().len();

    assert_eq!(site.engine.drop_stuck(&row, "uid 0").await.unwrap(), Looked::Dropped);
    site.settle().await;

    let case = site.case(&number).await;
    assert!(matches!(&rejection(&case).state, LetterState::Undelivered { why, .. } if why.contains("uid 0")));
    let sent = site.letters().split_off(before);
    assert_eq!(sent.len(), 1, "the letter itself never goes");
    assert!(
        sent[0].to == [admin.address] && sent[0].body.contains("dibatalkan oleh pengelola sistem (uid 0)."),
        "{}",
        sent[0].body
    );
    retry_all(&site, &number).await;
    assert_eq!(site.engine.file_closed().await.unwrap().archived, [number]);
}

#[tokio::test]
async fn t47_a_deadline_cannot_be_dropped() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let site = site.restored().await;

    let row = held(&site, &number, "wake").await.remove(0);

    assert_eq!(site.engine.drop_stuck(&row, "uid 0").await.unwrap(), Looked::Needed);
    assert_eq!(held(&site, &number, "wake").await.iter().filter(|held| held.id == row.id).count(), 1);
}

/// Each deadline that was days away came at once: a result that was fetched a moment ago was reminded of, and then ended.
#[tokio::test]
async fn t47_a_deadline_that_is_tried_again_comes_at_its_time() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let nip = RevealTyped::Nip(Typed::new(people::RINA.nip));
    let shown = site.desk.reveal(&site.token(people::RINA.email, "ambil"), nip).await.unwrap();
    assert!(matches!(shown, RevealAnswer::Revealed(_)));
    site.settle().await;
    let site = site.restored().await;
    let before = (held(&site, &number, "wake").await, site.letters().len());

    retry_all(&site, &number).await;

    let dues = |rows: &[Row]| rows.iter().map(|row| (row.id.clone(), row.due)).collect::<Vec<_>>();
    let rows = site.engine.store.rows_of(&site.engine.key(&number)).await.unwrap();
    assert!(!before.0.is_empty() && before.0.iter().all(|row| row.due > site.now()), "{:?}", dues(&before.0));
    assert_eq!(dues(&rows), dues(&before.0));
    assert!(rows.iter().all(|row| row.state == RowState::Waiting));
    assert!(matches!(site.case(&number).await.phase, Phase::Delivered { .. }));
    assert_eq!(site.letters().len(), before.1, "nobody is reminded yet");
}

/// The backup was taken between decision and reset. The restored ledger said "intended", and trying the letters again reset
/// the account a second time, under the applicant's hands.
#[tokio::test]
async fn t47_a_reset_that_may_have_happened_after_the_backup_is_not_repeated() {
    const PASSWORD: &str = "Kebun-Teh-Sore-2026";
    for dropped in [false, true] {
        let (site, number) = decided(Choice::Approve).await;
        let order = ResetOrder {
            idempotency_key: &format!("{}/{number}/1", site.office.id),
            user_id: &UserId("RINAPL".to_owned()),
            temporary_password: PASSWORD,
            expires_at: site.now() + chrono::TimeDelta::hours(24),
        };
        site.directory.reset(order).await.unwrap();
        let site = site.restored().await;

        retry_all(&site, &number).await;
        let row = held(&site, &number, "driver").await.remove(0);
        assert!(matches!(site.case(&number).await.phase, Phase::Executing { .. }), "left alone");
        let looked = match dropped {
            false => site.engine.try_again(&row).await.unwrap(),
            true => site.engine.drop_stuck(&row, "uid 0").await.unwrap(),
        };
        assert_eq!(looked, Looked::LeftToAnAdmin);
        site.settle().await;

        let events = site.engine.events(&site.engine.key(&number)).await.unwrap();
        assert!(events.iter().any(|e| matches!(e.event, Event::ExecutionUnknown { .. })));
        let told = events
            .iter()
            .any(|e| matches!(&e.event, Event::ExecutionFailed { why, .. } if why == "reset_outlived_its_password"));
        assert!(told, "the account system knew of it; its password was in no backup");
        let login = site
            .directory
            .verify_login(&UserId("RINAPL".to_owned()), &Secret::new(PASSWORD.to_owned()), None, site.now())
            .await;
        assert_eq!(login.unwrap(), loket::accounts::directory::Login::MustChange, "nobody reset it again");
    }
}

/// The letter was written before the restore, and its links were of the epoch before: they opened nothing, and it counted
/// as sent. One tells of a proposal, the other of a held mail.
#[tokio::test]
async fn t47_a_letter_tried_again_after_a_restore_has_links_that_open() {
    for sample in ["complete", "forged"] {
        let site = Site::start().await;
        site.receive(vec![site.sample(sample).raw]).await;
        let number = site.numbers().await.remove(0);
        let site = site.restored().await;
        let (admin, _) = site.admins_of(&number).await;
        assert!(site.last_to(admin.address.as_str()).is_none_or(|letter| !letter.body.contains("/tautan/")));

        retry_all(&site, &number).await;
        // Of many hands at one case some have to come again.
        site.forward(chrono::TimeDelta::minutes(1));
        site.settle().await;

        let token = site.token(admin.address.as_str(), "tautan");
        let opened = site.engine.open_link(&token).await.unwrap().expect("the link opens");
        assert_eq!(opened.key.number, number, "{sample}");
        assert!(site.desk.lock_view(&token, Language::Id).await.unwrap().is_some(), "{sample}");
    }
}

#[tokio::test]
async fn t47_a_letter_written_between_two_restores_has_links_that_open() {
    let site = Site::start().await.restored().await;
    site.receive(vec![site.sample("complete").raw]).await;
    let number = site.numbers().await.remove(0);
    let site = site.restored().await;
    let (admin, _) = site.admins_of(&number).await;

    retry_all(&site, &number).await;
    site.forward(chrono::TimeDelta::minutes(1));
    site.settle().await;

    assert!(site.engine.open_link(&site.token(admin.address.as_str(), "tautan")).await.unwrap().is_some());
}

/// It was written, then decided; both were held. The letter goes, so that the record is whole; its link opens nothing.
#[tokio::test]
async fn t47_a_letter_about_what_was_decided_meanwhile_has_no_link_that_opens() {
    let site = Site::start().await;
    site.receive(vec![site.sample("complete").raw]).await;
    let number = site.numbers().await.remove(0);
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    decide(&site.desk, &admin, &number, form(&view, Choice::Reject)).await;
    let site = site.restored().await;

    retry_all(&site, &number).await;
    site.forward(chrono::TimeDelta::minutes(1));
    site.settle().await;

    assert!(site.engine.open_link(&site.token(admin.address.as_str(), "tautan")).await.unwrap().is_none());
}

/// A backup holds no passwords. The letter with a link to one would lead nowhere.
#[tokio::test]
async fn t47_a_result_that_no_backup_holds_is_not_told_and_the_admin_issues_it_again() {
    let (site, number) = decided(Choice::Approve).await;
    site.engine.dispatch_due().await.unwrap();
    assert!(matches!(site.case(&number).await.phase, Phase::Delivered { .. }));
    let site = site.restored().await;
    let (admin, _) = site.admins_of(&number).await;

    retry_all(&site, &number).await;

    assert!(site.letters().iter().all(|letter| !letter.body.contains("/ambil/")), "no link to nothing");
    let case = site.case(&number).await;
    let Phase::Delivered { reveal, .. } = &case.phase else { panic!("it is still to be told") };
    assert!(reveal.asked_again);
    let result = case.letters.iter().rfind(|letter| letter.kind == "result_reset").expect("it was written");
    assert!(matches!(&result.state, LetterState::Undelivered { why, .. } if why.contains("Issue it again")));
    let told = |letter: &&loket::engine::port::Outgoing| letter.subject.contains("tidak sampai");
    assert_eq!(
        site.letters().iter().filter(told).map(|letter| letter.to.clone()).collect::<Vec<_>>(),
        [[admin.address]]
    );
}
