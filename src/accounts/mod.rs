//! accounts

pub mod csv;
