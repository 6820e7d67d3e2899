//! The header section of a mail.

#![no_main]

use loket::mail::message::{Inbound, Reception};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let read = Inbound::read(bytes, &Reception { prefix: "LPSE".into(), ..Reception::default() });
    assert!(!read.subject.contains(['\r', '\n', '\0']) && read.subject.chars().count() <= 300);
    assert!(read.message_id.iter().chain(&read.references).all(|id| id.bytes().all(|b| b.is_ascii_graphic())));
    assert!(!read.authenticity.is_authenticated(), "nobody is trusted here");
});
