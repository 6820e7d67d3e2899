//! What is remembered of earlier cases for later ones (THREATS row 17): the marks of every letter, and the decrees that an
//! admin approved on. Kept as office documents written in the step's own transaction; they outlive the live case.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::codec;
use super::port::{Fault, FaultKind};
use super::store::{Batch, CaseKey, Document, DocumentWrite, Tag};
use super::weave::family;
use crate::dossier::reuse::{Marks, plain_number};
use crate::dossier::{ApprovedDecree, EarlierLetter, Standing};
use crate::sop::case::{Authenticity, Case};
use crate::sop::checklist::{Applicant, DocumentKind, Finding, Understanding};
use crate::sop::event::Event;
use crate::sop::names::CaseNumber;
use crate::sop::phase::{Outcome, Phase};

/// Cases looked at that share a mark; more can only be an attempt to tire the office out.
const SHARING: usize = 50;

/// The letters of one case.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Letters {
    standing: Standing,
    letters: Vec<Counted>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Counted {
    #[serde(flatten)]
    marks: Marks,
    /// Since when it counts for this case.
    since: DateTime<Utc>,
}

/// What is remembered of a case's letters.
enum Remembered {
    Nothing,
    Letters(Letters),
    /// Something, and it cannot be read.
    Damaged,
}

impl Engine {
    /// Adds to a step what later cases must know of it.
    pub(super) async fn remember(&self, case: &Case, events: &[Event], batch: &mut Batch) -> Result<(), Fault> {
        let moves = |event: &Event| {
            matches!(
                event,
                Event::Checked { .. }
                    | Event::Admitted { .. }
                    | Event::Approved { .. }
                    | Event::Rejected { .. }
                    | Event::Withdrawn
                    | Event::Closed { .. }
            )
        };
        if events.iter().any(moves) && !letters_of(&case.understanding).is_empty() {
            self.remember_letters(case, batch).await?;
        }
        if events.iter().any(|event| matches!(event, Event::Approved { .. })) {
            self.remember_decrees(case, batch);
        }
        Ok(())
    }

    /// Adds what later cases must know of one that ended elsewhere: in the archive, after the backup that was restored.
    pub(super) async fn remember_filed(&self, case: &Case, batch: &mut Batch) -> Result<(), Fault> {
        if !letters_of(&case.understanding).is_empty() {
            self.remember_letters(case, batch).await?;
        }
        if !case.decisions.is_empty() {
            self.remember_decrees(case, batch);
        }
        Ok(())
    }

    async fn remember_letters(&self, case: &Case, batch: &mut Batch) -> Result<(), Fault> {
        let id = case.number.to_string();
        let before = self.remembered(&case.number).await?;
        let Some(standing) = standing(case) else {
            if !matches!(before, Remembered::Nothing) {
                batch.documents.push(self.document(family::LETTER.to_owned(), id, None));
            }
            return Ok(());
        };
        // What was damaged is written anew, and counts from the case's beginning: else its copies were there before it.
        let (before, from) = match before {
            Remembered::Letters(known) => (known.letters, batch.at),
            Remembered::Damaged if !was_admitted(case) => (Vec::new(), case.opened_at),
            Remembered::Damaged | Remembered::Nothing => (Vec::new(), batch.at),
        };
        let since = |marks: &Marks| {
            let known = before.iter().find(|known| known.marks.file.is_some() && known.marks.file == marks.file);
            known.map_or(from, |known| known.since)
        };
        let letters = letters_of(&case.understanding);
        let letters: Vec<Counted> = letters.into_iter().map(|marks| Counted { since: since(&marks), marks }).collect();
        for value in letters.iter().flat_map(|letter| entries(&letter.marks)) {
            batch.tags.push(Tag { family: family::LETTER.to_owned(), value, set: true });
        }
        let bytes = codec::encode(&Letters { standing, letters });
        batch.documents.push(self.document(family::LETTER.to_owned(), id, Some(bytes)));
        Ok(())
    }

