//! The account system (SOP steps 5 and 6): the register that requests are compared with, and the drivers that reset.
//!
//! [`directory`] is an embedded system of its own, and the archive of initial registrations for the others; [`manual`]
//! leaves the act to a named person; [`command`] runs the office's script. All implement
//! [`crate::engine::port::AccountDriver`]. No driver decides anything: whether a reset may happen is settled before.

pub mod command;
pub mod csv;
pub mod directory;
pub mod manual;
pub mod register;

mod naming;
mod protocol;
mod records;
