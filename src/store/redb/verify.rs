//! The whole live store checked: the journal's chain recomputed, every seal opened, every content file hashed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{ReadTransaction, ReadableDatabase, ReadableTable};

use super::records::{CaseRecord, ContentRecord, JournalRecord};
use super::tables::{CASES, CONTENTS, DOCUMENTS, JOURNAL, KEYS, Place, case_key};
use super::{Inner, outbox, reason};
use crate::engine::store::Damage;
use crate::sop::names::{OfficeId, Sha256Hex};
use crate::store::StoreError;
use crate::vault::sha256;

impl Inner {
    /// Names everything that is damaged. Goes on after each find, so that one flipped byte does not hide another.
    pub fn verify(&self) -> Result<Vec<Damage>, StoreError> {
        let transaction = self.database.begin_read()?;
        let mut found = Vec::new();
        let parts: [(&str, Part); 4] = [
            ("the journal", |_, transaction, found| verify_journal(transaction, found)),
            ("the cases", Self::verify_cases),
            ("the contents", Self::verify_contents),
            ("the documents", Self::verify_documents),
        ];
        for (thing, part) in parts {
            let walked = catch_unwind(AssertUnwindSafe(|| part(self, &transaction, &mut found)));
            let what = match walked {
                Ok(Ok(())) => continue,
                Ok(Err(StoreError::Damaged { thing, what })) => format!("{thing}: {what}"),
                Ok(Err(error)) => error.to_string(),
                Err(panic) => reason(panic.as_ref()),
            };
            found.push(Damage { thing: thing.to_owned(), what });
        }
        Ok(found)
    }

    fn verify_cases(&self, transaction: &ReadTransaction, found: &mut Vec<Damage>) -> Result<(), StoreError> {
        let keys = transaction.open_table(KEYS)?;
        for entry in transaction.open_table(CASES)?.iter()? {
            let (key, value) = entry?;
            let (office, number) = key.value();
            let place = Place { office: office.to_owned(), number: number.to_owned() };
            if keys.get(place.key())?.is_none() {
                found.push(Damage { thing: format!("case {number}"), what: "it has no key".to_owned() });
                continue;
            }
            let Some(case) = case_key(office, number) else { continue };
            let checks = [
                CaseRecord::read(value.value(), &place)
                    .and_then(|record| self.open_case(transaction, &place, &record))
                    .err(),
                self.events(&case).err(),
                outbox::rows_of(self, &place).err(),
            ];
            found.extend(checks.into_iter().flatten().map(damage));
        }
        Ok(())
    }

    fn verify_contents(&self, transaction: &ReadTransaction, found: &mut Vec<Damage>) -> Result<(), StoreError> {
        for entry in transaction.open_table(CONTENTS)?.iter()? {
            let (key, value) = entry?;
            let (office, number, hash) = key.value();
            let place = Place { office: office.to_owned(), number: number.to_owned() };
            let hash = Sha256Hex(hash.to_owned());
            let thing = format!("content {hash} of case {number}");
            let record = ContentRecord::read(value.value())?;
            let what = match self.contents.read(&place, &hash)? {
                None => "its file is missing",
                Some(sealed) if sha256(&sealed) != record.stored => "its file has another hash",
                Some(_) => continue,
            };
            found.push(Damage { thing, what: what.to_owned() });
        }
        Ok(())
    }

    fn verify_documents(&self, transaction: &ReadTransaction, found: &mut Vec<Damage>) -> Result<(), StoreError> {
        for entry in transaction.open_table(DOCUMENTS)?.iter()? {
            let (key, value) = entry?;
            let (office, family, id) = key.value();
            let opened = self.open_document(&OfficeId(office.to_owned()), family, id, value.value());
            found.extend(opened.err().map(damage));
        }
        Ok(())
    }
}

/// Recomputes the chain of every office.
pub fn verify_journal(transaction: &ReadTransaction, found: &mut Vec<Damage>) -> Result<(), StoreError> {
    let mut before: Option<(String, u64, [u8; 32])> = None;
    for entry in transaction.open_table(JOURNAL)?.iter()? {
        let (key, value) = entry?;
        let (office, position) = key.value();
        let (last, previous) = match &before {
            Some((same, last, hash)) if same == office => (*last, *hash),
            _ => (0, [0u8; 32]),
        };
        let thing = format!("journal entry {position}");
        let mut damaged = |what: &str| found.push(Damage { thing: thing.clone(), what: what.to_owned() });
        if position != last + 1 {
            damaged("an entry before it is missing");
        }
        let record = match JournalRecord::read(value.value(), position) {
            Ok(record) => record,
            Err(error) => {
                damaged(&error.to_string());
                before = None;
                continue;
            }
        };
        if record.sealed.as_ref().is_some_and(|sealed| sha256(sealed) != record.digest) {
            damaged("its bytes have another hash");
        }
        if record.chain(office, position, &previous) != record.hash {
            damaged("it does not follow from the entry before it");
        }
        before = Some((office.to_owned(), position, record.hash));
    }
    Ok(())
}

type Part = fn(&Inner, &ReadTransaction, &mut Vec<Damage>) -> Result<(), StoreError>;

fn damage(error: StoreError) -> Damage {
    match error {
        StoreError::Damaged { thing, what } => Damage { thing, what },
        other => Damage { thing: "the store".to_owned(), what: other.to_string() },
    }
}
