//! The laws of the procedure, held after every step of random walks through it, and one readable story per branch.
//!
//! [`walk`] plays everything around `sop::decide`: the clock, the outbox, the driver and the sealed secrets. [`hold`]
//! knows the laws, [`moves`] and [`chance`] the right, stale, repeated, forged and badly timed commands, [`ending`] how a case is
//! brought to its end from wherever it stands. [`model`] checks every interleaving of a bounded case under the same laws. Nothing here touches the world.

mod absence;
mod binding;
mod branches;
mod chance;
mod delivered;
mod ending;
mod filed;
mod hands;
mod hold;
mod model;
mod moves;
mod office;
mod papers;
mod posted;
mod races;
mod rights;
mod standards;
mod two;
mod undecided;
mod waiting;
mod walk;
