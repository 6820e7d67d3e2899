//! Rows 7, 14 and 31 in a real browser: a scanner that opens, clicks and submits whatever it finds; pages of a stranger that
//! send forms and draw frames; and what a mail's words become in the browser's own eyes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use loket::demo::samples::people::RINA;
use loket::engine::admins::{Entry, Happened};
use loket::web::answer::{RevealAnswer, RevealTyped, Typed};
use loket::web::counter::Counter;
use loket::web::rate::{Limits, Rate};
use loket::web::router;
use serde_json::{Value, json};

use crate::desk_walk::approve;
use crate::kit::site::BASE_URL;
use crate::kit::wait::{in_time, wait_for};
use crate::kit::{Browser, Served, Site};
use crate::web_escape;
use crate::web_fake::{CODE, Fake, GOOD_TOKEN, HASH, SetClock, now, site};

/// What a scanner finds on a page: where links lead, and how many forms there are.
const FOUND: &str = "return [[...document.querySelectorAll('a[href]')].map((a) => a.href), document.forms.length];";

/// Fills every field of a form with something, ticks every box, and sends it.
const SEND: &str = "
    const form = document.forms[arguments[0]];
    for (const e of form.elements) {
        if (e.type === 'checkbox' || e.type === 'radio') e.checked = true;
        else if (e.type !== 'hidden' && 'value' in e && e.tagName !== 'BUTTON') e.value = e.maxLength === 12 ? '123456' : 'SETUJU 123456 199001012020011001';
    }
    window.stillHere = true;
    HTMLFormElement.prototype.submit.call(form);";

/// All links of all letters that went out, as a mail scanner sees them.
fn mailed(site: &Site, base: &str) -> Vec<String> {
    let letters = site.letters();
    let words = letters.iter().flat_map(|letter| letter.body.split_whitespace());
    words.filter(|word| word.starts_with(BASE_URL)).map(|word| word.replacen(BASE_URL, base, 1)).collect()
}

#[tokio::test]
async fn t07_a_browser_that_clicks_and_submits_everything_without_the_factor_changes_nothing() {
    let site = Site::start().await;
    for sample in ["complete", "completed_later", "forged"] {
        site.take_in(site.sample(sample).raw).await;
    }
    let number = site.numbers().await.into_iter().next().expect("a case");
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let unlimited = Rate { burst: 1e9, per_second: 1e9 };
    let desk = Served::start(|base| site.pages_within(base, Limits { each: unlimited, all: unlimited })).await;
    let browser = Browser::start().await;
    let before = state(&site).await;

    let mut waiting = mailed(&site, &desk.base);
    let (mut seen, mut sent) = (BTreeSet::new(), 0);
    while let Some(url) = waiting.pop() {
        let page = url.split('#').next().unwrap_or_default().to_owned();
        if !page.starts_with(&format!("{}/", desk.base)) || !seen.insert(page.clone()) {
            continue;
        }
        browser.open(&page).await;
        let (links, forms): (Vec<String>, usize) = browser.tell(FOUND).await;
        waiting.extend(links);
        for form in 0..forms {
            browser.open(&page).await;
            in_time("a form", browser.page.execute(SEND, vec![json!(form)])).await.expect("it is sent");
            wait_for("the answer to a form", async || {
                let gone = "return !window.stillHere && document.readyState === 'complete'";
                browser.page.execute(gone, Vec::new()).await.ok().filter(|gone| *gone == json!(true))
            })
            .await;
            sent += 1;
            let (links, _): (Vec<String>, usize) = browser.tell(FOUND).await;
            waiting.extend(links);
        }
    }
    site.settle().await;
    browser.close().await;
    desk.end().await;

    assert!(seen.len() > 8 && sent > 6, "{} pages, {sent} forms", seen.len());
    assert_eq!(state(&site).await, before);
    let reveal = site.token(RINA.email, "ambil");
    let typed = RevealTyped::Nip(Typed::new(RINA.nip));
    let shown = site.desk.reveal(&reveal, typed).await.expect("the engine answers");
    assert!(matches!(shown, RevealAnswer::Revealed(_)), "the result still waits for its owner");
}

/// Every case with its journal; what applicants were sent; who is enrolled with what, and what became of them. That wrong codes are
/// counted, and lock in the end, is what they are for: an admin may be locked by whoever has their mail, and is told.
async fn state(site: &Site) -> (BTreeMap<String, usize>, Vec<String>, usize, Vec<Value>, Vec<Entry>) {
    let mut cases = BTreeMap::new();
    let mut written = Vec::new();
    for case in site.engine.live_cases().await.expect("the store answers") {
        let events = site.engine.events(&site.engine.key(&case.number)).await.expect("the journal is read");
        cases.insert(case.number.to_string(), events.len());
        written.push(serde_json::to_string(&case).expect("a case is written"));
    }
    let admins: Vec<&str> = site.office.admins.iter().map(|(_, address)| *address).collect();
    let to_others = |letter: &loket::engine::port::Outgoing| !letter.to.iter().any(|to| admins.contains(&to.as_str()));
    let enrolled = site.engine.admins().await.expect("the store answers").into_iter().map(|record| {
        let mut kept = serde_json::to_value(record).expect("a record is written");
        kept.as_object_mut().expect("a record").retain(|name, _| !["failures", "lock"].contains(&name.as_str()));
        kept
    });
    let mut roll = site.engine.roll_of(2026).await.expect("the store answers");
    roll.retain(|entry| !matches!(entry.what, Happened::Locked { .. }));
    (cases, written, site.letters().iter().filter(|letter| to_others(letter)).count(), enrolled.collect(), roll)
}

