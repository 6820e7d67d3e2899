//! XOAUTH2 (THREATS row 37): tokens are bought, kept, exchanged and given up against a token server that behaves as it is
//! told, and open a real Dovecot and a real Postfix.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use loket::daemon::tokens::TokenFolder;
use loket::demo::samples::people;
use loket::engine::port::{Courier, Fault, FaultKind, Inbox};
use loket::mail::courier::smtp::SmtpCourier;
use loket::mail::inbox::imap::ImapInbox;
use loket::mail::login::Login;
use loket::mail::oauth::{Grant, RefreshStore, TokenSettings, Tokens};
use loket::vault::{Keyring, MasterKey, SeededRandom};
use serde_json::json;
use zeroize::Zeroizing;

use crate::kit::samples::{letter, mail};
use crate::kit::tokens::{CLIENT, CLIENT_SECRET, REFRESH, Timed, TokenServer};
use crate::kit::wait::in_time;
use crate::kit::{self, Daemon, Dovecot, Office, Postfix};

const USER: &str = "helpdesk@lpse.karangmulia.example";

fn settings(server: &TokenServer, grant: Grant) -> TokenSettings {
    kit::tokens::settings(server.token_url(), grant)
}

fn with_refresh(server: &TokenServer, store: Option<Arc<dyn RefreshStore>>) -> Tokens {
    Tokens::new(settings(server, Grant::Refresh(REFRESH.to_owned().into())), store).expect("sound settings")
}

fn timed(server: &TokenServer) -> Timed {
    Timed::new(settings(server, Grant::Refresh(REFRESH.to_owned().into())), None)
}

fn client(server: &TokenServer) -> Arc<Tokens> {
    Arc::new(Tokens::new(settings(server, Grant::Client), None).expect("sound settings"))
}

async fn bought(tokens: &Tokens) -> Result<String, Fault> {
    in_time("the token server", tokens.token()).await.map(|token| token.to_string())
}

