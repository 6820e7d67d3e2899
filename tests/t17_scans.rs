//! An old letter sent again as a new scan (THREATS row 17): looked at through worker processes and recognition, as the daemon
//! does.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::crop_imm;
use image::{GrayImage, Luma};
use loket::demo::samples::papers::{Letter, letter_pdf};
use loket::demo::samples::people::{AGUNG, Person, RINA};
use loket::demo::samples::post::{Mail, PDF};
use loket::reading::{Limits, picture};
use loket::sop::checklist::Finding;
use loket::sop::names::CaseNumber;

use crate::kit::Site;
use crate::kit::site::Plan;
use crate::t17_letters::{check, day, decree, expect, letter, request, take};

const REUSED: &str = "letter_not_reused";

/// The letter, printed and put on a scanner of 200 dots per inch.
fn scan(letter: &Letter) -> GrayImage {
    let mail = Mail {
        from: ("Pemindai", "pemindai@lembayungraya.example"),
        subject: String::new(),
        text: String::new(),
        enclosed: vec![("a.pdf", PDF, letter_pdf(letter))],
        message_id: "a@lembayungraya.example".to_owned(),
        at: chrono::DateTime::UNIX_EPOCH,
        answers: None,
        automatic: false,
        authentic: true,
    };
    let png = picture(&mail.bytes(None), "a.pdf", 1, 1400, &Limits::default()).expect("a whole PDF is drawn");
    image::load_from_memory(&png).expect("a PNG").into_luma8()
}

/// The sheet laid on the glass again: a little crooked, shifted, under other light.
fn rescanned(sheet: &GrayImage, degrees: f32) -> GrayImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (w, h) = (sheet.width() as f32, sheet.height() as f32);
    GrayImage::from_fn(sheet.width(), sheet.height(), |x, y| {
        let (dx, dy) = (x as f32 - w / 2.0 + 9.0, y as f32 - h / 2.0 - 14.0);
        let (left, top) = (cos * dx - sin * dy + w / 2.0, sin * dx + cos * dy + h / 2.0);
        let shade = image::imageops::interpolate_bilinear(sheet, left, top).map_or(240, |Luma([shade])| shade);
        let grain = ((x * 7919 + y * 104_729) % 17) as u8;
        Luma([(f32::from(shade) * 0.85) as u8 + grain])
    })
}

fn jpeg(sheet: &GrayImage, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, quality).encode_image(sheet).expect("memory takes all");
    out
}

async fn send(site: &Site, from: &Person, picture: Vec<u8>) -> CaseNumber {
    let raw = request(site, from, vec![("Surat.jpg", "image/jpeg", picture), decree()]);
    take(site, raw).await
}

#[tokio::test]
async fn t17_a_rescan_a_crop_and_a_repacked_picture_are_known_again() {
    let site = Site::planned(Plan { workers: true, ..Plan::default() }).await;
    let sheet = scan(&letter(&RINA, "000.3/0951/BLPE/B.PBJ", day(9)));
    let first = send(&site, &RINA, jpeg(&sheet, 85)).await;
    expect(&check(&site, &first, REUSED).await, Finding::Met, None);
    let (w, h) = sheet.dimensions();
    let cropped = crop_imm(&sheet, w / 25, h / 40, w - w / 12, h - h / 16).to_image();

    for copy in [jpeg(&sheet, 40), jpeg(&rescanned(&sheet, 0.6), 80), jpeg(&cropped, 70)] {
        let again = send(&site, &RINA, copy).await;

        let found = check(&site, &again, REUSED).await;
        assert_ne!(found.finding, Finding::Met, "{}", found.because);
        expect(&found, found.finding, Some(&first));
    }
    let new = send(&site, &RINA, jpeg(&scan(&letter(&RINA, "000.3/0999/BLPE/B.PBJ", day(10))), 85)).await;
    expect(&check(&site, &new, REUSED).await, Finding::Met, None);
    let other = send(&site, &AGUNG, jpeg(&scan(&letter(&AGUNG, "000.3/0951/BLPE/B.PBJ", day(9))), 85)).await;
    expect(&check(&site, &other, REUSED).await, Finding::Met, None);
}

#[tokio::test]
async fn t17_a_scan_without_a_number_is_known_by_its_look() {
    let site = Site::planned(Plan { workers: true, ..Plan::default() }).await;
    let sheet = scan(&letter(&RINA, "", day(9)));
    let first = send(&site, &RINA, jpeg(&sheet, 85)).await;

    let again = send(&site, &RINA, jpeg(&rescanned(&sheet, -0.6), 70)).await;

    expect(&check(&site, &again, REUSED).await, Finding::Unclear, Some(&first));
    let other = send(&site, &AGUNG, jpeg(&scan(&letter(&AGUNG, "", day(9))), 85)).await;
    expect(&check(&site, &other, REUSED).await, Finding::Met, None);
}
