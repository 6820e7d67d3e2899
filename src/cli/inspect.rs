//! `loket inspect`: what the daemon would understand of a mail. Keeps no state and sends nothing; the JSON is a contract.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Serialize;

use super::accounts;
use super::ending::{CONFIGURATION, Done, Ending, NEGATIVE, concluded, offer};
use super::office::load_if_named;
use crate::accounts::csv;
use crate::config::Config;
use crate::daemon::assembly;
use crate::dossier::page::Contents;
use crate::dossier::{CaseFile, Known, MailFacts, Recognition, Verdict, judge};
use crate::engine::port::Witness;
use crate::mail::authenticity::{Authenticity, Trust};
use crate::mail::message::{Inbound, Reception};
use crate::mail::proof::{Question, Said};
use crate::reading::pool::{Pool, PoolConfig};
use crate::sop::account::Account;
use crate::sop::checklist::{Applicant, Check, Document, DocumentKind, Finding, Method, Signature, Understanding};
use crate::sop::names::Service;

/// Show what Loket understands of mails.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// Mails as files, each byte for byte as a client would send it.
    #[arg(required = true, value_name = "FILE.eml")]
    pub files: Vec<PathBuf>,
    /// One JSON object per line and file.
    #[arg(long)]
    pub json: bool,
    /// Accounts to check against (CSV).
    #[arg(long, value_name = "CSV")]
    pub accounts: Option<PathBuf>,
    /// The office's configuration [default: $LOKET_CONFIG, else what the program itself assumes].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What the configuration says for inspecting; the defaults serve without one.
pub struct Office {
    pub recognition: Recognition,
    pub reception: Reception,
    /// Asked of senders where the office demands more than its own servers' word.
    pub witness: Option<Arc<dyn Witness>>,
    /// Whether mail without proof of its sender is held; `None` where no configuration says what counts as proof.
    pub proof_required: Option<bool>,
    pub zone: Tz,
    /// Whom electronic signatures must lead to, as DER.
    pub roots: Vec<Vec<u8>>,
    /// Bytes; of a larger mail only the headers are looked at.
    pub max_mail_bytes: u64,
    /// For one mail's reading; `None`: as usual.
    pub deadline: Option<Duration>,
}

impl Default for Office {
    fn default() -> Self {
        Self {
            recognition: Recognition::helpdesk(),
            reception: Reception { prefix: "LPSE".into(), own: Vec::new(), trust: Trust::default() },
            witness: None,
            proof_required: None,
            zone: Tz::Asia__Makassar,
            roots: Vec::new(),
            max_mail_bytes: 25_000_000,
            deadline: None,
        }
    }
}

impl Office {
    /// The office of a configuration, as its first mailbox works.
    fn of(config: &Config) -> Result<Self, Ending> {
        let Some(mailbox) = config.mailboxes.first() else { return Ok(Self::default()) };
        let recognition = Recognition::from_procedure(mailbox.procedure.source())
            .map_err(|why| Ending::new(CONFIGURATION, format!("Cannot use `mailbox[0].procedure`: {why}")))?;
        let trust = assembly::trust(&mailbox.trust);
        let witness =
            assembly::witness(config, &mailbox.trust).map_err(|why| Ending::new(CONFIGURATION, format!("{why:#}")))?;
        let own = assembly::office(config).own_addresses;
        let reception = Reception { prefix: config.office.prefix.clone(), own, trust };
        let proof_required = Some(mailbox.trust.require_authenticated);
        let roots = config.signatures.roots.clone();
        let max_mail_bytes = u64::from(config.limits.max_mail_mb) * 1_000_000;
        let deadline = Some(Duration::from_secs(config.reading.deadline_seconds.into()));
        let zone = config.office.zone;
        Ok(Self { recognition, reception, witness, proof_required, zone, roots, max_mail_bytes, deadline })
    }
}

