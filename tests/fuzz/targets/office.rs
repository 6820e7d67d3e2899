//! Office documents: DOCX and ODT, their XML and their flow onto pages.

#![no_main]

mod mail;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mail::read("a.docx", "application/octet-stream", bytes));
