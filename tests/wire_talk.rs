//! Two whole dialogues for the other files of `wire_*`, each led through whatever comes until it has succeeded: mails read and
//! filed over IMAP, and a letter sent over SMTP; in the clear, over TLS, or by tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use loket::engine::port::{Arrival, ArrivalBody, Courier, FaultKind, Folder, Inbox, Origin};
use loket::mail::courier::smtp::{SmtpCourier, SmtpSettings};
use loket::mail::inbox::Patience;
use loket::mail::inbox::imap::{ImapInbox, ImapSettings};
use loket::mail::login::Login;
use loket::mail::oauth::{Grant, Tokens};
use loket::mail::tls::Security;

use crate::inbox_faults::settings;
use crate::kit::SmtpSink;
use crate::kit::certificates::Certificates;
use crate::kit::gremlin::{Gremlin, Plan};
use crate::kit::impostor::{Impostor, Manners};
use crate::kit::samples::{letter, sender};
use crate::kit::tls_front::{self, Prelude, TlsFront};
use crate::kit::tokens::{self, Porter, REFRESH, TokenServer};
use crate::kit::wait::in_time;
use crate::wire_places::{DEADLINE, Failures, UNHURRIED, bounded};

/// Bytes that went each way, asked and answered, by connection.
pub type Lengths = Vec<[usize; 2]>;

/// Whose mailbox it is.
pub const USER: &str = "helpdesk";

/// How a client comes to the server.
#[derive(Clone)]
pub enum Guise {
    /// In the clear, with a password where one is asked for.
    Plain,
    /// In the clear, by tokens; the first one was revoked after it was bought.
    Tokens,
    /// By TLS.
    Secure(Security, Arc<Certificates>),
}

impl Guise {
    pub fn security(&self) -> Security {
        match self {
            Self::Plain | Self::Tokens => Security::Plain,
            Self::Secure(security, _) => *security,
        }
    }

    fn ca_file(&self) -> Option<std::path::PathBuf> {
        match self {
            Self::Plain | Self::Tokens => None,
            Self::Secure(_, certificates) => Some(certificates.ca_file.clone()),
        }
    }

    async fn purse(&self) -> Option<Purse> {
        let Self::Tokens = self else { return None };
        let purse = Purse::new().await;
        in_time("the token server", purse.tokens.token()).await.expect("the server sells");
        purse.server.revoke();
        Some(purse)
    }

    /// The way to the server on `port`.
    async fn road(&self, port: u16, starttls: Prelude, plan: Option<Plan>) -> Road {
        let front = match self {
            Self::Secure(security, certificates) => {
                let prelude = if *security == Security::StartTls { starttls } else { tls_front::AT_ONCE };
                Some(TlsFront::before(port, certificates, prelude).await)
            }
            Self::Plain | Self::Tokens => None,
        };
        let gremlin = Gremlin::before(front.as_ref().map_or(port, TlsFront::port), plan).await;
        Road { gremlin, _front: front }
    }
}

struct Road {
    gremlin: Gremlin,
    _front: Option<TlsFront>,
}

/// Tokens, and the server that sells them.
pub struct Purse {
    pub server: TokenServer,
    pub tokens: Arc<Tokens>,
}

impl Purse {
    pub async fn new() -> Self {
        let server = TokenServer::start(USER).await;
        let settings = tokens::settings(server.token_url(), Grant::Refresh(REFRESH.to_owned().into()));
        Self { tokens: Arc::new(Tokens::new(settings, None).expect("sound settings")), server }
    }

    pub fn porter(&self) -> Porter {
        self.server.porter()
    }

    pub fn login(&self) -> Login {
        Login::Token(self.tokens.clone())
    }
}

/// A broken connection says nothing against a token: what was refused is bought anew, and that is all.
fn is_spent_well(plan: Option<Plan>, purse: Option<&Purse>) {
    if let Some(purse) = purse {
        assert_eq!(purse.server.sales(), 2, "{plan:?}: the revoked one, and another");
    }
}

/// For each command of a dialogue with this plan.
fn deadline(plan: Option<Plan>) -> Duration {
    if plan.is_some() { DEADLINE } else { UNHURRIED }
}

/// An inbox that comes back at once after a failure.
pub fn inbox(guise: &Guise, port: u16, login: Option<Login>, deadline: Duration) -> ImapInbox {
    let plain = settings(port);
    let settings = ImapSettings {
        security: guise.security(),
        ca_file: guise.ca_file(),
        login: login.unwrap_or(plain.login.clone()),
        poll_interval: Duration::from_millis(5),
        command_deadline: deadline,
        max_mail_bytes: 1024 * 1024,
        ..plain
    };
    let pause = Duration::from_millis(1);
    let patience = Patience { first_pause: pause, longest_pause: pause, idle_end: deadline };
    ImapInbox::with_patience(settings, patience).expect("sound settings")
}

