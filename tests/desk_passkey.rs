//! Passkeys: enrolled at the one-time link, shown at the door and with a decision, in a real browser and by an authenticator of
//! the test's own that can also do what no honest one does.

use axum::Router;
use chrono::TimeDelta;
use loket::engine::admins::{FAILURES, Role};
use loket::sop::phase::Phase;
use loket::web::answer::*;
use loket::web::rate::{Limits, Rate};
use loket::web::view::Choice;
use serde_json::{Value, json};

use crate::cli_fixture;
use crate::desk_threats::{Answered, ask};
use crate::desk_walk::{decide, form, review};
use crate::kit::authenticator::{Authenticator, b64};
use crate::kit::site::{BASE_URL, Plan, address};
use crate::kit::{Browser, Site, wait_for};

const WHO: &str = "sekar@lembayungraya.example";
const OTHER: &str = "tari@lembayungraya.example";

fn open_pages(site: &Site) -> Router {
    let unlimited = Rate { burst: 1e9, per_second: 1e9 };
    site.pages_within(BASE_URL, Limits { each: unlimited, all: unlimited })
}

/// The desk's question to the script of a page.
async fn question(router: &Router, path: &str, fields: &[(&str, &str)]) -> String {
    let asked = ask(router, path, Some(fields), "").await;
    assert_eq!((asked.status, asked.headers["content-type"].to_str().unwrap()), (200, "application/json"), "{path}");
    asked.body
}

/// A person enrolled with this key, through the page.
async fn enrolled(site: &Site, router: &Router, token: &Authenticator) {
    let link = site.engine.enroll(&address(WHO), "Sekar Wangi", Role::Admin).await.expect("the store answers");
    let path = link.strip_prefix(BASE_URL).expect("a link of this desk").to_owned();
    let asked = question(router, &format!("{path}/kunci"), &[]).await;
    let kept = ask(router, &format!("{path}/kunci/simpan"), Some(&[("kunci", &token.create(&asked))]), "").await;
    assert_eq!(kept.status, 303, "{}", kept.body);
    let page = ask(router, &path, None, "").await;
    assert!(page.body.contains("Kunci sandi terdaftar: 1"));
    let (_, record) =
        site.engine.invited(link.rsplit('/').next().unwrap()).await.expect("the store answers").expect("just invited");
    let code = record.factor().expect("a fresh factor").code(site.now());
    assert_eq!(ask(router, &path, Some(&[("kode", &code)]), "").await.status, 200);
}

/// The desk's question about a form at this address, on this proposal.
async fn about(router: &Router, cookie: &str, action: &str, proposal: &str) -> String {
    let asked = ask(router, "/kunci", Some(&[("perihal", action), ("bukti", proposal)]), cookie).await;
    assert_eq!(asked.status, 200, "{action}");
    asked.body
}

