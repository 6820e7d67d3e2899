//! The driver for systems without a safe way in, such as SPSE (DOMAIN §1): a named admin does it by hand and enters the
//! outcome. The register is the embedded directory, the archive of initial registrations.

use chrono::TimeDelta;
use futures::future::BoxFuture;

use super::directory::Directory;
use crate::engine::port::{Abilities, AccountDriver, Fate, Fault, Query, ResetOrder, ResetOutcome};
use crate::sop::account::Account;
use crate::sop::names::UserId;

/// Looks up in the directory, leaves the reset to a person.
pub struct Manual {
    register: Directory,
}

impl Manual {
    pub fn new(register: Directory) -> Self {
        Self { register }
    }
}

impl AccountDriver for Manual {
    fn abilities(&self) -> Abilities {
        Abilities { by_hand: true, force_change: false, read_back: false }
    }

    /// Nothing is begun here.
    fn settles_within(&self) -> TimeDelta {
        TimeDelta::zero()
    }

    fn look_up<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Account>, Fault>> {
        Box::pin(async { self.register.candidates(query) })
    }

    fn reset<'a>(&'a self, _order: ResetOrder<'a>) -> BoxFuture<'a, Result<ResetOutcome, Fault>> {
        Box::pin(async { Ok(ResetOutcome::ByHand) })
    }

    fn read_back<'a>(
        &'a self,
        _idempotency_key: &'a str,
        _user_id: &'a UserId,
    ) -> BoxFuture<'a, Result<Option<Fate>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        Box::pin(async {
            let register = AccountDriver::probe(&self.register).await?;
            Ok(format!("{register}; resets are done by hand"))
        })
    }
}
