//! One good paper of every format, small: what is mutated, and what the fuzz targets
//! begin with.

use image::GrayImage;

use super::make::{
    cms, docx, jpeg, letter, locked, mail, odt, pdf, pdf_with, png, rtf, scanned, stream, tiff, tnef, turned, webp, zip,
};

/// Lines of a letter.
pub const LETTER: [&str; 5] = [
    "SURAT PERMOHONAN",
    "Nomor : 041/UKPBJ/XI/2026",
    "Nama : Wayan Sudarma",
    "NIP : 19840217 201001 1 014",
    "(stempel)",
];

/// Papers by the name they are sent under.
pub fn papers() -> Vec<(&'static str, Vec<u8>)> {
    let sheet = sheet();
    let mut papers = texts();
    papers.extend([
        ("a.jpg", turned(&jpeg(&sheet), 6)),
        ("a.png", png(&sheet)),
        ("a.webp", webp(&sheet)),
        ("a.tif", tiff(&[&sheet, &sheet])),
        // Made with libheif's heif-enc from a page of a few pixels.
        ("a.heic", include_bytes!("titik.heic").to_vec()),
        ("tertanda.pdf", include_bytes!("signed/two.pdf").to_vec()),
        ("terkunci.pdf", locked(pdf(&[&letter(&LETTER)]))),
        ("pindai.pdf", scanned(&[&sheet])),
        ("winmail.dat", tnef(&[("Surat permohonan.pdf", &pdf(&[&letter(&LETTER)])), ("b.txt", b"isi")])),
        ("surat.pdf.p7m", cms(&pdf(&[&letter(&LETTER)]))),
        ("terusan.eml", mail("Diteruskan.", &[("a.txt", "text/plain", b"isi".to_vec())])),
        ("a.zip", zip(&[("SK/1.pdf", &pdf(&[&letter(&["SK"])])), ("b.zip", &zip(&[("c.txt", b"isi")]))])),
    ]);
    papers
}

/// Those that are words.
pub fn texts() -> Vec<(&'static str, Vec<u8>)> {
    let form = stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X1 10 0 R>>>>",
        b"q 1 0 0 1 0 0 cm /X1 Do Q",
    );
    let drawn = b"q /X1 Do Q BT /F1 11 Tf 1 0 0 1 72 700 Tm [(Per) -20 (mohonan)] TJ T* <41> ' ET 0 0 m 1 2 3 4 5 6 c S BI /W 1 ID x EI";
    let table = "<w:p><w:r><w:t>Permohonan</w:t></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>Nama</w:t><w:tab/></w:r></w:p></w:tc></w:tr></w:tbl>";
    vec![
        ("a.pdf", pdf_with(&[drawn, &letter(&LETTER)], "/Annots[10 0 R]", &[&form])),
        ("a.docx", docx(table)),
        ("a.odt", odt("<text:p>Nomor<text:s text:c=\"9\"/>1</text:p>")),
        (
            "a.rtf",
            rtf(
                "\\qc SURAT\\par\\trowd\\cellx3000\\cellx6000 Nama\\cell Wayan \\'e9 \\u8211?\\cell\\row\\pard isi\\page{\\v x}",
            ),
        ),
        (
            "a.html",
            b"<html><div style='display:none'>x</div><p>Halo&amp;&nbsp;<a href='http://x/s/1'>b</a></html>".to_vec(),
        ),
        ("a.txt", LETTER.join("\r\n").into_bytes()),
    ]
}

/// A small sheet with a dark corner.
fn sheet() -> GrayImage {
    GrayImage::from_fn(60, 80, |x, y| image::Luma([if x < 20 && y < 20 { 0 } else { (200 + x % 50) as u8 }]))
}
