//! Puts the daemon together from its configuration: state folder, keys, store, archive, accounts, mail and reading.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures::future::BoxFuture;
use tokio::sync::Notify;

use super::alarm::facts::Pulse;
use super::canary::Canary;
use super::keys::KeyChange;
use super::tokens::TokenFolder;
use super::watchdog;
use crate::accounts::command::{Script, ScriptSettings};
use crate::accounts::directory::Directory;
use crate::accounts::manual::Manual;
use crate::config::Config;
use crate::config::accounts::Driver;
use crate::config::courier::{CourierKind, Security};
use crate::config::login::LoginConfig;
use crate::config::mailbox::{MailboxConfig, MailboxKind, ProofConfig, TrustConfig};
use crate::config::scanner::ScannerPlace;
use crate::config::secret::SecretSource;
use crate::dossier::page::Contents;
use crate::engine::Engine;
use crate::engine::intake::{DayLimits, Mailbox};
use crate::engine::office::{Office, Procedures};
use crate::engine::port::{AccountDriver, Clock, Courier, Fault, Reader, Witness};
use crate::letters::hours::in_words as hours_in_words;
use crate::letters::{self, Letters};
use crate::mail::authenticity::Trust;
use crate::mail::courier::compose::Sender;
use crate::mail::courier::maildir::MaildirCourier;
use crate::mail::courier::smtp::{SmtpCourier, SmtpSettings};
use crate::mail::inbox::Refetch;
use crate::mail::inbox::imap::{ImapInbox, ImapSettings};
use crate::mail::inbox::maildir::{MaildirInbox, MaildirSettings};
use crate::mail::login::Login;
use crate::mail::message::Reception;
use crate::mail::oauth::{Grant, TokenSettings, Tokens};
use crate::mail::proof::SenderProof;
use crate::mail::tls;
use crate::mail::witness::{DnsSettings, DnsWitness};
use crate::reading::clamd::{ClamdConfig, ClamdPlace};
use crate::reading::pool::{Pool, PoolConfig};
use crate::reading::{Roots, Which};
use crate::sop::names::Sha256Hex;
use crate::store::StateFolder;
use crate::store::archive::RedbArchive;
use crate::store::redb::RedbStore;
use crate::vault::{Keyring, MasterKey, OsRandom, Random};

/// Everything that runs, put together and not yet started.
pub struct Assembly {
    pub engine: Arc<Engine>,
    pub mailboxes: Vec<Arc<Mailbox>>,
    /// In the order of `mailboxes`.
    pub inboxes: Vec<Arc<dyn Refetch>>,
    /// How the watching of each goes, in the order of `mailboxes`.
    pub pulses: Vec<Arc<Pulse>>,
    /// `None` where the office sends none.
    pub canary: Option<Arc<Canary>>,
    pub directory: Directory,
    pub pool: Arc<Pool>,
    pub store: Arc<RedbStore>,
    pub archive: Arc<RedbArchive>,
    pub change: Arc<KeyChange>,
}

/// What a command line tool may do without: mail is neither fetched nor sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Everything.
    Whole,
    /// State alone: for the command line while no daemon runs.
    State,
}

impl Assembly {
    /// Opens the state folder and connects nothing yet. Fails naming what is wrong.
    pub async fn open(config: &Config, extent: Extent, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::open_in(Self::take_folder(config, extent)?, config, extent, clock).await
    }

    /// Takes the state folder of this configuration, for [`Assembly::open_in`]. Fails naming what is wrong.
    pub fn take_folder(config: &Config, extent: Extent) -> Result<StateFolder> {
        // The command line may be without them, and asks the daemon that has them and is about to open.
        if extent == Extent::Whole {
            try_secrets(config)?;
        }
        Ok(StateFolder::take(&config.state.directory)?)
    }

