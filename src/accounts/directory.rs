//! The embedded account directory: a small account system of its own, in `accounts.redb` of the state folder.
//!
//! It is the archive of initial registrations that the SOP's step 5 compares with, and a system that resets for real:
//! the demo and the tests log in to it. An import replaces all accounts at once; whoever stays keeps his or her
//! password, unless the user ID now belongs to another NIP. Passwords are hashed on blocking threads, few at a time.
//! A damaged record is named and left out until an import mends it; no reset is done, and none denied, that may be its.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use tokio::sync::Semaphore;

use super::records::{Password, Record, Records};
use super::register::Register;
use crate::engine::port::{Abilities, AccountDriver, Fate, Fault, Query, ResetOrder, ResetOutcome};
use crate::sop::account::Account;
use crate::sop::names::UserId;
use crate::vault::{PassphraseHash, Random, Secret};

pub use super::records::DirectoryError;

/// One hash takes 19 MiB and a processor; more at once would starve the rest.
const HASHES_AT_ONCE: usize = 2;
/// Keys of resets that are remembered for an account, so that a late question about one is answered.
const RESETS_REMEMBERED: usize = 16;
/// NIST SP 800-63B asks for 15 where a password stands alone.
const SHORTEST_PASSWORD: usize = 15;

/// A handle on the directory; cheap to clone.
#[derive(Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

struct Inner {
    records: Records,
    register: RwLock<Arc<Register>>,
    /// One import at a time, so that what is in memory follows what is in the file.
    importing: Mutex<()>,
    random: Arc<dyn Random>,
    hashing: Semaphore,
}

/// What an import changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    pub added: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub removed: usize,
}

/// An account as the command line shows it: with the state of its password, without anything secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub account: Account,
    pub password: PasswordState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordState {
    /// Never set here; nobody can log in.
    Unset,
    /// Set by a reset; must be changed before this moment.
    Temporary {
        until: Option<DateTime<Utc>>,
    },
    Own,
}

/// What a login comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    Accepted,
    /// The temporary password is right; nothing is allowed but changing it.
    MustChange,
    /// The new password is set.
    Changed,
    /// The temporary password is right but its time has passed.
    Expired,
    /// The new password is shorter than 15 characters or equal to the old one.
    UnfitPassword,
    /// Wrong password, unknown or inactive account; which one is not told.
    Refused,
}

impl Directory {
    /// Opens the file, creating it where it is missing. Damaged records are named in the log.
    pub fn open(path: &Path, random: Arc<dyn Random>) -> Result<Self, DirectoryError> {
        let records = Records::open(path)?;
        let register = RwLock::new(Arc::new(read_register(&records)?));
        let hashing = Semaphore::new(HASHES_AT_ONCE);
        let importing = Mutex::new(());
        Ok(Self { inner: Arc::new(Inner { records, register, importing, random, hashing }) })
    }

    /// Puts these accounts in place of all others, in one transaction. An account whose record was damaged counts as
    /// added: its password, and which resets set it, are lost, and it takes another reset to log in.
    pub async fn import(&self, accounts: Vec<Account>) -> Result<Imported, DirectoryError> {
        let inner = self.inner.clone();
        blocking(move || inner.import(accounts)).await
    }

    /// Writes a copy of the file, of one moment, to a new one.
    pub async fn copy_to(&self, path: &Path) -> Result<(), DirectoryError> {
        let (inner, path) = (self.inner.clone(), path.to_owned());
        blocking(move || inner.records.copy_to(&path)).await
    }

    /// All accounts, by user ID.
    pub fn list(&self) -> Vec<Account> {
        let mut accounts = self.inner.register().accounts().to_vec();
        accounts.sort_by_key(|account| account.user_id.folded());
        accounts
    }

    pub fn show(&self, user_id: &UserId) -> Result<Option<Entry>, DirectoryError> {
        let state = |password: &Option<Password>| match password {
            None => PasswordState::Unset,
            Some(p) if p.must_change => PasswordState::Temporary { until: p.expires_at },
            Some(_) => PasswordState::Own,
        };
        let record = self.inner.records.get(user_id)?;
        Ok(record.map(|record| Entry { password: state(&record.password), account: record.account }))
    }

