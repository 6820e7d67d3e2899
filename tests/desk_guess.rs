//! Row 9 over HTTP: whoever guesses is slowed by address and all together, whatever they guess at, and learns nothing from how
//! links ended.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use chrono::TimeDelta;
use loket::demo::samples::people::{JOHANNES, RINA};
use loket::engine::admins::Role;
use loket::web::Peer;
use loket::web::rate::Limits;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tower::ServiceExt;

use crate::desk_threats::{Answered, ask};
use crate::desk_walk::approve;
use crate::kit::site::{BASE_URL, address};
use crate::kit::{Served, Site};

/// Guessers, each from a loopback address of its own.
const GUESSERS: u8 = 16;

/// What may be guessed at: path and form of the n-th guess.
fn guess(n: usize) -> (String, Option<String>) {
    let token = format!("{:043}", n.wrapping_mul(0x9E37_79B9));
    let code = format!("{:06}", n % 1_000_000);
    match n % 10 {
        0 => (format!("/tautan/{token}"), None),
        1 => (format!("/tautan/{token}"), Some(format!("kode={code}"))),
        2 => ("/masuk".to_owned(), Some(format!("alamat=teguh%40lembayungraya.example&kode={code}"))),
        3 => (format!("/ambil/{token}"), Some("nip=199105172015032941".to_owned())),
        4 => (format!("/daftar/{token}"), Some(format!("kode={code}"))),
        5 => (format!("/ganti/{token}"), Some("kata=SUDAH".to_owned())),
        6 => (format!("/tautan/{token}/kunci"), Some(String::new())),
        7 => (format!("/daftar/{token}/kunci"), Some(String::new())),
        8 => (format!("/daftar/{token}/kunci/simpan"), Some("kunci=%7B%7D".to_owned())),
        _ => ("/masuk/kunci".to_owned(), Some("alamat=teguh%40lembayungraya.example".to_owned())),
    }
}

/// One connection from one address, guessing until the count is reached; how many were looked at and how many turned away.
async fn guesser(base: Arc<str>, from: u8, guesses: usize) -> (usize, usize) {
    let host = base.trim_start_matches("http://").to_owned();
    let to: SocketAddr = host.parse().expect("an address and a port");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0))).expect("all of 127/8 is this machine");
    let mut stream = BufReader::new(socket.connect(to).await.expect("the desk listens"));
    let (mut looked_at, mut turned_away) = (0, 0);
    for n in 0..guesses {
        let (path, form) = guess(n * usize::from(GUESSERS) + usize::from(from));
        let method = if form.is_some() { "POST" } else { "GET" };
        let form = form.unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: same-origin\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        stream.write_all(request.as_bytes()).await.expect("the desk reads");
        match status(&mut stream).await {
            200 | 404 | 422 => looked_at += 1,
            429 => turned_away += 1,
            status => panic!("{method} {path} was answered with {status}"),
        }
    }
    (looked_at, turned_away)
}

