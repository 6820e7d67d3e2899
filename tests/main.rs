//! What Loket promises, one file per promise. `kit` starts the real servers the promises are held against.

mod kit;

mod courier_maildir;
mod courier_smtp;
mod inbox_faults;
mod inbox_imap;
mod inbox_maildir;
mod inbox_trust;
mod kit_servers;
