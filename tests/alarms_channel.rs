//! The second channel: each alarm reaches the office's own program or web address, and nothing of it is a secret.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use loket::config::alarms::{AlarmsConfig, ChannelConfig};
use loket::config::secret::SecretSource;
use loket::daemon::alarm::Alarm;
use loket::daemon::alarm::bell::Bell;
use loket::daemon::alarm::board::Standing;
use loket::engine::port::{Fault, FaultKind};
use loket::sop::names::Language;
use loket::web::certificate::Certificates;
use loket::web::serve::Listening;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::kit;
use crate::kit::wait::in_time;

const TOKEN: &str = "kunci-yang-tidak-boleh-bocor";

fn standing(over: bool) -> Standing {
    let since = chrono::DateTime::from_timestamp(1_795_000_000, 0).expect("a moment of our years");
    let alarm = Alarm::MailNotFetched { mailbox: "permohonan".to_owned(), failures: 5, looked_at: None };
    Standing { told: over, over, ..Standing::new(alarm, since) }
}

fn bell(channel: ChannelConfig) -> Bell {
    let config = AlarmsConfig {
        look_seconds: 1,
        outbox_tries: 7,
        certificate_days: 21,
        disk_free_mb: 1000,
        channel: Some(channel),
        deadline_seconds: 1,
    };
    Bell::new(&config, "karangmulia", Language::Id).expect("a sound channel").expect("a channel")
}

/// A program that keeps what it is told beside itself, and ends as `ending` says.
fn program(folder: &Path, ending: &str) -> ChannelConfig {
    let (program, kept) = (folder.join("alarm"), folder.join("told"));
    let text = format!("#!/bin/sh\ncat >> {0}\necho >> {0}\necho \"$@\" >> {0}.args\n{ending}\n", kept.display());
    std::fs::write(&program, text).expect("the folder is ours");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("the file is ours");
    ChannelConfig::Program { program, arguments: vec!["loket".to_owned()] }
}

/// What the program was told, one JSON object a line.
fn told(folder: &Path) -> Vec<Value> {
    let kept = std::fs::read_to_string(folder.join("told")).unwrap_or_default();
    kept.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// A web address that answers `statuses` one after the other, and what was posted there.
async fn webhook(folder: &Path, statuses: Vec<u16>) -> (u16, PathBuf, Arc<Mutex<Vec<Value>>>) {
    let certificates = kit::certificates::Certificates::for_loopback(folder);
    let pair = Certificates::load(&certificates.certificate, &certificates.key).expect("the kit wrote it");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listening = Listening::bind(address, Some(Arc::new(pair))).await.expect("a free port");
    let port = listening.address().port();
    let kept: Arc<Mutex<Vec<Value>>> = Arc::default();
    let keeper = kept.clone();
    let statuses = Arc::new(Mutex::new(statuses.into_iter()));
    let take = move |body: String| {
        let status = statuses.lock().expect("nothing panics holding it").next().unwrap_or(200);
        let told = serde_json::from_str(&body).expect("JSON");
        keeper.lock().expect("nothing panics holding it").push(told);
        async move { StatusCode::from_u16(status).expect("a status") }
    };
    let router = Router::new().route(&format!("/kait/{TOKEN}"), post(take));
    tokio::spawn(listening.serve(router, CancellationToken::new()));
    (port, certificates.ca_file, kept)
}

fn address(folder: &Path, text: &str) -> SecretSource {
    let file = folder.join("webhook");
    std::fs::write(&file, text).expect("the folder is ours");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("the file is ours");
    SecretSource::File(file)
}

#[tokio::test]
async fn a_program_is_told_of_the_beginning_and_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let bell = bell(program(folder.path(), "exit 0"));

    for over in [false, true] {
        in_time("the program", bell.ring(&standing(over))).await.expect("it ends with 0");
    }

    let told = told(folder.path());
    assert_eq!((told.len(), &told[0]["state"], &told[1]["state"]), (2, &"raised".into(), &"cleared".into()));
    assert_eq!((&told[0]["alarm"], &told[0]["about"]), (&"mail_not_fetched".into(), &"permohonan".into()));
    assert_eq!((&told[0]["office"], &told[0]["version"]), (&"karangmulia".into(), &1.into()));
    assert!(told[0]["text"].as_str().is_some_and(|text| text.contains("gagal 5 kali")), "{}", told[0]);
    let arguments = std::fs::read_to_string(folder.path().join("told.args")).expect("it was run");
    assert_eq!(arguments, "loket\nloket\n", "nothing of the alarm is an argument");
}