    /// [`Assembly::open`] in the state folder of this configuration, which was taken before.
    pub async fn open_in(
        folder: impl Into<Arc<StateFolder>>,
        config: &Config,
        extent: Extent,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let folder: Arc<StateFolder> = folder.into();
        // A key that is missing is made for a new office alone.
        let new = !folder.live().join("loket.redb").exists();
        let keys = keyring(config, new.then_some(&*random))?;
        let store = Arc::new(RedbStore::open(folder, keys, random.clone())?);
        let keys = store.keyring();
        let archive = config.state.archive_directory.clone();
        let archive = Arc::new(RedbArchive::open(archive, keys.clone(), random.clone(), Some(&store))?);
        let directory = Directory::open(&config.state.directory.join("accounts.redb"), random.clone())?;
        let pool = Arc::new(Pool::new(reading(config)?));
        let tokens = TokenFolder::of(&config.state.directory, &keys, random.clone());
        let courier = courier(config, extent, Some(&tokens))?;
        let procedures = Procedures::new(config.office.zone, config.holidays.clone());
        let letters = Letters::load(letters_office(config), config.letters.as_deref())?;
        let engine = Arc::new(Engine {
            office: office(config),
            procedures,
            letters,
            keys,
            store: store.clone(),
            archive: archive.clone(),
            accounts: accounts(config, directory.clone()),
            courier,
            reader: Arc::new(Worker(pool.clone())),
            clock,
            random,
            names: RwLock::default(),
            challenges: Default::default(),
            outbox: Notify::new(),
        });
        engine.procedures.read_kept(&engine.office.id, &*engine.store).await?;
        engine.learn_names().await?;
        watchdog::taking_its_time(engine.reconcile()).await?;
        let mut mailboxes = Vec::new();
        let mut inboxes: Vec<Arc<dyn Refetch>> = Vec::new();
        for mailbox in &config.mailboxes {
            let worked = engine.procedures.adopt(mailbox.procedure.source(), &engine.office.id, &*engine.store).await?;
            let max_mail_bytes = u64::from(config.limits.max_mail_mb) * 1_000_000;
            mailboxes.push(Arc::new(Mailbox {
                name: mailbox.name.clone(),
                reception: Reception {
                    prefix: config.office.prefix.clone(),
                    own: engine.office.own_addresses.clone(),
                    trust: trust(&mailbox.trust),
                },
                worked,
                require_authenticated: mailbox.trust.require_authenticated,
                witness: witness(config, &mailbox.trust)?,
                max_mail_bytes,
                limits: day_limits(config),
            }));
            if extent == Extent::Whole {
                inboxes.push(inbox(mailbox, max_mail_bytes, Some(&tokens))?);
            }
        }
        let change = Arc::new(KeyChange::new(store.clone(), archive.clone()));
        let pulses = mailboxes.iter().map(|_| Arc::default()).collect();
        let from = &config.courier.from_address;
        let canary = config.canary.as_ref().map(|canary| {
            let receive = config.mailboxes.iter().map(|mailbox| (mailbox.name.clone(), mailbox.addresses().collect()));
            Arc::new(Canary::new(engine.clone(), canary, from, receive))
        });
        Ok(Self { engine, mailboxes, inboxes, pulses, canary, directory, pool, store, archive, change })
    }
}

/// Reading in worker processes. Without a walled worker nothing is read, and mail stays where it is.
struct Worker(Arc<Pool>);

impl Reader for Worker {
    fn read(&self, raw: Arc<Vec<u8>>) -> BoxFuture<'_, Result<Contents, Fault>> {
        Box::pin(async move { self.0.read(&raw).await.map_err(Fault::transient) })
    }

    fn try_again(&self, mail: &Sha256Hex) {
        self.0.try_again(mail);
    }

    fn picture(&self, raw: Arc<Vec<u8>>, paper: String, page: u32, width: u32) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            self.0.picture(&raw, Which::Of(paper), page, width).await.unwrap_or_else(|fault| {
                tracing::error!("{fault}");
                None
            })
        })
    }
}

/// Reads every secret that is needed, and forgets it. Without one of them no office may be founded: it would have a key of
/// its own by the time the operator names the one that was meant.
fn try_secrets(config: &Config) -> Result<()> {
    let to_maildir = matches!(config.courier.kind, CourierKind::Maildir);
    for (key, source) in config.secrets() {
        if key.starts_with("keys.") {
            configured_key(&key, source)?;
        } else if !(to_maildir && key.starts_with("courier.smtp")) {
            source.read_text().with_context(|| format!("Cannot use `{key}`"))?;
        }
    }
    Ok(())
}

fn configured_key(key: &str, source: &SecretSource) -> Result<MasterKey> {
    MasterKey::parse(&source.read_bytes()?).ok_or_else(|| {
        anyhow!("Cannot use `{key}`: it holds no 32 bytes, raw or in base64. Put back the one that the state is sealed under; for a new \
             office make one with `openssl rand -base64 32`")
    })
}

/// The master key, and the one it follows while it is being changed. Without `random` a key that is missing is not made.
pub(crate) fn keyring(config: &Config, random: Option<&dyn Random>) -> Result<Keyring> {
    let master = match &config.master_key {
        Some(source) => configured_key("keys.master_key", source)?,
        None => {
            let (key, place) = MasterKey::find(&config.state.directory, random)?;
            tracing::debug!(place = %place.display(), "master key found");
            key
        }
    };
    let previous =
        config.previous_key.as_ref().map(|source| configured_key("keys.previous_key", source)).transpose()?;
    Ok(Keyring::following(&master, previous.as_ref()))
}

