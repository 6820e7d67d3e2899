//! A page of a PDF, drawn for the desk.

#![no_main]

mod mail;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mail::draw("a.pdf", "application/pdf", bytes));
