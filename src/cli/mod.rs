//! The command line: one file per group of verbs. It reads arguments, asks, shows and ends with the contract's exit
//! statuses; what is asked of an office's state is in [`crate::daemon::operations`].

mod accounts;
mod admins;
mod archive;
mod argument;
mod backup;
pub mod carry;
mod cases;
mod check;
mod discretion;
mod ending;
pub mod inspect;
mod keys;
mod office;
mod record;
mod report;
mod run;
mod shell;
mod table;

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
    Run(run::Run),
    Check(check::Check),
    Inspect(inspect::Inspect),
    Accounts(accounts::Accounts),
    Admins(admins::Admins),
    Cases(cases::Cases),
    Archive(archive::Archive),
    Report(report::Report),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Keys(keys::Keys),
    Completions(shell::Completions),
    Man(shell::Man),
    Demo(crate::demo::Demo),
}

/// Runs the command line and returns the exit status.
pub fn run() -> u8 {
    let verb = Arguments::parse().verb;
    if let Err(ending) = discretion::keep() {
        return ending.tell();
    }
    // Everything that speaks TLS shares one provider. It is installed once, so a second time cannot come.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if !matches!(verb, Verb::Run(_)) {
        record::begin_quietly();
    }
    let done = match &verb {
        Verb::Run(args) => run::run(args),
        Verb::Check(args) => check::run(args),
        Verb::Inspect(args) => inspect::command(args),
        Verb::Accounts(args) => accounts::run(args),
        Verb::Admins(args) => admins::run(args),
        Verb::Cases(args) => cases::run(args),
        Verb::Archive(args) => archive::run(args),
        Verb::Report(args) => report::run(args),
        Verb::Backup(args) => backup::back_up(args),
        Verb::Restore(args) => backup::put_back(args),
        Verb::Keys(args) => keys::run(args),
        Verb::Completions(args) => shell::completions(args),
        Verb::Man(args) => shell::man(args),
        Verb::Demo(args) => return demo(args),
    };
    match done {
        Ok(()) => 0,
        Err(ending) => ending.tell(),
    }
}

fn demo(args: &crate::demo::Demo) -> u8 {
    let played =
        office::runtime().and_then(|runtime| runtime.block_on(crate::demo::play(args)).map_err(ending::Ending::from));
    played.unwrap_or_else(|ending| ending.tell())
}
