//! The report as plain text.

use super::super::table::table;
use crate::daemon::report::words::{self, OVERRUNS, RECAP, REGISTER, UNREAD};
use crate::engine::register::Report;

pub fn write(report: &Report, office: &str) -> String {
    let register: Vec<_> = report.lines.iter().map(words::register_row).collect();
    let mut parts = vec![
        ("Register", table(&REGISTER, &register, "Tidak ada permohonan pada bulan ini")),
        ("Hasil", table(&["Hasil", "Jumlah"], &words::outcome_rows(report), "-")),
        ("Rekap standar waktu", table(&RECAP, &words::recap_rows(report), "Belum ada langkah yang selesai")),
        ("Keterlambatan", table(&OVERRUNS, &words::overrun_rows(report), "Tidak ada")),
    ];
    let unread = words::unread_rows(report);
    if !unread.is_empty() {
        parts.insert(1, ("Tidak termuat", table(&UNREAD, &unread, "-")));
    }
    let mut text = format!("{}\n{office}\nSOP {} · waktu {}\n", words::title(report), report.sop, report.zone);
    for (title, part) in parts {
        text.push_str(&format!("\n{title}\n{part}"));
    }
    text.push_str(&format!("\n{}\n", words::journal(report)));
    text
}
