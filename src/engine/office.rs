//! The office as the engine knows it, and the procedures it works by.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use chrono_tz::Tz;

use super::codec;
use super::port::Fault;
use super::store::{Document, DocumentWrite, Store};
use crate::dossier::recognition::Recognition;
use crate::sop::hours::YearDates;
use crate::sop::names::{Address, Language, OfficeId, Sha256Hex};
use crate::sop::procedure::{Flaw, Procedure};
use crate::sop::worktime::Calendar;

/// What does not change while the daemon runs.
#[derive(Debug, Clone)]
pub struct Office {
    pub id: OfficeId,
    /// Prefix of register numbers, such as `LPSE`.
    pub prefix: String,
    pub language: Language,
    pub zone: Tz,
    /// Where links lead, without a trailing slash.
    pub base_url: String,
    /// Domain of Message-IDs.
    pub mail_domain: String,
    /// Addresses that mail is sent from or comes in at; mail from these is our own.
    pub own_addresses: Vec<Address>,
    /// Told of overruns.
    pub superior: Option<(String, Address)>,
}

/// One procedure with everything read from its file.
pub struct Worked {
    pub procedure: Procedure,
    pub calendar: Calendar,
    pub recognition: Recognition,
}

/// Every procedure that a case may be pinned to: those configured, and earlier files that open cases began under.
pub struct Procedures {
    by_hash: RwLock<BTreeMap<Sha256Hex, Arc<Worked>>>,
    zone: Tz,
    years: Vec<YearDates>,
}

const FAMILY: &str = "procedure";

impl Procedures {
    pub fn new(zone: Tz, years: Vec<YearDates>) -> Self {
        Self { by_hash: RwLock::new(BTreeMap::new()), zone, years }
    }

    /// Reads a procedure file and keeps its text, so that a case begun under it can end under it.
    pub async fn adopt(&self, text: &str, office: &OfficeId, store: &dyn Store) -> Result<Arc<Worked>, Fault> {
        let flawed = |flaws: Vec<Flaw>| unusable(flaws.first().map(ToString::to_string).unwrap_or_default());
        let procedure = Procedure::parse(text).map_err(flawed)?;
        let calendar = procedure.calendar(self.zone, &self.years).map_err(unusable)?;
        let worked = self.work_by(procedure, calendar)?;
        let write = DocumentWrite {
            office: office.clone(),
            family: FAMILY.to_owned(),
            id: worked.procedure.hash().to_string(),
            expected_version: None,
            bytes: Some(codec::encode(&text)),
        };
        store.write_documents(vec![write]).await?;
        Ok(worked)
    }

    /// Reads the texts that earlier runs kept. One that cannot be read stops the cases that began under it, and nothing else.
    pub async fn read_kept(&self, office: &OfficeId, store: &dyn Store) -> Result<(), Fault> {
        for document in store.documents(office, FAMILY).await? {
            if let Err(fault) = document.and_then(|document| self.read_one(&document)) {
                tracing::error!("{fault}; cases that began under it wait");
            }
        }
        Ok(())
    }

    fn read_one(&self, document: &Document) -> Result<(), Fault> {
        let text: String = codec::decode(&document.bytes, "a kept procedure file")?;
        let procedure = Procedure::read_kept(&text).map_err(|flaw| unusable(flaw.to_string()))?;
        let calendar = procedure.calendar_as_far_as_known(self.zone, &self.years);
        self.work_by(procedure, calendar).map(drop)
    }

    pub fn get(&self, hash: &Sha256Hex) -> Result<Arc<Worked>, Fault> {
        let by_hash = self.by_hash.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        by_hash.get(hash).cloned().ok_or_else(|| {
            Fault::permanent("Cannot work on a case: the procedure file it began under is not known. Restore the file")
        })
    }

    fn work_by(&self, procedure: Procedure, calendar: Calendar) -> Result<Arc<Worked>, Fault> {
        let recognition = Recognition::from_procedure(procedure.source()).map_err(|e| unusable(e.to_string()))?;
        let hash = procedure.hash().clone();
        let worked = Arc::new(Worked { procedure, calendar, recognition });
        self.by_hash.write().unwrap_or_else(std::sync::PoisonError::into_inner).insert(hash, worked.clone());
        Ok(worked)
    }
}

fn unusable(what: String) -> Fault {
    Fault::permanent(format!("Cannot use a procedure file: {what}. Correct the file"))
}
