//! The people who may act, and their roles. How they are enrolled stands in [`enrolment`], what they prove themselves with and
//! when it is locked in [`proof`], how they change their passphrase in [`passphrase`], who stands in for whom in [`absence`], what
//! became of them in [`roll`].

mod absence;
mod enrolment;
mod passkey;
mod passphrase;
mod proof;
mod roll;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Engine;
use super::casebook::Along;
use super::codec;
use super::port::Fault;
use super::store::Document;
use crate::sop::command::{Admin, Alarm, Command};
use crate::sop::names::{Address, Sha256Hex};
use crate::sop::procedure::Procedure;
use crate::vault::{Passkey, PassphraseHash, TotpSecret, unhex};

pub use absence::{Absence, NoAbsence};
pub use passkey::Challenges;
pub use proof::{FAILURES, Matter, Proof};
pub use roll::{Entry, Happened, PREFIX};

const FAMILY: &str = "admin";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Admin,
    Archivist,
    Auditor,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Archivist => "archivist",
            Self::Auditor => "auditor",
        }
    }

    /// Archivists and auditors read; what they see they change nothing of.
    pub fn acts(self) -> bool {
        self == Self::Admin
    }
}

/// A registered person. The factor is kept sealed with the rest of the office's records.
#[derive(Clone, Serialize, Deserialize)]
pub struct AdminRecord {
    pub address: Address,
    pub name: String,
    pub role: Role,
    pub standing: Standing,
    factor: KeptFactor,
    /// The last TOTP step that was used.
    last_step: u64,
    /// Wrong codes since the last right one, or since the last lock.
    failures: u8,
    #[serde(default)]
    lock: proof::Lock,
    /// A fallback for whoever has no phone at hand.
    #[serde(default)]
    passphrase: Option<PassphraseHash>,
    #[serde(default)]
    passkeys: Vec<Passkey>,
    /// When the last of them was added, while the enrolment is not finished.
    #[serde(default)]
    keyed_at: Option<DateTime<Utc>>,
    #[serde(default)]
    absence: Option<Absence>,
}

/// A factor in hexadecimal, 32 bytes of which it is the first 20; shown to its owner alone, on the enrolment page.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
struct KeptFactor(String);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    Invited {
        link: Sha256Hex,
        expires: DateTime<Utc>,
        /// The store's when the link was made: a restore voids it.
        #[serde(default = "first_epoch")]
        epoch: u64,
    },
    Active {
        since: DateTime<Utc>,
        /// Of the link that led here; it tells this enrolment from every other.
        #[serde(default)]
        link: Option<Sha256Hex>,
    },
    Revoked {
        at: DateTime<Utc>,
    },
}

/// Of links that were made before their epoch was kept.
fn first_epoch() -> u64 {
    1
}

impl AdminRecord {
    pub fn is_active(&self) -> bool {
        matches!(self.standing, Standing::Active { .. })
    }

    /// Whether this person may change anything at this moment.
    pub fn acts(&self) -> bool {
        self.is_active() && self.role.acts()
    }

    /// Names the present enrolment: what was opened under another one is over. Empty while there is none.
    pub fn enrolment(&self) -> String {
        match &self.standing {
            Standing::Active { link: Some(link), .. } => link.0.clone(),
            Standing::Active { since, link: None } => since.to_rfc3339(),
            Standing::Invited { .. } | Standing::Revoked { .. } => String::new(),
        }
    }

    /// Since when this person may do what they may.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        match self.standing {
            Standing::Active { since, .. } => Some(since),
            Standing::Invited { .. } | Standing::Revoked { .. } => None,
        }
    }

    /// The first code that still counts at this moment, for whoever plays the admin; `None` where all were used, for
    /// at most half a minute.
    pub fn next_code(&self, now: DateTime<Utc>) -> Result<Option<String>, Fault> {
        self.fresh_code(&[-30, 0, 30], now)
    }

    /// As [`Self::next_code`], for whoever takes a while until it is typed: one that counts for half a minute at least.
    pub fn lasting_code(&self, now: DateTime<Utc>) -> Result<Option<String>, Fault> {
        self.fresh_code(&[0, 30], now)
    }

    fn fresh_code(&self, seconds: &[i64], now: DateTime<Utc>) -> Result<Option<String>, Fault> {
        let factor = self.factor()?;
        let mut codes = seconds.iter().map(|away| factor.code(now + TimeDelta::seconds(*away)));
        Ok(codes.find(|code| factor.check(code, now).is_some_and(|step| step > self.last_step)))
    }

    /// The factor; for the enrolment page and the demo alone.
    pub fn factor(&self) -> Result<TotpSecret, Fault> {
        let bytes = unhex(&self.factor.0)
            .map(Zeroizing::new)
            .ok_or_else(|| Fault::permanent("Cannot read an admin's factor. Enrol the admin again"))?;
        TotpSecret::from_bytes(&bytes[..20]).map_err(Fault::permanent)
    }
}

impl Engine {
    /// Takes a person's rights away. False where nobody of this address is registered.
    pub async fn revoke(&self, address: &Address) -> Result<bool, Fault> {
        let Some((version, mut record)) = self.admin(address).await? else { return Ok(false) };
        record.standing = Standing::Revoked { at: self.clock.now() };
        let written = self.keep(&record, Some(version), Some(Happened::Revoked)).await?;
        if written {
            tracing::info!(security = "revoked", admin = %address.masked(), "a person's rights were taken away");
        }
        self.assign_anew().await?;
        Ok(written)
    }

    pub async fn admins(&self) -> Result<Vec<AdminRecord>, Fault> {
        let documents = self.office_documents(FAMILY).await?;
        documents.iter().map(read).collect()
    }

    pub async fn admin(&self, address: &Address) -> Result<Option<(u64, AdminRecord)>, Fault> {
        let id = address.as_str().to_lowercase();
        let Some(document) = self.store.document(&self.office.id, FAMILY, &id).await? else { return Ok(None) };
        Ok(Some((document.version, read(&document)?)))
    }

    /// Whoever may decide under a procedure, in the order of their addresses, with who stands in for them.
    pub async fn deciders(&self, procedure: &Procedure) -> Result<Vec<Admin>, Fault> {
        let now = self.clock.now();
        let may = |a: &AdminRecord| a.acts() && procedure.approval.roles.iter().any(|role| role == a.role.name());
        let admins = self.admins().await?.into_iter().filter(may);
        let decider = |a: AdminRecord| {
            let delegate = a.absence(now).map(|absence| absence.delegate.clone());
            Admin { id: a.address, name: a.name, delegate }
        };
        Ok(admins.map(decider).collect())
    }

    /// Live cases without an admin, or with one who was revoked, are given to somebody.
    async fn assign_anew(&self) -> Result<(), Fault> {
        for case in self.live_cases().await? {
            let alarm = Alarm::Assign { revision: case.revisions };
            self.apply(&self.key(&case.number), Command::Wake(alarm), Along::default()).await?;
        }
        Ok(())
    }

    /// The name letters and pages use for a person.
    pub fn name_of(&self, id: &Address) -> String {
        let names = self.names.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        names.get(id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// Reads the names anew, so that letters can be written without waiting.
    pub async fn learn_names(&self) -> Result<(), Fault> {
        let admins = self.admins().await?;
        let mut names = self.names.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        names.extend(admins.into_iter().map(|a| (a.address, a.name)));
        Ok(())
    }
}

fn read(document: &Document) -> Result<AdminRecord, Fault> {
    codec::decode(&document.bytes, "an admin's record")
}
