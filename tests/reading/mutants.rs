//! Mails that nobody wrote by hand: thousands of mutations of good ones, always the same for one seed. Nothing may panic or
//! run on.

use std::time::{Duration, Instant};

use loket::mail::message::{Inbound, Reception};
use loket::reading::{Limits, take_apart};

use super::make::{docx, letter, mail, pdf, stream, zip};

/// A small generator (xorshift), so that a failing round can be named and run again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

const WORDS: &[&[u8]] = &[
    b"/Kids",
    b"10 0 R",
    b"<<",
    b">>",
    b"[",
    b"(",
    b"\r\n\r\n",
    b"--batas",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"base64",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"<w:p>",
    b"]]>",
    b"&#x0;",
    b"endstream",
    b"-1",
    b"99999999999",
    b"Do ",
    b"1e400 0 0 1e400 0 0 cm ",
    b"<!DOCTYPE",
];

fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..=dice.below(8) {
        if bytes.is_empty() {
            return;
        }
        let at = dice.below(bytes.len());
        match dice.below(6) {
            0 => bytes[at] = dice.below(256) as u8,
            1 => bytes[at] ^= 1 << dice.below(8),
            2 => drop(bytes.drain(at..(at + 1 + dice.below(40)).min(bytes.len()))),
            3 => drop(bytes.splice(at..at, WORDS[dice.below(WORDS.len())].iter().copied())),
            4 => {
                let piece = bytes[at..(at + dice.below(200)).min(bytes.len())].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ if dice.below(10) == 0 => bytes.truncate(at),
            _ => {}
        }
    }
}

fn papers() -> Vec<(&'static str, Vec<u8>)> {
    let form = stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X1 10 0 R>>>>",
        b"q 1 0 0 1 0 0 cm /X1 Do Q",
    );
    let drawn = b"q /X1 Do Q BT /F1 11 Tf 1 0 0 1 72 700 Tm [(Per) -20 (mohonan)] TJ T* <41> ' ET 0 0 m 1 2 3 4 5 6 c S BI /W 1 ID x EI";
    let table = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Nama</w:t><w:tab/></w:r></w:p></w:tc></w:tr></w:tbl>";
    let content = b"<office:document-content><office:body><office:text><text:p>Nomor<text:s text:c=\"9\"/>1</text:p></office:text></office:body></office:document-content>";
    let odt = zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", content)]);
    vec![
        ("a.pdf", super::make::pdf_with(&[drawn, &letter(&["Surat (ini)", "NIP 1"])], "/Annots[10 0 R]", &[&form])),
        ("a.docx", docx(table)),
        ("a.odt", odt),
        ("a.zip", zip(&[("SK/1.pdf", &pdf(&[&letter(&["SK"])])), ("b.zip", &zip(&[("c.txt", b"isi")]))])),
        (
            "a.html",
            b"<html><div style='display:none'>x</div><p>Halo&amp;&nbsp;<a href='http://x/s/1'>b</a></html>".to_vec(),
        ),
    ]
}

fn within(round: usize, what: &str, work: impl FnOnce()) {
    let begun = Instant::now();
    work();
    assert!(begun.elapsed() < Duration::from_secs(5), "round {round} of {what} took {:?}", begun.elapsed());
}

#[test]
fn mutated_papers_neither_panic_nor_run_on() {
    let limits = Limits::default();
    for (name, good) in papers() {
        let mut dice = Dice(0x10ce7 + name.len() as u64);
        for round in 0..2500 {
            let mut bytes = good.clone();
            mutate(&mut dice, &mut bytes);
            let raw = mail("x", &[(name, "application/octet-stream", bytes)]);

            within(round, name, || assert!(take_apart(&raw, &limits).papers.len() <= limits.papers));
        }
    }
}

#[test]
fn mutated_mails_neither_panic_nor_run_on() {
    let limits = Limits::default();
    let good: Vec<u8> = {
        let files: Vec<_> =
            papers().into_iter().map(|(name, bytes)| (name, "application/octet-stream", bytes)).collect();
        mail("Mohon reset password.", &files)
    };
    let mut dice = Dice(0x5eed);
    for round in 0..1000 {
        let mut bytes = good.clone();
        for _ in 0..10 {
            mutate(&mut dice, &mut bytes);
        }

        within(round, "mails", || {
            take_apart(&bytes, &limits);
            Inbound::read(&bytes, &Reception { prefix: "LPSE".into(), ..Reception::default() });
        });
    }
}

#[test]
fn mutated_headers_keep_their_promises() {
    let good = mail("x", &[]);
    let mut dice = Dice(0xbeef);
    for _ in 0..4000 {
        let mut bytes = good.clone();
        mutate(&mut dice, &mut bytes);

        let read = Inbound::read(&bytes, &Reception { prefix: "LPSE".into(), ..Reception::default() });

        assert!(!read.subject.contains(['\r', '\n', '\0']) && read.subject.chars().count() <= 300);
        assert!(read.message_id.iter().chain(&read.references).all(|id| id.bytes().all(|b| b.is_ascii_graphic())));
        assert!(!read.authenticity.is_authenticated(), "nobody is trusted here");
    }
}
