//! Row 37: the exchange with the token server. Any byte of it may be the last or the slowest ([`crate::wire_places`]), in the clear
//! and below TLS, and its answer may be a lie: what is not whole is no token, nothing has an end beyond the deadline, and the
//! refresh token goes nowhere else.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use loket::engine::port::{Fault, FaultKind};
use loket::mail::oauth::{Grant, RefreshStore, TokenSettings};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::inbox_faults::resident_kib;
use crate::kit::certificates::Certificates;
use crate::kit::gremlin::{Gremlin, Plan};
use crate::kit::parrot::{Parrot, Speech};
use crate::kit::tls_front::{self, TlsFront};
use crate::kit::tokens::{self, REFRESH, Timed};
use crate::wire_places::{DEADLINE, Failures, UNHURRIED, bounded, is_a_sentence, lead, places};
use crate::wire_talk::Lengths;

const TOKEN: &str = "token-akses-utuh";
/// Comes with it, instead of the one that was shown.
const NEXT: &str = "penyegar-berikut";
/// Longer than any fault is left alone.
const LATER: u64 = 1000;

fn body() -> String {
    format!(
        "{{\"access_token\":\"{TOKEN}\",\"refresh_token\":\"{NEXT}\",\"expires_in\":3600,\"token_type\":\"Bearer\"}}"
    )
}

fn honest() -> Speech {
    Speech::answer("200 OK", "Content-Type: application/json\r\n", &body())
}

/// Tells no length: nothing but the end of the stream tells the end of the answer.
fn endless_but_for_its_end() -> Speech {
    Speech::of(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", body()))
}

/// Keeps every refresh token it is given.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Kept {
    fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic under the lock").clone()
    }
}

impl RefreshStore for Kept {
    fn read(&self) -> Option<Zeroizing<String>> {
        None
    }

    fn keep(&self, token: &str) -> Result<(), Fault> {
        self.0.lock().expect("no panic under the lock").push(token.to_owned());
        Ok(())
    }
}

fn client(port: u16, ca_file: Option<PathBuf>, deadline: Duration) -> (Timed, Arc<Kept>) {
    let scheme = if ca_file.is_some() { "https" } else { "http" };
    let settings = TokenSettings {
        ca_file,
        deadline,
        ..tokens::settings(format!("{scheme}://127.0.0.1:{port}/token"), Grant::Refresh(REFRESH.to_owned().into()))
    };
    let kept = Arc::new(Kept::default());
    (Timed::new(settings, Some(kept.clone())), kept)
}

