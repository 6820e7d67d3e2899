//! A paper in a mail, as the rooms behind the MIME tree get it: the bytes travel unencoded, so that what the fuzzer learns
//! of a format is not hidden from it behind base64.
#![allow(dead_code, reason = "each target uses what it needs")]

use loket::reading::{Limits, picture, take_apart};

/// Takes a mail apart that is this paper and nothing else.
pub fn read(name: &str, kind: &str, bytes: &[u8]) {
    let limits = Limits::default();
    let contents = take_apart(&mail(name, kind, bytes), &limits);
    assert!(contents.papers.len() <= limits.papers, "the papers of a mail are counted");
    assert!(contents.papers.iter().all(|paper| paper.pages.len() <= limits.pages), "the pages of a paper are counted");
    assert!(contents.papers.iter().all(|paper| !paper.attachment.contains('\0')), "a name is fit to be shown");
}

/// The same, and the first page drawn.
pub fn draw(name: &str, kind: &str, bytes: &[u8]) {
    let limits = Limits { raster: 250_000, pixels: 4_000_000, decoded: 64 * 1024 * 1024, ..Limits::default() };
    let raw = mail(name, kind, bytes);
    take_apart(&raw, &limits);
    if let Some(png) = picture(&raw, name, 1, 300, &limits) {
        assert!(png.starts_with(b"\x89PNG"), "what the desk is handed is a picture of ours");
    }
}

pub fn mail(name: &str, kind: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("Content-Type: {kind}; name=\"{name}\"\r\nContent-Disposition: attachment\r\n\r\n");
    [head.as_bytes(), bytes].concat()
}
