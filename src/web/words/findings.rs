//! Words for findings, checklist items and alerts. Items an office adds to its procedure bring their own title.

use super::catalogue;
use crate::sop::names::Language;

catalogue! {
    /// The checklist and the viewer.
    FindingWords {
        met: "Sesuai" | "Met",
        contradicted: "Berbeda" | "Differs",
        unclear: "Perlu dilihat" | "To be looked at",
        missing: "Belum ada" | "Missing",
        n_met: "{0} sesuai" | "{0} met",
        n_contradicted: "{0} berbeda" | "{0} differ",
        n_unclear: "{0} perlu dilihat" | "{0} to be looked at",
        n_missing: "{0} belum ada" | "{0} missing",
        none: "Belum ada temuan" | "No findings yet",
        heading: "Temuan" | "Findings",
        attention: "Perlu perhatian Anda" | "Needs your attention",
        step_5: "Langkah 5 · Kebenaran" | "Step 5 · Validity",
        step_2: "Langkah 2 · Kelengkapan" | "Step 2 · Completeness",
        met_of: "{0} sesuai dari {1}" | "{0} of {1} met",
        see_on: "Lihat pada" | "See on",
        register: "Register akun" | "Account register",
        record_confirmation: "Catat konfirmasi" | "Record the confirmation",
        sender_proof: "Bukti pengirim" | "Proof of sender",
        documents: "Dokumen" | "Documents",
        document_pages: "Halaman dokumen" | "Pages of the documents",
        page_pictures: "Gambar halaman" | "Page pictures",
        page_of: "halaman {0} dari {1}" | "page {0} of {1}",
        enlarge: "Perbesar" | "Enlarge",
        enlarge_page: "{0}, halaman {1}" | "{0}, page {1}",
        large_title: "Halaman dokumen {0}" | "Page of a document {0}",
        back_to_page: "Kembali ke tinjauan" | "Back to the review",
        previous_page: "Halaman sebelumnya" | "Previous page",
        next_page: "Halaman berikutnya" | "Next page",
        text_read: "Teks yang terbaca" | "Text that was read",
        text_recognised: "Dikenali dari gambar, jadi mungkin ada yang salah baca. Bandingkan dengan gambarnya."
            | "Recognised from the picture, so some of it may be misread. Compare it with the picture.",
        no_text: "Tidak ada teks yang terbaca pada halaman ini." | "No text was read on this page.",
        not_drawn: "Halaman ini tidak dapat digambar" | "This page could not be drawn",
        not_drawn_more: "Yang tampak hanya kata-kata yang terbaca, tanpa tanda tangan, cap, dan gambar. Minta berkas lain bila itu menentukan."
            | "Only the words that were read are shown, without signatures, stamps and pictures. Ask for another file where they matter.",
        not_drawn_strip: "Halaman ini tidak dapat digambar; hanya kata-katanya yang tampak." | "This page could not be drawn; only its words are shown.",
        picture_of: "Gambar {0}, halaman {1}" | "Picture of {0}, page {1}",
        on_this_page: "Temuan pada halaman ini" | "Findings on this page",
        no_documents: "Tidak ada lampiran yang dapat ditampilkan." | "There is no attachment to show.",
        letter: "Surat" | "Letter",
        decree: "SK" | "Decree",
        other: "Lampiran" | "Attachment",
        page_short: "hlm." | "p.",
        unreadable: "Tidak terbaca" | "Unreadable",
        from: "Dari" | "From",
        registered: "alamat terdaftar" | "registered address",
        not_registered: "bukan alamat terdaftar" | "not a registered address",
        authenticity: "Keaslian" | "Authenticity",
        subject: "Perihal" | "Subject",
        attachments: "Lampiran" | "Attachments",
        body: "Isi surel" | "Mail text",
        nothing: "tidak ada" | "none",
    }
}

