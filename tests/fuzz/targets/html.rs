//! HTML as a paper.

#![no_main]

mod mail;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mail::read("a.html", "text/html", bytes));