/// Buys a token, through as many failures as come. `whole` are the lengths of the exchange if nothing happens.
async fn buy(plan: Option<Plan>, certificates: Option<&Certificates>, whole: &[[usize; 2]]) -> Lengths {
    let parrot = Parrot::saying(if certificates.is_some() { endless_but_for_its_end() } else { honest() }).await;
    let front = match certificates {
        Some(certificates) => Some(TlsFront::before(parrot.port(), certificates, tls_front::AT_ONCE).await),
        None => None,
    };
    let gremlin = Gremlin::before(front.as_ref().map_or(parrot.port(), TlsFront::port), plan).await;
    let deadline = if plan.is_some() { DEADLINE } else { UNHURRIED };
    let (tokens, kept) = client(gremlin.port(), certificates.map(|c| c.ca_file.clone()), deadline);
    let mut failures = Failures::of(plan);

    let first = bounded(plan, tokens.bought()).await;
    let mut outcome = first.clone();
    let token = loop {
        match outcome {
            Ok(token) => break token,
            Err(fault) => failures.note(&fault),
        }
        tokens.later(LATER);
        outcome = bounded(plan, tokens.bought()).await;
    };

    let is_cut_short = plan.is_some_and(|plan| plan.withholds(whole));
    assert!(first.is_err() || !is_cut_short, "{plan:?}: a part of {whole:?} is taken for the whole");
    assert_eq!((token.as_str(), kept.all()), (TOKEN, vec![NEXT.to_owned()]), "{plan:?}");
    let asked = parrot.heard();
    assert!(asked.iter().all(|request| request.contains(&format!("refresh_token={REFRESH}&"))), "{plan:?}: {asked:?}");
    gremlin.passed()
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_any_byte_of_a_tokens_purchase_may_be_the_last_or_the_slowest() {
    let lengths = buy(None, None, &[]).await;
    assert!(lengths.len() == 1 && lengths[0].iter().all(|length| *length > 150), "{lengths:?}");

    let places = places(&lengths, 13);
    lead("token server", &lengths, places, |plan| buy(Some(plan), None, &lengths)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_any_byte_of_a_tokens_purchase_over_tls_may_be_the_last_or_the_slowest() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificates = Certificates::of_even_length(folder.path());
    let lengths = buy(None, Some(&certificates), &[]).await;
    assert!(lengths.len() == 1 && lengths[0].iter().sum::<usize>() > 1500, "{lengths:?}");

    let places = places(&lengths, 41);
    lead("token server over TLS", &lengths, places, |plan| buy(Some(plan), Some(&certificates), &lengths)).await;
}

/// Answers without a token in them, and whether the client can tell before its deadline.
fn lies() -> Vec<(&'static str, Speech, bool)> {
    let head = "HTTP/1.1 200 OK\r\n";
    let of = |words: &str| Speech::of(words.to_owned());
    let endless = |once: &str, again: &str| {
        let times = (64 * 1024 / again.len()).max(1);
        Speech { again: again.repeat(times).into_bytes(), ..Speech::of(once.to_owned()) }
    };
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    let long = format!("{head}Content-Length: {}\r\n\r\n{}", body().len() + 1, body());
    let open = "{\"access_token\":\"x\"}";
    vec![
        ("a body without end", endless(&format!("{head}\r\n"), " "), true),
        ("chunks without end", endless(&chunked, "10\r\n                \r\n"), true),
        ("a chunk of sixteen exabytes", endless(&format!("{chunked}FFFFFFFFFFFFFFFF\r\n"), " "), true),
        ("a chunk beyond 64 bits", of(&format!("{chunked}FFFFFFFFFFFFFFFFF\r\n{}", body())), true),
        ("a chunk's extension without end", endless(&format!("{chunked}1;"), "x"), true),
        ("trailers without end", endless(&format!("{chunked}1\r\n \r\n0\r\n"), "X-Lagi: ya\r\n"), true),
        ("a head without end", endless(head, "X-Lagi: ya\r\n"), true),
        ("a line of a head without end", endless(&format!("{head}X-Lagi: "), "x"), true),
        ("a status without end", endless("HTTP/1.1 200 ", "x"), true),
        ("announcements without end", endless("", "HTTP/1.1 100 Continue\r\n\r\n"), false),
        ("a body shorter than it says", of(&long), true),
        ("a body shorter than it says, and silence", Speech { stays: true, ..of(&long) }, false),
        ("a body longer than it says", of(&format!("{head}Content-Length: 40\r\n\r\n{}", body())), true),
        ("two lengths", of(&format!("{head}Content-Length: 40\r\nContent-Length: 41\r\n\r\n{}", &body()[..40])), true),
        ("a length below nothing", of(&format!("{head}Content-Length: -1\r\n\r\n{}", body())), true),
        ("a length beyond 64 bits", of(&format!("{head}Content-Length: 99999999999999999999999\r\n\r\n{open}")), true),
        ("silence", Speech { stays: true, ..Speech::default() }, false),
        ("nothing", Speech::default(), true),
        ("an IMAP greeting", of("* OK here\r\n"), true),
        ("a token in the head alone", Speech::answer("200 OK", &format!("X-Token: {TOKEN}\r\n"), ""), true),
        ("another status", Speech::answer("202 Accepted", "", &body()), true),
        (
            "nothing but a refresh token",
            Speech::answer("200 OK", "", &format!("{{\"refresh_token\":\"{NEXT}\"}}")),
            true,
        ),
        ("tokens in a list", Speech::answer("200 OK", "", &format!("{{\"access_token\":[\"{TOKEN}\"]}}")), true),
        ("brackets without end", Speech::answer("200 OK", "", &"[".repeat(60_000)), true),
        (
            "a refusal that repeats what was shown",
            Speech::answer(
                "400 Bad Request",
                "",
                &format!("{{\"error\":\"{REFRESH}\",\"error_description\":\"{REFRESH}\"}}"),
            ),
            true,
        ),
        ("a head that repeats what was shown", of(&format!("HTTP/1.1 {REFRESH}\r\n{REFRESH}\r\n\r\n")), true),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_a_lie_of_a_token_server_costs_little_and_the_next_purchase_is_clean() {
    let (before, lies) = (resident_kib(), lies());
    let count = lies.len();
    for (what, speech, is_seen_through) in lies {
        let parrot = Parrot::saying(speech).await;
        // What can be told at once is told at once, however long the deadline.
        let deadline = if is_seen_through { UNHURRIED } else { Duration::from_secs(2) };
        let (tokens, kept) = client(parrot.port(), None, deadline);

        let start = Instant::now();
        let fault = bounded(None, tokens.bought()).await.expect_err(what);
        let took = start.elapsed();
        let unkept = kept.all();
        parrot.now(honest());
        tokens.later(LATER);
        let bought = bounded(None, tokens.bought()).await;

        is_a_sentence(&fault);
        assert_eq!(fault.kind, FaultKind::Transient, "{what}: {fault}");
        assert!(took < UNHURRIED / 2, "{what}: {took:?}");
        assert!(unkept.is_empty(), "{what}");
        assert_eq!(bought.unwrap_or_else(|fault| panic!("{what}: {fault}")), TOKEN, "{what}");
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 32 * 1024, "{what}: {grown} KiB more");
    }
    println!("token server: {count} lies, {} KiB more", resident_kib().saturating_sub(before));
}

#[tokio::test]
async fn t37_no_refresh_token_follows_a_redirect() {
    let elsewhere = Parrot::saying(honest()).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        for place in [format!("http://127.0.0.1:{}/token", elsewhere.port()), "/lain".to_owned()] {
            let parrot = Parrot::saying(Speech::answer(status, &format!("Location: {place}\r\n"), "")).await;
            let (tokens, _) = client(parrot.port(), None, UNHURRIED);

            let fault = bounded(None, tokens.bought()).await.expect_err("it is no answer");

            is_a_sentence(&fault);
            assert_eq!((fault.kind, parrot.heard().len()), (FaultKind::Transient, 1), "{status} to {place}: {fault}");
        }
    }
    assert!(elsewhere.heard().is_empty(), "the refresh token went elsewhere");
}

#[tokio::test]
async fn t37_a_refresh_token_that_is_none_replaces_nothing() {
    for next in ["", "dua kata", "a\\r\\nb", "a\\u0001b", &"x".repeat(20_000)] {
        let body = format!("{{\"access_token\":\"{TOKEN}\",\"refresh_token\":\"{next}\",\"expires_in\":3600}}");
        let parrot = Parrot::saying(Speech::answer("200 OK", "", &body)).await;
        let (tokens, kept) = client(parrot.port(), None, UNHURRIED);

        for _ in 0..2 {
            bounded(None, tokens.bought()).await.expect("the access token is good");
            tokens.later(4000);
        }

        let asked = parrot.heard();
        assert!(kept.all().is_empty(), "{:?}", kept.all());
        assert!(asked.len() == 2 && asked.iter().all(|request| request.contains(REFRESH)), "{asked:?}");
    }
}
