//! Alarms over a whole office: what is so is seen, told once, shown at the desk and to whoever reads the figures.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use loket::config::alarms::ChannelConfig;
use loket::daemon::alarm::Alarm;
use loket::daemon::alarm::bell::Bell;
use loket::daemon::alarm::board::Board;
use loket::daemon::alarm::facts::{Facts, Pulse, Sources};
use loket::daemon::alarm::judge::{Judgement, Limits, judge};
use loket::daemon::alarm::watch::{LastFacts, Watch};
use loket::daemon::clock::{SaneClock, SystemClock};
use loket::daemon::keys::{KeyChange, Standing};
use loket::engine::archive::Archive;
use loket::engine::port::{Clock, Inbox};
use loket::engine::store::{DocumentWrite, TIME_SEEN};
use loket::mail::inbox::imap::ImapInbox;
use loket::sop::names::Language;
use loket::store::StateFolder;
use loket::store::archive::RedbArchive;
use loket::store::redb::RedbStore;
use loket::vault::{Keyring, MasterKey, OsRandom};
use loket::web::answer::{ManualOutcome, TaskAnswer};
use loket::web::counter::Counter;
use loket::web::view::DeskFilter;
use rcgen::CertificateParams;
use serde_json::Value;

use crate::archive_fixture::{day, dossier};
use crate::cli_fixture::{self, http};
use crate::desk_result::by_hand;
use crate::kit::offspring::free_port;
use crate::kit::wait::in_time;
use crate::kit::{Daemon, Dovecot, Office, Visitor, wait_for};

/// A program that keeps every alarm it is told, and the lines it kept.
pub fn channel(folder: &Path) -> String {
    let (program, kept) = (folder.join("alarm"), folder.join("told"));
    std::fs::write(&program, format!("#!/bin/sh\n(cat; echo) >> {}\n", kept.display())).expect("the folder is ours");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("the file is ours");
    program.display().to_string()
}

pub fn told(folder: &Path) -> Vec<(String, String)> {
    let kept = std::fs::read_to_string(folder.join("told")).unwrap_or_default();
    let word = |told: &Value, key: &str| told[key].as_str().expect("a text").to_owned();
    let lines = kept.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.map(|told| (word(&told, "alarm"), word(&told, "state"))).collect()
}

pub fn change(office: &Office, from: &str, to: &str) {
    let text = std::fs::read_to_string(office.configuration_file()).expect("the kit wrote it");
    assert!(text.contains(from), "the configuration has no {from:?}");
    office.write("loket.toml", &text.replacen(from, to, 1));
}

/// When the figures were gathered, as they tell.
fn looked_at(figures: &str) -> Option<String> {
    let line = figures.lines().find(|line| line.starts_with("loket_looked_at_timestamp_seconds "));
    line.map(str::to_owned)
}

