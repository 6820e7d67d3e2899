//! `[[mailbox]]`: where requests arrive, under which procedure, and whose word about a sender is believed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Judge;
use super::courier::{Security, read_host, read_security};
use super::login::LoginConfig;
use super::office::OfficeConfig;
use super::section::{Section, nearest};
use crate::sop::hours::YearDates;
use crate::sop::names::Address;
use crate::sop::procedure::{Flaw, Procedure};

/// Mails that are fetched together at most: they are worked on in memory, and taken in by one transaction.
pub const MOST_TOGETHER: u32 = 50;

/// One mailbox. Its name stands in the origin of every mail.
#[derive(Debug, Clone)]
pub struct MailboxConfig {
    pub name: String,
    /// Where it is not told by the name that it is opened with.
    pub address: Option<Address>,
    pub procedure: Arc<Procedure>,
    pub kind: MailboxKind,
    pub trust: TrustConfig,
}

#[derive(Debug, Clone)]
pub enum MailboxKind {
    Imap(ImapConfig),
    Maildir { directory: PathBuf },
}

/// An IMAP server and the folders on it.
#[derive(Debug, Clone)]
pub struct ImapConfig {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub user: String,
    pub login: LoginConfig,
    /// Trusted in place of the system's certificates; for an office's own authority.
    pub ca_file: Option<PathBuf>,
    pub inbox_folder: String,
    pub processed_folder: String,
    pub refused_folder: String,
    /// Between two looks at the folder, also where the server tells of new mail by itself (IDLE); there never more than five minutes.
    pub poll_seconds: u32,
    pub command_deadline_seconds: u32,
    /// Mails fetched together, [`MOST_TOGETHER`] at most.
    pub batch: u32,
}

/// What counts as proof of a sender.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustConfig {
    /// The name by which our own server signs `Authentication-Results` (RFC 8601).
    pub authserv_id: Option<String>,
    /// Our own submission server, whose `Received … with ESMTPSA` vouches for the sender (RFC 3848).
    pub submission_host: Option<String>,
    /// That server refuses a From that is not the log-in's own.
    pub submission_checks_sender: bool,
    /// Mail without proof of its sender is held for a person.
    pub require_authenticated: bool,
    pub sender_proof: ProofConfig,
    /// Domains of forwarders whose ARC seal is believed (RFC 8617).
    pub arc_forwarders: Vec<String>,
}

/// Whose word proves a sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProofConfig {
    /// Our own servers'.
    #[default]
    Server,
    /// The sender's domain's, asked over DNS.
    Dkim,
    Either,
    Both,
}

impl MailboxConfig {
    /// The addresses that mail is written to here, as far as they are known. Mail from them is our own.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        let user = self.imap().and_then(|imap| Address::parse(&imap.user));
        self.address.clone().into_iter().chain(user)
    }

    pub fn imap(&self) -> Option<&ImapConfig> {
        match &self.kind {
            MailboxKind::Imap(imap) => Some(imap),
            MailboxKind::Maildir { .. } => None,
        }
    }
}

pub(super) fn read_all(
    sections: Vec<Section<'_>>,
    office: &OfficeConfig,
    holidays: &[YearDates],
    judge: Judge,
) -> Vec<MailboxConfig> {
    let mut procedures = BTreeMap::new();
    let mut mailboxes: Vec<MailboxConfig> = Vec::new();
    for mut section in sections {
        let name = section.text("name", "a short name for logs, such as \"permohonan\"");
        if mailboxes.iter().any(|m| m.name == name) {
            section.find("name", format!("is {name:?} a second time; mailboxes need names of their own"));
        }
        let procedure = read_procedure(&mut section, &mut procedures, office, holidays, judge);
        let kind = match section.choice("kind", &[("imap", true), ("maildir", false)], false) {
            true => MailboxKind::Imap(ImapConfig::read(&mut section)),
            false => {
                MailboxKind::Maildir { directory: section.path("directory", "the Maildir that mail is delivered to") }
            }
        };
        let address = section.parsed("address", "a mail address", Address::parse);
        let trust = read_trust(&mut section);
        section.finish();
        mailboxes.push(MailboxConfig { name, address, procedure, kind, trust });
    }
    mailboxes
}

impl ImapConfig {
    fn read(section: &mut Section<'_>) -> Self {
        let host = read_host(section);
        let security = read_security(section, &host);
        let port = section.whole_or("port", if security == Security::Tls { 993 } else { 143 }, 1..=65535);
        Self {
            host,
            port: u16::try_from(port).unwrap_or(993),
            security,
            user: section.text("user", "the name the mailbox is opened with"),
            login: LoginConfig::required(section),
            ca_file: section.optional_path("ca_file"),
            inbox_folder: section.text_or("inbox_folder", "INBOX"),
            processed_folder: section.text_or("processed_folder", "Loket/Selesai"),
            refused_folder: section.text_or("refused_folder", "Loket/Ditolak"),
            poll_seconds: section.whole_or("poll_seconds", 60, 1..=3600),
            command_deadline_seconds: section.whole_or("command_deadline_seconds", 30, 1..=600),
            batch: section.whole_or("batch", MOST_TOGETHER, 1..=MOST_TOGETHER),
        }
        .checked(section)
    }

