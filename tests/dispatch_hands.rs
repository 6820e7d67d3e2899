//! The outbox is worked on by many hands: each takes a row when it is free, and none waits for another.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use loket::demo::samples::people::{AGUNG, RINA};
use tokio_util::sync::CancellationToken;

use crate::kit::site::{Site, address};
use crate::kit::wait::wait_for;

/// An office whose letters to the first applicant get no answer, with that applicant's request taken in.
async fn silent_office() -> Site {
    let site = Site::start().await;
    site.post.silent.lock().expect("no panic under the lock").push(address(RINA.email));
    site.receive(vec![site.sample("complete").raw]).await;
    site
}

async fn first_in_hand(site: &Site) {
    wait_for("the first letter in hand", || async { (site.post.in_hand.load(Ordering::Relaxed) > 0).then_some(()) })
        .await;
}

#[tokio::test]
async fn a_letter_without_an_answer_holds_up_no_letter_that_is_written_after_it() {
    let site = silent_office().await;
    let stop = CancellationToken::new();
    let later = async {
        first_in_hand(&site).await;
        site.receive(vec![site.sample("completed_later").raw]).await;
        wait_for("the later letter", || async { site.last_to(AGUNG.email) }).await
    };

    let letter = tokio::select! {
        letter = later => letter,
        ended = site.engine.dispatch(&stop) => panic!("the dispatcher ended: {ended:?}"),
    };

    assert_eq!(letter.to, [address(AGUNG.email)]);
}

#[tokio::test]
async fn a_row_is_taken_only_when_a_hand_is_free_for_it() {
    let site = silent_office().await;
    *site.post.lines.lock().expect("no panic under the lock") = Some(1);
    let stop = CancellationToken::new();
    let letters = ["letter".to_owned()];
    let first = wait_for("the first letter in hand", || async {
        (site.post.in_hand.load(Ordering::Relaxed) > 0).then_some(())
    });

    tokio::select! {
        () = first => {}
        ended = site.engine.dispatch(&stop) => panic!("the dispatcher ended: {ended:?}"),
    }

    let next = site.engine.store.next_due(&letters).await.expect("the store answers").expect("one more letter");
    assert!(next <= site.now(), "the other letter was taken though nobody could carry it");
}

/// The lease of a row that took as long as a lease ended in the hand, as all did at a jump of the clock: a second hand took it up, and
/// told of a reset under way that nobody knows what came of it.
#[tokio::test]
async fn a_row_in_hand_is_taken_by_no_second_hand_however_long_it_takes() {
    let site = silent_office().await;
    let stop = CancellationToken::new();
    let later = async {
        first_in_hand(&site).await;
        let in_hand = site.post.in_hand.load(Ordering::Relaxed);
        site.forward(TimeDelta::hours(3));
        site.receive(vec![site.sample("completed_later").raw]).await;
        wait_for("the later letter", || async { site.last_to(AGUNG.email) }).await;
        in_hand
    };

    let in_hand = tokio::select! {
        in_hand = later => in_hand,
        ended = site.engine.dispatch(&stop) => panic!("the dispatcher ended: {ended:?}"),
    };

    assert_eq!(site.post.in_hand.load(Ordering::Relaxed), in_hand, "letters that wait for an answer");
}