pub async fn read(url: &str) -> (u16, String) {
    let page = Visitor::default().get(url).await;
    (page.status, page.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn t33_a_mail_server_that_is_away_is_an_alarm_told_once_and_over_once() {
    let mut office = Office::open().await;
    let figures = free_port();
    let program = channel(office.folder.path());
    change(
        &office,
        "[limits]\n",
        &format!(
            "[alarms]\nlook_seconds = 1\nprogram = \"{program}\"\n[metrics]\nlisten = \"127.0.0.1:{figures}\"\n\
             [limits]\nalarm_after_failures = 1\n"
        ),
    );
    let mut daemon = Daemon::start(&office).await;
    let (health, metrics) =
        (format!("http://127.0.0.1:{figures}/sehat"), format!("http://127.0.0.1:{figures}/metrics"));
    let answers = |status| {
        let health = health.clone();
        wait_for("the alarm's word", move || {
            let health = health.clone();
            async move {
                // Nobody listens while it starts.
                tokio::net::TcpStream::connect(("127.0.0.1", figures)).await.ok()?;
                Some(read(&health).await).filter(|(found, _)| *found == status)
            }
        })
    };
    answers(200).await;

    office.dovecot.stop();
    let (_, alarms) = answers(503).await;
    let raised = ("mail_not_fetched".to_owned(), "raised".to_owned());
    wait_for("the program to be told", || async { (told(office.folder.path()) == [raised.clone()]).then_some(()) })
        .await;
    let (_, during) = read(&metrics).await;
    // That it was told is on record once the next look has begun; killed before, it would be told again.
    wait_for("the next look", || async { (looked_at(&read(&metrics).await.1) > looked_at(&during)).then_some(()) })
        .await;
    daemon.kill();
    daemon.restart_unready();
    let (_, again) = answers(503).await;
    office.dovecot.resume().await;
    answers(200).await;
    let cleared = ("mail_not_fetched".to_owned(), "cleared".to_owned());
    let both = [raised, cleared];
    wait_for("the program to be told", || async { (told(office.folder.path()) == both).then_some(()) }).await;
    let (_, after) = read(&metrics).await;

    assert!(alarms.contains("mail_not_fetched/permohonan") && again.contains("mail_not_fetched"), "{alarms}{again}");
    assert!(
        during.contains("loket_alarm_since_timestamp_seconds{alarm=\"mail_not_fetched\",about=\"permohonan\"}"),
        "{during}"
    );
    assert!(
        !after.contains("alarm=\"mail_not_fetched\"")
            && after.contains("loket_mailbox_failures{mailbox=\"permohonan\"} 0"),
        "{after}"
    );
    assert!(after.ends_with("# EOF\n"), "{after}");
    assert_eq!(daemon.log().matches("ALARM: No mail can be fetched from permohonan").count(), 1);
    let person = ["@", "lembayungraya"];
    assert!(person.iter().all(|word| !during.contains(word)), "no address is a label: {during}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t41_an_office_that_cannot_open_tells_the_second_channel_once_and_that_it_is_over() {
    let office = Office::open().await;
    let program = channel(office.folder.path());
    change(&office, "[limits]\n", &format!("[alarms]\nlook_seconds = 1\nprogram = \"{program}\"\n[limits]\n"));
    let mut daemon = Daemon::start(&office).await;
    assert!(daemon.stop().await.success());
    assert_eq!(told(office.folder.path()), [], "an office that closes as it was told to is no alarm");
    let store = office.state().join("live/loket.redb");
    let whole = std::fs::read(&store).expect("it is there");
    std::fs::write(&store, "garbled").expect("the folder is ours");

    // As the service manager has it, every 15 s.
    for _ in 0..3 {
        daemon.restart_unready();
        let status = wait_for("the end of the daemon", || std::future::ready(daemon.ended())).await;
        assert!(!status.success());
    }
    let closed = told(office.folder.path());
    std::fs::write(&store, whole).expect("the folder is ours");
    daemon.restart_unready();
    let both = [("office_closed", "raised"), ("office_closed", "cleared")];
    let both = both.map(|(alarm, state)| (alarm.to_owned(), state.to_owned()));
    wait_for("the program to be told", || async { (told(office.folder.path()) == both).then_some(()) }).await;

    let note = office.state().join("closed");
    wait_for("the note of it to go, once the program has ended", || async { (!note.exists()).then_some(()) }).await;

    assert_eq!(closed, both[..1]);
    assert!(daemon.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_whoever_brings_the_token_and_not_on_the_desks_socket() {
    let site = cli_fixture::Site::new();
    let port = free_port();
    let token = site.path("metrics_token");
    std::fs::write(&token, "pembaca-angka\n").expect("the folder is ours");
    std::fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).expect("the file is ours");
    site.change("[log]", &format!("[metrics]\nlisten = \"127.0.0.1:{port}\"\ntoken_file = \"metrics_token\"\n[log]"));
    let daemon = site.run().await;

    let asked = |header: &'static str| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("it listens");
        let request = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        answer
    };
    let without = asked("").await;
    let wrong = asked("Authorization: Bearer pembaca-angkA\r\n").await;
    let right = asked("Authorization: Bearer pembaca-angka\r\n").await;
    let desk = http(site.port, "/metrics").await.expect("the desk listens");

    assert!(without.starts_with("HTTP/1.1 401") && wrong.starts_with("HTTP/1.1 401"), "{without}{wrong}");
    assert!(right.starts_with("HTTP/1.1 200") && right.contains("loket_up{version="), "{right}");
    assert!(!without.contains("loket_") && desk.starts_with("HTTP/1.1 404"), "{desk}");
    assert_eq!(daemon.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_so_is_gathered_from_the_rooms_and_the_machine() {
    let (site, number, admin) = by_hand("complete").await;
    let failed = ManualOutcome::Failed { what: "Tidak yakin".to_owned() };
    let entered =
        site.desk.manual_outcome(&admin, &number, "1", failed, Language::Id).await.expect("the store answers");
    assert!(matches!(entered, TaskAnswer::Done));
    site.settle().await;
    let paper = cli_fixture::Site::new();
    let mut soon = CertificateParams::new(vec!["loket.example".to_owned()]).expect("a name");
    let ends = site.now() + TimeDelta::days(10);
    soon.not_after = rcgen::date_time_ymd(2026, 11, 20);
    let certificate = soon.self_signed(&rcgen::KeyPair::generate().expect("a key")).expect("a certificate");
    std::fs::write(paper.path("desk.pem"), certificate.pem()).expect("the folder is ours");
    paper.change("[desk]\n", "[desk]\ntls_certificate = \"desk.pem\"\ntls_key = \"desk.key\"\n");
    let text = std::fs::read_to_string(&paper.config).expect("the fixture wrote it");
    let text =
        text.lines().map(|line| if line.starts_with("files = ") { "files = []" } else { line }).collect::<Vec<_>>();
    let config = loket::config::parse(&text.join("\n"), paper.path("").as_path()).expect("a sound configuration");
    let sources = Sources::new(site.engine.clone(), Vec::new(), None, config, true);

    let facts = sources.gather().await.expect("the store answers");

    assert_eq!((facts.open, facts.unknown, facts.scans_unread), (1, 1, true));
    assert_eq!(facts.years_without_holidays, [2026], "11 November is more than 45 days before the next year");
    let until = facts.certificates[0].until.map(|until| until.date_naive());
    assert_eq!((facts.certificates.len(), until), (1, Some(ends.date_naive())));
    assert!(!facts.disks.is_empty() && facts.disks.iter().all(|d| d.total >= d.free && d.total > 0));
    assert!(facts.process.open_files > 3 && facts.process.resident_bytes > 1_000_000);
    site.forward(TimeDelta::days(30));
    assert_eq!(sources.gather().await.expect("the store answers").years_without_holidays, [2026, 2027]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_servers_certificate_is_looked_at_with_every_handshake_and_unknown_before() {
    let dovecot = Dovecot::start().await;
    let inbox = Arc::new(ImapInbox::new(dovecot.settings("helpdesk")).expect("sound settings"));
    let (site, ..) = by_hand("complete").await;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loket.toml");
    let config = loket::config::load(&shipped).expect("a sound configuration");
    let until = |facts: &Facts, of: &str| facts.certificates.iter().find(|c| c.of == of).map(|c| c.until);
    let watched: Arc<dyn Inbox> = inbox.clone();
    let pulse = Arc::new(Pulse::default());
    pulse.looked(site.clock.now());
    let sources =
        Sources::new(site.engine.clone(), vec![("permohonan".to_owned(), pulse, watched)], None, config, false);
    let before = sources.gather().await.expect("the store answers");

    in_time("the probe", inbox.probe()).await.expect("Dovecot answers");

    let after = sources.gather().await.expect("the store answers");
    assert_eq!((until(&before, "mailbox permohonan"), until(&before, "courier")), (Some(None), Some(None)));
    assert_eq!(until(&after, "courier"), Some(None), "no letter has left yet");
    assert!(until(&after, "mailbox permohonan").flatten() > Some(after.at));
    assert!(after.mailboxes[0].looked_at.is_some() && after.mailboxes[0].poll == TimeDelta::seconds(60));
}

/// It was a line of the log alone: on no board, at no desk, told to no second channel.
#[tokio::test(flavor = "multi_thread")]
async fn t48_a_change_of_the_master_key_that_cannot_go_on_is_an_alarm_until_it_is_through() {
    let (site, ..) = by_hand("complete").await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path();
    let open = |keys: Keyring| {
        let taken = Arc::new(StateFolder::take(state).expect("nobody holds it"));
        let store = Arc::new(RedbStore::open(taken, keys, Arc::new(OsRandom)).expect("the store opens"));
        let archive = RedbArchive::open(state.join("archive"), store.keyring(), Arc::new(OsRandom), Some(&store));
        (store, Arc::new(archive.expect("the archive opens")))
    };
    let key = |byte: u8| MasterKey::parse(&[byte; 32]).expect("32 bytes");
    let (store, archive) = open(Keyring::new(&key(7)));
    archive.keep(dossier(1, day(2026, 11, 9))).await.expect("the archive takes it");
    drop((store, archive));
    let (store, archive) = open(Keyring::following(&key(8), Some(&key(7))));
    let in_the_way = state.join("archive/archive-2026.redb.new");
    std::fs::create_dir(&in_the_way).expect("the folder is ours");
    let change = Arc::new(KeyChange::new(store, archive));
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loket.toml");
    let config = loket::config::load(&shipped).expect("a sound configuration");
    let mut sources = Sources::new(site.engine.clone(), Vec::new(), None, config, false);
    sources.change = Some(change.clone());

    let begun = sources.gather().await.expect("the store answers");
    change.carry_through().await.expect_err("the archive's file cannot be begun");
    let failed = sources.gather().await.expect("the store answers");
    std::fs::remove_dir(&in_the_way).expect("the folder is ours");
    change.carry_through().await.expect("nothing is in the way");
    let through = sources.gather().await.expect("the store answers");

    let stood = [&begun, &failed, &through].map(|facts| facts.key_change);
    assert_eq!(stood, [Standing::UnderWay, Standing::Waits, Standing::Over]);
    let limits = Limits { fetch_failures: 5, outbox_tries: 7, certificate: TimeDelta::days(21), disk_free_mb: 0 };
    let raised = [begun, failed, through].map(|facts| judge(&facts, &limits).raise.contains(&Alarm::KeyChangeWaits));
    assert_eq!(raised, [false, true, false]);
}

/// The office stayed closed, believed the clock after ten minutes, and not one alarm rang.
#[tokio::test(flavor = "multi_thread")]
async fn t42_a_clock_that_is_in_doubt_at_start_is_told_before_it_is_believed() {
    let (site, ..) = by_hand("complete").await;
    let noted = SystemClock.now() + TimeDelta::days(400);
    let write = DocumentWrite {
        office: site.engine.office.id.clone(),
        family: TIME_SEEN.to_owned(),
        id: "seen".to_owned(),
        expected_version: None,
        bytes: Some(noted.timestamp_millis().to_be_bytes().to_vec()),
    };
    site.engine.store.write_documents(vec![write]).await.expect("the store answers");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loket.toml");
    let mut config = loket::config::load(&shipped).expect("a sound configuration");
    let program = channel(folder.path()).into();
    config.alarms.channel = Some(ChannelConfig::Program { program, arguments: Vec::new() });
    let clock = Arc::new(SaneClock::new());
    clock.resume(&site.engine).await.expect("the store answers");
    let bell = Bell::of(&config).expect("a sound channel");
    let mut sources = Sources::new(site.engine.clone(), Vec::new(), None, config, false);
    sources.clock = Some(clock.clone());
    let watch = Watch { sources, board: Board::default(), seen: LastFacts::default(), bell };
    watch.board.step(Judgement { raise: vec![Alarm::ScansUnread], ..Judgement::default() }, site.now());

    let raised = ["clock_in_doubt", "scans_unread"].map(|alarm| (alarm.to_owned(), "raised".to_owned()));
    tokio::select! {
        () = watch.until_settled(&clock) => panic!("nobody set it right"),
        () = wait_for("the program to be told", || async { (told(folder.path()) == raised).then_some(()) }) => {}
    }

    let doubt = clock.doubt().expect("it stands a year before what is on record");
    assert!((-401..-398).contains(&doubt.by.num_days()) && !doubt.believed, "{doubt:?}");
    let facts = watch.sources.gather().await.expect("the store answers");
    assert_eq!(facts.clock.map(|clock| clock.believed), Some(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn t42_a_start_with_a_sound_clock_waits_for_nothing_and_tells_nothing() {
    let (site, ..) = by_hand("complete").await;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loket.toml");
    let config = loket::config::load(&shipped).expect("a sound configuration");
    let sources = Sources::new(site.engine.clone(), Vec::new(), None, config, false);
    let watch = Watch { sources, board: Board::default(), seen: LastFacts::default(), bell: None };

    in_time("the clock", watch.until_settled(&SaneClock::new())).await;

    assert!(watch.board.raised().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_the_alarms_on_the_desks_front() {
    use loket::daemon::counter::Desk;

    let (site, _, admin) = by_hand("complete").await;
    let board = Board::default();
    let raise = vec![Alarm::DiskAlmostFull { of: "state".to_owned(), free_mb: 12 }];
    board.step(Judgement { raise, ..Judgement::default() }, site.now());
    let desk = Desk::new(site.engine.clone(), Arc::new(vec![site.mailbox.clone()]), Default::default());
    let desk = desk.with_alarms(board);

    let shown = desk.desk(&admin, &DeskFilter::default(), Language::En).await.expect("the store answers");

    assert_eq!(shown.alarms.len(), 1);
    assert!(shown.alarms[0].starts_with("Only 12 MB are free under state"), "{:?}", shown.alarms);
}
