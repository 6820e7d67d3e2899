//! Where requests arrive: a folder on an IMAP server, or a Maildir on this machine. Both hand over raw bytes with their
//! origin and file them away later; what a mail says is read elsewhere (`mail::message`).

mod backoff;
pub mod imap;
pub mod maildir;
mod notify;
mod withheld;

pub use backoff::Patience;
