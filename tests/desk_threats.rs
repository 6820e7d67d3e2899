//! Rows 8 to 13 of the threats, over the real engine and its real pages: forwarded, guessed, leaked, pressed twice, outdated.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use chrono::TimeDelta;
use loket::demo::samples::Stamp;
use loket::demo::samples::people::{self, MAIL_SERVER, RINA};
use loket::demo::samples::post::Mail;
use loket::sop::names::{CaseNumber, Language};
use loket::sop::phase::Phase;
use loket::web::answer::{ConfirmAnswer, ConfirmForm, ConfirmMethod, ConfirmResult, DecisionAnswer, UnlockAnswer};
use loket::web::counter::Counter;
use loket::web::view::Choice;
use tower::ServiceExt;

use crate::desk_walk::{approve, decide, form, review};
use crate::kit::Site;
use crate::kit::site::BASE_URL;
use crate::web_browser::encoded;

pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// A browser's part: no cookie but those it is given.
pub async fn ask(router: &Router, path: &str, form: Option<&[(&str, &str)]>, cookie: &str) -> Answered {
    let host = BASE_URL.trim_start_matches("https://");
    let request = if form.is_some() { Request::post(path) } else { Request::get(path) };
    let request = request
        .header(header::HOST, host)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    let request = request.body(Body::from(form.map(encoded).unwrap_or_default())).expect("a plain request");
    let response = router.clone().oneshot(request).await.expect("the router always answers");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 8 << 20).await.expect("pages are small");
    let body = String::from_utf8_lossy(&body).into_owned();
    Answered { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Opens the admin's link with their code; the device's cookie.
async fn unlocked(site: &Site, router: &Router, number: &CaseNumber) -> String {
    let (admin, _) = site.admins_of(number).await;
    let link = format!("/tautan/{}", site.token(admin.address.as_str(), "tautan"));
    let code = site.code_of(&admin).await;
    let opened = ask(router, &link, Some(&[("kode", code.expose())]), "").await;
    assert_eq!(opened.status, 303, "the code opens the link");
    let set = opened.headers[header::SET_COOKIE].to_str().expect("a cookie is text");
    set.split(';').next().expect("a cookie has a value").to_owned()
}

#[tokio::test]
async fn t08_a_forwarded_link_shows_no_more_than_number_service_and_counts_and_decides_nothing() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, colleague) = site.admins_of(&number).await;
    let token = site.token(admin.address.as_str(), "tautan");
    let before = site.case(&number).await;
    let view = review(&site, &admin, &number).await;
    let (router, link) = (site.pages(), format!("/tautan/{token}"));

    let page = ask(&router, &link, None, "").await;
    let wrong = ask(&router, &link, Some(&[("kode", "000000")]), "").await;
    let of_another = site.desk.unlock(&token, &site.code_of(&colleague).await).await.expect("the engine answers");
    let case = format!("/berkas/{number}");
    let review = ask(&router, &case, None, "").await;
    let picture = ask(&router, &format!("{case}/halaman/0/1"), None, "").await;
    let large = ask(&router, &format!("{case}/halaman/0/1/besar"), None, "").await;
    let hash = view.proposal.hash.as_str();
    let approval = ask(&router, &format!("{case}/setujui"), Some(&[("bukti", hash)]), "").await;

    assert!(page.body.contains(&number.to_string()) && page.body.contains("Reset password"));
    for told in [&page.body, &wrong.body] {
        for part in [RINA.user_id, "Rina", RINA.nip, "rina.", RINA.phone, "Bagian", "Surat Permohonan", hash] {
            assert!(!told.contains(part), "{part} is on the lock");
        }
        assert!(!told.contains(admin.address.as_str()) && !told.contains(&colleague.name));
        let facts: Vec<&str> = told.split("<dt>").skip(1).filter_map(|fact| fact.split("</dt>").next()).collect();
        assert_eq!(facts, ["Layanan", "Temuan", "Sisa waktu", "Tautan untuk"], "whose code opens it, and until when");
    }
    assert!(matches!(of_another, UnlockAnswer::Wrong { .. }), "another admin's code is a wrong one");
    assert_eq!((page.status, wrong.status, review.status, approval.status), (200, 422, 303, 303));
    assert_eq!((picture.status, large.status), (404, 303));
    assert_eq!(site.case(&number).await, before, "nothing was decided");
}

