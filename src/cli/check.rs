//! `loket check`: whether the daemon could start and do its work, one row for each thing looked at. Without `--online`
//! it reads files and nothing else: no folder is made, no connection opened.

use std::path::Path;

use serde::Serialize;

use super::ending::{CONFIGURATION, Done, Ending, NEGATIVE, TEMPORARY, concluded, say};
use super::office::{ConfigFile, ask, runtime};
use super::table::table;
use crate::config::accounts::Driver;
use crate::config::{Config, ConfigFinding};
use crate::daemon::assembly::{self, Extent};
use crate::daemon::clock::SystemClock;
use crate::daemon::operations::Request;
use crate::engine::port::{Clock, Fault, FaultKind};
use crate::letters::Letters;
use crate::reading::clamd::Clamd;
use crate::reading::pool::Pool;
use crate::reading::signature;
use crate::vault::{KeyError, MasterKey};
use crate::web::certificate::Certificates;
use crate::web::site::BaseUrl;

/// Validate the configuration and name the bad key.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Also log in to IMAP and SMTP, ask the account driver, and try the document tools.
    #[arg(long)]
    online: bool,
    /// One JSON array of rows.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Row {
    ok: bool,
    /// The key, or the thing, as an operator would look for it.
    key: String,
    says: String,
    /// Not well now, but may pass by itself.
    #[serde(skip)]
    passing: bool,
}

#[derive(Default)]
struct Rows(Vec<Row>);

impl Rows {
    fn add(&mut self, key: impl Into<String>, found: Result<String, String>) {
        let (ok, says) = match found {
            Ok(says) => (true, says),
            Err(says) => (false, says),
        };
        self.0.push(Row { ok, key: key.into(), says, passing: false });
    }

    fn add_fault(&mut self, key: impl Into<String>, found: Result<String, Fault>) {
        let passing = found.as_ref().is_err_and(|fault| fault.kind != FaultKind::Permanent);
        self.add(key, found.map_err(|fault| fault.message));
        self.0.iter_mut().rev().take(1).for_each(|row| row.passing = passing);
    }

    fn show(&self, json: bool) -> Done {
        if json {
            return say(&serde_json::to_string(&self.0).unwrap_or_default());
        }
        let row = |row: &Row| vec![if row.ok { "ok" } else { "bad" }.to_owned(), row.key.clone(), row.says.clone()];
        let rows: Vec<_> = self.0.iter().map(row).collect();
        say(&table(&["", "KEY", "FOUND"], &rows, ""))
    }

    /// 1 where something is wrong, 75 where all that is wrong may pass by itself.
    fn ending(&self) -> Done {
        let bad: Vec<&Row> = self.0.iter().filter(|row| !row.ok).collect();
        if bad.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = bad.iter().map(|row| format!("`{}`", row.key)).collect();
        let status = if bad.iter().all(|row| row.passing) { TEMPORARY } else { NEGATIVE };
        Err(Ending::new(status, format!("Not ready: {}. The rows above say what to do", keys.join(", "))))
    }
}

pub fn run(args: &Check) -> Done {
    let path = args.config.path();
    let config = match args.config.read() {
        Ok(config) => config,
        Err(findings) => return invalid(&path, &findings, args.json),
    };
    let mut rows = Rows::default();
    rows.add("configuration", Ok(format!("{} is valid", path.display())));
    look(&config, &mut rows);
    if args.online {
        try_out(&config, &mut rows)?;
    }
    concluded(rows.show(args.json), rows.ending())
}

fn invalid(path: &Path, findings: &[ConfigFinding], json: bool) -> Done {
    let mut rows = Rows::default();
    for finding in findings {
        rows.add(&finding.key, Err(finding.message.clone()));
    }
    let keys: Vec<String> = findings.iter().map(|finding| format!("`{}`", finding.key)).collect();
    let sentence = format!("{} cannot be used: correct {}", path.display(), keys.join(", "));
    concluded(rows.show(json), Err(Ending::new(CONFIGURATION, sentence)))
}