    /// What lies damaged holds up neither its own case nor those that share a letter with it.
    async fn remembered(&self, number: &CaseNumber) -> Result<Remembered, Fault> {
        let kept = self.store.document(&self.office.id, family::LETTER, &number.to_string()).await;
        match kept.and_then(|kept| kept.as_ref().map(read).transpose()) {
            Ok(known) => Ok(known.map_or(Remembered::Nothing, Remembered::Letters)),
            Err(fault) if fault.kind == FaultKind::Permanent => {
                tracing::warn!(case = %number, "what is remembered of its letters cannot be read: {fault}");
                Ok(Remembered::Damaged)
            }
            Err(fault) => Err(fault),
        }
    }

    fn remember_decrees(&self, case: &Case, batch: &mut Batch) {
        let u = &case.understanding;
        let role = u.check("role_matches").map(|check| check.finding);
        let decrees = u.documents.iter().filter(|d| d.kind == DocumentKind::AppointmentDecree);
        // Papers of a colleague may lie in the same dossier: what was approved on is the one the finding stands on.
        let spoke = u.check("appointment_decree").and_then(|check| check.evidence.first());
        let decrees = decrees.filter(|decree| spoke.is_none_or(|evidence| decree.bears(evidence)));
        for decree in decrees {
            let Some(number) = decree.number.clone() else { continue };
            let Some(plain) = plain_number(&number) else { continue };
            let bytes = codec::encode(&ApprovedDecree {
                case: case.number.clone(),
                number,
                valid_from: decree.valid_from,
                valid_until: decree.valid_until,
                own_role: match role {
                    Some(Finding::Met) => Some(true),
                    Some(Finding::Contradicted) => Some(false),
                    _ => None,
                },
                same_applicant: false,
            });
            // Once by its number and once by each person in it, so that neither look-up reads more than it needs.
            let people = self.people(&u.applicant);
            let id = people.first().cloned().unwrap_or_default();
            batch.documents.push(self.document(self.numbered(&plain), id, Some(bytes.clone())));
            for person in people {
                batch.documents.push(self.document(person, self.blind(&plain), Some(bytes.clone())));
            }
        }
    }

    /// Letters of other cases that may be the one of this dossier, and were there before it. `waiting`: steps of this very
    /// transaction, which the store does not know yet.
    pub(super) async fn earlier_letters(
        &self,
        u: &Understanding,
        own: Option<&CaseKey>,
        waiting: &[Batch],
    ) -> Result<Vec<EarlierLetter>, Fault> {
        let letters = letters_of(u);
        if letters.is_empty() {
            return Ok(Vec::new());
        }
        let mut others: Vec<(CaseNumber, Letters)> = Vec::new();
        if letters.iter().any(|marks| marks.look.is_some()) {
            // Looks that are alike have no key in common.
            for document in self.office_documents(family::LETTER).await? {
                others.extend(numbered(&document)?);
            }
        } else {
            for key in self.sharing(&letters).await? {
                if let Remembered::Letters(known) = self.remembered(&key.number).await? {
                    others.push((key.number, known));
                }
            }
        }
        for write in waiting.iter().flat_map(|batch| &batch.documents).filter(|w| w.family == family::LETTER) {
            let number = CaseNumber::parse(&write.id);
            others.retain(|(known, _)| Some(known) != number.as_ref());
            if let (Some(number), Some(bytes)) = (number, &write.bytes) {
                others.push((number, codec::decode(bytes, "the letters of a case")?));
            }
        }
        let own = own.map(|key| &key.number);
        let mine = others.iter().find(|(number, _)| Some(number) == own).map(|(_, letters)| letters.clone());
        let before = |number: &CaseNumber, letter: &Counted| {
            let known =
                mine.iter().flat_map(|mine| &mine.letters).filter(|m| m.marks.sameness(&letter.marks).is_some());
            let since = known.map(|mine| mine.since).min();
            since.is_none_or(|since| (letter.since, Some(number)) < (since, own))
        };
        let mut found = Vec::new();
        for (number, letters) in others.iter().filter(|(number, _)| Some(number) != own) {
            let earlier = letters.letters.iter().filter(|letter| before(number, letter));
            found.extend(earlier.map(|letter| EarlierLetter {
                case: number.clone(),
                standing: letters.standing,
                marks: letter.marks.clone(),
            }));
        }
        found.sort_by(|a, b| a.case.cmp(&b.case));
        Ok(found)
    }

