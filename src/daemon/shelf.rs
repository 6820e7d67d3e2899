//! Mails that cannot be worked on at the moment: the account system does not answer, a case they belong to is damaged.
//! Each is tried again by itself, later and later, and none holds up the next. They stay in the inbox all the while.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::dispatch::backoff;
use crate::engine::intake::Patience;
use crate::engine::port::{Arrival, ArrivalBody};
use crate::vault::Random;

/// Mails and bytes from which on nothing more is taken from the inbox.
const MAILS: usize = 32;
const BYTES: usize = 64 << 20;
/// At least so often each is tried.
const LONGEST: TimeDelta = TimeDelta::minutes(30);
/// Failures in a row after which a person should look: after a minute or two.
const TELLING: u32 = 5;

pub struct Shelved {
    pub arrival: Arrival,
    pub patience: Patience,
    pub failures: u32,
    due: DateTime<Utc>,
}

#[derive(Default)]
pub struct Shelf(Vec<Shelved>);

impl Shelf {
    pub fn has_room(&self) -> bool {
        self.0.len() < MAILS && self.0.iter().map(|mail| size(&mail.arrival)).sum::<usize>() < BYTES
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a mail by after so many failures in a row.
    pub fn put(
        &mut self,
        arrival: Arrival,
        patience: Patience,
        failures: u32,
        now: DateTime<Utc>,
        random: &dyn Random,
    ) {
        let due = now + backoff(failures.saturating_sub(1), random).min(LONGEST);
        self.0.push(Shelved { arrival, patience, failures, due });
    }

    /// Those whose time has come; also those put by while the clock was ahead.
    pub fn due(&mut self, now: DateTime<Utc>) -> Vec<Shelved> {
        self.0.extract_if(.., |mail| mail.due <= now || mail.due > now + LONGEST).collect()
    }
}

/// How many mails wait for so long that a person should look: on the shelf, as its loop tells, or at the server that does not hand
/// them over.
#[derive(Default)]
pub struct Shelving {
    shelved: AtomicUsize,
    withheld: AtomicUsize,
}

impl Shelving {
    pub fn tell(&self, shelf: &Shelf) {
        self.shelved.store(shelf.0.iter().filter(|mail| mail.failures >= TELLING).count(), Ordering::Relaxed);
    }

    pub fn withheld(&self, mails: usize) {
        self.withheld.store(mails, Ordering::Relaxed);
    }

    pub fn count(&self) -> usize {
        self.shelved.load(Ordering::Relaxed) + self.withheld.load(Ordering::Relaxed)
    }
}

/// Bytes that a mail holds in memory.
pub fn size(arrival: &Arrival) -> usize {
    match &arrival.body {
        ArrivalBody::Raw(bytes) => bytes.len(),
        ArrivalBody::TooLarge { header, .. } => header.len(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::port::Origin;
    use crate::vault::OsRandom;

    pub fn mail(uid: u32, bytes: usize) -> Arrival {
        let origin =
            Origin { mailbox: "utama".into(), folder: "INBOX".into(), uid_validity: 1, uid, name: String::new() };
        Arrival { origin, body: ArrivalBody::Raw(vec![0; bytes]) }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    #[test]
    fn a_mail_is_tried_later_and_later_and_at_least_every_half_hour() {
        let mut waits = Vec::new();
        for failures in [1, 4, 40] {
            let mut shelf = Shelf::default();
            shelf.put(mail(1, 1), Patience::Waits, failures, now(), &OsRandom);
            waits.push((shelf.0[0].due - now()).num_seconds());
            assert!(shelf.due(now()).is_empty());
            assert_eq!(shelf.due(now() + TimeDelta::minutes(30)).len(), 1);
            assert!(shelf.is_empty());
        }
        assert!((5..=7).contains(&waits[0]) && (40..=54).contains(&waits[1]) && waits[2] == 1_800, "{waits:?}");
    }

    #[test]
    fn t42_what_was_put_by_while_the_clock_was_ahead_is_tried_when_it_is_right_again() {
        let mut shelf = Shelf::default();
        shelf.put(mail(1, 1), Patience::Waits, 1, now() + TimeDelta::days(20), &OsRandom);

        assert_eq!(shelf.due(now()).len(), 1);
    }

    #[test]
    fn a_shelf_is_full_by_number_or_by_weight() {
        let mut shelf = Shelf::default();
        for uid in 0..31 {
            shelf.put(mail(uid, 1), Patience::Waits, 1, now(), &OsRandom);
        }
        assert!(shelf.has_room());
        shelf.put(mail(31, 1), Patience::Waits, 1, now(), &OsRandom);
        assert!(!shelf.has_room());

        let mut heavy = Shelf::default();
        heavy.put(mail(1, BYTES), Patience::Waits, 1, now(), &OsRandom);
        assert!(!heavy.has_room());
    }

    #[test]
    fn a_person_is_told_of_what_fails_again_and_again() {
        let (mut shelf, told) = (Shelf::default(), Shelving::default());
        shelf.put(mail(1, 1), Patience::Waits, 4, now(), &OsRandom);
        shelf.put(mail(2, 1), Patience::Waits, 5, now(), &OsRandom);
        told.tell(&shelf);
        assert_eq!(told.count(), 1);
        told.withheld(2);
        assert_eq!(told.count(), 3);
    }
}