/// Opens the desk by passkey; the device's cookie.
async fn entered(router: &Router, token: &mut Authenticator) -> String {
    token.counter += 1;
    let asked = question(router, "/masuk/kunci", &[("alamat", WHO)]).await;
    let opened = door(router, &token.get(&asked)).await;
    assert_eq!(opened.status, 303, "{}", opened.body);
    opened.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn door(router: &Router, answer: &str) -> Answered {
    ask(router, "/masuk", Some(&[("alamat", WHO), ("kunci", answer)]), "").await
}

#[tokio::test]
async fn a_passkey_is_enrolled_at_the_link_opens_the_desk_and_decides() {
    let rules = vec![("approval", "two_for_every_approval = true")];
    let site = Site::planned(Plan { rules, ..Plan::default() }).await;
    let (router, mut token) = (open_pages(&site), Authenticator::new());
    enrolled(&site, &router, &token).await;

    let cookie = entered(&router, &mut token).await;
    let number = site.deliver("complete").await;
    let admin = site.person(WHO).await;
    let view = review(&site, &admin, &number).await;
    let bare = decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await;
    assert!(matches!(bare, DecisionAnswer::NeedsFactor { .. }), "an open session is not enough here");
    token.counter += 1;
    let asked = about(&router, &cookie, &format!("/berkas/{number}/setujui"), &view.proposal.hash).await;
    let answer = token.get(&asked);
    let fields = [("bukti", view.proposal.hash.as_str()), ("kunci", answer.as_str())];
    let decided = ask(&router, &format!("/berkas/{number}/setujui"), Some(&fields), &cookie).await;

    assert_eq!(decided.status, 303, "{}", decided.body);
    assert!(site.case(&number).await.first_approval.is_some_and(|first| first.by == admin.address));
    assert!(matches!(site.case(&number).await.phase, Phase::UnderReview { .. }));
}

/// A page that shows one decision must not get the finger for another.
#[tokio::test]
async fn t13_a_passkeys_answer_counts_for_the_very_case_act_and_proposal_it_was_asked_for() {
    let rules = vec![("approval", "two_for_every_approval = true")];
    let site = Site::planned(Plan { rules, ..Plan::default() }).await;
    let (router, mut token) = (open_pages(&site), Authenticator::new());
    enrolled(&site, &router, &token).await;
    let cookie = entered(&router, &mut token).await;
    let (number, other) = (site.deliver("complete").await, site.deliver("user_id").await);
    let admin = site.person(WHO).await;
    let (seen, elsewhere) = (review(&site, &admin, &number).await, review(&site, &admin, &other).await);
    let (seen, elsewhere) = (seen.proposal.hash.as_str(), elsewhere.proposal.hash.as_str());
    let (approve, reject) = (format!("/berkas/{number}/setujui"), format!("/berkas/{number}/tolak"));
    let approve_other = format!("/berkas/{other}/setujui");
    let press = async |action: &str, proposal: &str, answer: String| {
        let fields = [("bukti", proposal), ("kunci", answer.as_str()), ("dasar", "R04")];
        ask(&router, action, Some(&fields), &cookie).await.status
    };

    for (asked_for, on, used_for, with) in [
        (&approve_other, elsewhere, &approve, seen),
        (&reject, seen, &approve, seen),
        (&approve, elsewhere, &approve, seen),
    ] {
        token.counter += 1;
        let answer = token.get(&about(&router, &cookie, asked_for, on).await);
        assert_eq!(press(used_for, with, answer).await, 422, "asked for {asked_for}, used for {used_for}");
    }
    token.counter += 1;
    let answer = token.get(&about(&router, &cookie, &approve, seen).await);
    assert_eq!(door(&router, &answer).await.status, 422, "it opens no door either");
    assert!(site.case(&number).await.first_approval.is_none() && site.case(&other).await.first_approval.is_none());

    token.counter += 1;
    let answer = token.get(&about(&router, &cookie, &approve, seen).await);
    assert_eq!(press(&approve, seen, answer).await, 303, "for what it was asked for it counts");
    token.counter += 1;
    let at_the_door = token.get(&question(&router, "/masuk/kunci", &[("alamat", WHO)]).await);
    assert_eq!(press(&approve_other, elsewhere, at_the_door).await, 422, "what opens the door decides nothing");
    for nothing in ["", "/meja", "/berkas/x/setujui", "/berkas/LPSE-2026-0001/lain"] {
        assert_eq!(ask(&router, "/kunci", Some(&[("perihal", nothing)]), &cookie).await.status, 400, "{nothing:?}");
    }
}

#[tokio::test]
async fn a_fresh_enrolment_takes_every_passkey_of_the_one_before() {
    let site = Site::start().await;
    let (router, mut token) = (open_pages(&site), Authenticator::new());
    enrolled(&site, &router, &token).await;
    entered(&router, &mut token).await;

    let unfinished = site.engine.enroll(&address(WHO), "Sekar Wangi", Role::Admin).await.unwrap();
    let path = unfinished.strip_prefix(BASE_URL).unwrap().to_owned();
    let other = Authenticator::new();
    let asked = question(&router, &format!("{path}/kunci"), &[]).await;
    let kept = ask(&router, &format!("{path}/kunci/simpan"), Some(&[("kunci", &other.create(&asked))]), "").await;
    assert_eq!(kept.status, 303, "added at a link that is never finished");
    site.enrol(WHO, "Sekar Wangi", Role::Admin).await;

    assert_eq!(ask(&router, &path, None, "").await.status, 404, "the earlier link is void");
    let record = site.engine.admin(&address(WHO)).await.unwrap().expect("is registered").1;
    assert_eq!(record.passkeys(), 0);
    for mut key in [token, other] {
        key.counter += 1;
        let asked = question(&router, "/masuk/kunci", &[("alamat", WHO)]).await;
        assert_eq!(door(&router, &key.get(&asked)).await.status, 422);
    }
}

/// Whoever opened the link earlier and went away without finishing leaves nothing behind.
#[tokio::test]
async fn a_passkey_added_at_a_link_counts_only_where_the_enrolment_is_finished_within_the_hour() {
    let site = Site::start().await;
    let (router, mut token) = (open_pages(&site), Authenticator::new());
    let link = site.engine.enroll(&address(WHO), "Sekar Wangi", Role::Admin).await.unwrap();
    let path = link.strip_prefix(BASE_URL).unwrap().to_owned();
    let asked = question(&router, &format!("{path}/kunci"), &[]).await;
    ask(&router, &format!("{path}/kunci/simpan"), Some(&[("kunci", &token.create(&asked))]), "").await;

    assert!(ask(&router, &path, None, "").await.body.contains("Kunci sandi terdaftar: 1"));
    site.forward(TimeDelta::minutes(50));
    assert!(
        ask(&router, &path, None, "").await.body.contains("Kunci sandi terdaftar: 1"),
        "as long as the factor shown then"
    );
    site.forward(TimeDelta::minutes(11));
    assert!(!ask(&router, &path, None, "").await.body.contains("Kunci sandi terdaftar"));
    let (_, record) = site.engine.invited(link.rsplit('/').next().unwrap()).await.unwrap().expect("invited");
    let code = record.factor().expect("a factor is shown").code(site.now());
    assert_eq!(ask(&router, &path, Some(&[("kode", &code)]), "").await.status, 200);

    token.counter += 1;
    let asked = question(&router, "/masuk/kunci", &[("alamat", WHO)]).await;
    assert_eq!(door(&router, &token.get(&asked)).await.status, 422);
}

/// Keys that are synced between devices count nothing (WebAuthn, 6.1.1).
#[tokio::test]
async fn a_passkey_whose_counter_stays_at_nought_opens_the_desk_each_time() {
    let site = Site::start().await;
    let (router, token) = (open_pages(&site), Authenticator { counter: 0, ..Authenticator::new() });
    enrolled(&site, &router, &token).await;

    for time in ["first", "second"] {
        let asked = question(&router, "/masuk/kunci", &[("alamat", WHO)]).await;
        assert_eq!(door(&router, &token.get(&asked)).await.status, 303, "the {time} time");
    }
}

#[tokio::test]
async fn what_no_honest_browser_sends_proves_nothing() {
    let site = Site::start().await;
    let (router, mut token) = (open_pages(&site), Authenticator::new());
    enrolled(&site, &router, &token).await;
    let asked = async || question(&router, "/masuk/kunci", &[("alamat", WHO)]).await;
    token.counter = 10;
    let good = token.get(&asked().await);
    assert_eq!(door(&router, &good).await.status, 303);

    // The very answer again.
    assert_eq!(door(&router, &good).await.status, 422, "replayed");
    // The same counter again, and one that went back: there are two of this key.
    assert_eq!(door(&router, &token.get(&asked().await)).await.status, 422, "the counter stands");
    token.counter = 9;
    assert_eq!(door(&router, &token.get(&asked().await)).await.status, 422, "the counter went back");
    token.counter = 11;
    assert_eq!(door(&router, &token.get(&asked().await)).await.status, 303, "a right one takes the failures back");
    // A page elsewhere that hands the desk's question on.
    for origin in ["https://meja.lembayungraya.example.evil.example", "http://meja.lembayungraya.example", "null"] {
        token.counter += 1;
        let there = Authenticator { origin: origin.to_owned(), ..token.clone() };
        assert_eq!(door(&router, &there.get(&asked().await)).await.status, 422, "{origin}");
    }
    token.counter += 1;
    assert_eq!(door(&router, &token.get(&asked().await)).await.status, 303);
    // Nobody was asked for a finger, a face or a PIN.
    let unverified = Authenticator { flags: 0x01, counter: token.counter + 1, ..token.clone() };
    assert_eq!(door(&router, &unverified.get(&asked().await)).await.status, 422, "not verified");
    // Another key under the same name, and a challenge of the test's own making.
    let forged = Authenticator { id: token.id, counter: token.counter + 2, ..Authenticator::new() };
    assert_eq!(door(&router, &forged.get(&asked().await)).await.status, 422, "another key");
    token.counter += 3;
    let own = json!({ "publicKey": { "challenge": b64(&[7; 32]), "rpId": "meja.lembayungraya.example" } });
    assert_eq!(door(&router, &token.get(&own.to_string())).await.status, 422, "nobody asked that");
    // A question made for somebody else.
    let theirs = question(&router, "/masuk/kunci", &[("alamat", site.office.admins[0].1)]).await;
    assert_eq!(door(&router, &token.get(&theirs)).await.status, 422, "another's question");
    let late = asked().await;
    site.forward(TimeDelta::minutes(5));
    let record = site.engine.admin(&address(WHO)).await.unwrap().expect("is registered").1;
    assert_eq!(record.tries_left(), FAILURES - 4, "they count as failures");
    token.counter += 1;
    assert_eq!(door(&router, &token.get(&late)).await.status, 422, "too late, and the fifth");
    let record = site.engine.admin(&address(WHO)).await.unwrap().expect("is registered").1;
    assert!(record.is_locked(site.now()), "five failures lock, whatever was tried");
}

#[tokio::test]
async fn a_key_is_enrolled_at_a_good_link_alone_and_by_the_browser_that_was_asked() {
    let site = Site::start().await;
    let router = open_pages(&site);
    let link = site.engine.enroll(&address(WHO), "Sekar Wangi", Role::Admin).await.unwrap();
    let path = link.strip_prefix(BASE_URL).unwrap().to_owned();
    let save = format!("{path}/kunci/simpan");

    let elsewhere = Authenticator { origin: "https://lain.example".into(), ..Authenticator::new() };
    let asked = question(&router, &format!("{path}/kunci"), &[]).await;
    let foreign = ask(&router, &save, Some(&[("kunci", &elsewhere.create(&asked))]), "").await;
    let garbage = ask(&router, &save, Some(&[("kunci", "{\"response\":{}}")]), "").await;
    let honest = Authenticator::new();
    let asked = question(&router, &format!("{path}/kunci"), &[]).await;
    let answer = honest.create(&asked);
    let kept = ask(&router, &save, Some(&[("kunci", &answer)]), "").await;
    let again = ask(&router, &save, Some(&[("kunci", &answer)]), "").await;
    let unknown = ask(&router, "/daftar/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/kunci", Some(&[]), "").await;

    assert_eq!([foreign.status, garbage.status, kept.status, again.status, unknown.status], [422, 422, 303, 422, 404]);
    let (_, record) = site.engine.invited(link.rsplit('/').next().unwrap()).await.unwrap().expect("still invited");
    assert_eq!(record.passkeys(), 1);
}

#[tokio::test]
async fn the_question_at_the_door_tells_nobody_who_has_a_passkey() {
    let site = Site::start().await;
    let (router, token) = (open_pages(&site), Authenticator::new());
    enrolled(&site, &router, &token).await;
    let mut told = Vec::new();

    for who in [WHO, site.office.admins[0].1, "siapa@lembayungraya.example"] {
        let mut question: Value =
            serde_json::from_str(&question(&router, "/masuk/kunci", &[("alamat", who)]).await).unwrap();
        let challenge = question["publicKey"]["challenge"].take();
        assert_eq!(challenge.as_str().map(str::len), Some(43), "32 bytes");
        told.push(question);
    }

    assert!(told.iter().all(|question| *question == told[0]), "{told:?}");
    assert_eq!(told[0]["publicKey"]["allowCredentials"], json!([]));
}

/// Whoever holds a link that was forwarded could once ask behind it a thousand times, for nothing, and so push out the question
/// of everybody who was just about to show their key.
#[tokio::test]
async fn who_holds_a_forwarded_link_keeps_nobody_from_their_passkey() {
    let site = Site::start().await;
    let (router, mut token) = (open_pages(&site), Authenticator::new());
    let mine = Authenticator::new();
    let invited = site.engine.enroll(&address(OTHER), "Tari Lestari", Role::Admin).await.expect("the store answers");
    let behind = format!("{}/kunci", invited.strip_prefix(BASE_URL).expect("a link of this desk"));
    enrolled(&site, &router, &token).await;
    token.counter += 1;
    let waiting = question(&router, "/masuk/kunci", &[("alamat", WHO)]).await;

    let first = question(&router, &behind, &[]).await;
    let link = invited.rsplit('/').next().expect("a token");
    for _ in 0..1_000 {
        site.engine.offer_passkey(link).await.expect("the store answers").expect("a good link");
    }
    let in_another_tab = question(&router, &behind, &[]).await;
    let last = question(&router, &behind, &[]).await;

    assert_eq!(door(&router, &token.get(&waiting)).await.status, 303, "another person's question waits as before");
    let save = async |key: &Authenticator, asked: &str| {
        ask(&router, &format!("{behind}/simpan"), Some(&[("kunci", &key.create(asked))]), "").await.status
    };
    assert_eq!(
        [save(&mine, &first).await, save(&mine, &last).await, save(&Authenticator::new(), &in_another_tab).await],
        [422, 303, 303],
        "their own oldest is forgotten, their newest are not"
    );
}

/// Each was offered before the first was kept.
#[tokio::test]
async fn a_person_has_five_keys_at_most_and_none_twice() {
    let site = Site::start().await;
    let invited = site.engine.enroll(&address(WHO), "Sekar Wangi", Role::Admin).await.unwrap();
    let link = invited.rsplit('/').next().expect("a token");
    let offer = async || site.engine.offer_passkey(link).await.unwrap();
    let mut offered = Vec::new();
    for _ in 0..7 {
        offered.push(offer().await.expect("none is kept yet").to_string());
    }
    let keys: Vec<_> = (0..6).map(|_| Authenticator::new()).collect();
    let keep = async |key: &Authenticator, asked: &str| {
        site.engine.enrol_passkey(link, &key.create(asked)).await.unwrap().expect("the link is good")
    };

    let mut kept = vec![keep(&keys[0], &offered[0]).await, keep(&keys[0], &offered[1]).await];
    for (key, asked) in keys[1..].iter().zip(&offered[2..]) {
        kept.push(keep(key, asked).await);
    }

    assert_eq!(kept, [true, false, true, true, true, true, false]);
    assert!(offer().await.is_none(), "no sixth is offered");
}

/// Asking costs a try behind a link as it does at the door: only a right answer gives it back.
#[tokio::test]
async fn asking_behind_a_link_is_a_try() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let invited = site.engine.enroll(&address(OTHER), "Tari Lestari", Role::Admin).await.expect("the store answers");
    let behind_mail = format!("/tautan/{}", site.token(admin.address.as_str(), "tautan"));

    for path in [behind_mail.as_str(), invited.strip_prefix(BASE_URL).expect("a link of this desk")] {
        let three = Rate { burst: 3.0, per_second: 1e-9 };
        let router = site.pages_within(BASE_URL, Limits { each: three, all: Rate { burst: 1e9, per_second: 1e9 } });
        let mut told = Vec::new();
        for _ in 0..4 {
            told.push(ask(&router, &format!("{path}/kunci"), Some(&[]), "").await.status);
        }

        assert_eq!(told, [200, 200, 200, 429], "{path}");
    }
}

