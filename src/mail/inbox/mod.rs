//! Where requests arrive: a folder on an IMAP server, or a Maildir on this machine. Both hand over raw bytes with their
//! origin and file them away later; what a mail says is read elsewhere (`mail::message`).

mod backoff;
pub mod imap;
pub mod maildir;
mod notify;
mod withheld;

pub use backoff::Patience;

use crate::engine::port::{Inbox, Origin};

/// An inbox whose mails can be fetched once more, so that what cannot be worked on need not stay in memory.
pub trait Refetch: Inbox {
    /// Has these handed out again, behind the others. What is no longer there is passed over.
    fn refetch(&self, mails: &[Origin]);

    /// Whether a mail that was handed out is there, as far as is known: false once it was filed, or is found to be gone.
    fn holds(&self, mail: &Origin) -> bool;
}
