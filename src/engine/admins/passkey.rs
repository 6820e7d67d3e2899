//! Passkeys of the people who may act: enrolled at the one-time link beside the code, asked for at the desk. Challenges live in
//! memory alone, for five minutes, each with what it was asked for, and each answers once: an answer that comes a second time,
//! or for anything else, finds none.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::roll::Happened;
use super::{AdminRecord, Matter};
use crate::engine::Engine;
use crate::engine::port::Fault;
use crate::sop::names::Address;
use crate::vault::passkey::{
    Challenge, Desk, PasskeyAuthentication, PasskeyRegistration, challenge_of, vain_challenge,
};
use crate::vault::{AuthenticationResult, Passkey};

/// Keys of one person at most.
const KEYS: usize = 5;
const LIFE: TimeDelta = TimeDelta::minutes(5);
/// Challenges of one person kept at most; beyond it that person's oldest is forgotten, and nobody else's: what is asked for
/// behind a forwarded link, or at the door for somebody, takes no answer from another.
const OF_ONE: usize = 8;
/// Challenges kept at most; beyond it the oldest is forgotten.
const CHALLENGES: usize = 1_000;

/// What is waited for.
enum Awaited {
    Key(Box<PasskeyRegistration>),
    /// For this matter alone.
    Proof(Matter, Box<PasskeyAuthentication>),
}

struct Waiting {
    id: String,
    who: Address,
    until: DateTime<Utc>,
    what: Awaited,
}

/// The challenges that browsers have not answered yet, the oldest first.
#[derive(Default)]
pub struct Challenges(Mutex<Vec<Waiting>>);

impl Challenges {
    fn put(&self, waiting: Waiting, now: DateTime<Utc>) {
        let mut all = self.all();
        all.retain(|waiting| now < waiting.until);
        let own = |other: &Waiting| other.who.same_mailbox(&waiting.who);
        let oldest = if all.iter().filter(|other| own(other)).count() >= OF_ONE {
            all.iter().position(own)
        } else {
            (all.len() >= CHALLENGES).then_some(0)
        };
        if let Some(oldest) = oldest {
            all.remove(oldest);
        }
        all.push(waiting);
    }

    /// Takes a challenge out, for whoever it was made for.
    fn take(&self, answer: &str, who: &Address, now: DateTime<Utc>) -> Option<Awaited> {
        let (id, mut all) = (challenge_of(answer)?, self.all());
        let at = all.iter().position(|waiting| waiting.id == id)?;
        let waiting = all.remove(at);
        (waiting.who.same_mailbox(who) && now < waiting.until).then_some(waiting.what)
    }

    fn all(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AdminRecord {
    pub fn passkeys(&self) -> usize {
        self.passkeys.len()
    }
}

impl Engine {
    /// The desk as authenticators know it; `None` where its address is a number.
    fn relying(&self) -> Option<Desk> {
        Desk::at(&self.office.base_url)
    }

    /// Offers a passkey to whom an enrolment link was made for; `None` where the link is not good or keys cannot be bound here.
    pub async fn offer_passkey(&self, token: &str) -> Result<Option<Value>, Fault> {
        let Some((_, record)) = self.invitation(token).await? else { return Ok(None) };
        let Some(desk) = self.relying() else { return Ok(None) };
        if record.passkeys.len() >= KEYS {
            return Ok(None);
        }
        let blinded = self.keys.index.blind(&["passkey", &record.address.as_str().to_lowercase()]);
        let handle: [u8; 16] = std::array::from_fn(|i| blinded[i]);
        let offered = desk.offer(handle, record.address.as_str(), &record.name, &record.passkeys);
        let Some(Challenge { options, id, state }) = offered else { return Ok(None) };
        self.await_answer(id, &record.address, Awaited::Key(Box::new(state)));
        Ok(Some(options))
    }

    /// Keeps the key a browser made. `None`: the link is not good; false: the answer is not right.
    pub async fn enrol_passkey(&self, token: &str, answer: &str) -> Result<Option<bool>, Fault> {
        let Some((version, mut record)) = self.invitation(token).await? else { return Ok(None) };
        let awaited = self.challenges.take(answer, &record.address, self.clock.now());
        let (Some(Awaited::Key(state)), Some(desk)) = (awaited, self.relying()) else { return Ok(Some(false)) };
        let Some(key) = desk.enrolled(answer, &state) else { return Ok(Some(false)) };
        if record.passkeys.len() >= KEYS || record.passkeys.contains(&key) {
            return Ok(Some(false));
        }
        record.passkeys.push(key);
        record.keyed_at = Some(self.clock.now());
        Ok(Some(self.keep(&record, Some(version), Some(Happened::PasskeyAdded)).await?))
    }

    /// What a browser is asked that wants to prove to be this person, for this matter. Alike for everybody, known or not; `None`
    /// where keys cannot be bound here.
    pub async fn ask_passkey(&self, address: &Address, matter: Matter) -> Result<Option<Value>, Fault> {
        let Some(desk) = self.relying() else { return Ok(None) };
        let known = self.admin(address).await?.map(|(_, record)| record).filter(AdminRecord::is_active);
        let keys: Vec<Passkey> = known.map(|record| record.passkeys).unwrap_or_default();
        let Some(Challenge { options, id, state }) = desk.ask(&keys) else {
            return Ok(Some(desk.question(&vain_challenge(&*self.random))));
        };
        self.await_answer(id, address, Awaited::Proof(matter, Box::new(state)));
        Ok(Some(options))
    }

    /// What a browser's answer proves of this person, before the record says whether its key is still theirs.
    pub(super) fn passkey_proof(
        &self,
        address: &Address,
        answer: &str,
        matter: &Matter,
    ) -> Option<AuthenticationResult> {
        match self.challenges.take(answer, address, self.clock.now())? {
            Awaited::Proof(asked, state) if asked == *matter => self.relying()?.proven(answer, &state),
            Awaited::Proof(..) | Awaited::Key(_) => None,
        }
    }

    fn await_answer(&self, id: String, who: &Address, what: Awaited) {
        let now = self.clock.now();
        self.challenges.put(Waiting { id, who: who.clone(), until: now + LIFE, what }, now);
    }
}
