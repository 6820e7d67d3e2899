//! A program that crashes again and again is an alarm: nobody but its next start can tell.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use loket::config::Config;
use loket::config::alarms::ChannelConfig;
use loket::daemon::alarm::Alarm;
use loket::daemon::alarm::bell::Bell;
use loket::daemon::alarm::board::Board;
use loket::daemon::alarm::facts::Sources;
use loket::daemon::alarm::judge::{Limits, judge};
use loket::daemon::alarm::watch::{LastFacts, Watch};
use loket::daemon::lives::{Lives, TOO_MANY};
use loket::engine::peril::Moment;
use loket::store::StateFolder;

use crate::alarms_watch::{change, channel, read, told};
use crate::kit::offspring::free_port;
use crate::kit::{Daemon, Office, Site, SmallDisk, wait_for};

fn raised() -> (String, String) {
    ("daemon_crashes".to_owned(), "raised".to_owned())
}

/// An office that tells its figures at a port, and its alarms to a program.
async fn watched() -> (Office, u16) {
    let office = Office::open().await;
    let figures = free_port();
    let program = channel(office.folder.path());
    let watched = format!(
        "[alarms]\nlook_seconds = 1\nprogram = \"{program}\"\n[metrics]\nlisten = \"127.0.0.1:{figures}\"\n[limits]\n"
    );
    change(&office, "[limits]\n", &watched);
    (office, figures)
}

/// Waits until the figures tell of so many crashes.
async fn crashes(figures: u16, so_many: usize) {
    wait_for("the figure", move || async move {
        // Nobody listens while it starts.
        tokio::net::TcpStream::connect(("127.0.0.1", figures)).await.ok()?;
        let (_, page) = read(&format!("http://127.0.0.1:{figures}/metrics")).await;
        page.lines().any(|line| line == format!("loket_crashes {so_many}")).then_some(())
    })
    .await;
}

/// A life of a program that holds this state folder.
fn begun(folder: &Path, now: DateTime<Utc>) -> Lives {
    Lives::begin(Arc::new(StateFolder::take(folder).expect("nobody holds it")), now)
}

fn shipped() -> Config {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loket.toml");
    loket::config::load(&shipped).expect("a sound configuration")
}

/// The service manager started it every 15 seconds, and not one alarm rang.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_three_times_within_an_hour_is_an_alarm_told_once() {
    let (office, figures) = watched().await;
    let mut daemon = Daemon::start(&office).await;
    assert!(daemon.stop().await.success());

    daemon.resume().await;
    for so_many in 1..TOO_MANY {
        daemon.crash().await;
        crashes(figures, so_many).await;
    }
    let before = told(office.folder.path());
    daemon.crash().await;
    crashes(figures, TOO_MANY).await;
    daemon.crash().await;
    crashes(figures, TOO_MANY + 1).await;
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
        drop(begun(folder.path(), site.now()));
        site.forward(TimeDelta::minutes(10));
    }
    let bell = Bell::of(&config).expect("a sound channel");
    let mut sources = Sources::new(site.engine.clone(), Vec::new(), None, config, false);
    sources.lives = Some(Arc::new(begun(folder.path(), site.now())));
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

/// A life was noted in the store, once that was open: whoever was killed before was never counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_while_it_opens_its_store_has_crashed_too() {
    let (office, figures) = watched().await;
    let mut daemon = Daemon::start(&office).await;
    assert!(daemon.stop().await.success());

    for _ in 0..=TOO_MANY {
        daemon.restart_in(vec![("LOKET_DIE_AT".to_owned(), format!("{}:1", Moment::StateOpened.name()))]);
        let status = wait_for("the end of the daemon", || std::future::ready(daemon.ended())).await;
        assert!(!status.success());
    }
    let before = told(office.folder.path());
    daemon.restart_in(Vec::new());

    crashes(figures, TOO_MANY + 1).await;
    assert_eq!(before, [raised()], "no life had a board to tell it by");
    assert_eq!(told(office.folder.path()), [raised()], "and is not told again by the first that has");
    assert!(daemon.stop().await.success());
}

/// Each such start was told of as an office that closed, and counted as a crash beside.
#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_the_second_channel_was_told_of_is_no_crash() {
    let (office, figures) = watched().await;
    let mut daemon = Daemon::start(&office).await;
    assert!(daemon.stop().await.success());
    let taken = std::net::TcpListener::bind(("127.0.0.1", office.desk)).expect("the desk is closed");

    for _ in 0..=TOO_MANY {
        daemon.restart_unready();
        let status = wait_for("the end of the daemon", || std::future::ready(daemon.ended())).await;
        assert!(!status.success());
    }
    drop(taken);
    daemon.restart_unready();

    let both = ["raised", "cleared"].map(|state| ("office_closed".to_owned(), state.to_owned()));
    wait_for("the program to be told", || async { (told(office.folder.path()).len() >= 2).then_some(()) }).await;
    assert_eq!(told(office.folder.path()), both);
    crashes(figures, 0).await;
    assert!(daemon.stop().await.success());
}

#[test]
fn a_note_of_lives_that_does_not_read_and_an_end_that_was_asked_for_are_no_crash() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
    // Each ends as its program does where nobody notes it.
    let crashes = |asked_for: bool| {
        let life = begun(folder.path(), now);
        if asked_for {
            life.end();
        }
        life.crashes(now)
    };
    assert_eq!([false, true, false].map(crashes), [0, 1, 1], "nothing was before, and an end that was asked for");

    for damaged in ["garbled", "", "{\"begun\":"] {
        std::fs::write(folder.path().join("lives"), damaged).expect("the folder is ours");

        assert_eq!([false, false].map(crashes), [0, 1], "the note is begun anew");
    }
    std::fs::remove_file(folder.path().join("lives")).expect("it was noted");
    assert_eq!([false, false].map(crashes), [0, 1], "and so where it is gone");
}

#[test]
fn t41_a_life_that_cannot_be_noted_begins_and_ends_all_the_same() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
    let disk = SmallDisk::over(folder.path(), "64k");
    let state = StateFolder::take(folder.path()).expect("nobody holds it");
    disk.fill_up_to(0);

    let life = Lives::begin(Arc::new(state), now);
    let before = life.crashes(now);
    life.end();
    drop(life);

    assert!(!folder.path().join("lives").exists(), "there is no room for a note");
    disk.empty();
    assert_eq!((before, begun(folder.path(), now).crashes(now)), (0, 0));
}
