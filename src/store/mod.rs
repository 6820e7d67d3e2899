//! Where cases are kept: the live store and the archive, both in redb files, and backup and restore between them.
//! Implements the ports of [`crate::engine::store`] and [`crate::engine::archive`]; every byte of a case is sealed
//! under its dossier's key before it comes here to rest. No redb type leaves this room.
//!
//! Read [`parcel`] for the backup as it leaves the machine, [`redb`] for the live store, [`contents`] for the files beside
//! it, [`archive`] for closed dossiers.

pub mod archive;
mod backup;
mod bring_back;
mod codec;
mod contents;
mod error;
mod folder;
mod parcel;
mod quiet;
pub mod redb;
mod restore;
mod sound;

pub use bring_back::{Brought, bring_back};
pub use error::{StoreError, is_lasting};
pub use folder::StateFolder;
pub use parcel::Packing;
pub use restore::{RestoreReport, Restoring, restore};
