//! Whether a mail's words ask for a service or only tell of one: of a reset that worked, of one that is thanked for, or of
//! resets in general, as announcements, invitations and reports do. What is doubtful counts as asked for.

use super::service::{self, spots};
use crate::dossier::fold::{Gist, Phrase};
use crate::dossier::recognition::Recognition;

pub(super) const DONE: [&str; 8] = ["sudah", "telah", "udah", "udh", "sdh", "dah", "already", "successfully"];
const RESULTS: [&str; 30] = [
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
    "ulang",
    "diperbarui",
    "diperbaharui",
];
/// Results that need no word before them to be over and done.
const OVER: [&str; 5] = ["berhasil", "sukses", "worked", "succeeded", "beres"];
const NOT: [&str; 21] = [
    "tidak", "tdk", "tak", "ga", "gak", "gk", "nggak", "ngga", "enggak", "engga", "gabisa", "gbisa", "belum", "blm",
    "not", "cannot", "cant", "unable", "never", "tanpa", "without",
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
/// What makes of an asking word before it a mere politeness: `mohon izin`, `mohon maaf`.
const POLITE: [&str; 4] = ["izin", "ijin", "maaf", "note"];
/// What says of a thing that it is wanted: `password perlu direset`.
const NEEDS: [&str; 5] = ["perlu", "harus", "butuh", "need", "needs"];
/// Words that a phrase of thanks has, and one that only agrees (`baik`, `siap`) has not.
const THANKS: [&str; 9] = ["kasih", "terimakasih", "trimakasih", "makasih", "tks", "trims", "thanks", "thank", "thx"];

/// Whether the words name a service only to tell of it.
pub fn only_tells(subject: &str, words: &str, r: &Recognition) -> bool {
    let text = format!("{subject}\n\n{words}");
    let open = is_open(&text, r);
    // A subject that names the wish is one, whatever occasion the mail tells of.
    let wished = !service::asked(subject, r).is_empty() && !Gist::of(subject).has_any(&r.mail.announces);
    let announces =
        !wished && Gist::of(&text).has_any(&r.mail.announces) && !service::sentences(&text).any(|s| suffers(s, r));
    let mut naming = service::sentences(&text).flat_map(|s| naming(s, r)).peekable();
    naming.peek().is_some() && naming.all(|part| (!open && is_over(part, r)) || (announces && speaks_of(part, r)))
}

/// Whether somebody tells of trouble of their own: `Punya saya gagal diganti`.
fn suffers(sentence: &str, r: &Recognition) -> bool {
    let gist = Gist::of(sentence);
    let words = gist.words();
    let first_person = words.iter().any(|w| FIRST_PERSON.contains(w));
    let general = words.iter().any(|w| EVERYBODY.contains(w)) || words.iter().take(3).any(|w| CONDITIONS.contains(w));
    let own = first_person || (gist.has_any(&r.role.names) && !general);
    own && (words.iter().any(|w| NOT.contains(w)) || in_trouble(&words, r))
}

/// Whether a text that names no service may ask for one all the same, so that a person should see it: it speaks of an account or of
/// what the services are about, and of something open, or of a reset in a few words.
pub fn may_ask(subject: &str, words: &str, r: &Recognition) -> bool {
    const ACCOUNT: [&str; 5] = ["akun", "akses", "login", "account", "access"];
    const RESET: [&str; 3] = ["reset", "direset", "resetkan"];
    const FEW: usize = 4;
    let text = format!("{subject}\n\n{words}");
    if Gist::of(&text).has_any(&r.mail.announces) || Gist::of(&text).has_any(&r.other_services) {
        return false;
    }
    let open = is_open(&text, r);
    service::sentences(&text).any(|sentence| {
        let gist = Gist::of(sentence);
        let stream = gist.words();
        let of_account =
            stream.iter().any(|w| ACCOUNT.contains(w)) || r.services.iter().any(|s| gist.has_any(&s.objects));
        let of_reset = stream.iter().any(|w| RESET.contains(w)) && (open || stream.len() <= FEW);
        let unable = gist.has_any(&r.role.names) && stream.iter().any(|w| NOT.contains(w));
        (of_account && open) || of_reset || unable
    })
}

/// Whether the text says thanks in so many words, and goes on with no `but`.
pub fn thanks(text: &str, r: &Recognition) -> bool {
    const BUT: [&str; 6] = ["tapi", "tp", "tetapi", "namun", "but", "cuma"];
    let gist = Gist::of(text);
    let words = gist.words();
    let said = r.mail.thanks.iter().any(|t| gist.has(t) && t.words().iter().any(|w| THANKS.contains(w)));
    said && !words.iter().any(|w| BUT.contains(w))
}

/// Whether anything in the text is asked for, missing or wrong: then nothing in it is over and done.
pub fn is_open(text: &str, r: &Recognition) -> bool {
    let gist = Gist::of(text);
    let words = gist.words();
    let asking = r.letter.asks.iter().filter(|a| !r.mail.brings.contains(a) && !is_noun(a));
    // `sudah dibantu` asks for nothing, nor does `mohon izin`.
    let orders = spots(&words, asking).iter().any(|(at, len)| {
        let done = *at > 0 && DONE.contains(&words[at - 1]);
        !done && !words.get(at + len).is_some_and(|next| POLITE.contains(next))
    });
    orders || text.contains('?') || words.iter().any(|w| NOT.contains(w)) || in_trouble(&words, r)
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

/// What worked, or is thanked for.
fn is_over(part: &str, r: &Recognition) -> bool {
    let gist = Gist::of(part);
    let words = gist.words();
    thanks_for(&words, r) || is_done(&words)
}

/// What an announcement says of a service, and nobody in it wants.
fn speaks_of(part: &str, r: &Recognition) -> bool {
    let gist = Gist::of(part);
    let words = gist.words();
    let first_person = words.iter().any(|w| FIRST_PERSON.contains(w));
    let of_all = words.iter().any(|w| EVERYBODY.contains(w)) || words.iter().take(3).any(|w| CONDITIONS.contains(w));
    if of_all && !first_person {
        return true;
    }
    let needs = words.iter().any(|w| NEEDS.contains(w)) && !of_all;
    let personal = needs || (first_person && !gist.has_any(&r.mail.announces));
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
        named && (r.letter.asks.iter().any(|a| gist.has(a) && !r.mail.brings.contains(a)) || in_trouble(stretch, r))
    })
}

