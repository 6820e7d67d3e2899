//! Pages drawn for the desk: what comes out, what is refused before it costs anything, and what a bad file costs.

use std::path::PathBuf;
use std::time::Instant;

use image::GrayImage;
use loket::reading::pool::{Pool, PoolConfig};
use loket::reading::{Limits, picture, take_apart};
use loket::sop::checklist::Method;

use super::make::{self, jpeg, letter, mail, pdf, png, scan, tiff, turned, webp, zip};

fn drawn(name: &str, bytes: Vec<u8>, page: u32) -> Option<GrayImage> {
    let raw = mail("x", &[(name, "application/octet-stream", bytes)]);
    let png = picture(&raw, name, page, 700, &Limits::default())?;
    Some(image::load_from_memory(&png).expect("a PNG").into_luma8())
}

/// A sheet, black where the corner of its text begins.
fn sheet(width: u32, height: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| image::Luma([if x < width / 4 && y < height / 4 { 0 } else { 255 }]))
}

fn darkness(picture: &GrayImage, x: u32, y: u32) -> bool {
    picture.get_pixel(picture.width() * x / 8, picture.height() * y / 8).0[0] < 100
}

#[test]
fn a_page_is_drawn_as_wide_as_asked() {
    let two = pdf(&[b"0 0 297 421 re f", b"0 421 297 421 re f"]);

    let (first, second) = (drawn("a.pdf", two.clone(), 1).unwrap(), drawn("a.pdf", two.clone(), 2).unwrap());

    assert_eq!(first.width(), 700);
    assert!((989..=991).contains(&first.height()), "{}", first.height());
    assert!(darkness(&first, 1, 7) && !darkness(&first, 1, 1) && !darkness(&first, 7, 7));
    assert!(darkness(&second, 1, 1) && !darkness(&second, 1, 7));
    assert!(drawn("a.pdf", two.clone(), 3).is_none() && drawn("a.pdf", two, 0).is_none());
}

#[test]
fn a_turned_page_comes_upright() {
    let turned = make::pdf_with(&[b"0 0 297 421 re f"], "/Rotate 90", &[]);

    let page = drawn("a.pdf", turned, 1).unwrap();

    assert!(page.width() > page.height(), "a landscape annex");
    assert!(darkness(&page, 1, 1) && !darkness(&page, 7, 7));
}

#[test]
fn pictures_of_every_kind_are_drawn_and_cameras_are_followed() {
    let upright = sheet(600, 800);
    let lying = image::imageops::rotate270(&upright);

    for (name, bytes) in [
        ("a.png", png(&upright)),
        ("a.jpg", jpeg(&upright)),
        ("a.tif", tiff(&[&upright])),
        ("a.webp", webp(&upright)),
        ("b.jpg", turned(&jpeg(&lying), 6)),
    ] {
        let page = drawn(name, bytes, 1).unwrap();

        assert_eq!((page.width(), page.height()), (600, 800), "{name} is not made larger than it is");
        assert!(darkness(&page, 1, 1) && !darkness(&page, 7, 1) && !darkness(&page, 1, 7), "{name}");
    }
}

