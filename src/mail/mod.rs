//! Mail coming in and going out. [`message`] reads the headers of one mail, [`automatic`] tells machines from people and
//! [`authenticity`] says what proves the sender; these three are pure. What a mail contains is [`crate::reading`]'s work.
//! [`inbox`] and [`courier`] speak to servers and implement the engine's ports.

pub mod authenticity;
pub mod automatic;
pub mod courier;
pub mod facts;
pub mod headers;
pub mod inbox;
pub mod message;
mod remark;
mod starttls;
pub mod tls;
