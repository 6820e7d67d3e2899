//! Wishes that other procedures serve: a new account, one that is to be closed, a lost second factor. Some of them explain a symptom
//! that would else be taken for a wish of this procedure's.

use super::service::{self, spots};
use super::wish::DONE;
use crate::dossier::fold::Gist;
use crate::dossier::recognition::{OtherWish, Recognition};

/// Words between a verb and its object, and between the object and its passive.
const REACH: usize = 4;
const BACK: usize = 6;

/// A wish that another procedure serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other {
    /// It explains symptoms told beside it: who lost the second factor cannot log in either.
    pub outweighs: bool,
}

/// What another procedure serves, where the text asks for it.
pub fn other(text: &str, r: &Recognition) -> Option<Other> {
    let told = Gist::of(text).has_any(&r.other_services);
    let named = service::sentences(text).any(|sentence| {
        let gist = Gist::of(sentence);
        let words = gist.words();
        r.other_wishes.iter().any(|wish| is_lost(&words, wish) || !named_at(&words, wish).is_empty())
    });
    (told || named).then(|| Other { outweighs: service::sentences(text).any(|sentence| outweighs(sentence, r)) })
}

/// Whether a sentence asks for what explains the symptoms, or tells that it is lost. `Akun saya dibuatkan tahun lalu` does neither.
fn outweighs(sentence: &str, r: &Recognition) -> bool {
    let gist = Gist::of(sentence);
    let words = gist.words();
    let asks: Vec<usize> = spots(&words, r.letter.asks.iter()).into_iter().map(|(at, len)| at + len).collect();
    let asked = |verb: usize| asks.iter().any(|end| verb.checked_sub(*end).is_some_and(|gap| gap <= REACH));
    r.other_wishes.iter().filter(|wish| wish.outweighs).any(|wish| {
        named_at(&words, wish).into_iter().any(asked)
            || sentence.split([',', '\n']).any(|clause| is_lost(&Gist::of(clause).words(), wish))
    })
}

/// `authenticator hilang`, `kehilangan kode OTP`.
fn is_lost(words: &[&str], wish: &OtherWish) -> bool {
    let objects = spots(words, wish.objects.iter());
    spots(words, wish.losses.iter()).iter().any(|(l, len)| {
        objects.iter().any(|(o, n)| {
            let (behind, before) = (l.checked_sub(o + n), o.checked_sub(l + len));
            behind.is_some_and(|gap| gap <= BACK) || before.is_some_and(|gap| gap <= REACH)
        })
    })
}

/// Where a verb stands before its object, or a passive behind it.
fn named_at(words: &[&str], wish: &OtherWish) -> Vec<usize> {
    let objects = spots(words, wish.objects.iter());
    // `user ID yang didaftarkan` tells which, and asks for nothing.
    let tells = |at: usize| at > 0 && (DONE.contains(&words[at - 1]) || matches!(words[at - 1], "yang" | "yg"));
    let verbs = spots(words, wish.verbs.iter())
        .into_iter()
        .filter(|(v, len)| objects.iter().any(|(o, _)| o.checked_sub(v + len).is_some_and(|gap| gap <= REACH)));
    let passives = spots(words, wish.passives.iter())
        .into_iter()
        .filter(|(p, _)| objects.iter().any(|(o, len)| p.checked_sub(o + len).is_some_and(|gap| gap <= BACK)));
    verbs.chain(passives).map(|(at, _)| at).filter(|at| !tells(*at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_wishes_are_heard_in_any_form_of_their_words() {
        let r = Recognition::helpdesk();
        for (words, outweighs) in [
            ("mohon dibuatkan user untuk petugas baru", true),
            ("mohon akun helpdesk atas nama Budi dinonaktifkan", false),
            ("please reset the two-factor authentication of my account", true),
            ("mohon alamat surel pada akun kami diganti", false),
            ("Kode OTP hilang jadi tidak bisa login", true),
            ("Akun helpdesk saya dibuatkan Pak Andi tahun 2024, sekarang tidak bisa login, mohon bantuannya", false),
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
