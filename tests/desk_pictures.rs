//! The papers beside the findings: drawn pages with boxes over the words they speak of, links there and back, a page alone
//! and large, and what happens where a page cannot be drawn.

use chrono::NaiveDate;
use loket::demo::samples::Stamp;
use loket::demo::samples::papers::{Decree, Letter, decree_pdf, letter_pdf};
use loket::demo::samples::people::{MAIL_SERVER, RINA};
use loket::demo::samples::post::{Enclosed, Mail, PDF};
use loket::dossier::page::{Rect, Word};
use loket::reading::{Limits, take_apart};
use loket::sop::names::{CaseNumber, Service};
use loket::web::answer::DecisionAnswer;
use loket::web::view::Choice;

use crate::desk_walk::{decide, form, review};
use crate::kit::site::Plan;
use crate::kit::{Browser, Served, Site, wait_for};
use crate::reading::make::{self, png, scan, scanned};

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 9).expect("a plain day")
}

fn letter() -> Vec<u8> {
    let services = &[Service::ResetPassword];
    let number = "000.3/0911/BLPE/B.PBJ";
    letter_pdf(&Letter { applicant: &RINA, services, number, date: day(), nip: None, signed: true, pad_to: None })
}

/// A request of Rina's with these papers.
async fn request(site: &Site, enclosed: Vec<Enclosed>) -> CaseNumber {
    let mail = Mail {
        from: (RINA.name, RINA.email),
        subject: "Permohonan reset password Helpdesk".into(),
        text: "Yth. Admin PPE, mohon reset password akun Helpdesk saya. Berkas terlampir.".into(),
        enclosed,
        message_id: "pindai@biropbj.example".into(),
        at: site.now(),
        answers: None,
        automatic: false,
        authentic: true,
    };
    site.take_in(mail.bytes(Some(Stamp { server: MAIL_SERVER }))).await;
    site.numbers().await.pop().expect("the mail opens a case")
}

/// A browser at the review of a case, opened with the admin's code.
async fn reviewing(site: &Site, number: &CaseNumber, desk: &Served) -> Browser {
    let (admin, _) = site.admins_of(number).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/tautan/{}", desk.base, site.token(admin.address.as_str(), "tautan"))).await;
    let code = site.code_of(&admin).await;
    browser.fill("#kode", code.expose()).await;
    browser.press("main form button").await;
    browser.reached("#tolak button").await;
    browser
}

/// Where a word is printed, in parts of the page's width and height.
fn printed(pdf: Vec<u8>, word: &str) -> Rect {
    let contents = take_apart(&make::mail("x", &[("a.pdf", PDF, pdf)]), &Limits::default());
    let page = &contents.papers[0].pages[0];
    let found: Option<&Word> = page.lines.iter().flat_map(|line| &line.words).find(|w| w.text == word);
    let at = found.expect("the word is printed").at;
    Rect { x: at.x / page.width, y: at.y / page.height, w: at.w / page.width, h: at.h / page.height }
}

/// The box that the row's first evidence link leads to: its id, where it lies in parts of the picture, the part of it that is
/// dark, and the part of the whole picture that is. The picture is waited for.
const BOX: &str = "
    const row = [...document.querySelectorAll('.checks > li')].find((e) => e.querySelector('h3').textContent === TITLE);
    const id = row.querySelector('.ev[href^=\"#b-\"]').getAttribute('href').slice(1);
    const rect = document.getElementById(id), img = rect.closest('.page').querySelector('img');
    const draw = () => {
        const page = img.getBoundingClientRect(), box = rect.getBoundingClientRect();
        const at = [(box.x - page.x) / page.width, (box.y - page.y) / page.height, box.width / page.width, box.height / page.height];
        const sheet = Object.assign(document.createElement('canvas'), { width: img.naturalWidth, height: img.naturalHeight });
        const paint = sheet.getContext('2d'); paint.drawImage(img, 0, 0);
        const dark = (x, y, w, h) => {
            const d = paint.getImageData(x * sheet.width, y * sheet.height, Math.max(1, w * sheet.width), Math.max(1, h * sheet.height)).data;
            let n = 0; for (let i = 0; i < d.length; i += 4) n += d[i] < 128; return n / (d.length / 4);
        };
        return { id, row: row.id, figure: rect.closest('figure').id, at, ink: dark(...at), around: dark(0, 0, 1, 1), wide: img.naturalWidth,
            ratio: img.naturalHeight / img.naturalWidth / (page.height / page.width) };
    };
    img.loading = 'eager';
    const done = arguments[arguments.length - 1];
    img.decode().then(() => done(draw()), (why) => done(String(why)));";

#[derive(Debug, serde::Deserialize)]
struct Boxed {
    id: String,
    row: String,
    figure: String,
    /// x, y, width, height.
    at: [f32; 4],
    ink: f32,
    around: f32,
    wide: u32,
    ratio: f32,
}

async fn boxed(browser: &Browser, title: &str) -> Boxed {
    let script = BOX.replace("TITLE", &format!("'{title}'"));
    let told = browser.page.execute_async(&script, Vec::new()).await.expect("the script runs");
    serde_json::from_value(told.clone()).unwrap_or_else(|_| panic!("{told}"))
}

async fn hash(browser: &Browser) -> String {
    browser.tell("return location.hash").await
}

