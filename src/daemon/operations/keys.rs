//! The master key as the command line shows and changes it: by fingerprints, never itself.

use serde::{Deserialize, Serialize};

use super::{Answer, Operations};
use crate::vault::hex;

/// Which keys are in use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeysView {
    /// The key that new things are sealed under.
    pub newest: String,
    /// The earlier one that was supplied.
    pub previous: Option<String>,
    /// Those that something may still be sealed under; one once a change is carried through.
    pub sealed_under: Vec<String>,
    /// The public half of the key that signs heads, in base64. It outlasts every change.
    pub evidence: String,
}

/// What a change came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RotatedView {
    pub newest: String,
    pub renewed: u64,
    /// Were under the newest key before.
    pub stood: u64,
    /// Damaged: open under no key.
    pub unopened: u64,
}

/// Enough of a fingerprint to tell keys apart.
fn short(fingerprint: &[u8; 32]) -> String {
    hex(&fingerprint[..8])
}

impl Operations {
    pub(super) fn show_keys(&self) -> Result<Answer, Answer> {
        let at_hand = self.engine.keys.fingerprints();
        Ok(Answer::done(&KeysView {
            newest: short(&self.engine.keys.fingerprint()),
            previous: at_hand.get(1).map(short),
            sealed_under: self.change.sealed_under()?.iter().map(short).collect(),
            evidence: self.engine.evidence_key(),
        }))
    }

    pub(super) async fn rotate_keys(&self) -> Result<Answer, Answer> {
        let done = self.change.carry_through().await?;
        Ok(Answer::done(&RotatedView {
            newest: short(&self.engine.keys.fingerprint()),
            renewed: done.renewed,
            stood: done.stood,
            unopened: done.unopened,
        }))
    }
}
