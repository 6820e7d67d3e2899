//! The people who may act: enrolment by a one-time link, the factor each proves themselves with, and its lock after
//! five failures. A code's step is used at most once (RFC 6238 §5.2).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::casebook::Along;
use super::codec;
use super::port::Fault;
use super::store::{Document, DocumentWrite, Outcome};
use crate::sop::command::{Admin, Alarm, Command};
use crate::sop::names::{Address, Sha256Hex};
use crate::sop::procedure::Procedure;
use crate::vault::{PlainToken, TokenNonce, TotpSecret, hex, unhex};

const FAMILY: &str = "admin";
/// Wrong codes in a row after which a factor is locked.
pub const FAILURES: u8 = 5;
const ENROLMENT_LIFE: TimeDelta = TimeDelta::hours(72);

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
    /// Hexadecimal; shown to its owner alone, on the enrolment page.
    factor: String,
    /// The last TOTP step that was used.
    last_step: u64,
    pub failures: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    Invited { link: Sha256Hex, expires: DateTime<Utc> },
    Active { since: DateTime<Utc> },
    Revoked { at: DateTime<Utc> },
}

/// What a typed code proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Right,
    /// Tries left before the lock.
    Wrong {
        left: u8,
    },
    Locked,
}

impl AdminRecord {
    pub fn is_active(&self) -> bool {
        matches!(self.standing, Standing::Active { .. })
    }

    /// Whether this person may change anything at this moment.
    pub fn acts(&self) -> bool {
        self.is_active() && self.role.acts()
    }

    pub fn is_locked(&self) -> bool {
        self.failures >= FAILURES
    }

    /// Wrong codes that are left before the lock.
    pub fn tries_left(&self) -> u8 {
        FAILURES.saturating_sub(self.failures)
    }

    /// The first code that still counts at this moment, for whoever plays the admin; `None` where all were used, for
    /// at most half a minute.
    pub fn next_code(&self, now: DateTime<Utc>) -> Result<Option<String>, Fault> {
        let factor = self.factor()?;
        let codes = [-30, 0, 30].map(|away| factor.code(now + TimeDelta::seconds(away)));
        let fresh = |code: &&String| factor.check(code, now).is_some_and(|step| step > self.last_step);
        Ok(codes.iter().find(fresh).cloned())
    }

    /// The factor; for the enrolment page and the demo alone.
    pub fn factor(&self) -> Result<TotpSecret, Fault> {
        // Kept as 32 bytes of which the factor is the first 20, so that one hexadecimal form serves.
        let bytes = unhex(&self.factor)
            .ok_or_else(|| Fault::permanent("Cannot read an admin's factor. Enrol the admin again"))?;
        TotpSecret::from_bytes(&bytes[..20]).map_err(Fault::permanent)
    }
}

impl Engine {
    /// Invites a person, also one known before, whose old factor dies. Returns the link to hand over, good for 72 h.
    pub async fn enroll(&self, address: &Address, name: &str, role: Role) -> Result<String, Fault> {
        let factor = TotpSecret::generate(&*self.random);
        let mut bytes = [0u8; 32];
        bytes[..20].copy_from_slice(factor.expose());
        let nonce = TokenNonce::generate(&*self.random);
        let epoch = self.store.epoch().await?;
        let token = self.keys.links.token(epoch, &nonce, &format!("enrol {address}"));
        let record = AdminRecord {
            address: address.clone(),
            name: name.to_owned(),
            role,
            standing: Standing::Invited {
                link: Sha256Hex(hex(token.hashed().as_bytes())),
                expires: self.clock.now() + ENROLMENT_LIFE,
            },
            factor: hex(&bytes),
            last_step: 0,
            failures: 0,
        };
        self.write_admin(&record, None).await?;
        Ok(format!("{}/daftar/{}", self.office.base_url, token.reveal()))
    }

    /// Takes a person's rights away. False where nobody of this address is registered.
    pub async fn revoke(&self, address: &Address) -> Result<bool, Fault> {
        let Some((version, mut record)) = self.admin(address).await? else { return Ok(false) };
        record.standing = Standing::Revoked { at: self.clock.now() };
        let written = self.write_admin(&record, Some(version)).await?;
        self.assign_anew().await?;
        Ok(written)
    }

    pub async fn admins(&self) -> Result<Vec<AdminRecord>, Fault> {
        let documents = self.store.documents(&self.office.id, FAMILY).await?;
        documents.iter().map(read).collect()
    }

