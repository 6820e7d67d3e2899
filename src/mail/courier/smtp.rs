//! Letters over SMTP (RFC 5321), on a few lasting connections. Each stage has its own deadline and its own meaning of
//! failure: before the final dot nothing was sent and a retry is safe; after it, without an answer, the letter may have
//! been taken (RFC 1047), and only the same Message-ID makes the retry harmless.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::compose::{Copies, Sender, compose};
use super::failure::{Failure, Stop, is_of_the_login};
use super::login::log_in;
use super::peer::Peer;
use super::record::Record;
use crate::engine::peril::{Moment, moment};
use crate::engine::port::{Courier, Fault, FaultKind, Outgoing, Post};
use crate::mail::login::{Login, Shown};
use crate::mail::remark::remark;
use crate::mail::tls::{Dialect, Endpoint, Security};

/// A connection unused for longer is closed: servers drop theirs after some minutes.
const STALE: Duration = Duration::from_secs(60);

/// The server that takes our letters, as configured.
#[derive(Clone)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// User and secret; `None` where the server takes mail from this machine as it is.
    pub login: Option<(String, Login)>,
    /// PEM; trusted instead of the system's roots.
    pub ca_file: Option<PathBuf>,
    pub sender: Sender,
    /// The name we greet with; the machine's own where it is `None`.
    pub hello_name: Option<String>,
    /// For each command (RFC 5321 §4.5.3.2 speaks of five minutes).
    pub command_deadline: Duration,
    /// For the answer to the final dot, when the server may be scanning (RFC 5321 §4.5.3.2.6: ten minutes).
    pub answer_deadline: Duration,
    /// Letters under way at once.
    pub connections: usize,
}

/// [`Courier`] over SMTP.
pub struct SmtpCourier {
    settings: SmtpSettings,
    endpoint: Endpoint,
    hello: ClientId,
    permits: Semaphore,
    idle: std::sync::Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
    record: Record,
}

