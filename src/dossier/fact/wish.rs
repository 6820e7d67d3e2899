//! Whether a mail's words ask for a service or only tell of one: of a reset that worked, of one that is thanked for, or of
//! resets in general, as announcements, invitations and reports do. What is doubtful counts as asked for. Here too is heard
//! what other procedures serve.

use super::service::{self, spots};
use crate::dossier::fold::{Gist, Phrase};
use crate::dossier::recognition::{OtherWish, Recognition};

/// Words between a verb and its object where another procedure's service is asked for, and between the object and its passive.
const REACH: usize = 4;
const BACK: usize = 6;

const DONE: [&str; 8] = ["sudah", "telah", "udah", "udh", "sdh", "dah", "already", "successfully"];
const RESULTS: [&str; 27] = [
    "bisa",
    "bs",
    "dapat",
    "berhasil",
    "direset",
    "diganti",
    "diubah",
    "dirubah",
    "diterima",
    "terima",
    "masuk",
    "login",
    "selesai",
    "aktif",
    "normal",
    "ketemu",
    "pulih",
    "dipulihkan",
    "kembali",
    "teratasi",
    "beres",
    "sukses",
    "ingat",
    "ganti",
    "received",
    "fixed",
    "reset",
];
/// Results that need no word before them to be over and done.
const OVER: [&str; 5] = ["berhasil", "sukses", "worked", "succeeded", "beres"];
const NOT: [&str; 15] = [
    "tidak", "tdk", "tak", "ga", "gak", "gk", "nggak", "ngga", "belum", "blm", "not", "cannot", "cant", "unable",
    "never",
];
const TROUBLE: [&str; 15] = [
    "lupa",
    "kelupaan",
    "terlupa",
    "gagal",
    "terkunci",
    "terblokir",
    "diblokir",
    "hilang",
    "salah",
    "expired",
    "kedaluwarsa",
    "forgot",
    "forgotten",
    "locked",
    "lost",
];
const ABLE: [&str; 12] = [
    "bisa",
    "bs",
    "dapat",
    "ingat",
    "mengingat",
    "berhasil",
    "valid",
    "dikenali",
    "tahu",
    "berfungsi",
    "remember",
    "able",
];
const FIRST_PERSON: [&str; 10] = ["saya", "sy", "kami", "aku", "gw", "gue", "i", "my", "we", "our"];
const EVERYBODY: [&str; 7] = ["seluruh", "semua", "setiap", "para", "all", "every", "everyone"];
const CONDITIONS: [&str; 8] = ["apabila", "jika", "bila", "kalau", "bilamana", "jikalau", "if", "when"];
/// Words of the asking list that also name what was asked for before.
const NOUNS: [&str; 4] = ["bantuan", "permohonan", "permintaan", "request"];

/// Whether the words name a service only to tell of it.
pub fn only_tells(subject: &str, words: &str, r: &Recognition) -> bool {
    let text = format!("{subject}\n\n{words}");
    let announces = Gist::of(&text).has_any(&r.mail.announces);
    let mut naming = service::sentences(&text).flat_map(|s| naming(s, r)).peekable();
    naming.peek().is_some() && naming.all(|part| tells(part, announces, r))
}

/// The clauses of a sentence that name a service; the whole of it where no clause does alone.
fn naming<'a>(sentence: &'a str, r: &Recognition) -> Vec<&'a str> {
    let names = |text: &str| !service::asked(text, r).is_empty();
    let mut parts = vec![sentence];
    for mark in [",", " tapi ", " tetapi ", " namun ", " but "] {
        parts = parts.into_iter().flat_map(|part| part.split(mark)).collect();
    }
    parts.retain(|part| names(part));
    if parts.is_empty() && names(sentence) { vec![sentence] } else { parts }
}

fn tells(part: &str, announces: bool, r: &Recognition) -> bool {
    let gist = Gist::of(part);
    let words = gist.words();
    let asking = r.letter.asks.iter().filter(|a| !r.mail.brings.contains(a) && !is_noun(a));
    // `sudah dibantu` asks for nothing.
    let orders = spots(&words, asking).iter().any(|(at, _)| *at == 0 || !DONE.contains(&words[at - 1]));
    if !orders && !part.contains('?') && (thanks_for(&words, r) || is_done(&words)) {
        return true;
    }
    if !announces {
        return false;
    }
    if words.iter().any(|w| EVERYBODY.contains(w)) || words.iter().take(3).any(|w| CONDITIONS.contains(w)) {
        return true;
    }
    let personal = words.iter().any(|w| FIRST_PERSON.contains(w)) && !gist.has_any(&r.mail.announces);
    !(personal || wants(&words, r))
}

fn is_noun(ask: &Phrase) -> bool {
    NOUNS.contains(&ask.words().join(" ").as_str())
}

/// Whether the wish itself is asked for: in `mohon mengisi survei layanan reset password` what is announced stands between.
fn wants(words: &[&str], r: &Recognition) -> bool {
    let mut marks = spots(words, r.mail.announces.iter());
    marks.sort_unstable();
    let starts = std::iter::once(0).chain(marks.iter().map(|(at, len)| at + len));
    let ends = marks.iter().map(|(at, _)| *at).chain([words.len()]);
    starts.zip(ends).filter_map(|(from, to)| words.get(from..to)).any(|stretch| {
        let gist = Gist::of(&stretch.join(" "));
        let named = r.services.iter().any(|s| gist.has_any(&s.objects) || gist.has_any(&s.phrases));
        named && (r.letter.asks.iter().any(|a| gist.has(a) && !r.mail.brings.contains(a)) || in_trouble(stretch))
    })
}

