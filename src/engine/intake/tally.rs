//! How much came in today, by sender, domain, account and in all, and how often a machine answered an address. What is
//! beyond the limits is put aside unworked and unanswered, and told to the admins in a digest (THREATS rows 18 and 19).
//! Other machines' mail, which starts nothing, has a limit too: beyond it, it is counted and leaves no record of its own.
//!
//! Mail without proof of its sender has a count of its own: whoever forges an address uses up nothing of its owner's, nor does
//! it where the office asks for no proof. Those who write from a free mail service have nothing in common that is counted.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::engine::codec;
use crate::engine::port::Fault;
use crate::engine::store::DocumentWrite;
use crate::sop::case::{Case, LetterRecord};
use crate::sop::names::{Address, UserId};

/// How much a mailbox takes in a day of the office's zone; 0: no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayLimits {
    pub per_sender: u32,
    pub per_domain: u32,
    /// New requests about one account, also about one that does not exist.
    pub per_account: u32,
    /// Mails whose sender is proven, or need not be.
    pub per_day: u32,
    /// Mails without proof of their sender: each of them is put before an admin.
    pub unproven_per_day: u32,
    /// Mails that say a machine wrote them, and that are noted one by one.
    #[serde(default)]
    pub automatic_per_day: u32,
    /// Letters that answer one address without a person's doing.
    pub answers_per_address: u32,
}

impl Default for DayLimits {
    fn default() -> Self {
        Self {
            per_sender: 20,
            per_domain: 200,
            per_account: 5,
            per_day: 1000,
            unproven_per_day: 100,
            automatic_per_day: 500,
            answers_per_address: 10,
        }
    }
}

/// Names counted one by one; all others of a day share one count, so that a day's record stays small.
const NAMES: usize = 10_000;
const OTHERS: &str = "…";
/// The same letter of a case answers an address at most once in this time.
const PAUSE: TimeDelta = TimeDelta::hours(1);

/// The first digest of a flood collects for so long.
pub const DIGEST_AFTER: TimeDelta = TimeDelta::hours(1);

const FAMILY: &str = "mail_day";

/// How a sender stands to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Unproven(Domain),
    /// Without proof, where the office asks for none: counts against the day like a proven one, and not in its owner's name.
    Unasked(Domain),
    Proven(Domain),
    /// Proven, and writes in an open case of their own: counts against nothing but their own share.
    AtHome,
}

/// What those who write from one mail domain have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// An office, and a share of the day.
    Office,
    /// Nothing: anybody can have an address there, and a few people's flood is not the others'.
    FreeMail,
}

impl Standing {
    fn is_proven(self) -> bool {
        matches!(self, Self::Proven(_) | Self::AtHome)
    }

    fn shares_domain(self) -> bool {
        match self {
            Self::Unproven(domain) | Self::Unasked(domain) | Self::Proven(domain) => domain == Domain::Office,
            Self::AtHome => false,
        }
    }
}

/// What a request asks about, as a day counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    Account(UserId),
    /// No account that exists: a keyed hash of what was asked for.
    Nobody(String),
}

/// One mailbox's day.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// With those that need no proof.
    proven: u32,
    unproven: u32,
    senders: BTreeMap<String, u32>,
    domains: BTreeMap<String, u32>,
    accounts: BTreeMap<String, u32>,
    /// Apart from the accounts, so that invented ones take up no room of theirs.
    nobody: BTreeMap<String, u32>,
    answered: BTreeMap<String, u32>,
    automatic: u32,
    /// Machines' mails beyond their limit.
    pub passed_over: u32,
    /// Mails put aside.
    pub beyond: u32,
    /// When the first one was put aside or passed over.
    began: Option<DateTime<Utc>>,
    /// Those put aside or passed over after the first digest.
    pub late: u32,
}

impl Tally {
    /// Counts a mail, unless one of its limits is reached: then it takes up no room of anybody else's.
    pub fn admits(&mut self, sender: Option<&Address>, standing: Standing, limits: &DayLimits) -> bool {
        if !self.has_room(sender, standing, limits) {
            return false;
        }
        let (address, domain) = names(sender, standing);
        count(&mut self.senders, &address, limits.per_sender);
        let total = match standing {
            Standing::AtHome => return true,
            Standing::Proven(_) | Standing::Unasked(_) => &mut self.proven,
            Standing::Unproven(_) => &mut self.unproven,
        };
        *total = total.saturating_add(1);
        if standing.shares_domain() {
            count(&mut self.domains, &domain, limits.per_domain);
        }
        true
    }

    pub fn has_room(&self, sender: Option<&Address>, standing: Standing, limits: &DayLimits) -> bool {
        let (address, domain) = names(sender, standing);
        let day = match standing {
            Standing::AtHome => true,
            Standing::Proven(_) | Standing::Unasked(_) => is_free(self.proven, limits.per_day),
            Standing::Unproven(_) => is_free(self.unproven, limits.unproven_per_day),
        };
        let others = !standing.shares_domain() || is_free(counted(&self.domains, &domain), limits.per_domain);
        day && others && is_free(counted(&self.senders, &address), limits.per_sender)
    }

