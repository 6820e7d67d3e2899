//! `loket completions` and `loket man`: written from the command line's own description.

use std::path::PathBuf;

use clap::{Command, CommandFactory};

use super::Arguments;
use super::ending::{Done, Ending, say_bytes};

/// Print completions for a shell.
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell to write them for.
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Print the manual page, or write one page for each verb.
#[derive(Debug, clap::Args)]
pub struct Man {
    /// Write loket.1, loket-run.1 and so on into this folder.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn completions(args: &Completions) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "loket", &mut script);
    say_bytes(&script)
}

pub fn man(args: &Man) -> Done {
    if let Some(dir) = &args.dir {
        return std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command(), dir)).map_err(|why| {
            Ending::negative(format!("Cannot write manual pages to {}: {why}. Check the folder", dir.display()))
        });
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command())
        .render(&mut page)
        .map_err(|why| Ending::negative(format!("Cannot write the manual page: {why}")))?;
    say_bytes(&page)
}

fn command() -> Command {
    Arguments::command()
}
