//! The report for a spreadsheet: the same tables below each other, an empty line between. Cells that a spreadsheet would
//! take for a formula begin with an apostrophe (CWE-1236).

use super::words::{self, OVERRUNS, RECAP, REGISTER, UNREAD};
use crate::engine::register::Report;

/// The report as its CSV file, to the last byte.
pub fn write(report: &Report) -> Result<String, csv::Error> {
    let register: Vec<Vec<String>> = report.lines.iter().map(words::register_row).collect();
    let journal = vec![
        report.month.clone(),
        report.sop.clone(),
        report.journal_position.to_string(),
        report.journal_head.clone(),
    ];
    let mut tables = vec![
        table(&REGISTER, &register)?,
        table(&["Hasil", "Jumlah"], &words::outcome_rows(report))?,
        table(&RECAP, &words::recap_rows(report))?,
        table(&OVERRUNS, &words::overrun_rows(report))?,
        table(&["Bulan", "SOP", "Entri jurnal", "Hash jurnal"], &[journal])?,
    ];
    let unread = words::unread_rows(report);
    if !unread.is_empty() {
        tables.insert(1, table(&UNREAD, &unread)?);
    }
    Ok(tables.join("\n"))
}

fn table(header: &[&str], rows: &[Vec<String>]) -> Result<String, csv::Error> {
    let mut sheet = csv::Writer::from_writer(Vec::new());
    sheet.write_record(header)?;
    for row in rows {
        sheet.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    let bytes = sheet.into_inner().map_err(|why| csv::Error::from(why.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn harmless(cell: &str) -> String {
    let cell = cell.replace(['\r', '\n', '\t', '\0'], " ");
    // Full-width forms count as well: some spreadsheets fold them.
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula && cell != "-" { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(harmless("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(harmless(" @SUM(A1)"), "' @SUM(A1)");
        assert_eq!(harmless("\t=1"), "' =1");
        assert_eq!(harmless("-"), "-");
        assert_eq!(harmless("Dimas"), "Dimas");
    }
}
