//! Enrolment by a one-time link. It takes everything an earlier one left: factors, passkeys, passphrase, lock, absence, sessions
//! and links that were mailed before.
//!
//! Looking at the page changes nothing, and yet it must show the new factor. So what it shows is derived anew every quarter of
//! an hour and counts for an hour at most: whoever looked at the link earlier holds a factor that nobody has. So do passkeys that
//! were added there.

use chrono::{DateTime, TimeDelta, Utc};

use super::roll::Happened;
use super::{AdminRecord, FAMILY, KeptFactor, Proof, Role, Standing, proof, read};
use crate::engine::Engine;
use crate::engine::casebook::Along;
use crate::engine::port::Fault;
use crate::sop::case::Case;
use crate::sop::command::Command;
use crate::sop::names::{Address, Sha256Hex};
use crate::vault::{PlainToken, Secret, TokenNonce, TotpSecret, hex};

/// How long a link is good.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// How long the page shows the same factor, in seconds.
const SHOWN: i64 = 15 * 60;
/// Quarters of an hour before the present one whose factor still counts.
const COUNTS: i64 = 3;

impl Engine {
    /// Invites a person, also one known before, whose old factors die. Returns the link to hand over, good for 24 h.
    pub async fn enroll(&self, address: &Address, name: &str, role: Role) -> Result<String, Fault> {
        let factor = TotpSecret::generate(&*self.random);
        let nonce = TokenNonce::generate(&*self.random);
        let epoch = self.store.epoch().await?;
        let token = self.keys.links.token(epoch, &nonce, &format!("enrol {address}"));
        let record = AdminRecord {
            address: address.clone(),
            name: name.to_owned(),
            role,
            standing: Standing::Invited {
                link: Sha256Hex(hex(token.hashed().as_bytes())),
                epoch,
                expires: self.clock.now() + LIFE,
            },
            factor: kept(factor.expose()),
            last_step: 0,
            failures: 0,
            lock: proof::Lock::default(),
            passphrase: None,
            passkeys: Vec::new(),
            keyed_at: None,
            absence: None,
        };
        let before = self.admin(address).await?.map(|(_, before)| before);
        self.keep(&record, None, Some(Happened::Invited { role })).await?;
        tracing::info!(security = "invited", admin = %address.masked(), role = role.name(), "a person was invited to enrol");
        if before.is_some_and(|before| before.is_active()) {
            self.assign_anew().await?;
        }
        Ok(format!("{}/daftar/{}", self.office.base_url, token.reveal()))
    }

    /// The person an enrolment link was made for, while it is good, with the factor that the page shows now.
    pub async fn invited(&self, token: &str) -> Result<Option<(u64, AdminRecord)>, Fault> {
        let Some((version, mut record)) = self.invitation(token).await? else { return Ok(None) };
        record.factor = self.shown_factor(&record, quarter(self.clock.now()));
        Ok(Some((version, record)))
    }

    /// The same as it is kept, without passkeys that somebody added long ago.
    pub(super) async fn invitation(&self, token: &str) -> Result<Option<(u64, AdminRecord)>, Fault> {
        let Some(token) = PlainToken::parse(token) else { return Ok(None) };
        let hash = hex(token.hashed().as_bytes());
        let epoch = self.store.epoch().await?;
        let now = self.clock.now();
        for document in self.office_documents(FAMILY).await? {
            let mut record = read(&document)?;
            let good = match &record.standing {
                Standing::Invited { link, expires, epoch: of } => link.0 == hash && *expires > now && *of == epoch,
                _ => false,
            };
            if good {
                record.forget_old_keys(now);
                return Ok(Some((document.version, record)));
            }
        }
        Ok(None)
    }

    /// Ends an enrolment with the first code of a factor that the page showed within the hour. A passphrase is kept beside it
    /// where one was chosen. From here on the link is void.
    pub async fn confirm_enrolment(
        &self,
        token: &str,
        code: &str,
        passphrase: Option<Secret<String>>,
    ) -> Result<Option<Proof>, Fault> {
        let Some((version, mut record)) = self.invitation(token).await? else { return Ok(None) };
        let now = self.clock.now();
        if record.is_locked(now) {
            return Ok(Some(Proof::Locked));
        }
        let proof = match self.confirmed(&record, code, now)? {
            Some((factor, step)) => {
                let link = match &record.standing {
                    Standing::Invited { link, .. } => Some(link.clone()),
                    Standing::Active { .. } | Standing::Revoked { .. } => None,
                };
                (record.factor, record.last_step, record.keyed_at) = (factor, step, None);
                record.standing = Standing::Active { since: now, link };
                record.pass()
            }
            None => record.fail(now),
        };
        let happened = match proof {
            Proof::Right => {
                record.passphrase = match passphrase {
                    Some(phrase) => Some(self.hashed(phrase).await?),
                    None => None,
                };
                Some(Happened::Enrolled { role: record.role })
            }
            _ => record.locking(proof),
        };
        if !self.keep(&record, Some(version), happened).await? {
            return Err(Fault::transient("Cannot end an enrolment: it was being ended at the same moment. Try again"));
        }
        proof::tell(&record.address, "first_code", proof);
        if proof == Proof::Right {
            let role = record.role.name();
            tracing::info!(security = "enrolled", admin = %record.address.masked(), role, "a person is enrolled");
            self.welcome(&record).await?;
        }
        Ok(Some(proof))
    }

    /// The factor, as a record keeps it, and the step of this code, where the page showed that factor within the hour.
    fn confirmed(
        &self,
        record: &AdminRecord,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(KeptFactor, u64)>, Fault> {
        for ago in 0..=COUNTS {
            let factor = self.shown_factor(record, quarter(now) - ago);
            let shown = AdminRecord { factor: factor.clone(), ..record.clone() };
            if let Some(step) = shown.factor()?.check(code, now) {
                return Ok(Some((factor, step)));
            }
        }
        Ok(None)
    }

    /// What the page shows in this quarter of an hour, as a record keeps it.
    fn shown_factor(&self, record: &AdminRecord, quarter: i64) -> KeptFactor {
        let derived = self.keys.index.blind(&["shown factor", &record.factor.0, &quarter.to_string()]);
        kept(&std::array::from_fn(|i| derived[i]))
    }

    /// Whoever joins gets cases that have nobody, fresh mails about those that stayed theirs (their old links are void), and
    /// word of requests that wait for a second approval; until then there may have been nobody to give it.
    async fn welcome(&self, record: &AdminRecord) -> Result<(), Fault> {
        let concerns = |case: &Case| case.first_approval.is_some() || case.assigned.as_ref() == Some(&record.address);
        let waiting: Vec<Case> = self.live_cases().await?.into_iter().filter(concerns).collect();
        self.assign_anew().await?;
        for case in waiting {
            let brief = Command::Brief { to: record.address.clone() };
            self.apply(&self.key(&case.number), brief, Along::default()).await?;
        }
        Ok(())
    }
}

impl AdminRecord {
    /// A passkey counts for as long as what the page shows: whoever added one earlier was not there to finish.
    fn forget_old_keys(&mut self, now: DateTime<Utc>) {
        if self.keyed_at.is_some_and(|at| quarter(now) - quarter(at) > COUNTS) {
            self.passkeys.clear();
            self.keyed_at = None;
        }
    }
}

fn quarter(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(SHOWN)
}

fn kept(factor: &[u8; 20]) -> KeptFactor {
    let mut bytes = [0u8; 32];
    bytes[..20].copy_from_slice(factor);
    KeptFactor(hex(&bytes))
}
