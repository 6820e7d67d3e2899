//! Pages as a reader sees them: places, columns, what is hidden, what was drawn by hand.

use loket::dossier::electronic::{Doubt, Electronic};
use loket::dossier::page::{Contents, Page};
use loket::reading::{Limits, take_apart};
use loket::sop::checklist::Method;

use super::make::{docx, letter, locked, mail, pdf, pdf_with, stream};

fn read(name: &str, kind: &str, bytes: Vec<u8>) -> Contents {
    take_apart(&mail("Terlampir.", &[(name, kind, bytes)]), &Limits::default())
}

fn page(contents: &[u8]) -> Page {
    read("surat.pdf", "application/pdf", pdf(&[contents])).papers.remove(0).pages.remove(0)
}

fn texts(page: &Page) -> Vec<String> {
    page.lines.iter().map(|l| l.text()).collect()
}

#[test]
fn columns_stay_apart_and_words_keep_their_places() {
    let page = page(b"BT /F1 11 Tf 1 0 0 1 72 700 Tm (Mengetahui,) Tj 1 0 0 1 330 700 Tm (Pemohon,) Tj ET");

    assert_eq!(texts(&page), ["Mengetahui,", "Pemohon,"]);
    let (left, right) = (page.lines[0].words[0].at, page.lines[1].words[0].at);
    assert_eq!((left.x, right.x), (72.0, 330.0));
    assert!((left.y + 0.8 * left.h - 142.0).abs() < 1.0, "the baseline is 142 points from the top");
    assert!((left.w - 59.0).abs() < 2.0, "Helvetica's own widths are known: {}", left.w);
}

#[test]
fn pieces_of_a_line_are_joined_and_gaps_are_spaces() {
    let page =
        page(b"BT /F1 10 Tf 72 700 Td [(Reset) -300 (pass) 20 (word)] TJ (  kami) Tj 0 -14 Td (baris dua) Tj ET");

    assert_eq!(texts(&page), ["Reset password kami", "baris dua"]);
}

#[test]
fn what_a_reader_cannot_see_is_kept_apart() {
    let page = page(
        b"BT /F1 11 Tf 72 700 Td (terlihat) Tj ET 1 g BT /F1 11 Tf 72 680 Td (putih) Tj ET
          0 g BT /F1 1.2 Tf 72 660 Td (kecil) Tj ET BT /F1 11 Tf 3 Tr 72 640 Td (samar) Tj ET
          BT 0 Tr /F1 11 Tf 1 0 0 1 900 700 Tm (luar) Tj ET
          0 0 0.4 rg 60 600 200 30 re f 1 g BT /F1 11 Tf 1 0 0 1 72 610 Tm (judul) Tj ET",
    );

    assert_eq!(texts(&page), ["terlihat", "judul"]);
    assert_eq!(page.hidden.len(), 4);
    for word in ["putih", "kecil", "samar", "luar"] {
        assert!(page.hidden.iter().any(|h| h == word), "{word}");
    }
}

#[test]
fn a_turned_page_is_read_upright() {
    let content = b"BT /F1 11 Tf 0 1 -1 0 200 72 Tm (LAMPIRAN) Tj ET";

    let contents = read("a.pdf", "application/pdf", pdf_with(&[content], "/Rotate 90", &[]));

    let page = &contents.papers[0].pages[0];
    assert_eq!((page.width, page.height), (842.0, 595.0));
    assert_eq!(texts(page), ["LAMPIRAN"]);
    let at = page.lines[0].words[0].at;
    assert!((at.x - 72.0).abs() < 1.0 && at.w > at.h);
}

#[test]
fn ink_and_pictures_have_places_and_rules_are_neither() {
    let image = stream("/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8", b"\0");
    let content = b"72 500 m 100 540 120 460 140 500 c 150 520 160 480 170 505 c S
        50 300 m 500 300 l S 50 280 450 20 re S q 80 0 0 60 300 480 cm /X1 Do Q BT /F1 11 Tf 72 700 Td (a) Tj ET";

    let contents = read("a.pdf", "application/pdf", pdf_with(&[content], "", &[&image]));

    let pictures = &contents.papers[0].pages[0].pictures;
    assert_eq!(pictures.len(), 2, "{pictures:?}");
    assert!(pictures.iter().any(|p| (p.x, p.y, p.w, p.h) == (300.0, 302.0, 80.0, 60.0)));
    assert!(pictures.iter().any(|p| p.x < 80.0 && p.w > 90.0));
}

