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
