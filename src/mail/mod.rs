//! Mail coming in and going out. [`message`] reads the headers of one mail, [`automatic`] tells machines from people and
//! [`authenticity`] and [`proof`] say what proves the sender; these are pure. What a mail contains is [`crate::reading`]'s
//! work. [`inbox`], [`courier`] and [`witness`] speak to servers and implement the engine's ports.

pub mod authenticity;
pub mod automatic;
pub mod courier;
pub mod facts;
pub mod headers;
pub mod https;
pub mod inbox;
pub mod login;
pub mod message;
pub mod oauth;
pub mod proof;
mod remark;
mod starttls;
pub mod tls;
pub mod witness;
