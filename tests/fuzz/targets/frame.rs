//! What a worker that an attacker has taken over may say to the daemon, and what the daemon asks of one.

#![no_main]

use loket::dossier::page::Contents;
use loket::reading::frame::{self, Answer, Picture, Skipped, Task};
use loket::reading::sight::Sight;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut buffer = Vec::new();
    let _ = frame::read(&mut &*bytes, &mut buffer, 64 * 1024);
    if let Some((task, gray)) = Task::read(bytes) {
        assert_eq!(u64::from(task.width) * u64::from(task.height), gray.len() as u64, "a picture is whole");
    }
    if let Some((_, rest)) = bytes.get(1..).and_then(Skipped::read) {
        assert!(rest.len() < bytes.len(), "the head is taken off");
    }
    let Some(answer) = Answer::read(bytes.to_vec()) else { return };
    let _ = serde_json::from_slice::<Contents>(answer.json());
    let _ = serde_json::from_slice::<Sight>(answer.json());
    let _ = serde_json::from_slice::<Picture>(answer.json());
    assert!(answer.json().len() + answer.into_rest().len() + 5 == bytes.len(), "nothing is lost");
});
