//! `loket cases`: the live cases, read-only but for `retry` and `drop`. Decisions are made on the desk.

use super::ending::{Done, say};
use super::office::{ConfigFile, ask, ask_json};
use super::table::{local, or_dash, sheet, table, word};
use crate::config::Config;
use crate::daemon::operations::Request;
use crate::daemon::operations::cases::{CaseLine, CaseView, EffectView};
use crate::daemon::operations::effects::{DropView, RetryView};
use crate::sop::names::CaseNumber;

/// Live cases.
#[derive(Debug, clap::Args)]
pub struct Cases {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Every case that is not in the archive yet.
    List {
        /// Only those with effects that are held, given up or tried in vain, and closed ones that the archive does not take.
        #[arg(long)]
        stuck: bool,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// One case: checklist, letters, effects, history.
    Show {
        /// The case, such as LPSE-2026-0047.
        #[arg(value_parser = number)]
        number: CaseNumber,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// Try again at once what was held, given up, or tried in vain. A reset that a restore holds may have happened: it is left out, and with
    /// --row its outcome is left to an admin at the desk.
    Retry {
        /// The case, such as LPSE-2026-0047.
        #[arg(value_parser = number)]
        number: CaseNumber,
        /// Only this effect; `show` lists them.
        #[arg(long, value_name = "ID")]
        row: Option<String>,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
    /// Give up what was held: a letter counts as undelivered, of which the admin hears; the outcome of a reset is left to an
    /// admin at the desk.
    Drop {
        /// The case, such as LPSE-2026-0047.
        #[arg(value_parser = number)]
        number: CaseNumber,
        /// The effect; `show` lists them.
        #[arg(long, value_name = "ID")]
        row: String,
        /// Print JSON in place of text.
        #[arg(long)]
        json: bool,
    },
}

pub fn run(args: &Cases) -> Done {
    let config = args.config.load()?;
    let (request, json) = match &args.verb {
        Verb::List { stuck, json } => (Request::ListCases { stuck: *stuck }, *json),
        Verb::Show { number, json } => (Request::ShowCase { number: number.clone() }, *json),
        Verb::Retry { number, row, json } => (Request::RetryCase { number: number.clone(), row: row.clone() }, *json),
        Verb::Drop { number, row, json } => (Request::DropEffect { number: number.clone(), row: row.clone() }, *json),
    };
    if json {
        return say(&ask_json(&config, request)?.to_string());
    }
    match &args.verb {
        Verb::List { .. } => say(&list(&ask::<Vec<CaseLine>>(&config, request)?, &config)),
        Verb::Show { .. } => say(&show(&ask::<CaseView>(&config, request)?, &config)),
        Verb::Retry { .. } => {
            let done: RetryView = ask(&config, request)?;
            say(&retried(&done, &config))
        }
        Verb::Drop { .. } => {
            let DropView { number, dropped } = ask(&config, request)?;
            say(&format!("{number}: {}: {} {}", told(&dropped), dropped.kind, dropped.id))
        }
    }
}

fn retried(done: &RetryView, config: &Config) -> String {
    let again = |e: &EffectView| {
        let due =
            if e.state == "waiting" { format!(", due {}", local(e.due, config.office.zone)) } else { String::new() };
        format!("{}: {}: {} {}{due}", done.number, told(e), e.kind, e.id)
    };
    let mut lines: Vec<String> = done.retried.iter().map(again).collect();
    lines.extend(done.apart.iter().map(|e| {
        format!(
            "{}: not tried again: {} {}. It may have happened already: look in the account system, then \
             `loket cases retry {} --row {}` leaves its outcome to an admin",
            done.number, e.kind, e.id, done.number, e.id
        )
    }));
    lines.join("\n")
}

fn told(effect: &EffectView) -> &'static str {
    match effect.state.as_str() {
        "unknown" => "outcome unknown, for an admin to settle at the desk",
        "dropped" => "dropped",
        _ => "tried again",
    }
}

fn list(lines: &[CaseLine], config: &Config) -> String {
    let row = |line: &CaseLine| {
        vec![
            line.number.to_string(),
            line.outcome.as_ref().map_or(line.phase.clone(), |outcome| format!("{}: {outcome}", line.phase)),
            if line.phase == "hidden" { "-".to_owned() } else { local(line.received, config.office.zone) },
            or_dash(Some(&line.applicant)),
            line.services.iter().map(word).collect::<Vec<_>>().join(" "),
            line.admin.as_ref().map_or("-".to_owned(), ToString::to_string),
            match (&line.unfiled, line.stuck) {
                (Some(_), _) => "not filed".to_owned(),
                (None, 0) => String::new(),
                (None, stuck) => format!("{stuck} stuck"),
            },
        ]
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    table(&["NUMBER", "PHASE", "RECEIVED", "APPLICANT", "SERVICES", "ADMIN", "EFFECTS"], &rows, "There are no cases")
}

fn show(view: &CaseView, config: &Config) -> String {
    let zone = config.office.zone;
    let line = &view.line;
    let mut text = sheet(&[
        ("number", line.number.to_string()),
        ("phase", line.outcome.as_ref().map_or(line.phase.clone(), |o| format!("{}: {o}", line.phase))),
        ("received", local(line.received, zone)),
        ("applicant", or_dash(Some(&line.applicant))),
        ("user ID", or_dash(line.user_id.as_deref())),
        ("services", line.services.iter().map(word).collect::<Vec<_>>().join(" ")),
        ("admin", line.admin.as_ref().map_or("-".to_owned(), ToString::to_string)),
        ("procedure", view.procedure.clone()),
        ("continues", view.linked_to.as_ref().map_or("-".to_owned(), ToString::to_string)),
        ("rounds", line.rounds.to_string()),
        ("alerts", or_dash(Some(&view.alerts.join(", ")))),
    ]);
    if let Some(why) = &line.unfiled {
        text.push_str(&format!("\nThe archive does not take it: {why}\n"));
    }
    let checks: Vec<_> =
        view.checklist.iter().map(|c| vec![c.step.to_string(), c.item.clone(), word(&c.finding)]).collect();
    let letters: Vec<_> = view
        .letters
        .iter()
        .map(|l| vec![local(l.queued, zone), l.kind.clone(), l.state.clone(), or_dash(l.why.as_deref())])
        .collect();
    let effects: Vec<_> = view
        .effects
        .iter()
        .map(|e| {
            let note = or_dash(e.note.as_deref());
            vec![e.id.clone(), e.kind.clone(), e.state.clone(), local(e.due, zone), e.attempts.to_string(), note]
        })
        .collect();
    let history: Vec<_> = view.history.iter().map(|h| vec![local(h.at, zone), h.event.clone()]).collect();
    let accesses = super::table::accesses(&view.accesses, zone);
    for (title, part) in [
        ("Checklist", table(&["STEP", "ITEM", "FINDING"], &checks, "nothing was checked")),
        ("Letters", table(&["QUEUED", "LETTER", "STATE", "WHY"], &letters, "none")),
        ("Effects", table(&["ID", "KIND", "STATE", "DUE", "TRIES", "NOTE"], &effects, "none wait")),
        ("History", table(&["AT", "EVENT"], &history, "none")),
        ("Seen by", accesses),
    ] {
        text.push_str(&format!("\n{title}\n{part}"));
    }
    text
}

/// A case number as typed, in any case.
pub fn number(text: &str) -> Result<CaseNumber, String> {
    CaseNumber::parse(&text.trim().to_ascii_uppercase())
        .ok_or_else(|| "write a case number, such as LPSE-2026-0047".to_owned())
}
