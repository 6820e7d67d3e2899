//! Sample requests, made at run time so that their decrees are in force on the day they are played. The office, its
//! people and their numbers are invented: serials are in the 900s, domains end in `.example`, telephone numbers use a
//! prefix that is not given out. Nothing here is random: the same moment gives the same bytes.
//!
//! Read [`people`] for who there is, [`papers`] for what they write, [`requests`] for their mails.

mod cases;
mod hand;
pub mod label;
pub mod papers;
pub mod people;
pub mod post;
pub mod requests;

pub use label::{Fate, Label, Play, Verdict};
pub use people::{Person, SampleOffice, office};
pub use post::Stamp;
pub use requests::{COUNT, Sample, Thread, mail, mails};
