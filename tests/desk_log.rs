//! What the log tells of the ways in: who proved what at which door and from where, who was turned away, who was enrolled. Never
//! what was typed, a token or a whole address.

use chrono::TimeDelta;
use loket::demo::samples::people::RINA;
use loket::engine::admins::{FAILURES, Role};
use loket::web::view::Admin;

use crate::desk_factor::{PHRASE, answer, open_pages};
use crate::desk_threats::{Log, ask};
use crate::desk_walk::approve;
use crate::kit::Site;

/// Lines that hold all of these.
fn lines<'t>(log: &'t str, words: &[&str]) -> Vec<&'t str> {
    log.lines().filter(|line| words.iter().all(|word| line.contains(word))).collect()
}

async fn code(site: &Site, admin: &Admin) -> String {
    site.code_of(admin).await.expose().to_owned()
}

#[tokio::test]
async fn t46_right_and_wrong_factors_locks_and_enrolments_are_logged_without_what_was_typed() {
    let log = Log::default();
    let _listening = log.listen();
    let site = Site::start().await;
    let router = open_pages(&site);
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    let link = site.token(admin.address.as_str(), "tautan");
    let who = admin.address.masked();
    let mut typed = vec![code(&site, &admin).await];

    let door = |code: &str| vec![("alamat", admin.address.as_str().to_owned()), ("kode", code.to_owned())];
    let at_the_door = async |code: &str| {
        let fields = door(code);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ask(&router, "/masuk", Some(&fields), "").await
    };
    assert_eq!(at_the_door(&typed[0]).await.status, 303);
    ask(&router, &format!("/tautan/{link}"), Some(&[("kode", "918273")]), "").await;
    typed.push(code(&site, &admin).await);
    let by_link = ask(&router, &format!("/tautan/{link}"), Some(&[("kode", &typed[1])]), "").await;
    let cookie = by_link.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    site.forward(TimeDelta::minutes(1));
    let for_phrase = code(&site, &admin).await;
    let fields = [("kode", for_phrase.as_str()), ("p1", PHRASE), ("p2", PHRASE)];
    let changed = ask(&router, "/frasa", Some(&fields), &cookie).await;
    let cookie = changed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    ask(&router, "/keluar", Some(&[]), &cookie).await;
    let asked = site.last_to(admin.address.as_str()).expect("the admin was asked").message_id;
    site.take_in(answer(&site, &admin, &asked, "SETUJU 465738", "salah@x.example")).await;
    for _ in 0..FAILURES {
        at_the_door("564738").await;
    }
    at_the_door("564738").await;
    site.forward(TimeDelta::hours(1));
    typed.push(code(&site, &admin).await);
    at_the_door(&typed[2]).await;
    approve(&site, &other, &number).await;
    let reveal = site.token(RINA.email, "ambil");
    ask(&router, &format!("/ambil/{reveal}"), Some(&[("nip", "199001012015011234")]), "").await;
    ask(&router, &format!("/ambil/{reveal}"), Some(&[("nip", RINA.nip)]), "").await;
    let invitation = site.engine.enroll(&other.address, &other.name, Role::Admin).await.unwrap();
    let invitation = invitation.rsplit('/').next().expect("a link ends in its token").to_owned();
    ask(&router, &format!("/daftar/{invitation}"), None, "").await;
    site.enrol(other.address.as_str(), &other.name, Role::Auditor).await;
    site.engine.revoke(&other.address).await.unwrap();

    let told = log.text();
    let from = "from=0.0.0.0";
    for words in [
        &["security=\"right_factor\"", "door=\"masuk\"", from, &who, "by=\"code\""][..],
        &["security=\"wrong_factor\"", "door=\"tautan\"", from, &who, "left=4"],
        &["security=\"right_factor\"", "door=\"tautan\"", from, &who],
        &["security=\"wrong_factor\"", "door=\"reply\"", &who],
        &["security=\"lock\"", "door=\"masuk\"", &who],
        &["security=\"locked_factor\"", "door=\"masuk\"", from, &who],
        &["security=\"unlock\"", &who],
        &["security=\"right_factor\"", "door=\"frasa\"", from, &who],
        &["security=\"passphrase_changed\"", "door=\"frasa\"", from, &who],
        &["security=\"signed_out\"", &who],
        &["security=\"wrong_answer\"", "door=\"ambil\"", from, &number.to_string(), "by=\"nip\""],
        &["security=\"right_answer\"", "door=\"ambil\"", from, &number.to_string()],
        &["security=\"enrolment_seen\"", "door=\"daftar\"", from, &other.address.masked()],
        &["security=\"invited\"", "role=\"auditor\"", &other.address.masked()],
        &["security=\"enrolled\"", "role=\"auditor\"", &other.address.masked()],
        &["security=\"revoked\"", &other.address.masked()],
    ] {
        assert!(!lines(&told, words).is_empty(), "{words:?} is not in the log");
    }
    let over = told.find("security=\"unlock\"");
    assert!(over > told.find("security=\"lock\""), "a lock that never was is over");
    assert_eq!(lines(&told, &["security=\"unlock\""]).len(), 1, "one lock, over once");
    let cookie = cookie.split_once('=').expect("a name and a value").1.to_owned();
    typed.extend([for_phrase, PHRASE.to_owned()]);
    typed.extend(["918273", "465738", "564738", "199001012015011234", RINA.nip].map(str::to_owned));
    typed.extend([link, reveal, invitation, cookie, admin.address.to_string(), other.address.to_string()]);
    for secret in typed {
        assert!(!told.contains(&secret), "the log has {secret}");
    }
}

#[tokio::test]
async fn whoever_is_turned_away_is_logged_by_door_and_the_flood_is_counted() {
    let log = Log::default();
    let _listening = log.listen();
    let site = Site::start().await;
    let router = site.pages();
    let token = "tidak-ada-tautan-dengan-nama-ini";

    ask(&router, &format!("/tautan/{token}"), None, "").await;
    let foreign = axum::http::Request::post("/masuk").header("host", "meja.lembayungraya.example");
    let foreign = foreign.header("origin", "https://jahat.example").body(axum::body::Body::empty()).unwrap();
    tower::ServiceExt::oneshot(router.clone(), foreign).await.unwrap();
    for n in 0..300 {
        ask(&router, &format!("/daftar/{n:043}"), None, "").await;
    }
    site.forward(TimeDelta::seconds(61));
    ask(&router, "/berkas/LPSE-2026-0001/halaman/0/1", None, "").await;

    let told = log.text();
    for words in [
        ["door=\"tautan\"", "status=404"],
        ["door=\"masuk\"", "status=403"],
        ["door=\"daftar\"", "status=429"],
        ["door=\"berkas\"", "status=404"],
    ] {
        assert!(!lines(&told, &["security=\"refused\"", words[0], words[1]]).is_empty(), "{words:?}");
    }
    let refused = lines(&told, &["security=\"refused\""]);
    assert!(refused.len() <= 62, "{} lines for 303 refusals", refused.len());
    assert!(!lines(&told, &["count=242", "more were turned away"]).is_empty(), "{refused:#?}");
    assert!(!told.contains(token) && !told.contains("jahat.example"));
}
