//! One good paper of every format, small: what is mutated, and what the fuzz targets begin with.

use image::GrayImage;

use super::make::{
    cms, docx, jpeg, letter, mail, odt, pdf, pdf_with, png, rtf, scanned, stream, tiff, tnef, turned, zip,
};

const LETTER: [&str; 5] =
    ["SURAT PERMOHONAN", "Nomor : 041/UKPBJ/XI/2026", "Nama : Wayan Sudarma", "NIP : 19840217 201001 1 014", "(stempel)"];

/// Papers by the name they are sent under.
pub fn papers() -> Vec<(&'static str, Vec<u8>)> {
    let sheet = sheet();
    let mut papers = texts();
    papers.extend([
        ("a.jpg", turned(&jpeg(&sheet), 6)),
        ("a.png", png(&sheet)),
        ("a.tif", tiff(&[&sheet, &sheet])),
        // Made with libheif's heif-enc from a page of a few pixels.
        ("a.heic", include_bytes!("titik.heic").to_vec()),
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
        ("a.rtf", rtf("\\qc SURAT\\par\\trowd\\cellx3000\\cellx6000 Nama\\cell Wayan \\'e9 \\u8211?\\cell\\row\\pard isi\\page{\\v x}")),
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

/// What every fuzz target begins with: target, name, bytes.
pub fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let papers = papers();
    for (name, bytes) in &papers {
        let targets: &[&str] = match name.rsplit('.').next().unwrap_or("") {
            "pdf" => &["pdf", "drawing"],
            "docx" | "odt" => &["office"],
            "rtf" => &["rtf"],
            "jpg" | "png" | "tif" | "heic" => &["picture"],
            "dat" => &["tnef"],
            "p7m" => &["cms"],
            "zip" => &["zip"],
            "html" => &["html"],
            _ => &[],
        };
        seeds.extend(targets.iter().map(|target| (*target, (*name).to_owned(), bytes.clone())));
        let whole = mail("Mohon reset kata sandi.", &[(name, "application/octet-stream", bytes.clone())]);
        seeds.push(("mime", format!("{name}.eml"), whole));
    }
    seeds.push(("cms", "surat.p7m".to_owned(), cms(&mail("Isi", &[]))));
    seeds.push(("headers", "biasa.eml".to_owned(), mail("", &[])));
    seeds.push(("headers", "utas.eml".to_owned(), THREAD.to_vec()));
    seeds.push(("tsv", "tabel.tsv".to_owned(), TABLE.to_vec()));
    seeds.push(("dossier", "surat".to_owned(), dossier().into_bytes()));
    seeds.push(("imap", "sesi".to_owned(), SESSION.to_vec()));
    seeds
}

const THREAD: &[u8] = b"Received: from a by b; Mon, 9 Nov 2026 09:12:40 +0800\r\nAuthentication-Results: kantor.example; dkim=pass\r\n\
    Return-Path: <>\r\nFrom: =?utf-8?Q?Wayan_=E2=80=93?= <wayan@dinas.example>, b@x.example\r\nSubject: Re: [LPSE-2026-0047]\r\n \
    =?us-ascii?B?SGFsbw==?=\r\nReferences: <loket.1@kantor.example>\r\n <2@x>\r\nIn-Reply-To: <loket.1@kantor.example>\r\n\
    Auto-Submitted: auto-replied\r\nReply-To: c@x.example\r\n\r\nisi";

const TABLE: &[u8] = b"level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
    1\t1\t0\t0\t0\t0\t0\t0\t1400\t1981\t-1\t\n5\t1\t1\t1\t1\t1\t100\t120\t90\t22\t96.1\tNomor\n\
    5\t1\t1\t1\t1\t2\t210\t120\t9\t22\t88\t:\n5\t1\t1\t1\t2\t1\t100\t160\t90\t22\t41.5\tPerihal\n";

/// What a server says from its greeting to a mail; a NUL waits for a line of ours.
const SESSION: &[u8] = b"* OK siap\r\n\0A0001 OK masuk\r\n\0* CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS\r\nA0002 OK\r\n\
    \0* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nA0003 OK [READ-ONLY] buka\r\n\0* 1 FETCH (UID 3 RFC822.SIZE 12)\r\nA0004 OK\r\n\
    \0* 1 FETCH (UID 3 BODY[] {12}\r\nSubject: a\r\n)\r\nA0005 OK\r\n\0+ idling\r\n";

fn dossier() -> String {
    let letter = format!("{}\nUnit Kerja : Dinas Kesehatan\nJabatan\t: Helpdesk\nMohon reset password\nPemohon,\nWayan Sudarma", LETTER.join("\n"));
    let decree = "KEPUTUSAN KEPALA DINAS\nNOMOR 188/12/2026\nTENTANG\nPENETAPAN HELPDESK\nKESATU : berlaku sampai dengan 31 Desember 2026\n\
        Ditetapkan di Denpasar\npada tanggal 2 Januari 2026\u{c}LAMPIRAN\nNo\tNama\tNIP\tPeran\n1\tWayan Sudarma\t19840217 201001 1 014\tHelpdesk";
    format!("Permohonan reset\nMohon reset password akun kami.\u{1c}{letter}\u{1c}{decree}")
}
