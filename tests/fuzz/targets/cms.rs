//! Signed envelopes, as a mail and as a file.

#![no_main]

mod mail;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mail::read("smime.p7m", "application/pkcs7-mime", bytes));
