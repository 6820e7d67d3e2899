//! What Loket promises, one file per promise. `kit` starts the real servers the promises are held against.

mod kit;
mod laws;
