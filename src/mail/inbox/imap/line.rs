//! One logged-in IMAP connection. Every command has a deadline and an allowance of bytes, and every answer is read to its
//! tag, so that a `NO` is never lost. After a break the connection is dropped, never reused.

use std::time::Duration;

use async_imap::imap_proto::{Capability, MailboxDatum, Response, ResponseCode, Status};
use async_imap::{Client, Session};
use tokio::time::timeout;

use super::ImapSettings;
use super::meter::Meter;
use super::words::quoted_folder;
use crate::engine::port::Fault;
use crate::mail::login::Shown;
use crate::mail::remark::remark;
use crate::mail::tls::{Dialect, Endpoint, Security, Wire};

/// Bytes an answer may have beside the mails asked for; 100,000 waiting mails are listed in about 5 MiB.
const ANSWER: u64 = 32 * 1024 * 1024;

pub(super) struct Line {
    session: Session<Meter<Wire>>,
    server: String,
    deadline: Duration,
    pub abilities: Abilities,
    /// The server told of new mail since the last listing.
    pub news: bool,
}

/// What the server can do beyond the base protocol.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Abilities {
    pub idle: bool,
    pub moving: bool,
    pub uid_expunge: bool,
}

/// Why a command did not succeed.
pub(super) enum Trouble {
    /// The server said NO or BAD; the connection goes on.
    Refused { missing_folder: bool, said: String },
    /// The connection is of no more use.
    Broken(Fault),
}

impl Trouble {
    pub fn into_fault(self, doing: &str) -> Fault {
        match self {
            Self::Refused { said, .. } => Fault::transient(format_args!("{doing}: the server refuses ({said})")),
            Self::Broken(fault) => fault,
        }
    }
}

impl Line {
    /// Connects, logs in and asks what the server can do.
    pub async fn open(endpoint: &Endpoint, settings: &ImapSettings) -> Result<Self, Fault> {
        let deadline = settings.command_deadline;
        // Before the connection, which would wait for a token.
        let shown = settings.login.show().await?;
        let wire = endpoint.open(&Dialect::Imap, deadline).await?;
        let server = endpoint.name();
        let late = |_| silent(&server, deadline);
        let session = timeout(deadline, log_in(wire, endpoint, &settings.user, &shown)).await.map_err(late)??;
        let mut line = Self { session, server, deadline, abilities: Abilities::default(), news: false };
        let mut abilities = Abilities::default();
        line.run("CAPABILITY", |response| abilities.note(response))
            .await
            .map_err(|t| t.into_fault("Cannot ask what the mail server can do"))?;
        line.abilities = abilities;
        Ok(line)
    }

    /// Opens a folder and returns its UIDVALIDITY and number of mails.
    pub async fn enter(&mut self, verb: &str, folder: &str) -> Result<(u32, u32), Fault> {
        let name = quoted_folder(folder).ok_or_else(|| {
            Fault::permanent(format_args!("Cannot open {folder:?}: not a folder name. Change `inbox_folder`"))
        })?;
        let (mut validity, mut mails) = (None, 0);
        let opened = self
            .run(&format!("{verb} {name}"), |response| match response {
                Response::Data { outcome, .. } => {
                    if let Some(ResponseCode::UidValidity(value)) = outcome.code {
                        validity = Some(value);
                    }
                }
                Response::MailboxData(MailboxDatum::Exists(count)) => mails = *count,
                _ => {}
            })
            .await;
        match opened {
            Ok(()) => {}
            Err(Trouble::Broken(fault)) => return Err(fault),
            Err(Trouble::Refused { said, .. }) => {
                return Err(Fault::permanent(format_args!(
                    "Cannot open the folder {folder:?} on {}: {said}. Create it or change `inbox_folder`",
                    self.server
                )));
            }
        }
        let validity = validity.ok_or_else(|| {
            Fault::permanent(format_args!("{} keeps no lasting message numbers (no UIDVALIDITY)", self.server))
        })?;
        Ok((validity, mails))
    }

    /// Runs one command and shows `on` every untagged response.
    pub async fn run(&mut self, command: &str, on: impl FnMut(&Response<'_>) + Send) -> Result<(), Trouble> {
        self.run_within(command, self.deadline, ANSWER, on).await
    }

    /// As [`Line::run`], for answers that carry mail: with their own time and size.
    pub async fn run_within(
        &mut self,
        command: &str,
        deadline: Duration,
        bytes: u64,
        on: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), Trouble> {
        match timeout(deadline, self.exchange(command, bytes, on)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Trouble::Broken(silent(&self.server, deadline))),
        }
    }

