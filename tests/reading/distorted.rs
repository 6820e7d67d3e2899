//! Papers as scanners and cameras leave them: crooked, turned, dim, grainy, on a desk. Words and ink are found all the same,
//! and stand where the picture shows them; what cannot be read is not guessed at.

use std::path::PathBuf;

use image::GrayImage;
use loket::dossier::page::{Contents, Page, Rect};
use loket::reading::pool::{Pool, PoolConfig};
use loket::reading::scan::{Projection, Raster};
use loket::sop::checklist::Method;

use super::make::{jpeg, letter, mail, pdf, scan, scanned};

const LETTER: [&str; 12] = [
    "PEMERINTAH KABUPATEN PANTAI TIMUR",
    "DINAS KOMUNIKASI DAN INFORMATIKA",
    "Nomor : 041/UKPBJ/XI/2026",
    "Perihal : Permohonan reset kata sandi",
    "Yang bertanda tangan di bawah ini memohon bantuan atas akun berikut.",
    "Nama : Wayan Sudarma",
    "NIP : 19840217 201001 1 014",
    "Unit kerja : Bagian Layanan Pengadaan Secara Elektronik",
    "Mohon kiranya kata sandi akun tersebut dapat diatur ulang.",
    "Demikian permohonan ini kami sampaikan, atas perhatiannya diucapkan terima kasih.",
    "",
    "Pemohon,",
];
/// Under the letter: room for ink, the name, and a rule that is no ink.
const NAME: &[u8] = b"BT /F1 11 Tf 72 500 Td (Wayan Sudarma) Tj ET 60 495 m 240 495 l S ";
/// A hand's stroke in the room.
const INK: &[u8] = b"1.4 w 80 530 m 95 610 100 510 112 560 c 120 600 125 520 140 575 c 150 530 165 590 190 545 c S";

fn paper(signed: bool) -> GrayImage {
    let content = [letter(&LETTER).as_slice(), NAME, if signed { INK } else { b"" }].concat();
    scan(&pdf(&[&content]), 1, 1400)
}

fn raster(picture: &GrayImage) -> Raster {
    Raster::new(picture.width(), picture.height(), 170.0, picture.as_raw().clone()).expect("as many values as pixels")
}

fn picture(raster: Raster) -> GrayImage {
    GrayImage::from_raw(raster.width, raster.height, raster.gray).expect("as many values as pixels")
}

/// Grain that is the same in every run.
fn grain(at: usize, strength: i32) -> i32 {
    ((at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as i32 % (2 * strength + 1) - strength
}

/// The paper seen through a projection: darker towards one corner, grainy, a desk around it.
fn seen_through(paper: &GrayImage, from: Projection, grainy: i32) -> GrayImage {
    let size = (paper.width(), paper.height());
    let seen = from.drawn(&raster(paper), size, 1.0, 170.0);
    let beside = from.drawn(&Raster::blank(size.0, size.1, 170.0, 0), size, 1.0, 170.0);
    let mut seen = picture(seen);
    for (at, (gray, beside)) in seen.iter_mut().zip(&beside.gray).enumerate() {
        let (x, y) = ((at as u32 % size.0) as f32 / size.0 as f32, (at as u32 / size.0) as f32 / size.1 as f32);
        let shade = if *beside > 127 { 95.0 } else { 30.0 + 0.8 * f32::from(*gray) };
        let light = 1.0 - 0.45 * (x * y);
        *gray = ((shade * light) as i32 + grain(at, grainy)).clamp(0, 255) as u8;
    }
    seen
}

fn crooked(paper: &GrayImage, degrees: f64) -> GrayImage {
    let size = (paper.width(), paper.height());
    picture(Projection::rotated(-degrees.to_radians(), size).drawn(&raster(paper), size, 1.0, 170.0))
}

fn photographed(paper: &GrayImage) -> GrayImage {
    let (w, h) = (f64::from(paper.width()), f64::from(paper.height()));
    let desk = [(-90.0, -110.0), (w + 60.0, -70.0), (w + 110.0, h + 90.0), (-60.0, h + 120.0)];
    seen_through(paper, Projection::scaled(1.0 / w, 1.0 / h).then(&Projection::onto(desk)), 7)
}

async fn read(files: &[(&str, Vec<u8>)]) -> Contents {
    let pool = Pool::new(PoolConfig { workers: 2, ..PoolConfig::new(PathBuf::from(env!("CARGO_BIN_EXE_loket"))) });
    let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, "application/octet-stream", bytes.clone())).collect();
    pool.read(&mail("Terlampir.", &files)).await.expect("a worker starts")
}

/// The name under the signature's room, in shares of the picture as it is shown.
fn name(page: &Page) -> Rect {
    let words = page.lines.iter().flat_map(|line| &line.words);
    let word = words.rev().find(|word| word.text == "Sudarma").expect("the name is read");
    page.lay.expect("a recognised page knows where it lies").place(word.at)
}

/// A Roman I and a 1 look the same to recognition; telling them apart is the dossier's work.
fn alike(text: &str) -> String {
    text.replace(['I', 'l', '|'], "1")
}

