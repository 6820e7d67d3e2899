//! mail

pub mod courier;
pub mod inbox;
mod remark;
mod starttls;
pub mod tls;