/// What files alone can tell.
fn look(config: &Config, rows: &mut Rows) {
    for (index, mailbox) in config.mailboxes.iter().enumerate() {
        let says = format!("`{}`, SOP {}", mailbox.procedure.id(), mailbox.procedure.sop.number);
        rows.add(format!("mailbox[{index}].procedure"), Ok(says));
    }
    for finding in config.findings_at(SystemClock.now()) {
        rows.add(finding.key, Err(finding.message));
    }
    let years: Vec<String> = config.holidays.iter().map(|year| year.year.to_string()).collect();
    if config.findings_at(SystemClock.now()).is_empty() {
        rows.add("holidays.files", Ok(format!("holidays of {}", years.join(", "))));
    }
    rows.add("signatures.roots", signatures(config));
    secrets(config, rows);
    let letters = Letters::load(assembly::letters_office(config), config.letters.as_deref());
    let from = config.letters.as_ref().map_or("built-in letters".to_owned(), |folder| {
        format!("letters with those of {} in the place of built-in ones", folder.display())
    });
    rows.add("letters.directory", letters.map(|_| from).map_err(|why| why.to_string()));
    rows.add(
        "desk.base_url",
        BaseUrl::parse(&config.desk.base_url).map(|url| format!("links begin with {}", url.as_str())),
    );
    match &config.desk.tls {
        Some(files) => {
            let loaded = Certificates::load(&files.certificate, &files.key);
            rows.add(
                "desk.tls_certificate",
                loaded.map(|_| "certificate and key fit".to_owned()).map_err(|why| why.to_string()),
            );
        }
        None => {
            rows.add("desk.listen", Ok(format!("plain HTTP on {}, for a proxy on this machine", config.desk.listen)))
        }
    }
    if let (Driver::Command, Some(command)) = (config.accounts.driver, &config.accounts.command) {
        rows.add("accounts.command.program", executable(&command.program));
    }
    rows.add("state.directory", state(&config.state.directory));
}

fn signatures(config: &Config) -> Result<String, String> {
    signature::Roots::new(&config.signatures.roots)?;
    let names = signature::names(&config.signatures.roots);
    if names.is_empty() {
        return Ok("no roots, so that no electronic signature counts as valid".to_owned());
    }
    Ok(format!("electronic signatures must lead to {}", names.join(", ")))
}

fn secrets(config: &Config, rows: &mut Rows) {
    let sealed = config.state.directory.join("live/loket.redb").exists();
    for (key, source) in config.secrets() {
        let read = match key.as_str() {
            "keys.master_key" | "keys.previous_key" => {
                source.read_bytes().map_err(|why| why.to_string()).and_then(|bytes| {
                    MasterKey::parse(&bytes)
                        .map(|_| ())
                        .ok_or_else(|| format!("{source} holds no 32 bytes, raw or in base64. {}", for_a_key(sealed)))
                })
            }
            _ => source.read_text().map(|_| ()).map_err(|why| why.to_string()),
        };
        rows.add(key, read.map(|()| format!("{source} can be read")));
    }
    if config.master_key.is_none() {
        rows.add("keys.master_key", own_key(&config.state.directory, sealed));
    }
}

/// The key of an office that configures none. As at the daemon's start, one is made for a new office alone.
fn own_key(state: &Path, sealed: bool) -> Result<String, String> {
    let file = state.join("master.key");
    let place = file.display();
    match MasterKey::find(state, None) {
        Ok(_) => Ok(format!("the key is in {place}; keep a copy elsewhere")),
        Err(KeyError::Missing { .. }) if !sealed => {
            Ok(format!("the key will be made at the first start in {place}; keep a copy elsewhere"))
        }
        Err(KeyError::Missing { .. }) => Err(format!("there is no key at {place}. {}", for_a_key(sealed))),
        Err(KeyError::Malformed { .. }) => {
            Err(format!("{place} holds no 32 bytes, raw or in base64. {}", for_a_key(sealed)))
        }
        Err(why) => Err(why.to_string()),
    }
}

/// What to do about a key that is none. Another one opens nothing that is sealed already.
fn for_a_key(sealed: bool) -> &'static str {
    match sealed {
        true => "Put the right one back: what is in the state folder is sealed under it",
        false => "Make one with `openssl rand -base64 32`",
    }
}

fn executable(program: &Path) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt;
    let about = std::fs::metadata(program)
        .map_err(|why| format!("{} cannot be found: {why}. Correct the path", program.display()))?;
    if !about.is_file() || about.permissions().mode() & 0o111 == 0 {
        return Err(format!("{} is no program that may be run. Run chmod 755 on it", program.display()));
    }
    Ok(format!("{} can be run", program.display()))
}

