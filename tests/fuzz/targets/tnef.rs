//! winmail.dat.

#![no_main]

mod mail;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mail::read("winmail.dat", "application/ms-tnef", bytes));