#[tokio::test]
async fn a_scanned_request_is_seen_as_it_is_with_boxes_over_its_words() {
    let site = Site::planned(Plan { workers: true, ..Plan::default() }).await;
    let copied = scanned(&[&scan(&letter(), 1, 1240)]);
    let decree = decree_pdf(&Decree::of_year(day()));
    let number = request(&site, vec![("Surat pindai.pdf", PDF, copied), ("SK.pdf", PDF, decree)]).await;
    let desk = Served::start(|base| site.pages_at(base)).await;
    let browser = reviewing(&site, &number, &desk).await;

    let word = printed(letter(), "RINAPL");
    for width in [390, 1280] {
        browser.screen(width, false).await;
        let seen = boxed(&browser, "Akun").await;
        let [x, y, w, h] = seen.at;
        assert!(x < word.x + word.w && word.x < x + w && y < word.y + word.h && word.y < y + h, "{seen:?} {word:?}");
        assert!(w < 0.5 && h < 0.04, "a box holds its words and little else: {seen:?}");
        assert!(seen.ink > 3.0 * seen.around, "there is print under it: {seen:?}");
        assert!(seen.wide == 1400 && (0.99..1.01).contains(&seen.ratio), "{seen:?}");
    }

    // There and back again.
    let seen = boxed(&browser, "Akun").await;
    browser.press(&format!("#{} .ev", seen.row)).await;
    assert_eq!(hash(&browser).await, format!("#{}", seen.id));
    assert_eq!(browser.tell::<String>("return document.querySelector(':target').tagName").await, "rect");
    browser.press(&format!("#{} .found a[href='#{}']", seen.figure, seen.row)).await;
    assert_eq!(hash(&browser).await, format!("#{}", seen.row));
    browser.press(&format!("#{} .page a[href='#{}'] text", seen.figure, seen.row)).await;
    assert_eq!(hash(&browser).await, format!("#{}", seen.row), "a number leads back too");

    // Large, on a phone: the page moves within its frame, the boxes with it, and the way back leads to the same page.
    browser.screen(390, false).await;
    let enlarge = format!("#{} figcaption a", seen.figure);
    let scroll = format!("document.querySelector('{enlarge}').scrollIntoView({{ block: 'center' }}); return true");
    assert!(browser.tell::<bool>(&scroll).await);
    browser.press(&enlarge).await;
    browser.reached(".scroll > .page rect").await;
    let large: (u32, u32, usize) = browser
        .tell("const p = document.querySelector('.page'); return [p.clientWidth, document.documentElement.scrollWidth, p.querySelectorAll('rect').length]")
        .await;
    assert!(large.0 >= 1200 && large.1 <= 390 && large.2 >= 4, "{large:?}");
    let texts = browser.texts(".words").await;
    assert!(texts[0].contains("RINAPL"), "what was recognised stands as text too");
    browser.press(".crumb a").await;
    browser.reached("#tolak button").await;
    assert_eq!(hash(&browser).await, format!("#{}", seen.figure));

    let asked = wait_for("the picture of the page", || async {
        let asked: Vec<String> =
            browser.tell("return performance.getEntriesByType('resource').map((e) => e.name)").await;
        asked.iter().any(|url| url.ends_with("/halaman/0/1")).then_some(asked)
    })
    .await;
    assert!(asked.iter().all(|url| url.starts_with(&format!("{}/", desk.base))), "{asked:?}");
    browser.close().await;
    desk.end().await;
}

#[tokio::test]
async fn a_page_that_cannot_be_drawn_says_so_in_words() {
    let site = Site::start().await;
    let mut broken = png(&scan(&letter(), 1, 800));
    broken.truncate(broken.len() / 2);
    let number = request(&site, vec![("Surat.pdf", PDF, letter()), ("foto SK.png", "image/png", broken)]).await;
    let desk = Served::start(|base| site.pages_at(base)).await;
    let browser = reviewing(&site, &number, &desk).await;

    browser.open(&format!("{}/berkas/{number}/halaman/1/1/besar", desk.base)).await;
    let alone = browser.texts(".note").await;
    browser.open(&format!("{}/berkas/{number}", desk.base)).await;
    let beside = browser.texts("#hal-2 .note").await;
    let first = browser.texts("#hal-1 .note").await;
    browser.close().await;
    desk.end().await;

    assert!(alone[0].contains("Halaman ini tidak dapat digambar"), "{alone:?}");
    assert!(beside[0].contains("Halaman ini tidak dapat digambar"), "{beside:?}");
    assert!(first.is_empty(), "{first:?}");
}

#[tokio::test]
async fn boxes_stand_on_the_paper_that_speaks_and_not_on_an_older_one_of_its_name() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    assert!(matches!(decide(&site.desk, &admin, &number, form(&view, Choice::Complete)).await, DecisionAnswer::Done));
    site.settle().await;
    site.follow_up("completed_later", &number).await;
    let desk = Served::start(|base| site.pages_at(base)).await;
    let browser = reviewing(&site, &number, &desk).await;

    let signed = boxed(&browser, "Tanda tangan pemohon").await;
    let names = browser.texts("figcaption b").await;
    browser.close().await;
    desk.end().await;

    assert_eq!(names[..2], ["permohonan reset agung.pdf", "permohonan reset agung.pdf"], "a letter of each round");
    assert_eq!(signed.figure, "hal-2", "{signed:?}");
}
