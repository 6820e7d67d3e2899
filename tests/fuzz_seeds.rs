//! Good papers for the fuzz targets to begin with, made as the tests make them. `LOKET_FUZZ_CORPUS=tests/fuzz/corpus cargo nextest run
//! every_fuzz_target_has_seeds` leaves them there.

use std::path::PathBuf;
use std::{env, fs};

use loket::reading::{Limits, take_apart};

use crate::reading::make::{cms, mail};
use crate::reading::specimens::{LETTER, papers};

#[test]
fn every_fuzz_target_has_seeds() {
    let seeds = seeds();
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let targets = fs::read_to_string(project.join("tests/fuzz/Cargo.toml")).expect("the targets");
    let targets: Vec<&str> = targets.lines().filter_map(|line| line.strip_prefix("path = \"targets/")).collect();
    let targets: Vec<&str> = targets.into_iter().filter_map(|file| file.strip_suffix(".rs\"")).collect();

    assert!(targets.len() >= 16, "{targets:?}");
    for target in &targets {
        assert!(seeds.iter().any(|(of, ..)| of == target), "`{target}` begins with nothing");
    }
    assert!(seeds.iter().all(|(of, ..)| targets.contains(of)), "a seed is of no target");
    if let Some(corpus) = env::var_os("LOKET_FUZZ_CORPUS") {
        for (target, name, bytes) in seeds {
            let folder = project.join(&corpus).join(target);
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join(name), bytes).expect("a seed");
        }
    }
}

/// Target, name, bytes.
fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let papers = papers();
    for (name, bytes) in &papers {
        let targets: &[&str] = match name.rsplit('.').next().unwrap_or("") {
            "pdf" if name.starts_with("tertanda") => &["signature"],
            "pdf" => &["pdf", "drawing"],
            "docx" | "odt" => &["office"],
            "rtf" => &["rtf"],
            "jpg" | "png" | "tif" | "webp" | "heic" => &["picture"],
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
    seeds.extend(SIGNED.map(|(name, bytes)| ("signature", name.to_owned(), bytes.to_vec())));
    seeds.extend(frames().into_iter().map(|(name, bytes)| ("frame", name.to_owned(), bytes)));
    seeds.push(("headers", "biasa.eml".to_owned(), mail("", &[])));
    seeds.push(("headers", "utas.eml".to_owned(), THREAD.to_vec()));
    seeds.push(("tsv", "tabel.tsv".to_owned(), TABLE.to_vec()));
    seeds.push(("dossier", "surat".to_owned(), dossier().into_bytes()));
    seeds.push(("imap", "sesi".to_owned(), SESSION.to_vec()));
    seeds
}

/// Signed by another implementation, under the root that the target trusts.
const SIGNED: [(&str, &[u8]); 3] = [
    ("rsa.pdf", include_bytes!("reading/signed/rsa.pdf")),
    ("pss.pdf", include_bytes!("reading/signed/pss.pdf")),
    ("stamped.pdf", include_bytes!("reading/signed/stamped.pdf")),
];

/// What goes through a worker's pipes, without its length.
fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let contents =
        take_apart(&mail("Isi", &[("a.txt", "text/plain", b"Perihal : reset".to_vec())]), &Limits::default());
    let answer = |json: Vec<u8>, rest: &[u8]| {
        let length = u32::try_from(json.len()).expect("a short answer").to_be_bytes();
        [&[0], &length[..], &json, rest].concat()
    };
    let picture =
        br#"{"Scan":{"width":3,"height":2,"dpi":200.0,"onto":[1,0,0,0,1,0,0,0,1],"sideways":false,"look":null}}"#;
    vec![
        ("isi", answer(serde_json::to_vec(&contents).expect("contents"), b"")),
        ("gambar", answer(picture.to_vec(), &[200; 6])),
        ("tugas", [b"W\0\0\xc8\0\0\0\x03\0\0\0\x02".as_slice(), &[7; 6]].concat()),
        ("lewati", b"B\x02\0\x01Subject: a\r\n\r\nisi".to_vec()),
    ]
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
    let letter = format!(
        "{}\nUnit Kerja : Dinas Kesehatan\nJabatan\t: Helpdesk\nMohon reset password\nPemohon,\nWayan Sudarma",
        LETTER.join("\n")
    );
    let decree = "KEPUTUSAN KEPALA DINAS\nNOMOR 188/12/2026\nTENTANG\nPENETAPAN HELPDESK\nKESATU : berlaku sampai dengan 31 Desember 2026\n\
        Ditetapkan di Denpasar\npada tanggal 2 Januari 2026\u{c}LAMPIRAN\nNo\tNama\tNIP\tPeran\n1\tWayan Sudarma\t19840217 201001 1 014\tHelpdesk";
    format!("Permohonan reset\nMohon reset password akun kami.\u{1c}{letter}\u{1c}{decree}")
}