#[tokio::test]
async fn a_program_that_fails_or_hangs_has_not_taken_the_alarm() {
    for ending in ["exit 3", "sleep 600", "kill -9 $$"] {
        let folder = tempfile::tempdir().expect("a folder");

        let rung = in_time("the deadline", bell(program(folder.path(), ending)).ring(&standing(false))).await;

        assert_eq!(rung.expect_err("it did not end with 0").kind, FaultKind::Transient, "{ending}");
    }
}

#[tokio::test]
async fn a_web_address_is_told_over_tls_and_a_refusal_is_a_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let (port, ca_file, kept) = webhook(folder.path(), vec![503, 301, 200]).await;
    let address = address(folder.path(), &format!("https://127.0.0.1:{port}/kait/{TOKEN}"));
    let bell = bell(ChannelConfig::Webhook { address, ca_file: Some(ca_file) });

    let mut rung: Vec<Result<(), Fault>> = Vec::new();
    for _ in 0..3 {
        rung.push(in_time("the answer", bell.ring(&standing(false))).await);
    }

    assert_eq!(rung.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
    let sentence = rung[0].as_ref().expect_err("503").message.clone();
    assert!(sentence.contains("503") && !sentence.contains(TOKEN), "{sentence}");
    assert_eq!(kept.lock().expect("nothing panics holding it").len(), 3);
}

#[tokio::test]
async fn a_web_address_with_a_strangers_certificate_is_told_nothing() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (port, _, kept) = webhook(folder.path(), vec![200]).await;
    let stranger = kit::certificates::Certificates::for_loopback(other.path());
    let address = address(folder.path(), &format!("https://127.0.0.1:{port}/kait/{TOKEN}"));
    let bell = bell(ChannelConfig::Webhook { address, ca_file: Some(stranger.ca_file) });

    let fault = in_time("the answer", bell.ring(&standing(false))).await.expect_err("nobody we trust");

    assert!(fault.message.contains("not trusted") && !fault.message.contains(TOKEN), "{fault}");
    assert!(kept.lock().expect("nothing panics holding it").is_empty());
}

#[tokio::test]
async fn a_web_address_that_never_answers_is_given_up_at_the_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let folder = tempfile::tempdir().expect("a folder");
    let address = address(folder.path(), &format!("http://127.0.0.1:{port}/{TOKEN}"));
    let bell = bell(ChannelConfig::Webhook { address, ca_file: None });
    let start = tokio::time::Instant::now();

    let fault = in_time("the deadline", bell.ring(&standing(false))).await.expect_err("nobody answers");

    assert!(fault.message.contains("within 1 s") && start.elapsed() < Duration::from_secs(10), "{fault}");
}

#[test]
fn an_address_in_the_clear_or_of_no_shape_is_refused_without_naming_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for text in ["http://kait.example/kunci-yang-tidak", "kunci-yang-tidak", "https://a:kunci-yang-tidak@kait.example/"]
    {
        let channel = ChannelConfig::Webhook { address: address(folder.path(), text), ca_file: None };
        let config = AlarmsConfig {
            look_seconds: 1,
            outbox_tries: 1,
            certificate_days: 1,
            disk_free_mb: 1,
            channel: Some(channel),
            deadline_seconds: 1,
        };

        let fault = Bell::new(&config, "x", Language::Id).err().expect("no address to trust");

        assert!(fault.message.contains("alarms.webhook") && !fault.message.contains("kunci"), "{fault}");
    }
}