fn state(folder: &Path) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::metadata(folder) {
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            Ok(format!("{} will be made at the first start", folder.display()))
        }
        Err(why) => {
            Err(format!("{} cannot be looked at: {why}. Run this as root or as the daemon's user", folder.display()))
        }
        Ok(about) if !about.is_dir() => Err(format!("{} is no folder. Correct the path", folder.display())),
        Ok(about) if about.permissions().mode() & 0o077 != 0 => {
            Err(format!("{} is open to other users. Run chmod 700 on it", folder.display()))
        }
        Ok(_) => Ok(format!("{} is there", folder.display())),
    }
}

/// A refresh token may be good once, and then the daemon's would be void.
const UNTRIED: &str = "not tried, as only the daemon may use its refresh token; see its log and alarms";

/// What only a try can tell.
fn try_out(config: &Config, rows: &mut Rows) -> Done {
    let runtime = runtime()?;
    let permanent = |why: anyhow::Error| Fault::permanent(format!("{why:#}"));
    let max_mail_bytes = u64::from(config.limits.max_mail_mb) * 1_000_000;
    for (index, mailbox) in config.mailboxes.iter().enumerate() {
        let probed = match assembly::inbox(mailbox, max_mail_bytes, None) {
            Ok(_) if mailbox.imap().is_some_and(|imap| imap.login.is_used_up()) => Ok(UNTRIED.to_owned()),
            Ok(inbox) => runtime.block_on(inbox.probe()),
            Err(why) => Err(permanent(why)),
        };
        rows.add_fault(format!("mailbox[{index}]"), probed);
        match assembly::witness(config, &mailbox.trust) {
            Ok(None) => {}
            Ok(Some(witness)) => rows.add_fault("dns", runtime.block_on(witness.probe())),
            Err(why) => rows.add_fault("dns", Err(permanent(why))),
        }
    }
    let login = config.courier.smtp.as_ref().and_then(|smtp| smtp.login.as_ref());
    let probed = match assembly::courier(config, Extent::Whole, None) {
        Ok(_) if login.is_some_and(|login| login.secret.is_used_up()) => Ok(UNTRIED.to_owned()),
        Ok(courier) => runtime.block_on(courier.probe()),
        Err(why) => Err(permanent(why)),
    };
    rows.add_fault("courier", probed);
    let (reading, scans) = match assembly::reading(config) {
        Ok(settings) => runtime.block_on(async {
            let pool = Pool::new(settings);
            let recognition = pool.probe_recognition().await;
            (pool.probe().await.map_err(Fault::transient), recognition.map_err(Fault::permanent))
        }),
        Err(why) => (Err(permanent(why)), Ok(())),
    };
    let says = "a walled worker starts and reads PDF text, DOCX, ODT and ZIP by itself";
    rows.add_fault("reading", reading.map(|()| says.to_owned()));
    let says = "tesseract reads scans and photographs in Indonesian and English";
    rows.add_fault("reading.scans", scans.map(|()| says.to_owned()));
    if let Some(scanner) = assembly::scanner(config) {
        let probed = runtime.block_on(Clamd::new(scanner).probe());
        rows.add_fault("virus_scan", probed.map_err(Fault::transient));
    }
    // What the runtime holds open must be gone before another one is made.
    drop(runtime);
    rows.add_fault("accounts.driver", ask_driver(config));
    Ok(())
}

/// The driver needs the state folder, which belongs to the daemon while one runs.
fn ask_driver(config: &Config) -> Result<String, Fault> {
    if !config.state.directory.is_dir() {
        return Err(Fault::permanent(
            "There are no accounts yet, because the daemon has never run. Start it, then run `loket accounts import FILE.csv`",
        ));
    }
    let asked = ask::<serde_json::Value>(config, Request::ProbeAccounts);
    asked.map(|value| value["sentence"].as_str().unwrap_or_default().to_owned()).map_err(|ending| {
        let sentence = ending.sentences.join(" ");
        if ending.status == TEMPORARY { Fault::transient(sentence) } else { Fault::permanent(sentence) }
    })
}