    pub fn look_up(&self, query: &Query) -> Vec<Account> {
        self.inner.register().look_up(query)
    }

    /// [`Directory::look_up`] for a driver. Fails transiently where a damaged record may be the one that is meant: whose
    /// record it is would be told that there is no such account, or a namesake's would be taken for theirs.
    pub(super) fn candidates(&self, query: &Query) -> Result<Vec<Account>, Fault> {
        let found = self.look_up(query);
        let meant = match &query.user_id {
            Some(user_id) => found.iter().any(|account| account.user_id == UserId(user_id.clone())),
            None => !found.is_empty(),
        };
        if !meant && !self.inner.records.all().map_err(before)?.damaged.is_empty() {
            return Err(Fault::transient(
                "Records of the account directory are damaged, and one of them may be meant. The mail waits. \
                 Run `loket accounts import FILE.csv` with all accounts",
            ));
        }
        Ok(found)
    }

    /// Logs in; with `new`, changes the password as well. This is how the demo and the tests prove a reset.
    pub async fn verify_login(
        &self,
        user_id: &UserId,
        password: &Secret<String>,
        new: Option<&Secret<String>>,
        now: DateTime<Utc>,
    ) -> Result<Login, DirectoryError> {
        let held = self.record(user_id).await?.filter(|record| record.account.active).and_then(|r| r.password);
        let Some(held) = held else {
            // As slow as a wrong password, so that time does not tell which user IDs exist.
            self.hash(password).await;
            return Ok(Login::Refused);
        };
        if !self.matches(&held.hash, password).await {
            return Ok(Login::Refused);
        }
        if held.must_change && held.expires_at.is_some_and(|end| now >= end) {
            return Ok(Login::Expired);
        }
        let Some(new) = new else {
            return Ok(if held.must_change { Login::MustChange } else { Login::Accepted });
        };
        if new.expose().chars().count() < SHORTEST_PASSWORD || new.expose() == password.expose() {
            return Ok(Login::UnfitPassword);
        }
        let Some(hash) = self.hash(new).await else { return Ok(Login::Refused) };
        let (inner, user_id) = (self.inner.clone(), user_id.clone());
        let own = Password { hash, must_change: false, expires_at: None };
        // Only over the password that was proven: a reset in between wins.
        let changed = blocking(move || {
            inner.records.change(&user_id, |record| {
                let same = record.password.as_ref().is_some_and(|current| current.hash == held.hash);
                if same {
                    record.password = Some(own);
                }
                same
            })
        });
        Ok(if changed.await? == Some(true) { Login::Changed } else { Login::Refused })
    }

    async fn set_temporary(&self, order: ResetOrder<'_>) -> Result<ResetOutcome, Fault> {
        let Some(record) = self.record(order.user_id).await.map_err(before)?.filter(|r| r.account.active) else {
            return Ok(ResetOutcome::NotFound);
        };
        if record.resets.iter().any(|key| key == order.idempotency_key) {
            return Ok(ResetOutcome::Done);
        }
        let secret = Secret::new(order.temporary_password.to_owned());
        let hash =
            self.hash(&secret).await.ok_or_else(|| Fault::permanent("The temporary password could not be hashed"))?;
        let temporary = Password { hash, must_change: true, expires_at: Some(order.expires_at) };
        let (inner, user_id, key) = (self.inner.clone(), order.user_id.clone(), order.idempotency_key.to_owned());
        let write = move || inner.records.change(&user_id, |record| record.take_reset(key, temporary));
        // A failed commit may have reached the disk all the same.
        let written = blocking(write).await.map_err(Fault::unknown)?;
        Ok(if written.is_some() { ResetOutcome::Done } else { ResetOutcome::NotFound })
    }

    async fn record(&self, user_id: &UserId) -> Result<Option<Record>, DirectoryError> {
        let (inner, user_id) = (self.inner.clone(), user_id.clone());
        blocking(move || inner.records.get(&user_id)).await
    }

    async fn hash(&self, password: &Secret<String>) -> Option<PassphraseHash> {
        let _turn = self.inner.hashing.acquire().await;
        let (random, password) = (self.inner.random.clone(), password.clone());
        blocking(move || PassphraseHash::of(&password, random.as_ref()).ok()).await
    }

