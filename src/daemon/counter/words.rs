//! The sentences inside the views, in both languages. What a page says around them stands in `web::words`.

use chrono::{DateTime, Utc};

use crate::engine::Engine;
use crate::letters;
use crate::sop::case::Case;
use crate::sop::checklist::Understanding;
use crate::sop::decide::{TwoFor, circumstance};
use crate::sop::names::{Address, Language};
use crate::sop::phase::{Outcome, Phase, RevealState};
use crate::web::say::one_stop;

/// Speaks of a case in one language.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    pub lang: Language,
    pub engine: &'a Engine,
}

/// One of the two languages.
pub(super) fn say<'t>(lang: Language, id: &'t str, en: &'t str) -> &'t str {
    match lang {
        Language::Id => id,
        Language::En => en,
    }
}

/// A sentence with its gaps `{0}`, `{1}` filled.
pub(super) fn fill(sentence: &str, values: &[&str]) -> String {
    let mut filled = String::with_capacity(sentence.len() + 32);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let gap = after.split_once('}').and_then(|(n, next)| Some((values.get(n.parse::<usize>().ok()?)?, next)));
        match gap {
            Some((value, next)) => {
                filled.push_str(value);
                rest = one_stop(&filled, next);
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

pub(super) fn denied(lang: Language) -> &'static str {
    say(lang, "Pemohon menyatakan permohonan ini bukan darinya.", "The applicant said that this request is not theirs.")
}

impl Words<'_> {
    pub fn say(&self, id: &str, en: &str, values: &[&str]) -> String {
        fill(say(self.lang, id, en), values)
    }

    pub fn name(&self, id: &Address) -> String {
        self.engine.name_of(id)
    }

    pub fn moment(&self, at: DateTime<Utc>) -> String {
        letters::moment(at, self.engine.office.zone, self.lang)
    }

    /// The account system's name, such as SPSE.
    pub fn system(&self) -> &str {
        &self.engine.letters.office().system
    }

    /// Why something failed or is not certain.
    pub fn cause(&self, why: &str) -> String {
        self.engine.letters.cause(why, self.lang)
    }

    /// Why a confirmation is called for, one sentence.
    pub fn called_for(&self, triggers: &[String], found: &Understanding) -> String {
        let reason = |trigger: &String| self.engine.letters.trigger(circumstance(trigger, found), self.lang);
        let reasons: Vec<String> = triggers.iter().map(reason).collect();
        self.say("Perlu, karena {0}.", "Called for, because {0}.", &[&reasons.join("; ")])
    }

    pub fn confirmed_by(&self, by: &Address, at: DateTime<Utc>) -> String {
        self.say("Dicatat oleh {0}, {1}.", "Recorded by {0}, {1}.", &[&self.name(by), &self.moment(at)])
    }

    /// What had been decided when somebody came too late, one sentence.
    pub fn decided(&self, phase: &Phase) -> String {
        let (id, en) = match phase {
            Phase::Held { .. } => ("Surel masih ditahan.", "The mail is still held."),
            Phase::Received | Phase::UnderReview { .. } | Phase::AwaitingConfirmation { .. } => {
                ("Permohonan kembali ditinjau.", "The request is under review again.")
            }
            Phase::Incomplete { .. } => ("Kelengkapan berkas diminta.", "The applicant was asked to complete."),
            Phase::Executing { .. } => ("Permohonan disetujui.", "The request was approved."),
            Phase::Unknown { .. } => {
                ("Permohonan disetujui; hasilnya belum pasti.", "The request was approved; its outcome is not known.")
            }
            Phase::Delivered { .. } => ("Permohonan disetujui dan dikerjakan.", "The request was approved and done."),
            Phase::Closed { outcome, .. } => return self.ended(outcome),
        };
        say(self.lang, id, en).to_owned()
    }

    /// How a case ended, one sentence.
    pub fn ended(&self, outcome: &Outcome) -> String {
        let (id, en) = match outcome {
            Outcome::ResetConfirmed => {
                ("Password direset dan sudah diganti pemohon.", "The password was reset and changed by the applicant.")
            }
            Outcome::ResetUnconfirmed => (
                "Password direset; penggantiannya tidak dikonfirmasi.",
                "The password was reset; its change was not confirmed.",
            ),
            Outcome::UserIdGiven => ("User ID diberikan.", "The user ID was given."),
            Outcome::NotFetched => ("Hasil tidak diambil sampai batas waktu.", "The result was not fetched in time."),
            Outcome::Rejected { code } => {
                return self.say("Permohonan ditolak ({0}).", "The request was rejected ({0}).", &[code]);
            }
            Outcome::Expired => {
                ("Permohonan ditolak karena tidak dilengkapi.", "The request was rejected as never completed.")
            }
            Outcome::Withdrawn => ("Permohonan dicabut pemohon.", "The applicant withdrew the request."),
            Outcome::OutOfScope => ("Permohonan di luar ruang lingkup SOP.", "The request is outside the SOP's scope."),
            Outcome::TooLarge => ("Surel terlalu besar untuk diproses.", "The mail was too large to be worked on."),
            Outcome::Dropped { .. } => ("Surel dibuang.", "The mail was dropped."),
        };
        say(self.lang, id, en).to_owned()
    }

    /// What happens next and whether the reader must act.
    pub fn next(&self, phase: &Phase) -> String {
        let (id, en) = match phase {
            Phase::Incomplete { deadline, .. } => {
                return self.say(
                    "Pemohon diminta melengkapi paling lambat {0}. Jam SOP berhenti; Anda tidak perlu melakukan apa pun.",
                    "The applicant is asked to complete by {0}. The SOP clock stands; you need not do anything.",
                    &[&self.moment(*deadline)],
                );
            }
            Phase::Executing { .. } if self.engine.accounts.abilities().by_hand => (
                "Tugas Anda sedang disiapkan. Muat ulang halaman ini untuk mengisi hasilnya.",
                "Your task is being prepared. Reload this page to enter its outcome.",
            ),
            Phase::Executing { .. } => (
                "Sistem akun sedang mengerjakannya. Muat ulang halaman ini untuk melihat hasilnya.",
                "The account system is at work. Reload this page to see what came of it.",
            ),
            Phase::Delivered { reveal, .. } => match reveal.state {
                RevealState::Waiting if reveal.asked_again => (
                    "Pemohon belum memperoleh hasilnya. Terbitkan tautan baru atau serahkan langsung.",
                    "The applicant does not have the result. Issue a new link or hand it over in person.",
                ),
                RevealState::Waiting => (
                    "Pemohon membuka tautan sekali pakai, login, lalu mengganti password. Anda tidak perlu melakukan apa pun.",
                    "The applicant opens the one-time link, logs in and changes the password. You need not do anything.",
                ),
                RevealState::Expired => (
                    "Hasilnya tidak diambil dan sudah dimusnahkan. Terbitkan tautan baru bila pemohon memintanya.",
                    "The result was not fetched and is destroyed. Issue a new link if the applicant asks for one.",
                ),
                RevealState::Revealed { .. } | RevealState::HandedOver { .. } => (
                    "Pemohon mengganti password dan mengonfirmasinya; tanpa konfirmasi, Loket mengingatkan. Anda tidak perlu melakukan apa pun.",
                    "The applicant changes the password and confirms it; without that, Loket reminds. You need not do anything.",
                ),
            },
            Phase::Closed { .. } => (
                "Berkas diarsipkan pada jadwal arsip berikutnya. Anda tidak perlu melakukan apa pun.",
                "The dossier goes to the archive at its next run. You need not do anything.",
            ),
            _ => ("Permohonan menunggu keputusan Admin PPE.", "The request waits for an Admin PPE's decision."),
        };
        say(self.lang, id, en).to_owned()
    }

    /// Why two must approve, a clause.
    pub fn needs_two(&self, why: TwoFor, case: &Case) -> String {
        let (id, en) = match why {
            TwoFor::EveryApproval => ("setiap persetujuan memerlukan dua orang", "every approval takes two people"),
            TwoFor::Trigger => ("ada keadaan yang memerlukan konfirmasi pemohon", "something calls for a confirmation"),
            TwoFor::FirstRequest => ("ini permohonan pertama untuk akun ini", "this is the account's first request"),
            TwoFor::UnregisteredSender => (
                "pengirimnya bukan alamat surel yang terdaftar",
                "it was sent from an address that is not the registered one",
            ),
            TwoFor::OutsideHours => ("surelnya tiba di luar jam layanan", "a mail of it came in outside service hours"),
            TwoFor::Repeat => {
                let last = case.last_approved.map(|last| self.moment(last)).unwrap_or_default();
                return self.say(
                    "permohonan lain untuk akun ini disetujui {0}",
                    "another request for this account was approved on {0}",
                    &[&last],
                );
            }
            TwoFor::Role => ("peran akun ini memerlukan dua orang", "accounts of this role take two people"),
        };
        say(self.lang, id, en).to_owned()
    }

    /// A clause: why a result takes two though its request took one.
    pub fn result_takes_two(&self) -> String {
        let (id, en) = (
            "tautan baru dan penyerahan langsung memerlukan dua orang",
            "a new link and handing over in person take two people",
        );
        say(self.lang, id, en).to_owned()
    }

    pub fn waits_for_second(&self) -> String {
        say(
            self.lang,
            "Ini memerlukan persetujuan dua Admin PPE. Yang lain sudah diberi tahu; Anda tidak perlu melakukan apa pun.",
            "This needs the approval of two Admin PPE. The others were told; you need not do anything.",
        )
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_braces_is_data_and_an_unknown_gap_stays() {
        assert_eq!(fill("{0} kepada {1}", &["{1}", "Lestari"]), "{1} kepada Lestari");
        assert_eq!(fill("{7} {x", &["a"]), "{7} {x");
    }

    #[test]
    fn a_degree_at_the_end_of_a_sentence_gives_one_full_stop() {
        assert_eq!(fill("Diterima oleh {0}.", &["Rina, S.Kom."]), "Diterima oleh Rina, S.Kom.");
        assert_eq!(fill("Diterima oleh {0}. Lalu.", &["Rina"]), "Diterima oleh Rina. Lalu.");
    }
}
