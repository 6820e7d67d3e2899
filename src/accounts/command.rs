//! The driver that runs the office's own script, for systems Loket does not know.
//!
//! One run answers one request: a JSON object on standard input, a JSON object on standard output. `config/accounts/README.md` tells
//! operators what stands in both, what an exit status means, and what a script owes so that no account is reset twice.
//!
//! A time-out, an end by a signal (or a shell's status for one, 128 and more), or an answer that cannot be understood leaves the
//! outcome of a reset unknown: a person must look, or `read_back` tells. That it did not happen is not believed before twice the
//! deadline has passed since it was begun, as what the script asked for may outlive it. The script gets no secret as an
//! argument or in its environment, which is empty but for `PATH` and `LANG`. What it writes to standard error is thrown away, since it
//! may hold secrets, except when probed.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::directory::Directory;
use super::protocol::{Accounts, Asked, Effect, Outcome, Ready, Request, VERSION};
use crate::engine::port::{Abilities, AccountDriver, Fate, Fault, FaultKind, Query, ResetOrder, ResetOutcome};
use crate::sop::account::Account;
use crate::sop::names::UserId;

/// The most an answer may take; a look-up that finds more than this holds is not a look-up.
const LONGEST_ANSWER: u64 = 1024 * 1024;
/// sysexits.h: EX_TEMPFAIL.
const TEMPORARY: i32 = 75;

/// How the script is run and what it can do.
#[derive(Debug, Clone)]
pub struct ScriptSettings {
    pub program: PathBuf,
    /// Passed as they are; never a secret.
    pub arguments: Vec<String>,
    /// Wall-clock time of one run.
    pub deadline: Duration,
    pub force_change: bool,
    pub read_back: bool,
    /// The script answers `look_up`; else the register does.
    pub look_up: bool,
}

/// Runs the office's script.
pub struct Script {
    config: ScriptSettings,
    register: Directory,
}

impl Script {
    /// The register answers look-ups where the script does not.
    pub fn new(config: ScriptSettings, register: Directory) -> Self {
        Self { config, register }
    }

    /// Runs the script once. `lost` is the kind of fault where it may or may not have acted.
    async fn ask<T: DeserializeOwned>(&self, asked: Asked<'_>, lost: FaultKind) -> Result<T, Fault> {
        let probing = matches!(asked, Asked::Probe {});
        let request = serde_json::to_vec(&Request { version: VERSION, asked }).map(Zeroizing::new);
        let request =
            request.map_err(|_| Fault::permanent("The request to the account script could not be written"))?;
        let mut child = self.start(probing)?;
        let deadline = self.config.deadline;
        let run = tokio::time::timeout(deadline, converse(&mut child, &request)).await;
        let name = self.config.program.display();
        let unsure = |message: String| Fault { kind: lost, message };
        let ended = match run {
            Err(_) => {
                end(&mut child).await;
                let seconds = deadline.as_secs_f32();
                return Err(unsure(format!(
                    "The account script {name} gave no answer within {seconds} s and was ended"
                )));
            }
            Ok(Err(why)) => {
                end(&mut child).await;
                return Err(unsure(format!("The account script {name} could not be talked to: {why}")));
            }
            Ok(Ok(ended)) => ended,
        };
        if ended.answer.len() as u64 > LONGEST_ANSWER {
            return Err(unsure(format!("The account script {name} answered with more than 1 MiB; mend the script")));
        }
        self.judge_exit(ended.status, &ended.complaint, lost)?;
        serde_json::from_slice(&ended.answer).map_err(|e| {
            let place = format!("line {} column {}", e.line(), e.column());
            unsure(format!("The account script {name} gave an answer that is not as agreed ({place}); mend the script"))
        })
    }

    fn start(&self, probing: bool) -> Result<Child, Fault> {
        let mut command = Command::new(&self.config.program);
        command.args(&self.config.arguments).env_clear().current_dir("/").process_group(0).kill_on_drop(true);
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C.UTF-8");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(if probing { Stdio::piped() } else { Stdio::null() });
        let name = self.config.program.display();
        command.spawn().map_err(|why| match why.kind() {
            ErrorKind::NotFound | ErrorKind::PermissionDenied => Fault::permanent(format!(
                "The account script {name} cannot be run: {why}. Correct `accounts.command.program`"
            )),
            _ => Fault::transient(format!("The account script {name} cannot be run at this moment: {why}")),
        })
    }

