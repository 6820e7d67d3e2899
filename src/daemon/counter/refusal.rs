//! A refusal of the procedure as the page has words for it, and whether it was this very person's earlier press.

use chrono::{DateTime, Utc};

use super::Desk;
use super::change;
use super::findings::titles;
use super::words::{Words, say};
use crate::engine::port::Fault;
use crate::sop::case::Case;
use crate::sop::decide::Refused;
use crate::sop::names::{Language, Sha256Hex};
use crate::sop::phase::{AdminId, Outcome, Phase};
use crate::web::answer::{DecisionAnswer, Earlier, Field, FieldError, TaskAnswer, Why};
use crate::web::view::Admin;

impl Desk {
    pub(super) async fn refused_decision(
        &self,
        refused: Refused,
        case: &Case,
        admin: &Admin,
        lang: Language,
    ) -> Result<DecisionAnswer, Fault> {
        Ok(match refused {
            Refused::AlreadyDecided { by, at, .. } => DecisionAnswer::Already(self.earlier(case, by, at, lang)),
            Refused::Changed { .. } => {
                let (what, at) = self.what_changed(case, lang).await?;
                DecisionAnswer::Changed { what, at }
            }
            Refused::NotAnAdmin => DecisionAnswer::Gone,
            Refused::NeedsFactor | Refused::NeedsFreshFactor => {
                DecisionAnswer::NeedsFactor { left: self.tries_left(admin).await? }
            }
            Refused::NeedsConfirmation { .. } => DecisionAnswer::NeedsConfirmation,
            Refused::NeedsSecond => DecisionAnswer::AwaitsSecond,
            other => match field(&other) {
                Some(error) => DecisionAnswer::Invalid(vec![error]),
                None => DecisionAnswer::Refused(self.sentence(&other, case, lang)),
            },
        })
    }

    pub(super) async fn refused_task(
        &self,
        refused: Refused,
        case: &Case,
        admin: &Admin,
        lang: Language,
    ) -> Result<TaskAnswer, Fault> {
        Ok(match self.refused_decision(refused, case, admin, lang).await? {
            DecisionAnswer::Done | DecisionAnswer::AwaitsSecond => TaskAnswer::Done,
            DecisionAnswer::Already(earlier) => TaskAnswer::Already(earlier),
            DecisionAnswer::Changed { what, at } => TaskAnswer::Changed { what, at },
            DecisionAnswer::NeedsFactor { left } => TaskAnswer::NeedsFactor { left },
            DecisionAnswer::LockedOut => TaskAnswer::LockedOut,
            DecisionAnswer::Invalid(errors) => TaskAnswer::Invalid(errors),
            DecisionAnswer::Refused(why) => TaskAnswer::Refused(why),
            DecisionAnswer::NeedsConfirmation => {
                let refused = Refused::NeedsConfirmation { triggers: Vec::new() };
                TaskAnswer::Refused(self.sentence(&refused, case, lang))
            }
            DecisionAnswer::Gone => TaskAnswer::Gone,
        })
    }

    /// Who was faster. Where nobody decided, the applicant or the system did.
    pub(super) fn earlier(
        &self,
        case: &Case,
        by: Option<AdminId>,
        at: Option<DateTime<Utc>>,
        lang: Language,
    ) -> Earlier {
        let words = self.words(lang);
        let withdrawn = matches!(case.phase, Phase::Closed { outcome: Outcome::Withdrawn, .. });
        let nobody = || if withdrawn { say(lang, "pemohon", "the applicant").to_owned() } else { "Loket".to_owned() };
        let closed = match &case.phase {
            Phase::Closed { at, .. } => Some(*at),
            _ => None,
        };
        let last = case.times.spans.last().map(|span| span.to.unwrap_or(span.from));
        Earlier {
            by: by.map_or_else(nobody, |id| words.name(&id)),
            at: at.or(closed).or(last).unwrap_or(case.opened_at),
            what: words.decided(&case.phase),
        }
    }

