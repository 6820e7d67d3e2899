//! What Loket promises, one file per promise. `kit` starts the real servers the promises are held against.

mod accounts_command;
mod accounts_directory;
mod config_file;
mod config_procedure;
mod config_secrets;
mod kit;
mod letters_samples;
mod letters_texts;
mod reading;
mod worktime_standards;
