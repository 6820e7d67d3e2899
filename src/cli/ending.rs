//! How a command ends: the exit statuses of the contract and the one sentence that goes to standard error.

use std::io::{ErrorKind, Write};

use crate::accounts::directory::DirectoryError;
use crate::config::ConfigFinding;
use crate::config::secret::SecretError;
use crate::daemon::desk::DeskError;
use crate::daemon::operations::Answer;
use crate::daemon::service::Stopped;
use crate::daemon::socket::SocketError;
use crate::engine::port::{Fault, FaultKind};
use crate::reading::pool::ReadingFault;
use crate::store::StoreError;
use crate::web::serve::ServeError;

/// Done, and the finding is negative.
pub const NEGATIVE: u8 = 1;
/// Worth retrying (sysexits EX_TEMPFAIL).
pub const TEMPORARY: u8 = 75;
/// The configuration is wrong (sysexits EX_CONFIG).
pub const CONFIGURATION: u8 = 78;

/// An end other than "done and all well".
#[derive(Debug)]
pub struct Ending {
    pub status: u8,
    /// Each goes to standard error on a line of its own.
    pub sentences: Vec<String>,
}

/// What a verb returns.
pub type Done = Result<(), Ending>;

impl Ending {
    pub fn new(status: u8, sentence: impl Into<String>) -> Self {
        Self { status, sentences: vec![sentence.into()] }
    }

    pub fn negative(sentence: impl Into<String>) -> Self {
        Self::new(NEGATIVE, sentence)
    }

    pub fn temporary(sentence: impl Into<String>) -> Self {
        Self::new(TEMPORARY, sentence)
    }

    /// Ends with a status that the output has explained already.
    pub fn silent(status: u8) -> Self {
        Self { status, sentences: Vec::new() }
    }

    /// A configuration with mistakes, each on its own line.
    pub fn findings(findings: &[ConfigFinding]) -> Self {
        Self { status: CONFIGURATION, sentences: findings.iter().map(ToString::to_string).collect() }
    }

    /// Says why on standard error and gives the exit status.
    pub fn tell(&self) -> u8 {
        for sentence in &self.sentences {
            // Nobody is left to tell where standard error is closed.
            let _ = writeln!(std::io::stderr(), "{}", one_line(sentence));
        }
        self.status
    }
}

/// Whatever kept an office from being put together or from going on.
impl From<anyhow::Error> for Ending {
    fn from(error: anyhow::Error) -> Self {
        let status = error.chain().find_map(status_of).unwrap_or(CONFIGURATION);
        Self::new(status, format!("{error:#}"))
    }
}

impl From<Fault> for Ending {
    fn from(fault: Fault) -> Self {
        Self::new(fault_status(&fault), fault.message)
    }
}

impl From<SocketError> for Ending {
    fn from(error: SocketError) -> Self {
        Self::temporary(error.to_string())
    }
}

fn fault_status(fault: &Fault) -> u8 {
    if fault.kind == FaultKind::Permanent { NEGATIVE } else { TEMPORARY }
}

fn status_of(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(error) = cause.downcast_ref::<StoreError>() {
        return Some(match error {
            StoreError::Storage { .. } | StoreError::File { .. } | StoreError::InUse { .. } => TEMPORARY,
            StoreError::Damaged { .. } => NEGATIVE,
            StoreError::WrongKey(_) | StoreError::Refused(_) => CONFIGURATION,
        });
    }
    if let Some(error) = cause.downcast_ref::<DirectoryError>() {
        return Some(if matches!(error, DirectoryError::InUse(_)) { TEMPORARY } else { NEGATIVE });
    }
    if let Some(error) = cause.downcast_ref::<DeskError>() {
        return Some(if matches!(error, DeskError::Serve(ServeError::Bind { .. })) {
            TEMPORARY
        } else {
            CONFIGURATION
        });
    }
    if cause.is::<SocketError>() || cause.is::<ReadingFault>() || cause.is::<Stopped>() {
        return Some(TEMPORARY);
    }
    if cause.is::<SecretError>() {
        return Some(CONFIGURATION);
    }
    // A permanent fault while an office is put together is a setting that cannot work.
    cause.downcast_ref::<Fault>().map(|f| if f.kind == FaultKind::Permanent { CONFIGURATION } else { TEMPORARY })
}

/// The value of an answer, or how the command ends.
pub fn value(answer: Answer) -> Result<serde_json::Value, Ending> {
    match answer {
        Answer::Done { value } => Ok(value),
        Answer::Negative { sentence } => Err(Ending::negative(sentence)),
        Answer::Failed { sentence, worth_retrying: true } => Err(Ending::temporary(sentence)),
        Answer::Failed { sentence, worth_retrying: false } => Err(Ending::negative(sentence)),
    }
}

/// Writes to standard output. A reader that has seen enough (`| head`) is no failure.
pub fn say(text: &str) -> Done {
    say_bytes(text.as_bytes())?;
    if text.ends_with('\n') || text.is_empty() { Ok(()) } else { say_bytes(b"\n") }
}

pub fn say_bytes(bytes: &[u8]) -> Done {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(why) if why.kind() == ErrorKind::BrokenPipe => Err(Ending::silent(0)),
        Err(why) => Err(Ending::negative(format!("Cannot write to standard output: {why}"))),
        Ok(()) => Ok(()),
    }
}

/// What others wrote may stand in a sentence; none of it may move the cursor.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(error: impl Into<anyhow::Error>) -> u8 {
        Ending::from(error.into()).status
    }

    #[test]
    fn what_a_restart_may_mend_is_told_from_what_it_may_not() {
        let held = StoreError::InUse { place: "The folder".into(), holder: "process 7".into() };
        let disk = StoreError::Storage { doing: "writing".into(), why: "no space left".into() };

        assert_eq!(status(held), TEMPORARY);
        assert_eq!(status(disk), TEMPORARY);
        assert_eq!(status(ReadingFault::NoSandbox { why: "cannot limit its memory".into() }), TEMPORARY);
        assert_eq!(status(StoreError::WrongKey("The store".into())), CONFIGURATION);
        assert_eq!(status(Fault::permanent("Plain text off loopback")), CONFIGURATION);
        assert_eq!(status(Fault::transient("The server is away")), TEMPORARY);
        assert_eq!(status(anyhow::anyhow!("`courier.smtp` is missing")), CONFIGURATION);
    }

    #[test]
    fn a_sentence_stays_on_its_line() {
        assert_eq!(one_line("a\nb\u{1b}[2J"), "a\u{fffd}b\u{fffd}[2J");
    }
}
