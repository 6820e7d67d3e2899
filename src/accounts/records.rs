//! The directory's file: accounts and the state of their passwords, in a redb file of its own.
//!
//! Format 2: table `records`, folded user ID → one byte 2, a [`Record`] in JSON, a checksum over all of it and the key;
//! table `format`, `version` → 2. Format 1 had table `accounts`, one byte 1 and the JSON; it is brought up when it is
//! opened. A password stands here as an argon2id hash alone. The file is closed after any storage error and opened anew
//! with the next use, as redb asks; a record that is damaged closes nothing.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::naming;
use super::register::Twice;
use crate::sop::account::Account;
use crate::sop::names::UserId;
use crate::vault::{PassphraseHash, sha256};

/// Keyed by bytes: redb panics on a text that is no longer UTF-8.
const RECORDS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("records");
const FORMAT: TableDefinition<&str, u64> = TableDefinition::new("format");
const VERSION: u8 = 2;
/// The records of format 1.
const FIRST_RECORDS: TableDefinition<&str, &[u8]> = TableDefinition::new("accounts");
const FIRST_VERSION: u8 = 1;
/// The first bytes of a SHA-256, as the live store has them.
const CHECKSUM: usize = 8;
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

/// All that the file holds.
#[derive(Default)]
pub(super) struct Contents {
    pub records: Vec<Record>,
    /// The keys of the records that are damaged, as a log may show them.
    pub damaged: Vec<String>,
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
    #[error(
        "The account {0} cannot be read: its record in the account directory, or one that may be its, is damaged. \
         Run `loket accounts import FILE.csv` with all accounts"
    )]
    Damaged(UserId),
}

/// The file, open between uses.
pub(super) struct Records {
    path: PathBuf,
    database: Mutex<Option<Database>>,
}

