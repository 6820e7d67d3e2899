//! Words around every page, and the names of the nine steps.

use super::catalogue;
use crate::sop::names::Language;

catalogue! {
    /// The frame: top, navigation, foot.
    FrameWords {
        skip: "Langsung ke isi" | "Skip to content",
        other: "English" | "Bahasa Indonesia",
        main_nav: "Utama" | "Main",
        trail: "Jejak" | "Trail",
        desk: "Meja" | "Desk",
        archive: "Arsip" | "Archive",
        report: "Laporan" | "Report",
        sandbox: "Surel uji" | "Test mail",
        foot_sop: "SOP {0}. Layanan ini tidak dipungut biaya." | "SOP {0}. This service is free of charge.",
        foot_phone: "Telepon kantor" | "Office telephone",
        foot_hours: "pada jam layanan" | "in service hours",
        error: "Galat: " | "Error: ",
        request: "Permohonan {0}" | "Request {0}",
        optional: "(boleh kosong)" | "(may be left empty)",
        back_to_desk: "Kembali ke meja" | "Back to the desk",
        code: "Kode 6 angka" | "6-digit code",
        code_hint: "Dari aplikasi pembuat kode di ponsel Anda." | "From the authenticator app on your phone.",
        demo_code: "Kode contoh saat ini: {0}. Hanya ada di percontohan." | "Current sample code: {0}. In the demo only.",
        opened_for: "Terbuka untuk {0} sampai {1}" | "Open for {0} until {1}",
        reads_as: "Anda melihat sebagai {0}. Hanya Admin PPE yang memutuskan dan mengubah." | "You look as {0}. Only an Admin PPE decides and changes anything.",
        archivist: "arsiparis" | "an archivist",
        auditor: "auditor" | "an auditor",
        lock_now: "Kunci sekarang" | "Lock now",
        signed_in_as: "Masuk sebagai {0}" | "Signed in as {0}",
    }
}

const STEPS: [(&str, &str); 9] = [
    ("Berkas masuk", "Dossier received"),
    ("Periksa kelengkapan", "Check completeness"),
    ("Minta melengkapi", "Ask to complete"),
    ("Melengkapi", "Completing"),
    ("Periksa kebenaran", "Check validity"),
    ("Reset atau cari user ID", "Reset or look up user ID"),
    ("Beri tahu penolakan", "Notify of rejection"),
    ("Beri tahu hasil", "Notify of result"),
    ("Mengarsipkan", "Archiving"),
];

/// The short name of an SOP step, counted from 1; empty for any other number.
pub fn step_name(lang: Language, step: u8) -> &'static str {
    let index = usize::from(step).wrapping_sub(1);
    STEPS.get(index).map_or("", |(id, en)| match lang {
        Language::Id => id,
        Language::En => en,
    })
}
