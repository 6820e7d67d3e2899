//! Photographs and scans, opened and decoded.

#![no_main]

mod mail;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mail::draw("a.jpg", "image/jpeg", bytes));