/// One good token of each kind, each with the state it is in.
async fn dead_links(site: &Site) -> [String; 2] {
    let used = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&used).await;
    let used_token = site.token(admin.address.as_str(), "tautan");
    let seen = review(site, &admin, &used).await;
    assert!(matches!(decide(&site.desk, &admin, &used, form(&seen, Choice::Reject)).await, DecisionAnswer::Done));
    site.settle().await;
    let expired = site.deliver("both").await;
    let (admin, _) = site.admins_of(&expired).await;
    let expired_token = site.token(admin.address.as_str(), "tautan");
    assert!(site.desk.lock_view(&expired_token, Language::Id).await.unwrap().is_some(), "it lives at first");
    site.forward(TimeDelta::days(30));
    [used_token, expired_token]
}

#[tokio::test]
async fn t09_unknown_used_and_expired_are_told_apart_by_neither_body_nor_time() {
    let site = Site::start().await;
    let [used, expired] = dead_links(&site).await;
    let unknown: String = used.chars().rev().collect();
    let router = site.pages();

    for form in [None, Some([("kode", "123456")].as_slice())] {
        let mut bodies = Vec::new();
        for token in [&unknown, &used, &expired] {
            let told = ask(&router, &format!("/tautan/{token}"), form, "").await;
            bodies.push((told.status, told.body));
        }
        assert_eq!(bodies[0].0, 404);
        assert!(bodies.iter().all(|told| *told == bodies[0]), "the answers differ");
    }

    // The same work for each, measured in turns, so that a busy machine is busy for all of them. Of the quickest only
    // few are left out: those hold no turn in which somebody else ran.
    let mut spent = [const { Vec::new() }; 3];
    for _ in 0..400 {
        for (nth, token) in [&unknown, &used, &expired].into_iter().enumerate() {
            let begun = Instant::now();
            let told = site.desk.lock_view(token, Language::Id).await.expect("the engine answers");
            spent[nth].push(begun.elapsed());
            assert!(told.is_none());
        }
    }
    let quickest = spent.map(|mut all| {
        all.sort();
        all[all.len() / 50]
    });
    let (least, most) = (*quickest.iter().min().unwrap(), *quickest.iter().max().unwrap());
    // A network hides no more than that; on a machine where all takes longer, nor does the work itself.
    assert!(most - least < Duration::from_micros(300) || most < least * 3, "{quickest:?}");
}

#[tokio::test]
async fn t09_a_hundred_thousand_guesses_open_nothing_and_burn_nothing() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let good = site.token(admin.address.as_str(), "tautan");
    let router = site.pages();

    // Through the pages most guesses are not even looked at.
    let mut told = [0usize; 2];
    for n in 0..500 {
        match ask(&router, &format!("/tautan/{n:043}"), None, "").await.status {
            404 => told[0] += 1,
            429 => told[1] += 1,
            status => panic!("a guess was answered with {status}"),
        }
    }
    assert_eq!(told, [20, 480]);
    // Behind them every one is: neighbours of a good one first, then any.
    let letters: Vec<char> = good.chars().collect();
    let near = (0..letters.len()).map(|at| {
        let mut guess = letters.clone();
        guess[at] = if guess[at] == 'A' { 'B' } else { 'A' };
        guess.into_iter().collect::<String>()
    });
    let any = (0u64..100_000).map(|n| format!("{:043}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    for guess in near.chain(any).take(100_000) {
        assert!(site.engine.open_link(&guess).await.expect("the store answers").is_none(), "{guess}");
    }
    assert!(site.desk.lock_view(&good, Language::Id).await.unwrap().is_some(), "wrong guesses burn no secret");
}