impl Records {
    /// Opens the file, creating it where it is missing; only its owner may read it.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let database = Mutex::new(Some(naming::opened(path, open)?));
        Ok(Self { path: path.to_owned(), database })
    }

    pub fn all(&self) -> Result<Contents, DirectoryError> {
        self.with(|database| {
            let transaction = database.begin_read()?;
            let mut contents = Contents::default();
            for row in transaction.open_table(RECORDS)?.iter()? {
                let (key, value) = row?;
                match decode(key.value(), value.value()) {
                    Some(record) => contents.records.push(record),
                    None => contents.damaged.push(shown(key.value())),
                }
            }
            Ok(contents)
        })
    }

    /// `None` only where the account is surely not there.
    pub fn get(&self, user_id: &UserId) -> Result<Option<Record>, DirectoryError> {
        self.with(|database| {
            let transaction = database.begin_read()?;
            let table = transaction.open_table(RECORDS)?;
            find(&table, user_id)
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
            for row in from.open_table(RECORDS)?.iter()? {
                let (key, value) = row?;
                transaction.open_table(RECORDS)?.insert(key.value(), value.value())?;
            }
            transaction.commit()?;
            Ok(())
        })
    }

    /// Changes one record in one transaction; `change` says whether it did. `None` only where the account is surely not
    /// there.
    pub fn change(
        &self,
        user_id: &UserId,
        change: impl FnOnce(&mut Record) -> bool,
    ) -> Result<Option<bool>, DirectoryError> {
        let key = user_id.folded();
        let key = key.as_bytes();
        self.with(|database| {
            let transaction = begin(database)?;
            {
                let mut table = transaction.open_table(RECORDS)?;
                let Some(mut record) = find(&table, user_id)? else { return Ok(None) };
                if !change(&mut record) {
                    return Ok(Some(false));
                }
                table.insert(key, encode(key, &record)?.as_slice())?;
            }
            transaction.commit()?;
            Ok(Some(true))
        })
    }

    /// Puts these records in place of all others, in one transaction; `join` sees what was held under the same user ID.
    /// A damaged record counts as none, so that this mends it: the password in it and the keys of its resets are gone
    /// together. That a reset "did not happen" is then true of what is left: nobody can log in with what it set.
    pub fn replace(
        &self,
        accounts: Vec<Account>,
        mut join: impl FnMut(Account, Option<Record>) -> Record,
    ) -> Result<(), DirectoryError> {
        self.with(|database| {
            let transaction = begin(database)?;
            {
                let mut table = transaction.open_table(RECORDS)?;
                let mut joined = Vec::with_capacity(accounts.len());
                for account in accounts {
                    let key = account.user_id.folded().into_bytes();
                    let held = table.get(key.as_slice())?.and_then(|row| decode(&key, row.value()));
                    let bytes = encode(&key, &join(account, held))?;
                    joined.push((key, bytes));
                }
                table.retain(|_, _| false)?;
                for (key, bytes) in joined {
                    table.insert(key.as_slice(), bytes.as_slice())?;
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
            None => naming::opened(&self.path, open)?,
        };
        let answer = work(&database);
        if !matches!(answer, Err(Failed::File(_))) {
            *held = Some(database);
        }
        answer.map_err(|failed| failed.of(&self.path))
    }
}

/// Why a piece of work came to nothing.
enum Failed {
    /// Any failure of the file, in words; the file is closed for it.
    File(String),
    /// The account's record is damaged, or may be the one that is.
    Record(UserId),
}

impl Failed {
    fn of(self, path: &Path) -> DirectoryError {
        match self {
            Self::File(why) => DirectoryError::Unusable { path: path.to_owned(), why },
            Self::Record(user_id) => DirectoryError::Damaged(user_id),
        }
    }
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::File(error.to_string())
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
    match ready(&database) {
        Ok(held) if held <= u64::from(VERSION) => Ok(database),
        Ok(version) => Err(DirectoryError::Newer { path: path.to_owned(), version }),
        Err(failed) => Err(failed.of(path)),
    }
}

/// The file's format, once it is ready for use: a new file gets this one, an older one is brought up to it.
fn ready(database: &Database) -> Result<u64, Failed> {
    let transaction = begin(database)?;
    let held = {
        let table = transaction.open_table(FORMAT)?;
        table.get("version")?.map(|row| row.value())
    };
    match held {
        Some(version) if version >= u64::from(VERSION) => return Ok(version),
        Some(_) => bring_up(&transaction)?,
        None => drop(transaction.open_table(RECORDS)?),
    }
    transaction.open_table(FORMAT)?.insert("version", u64::from(VERSION))?;
    transaction.commit()?;
    Ok(u64::from(VERSION))
}

/// Moves the records of format 1 over. What cannot be read goes as it is: without a checksum it stays damaged.
fn bring_up(transaction: &WriteTransaction) -> Result<(), Failed> {
    {
        let from = transaction.open_table(FIRST_RECORDS)?;
        let mut to = transaction.open_table(RECORDS)?;
        for row in from.iter()? {
            let (key, value) = row?;
            let bytes = match decode_first(key.value(), value.value()) {
                Some(record) => encode(key.value().as_bytes(), &record)?,
                None => value.value().to_vec(),
            };
            to.insert(key.value().as_bytes(), bytes.as_slice())?;
        }
    }
    transaction.delete_table(FIRST_RECORDS)?;
    Ok(())
}

fn begin(database: &Database) -> Result<WriteTransaction, Failed> {
    let mut transaction = database.begin_write()?;
    // The accounts come from a file of others: redb's design asks for two phases where input may be hostile.
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// The account's record. Where there is none but another is damaged, its key may be what changed: then nobody can tell
/// whether the account is there.
fn find(table: &impl ReadableTable<&'static [u8], &'static [u8]>, user_id: &UserId) -> Result<Option<Record>, Failed> {
    let damaged = || Failed::Record(user_id.clone());
    let key = user_id.folded().into_bytes();
    if let Some(row) = table.get(key.as_slice())? {
        return decode(&key, row.value()).map(Some).ok_or_else(damaged);
    }
    for row in table.iter()? {
        let (key, value) = row?;
        if decode(key.value(), value.value()).is_none() {
            return Err(damaged());
        }
    }
    Ok(None)
}

fn encode(key: &[u8], record: &Record) -> Result<Vec<u8>, Failed> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, record)?;
    let checksum = checksum(key, &bytes);
    bytes.extend_from_slice(&checksum);
    Ok(bytes)
}

/// `None` unless it is, bit for bit, what was written under this key.
fn decode(key: &[u8], bytes: &[u8]) -> Option<Record> {
    let (bytes, expected) = bytes.split_last_chunk::<CHECKSUM>()?;
    if checksum(key, bytes) != *expected {
        return None;
    }
    let Some((&VERSION, json)) = bytes.split_first() else { return None };
    serde_json::from_slice(json).ok()
}

/// Format 1 has no checksum: all that can be seen is whether it reads, and stands under its own user ID.
fn decode_first(key: &str, bytes: &[u8]) -> Option<Record> {
    let Some((&FIRST_VERSION, json)) = bytes.split_first() else { return None };
    let record: Record = serde_json::from_slice(json).ok()?;
    (record.account.user_id.folded() == key).then_some(record)
}

/// Over the key too, so that no record is believed under the key of another.
fn checksum(key: &[u8], bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut first = [0u8; CHECKSUM];
    first.copy_from_slice(&sha256(&[key, bytes].concat())[..CHECKSUM]);
    first
}

/// A key as a log may show it: it may have changed into anything, and where it looks like a NIP it is masked like one.
fn shown(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(key);
    let is_nip = text.chars().filter(char::is_ascii_digit).count() > 12;
    let hides = |place: usize, c: char| is_nip && c.is_ascii_digit() && !(8..14).contains(&place);
    let masked: String = text.chars().enumerate().map(|(place, c)| if hides(place, c) { '•' } else { c }).collect();
    masked.escape_debug().to_string()
}
