//! `loket archive`: closed dossiers. [`verify`] of a file needs nothing but the file; the other verbs unseal with the
//! office's keys. [`disposal`] alone ends a dossier, by two people and an official record.

mod disposal;
mod verify;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::carry::carry;
use super::ending::{Done, Ending, say, say_bytes};
use super::office::{ConfigFile, ask, ask_json};
use super::table::{accesses, local, or_dash, sheet, table};
use crate::config::Config;
use crate::daemon::operations::archive::{DossierView, Exported, HeadsView, ItemView};
use crate::daemon::operations::{Request, Staging};
use crate::engine::archive::ArchiveLine;
use crate::sop::names::CaseNumber;

/// The archive: list, search, show, export, verify, head, disposal.
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
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// Dossiers in which every word occurs: number, register, names, titles.
    Search {
        /// Words that must all occur.
        #[arg(required = true, value_parser = super::argument::line)]
        words: Vec<String>,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// One dossier and the list of its items, or one item's bytes.
    Show {
        /// The dossier, such as LPSE-2026-0047.
        #[arg(value_parser = super::cases::number)]
        number: CaseNumber,
        /// Write this item to standard output, as it is.
        #[arg(long, value_name = "NAME", conflicts_with = "json")]
        item: Option<String>,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// Write a dossier as a folder an archivist can read (BagIt, RFC 8493): DIR/NUMBER, which must not exist yet.
    Export {
        /// The dossier, such as LPSE-2026-0047.
        #[arg(value_parser = super::cases::number)]
        number: CaseNumber,
        /// The folder to write it into.
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Print the folder as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Recompute every hash and chain, and name the dossier that is damaged; parts of a file that hold nothing are not
    /// looked at. With FILE: of these archive files alone, without configuration or key.
    Verify(verify::Verify),
    /// Where journal and archive end: a few lines to print or keep elsewhere, that the archive can later be held against.
    Head {
        /// Sign them (Ed25519), for `archive verify --head`.
        #[arg(long)]
        sign: bool,
        /// Print the public key of the signature alone.
        #[arg(long, conflicts_with_all = ["sign", "json"])]
        key: bool,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// The dossiers whose retention has passed. They are destroyed only by a proposal and an approval on record.
    Disposal(disposal::Disposal),
}

pub fn run(args: &Archive) -> Done {
    if let Verb::Verify(verify) = &args.verb
        && verify.is_offline()
    {
        return verify.files();
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
        Verb::Verify(verify) => verify.everything(&config),
        Verb::Head { sign, key, json } => {
            let request = Request::ShowHeads { sign: *sign };
            if *json {
                return say(&ask_json(&config, request)?.to_string());
            }
            let view: HeadsView = ask(&config, request)?;
            say(if *key { &view.key } else { view.text.trim_end() })
        }
        Verb::Disposal(disposal) => disposal.run(&config),
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
            line.destroyed.as_ref().map_or(r.outcome.clone(), |why| format!("destroyed: {}", why.record)),
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
    text.push_str(&format!("\nSeen by\n{}", accesses(&view.accesses, zone)));
    text
}

fn export(config: &Config, number: &CaseNumber, to: &Path, json: bool) -> Done {
    let target = to.join(number.to_string());
    if target.exists() {
        return Err(Ending::negative(format!("{} exists already. Name another folder", target.display())));
    }
    let unwritten = |why: std::io::Error| {
        Ending::negative(format!("Cannot write {}: {why}. Check the disk and who may write there", target.display()))
    };
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let new: Vec<&Path> = to.ancestors().take_while(is_new).collect();
    // Before the work is asked for, which may take long.
    let ready = std::fs::create_dir_all(to).map_err(unwritten);
    let asked = ready.and_then(|()| ask::<Exported>(config, Request::Export { number: number.clone() }));
    let made = asked.inspect_err(|_| {
        for folder in &new {
            // One in which somebody else has put something stays.
            let _ = std::fs::remove_dir(folder);
        }
    })?;
    let carried = carry(&made.folder, &target);
    if let Some(place) = made.folder.parent() {
        Staging::clear(place);
    }
    carried.map_err(unwritten)?;
    if json { say(&serde_json::json!({ "folder": target }).to_string()) } else { say(&target.display().to_string()) }
}
