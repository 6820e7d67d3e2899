//! The archive and the report as the counter would give them, with `words` wherever a person's own words stand.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use loket::engine::access::Seen;
use loket::engine::archive::{ArchivedItem, Destruction, Flaw, RegisterLine};
use loket::engine::register::{Line, Report, StepMinutes, StepRecap, Unread};
use loket::sop::names::{CaseNumber, Service, Sha256Hex};
use loket::sop::procedure::rules::Fate;
use loket::web::view::*;

use crate::web_fake::now;

fn number(serial: u32) -> CaseNumber {
    CaseNumber::new("LPSE", 2026, serial)
}

/// A page of the list: one done, one rejected, one destroyed, one that does not open; of 45 in all.
pub fn archive(words: &str, filter: &ArchiveFilter) -> ArchiveView {
    if filter.words == "hampa" {
        return ArchiveView::default();
    }
    let row = |serial, outcome: &str, days, kept| ArchiveRow {
        number: number(serial),
        outcome: outcome.into(),
        closed: now() - TimeDelta::days(days),
        items: 12,
        kept,
    };
    let whole = |name: &str| Kept::Whole { services: vec![Service::ResetPassword], name: name.into() };
    let mut rows = vec![
        row(31, "reset_confirmed", 21, whole(&format!("Dimas Wiratama Putra, S.Kom. {words}"))),
        row(9, "rejected", 250, whole("Raden Ajeng Kusumaningtyas Wulandari Prameswari Hadiningrat, S.E., M.Si.")),
        row(8, "withdrawn", 252, Kept::Damaged),
        row(3, "user_id_given", 300, Kept::Destroyed { record: format!("BA.12/2026 {words}") }),
    ];
    if filter.words == "kosong" {
        rows.clear();
    }
    let found = if filter.words.is_empty() { 45 } else { rows.len() };
    ArchiveView {
        held: 45,
        found,
        page: filter.page.min(2),
        rows,
        years: vec![2026, 2025],
        unread_files: vec!["archive-2024.redb".into()],
        unread: vec![number(7)],
    }
}

/// 31 is whole, 8 has a damaged item and a broken chain, 7 does not read at all, 6 has a neighbour that does not, 3 was destroyed, and 4
/// too, but for its key.
pub fn dossier(words: &str, asked: &CaseNumber) -> Option<DossierView> {
    let flaws = match asked.serial() {
        31 | 3 => Vec::new(),
        8 => vec![Flaw::Chain, Flaw::Item(1), Flaw::Journal(20_481)],
        7 => vec![Flaw::Record],
        6 => vec![Flaw::Neighbour],
        4 => vec![Flaw::Key],
        _ => return None,
    };
    let destroyed =
        matches!(asked.serial(), 3 | 4).then(|| Destruction { at: now(), record: format!("BA.12/2026 {words}") });
    let opened = destroyed.is_none().then(|| opened(words));
    let record = RecordView {
        register: RegisterLine {
            number: asked.clone(),
            classification: "000.3".into(),
            retention_class: "Pengadaan".into(),
            access: "terbatas".into(),
            outcome: "reset_confirmed".into(),
            opened: now() - TimeDelta::days(22),
            closed: now() - TimeDelta::days(21),
        },
        archived: now() - TimeDelta::days(21),
        place: "archive-2026.redb no. 31".into(),
        hash: Sha256Hex("9f2c41d78ab0e65d".repeat(4)),
        destroyed,
        opened,
    };
    let look = |days, who, what| LookView { at: now() - TimeDelta::days(days), who, what };
    let looks = vec![
        look(1, Looker::Person("Lestari Ningrum, S.Kom.".into()), Seen::Export),
        look(3, Looker::CommandLine("uid 0".into()), Seen::Item { name: format!("surel/01.eml {words}") }),
        look(20, Looker::Person("Bagus Arya Wicaksana".into()), Seen::Page { paper: 0, page: 1 }),
    ];
    let record = (asked.serial() != 7).then_some(record);
    let looks = if asked.serial() == 3 { Vec::new() } else { looks };
    Some(DossierView { number: asked.clone(), at: now(), flaws, record, looks: (asked.serial() != 7).then_some(looks) })
}

