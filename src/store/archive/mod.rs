//! The archive: closed dossiers, one redb file a year, bytes in it. Each dossier is sealed under its own key and
//! chained to the one before it over the stored bytes, so that whoever holds the file can verify it without a key,
//! and a dossier whose key was destroyed leaves the chain whole.
//!
//! [`record`] is the format, [`volume`] reads one file and [`append`] writes to it, [`cabinet`] is all of them, [`verify`]
//! checks one, [`examine`] a single dossier, [`kin`] tells dossiers from live cases, [`records`] finds what no number leads
//! to, [`keys`] what becomes of a dossier's key later, [`bag`] writes the folder an archivist reads, [`aside`] reads a
//! truncated file, or one a crash left open, without touching it.

mod append;
mod aside;
mod bag;
mod cabinet;
mod examine;
mod keys;
mod kin;
mod port;
mod record;
mod records;
mod verify;
mod volume;

pub use port::RedbArchive;
pub(super) use verify::goes_on;
pub use verify::{destroyed_in, extends, verify_file};
