//! The command line: one file per group of verbs.

pub mod inspect;

use clap::{Parser, Subcommand};

/// The service counter: account-reset requests from a mail inbox to a sealed archive.
#[derive(Debug, Parser)]
#[command(name = "loket", version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Inspect(inspect::Inspect),
}

/// Runs the command line and returns the exit status.
pub fn run() -> u8 {
    match Arguments::parse().verb {
        Verb::Inspect(args) => inspect::run(&args, &inspect::Office::default()),
    }
}
