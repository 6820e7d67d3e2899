//! The desk is ready where every mailbox is looked at.

use std::sync::Arc;

use chrono::TimeDelta;
use loket::daemon::alarm::facts::Pulse;
use loket::daemon::counter::Desk;
use loket::engine::intake::Mailbox;
use loket::web::counter::Counter;

use crate::kit::Site;

/// One mailbox spoke for all: a second one that nobody could reach any more was never missed.
#[tokio::test]
async fn a_mailbox_that_is_not_looked_at_is_missed_whatever_the_others_do() {
    let site = Site::start().await;
    let second = Arc::new(Mailbox { name: "kedua".to_owned(), ..(*site.mailbox).clone() });
    let pulses: Vec<Arc<Pulse>> = vec![Arc::default(), Arc::default()];
    let desk = Desk::new(site.engine.clone(), Arc::new(vec![site.mailbox.clone(), second]), pulses.clone());

    pulses[0].looked(site.now());
    let never = desk.ready().await.expect_err("the second has not been reached");
    pulses[1].looked(site.now());
    let ready = desk.ready().await;
    site.forward(TimeDelta::minutes(31));
    pulses[0].looked(site.now());
    let no_more = desk.ready().await.expect_err("the second is not reached any more");

    assert!(never.contains("kedua") && no_more.contains("kedua"), "{never}; {no_more}");
    assert_eq!(ready, Ok(()));
}
