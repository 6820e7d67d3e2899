//! The formats that offices send beside PDF: what is read of each, and what is taken out of what.

use std::path::PathBuf;
use std::time::Duration;

use loket::dossier::page::{Contents, Page};
use loket::reading::pool::{Pool, PoolConfig};
use loket::reading::{Limits, picture, take_apart};
use loket::sop::checklist::Method;

use super::make::{self, cms, jpeg, letter, mail, pdf, pdf_with, png, rtf, scan, stream, tnef, zip};

const LETTER: [&str; 6] = [
    "PEMERINTAH KABUPATEN PANTAI TIMUR",
    "Nomor : 041/UKPBJ/XI/2026",
    "Perihal : Permohonan reset kata sandi",
    "Nama : Wayan Sudarma",
    "NIP : 19840217 201001 1 014",
    "Mohon kiranya kata sandi akun tersebut dapat diatur ulang.",
];

/// The letter, photographed, as libheif's heif-enc writes it.
const PHOTO: &[u8] = include_bytes!("surat.heic");

fn read(name: &str, bytes: Vec<u8>) -> Contents {
    take_apart(&mail("Terlampir.", &[(name, "application/octet-stream", bytes)]), &Limits::default())
}

async fn recognised(name: &str, bytes: Vec<u8>) -> Contents {
    // A machine that does much else must not make a page unreadable here.
    let deadline = Duration::from_secs(60);
    let program = PathBuf::from(env!("CARGO_BIN_EXE_loket"));
    let pool = Pool::new(PoolConfig { workers: 2, deadline, ..PoolConfig::new(program) });
    let raw = mail("Terlampir.", &[(name, "application/octet-stream", bytes)]);
    pool.read(&raw).await.expect("a worker starts")
}

fn texts(page: &Page) -> Vec<String> {
    page.lines.iter().map(|l| l.text()).collect()
}

fn names(contents: &Contents) -> Vec<&str> {
    contents.papers.iter().map(|p| p.attachment.as_str()).collect()
}

fn is_letter(page: &Page) -> bool {
    let text = page.text();
    LETTER.iter().all(|line| text.contains(line)) && page.is_recognised()
}

#[test]
fn a_letter_in_rtf_is_read() {
    let contents = read("surat.rtf", rtf("\\qc SURAT PERMOHONAN\\par\\pard Nomor\\tab : 1/A\\par"));

    let paper = &contents.papers[0];
    assert_eq!((paper.format.as_str(), paper.method), ("rtf", Method::Text));
    assert_eq!(texts(&paper.pages[0]), ["SURAT PERMOHONAN", "Nomor : 1/A"]);
    assert!(contents.alerts.is_empty(), "{:?}", contents.alerts);
    assert!(read("surat.doc", rtf("isi")).alerts.is_empty(), "Word saves it under this name too");
}

#[test]
fn a_field_that_was_filled_in_is_words_at_its_place() {
    let field = |rect: &str, rest: &str| format!("<</Type/Annot/Subtype/Widget/Rect[{rect}]{rest}>>");
    let page = format!(
        "/Annots[{}{}{}{}]",
        field("200 700 400 716", "/FT/Tx/T(nama)/V(Wayan Sudarma)"),
        field("200 680 400 696", "/Parent<</FT/Ch/V(Helpdesk)>>"),
        field("200 660 400 676", "/FT/Tx/Ff 8192/V(rahasia)"),
        field("200 640 400 656", "/FT/Tx/V(lama)/AP<</N 10 0 R>>"),
    );
    let shown = stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 200 16]/Resources<</Font<</F1 3 0 R>>>>",
        b"BT /F1 10 Tf 2 4 Td (baru) Tj ET",
    );
    let labels = b"BT /F1 10 Tf 72 704 Td (Nama) Tj 0 -20 Td (Peran) Tj ET";

    let contents = read("formulir.pdf", pdf_with(&[labels], &page, &[&shown]));

    let page = &contents.papers[0].pages[0];
    let text = page.text();
    assert!(text.contains("Wayan Sudarma") && text.contains("Helpdesk") && text.contains("baru"), "{text}");
    assert!(!text.contains("rahasia") && !text.contains("lama"), "what is not shown is not read: {text}");
    let word = page.lines.iter().flat_map(|l| &l.words).find(|w| w.text == "Wayan").expect("it is there");
    assert!((word.at.x - 202.0).abs() < 1.0 && (126.0..142.0).contains(&(word.at.y + word.at.h / 2.0)), "{word:?}");
}