    pub(super) async fn what_changed(&self, case: &Case, lang: Language) -> Result<(String, DateTime<Utc>), Fault> {
        let events = self.engine.events(&self.engine.key(&case.number)).await?;
        let words = self.words(lang);
        let last = change::last(&events).map(|(at, cause)| (words.changed(&cause), at));
        Ok(last.unwrap_or_else(|| (words.changed(&change::Cause::Fresh), case.opened_at)))
    }

    /// A refusal a person should read, one sentence.
    pub(super) fn sentence(&self, refused: &Refused, case: &Case, lang: Language) -> String {
        let words = self.words(lang);
        match refused {
            Refused::NotComplete { items } => {
                let Ok(worked) = self.engine.procedures.get(&case.procedure.hash) else {
                    return plain(refused, words);
                };
                let named = titles(&worked, items.iter().map(String::as_str), lang).join(", ");
                words.say(
                    "Berkas belum lengkap, jadi belum dapat disetujui: {0}.",
                    "The dossier is not complete, so it cannot be approved yet: {0}.",
                    &[&named],
                )
            }
            other => plain(other, words),
        }
    }
}

fn plain(refused: &Refused, words: Words<'_>) -> String {
    let (id, en) = match refused {
        Refused::OwnAccount => (
            "Tidak ada yang memutuskan permohonan untuk akunnya sendiri. Serahkan kepada admin lain.",
            "Nobody decides on their own account. Leave it to another admin.",
        ),
        Refused::NoRoundLeft => (
            "Putaran kelengkapan sudah habis. Setujui, tolak, atau serahkan.",
            "No round of completion is left. Approve, reject or hand over.",
        ),
        Refused::NoAccount => (
            "Akun pemohon tidak ditemukan atau tidak aktif, jadi permohonan tidak dapat disetujui.",
            "The applicant's account was not found or is not active, so the request cannot be approved.",
        ),
        Refused::NotTheRegisteredNumber => (
            "Tidak ada nomor telepon dalam register, jadi telepon tidak membuktikan apa pun. Temui pemohon langsung.",
            "The register holds no telephone number, so a call proves nothing. Meet the applicant in person.",
        ),
        Refused::NeedsConfirmation { .. } => (
            "Konfirmasi kepada pemohon harus dicatat lebih dahulu.",
            "The confirmation with the applicant must be recorded first.",
        ),
        Refused::Gone => (
            "Hasilnya sudah diambil, kedaluwarsa, atau dimusnahkan; tidak ada yang dapat diserahkan.",
            "The result was collected, has expired or is destroyed; there is nothing to hand over.",
        ),
        Refused::Filed => (
            "Berkas permohonan ini sudah masuk arsip dan tidak berubah lagi.",
            "The dossier of this request is in the archive and changes no more.",
        ),
        Refused::BesideItsDossier => (
            "Arsip memuat berkas bernomor ini yang rusak atau berbeda, jadi permohonan ini mungkin sudah diputuskan. Mintalah pengelola sistem memulihkan arsip lebih dahulu.",
            "The archive holds a dossier of this number that is damaged or another one, so this request may have been decided already. Have the system's operator mend the archive first.",
        ),
        _ => (
            "Ini tidak dapat dilakukan pada tahap permohonan sekarang. Muat ulang halaman.",
            "This cannot be done where the request stands now. Reload the page.",
        ),
    };
    say(words.lang, id, en).to_owned()
}

/// The field a refusal is about, if it is about one.
fn field(refused: &Refused) -> Option<FieldError> {
    let (field, why) = match refused {
        Refused::NeedsReason => (Field::Reason, Why::Missing),
        Refused::UnknownReason { .. } => (Field::ReasonCode, Why::NotOffered),
        Refused::NothingToComplete => (Field::Items, Why::Missing),
        Refused::CannotHandOver { .. } => (Field::ToAdmin, Why::NotOffered),
        _ => return None,
    };
    Some(FieldError { field, why })
}

/// For a command that means the proposal a person saw.
pub(super) fn still_shows(hash: &Sha256Hex) -> impl Fn(&Case) -> Result<(), Refused> + Sync + use<'_> {
    move |case: &Case| match case.phase.proposal() {
        Some(current) if current.hash != *hash => Err(Refused::Changed { current: current.hash.clone() }),
        _ => Ok(()),
    }
}
