//! What Loket promises, one file per promise. `kit` starts the real servers the promises are held against.

mod accounts_command;
mod accounts_directory;
mod config_file;
mod config_procedure;
mod config_secrets;
mod courier_maildir;
mod courier_smtp;
mod inbox_faults;
mod inbox_imap;
mod inbox_maildir;
mod inbox_trust;
mod kit;
mod kit_servers;
mod laws;
mod letters_samples;
mod letters_texts;
mod reading;
mod web_browser;
mod web_desk;
mod web_escape;
mod web_fake;
mod worktime_standards;
