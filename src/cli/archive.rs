//! `loket archive`: closed dossiers, read-only. `verify FILE` needs nothing but the file; the other verbs unseal with
//! the office's keys. Nothing here destroys anything.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::carry::carry;
use super::ending::{Done, Ending, NEGATIVE, TEMPORARY, say, say_bytes};
use super::office::{ConfigFile, ask, ask_json};
use super::table::{local, or_dash, sheet, table};
use crate::config::Config;
use crate::daemon::operations::archive::{DamageView, DisposalLine, DossierView, Exported, ItemView, VerifyView};
use crate::daemon::operations::{Request, Staging};
use crate::engine::archive::ArchiveLine;
use crate::sop::names::CaseNumber;
use crate::store::StoreError;
use crate::store::archive::verify_file;

/// The archive: list, search, show, export, verify.
#[derive(Debug, clap::Args)]
pub struct Archive {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// The register of the archive.
    List {
        #[arg(long)]
        json: bool,
    },
    /// Dossiers in which every word occurs: number, register, names, titles.
    Search {
        #[arg(required = true)]
        words: Vec<String>,
        #[arg(long)]
        json: bool,
    },
    /// One dossier and the list of its items, or one item's bytes.
    Show {
        #[arg(value_parser = super::cases::number)]
        number: CaseNumber,
        /// Write this item to standard output, as it is.
        #[arg(long, value_name = "NAME", conflicts_with = "json")]
        item: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Write a dossier as a folder an archivist can read (BagIt, RFC 8493): DIR/NUMBER, which must not exist yet.
    Export {
        #[arg(value_parser = super::cases::number)]
        number: CaseNumber,
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Print the folder as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Recompute every hash and chain, and name the dossier that is damaged. With FILE: of these archive files alone,
    /// without configuration or key.
    Verify {
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[arg(long)]
        json: bool,
    },
    /// The dossiers whose retention has passed, as a proposal. Nothing is destroyed.
    Disposal {
        #[arg(long)]
        json: bool,
    },
}

pub fn run(args: &Archive) -> Done {
    if let Verb::Verify { files, json } = &args.verb
        && !files.is_empty()
    {
        return verify_files(files, *json);
    }
    let config = args.config.load()?;
    match &args.verb {
        Verb::List { json } => lines(&config, Request::ListArchive, *json, "The archive is empty"),
        Verb::Search { words, json } => {
            let request = Request::SearchArchive { words: words.join(" ") };
            lines(&config, request, *json, "No dossier holds all these words")
        }
        Verb::Show { number, item: Some(name), .. } => {
            let item: ItemView = ask(&config, Request::ReadItem { number: number.clone(), name: name.clone() })?;
            let bytes = STANDARD
                .decode(&item.base64)
                .map_err(|_| Ending::temporary("The item did not arrive whole. Repeat the command"))?;
            say_bytes(&bytes)
        }
        Verb::Show { number, item: None, json } => {
            let request = Request::ShowDossier { number: number.clone() };
            if *json {
                say(&ask_json(&config, request)?.to_string())
            } else {
                say(&dossier(&ask(&config, request)?, &config))
            }
        }
        Verb::Export { number, to, json } => export(&config, number, to, *json),
        Verb::Verify { json, .. } => verify_all(&config, *json),
        Verb::Disposal { json } => disposal(&config, *json),
    }
}

fn lines(config: &Config, request: Request, json: bool, nothing: &str) -> Done {
    if json {
        return say(&ask_json(config, request)?.to_string());
    }
    let zone = config.office.zone;
    let row = |line: &ArchiveLine| {
        let r = &line.register;
        vec![
            r.number.to_string(),
            r.outcome.clone(),
            local(r.opened, zone),
            local(r.closed, zone),
            r.classification.clone(),
            r.access.clone(),
            line.items.to_string(),
            format!("{}#{}", line.file, line.position),
        ]
    };
    let rows: Vec<_> = ask::<Vec<ArchiveLine>>(config, request)?.iter().map(row).collect();
    say(&table(&["NUMBER", "OUTCOME", "OPENED", "CLOSED", "CODE", "ACCESS", "ITEMS", "PLACE"], &rows, nothing))
}

fn dossier(view: &DossierView, config: &Config) -> String {
    let (zone, r) = (config.office.zone, &view.line.register);
    let of = |name: &str| or_dash(view.metadata[name].as_str());
    let mut text = sheet(&[
        ("number", r.number.to_string()),
        ("title", of("title")),
        ("user ID", of("user_id")),
        ("outcome", r.outcome.clone()),
        ("opened", local(r.opened, zone)),
        ("closed", local(r.closed, zone)),
        ("archived", local(view.line.archived, zone)),
        ("decided by", of("decided_by")),
        ("classification", r.classification.clone()),
        ("retention", r.retention_class.clone()),
        ("access", r.access.clone()),
        ("place", format!("{}#{}", view.line.file, view.line.position)),
        ("hash", view.line.hash.to_string()),
        ("journal", format!("{} entries", view.journal_entries)),
    ]);
    let rows: Vec<_> = view
        .contents
        .iter()
        .map(|i| vec![i.name.clone(), i.title.clone(), i.bytes.to_string(), i.sha256.0.chars().take(16).collect()])
        .collect();
    text.push('\n');
    text.push_str(&table(&["ITEM", "TITLE", "BYTES", "SHA-256"], &rows, "no items"));
    text
}

fn export(config: &Config, number: &CaseNumber, to: &Path, json: bool) -> Done {
    let target = to.join(number.to_string());
    if target.exists() {
        return Err(Ending::negative(format!("{} exists already. Name another folder", target.display())));
    }
    let made: Exported = ask(config, Request::Export { number: number.clone() })?;
    let carried = std::fs::create_dir_all(to).and_then(|()| carry(&made.folder, &target));
    if let Some(place) = made.folder.parent() {
        Staging::clear(place);
    }
    carried.map_err(|why| {
        Ending::negative(format!("Cannot write {}: {why}. Check the disk and who may write there", target.display()))
    })?;
    if json { say(&serde_json::json!({ "folder": target }).to_string()) } else { say(&target.display().to_string()) }
}

fn verify_all(config: &Config, json: bool) -> Done {
    let value = ask_json(config, Request::VerifyAll)?;
    let view: VerifyView = serde_json::from_value(value.clone())
        .map_err(|why| Ending::temporary(format!("The daemon's answer does not read: {why}. Restart it")))?;
    if json {
        say(&value.to_string())?;
    } else if view.damage.is_empty() {
        say(&format!("Sound: {} dossiers in {} archive files, and the live store", view.dossiers, view.files))?;
    } else {
        say(&damaged(&view.damage))?;
    }
    if view.damage.is_empty() { Ok(()) } else { Err(Ending::silent(NEGATIVE)) }
}

/// Checks files one by one. The worst of them decides the exit status.
fn verify_files(files: &[PathBuf], json: bool) -> Done {
    let mut ending = Ending::silent(0);
    let mut told = Vec::new();
    for file in files {
        match verify_file(file) {
            Ok(found) => {
                let damage: Vec<DamageView> =
                    found.into_iter().map(|d| DamageView { thing: d.thing, what: d.what }).collect();
                if !damage.is_empty() {
                    ending.status = ending.status.max(NEGATIVE);
                }
                if !json {
                    let sound = || format!("{}: sound\n", file.display());
                    say(&if damage.is_empty() { sound() } else { damaged(&damage) })?;
                }
                told.push(serde_json::json!({ "file": file, "damage": damage }));
            }
            Err(why) => {
                let passing = matches!(why, StoreError::InUse { .. });
                ending.status = ending.status.max(if passing { TEMPORARY } else { NEGATIVE });
                ending.sentences.push(why.to_string());
            }
        }
    }
    if json {
        say(&serde_json::Value::from(told).to_string())?;
    }
    if ending.status == 0 { Ok(()) } else { Err(ending) }
}

fn damaged(damage: &[DamageView]) -> String {
    let rows: Vec<_> = damage.iter().map(|d| vec![d.thing.clone(), d.what.clone()]).collect();
    table(&["DAMAGED", "WHAT"], &rows, "")
}

fn disposal(config: &Config, json: bool) -> Done {
    let value = ask_json(config, Request::ProposeDisposal)?;
    if json {
        return say(&value.to_string());
    }
    let lines: Vec<DisposalLine> = serde_json::from_value(value)
        .map_err(|why| Ending::temporary(format!("The daemon's answer does not read: {why}. Restart it")))?;
    let row = |line: &DisposalLine| {
        vec![
            line.number.to_string(),
            line.classification.clone(),
            line.retention_class.clone(),
            line.outcome.clone(),
            local(line.closed, config.office.zone),
            line.years.to_string(),
            line.retained_until.to_string(),
            or_dash(line.fate.as_deref()),
        ]
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    let header = ["NUMBER", "CODE", "CLASS", "OUTCOME", "CLOSED", "YEARS", "KEPT UNTIL", "PROPOSED"];
    say(&table(&header, &rows, "No dossier's retention has passed"))
}
