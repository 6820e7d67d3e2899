//! Words of short pages and errors, and why a field cannot be taken.

use super::catalogue;
use crate::sop::names::Language;
use crate::web::answer::{Field, FieldError, Why};
use crate::web::say::fill;

catalogue! {
    /// Errors and short notices.
    NoticeWords {
        not_saved: "Belum disimpan" | "Not saved yet",
        not_decided: "Keputusan belum disimpan" | "The decision is not saved yet",
        needs_confirmation: "Catat konfirmasi dengan pemohon lebih dahulu" | "Record the confirmation with the applicant first",
        changed_title: "Berkas berubah" | "Dossier changed",
        changed_h1: "Berkas berubah setelah Anda membukanya" | "The dossier changed after you opened it",
        changed_more: "{0} ({1}). Yang Anda kirim tidak disimpan." | "{0} ({1}). What you sent was not saved.",
        changed_see: "Lihat temuan terbaru" | "See the newest findings",
        not_found_title: "Tidak ditemukan" | "Not found",
        not_found_h1: "Halaman ini tidak ada" | "There is no such page",
        not_found_more: "Alamatnya mungkin tidak lengkap tersalin, atau halamannya bukan untuk Anda." | "The address may not have been copied whole, or the page is not for you.",
        busy_title: "Unduhan lain sedang berjalan" | "Other downloads are under way",
        busy_h1: "Unduhan lain sedang berjalan" | "Other downloads are under way",
        busy_more: "Tunggu {0} detik, lalu coba lagi. Tidak ada yang diunduh." | "Wait {0} seconds, then try again. Nothing was downloaded.",
        trouble_title: "Gangguan" | "Trouble",
        trouble_h1: "Loket sedang tidak dapat menjawab" | "Loket cannot answer right now",
        trouble_more: "Yang baru Anda kirim mungkin belum tersimpan. Muat ulang halaman berkas sebelum mencoba lagi; keputusan yang sudah tercatat tidak terjadi dua kali." | "What you just sent may not be saved. Reload the dossier before trying again; a recorded decision does not happen twice.",
        too_many_title: "Terlalu banyak percobaan" | "Too many tries",
        too_many_h1: "Terlalu banyak percobaan dari alamat ini" | "Too many tries from this address",
        too_many_more: "Tunggu {0} detik, lalu coba lagi. Tidak ada yang terhapus." | "Wait {0} seconds, then try again. Nothing was lost.",
        foreign_title: "Permintaan ditolak" | "Request refused",
        foreign_h1: "Formulir ini tidak dikirim dari halaman Loket" | "This form was not sent from a page of Loket",
        foreign_more: "Buka kembali halamannya dari surel atau meja Loket, lalu coba lagi. Tidak ada yang berubah." | "Open the page again from the mail or the Loket desk and try again. Nothing changed.",
        too_large_title: "Isian terlalu besar" | "Entry too large",
        too_large_h1: "Isian melewati batas 64 KB" | "The entry exceeds 64 KB",
        too_large_more: "Persingkat surat atau alasan, lalu kirim lagi. Tidak ada yang berubah." | "Shorten the letter or reason and send again. Nothing changed.",
        garbled_title: "Isian tidak terbaca" | "Entry not readable",
        garbled_h1: "Isian tidak dapat dibaca" | "The entry cannot be read",
        garbled_more: "Muat ulang halaman dan isi lagi. Tidak ada yang berubah." | "Reload the page and fill it in again. Nothing changed.",
        refused_title: "Tidak diterima" | "Not accepted",
        role_h1: "Peran Anda tidak dapat memutuskan" | "Your role cannot decide",
        role_more: "Hanya Admin PPE yang dapat memutuskan permohonan." | "Only an Admin PPE can decide requests.",
    }
}

/// The sentence under a field: what is wrong and what to do.
pub fn why(lang: Language, error: &FieldError) -> String {
    let pick = |id: &'static str, en: &'static str| match lang {
        Language::Id => id,
        Language::En => en,
    };
    match &error.why {
        Why::Missing => missing(error.field, pick).to_owned(),
        Why::TooShort(least) => {
            let sentence = pick("Terlalu pendek, paling sedikit {0} karakter.", "Too short, at least {0} characters.");
            fill(sentence, &[&least.to_string()])
        }
        Why::TooLong(most) => {
            let sentence = pick("Terlalu panjang, paling banyak {0} karakter.", "Too long, at most {0} characters.");
            fill(sentence, &[&most.to_string()])
        }
        Why::NotOffered => pick("Pilih salah satu yang ditawarkan.", "Choose one of those offered.").to_owned(),
        Why::Different => pick("Kedua isian berbeda. Ketik ulang.", "The two entries differ. Type them again.").to_owned(),
        Why::Wrong(left) => {
            let sentence = pick(
                "Kode tidak cocok. Tunggu kode berikutnya, lalu coba lagi. Sisa {0} percobaan.",
                "The code does not match. Wait for the next one and try again. {0} tries left.",
            );
            fill(sentence, &[&left.to_string()])
        }
        Why::Guessable => pick(
            "Terlalu mudah ditebak: tanpa nama, kantor, urutan papan ketik, dan pengulangan, hampir tidak ada yang tersisa. Pilih beberapa kata yang tidak berhubungan.",
            "Too easily guessed: without names, the office, runs along the keyboard and repetitions, hardly anything is left. Choose some words that have nothing to do with each other.",
        )
        .to_owned(),
        Why::Forbidden => pick(
            "Di sini tertulis yang tidak boleh dikirim: password, NIP lengkap, atau nilai register. Hapus, lalu ulangi.",
            "This holds what must not be sent: a password, a whole NIP or a register value. Remove it and try again.",
        )
        .to_owned(),
    }
}

fn missing(field: Field, pick: impl Fn(&'static str, &'static str) -> &'static str) -> &'static str {
    match field {
        Field::Reason => pick("Isi alasan, paling sedikit satu kalimat.", "Give a reason, at least one sentence."),
        Field::ReasonCode => pick("Pilih alasan penolakan.", "Choose a ground."),
        Field::Code => pick("Isi kode 6 angka dari ponsel Anda.", "Enter the 6-digit code from your phone."),
        Field::Items => {
            pick("Pilih paling sedikit satu yang perlu diperbaiki.", "Choose at least one thing to put right.")
        }
        Field::Letter => pick("Surat tidak boleh kosong.", "The letter must not be empty."),
        Field::Note => pick("Isi catatan.", "Enter a note."),
        Field::ToAdmin => pick("Pilih kepada siapa berkas diserahkan.", "Choose whom to hand over to."),
        Field::Method => pick("Pilih cara konfirmasi.", "Choose how it was confirmed."),
        Field::Result => pick("Pilih hasilnya.", "Choose the result."),
        Field::SpokenWith => pick("Isi dengan siapa Anda berbicara.", "Enter whom you spoke with."),
        Field::Password => pick("Isi password sementara.", "Enter the temporary password."),
        Field::PasswordAgain => pick("Ketik ulang password sementara.", "Type the temporary password again."),
        Field::UserId => pick("Isi user ID.", "Enter the user ID."),
        Field::Searched => pick("Isi apa yang sudah dicari.", "Enter what was searched."),
        Field::What => pick("Isi apa yang terjadi.", "Enter what happened."),
        Field::IdentifiedBy => pick("Isi dengan apa pemohon dikenali.", "Enter how the applicant was identified."),
    }
}