fn day_limits(config: &Config) -> DayLimits {
    let limits = &config.limits;
    DayLimits {
        per_sender: limits.per_sender_a_day,
        per_domain: limits.per_domain_a_day,
        per_account: limits.per_account_a_day,
        per_day: limits.mails_a_day,
        unproven_per_day: limits.unproven_a_day,
        automatic_per_day: limits.automatic_a_day,
        answers_per_address: limits.answers_per_address_a_day,
    }
}

/// The office as the engine knows it.
pub fn office(config: &Config) -> Office {
    let received = config.mailboxes.iter().flat_map(MailboxConfig::addresses);
    Office {
        id: config.office.id.clone(),
        prefix: config.office.prefix.clone(),
        language: config.office.language,
        zone: config.office.zone,
        base_url: config.desk.base_url.trim_end_matches('/').to_owned(),
        mail_domain: config.courier.from_address.domain().to_owned(),
        own_addresses: std::iter::once(config.courier.from_address.clone()).chain(received).collect(),
        superior: config.office.superior.clone().map(|address| (address.to_string(), address)),
    }
}

pub(crate) fn letters_office(config: &Config) -> letters::Office {
    let (hours_id, hours_en) = config
        .mailboxes
        .first()
        .map(|m| hours_in_words(&m.procedure.hours.week, config.office.zone))
        .unwrap_or_default();
    letters::Office {
        name: config.office.name.clone(),
        unit: config.office.unit.clone(),
        signature: config.office.signature.clone(),
        phone: config.office.phone.clone(),
        hours_id,
        hours_en,
        system: config.office.system_name.clone(),
        zone: config.office.zone.to_string(),
    }
}

pub(crate) fn trust(config: &TrustConfig) -> Trust {
    Trust {
        authserv_id: config.authserv_id.clone(),
        submission_host: config.submission_host.clone(),
        submission_checks_sender: config.submission_checks_sender,
        proof: match config.sender_proof {
            ProofConfig::Server => SenderProof::Server,
            ProofConfig::Dkim => SenderProof::Dkim,
            ProofConfig::Either => SenderProof::Either,
            ProofConfig::Both => SenderProof::Both,
        },
        forwarders: config.arc_forwarders.clone(),
    }
}

/// None where our own servers' word is enough: such an office needs no DNS.
pub(crate) fn witness(config: &Config, trust: &TrustConfig) -> Result<Option<Arc<dyn Witness>>> {
    if trust.sender_proof == ProofConfig::Server {
        return Ok(None);
    }
    let deadline = Duration::from_secs(config.dns.deadline_seconds.into());
    Ok(Some(Arc::new(DnsWitness::new(&DnsSettings { servers: config.dns.servers.clone(), deadline })?)))
}

fn accounts(config: &Config, directory: Directory) -> Arc<dyn AccountDriver> {
    match (&config.accounts.driver, &config.accounts.command) {
        (Driver::Directory, _) => Arc::new(directory),
        (Driver::Command, Some(command)) => {
            let settings = ScriptSettings {
                program: command.program.clone(),
                arguments: command.arguments.clone(),
                deadline: Duration::from_secs(command.deadline_seconds.into()),
                force_change: command.force_change,
                read_back: command.read_back,
                look_up: command.look_up,
            };
            Arc::new(Script::new(settings, directory))
        }
        (Driver::Manual | Driver::Command, _) => Arc::new(Manual::new(directory)),
    }
}

pub(crate) fn scanner(config: &Config) -> Option<ClamdConfig> {
    let scanner = config.scanner.as_ref()?;
    let place = match &scanner.place {
        ScannerPlace::Socket(path) => ClamdPlace::Socket(path.clone()),
        ScannerPlace::Address(address) => ClamdPlace::Address(*address),
    };
    Some(ClamdConfig { place, deadline: Duration::from_secs(scanner.deadline_seconds.into()) })
}

pub(crate) fn reading(config: &Config) -> Result<PoolConfig> {
    let program = std::env::current_exe()
        .context("Cannot find the program's own file, which reading workers are started from")?;
    let usual = PoolConfig::new(program);
    let workers = match config.reading.workers {
        0 => usual.workers,
        some => some as usize,
    };
    let deadline = Duration::from_secs(config.reading.deadline_seconds.into());
    let roots = config.signatures.roots.clone();
    Roots::new(&roots).map_err(|why| anyhow!("Cannot use `signatures.roots`: {why}. Take the certificate out"))?;
    let scanner = scanner(config);
    Ok(PoolConfig { workers, deadline, lifetime: config.reading.recycle_after, roots, scanner, ..usual })
}

