//! What a seed decides: one stream of numbers, drawn in the order in which things happen.

use std::sync::Mutex;

use loket::vault::Random;

/// SplitMix64: small, and the same everywhere.
pub struct Lot(u64);

impl Lot {
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// The engine's own randomness, from the same seed.
pub struct Drawn(pub Mutex<Lot>);

impl Random for Drawn {
    fn fill(&self, bytes: &mut [u8]) {
        let mut lot = self.0.lock().expect("no panic under the lock");
        bytes.iter_mut().for_each(|byte| *byte = lot.next().to_le_bytes()[3]);
    }
}
