//! What Loket promises, one file per promise. `kit` starts the real servers the promises are held against.

mod dossier;
mod kit;
mod reading;
