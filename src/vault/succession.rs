//! A sealing key and the ones it followed: what is sealed is sealed under the newest, and what an earlier one sealed still
//! opens until it is renewed. So the master key can be changed while work goes on.

use zeroize::Zeroizing;

use super::Random;
use super::seal::{Binding, SealingKey, Unopened};

/// The newest key first.
#[derive(Clone)]
pub struct Succession {
    newest: SealingKey,
    earlier: Vec<SealingKey>,
}

impl Succession {
    pub(super) fn new(newest: SealingKey, earlier: Vec<SealingKey>) -> Self {
        Self { newest, earlier }
    }

    pub fn seal(&self, random: &dyn Random, binding: &Binding, plain: &[u8]) -> Vec<u8> {
        self.newest.seal(random, binding, plain)
    }

    pub fn open(&self, binding: &Binding, sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let keys = std::iter::once(&self.newest).chain(&self.earlier);
        keys.into_iter().find_map(|key| key.open(binding, sealed).ok()).ok_or(Unopened)
    }

    /// The same under the newest key; `None` where it is already.
    pub fn renew(&self, random: &dyn Random, binding: &Binding, sealed: &[u8]) -> Result<Option<Vec<u8>>, Unopened> {
        if self.newest.open(binding, sealed).map(Zeroizing::new).is_ok() {
            return Ok(None);
        }
        let plain = Zeroizing::new(self.open(binding, sealed)?);
        Ok(Some(self.seal(random, binding, &plain)))
    }
}
