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
    Demo(crate::demo::Demo),
}

/// Runs the command line and returns the exit status.
pub fn run() -> u8 {
    match Arguments::parse().verb {
        Verb::Inspect(args) => inspect::run(&args, &inspect::Office::default()),
        Verb::Demo(args) => demo(&args),
    }
}

fn demo(args: &crate::demo::Demo) -> u8 {
    let played = tokio::runtime::Runtime::new()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(crate::demo::play(args)));
    played.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        1
    })
}
