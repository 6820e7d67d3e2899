//! The composition root: configuration → adapters → loops; start, ready, drain, stop. The only room that knows every
//! other one. Read [`assembly`] for what is put together, [`run`] for what then runs, [`counter`] for what the desk's
//! pages are told.

pub mod assembly;
pub mod clock;
pub mod counter;
pub mod run;
mod watchdog;

pub use assembly::Assembly;
