//! What a person proves themselves with, and its lock. A code's step counts once, whatever way it came in (RFC 6238 §5.2);
//! five failures lock, for longer each time, and the lock is told. Every look costs alike: an address that nobody has, one
//! that is locked and a wrong code are answered after the same work, so that time tells nobody who is enrolled.

use std::sync::OnceLock;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::roll::Happened;
use super::{AdminRecord, Engine};
use crate::engine::port::Fault;
use crate::engine::store::DocumentWrite;
use crate::sop::names::{Address, CaseNumber, Sha256Hex};
use crate::vault::{AuthenticationResult, OsRandom, PassphraseHash, Secret, passkey};

/// Wrong codes in a row after which a factor is locked.
pub const FAILURES: u8 = 5;
/// How long the first lock lasts; each further one in a row twice as long, up to [`LONGEST_LOCK`]: five guesses a day of a
/// million codes are no way in, and a stranger who knows an address keeps nobody out for good.
const FIRST_LOCK: TimeDelta = TimeDelta::minutes(15);
const LONGEST_LOCK: TimeDelta = TimeDelta::hours(24);
/// Conflicts after which a check is given up. Each means that another check of this person was written, and those end in a
/// lock.
const TRIES: u32 = 64;
/// Passphrases hashed at once: each takes 19 MiB and a core.
static HASHING: Semaphore = Semaphore::const_new(2);
/// Compared with where nobody, or nobody with a passphrase, was named.
static NOBODYS: OnceLock<PassphraseHash> = OnceLock::new();

/// What was typed proved this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Right,
    /// Tries left before the lock.
    Wrong {
        left: u8,
    },
    Locked,
}

/// What a passkey is asked for. An answer that was given for one matter proves nothing in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// The desk is opened.
    Entry,
    /// This is done to this case, on the proposal that was seen.
    Act { number: CaseNumber, act: &'static str, proposal: Sha256Hex },
    /// A way on which nobody is asked for a passkey.
    CodeAlone,
}

/// Locks of a factor.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Lock {
    /// In a row, without a right proof between them.
    count: u8,
    until: Option<DateTime<Utc>>,
}

impl AdminRecord {
    pub fn is_locked(&self, now: DateTime<Utc>) -> bool {
        self.locked_until(now).is_some()
    }

    /// When the lock ends by itself; `None` where there is none.
    pub fn locked_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.lock.until.filter(|until| now < *until)
    }

    /// Wrong codes that are left before the lock.
    pub fn tries_left(&self) -> u8 {
        FAILURES.saturating_sub(self.failures)
    }

    pub(super) fn pass(&mut self) -> Proof {
        self.failures = 0;
        self.lock = Lock::default();
        Proof::Right
    }

    /// Whether this proves the person, and counts it where it does; `None` for a code sent a second time, which proves nothing,
    /// but nobody guessed it; so a passphrase that was changed while it was being compared.
    fn takes(&mut self, shown: &Shown<'_>, at: DateTime<Utc>) -> Result<Option<bool>, Fault> {
        Ok(Some(match shown {
            Shown::Phrase { with, .. } if self.passphrase != *with => return Ok(None),
            Shown::Phrase { right, .. } => *right,
            Shown::Passkey(proof) => proof.as_ref().is_some_and(|proof| passkey::count(&mut self.passkeys, proof)),
            Shown::Code(code) => match self.factor()?.check(code, at) {
                Some(step) if step <= self.last_step => return Ok(None),
                Some(step) => {
                    self.last_step = step;
                    true
                }
                None => false,
            },
        }))
    }

    pub(super) fn fail(&mut self, now: DateTime<Utc>) -> Proof {
        self.failures = self.failures.saturating_add(1);
        if self.failures < FAILURES {
            return Proof::Wrong { left: self.tries_left() };
        }
        let doublings = u32::from(self.lock.count).min(10);
        let lasts = (FIRST_LOCK * 2_i32.pow(doublings)).min(LONGEST_LOCK);
        self.lock = Lock { count: self.lock.count.saturating_add(1), until: Some(now + lasts) };
        self.failures = 0;
        Proof::Locked
    }

    /// What is told of the lock that was just set.
    pub(super) fn locking(&self, proof: Proof) -> Option<Happened> {
        let until = self.lock.until.filter(|_| proof == Proof::Locked)?;
        Some(Happened::Locked { until })
    }
}

