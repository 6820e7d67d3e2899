//! Reading: papers taken apart, workers that fall and are replaced, and input that nobody wrote by hand.

mod containers;
mod distorted;
mod formats;
mod hostile;
pub mod make;
mod mutants;
mod papers;
mod pictures;
mod pool;
mod recognition;
mod sign;
mod signatures;
pub mod specimens;
mod walls;
mod worker;
