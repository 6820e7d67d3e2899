//! Mails and archives within mails: names, limits, junk, programs, and what is hidden in signatures.

use image::GrayImage;
use loket::dossier::page::Contents;
use loket::reading::{Limits, take_apart};
use loket::sop::checklist::Method;

use super::make::{cms, jpeg, letter, mail, pdf, png, zip};

fn read(raw: &[u8]) -> Contents {
    take_apart(raw, &Limits::default())
}

fn names(contents: &Contents) -> Vec<&str> {
    contents.papers.iter().map(|p| p.attachment.as_str()).collect()
}

fn surat() -> Vec<u8> {
    pdf(&[&letter(&["Permohonan"])])
}

#[test]
fn files_inside_archives_carry_their_path_and_litter_is_left_out() {
    let inner = zip(&[("2.pdf", &surat())]);
    let outer = zip(&[("SK/1.pdf", &surat()), ("__MACOSX/._1.pdf", b"x"), ("Thumbs.db", b"x"), ("dalam.zip", &inner)]);

    let contents = read(&mail("x", &[("berkas.zip", "application/zip", outer)]));

    assert_eq!(names(&contents), ["berkas.zip/SK/1.pdf", "berkas.zip/dalam.zip/2.pdf"]);
    assert!(contents.papers.iter().all(|p| p.method == Method::Text));
}

#[test]
fn an_archive_behind_other_bytes_is_opened() {
    let behind = [b"\r\n-- passed by a gateway --\r\n".as_slice(), &zip(&[("SK.pdf", &surat())])].concat();

    let contents = read(&mail("x", &[("berkas.zip", "application/zip", behind)]));

    assert_eq!(names(&contents), ["berkas.zip/SK.pdf"]);
}

