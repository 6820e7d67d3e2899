//! A clock that was ahead, in the engine (THREATS row 42).

use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;
use futures::future::BoxFuture;
use loket::accounts::directory::Directory;
use loket::demo::samples::people::RINA;
use loket::engine::port::{Abilities, AccountDriver, Fate, Fault, Query, ResetOrder, ResetOutcome};
use loket::sop::account::Account;
use loket::sop::names::UserId;
use loket::sop::phase::Phase;
use tokio_util::sync::CancellationToken;

use crate::desk_walk::approve;
use crate::kit::site::Plan;
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

/// The directory, but for resets: none begins, none is answered, and for ten minutes any of them may still begin.
#[derive(Default)]
struct Silent(OnceLock<Directory>);

const SETTLES: TimeDelta = TimeDelta::minutes(10);

impl AccountDriver for Silent {
    fn abilities(&self) -> Abilities {
        Abilities { by_hand: false, force_change: true, read_back: true }
    }

    fn settles_within(&self) -> TimeDelta {
        SETTLES
    }

    fn look_up<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Account>, Fault>> {
        AccountDriver::look_up(self.0.get().expect("the site is up"), query)
    }

    fn reset<'a>(&'a self, _: ResetOrder<'a>) -> BoxFuture<'a, Result<ResetOutcome, Fault>> {
        Box::pin(async { Err(Fault::unknown("the line went dead")) })
    }

    fn read_back<'a>(&'a self, _: &'a str, _: &'a UserId) -> BoxFuture<'a, Result<Option<Fate>, Fault>> {
        Box::pin(async { Ok(Some(Fate::NeverHappened)) })
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        Box::pin(async { Ok("silent".to_owned()) })
    }
}

/// That nothing was changed was believed only once the time came that had been wrong, a year later perhaps.
#[tokio::test]
async fn t42_a_reset_that_a_clock_ahead_began_is_believed_not_done_once_its_time_is_over() {
    let silent = Arc::new(Silent::default());
    let site = Site::planned(Plan { accounts: Some(silent.clone()), ..Plan::default() }).await;
    assert!(silent.0.set(site.directory.clone()).is_ok(), "set once");
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let right = site.now();
    site.forward(TimeDelta::days(2));
    approve(&site, &admin, &number).await;
    let unknown = async || matches!(site.case(&number).await.phase, Phase::Unknown { .. });
    assert!(unknown().await, "nobody knows what came of it");
    site.set_clock(right);

    let rows = site.engine.store.rows_of(&site.engine.key(&number)).await.unwrap();
    let row = rows.iter().find(|row| row.kind == "read_back").expect("the account system is to be asked");
    site.engine.try_again(row).await.unwrap();
    site.settle().await;
    let asked_again = site.engine.store.next_due(&["read_back".to_owned()]).await.unwrap();
    let early = unknown().await;
    site.forward(SETTLES);
    site.settle().await;

    assert_eq!(asked_again, Some(right + SETTLES), "its time begins at the right clock's first look");
    assert!(early, "it may still happen");
    assert!(!unknown().await, "the admin decides anew");
}