/// `sudah bisa login`, `telah direset`, and not `sudah tidak bisa`.
fn is_done(words: &[&str]) -> bool {
    let over = words.iter().any(|w| OVER.contains(w));
    let done = (0..words.len())
        .any(|i| DONE.contains(&words[i]) && words[i + 1..].iter().take(3).any(|w| RESULTS.contains(w)));
    (over || done) && !words.iter().any(|w| NOT.contains(w) || TROUBLE.contains(w))
}

/// `Terima kasih banyak atas reset password kemarin`.
fn thanks_for(words: &[&str], r: &Recognition) -> bool {
    let opens = r.mail.thanks.iter().filter_map(|t| t.opens(words)).max();
    opens.is_some_and(|used| words[used..].iter().take(3).any(|w| matches!(*w, "atas" | "untuk" | "for")))
}

fn in_trouble(words: &[&str]) -> bool {
    let unable =
        (0..words.len()).any(|i| NOT.contains(&words[i]) && words[i + 1..].iter().take(2).any(|w| ABLE.contains(w)));
    unable || words.iter().any(|w| TROUBLE.contains(w))
}

/// A wish that another procedure serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other {
    /// It explains symptoms told beside it: who lost the second factor cannot log in either.
    pub outweighs: bool,
}

/// What another procedure serves, where the text asks for it.
pub fn other(text: &str, r: &Recognition) -> Option<Other> {
    let found: Vec<&OtherWish> = service::sentences(text)
        .flat_map(|sentence| {
            let gist = Gist::of(sentence);
            r.other_wishes.iter().filter(move |wish| asks_for(&gist, wish))
        })
        .collect();
    let told = Gist::of(text).has_any(&r.other_services);
    (told || !found.is_empty()).then(|| Other { outweighs: found.iter().any(|w| w.outweighs) })
}

fn asks_for(sentence: &Gist, wish: &OtherWish) -> bool {
    let stream = sentence.words();
    let objects = spots(&stream, wish.objects.iter());
    // `user ID yang didaftarkan` tells which, and asks for nothing.
    let tells = |at: usize| at > 0 && (DONE.contains(&stream[at - 1]) || matches!(stream[at - 1], "yang" | "yg"));
    let at = |phrases: &[Phrase]| {
        let found = if objects.is_empty() { Vec::new() } else { spots(&stream, phrases.iter()) };
        found.into_iter().filter(|(at, _)| !tells(*at)).collect::<Vec<_>>()
    };
    let before = at(&wish.verbs).iter().any(|(v, len)| {
        let end = v + len;
        objects.iter().any(|(o, _)| *o >= end && o - end <= REACH)
    });
    before
        || at(&wish.passives).iter().any(|(p, _)| objects.iter().any(|(o, len)| *p >= o + len && p - (o + len) <= BACK))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tells(words: &str) -> bool {
        only_tells("", words, &Recognition::helpdesk())
    }

    #[test]
    fn what_worked_and_what_is_thanked_for_is_only_told() {
        for words in [
            "Reset password akun helpdesk sudah berhasil pak",
            "Password akun helpdesk kami telah direset dan telah kami ganti.",
            "Terima kasih banyak atas bantuan reset password kemarin",
            "Sudah dibantu reset password oleh Pak Bagus",
            "The password reset worked fine",
        ] {
            assert!(tells(words), "{words}");
        }
    }

    #[test]
    fn what_worked_once_and_is_asked_for_again_is_asked_for() {
        for words in [
            "Password sudah direset kemarin tapi saya lupa lagi passwordnya",
            "password saya sudah tidak bisa dipakai",
            "Sudah saya coba reset password sendiri, mohon bantuan reset password",
            "Terima kasih sebelumnya, mohon reset password",
            "lupa password",
        ] {
            assert!(!tells(words), "{words}");
        }
    }

    #[test]
    fn announcements_speak_of_resets_in_general() {
        for words in [
            "Mengundang Saudara pada sosialisasi SOP reset password. Mohon konfirmasi kehadiran.",
            "Diberitahukan jadwal pemeliharaan SPSE, seluruh pengguna diminta reset password lewat menu Lupa Password.",
            "Kami menghimbau untuk mengganti password secara berkala. Apabila ada yang meminta reset password jangan dijawab.",
            "Rekapitulasi bulan Oktober: 14 reset password",
            "Mohon mengisi survei kepuasan layanan reset password dan informasi user ID",
        ] {
            assert!(tells(words), "{words}");
        }
    }

    #[test]
    fn a_wish_among_announcing_words_is_asked_for() {
        for words in [
            "Menindaklanjuti undangan sosialisasi, saya lupa password helpdesk.",
            "Setelah pemeliharaan SPSE password kami tidak dapat digunakan.",
            "Bersama laporan ini mohon reset password akun helpdesk.",
            "Mohon reset password helpdesk sebelum pelatihan besok.",
        ] {
            assert!(!tells(words), "{words}");
        }
    }

    #[test]
    fn other_wishes_are_heard_in_any_form_of_their_words() {
        let r = Recognition::helpdesk();
        for (words, outweighs) in [
            ("mohon dibuatkan user untuk petugas baru", true),
            ("mohon akun helpdesk atas nama Budi dinonaktifkan", false),
            ("please reset the two-factor authentication of my account", true),
            ("mohon alamat surel pada akun kami diganti", false),
        ] {
            assert_eq!(other(words, &r), Some(Other { outweighs }), "{words}");
        }
        for words in [
            "mohon reset password akun helpdesk",
            "OTP masih aktif di HP saya",
            "surat ini kami buat",
            "user ID yang didaftarkan",
        ] {
            assert_eq!(other(words, &r), None, "{words}");
        }
    }
}
