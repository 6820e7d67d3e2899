//! Step 9: a closed case is copied to the archive with everything that belongs to it, verified there, marked, and only
//! then removed from the live store. The two files share no transaction, so every part can be repeated.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::Engine;
use super::archive::{ArchiveDossier, ArchiveItem, RegisterLine};
use super::casebook::{Along, Answer};
use super::codec;
use super::dispatch::is_doubtful;
use super::peril::{Moment, moment};
use super::port::Fault;
use super::register;
use super::store::{CaseKey, DocumentWrite, Outcome, Row, RowState, Settled, Settlement};
use crate::letters;
use crate::sop::case::{Case, Deed, LetterState};
use crate::sop::command::Command;
use crate::sop::decide::Refused;
use crate::sop::event::{Event, Recorded};
use crate::sop::names::{CaseNumber, Language};
use crate::sop::phase::{AdminId, Phase};

/// Family and name of the document that lists what could not be filed.
const UNFILED: &str = "unfiled";

/// What one run of the archive schedule did.
#[derive(Debug, Default, Clone)]
pub struct Filed {
    pub archived: Vec<CaseNumber>,
    /// Closed, but a letter or another effect is still on its way, or waits for a person.
    pub waiting: usize,
    pub failed: Vec<(CaseNumber, String)>,
    /// A file of the archive could not be looked into: what stands beside its dossier may not be named.
    pub in_part: bool,
}

impl Filed {
    pub(super) fn knows(&self, number: &CaseNumber) -> bool {
        self.archived.contains(number) || self.failed.iter().any(|(failed, _)| failed == number)
    }
}

impl Engine {
    /// Files every closed case whose effects are done. A case that fails is named, and the others go on.
    pub async fn file_closed(&self) -> Result<Filed, Fault> {
        let cases = self.live_cases().await?;
        let keys = cases.iter().map(|case| self.key(&case.number)).collect();
        let compared = self.leave_to_the_archive(keys).await.inspect_err(|fault| {
            tracing::error!("the archive cannot be compared with the live cases: {fault}");
        });
        // What stood beside its dossier is not decided on until a look finds otherwise.
        let whole = compared.as_ref().is_ok_and(|found| !found.in_part);
        let before = if whole { Vec::new() } else { self.noted_unfiled().await? };
        let mut filed = compared.unwrap_or_default();
        for case in cases.into_iter().filter(|case| case.phase.is_closed()) {
            if filed.knows(&case.number) {
                continue;
            }
            let key = self.key(&case.number);
            match self.file_case(&key).await {
                Ok(true) => filed.archived.push(key.number),
                Ok(false) => filed.waiting += 1,
                Err(fault) => {
                    tracing::error!(case = %key.number, "cannot archive: {fault}");
                    filed.failed.push((key.number, fault.message));
                }
            }
        }
        let mut unfiled = filed.failed.clone();
        unfiled.extend(before.into_iter().filter(|(number, _)| !filed.knows(number)));
        self.note_unfiled(&unfiled).await?;
        Ok(filed)
    }

    /// Cases that the last run of the schedule, or the start, found that it could not file, and dossiers that a start could
    /// not read, with the reason.
    pub async fn unfiled(&self) -> Result<Vec<(CaseNumber, String)>, Fault> {
        Ok([self.noted_unfiled().await?, self.hidden().await?].concat())
    }

    /// Whether the archive holds a dossier of this open case, damaged or another one.
    pub(super) async fn is_beside_its_dossier(&self, number: &CaseNumber) -> Result<bool, Fault> {
        Ok(self.noted_unfiled().await?.iter().any(|(noted, _)| noted == number))
    }

    pub(super) async fn noted_unfiled(&self) -> Result<Vec<(CaseNumber, String)>, Fault> {
        let kept = self.memo(UNFILED, UNFILED).await?;
        kept.map_or(Ok(Vec::new()), |kept| codec::decode(&kept.bytes, "the cases that cannot be filed"))
    }

    pub(super) async fn note_unfiled(&self, unfiled: &Vec<(CaseNumber, String)>) -> Result<(), Fault> {
        if self.noted_unfiled().await? == *unfiled {
            return Ok(());
        }
        let (office, family, id) = (self.office.id.clone(), UNFILED.to_owned(), UNFILED.to_owned());
        let bytes = Some(codec::encode(unfiled));
        let write = DocumentWrite { office, family, id, expected_version: None, bytes };
        self.store.write_documents(vec![write]).await.map(drop)
    }

