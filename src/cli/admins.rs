//! `loket admins`: who may decide, archive or audit. The operator gets a link and never sees a factor.

use chrono::NaiveDate;

use super::argument::{address, line};
use super::ending::{Done, say};
use super::office::{ConfigFile, ask, ask_json};
use super::table::{local, table, word};
use crate::daemon::operations::Request;
use crate::daemon::operations::admins::{AdminView, EnrolmentView};
use crate::engine::admins::Role;
use crate::sop::names::Address;

/// The people who may act: invite, list, revoke.
#[derive(Debug, clap::Args)]
pub struct Admins {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RoleName {
    Admin,
    Archivist,
    Auditor,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Print a one-time link, good for 24 hours, with which that person alone sets up the factor.
    Enroll {
        /// Address of the person; what an admin is to decide on is mailed there.
        #[arg(value_name = "EMAIL", value_parser = address)]
        email: Address,
        /// What the person may do: an admin decides, the others look at the desk and change nothing.
        #[arg(long, value_enum, default_value = "admin")]
        role: RoleName,
        /// The name that letters and pages use [default: the address].
        #[arg(long, value_parser = line)]
        name: Option<String>,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// Everybody who is or was registered.
    List {
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// Let another admin stand in while one is away: they get the same mails, and decide in the absent one's place.
    Delegate {
        /// Who is away.
        #[arg(value_name = "EMAIL", value_parser = address)]
        email: Address,
        /// Who stands in.
        #[arg(long, value_name = "EMAIL", value_parser = address, required_unless_present = "end")]
        to: Option<Address>,
        /// The last day of the absence, such as 2026-12-05.
        #[arg(long, value_name = "DATE", value_parser = day, required_unless_present = "end")]
        until: Option<NaiveDate>,
        /// The absent admin is back before that day.
        #[arg(long, conflicts_with_all = ["to", "until"])]
        end: bool,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// Take a person's rights away; open cases go to somebody else.
    Revoke {
        /// Who may no longer act.
        #[arg(value_name = "EMAIL", value_parser = address)]
        email: Address,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
}

pub fn run(args: &Admins) -> Done {
    let config = args.config.load()?;
    match &args.verb {
        Verb::Enroll { email, role, name, json } => {
            let role = match role {
                RoleName::Admin => Role::Admin,
                RoleName::Archivist => Role::Archivist,
                RoleName::Auditor => Role::Auditor,
            };
            let request = Request::EnrollAdmin { address: email.clone(), name: name.clone(), role };
            if *json {
                return say(&ask_json(&config, request)?.to_string());
            }
            let made: EnrolmentView = ask(&config, request)?;
            say(&made.link)
        }
        Verb::List { json: true } => say(&ask_json(&config, Request::ListAdmins)?.to_string()),
        Verb::List { json: false } => {
            let admins: Vec<AdminView> = ask(&config, Request::ListAdmins)?;
            let row = |admin: &AdminView| {
                let since = local(admin.at, config.office.zone);
                let standing = match admin.standing.as_str() {
                    "active" if admin.locked_until.is_some() => {
                        let until = admin.locked_until.unwrap_or(admin.at);
                        format!("locked until {}", local(until, config.office.zone))
                    }
                    "active" if admin.absence.is_some() => {
                        let who = admin.absence.as_ref().map(|absence| absence.delegate.to_string());
                        format!("away; {} stands in", who.unwrap_or_default())
                    }
                    "invited" => format!("invited until {since}"),
                    other => format!("{other} since {since}"),
                };
                vec![admin.email.to_string(), admin.name.clone(), word(&admin.role), standing]
            };
            let rows: Vec<_> = admins.iter().map(row).collect();
            let nobody = "Nobody is registered. Invite somebody with `loket admins enroll EMAIL`";
            say(&table(&["EMAIL", "NAME", "ROLE", "STANDING"], &rows, nobody))
        }
        Verb::Delegate { email, to, until, json, .. } => {
            let address = email.clone();
            let request = match (to.clone(), *until) {
                (Some(to), Some(until)) => Request::Delegate { address, to, until },
                _ => Request::EndAbsence { address },
            };
            if *json {
                return say(&ask_json(&config, request)?.to_string());
            }
            let told: AdminView = ask(&config, request)?;
            match told.absence {
                Some(absence) => say(&format!(
                    "{} stands in for {} until {}",
                    absence.delegate,
                    told.email,
                    local(absence.until, config.office.zone)
                )),
                None => say(&format!("{} decides again; nobody stands in", told.email)),
            }
        }
        Verb::Revoke { email, json } => {
            let request = Request::RevokeAdmin { address: email.clone() };
            if *json {
                return say(&ask_json(&config, request)?.to_string());
            }
            let revoked: AdminView = ask(&config, request)?;
            let people: Vec<AdminView> = ask(&config, Request::ListAdmins)?;
            let decides = |person: &AdminView| person.standing == "active" && person.role.acts();
            let nobody = match people.iter().any(decides) {
                true => "",
                false => ". Nobody is left who may decide: invite somebody with `loket admins enroll EMAIL`",
            };
            say(&format!("{} may no longer act{nobody}", revoked.email))
        }
    }
}

fn day(text: &str) -> Result<NaiveDate, String> {
    let wanted = "write the date as YYYY-MM-DD, such as 2026-12-05";
    NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").map_err(|_| wanted.to_owned())
}
