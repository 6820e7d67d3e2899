//! Every page of the desk under axe: WCAG 2.2 A and AA and best practice, on narrow and wide screens, light and dark, and no
//! page scrolls sideways. Also without a mouse, and with the stylesheet off.

use std::sync::{Arc, Mutex};

use fantoccini::key::Key;
use loket::sop::case::Deed;
use loket::web::answer::{DecisionAnswer, Earlier};
use loket::web::router;
use loket::web::view::{CasePage, TwoView};

use crate::kit::wait::in_time;
use crate::kit::{Browser, Served, axe};
use crate::web_escape::RECORDS;
use crate::web_fake::{CODE, Fake, GOOD_TOKEN, NIP, SetClock, now, site};
use crate::web_samples::{outcome, review, task, unknown};

const CASE: &str = "/berkas/LPSE-2026-0047";
const WIDTHS: [u32; 4] = [360, 390, 768, 1280];

/// The desk over a counter in memory, and a browser before it.
struct Hall {
    fake: Arc<Fake>,
    desk: Served,
    browser: Browser,
}

impl Hall {
    async fn open() -> Self {
        let fake = Arc::new(Fake { demo: true, ..Fake::default() });
        let behind = Arc::clone(&fake);
        let clock = Arc::new(SetClock(Mutex::new(now())));
        let desk = Served::start(|base| router(site(behind, clock, base))).await;
        Self { fake, desk, browser: Browser::start().await }
    }

    async fn go(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.desk.base)).await;
    }

    async fn sign_in(&self) {
        self.go(&format!("/tautan/{GOOD_TOKEN}")).await;
        self.browser.fill("#kode", CODE).await;
        self.browser.press("main form button").await;
        self.browser.reached("#tolak button").await;
    }

    fn case_is(&self, page: impl Fn() -> CasePage + Send + 'static) {
        *self.fake.page.lock().expect("nobody else holds the page") = Box::new(page);
    }

    async fn close(self) {
        self.browser.close().await;
        self.desk.end().await;
    }
}