/// What somebody brought to prove themselves.
enum Brought<'t> {
    Code(&'t str),
    Phrase(&'t str),
    /// A browser's answer, which is JSON.
    Passkey(&'t str),
}

impl Brought<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Code(_) => "code",
            Self::Phrase(_) => "passphrase",
            Self::Passkey(_) => "passkey",
        }
    }
}

impl<'t> Brought<'t> {
    /// What is too short for a passphrase is a code, also a mistyped one.
    fn of(text: &'t str) -> Self {
        match text {
            json if json.starts_with('{') => Self::Passkey(json),
            code if code.chars().count() < PassphraseHash::LEAST => Self::Code(code),
            phrase => Self::Phrase(phrase),
        }
    }
}

/// What was brought, looked at as far as it can be without the record as it stands.
enum Shown<'t> {
    Code(&'t str),
    /// Compared with this hash; which may be another's by the time the record is written.
    Phrase {
        right: bool,
        with: Option<PassphraseHash>,
    },
    Passkey(Option<AuthenticationResult>),
}

impl Engine {
    /// Checks a code as of `at`, a passphrase, or a browser's answer about this matter, and tells the log.
    /// Transient where others kept checking at the same moment.
    pub async fn prove(
        &self,
        address: &Address,
        brought: &str,
        at: DateTime<Utc>,
        matter: &Matter,
    ) -> Result<Proof, Fault> {
        let brought = Brought::of(brought);
        let by = brought.name();
        let proof = self.weigh(address, brought, at, matter).await?;
        tell(address, by, proof);
        Ok(proof)
    }

    async fn weigh(
        &self,
        address: &Address,
        brought: Brought<'_>,
        at: DateTime<Utc>,
        matter: &Matter,
    ) -> Result<Proof, Fault> {
        let shown = match brought {
            Brought::Code(code) => Shown::Code(code),
            Brought::Passkey(answer) => Shown::Passkey(self.passkey_proof(address, answer, matter)),
            Brought::Phrase(phrase) => {
                let kept = self.admin(address).await?.and_then(|(_, record)| record.passphrase);
                Shown::Phrase { right: matches(kept.clone(), phrase).await, with: kept }
            }
        };
        for _ in 0..TRIES {
            let now = self.clock.now();
            let Some((version, mut record)) = self.admin(address).await?.filter(|(_, r)| r.is_active()) else {
                return self.after_like_work(Proof::Wrong { left: FAILURES - 1 }).await;
            };
            if record.is_locked(now) {
                return self.after_like_work(Proof::Locked).await;
            }
            let left = record.tries_left();
            let Some(right) = record.takes(&shown, at)? else {
                return self.after_like_work(Proof::Wrong { left }).await;
            };
            let was_locked = record.lock.count > 0;
            let proof = match right {
                true => record.pass(),
                false => record.fail(now),
            };
            let happened = record.locking(proof);
            if self.keep(&record, Some(version), happened).await? {
                match proof {
                    Proof::Locked => {
                        tracing::warn!(security = "lock", admin = %address.masked(), "a factor is locked after {FAILURES} wrong codes");
                    }
                    Proof::Right if was_locked => {
                        tracing::info!(security = "unlock", admin = %address.masked(), "a factor's lock is over");
                    }
                    Proof::Right | Proof::Wrong { .. } => {}
                }
                return Ok(proof);
            }
        }
        Err(Fault::transient("Cannot check a code: others kept being checked for the same person. Try again"))
    }

    /// Writes as much as a counted failure would.
    async fn after_like_work(&self, proof: Proof) -> Result<Proof, Fault> {
        let write = DocumentWrite {
            office: self.office.id.clone(),
            family: "check".to_owned(),
            id: "nobody".to_owned(),
            expected_version: None,
            bytes: Some(vec![0; 600]),
        };
        self.store.write_documents(vec![write]).await?;
        Ok(proof)
    }

