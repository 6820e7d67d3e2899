//! Plain tables for a terminal: columns as wide as their widest cell, two spaces between.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::ending::one_line;
use crate::engine::access::{Access, Seen};

/// A header and its rows, a line each. Without rows, `nothing` alone.
pub fn table(header: &[&str], rows: &[Vec<String>], nothing: &str) -> String {
    if rows.is_empty() {
        return format!("{nothing}\n");
    }
    let header: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    let lines: Vec<Vec<String>> =
        std::iter::once(&header).chain(rows).map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    let width =
        |column: usize| lines.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut text = String::new();
    for row in &lines {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Names and values below each other.
pub fn sheet(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:<width$}  {}\n", one_line(value))).collect()
}

/// A moment on the office's clock.
pub fn local(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// `1 case`, `2 cases`.
pub fn counted(count: impl std::fmt::Display, noun: &str) -> String {
    match count.to_string().as_str() {
        "1" => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

pub fn or_dash(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}

/// The word a value is written as in JSON.
pub fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Who saw a dossier, and what of it.
pub fn accesses(accesses: &[Access], zone: Tz) -> String {
    let what = |seen: &Seen| match seen {
        Seen::Entered => "the desk was opened".to_owned(),
        Seen::Case => "the case".to_owned(),
        Seen::Held => "the held mail".to_owned(),
        Seen::Page { paper, page } => format!("paper {}, page {page}", paper + 1),
        Seen::Enclosure { index } => format!("enclosure {}", index + 1),
        Seen::Queue { shown } => format!("the list of {shown}"),
        Seen::Report { month } => format!("the report of {month}"),
        Seen::Register { shown } => format!("the register of {shown}"),
        Seen::Account { user_id } => format!("the account {user_id}"),
        Seen::Summary => "the case, without its papers".to_owned(),
        Seen::Dossier => "the dossier".to_owned(),
        Seen::Item { name } => name.clone(),
        Seen::Export => "all of it, exported".to_owned(),
    };
    let row = |access: &Access| vec![local(access.at, zone), access.who.clone(), what(&access.what)];
    let rows: Vec<_> = accesses.iter().map(row).collect();
    table(&["AT", "WHO", "WHAT"], &rows, "nobody so far")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_at_a_report_names_its_month() {
        let at = chrono::DateTime::UNIX_EPOCH;
        let look = Access { at, who: "uid 0".into(), number: None, what: Seen::Report { month: "2026-11".into() } };

        assert!(accesses(&[look], Tz::UTC).contains("the report of 2026-11"));
    }

    #[test]
    fn columns_are_aligned_and_no_cell_moves_the_cursor() {
        let rows = vec![vec!["a".to_owned(), "b\u{1b}[2J".to_owned()], vec!["longer".to_owned(), "c".to_owned()]];

        assert_eq!(table(&["x", "y"], &rows, "none"), "x       y\na       b\u{fffd}[2J\nlonger  c\n");
        assert_eq!(table(&["x"], &[], "No case is open"), "No case is open\n");
    }
}
