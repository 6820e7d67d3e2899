//! `loket admins`: who may decide, archive or audit. The operator gets a link and never sees a factor.

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
    /// Print a one-time link, good for 72 hours, with which that person alone sets up the factor.
    Enroll {
        #[arg(value_name = "EMAIL", value_parser = address)]
        email: Address,
        #[arg(long, value_enum, default_value = "admin")]
        role: RoleName,
        /// The name that letters and pages use [default: the address].
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        json: bool,
    },
    /// Everybody who is or was registered.
    List {
        #[arg(long)]
        json: bool,
    },
    /// Take a person's rights away; open cases go to somebody else.
    Revoke {
        #[arg(value_name = "EMAIL", value_parser = address)]
        email: Address,
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
                    "invited" => format!("invited until {since}"),
                    other => format!("{other} since {since}"),
                };
                vec![admin.email.to_string(), admin.name.clone(), word(&admin.role), standing]
            };
            let rows: Vec<_> = admins.iter().map(row).collect();
            let nobody = "Nobody is registered. Invite somebody with `loket admins enroll EMAIL`";
            say(&table(&["EMAIL", "NAME", "ROLE", "STANDING"], &rows, nobody))
        }
        Verb::Revoke { email, json } => {
            let request = Request::RevokeAdmin { address: email.clone() };
            if *json {
                return say(&ask_json(&config, request)?.to_string());
            }
            let revoked: AdminView = ask(&config, request)?;
            say(&format!("{} may no longer act", revoked.email))
        }
    }
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| "write one mail address, such as retno@karangmulia.example".to_owned())
}