    async fn file_case(&self, key: &CaseKey) -> Result<bool, Fault> {
        let Some((_, case)) = self.load(key).await? else { return Ok(true) };
        // One that a kill left between the two files is done with step 9.
        if !case.is_filed() && !self.step_nine(key, &case).await? {
            return Ok(false);
        }
        let Some((version, case)) = self.load(key).await? else { return Ok(true) };
        let dossier = self.dossier(key, &case).await?;
        self.archive.keep(dossier).await?;
        moment(Moment::DossierKept);
        match self.store.remove_case(key, version).await? {
            Outcome::Committed { .. } => {}
            _ => return Ok(false),
        }
        moment(Moment::LiveRemoved);
        tracing::info!(case = %key.number, "archived");
        Ok(true)
    }

    /// Takes a case through step 9, after which nothing changes it; `false` while an effect is on its way or waits for a
    /// person: with the case it would go unseen.
    async fn step_nine(&self, key: &CaseKey, case: &Case) -> Result<bool, Fault> {
        let rows = self.store.rows_of(key).await?;
        if rows.iter().any(|row| row.kind != "wake" && !is_given_up(row, case)) {
            return Ok(false);
        }
        // Wake-ups of a closed case change nothing; they end with the step.
        let settle = rows.iter().map(|row| Settlement { id: row.id.clone(), how: Settled::Done }).collect();
        // A letter that was written after the rows were read, such as one that tells of a bounce, goes out first.
        let letters = case.letters.clone();
        let still = move |now: &Case| if now.letters == letters { Ok(()) } else { Err(Refused::Gone) };
        let began = self.apply_when(key, Command::StartArchiving, Along { settle, ..Along::default() }, &still).await?;
        if !matches!(began, Answer::Done(_)) {
            return Ok(false);
        }
        moment(Moment::ArchivingStarted);
        let ended = self.apply_when(key, Command::FinishArchiving, Along::default(), &still).await?;
        if !matches!(ended, Answer::Done(_)) {
            return Ok(false);
        }
        moment(Moment::ArchivingFinished);
        Ok(true)
    }

    async fn dossier(&self, key: &CaseKey, case: &Case) -> Result<ArchiveDossier, Fault> {
        let worked = self.procedures.get(&case.procedure.hash)?;
        let retention = &worked.procedure.retention;
        let Phase::Closed { outcome, at: closed } = &case.phase else {
            return Err(Fault::permanent(format!("{} is not closed; it cannot be archived", case.number)));
        };
        let events = self.events(key).await?;
        let mut items = Vec::new();
        for (index, mail) in case.mails.iter().enumerate() {
            let missing =
                || Fault::permanent(format!("Cannot archive {}: the bytes of a mail are not there", case.number));
            let bytes = self.store.content(key, &mail.sha256).await?.ok_or_else(missing)?;
            let name = format!("surel/{:02}.eml", index + 1);
            items.push(item(&name, "message/rfc822", "Surel masuk", bytes));
        }
        for (index, reply) in case.replies.iter().enumerate() {
            let missing = || Fault::permanent(format!("Cannot archive {}: an admin's reply is not there", case.number));
            let bytes = self.store.content(key, reply).await?.ok_or_else(missing)?;
            items.push(item(
                &format!("keputusan/{:02}.eml", index + 1),
                "message/rfc822",
                "Keputusan melalui surel",
                bytes,
            ));
        }
        for (index, (letter, subject, body)) in letters_of(&events).enumerate() {
            let name = format!("surat/{:02}-{}.txt", index + 1, letter.kind);
            let text = format!("{subject}\n\n{body}\n\n{}\n", self.fate_of(case, &letter.id));
            items.push(item(&name, "text/plain; charset=utf-8", "Surat keluar", text.into_bytes()));
            for file in &letter.enclosures {
                let missing = || Fault::permanent(format!("Cannot archive {}: an enclosure is not there", case.number));
                let bytes = self.store.content(key, &file.sha256).await?.ok_or_else(missing)?;
                let name = format!("surat/{:02}-{}-{}", index + 1, letter.kind, file.name.replace(' ', "-"));
                items.push(item(&name, letters::form::media_type(&file.name), "Lampiran surat keluar", bytes));
            }
        }
        items.push(json_item("temuan.json", "Hasil pemeriksaan", &case.understanding));
        items.push(json_item("waktu.json", "Lembar waktu", &case.times));
        items.push(json_item("konfirmasi.json", "Catatan konfirmasi", &case.confirmations));
        items.push(json_item("peristiwa.json", "Urutan peristiwa dan keputusan", &events));
        items.push(json_item("permohonan.json", "Keadaan akhir permohonan", case));
        let register = RegisterLine {
            number: case.number.clone(),
            classification: retention.code.clone(),
            retention_class: retention.class.clone(),
            access: retention.access.clone(),
            outcome: outcome.name().to_owned(),
            opened: case.opened_at,
            closed: *closed,
        };
        let decided = events.iter().rev().find_map(decision);
        let metadata = json!({
            "title": format!("{} – {}", worked.procedure.sop.title, case.applicant_name()),
            "applicant": case.applicant_name(),
            "user_id": case.account.as_ref().map(|a| a.user_id.0.clone()),
            "work_unit": case.account.as_ref().and_then(|a| a.work_unit.clone()),
            "services": case.services(),
            "sop": worked.procedure.sop.number,
            "procedure": case.procedure.hash.0,
            // Where nobody decided, whose request it was.
            "decided_by": decided.map(|(by, _)| by).or(case.assigned.as_ref()).map(ToString::to_string),
            "decided_at": decided.map(|(_, at)| at),
            "linked_to": case.linked_to,
            "active_years": retention.active_years,
            "inactive_years": retention.inactive_years,
            "register": register::line(case, &worked, self.office.zone),
        });
        Ok(ArchiveDossier { key: key.clone(), register, metadata, items, at: self.clock.now() })
    }

