//! `loket archive verify`: everything with the office's keys, or single files with public material only, and whether all
//! of it, the journal too, or these still go on from a signed head.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::ending::{Done, Ending, NEGATIVE, TEMPORARY, concluded, say};
use crate::cli::office::ask_json;
use crate::cli::table::{counted, table};
use crate::config::Config;
use crate::daemon::operations::Request;
use crate::daemon::operations::archive::{DamageView, VerifyView};
use crate::engine::archive::Destruction;
use crate::engine::evidence::{self, Heads};
use crate::sop::names::CaseNumber;
use crate::store::StoreError;
use crate::store::archive::{destroyed_in, extends, verify_file};

#[derive(Debug, clap::Args)]
pub struct Verify {
    /// Archive files, or copies of them.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A signed head (`archive head --sign`) that each FILE must go on from; without FILE, the journal and the whole
    /// archive. Needs --key.
    #[arg(long, value_name = "FILE", requires = "key")]
    head: Option<PathBuf>,
    /// The public key the head was signed with: in base64, or a file that holds it (`archive head --key`).
    #[arg(long, value_name = "KEY", requires = "head")]
    key: Option<String>,
    /// Print JSON in place of text.
    #[arg(long)]
    json: bool,
}

/// Things that the one sentence names; the output names all.
const NAMED: usize = 5;

/// What was found in one file.
struct Looked {
    damage: Vec<DamageView>,
    destroyed: Vec<(CaseNumber, Destruction)>,
}

impl Verify {
    pub fn is_offline(&self) -> bool {
        !self.files.is_empty()
    }

    /// Everything, with the office's keys.
    pub fn everything(&self, config: &Config) -> Done {
        let heads = self.head()?;
        let signed =
            |heads: &Heads| format!("; journal and archive go on from the head signed at {}", heads.at.to_rfc3339());
        let since = heads.as_ref().map(signed);
        let request = heads.map_or(Request::VerifyAll, |heads| Request::VerifyAgainst { heads });
        let value = ask_json(config, request)?;
        let view: VerifyView = serde_json::from_value(value.clone())
            .map_err(|why| Ending::temporary(format!("The daemon's answer does not read: {why}. Restart it")))?;
        let text = if self.json {
            value.to_string()
        } else if view.damage.is_empty() {
            let gone = match view.destroyed {
                0 => String::new(),
                gone => format!(" ({gone} destroyed under official records)"),
            };
            let (dossiers, files) = (counted(view.dossiers, "dossier"), counted(view.files, "archive file"));
            let since = since.unwrap_or_default();
            format!("Sound: {dossiers}{gone} in {files}, and the live store{since}")
        } else {
            damaged(&view.damage)
        };
        let things: Vec<String> = view.damage.into_iter().map(|damage| damage.thing).collect();
        let verdict = if things.is_empty() { Ok(()) } else { Err(Ending::negative(unsound(&things))) };
        concluded(say(&text), verdict)
    }

    /// Files one by one, with nothing secret. The worst of them decides the exit status.
    pub fn files(&self) -> Done {
        let head = self.head()?;
        let mut ending = Ending::silent(0);
        let (mut told, mut things, mut said) = (Vec::new(), Vec::new(), Ok(()));
        for file in &self.files {
            match look(file, head.as_ref()) {
                Ok(looked) => {
                    if !looked.damage.is_empty() {
                        ending.status = ending.status.max(NEGATIVE);
                    }
                    if !self.json {
                        said = said.and_then(|()| say(&in_words(file, &looked, head.as_ref())));
                    }
                    things.extend(looked.damage.iter().map(|damage| damage.thing.clone()));
                    let destroyed: Vec<_> = looked
                        .destroyed
                        .iter()
                        .map(|(number, why)| json!({ "number": number, "at": why.at, "record": why.record }))
                        .collect();
                    told.push(json!({ "file": file, "damage": looked.damage, "destroyed": destroyed }));
                }
                Err(why) => {
                    let passing = matches!(why, StoreError::InUse { .. });
                    ending.status = ending.status.max(if passing { TEMPORARY } else { NEGATIVE });
                    ending.sentences.push(why.to_string());
                }
            }
        }
        if self.json {
            said = say(&serde_json::Value::from(told).to_string());
        }
        if !things.is_empty() {
            ending.sentences.push(unsound(&things));
        }
        concluded(said, if ending.status == 0 { Ok(()) } else { Err(ending) })
    }

    /// The signed head to hold all of it, or the files, against. A file that it does not speak of is no match for it.
    fn head(&self) -> Result<Option<Heads>, Ending> {
        let (Some(file), Some(key)) = (&self.head, &self.key) else { return Ok(None) };
        let text = read(file)?;
        let given = if Path::new(key).is_file() { read(Path::new(key))? } else { key.clone() };
        let public = evidence::read_key(&given).ok_or_else(|| {
            Ending::negative(
                "Cannot use `--key`: it is no public key of 32 bytes in base64. `loket archive head --key` prints it",
            )
        })?;
        let refused = |why| Ending::negative(format!("Cannot trust the head in {}: {why}", file.display()));
        let heads = evidence::read_signed(&text, &public).map_err(refused)?;
        for file in &self.files {
            if !heads.archive.iter().any(|head| head.file == name(file)) {
                return Err(Ending::negative(format!(
                    "The head of {} says nothing of {}: the file began later, or has another name",
                    heads.at.format("%Y-%m-%d"),
                    file.display()
                )));
            }
        }
        Ok(Some(heads))
    }
}

fn look(file: &Path, heads: Option<&Heads>) -> Result<Looked, StoreError> {
    let mut found = verify_file(file)?;
    let head = heads.and_then(|heads| heads.archive.iter().find(|head| head.file == name(file)));
    if let Some(head) = head.filter(|_| found.is_empty()) {
        found.extend(extends(file, head)?);
    }
    let destroyed = if found.is_empty() { destroyed_in(file)? } else { Vec::new() };
    let damage = found.into_iter().map(|d| DamageView { thing: d.thing, what: d.what }).collect();
    Ok(Looked { damage, destroyed })
}

fn in_words(file: &Path, looked: &Looked, heads: Option<&Heads>) -> String {
    if !looked.damage.is_empty() {
        return damaged(&looked.damage);
    }
    let since = heads.map(|heads| format!(", and goes on from the head signed at {}", heads.at.to_rfc3339()));
    let mut text = format!("{}: sound{}\n", file.display(), since.unwrap_or_default());
    for (number, why) in &looked.destroyed {
        text.push_str(&format!(
            "  {number} was destroyed on {} under record {}\n",
            why.at.format("%Y-%m-%d"),
            why.record
        ));
    }
    text
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(file: &Path) -> Result<String, Ending> {
    std::fs::read_to_string(file)
        .map_err(|why| Ending::negative(format!("Cannot read {}: {why}. Name another file", file.display())))
}

/// What is damaged, in one sentence; why of each stands in the output.
fn unsound(things: &[String]) -> String {
    let more = match things.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = things.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    format!(
        "Not sound: {named}{more}. The output says what is wrong with each; if it lies in the archive, take the file from a backup"
    )
}

fn damaged(damage: &[DamageView]) -> String {
    let rows: Vec<_> = damage.iter().map(|d| vec![d.thing.clone(), d.what.clone()]).collect();
    table(&["DAMAGED", "WHAT"], &rows, "")
}
