//! Scans and photographs: words are recognised where a page has none of its own, and a recogniser that falls, stalls or is
//! missing costs no more than the pages it was asked for.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use image::GrayImage;
use loket::dossier::page::{Contents, Page, Paper};
use loket::reading::pool::{Pool, PoolConfig, ReadingFault};
use loket::sop::checklist::Method;
use rustix::process::{Pid, Signal, kill_process};

use super::make::{self, File, jpeg, letter, mail, pdf, png, scan, scanned, tiff, turned};
use crate::kit::wait::wait_for;

const LETTER: [&str; 6] = [
    "PEMERINTAH KABUPATEN PANTAI TIMUR",
    "Nomor : 041/UKPBJ/XI/2026",
    "Perihal : Permohonan reset kata sandi",
    "Nama : Wayan Sudarma",
    "NIP : 19840217 201001 1 014",
    "Mohon kiranya kata sandi akun tersebut dapat diatur ulang.",
];

fn config() -> PoolConfig {
    PoolConfig { workers: 2, ..PoolConfig::new(PathBuf::from(env!("CARGO_BIN_EXE_loket"))) }
}

/// The letter, printed and put on a scanner.
fn sheet() -> GrayImage {
    scan(&pdf(&[&letter(&LETTER)]), 1, 1400)
}

