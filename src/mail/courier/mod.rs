//! How letters leave: over SMTP, or into a Maildir of this machine. What a letter says and to whom was decided before;
//! here it becomes MIME ([`compose`]) and is handed over, and each adapter says once what a failure means.

pub mod compose;
mod failure;
mod login;
pub mod maildir;
mod peer;
mod record;
pub mod smtp;
