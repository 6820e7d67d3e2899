//! The procedure, pure: what may happen to a request and what follows from it. Nothing here reads a clock, draws a
//! random number or touches the world; all of that comes in as arguments and goes out as effects.
//!
//! Read [`case`] and [`phase`] for what is known, [`command`] for what can happen, [`decide`] for what follows.

pub mod account;
pub mod case;
pub mod checklist;
pub mod command;
pub mod decide;
pub mod effect;
pub mod event;
mod evolve;
pub mod hours;
pub mod look;
pub mod names;
pub mod phase;
pub mod procedure;
pub mod timesheet;
pub mod worktime;