async fn read(files: &[File<'_>]) -> Contents {
    Pool::new(config()).read(&mail("Terlampir.", files)).await.expect("a worker starts")
}

fn is_recognised(page: &Page) -> bool {
    let text = page.text();
    LETTER.iter().all(|line| text.contains(line)) && page.is_recognised()
}

/// What a paper says of itself, for a test that fails.
fn told(paper: &Paper) -> String {
    format!("{}: {:?}\n{}", paper.attachment, paper.method, paper.pages.iter().map(Page::text).collect::<String>())
}

#[tokio::test]
async fn scans_of_every_kind_are_read() {
    let sheet = sheet();
    let lying = image::imageops::rotate270(&sheet);
    let blank = GrayImage::from_pixel(1400, 1981, image::Luma([255]));

    let contents = read(&[
        ("surat.jpg", "image/jpeg", jpeg(&sheet)),
        ("surat.png", "image/png", png(&sheet)),
        ("surat.pdf", "application/pdf", scanned(&[&sheet])),
        ("kamera.jpg", "image/jpeg", turned(&jpeg(&lying), 6)),
        ("berkas.tif", "image/tiff", tiff(&[&blank, &sheet])),
    ])
    .await;

    for paper in &contents.papers {
        let last = paper.pages.last().expect("a page");
        assert_eq!(paper.method, Method::Ocr, "{}", told(paper));
        assert!(is_recognised(last), "{}", told(paper));
        assert!(last.lines[0].words.iter().all(|word| word.confidence > Some(60)), "{}", told(paper));
    }
    assert!(contents.papers[4].pages[0].lines.is_empty(), "the back of the sheet");
    assert!(contents.alerts.is_empty());
}

#[tokio::test]
async fn words_of_a_scan_stand_where_they_are_printed() {
    let printed = pdf(&[&letter(&LETTER)]);
    let copied = scanned(&[&scan(&printed, 1, 1400)]);

    let contents = read(&[("cetak.pdf", "application/pdf", printed), ("pindai.pdf", "application/pdf", copied)]).await;

    let word = |paper: usize| {
        let lines = &contents.papers[paper].pages[0].lines;
        lines.iter().flat_map(|l| &l.words).find(|w| w.text == "Sudarma").expect("the name is read").at
    };
    let (own, seen) = (word(0), word(1));
    assert!((own.x - seen.x).abs() < 3.0 && (own.w - seen.w).abs() < 4.0, "{own:?} {seen:?}");
    assert!(seen.y + seen.h > own.y && seen.y < own.y + own.h, "{own:?} {seen:?}");
}

#[tokio::test]
async fn each_page_of_a_mixed_paper_is_read_as_it_is() {
    let picture = jpeg(&sheet());
    let dict =
        "/Type/XObject/Subtype/Image/Width 1400/Height 1981/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode";
    let mixed = make::pdf_with(
        &[&letter(&["Surat pengantar dengan teksnya sendiri"]), b"q 595 0 0 842 0 0 cm /X1 Do Q"],
        "",
        &[&make::stream(dict, &picture)],
    );

    let contents = read(&[("campur.pdf", "application/pdf", mixed)]).await;

    let pages = &contents.papers[0].pages;
    assert_eq!(pages[0].text(), "Surat pengantar dengan teksnya sendiri");
    assert!(!pages[0].is_recognised() && is_recognised(&pages[1]), "{}", told(&contents.papers[0]));
}

#[tokio::test]
async fn a_mail_is_recognised_once() {
    let pool = Pool::new(config());
    let raw = mail("x", &[("surat.jpg", "image/jpeg", jpeg(&sheet()))]);
    let first = pool.read(&raw).await.unwrap();
    for pid in pool.idle_recognisers() {
        kill_process(Pid::from_raw(pid as i32).expect("a process has a number"), Signal::KILL).expect("it is ours");
    }

    let again = pool.read(&raw).await.unwrap();

    assert_eq!(again, first);
    assert!(is_recognised(&again.papers[0].pages[0]));
}

/// THREATS row 25: what brings a recogniser down costs the page it worked on, and tesseract ends with it.
#[tokio::test]
async fn t25_a_recogniser_killed_at_work_costs_its_page_alone() {
    let pool = Pool::new(config());
    pool.probe_recognition().await.unwrap();
    let worker = pool.idle_recognisers()[0];
    let files = [
        ("surat.jpg", "image/jpeg", jpeg(&sheet())),
        ("SK.pdf", "application/pdf", pdf(&[&letter(&["Keputusan Bupati"])])),
    ];
    let raw = mail("x", &files);
    let reading = pool.read(&raw);
    let killing = async {
        let tesseract = wait_for("tesseract", async || children(worker).first().copied()).await;
        kill_process(Pid::from_raw(worker as i32).expect("a process has a number"), Signal::KILL).expect("it is ours");
        tesseract
    };

    let (contents, tesseract) = tokio::join!(reading, killing);

    let contents = contents.unwrap();
    assert_eq!(contents.papers[0].method, Method::None);
    assert_eq!(contents.papers[1].pages[0].text(), "Keputusan Bupati");
    wait_for("the end of tesseract, for which nobody waits any more", async || gone(tesseract)).await;
    let next = mail("lain", &files);
    assert!(is_recognised(&pool.read(&next).await.unwrap().papers[0].pages[0]));
}

/// On a busy machine the clock runs out on good scans, and their applicants were asked for them again.
#[tokio::test]
async fn a_page_lost_to_the_clock_is_tried_once_more() {
    let pool = Pool::new(PoolConfig { deadline: Duration::from_secs(6), ..config() });
    pool.probe_recognition().await.unwrap();
    let worker = Pid::from_raw(pool.idle_recognisers()[0] as i32).expect("a process has a number");
    kill_process(worker, Signal::STOP).expect("it is ours");
    let begun = Instant::now();

    let contents = pool.read(&mail("x", &[("surat.jpg", "image/jpeg", jpeg(&sheet()))])).await.unwrap();

    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert!(gone(worker.as_raw_nonzero().get() as u32).is_some(), "the stalled one is killed");
    assert!(is_recognised(&contents.papers[0].pages[0]));
}

#[tokio::test]
async fn without_tesseract_scans_stay_unread_and_text_does_not() {
    let recogniser = vec![loket::reading::tool::VERB.to_owned(), "/nowhere/tesseract".to_owned()];
    let pool = Pool::new(PoolConfig { recogniser, ..config() });
    let files = [
        ("surat.jpg", "image/jpeg", jpeg(&sheet())),
        ("SK.pdf", "application/pdf", pdf(&[&letter(&["Keputusan Bupati"])])),
    ];

    let fault = pool.probe_recognition().await.unwrap_err();
    let contents = pool.read(&mail("x", &files)).await.unwrap();

    assert!(matches!(fault, ReadingFault::NoRecognition { .. }));
    assert!(fault.to_string().contains("tesseract-ocr-ind"), "{fault}");
    assert_eq!((contents.papers[0].method, contents.papers[1].method), (Method::None, Method::Text));
    assert!(pool.probe().await.is_ok());
}

/// THREATS rows 25 and 26: a small PDF shows a picture that would take gigabytes.
#[tokio::test]
async fn t25_a_picture_bomb_in_a_pdf_costs_its_page_alone() {
    let dict = "/Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/RunLengthDecode";
    let bomb = make::stream(dict, &[[129u8, 0].repeat(3_000_000), vec![128]].concat());
    let bomb = make::pdf_with(&[b"q 595 0 0 842 0 0 cm /X1 Do Q"], "", &[&bomb]);
    let pool = Pool::new(config());
    let raw = mail("x", &[("bom.pdf", "application/pdf", bomb), ("surat.jpg", "image/jpeg", jpeg(&sheet()))]);

    let contents = pool.read(&raw).await.unwrap();

    assert_eq!(contents.papers[0].method, Method::None);
    assert!(is_recognised(&contents.papers[1].pages[0]), "{}", told(&contents.papers[1]));
}

/// THREATS row 25: sixty scans in a mail of a few hundred kilobytes. Reading ends in time, and says that it left pages out.
#[tokio::test]
async fn t25_a_mail_of_too_many_scans_is_given_up_in_time() {
    let dict =
        "/Type/XObject/Subtype/Image/Width 1400/Height 1981/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode";
    let picture = make::stream(dict, &jpeg(&sheet()));
    let pages = [b"q 595 0 0 842 0 0 cm /X1 Do Q".as_slice(); 60];
    let thick = make::pdf_with(&pages, "", &[&picture]);
    let pool = Pool::new(PoolConfig { deadline: Duration::from_secs(1), ..config() });
    pool.probe().await.unwrap();
    pool.probe_recognition().await.unwrap();
    let begun = Instant::now();

    let raw = mail("x", &[("tebal.pdf", "application/pdf", thick)]);
    let contents = pool.read(&raw).await.unwrap();

    // Nine deadlines for recognition, and what it takes to find the machine's attention.
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
    let pages = &contents.papers[0].pages;
    assert!(pages.len() == 60 && pages[45..].iter().all(|page| page.lines.is_empty()), "forty pages are looked at");
    assert!(contents.alerts.contains(&"too_many_pages".to_owned()), "{:?}", contents.alerts);
    // Every further mail of a case has the earlier ones read again.
    let (first, again) = (begun.elapsed(), Instant::now());
    let known = pool.read(&raw).await.unwrap();
    assert!(known == contents && again.elapsed() < first / 2, "{:?} after {first:?}", again.elapsed());
}

fn children(of: u32) -> Vec<u32> {
    let told = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap_or_default();
    told.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Whether a process has ended; who should collect what is left of it is another matter.
fn gone(process: u32) -> Option<()> {
    let told = std::fs::read_to_string(format!("/proc/{process}/stat"));
    told.map_or(true, |told| told.contains(") Z ")).then_some(())
}
