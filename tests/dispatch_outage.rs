//! What keeps every letter from leaving is the operator's to repair: no letter is given up for it.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use loket::demo::samples::people::RINA;
use loket::sop::case::LetterState;

use crate::kit::site::{Site, address};

/// So many hours of the clock, and what falls due in each.
async fn hours(site: &Site, hours: u32) {
    for _ in 0..hours {
        site.forward(TimeDelta::hours(1));
        site.settle().await;
    }
}

/// A certificate, a password or a token that nobody renews over a long holiday.
#[tokio::test]
async fn t38_a_mail_server_that_is_away_for_five_days_costs_no_letter() {
    let site = Site::start().await;
    site.post.away.store(true, Ordering::Relaxed);
    let number = site.deliver("complete").await;

    hours(&site, 5 * 24).await;
    let away = site.engine.store.outbox_tally(&site.engine.office.id).await.expect("the store answers");
    let waiting = site.case(&number).await.letters;
    site.post.away.store(false, Ordering::Relaxed);
    hours(&site, 1).await;
    let back = site.engine.store.outbox_tally(&site.engine.office.id).await.expect("the store answers");

    assert!(away.failing > 0 && away.most_attempts < 20, "{away:?}");
    assert!(waiting.iter().all(|letter| letter.state == LetterState::Queued), "{waiting:?}");
    assert!(site.last_to(RINA.email).is_some(), "the applicant hears at last");
    assert_eq!((back.failing, back.dead), (0, 0), "{back:?}");
    let told = site.case(&number).await.letters;
    assert!(told.iter().all(|letter| matches!(letter.state, LetterState::Sent { .. })), "{told:?}");
}

#[tokio::test]
async fn t38_a_letter_that_its_readers_server_defers_for_five_days_is_given_up() {
    let site = Site::start().await;
    site.post.deferred.lock().expect("no panic under the lock").push(address(RINA.email));
    let number = site.deliver("complete").await;

    hours(&site, 5 * 24).await;

    let case = site.case(&number).await;
    let lost = case.letters.iter().find(|letter| letter.to == [address(RINA.email)]).expect("they were written to");
    assert!(matches!(lost.state, LetterState::Undelivered { .. }), "{lost:?}");
}