#[tokio::test]
async fn only_pages_that_ask_for_a_factor_may_run_the_desks_one_script() {
    let site = Site::start().await;
    let router = open_pages(&site);
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let code = site.code_of(&admin).await;
    let fields = [("alamat", admin.address.as_str()), ("kode", code.expose())];
    let opened = ask(&router, "/masuk", Some(&fields), "").await;
    let cookie = opened.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let link = format!("/tautan/{}", site.token(admin.address.as_str(), "tautan"));
    let policy = |page: &Answered| page.headers["content-security-policy"].to_str().unwrap().to_owned();

    for path in ["/masuk", link.as_str()] {
        let page = ask(&router, path, None, "").await;
        assert!(policy(&page).contains("script-src 'self'; connect-src 'self'"), "{path}");
        assert!(policy(&page).starts_with("default-src 'none'") && !policy(&page).contains("unsafe"), "{path}");
        assert_eq!(page.body.matches("<script").count(), 1, "{path}");
        assert!(page.body.contains("<script src=\"/kunci.js\" defer></script>"), "{path}");
    }
    // Here a session is enough, so that nothing is asked and nothing runs.
    for path in ["/meja".to_owned(), format!("/berkas/{number}"), "/tautan/tidak-ada".to_owned()] {
        let page = ask(&router, &path, None, &cookie).await;
        assert!(!policy(&page).contains("script-src") && !page.body.contains("<script"), "{path}");
    }
    let script = ask(&router, "/kunci.js", None, "").await;
    assert_eq!(script.headers["content-type"], "text/javascript; charset=utf-8");
    assert!(!script.body.contains("http"), "it talks to nobody else");
    // A key cannot be bound to a number: nothing is offered there.
    let numbered = site.pages_at("http://127.0.0.1:8420");
    let request = axum::http::Request::get("/masuk").header("host", "127.0.0.1:8420");
    let request = request.body(axum::body::Body::empty()).unwrap();
    let page = tower::ServiceExt::oneshot(numbered, request).await.unwrap();
    assert!(!page.headers()["content-security-policy"].to_str().unwrap().contains("script-src"));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_a_passkey_is_added_signs_in_and_approves() {
    let office = cli_fixture::Site::new();
    let shipped = include_str!("../config/sop/helpdesk.toml");
    let two = shipped.replacen("\n[approval]\n", "\n[approval]\ntwo_for_every_approval = true\n", 1);
    std::fs::write(office.path("helpdesk.toml"), two).unwrap();
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/sop/helpdesk.toml");
    office.change(&format!("{:?}", file.display().to_string()), "\"helpdesk.toml\"");
    office.change("base_url = \"http://127.0.0.1", "base_url = \"http://localhost");
    office.import().well();
    let daemon = office.run_as("localhost").await;
    let who = office.office.admins[0].1;
    let link = office.loket(&["admins", "enroll", who, "--name", "Teguh"]).well().trim().to_owned();
    let base = format!("http://localhost:{}", office.port);
    let browser = Browser::start().await;
    browser.with_authenticator().await;

    browser.open(&link).await;
    browser.press("button[data-kunci]").await;
    browser.reached(".tag.ok").await;
    assert_eq!(browser.texts(".tag.ok").await, ["Kunci sandi terdaftar: 1"]);
    crate::kit::Admin::enrol(who, &link).await;
    browser.open(&format!("{base}/masuk")).await;
    browser.fill("#alamat", who).await;
    browser.press("button[data-kunci]").await;
    browser.arrived(&format!("{base}/meja")).await;
    office.deliver("1.complete", &office.sample("complete"));
    let number = wait_for("the case", || async {
        let cases = office.loket(&["cases", "list", "--json"]).json();
        cases[0]["number"].as_str().map(str::to_owned)
    })
    .await;
    browser.open(&format!("{base}/berkas/{number}")).await;
    browser.press("#setujui button[data-kunci]").await;
    browser.reached("section#setujui").await;
    browser.close().await;

    let history = office.loket(&["cases", "show", &number, "--json"]).json()["history"].clone();
    let approvals = history.as_array().unwrap().iter().filter(|event| event["event"] == "first_approved").count();
    assert_eq!(approvals, 1, "{history}");
    assert_eq!(daemon.stop().await, Some(0));
}
