//! The desk decides nothing by being looked at, opens to a code alone, and takes forms from its own pages alone.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use chrono::TimeDelta;
use loket::sop::names::Language;
use loket::web::counter::Counter;
use loket::web::view::DeskFilter;

use crate::web_browser::{BASE, Browser, HOST, encoded};
use crate::web_fake::{CODE, Fake, GOOD_TOKEN, HASH, NIP};

const CASE: &str = "/berkas/LPSE-2026-0047";

fn lock() -> String {
    format!("/tautan/{GOOD_TOKEN}")
}

#[tokio::test]
async fn t07_looking_at_every_page_changes_nothing() {
    let mut browser = Browser::opened(Fake { demo: true, ..Fake::default() }).await;
    let pages = [
        "/",
        "/meja",
        "/meja?cari=kosong",
        "/masuk",
        "/frasa",
        CASE,
        "/berkas/LPSE-2026-0047?surat=lengkapi",
        "/ditahan/tahan-1",
        "/surel",
        "/surel/surat-1",
        "/healthz",
        "/readyz",
        "/loket.css",
        "/berkas/LPSE-2026-0047/halaman/0/1",
        "/berkas/LPSE-2026-0047/halaman/0/1/besar",
        "/arsip",
        "/arsip?cari=dimas&tahun=2026&hasil=selesai",
        "/arsip/LPSE-2026-0031",
        "/arsip/LPSE-2026-0031/berkas",
        "/arsip/LPSE-2026-0031/isi/1",
        "/laporan",
        "/laporan/csv?bulan=2026-10",
        "/laporan/json?bulan=2026-10",
    ];
    let tokens = ["tautan", "ambil", "ganti", "daftar"].map(|kind| format!("/{kind}/{GOOD_TOKEN}"));
    let forms = ["setujui", "tolak", "konfirmasi", "surat", "hasil", "pasti/terjadi", "ulang", "langsung"];
    let forms = forms.map(|form| format!("{CASE}/{form}"));

    for path in pages.iter().map(ToString::to_string).chain(tokens).chain(forms) {
        for method in [Method::GET, Method::HEAD] {
            let request = browser.request(method, &path).body(Body::empty()).expect("a plain request");
            browser.send(request).await;
        }
    }

    assert_eq!(browser.fake.calls(), ["unlock"]);
}

#[tokio::test]
async fn t08_a_link_shows_number_service_and_counts_before_the_code() {
    let mut browser = Browser::new(Fake::default());

    let seen = browser.get(&lock()).await;

    assert_eq!(seen.status, StatusCode::OK);
    assert!(seen.body.contains("LPSE-2026-0047") && seen.body.contains("14 sesuai · 1 berbeda"));
    assert!(!seen.body.contains("Dimas") && !seen.body.contains("DIMASWP") && !seen.body.contains("/meja"));
}

#[tokio::test]
async fn t08_without_the_code_nothing_of_the_dossier_is_shown_or_decided() {
    let mut browser = Browser::new(Fake::default());

    let wrong = browser.post(&lock(), &[("kode", "999999")]).await;
    let page = browser.get(CASE).await;
    let picture = browser.get(&format!("{CASE}/halaman/0/1")).await;
    let decision = browser.post(&format!("{CASE}/tolak"), &[("bukti", HASH), ("dasar", "R04")]).await;

    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Sisa 4 percobaan") && wrong.body.contains("<title>Galat: "));
    assert_eq!(page.location(), format!("/masuk?ke={CASE}"));
    assert_eq!(picture.status, StatusCode::NOT_FOUND);
    assert_eq!(decision.location(), format!("/masuk?ke={CASE}"));
    assert!(browser.fake.calls().is_empty());
}

