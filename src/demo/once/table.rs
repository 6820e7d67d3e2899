//! What the demo prints when nobody watches: one row per sample, then the verdict.

use std::io::Write;

use super::told::{Told, said};
use super::walk::Walk;
use crate::demo::samples::Verdict;
use crate::engine::store::Damage;

/// A sample played.
pub struct Row {
    number: String,
    title: &'static str,
    verdict: String,
    findings: String,
    decision: String,
    outcome: String,
    /// What is not as the label says.
    pub differences: Vec<String>,
}

impl Row {
    pub fn new(walk: &Walk<'_>, told: Option<&Told>, differences: Vec<String>) -> Self {
        let label = &walk.sample.label;
        let nothing = || "–".to_owned();
        let ignored = matches!(label.verdict, Verdict::Ignored(_)) && differences.is_empty();
        Self {
            number: walk.number.as_ref().map_or_else(nothing, ToString::to_string),
            title: label.title_en,
            verdict: said(label.verdict),
            findings: told.filter(|told| !told.understanding.checklist.is_empty()).map_or_else(nothing, Told::findings),
            decision: told.filter(|told| !told.decisions.is_empty()).map_or_else(nothing, |t| t.decisions.join(", ")),
            outcome: match told {
                Some(told) => told.outcome.name().to_owned(),
                None if ignored => "ignored".to_owned(),
                None => "not archived".to_owned(),
            },
            differences,
        }
    }

    fn cells(&self) -> [&str; 6] {
        [&self.number, self.title, &self.findings, &self.decision, &self.outcome, self.ended()]
    }

    fn ended(&self) -> &'static str {
        if self.differences.is_empty() { "as labelled" } else { "DIFFERS" }
    }
}

/// Prints the rows, what differs, and how the archive fares.
pub fn print(rows: &[Row], archived: usize, damages: &[Damage]) {
    let heads = ["NUMBER", "REQUEST", "FINDINGS", "DECISION", "OUTCOME", "ENDED"];
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row.cells()[column].chars().count());
        cells.chain([heads[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: [&str; 6]| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(heads);
    for row in rows {
        text.push_str(&line(row.cells()));
    }
    text.push('\n');
    for row in rows.iter().filter(|row| !row.differences.is_empty()) {
        for difference in &row.differences {
            text.push_str(&format!("differs: {} ({}): {difference}\n", row.title, row.verdict));
        }
    }
    for damage in damages {
        text.push_str(&format!("damaged: {}: {}\n", damage.thing, damage.what));
    }
    let right = rows.iter().filter(|row| row.differences.is_empty()).count();
    let verified = if damages.is_empty() { "the archive verifies" } else { "the archive does NOT verify" };
    text.push_str(&format!(
        "{right} of {} samples ended as their labels say; {archived} dossiers archived, {verified}.\n",
        rows.len()
    ));
    let mut out = std::io::stdout().lock();
    // A closed pipe takes nothing away from the exit status.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