impl SmtpCourier {
    /// Checks the settings and loads the trust anchors; connects with the first letter.
    ///
    /// # Errors
    /// Permanent: plain text to another machine, an unreadable `ca_file`.
    pub fn new(settings: SmtpSettings) -> Result<Self, Fault> {
        let endpoint = Endpoint::new(&settings.host, settings.port, settings.security, settings.ca_file.as_ref())?;
        let hello = match &settings.hello_name {
            Some(name) if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) => {
                return Err(Fault::permanent(format_args!("{name:?} is no name to greet a mail server with")));
            }
            Some(name) => ClientId::Domain(name.clone()),
            None => ClientId::default(),
        };
        let permits = Semaphore::new(settings.connections.max(1));
        Ok(Self { settings, endpoint, hello, permits, idle: std::sync::Mutex::default(), record: Record::default() })
    }

    async fn deliver(&self, letter: &Outgoing) -> Result<(), Fault> {
        let message = compose(&self.settings.sender, letter, Copies::Hidden)?;
        let _permit = self.permits.acquire().await.map_err(|_| Fault::transient("The courier is closing"))?;
        match self.offer(&message, letter).await {
            Ok(()) => {
                self.record.accepted();
                Ok(())
            }
            Err(Failure::Unheard(fault) | Failure::Unwelcome(fault)) => {
                self.record.away();
                Err(fault)
            }
            Err(Failure::Said(fault) | Failure::OutOfStep(fault)) => {
                self.record.declined(fault.kind == FaultKind::Permanent);
                Err(fault)
            }
        }
    }

    async fn offer(&self, message: &Message, letter: &Outgoing) -> Result<(), Failure> {
        if let Some(mut line) = self.parked() {
            match self.converse(&mut line, message, letter).await {
                // The server had closed the idle connection: not this letter's fault.
                Err(Failure::Unheard(_)) => {}
                outcome => return self.settle(line, outcome).await,
            }
        }
        let mut line = self.connect().await.map_err(Failure::Unheard)?;
        let outcome = self.converse(&mut line, message, letter).await;
        self.settle(line, outcome).await
    }

    /// Keeps a connection that is still good for the next letter.
    async fn settle(&self, mut line: AsyncSmtpConnection, outcome: Result<(), Failure>) -> Result<(), Failure> {
        let is_good = match &outcome {
            Ok(()) => true,
            Err(Failure::Unheard(_) | Failure::OutOfStep(_)) => false,
            Err(Failure::Unwelcome(_) | Failure::Said(_)) => {
                let deadline = self.settings.command_deadline;
                !line.has_broken() && matches!(timeout(deadline, line.command(Rset)).await, Ok(Ok(_)))
            }
        };
        if is_good {
            self.park(line);
        }
        outcome
    }

    async fn converse(
        &self,
        line: &mut AsyncSmtpConnection,
        message: &Message,
        letter: &Outgoing,
    ) -> Result<(), Failure> {
        let envelope = message.envelope();
        let bytes = message.formatted();
        let mut options = Vec::new();
        if envelope.to().iter().chain(envelope.from()).any(|address| !address.to_string().is_ascii()) {
            if !line.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Failure::Said(Fault::permanent(
                    "The server cannot write to an address beyond ASCII (no SMTPUTF8)",
                )));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !bytes.is_ascii() {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        self.command(line, Mail::new(envelope.from().cloned(), options)).await.map_err(Stop::at_the_door)?;
        for (nth, address) in envelope.to().iter().enumerate() {
            match self.command(line, Rcpt::new(address.clone(), Vec::new())).await {
                Ok(_) => {}
                // The envelope names copies last. One that is refused costs the addressee nothing, one that is deferred a while.
                Err(Stop::Answer(fault, _))
                    if nth >= letter.to.len() && !(letter.waits_for_copies && fault.kind == FaultKind::Transient) =>
                {
                    tracing::warn!("a copy of a letter is not taken: {fault}")
                }
                Err(stop) => return Err(stop.said()),
            }
        }
        moment(Moment::LetterOffered);
        let agreed = self.command(line, Data).await.map_err(Stop::said)?;
        if !agreed.has_code(354) {
            // Whoever agrees to anything would be sent the letter as commands, and its end taken for a delivery.
            let (name, code) = (self.endpoint.name(), agreed.code());
            return Err(Failure::Unheard(Fault::transient(format_args!(
                "{name} answers DATA with {code} and not 354"
            ))));
        }
        self.message(line, &bytes).await
    }

    async fn command(&self, line: &mut AsyncSmtpConnection, command: impl std::fmt::Display) -> Result<Response, Stop> {
        let deadline = self.settings.command_deadline;
        match timeout(deadline, line.command(command)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => match self.answer(&error) {
                // 421: the server is closing, most often a connection it found idle too long.
                Some(fault) if error.status().is_some_and(|code| code.to_string() == "421") => Err(Stop::Lost(fault)),
                Some(fault) => Err(Stop::Answer(fault, error.status().map_or(0, u16::from))),
                None => Err(Stop::Lost(self.lost(&error))),
            },
            Err(_) => Err(Stop::Lost(self.silent(deadline))),
        }
    }

    async fn message(&self, line: &mut AsyncSmtpConnection, bytes: &[u8]) -> Result<(), Failure> {
        let dot_due = AtomicBool::new(false);
        let mut parts = [bytes].into_iter();
        // The crate asks for the next part once the last is written; when there is none it writes the dot.
        let body = std::iter::from_fn(|| {
            let part = parts.next();
            dot_due.store(part.is_none(), Ordering::Relaxed);
            part
        });
        let outcome = timeout(self.settings.answer_deadline, line.message_iter(body)).await;
        let perhaps_sent = dot_due.load(Ordering::Relaxed);
        let lost = match outcome {
            Ok(Ok(response)) if response.code().severity == Severity::PositiveCompletion => return Ok(()),
            Ok(Ok(response)) => {
                Fault::transient(format_args!("{} answers the letter with {}", self.endpoint.name(), response.code()))
            }
            Ok(Err(error)) => match self.answer(&error) {
                Some(fault) => return Err(Failure::Said(fault)),
                None => self.lost(&error),
            },
            Err(_) => self.silent(self.settings.answer_deadline),
        };
        Err(Failure::OutOfStep(match perhaps_sent {
            true => Fault::unknown(format_args!(
                "{lost}; the letter may have been sent, and is repeated with the same Message-ID"
            )),
            false => lost,
        }))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Fault> {
        let deadline = self.settings.command_deadline;
        // A certificate or a password is the operator's to repair; the letter waits until then.
        let waits = |fault: Fault| Fault::transient(fault.message);
        let shown = self.shown().await.map_err(waits)?;
        let opened = timeout(deadline, self.open(shown.as_ref())).await;
        opened.map_err(|_| self.silent(deadline))?.map_err(waits)
    }

    /// What to log in with, before a connection is open that would wait for a token.
    async fn shown(&self) -> Result<Option<Shown>, Fault> {
        match &self.settings.login {
            Some((_, login)) => login.show().await.map(Some),
            None => Ok(None),
        }
    }

    async fn open(&self, shown: Option<&Shown>) -> Result<AsyncSmtpConnection, Fault> {
        let wire = self.endpoint.open(&Dialect::Smtp(self.hello.to_string()), self.settings.command_deadline).await?;
        let peer = Box::new(Peer::new(wire, self.endpoint.security() == Security::StartTls));
        let said = |error: &Error| self.answer(error).unwrap_or_else(|| self.lost(error));
        let mut line = AsyncSmtpConnection::connect_with_transport(peer, &self.hello).await.map_err(|e| said(&e))?;
        if let (Some((user, _)), Some(shown)) = (&self.settings.login, shown) {
            log_in(&mut line, &self.endpoint.name(), user, shown).await?;
            shown.was_taken().await;
        }
        Ok(line)
    }

    fn parked(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < STALE);
        idle.pop().map(|(line, _)| line)
    }

    fn park(&self, line: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if idle.len() < self.settings.connections.max(1) {
            idle.push((line, Instant::now()));
        }
    }

    /// The server's refusal, where it gave one.
    fn answer(&self, error: &Error) -> Option<Fault> {
        let code = error.status()?;
        let said = std::error::Error::source(error).map(|e| remark(&e.to_string())).unwrap_or_default();
        let sentence = format!("{} answers {code} {said}", self.endpoint.name());
        Some(if error.is_permanent() && !is_of_the_login(u16::from(code)) {
            Fault::permanent(sentence)
        } else {
            Fault::transient(sentence)
        })
    }

    fn lost(&self, error: &Error) -> Fault {
        let why =
            std::error::Error::source(error).map_or_else(String::new, |e| format!(": {}", remark(&e.to_string())));
        Fault::transient(format_args!("Lost the mail server {}{why}", self.endpoint.name()))
    }

    fn silent(&self, deadline: Duration) -> Fault {
        Fault::transient(format_args!(
            "The mail server {} did not answer within {} s",
            self.endpoint.name(),
            deadline.as_secs()
        ))
    }

    async fn greet(&self) -> Result<String, Fault> {
        let deadline = self.settings.command_deadline;
        let shown = self.shown().await?;
        let mut line = timeout(deadline, self.open(shown.as_ref())).await.map_err(|_| self.silent(deadline))??;
        self.command(&mut line, Noop).await.map_err(|stop| match stop {
            Stop::Answer(fault, _) | Stop::Lost(fault) => fault,
        })?;
        let how = if self.settings.login.is_some() { "takes our login" } else { "takes our mail without a login" };
        self.park(line);
        Ok(format!("{} {how}", self.endpoint.name()))
    }
}

impl Courier for SmtpCourier {
    fn send<'a>(&'a self, letter: &'a Outgoing) -> BoxFuture<'a, Result<(), Fault>> {
        self.deliver(letter).boxed()
    }

    fn at_once(&self) -> usize {
        self.settings.connections.max(1)
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        self.greet().boxed()
    }

    fn post(&self) -> Post {
        self.record.post()
    }

    fn certificate_until(&self) -> Option<DateTime<Utc>> {
        self.endpoint.certificate_until()
    }
}
