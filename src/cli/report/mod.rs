//! `loket report`: the register of a month and the recap of its time standards, for a person, a spreadsheet, a browser or
//! a program. Each form ends with the journal's head, so that a report kept elsewhere anchors the journal.

mod html;
mod text;

use super::ending::{Done, Ending, concluded, say};
use super::office::{ConfigFile, ask};
use crate::daemon::operations::Request;
use crate::daemon::report;
use crate::engine::register;

/// The register of a month and the recap of its time standards.
#[derive(Debug, clap::Args)]
pub struct Report {
    /// By the day requests were received.
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Month,
    /// How it is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Short for --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, Clone, Copy)]
struct Month {
    year: i32,
    month: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Csv,
    Html,
    Json,
}

pub fn run(args: &Report) -> Done {
    let config = args.config.load()?;
    let request = Request::Report { year: args.month.year, month: args.month.month };
    let format = if args.json { Format::Json } else { args.format };
    let found: register::Report = ask(&config, request)?;
    let unwritten =
        |form: &str, why: &dyn std::fmt::Display| Ending::negative(format!("Cannot write the report as {form}: {why}"));
    let said = match format {
        Format::Json => say(&report::json(&found).map_err(|why| unwritten("JSON", &why))?),
        Format::Csv => say(&report::csv::write(&found).map_err(|why| unwritten("CSV", &why))?),
        Format::Html => say(&html::write(&found, &config.office.name)),
        Format::Text => say(&text::write(&found, &config.office.name)),
    };
    concluded(said, verdict(&found))
}

/// A report that lacks something ends as a finding; what was destroyed under a record is rightly not in it.
fn verdict(report: &register::Report) -> Done {
    let damaged = report.unread.iter().filter(|unread| unread.record.is_none());
    let missing: Vec<String> =
        damaged.map(|unread| unread.number.to_string()).chain(report.unread_files.iter().cloned()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Ending::negative(format!(
        "The report of {} is incomplete: {} cannot be read. Run `loket archive verify`",
        report.month,
        missing.join(", ")
    )))
}

fn month(text: &str) -> Result<Month, String> {
    let wanted = || "write a year and a month, such as 2026-11".to_owned();
    let (year, month) = text.split_once('-').ok_or_else(wanted)?;
    let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(year, 4) || !digits(month, 2) {
        return Err(wanted());
    }
    let month = month.parse().ok().filter(|m| (1..=12).contains(m)).ok_or_else(wanted)?;
    Ok(Month { year: year.parse().map_err(|_| wanted())?, month })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::ending::NEGATIVE;
    use super::*;
    use crate::sop::names::{CaseNumber, Service};

    #[test]
    fn every_form_names_the_request_what_is_missing_and_the_journals_head_and_none_runs_a_cell() {
        let line = register::Line {
            number: CaseNumber::new("LPSE", 2026, 47),
            received: "2026-11-09".to_owned(),
            applicant: "Dimas <b>".to_owned(),
            user_id: Some("=DIMASWP".to_owned()),
            services: vec![Service::ResetPassword],
            outcome: "reset_confirmed".to_owned(),
            closed: Some("2026-11-10".to_owned()),
            rounds: 1,
            admin: None,
            steps: Vec::new(),
        };
        let found = register::Report {
            month: "2026-11".to_owned(),
            sop: "000.3/0620".to_owned(),
            zone: "Asia/Makassar".to_owned(),
            lines: vec![line],
            recap: Vec::new(),
            outcomes: BTreeMap::from([("reset_confirmed".to_owned(), 1)]),
            unread: vec![register::Unread::damaged(CaseNumber::new("LPSE", 2026, 3))],
            unread_files: Vec::new(),
            journal_position: 12,
            journal_head: "ab12".to_owned(),
        };

        let ended = |report: &register::Report| verdict(report).map_err(|ending| (ending.status, ending.sentences));
        let sentence = "The report of 2026-11 is incomplete: LPSE-2026-0003 cannot be read. Run `loket archive verify`";
        assert_eq!(ended(&found), Err((NEGATIVE, vec![sentence.to_owned()])), "printed, and a finding");
        let file =
            register::Report { unread: Vec::new(), unread_files: vec!["archive-2024.redb".into()], ..found.clone() };
        assert_eq!(ended(&file).map_err(|(status, _)| status), Err(NEGATIVE));
        let gone = register::Unread { record: Some("BA.12/2026".into()), ..found.unread[0].clone() };
        let destroyed = register::Report { unread: vec![gone], ..found.clone() };
        assert_eq!(ended(&destroyed), Ok(()), "rightly gone");

        let text = text::write(&found, "LPSE");
        let csv = report::csv::write(&found).expect("plain cells");
        let html = html::write(&found, "LPSE");

        for form in [&text, &csv, &html] {
            for part in ["LPSE-2026-0047", "LPSE-2026-0003", "ab12", "Reset selesai"] {
                assert!(form.contains(part), "{part}: {form}");
            }
        }
        assert!(csv.contains("'=DIMASWP") && !csv.contains(",=DIMASWP"), "{csv}");
        assert!(html.contains("Dimas &lt;b&gt;") && !html.contains("<b>"), "{html}");
    }
}