    /// Cases whose letters share a file, a text or a number with one of these.
    async fn sharing(&self, letters: &[Marks]) -> Result<Vec<CaseKey>, Fault> {
        let mut keys = Vec::new();
        for value in letters.iter().flat_map(entries) {
            keys.extend(self.store.find(&self.office.id, family::LETTER, &value).await?);
        }
        keys.sort();
        keys.dedup();
        // The latest are the ones that can still do harm.
        Ok(keys.split_off(keys.len().saturating_sub(SHARING)))
    }

    /// Decrees of earlier approvals: those of the numbers in this dossier, and those that name its applicant.
    pub(super) async fn approved_decrees(&self, u: &Understanding) -> Result<Vec<ApprovedDecree>, Fault> {
        let mut found: Vec<ApprovedDecree> = Vec::new();
        let numbers = u.documents.iter().filter(|d| d.kind == DocumentKind::AppointmentDecree);
        for number in numbers.filter_map(|d| d.number.as_deref()).filter_map(plain_number) {
            for document in self.office_documents(&self.numbered(&number)).await? {
                found.push(codec::decode(&document.bytes, "a remembered decree")?);
            }
        }
        for person in self.people(&u.applicant) {
            for document in self.office_documents(&person).await? {
                let decree: ApprovedDecree = codec::decode(&document.bytes, "a remembered decree")?;
                found.push(ApprovedDecree { same_applicant: true, ..decree });
            }
        }
        found.sort_by(|a, b| a.case.cmp(&b.case));
        Ok(found)
    }

    /// Where what is known of a person's decrees lies; by number and by name, whichever a later letter gives.
    fn people(&self, applicant: &Applicant) -> Vec<String> {
        let Marks { nip, name, .. } = Marks::of_person(applicant);
        let family = |hash: crate::sop::names::Sha256Hex| format!("decree_of/{}", self.blind(&hash.0));
        nip.or(name).into_iter().map(family).collect()
    }

    fn numbered(&self, number: &str) -> String {
        format!("decree/{}", self.blind(number))
    }

    /// What stands in a key of the store says nothing to who reads the file.
    fn blind(&self, value: &str) -> String {
        self.keys.index.blind(&["memory", &self.office.id.0, value]).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn document(&self, family: String, id: String, bytes: Option<Vec<u8>>) -> DocumentWrite {
        DocumentWrite { office: self.office.id.clone(), family, id, expected_version: None, bytes }
    }
}

fn letters_of(u: &Understanding) -> Vec<Marks> {
    let letters = u.documents.iter().filter(|d| d.kind == DocumentKind::RequestLetter);
    letters.map(|letter| Marks::of(letter, &u.applicant)).collect()
}

/// The index entries that lead to a letter.
fn entries(marks: &Marks) -> Vec<String> {
    let file = marks.file.iter().map(|hash| format!("file {}", hash.0));
    let text = marks.text.iter().map(|hash| format!("text {}", hash.0));
    let number = marks.number.iter().map(|number| format!("number {number}"));
    file.chain(text).chain(number).collect()
}

/// What the case makes of its letters; `None`: nobody let it in, so that a stranger's copy costs its writer nothing.
fn standing(case: &Case) -> Option<Standing> {
    match &case.phase {
        Phase::Held { .. } | Phase::Closed { outcome: Outcome::Dropped { .. }, .. } => None,
        _ if !case.decisions.is_empty() => Some(Standing::Granted),
        Phase::Closed { outcome: Outcome::Rejected { .. }, .. } => Some(Standing::Rejected),
        Phase::Closed { .. } => Some(Standing::GivenUp),
        _ => Some(Standing::Open),
    }
}

/// Whether it was held first, and let in by an admin at a moment of its own.
fn was_admitted(case: &Case) -> bool {
    case.mails.iter().any(|mail| matches!(mail.authenticity, Authenticity::VouchedFor { .. }))
}

fn numbered(document: &Document) -> Result<Option<(CaseNumber, Letters)>, Fault> {
    Ok(CaseNumber::parse(&document.id).zip(Some(read(document)?)))
}

fn read(document: &Document) -> Result<Letters, Fault> {
    codec::decode(&document.bytes, "the letters of a case")
}
