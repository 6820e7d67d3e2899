//! The monthly report as files: words, CSV and JSON, the same for the command line and the desk. How a terminal or a page
//! shows it is their own work.

pub mod csv;
pub mod words;

use crate::engine::register::Report;

/// The report as its JSON file, to the last byte.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    // By way of a value, as it comes through the socket: keys are sorted.
    Ok(format!("{}\n", serde_json::to_value(report)?))
}
