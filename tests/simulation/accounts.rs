//! The account system over the world: it may be cut off, answer late, refuse for good or leave the work to a person, and does
//! each thing it is asked for once.

use chrono::{DateTime, TimeDelta, Utc};
use loket::engine::port::*;
use loket::sop::account::Account;
use loket::sop::names::UserId;
use loket::vault::sha256_hex;

use super::ports::{Answer, Port};
use super::refused::Stance;
use super::world::{Luck, Ordered, World, cut};

/// A reset takes effect so long after it was begun, or never.
const SETTLES_WITHIN: TimeDelta = TimeDelta::minutes(2);

impl AccountDriver for Port {
    fn abilities(&self) -> Abilities {
        Abilities { by_hand: false, force_change: true, read_back: true }
    }

    fn settles_within(&self) -> TimeDelta {
        SETTLES_WITHIN
    }

    fn look_up<'a>(&'a self, query: &'a Query) -> Answer<'a, Vec<Account>> {
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "look up").await;
            self.world.done(self.daemon, luck).await;
            match luck {
                Luck::Cut | Luck::LostAnswer => Err(cut()),
                _ => self.found(query),
            }
        })
    }

    fn reset<'a>(&'a self, order: ResetOrder<'a>) -> Answer<'a, ResetOutcome> {
        let key = order.idempotency_key.to_owned();
        let password = sha256_hex(order.temporary_password.as_bytes());
        let ordered = Ordered { user_id: order.user_id.clone(), password, until: order.expires_at };
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "reset").await;
            if self.world.lock().fenced.contains(&key) {
                return Err(Fault::permanent("it was said that this never happened, so it never does"));
            }
            {
                let (number, decision, _) = super::judge::decision_of(&key);
                let mut inside = self.world.lock();
                inside.keys.insert((number, decision), key.clone());
                inside.ordered.insert(key.clone(), ordered);
            }
            if luck == Luck::Cut {
                return Err(cut());
            }
            let answer = self.answered(&key, order.user_id);
            if matches!(answer, Ok(ResetOutcome::Done | ResetOutcome::SystemSentLink)) {
                // Where nobody hears the answer, half of them land only later.
                let late = luck != Luck::Well && self.world.lock().lot.one_in(2);
                if late {
                    self.world.lock().on_their_way.push(key);
                } else {
                    self.world.reset(&key);
                }
            }
            self.world.done(self.daemon, luck).await;
            match luck {
                Luck::LostAnswer => Err(Fault::unknown("no answer from the account system")),
                _ => answer,
            }
        })
    }

    fn read_back<'a>(&'a self, key: &'a str, _: &'a UserId) -> Answer<'a, Option<Fate>> {
        Box::pin(async move {
            let asked = self.now();
            let luck = self.world.turn(self.daemon, "read back").await;
            self.world.done(self.daemon, luck).await;
            match luck {
                Luck::Cut | Luck::LostAnswer => Err(cut()),
                _ => Ok(self.world.read_back(key, asked)),
            }
        })
    }

    fn probe(&self) -> Answer<'_, String> {
        Box::pin(async { Ok(String::new()) })
    }
}

impl Port {
    /// Now and then the look-up is refused for good, which is no word about the account.
    fn found(&self, query: &Query) -> Result<Vec<Account>, Fault> {
        let mut inside = self.world.lock();
        if inside.faults && inside.lot.one_in(40) {
            return Err(Fault::permanent("the account system does not permit this look-up"));
        }
        let mut found = self.accounts.look_up(query);
        found.retain(|account| inside.stance(&account.user_id) != Some(Stance::NoSuchAccount));
        Ok(found)
    }

    /// What the account system makes of a reset.
    fn answered(&self, key: &str, user_id: &UserId) -> Result<ResetOutcome, Fault> {
        let mut inside = self.world.lock();
        let stance = inside.stance(user_id);
        inside.tell(|| format!("{key} is ordered, and the account system stands at {stance:?}"));
        match stance {
            None => Ok(ResetOutcome::Done),
            Some(Stance::NotPermitted) => {
                inside.counts.denied += 1;
                Err(Fault::permanent("the account system does not permit this reset"))
            }
            Some(Stance::NoSuchAccount) => {
                inside.counts.denied += 1;
                Ok(ResetOutcome::NotFound)
            }
            Some(Stance::MailsALink) => {
                inside.counts.links += 1;
                inside.linked.insert(key.to_owned());
                Ok(ResetOutcome::SystemSentLink)
            }
            Some(Stance::ByHand) => {
                inside.handed.insert(key.to_owned());
                Ok(ResetOutcome::ByHand)
            }
        }
    }
}

impl World {
    /// The account system sets a password; for one decision never twice, and never for one that is believed not to have
    /// happened.
    pub fn reset(&self, key: &str) {
        let mut inside = self.lock();
        inside.tell(|| format!("{key} is reset"));
        inside.counts.resets += 1;
        let times = inside.resets.entry(key.to_owned()).or_default();
        *times += 1;
        assert_eq!(*times, 1, "{key} was reset twice");
        super::judge::reset(self, &inside, key);
    }

    /// What the account system answers. One that knows its calls cannot tell of one that is on its way. Another says no at
    /// first, and for good once nothing can land any more.
    fn read_back(&self, key: &str, asked: DateTime<Utc>) -> Option<Fate> {
        let mut inside = self.lock();
        if inside.handed.contains(key) {
            return None;
        }
        if inside.resets.contains_key(key) {
            return Some(if inside.linked.contains(key) { Fate::SystemSentLink } else { Fate::Done });
        }
        if inside.knows && inside.on_their_way.iter().any(|other| other == key) {
            return None;
        }
        let begun = super::judge::begun(self, &inside, key);
        if inside.knows || begun.is_none_or(|begun| asked >= begun + SETTLES_WITHIN) {
            inside.on_their_way.retain(|other| other != key);
            inside.fenced.insert(key.to_owned());
        }
        Some(Fate::NeverHappened)
    }

    /// A call whose dispatcher is gone takes effect.
    pub fn land(&self) {
        let landing = {
            let mut inside = self.lock();
            (!inside.on_their_way.is_empty()).then(|| inside.on_their_way.remove(0))
        };
        landing.into_iter().for_each(|key| self.reset(&key));
    }
}
