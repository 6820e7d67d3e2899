//! One-time secrets: what the applicant is to see once, sealed under a key that no database holds.

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::Engine;
use super::port::Fault;
use super::store::{CaseKey, SecretChange};
use crate::vault::Secret;
use chrono::{DateTime, Utc};

/// What the reveal page shows.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
pub struct ResultSecret {
    pub user_id: Option<String>,
    pub password: Option<String>,
}

/// A sealed result, opened.
pub struct KeptResult {
    pub result: ResultSecret,
    /// Always ahead. An account system that was given a password was told this end with it.
    pub until: DateTime<Utc>,
}

impl Engine {
    pub fn seal_result(
        &self,
        key: &CaseKey,
        issue: u32,
        result: &ResultSecret,
        expires: DateTime<Utc>,
    ) -> SecretChange {
        let plain = Secret::new(serde_json::to_string(result).expect("two optional strings always encode"));
        let id = issue.to_string();
        let sealed = self.keys.passwords.seal(&*self.random, &key.number.to_string(), &id, &plain);
        SecretChange::Put { id, sealed, expires }
    }

    /// Reads a sealed result; `None` once it is destroyed, or ended and waits to be.
    pub async fn open_result(&self, key: &CaseKey, issue: u32) -> Result<Option<KeptResult>, Fault> {
        let id = issue.to_string();
        let kept = self.store.secret(key, &id).await?.filter(|kept| kept.expires > self.clock.now());
        let Some(kept) = kept else { return Ok(None) };
        let unreadable =
            |_| Fault::permanent("Cannot open a sealed result: it was sealed under another key. Issue it again");
        let plain = self.keys.passwords.open(&key.number.to_string(), &id, &kept.sealed).map_err(unreadable)?;
        let damaged = |_: serde_json::Error| Fault::permanent("Cannot read a sealed result. Issue it again");
        let result = serde_json::from_str(plain.expose()).map_err(damaged)?;
        Ok(Some(KeptResult { result, until: kept.expires }))
    }

    /// A keyed hash of a code read out by phone, so that six digits cannot be guessed from the store.
    pub fn code_tag(&self, key: &CaseKey, code: &str) -> crate::sop::names::Sha256Hex {
        let blinded = self.keys.index.blind(&["spoken code", &key.number.to_string(), code]);
        crate::sop::names::Sha256Hex(crate::vault::hex(&blinded))
    }
}
