//! The MIME tree, with whatever its parts are said to be.

#![no_main]

use loket::reading::{Limits, outline, take_apart};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let contents = take_apart(bytes, &limits);
    assert!(contents.papers.len() <= limits.papers && contents.body.len() <= limits.body + 16);
    outline(bytes, &limits);
});