/// Fetches two mails, files them, and waits in IDLE once; through as many failures as come.
pub async fn read_and_file(plan: Option<Plan>, guise: &Guise, mails: &[Vec<u8>]) -> Lengths {
    let purse = guise.purse().await;
    let manners = Manners { capabilities: "IDLE MOVE", ..Manners::default() };
    let impostor = Impostor::start_behind(purse.as_ref().map(Purse::porter), manners, mails).await;
    let Road { gremlin, _front } = guise.road(impostor.port(), tls_front::IMAP, plan).await;
    let inbox = inbox(guise, gremlin.port(), purse.as_ref().map(Purse::login), deadline(plan));
    let mut failures = Failures::of(plan);

    let mut arrivals = Vec::new();
    while arrivals.len() < mails.len() {
        match bounded(plan, inbox.next(10)).await {
            Ok(more) => arrivals.extend(more),
            Err(fault) => failures.note(&fault),
        }
    }
    let filing: Vec<(Origin, Folder)> = arrivals.iter().map(|a| (a.origin.clone(), Folder::Processed)).collect();
    while let Err(left) = bounded(plan, inbox.file(&filing)).await {
        failures.note(&left.why);
    }
    loop {
        match bounded(plan, inbox.next(10)).await {
            Ok(more) => break assert!(more.is_empty(), "{plan:?}: {more:?}"),
            Err(fault) => failures.note(&fault),
        }
    }

    let mut bodies: Vec<Vec<u8>> = arrivals.iter().map(|arrival| body(plan, arrival)).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, mails, "{plan:?}");
    let mut filed: Vec<u32> = impostor.filed().iter().map(|(uid, _)| *uid).collect();
    filed.sort_unstable();
    assert_eq!(filed, [1, 2], "{plan:?}");
    is_spent_well(plan, purse.as_ref());
    gremlin.passed()
}

fn body(plan: Option<Plan>, arrival: &Arrival) -> Vec<u8> {
    match &arrival.body {
        ArrivalBody::Raw(raw) => raw.clone(),
        other => panic!("{plan:?}: {other:?}"),
    }
}

pub fn courier(guise: &Guise, port: u16, login: Option<Login>, deadline: Duration) -> SmtpCourier {
    SmtpCourier::new(SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: guise.security(),
        login: login.map(|login| (USER.to_owned(), login)),
        ca_file: guise.ca_file(),
        sender: sender(),
        hello_name: Some("loket.example".to_owned()),
        command_deadline: deadline,
        answer_deadline: deadline,
        connections: 1,
    })
    .expect("sound settings")
}

/// What first attempts came to.
#[derive(Default)]
pub struct Seen([AtomicUsize; 3]);

impl Seen {
    /// Sent, unsent, perhaps sent.
    pub fn counts(&self) -> [usize; 3] {
        [0, 1, 2].map(|which| self.0[which].load(Ordering::Relaxed))
    }
}

/// Sends a letter, through as many failures as come, and says what the first attempt came to. `whole` are the lengths of the
/// dialogue if nothing happens.
pub async fn send(plan: Option<Plan>, guise: &Guise, whole: &[[usize; 2]], seen: &Seen) -> Lengths {
    let purse = guise.purse().await;
    let sink = SmtpSink::start_behind(purse.as_ref().map(Purse::porter)).await;
    let Road { gremlin, _front } = guise.road(sink.port(), tls_front::SMTP, plan).await;
    let courier = courier(guise, gremlin.port(), purse.as_ref().map(Purse::login), deadline(plan));
    let letter = letter(1);
    let mut failures = Failures::of(plan);

    let first = bounded(plan, courier.send(&letter)).await;
    let mut outcome = first.clone();
    let mut uncertain = 0;
    while let Err(fault) = outcome {
        failures.note(&fault);
        uncertain += usize::from(fault.kind == FaultKind::Unknown);
        outcome = bounded(plan, courier.send(&letter)).await;
    }

    let is_cut_short = plan.is_some_and(|plan| plan.withholds(whole));
    assert!(first.is_err() || !is_cut_short, "{plan:?}: a part of {whole:?} is taken for the whole");
    let taken = sink.taken();
    assert!((1..=1 + uncertain).contains(&taken.len()), "{plan:?}: {first:?}, then {} letters", taken.len());
    let ids = taken.iter().map(|raw| {
        let text = String::from_utf8_lossy(raw).into_owned();
        text.lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned)
    });
    assert!(ids.clone().all(|id| id.is_some_and(|id| id.contains("loket.1@"))), "{plan:?}");
    assert!(taken.iter().all(|raw| *raw == taken[0]), "{plan:?}: each copy is the same letter");
    is_spent_well(plan, purse.as_ref());
    let which = match first {
        Ok(()) => 0,
        Err(fault) if fault.kind == FaultKind::Unknown => 2,
        Err(_) => 1,
    };
    seen.0[which].fetch_add(1, Ordering::Relaxed);
    gremlin.passed()
}
