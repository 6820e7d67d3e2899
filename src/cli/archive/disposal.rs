//! `loket archive disposal`: what may go, who proposed it, who approved it under which record, and what is gone. The code of
//! a person's factor is read from standard input, because arguments are seen by everybody on the machine.

use std::io::{BufRead, IsTerminal};

use crate::cli::argument::address;
use crate::cli::ending::{Done, Ending, say};
use crate::cli::office::{ask, ask_json};
use crate::cli::table::{local, or_dash, table};
use crate::config::Config;
use crate::daemon::operations::{Code, Request};
use crate::engine::disposal::{Disposal as Proposal, DueDossier};
use crate::sop::names::{Address, CaseNumber};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Disposal {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print JSON in place of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Put a proposal on record. Asks for the proposer's code. Nothing is destroyed.
    Propose {
        /// The dossiers, such as LPSE-2016-0047.
        #[arg(required = true, value_parser = crate::cli::cases::number)]
        numbers: Vec<CaseNumber>,
        /// The enrolled person who proposes.
        #[arg(long, value_name = "EMAIL", value_parser = address)]
        by: Address,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// Approve a proposal of somebody else under an official record, and destroy its dossiers for good. Asks for the
    /// approver's code.
    Approve {
        /// The proposal, such as MUSNAH-2026-01; `list` names them.
        #[arg(value_name = "PROPOSAL")]
        id: String,
        /// The enrolled person who approves.
        #[arg(long, value_name = "EMAIL", value_parser = address)]
        by: Address,
        /// Number of the official record (berita acara pemusnahan).
        #[arg(long, value_name = "NUMBER")]
        record: String,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// All proposals, and the register of what was destroyed.
    List {
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
}

impl Disposal {
    pub fn run(&self, config: &Config) -> Done {
        let (request, json) = match &self.verb {
            None => (Request::ListDue, self.json),
            Some(Verb::List { json }) => (Request::ListDisposals, *json),
            Some(Verb::Propose { numbers, by, json }) => {
                (Request::ProposeDisposal { by: by.clone(), code: code()?, dossiers: numbers.clone() }, *json)
            }
            Some(Verb::Approve { id, by, record, json }) => {
                let (id, by, record) = (id.clone(), by.clone(), record.clone());
                (Request::ApproveDisposal { id, by, code: code()?, record }, *json)
            }
        };
        if json {
            return say(&ask_json(config, request)?.to_string());
        }
        match &self.verb {
            None => due(&ask::<Vec<DueDossier>>(config, request)?, config),
            Some(Verb::List { .. }) => register(&ask::<Vec<Proposal>>(config, request)?, config),
            Some(_) => register(&[ask::<Proposal>(config, request)?], config),
        }
    }
}

fn due(lines: &[DueDossier], config: &Config) -> Done {
    let row = |line: &DueDossier| {
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

fn register(proposals: &[Proposal], config: &Config) -> Done {
    let zone = config.office.zone;
    let row = |proposal: &Proposal| {
        let approval = proposal.approval.as_ref();
        let record = approval.map(|a| &a.record).or(proposal.found.as_ref().map(|why| &why.record));
        vec![
            proposal.id.clone(),
            proposal.dossiers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            format!("{} {}", local(proposal.proposed_at, zone), proposal.proposed_by),
            approval.map_or("-".to_owned(), |a| format!("{} {}", local(a.at, zone), a.by)),
            or_dash(record.map(String::as_str)),
            proposal.destroyed_at.map_or("-".to_owned(), |at| local(at, zone)),
        ]
    };
    let rows: Vec<_> = proposals.iter().map(row).collect();
    let header = ["PROPOSAL", "DOSSIERS", "PROPOSED", "APPROVED", "RECORD", "DESTROYED"];
    say(&table(&header, &rows, "Nothing was ever proposed"))
}

fn code() -> Result<Code, Ending> {
    let input = std::io::stdin();
    if input.is_terminal() {
        eprint!("Code of the authenticator app: ");
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    let typed = line.trim().to_owned();
    match read {
        Ok(_) if !typed.is_empty() => Ok(Code(typed)),
        _ => Err(Ending::negative("No code was typed. Type the six digits of the authenticator app, or pipe them in")),
    }
}