/// Dovecot as a provider has it: only tokens open a mailbox, and the token server is asked whose they are.
async fn dovecot_with(server: &TokenServer, folder: &std::path::Path) -> Dovecot {
    use std::os::unix::fs::PermissionsExt;
    let file = folder.join("oauth2.conf");
    let text =
        format!("tokeninfo_url = {}\nusername_attribute = email\nintrospection_mode = auth\n", server.tokeninfo_url());
    std::fs::write(&file, text).expect("the folder is ours");
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).expect("the folder is ours");
    Dovecot::start_with(&format!(
        "auth_mechanisms = xoauth2\npassdb {{\n driver = oauth2\n mechanisms = xoauth2\n args = {}\n}}\n",
        file.display()
    ))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_a_mailbox_and_a_courier_open_with_tokens_and_again_after_these_are_revoked() {
    let server = TokenServer::start(USER).await;
    let folder = tempfile::tempdir().expect("a folder");
    let dovecot = dovecot_with(&server, folder.path()).await;
    let postfix = Postfix::start(&dovecot).await;
    let tokens = client(&server);
    let mut imap = dovecot.settings(USER);
    imap.login = Login::Token(tokens.clone());
    let mut smtp = postfix.settings();
    smtp.login = Some((USER.to_owned(), Login::Token(tokens.clone())));
    let (inbox, courier) =
        (ImapInbox::new(imap.clone()).expect("sound"), SmtpCourier::new(smtp.clone()).expect("sound"));
    dovecot.deliver(USER, &mail(1)).await;

    let arrivals = in_time("the mail", inbox.next(10)).await.expect("the token opens the mailbox");
    in_time("the letter", courier.send(&letter(1))).await.expect("the token opens the submission port");
    let once = server.sales();
    server.revoke();
    let probes = [
        in_time("the refusal", ImapInbox::new(imap.clone()).expect("sound").probe()).await,
        in_time("the new token", ImapInbox::new(imap).expect("sound").probe()).await,
    ];
    let after_imap = server.sales();
    server.revoke();
    let again = SmtpCourier::new(smtp).expect("sound");
    let letters =
        [in_time("the refusal", again.send(&letter(2))).await, in_time("the letter", again.send(&letter(2))).await];

    assert_eq!((arrivals.len(), once), (1, 1), "one token opens everything");
    let fault = probes[0].as_ref().expect_err("revoked");
    assert!(fault.kind == FaultKind::Transient && fault.message.contains("a new one is bought"), "{fault}");
    assert!(probes[1].is_ok() && after_imap == 2, "{:?} after {after_imap} sales", probes[1]);
    assert!(letters[0].is_err() && letters[1].is_ok(), "{letters:?}");
    assert_eq!(server.sales(), 3);
    let asked = &server.books().asked[0];
    assert_eq!(
        (asked["grant_type"].as_str(), asked["scope"].as_str()),
        ("client_credentials", "https://surel.example/.default")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_a_mailbox_that_refuses_every_token_costs_two_purchases_and_then_none() {
    let server = TokenServer::start("orang-lain@lpse.karangmulia.example").await;
    let folder = tempfile::tempdir().expect("a folder");
    let dovecot = dovecot_with(&server, folder.path()).await;
    let mut imap = dovecot.settings(USER);
    imap.login = Login::Token(client(&server));
    let inbox = ImapInbox::new(imap).expect("sound");

    let mut faults = Vec::new();
    for _ in 0..20 {
        faults.push(in_time("the refusal", inbox.probe()).await.expect_err("another's token"));
    }

    assert_eq!(server.sales(), 2);
    assert!(
        faults[19].kind == FaultKind::Permanent && faults[19].message.contains("refuses a fresh access token"),
        "{}",
        faults[19]
    );
    assert!(faults.iter().all(|fault| !fault.message.contains("token-akses")));
}

#[tokio::test]
async fn t37_a_token_is_bought_anew_shortly_before_its_end_and_not_earlier() {
    let server = TokenServer::start(USER).await;
    let tokens = timed(&server);

    let first = tokens.bought().await.expect("a token");
    tokens.later(3600 - 61);
    let same = tokens.bought().await.expect("a token");
    tokens.later(2);
    let second = tokens.bought().await.expect("a token");
    server.books().life = json!("10");
    tokens.later(3600);
    tokens.bought().await.expect("a life in quotes");
    tokens.later(8);
    tokens.bought().await.expect("still good");
    let before = server.sales();
    tokens.later(2);
    tokens.bought().await.expect("a token");

    assert!(first == same && first != second);
    assert_eq!((before, server.sales()), (3, 4));
}

#[tokio::test]
async fn t37_many_who_need_a_token_at_once_buy_one() {
    let server = TokenServer::start(USER).await;
    let tokens = timed(&server);

    let all = in_time("the tokens", futures::future::join_all((0..50).map(|_| tokens.tokens().token()))).await;

    assert!(all.iter().all(Result::is_ok));
    assert_eq!(server.sales(), 1);
}

#[tokio::test]
async fn t37_a_withdrawn_consent_is_named_and_asked_about_less_and_less() {
    let server = TokenServer::start(USER).await;
    let tokens = timed(&server);
    server.withdraw();

    let mut asked = Vec::new();
    for _ in 0..120 {
        // Two hours, looked at every minute by somebody who needs a token a hundred times.
        for _ in 0..100 {
            let fault = tokens.bought().await.expect_err("no consent");
            assert!(fault.kind == FaultKind::Permanent && fault.message.contains("invalid_grant"), "{fault}");
            assert!(!fault.message.contains(REFRESH) && !fault.message.contains("dimas"), "{fault}");
        }
        asked.push(server.sales());
        tokens.later(60);
    }

    assert_eq!(asked[..2], [1, 2], "a minute after the first refusal");
    assert!((10..=14).contains(&asked[119]), "{} purchases in two hours", asked[119]);
    server.books().refresh.push(REFRESH.to_owned());
    tokens.later(900);
    tokens.bought().await.expect("mended within a quarter of an hour");
}

#[tokio::test]
async fn t37_an_endpoint_that_fails_is_asked_again_soon() {
    let server = TokenServer::start(USER).await;
    let tokens = timed(&server);
    for body in ["<html>rusak</html>", "{\"error\": \"temporarily_unavailable\"}", ""] {
        server.books().instead = Some((503, body.to_owned()));
        let fault = tokens.bought().await.expect_err("it is out of order");
        assert_eq!(fault.kind, FaultKind::Transient, "{fault}");
        assert_eq!(tokens.bought().await.expect_err("left alone").message, fault.message);
        tokens.later(41);
    }
    assert_eq!(server.sales(), 3);
    server.books().instead = None;

    tokens.bought().await.expect("it works again");
}

#[tokio::test]
async fn t37_answers_that_are_no_tokens_are_refused() {
    let server = TokenServer::start(USER).await;
    let token = |text: &str| json!({"access_token": text, "expires_in": 3600}).to_string();
    let bodies = [
        "[]".to_owned(),
        "{}".to_owned(),
        "null".to_owned(),
        token(""),
        token("dua kata"),
        token("a\r\nA1 LOGOUT"),
        token("a\u{1}\u{1}auth=Bearer b"),
        token(&"x".repeat(20_000)),
        token(&"x".repeat(2_000_000)),
    ];
    for body in bodies {
        server.books().instead = Some((200, body.clone()));
        let fault = bought(&with_refresh(&server, None)).await.expect_err("no token");
        assert_eq!(fault.kind, FaultKind::Transient, "{}", &body[..body.len().min(40)]);
    }
}

#[tokio::test]
async fn t37_an_exchanged_refresh_token_outlives_a_restart_and_lies_sealed() {
    let server = TokenServer::start(USER).await;
    server.books().rotates = true;
    let state = tempfile::tempdir().expect("a folder");
    let random = Arc::new(SeededRandom::new(37));
    let master = MasterKey::generate(&*random);
    let keys = Keyring::new(&master);
    let folder = TokenFolder::of(state.path(), &keys, random.clone());
    let store = |configured: &str| Some(folder.store_of("mailbox helpdesk", configured));

    for _ in 0..3 {
        bought(&with_refresh(&server, store(REFRESH))).await.expect("each start goes on with the newest one");
    }
    let files: Vec<_> = std::fs::read_dir(state.path().join("tokens")).expect("it was made").flatten().collect();
    let kept = std::fs::read(files[0].path()).expect("it was written");
    let other = Keyring::new(&MasterKey::generate(&*random));
    let strangers = TokenFolder::of(state.path(), &other, random.clone()).store_of("mailbox helpdesk", REFRESH).read();
    let anew = store("penyegar-baru-dari-operator").expect("a store").read();
    let elsewhere = folder.store_of("courier", REFRESH).read();

    assert_eq!((files.len(), server.sales()), (1, 3));
    assert!(!String::from_utf8_lossy(&kept).contains("penyegar"), "nothing readable lies on the disk");
    assert_eq!(store(REFRESH).expect("a store").read().as_deref().map(String::as_str), Some("penyegar-3"));
    assert!(strangers.is_none() && elsewhere.is_none(), "it opens for its login under its key alone");
    assert!(anew.is_none(), "what the operator gives anew counts first");

    let next = MasterKey::generate(&*random);
    for keys in [Keyring::following(&next, Some(&master)), Keyring::new(&next)] {
        let store = TokenFolder::of(state.path(), &keys, random.clone()).store_of("mailbox helpdesk", REFRESH);
        assert!(store.read().is_some(), "a new master key finds it, and then does without the old one");
    }
}

/// Keeps nothing while its disk is full.
#[derive(Default)]
struct Shelf {
    is_full: AtomicBool,
    kept: Mutex<Option<String>>,
}

impl RefreshStore for Shelf {
    fn read(&self) -> Option<Zeroizing<String>> {
        None
    }

    fn keep(&self, token: &str) -> Result<(), Fault> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(Fault::transient("no space left on device"));
        }
        *self.kept.lock().expect("no panic under the lock") = Some(token.to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn t37_an_exchanged_refresh_token_that_could_not_be_kept_is_kept_at_a_later_login() {
    let server = TokenServer::start(USER).await;
    server.books().rotates = true;
    let shelf = Arc::new(Shelf::default());
    shelf.is_full.store(true, Ordering::SeqCst);
    let tokens = with_refresh(&server, Some(shelf.clone()));
    let kept = || shelf.kept.lock().expect("no panic under the lock").clone();

    bought(&tokens).await.expect("the endpoint sells");
    let at_first = kept();
    shelf.is_full.store(false, Ordering::SeqCst);
    bought(&tokens).await.expect("the token is good still");

    assert_eq!((at_first, kept().as_deref()), (None, Some("penyegar-1")));
    assert_eq!(server.sales(), 1, "no purchase is needed for it");
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_an_office_works_by_tokens_and_raises_an_alarm_when_they_end() {
    let server = TokenServer::start(people::MAILBOX).await;
    let folder = tempfile::tempdir().expect("a folder");
    let office = Office::open_over(dovecot_with(&server, folder.path()).await, "driver = \"directory\"\n").await;
    office.write("client", CLIENT_SECRET);
    let text = std::fs::read_to_string(office.configuration_file()).expect("the kit wrote it");
    let oauth =
        format!("token_url = \"{}\"\nclient_id = \"{CLIENT}\"\nclient_secret_file = \"client\"\n", server.token_url());
    let text = text.replace("password_file = \"password\"\n", "");
    let text = text.replacen("[courier]\n", &format!("[mailbox.oauth]\n{oauth}[courier]\n"), 1);
    let text = text.replacen("[accounts]\n", &format!("[courier.smtp.oauth]\n{oauth}[accounts]\n"), 1);
    let text = text.replacen("[limits]\n", "[alarms]\nlook_seconds = 1\n[limits]\nalarm_after_failures = 2\n", 1);
    office.write("loket.toml", &text);
    let mut daemon = Daemon::start(&office).await;

    let complete = office.samples().into_iter().find(|sample| sample.label.id == "complete").expect("a sample");
    office.send_sample(&complete).await;
    office.number_given_to(&complete.sender).await;
    let bought = server.sales();
    let check = || String::from_utf8_lossy(&daemon.try_cli(&["check", "--online"]).stdout).into_owned();
    let checked = check();
    let tried = server.sales();
    let refreshing = text.replace("client_secret_file = \"client\"", "refresh_token_file = \"client\"");
    office.write("loket.toml", &refreshing);
    let untried = check();
    let spared = server.sales() - tried;
    office.write("loket.toml", &text);
    daemon.kill();
    server.books().instead = Some((400, json!({"error": "unauthorized_client"}).to_string()));
    daemon.restart_unready();
    daemon.tells("ALARM: No mail can be fetched from permohonan", 1).await;
    let asked = server.sales() - tried;
    let log = daemon.log();

    assert_eq!(bought, 2, "one token for the mailbox and one for the courier");
    assert!(checked.contains("Logged in to") && checked.contains("takes our login"), "{checked}");
    assert!(untried.matches("only the daemon may use its refresh token").count() == 2 && spared == 0, "{untried}");
    assert!((1..=2).contains(&asked), "{asked} purchases until the alarm");
    assert!(log.contains("unauthorized_client") && log.contains("client's secret"), "{log}");
    assert!(!log.contains(CLIENT_SECRET) && !log.contains("token-akses"), "no secret is in the log");
}
