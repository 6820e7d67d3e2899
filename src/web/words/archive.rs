//! Words of the archive: its list, one dossier, what is taken out.

use super::catalogue;
use crate::engine::access::Seen;
use crate::engine::archive::Flaw;
use crate::sop::names::Language;
use crate::web::say::fill;
use crate::web::view::Ending;

catalogue! {
    /// The archive's list and its dossiers.
    ArchiveWords {
        title: "Arsip" | "Archive",
        filter: "Cari arsip" | "Search the archive",
        search: "Cari nama, user ID, unit kerja, atau nomor permohonan" | "Search name, user ID, work unit or request number",
        year: "Tahun ditutup" | "Year of closing",
        every_year: "Semua tahun" | "All years",
        ending: "Hasil" | "Outcome",
        every_ending: "Semua hasil" | "All outcomes",
        apply: "Cari" | "Search",
        latest: "Terakhir ditutup" | "Last closed",
        results: "Hasil pencarian" | "Search results",
        count: "{0} berkas" | "{0} dossiers",
        count_1: "1 berkas" | "1 dossier",
        found: "{0} berkas ditemukan" | "{0} dossiers found",
        found_1: "1 berkas ditemukan" | "1 dossier found",
        for_words: " untuk “{0}”" | " for “{0}”",
        in_year: " pada {0}" | " in {0}",
        with_ending: ", hasil: {0}" | ", outcome: {0}",
        part: "; ditampilkan {0}–{1}, yang terakhir ditutup lebih dahulu" | "; shown are {0}–{1}, the last closed first",
        narrow: "; ditampilkan {0} yang terakhir ditutup. Tambahkan kata, atau pilih tahun dan hasil, untuk mempersempit"
            | "; shown are the last {0} closed. Add a word, or choose a year and an outcome, to narrow it down",
        newer: "Lebih baru" | "Newer",
        older: "Lebih lama" | "Older",
        pages: "Halaman daftar" | "Pages of the list",
        closed_on: "Ditutup {0}" | "Closed on {0}",
        items: "{0} isi berkas" | "{0} items",
        items_1: "1 isi berkas" | "1 item",
        entries: "{0} entri jurnal" | "{0} journal entries",
        entries_1: "1 entri jurnal" | "1 journal entry",
        destroyed_row: "Berkas yang dimusnahkan" | "A destroyed dossier",
        record: "Berita acara {0}" | "Official record {0}",
        damaged: "Rusak" | "Damaged",
        damaged_row: "Berkas yang tidak dapat dibuka" | "A dossier that does not open",
        no_name: "tanpa nama" | "no name",
        empty: "Arsip masih kosong" | "The archive is empty",
        empty_more: "Permohonan yang sudah ditutup masuk ke sini pada jadwal arsip. Dilihat {0}."
            | "Closed requests come here on the archive's schedule. Looked at {0}.",
        nothing: "Tidak ada berkas yang cocok" | "No dossier matches",
        nothing_more: "Dicari di antara {0}." | "Looked for among {0}.",
        nothing_unread: "Yang tidak terbaca tidak ikut dicari." | "What cannot be read was not searched.",
        show_all: "Tampilkan semua" | "Show all",
        unread: "Sebagian arsip tidak dapat dibaca" | "Part of the archive cannot be read",
        unread_files: "Tidak terbaca: {0}. Isinya tidak ada pada daftar ini." | "Cannot be read: {0}. What lies in there is not on this list.",
        unread_dossiers: "Rusak dan tidak ada pada daftar ini: {0}." | "Damaged and not on this list: {0}.",
        mend: "Sisanya ditampilkan. Minta pengelola server menjalankan loket archive verify; bila berkas arsip rusak, pasang dari cadangan."
            | "The rest is shown. Ask whoever runs the server to run loket archive verify; if an archive file is damaged, put it back from a backup.",
        trail: "Kembali ke arsip" | "Back to the archive",
        dossier: "Berkas {0}" | "Dossier {0}",
        whole: "Utuh" | "Sound",
        whole_more: "Semua sidik SHA-256 dihitung ulang saat halaman ini dibuka dan cocok: catatan berkas, {0}, {1}, dan kaitannya dengan berkas di sebelahnya. Diperiksa {2}."
            | "Every SHA-256 was computed again as this page was opened, and fits: the record, {0}, {1}, and its links to the dossiers beside it. Checked {2}.",
        gone: "Berkas ini sudah dimusnahkan" | "This dossier was destroyed",
        gone_more: "Kuncinya dimusnahkan {0} menurut berita acara {1}. Yang tersisa hanya baris register dan sidik; tidak ada data pribadi."
            | "Its key was destroyed on {0} under official record {1}. What is left are its register line and its hashes; no personal data.",
        gone_checked: "Sidik yang tersisa dihitung ulang dan cocok. Diperiksa {0}." | "The hashes that are left were computed again and fit. Checked {0}.",
        gone_left: "Dimusnahkan, tetapi kuncinya masih ada" | "Destroyed, and its key is still there",
        gone_left_more: "Menurut berita acara {1} kuncinya dimusnahkan {0}. Isinya tidak ditampilkan dan tidak dikirim."
            | "Under official record {1} its key was destroyed on {0}. Nothing of it is shown or given out.",
        broken: "Rusak" | "Damaged",
        broken_more: "Diperiksa {0}. Pasang berkas arsip dari cadangan; loket archive verify menyebut semua kerusakan."
            | "Checked {0}. Put the archive file back from a backup; loket archive verify names all damage.",
        unsure: "Tidak dapat diperiksa seluruhnya" | "Cannot be checked as a whole",
        unsure_more: "Selain itu semua sidiknya cocok. Diperiksa {0}. Jalankan loket archive verify; bila berkas arsip rusak, pasang dari cadangan."
            | "All its hashes fit otherwise. Checked {0}. Run loket archive verify; if the archive file is damaged, put it back from a backup.",
        checked: "Diperiksa {0}. Minta pengelola server menjalankan loket archive verify." | "Checked {0}. Ask whoever runs the server to run loket archive verify.",
        applicant: "Pemohon" | "Applicant",
        user_id: "User ID" | "User ID",
        work_unit: "Unit kerja" | "Work unit",
        service: "Layanan" | "Service",
        outcome: "Hasil" | "Outcome",
        decided: "Diputuskan" | "Decided",
        admin: "Admin PPE" | "Admin PPE",
        received: "Diterima" | "Received",
        closed: "Ditutup" | "Closed",
        archived: "Diarsipkan" | "Archived",
        classification: "Klasifikasi" | "Classification",
        access: "Akses" | "Access",
        restricted: "Terbatas, memuat data pribadi" | "Restricted, holds personal data",
        retention: "Retensi" | "Retention",
        term: "Aktif sampai {0}, inaktif {1} tahun sampai {2}, lalu {3}" | "Active until {0}, inactive for {1} years until {2}, then {3}",
        fate_destroy: "usul musnah" | "proposed for destruction",
        fate_keep: "disimpan permanen" | "kept for good",
        fate_reassess: "dinilai kembali" | "assessed again",
        fate_unknown: "sesuai jadwal retensi arsip" | "as the retention schedule says",
        place: "Tempat" | "Place",
        hash: "Sidik berkas" | "Dossier hash",
        contents: "Daftar isi berkas" | "Contents of the dossier",
        item: "Isi" | "Item",
        kind: "Jenis" | "Kind",
        size: "Ukuran" | "Size",
        item_damaged: "rusak, tidak dapat diunduh" | "damaged, cannot be downloaded",
        download: "Unduh berkas (BagIt dalam ZIP, isinya {0})" | "Download the dossier (BagIt in a ZIP, {0} of contents)",
        download_not: "Berkas ini tidak dapat diunduh seluruhnya karena rusak. Isi yang masih utuh dapat diunduh satu per satu."
            | "This dossier is damaged and cannot be downloaded as a whole. Items that are sound can be downloaded one by one.",
        on_record: "Setiap pembukaan dan pengunduhan dicatat dengan nama Anda. Berkas tidak pernah terhapus sendiri."
            | "Every look and every download is on record in your name. A dossier is never deleted by itself.",
        looks: "Siapa yang sudah melihat" | "Who looked before",
        looks_of: "Siapa yang sudah melihat, {0} terakhir" | "Who looked before, the last {0}",
        looks_none: "Belum ada yang melihat berkas ini sebelum Anda." | "Nobody looked at this dossier before you.",
        looks_unread: "Buku akses tidak dapat dibaca saat ini. Kunjungan Anda tetap dicatat."
            | "The access book cannot be read right now. Your look is on record all the same.",
        when: "Waktu" | "When",
        who: "Siapa" | "Who",
        what: "Yang dilihat" | "What was seen",
        command_line: "{0}, lewat baris perintah" | "{0}, on the command line",
        refused_title: "Berkas arsip" | "Archived dossier",
        refused_h1: "Tidak ada yang diunduh" | "Nothing was downloaded",
        refused_more: "Berkas ini rusak atau sudah dimusnahkan; halamannya menyebutkan yang mana. Tidak ada isinya yang dikirim."
            | "This dossier is damaged or was destroyed; its page says which. Nothing of it was sent.",
        refused_see: "Lihat berkas" | "See the dossier",
    }
}

