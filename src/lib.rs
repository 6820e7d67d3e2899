//! Loket, the service counter: account-reset requests walk from a mail inbox to a sealed archive.
//!
//! A mail's walk: [`mail`] takes it in → [`reading`] takes it apart → [`dossier`] finds documents and facts →
//! [`engine`] lets [`sop`] decide and commits events and effects in one [`store`] transaction → [`engine`] carries
//! the effects out through [`accounts`] and [`mail`]'s courier → [`web`] shows an admin what to decide → the archive
//! keeps the dossier.
//!
//! Layer rule (imports point down; `tests/layers.rs` holds it): `sop` knows no room, `dossier` knows `sop`; both are pure ·
//! `vault` and `config` know `sop` · `letters`, `reading` and what of [`mail`] reads headers know the pure rooms ·
//! `engine` knows those two, `letters`, `vault`, headers, and its own ports · `store`, `accounts`, `web` and
//! `mail::{inbox, courier, witness}` sit around the engine and never import each other · `daemon`, `demo` and `cli` see
//! all. The whole plan is in `src/DESIGN.md`.

pub mod accounts;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod dossier;
pub mod engine;
pub mod letters;
pub mod mail;
pub mod reading;
pub mod sop;
pub mod store;
pub mod vault;
pub mod web;
