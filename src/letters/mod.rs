//! Every outgoing text: a folder per letter and language under `texts/`, which an office may override file by file.
//!
//! A letter is rendered from plain [`LetterFacts`] and holds placeholders instead of links, so that a draft, the
//! store and the archive never hold a token; [`fill`](links::fill) puts the links in at the moment of sending. No
//! password, whole NIP or register value has a field here, and none may get one.
//!
//! Read [`kind`] for what letters there are, [`facts`] for what they may say, [`render`] for how one is made, and
//! [`reply`] for the words a person may answer with.

mod calendar;
mod context;
pub mod facts;
pub mod form;
pub mod hours;
pub mod kind;
pub mod lacking;
pub mod links;
mod phrases;
pub mod render;
pub mod reply;
pub mod sheet;
mod texts;

pub use calendar::{clock, date, moment, weekday_date, zone_label};
pub use facts::{
    Ending, FindingRow, Form, Lack, LetterFacts, LetterProposal, Office, Origin, Problem, Received, Text, Unlock,
};
pub use kind::LetterKind;
pub use lacking::{asks_for_a_letter, lacks, present, unopened};
pub use links::{EditFault, Fillings, check_edited, fill, fill_links, placeholders};
pub use render::{LetterError, Letters};