/// Inspects for the office of the configuration that was named, else for the defaults.
pub fn command(args: &Inspect) -> Done {
    let office = match load_if_named(args.config.as_deref())? {
        Some(config) => Office::of(&config)?,
        None => Office::default(),
    };
    let accounts = args.accounts.as_deref().map(|path| load_accounts(path, &office)).transpose()?;
    let no_worker = |why: std::io::Error| Ending::temporary(format!("Cannot start a reading worker: {why}. Try again"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_worker)?;
    let program = std::env::current_exe().map_err(no_worker)?;
    let usual = PoolConfig::new(program);
    let deadline = office.deadline.unwrap_or(usual.deadline);
    let pool = Pool::new(PoolConfig { roots: office.roots.clone(), deadline, ..usual });
    runtime.block_on(each_file(args, &office, accounts.as_deref(), &pool))
}

/// Papers are taken apart in a worker process: a hostile file brings down that worker, not the command. A file that cannot be
/// read is named, and the others are looked at all the same.
async fn each_file(args: &Inspect, office: &Office, accounts: Option<&[Account]>, pool: &Pool) -> Done {
    let mut unread = Vec::new();
    let mut said = Ok(true);
    for file in &args.files {
        let raw = match beginning(file, office.max_mail_bytes + 1) {
            Ok(raw) => raw,
            Err(why) => {
                let file = file.display();
                unread.push(format!("Cannot read the mail `{file}`: {why}. Check the path and its permissions"));
                continue;
            }
        };
        // Nobody waits for more. Whether the other files are there still decides how the command ends.
        if !matches!(said, Ok(true)) {
            continue;
        }
        let contents = match raw.len() as u64 > office.max_mail_bytes {
            true => None,
            false => Some(pool.read(&raw).await.map_err(|fault| Ending::temporary(fault.to_string()))?),
        };
        let found = inspect(read(&raw, office).await, contents, office, accounts);
        let text = if args.json { in_json(file, &found) } else { in_words(file, &found) };
        said = offer(&text);
    }
    let verdict = if unread.is_empty() { Ok(()) } else { Err(Ending { status: NEGATIVE, sentences: unread }) };
    concluded(said.map(|_| ()), verdict)
}

/// The bytes of a file, no more than `most`: a larger mail is too large however it goes on.
fn beginning(file: &Path, most: u64) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    std::fs::File::open(file)?.take(most).read_to_end(&mut raw)?;
    Ok(raw)
}

fn load_accounts(path: &Path, office: &Office) -> Result<Vec<Account>, Ending> {
    let bytes = accounts::bytes(path)?;
    csv::read(&bytes, &office.recognition.role.profile)
        .map_err(|why| Ending::negative(format!("{}: {why}", path.display())))
}

/// A mail's headers, and what the sender's domain says of it where the configuration asks for that. A domain that does not
/// answer is told, and proves nothing.
async fn read(raw: &[u8], office: &Office) -> Inbound {
    let mut inbound = Inbound::read(raw, &office.reception);
    let trust = &office.reception.trust;
    let said = match (inbound.sender(), &office.witness) {
        (Some(sender), Some(witness)) if trust.proof.asks(&inbound.authenticity) => {
            let asked = witness.ask(Question::about(raw, sender, &inbound, trust)).await;
            asked.unwrap_or_else(|fault| {
                Ending::temporary(fault.message).tell();
                Said::Nothing
            })
        }
        _ => Said::Nothing,
    };
    inbound.authenticity = trust.proof.settle(inbound.authenticity, &said);
    inbound
}

/// What was understood of one mail.
pub struct Inspected {
    pub verdict: Verdict,
    pub understanding: Understanding,
}

/// Understands one mail. A mail without any date is judged on the first day of the calendar it could have. Without
/// contents it was too large to be read.
pub fn inspect(
    inbound: Inbound,
    contents: Option<Contents>,
    office: &Office,
    accounts: Option<&[Account]>,
) -> Inspected {
    let too_large = contents.is_none();
    let contents = contents.unwrap_or_default();
    let mail = inbound.facts(contents, office.zone, NaiveDate::default(), &office.reception.trust);
    let mail = MailFacts { too_large, ..mail };
    let mails: [MailFacts; 1] = [mail];
    let file = CaseFile::read(&mails, &office.recognition, mails[0].received);
    let verdict = held(judge(&mails[0], &file), &inbound.authenticity, office.proof_required);
    let known = Known { accounts, ..Known::default() };
    Inspected { verdict, understanding: file.understanding(&known) }
}

/// What asks for something without the proof that is demanded waits for a person, as in the daemon.
fn held(verdict: Verdict, sender: &Authenticity, required: Option<bool>) -> Verdict {
    let Some(required) = required else { return verdict };
    let trusted = sender.is_authenticated() || (!required && sender.objection().is_none());
    match verdict {
        Verdict::Ignored(_) | Verdict::Refused("malformed" | "dangerous_attachment") => verdict,
        _ if !trusted => Verdict::Refused("unauthenticated"),
        _ => verdict,
    }
}