/// Everything that is logged on this thread, at every level.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Listens on this thread until what is returned is dropped.
    pub fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        tracing::subscriber::set_default(lines.with_writer(move || writer.clone()).finish())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic under the lock")).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic under the lock").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn t10_a_token_is_in_no_log_header_record_or_foreign_page() {
    let log = Log::default();
    let _listening = log.listen();
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let router = site.pages();
    let link = site.token(admin.address.as_str(), "tautan");
    let cookie = unlocked(&site, &router, &number).await;
    let mut answers = Vec::new();
    for path in [format!("/berkas/{number}"), "/meja".into(), format!("/berkas/{number}/halaman/0/1/besar")] {
        answers.push(ask(&router, &path, None, &cookie).await);
    }
    approve(&site, &admin, &number).await;
    let (reveal, change) = (site.token(RINA.email, "ambil"), site.token(RINA.email, "ganti"));
    let shown = ask(&router, &format!("/ambil/{reveal}"), Some(&[("nip", RINA.nip)]), "").await;
    assert_eq!(shown.status, 200);
    for path in [format!("/tautan/{link}"), format!("/ambil/{reveal}"), format!("/berkas/{number}")] {
        answers.push(ask(&router, &path, None, &cookie).await);
    }
    // A page's own address stands in its form and in its language switch, and nowhere else.
    let own = ask(&router, &format!("/ganti/{change}"), Some(&[("kata", "SUDAH")]), "").await;
    assert!(own.status == 200 && !own.body.contains(link.as_str()) && !own.body.contains(reveal.as_str()));

    tracing::trace!("a word of the test's own");

    let told = log.text();
    let events = site.engine.events(&site.engine.key(&number)).await.expect("the journal is read");
    let record = serde_json::to_string(&site.case(&number).await).expect("a case is written")
        + &serde_json::to_string(&events.iter().map(|e| &e.event).collect::<Vec<_>>()).expect("events are written");
    let cookie_value = cookie.split_once('=').expect("a name and a value").1;
    for (name, token) in [("link", &link), ("reveal", &reveal), ("change", &change)] {
        assert!(token.len() >= 43, "32 bytes at least");
        assert!(!told.contains(token.as_str()), "the log has the {name} token");
        assert!(!record.contains(token.as_str()), "the record has the {name} token");
        for answer in &answers {
            assert!(!answer.body.contains(token.as_str()), "a page has the {name} token");
            assert!(!format!("{:?}", answer.headers).contains(token.as_str()), "a header has the {name} token");
            assert_eq!(answer.headers["referrer-policy"], "no-referrer");
            assert_eq!(answer.headers["cache-control"], "no-store");
        }
    }
    assert!(!told.contains(cookie_value) && !record.contains(cookie_value));
    assert!(!told.contains(RINA.nip), "the log has the NIP");
    assert!(told.contains("a word of the test's own"), "the log was listened to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t11_a_hundred_approvals_at_once_are_one_decision_one_reset_one_letter() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let router = site.pages();
    let cookie = unlocked(&site, &router, &number).await;
    let hash = review(&site, &admin, &number).await.proposal.hash;

    let presses = (0..100).map(|_| {
        let (router, cookie, hash, path) =
            (router.clone(), cookie.clone(), hash.clone(), format!("/berkas/{number}/setujui"));
        tokio::spawn(async move { ask(&router, &path, Some(&[("bukti", &hash)]), &cookie).await.status })
    });
    let answers = futures::future::join_all(presses).await;
    site.settle().await;

    assert!(answers.iter().all(|status| matches!(status, Ok(303))), "the same answer to each: {answers:?}");
    assert_eq!(site.case(&number).await.decisions.len(), 1);
    let results = site.letters().into_iter().filter(|letter| letter.body.contains("/ambil/")).count();
    assert_eq!(results, 1);
}

/// A day of work, over the weekend too (THREATS, decision about links).
#[tokio::test]
async fn t08_a_link_to_an_admin_lives_for_twenty_four_hours_of_working_days() {
    let day_after = TimeDelta::hours(24);
    for (ahead, life) in [(TimeDelta::zero(), day_after), (TimeDelta::days(3), day_after * 3)] {
        let site = Site::start().await;
        site.forward(ahead);
        let sent = site.now();
        let number = site.deliver("complete").await;
        let (admin, _) = site.admins_of(&number).await;
        let link = site.token(admin.address.as_str(), "tautan");

        site.set_clock(sent + life - TimeDelta::seconds(2));
        assert!(site.desk.lock_view(&link, Language::Id).await.unwrap().is_some(), "sent {sent}");
        site.set_clock(site.now() + TimeDelta::minutes(1));
        assert!(site.desk.lock_view(&link, Language::Id).await.unwrap().is_none(), "sent {sent}");
    }
}

#[tokio::test]
async fn t08_the_link_to_a_result_is_dead_at_the_moment_that_ends_it() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let link = site.token(RINA.email, "ambil");
    let Phase::Delivered { reveal, .. } = site.case(&number).await.phase else { panic!("the result waits") };
    let opens = async |at| {
        site.set_clock(at);
        site.engine.open_link(&link).await.unwrap().is_some()
    };

    assert!(opens(reveal.expires_at - TimeDelta::milliseconds(1)).await);
    assert!(!opens(reveal.expires_at).await);
}