/// Reads one answer and says how it begins.
async fn status(stream: &mut BufReader<TcpStream>) -> u16 {
    let (mut line, mut length, mut status) = (String::new(), 0, 0);
    loop {
        line.clear();
        stream.read_line(&mut line).await.expect("the desk answers");
        if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
            status = rest[..3].parse().expect("a status");
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("the whole answer");
    status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t09_guesses_over_http_are_slowed_by_address_and_all_together() {
    let guesses: usize = std::env::var("LOKET_GUESSES").ok().and_then(|n| n.parse().ok()).unwrap_or(8_000);
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let before = site.case(&number).await;
    let desk = Served::start(|base| site.pages_at(base)).await;
    let base: Arc<str> = desk.base.as_str().into();
    let each = guesses / usize::from(GUESSERS);

    let begun = Instant::now();
    let all = (0..GUESSERS).map(|n| tokio::spawn(guesser(base.clone(), n + 2, each)));
    let told: Vec<(usize, usize)> =
        futures::future::join_all(all).await.into_iter().map(|told| told.expect("no guesser panics")).collect();
    let took = begun.elapsed();
    desk.end().await;

    // The site's clock stands, so that nothing fills up again meanwhile.
    let limits = Limits::default();
    let looked_at: usize = told.iter().map(|(looked_at, _)| looked_at).sum();
    assert!(told.iter().all(|(looked_at, _)| *looked_at <= limits.each.burst as usize), "{told:?}");
    assert_eq!(looked_at, limits.all.burst as usize, "all together: {told:?}");
    assert_eq!(told.iter().map(|(a, b)| a + b).sum::<usize>(), each * usize::from(GUESSERS));
    assert_eq!(site.case(&number).await, before, "and nothing came of it");
    assert!(took < Duration::from_secs(60), "{guesses} guesses took {took:?}");
}

/// The answer without the address it was asked under.
fn told(answer: &Answered, token: &str) -> (u16, String) {
    (answer.status, answer.body.replace(token, "TOKEN"))
}

#[tokio::test]
async fn t09_enrolment_links_that_are_unknown_used_or_expired_look_alike() {
    let site = Site::start().await;
    let router = site.pages();
    let token = |link: &str| link.rsplit('/').next().expect("a link ends in its token").to_owned();
    let expired = token(&site.engine.enroll(&address("lama@x.example"), "Lama", Role::Admin).await.unwrap());
    site.forward(TimeDelta::hours(73));
    let used = token(&site.engine.enroll(&address("baru@x.example"), "Baru", Role::Admin).await.unwrap());
    let (_, record) = site.engine.invited(&used).await.unwrap().expect("just invited");
    let code = record.factor().unwrap().code(site.now());
    site.engine.confirm_enrolment(&used, &code, None).await.unwrap();
    let unknown: String = used.chars().rev().collect();

    for path in ["", "/kunci", "/kunci/simpan"] {
        let form: &[(&str, &str)] = &[("kode", &code), ("kunci", "{}")];
        let mut answers = Vec::new();
        for token in [&unknown, &used, &expired] {
            answers.push(told(&ask(&router, &format!("/daftar/{token}{path}"), Some(form), "").await, token));
        }
        assert!(answers.iter().all(|answer| answer.0 == 404 && *answer == answers[0]), "{path}");
    }
}

#[tokio::test]
async fn t09_result_links_that_are_unknown_used_or_expired_look_alike() {
    let site = Site::start().await;
    let router = site.pages();
    let used_case = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&used_case).await;
    approve(&site, &admin, &used_case).await;
    let used = site.token(RINA.email, "ambil");
    let shown = ask(&router, &format!("/ambil/{used}"), Some(&[("nip", RINA.nip)]), "").await;
    assert_eq!(shown.status, 200);
    let expired_case = site.deliver("user_id").await;
    let (admin, _) = site.admins_of(&expired_case).await;
    approve(&site, &admin, &expired_case).await;
    let expired = site.token(JOHANNES.email, "ambil");
    site.forward(TimeDelta::days(20));
    site.settle().await;
    let unknown: String = used.chars().rev().collect();

    for form in [None, Some([("nip", RINA.nip)].as_slice())] {
        let mut answers = Vec::new();
        for token in [&unknown, &used, &expired] {
            answers.push(told(&ask(&router, &format!("/ambil/{token}"), form, "").await, token));
        }
        assert!(answers.iter().all(|answer| answer.0 == 404 && *answer == answers[0]));
    }
}

/// Who pressed the button twice is told that it is done; that says nothing to anybody else.
#[tokio::test]
async fn t09_links_to_confirm_a_change_that_are_unknown_or_expired_look_alike() {
    let site = Site::start().await;
    let router = site.pages();
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let expired = site.token(RINA.email, "ganti");
    site.forward(TimeDelta::days(400));
    site.settle().await;
    let unknown: String = expired.chars().rev().collect();

    for form in [None, Some([("kata", "SUDAH")].as_slice())] {
        let mut answers = Vec::new();
        for token in [&unknown, &expired] {
            answers.push(told(&ask(&router, &format!("/ganti/{token}"), form, "").await, token));
        }
        assert!(answers.iter().all(|answer| answer.0 == 404 && *answer == answers[0]), "{answers:?}");
    }
}

#[tokio::test]
async fn t09_what_lies_behind_a_link_is_guessed_at_ten_times_an_hour_and_never_burnt() {
    let site = Site::start().await;
    let router = site.pages();
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let link = format!("/ambil/{}", site.token(RINA.email, "ambil"));
    let right: &[(&str, &str)] = &[("nip", RINA.nip)];

    for n in 0..10 {
        let guess = format!("19900101201501{n:04}");
        assert_eq!(ask(&router, &link, Some(&[("nip", guess.as_str())]), "").await.status, 422);
    }

    assert_eq!(ask(&router, &link, Some(right), "").await.status, 429, "the right number waits too");
    let elsewhere = format!("/ambil/{:043}", 1);
    assert_eq!(
        ask(&router, &elsewhere, Some(right), "").await.status,
        404,
        "it is the link that waits, not the address"
    );
    site.forward(TimeDelta::minutes(10));
    assert_eq!(ask(&router, &link, Some(right), "").await.status, 200);
}

/// Opens a link, or posts a number to it, from an address of its own.
async fn comes(router: &Router, from: [u8; 4], link: &str, nip: Option<&str>) -> u16 {
    let request = if nip.is_some() { Request::post(link) } else { Request::get(link) };
    let mut request = request
        .header(header::HOST, BASE_URL.trim_start_matches("https://"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(nip.map(|nip| format!("nip={nip}")).unwrap_or_default()))
        .expect("a plain request");
    request.extensions_mut().insert(Peer(SocketAddr::from((from, 4_000))));
    router.clone().oneshot(request).await.expect("the router always answers").status().as_u16()
}

/// Five invented links a second used up what all links had together, and what all addresses had: nobody collected a result.
#[tokio::test]
async fn t09_guesses_at_invented_links_hold_up_nobody_who_has_a_good_one() {
    let site = Site::start().await;
    let router = site.pages();
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let result = format!("/ambil/{}", site.token(RINA.email, "ambil"));
    let change = format!("/ganti/{}", site.token(RINA.email, "ganti"));
    let second = site.deliver("user_id").await;
    let (admin, _) = site.admins_of(&second).await;
    let unlock = format!("/tautan/{}", site.token(admin.address.as_str(), "tautan"));
    let mut told = [0, 0];
    for n in 0..300_u32 {
        let from = [127, 0, 1, (n % 25) as u8];
        match comes(&router, from, &format!("/ambil/{n:043}"), Some(RINA.nip)).await {
            404 => told[0] += 1,
            429 => told[1] += 1,
            status => panic!("a guess was answered with {status}"),
        }
    }
    assert_eq!(told, [200, 100], "all together are slowed");

    assert_eq!(
        comes(&router, [127, 0, 2, 1], &format!("/ambil/{:043}", 999), Some(RINA.nip)).await,
        429,
        "a newcomer too"
    );
    for (nth, link) in [&result, &unlock].into_iter().enumerate() {
        assert_eq!(comes(&router, [127, 0, 2, 2 + nth as u8], link, None).await, 200, "{link}");
    }
    assert_eq!(comes(&router, [127, 0, 2, 6], &result, Some(RINA.nip)).await, 200);
    assert_eq!(comes(&router, [127, 0, 2, 7], &change, None).await, 200);
    assert_eq!(
        comes(&router, [127, 0, 2, 8], &result, Some(RINA.nip)).await,
        429,
        "a used one is answered like an invented one"
    );
}

/// A wrong number costs its address a try, however good the link.
#[tokio::test]
async fn t09_wrong_numbers_behind_good_links_use_up_an_addresss_tries() {
    let site = Site::start().await;
    let router = site.pages();
    let mut links = Vec::new();
    for (sample, person) in [("complete", RINA), ("user_id", JOHANNES)] {
        let number = site.deliver(sample).await;
        let (admin, _) = site.admins_of(&number).await;
        approve(&site, &admin, &number).await;
        links.push(format!("/ambil/{}", site.token(person.email, "ambil")));
    }

    for n in 0..20 {
        let guess = format!("19900101201501{n:04}");
        assert_eq!(comes(&router, [127, 0, 2, 1], &links[n % 2], Some(&guess)).await, 422);
    }

    assert_eq!(comes(&router, [127, 0, 2, 1], &format!("/ambil/{:043}", 1), Some(RINA.nip)).await, 429);
    assert_eq!(
        comes(&router, [127, 0, 2, 2], &format!("/ambil/{:043}", 1), Some(RINA.nip)).await,
        404,
        "it is the address"
    );
}