/// One line of `--json`: the contract's keys in the contract's order, and nothing else of what is known.
#[derive(Serialize)]
struct Line<'a> {
    file: String,
    verdict: &'static str,
    reason: Option<&'static str>,
    services: &'a [Service],
    applicant: &'a Applicant,
    documents: Vec<DocumentLine<'a>>,
    checklist: Vec<CheckLine<'a>>,
    complete: bool,
    alerts: &'a [String],
}

#[derive(Serialize)]
struct DocumentLine<'a> {
    attachment: &'a str,
    pages: &'a str,
    kind: DocumentKind,
    method: Method,
    number: Option<&'a str>,
    date: Option<NaiveDate>,
    valid_from: Option<NaiveDate>,
    valid_until: Option<NaiveDate>,
    signature: Signature,
}

#[derive(Serialize)]
struct CheckLine<'a> {
    item: &'a str,
    step: u8,
    finding: Finding,
    because: &'a str,
    evidence: Vec<EvidenceLine<'a>>,
}

#[derive(Serialize)]
struct EvidenceLine<'a> {
    attachment: &'a str,
    page: u32,
    quote: &'a str,
}

fn in_json(file: &Path, found: &Inspected) -> String {
    let u = &found.understanding;
    let line = Line {
        file: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        verdict: found.verdict.name(),
        reason: found.verdict.reason(),
        services: &u.services,
        applicant: &u.applicant,
        documents: u.documents.iter().map(document).collect(),
        checklist: u.checklist.iter().map(check).collect(),
        complete: u.is_complete(),
        alerts: &u.alerts,
    };
    serde_json::to_string(&line).expect("keys are text and values are plain, so this cannot fail")
}

fn document(d: &Document) -> DocumentLine<'_> {
    DocumentLine {
        attachment: &d.attachment,
        pages: &d.pages,
        kind: d.kind,
        method: d.method,
        number: d.number.as_deref(),
        date: d.date,
        valid_from: d.valid_from,
        valid_until: d.valid_until,
        signature: d.signature,
    }
}

fn check(c: &Check) -> CheckLine<'_> {
    let evidence = c.evidence.iter().map(|e| EvidenceLine { attachment: &e.attachment, page: e.page, quote: &e.quote });
    CheckLine { item: &c.item, step: c.step, finding: c.finding, because: &c.because, evidence: evidence.collect() }
}

/// A readable table for people.
fn in_words(file: &Path, found: &Inspected) -> String {
    let u = &found.understanding;
    let mut lines = vec![format!("{}", file.display())];
    let reason = found.verdict.reason().map(|r| format!(" ({r})")).unwrap_or_default();
    lines.push(format!("  verdict    {}{reason}", found.verdict.name()));
    let services: Vec<String> = u.services.iter().map(plain).collect();
    lines.push(format!("  services   {}", or_dash(&services.join(", "))));
    let a = &u.applicant;
    lines.push(format!("  applicant  {}", or_dash(a.name.as_deref().unwrap_or_default())));
    lines.push(format!("  NIP        {}", a.nip.as_ref().map_or("-".into(), |n| n.masked())));
    lines.push(format!("  user ID    {}", or_dash(a.user_id.as_deref().unwrap_or_default())));
    for d in &u.documents {
        let until = d.valid_until.map(|day| format!(", until {day}")).unwrap_or_default();
        let number = d.number.as_deref().unwrap_or("no number");
        lines.push(format!(
            "  document   {} p. {}: {}, {number}{until}, signature {}",
            d.attachment,
            d.pages,
            plain(&d.kind),
            plain(&d.signature)
        ));
    }
    for c in &u.checklist {
        lines.push(format!(
            "  {} step {}  {:<24} {:<12} {}",
            mark(c.finding),
            c.step,
            c.item,
            plain(&c.finding),
            c.because
        ));
    }
    lines.push(format!("  complete   {}", if u.is_complete() { "yes" } else { "no" }));
    lines.push(format!("  alerts     {}", or_dash(&u.alerts.join(", "))));
    // Names and values come from strangers: nothing of them may move the cursor.
    lines
        .iter()
        .map(|l| l.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>())
        .collect::<Vec<_>>()
        .join("\n")
}

fn plain(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

fn mark(finding: Finding) -> char {
    match finding {
        Finding::Met => '✓',
        Finding::Missing => '◌',
        Finding::Unclear => '?',
        Finding::Contradicted => '≠',
    }
}
