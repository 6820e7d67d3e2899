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
    /// A file beside the database could not be read or written; `lasting` where a person must change something first.
    #[error("Cannot {doing} {place}: {why}")]
    File { doing: &'static str, place: String, why: String, full: bool, lasting: bool },
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
        Self::File { doing, place: place.display().to_string(), why, full, lasting: is_lasting(error) }
    }

    /// The same of a folder that the configuration names, or of its lock.
    pub(super) fn folder(doing: &'static str, place: &Path, error: &io::Error) -> Self {
        let mut failed = Self::file(doing, place, error);
        if let Self::File { why, lasting: true, .. } = &mut failed {
            why.push_str(". Check `state.directory`, and `state.archive_directory` if it is set");
        }
        failed
    }

    /// The same failure in a file other than the live store: it stops nothing, and may pass.
    pub(super) fn beside(self, place: &Path) -> Self {
        match self {
            Self::Storage { why, .. } => {
                let place = place.display().to_string();
                Self::File { doing: "read or write", place, why, full: false, lasting: false }
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

/// Whether a person must change something before it can go better.
pub fn is_lasting(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::ReadOnlyFilesystem
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of another user, or on a disk that was mounted to be read, was called a failure that passes.
    #[test]
    fn what_a_person_must_change_is_told_from_what_passes() {
        let failed = |kind: io::ErrorKind| StoreError::folder("lock", Path::new("/state/lock"), &kind.into());
        let lasts = |kind| matches!(failed(kind), StoreError::File { lasting: true, .. });

        for kind in [
            io::ErrorKind::PermissionDenied,
            io::ErrorKind::NotADirectory,
            io::ErrorKind::AlreadyExists,
            io::ErrorKind::ReadOnlyFilesystem,
        ] {
            assert!(lasts(kind) && failed(kind).to_string().contains("`state.directory`"), "{}", failed(kind));
        }
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::Interrupted, io::ErrorKind::TimedOut] {
            assert!(!lasts(kind), "{}", failed(kind));
        }
    }
}