/// A stranger's page that sends the desk's form by itself, and one that draws the desk in a frame.
fn hostile(desk: &str) -> Router {
    let form = format!(
        "<form method=post action='{desk}/berkas/LPSE-2026-0047/tolak'><input name=bukti value='{HASH}'><input name=dasar value=R04>\
         </form><script>document.forms[0].submit()</script>"
    );
    let frame = format!("<iframe src='{desk}/berkas/LPSE-2026-0047' width=900 height=900></iframe>");
    let fetch = format!(
        "<p id=told></p><script>fetch('{desk}/berkas/LPSE-2026-0047/tolak',{{method:'POST',credentials:'include',mode:'no-cors',\
         body:new URLSearchParams({{bukti:'{HASH}',dasar:'R04'}})}}).then(()=>told.className='done',()=>told.className='done')</script>"
    );
    Router::new()
        .route("/form", get(|| async { Html(form) }))
        .route("/bingkai", get(|| async { Html(frame) }))
        .route("/ambil", get(|| async { Html(fetch) }))
}

#[tokio::test]
async fn t14_pages_of_a_stranger_decide_nothing_and_show_nothing() {
    let fake = Arc::new(Fake::default());
    let (behind, clock) = (Arc::clone(&fake), Arc::new(SetClock(Mutex::new(now()))));
    let desk = Served::start(|base| router(site(behind, clock, base))).await;
    let stranger = Served::start(|_| hostile(&desk.base)).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/tautan/{GOOD_TOKEN}", desk.base)).await;
    browser.fill("#kode", CODE).await;
    browser.press("main form button").await;
    browser.reached("#tolak button").await;

    // By address the stranger shares the desk's site, so that cookies go along; by name it is another site.
    for base in [stranger.base.clone(), stranger.base.replace("127.0.0.1", "localhost")] {
        browser.open(&format!("{base}/form")).await;
        browser.arrived(&format!("{}/berkas/LPSE-2026-0047/tolak", desk.base)).await;
        let refused = browser.texts("h1").await;
        assert_eq!(refused, ["Formulir ini tidak dikirim dari halaman Loket"], "from {base}");
        browser.open(&format!("{base}/ambil")).await;
        browser.reached(".done").await;
        browser.open(&format!("{base}/bingkai")).await;
        let frame = in_time("the frame", browser.page.enter_frame(0)).await;
        assert!(frame.is_ok(), "there is a frame");
        let framed: bool = browser.tell("return !!document.querySelector('#tolak, main')").await;
        assert!(!framed, "the desk is drawn in a frame of {base}");
        browser.page.clone().enter_parent_frame().await.expect("out of the frame");
    }
    browser.close().await;
    stranger.end().await;
    desk.end().await;

    assert_eq!(fake.calls(), ["unlock"]);
}

/// The shape of a page as the browser understands it: elements with the names of their attributes, marks left out.
const SHAPE: &str = "
    const page = new DOMParser().parseFromString(arguments[0], 'text/html');
    const all = [...page.querySelectorAll('*')].filter((e) => e.localName !== 'mark');
    return all.map((e) => e.localName + ' ' + e.getAttributeNames().join(' '));";

#[tokio::test]
async fn t31_a_browser_sees_the_same_elements_whatever_a_mail_says() {
    let browser = Browser::start().await;
    browser.open("about:blank").await;
    let plain = web_escape::pages("biasa").await;
    for payload in web_escape::PAYLOADS {
        for ((name, page), (_, harmless)) in web_escape::pages(payload).await.iter().zip(&plain) {
            // A redirect has no page.
            if page.is_empty() && harmless.is_empty() {
                continue;
            }
            let mut shapes = Vec::new();
            for page in [page, harmless] {
                let told = in_time("a page", browser.page.execute(SHAPE, vec![json!(page)])).await;
                let shape: Vec<String> =
                    serde_json::from_value(told.expect("the script runs")).expect("a list of elements");
                shapes.push(shape);
            }
            assert!(shapes[0].len() > 5, "{name} is a page");
            assert_eq!(shapes[0], shapes[1], "{name}: {payload:?} became markup");
        }
    }
    browser.close().await;
}