#[tokio::test]
async fn the_code_opens_the_dossier_for_ten_minutes_on_this_device() {
    let mut browser = Browser::new(Fake::default());

    let opened = browser.post(&lock(), &[("kode", "731 905")]).await;
    let cookie = opened.header("set-cookie").to_owned();
    let page = browser.get(CASE).await;
    browser.clock.forward(TimeDelta::minutes(10));
    let later = browser.get(CASE).await;

    assert_eq!(opened.location(), format!("{CASE}#tolak"));
    for part in ["__Host-loket=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{part} is missing");
    }
    assert!(page.body.contains("Reset password untuk Dimas Wiratama Putra, S.Kom."));
    assert_eq!(later.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn t14_a_form_from_elsewhere_is_refused() {
    let mut browser = Browser::opened(Fake::default()).await;
    let foreign: [&[(&str, &str)]; 8] = [
        &[("origin", "https://evil.example")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
        &[("origin", "null")],
        &[("origin", BASE), ("origin", "https://evil.example")],
        &[("origin", "https://evil.example"), ("origin", BASE)],
        &[("sec-fetch-site", "cross-site"), ("origin", BASE)],
        &[("sec-fetch-site", "same-site"), ("origin", "null")],
        &[],
    ];

    for headers in foreign {
        let mut request = browser.request(Method::POST, &format!("{CASE}/tolak"));
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Body::from(encoded(&[("bukti", HASH), ("dasar", "R04")]));
        let seen = browser.send(request.body(body).expect("a plain request")).await;

        assert_eq!(seen.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    assert_eq!(browser.fake.calls(), ["unlock"]);
}

#[tokio::test]
async fn t14_an_older_browser_is_known_by_its_origin() {
    let mut browser = Browser::opened(Fake::default()).await;
    let request = browser
        .request(Method::POST, &format!("{CASE}/tolak"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ORIGIN, BASE);

    let body = Body::from(encoded(&[("bukti", HASH), ("dasar", "R04")]));
    let seen = browser.send(request.body(body).expect("a plain request")).await;

    assert_eq!(seen.location(), CASE);
}

#[tokio::test]
async fn t14_only_the_configured_host_is_answered() {
    let mut browser = Browser::new(Fake::default());
    for host in ["evil.example", "loket.karangmulia.example.evil.example", "127.0.0.1"] {
        let request = axum::http::Request::get(lock()).header(header::HOST, host).body(Body::empty());
        let seen = browser.send(request.expect("a plain request")).await;

        assert_eq!(seen.status, StatusCode::MISDIRECTED_REQUEST);
        assert!(!seen.body.contains(host));
    }
    for pair in [[HOST, "evil.example"], ["evil.example", HOST], [HOST, HOST]] {
        let request =
            pair.iter().fold(axum::http::Request::get(lock()), |asked, host| asked.header(header::HOST, *host));
        let seen = browser.send(request.body(Body::empty()).expect("a plain request")).await;
        assert_eq!(seen.status, StatusCode::MISDIRECTED_REQUEST, "{pair:?}: who answers to two names answers to any");
    }
    let probe = axum::http::Request::get("/healthz").header(header::HOST, "127.0.0.1:9").body(Body::empty());
    assert_eq!(browser.send(probe.expect("a plain request")).await.status, StatusCode::OK);
    assert_eq!(browser.get("/healthz").await.body, "ok\n");
    assert!(HOST.ends_with(".example"));
}

#[tokio::test]
async fn t10_every_answer_keeps_its_secrets_to_itself() {
    let mut browser = Browser::opened(Fake::default()).await;
    let token_gone = "/ambil/tidak-ada";
    for path in ["/meja", CASE, token_gone, "/tidak-ada", "/masuk", &lock()] {
        let seen = browser.get(path).await;

        let policy = seen.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {part}");
        }
        // Where a factor is asked for, the desk's one script may run; see `desk_passkey`.
        let asks = path == lock() || path == CASE;
        assert_eq!(policy.contains("script-src 'self'; connect-src 'self'"), asks, "{path}");
        assert!(policy.matches("script-src").count() == usize::from(asks) && !policy.contains("unsafe"), "{path}");
        assert_eq!(seen.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(seen.header("cache-control"), "no-store", "{path}");
        assert_eq!(seen.header("x-content-type-options"), "nosniff", "{path}");
        assert!(seen.header("strict-transport-security").contains("max-age"), "{path}");
    }
}

#[tokio::test]
async fn t09_unknown_used_and_expired_links_answer_alike() {
    let mut browser = Browser::new(Fake::default());
    for kind in ["tautan", "ambil", "ganti", "daftar"] {
        let one = browser.get(&format!("/{kind}/satu")).await;
        let two = browser.get(&format!("/{kind}/{}", "x".repeat(3_000))).await;
        let posted = browser.post(&format!("/{kind}/tiga"), &[("kode", "1"), ("nip", NIP), ("kata", "SUDAH")]).await;

        assert_eq!(
            (one.status, two.status, posted.status),
            (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
        );
        assert!(one.body == two.body && two.body == posted.body, "{kind}");
    }
}

#[tokio::test]
async fn t09_guessing_is_slowed_down_and_honest_work_is_not() {
    let mut browser = Browser::new(Fake::default());
    for _ in 0..100 {
        assert_eq!(browser.get(&lock()).await.status, StatusCode::OK);
    }
    let mut refused = 0;
    for n in 0..100 {
        let seen = browser.post(&lock(), &[("kode", &format!("{n:06}9"))]).await;
        if seen.status == StatusCode::TOO_MANY_REQUESTS {
            refused += 1;
            assert!(seen.header("retry-after").parse::<u64>().is_ok_and(|s| s > 0));
        }
    }

    assert_eq!(refused, 80);
    browser.clock.forward(TimeDelta::seconds(60));
    assert_eq!(browser.get(&lock()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_result_is_shown_to_who_types_the_nip_and_nothing_else_reveals_it() {
    let mut browser = Browser::new(Fake::default());
    let path = format!("/ambil/{GOOD_TOKEN}");

    let before = browser.get(&path).await;
    let empty = browser.post(&path, &[("nip", "")]).await;
    let wrong = browser.post(&path, &[("nip", "199203152019031914")]).await;
    assert!(browser.fake.calls().is_empty());
    let shown = browser.post(&path, &[("nip", "19920315 201903 1 904")]).await;

    assert!(!before.body.contains("DIMASWP") && before.body.contains("Salah ketik tidak menghapus hasil"));
    assert!(empty.body.contains("Ketik NIP Anda") && wrong.body.contains("Hasil Anda tidak terhapus"));
    assert!(!wrong.body.contains("199203152019031914"), "what was typed is not shown again");
    assert!(shown.body.contains("<span>K7mQ</span><span>tR4x</span><span>9Wdh</span><span>P3nv</span>"));
    assert!(shown.body.contains("<li>K besar</li><li>angka 7</li><li>m kecil</li>"));
    assert!(!shown.body.contains(NIP));
}

#[tokio::test]
async fn a_changed_password_is_confirmed_by_typing_not_by_opening() {
    let mut browser = Browser::new(Fake::default());
    let path = format!("/ganti/{GOOD_TOKEN}");

    browser.get(&path).await;
    let pressed = browser.post(&path, &[]).await;
    assert!(browser.fake.calls().is_empty());
    let typed = browser.post(&path, &[("kata", "sudah")]).await;

    assert_eq!(pressed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(typed.body.contains("Penggantian password tercatat"));
    assert_eq!(browser.fake.calls(), ["change_confirmed"]);
}

#[tokio::test]
async fn an_enrolment_shows_the_factor_and_ends_with_its_first_code() {
    let mut browser = Browser::new(Fake::default());
    let path = format!("/daftar/{GOOD_TOKEN}");

    let page = browser.get(&path).await;
    let wrong = browser.post(&path, &[("kode", "000111")]).await;
    let done = browser.post(&path, &[("kode", CODE)]).await;

    assert!(page.body.contains("<span>JBSW</span><span>Y3DP</span>") && page.body.contains("class=\"qr\""));
    assert!(wrong.body.contains("Sisa 4 percobaan") && done.body.contains("Pendaftaran selesai"));
    assert_eq!(browser.fake.calls(), ["enrol_confirm"]);
}

#[tokio::test]
async fn signing_in_needs_address_and_code_and_tells_neither_apart() {
    let mut browser = Browser::new(Fake::default());
    let good = "bagus.arya@karangmulia.example";

    let no_address = browser.post("/masuk", &[("alamat", "bukan alamat"), ("kode", CODE)]).await;
    let unknown = browser.post("/masuk", &[("alamat", "lain@karangmulia.example"), ("kode", CODE)]).await;
    let wrong = browser.post("/masuk", &[("alamat", good), ("kode", "1")]).await;
    let away = browser.post("/masuk", &[("alamat", good), ("kode", CODE), ("ke", "//evil.example/meja")]).await;
    let desk = browser.get("/meja").await;
    let out = browser.post("/keluar", &[]).await;

    assert!(no_address.body.contains("Tulis alamat surel lengkap"));
    assert!(unknown.body.replace("lain@", "") == wrong.body.replace("bagus.arya@", ""));
    assert_eq!(away.location(), "/meja");
    assert!(desk.body.contains("Antrean, jatuh tempo terdekat lebih dahulu"));
    assert_eq!(out.location(), "/masuk");
    assert_eq!(browser.get("/meja").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_device_that_signed_out_opens_nothing_with_its_old_cookie() {
    let mut browser = Browser::opened(Fake::default()).await;
    let old = browser.cookie.clone();
    assert_eq!(browser.get(CASE).await.status, StatusCode::OK);

    browser.post("/keluar", &[]).await;
    browser.cookie.clone_from(&old);
    assert_eq!(browser.get(CASE).await.status, StatusCode::SEE_OTHER);

    browser.cookie.clear();
    browser.post(&lock(), &[("kode", CODE)]).await;
    assert!(!browser.cookie.is_empty() && browser.cookie != old, "a device gets a cookie of its own");
}

#[tokio::test]
async fn t28_a_picture_of_a_paper_says_what_it_is_and_nothing_in_it_may_act() {
    let mut browser = Browser::opened(Fake::default()).await;

    let picture = browser.get(&format!("{CASE}/halaman/0/1")).await;

    assert_eq!(picture.status, StatusCode::OK);
    assert!(["image/png", "image/svg+xml; charset=utf-8"].contains(&picture.header("content-type")));
    assert!(picture.header("content-security-policy").starts_with("default-src 'none'; sandbox;"));
    assert_eq!(picture.headers.get_all("content-security-policy").iter().count(), 1);
}

#[tokio::test]
async fn a_form_too_large_or_not_a_form_is_named_and_changes_nothing() {
    let mut browser = Browser::opened(Fake::default()).await;
    let path = format!("{CASE}/surat");

    let large = "x".repeat(70_000);
    let too_large = browser.post(&path, &[("konsep", "tolak"), ("surat", &large)]).await;
    let nul = browser.post(&path, &[("konsep", "tolak"), ("surat", "a\0b")]).await;
    let request = browser.request(Method::POST, &path).header(header::CONTENT_TYPE, "application/json");
    let request = request.header("sec-fetch-site", "same-origin").body(Body::from("{}")).expect("a plain request");
    let json = browser.send(request).await;
    let long = "kata ".repeat(500);
    let long = browser.post(&format!("{CASE}/tolak"), &[("dasar", "R04"), ("catatan", &long)]).await;

    assert_eq!(too_large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(too_large.body.contains("64 KB"));
    assert_eq!((nul.status, json.status), (StatusCode::BAD_REQUEST, StatusCode::BAD_REQUEST));
    assert!(long.body.contains("paling banyak 2000 karakter"));
    assert_eq!(browser.fake.calls(), ["unlock"]);
}

#[tokio::test]
async fn the_language_switch_keeps_the_place() {
    let mut browser = Browser::opened(Fake::default()).await;

    let indonesian = browser.get(CASE).await;
    let english = browser.get(&format!("{CASE}?bahasa=en")).await;
    let cookie = english.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok()).collect::<String>();

    assert!(
        indonesian.body.contains(r#"<html lang="id">"#)
            && indonesian.body.contains(&format!("href=\"{CASE}?bahasa=en\""))
    );
    assert!(english.body.contains(r#"<html lang="en">"#) && english.body.contains("Needs your attention"));
    assert!(english.body.contains("Tuesday, 10 November 2026 at 10:42 WITA"));
    assert!(cookie.contains("__Host-loket_bahasa=en") && cookie.contains("Secure"));
}

#[tokio::test]
async fn trouble_in_the_engine_is_a_page_and_not_ready() {
    let mut browser = Browser::new(Fake { broken: true, ..Fake::default() });

    let page = browser.get(&lock()).await;
    let ready = browser.get("/readyz").await;

    assert_eq!((page.status, ready.status), (StatusCode::SERVICE_UNAVAILABLE, StatusCode::SERVICE_UNAVAILABLE));
    assert!(page.body.contains("Loket sedang tidak dapat menjawab") && !page.body.contains("the store is closing"));
}

#[tokio::test]
async fn the_sandbox_exists_in_the_demo_alone() {
    let mut plain = Browser::new(Fake::default());
    let mut demo = Browser::new(Fake { demo: true, ..Fake::default() });

    assert_eq!(plain.get("/surel").await.status, StatusCode::NOT_FOUND);
    assert_eq!(plain.post("/surel/main/berikut", &[]).await.status, StatusCode::NOT_FOUND);
    assert!(demo.get("/surel").await.body.contains("Hasil reset password"));
    assert_eq!(demo.get("/surel/tidak-ada").await.status, StatusCode::NOT_FOUND);
    assert_eq!(demo.post("/surel/main/berikut", &[]).await.location(), "/surel");
    assert_eq!(demo.fake.calls(), ["play berikut"]);
    assert!(plain.fake.calls().is_empty());
}

/// The desk counted live cases alone: once the cases of a day were filed, it had closed none.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_closed_today_counts_in_the_archive_too() {
    let site = crate::kit::Site::start().await;
    let admin = site.admin(0).await;
    let closed = async || {
        let view = site.desk.desk(&admin, &DeskFilter::default(), Language::Id).await.expect("the engine answers");
        view.closed_today
    };

    let rejected = crate::engine_filing::rejected(&site).await;
    let live = closed().await;
    let filed = site.engine.file_closed().await.expect("the store answers").archived;
    let in_the_archive = closed().await;
    site.deliver("vendor").await;
    let both = closed().await;
    site.engine.file_closed().await.expect("the store answers");
    let all_filed = closed().await;
    site.forward(TimeDelta::days(1));
    let tomorrow = closed().await;

    assert_eq!((live, filed), (1, vec![rejected]));
    assert_eq!((in_the_archive, both, all_filed, tomorrow), (1, 2, 2, 0));
}
