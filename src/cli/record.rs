//! Where the daemon's log goes: the journal under systemd, else standard error. The `log` crate's ceiling is debug, since
//! a library below writes passwords at trace.

use std::io::IsTerminal;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::operation::{LogConfig, LogForm};

/// Begins logging as configured. The level was checked with the configuration. True where the log goes to the journal.
pub fn begin(config: &LogConfig) -> bool {
    let filter = || config.level.parse::<EnvFilter>().unwrap_or_else(|_| EnvFilter::new("info"));
    let wants_journal = match config.form {
        LogForm::Journal => true,
        // systemd.exec(5): set where standard error is the journal.
        LogForm::Auto => std::env::var_os("JOURNAL_STREAM").is_some(),
        LogForm::Plain => false,
    };
    if wants_journal && let Ok(journal) = tracing_journald::layer() {
        let begun = tracing_subscriber::registry().with(filter()).with(journal).try_init();
        if begun.is_ok() {
            return true;
        }
    }
    plain(filter());
    false
}

/// For verbs that open the state folder themselves: what a person must act on, and nothing else.
pub fn begin_quietly() {
    plain(EnvFilter::new("error"));
}

fn plain(filter: EnvFilter) {
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    // Somebody who embeds this program may log already.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
