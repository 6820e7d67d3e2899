//! Archives within archives.

#![no_main]

mod mail;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mail::read("a.zip", "application/zip", bytes));