#[test]
fn every_page_of_a_tiff_is_a_page() {
    let blank = GrayImage::from_pixel(600, 800, image::Luma([255]));
    let file = tiff(&[&blank, &sheet(600, 800), &blank]);
    let raw = mail("x", &[("pindai.tif", "image/tiff", file.clone())]);

    let papers = take_apart(&raw, &Limits::default()).papers;

    assert_eq!(papers[0].pages.iter().map(|p| p.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert!((840.0..844.0).contains(&papers[0].pages[1].height), "{}", papers[0].pages[1].height);
    assert!(darkness(&drawn("pindai.tif", file.clone(), 2).unwrap(), 1, 1));
    assert!(!darkness(&drawn("pindai.tif", file.clone(), 3).unwrap(), 1, 1));
    assert!(drawn("pindai.tif", file, 4).is_none());
}

#[test]
fn a_tiff_whose_pages_go_round_in_a_circle_ends() {
    let mut file = tiff(&[&sheet(60, 80), &sheet(60, 80)]);
    let first = file[4..8].to_vec();
    let end = file.len() - 4;
    file[end..].copy_from_slice(&first);

    let papers = take_apart(&mail("x", &[("a.tif", "image/tiff", file)]), &Limits::default()).papers;

    assert_eq!(papers[0].pages.len(), 2);
}

#[test]
fn a_paper_inside_an_archive_is_found_by_its_name() {
    let file = zip(&[("SK/1.jpg", &jpeg(&sheet(600, 800))), ("surat.docx", b"PK")]);
    let raw = mail("x", &[("berkas.zip", "application/zip", file)]);
    let limits = Limits::default();

    assert!(picture(&raw, "berkas.zip/SK/1.jpg", 1, 300, &limits).is_some());
    assert!(picture(&raw, "berkas.zip/SK/2.jpg", 1, 300, &limits).is_none());
    assert!(picture(&raw, "berkas.zip/surat.docx", 1, 300, &limits).is_none());
}

/// THREATS row 26. The header of a picture claims 60,000 × 60,000 pixels, 3.6 GB of grey; nothing of it is decoded.
#[test]
fn t26_a_pixel_flood_is_refused_by_its_header() {
    let mut flood = png(&sheet(60, 80));
    flood[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let sum = crc32(&flood[12..29]);
    flood[29..33].copy_from_slice(&sum.to_be_bytes());
    let begun = Instant::now();

    let contents = take_apart(&mail("x", &[("banjir.png", "image/png", flood.clone())]), &Limits::default());

    assert_eq!((contents.papers[0].method, contents.papers[0].pages.len()), (Method::None, 0));
    assert_eq!(contents.alerts, ["unreadable_document"]);
    assert!(drawn("banjir.png", flood, 1).is_none());
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
}

/// THREATS row 26, in the other formats: the frame header of a JPEG and the directory of a TIFF claim 60,000 × 60,000 pixels.
#[test]
fn t26_floods_of_other_formats_are_refused_by_their_headers() {
    let claimed = 60_000u32;
    let mut photo = jpeg(&sheet(60, 80));
    let frame = photo.windows(2).position(|mark| matches!(mark, [0xff, 0xc0..=0xc2])).expect("a frame header");
    photo[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    let mut fax = tiff(&[&sheet(60, 80)]);
    for tag in [256u16, 257] {
        let entry = [tag.to_le_bytes().as_slice(), &[4, 0, 1, 0, 0, 0]].concat();
        let at = fax.windows(8).position(|bytes| bytes == entry).expect("the tag is there") + 8;
        fax[at..at + 4].copy_from_slice(&claimed.to_le_bytes());
    }
    let begun = Instant::now();

    for (name, bytes) in [("banjir.jpg", photo), ("banjir.tif", fax)] {
        let contents = take_apart(&mail("x", &[(name, "application/octet-stream", bytes.clone())]), &Limits::default());

        assert_eq!((contents.papers[0].method, contents.papers[0].pages.len()), (Method::None, 0), "{name}");
        assert_eq!(contents.alerts, ["unreadable_document"], "{name}");
        assert!(drawn(name, bytes, 1).is_none(), "{name}");
    }
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
}

/// CRC-32 as PNG wants it (ISO 15948, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 })
    })
}

#[tokio::test]
async fn the_pool_draws_pages_beside_reading_mails() {
    let pool = Pool::new(PoolConfig::new(PathBuf::from(env!("CARGO_BIN_EXE_loket"))));
    let text = pdf(&[&letter(&["Permohonan"]), b"0 0 297 421 re f"]);
    let raw = mail(
        "x",
        &[("surat.pdf", "application/pdf", text.clone()), ("foto.jpg", "image/jpeg", jpeg(&sheet(600, 800)))],
    );

    let page = pool.picture(&raw, "surat.pdf", 2, 400).await.unwrap().unwrap();
    let photo = pool.picture(&raw, "foto.jpg", 1, 400).await.unwrap().unwrap();
    let contents = pool.read(&raw).await.unwrap();

    assert!(darkness(&image::load_from_memory(&page).unwrap().into_luma8(), 1, 7));
    assert_eq!(image::load_from_memory(&photo).unwrap().width(), 400);
    assert_eq!(contents.papers[0].method, Method::Text);
    assert_eq!(pool.picture(&raw, "surat.pdf", 3, 400).await.unwrap(), None);
    assert_eq!(pool.picture(&raw, "lain.pdf", 1, 400).await.unwrap(), None);
    assert_eq!(scan(&text, 1, 2000).width(), 1400, "no page for the desk is wider");
    assert!(pool.counts().started <= 2, "two pages are drawn at a time");
}