#[tokio::test]
async fn t13_a_dossier_that_changed_after_the_link_was_mailed_voids_it() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let old = site.token(admin.address.as_str(), "tautan");
    let seen = review(&site, &admin, &number).await;

    site.follow_up("completed_later", &number).await;

    assert!(site.desk.lock_view(&old, Language::Id).await.unwrap().is_none(), "the old link is void");
    let code = site.code_of(&admin).await;
    assert!(matches!(site.desk.unlock(&old, &code).await.unwrap(), UnlockAnswer::Gone));
    for choice in [Choice::Complete, Choice::Reject, Choice::Approve] {
        let answer = decide(&site.desk, &admin, &number, form(&seen, choice)).await;
        assert!(matches!(answer, DecisionAnswer::Changed { .. }), "{choice:?} on what is no longer there");
    }
    let call = ConfirmForm {
        proposal_hash: seen.proposal.hash.clone(),
        method: ConfirmMethod::Phone,
        result: ConfirmResult::Genuine,
        spoken_with: "Agung".to_owned(),
        note: String::new(),
    };
    let answer = site.desk.confirm(&admin, &number, call).await.unwrap();
    assert!(matches!(answer, ConfirmAnswer::Changed { .. }), "the call was about what is no longer there");
    let case = site.case(&number).await;
    assert!(case.decisions.is_empty() && case.confirmations.is_empty());
    let fresh = site.token(admin.address.as_str(), "tautan");
    assert!(fresh != old && site.desk.lock_view(&fresh, Language::Id).await.unwrap().is_some());
    assert!(site.last_to(people::AGUNG.email).is_some());
}

#[tokio::test]
async fn t31_what_a_mail_says_stays_text_in_the_mail_to_an_admin() {
    let site = Site::start().await;
    let hostile = "{{ 123*1001 }}{% include \"/etc/passwd\" %}<script>x</script>\u{202e}gpj.exe\u{200b}";
    let mail = Mail {
        from: (hostile, RINA.email),
        subject: format!("Permohonan reset password {hostile}"),
        text: format!("Mohon reset password akun Helpdesk saya.\n{hostile}\nSubject: x\r\nBcc: lain@evil.example"),
        enclosed: Vec::new(),
        message_id: "jahat@biropbj.example".into(),
        at: site.now(),
        answers: None,
        automatic: false,
        authentic: true,
    };
    site.take_in(mail.bytes(Some(Stamp { server: MAIL_SERVER }))).await;
    let number = site.numbers().await.pop().expect("the mail opens a case");
    let (admin, _) = site.admins_of(&number).await;

    let letter = site.last_to(admin.address.as_str()).expect("the admin is written to");

    assert_eq!((letter.to.len(), letter.bcc.len()), (1, 0));
    assert!(!letter.subject.contains(char::is_control), "{:?}", letter.subject);
    assert!(!letter.body.contains("123123"), "a template in a mail was carried out");
    for unseen in ['\u{202e}', '\u{200b}'] {
        assert!(!letter.subject.contains(unseen) && !letter.body.contains(unseen), "{:?}", letter.subject);
    }
    assert!(!letter.body.lines().any(|line| line.starts_with("Bcc:")), "no line of a stranger stands alone");
}