#[test]
fn a_winmail_dat_gives_its_files_under_their_own_names() {
    let surat = pdf(&[&letter(&["Permohonan"])]);
    let parcel = tnef(&[("Surat permohonan – Wayan.pdf", &surat), ("../SK\u{202e}.txt", b"isi")]);

    let contents = read("winmail.dat", parcel);

    assert_eq!(names(&contents), ["Surat permohonan – Wayan.pdf", "SK\u{fffd}.txt"]);
    assert_eq!(contents.papers[0].pages[0].text(), "Permohonan");
    assert!(contents.alerts.is_empty(), "{:?}", contents.alerts);
}

#[test]
fn t29_a_broken_winmail_dat_is_asked_for_and_what_came_out_is_kept() {
    let mut parcel = tnef(&[("a.txt", b"isi"), ("b.txt", b"lain")]);
    let end = parcel.len() - 60;
    parcel.truncate(end);

    let contents = read("winmail.dat", parcel);

    assert_eq!(names(&contents), ["a.txt", "winmail.dat"]);
    assert_eq!((contents.papers[1].format.as_str(), contents.papers[1].method), ("tnef", Method::None));
    assert_eq!(contents.alerts, ["unreadable_document"]);
    assert_eq!(names(&read("winmail.dat", b"\x78\x9f\x3e\x22 rusak".to_vec())), ["winmail.dat"]);
    assert!(names(&read("winmail.dat", tnef(&[]))).is_empty(), "nothing but looks was in it");
}

#[test]
fn t29_what_is_locked_or_packed_otherwise_is_named() {
    let ole = |stream: &str| {
        let name: Vec<u8> = stream.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1][..], &[0; 600], &name, &[0; 60]].concat()
    };
    let mut locked = zip(&[("SK.pdf", &pdf(&[&letter(&["SK"])]))]);
    for (mark, at) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let entry = locked.windows(4).position(|w| w == mark).expect("an entry");
        locked[entry + at] |= 1;
    }
    let manifest = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", b"<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"),
        ("content.xml", b"\x01\x02"),
    ]);
    for (name, bytes, paper, format, encrypted) in [
        ("surat.docx", ole("EncryptedPackage"), "surat.docx", "ole", true),
        ("surat.doc", ole("WordDocument"), "surat.doc", "ole", false),
        ("berkas.zip", locked, "berkas.zip/SK.pdf", "unknown", true),
        ("surat.odt", manifest, "surat.odt", "odt", true),
        ("berkas.rar", b"Rar!\x1a\x07\x01\0....".to_vec(), "berkas.rar", "rar", false),
        ("berkas.7z", b"7z\xbc\xaf\x27\x1c....".to_vec(), "berkas.7z", "7z", false),
        ("berkas.tgz", b"\x1f\x8b\x08\0....".to_vec(), "berkas.tgz", "archive", false),
    ] {
        let contents = read(name, bytes);

        let found = &contents.papers[0];
        assert_eq!((found.attachment.as_str(), found.format.as_str()), (paper, format));
        assert_eq!((found.encrypted, found.method), (encrypted, Method::None), "{name}");
        assert_eq!(contents.alerts.contains(&"encrypted_document".to_owned()), encrypted, "{name}");
    }
}

#[test]
fn t29_a_signed_file_is_the_document_in_it_and_an_encrypted_mail_is_named() {
    let signed = read("surat.pdf.p7m", cms(&pdf(&[&letter(&["Permohonan"])])));
    let enveloped = [0x30, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3];
    let locked =
        take_apart(&mail("", &[("smime.p7m", "application/pkcs7-mime", enveloped.to_vec())]), &Limits::default());

    assert_eq!((names(&signed), signed.papers[0].method), (vec!["surat.pdf"], Method::Text));
    assert_eq!(locked.alerts, ["encrypted_document"]);
}

#[test]
fn a_mail_saved_as_a_file_gives_its_papers_or_its_words() {
    let inner = mail("Mohon reset.", &[("Surat.pdf", "application/pdf", pdf(&[&letter(&["Permohonan"])]))]);
    let bare = b"From: a@x.example\r\nSubject: x\r\n\r\nMohon reset password saya.".to_vec();

    assert_eq!(names(&read("terusan.eml", inner)), ["Surat.pdf"]);
    let words = read("terusan.eml", bare);
    assert_eq!(
        (names(&words), words.papers[0].pages[0].text()),
        (vec!["terusan.eml"], "Mohon reset password saya.".into())
    );
}

