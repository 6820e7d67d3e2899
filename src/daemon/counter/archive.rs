//! The archive as the desk shows it: its list, one dossier held against its hashes, and what is taken out.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, TimeZone, Utc};
use serde_json::Value;

use super::Desk;
use crate::engine::access::Access;
use crate::engine::archive::{ArchiveLine, ArchivedDossier, Examined};
use crate::engine::port::{Fault, FaultKind};
use crate::sop::names::{Address, CaseNumber};
use crate::web::counter::Trouble;
use crate::web::view::{
    Admin, ArchiveFilter, ArchiveRow, ArchiveView, DossierView, Ending, Kept, LOOKS, LookView, Looker, OpenedView,
    PAGE, RecordView, TakenOut, TermView,
};

/// The first year that can have a book of looks: whoever types a number of long ago makes nobody read more.
const FIRST_BOOK: i32 = 2020;

impl Desk {
    pub(super) async fn list_archive(
        &self,
        admin: &Admin,
        filter: &ArchiveFilter,
    ) -> Result<Option<ArchiveView>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let survey = self.engine.archive.survey(&filter.words).await?;
        let years: BTreeSet<i32> = survey.closed.iter().map(|closed| self.year(*closed)).collect();
        let mut lines: Vec<ArchiveLine> = survey.lines;
        lines.retain(|line| self.is_wanted(line, filter));
        lines.sort_by(|a, b| (b.register.closed, &b.register.number).cmp(&(a.register.closed, &a.register.number)));
        let found = lines.len();
        let page = filter.page.min(found.saturating_sub(1) / PAGE);
        let mut rows = Vec::new();
        for line in lines.into_iter().skip(page * PAGE).take(PAGE) {
            rows.push(self.row_of(line).await?);
        }
        Ok(Some(ArchiveView {
            held: survey.closed.len(),
            found,
            page,
            rows,
            years: years.into_iter().rev().collect(),
            unread_files: survey.unread_files,
            unread: survey.unread,
        }))
    }

    fn year(&self, at: DateTime<Utc>) -> i32 {
        at.with_timezone(&self.engine.office.zone).year()
    }

    fn is_wanted(&self, line: &ArchiveLine, filter: &ArchiveFilter) -> bool {
        let ending = match line.destroyed {
            Some(_) => Ending::Destroyed,
            None => Ending::of(&line.register.outcome),
        };
        filter.year.is_none_or(|year| year == self.year(line.register.closed))
            && filter.ending.is_none_or(|wanted| wanted == ending)
    }

    async fn row_of(&self, line: ArchiveLine) -> Result<ArchiveRow, Trouble> {
        let number = line.register.number;
        let kept = match line.destroyed {
            Some(why) => Kept::Destroyed { record: why.record },
            None => match self.engine.archive.show(&number).await {
                Ok(Some(dossier)) => {
                    let services = read(&dossier.metadata, "services").unwrap_or_default();
                    Kept::Whole { services, name: read(&dossier.metadata, "applicant").unwrap_or_default() }
                }
                Ok(None) => Kept::Damaged,
                // One that is damaged costs the list no more than its own line.
                Err(fault) if fault.kind == FaultKind::Permanent => Kept::Damaged,
                Err(fault) => return Err(fault.into()),
            },
        };
        let (outcome, closed, items) = (line.register.outcome, line.register.closed, line.items);
        Ok(ArchiveRow { number, outcome, closed, items, kept })
    }

    pub(super) async fn show_dossier(
        &self,
        admin: &Admin,
        number: &CaseNumber,
    ) -> Result<Option<DossierView>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let Some(Examined { line, dossier, flaws }) = self.engine.archive.examine(number).await? else {
            return Ok(None);
        };
        let now = self.engine.clock.now();
        let since = line.as_ref().map_or_else(|| before(number), |line| line.register.opened);
        let looks = match self.engine.last_accesses(number, since, LOOKS + 1).await {
            Ok(accesses) => Some(accesses.into_iter().map(|access| self.look(access)).collect()),
            // What else there is to see does not wait for a book that is damaged.
            Err(fault) if fault.kind == FaultKind::Permanent => {
                tracing::error!(case = %number, "who looked at a dossier cannot be told: {fault}");
                None
            }
            Err(fault) => return Err(fault.into()),
        };
        // Nothing is shown of what was destroyed, not even where its key was not: that key is a flaw.
        let is_destroyed = line.as_ref().is_some_and(|line| line.destroyed.is_some());
        let dossier = dossier.filter(|_| !is_destroyed);
        let record = line.map(|line| RecordView {
            archived: line.archived,
            place: format!("{} no. {}", line.file, line.position),
            hash: line.hash,
            destroyed: line.destroyed,
            opened: dossier.map(|dossier| self.opened(dossier)),
            register: line.register,
        });
        Ok(Some(DossierView { number: number.clone(), at: now, flaws, record, looks }))
    }

    fn opened(&self, dossier: ArchivedDossier) -> OpenedView {
        let term = self.engine.term(&dossier).map(|term| TermView {
            active_until: term.active_until,
            inactive_years: term.inactive_years,
            until: term.until,
            fate: term.fate,
        });
        let metadata = &dossier.metadata;
        let admin: Option<String> = read(metadata, "decided_by");
        OpenedView {
            applicant: read(metadata, "applicant").unwrap_or_default(),
            user_id: read(metadata, "user_id"),
            work_unit: read(metadata, "work_unit"),
            services: read(metadata, "services").unwrap_or_default(),
            admin: admin.map(|who| self.named(&who)),
            decided: read(metadata, "decided_at"),
            term,
            items: dossier.items,
            journal_entries: dossier.journal_entries,
        }
    }

    /// The name of whoever has this address.
    pub(super) fn named(&self, address: &str) -> String {
        Address::parse(address).map_or_else(|| address.to_owned(), |address| self.engine.name_of(&address))
    }

    fn look(&self, access: Access) -> LookView {
        let who = match Address::parse(&access.who) {
            Some(address) => Looker::Person(self.engine.name_of(&address)),
            None => Looker::CommandLine(access.who),
        };
        LookView { at: access.at, who, what: access.what }
    }

    pub(super) async fn take_item(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        index: u32,
    ) -> Result<Option<TakenOut>, Trouble> {
        self.take_out(admin, number, async |dossier| {
            let Some(item) = dossier.items.into_iter().nth(index as usize) else { return Ok(None) };
            let bytes = self.engine.archive.item(number, &item.name).await?;
            Ok(bytes.map(|bytes| TakenOut::Item { name: item.name, bytes }))
        })
        .await
    }

    pub(super) async fn take_bag(&self, admin: &Admin, number: &CaseNumber) -> Result<Option<TakenOut>, Trouble> {
        self.take_out(admin, number, async |_| Ok(Some(TakenOut::Bag(self.engine.archive.pack_bag(number).await?))))
            .await
    }

    /// What is taken out of a dossier that opens; of one that was destroyed nothing is.
    async fn take_out(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        take: impl AsyncFnOnce(ArchivedDossier) -> Result<Option<TakenOut>, Fault>,
    ) -> Result<Option<TakenOut>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let taken = async {
            let Some(dossier) = self.engine.archive.show(number).await? else { return Ok(None) };
            if dossier.line.destroyed.is_some() {
                return Ok(Some(TakenOut::Unreadable));
            }
            take(dossier).await
        };
        unless_unreadable(number, taken.await)
    }
}

/// Before anybody can have looked at a dossier of which nothing but the number reads: it may be of a request that was opened in the year
/// before that of its number, by the office's zone.
fn before(number: &CaseNumber) -> DateTime<Utc> {
    let year = number.year().saturating_sub(1).max(FIRST_BOOK);
    Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().unwrap_or_default()
}

fn unless_unreadable(number: &CaseNumber, taken: Result<Option<TakenOut>, Fault>) -> Result<Option<TakenOut>, Trouble> {
    match taken {
        Err(fault) if fault.kind == FaultKind::Permanent => {
            tracing::warn!(case = %number, "nothing is taken out of a dossier: {fault}");
            Ok(Some(TakenOut::Unreadable))
        }
        taken => Ok(taken?),
    }
}

/// A value of the metadata that is there and has this shape.
fn read<T: serde::de::DeserializeOwned>(metadata: &Value, name: &str) -> Option<T> {
    serde_json::from_value(metadata.get(name)?.clone()).ok()
}
