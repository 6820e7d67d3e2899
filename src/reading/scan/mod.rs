//! Pictures of paper made ready for recognition: uneven light, noise, a crooked or turned sheet. Pure arithmetic on grey
//! values, no file and no process; what the words mean is [`crate::dossier`]'s work.

pub mod look;
pub mod raster;

pub use raster::Raster;