    /// The journal of a live case.
    pub async fn events(&self, key: &CaseKey) -> Result<Vec<Recorded>, Fault> {
        let stored = self.store.events(key).await?;
        stored.iter().map(|event| codec::decode(&event.bytes, "a journal entry")).collect()
    }
}

/// Who granted or rejected, and when.
fn decision(recorded: &Recorded) -> Option<(&AdminId, DateTime<Utc>)> {
    match &recorded.event {
        Event::Approved { decision } if decision.deed == Deed::Grant => Some((&decision.by, decision.at)),
        Event::Rejected { by, .. } => Some((by, recorded.at)),
        _ => None,
    }
}

/// A letter that is on record as undelivered; nobody need look at its row any more.
fn is_given_up(row: &Row, case: &Case) -> bool {
    let undelivered = |state: &LetterState| matches!(state, LetterState::Undelivered { .. });
    row.state == RowState::Dead && case.letters.iter().any(|letter| letter.id == row.id && undelivered(&letter.state))
}

fn letters_of(events: &[Recorded]) -> impl Iterator<Item = (&crate::sop::case::LetterRecord, &String, &String)> {
    events.iter().filter_map(|recorded| match &recorded.event {
        Event::LetterQueued { letter, subject, body } => Some((letter, subject, body)),
        _ => None,
    })
}

impl Engine {
    /// What became of a letter, as a line under its copy.
    fn fate_of(&self, case: &Case, id: &str) -> String {
        let Some(letter) = case.letters.iter().find(|l| l.id == id) else { return String::new() };
        let to: Vec<String> = letter.to.iter().map(ToString::to_string).collect();
        let moment = |at: DateTime<Utc>| letters::moment(at, self.office.zone, Language::Id);
        let state = match &letter.state {
            LetterState::Queued => "belum dikirim".to_owned(),
            LetterState::Sent { at } => format!("diterima server tujuan pada {}", moment(*at)),
            LetterState::Undelivered { at, why } => {
                let fate = if is_doubtful(why) { "tidak pasti sampai" } else { "tidak sampai" };
                format!("{fate}, {}: {}", moment(*at), self.letters.cause(why, Language::Id))
            }
        };
        format!("-- Kepada {}; {}.", to.join(", "), state.trim_end_matches('.'))
    }
}

fn item(name: &str, media_type: &str, title: &str, bytes: Vec<u8>) -> ArchiveItem {
    ArchiveItem { name: name.to_owned(), media_type: media_type.to_owned(), title: title.to_owned(), bytes }
}

fn json_item<T: serde::Serialize + ?Sized>(name: &str, title: &str, value: &T) -> ArchiveItem {
    let bytes = serde_json::to_vec_pretty(value).expect("plain values with string keys always encode");
    item(name, "application/json", title, bytes)
}
