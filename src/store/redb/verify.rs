//! The whole live store checked: the journal's chain recomputed, every seal opened, every content file hashed. That
//! the tables agree with each other is checked in [`super::agree`].

use redb::{ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::records::{CaseRecord, ContentRecord, JournalRecord, SecretRecord};
use super::tables::{CASE_LINKS, CASES, CONTENTS, DOCUMENTS, JOURNAL, KEYS, LINKS, Place, SECRETS, case_key, readable};
use super::{Inner, agree, outbox, reason};
use crate::engine::store::Damage;
use crate::sop::names::{OfficeId, Sha256Hex};
use crate::store::{StoreError, quiet};
use crate::vault::{HashedToken, sha256};

impl Inner {
    /// Names everything that is damaged. Goes on after each find, so that one flipped byte does not hide another.
    pub fn verify(&self) -> Result<Vec<Damage>, StoreError> {
        let transaction = self.database.begin_read()?;
        let mut found = Vec::new();
        let parts: [(&str, Part); 9] = [
            ("the settings", |inner, transaction, found| agree::settings(transaction, &inner.keyring, found)),
            ("the journal", |_, transaction, found| verify_journal(transaction, found)),
            ("the events", |_, transaction, found| agree::events(transaction, found)),
            ("the outbox", |_, transaction, found| agree::outbox(transaction, found)),
            ("the index", |_, transaction, found| agree::index(transaction, found)),
            ("the cases", Self::verify_cases),
            ("the links and secrets", Self::verify_links),
            ("the contents", Self::verify_contents),
            ("the documents", Self::verify_documents),
        ];
        for (thing, part) in parts {
            let walked = quiet::catch(|| part(self, &transaction, &mut found));
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
        let cases = transaction.open_table(CASES)?;
        for entry in keys.iter()? {
            let (key, _) = entry?;
            if cases.get(key.value())?.is_none() {
                found.push(named(&format!("case {}", readable(key.value().1)), "it has a key and is missing itself"));
            }
        }
        for entry in cases.iter()? {
            let (key, value) = entry?;
            let (office, number) = key.value();
            let place = Place { office: office.to_owned(), number: number.to_owned() };
            if keys.get(place.key())?.is_none() {
                found.push(named(&format!("case {}", readable(number)), "it has no key"));
                continue;
            }
            let Some(case) = case_key(office, number) else {
                found.push(named(&format!("case {number}"), "its number is none"));
                continue;
            };
            let checks = [
                CaseRecord::read(value.value(), &place)
                    .and_then(|record| self.open_case(transaction, &place, &record))
                    .err(),
                self.events(&case).err(),
            ];
            let rows = outbox::each_row(self, &place)?.into_iter().filter_map(Result::err);
            // A key that does not open fails each of them alike.
            let mut faults: Vec<Damage> = checks.into_iter().flatten().chain(rows).map(damage).collect();
            faults.dedup();
            found.extend(faults);
        }
        Ok(())
    }

    /// Opens each link through the index of its case. A secret's key is not here; its record is read.
    fn verify_links(&self, transaction: &ReadTransaction, found: &mut Vec<Damage>) -> Result<(), StoreError> {
        let of_cases = transaction.open_table(CASE_LINKS)?;
        if of_cases.len()? != transaction.open_table(LINKS)?.len()? {
            found.push(named("the links", "they and their index differ in number"));
        }
        for entry in of_cases.iter()? {
            let (key, _) = entry?;
            let (office, number, hash) = key.value();
            let thing = format!("a link of case {}", readable(number));
            match self.link(&HashedToken::from_bytes(*hash)) {
                Ok(Some(link)) if Place::of(&link.key).key() == (office, number) => {}
                Ok(Some(_)) => found.push(named(&thing, "it says it is another case's")),
                Ok(None) => found.push(named(&thing, "it is missing")),
                Err(error) => found.push(damage(error)),
            }
        }
        for entry in transaction.open_table(SECRETS)?.iter()? {
            let (key, value) = entry?;
            if let Err(error) = SecretRecord::read(value.value()) {
                found.push(named(&format!("a secret of case {}", readable(key.value().1)), &error.to_string()));
            }
        }
        Ok(())
    }

    fn verify_contents(&self, transaction: &ReadTransaction, found: &mut Vec<Damage>) -> Result<(), StoreError> {
        for entry in transaction.open_table(CONTENTS)?.iter()? {
            let (key, value) = entry?;
            let (office, number, hash) = key.value();
            let place = Place { office: office.to_owned(), number: number.to_owned() };
            let hash = Sha256Hex(hash.to_owned());
            let thing = format!("content {hash} of case {}", readable(number));
            let record = match ContentRecord::read(value.value()) {
                Ok(record) => record,
                Err(error) => {
                    found.push(named(&thing, &error.to_string()));
                    continue;
                }
            };
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

pub fn named(thing: &str, what: &str) -> Damage {
    Damage { thing: thing.to_owned(), what: what.to_owned() }
}

type Part = fn(&Inner, &ReadTransaction, &mut Vec<Damage>) -> Result<(), StoreError>;

fn damage(error: StoreError) -> Damage {
    match error {
        StoreError::Damaged { thing, what } => Damage { thing, what },
        other => Damage { thing: "the store".to_owned(), what: other.to_string() },
    }
}
