//! What happened to a case, in words: the journal's events that say something to a person, oldest first.

use chrono::{DateTime, Utc};

use super::words::Words;
use crate::letters::LetterKind;
use crate::sop::case::{Case, ConfirmationMethod, ConfirmationResult, DecisionRecord, Deed};
use crate::sop::checklist::{Finding, Understanding};
use crate::sop::event::{Event, Recorded, letter_subject};
use crate::sop::names::Service;
use crate::sop::phase::AdminId;

pub(super) fn history(case: &Case, events: &[Recorded], words: Words<'_>) -> Vec<(DateTime<Utc>, String)> {
    let teller = Teller { case, events, words };
    events.iter().filter_map(|recorded| Some((recorded.at, teller.sentence(&recorded.event)?))).collect()
}

struct Teller<'a> {
    case: &'a Case,
    events: &'a [Recorded],
    words: Words<'a>,
}

impl Teller<'_> {
    fn sentence(&self, event: &Event) -> Option<String> {
        let w = self.words;
        Some(match event {
            Event::MailAdded { mail } if self.case.first_mail().is_some_and(|first| first.sha256 == mail.sha256) => {
                w.say("Surel permohonan diterima", "The request's mail came in", &[])
            }
            Event::MailAdded { .. } => w.say("Surel lanjutan diterima", "A further mail came in", &[]),
            Event::Checked { understanding, .. } => self.checked(understanding),
            Event::Held { .. } => {
                w.say("Surel ditahan untuk diperiksa", "The mail was held for a person to look at", &[])
            }
            Event::Admitted { by } => {
                w.say("{0} menerima surel sebagai permohonan", "{0} admitted the mail as a request", &[&w.name(by)])
            }
            Event::Assigned { to, by, reason } => self.assigned(to, by.as_ref(), reason),
            Event::CompletionAsked { by, round, .. } => w.say(
                "{0} meminta kelengkapan berkas (putaran {1})",
                "{0} asked to complete the dossier (round {1})",
                &[&self.somebody(by.as_ref()), &round.to_string()],
            ),
            Event::ConfirmationRecorded { confirmation } => self.confirmation(confirmation),
            Event::ConfirmationWaived { by, reason, .. } => w.say(
                "{0} menyetujui tanpa konfirmasi: {1}",
                "{0} approved without the confirmation: {1}",
                &[&w.name(by), reason],
            ),
            Event::FirstApproved { decision } => {
                let (id, en) = match decision.deed {
                    Deed::Grant => ("{0} menyetujui, persetujuan pertama", "{0} approved, the first of two"),
                    Deed::Reissue => (
                        "{0} menyetujui penerbitan tautan baru, persetujuan pertama: {1}",
                        "{0} approved a new link, the first of two: {1}",
                    ),
                    Deed::HandInPerson => (
                        "{0} menyetujui penyerahan langsung, persetujuan pertama: {1}",
                        "{0} approved handing over in person, the first of two: {1}",
                    ),
                };
                w.say(id, en, &[&w.name(&decision.by), &decision.reason])
            }
            Event::StoodIn { by, absent } => w.say(
                "{0} bertindak untuk {1}, yang sedang tidak di tempat",
                "{0} acted for {1}, who is away",
                &[&w.name(by), &w.name(absent)],
            ),
            Event::Approved { decision: DecisionRecord { by, first: Some(first), .. } } => w.say(
                "{0} menyetujui, persetujuan kedua setelah {1}",
                "{0} approved, the second after {1}",
                &[&w.name(by), &w.name(first)],
            ),
            Event::Approved { decision } if decision.reason.is_empty() => {
                w.say("{0} menyetujui", "{0} approved", &[&w.name(&decision.by)])
            }
            Event::Approved { decision } => {
                w.say("{0} menyetujui: {1}", "{0} approved: {1}", &[&w.name(&decision.by), &decision.reason])
            }
            Event::Rejected { by, code, .. } => {
                w.say("{0} menolak permohonan ({1})", "{0} rejected the request ({1})", &[&w.name(by), code])
            }
            Event::Withdrawn => w.say("Pemohon mencabut permohonan", "The applicant withdrew the request", &[]),
            Event::Closed { outcome } => w.ended(outcome).trim_end_matches('.').to_owned(),
            Event::DraftSaved { by, .. } => {
                w.say("{0} menyunting konsep surat", "{0} edited the draft", &[&w.name(by)])
            }
            Event::StandardOverrun { deviation } => w.say(
                "Langkah {0} memakan {1} menit kerja dari {2}",
                "Step {0} took {1} working minutes of {2}",
                &[&deviation.step.to_string(), &deviation.taken.to_string(), &deviation.standard.to_string()],
            ),
            Event::DeviationExplained { by, reason, .. } => {
                w.say("{0} menjelaskan keterlambatan: {1}", "{0} accounted for the delay: {1}", &[&w.name(by), reason])
            }
            Event::LetterSent { id } => w.say("Surat terkirim: {0}", "Letter sent: {0}", &[&self.to_applicant(id)?]),
            Event::LetterUndelivered { id, .. } => {
                w.say("Surat tidak sampai: {0}", "Letter not delivered: {0}", &[&self.to_applicant(id)?])
            }
            other => return self.delivery(other),
        })
    }

    /// Steps 6 and 8.
    fn delivery(&self, event: &Event) -> Option<String> {
        let w = self.words;
        let system = w.system();
        Some(match event {
            // A person does it, which has a sentence of its own.
            Event::ExecutionStarted { .. } if w.engine.accounts.abilities().by_hand => return None,
            Event::ExecutionStarted { .. } if !self.case.services().contains(&Service::ResetPassword) => {
                w.say("User ID dicari di sistem akun", "The user ID was looked up in the account system", &[])
            }
            Event::ExecutionStarted { .. } => {
                w.say("Reset dimulai di sistem akun", "The reset was begun in the account system", &[])
            }
            Event::ExecutionPostponed { .. } => w.say(
                "Sistem akun belum dapat dihubungi; dicoba lagi",
                "The account system could not be reached; tried again",
                &[],
            ),
            Event::ExecutionHandedToPerson { .. } => {
                w.say("Tugas diberikan untuk dikerjakan di {0}", "The task was given to a person, in {0}", &[system])
            }
            Event::ExecutionFailed { why, .. } => {
                w.say("Tidak berhasil di sistem akun: {0}", "Failed in the account system: {0}", &[&w.cause(why)])
            }
            Event::ExecutionUnknown { why, .. } => {
                w.say("Hasil tidak pasti: {0}", "Outcome unknown: {0}", &[&w.cause(why)])
            }
            Event::ExecutionDone { by: Some(by), .. } => {
                w.say("{0} mengisi hasil dari {1}", "{0} entered the result from {1}", &[&w.name(by), system])
            }
            Event::ExecutionDone { by: None, .. } => {
                w.say("Sistem akun selesai mengerjakannya", "The account system did it", &[])
            }
            Event::ResultReady { reveal, .. } => {
                let until = w.moment(reveal.expires_at);
                w.say("Hasil siap diambil sampai {0}", "The result can be collected until {0}", &[&until])
            }
            Event::DeliveryResumed { .. } => {
                w.say("Penerbitan ulang gagal; hasil lama tetap", "Issuing anew failed; the old result stands", &[])
            }
            Event::Revealed { .. } => w.say("Pemohon mengambil hasil", "The applicant collected the result", &[]),
            Event::SecretExpired { .. } => {
                w.say("Hasil tidak diambil dan dimusnahkan", "The result was not fetched and is destroyed", &[])
            }
            Event::SecretVoided { .. } => {
                w.say("Rahasia dan tautan lama dimatikan", "The old secret and link were voided", &[])
            }
            Event::HandedInPerson { by, note, first: Some(first), .. } => w.say(
                "{0} menyerahkan hasil langsung, persetujuan kedua setelah {1}: {2}",
                "{0} handed the result over in person, the second after {1}: {2}",
                &[&w.name(by), &w.name(first), note],
            ),
            Event::HandedInPerson { by, note, .. } => w.say(
                "{0} menyerahkan hasil langsung: {1}",
                "{0} handed the result over in person: {1}",
                &[&w.name(by), note],
            ),
            Event::NewLinkAsked { .. } => w.say("Pemohon perlu tautan baru", "The applicant needs a new link", &[]),
            Event::ChangeReminded { .. } => {
                w.say("Pengingat penggantian password dikirim", "Reminded of the change of the password", &[])
            }
            Event::ChangeConfirmed { .. } => w.say(
                "Pemohon mengonfirmasi password sudah diganti",
                "The applicant confirmed that the password is changed",
                &[],
            ),
            _ => return None,
        })
    }

    fn checked(&self, understanding: &Understanding) -> String {
        let count = |finding| understanding.checklist.iter().filter(|c| c.finding == finding).count().to_string();
        self.words.say(
            "Berkas diperiksa: {0} sesuai, {1} berbeda, {2} perlu dilihat, {3} belum ada",
            "Dossier checked: {0} met, {1} differ, {2} to be looked at, {3} missing",
            &[&count(Finding::Met), &count(Finding::Contradicted), &count(Finding::Unclear), &count(Finding::Missing)],
        )
    }

    fn assigned(&self, to: &AdminId, by: Option<&AdminId>, reason: &str) -> String {
        let w = self.words;
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        match by {
            None => w.say("Ditugaskan kepada {0}", "Assigned to {0}", &[&w.name(to)]),
            Some(by) if by == to => {
                w.say("{0} mengambil permohonan{1}", "{0} took the request{1}", &[&w.name(by), &because])
            }
            Some(by) => w.say(
                "{0} menyerahkan kepada {1}{2}",
                "{0} handed over to {1}{2}",
                &[&w.name(by), &w.name(to), &because],
            ),
        }
    }

    fn confirmation(&self, c: &crate::sop::case::Confirmation) -> String {
        let w = self.words;
        let how = match c.method {
            ConfirmationMethod::Telephone => w.say("telepon", "telephone", &[]),
            ConfirmationMethod::InPerson => w.say("temui langsung", "in person", &[]),
        };
        let result = match c.result {
            ConfirmationResult::Confirmed => w.say("benar pemohon", "genuine", &[]),
            ConfirmationResult::Denied => w.say("bukan dari pemohon", "denied", &[]),
            ConfirmationResult::NotReached => w.say("tidak tersambung", "not reached", &[]),
        };
        w.say(
            "{0} mencatat konfirmasi ({1}): {2}",
            "{0} recorded a confirmation ({1}): {2}",
            &[&w.name(&c.by), &how, &result],
        )
    }

    fn somebody(&self, by: Option<&AdminId>) -> String {
        by.map_or_else(|| "Loket".to_owned(), |id| self.words.name(id))
    }

    /// The subject of a letter to the applicant; the office's own mails are no history of the case.
    fn to_applicant(&self, id: &str) -> Option<String> {
        let letter = self.case.letters.iter().find(|l| l.id == id)?;
        let internal = LetterKind::ALL.iter().any(|kind| kind.key() == letter.kind && kind.to_admin());
        if internal { None } else { letter_subject(self.events, id) }
    }
}
