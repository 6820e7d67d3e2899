//! `loket backup` and `loket restore`. A backup is taken while the daemon works; a restore needs the state folder for
//! itself, and holds back whatever may have happened after the backup was taken.

use std::path::{Path, PathBuf};

use chrono::Datelike;

use super::carry::carry;
use super::ending::{Done, Ending, NEGATIVE, concluded, say};
use super::office::{ConfigFile, ask, give_back};
use super::table::counted;
use crate::daemon::assembly;
use crate::daemon::clock::SystemClock;
use crate::daemon::operations::{Copied, Request, Staging, named};
use crate::engine::port::Clock;
use crate::store::{Brought, Restoring, StateFolder, StoreError, bring_back};
use crate::vault::OsRandom;

/// Write a verified, sealed copy of everything but the master key, of one moment, while work goes on.
#[derive(Debug, clap::Args)]
pub struct Backup {
    /// A new file; keep it where the disk's thief is not.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print JSON in place of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Bring a backup back: the live store, and accounts and archive where they are missing. Stop the daemon first.
#[derive(Debug, clap::Args)]
pub struct Restore {
    /// A backup that `loket backup` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Also over newer or other data, which is kept beside it.
    #[arg(long)]
    force: bool,
    /// Print JSON in place of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

pub fn back_up(args: &Backup) -> Done {
    let config = args.config.load()?;
    let file = &args.file;
    if file.exists() {
        return Err(Ending::negative(format!("{} exists already. Name a new file", file.display())));
    }
    must_have_a_folder(file)?;
    let made: Copied = ask(&config, Request::Backup)?;
    let carried = carry(&made.file, file);
    if let Some(place) = made.file.parent() {
        Staging::clear(place);
    }
    carried.map_err(|why| {
        Ending::negative(format!("Cannot write {}: {why}. Check the disk and who may write there", file.display()))
    })?;
    if args.json {
        let view = Copied { file: file.clone(), ..made };
        return concluded(say(&serde_json::to_string(&view).unwrap_or_default()), whole(&view.damaged));
    }
    let said = say(&format!(
        "{}: {}, {}, {} bytes",
        file.display(),
        counted(made.cases, "case"),
        counted(made.contents, "content"),
        made.bytes
    ));
    concluded(said, whole(&made.damaged))
}

/// Known before the work is asked for, which may take long.
fn must_have_a_folder(file: &Path) -> Done {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let why = match folder.metadata() {
        Ok(about) if about.is_dir() => return Ok(()),
        Ok(_) => "it is no folder".to_owned(),
        Err(why) => why.to_string(),
    };
    Err(Ending::negative(format!(
        "Cannot write into {}: {why}. Make the folder, or name another file",
        folder.display()
    )))
}

pub fn put_back(args: &Restore) -> Done {
    let config = args.config.load()?;
    if !args.file.is_file() {
        return Err(Ending::negative(format!("There is no backup at {}. Name the file", args.file.display())));
    }
    let state = &config.state.directory;
    // A new key opens no backup, and would lie where the right one belongs.
    let keys = assembly::keyring(&config, None)?;
    let folder = StateFolder::take(state).map_err(ending)?;
    let archive = &config.state.archive_directory;
    let year = SystemClock.now().with_timezone(&config.office.zone).year();
    let series = Some((&config.office.id, config.office.prefix.as_str()));
    let restoring = Restoring { keyring: &keys, random: &OsRandom, file: &args.file, force: args.force, year, series };
    let brought = bring_back(&folder, archive, &restoring).map_err(ending);
    drop(folder);
    give_back(state);
    give_back(archive);
    let brought = brought?;
    let damaged: Vec<String> = brought.live.damaged.iter().map(named).collect();
    concluded(tell(&brought, args.json), whole(&damaged))
}

/// A copy holds what was damaged as it was.
fn whole(damaged: &[String]) -> Done {
    match damaged {
        [] => Ok(()),
        some => {
            let sentences = some.iter().map(|one| format!("{one}. The copy has it so; all else is whole")).collect();
            Err(Ending { status: NEGATIVE, sentences })
        }
    }
}

fn tell(brought: &Brought, json: bool) -> Done {
    let report = &brought.live;
    if json {
        let view = serde_json::json!({
            "cases": report.cases, "contents": report.contents, "links_voided": report.links_voided,
            "rows_held": report.rows_held, "epoch": report.epoch, "replaced": report.replaced,
            "damaged": report.damaged.iter().map(named).collect::<Vec<_>>(), "numbers": report.numbers,
            "placed": brought.placed, "kept": brought.kept, "aside": brought.aside,
        });
        return say(&view.to_string());
    }
    say(&format!(
        "Restored: {}, {}; {} void, {} held: look at them with `loket cases list --stuck`, then `loket cases retry NUMBER` \
         or `loket cases drop NUMBER --row ID`",
        counted(report.cases, "case"),
        counted(report.contents, "content"),
        counted(report.links_voided, "link"),
        counted(report.rows_held, "effect")
    ))?;
    for (series, last) in &report.numbers {
        say(&format!(
            "Numbers of {series} go on after {last}: nobody can tell which were given out after the backup was taken"
        ))?;
    }
    for (files, what) in [
        (&brought.placed, "Put in place"),
        (&brought.kept, "Kept as it is, since it is newer than the backup"),
        (&brought.aside, "What was there before lies in"),
    ] {
        for file in files {
            say(&format!("{what}: {}", file.display()))?;
        }
    }
    if let Some(aside) = &report.replaced {
        say(&format!("What was there before lies in {}", aside.display()))?;
    }
    Ok(())
}

/// What a restore refuses is an answer to what was asked; all else ends as it does for the daemon.
fn ending(error: StoreError) -> Ending {
    match error {
        StoreError::Refused(sentence) => Ending::negative(sentence),
        StoreError::Damaged { thing, what } if thing.starts_with("the backup ") => {
            Ending::negative(format!("Cannot restore {thing}: {what}. Restore another backup"))
        }
        other => Ending::from(anyhow::Error::from(other)),
    }
}
