//! Words of the monthly report.

use super::catalogue;
use crate::sop::names::Language;

catalogue! {
    /// The monthly report. A limit that the office proposed is never called a breach of the SOP.
    ReportWords {
        title: "Laporan" | "Report",
        heading: "Laporan {0}" | "Report for {0}",
        files: "Bulan lain dan unduhan" | "Other months and downloads",
        choose: "Pilih bulan" | "Choose a month",
        month: "Bulan" | "Month",
        month_hint: "Tahun dan bulan, seperti 2026-11." | "Year and month, such as 2026-11.",
        show: "Tampilkan" | "Show",
        so_far: "Bulan ini belum berakhir: angka-angka ini sampai {0}." | "This month is not over: these figures are as of {0}.",
        to_come: "Bulan ini belum mulai." | "This month has not begun.",
        empty: "Tidak ada permohonan yang diterima pada bulan ini" | "No request was received in this month",
        empty_more: "Dilihat {0}." | "Looked at {0}.",
        none_read: "Tidak ada permohonan bulan ini yang terbaca" | "No request of this month can be read",
        requests: "{0} permohonan." | "{0} requests.",
        requests_1: "1 permohonan." | "1 request.",
        done: "{0} selesai" | "{0} done",
        rejected: "{0} ditolak" | "{0} rejected",
        expired: "{0} tidak dilengkapi" | "{0} never completed",
        withdrawn: "{0} dicabut pemohon" | "{0} withdrawn",
        not_fetched: "{0} tidak diambil hasilnya" | "{0} with a result that was not fetched",
        apart: "{0} tidak diproses" | "{0} not worked on",
        open: "{0} masih terbuka" | "{0} still open",
        on_time: "{0} ditutup tanpa penyimpangan waktu" | "{0} closed without an overrun",
        explained: "{0} dengan penyimpangan yang sudah dijelaskan" | "{0} with overruns that are explained",
        unexplained: "{0} dengan penyimpangan yang belum dijelaskan" | "{0} with overruns that are still to be explained",
        all_requests: "Permohonan" | "Requests",
        all_done: "Selesai" | "Done",
        all_rejected: "Ditolak" | "Rejected",
        over_sop: "Lewat baku SOP" | "Over an SOP standard",
        over_proposed: "Lewat baku usulan" | "Over a proposed one",
        unread: "Tidak semua permohonan termuat" | "Not every request is in here",
        unread_destroyed: "{0} dimusnahkan menurut berita acara {1}." | "{0} was destroyed under official record {1}.",
        unread_damaged: "{0} rusak di arsip." | "{0} is damaged in the archive.",
        unread_undated: "{0} rusak di arsip; bulannya tidak diketahui." | "{0} is damaged in the archive; of which month it is is not known.",
        unread_file: "{0} tidak terbaca; isinya tidak dihitung." | "{0} cannot be read; what lies in it is not counted.",
        provisional: "Sebagian menit bersifat sementara: hari libur tahunnya belum lengkap."
            | "Some of the minutes are provisional: the holidays of their year are not complete.",
        times: "Waktu per langkah" | "Time per step",
        times_more: "Menit kerja. Baku waktu yang asalnya usulan kantor tidak dihitung sebagai pelanggaran SOP. Langkah 1 dan 4 tidak berjam."
            | "Working minutes. A standard that the office proposed is never counted as a breach of the SOP. Steps 1 and 4 have no clock.",
        recap: "Rekapitulasi baku waktu" | "Recap of time standards",
        chart: "Waktu terlama per langkah dibanding baku waktu; angka lengkap pada tabel di bawah"
            | "Longest time per step against its standard; all figures stand in the table below",
        chart_row: "{0} dari {1} menit" | "{0} of {1} minutes",
        chart_over: "{0} dari {1} menit, lewat" | "{0} of {1} minutes, over",
        longest_mark: "terlama" | "longest",
        over_mark: "lewat baku" | "over",
        standard_mark: "baku waktu" | "standard",
        step: "Langkah" | "Step",
        standard: "Baku" | "Standard",
        origin: "Asal" | "Origin",
        count: "Jumlah" | "Count",
        median: "Median" | "Median",
        longest: "Terlama" | "Longest",
        over: "Lewat" | "Over",
        no_times: "Belum ada langkah berjam yang selesai." | "No step with a clock has ended yet.",
        overruns: "Penyimpangan dan alasannya" | "Overruns and their reasons",
        no_overruns: "Tidak ada penyimpangan waktu." | "There are no overruns.",
        request: "Permohonan" | "Request",
        admin: "Admin PPE" | "Admin PPE",
        reason: "Alasan" | "Reason",
        no_reason: "belum diisi" | "still to be entered",
        sop: "SOP" | "SOP",
        proposed: "usulan" | "proposed",
        less: "kurang dari 1 menit" | "less than 1 minute",
        register: "Register permohonan" | "Register of requests",
        register_of: "Register permohonan, {0} terakhir dari {1}; selengkapnya dalam CSV dan JSON"
            | "Register of requests, the last {0} of {1}; all of them in CSV and JSON",
        number: "Nomor" | "Number",
        received: "Diterima" | "Received",
        applicant: "Pemohon" | "Applicant",
        service: "Layanan" | "Service",
        outcome: "Hasil" | "Outcome",
        worked: "Waktu kerja" | "Working time",
        nobody: "tidak ada" | "nobody",
        journal: "Sidik akhir jurnal, entri {0}, {1}:" | "Hash of the journal's end, entry {0}, {1}:",
        journal_use: "Cantumkan pada berita acara agar jurnal dapat dibuktikan utuh." | "Put it into the official record, so that the journal can be proven whole.",
        on_record: "Pembukaan dan pengunduhan laporan dicatat dengan nama Anda." | "Looks at the report and downloads are on record in your name.",
    }
}

/// The phase of a request that is not closed, by its machine name; `None` for an outcome.
pub fn phase(lang: Language, name: &str) -> Option<&'static str> {
    let (id, en) = match name {
        "received" => ("Diterima", "Received"),
        "held" => ("Ditahan", "Held"),
        "incomplete" => ("Menunggu kelengkapan", "Awaiting completion"),
        "under_review" => ("Dalam pemeriksaan", "Under review"),
        "awaiting_confirmation" => ("Menunggu konfirmasi", "Awaiting confirmation"),
        "executing" => ("Sedang dikerjakan", "Being worked on"),
        "unknown" => ("Hasil perlu dipastikan", "Outcome to be settled"),
        "delivered" => ("Hasil dikirim", "Result sent"),
        _ => return None,
    };
    Some(match lang {
        Language::Id => id,
        Language::En => en,
    })
}
