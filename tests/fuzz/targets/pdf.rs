//! PDF text, layout and ink.

#![no_main]

mod mail;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mail::read("a.pdf", "application/pdf", bytes));
