//! The composition root: configuration → adapters → loops; start, ready, drain, stop. The only room that knows every
//! other one. Read [`assembly`] for what is put together, [`run`] for what then runs, `intake` for a mailbox's loop, and
//! [`counter`] for how the desk's pages are answered.

pub mod alarm;
pub mod assembly;
pub mod canary;
pub mod clock;
mod closed;
pub mod counter;
pub mod desk;
mod figures;
mod filing;
mod intake;
pub mod keys;
pub mod lives;
pub mod note;
pub mod operations;
pub mod report;
pub mod run;
pub mod service;
pub mod shelf;
pub mod socket;
pub mod tokens;
mod waiting;
mod watchdog;

pub use assembly::Assembly;
