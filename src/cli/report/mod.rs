//! `loket report`: the register of a month and the recap of its time standards, for a person, a spreadsheet, a browser or
//! a program. Each form ends with the journal's head, so that a report kept elsewhere anchors the journal.

mod csv;
mod html;
mod text;
mod words;

use super::ending::{Done, Ending, say};
use super::office::{ConfigFile, ask, ask_json};
use crate::daemon::operations::Request;

/// The register of a month and the recap of its time standards.
#[derive(Debug, clap::Args)]
pub struct Report {
    /// By the day requests were received.
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Month,
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
    if format == Format::Json {
        return say(&ask_json(&config, request)?.to_string());
    }
    let report = ask(&config, request)?;
    match format {
        Format::Csv => {
            let sheet = csv::write(&report)
                .map_err(|why| Ending::negative(format!("Cannot write the report as CSV: {why}")))?;
            say(&sheet)
        }
        Format::Html => say(&html::write(&report, &config.office.name)),
        Format::Text | Format::Json => say(&text::write(&report, &config.office.name)),
    }
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