/// What a mailbox or the courier logs in with. `tokens` keeps refresh tokens that replace the configured ones.
fn login(of: &str, config: &LoginConfig, tokens: Option<&TokenFolder>) -> Result<Login> {
    let oauth = match config {
        LoginConfig::Password(source) => return Ok(Login::Password(source.read_text()?)),
        LoginConfig::Oauth(oauth) => oauth,
    };
    let refresh = oauth.refresh_token.as_ref().map(|source| source.read_text()).transpose()?;
    let store = refresh.as_ref().zip(tokens).map(|(refresh, tokens)| tokens.store_of(of, refresh));
    let settings = TokenSettings {
        of: of.to_owned(),
        endpoint: oauth.token_url.clone(),
        client_id: oauth.client_id.clone(),
        client_secret: oauth.client_secret.as_ref().map(|source| source.read_text()).transpose()?,
        grant: refresh.map_or(Grant::Client, Grant::Refresh),
        scope: oauth.scope.clone(),
        ca_file: oauth.ca_file.clone(),
        deadline: Duration::from_secs(oauth.deadline_seconds.into()),
    };
    Ok(Login::Token(Arc::new(Tokens::new(settings, store)?)))
}

pub(crate) fn courier(config: &Config, extent: Extent, tokens: Option<&TokenFolder>) -> Result<Arc<dyn Courier>> {
    let sender =
        Sender { address: config.courier.from_address.clone(), display_name: config.courier.from_name.clone() };
    let missing = |key: &str| anyhow!("Cannot send mail: `{key}` is missing from the configuration. Add it");
    Ok(match config.courier.kind {
        CourierKind::Maildir => {
            let path = config.courier.maildir.clone().ok_or_else(|| missing("courier.maildir"))?;
            Arc::new(MaildirCourier::new(path, sender)?)
        }
        CourierKind::Smtp => {
            let smtp = config.courier.smtp.as_ref().ok_or_else(|| missing("courier.smtp"))?;
            let login = match &smtp.login {
                Some(given) if extent == Extent::Whole => {
                    Some((given.user.clone(), login("courier", &given.secret, tokens)?))
                }
                _ => None,
            };
            Arc::new(SmtpCourier::new(SmtpSettings {
                host: smtp.host.clone(),
                port: smtp.port,
                security: security(smtp.security),
                login,
                ca_file: smtp.ca_file.clone(),
                sender,
                hello_name: None,
                command_deadline: Duration::from_secs(smtp.deadline_seconds.into()),
                answer_deadline: Duration::from_secs(u64::from(smtp.deadline_seconds) * 5),
                connections: smtp.pool as usize,
            })?)
        }
    })
}

pub(crate) fn inbox(
    mailbox: &MailboxConfig,
    max_mail_bytes: u64,
    tokens: Option<&TokenFolder>,
) -> Result<Arc<dyn Refetch>> {
    Ok(match &mailbox.kind {
        MailboxKind::Maildir { directory } => Arc::new(MaildirInbox::new(MaildirSettings {
            name: mailbox.name.clone(),
            path: directory.clone(),
            poll_interval: Duration::from_secs(30),
            max_mail_bytes,
        })?),
        MailboxKind::Imap(imap) => Arc::new(ImapInbox::new(ImapSettings {
            name: mailbox.name.clone(),
            host: imap.host.clone(),
            port: imap.port,
            security: security(imap.security),
            user: imap.user.clone(),
            login: login(&format!("mailbox {}", mailbox.name), &imap.login, tokens)?,
            ca_file: imap.ca_file.clone(),
            inbox_folder: imap.inbox_folder.clone(),
            processed_folder: imap.processed_folder.clone(),
            refused_folder: imap.refused_folder.clone(),
            poll_interval: Duration::from_secs(imap.poll_seconds.into()),
            command_deadline: Duration::from_secs(imap.command_deadline_seconds.into()),
            max_mail_bytes,
            batch: imap.batch as usize,
        })?),
    })
}

fn security(security: Security) -> tls::Security {
    match security {
        Security::Tls => tls::Security::ImplicitTls,
        Security::StartTls => tls::Security::StartTls,
        Security::Plain => tls::Security::Plain,
    }
}
