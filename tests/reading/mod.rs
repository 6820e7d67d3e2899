//! Reading: papers taken apart, workers that fall and are replaced, and input that nobody wrote by hand.

mod containers;
mod distorted;
mod make;
mod mutants;
mod papers;
mod pictures;
mod pool;
mod recognition;
mod walls;
