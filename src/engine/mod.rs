//! What drives the procedure: loads a case, lets [`crate::sop`] decide, commits, and carries the effects out.

pub mod archive;
pub mod port;
pub mod store;