/// A scan pasted into a document: it is a page of that document, between the words before it and those after.
#[tokio::test]
async fn a_scan_pasted_into_a_document_is_a_page_of_it_and_is_recognised() {
    let sheet = scan(&pdf(&[&letter(&LETTER)]), 1, 1400);
    let photo = jpeg(&sheet);
    let relations = b"<Relationships><Relationship Id=\"rId7\" Target=\"media/image1.jpg\"/>\
        <Relationship Id=\"rId8\" Target=\"http://jauh.example/b.jpg\" TargetMode=\"External\"/></Relationships>";
    let picture_of = |id: &str| {
        format!(
            "<w:p><w:r><w:drawing><wp:extent cx=\"5700000\" cy=\"8000000\"/><a:blip r:embed=\"{id}\"/></w:drawing></w:r></w:p>"
        )
    };
    let document = format!(
        "<w:document><w:body><w:p><w:r><w:t>Terlampir surat kami.</w:t></w:r></w:p>{}{}\
         <w:p><w:r><w:t>Terima kasih.</w:t></w:r></w:p></w:body></w:document>",
        picture_of("rId7"),
        picture_of("rId8")
    );
    let docx = zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/_rels/document.xml.rels", relations),
        ("word/document.xml", document.as_bytes()),
        ("word/media/image1.jpg", &photo),
    ]);
    let content = "<office:document-content><office:body><office:text><text:p><draw:frame svg:width=\"16cm\" \
        svg:height=\"22cm\"><draw:image xlink:href=\"Pictures/1.png\"/></draw:frame></text:p></office:text></office:body>\
        </office:document-content>";
    let odt = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", content.as_bytes()),
        ("Pictures/1.png", &png(&sheet)),
    ]);
    let hex: String = photo.iter().map(|b| format!("{b:02x}")).collect();
    let rtf = rtf(&format!("{{\\pict\\picwgoal9000\\pichgoal12700\\jpegblip {hex}}}"));

    let (docx, odt, rtf) =
        (recognised("a.docx", docx).await, recognised("a.odt", odt).await, recognised("a.rtf", rtf).await);

    let page = |contents: &Contents, nth: usize| contents.papers[0].pages[nth].clone();
    assert_eq!(texts(&page(&docx, 0)), ["Terlampir surat kami."]);
    assert!(is_letter(&page(&docx, 1)), "{:?}", texts(&page(&docx, 1)));
    assert!(page(&docx, 2).text().ends_with("Terima kasih."), "{:?}", texts(&page(&docx, 2)));
    for contents in [odt, rtf] {
        assert_eq!(
            (contents.papers.len(), contents.papers[0].pages.len(), contents.papers[0].method),
            (1, 1, Method::Ocr)
        );
        assert!(is_letter(&page(&contents, 0)), "{:?}", texts(&page(&contents, 0)));
    }
}

#[test]
fn the_desk_sees_a_pasted_scan_and_a_signature_stays_in_its_letter() {
    let sheet = make::jpeg(&image::GrayImage::from_pixel(600, 800, image::Luma([255])));
    let hex: String = sheet.iter().map(|b| format!("{b:02x}")).collect();
    let pasted = rtf(&format!("a\\par{{\\pict\\picwgoal9000\\pichgoal12700\\jpegblip {hex}}}"));
    let signed = rtf(&format!("Hormat kami,{{\\pict\\picwgoal2400\\pichgoal1200\\jpegblip {hex}}}Wayan"));
    let raw = mail("x", &[("a.rtf", "application/rtf", pasted)]);
    let limits = Limits::default();

    assert!(picture(&raw, "a.rtf", 2, 300, &limits).is_some_and(|png| png.starts_with(b"\x89PNG")));
    assert!(picture(&raw, "a.rtf", 1, 300, &limits).is_none(), "a page of words has no picture");
    let pages = read("b.rtf", signed).papers.remove(0).pages;
    assert_eq!((pages.len(), pages[0].pictures.len()), (1, 1));
}

#[tokio::test]
async fn a_photograph_from_a_telephone_is_read() {
    let contents = recognised("IMG_0417.HEIC", PHOTO.to_vec()).await;

    let paper = &contents.papers[0];
    assert_eq!((paper.format.as_str(), paper.method, paper.pages.len()), ("heic", Method::Ocr, 1));
    // Fine print at 130 dots an inch: whether every digit is seen is the recogniser's business.
    let text = paper.pages[0].text();
    assert!([LETTER[0], LETTER[2], LETTER[3], LETTER[5]].iter().all(|line| text.contains(line)), "{text}");
    let raw = mail("x", &[("a.heic", "image/heic", PHOTO.to_vec())]);
    assert!(picture(&raw, "a.heic", 1, 300, &Limits::default()).is_some());
}

/// The size in the header is what is asked before anything is decoded; here it says 60,000 × 60,000.
#[test]
fn t26_a_photograph_that_claims_too_many_pixels_is_not_decoded() {
    let mut flood = PHOTO.to_vec();
    let sizes: Vec<usize> = (0..flood.len() - 16).filter(|at| flood[*at..].starts_with(b"ispe")).collect();
    assert!(!sizes.is_empty(), "it has a size");
    for at in sizes {
        flood[at + 8..at + 16].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    }

    let contents = read("a.heic", flood);

    assert_eq!((contents.papers[0].pages.len(), contents.alerts), (0, vec!["unreadable_document".to_owned()]));
}