/// How a request ended, by the outcome's machine name; a name of another age is shown as it is.
pub fn outcome(lang: Language, name: &str) -> String {
    let (id, en) = match name {
        "reset_confirmed" => {
            ("Password direset, penggantian dikonfirmasi", "Password reset, and its change was confirmed")
        }
        "reset_unconfirmed" => {
            ("Password direset, penggantian tidak dikonfirmasi", "Password reset, and its change was not confirmed")
        }
        "user_id_given" => ("User ID diberikan", "User ID given"),
        "not_fetched" => ("Hasil tidak diambil sampai batas waktu", "Result not fetched in time"),
        "rejected" => ("Permohonan ditolak", "Request rejected"),
        "expired" => ("Ditolak karena tidak dilengkapi", "Rejected as never completed"),
        "withdrawn" => ("Dicabut pemohon", "Withdrawn by the applicant"),
        "out_of_scope" => ("Di luar ruang lingkup SOP", "Outside the SOP's scope"),
        "too_large" => ("Surel terlalu besar", "Mail too large"),
        "dropped" => ("Tidak diproses", "Not worked on"),
        other => return other.to_owned(),
    };
    pick(lang, id, en).to_owned()
}

/// One or two words for it, as a row begins.
pub fn ending(lang: Language, ending: Ending) -> &'static str {
    let (id, en) = match ending {
        Ending::Done => ("Selesai", "Done"),
        Ending::Rejected => ("Ditolak", "Rejected"),
        Ending::Expired => ("Tidak dilengkapi", "Not completed"),
        Ending::Withdrawn => ("Dicabut pemohon", "Withdrawn"),
        Ending::NotFetched => ("Tidak diambil", "Not fetched"),
        Ending::Apart => ("Tidak diproses", "Not worked on"),
        Ending::Destroyed => ("Dimusnahkan", "Destroyed"),
    };
    pick(lang, id, en)
}

