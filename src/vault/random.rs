//! Where random bytes come from. An argument everywhere, so that a simulation can be played again.

use std::sync::atomic::{AtomicU64, Ordering};

use super::sha256;

/// A source of unpredictable bytes.
pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// The kernel's generator, getrandom(2).
#[derive(Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the kernel hands out random bytes once the machine has started");
    }
}

/// The same bytes for the same seed: for simulations alone.
pub struct SeededRandom {
    seed: u64,
    block: AtomicU64,
}

impl SeededRandom {
    pub fn new(seed: u64) -> Self {
        Self { seed, block: AtomicU64::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(32) {
            let block = self.block.fetch_add(1, Ordering::Relaxed);
            let stream = sha256(&[self.seed.to_be_bytes(), block.to_be_bytes()].concat());
            part.copy_from_slice(&stream[..part.len()]);
        }
    }
}