#[test]
fn a_scan_has_pages_and_no_method() {
    let image = stream("/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8", b"\0");
    let content = b"q 595 0 0 842 0 0 cm /X1 Do Q BT /F1 8 Tf 400 20 Td (Dipindai dengan CamScanner) Tj ET";

    let contents = read("scan.pdf", "application/pdf", pdf_with(&[content, content], "", &[&image]));

    let paper = &contents.papers[0];
    assert_eq!((paper.method, paper.pages.len()), (Method::None, 2));
}

#[test]
fn t25_forms_within_forms_come_to_an_end() {
    let form = stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>/XObject<</X1 10 0 R>>>>",
        b"BT /F1 11 Tf 72 700 Td (isi) Tj ET 1 0 0 1 0 -20 cm /X1 Do",
    );

    let contents = read("a.pdf", "application/pdf", pdf_with(&[b"/X1 Do"], "", &[&form]));

    assert_eq!(contents.papers[0].pages[0].lines.len(), 8);
}

#[test]
fn stamps_put_on_as_annotations_are_seen() {
    let look = stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 100 50]/Resources<</Font<</F1 3 0 R>>>>",
        b"BT /F1 20 Tf 5 10 Td (SAH) Tj ET",
    );
    let page = "/Annots[<</Type/Annot/Subtype/Stamp/Rect[300 100 350 125]/AP<</N 10 0 R>>>>]";

    let contents = read("a.pdf", "application/pdf", pdf_with(&[&letter(&["Surat"])], page, &[&look]));

    let page = &contents.papers[0].pages[0];
    assert_eq!(texts(page), ["Surat", "SAH"]);
    assert!((page.lines[1].words[0].at.x - 302.5).abs() < 1.0);
}

#[test]
fn t25_active_and_signed_pdfs_are_noticed_and_scripts_never_run() {
    let script =
        read("a.pdf", "application/pdf", pdf_with(&[&letter(&["x"])], "", &[b"<</S/JavaScript/JS(app.alert)>>"]));
    let signed = read(
        "a.pdf",
        "application/pdf",
        pdf_with(&[&letter(&["x"])], "", &[b"<</Type/Sig/ByteRange[0 1 2 3]/Contents<00>>>"]),
    );

    assert_eq!(script.alerts, ["active_content"]);
    assert_eq!(signed.papers[0].electronic, Electronic::Unverifiable { why: Doubt::NoRoots });
    assert_eq!(script.papers[0].electronic, Electronic::None);
}

#[test]
fn t29_an_encrypted_or_broken_pdf_is_named() {
    let encrypted = read("a.pdf", "application/pdf", locked(pdf(&[&letter(&["x"])])));
    let broken = read("b.pdf", "application/pdf", b"%PDF-1.7\nnothing more".to_vec());

    assert!(encrypted.papers[0].encrypted && encrypted.papers[0].method == Method::None);
    assert_eq!(encrypted.alerts, ["encrypted_document"]);
    assert_eq!((broken.alerts, broken.papers[0].method), (vec!["unreadable_document".to_owned()], Method::None));
}

#[test]
fn t24_an_office_document_with_entities_of_its_own_is_not_read() {
    let text = "<w:p><w:r><w:t>Permohonan</w:t></w:r></w:p>";
    let good = read("surat.docx", "application/octet-stream", docx(text));
    let hostile = super::make::zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        (
            "word/document.xml",
            b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><w:document><w:p><w:t>&a;</w:t></w:p></w:document>",
        ),
    ]);

    let refused = read("surat.docx", "application/octet-stream", hostile);

    assert_eq!(texts(&good.papers[0].pages[0]), ["Permohonan"]);
    assert_eq!(good.papers[0].sha256.len(), 64);
    assert_eq!(refused.papers[0].method, Method::None);
    assert!(refused.papers[0].pages.iter().all(|p| p.lines.is_empty()));
}
