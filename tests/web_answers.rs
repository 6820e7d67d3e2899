//! What goes with every answer of the desk: its headers, the methods it takes, how long it waits, and what it tells nobody.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use chrono::TimeDelta;
use loket::web::router;
use loket::web::serve::Listening;
use loket::web::view::CasePage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::kit::wait::in_time;
use crate::web_browser::{BASE, Browser, HOST};
use crate::web_fake::{CODE, Fake, GOOD_TOKEN, SetClock, now, site};
use crate::web_samples::{outcome, review, task, unknown};

const CASE: &str = "/berkas/LPSE-2026-0047";

#[tokio::test]
async fn t14_every_answer_shuts_out_frames_openers_and_embedders_and_holds_to_tls_for_a_year() {
    let mut browser = Browser::opened(Fake::default()).await;
    let paths = [
        "/meja",
        CASE,
        "/masuk",
        "/frasa",
        "/tidak-ada",
        "/loket.css",
        "/kunci.js",
        "/healthz",
        "/readyz",
        "/berkas/LPSE-2026-0047/halaman/0/1",
        "/berkas/LPSE-2026-0047/formulir/0",
    ];
    for path in paths {
        let seen = browser.get(path).await;

        for (name, value) in [
            ("strict-transport-security", "max-age=31536000"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            let all: Vec<_> = seen.headers.get_all(name).iter().collect();
            assert_eq!(all, [value], "{path}: {name}");
        }
        assert!(seen.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert!(!seen.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{path}");
    }
}

/// A stranger's name may lead to this machine too: what is shown under it would be theirs to read (DNS rebinding).
#[tokio::test]
async fn t14_under_another_name_there_is_no_page() {
    let clock = Arc::new(SetClock(Mutex::new(now())));
    let desk = router(site(Arc::new(Fake::default()), clock, BASE));
    let status = async |path: &str, hosts: &[&str]| {
        let request =
            hosts.iter().fold(axum::http::Request::get(path), |asked, host| asked.header(header::HOST, *host));
        let answer = desk.clone().oneshot(request.body(Body::empty()).expect("a plain request")).await;
        answer.expect("it answers").status().as_u16()
    };

    assert_eq!(status("/masuk", &[HOST]).await, 200);
    for hosts in [&["lain.example"][..], &[], &[""], &[HOST, "lain.example"]] {
        assert_eq!(status("/masuk", hosts).await, 421, "{hosts:?}");
    }
    assert_eq!(status("/healthz", &["lain.example"]).await, 200, "whoever watches the machine asks under any name");
}

/// Older browsers tell the origin of a form and no more (Fetch, "append a request Origin header").
#[tokio::test]
async fn t14_a_form_counts_by_its_origin_where_a_browser_tells_no_more() {
    let clock = Arc::new(SetClock(Mutex::new(now())));
    let desk = router(site(Arc::new(Fake::default()), clock, BASE));
    let status = async |headers: &[(&str, &str)]| {
        let form = axum::http::Request::post("/masuk").header(header::HOST, HOST);
        let form = form.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let form = headers.iter().fold(form, |form, (name, value)| form.header(*name, *value));
        let answer = desk.clone().oneshot(form.body(Body::from("alamat=x")).expect("a plain request")).await;
        answer.expect("it answers").status().as_u16()
    };

    let own = [status(&[("origin", BASE)]).await, status(&[("sec-fetch-site", "same-origin")]).await];
    let foreign = [
        status(&[("origin", "https://lain.example")]).await,
        status(&[("origin", "null")]).await,
        status(&[("origin", BASE), ("sec-fetch-site", "cross-site")]).await,
        status(&[]).await,
    ];

    assert!(own.iter().all(|status| *status == own[0] && *status != 403), "{own:?}");
    assert_eq!(foreign, [403; 4]);
}

#[tokio::test]
async fn without_tls_nobody_is_held_to_it() {
    let clock = Arc::new(SetClock(Mutex::new(now())));
    let desk = router(site(Arc::new(Fake::default()), clock, "http://127.0.0.1:8420"));
    let request = axum::http::Request::get("/masuk").header(header::HOST, "127.0.0.1:8420");

    let answer = desk.oneshot(request.body(Body::empty()).expect("a plain request")).await.expect("it answers");

    assert!(answer.status() == StatusCode::OK && answer.headers().get("strict-transport-security").is_none());
}

#[tokio::test]
async fn t28_a_file_that_would_go_out_is_saved_and_nothing_in_it_may_act() {
    let mut browser = Browser::opened(Fake::default()).await;

    let file = browser.get(&format!("{CASE}/formulir/0")).await;
    let none = browser.get(&format!("{CASE}/formulir/9")).await;
    browser.cookie.clear();
    let shut = browser.get(&format!("{CASE}/formulir/0")).await;

    assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, "application/pdf"));
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"LPSE-2026-0047-formulir.pdf\"");
    assert_eq!((file.header("x-content-type-options"), file.header("cache-control")), ("nosniff", "no-store"));
    let policies: Vec<_> = file.headers.get_all("content-security-policy").iter().collect();
    assert_eq!(policies.len(), 1);
    assert!(file.header("content-security-policy").starts_with("default-src 'none'; sandbox;"));
    assert_eq!((none.status, shut.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn methods_that_no_page_uses_are_refused_and_nothing_of_them_comes_back() {
    let mut browser = Browser::opened(Fake::default()).await;
    let lock = format!("/tautan/{GOOD_TOKEN}");
    for method in ["TRACE", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "PROPFIND"] {
        for path in ["/masuk", CASE, "/healthz", &lock, "/loket.css"] {
            for (from, status) in [("cross-site", StatusCode::FORBIDDEN), ("same-origin", StatusCode::NOT_FOUND)] {
                let method = Method::from_bytes(method.as_bytes()).expect("a token");
                let request = browser.request(method.clone(), path);
                let request = request.header("sec-fetch-site", from).header("x-gema", "kata-yang-dibawa");
                let seen = browser.send(request.body(Body::from("kata-yang-dibawa")).expect("a request")).await;

                assert_eq!(seen.status, status, "{method} {path} {from}");
                assert!(
                    !seen.body.contains("kata-yang-dibawa") && !seen.body.contains("__Host-loket"),
                    "{method} {path}"
                );
                assert!(seen.header("x-gema").is_empty());
            }
        }
    }
    assert_eq!(browser.fake.calls(), ["unlock"]);
}

#[tokio::test]
async fn a_form_that_never_ends_is_not_waited_for_and_others_are_served() {
    let listening = Listening::bind(SocketAddr::from(([127, 0, 0, 1], 0)), None).await.expect("a free port");
    let (address, stop) = (listening.address(), CancellationToken::new());
    let clock = Arc::new(SetClock(Mutex::new(now())));
    let desk = site(Arc::new(Fake::default()), clock, &format!("http://{address}"));
    let desk = Arc::into_inner(desk).expect("nobody else has it").patient_for(Duration::from_millis(200));
    let serving = tokio::spawn(listening.serve(router(Arc::new(desk)), stop.clone()));
    let head = format!("Host: {address}\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n");
    let form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\nalamat=a";
    let mut slow = TcpStream::connect(address).await.expect("the desk listens");
    slow.write_all(format!("POST /masuk HTTP/1.1\r\n{head}{form}").as_bytes()).await.expect("the desk reads");

    let mut other = TcpStream::connect(address).await.expect("the desk listens");
    other.write_all(format!("GET /masuk HTTP/1.1\r\n{head}\r\n").as_bytes()).await.expect("the desk reads");
    let read = async |stream: &mut TcpStream| {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let served = in_time("the other's answer", read(&mut other)).await;
    let given_up = in_time("the end of patience", read(&mut slow)).await;
    stop.cancel();
    serving.await.expect("it ends without a panic");

    assert!(served.starts_with("HTTP/1.1 200"), "{served}");
    assert!(given_up.starts_with("HTTP/1.1 503"), "{given_up}");
}

#[tokio::test]
async fn a_device_is_open_for_as_long_as_the_office_says_and_the_pages_name_that_time() {
    let mut browser = Browser::new(Fake { open_minutes: 3, ..Fake::default() });
    let lock = format!("/tautan/{GOOD_TOKEN}");

    let door = browser.get("/masuk").await;
    let before = browser.get(&lock).await;
    let opened = browser.post(&lock, &[("kode", CODE)]).await;
    browser.clock.forward(TimeDelta::seconds(179));
    let during = browser.get(CASE).await;
    browser.clock.forward(TimeDelta::seconds(1));
    let after = browser.get(CASE).await;
    let again = browser.get("/masuk").await;

    assert!(door.body.contains("Meja terbuka 3 menit") && before.body.contains("Berkas terbuka 3 menit"));
    assert!(opened.header("set-cookie").contains("Max-Age=3780"), "three minutes, and an hour for what was typed");
    assert_eq!((during.status, after.status), (StatusCode::OK, StatusCode::SEE_OTHER));
    assert!(again.body.contains("3 menit telah lewat"), "{}", again.body);
}

#[tokio::test]
async fn every_page_of_an_open_device_has_a_way_out_and_no_other_page_has() {
    let mut browser = Browser::opened(Fake::default()).await;
    let pages: [fn() -> CasePage; 4] = [
        || CasePage::Review(Box::new(review("Permohonan"))),
        || CasePage::Task(Box::new(task())),
        || CasePage::Unknown(Box::new(unknown())),
        || CasePage::Outcome(Box::new(outcome())),
    ];
    let form = "<form method=\"post\" action=\"/keluar\">";
    for page in pages {
        *browser.fake.page.lock().expect("nobody else holds the page") = Box::new(page);
        assert_eq!(browser.get(CASE).await.body.matches(form).count(), 1);
    }
    *browser.fake.page.lock().expect("nobody else holds the page") = Box::new(pages[0]);
    for path in [format!("{CASE}/halaman/0/1/besar"), "/ditahan/tahan-1".to_owned()] {
        assert_eq!(browser.get(&path).await.body.matches(form).count(), 1, "{path}");
    }
    assert!(browser.get("/meja").await.body.contains("action=\"/keluar\""));
    let settled = browser.post("/ditahan/tahan-1/buang", &[("alasan", "Bukan permohonan.")]).await;
    assert_eq!((settled.status, settled.body.matches(form).count()), (StatusCode::OK, 1));
    browser.cookie.clear();
    for path in ["/masuk".to_owned(), format!("/ambil/{GOOD_TOKEN}"), "/tidak-ada".to_owned()] {
        assert!(!browser.get(&path).await.body.contains("/keluar"), "{path}");
    }
}

#[tokio::test]
async fn a_person_sees_that_the_desk_is_open_elsewhere_and_locks_every_device() {
    let mut browser = Browser::opened(Fake::default()).await;
    let alone = browser.get("/meja").await.body;
    let first = std::mem::take(&mut browser.cookie);
    browser.clock.forward(TimeDelta::minutes(2));
    browser.post(&format!("/tautan/{GOOD_TOKEN}"), &[("kode", CODE)]).await;
    let both = browser.get("/meja").await.body;

    let out = browser.post("/keluar?semua=ya", &[]).await;
    browser.cookie = first;
    let elsewhere = browser.get("/meja").await;

    assert!(!alone.contains("/keluar?semua=ya"));
    assert!(both.contains("terbuka di 2 perangkat, masing-masing sampai pukul 10.59 WITA, pukul 11.01 WITA"), "{both}");
    assert!(both.contains("action=\"/keluar?semua=ya\""));
    assert_eq!((out.location(), elsewhere.location()), ("/masuk", "/masuk?ke=/meja"));
}

#[tokio::test]
async fn signing_out_clears_what_a_browser_kept_of_this_desk_alone() {
    let mut browser = Browser::opened(Fake::default()).await;

    let out = browser.post("/keluar", &[]).await;

    assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"", "cookies would be those of the whole domain");
    assert!(out.header("set-cookie").contains("__Host-loket=; ") && out.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test]
async fn who_asks_whether_the_desk_is_ready_does_not_hear_why_not() {
    let mut browser = Browser::new(Fake { broken: true, ..Fake::default() });

    let seen = browser.get("/readyz").await;

    assert_eq!((seen.status, seen.body.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"));
    assert!(BASE.ends_with(HOST));
}