fn opened(words: &str) -> OpenedView {
    let item = |name: &str, title: &str, bytes, hash: &str| ArchivedItem {
        name: name.into(),
        media_type: "application/octet-stream".into(),
        title: title.into(),
        bytes,
        sha256: Sha256Hex(hash.repeat(8)),
    };
    OpenedView {
        applicant: format!("Dimas Wiratama Putra, S.Kom. {words}"),
        user_id: Some(format!("DIMASWP {words}")),
        work_unit: Some(format!("Bagian Pengelolaan LPSE, Biro Pengadaan Barang dan Jasa {words}")),
        services: vec![Service::ResetPassword],
        admin: Some("Bagus Arya Wicaksana, S.T.".into()),
        decided: Some(now() - TimeDelta::days(22)),
        term: Some(TermView {
            active_until: NaiveDate::from_ymd_opt(2027, 10, 20).expect("a day"),
            inactive_years: 2,
            until: NaiveDate::from_ymd_opt(2029, 10, 20).expect("a day"),
            fate: Some(Fate::Destroy),
        }),
        items: vec![
            item("surel/01.eml", "Surel masuk", 497_664, "b81f20aa"),
            item(
                &format!("surat/02-completion_request-Surat-permohonan-{words}.pdf"),
                "Lampiran surat keluar",
                151_552,
                "04e9c7d3",
            ),
            item("surat/03-result_reset.txt", "Surat keluar", 2_150, "77a21e58"),
            item("temuan.json", "Hasil pemeriksaan", 9_216, "e3109b4c"),
            item("permohonan.json", words, 21_504, "d96b83e7"),
        ],
        journal_entries: 14,
    }
}

/// A month with overruns of both kinds; January 2026 is empty, and February too, as far as it can be read.
pub fn report(words: &str, month: Month) -> ReportView {
    let step = |step, minutes, standard, origin: &str, reason: Option<&str>| StepMinutes {
        step,
        minutes,
        standard,
        origin: origin.into(),
        over: minutes > u64::from(standard),
        provisional: false,
        reason: reason.map(str::to_owned),
    };
    let line = |serial, name: &str, outcome: &str, steps| Line {
        number: number(serial),
        received: format!("{month}-0{}", serial % 9 + 1),
        applicant: name.into(),
        user_id: Some("DIMASWP".into()),
        services: vec![Service::ResetPassword],
        outcome: outcome.into(),
        closed: (outcome != "under_review").then(|| format!("{month}-19")),
        rounds: 1,
        admin: Some("Bagus Arya Wicaksana".into()),
        steps,
    };
    let late = format!("Pemohon baru dapat dihubungi pukul 14.10 WITA. {words}");
    let long = "Raden Ajeng Kusumaningtyas Wulandari Prameswari Hadiningrat, S.E., M.Si.";
    let lines = vec![
        line(28, "Joko Permadi", "withdrawn", vec![step(2, 1, 10, "proposed", None)]),
        line(29, "Nur Fadhilah Rahman", "reset_confirmed", vec![step(5, 22, 15, "proposed", Some(&late))]),
        line(30, long, "rejected", vec![step(5, 12, 15, "proposed", None), step(7, 6, 5, "sop", None)]),
        line(31, &format!("Dimas Wiratama Putra {words}"), "under_review", vec![step(2, 2, 10, "proposed", None)]),
    ];
    let recap = |step, standard, origin: &str, count, within, median_minutes, longest_minutes| StepRecap {
        step,
        standard,
        origin: origin.into(),
        count,
        within,
        median_minutes,
        longest_minutes,
        unexplained: 0,
    };
    let whole = Report {
        month: month.to_string(),
        sop: "000.3/0620/BPLPSE/B.PBJ".into(),
        zone: "Asia/Makassar".into(),
        lines,
        recap: vec![
            recap(2, 10, "proposed", 2, 2, 1, 2),
            recap(5, 15, "proposed", 2, 1, 12, 22),
            recap(7, 5, "sop", 1, 0, 6, 6),
        ],
        outcomes: BTreeMap::from([("rejected".to_owned(), 1)]),
        unread: vec![
            Unread { record: Some(format!("BA.12/2026 {words}")), ..Unread::damaged(number(3)) },
            Unread::damaged(number(8)),
            Unread { undated: true, ..Unread::damaged(number(7)) },
        ],
        unread_files: vec!["archive-2024.redb".into()],
        journal_position: 20_512,
        journal_head: "41c09be2d7f88ab0".repeat(4),
    };
    let empty = month == Month { year: 2026, month: 1 };
    let report = match empty {
        true => Report { lines: vec![], recap: vec![], unread: vec![], unread_files: vec![], ..whole },
        false if month == (Month { year: 2026, month: 2 }) => {
            Report { lines: vec![], recap: vec![], unread: vec![], ..whole }
        }
        false => whole,
    };
    ReportView { report, at: now() }
}
