//! Electronic signatures inside PDFs, under a root that the seeds lead to.

#![no_main]

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loket::reading::{Limits, Roots, examine};

#[allow(dead_code, reason = "each target uses what it needs")]
mod mail;

const ROOT: &str = include_str!("../../reading/signed/root.pem");

static ROOTS: LazyLock<Roots> = LazyLock::new(|| {
    let lines: String = ROOT.lines().filter(|line| !line.starts_with("-----")).collect();
    Roots::new(&[STANDARD.decode(lines).expect("base64")]).expect("a root")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let raw = mail::mail("a.pdf", "application/pdf", bytes);
    for paper in examine(&raw, &[], &Limits::default(), &ROOTS).papers {
        assert!(paper.electronic.signers().len() <= 8, "the signers of a paper are counted");
    }
});
