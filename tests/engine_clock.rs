//! A clock that was ahead, in the engine (THREATS row 42).

use chrono::TimeDelta;
use loket::demo::samples::people::RINA;
use tokio_util::sync::CancellationToken;

use crate::kit::{Site, wait_for};

#[tokio::test(flavor = "multi_thread")]
async fn t42_what_a_clock_that_was_ahead_put_off_goes_out_once_it_is_right_again() {
    let site = Site::start().await;
    let right = site.now();
    site.forward(TimeDelta::days(20));
    site.receive(vec![site.sample("complete").raw]).await;
    site.set_clock(right);
    assert_eq!(site.engine.dispatch_due().await.unwrap(), 0, "it waits for the time that was wrong");
    assert!(site.last_to(RINA.email).is_none());

    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (site.engine.clone(), stop.clone());
        async move { engine.dispatch(&stop).await }
    });
    wait_for("the letter", || std::future::ready(site.last_to(RINA.email))).await;
    stop.cancel();

    running.await.expect("no panic").expect("the store answers");
}

/// The other effects of the case waited for the time that was wrong.
#[tokio::test(flavor = "multi_thread")]
async fn t43_a_damaged_effect_leaves_none_of_its_case_put_off() {
    const ROWS: redb::TableDefinition<(&str, &str, &str), &[u8]> = redb::TableDefinition::new("rows");
    let site = Site::start().await;
    site.receive(vec![site.sample("complete").raw]).await;
    let number = site.numbers().await.remove(0);
    let backup = site.back_up().await;
    let site = site.brought_back_with(&backup, true, |state| {
        crate::store_damage::flip(&state.join("live/loket.redb"), ROWS, false, |length| length - 1);
    });
    let store = &site.engine.store;
    assert!(store.rows_of(&site.engine.key(&number)).await.is_err(), "the flip is in this case");
    let right = site.now();
    site.forward(TimeDelta::days(20));
    for (_, row) in store.stuck_rows(&site.engine.office.id).await.unwrap() {
        if let Some(row) = row.ok().filter(|row| row.kind == "letter") {
            site.engine.try_again(&row).await.unwrap();
        }
    }
    site.set_clock(right);

    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (site.engine.clone(), stop.clone());
        async move { engine.dispatch(&stop).await }
    });
    wait_for("a letter", || std::future::ready(site.letters().pop())).await;
    stop.cancel();

    running.await.expect("no panic").expect("the store answers");
}