/// What is wrong, a clause; an item goes by its place in the list, counted from 1, and its name.
pub fn flaw(lang: Language, flaw: Flaw, item: &str, is_destroyed: bool) -> String {
    let (id, en) = match flaw {
        Flaw::Record => (
            "catatannya, atau berkas arsip tempatnya, tidak terbaca",
            "its record, or the archive file it lies in, does not read",
        ),
        Flaw::Chain => (
            "rantainya putus: berkas ini dan yang di sebelahnya tidak lagi bersambung",
            "its chain is broken: it and the dossier beside it do not follow from each other",
        ),
        Flaw::Neighbour => (
            "kaitannya tidak dapat diperiksa, karena berkas di sebelahnya tidak terbaca",
            "its links cannot be checked, as the dossier beside it does not read",
        ),
        Flaw::Key if is_destroyed => (
            "kuncinya masih ada, meskipun menurut berita acara dimusnahkan",
            "its key is still there in spite of the record",
        ),
        Flaw::Key => ("kuncinya rusak atau hilang", "its key is damaged or gone"),
        Flaw::Contents => ("daftar isinya tidak terbuka", "its list of contents does not open"),
        Flaw::Item(index) => {
            let sentence =
                pick(lang, "isi no. {0} {1} tidak cocok dengan sidiknya", "item no. {0} {1} does not fit its hash");
            return fill(sentence, &[&(index + 1).to_string(), item]).replace("  ", " ");
        }
        Flaw::Journal(position) => {
            let sentence =
                pick(lang, "entri jurnal {0} tidak cocok dengan sidiknya", "journal entry {0} does not fit its hash");
            return fill(sentence, &[&position.to_string()]);
        }
    };
    pick(lang, id, en).to_owned()
}

/// What somebody saw.
pub fn seen(lang: Language, what: &Seen) -> String {
    let say = |id, en, values: &[&str]| fill(pick(lang, id, en), values);
    match what {
        Seen::Entered => say("Meja dibuka", "The desk was opened", &[]),
        Seen::Case => say("Permohonan", "The request", &[]),
        Seen::Held => say("Surel yang ditahan", "The held mail", &[]),
        Seen::Page { paper, page } => {
            let (paper, page) = ((paper + 1).to_string(), page.to_string());
            say("Dokumen {0}, halaman {1}", "Paper {0}, page {1}", &[&paper, &page])
        }
        Seen::Enclosure { index } => say("Lampiran surat {0}", "Enclosure {0}", &[&(index + 1).to_string()]),
        Seen::Queue { .. } => say("Daftar", "A list", &[]),
        Seen::Report { month } => say("Laporan {0}", "The report of {0}", &[month]),
        Seen::Register { .. } | Seen::Account { .. } => say("Register akun", "The account register", &[]),
        Seen::Summary => say("Ringkasan permohonan", "A summary of the request", &[]),
        Seen::Dossier => say("Berkas arsip", "The archived dossier", &[]),
        Seen::Item { name } => say("Isi berkas {0}", "Item {0}", &[name]),
        Seen::Export => say("Seluruh berkas, diunduh", "All of it, taken out", &[]),
    }
}

/// What an item is, by the Indonesian title it was filed under.
pub fn title(lang: Language, filed: &str) -> &str {
    let known = [
        ("Surel masuk", "Mail received"),
        ("Keputusan melalui surel", "Decision by mail"),
        ("Surat keluar", "Letter sent"),
        ("Lampiran surat keluar", "Enclosure of a letter"),
        ("Hasil pemeriksaan", "Findings"),
        ("Lembar waktu", "Time sheet"),
        ("Catatan konfirmasi", "Confirmations"),
        ("Urutan peristiwa dan keputusan", "Events and decisions in order"),
        ("Keadaan akhir permohonan", "The request as it ended"),
    ];
    match lang {
        Language::Id => filed,
        Language::En => known.iter().find(|(id, _)| *id == filed).map_or(filed, |(_, en)| en),
    }
}

fn pick<'t>(lang: Language, id: &'t str, en: &'t str) -> &'t str {
    match lang {
        Language::Id => id,
        Language::En => en,
    }
}
