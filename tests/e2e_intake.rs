//! The engine over real servers: a request is taken in, acknowledged, and put before an admin.

use std::sync::Arc;

use loket::accounts::csv;
use loket::config;
use loket::daemon::Assembly;
use loket::daemon::assembly::Extent;
use loket::daemon::clock::SystemClock;
use loket::daemon::run::{LastLook, run};
use loket::engine::admins::Role;
use loket::sop::names::Address;
use tokio_util::sync::CancellationToken;

use crate::kit::Office;
use crate::kit::office::now;

#[tokio::test]
async fn samples_are_taken_in_acknowledged_and_put_before_an_admin() {
    let office = Office::open().await;
    let configuration = config::load(&office.configuration_file()).expect("a sound configuration");
    let assembly = Assembly::open(&configuration, Extent::Whole, Arc::new(SystemClock)).await.expect("it opens");
    let accounts = csv::read(office.sample.accounts_csv.as_bytes(), "Helpdesk").expect("a sound register");
    assembly.directory.import(accounts).await.expect("imported");
    let engine = assembly.engine.clone();
    for (name, address) in &office.sample.admins {
        let address = Address::parse(address).expect("an address");
        let link = engine.enroll(&address, name, Role::Admin).await.expect("a link");
        let token = link.rsplit('/').next().expect("a token").to_owned();
        let (_, record) = engine.invited(&token).await.expect("a store").expect("invited");
        let code = record.factor().expect("a factor").code(now());
        engine.confirm_enrolment(&token, &code).await.expect("a store").expect("a proof");
    }
    let stop = CancellationToken::new();
    let running = tokio::spawn(run(assembly, configuration.archive.schedule.clone(), LastLook::default(), stop.clone()));
    tracing_subscriber::fmt().with_env_filter("info,loket=debug").try_init().ok();

    let samples = office.samples();
    for sample in &samples {
        office.send_sample(sample).await;
    }
    let refused = office.handled(samples.len()).await;
    for sample in &samples {
        println!("== {} {}", sample.label.id, sample.sender);
    }
    let mut count = 0;
    while count < 40 {
        count += 1;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    for who in samples.iter().map(|s| s.sender.as_str()).chain(office.sample.admins.iter().map(|a| a.1)) {
        for letter in office.letters(who) {
            println!("-- {who}: {} {:?}", letter.subject, letter.to);
        }
    }
    for letter in office.letters(office.sample.admins[0].1) {
        println!("{}\n{}", letter.subject, letter.body);
    }
    assert_eq!(refused, 2);
    stop.cancel();
    running.await.expect("no panic").expect("no fault");
}