    async fn matches(&self, hash: &PassphraseHash, password: &Secret<String>) -> bool {
        let _turn = self.inner.hashing.acquire().await;
        let (hash, password) = (hash.clone(), password.clone());
        blocking(move || hash.matches(&password)).await
    }
}

impl Inner {
    fn register(&self) -> Arc<Register> {
        self.register.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn import(&self, accounts: Vec<Account>) -> Result<Imported, DirectoryError> {
        let register = Register::new(accounts.clone())?;
        let mut imported = Imported::default();
        let _turn = self.importing.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.register();
        let stays = |account: &&Account| register.get(&account.user_id).is_some();
        imported.removed = current.accounts().len() - current.accounts().iter().filter(stays).count();
        self.records.replace(accounts, |account, held| {
            match &held {
                None => imported.added += 1,
                Some(record) if record.account == account => imported.unchanged += 1,
                Some(_) => imported.changed += 1,
            }
            Record::joined(account, held)
        })?;
        *self.register.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(register);
        Ok(imported)
    }
}

impl Record {
    /// The account with the password it had, unless the user ID has passed to another person.
    fn joined(account: Account, held: Option<Record>) -> Self {
        let same = |old: &Record| old.account.nip.is_none() || account.nip.is_none() || old.account.nip == account.nip;
        match held.filter(same) {
            Some(old) => Self { account, ..old },
            None => Self { account, password: None, resets: Vec::new() },
        }
    }

    /// Takes a temporary password once for each key.
    fn take_reset(&mut self, key: String, temporary: Password) -> bool {
        if self.resets.contains(&key) {
            return false;
        }
        self.password = Some(temporary);
        self.resets.push(key);
        let surplus = self.resets.len().saturating_sub(RESETS_REMEMBERED);
        self.resets.drain(..surplus);
        true
    }
}

impl AccountDriver for Directory {
    fn abilities(&self) -> Abilities {
        Abilities { by_hand: false, force_change: true, read_back: true }
    }

    /// A reset is one transaction of this very process, and ends with it.
    fn settles_within(&self) -> TimeDelta {
        TimeDelta::zero()
    }

    fn look_up<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Account>, Fault>> {
        Box::pin(async { self.candidates(query) })
    }

    fn reset<'a>(&'a self, order: ResetOrder<'a>) -> BoxFuture<'a, Result<ResetOutcome, Fault>> {
        Box::pin(self.set_temporary(order))
    }

    fn read_back<'a>(
        &'a self,
        idempotency_key: &'a str,
        user_id: &'a UserId,
    ) -> BoxFuture<'a, Result<Option<Fate>, Fault>> {
        Box::pin(async move {
            let record = self.record(user_id).await.map_err(before)?;
            let happened = record.is_some_and(|record| record.resets.iter().any(|key| key == idempotency_key));
            Ok(Some(if happened { Fate::Done } else { Fate::NeverHappened }))
        })
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        Box::pin(async {
            let contents = self.inner.records.all().map_err(before)?;
            match (contents.records.len(), contents.damaged.len()) {
                (0, 0) => Err(Fault::permanent("The account directory is empty. Run `loket accounts import FILE.csv`")),
                (count, 0) => Ok(format!("The account directory holds {count} accounts")),
                (count, damaged) => Err(Fault::permanent(format!(
                    "The account directory holds {count} accounts, and {damaged} more whose records are damaged. \
                     Run `loket accounts import FILE.csv` with all accounts"
                ))),
            }
        })
    }
}

/// A failure while nothing has been written yet. Time mends no damaged record.
fn before(error: DirectoryError) -> Fault {
    if matches!(error, DirectoryError::Damaged(_)) { Fault::permanent(error) } else { Fault::transient(error) }
}

fn read_register(records: &Records) -> Result<Register, DirectoryError> {
    let contents = records.all()?;
    for account in &contents.damaged {
        tracing::error!(
            %account,
            "the record of an account is damaged; the others go on without it. \
             Run `loket accounts import FILE.csv` with all accounts"
        );
    }
    let accounts = contents.records.into_iter().map(|record| record.account).collect();
    Ok(Register::new(accounts)?)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failure) => match failure.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going down, and the caller with it.
            Err(_) => std::future::pending().await,
        },
    }
}
