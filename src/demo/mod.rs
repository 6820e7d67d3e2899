//! The demo: the whole job with nothing to set up, played live or by itself (`--once`).

pub mod samples;
