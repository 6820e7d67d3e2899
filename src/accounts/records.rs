//! The directory's file: accounts and the state of their passwords, in a redb file of its own.
//!
//! Format 1: table `accounts`, folded user ID → one byte 1 and a [`Record`] in JSON; table `format`, `version` → 1.
//! A password stands here as an argon2id hash alone. The file is closed after any storage error and opened anew with
//! the next use, as redb asks.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::register::Twice;
use crate::sop::account::Account;
use crate::sop::names::UserId;
use crate::vault::PassphraseHash;

const ACCOUNTS: TableDefinition<&str, &[u8]> = TableDefinition::new("accounts");
const FORMAT: TableDefinition<&str, u64> = TableDefinition::new("format");
const VERSION: u8 = 1;
const CACHE_BYTES: usize = 4 * 1024 * 1024;

/// One account as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub account: Account,
    pub password: Option<Password>,
    /// Keys of the resets that took effect, the latest last.
    pub resets: Vec<String>,
}

/// What is known of a password: never the password.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Password {
    pub hash: PassphraseHash,
    pub must_change: bool,
    /// End of a temporary password's life.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Why the directory could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error(transparent)]
    Twice(#[from] Twice),
    #[error(
        "The account directory {} is in use by another process. Stop it, or ask the running daemon instead", .0.display()
    )]
    InUse(PathBuf),
    #[error(
        "The account directory {} was written by a newer program (format {version}). Use that program",
        path.display()
    )]
    Newer { path: PathBuf, version: u64 },
    #[error("The account directory {} cannot be used: {why}. Check the disk, or restore a backup", path.display())]
    Unusable { path: PathBuf, why: String },
}

/// The file, open between uses.
pub(super) struct Records {
    path: PathBuf,
    database: Mutex<Option<Database>>,
}

impl Records {
    /// Opens the file, creating it where it is missing; only its owner may read it.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let database = Mutex::new(Some(open(path)?));
        Ok(Self { path: path.to_owned(), database })
    }

    pub fn all(&self) -> Result<Vec<Record>, DirectoryError> {
        self.with(|database| {
            let transaction = database.begin_read()?;
            let table = transaction.open_table(ACCOUNTS)?;
            table.iter()?.map(|row| decode(row?.1.value())).collect()
        })
    }

    pub fn get(&self, user_id: &UserId) -> Result<Option<Record>, DirectoryError> {
        self.with(|database| {
            let transaction = database.begin_read()?;
            let table = transaction.open_table(ACCOUNTS)?;
            table.get(user_id.folded().as_str())?.map(|row| decode(row.value())).transpose()
        })
    }

    /// Copies the file as it stands at one moment.
    pub fn copy_to(&self, path: &Path) -> Result<(), DirectoryError> {
        self.with(|database| {
            let from = database.begin_read()?;
            let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
            let to = Database::builder().create_with_backend(FileBackend::new(file)?)?;
            let transaction = begin(&to)?;
            for row in from.open_table(FORMAT)?.iter()? {
                let (key, value) = row?;
                transaction.open_table(FORMAT)?.insert(key.value(), value.value())?;
            }
            for row in from.open_table(ACCOUNTS)?.iter()? {
                let (key, value) = row?;
                transaction.open_table(ACCOUNTS)?.insert(key.value(), value.value())?;
            }
            transaction.commit()?;
            Ok(())
        })
    }

    /// Changes one record in one transaction; `change` says whether it did. `None` where the account is not there.
    pub fn change(
        &self,
        user_id: &UserId,
        change: impl FnOnce(&mut Record) -> bool,
    ) -> Result<Option<bool>, DirectoryError> {
        let key = user_id.folded();
        self.with(|database| {
            let transaction = begin(database)?;
            {
                let mut table = transaction.open_table(ACCOUNTS)?;
                let held = table.get(key.as_str())?.map(|row| decode(row.value())).transpose()?;
                let Some(mut record) = held else { return Ok(None) };
                if !change(&mut record) {
                    return Ok(Some(false));
                }
                table.insert(key.as_str(), encode(&record)?.as_slice())?;
            }
            transaction.commit()?;
            Ok(Some(true))
        })
    }

    /// Puts these records in place of all others, in one transaction; `join` sees what was held under the same user ID.
    pub fn replace(
        &self,
        accounts: Vec<Account>,
        mut join: impl FnMut(Account, Option<Record>) -> Record,
    ) -> Result<(), DirectoryError> {
        self.with(|database| {
            let transaction = begin(database)?;
            {
                let mut table = transaction.open_table(ACCOUNTS)?;
                let mut joined = Vec::with_capacity(accounts.len());
                for account in accounts {
                    let key = account.user_id.folded();
                    let held = table.get(key.as_str())?.map(|row| decode(row.value())).transpose()?;
                    joined.push((key, encode(&join(account, held))?));
                }
                table.retain(|_, _| false)?;
                for (key, bytes) in joined {
                    table.insert(key.as_str(), bytes.as_slice())?;
                }
            }
            transaction.commit()?;
            Ok(())
        })
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, Failed>) -> Result<T, DirectoryError> {
        let mut held = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match held.take() {
            Some(database) => database,
            None => open(&self.path)?,
        };
        match work(&database) {
            Ok(answer) => {
                *held = Some(database);
                Ok(answer)
            }
            Err(Failed(why)) => Err(DirectoryError::Unusable { path: self.path.clone(), why }),
        }
    }
}

/// Any failure of the file, in words; the file is closed for it.
struct Failed(String);

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn open(path: &Path) -> Result<Database, DirectoryError> {
    let unusable = |why: String| DirectoryError::Unusable { path: path.to_owned(), why };
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    let file = file.map_err(|why| unusable(why.to_string()))?;
    let refused = |why: DatabaseError| match why {
        DatabaseError::DatabaseAlreadyOpen => DirectoryError::InUse(path.to_owned()),
        other => unusable(other.to_string()),
    };
    let backend = FileBackend::new(file).map_err(refused)?;
    let database = Database::builder().set_cache_size(CACHE_BYTES).create_with_backend(backend).map_err(refused)?;
    match version(&database) {
        Ok(held) if held <= u64::from(VERSION) => Ok(database),
        Ok(version) => Err(DirectoryError::Newer { path: path.to_owned(), version }),
        Err(Failed(why)) => Err(unusable(why)),
    }
}

/// The file's format; a new file gets this one.
fn version(database: &Database) -> Result<u64, Failed> {
    let transaction = begin(database)?;
    let held = {
        let mut table = transaction.open_table(FORMAT)?;
        let held = table.get("version")?.map(|row| row.value());
        if held.is_none() {
            table.insert("version", u64::from(VERSION))?;
            transaction.open_table(ACCOUNTS)?;
        }
        held
    };
    match held {
        Some(version) => Ok(version),
        None => {
            transaction.commit()?;
            Ok(u64::from(VERSION))
        }
    }
}

fn begin(database: &Database) -> Result<WriteTransaction, Failed> {
    let mut transaction = database.begin_write()?;
    // The accounts come from a file of others: redb's design asks for two phases where input may be hostile.
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    Ok(transaction)
}

fn encode(record: &Record) -> Result<Vec<u8>, Failed> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, record)?;
    Ok(bytes)
}

fn decode(bytes: &[u8]) -> Result<Record, Failed> {
    match bytes.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json).map_err(|_| Failed("a record is damaged".to_owned())),
        _ => Err(Failed("a record has an unknown format".to_owned())),
    }
}
