//! `loket accounts`: the embedded account directory, which is also the archive of initial registrations that step 5
//! compares with.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::ending::{Done, Ending, say};
use super::office::{ConfigFile, ask, ask_json};
use super::table::{local, or_dash, sheet, table};
use crate::accounts::csv;
use crate::daemon::operations::Request;
use crate::daemon::operations::accounts::{AccountView, ImportView};

/// Bytes of the largest accounts file, some hundred thousand rows; a device or a wrong file is not read to its end.
const LARGEST: u64 = 128 * 1024 * 1024;

/// The account directory: import it, look at it.
#[derive(Debug, clap::Args)]
pub struct Accounts {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Put the accounts of a CSV file in place of all others; a bad row is named and nothing is imported.
    Import {
        /// All accounts, in UTF-8, with a header; whoever is not in it is gone from the register.
        #[arg(value_name = "FILE.csv")]
        file: PathBuf,
        /// Print the counts as JSON.
        #[arg(long)]
        json: bool,
    },
    /// All accounts, by user ID.
    List {
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// One account and the state of its password.
    Show {
        /// As the register writes it; upper and lower case are alike.
        user_id: String,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
}

pub fn run(args: &Accounts) -> Done {
    let config = args.config.load()?;
    match &args.verb {
        Verb::Import { file, json } => {
            let request = Request::ImportAccounts { csv: read(file)? };
            if *json {
                return say(&ask_json(&config, request)?.to_string());
            }
            let done: ImportView = ask(&config, request)?;
            say(&format!(
                "Imported: {} new, {} changed, {} unchanged, {} removed",
                done.added, done.changed, done.unchanged, done.removed
            ))
        }
        Verb::List { json: true } => say(&ask_json(&config, Request::ListAccounts)?.to_string()),
        Verb::List { json: false } => {
            let accounts: Vec<AccountView> = ask(&config, Request::ListAccounts)?;
            let row = |view: &AccountView| {
                let a = &view.account;
                vec![
                    a.user_id.to_string(),
                    a.name.clone(),
                    a.email.to_string(),
                    a.role.clone(),
                    or_dash(a.work_unit.as_deref()),
                    if a.active { "active" } else { "inactive" }.to_owned(),
                ]
            };
            let rows: Vec<_> = accounts.iter().map(row).collect();
            let header = ["USER ID", "NAME", "EMAIL", "ROLE", "WORK UNIT", "STATE"];
            say(&table(&header, &rows, "There are no accounts. Import them with `loket accounts import FILE.csv`"))
        }
        Verb::Show { user_id, json } => {
            let request = Request::ShowAccount { user_id: user_id.clone() };
            if *json {
                return say(&ask_json(&config, request)?.to_string());
            }
            let view: AccountView = ask(&config, request)?;
            let a = &view.account;
            let until =
                view.password_until.map(|at| format!(", until {}", local(at, config.office.zone))).unwrap_or_default();
            say(&sheet(&[
                ("user ID", a.user_id.to_string()),
                ("name", a.name.clone()),
                ("NIP", a.nip.as_ref().map_or("-".to_owned(), |nip| nip.masked())),
                ("email", a.email.to_string()),
                ("phone", or_dash(a.phone.as_deref())),
                ("role", a.role.clone()),
                ("work unit", or_dash(a.work_unit.as_deref())),
                ("position", or_dash(a.position.as_deref())),
                ("state", if a.active { "active" } else { "inactive" }.to_owned()),
                ("decree", or_dash(a.decree_number.as_deref())),
                ("valid until", a.decree_valid_until.map_or("-".to_owned(), |day| day.to_string())),
                ("password", format!("{}{until}", or_dash(view.password.as_deref()))),
            ]))
        }
    }
}

/// An accounts file as it lies there.
pub fn bytes(file: &Path) -> Result<Vec<u8>, Ending> {
    let mut bytes = Vec::new();
    File::open(file).and_then(|opened| opened.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(|why| {
        Ending::negative(format!("Cannot read the accounts file {}: {why}. Check its path", file.display()))
    })?;
    if bytes.len() as u64 > LARGEST {
        return Err(Ending::negative(format!(
            "The accounts file {} is larger than 128 MiB, which no register is. Name another file",
            file.display()
        )));
    }
    Ok(bytes)
}

fn read(file: &Path) -> Result<String, Ending> {
    String::from_utf8(bytes(file)?).map_err(|bad| {
        // The reader names line and column.
        let why = csv::read(bad.as_bytes(), "").err().map(|e| e.to_string());
        Ending::negative(why.unwrap_or_else(|| "The accounts file is not UTF-8. Save the file as UTF-8".to_owned()))
    })
}
