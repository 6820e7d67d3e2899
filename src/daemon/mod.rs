//! The composition root: configuration → adapters → loops; start, ready, drain, stop. The only room that knows every
//! other one. Read [`assembly`] for what is put together and [`run`] for what then runs.

pub mod assembly;
pub mod clock;
pub mod counter;
pub mod run;
mod watchdog;

pub use assembly::Assembly;
