//! Mail coming in and going out. [`message`] reads the headers of one mail, [`automatic`] tells machines from people and
//! [`authenticity`] says what proves the sender; these three are pure. What a mail contains is [`crate::reading`]'s work.

pub mod authenticity;
pub mod automatic;
pub mod facts;
pub mod headers;
pub mod message;