    /// Hashes a passphrase to be kept.
    pub(super) async fn hashed(&self, phrase: Secret<String>) -> Result<PassphraseHash, Fault> {
        let random = self.random.clone();
        off_the_floor(move || PassphraseHash::of(&phrase, &*random)).await.map_err(Fault::permanent)
    }
}

/// Tells the log who brought what, and whether it was right; from where and to which door stands in the span around it.
/// Never what was brought.
pub(super) fn tell(who: &Address, by: &'static str, proof: Proof) {
    let admin = who.masked();
    match proof {
        Proof::Right => tracing::info!(security = "right_factor", admin, by, "a factor was right"),
        Proof::Wrong { left } => tracing::warn!(security = "wrong_factor", admin, by, left, "a factor was wrong"),
        Proof::Locked => tracing::warn!(security = "locked_factor", admin, by, "a locked factor was tried"),
    }
}

/// Whether this is the passphrase; as slow where there is none.
async fn matches(kept: Option<PassphraseHash>, phrase: &str) -> bool {
    let phrase = Secret::new(phrase.to_owned());
    off_the_floor(move || {
        let known = kept.is_some();
        let hash = kept.or_else(|| nobodys().cloned());
        hash.is_some_and(|hash| hash.matches(&phrase)) && known
    })
    .await
}

fn nobodys() -> Option<&'static PassphraseHash> {
    if NOBODYS.get().is_none() {
        let hash = PassphraseHash::of(&Secret::new("nobody's passphrase".to_owned()), &OsRandom).ok()?;
        // Another may have been faster; any will do.
        let _ = NOBODYS.set(hash);
    }
    NOBODYS.get()
}

/// Hashing takes tens of milliseconds of a core: never where requests are answered, and never many at once.
async fn off_the_floor<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _turn = HASHING.acquire().await;
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(why) => std::panic::resume_unwind(why.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KeptFactor, Role, Standing};
    use super::*;

    fn enrolled(passphrase: Option<PassphraseHash>) -> AdminRecord {
        AdminRecord {
            address: Address::parse("sekar@lembayungraya.example").expect("an address"),
            name: "Sekar Wangi".to_owned(),
            role: Role::Admin,
            standing: Standing::Active { since: DateTime::UNIX_EPOCH, link: None },
            factor: KeptFactor("00".repeat(32)),
            last_step: 0,
            failures: 0,
            lock: Lock::default(),
            passphrase,
            passkeys: Vec::new(),
            keyed_at: None,
            absence: None,
        }
    }

    /// Comparing takes a while, and longer where others compare.
    #[test]
    fn a_passphrase_that_was_changed_while_it_was_compared_proves_nothing_and_is_no_guess() {
        let hash = |phrase: &str| PassphraseHash::of(&Secret::new(phrase.to_owned()), &OsRandom).expect("it is hashed");
        let (before, after) = (Some(hash("kuda lumping di pasar pagi")), Some(hash("jeruk tua menyala perlahan")));
        let shown = |right| Shown::Phrase { right, with: before.clone() };
        let takes = |kept: &Option<PassphraseHash>, right| {
            enrolled(kept.clone()).takes(&shown(right), DateTime::UNIX_EPOCH).expect("no code is looked at")
        };

        assert_eq!((takes(&before, true), takes(&before, false)), (Some(true), Some(false)));
        assert_eq!((takes(&after, true), takes(&after, false)), (None, None));
        assert_eq!(takes(&None, true), None, "enrolled anew without one");
    }

    #[test]
    fn only_what_is_long_enough_is_a_passphrase() {
        for code in ["", "123456", "123 456", "rahasia"] {
            assert!(matches!(Brought::of(code), Brought::Code(_)), "{code:?}");
        }
        assert!(matches!(Brought::of("kuda lumping di pasar"), Brought::Phrase(_)));
        let shortest = "x".repeat(PassphraseHash::LEAST);
        assert!(
            matches!(Brought::of(&shortest), Brought::Phrase(_))
                && matches!(Brought::of(&shortest[1..]), Brought::Code(_))
        );
        assert!(matches!(Brought::of("{\"id\":\"\"}"), Brought::Passkey(_)));
    }
}
