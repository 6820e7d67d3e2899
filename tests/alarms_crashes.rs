//! A program that crashes again and again is an alarm: nobody but its next start can tell.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use loket::config::Config;
use loket::config::alarms::ChannelConfig;
use loket::daemon::alarm::Alarm;
use loket::daemon::alarm::bell::Bell;
use loket::daemon::alarm::board::Board;
use loket::daemon::alarm::facts::Sources;
use loket::daemon::alarm::judge::{Limits, judge};
use loket::daemon::alarm::watch::{LastFacts, Watch};
use loket::daemon::lives::{Lives, TOO_MANY};
use loket::engine::store::DocumentWrite;

use crate::alarms_watch::{change, channel, read, told};
use crate::kit::offspring::free_port;
use crate::kit::{Daemon, Office, Site, wait_for};

fn raised() -> (String, String) {
    ("daemon_crashes".to_owned(), "raised".to_owned())
}

fn shipped() -> Config {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loket.toml");
    loket::config::load(&shipped).expect("a sound configuration")
}

/// The service manager started it every 15 seconds, and not one alarm rang.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_three_times_within_an_hour_is_an_alarm_told_once() {
    let office = Office::open().await;
    let figures = free_port();
    let program = channel(office.folder.path());
    let watched = format!(
        "[alarms]\nlook_seconds = 1\nprogram = \"{program}\"\n[metrics]\nlisten = \"127.0.0.1:{figures}\"\n[limits]\n"
    );
    change(&office, "[limits]\n", &watched);
    let crashes = |so_many: usize| {
        wait_for("the figure", move || async move {
            let (_, page) = read(&format!("http://127.0.0.1:{figures}/metrics")).await;
            page.lines().any(|line| line == format!("loket_crashes {so_many}")).then_some(())
        })
    };
    let mut daemon = Daemon::start(&office).await;
    assert!(daemon.stop().await.success());

    daemon.resume().await;
    for so_many in 1..TOO_MANY {
        daemon.crash().await;
        crashes(so_many).await;
    }
    let before = told(office.folder.path());
    daemon.crash().await;
    crashes(TOO_MANY).await;
    daemon.crash().await;
    crashes(TOO_MANY + 1).await;
    let (health, alarms) = read(&format!("http://127.0.0.1:{figures}/sehat")).await;

    assert_eq!(before, [], "an end that was asked for, and two that were not");
    assert_eq!(told(office.folder.path()), [raised()]);
    assert!(health == 503 && alarms.contains("daemon_crashes Loket 4 kali berhenti tanpa diminta"), "{alarms}");
    assert_eq!(daemon.log().matches("ALARM: Loket ended 3 times within an hour").count(), 1);
    assert!(daemon.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn crashes_are_told_before_anything_else_and_are_over_once_the_program_has_run_for_an_hour() {
    let site = Site::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut config = shipped();
    let program = channel(folder.path()).into();
    config.alarms.channel = Some(ChannelConfig::Program { program, arguments: Vec::new() });
    for _ in 0..TOO_MANY {
        Lives::begin(&site.engine).await.expect("the store answers");
        site.forward(TimeDelta::minutes(10));
    }
    let bell = Bell::of(&config).expect("a sound channel");
    let mut sources = Sources::new(site.engine.clone(), Vec::new(), None, config, false);
    sources.lives = Some(Arc::new(Lives::begin(&site.engine).await.expect("the store answers")));
    let watch = Watch { sources, board: Board::default(), seen: LastFacts::default(), bell };

    watch.tell_of_crashes().await;

    assert_eq!(told(folder.path()), [raised()]);
    let limits = Limits { fetch_failures: 5, outbox_tries: 7, certificate: TimeDelta::days(21), disk_free_mb: 1 };
    let alarm = Alarm::DaemonCrashes { crashes: TOO_MANY };
    for (minutes, stands) in [(0, true), (59, true), (1, false)] {
        site.forward(TimeDelta::minutes(minutes));
        let facts = watch.sources.gather().await.expect("the store answers");
        assert_eq!(judge(&facts, &limits).raise.contains(&alarm), stands, "{minutes} minutes later");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_of_lives_that_does_not_read_and_an_end_that_was_asked_for_are_no_crash() {
    let site = Site::start().await;
    let crashes = |lives: &Lives| lives.crashes(site.now());
    Lives::begin(&site.engine).await.expect("the store answers");
    let second = Lives::begin(&site.engine).await.expect("the store answers");
    assert_eq!(crashes(&second), 1);

    second.end(&site.engine).await;
    let third = Lives::begin(&site.engine).await.expect("the store answers");
    let garbled = DocumentWrite {
        office: site.engine.office.id.clone(),
        family: "lives".to_owned(),
        id: "lives".to_owned(),
        expected_version: None,
        bytes: Some(b"garbled".to_vec()),
    };
    site.engine.store.write_documents(vec![garbled]).await.expect("the store answers");
    let fourth = Lives::begin(&site.engine).await.expect("the office opens");
    let fifth = Lives::begin(&site.engine).await.expect("the store answers");

    assert_eq!([&third, &fourth, &fifth].map(crashes), [1, 0, 1], "the note is begun anew");
}
