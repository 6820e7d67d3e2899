//! The report's words, in Indonesian: it goes into the office's own files. A limit that the office proposed is never
//! called a breach of the SOP.

use crate::engine::register::{Line, Report, StepMinutes, Unread};
use crate::sop::names::Service;

pub const REGISTER: [&str; 10] = [
    "No. register",
    "Diterima",
    "Pemohon",
    "User ID",
    "Layanan",
    "Hasil",
    "Selesai",
    "Putaran kelengkapan",
    "Admin PPE",
    "Waktu per langkah",
];
pub const RECAP: [&str; 8] = [
    "Langkah",
    "Batas (menit)",
    "Asal batas",
    "Jumlah",
    "Dalam batas",
    "Median (menit)",
    "Terlama (menit)",
    "Tanpa alasan",
];
pub const OVERRUNS: [&str; 6] = ["No. register", "Langkah", "Menit kerja", "Batas (menit)", "Penilaian", "Alasan"];

/// What is not among the register's lines, and why.
pub const UNREAD: [&str; 2] = ["Tidak termuat", "Sebab"];

pub fn title(report: &Report) -> String {
    format!("Register dan rekap waktu layanan {}", report.month)
}

/// The journal's end, in one sentence.
pub fn journal(report: &Report) -> String {
    format!("Ujung jurnal: entri {}, hash {}", report.journal_position, report.journal_head)
}

/// A request as the cells of [`REGISTER`].
pub fn register_row(line: &Line) -> Vec<String> {
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let times: Vec<String> = line.steps.iter().map(time).collect();
    vec![
        line.number.to_string(),
        line.received.clone(),
        line.applicant.clone(),
        dash(&line.user_id),
        line.services.iter().map(|service| service_name(*service)).collect::<Vec<_>>().join(", "),
        outcome(&line.outcome).to_owned(),
        dash(&line.closed),
        line.rounds.to_string(),
        dash(&line.admin),
        times.join("; "),
    ]
}

fn time(step: &StepMinutes) -> String {
    let mark = if step.over { " (lewat)" } else { "" };
    let provisional = if step.provisional { " sementara" } else { "" };
    format!("langkah {}: {}/{} menit{mark}{provisional}", step.step, step.minutes, step.standard)
}

/// The recap's rows as the cells of [`RECAP`].
pub fn recap_rows(report: &Report) -> Vec<Vec<String>> {
    let row = |step: &crate::engine::register::StepRecap| {
        vec![
            step.step.to_string(),
            step.standard.to_string(),
            origin(&step.origin).to_owned(),
            step.count.to_string(),
            step.within.to_string(),
            step.median_minutes.to_string(),
            step.longest_minutes.to_string(),
            step.unexplained.to_string(),
        ]
    };
    report.recap.iter().map(row).collect()
}

/// Every overrun as the cells of [`OVERRUNS`].
pub fn overrun_rows(report: &Report) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for line in &report.lines {
        for step in line.steps.iter().filter(|step| step.over) {
            rows.push(vec![
                line.number.to_string(),
                step.step.to_string(),
                step.minutes.to_string(),
                step.standard.to_string(),
                judged(step).to_owned(),
                step.reason.clone().unwrap_or_else(|| "belum diisi".to_owned()),
            ]);
        }
    }
    rows
}

/// What the register lacks as the cells of [`UNREAD`].
pub fn unread_rows(report: &Report) -> Vec<Vec<String>> {
    let why = |unread: &Unread| match &unread.record {
        Some(record) => format!("dimusnahkan, berita acara {record}"),
        None if unread.undated => "berkas arsipnya rusak; bulannya tidak diketahui".to_owned(),
        None => "berkas arsipnya rusak".to_owned(),
    };
    let dossiers = report.unread.iter().map(|unread| vec![unread.number.to_string(), why(unread)]);
    let files = report.unread_files.iter().map(|file| vec![file.clone(), "berkas arsip ini tidak terbaca".to_owned()]);
    dossiers.chain(files).collect()
}

/// Outcomes and how often each.
pub fn outcome_rows(report: &Report) -> Vec<Vec<String>> {
    report.outcomes.iter().map(|(name, count)| vec![outcome(name).to_owned(), count.to_string()]).collect()
}

