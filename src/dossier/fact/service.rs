//! Which services are asked for, from the words of a subject, a letter or a mail: a verb and its object close together
//! (`reset … password`), or an object and what befell it (`password … tidak dapat digunakan`).

use crate::dossier::fold::{Gist, Phrase};
use crate::dossier::recognition::{Recognition, ServiceWords};
use crate::sop::names::Service;

/// Words a verb may be away from its object.
const REACH: usize = 5;
const JOINS: [&str; 10] = ["dan", "serta", "atau", "maupun", "and", "or", "juga", "beserta", "sama", "plus"];
const DENIALS: [&str; 7] = ["bukan", "tanpa", "jangan", "not", "without", "no", "tidak"];

/// The services asked for, in the order of the procedure file: those that are named, else what trouble is told of asks for.
pub fn asked(text: &str, recognition: &Recognition) -> Vec<Service> {
    let named = named(text, recognition);
    if named.is_empty() { implied(text, recognition) } else { named }
}

/// The services that are asked for by name.
pub fn named(text: &str, recognition: &Recognition) -> Vec<Service> {
    let sentences = read(text);
    let is_named = |words: &ServiceWords| {
        let others: Vec<&Phrase> =
            recognition.services.iter().filter(|o| o.service != words.service).flat_map(|o| &o.objects).collect();
        sentences.iter().any(|s| s.has_any(&words.phrases) || names(s, words, &others))
    };
    recognition.services.iter().filter(|words| is_named(words)).map(|words| words.service).collect()
}

/// The services that end the trouble that is told of: `tidak bisa login`. Who names another service asks for that one.
pub fn implied(text: &str, recognition: &Recognition) -> Vec<Service> {
    let sentences = read(text);
    let tells = |words: &&ServiceWords| sentences.iter().any(|s| s.has_any(&words.symptoms));
    recognition.services.iter().filter(tells).map(|words| words.service).collect()
}

fn read(text: &str) -> Vec<Gist> {
    let text = ticked(text).replace('&', " dan ");
    sentences(&text).map(Gist::of).collect()
}

/// Whether the text names what is to be done and to what, and not only a symptom such as `tidak bisa login`.
pub fn is_plain(text: &str, recognition: &Recognition) -> bool {
    const UNABLE: [&str; 14] =
        ["tidak", "tdk", "tak", "ga", "gak", "gk", "nggak", "ngga", "belum", "gabisa", "cannot", "cant", "can", "not"];
    let text = ticked(text);
    sentences(&text).any(|sentence| {
        let gist = Gist::of(sentence);
        // `reset akun` begins with what is to be done, `tidak bisa login` with what is not possible.
        let acts = |words: &ServiceWords, phrase: &Phrase| {
            let stream = phrase.words();
            let verb = words.verbs.iter().any(|v| v.opens(&stream).is_some());
            verb && !UNABLE.contains(&stream[0]) && gist.has(phrase)
        };
        let services = &recognition.services;
        services.iter().any(|s| names(&gist, s, &[]) || s.phrases.iter().any(|phrase| acts(s, phrase)))
    })
}

/// Sentences end at a full stop that is followed by a space, never inside `S.Kom.` or a number.
pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['!', '?', ';']).flat_map(|part| part.split(". ")).flat_map(|part| part.split("\n\n"))
}

fn names(sentence: &Gist, words: &ServiceWords, others: &[&Phrase]) -> bool {
    let stream = sentence.words();
    let mut own = spots(&stream, words.objects.iter());
    own.retain(|(at, len)| !is_known(&stream[at + len..]));
    if own.is_empty() {
        return false;
    }
    let foreign = spots(&stream, others.iter().copied());
    let free = |from: usize, to: usize| {
        // Another object in between bars the way unless a conjunction follows it: `lupa password dan user ID`.
        foreign
            .iter()
            .filter(|(at, len)| *at >= from && at + len <= to)
            .all(|(at, len)| stream[(at + len).min(to)..to].iter().chain(&stream[from..*at]).any(|w| JOINS.contains(w)))
    };
    let denied = |at: usize| at > 0 && DENIALS.contains(&stream[at - 1]);
    let before = spots(&stream, words.verbs.iter()).into_iter().any(|(at, len)| {
        !denied(at) && own.iter().any(|(o, _)| *o >= at + len && *o - (at + len) <= REACH && free(at + len, *o))
    });
    before
        || spots(&stream, words.passives.iter()).into_iter().any(|(at, _)| {
            !denied(at) && own.iter().any(|(o, n)| at >= o + n && at - (o + n) <= REACH && free(o + n, at))
        })
}