    /// Counts a new request about an account, unless the account had its share. What its owner is proven to have written
    /// (`own`) has a share of its own: nobody shuts them out by asking in their place.
    pub fn admits_about(&mut self, about: &About, own: bool, limits: &DayLimits) -> bool {
        let (counts, name) = match about {
            About::Account(id) => (&mut self.accounts, format!("{}{}", if own { "=" } else { "" }, id.folded())),
            About::Nobody(asked) => (&mut self.nobody, asked.clone()),
        };
        let room = is_free(counted(counts, &name), limits.per_account);
        if room {
            count(counts, &name, limits.per_account);
        }
        room
    }

    /// Counts a machine's mail, unless the machines had their share.
    pub fn admits_automatic(&mut self, limits: &DayLimits) -> bool {
        let room = is_free(self.automatic, limits.automatic_per_day);
        if room {
            self.automatic = self.automatic.saturating_add(1);
        }
        room
    }

    /// Counts a machine's mail beyond their share; whether the day's digests begin with it.
    pub fn pass_over(&mut self, now: DateTime<Utc>) -> bool {
        self.passed_over = self.passed_over.saturating_add(1);
        self.is_first(now)
    }

    /// Counts a mail put aside; whether the day's digests begin with it.
    pub fn put_aside(&mut self, now: DateTime<Utc>) -> bool {
        self.beyond = self.beyond.saturating_add(1);
        self.is_first(now)
    }

    fn is_first(&mut self, now: DateTime<Utc>) -> bool {
        let first = self.began.is_none();
        let began = *self.began.get_or_insert(now);
        if now >= began + DIGEST_AFTER {
            self.late = self.late.saturating_add(1);
        }
        first
    }

    /// Counts an answer to an address, unless it had its share, or this very letter of the case within the hour; then
    /// says when it may be answered again.
    pub fn may_answer(
        &mut self,
        case: &Case,
        kind: &str,
        to: &Address,
        now: DateTime<Utc>,
        limits: &DayLimits,
    ) -> Result<(), DateTime<Utc>> {
        let same = |letter: &&LetterRecord| letter.kind == kind && letter.to.iter().any(|known| known.same_mailbox(to));
        let lately = case.letters.iter().filter(same).map(|letter| letter.queued_at + PAUSE).max();
        let name = to.as_str().to_lowercase();
        if !is_free(counted(&self.answered, &name), limits.answers_per_address) {
            return Err(now + TimeDelta::days(1));
        }
        if let Some(again) = lately.filter(|again| now < *again) {
            return Err(again);
        }
        count(&mut self.answered, &name, limits.answers_per_address);
        Ok(())
    }

    /// The sender most was taken of, once they reached their limit.
    pub fn loudest(&self, limits: &DayLimits) -> Option<String> {
        let (name, count) = self.senders.iter().max_by_key(|(_, count)| **count)?;
        (!is_free(*count, limits.per_sender)).then(|| name.trim_start_matches('?').to_owned())
    }
}

/// Under which address and domain a mail is counted.
fn names(sender: Option<&Address>, standing: Standing) -> (String, String) {
    let mark = if standing.is_proven() { "" } else { "?" };
    let name = |text: &str| format!("{mark}{}", text.to_lowercase());
    (name(sender.map(Address::as_str).unwrap_or_default()), name(sender.map(Address::domain).unwrap_or_default()))
}

fn is_free(count: u32, limit: u32) -> bool {
    limit == 0 || count < limit
}

fn counted(counts: &BTreeMap<String, u32>, name: &str) -> u32 {
    let others = || (counts.len() >= NAMES).then(|| counts.get(OTHERS)).flatten();
    counts.get(name).or_else(others).copied().unwrap_or(0)
}

/// What has no limit is not counted.
fn count(counts: &mut BTreeMap<String, u32>, name: &str, limit: u32) {
    if limit == 0 {
        return;
    }
    let own = counts.contains_key(name) || counts.len() < NAMES;
    let count = counts.entry(if own { name } else { OTHERS }.to_owned()).or_default();
    *count = count.saturating_add(1);
}

/// The day of a mailbox as its record is named, such as `2026-11-10:permohonan`.
pub fn day(engine: &Engine, mailbox: &str, at: DateTime<Utc>) -> String {
    format!("{}:{mailbox}", at.with_timezone(&engine.office.zone).date_naive())
}

/// A day's record and its version; an empty one where nothing came in yet.
pub async fn load(engine: &Engine, day: &str) -> Result<(u64, Tally), Fault> {
    match engine.memo(FAMILY, day).await? {
        Some(document) => Ok((document.version, codec::decode(&document.bytes, "a day's count of mail")?)),
        None => Ok((0, Tally::default())),
    }
}

/// What keeps the record; whoever counted meanwhile makes it be counted again. A new day takes an old one away.
pub fn keep(engine: &Engine, mailbox: &str, at: DateTime<Utc>, version: u64, tally: &Tally) -> Vec<DocumentWrite> {
    let write = |id: String, expected_version, bytes| DocumentWrite {
        office: engine.office.id.clone(),
        family: FAMILY.to_owned(),
        id,
        expected_version,
        bytes,
    };
    let mut writes = vec![write(day(engine, mailbox, at), Some(version), Some(codec::encode(tally)))];
    if version == 0 {
        // A digest may still be on its way for yesterday.
        writes.extend((2..9).map(|days| write(day(engine, mailbox, at - TimeDelta::days(days)), None, None)));
    }
    writes
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