/// A page of a case, and its name.
type View = (&'static str, fn() -> CasePage);

/// What axe has against the page that is open, on every screen; and on which it is too wide.
async fn against(browser: &Browser, engine: &str, name: &str) -> Vec<String> {
    axe::inject(&browser.page, engine).await;
    let mut all = Vec::new();
    for width in WIDTHS {
        for dark in [false, true] {
            browser.screen(width, dark).await;
            let scheme = if dark { "dark" } else { "light" };
            let found = axe::findings(&browser.page).await;
            all.extend(found.into_iter().map(|finding| format!("{name} at {width} px, {scheme}: {finding}")));
        }
    }
    for width in [320, 360, 390, 768, 1280] {
        browser.screen(width, false).await;
        let wide: u32 = browser.tell("return document.documentElement.scrollWidth").await;
        if wide > width {
            all.push(format!("{name} is {wide} px wide on a screen of {width}"));
        }
    }
    all
}

#[tokio::test]
async fn axe_finds_nothing_on_the_pages_of_an_admin() {
    let hall = Hall::open().await;
    let engine = axe::source();
    let mut found = Vec::new();
    hall.sign_in().await;

    let paths = [
        CASE.to_owned(),
        format!("{CASE}?bahasa=en"),
        format!("{CASE}/halaman/0/1/besar?bahasa=id"),
        "/meja".to_owned(),
        "/meja?cari=kosong".to_owned(),
        "/ditahan/tahan-1".to_owned(),
        "/frasa".to_owned(),
        "/tidak-ada".to_owned(),
    ];
    let records = RECORDS.map(str::to_owned);
    let more = ["/arsip?cari=kosong", "/arsip/LPSE-2026-0008?bahasa=en", "/laporan?bahasa=en", "/arsip?bahasa=id"];
    for path in paths.iter().chain(&records).chain(&more.map(str::to_owned)) {
        hall.go(path).await;
        found.extend(against(&hall.browser, &engine, path).await);
    }
    let earlier = Earlier { by: "Lestari Ningrum".into(), at: now(), what: "Minta lengkapi".into() };
    for (name, answer) in [("too late", Some(DecisionAnswer::Already(earlier))), ("wrong code", None)] {
        hall.fake.decide_next(answer.unwrap_or(DecisionAnswer::NeedsFactor { left: 2 }));
        hall.go("/meja").await;
        hall.browser.submit(&format!("{CASE}/tolak"), &[("bukti", "hash-usulan"), ("dasar", "R04")]).await;
        found.extend(against(&hall.browser, &engine, name).await);
    }
    hall.go("/meja").await;
    let form = [("bukti", "hash-usulan"), ("cara", "telepon"), ("hasil", "benar"), ("siapa", "Dimas")];
    hall.browser.submit(&format!("{CASE}/konfirmasi"), &form).await;
    found.extend(against(&hall.browser, &engine, "confirmed").await);
    let views: [View; 6] = [
        ("task", || CasePage::Task(Box::new(task()))),
        ("unknown", || CasePage::Unknown(Box::new(unknown()))),
        ("outcome", || CasePage::Outcome(Box::new(outcome()))),
        ("a review that takes two", || {
            let mut second = review("Permohonan Reset Password");
            second.two = Some(TwoView {
                because: vec!["Permohonan pertama untuk akun ini".into(), "Diterima di luar jam kerja".into()],
                first: Some(("Lestari Ningrum".into(), now(), Deed::Grant)),
                yours: false,
                others: vec!["Bagus Arya Nugraha".into()],
            });
            CasePage::Review(Box::new(second))
        }),
        ("a result that takes two", || {
            let mut second = outcome();
            second.two = Some(TwoView {
                because: vec!["Permohonan pertama untuk akun ini".into()],
                first: Some(("Lestari Ningrum".into(), now(), Deed::HandInPerson)),
                yours: false,
                others: Vec::new(),
            });
            CasePage::Outcome(Box::new(second))
        }),
        ("a review of nothing", || {
            let mut empty = review("");
            empty.checks.clear();
            empty.papers.clear();
            empty.drafts.clear();
            CasePage::Review(Box::new(empty))
        }),
    ];
    for (name, view) in views {
        hall.case_is(view);
        hall.go(CASE).await;
        found.extend(against(&hall.browser, &engine, name).await);
    }
    hall.close().await;

    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn axe_finds_nothing_on_the_pages_of_everybody_else() {
    let hall = Hall::open().await;
    let engine = axe::source();
    let mut found = Vec::new();

    for kind in ["tautan", "ambil", "ganti", "daftar"] {
        for token in [GOOD_TOKEN, "hilang"] {
            let path = format!("/{kind}/{token}");
            hall.go(&path).await;
            found.extend(against(&hall.browser, &engine, &path).await);
        }
    }
    for path in ["/masuk", "/surel", "/surel/surat-1"] {
        hall.go(path).await;
        found.extend(against(&hall.browser, &engine, path).await);
    }
    for (kind, field, typed) in [
        ("tautan", "kode", "111111"),
        ("ambil", "nip", "1"),
        ("ambil", "nip", NIP),
        ("ganti", "kata", "SUDAH"),
        ("daftar", "kode", CODE),
    ] {
        let path = format!("/{kind}/{GOOD_TOKEN}");
        hall.go(&path).await;
        hall.browser.submit(&path, &[(field, typed)]).await;
        found.extend(against(&hall.browser, &engine, &format!("{path} after {field}")).await);
    }
    // And axe does find what is wrong.
    let _: bool = hall.browser.tell("document.querySelector('main').append(new Image()); return true").await;
    let provoked = axe::findings(&hall.browser.page).await;
    hall.close().await;

    assert!(provoked.iter().any(|finding| finding.starts_with("image-alt")), "{provoked:?}");

    assert_eq!(found, Vec::<String>::new());
}

/// What can be reached by the Tab key, in the order of reading; of radio buttons of one name the one that is chosen, else the first.
const REACHABLE: &str = "
    const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex=\"0\"]')];
    const folded = (e) => !e.matches('summary') && e.closest('details:not([open])');
    const seen = all.filter((e) => e.tabIndex >= 0 && !e.disabled && !folded(e) && e.getClientRects().length > 0);
    const groups = {};
    for (const e of seen) if (e.type === 'radio') { const key = (e.form ? e.form.action : '') + e.name; if (!groups[key] || e.checked) groups[key] = e; }
    window.reachable = seen.filter((e) => e.type !== 'radio' || Object.values(groups).includes(e));
    return window.reachable.length;";

/// Where the focus is in that order, or what is wrong with it.
const FOCUSED: &str = "
    const e = document.activeElement, bar = document.querySelector('.bar'), box = e.getBoundingClientRect();
    const cover = bar && !bar.contains(e) && getComputedStyle(bar).position === 'sticky' ? bar.getBoundingClientRect() : null;
    if (cover && box.top >= cover.top && box.bottom <= cover.bottom) return e.outerHTML.slice(0, 90) + ' lies under the bar';
    if (box.bottom < 0 || box.top > innerHeight) return e.outerHTML.slice(0, 90) + ' is not in sight';
    if (getComputedStyle(e).outlineStyle === 'none') return e.outerHTML.slice(0, 90) + ' does not show its focus';
    const at = window.reachable.indexOf(e);
    return at < 0 ? e.outerHTML.slice(0, 90) + ' was not expected' : String(at);";

#[tokio::test]
async fn the_review_is_complete_by_keyboard_and_the_bar_covers_no_focus() {
    let hall = Hall::open().await;
    hall.sign_in().await;

    for width in [390, 1280] {
        hall.browser.screen(width, false).await;
        hall.go(CASE).await;
        let count: usize = hall.browser.tell(REACHABLE).await;
        assert!(count > 40, "{count}");
        for nth in 0..count {
            let focused = in_time("the focus", hall.browser.page.active_element()).await.expect("a page has one");
            in_time("a key", focused.send_keys(&char::from(Key::Tab).to_string())).await.expect("it takes keys");
            let told: String = hall.browser.tell(FOCUSED).await;
            assert_eq!(told, nth.to_string(), "at {width} px");
        }
    }
    hall.close().await;
}

#[tokio::test]
async fn pages_can_be_used_with_the_stylesheet_off() {
    let hall = Hall::open().await;
    hall.sign_in().await;

    let mut wrong = Vec::new();
    let pages = [CASE, "/berkas/LPSE-2026-0047/halaman/0/1/besar", "/meja", "/ditahan/tahan-1", "/surel/surat-1"];
    for path in pages.into_iter().chain(RECORDS) {
        hall.go(path).await;
        let script = "
            document.styleSheets[0].disabled = true;
            const big = [...document.querySelectorAll('svg')].filter((e) => !e.matches('.qr, .pic, .meter'))
                .filter((e) => e.getBoundingClientRect().width > 40).map((e) => e.outerHTML.slice(0, 60));
            const hidden = [...document.querySelectorAll('main *')].filter((e) => !e.closest('svg') && e.textContent.trim())
                .filter((e) => e.getClientRects().length === 0 && !e.closest('select')).map((e) => e.outerHTML.slice(0, 60));
            return big.concat(hidden);";
        let told: Vec<String> = hall.browser.tell(script).await;
        wrong.extend(told.into_iter().map(|what| format!("{path}: {what}")));
    }
    hall.close().await;

    assert_eq!(wrong, Vec::<String>::new());
}