    fn checked(self, section: &Section<'_>) -> Self {
        for (key, folder) in [("processed_folder", &self.processed_folder), ("refused_folder", &self.refused_folder)] {
            if *folder == self.inbox_folder {
                section.find(key, "is the inbox itself, so handled mail would come back for ever; name another folder");
            }
        }
        self
    }
}

const PROOFS: [(&str, ProofConfig); 4] = [
    ("server", ProofConfig::Server),
    ("dkim", ProofConfig::Dkim),
    ("either", ProofConfig::Either),
    ("both", ProofConfig::Both),
];

fn read_trust(section: &mut Section<'_>) -> TrustConfig {
    let trust = TrustConfig {
        authserv_id: section.optional_text("authserv_id"),
        submission_host: section.optional_text("submission_host"),
        submission_checks_sender: section.flag_or("submission_checks_sender", false),
        require_authenticated: section.flag_or("require_authenticated", true),
        sender_proof: section.choice("sender_proof", &PROOFS, true),
        arc_forwarders: section.texts("arc_forwarders"),
    };
    for (index, domain) in trust.arc_forwarders.iter().enumerate() {
        if !domain.contains('.') || domain.contains(|c: char| c == '@' || c == '/' || c.is_whitespace()) {
            section.find(
                &format!("arc_forwarders[{index}]"),
                format!("is {domain:?}, which is no domain; give the `d=` of the forwarder's ARC-Seal"),
            );
        }
    }
    let servers = trust.authserv_id.is_some() || trust.submission_host.is_some();
    if trust.sender_proof == ProofConfig::Both && !servers {
        section.find("sender_proof", "is \"both\" and needs `authserv_id` or `submission_host` too; name your server");
    }
    if trust.require_authenticated && !servers && trust.sender_proof == ProofConfig::Server {
        let message = "needs `authserv_id` or `submission_host`, else every mail would be held; name your server, set \
                       `sender_proof = \"dkim\"`, or set it to false and have every sender confirmed by telephone";
        section.find("require_authenticated", message);
    }
    trust
}

/// Minutes for which a code may open the desk on a device.
const OPEN_MINUTES: std::ops::RangeInclusive<u32> = 1..=60;

/// Reads the procedure file a mailbox names, once for all mailboxes that name it.
fn read_procedure(
    section: &mut Section<'_>,
    read: &mut BTreeMap<PathBuf, Option<Arc<Procedure>>>,
    office: &OfficeConfig,
    holidays: &[YearDates],
    judge: Judge,
) -> Arc<Procedure> {
    let path = section.path("procedure", "the path of a procedure file, such as \"sop/helpdesk.toml\"");
    let known = read.get(&path).cloned();
    let procedure = known.unwrap_or_else(|| {
        let procedure = section.is_given("procedure").then(|| parse_procedure(section, &path, judge)).flatten();
        let calendar = procedure.as_ref().map(|p| p.calendar(office.zone, holidays));
        if let Some(Err(why)) = calendar {
            section.find("procedure", format!("does not go with `holidays.files`: {why}"));
        }
        let twin = procedure.as_ref().and_then(|p| read.values().flatten().find(|other| other.id() == p.id()));
        if let Some(twin) = twin {
            section.find(
                "procedure",
                format!("has the id `{}` like another procedure file; give it one of its own", twin.id()),
            );
        }
        read.insert(path, procedure.clone());
        procedure
    });
    procedure.unwrap_or_else(|| Arc::new(Procedure::helpdesk()))
}

fn parse_procedure(section: &Section<'_>, path: &Path, judge: Judge) -> Option<Arc<Procedure>> {
    let text = section.file("procedure", path, "the SOP as data, as in sop/helpdesk.toml")?;
    let flaws = match Procedure::parse(&text) {
        Ok(procedure) => {
            // Found here and not by the procedure itself: one that an earlier case began under is used whatever it says.
            let minutes = procedure.link.unlocked_minutes;
            if !OPEN_MINUTES.contains(&minutes) {
                let told =
                    format!("{}: `link.unlocked_minutes` is {minutes}; it must lie between 1 and 60", path.display());
                section.find("procedure", told);
            }
            if let Some(error) = judge(&text) {
                section.find("procedure", format!("{}: {}", path.display(), flaw(&error, &text)));
            }
            return Some(Arc::new(procedure));
        }
        Err(flaws) => flaws,
    };
    for flaw in flaws {
        section.find("procedure", format!("{}: {flaw}", path.display()));
    }
    None
}

/// As the procedure's own reader names a mistake: by its line, an unknown key with the nearest known one.
fn flaw(error: &toml::de::Error, text: &str) -> Flaw {
    let line = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
    let key = error.span().map_or_else(|| "recognition".to_owned(), |span| format!("line {}", line(span.start)));
    let raw = error.message().replace('\n', ", ");
    let quoted: Vec<&str> = raw.split('`').skip(1).step_by(2).collect();
    let unknown = quoted.split_first().filter(|_| raw.starts_with("unknown field"));
    let near = unknown.and_then(|(key, known)| {
        let near = nearest(key, known.iter().copied())?;
        Some(format!("unknown key `{key}`; the nearest known one is `{near}`"))
    });
    Flaw { key, message: near.unwrap_or(raw) }
}