    /// The deadline for an answer that carries `bytes` of mail: at least 128 KiB a second beyond the command's own.
    pub fn deadline_for(&self, bytes: u64) -> Duration {
        self.deadline + Duration::from_secs(bytes / (128 * 1024))
    }

    async fn exchange(
        &mut self,
        command: &str,
        bytes: u64,
        mut on: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), Trouble> {
        self.session.as_mut().allow(bytes);
        let tag = self.session.run_command(command).await.map_err(|e| self.broken(&e))?;
        loop {
            let response = self.session.read_response().await.map_err(|e| self.broken(&e.into()))?;
            let Some(response) = response else { return Err(self.broken(&async_imap::error::Error::ConnectionLost)) };
            match response.parsed() {
                Response::Done { tag: done, status, outcome } if *done == tag => {
                    return match status {
                        Status::Ok => Ok(()),
                        _ => Err(Trouble::Refused {
                            missing_folder: matches!(outcome.code, Some(ResponseCode::TryCreate)),
                            said: remark(outcome.information.as_deref().unwrap_or("no reason given")),
                        }),
                    };
                }
                other => {
                    self.news |= matches!(other, Response::MailboxData(MailboxDatum::Exists(_)));
                    self.stop_at_bye(other)?;
                    on(other);
                }
            }
        }
    }

    /// Waits in IDLE (RFC 2177) until the server tells of new mail or `at_most` has passed; the end may take
    /// `end_within`.
    pub async fn idle(&mut self, at_most: Duration, end_within: Duration) -> Result<(), Trouble> {
        self.session.as_mut().allow(ANSWER);
        let tag = self.session.run_command("IDLE").await.map_err(|e| self.broken(&e))?;
        if timeout(self.deadline, self.idle_until(&tag, true))
            .await
            .map_err(|_| Trouble::Broken(silent(&self.server, self.deadline)))??
        {
            return Ok(());
        }
        // Passing `at_most` is the ordinary end; nothing read so far is lost, as responses stay in the buffer.
        if let Ok(ended) = timeout(at_most, self.idle_until(&tag, false)).await
            && ended?
        {
            return Ok(());
        }
        self.session.run_command_untagged("DONE").await.map_err(|e| self.broken(&e))?;
        timeout(end_within, self.idle_end(&tag)).await.map_err(|_| Trouble::Broken(silent(&self.server, end_within)))?
    }

    /// Reads until the go-ahead (`for_consent`) or until news; `true` once the server has ended IDLE by itself.
    async fn idle_until(
        &mut self,
        tag: &async_imap::imap_proto::RequestId,
        for_consent: bool,
    ) -> Result<bool, Trouble> {
        while for_consent || !self.news {
            let response = self.session.read_response().await.map_err(|e| self.broken(&e.into()))?;
            let Some(response) = response else { return Err(self.broken(&async_imap::error::Error::ConnectionLost)) };
            match response.parsed() {
                Response::Continue(_) if for_consent => return Ok(false),
                Response::Done { tag: done, status: Status::Ok, .. } if done == tag => return Ok(true),
                Response::Done { tag: done, .. } if done == tag => {
                    self.abilities.idle = false;
                    return Ok(true);
                }
                other => {
                    self.news |= matches!(other, Response::MailboxData(MailboxDatum::Exists(_)));
                    self.stop_at_bye(other)?;
                }
            }
        }
        Ok(false)
    }

    async fn idle_end(&mut self, tag: &async_imap::imap_proto::RequestId) -> Result<(), Trouble> {
        loop {
            let response = self.session.read_response().await.map_err(|e| self.broken(&e.into()))?;
            let Some(response) = response else { return Err(self.broken(&async_imap::error::Error::ConnectionLost)) };
            match response.parsed() {
                Response::Done { tag: done, .. } if done == tag => return Ok(()),
                other => {
                    self.news |= matches!(other, Response::MailboxData(MailboxDatum::Exists(_)));
                    self.stop_at_bye(other)?;
                }
            }
        }
    }