#[test]
fn t24_archives_too_deep_too_many_or_overlapping_are_not_opened() {
    let mut deep = zip(&[("a.txt", b"isi")]);
    for _ in 0..6 {
        deep = zip(&[("a.zip", &deep)]);
    }
    let many: Vec<(String, &[u8])> = (0..400).map(|i| (format!("{i}.txt"), &b"x"[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, b)| (n.as_str(), *b)).collect();
    let mut overlapping = zip(&[("a.txt", &[7; 5000]), ("b.txt", &[7; 5000])]);
    // The second entry is made to lie where the first lies.
    let second = overlapping.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    overlapping[second + 42..second + 46].fill(0);

    let alerts = |bytes: Vec<u8>| read(&mail("x", &[("a.zip", "application/zip", bytes)])).alerts;

    assert_eq!(alerts(deep), ["nested_too_deep"]);
    assert_eq!(alerts(zip(&many)), ["archive_bomb"]);
    assert!(matches!(alerts(overlapping)[0].as_str(), "archive_bomb" | "unreadable_document"));
}

#[test]
fn programs_are_found_under_any_name_and_in_archives() {
    let program = [b"MZ".as_slice(), &[0; 200]].concat();
    for (name, bytes) in [
        ("SK.pdf", program.clone()),
        ("SK.pdf.scr", b"apa saja".to_vec()),
        ("surat.pdf.exe", surat()),
        ("surat", b"#!/bin/sh\n".to_vec()),
        ("a.zip", zip(&[("dalam/SK.pdf", &program)])),
        ("a.zip", zip(&[("pasang.js", b"x")])),
    ] {
        let contents = read(&mail("x", &[(name, "application/octet-stream", bytes)]));

        assert_eq!(contents.alerts, ["executable_attachment"], "{name}");
        assert_eq!((contents.papers[0].format.as_str(), contents.papers[0].method), ("exe", Method::None));
    }
}

#[test]
fn t28_a_file_under_a_false_name_is_flagged() {
    let jpeg = jpeg(&GrayImage::new(60, 80));
    for (name, bytes, format) in [
        ("surat.pdf", b"bukan surat".to_vec(), "unknown"),
        ("surat.pdf", b"<html>halo</html>".to_vec(), "unknown"),
        ("SK.pdf", jpeg, "jpeg"),
        ("foto.jpg", surat(), "pdf"),
        ("SK", zip(&[("a.txt", b"isi")]), "text"),
    ] {
        let contents = read(&mail("x", &[(name, "application/pdf", bytes)]));

        assert_eq!((contents.alerts, contents.papers[0].format.as_str()), (vec!["type_mismatch".to_owned()], format));
    }
}

#[test]
fn a_forwarded_mail_gives_its_words_and_its_papers() {
    let inner = mail("Mohon reset password saya.", &[("Surat.pdf", "application/pdf", surat())]);
    let outer = [
        b"From: s@x.example\r\nContent-Type: multipart/mixed; boundary=luar\r\n\r\n--luar\r\n\r\nMohon diproses.\r\n\
          --luar\r\nContent-Type: message/rfc822; name=\"Permohonan.eml\"\r\n\r\n"
            .to_vec(),
        inner,
        b"\r\n--luar--\r\n".to_vec(),
    ]
    .concat();

    let contents = read(&outer);

    assert_eq!(names(&contents), ["Surat.pdf"]);
    assert!(
        contents.body.starts_with("Mohon diproses.\n\n---------- Forwarded message ----------\nFrom: Budi <budi@dinas")
    );
    assert!(contents.body.ends_with("Mohon reset password saya."));
}

#[test]
fn t29_an_opaque_signed_mail_is_unwrapped() {
    let signed = cms(&mail("Isi", &[("Surat.pdf", "application/pdf", surat())]));

    let contents = read(&mail("", &[("smime.p7m", "application/pkcs7-mime; smime-type=signed-data", signed)]));

    assert_eq!(names(&contents), ["Surat.pdf"]);
    assert_eq!(contents.body, "Isi");
}

#[test]
fn names_in_every_spelling_are_read() {
    let part = |headers: &str| format!("--b\r\nContent-Type: application/octet-stream\r\n{headers}\r\n\r\nisi\r\n");
    let mail = format!(
        "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}{}{}{}--b--\r\n",
        part("Content-Disposition: attachment;\r\n filename*0*=UTF-8''Surat%20%E2%80%93;\r\n filename*1*=%20A.txt"),
        part("Content-Disposition: attachment; filename=\"=?utf-8?Q?Surat_=E2=80=93_B.txt?=\""),
        part("Content-Disposition: inline; filename=C.txt"),
        part("Content-Disposition: attachment; filename=\"../../D\u{202e}.txt\""),
    );

    assert_eq!(names(&read(mail.as_bytes())), ["Surat – A.txt", "Surat – B.txt", "C.txt", "D\u{fffd}.txt"]);
}

#[test]
fn logos_are_junk_and_pasted_scans_are_papers() {
    let picture = |width: u32, height: u32| png(&GrayImage::new(width, height));
    let part = |cid: &str, bytes: Vec<u8>| {
        use base64::Engine;
        let data = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!(
            "--r\r\nContent-Type: image/png; name=\"{cid}.png\"\r\nContent-ID: <{cid}>\r\nContent-Disposition: inline\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{data}\r\n"
        )
    };
    let mail = format!(
        "From: a@x.example\r\nContent-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html\r\n\r\n\
         <p>Terlampir<img src=\"cid:image001\"><img src='cid:pindai'>\r\n{}{}--r--\r\n",
        part("image001", picture(180, 60)),
        part("pindai", picture(1240, 1754))
    );

    let contents = read(mail.as_bytes());

    assert_eq!(names(&contents), ["pindai.png"]);
    assert_eq!((contents.body.as_str(), contents.papers[0].pages.len()), ("Terlampir", 1));
}

#[test]
fn papers_behind_a_link_are_noticed_only_when_none_is_attached() {
    let link = "Berkas ada di https://drive.google.com/drive/folders/abc";

    assert_eq!(read(&mail(link, &[])).alerts, ["link_instead_of_attachment"]);
    assert!(read(&mail(link, &[("surat.pdf", "application/pdf", surat())])).alerts.is_empty());
}

#[test]
fn t27_depth_bombs_and_a_hundred_thousand_parts_cost_little() {
    let mut deep = b"From: a@x.example\r\n".to_vec();
    for i in 0..50_000 {
        deep.extend(format!("Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n").into_bytes());
    }
    let mut wide = b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec();
    for _ in 0..100_000 {
        wide.extend(b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n\r\n");
    }
    let begun = std::time::Instant::now();

    let (deep, wide) = (read(&deep), read(&wide));

    assert!(begun.elapsed().as_secs() < 10);
    assert_eq!(deep.alerts, ["nested_too_deep"]);
    assert!(wide.alerts.contains(&"nested_too_deep".to_owned()) && wide.papers.len() <= 120);
}

#[test]
fn text_attachments_and_odd_mails_are_read() {
    let list = read(&mail("x", &[("daftar.csv", "text/csv", b"nama,nip\r\nBudi,1\r\n".to_vec())]));
    let bare = read(b"Subject: a\r\n\r\nHanya teks");
    let endless = read(b"From: a@x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntanpa akhir");
    let headless = read(b"");

    assert_eq!(list.papers[0].pages[0].lines.len(), 2);
    assert_eq!((bare.body.as_str(), endless.body.as_str(), headless.body.as_str()), ("Hanya teks", "tanpa akhir", ""));
}