    fn judge_exit(&self, status: ExitStatus, complaint: &str, lost: FaultKind) -> Result<(), Fault> {
        let name = self.config.program.display();
        let said = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
        match status.code() {
            Some(0) => Ok(()),
            Some(TEMPORARY) => {
                Err(Fault::transient(format!("The account script {name} asks to be tried later (status 75){said}")))
            }
            Some(code @ ..128) => {
                Err(Fault::permanent(format!("The account script {name} failed with status {code}{said}")))
            }
            // A shell says 128 and the signal where its own child was ended by one.
            _ => {
                let signal = status.signal().or(status.code().map(|code| code - 128)).unwrap_or_default();
                Err(Fault { kind: lost, message: format!("The account script {name} was ended by signal {signal}") })
            }
        }
    }
}

/// A run that came to its end.
struct Ended {
    status: ExitStatus,
    /// At most one byte over the longest answer.
    answer: Zeroizing<Vec<u8>>,
    /// First line of standard error, of a probe alone.
    complaint: String,
}

/// Ends the script and all it started. It has not been waited for, so its group is still its own.
async fn end(child: &mut Child) {
    if let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait().await;
}

async fn converse(child: &mut Child, request: &[u8]) -> std::io::Result<Ended> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let tell = async {
        if let Some(mut stdin) = stdin {
            // A script that does not care for the request closes its end early; its exit status tells the rest.
            let _ = stdin.write_all(request).await;
            let _ = stdin.write_all(b"\n").await;
        }
    };
    let ((), answer, complaint) = tokio::join!(tell, read(stdout, LONGEST_ANSWER + 1), read(stderr, 4096));
    let status = child.wait().await?;
    let complaint = String::from_utf8_lossy(&complaint?)
        .lines()
        .next()
        .unwrap_or("")
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    Ok(Ended { status, answer: answer?, complaint })
}

/// Reads to the end, keeping no more than `most` bytes; a longer answer closes the pipe on the writer.
async fn read(source: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    if let Some(source) = source {
        source.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

impl AccountDriver for Script {
    fn abilities(&self) -> Abilities {
        Abilities { by_hand: false, force_change: self.config.force_change, read_back: self.config.read_back }
    }

    /// What the script asked for before it was ended may reach the account system a moment later; a script whose daemon was
    /// killed is ended by nobody.
    fn settles_within(&self) -> TimeDelta {
        TimeDelta::from_std(self.config.deadline.saturating_mul(2)).unwrap_or(TimeDelta::MAX)
    }

    fn look_up<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Account>, Fault>> {
        Box::pin(async {
            if !self.config.look_up {
                return self.register.candidates(query);
            }
            let (user_id, nip) = (query.user_id.as_deref(), query.nip.as_deref());
            let asked = Asked::LookUp { user_id, nip, email: query.email.as_deref(), name: query.name.as_deref() };
            let found: Accounts = self.ask(asked, FaultKind::Transient).await?;
            Ok(found.accounts)
        })
    }

    fn reset<'a>(&'a self, order: ResetOrder<'a>) -> BoxFuture<'a, Result<ResetOutcome, Fault>> {
        Box::pin(async move {
            let asked = Asked::Reset {
                idempotency_key: order.idempotency_key,
                user_id: &order.user_id.0,
                temporary_password: order.temporary_password,
                expires_at: order.expires_at,
            };
            let outcome: Outcome = self.ask(asked, FaultKind::Unknown).await?;
            Ok(outcome.into())
        })
    }

    fn read_back<'a>(
        &'a self,
        idempotency_key: &'a str,
        user_id: &'a UserId,
    ) -> BoxFuture<'a, Result<Option<Fate>, Fault>> {
        Box::pin(async move {
            if !self.config.read_back {
                return Ok(None);
            }
            let asked = Asked::ReadBack { idempotency_key, user_id: &user_id.0 };
            let effect: Effect = self.ask(asked, FaultKind::Transient).await?;
            Ok(effect.fate())
        })
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        Box::pin(async {
            let answer: Ready = self.ask(Asked::Probe {}, FaultKind::Transient).await?;
            if !self.config.look_up {
                AccountDriver::probe(&self.register).await?;
            }
            let ready: String = answer.ready.chars().filter(|c| !c.is_control()).take(200).collect();
            Ok(format!("The account script is ready: {ready}"))
        })
    }
}
