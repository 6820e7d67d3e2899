//! What the recogniser says it has seen.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for word in loket::reading::tsv::lines(bytes).iter().flatten() {
        assert!(word.confidence <= 100 && !word.text.contains(char::is_control));
    }
});