/// Whether the words behind an object say that it is at hand: `passwordnya masih ingat`.
fn is_known(behind: &[&str]) -> bool {
    const KNOWN: [&str; 7] = ["ingat", "inget", "hafal", "hapal", "tau", "tahu", "aman"];
    const UNKNOWN: [&str; 16] = [
        "tidak", "tdk", "tak", "ga", "gak", "gk", "nggak", "ngga", "enggak", "bukan", "belum", "blm", "lupa", "susah",
        "yang", "yg",
    ];
    let at = behind.iter().take(4).position(|w| KNOWN.contains(w));
    at.is_some_and(|at| !behind[..at].iter().any(|w| UNKNOWN.contains(w)))
}

/// Where phrases stand in a stream of words, and how long they are.
pub fn spots<'a>(stream: &[&str], phrases: impl Iterator<Item = &'a Phrase>) -> Vec<(usize, usize)> {
    phrases
        .flat_map(|phrase| {
            let wanted = phrase.words();
            let len = wanted.len();
            (0..stream.len().saturating_sub(len.saturating_sub(1)))
                .filter(|i| len > 0 && stream[*i..*i + len] == wanted[..])
                .map(|i| (i, len))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Marks that stand for an empty and for a ticked box of a form, once the brackets hold no spaces.
const EMPTY: [&str; 8] = ["[]", "()", "☐", "□", "◻", "▢", "❏", "○"];
const FULL: [&str; 16] =
    ["[x]", "[X]", "[v]", "[V]", "[√]", "(x)", "(X)", "(v)", "(V)", "(√)", "☑", "☒", "✓", "✔", "√", "●"];
/// What the two kinds are told apart by in a marked text.
const OPEN: char = '\u{1}';
const TICKED: char = '\u{2}';

/// Whether a line of a form has boxes to tick.
pub fn has_boxes(line: &str) -> bool {
    marked(line).contains([OPEN, TICKED])
}

/// Whether a form has boxes and one of them is ticked: then the boxes say what is asked for, not the form's title.
pub fn is_ticked(line: &str) -> bool {
    marked(line).contains(TICKED)
}

fn marked(text: &str) -> String {
    let mut marked = text.to_owned();
    for (open, close) in [('[', ']'), ('(', ')')] {
        marked = tight(&marked, open, close);
    }
    let marked = FULL.iter().fold(marked, |text, sign| text.replace(sign, &TICKED.to_string()));
    EMPTY.iter().fold(marked, |text, sign| text.replace(sign, &OPEN.to_string()))
}

/// Takes the spaces out of brackets that hold one letter at most: `( V )` and `(   )`.
fn tight(text: &str, open: char, close: char) -> String {
    let mut pieces = text.split(open);
    let mut tight = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        tight.push(open);
        match piece.split_once(close).map(|(inside, after)| (inside.trim(), after)) {
            Some((inside, after)) if inside.chars().count() <= 1 => {
                tight.push_str(inside);
                tight.push(close);
                tight.push_str(after);
            }
            _ => tight.push_str(piece),
        }
    }
    tight
}

/// Leaves out what stands behind an empty box of a form: `☐ Reset password  ☑ Informasi user ID`.
fn ticked(text: &str) -> String {
    let marked = marked(text);
    if !marked.contains(OPEN) {
        return text.to_owned();
    }
    let line = |line: &str| {
        let mut kept = String::new();
        let mut skipping = false;
        for c in line.chars() {
            match c {
                OPEN => skipping = true,
                TICKED => skipping = false,
                c if !skipping => kept.push(c),
                _ => {}
            }
        }
        kept
    };
    marked.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Service> {
        asked(text, &Recognition::helpdesk())
    }

    #[test]
    fn a_new_password_is_asked_for_in_many_words() {
        for text in [
            "Permohonan Reset Password User ID Helpdesk",
            "Permohonan Reset Kata Sandi",
            "Perubahan (Penggantian) Password",
            "lupa pass spse. tolong direset ya",
            "reset pasword",
            "password akun Helpdesk tidak dapat digunakan",
            "Pemulihan Akun",
            "Pak, ini sy lupa lagi passwordnya",
            "akun helpdesk saya terkunci, mohon dibantu reset akun",
            "Please change my SPSE password",
            "Ganti kata sandi a.n. Budi",
            "mohon password akun kami dapat direset",
            "Request for password: my password has expired",
        ] {
            assert_eq!(of(text), [Service::ResetPassword], "{text}");
        }
    }

    #[test]
    fn a_user_id_is_asked_for_in_many_words() {
        for text in [
            "Permohonan Informasi User ID",
            "Permintaan User ID",
            "Lupa User ID",
            "mohon info username helpdesk",
            "yang bersangkutan tidak mengingat user ID dimaksud",
            "I forgot my username",
            "ID pengguna saya terlupa",
            "Permohonan Informasi ID Pengguna Helpdesk",
        ] {
            assert_eq!(of(text), [Service::UserIdInfo], "{text}");
        }
    }

    #[test]
    fn both_are_asked_for_where_a_conjunction_joins_them() {
        for text in [
            "lupa user id dan password",
            "lupa username sama password",
            "lupa password dan user id",
            "Permohonan Reset Password dan Informasi User ID Helpdesk",
            "reset password & info user id",
            "password dan user ID tidak saya ingat lagi",
        ] {
            assert_eq!(of(text), [Service::ResetPassword, Service::UserIdInfo], "{text}");
        }
    }

    #[test]
    fn trouble_asks_for_a_reset_where_no_service_is_named() {
        assert_eq!(of("saya tidak bisa login ke SPSE, mohon bantuannya"), [Service::ResetPassword]);
        for text in [
            "Sehubungan dengan kendala akses akun Helpdesk, saya mengajukan permohonan informasi user ID",
            "Saya lupa user ID sehingga tidak bisa login ke SPSE",
            "I forgot my username and cannot log in",
        ] {
            assert_eq!(of(text), [Service::UserIdInfo], "{text}");
        }
    }

    #[test]
    fn an_object_that_only_qualifies_another_asks_for_nothing() {
        assert_eq!(of("lupa password user id saya"), [Service::ResetPassword]);
        assert_eq!(of("reset user id dan password"), [Service::ResetPassword]);
    }

    #[test]
    fn what_is_denied_or_only_named_is_not_asked_for() {
        for text in [
            "Password tidak diubah.",
            "User ID : DIMASWP",
            "Sudah bisa login pak, tks",
            "Jangan reset password",
            "Mohon informasi jadwal rapat",
            "lupa soalnya, passwordnya sih inget",
            "Password masih ingat",
        ] {
            assert!(of(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_symptom_names_no_wish() {
        let plain = |text: &str| is_plain(text, &Recognition::helpdesk());

        assert!(plain("mohon reset akun helpdesk") && plain("lupa password") && plain("password mohon direset"));
        assert!(!plain("tidak bisa login") && !plain("akun terkunci") && !plain("OTP hilang"));
    }

    #[test]
    fn an_empty_box_of_a_form_asks_for_nothing() {
        assert_eq!(of("[ ] Reset password   [x] Informasi user ID"), [Service::UserIdInfo]);
        assert_eq!(of("☑ Reset password   ☐ Informasi user ID"), [Service::ResetPassword]);
        assert_eq!(of("(\u{a0}\u{a0} ) Reset Password ( V ) Informasi User ID"), [Service::UserIdInfo]);
    }
}