fn assert_read(page: &Page, what: &str) {
    let text = page.text();
    for line in LETTER {
        assert!(alike(&text).contains(&alike(line)), "{what}: {line}\n{text}");
    }
}

/// Ink of a hand's size on the lower half of the letter.
fn is_signed(page: &Page) -> bool {
    let whole = page.width * page.height;
    page.pictures.iter().any(|ink| ink.w * ink.h < 0.3 * whole && ink.y > 0.25 * page.height)
}

#[tokio::test]
async fn a_letter_is_read_however_it_was_laid_down() {
    let paper = paper(true);
    let turned = |quarters: u8| picture(raster(&paper).turned(quarters));

    let contents = read(&[
        ("miring.jpg", jpeg(&crooked(&paper, 4.0))),
        ("terbalik.jpg", jpeg(&turned(2))),
        ("kiri.jpg", jpeg(&turned(1))),
        ("kanan.jpg", jpeg(&turned(3))),
        ("foto.jpg", jpeg(&photographed(&paper))),
        ("pindai.pdf", scanned(&[&seen_through(&paper, Projection::SAME, 9)])),
    ])
    .await;

    for paper in &contents.papers {
        let page = &paper.pages[0];
        assert_eq!(paper.method, Method::Ocr, "{}", paper.attachment);
        assert_read(page, &paper.attachment);
        assert!(page.height > page.width, "{} stands upright", paper.attachment);
        assert!(is_signed(page), "{}: {:?}", paper.attachment, page.pictures);
    }
}

#[tokio::test]
async fn words_of_a_turned_page_are_marked_where_the_picture_shows_them() {
    let paper = paper(false);
    let turned = |quarters: u8| jpeg(&picture(raster(&paper).turned(quarters)));

    let contents =
        read(&[("0.jpg", jpeg(&paper)), ("1.jpg", turned(1)), ("2.jpg", turned(2)), ("3.jpg", turned(3))]).await;

    let [upright, right, over, left] = [0, 1, 2, 3].map(|nth| name(&contents.papers[nth].pages[0]));
    let near = |a: Rect, x: f32, y: f32| (a.x - x).abs() < 0.01 && (a.y - y).abs() < 0.01;
    assert!(near(right, 1.0 - upright.y - upright.h, upright.x), "{upright:?} {right:?}");
    assert!(near(over, 1.0 - upright.x - upright.w, 1.0 - upright.y - upright.h), "{upright:?} {over:?}");
    assert!(near(left, upright.y, 1.0 - upright.x - upright.w), "{upright:?} {left:?}");
}

#[tokio::test]
async fn rules_grain_and_edges_are_no_signature() {
    let paper = paper(false);

    let contents = read(&[
        ("bersih.jpg", jpeg(&paper)),
        ("miring.jpg", jpeg(&crooked(&paper, -2.0))),
        ("foto.jpg", jpeg(&photographed(&paper))),
        ("pindai.pdf", scanned(&[&seen_through(&paper, Projection::SAME, 9)])),
    ])
    .await;

    for paper in &contents.papers {
        assert_read(&paper.pages[0], &paper.attachment);
        assert!(!is_signed(&paper.pages[0]), "{}: {:?}", paper.attachment, paper.pages[0].pictures);
    }
}

/// A stroke as tall as three lines was read as a word, and the letter under it counted as unsigned. A tall heading is none.
#[tokio::test]
async fn a_tall_signature_is_ink_and_a_tall_heading_is_not() {
    const SWEEP: &[u8] = b"1.2 w 80 516 m 88 610 l 100 520 l 108 575 130 590 122 520 c 112 515 140 540 150 560 c \
        152 530 158 525 170 540 c S 178 528 m 215 552 l S";
    const HEADING: &[u8] = b"BT /F1 34 Tf 72 560 Td (SURAT KUASA) Tj ET";
    let with = |content: &[u8]| jpeg(&scan(&pdf(&[&[letter(&LETTER).as_slice(), NAME, content].concat()]), 1, 1400));

    let contents = read(&[("paraf.jpg", with(SWEEP)), ("judul.jpg", with(HEADING))]).await;

    let [signed, unsigned] = [0, 1].map(|nth| &contents.papers[nth].pages[0]);
    assert!(is_signed(signed), "{}", signed.text());
    assert!(!is_signed(unsigned), "{:?}", unsigned.pictures);
    assert!(unsigned.text().contains("SURAT KUASA"));
}

/// What cannot be read is asked for again, and nothing of it is believed.
#[tokio::test]
async fn a_page_that_cannot_be_read_stays_unread() {
    let small = image::imageops::thumbnail(&paper(true), 230, 325);
    let blurred = image::imageops::resize(&small, 1400, 1981, image::imageops::FilterType::Triangle);
    let speckled = GrayImage::from_fn(1400, 1981, |x, y| {
        image::Luma([if grain((y * 1400 + x) as usize, 9) > 6 { 30 } else { 235 }])
    });

    let contents = read(&[("kabur.jpg", jpeg(&blurred)), ("bintik.jpg", jpeg(&speckled))]).await;

    for paper in &contents.papers {
        assert_eq!(paper.method, Method::None, "{}: {}", paper.attachment, paper.pages[0].text());
        assert!(paper.pages[0].lines.is_empty());
    }
}