type Words = (&'static str, &'static str, &'static str);

const ITEMS: &[Words] = &[
    ("request_letter", "Surat permohonan", "Request letter"),
    ("request_letter_signed", "Tanda tangan pemohon", "Applicant's signature"),
    ("service_stated", "Layanan yang diminta", "Service asked for"),
    ("applicant_identified", "Identitas pemohon", "Applicant's identity"),
    ("appointment_decree", "SK pengangkatan", "Appointment decree"),
    ("decree_names_applicant", "Nama dalam SK", "Name in the decree"),
    ("account_found", "Akun", "Account"),
    ("name_matches", "Nama", "Name"),
    ("nip_matches", "NIP", "NIP"),
    ("role_matches", "Kedudukan dalam SK", "Role in the decree"),
    ("decree_in_force", "Masa berlaku SK", "Validity of the decree"),
    ("work_unit_matches", "Unit kerja", "Work unit"),
    ("sender_registered", "Alamat pengirim", "Sender's address"),
    ("sender_authenticated", "Keaslian surel", "Authenticity of the mail"),
    ("signature_valid", "Keabsahan tanda tangan", "Validity of the signature"),
    ("letter_not_reused", "Pemakaian ulang surat", "Reuse of the letter"),
    ("confirmed_with_applicant", "Konfirmasi dengan pemohon", "Confirmation with the applicant"),
];

const ALERTS: &[Words] = &[
    (
        "decree_ends_soon",
        "Masa berlaku SK segera berakhir. Ingatkan pemohon untuk menyiapkan SK berikutnya.",
        "The decree ends soon. Remind the applicant of the next one.",
    ),
    (
        "executable_attachment",
        "Lampiran berisi program. Lampiran itu tidak dibuka.",
        "An attachment holds a program. It was not opened.",
    ),
    (
        "infected_attachment",
        "Lampiran memuat virus menurut pemindai. Lampiran itu tidak dibuka dan tidak dapat dilihat di sini.",
        "An attachment holds a virus according to the scanner. It was not opened and cannot be seen here.",
    ),
    (
        "unscanned_attachment",
        "Lampiran tidak dapat diperiksa oleh pemindai virus. Lampiran itu tidak dibuka dan tidak dapat dilihat di sini.",
        "An attachment could not be checked by the virus scanner. It was not opened and cannot be seen here.",
    ),
    (
        "encrypted_document",
        "Lampiran terkunci dengan password, jadi tidak dapat dibaca. Minta berkas tanpa kunci.",
        "An attachment is locked with a password and cannot be read. Ask for it unlocked.",
    ),
    (
        "archive_bomb",
        "Arsip lampiran mengembang melewati batas dan tidak dibuka.",
        "An attached archive unpacks beyond the limits and was not opened.",
    ),
    (
        "nested_too_deep",
        "Lampiran bersusun terlalu dalam; sebagian tidak dibaca.",
        "Attachments are nested too deep; part of them was not read.",
    ),
    ("number_blank", "Nomor surat dikosongkan.", "The letter's number is blank."),
    (
        "instruction_in_text",
        "Ada kalimat yang memberi perintah kepada sistem. Itu hanya teks; Loket tidak menurutinya.",
        "A sentence gives orders to the system. It is text; Loket does not obey it.",
    ),
    (
        "different_people",
        "Surat dan surel menyebut orang yang berbeda sebagai pemohon.",
        "Letter and mail name different people as applicant.",
    ),
    (
        "nik_differs_from_nip",
        "Tanggal lahir atau jenis kelamin pada NIK berbeda dari NIP.",
        "Date of birth or sex in the NIK differs from the NIP.",
    ),
    (
        "nik_malformed",
        "NIK pada surat tidak tersusun sebagaimana mestinya.",
        "The NIK in the letter is not built like one.",
    ),
    (
        "address_change_requested",
        "Pemohon meminta jawaban ke alamat lain. Hasil tetap hanya ke alamat terdaftar.",
        "The applicant asks for an answer to another address. The result still goes to the registered address alone.",
    ),
    ("tte_invalid", "Tanda tangan elektronik tidak sah.", "The electronic signature is not valid."),
    ("tte_unverifiable", "Tanda tangan elektronik tidak dapat diuji.", "The electronic signature cannot be verified."),
    (
        "link_instead_of_attachment",
        "Surel berisi tautan, bukan lampiran. Loket tidak membuka tautan.",
        "The mail holds a link instead of an attachment. Loket opens no links.",
    ),
    ("unauthenticated", "Tidak ada bukti siapa pengirimnya.", "There is no proof of who sent it."),
    (
        "foreign_reply",
        "Orang lain menjawab dalam percakapan sebuah permohonan.",
        "Somebody else answers in a request's thread.",
    ),
    ("dangerous_attachment", "Lampiran berbahaya ditahan.", "A dangerous attachment is held back."),
    ("malformed", "Surel rusak dan tidak dapat dibaca seluruhnya.", "The mail is malformed and cannot be read whole."),
    (
        "active_content",
        "Ada lampiran yang memuat makro atau skrip; isinya tidak dijalankan.",
        "An attachment holds macros or scripts; they were not run.",
    ),
    (
        "decree_in_grace",
        "Masa berlaku SK sudah lewat, tetapi masih dalam masa tenggang.",
        "The decree has run out, but is within the days of grace.",
    ),
    ("hidden_text", "Ada tulisan yang disembunyikan dalam dokumen.", "A document holds hidden text."),
    (
        "invisible_character_in_user_id",
        "User ID pada surat memuat karakter yang tidak terlihat.",
        "The user ID in the letter holds invisible characters.",
    ),
    (
        "lookalike_sender",
        "Alamat pengirim mirip, tetapi tidak sama dengan alamat terdaftar.",
        "The sender's address resembles the registered one, but is another.",
    ),
    (
        "mixed_script_user_id",
        "User ID pada surat memakai huruf dari aksara yang berbeda.",
        "The user ID in the letter mixes letters of different scripts.",
    ),
    ("nip_malformed", "Susunan NIP pada surat tidak lazim.", "The NIP in the letter is not formed as one."),
    ("second_reset", "Akun ini baru saja direset.", "This account was reset a short time ago."),
    ("several_applicants", "Surat menyebut lebih dari satu pemohon.", "The letter names more than one applicant."),
    ("shared_account", "Akun ini tampaknya dipakai bersama.", "This account seems to be shared."),
    (
        "too_many_pages",
        "Dokumen terlalu panjang; sebagian halaman tidak dibaca.",
        "A document is too long; part of its pages was not read.",
    ),
    (
        "type_mismatch",
        "Isi sebuah lampiran tidak sesuai dengan nama filenya.",
        "An attachment is not what its name says.",
    ),
    ("unreadable_document", "Ada dokumen yang tidak terbaca.", "A document cannot be read."),
    ("user_id_absent", "Surat tidak menyebut user ID.", "The letter names no user ID."),
];

fn look_up(list: &'static [Words], key: &str, lang: Language) -> Option<&'static str> {
    list.iter().find(|(name, ..)| *name == key).map(|(_, id, en)| match lang {
        Language::Id => *id,
        Language::En => *en,
    })
}

/// The noun of a checklist item; the key itself where the desk has no word for it.
pub fn item(lang: Language, key: &str) -> String {
    look_up(ITEMS, key, lang).map_or_else(|| key.replace('_', " "), str::to_owned)
}

/// The sentence of an alert or of a reason for holding a mail.
pub fn alert(lang: Language, key: &str) -> String {
    look_up(ALERTS, key, lang).map_or_else(|| key.replace('_', " "), str::to_owned)
}

/// What the two values of an item are called: where the first was read, and what it is compared to.
pub fn pair_labels(lang: Language, key: &str) -> (&'static str, &'static str) {
    let (left, right) = match key {
        "role_matches" | "decree_names_applicant" | "appointment_decree" => {
            (("Pada SK", "In the decree"), ("Register akun", "Account register"))
        }
        "decree_in_force" => (("Pada SK", "In the decree"), ("Diterima", "Received")),
        "sender_registered" | "sender_authenticated" => {
            (("Pada surel", "In the mail"), ("Register akun", "Account register"))
        }
        "letter_not_reused" => (("Nomor dan tanggal", "Number and date"), ("Arsip", "Archive")),
        _ => (("Pada surat", "In the letter"), ("Register akun", "Account register")),
    };
    match lang {
        Language::Id => (left.0, right.0),
        Language::En => (left.1, right.1),
    }
}