/// `sudah bisa login`, `telah direset`.
fn is_done(words: &[&str]) -> bool {
    let over = words.iter().any(|w| OVER.contains(w));
    over || (0..words.len())
        .any(|i| DONE.contains(&words[i]) && words[i + 1..].iter().take(3).any(|w| RESULTS.contains(w)))
}

/// `Terima kasih banyak atas reset password kemarin`.
fn thanks_for(words: &[&str], r: &Recognition) -> bool {
    let thanks = r.mail.thanks.iter().filter(|t| t.words().iter().any(|w| THANKS.contains(w)));
    let opens = thanks.filter_map(|t| t.opens(words)).max();
    opens.is_some_and(|used| words[used..].iter().take(3).any(|w| matches!(*w, "atas" | "untuk" | "for")))
}

/// What went wrong, in words of the procedure's services too: `ditolak`, `tidak valid`, `terblokir`.
fn in_trouble(words: &[&str], r: &Recognition) -> bool {
    let unable =
        (0..words.len()).any(|i| NOT.contains(&words[i]) && words[i + 1..].iter().take(2).any(|w| ABLE.contains(w)));
    let befell = |phrase: &&Phrase| phrase.words().last().is_some_and(|w| !RESULTS.contains(w));
    let told = r.services.iter().flat_map(|s| s.passives.iter().filter(befell).chain(&s.symptoms));
    unable || words.iter().any(|w| TROUBLE.contains(w)) || !spots(words, told).is_empty()
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
            "pak password sy udah diganti tp gabisa login",
            "Sudah 3 kali login password ditolak sistem, mohon dicek pak",
            "Password akun helpdesk kami sudah diganti oleh orang lain. Mohon segera dibantu.",
            "Password sudah direset kemarin, namun password barunya belum kami terima.",
            "Permohonan reset password kami sudah diterima tanggal 3, sampai sekarang belum ada jawaban.",
            "Siap pak untuk reset password helpdesk atas nama Budi Hartono",
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
            "Setelah bimtek kemarin password kami ditolak terus. Mohon bantuannya.",
            "Terlampir laporan Oktober. Jika memungkinkan mohon reset password helpdesk saya juga.",
            "Dalam rangka pelatihan, mohon reset password semua akun helpdesk kami",
        ] {
            assert!(!tells(words), "{words}");
        }
        let (subject, words) =
            ("Reset password akun Helpdesk", "Sehubungan dengan pelatihan SPSE besok, mohon bantuannya.");
        assert!(!only_tells(subject, words, &Recognition::helpdesk()), "the subject names it");
    }
}
