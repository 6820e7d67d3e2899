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
        Self::new(socket_status(&error), error.to_string())
    }
}

fn socket_status(error: &SocketError) -> u8 {
    if error.is_lasting() { CONFIGURATION } else { TEMPORARY }
}

fn fault_status(fault: &Fault) -> u8 {
    if fault.kind == FaultKind::Permanent { NEGATIVE } else { TEMPORARY }
}

fn status_of(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(error) = cause.downcast_ref::<StoreError>() {
        return Some(match error {
            StoreError::File { lasting: true, .. } | StoreError::WrongKey(_) | StoreError::Refused(_) => CONFIGURATION,
            StoreError::Storage { .. } | StoreError::File { .. } | StoreError::InUse { .. } => TEMPORARY,
            StoreError::Damaged { .. } => NEGATIVE,
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
    if let Some(error) = cause.downcast_ref::<SocketError>() {
        return Some(socket_status(error));
    }
    if cause.is::<ReadingFault>() || cause.is::<Stopped>() {
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

/// Writes to standard output. A reader that has seen enough (`| head`) is no failure, and changes no verdict.
pub fn say(text: &str) -> Done {
    offer(text).map(|_| ())
}

/// As [`say`]; false once nobody reads any more, so that work for more output can be spared.
pub fn offer(text: &str) -> Result<bool, Ending> {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(write(text.as_bytes())? && write(end.as_bytes())?)
}

pub fn say_bytes(bytes: &[u8]) -> Done {
    write(bytes).map(|_| ())
}

fn write(bytes: &[u8]) -> Result<bool, Ending> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(why) if why.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(why) => Err(Ending::negative(format!("Cannot write to standard output: {why}. Give it another place"))),
    }
}

/// How a command ends that has said what it found: output that cannot be written spoils a good verdict and replaces no bad one.
pub fn concluded(said: Done, verdict: Done) -> Done {
    match (said, verdict) {
        (Err(unsaid), Err(mut ending)) => {
            ending.sentences.extend(unsaid.sentences);
            Err(ending)
        }
        (said, verdict) => verdict.and(said),
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

        let denied = |lasting| {
            let (place, why) = ("/state/lock".to_owned(), "denied".to_owned());
            StoreError::File { doing: "lock", place, why, full: false, lasting }
        };
        let socket = |lasting| {
            let (place, why) = ("/state/loket.sock".into(), "denied".to_owned());
            SocketError::Unusable { place, why, what_to_do: "Check it", lasting }
        };

        assert_eq!((status(denied(true)), status(denied(false))), (CONFIGURATION, TEMPORARY));
        assert_eq!((status(socket(true)), status(socket(false))), (CONFIGURATION, TEMPORARY));
        assert_eq!(Ending::from(socket(true)).status, CONFIGURATION);
        assert_eq!(status(held), TEMPORARY);
        assert_eq!(status(disk), TEMPORARY);
        assert_eq!(status(ReadingFault::NoSandbox { why: "cannot limit its memory".into() }), TEMPORARY);
        assert_eq!(status(StoreError::WrongKey("The store".into())), CONFIGURATION);
        assert_eq!(status(Fault::permanent("Plain text off loopback")), CONFIGURATION);
        assert_eq!(status(Fault::transient("The server is away")), TEMPORARY);
        assert_eq!(status(anyhow::anyhow!("`courier.smtp` is missing")), CONFIGURATION);
    }

    #[test]
    fn a_verdict_stands_whatever_becomes_of_the_output() {
        let full = || Err(Ending::negative("Cannot write"));
        let bad = || Err(Ending::new(CONFIGURATION, "Correct it"));
        let told = |done: Done| done.err().map(|ending| (ending.status, ending.sentences.join(" ")));

        assert_eq!(told(concluded(Ok(()), Ok(()))), None);
        assert_eq!(told(concluded(full(), Ok(()))), Some((NEGATIVE, "Cannot write".to_owned())));
        assert_eq!(told(concluded(Ok(()), bad())), Some((CONFIGURATION, "Correct it".to_owned())));
        assert_eq!(told(concluded(full(), bad())), Some((CONFIGURATION, "Correct it Cannot write".to_owned())));
    }

    #[test]
    fn a_sentence_stays_on_its_line() {
        assert_eq!(one_line("a\nb\u{1b}[2J"), "a\u{fffd}b\u{fffd}[2J");
    }
}