fn judged(step: &StepMinutes) -> &'static str {
    match (step.origin.as_str(), step.provisional) {
        ("sop", false) => "melampaui standar SOP",
        ("sop", true) => "melampaui standar SOP (sementara: hari libur belum lengkap)",
        (_, false) => "di atas batas usulan",
        (_, true) => "di atas batas usulan (sementara: hari libur belum lengkap)",
    }
}

fn origin(name: &str) -> &'static str {
    if name == "sop" { "SOP" } else { "usulan" }
}

fn service_name(service: Service) -> &'static str {
    match service {
        Service::ResetPassword => "Reset password",
        Service::UserIdInfo => "Informasi user ID",
    }
}

/// Outcome or phase by its machine name.
fn outcome(name: &str) -> &str {
    match name {
        "reset_confirmed" => "Reset selesai, penggantian dikonfirmasi",
        "reset_unconfirmed" => "Reset selesai, penggantian belum dikonfirmasi",
        "user_id_given" => "User ID diberikan",
        "not_fetched" => "Hasil tidak diambil",
        "rejected" => "Ditolak",
        "expired" => "Kedaluwarsa, tidak dilengkapi",
        "withdrawn" => "Dicabut pemohon",
        "out_of_scope" => "Di luar ruang lingkup SOP",
        "too_large" => "Surel terlalu besar",
        "dropped" => "Tidak diproses",
        "received" => "Diterima",
        "held" => "Ditahan",
        "incomplete" => "Menunggu kelengkapan",
        "under_review" => "Dalam pemeriksaan",
        "awaiting_confirmation" => "Menunggu konfirmasi",
        "executing" => "Sedang dikerjakan",
        "unknown" => "Hasil perlu dipastikan",
        "delivered" => "Hasil dikirim",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sop::names::CaseNumber;

    fn step(step: u8, origin: &str, reason: Option<&str>) -> StepMinutes {
        StepMinutes {
            step,
            minutes: 31,
            standard: 10,
            origin: origin.to_owned(),
            over: true,
            provisional: false,
            reason: reason.map(str::to_owned),
        }
    }

    fn report(steps: Vec<StepMinutes>) -> Report {
        let line = Line {
            number: CaseNumber::new("LPSE", 2026, 47),
            received: "2026-11-09".to_owned(),
            applicant: "Dimas <b>".to_owned(),
            user_id: Some("=DIMASWP".to_owned()),
            services: vec![Service::ResetPassword],
            outcome: "reset_confirmed".to_owned(),
            closed: Some("2026-11-10".to_owned()),
            rounds: 1,
            admin: None,
            steps,
        };
        Report {
            month: "2026-11".to_owned(),
            sop: "000.3/0620".to_owned(),
            zone: "Asia/Makassar".to_owned(),
            lines: vec![line],
            recap: Vec::new(),
            outcomes: BTreeMap::from([("reset_confirmed".to_owned(), 1)]),
            unread: Vec::new(),
            unread_files: Vec::new(),
            journal_position: 12,
            journal_head: "ab12".to_owned(),
        }
    }

    #[test]
    fn a_proposed_limit_is_never_called_a_breach_of_the_sop() {
        let report = report(vec![step(2, "proposed", None), step(8, "sop", Some("Listrik padam"))]);

        let rows = overrun_rows(&report);

        assert_eq!(rows[0][4..], ["di atas batas usulan", "belum diisi"]);
        assert_eq!(rows[1][4..], ["melampaui standar SOP", "Listrik padam"]);
    }

    #[test]
    fn what_is_missing_from_the_register_is_named_with_its_reason() {
        let number = CaseNumber::new("LPSE", 2026, 3);
        let gone = Unread { record: Some("BA.12/2026".to_owned()), ..Unread::damaged(number) };
        let report =
            Report { unread: vec![gone], unread_files: vec!["archive-2026.redb".to_owned()], ..report(Vec::new()) };

        let rows = unread_rows(&report);

        assert_eq!(rows[0], ["LPSE-2026-0003", "dimusnahkan, berita acara BA.12/2026"]);
        assert_eq!(rows[1], ["archive-2026.redb", "berkas arsip ini tidak terbaca"]);
    }
}
