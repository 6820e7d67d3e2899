//! What can go wrong in keeping, and how it looks through the port.

use std::io;
use std::path::Path;

use crate::engine::port::Fault;

/// A failure of the store room.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The storage below failed: nothing may be trusted until the process starts anew.
    #[error("The store failed while {doing}: {why}. Check the disk, then start again")]
    Storage { doing: String, why: String },
    /// One thing does not read as it was written; the rest may be well.
    #[error("{thing} is damaged: {what}. Run `loket archive verify` or restore a backup")]
    Damaged { thing: String, what: String },
    /// A file beside the database could not be read or written.
    #[error("Cannot {doing} {place}: {why}")]
    File { doing: &'static str, place: String, why: String, full: bool },
    /// Somebody else holds the folder or file.
    #[error("{place} is in use by {holder}. Stop it first, or talk to it through its socket")]
    InUse { place: String, holder: String },
    /// Nothing can be opened, and nothing was changed.
    #[error(
        "{0} was sealed under another master key. Put the key of its time where `keys.master_key` says, or as `master.key` into \
         the state folder; while the key is being changed, the one before where `keys.previous_key` says"
    )]
    WrongKey(String),
    /// Asked for something that cannot be done; says what to do instead.
    #[error("{0}")]
    Refused(String),
}

impl StoreError {
    pub(super) fn storage(doing: &str, why: impl std::fmt::Display) -> Self {
        Self::Storage { doing: doing.to_owned(), why: why.to_string() }
    }

    pub(super) fn damaged(thing: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Damaged { thing: thing.into(), what: what.into() }
    }

    pub(super) fn file(doing: &'static str, place: &Path, error: &io::Error) -> Self {
        let why = match error.kind() {
            io::ErrorKind::PermissionDenied => format!("{error}. Run this as root or as the daemon's user"),
            _ => error.to_string(),
        };
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        Self::File { doing, place: place.display().to_string(), why, full }
    }

    /// The same failure in a file other than the live store: it stops nothing, and may pass.
    pub(super) fn beside(self, place: &Path) -> Self {
        match self {
            Self::Storage { why, .. } => {
                Self::File { doing: "read or write", place: place.display().to_string(), why, full: false }
            }
            other => other,
        }
    }

    /// Whether the process must stop: what is decided could no longer be written down.
    pub(super) fn is_fatal(&self) -> bool {
        matches!(self, Self::Storage { .. })
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::File { .. } | StoreError::InUse { .. } => Fault::transient(error),
            _ => Fault::permanent(error),
        }
    }
}

macro_rules! from_redb {
    ($($kind:ident),*) => {$(
        impl From<::redb::$kind> for StoreError {
            fn from(error: ::redb::$kind) -> Self {
                Self::storage("reading or writing the database", error)
            }
        }
    )*};
}

from_redb!(StorageError, TableError, TransactionError, CommitError, DatabaseError);