    pub async fn admin(&self, address: &Address) -> Result<Option<(u64, AdminRecord)>, Fault> {
        let id = address.as_str().to_lowercase();
        let Some(document) = self.store.document(&self.office.id, FAMILY, &id).await? else { return Ok(None) };
        Ok(Some((document.version, read(&document)?)))
    }

    /// Whoever may decide under a procedure, in the order of their addresses.
    pub async fn deciders(&self, procedure: &Procedure) -> Result<Vec<Admin>, Fault> {
        let may = |a: &AdminRecord| a.acts() && procedure.approval.roles.iter().any(|role| role == a.role.name());
        let admins = self.admins().await?.into_iter().filter(may);
        Ok(admins.map(|a| Admin { id: a.address, name: a.name }).collect())
    }

    /// The person an enrolment link was made for, while it is good.
    pub async fn invited(&self, token: &str) -> Result<Option<(u64, AdminRecord)>, Fault> {
        let Some(token) = PlainToken::parse(token) else { return Ok(None) };
        let hash = hex(token.hashed().as_bytes());
        let now = self.clock.now();
        for document in self.store.documents(&self.office.id, FAMILY).await? {
            let record = read(&document)?;
            if matches!(&record.standing, Standing::Invited { link, expires } if link.0 == hash && *expires > now) {
                return Ok(Some((document.version, record)));
            }
        }
        Ok(None)
    }

    /// Ends an enrolment with the first code of the new factor.
    pub async fn confirm_enrolment(&self, token: &str, code: &str) -> Result<Option<Proof>, Fault> {
        let Some((version, mut record)) = self.invited(token).await? else { return Ok(None) };
        if record.is_locked() {
            return Ok(Some(Proof::Locked));
        }
        let now = self.clock.now();
        let proof = match record.factor()?.check(code, now) {
            Some(step) => {
                record.last_step = step;
                record.failures = 0;
                record.standing = Standing::Active { since: now };
                Proof::Right
            }
            None => record.fail(),
        };
        let written = self.write_admin(&record, Some(version)).await?;
        if proof == Proof::Right {
            self.assign_anew().await?;
        }
        Ok(Some(if written { proof } else { Proof::Wrong { left: FAILURES } }))
    }

    /// Checks a code as of `at`. Five failures in a row lock the factor until it is enrolled anew.
    pub async fn prove(&self, address: &Address, code: &str, at: DateTime<Utc>) -> Result<Proof, Fault> {
        for _ in 0..4 {
            let Some((version, mut record)) = self.admin(address).await?.filter(|(_, r)| r.is_active()) else {
                return Ok(Proof::Wrong { left: FAILURES });
            };
            if record.is_locked() {
                return Ok(Proof::Locked);
            }
            let proof = match record.factor()?.check(code, at) {
                // A code sent a second time proves nothing, but nobody guessed it.
                Some(step) if step <= record.last_step => return Ok(Proof::Wrong { left: record.tries_left() }),
                Some(step) => {
                    record.last_step = step;
                    record.failures = 0;
                    Proof::Right
                }
                None => record.fail(),
            };
            if self.write_admin(&record, Some(version)).await? {
                if proof == Proof::Locked {
                    tracing::warn!(admin = %address.masked(), "a factor is locked after {FAILURES} wrong codes; enrol it anew");
                }
                return Ok(proof);
            }
        }
        Ok(Proof::Wrong { left: FAILURES })
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

    async fn write_admin(&self, record: &AdminRecord, expected_version: Option<u64>) -> Result<bool, Fault> {
        let write = DocumentWrite {
            office: self.office.id.clone(),
            family: FAMILY.to_owned(),
            id: record.address.as_str().to_lowercase(),
            expected_version,
            bytes: Some(codec::encode(record)),
        };
        let written = matches!(self.store.write_documents(vec![write]).await?, Outcome::Committed { .. });
        if written {
            let mut names = self.names.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            names.insert(record.address.clone(), record.name.clone());
        }
        Ok(written)
    }
}

impl AdminRecord {
    fn fail(&mut self) -> Proof {
        self.failures = self.failures.saturating_add(1);
        if self.is_locked() { Proof::Locked } else { Proof::Wrong { left: self.tries_left() } }
    }
}

fn read(document: &Document) -> Result<AdminRecord, Fault> {
    codec::decode(&document.bytes, "an admin's record")
}