    fn stop_at_bye(&self, response: &Response<'_>) -> Result<(), Trouble> {
        let Response::Data { status: Status::Bye, outcome } = response else { return Ok(()) };
        let said = remark(outcome.information.as_deref().unwrap_or("no reason given"));
        Err(Trouble::Broken(Fault::transient(format_args!("{} ended the connection: {said}", self.server))))
    }

    fn broken(&self, error: &async_imap::error::Error) -> Trouble {
        Trouble::Broken(Fault::transient(format_args!("Lost the mail server {}: {}", self.server, in_words(error))))
    }
}

impl Abilities {
    fn note(&mut self, response: &Response<'_>) {
        let Response::Capabilities(list) = response else { return };
        for capability in list {
            let Capability::Atom(name) = capability else { continue };
            self.idle |= name.eq_ignore_ascii_case("IDLE");
            self.moving |= name.eq_ignore_ascii_case("MOVE");
            self.uid_expunge |= name.eq_ignore_ascii_case("UIDPLUS");
        }
    }
}

async fn log_in(wire: Wire, endpoint: &Endpoint, user: &str, shown: &Shown) -> Result<Session<Meter<Wire>>, Fault> {
    let mut meter = Meter::new(wire);
    meter.allow(ANSWER);
    let mut client = Client::new(meter);
    let lost = |e: &async_imap::error::Error| {
        Fault::transient(format_args!("Cannot log in to {}: {}", endpoint.name(), in_words(e)))
    };
    if endpoint.security() != Security::StartTls {
        let greeting = client.read_response().await.map_err(|e| lost(&e.into()))?;
        let greeted = greeting.is_some_and(|g| matches!(g.parsed(), Response::Data { status: Status::Ok, .. }));
        if !greeted {
            return Err(Fault::transient(format_args!("{} did not greet us as an IMAP server", endpoint.name())));
        }
    }
    let outcome = match shown {
        // A quoted string holds ASCII only; other passwords travel in base64 (RFC 4616).
        Shown::Password(password) if user.is_ascii() && password.is_ascii() => client.login(user, password).await,
        Shown::Password(password) => client.authenticate("PLAIN", Plain { user, password }).await,
        Shown::Token(token, _) => client.authenticate("XOAUTH2", Xoauth2 { user, token, shown: false }).await,
    };
    let error = match outcome {
        Ok(session) => {
            shown.was_taken().await;
            return Ok(session);
        }
        Err((error, _)) => error,
    };
    Err(match error {
        async_imap::error::Error::No(said) if said.contains("UNAVAILABLE") => {
            Fault::transient(format_args!("{} cannot check logins at the moment", endpoint.name()))
        }
        async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_) => match shown {
            Shown::Token(token, tokens) => tokens.refused(token, &endpoint.name()).await,
            Shown::Password(_) => Fault::permanent(format_args!(
                "{} refuses the login of this mailbox. Check the user name and the password",
                endpoint.name()
            )),
        },
        other => lost(&other),
    })
}

struct Xoauth2<'a> {
    user: &'a str,
    token: &'a str,
    shown: bool,
}

impl async_imap::Authenticator for Xoauth2<'_> {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        // A second challenge explains a refusal, and an empty answer lets the server end it with NO.
        if std::mem::replace(&mut self.shown, true) {
            return String::new();
        }
        format!("user={}\u{1}auth=Bearer {}\u{1}\u{1}", self.user, self.token)
    }
}

struct Plain<'a> {
    user: &'a str,
    password: &'a str,
}

impl async_imap::Authenticator for Plain<'_> {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        format!("\0{}\0{}", self.user, self.password)
    }
}

fn silent(server: &str, deadline: Duration) -> Fault {
    Fault::transient(format_args!("The mail server {server} did not answer within {} s", deadline.as_secs()))
}

/// The crate's own texts can carry what the server sent, which may be a mail: only kinds and our own words get out.
fn in_words(error: &async_imap::error::Error) -> String {
    use async_imap::error::Error;
    match error {
        Error::Io(e) if e.kind() == std::io::ErrorKind::Other => "its answer makes no sense as IMAP".to_owned(),
        Error::Io(e) if e.kind() == std::io::ErrorKind::InvalidData => remark(&e.to_string()),
        Error::Io(e) => format!("{}", e.kind()),
        Error::ConnectionLost => "it hung up".to_owned(),
        Error::Validate(_) => "a name or password holds a line break".to_owned(),
        Error::No(said) | Error::Bad(said) => remark(said),
        _ => "its answer makes no sense as IMAP".to_owned(),
    }
}
