//! `loket keys`: which master key is in use, and the change to another one. Keys themselves pass through no argument and
//! no answer: the operator supplies them where the configuration says.

use super::ending::{Done, Ending, concluded, say};
use super::office::{ConfigFile, ask, ask_json};
use crate::daemon::operations::Request;
use crate::daemon::operations::keys::{KeysView, RotatedView};

/// The master key: show which is in use, carry a change through.
#[derive(Debug, clap::Args)]
pub struct Keys {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Fingerprints of the keys in use, and under which something is still sealed.
    Show {
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// Seal everything under the key in `keys.master_key` that the one in `keys.previous_key` sealed; ends when it is done.
    Rotate {
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
}

pub fn run(args: &Keys) -> Done {
    let config = args.config.load()?;
    match &args.verb {
        Verb::Show { json: true } => say(&ask_json(&config, Request::ShowKeys)?.to_string()),
        Verb::Show { json: false } => show(&ask(&config, Request::ShowKeys)?),
        Verb::Rotate { json } => {
            let keys: KeysView = ask(&config, Request::ShowKeys)?;
            let done: RotatedView = ask(&config, Request::RotateKeys)?;
            let text = if *json { serde_json::to_string(&done).unwrap_or_default() } else { told(&keys, &done) };
            concluded(say(&text), all_opened(&done))
        }
    }
}

fn all_opened(done: &RotatedView) -> Done {
    if done.unopened == 0 {
        return Ok(());
    }
    let what = format!("{} things open under no key. The daemon's log names them", done.unopened);
    Err(Ending::negative(format!("{what}; bring them back from a backup")))
}

fn show(keys: &KeysView) -> Done {
    say(&format!("Master key: {}", keys.newest))?;
    if let Some(previous) = &keys.previous {
        say(&format!("Previous key: {previous}"))?;
    }
    say(&match keys.sealed_under.as_slice() {
        [_] if keys.previous.is_some() => {
            "Everything is sealed under the master key; take `keys.previous_key` away and restart the daemon".to_owned()
        }
        [_] => "Everything is sealed under it".to_owned(),
        several => format!("Being changed: something may be sealed under any of {}", several.join(", ")),
    })?;
    say(&format!("Public key of signed heads: {}", keys.evidence))
}

fn told(keys: &KeysView, done: &RotatedView) -> String {
    if keys.previous.is_none() {
        return format!(
            "Everything is sealed under the one key there is, {}. To change it, put a new key where `keys.master_key` says \
             and this one where `keys.previous_key` says, restart the daemon and repeat this command",
            done.newest
        );
    }
    format!(
        "Everything is sealed under {}: {} renewed, {} were already. Take `keys.previous_key` away and restart the daemon; \
         keep the old key in the safe for as long as backups made under it",
        done.newest, done.renewed, done.stood
    )
}
