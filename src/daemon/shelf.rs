//! Mails that cannot be worked on at the moment: the account system does not answer, a case they belong to is damaged.
//! Each is tried again by itself, later and later, and none holds up the next. They stay in the inbox all the while, and
//! whatever fails for longer lies there alone: it is fetched again when its time has come, so that mails that always fail
//! leave room for others.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::dispatch::backoff;
use crate::engine::intake::Patience;
use crate::engine::port::{Arrival, ArrivalBody, Origin};
use crate::vault::Random;

/// Mails and bytes in memory from which on nothing more is taken from the inbox.
const MAILS: usize = 32;
const BYTES: usize = 64 << 20;
/// Failures in a row after which a mail's bytes are let go: what was away for a moment is back by then.
const HOLDING: u32 = 3;
/// At least so often each is tried.
const LONGEST: TimeDelta = TimeDelta::minutes(30);
/// Failures in a row after which a person should look: after a minute or two.
const TELLING: u32 = 5;

/// How a mail fared so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    pub patience: Patience,
    /// In a row.
    pub failures: u32,
}

impl Tried {
    /// Not at all yet.
    pub fn never(patience: Patience) -> Self {
        Self { patience, failures: 0 }
    }
}

/// A mail in memory.
pub struct Shelved {
    pub arrival: Arrival,
    pub tried: Tried,
    due: DateTime<Utc>,
}

/// A mail that is known by where it lies.
struct Left {
    origin: Origin,
    tried: Tried,
    due: DateTime<Utc>,
    /// The inbox is to hand it out again.
    asked_for: bool,
}

/// The mails of one mailbox that failed and wait to be tried again.
#[derive(Default)]
pub struct Shelf {
    held: Vec<Shelved>,
    left: Vec<Left>,
}

impl Shelf {
    pub fn has_room(&self) -> bool {
        self.held.len() < MAILS && self.held.iter().map(|mail| size(&mail.arrival)).sum::<usize>() < BYTES
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.left.is_empty()
    }

    /// Puts a mail by that failed once more. Its bytes are let go where it fails for long, or where there is no room for them.
    pub fn put(&mut self, arrival: Arrival, tried: Tried, now: DateTime<Utc>, random: &dyn Random) {
        let due = now + backoff(tried.failures.saturating_sub(1), random).min(LONGEST);
        if tried.failures < HOLDING && self.has_room() {
            self.held.push(Shelved { arrival, tried, due });
        } else {
            self.left.push(Left { origin: arrival.origin, tried, due, asked_for: false });
        }
    }

    /// Those in memory whose time has come.
    pub fn due(&mut self, now: DateTime<Utc>) -> Vec<Shelved> {
        self.held.extract_if(.., |mail| is_due(mail.due, now)).collect()
    }

    /// Those that the inbox is to hand out again, as many at a time as could be in memory. Whatever `is_there` no more is
    /// forgotten: somebody took it away.
    pub fn ask_for(&mut self, now: DateTime<Utc>, is_there: impl Fn(&Origin) -> bool) -> Vec<Origin> {
        self.left.retain(|mail| is_there(&mail.origin));
        let asked_for = self.left.iter().filter(|mail| mail.asked_for).count();
        let due = self.left.iter_mut().filter(|mail| !mail.asked_for && is_due(mail.due, now));
        due.take(MAILS.saturating_sub(asked_for))
            .map(|mail| {
                mail.asked_for = true;
                mail.origin.clone()
            })
            .collect()
    }

    /// How a mail fared that is handed out again; it lies here no more. `None`: it is new.
    pub fn claim(&mut self, origin: &Origin) -> Option<Tried> {
        let place = self.left.iter().position(|mail| mail.origin == *origin)?;
        Some(self.left.remove(place).tried)
    }

    /// How many failed so often that a person should look.
    fn telling(&self) -> usize {
        let held = self.held.iter().map(|mail| mail.tried);
        held.chain(self.left.iter().map(|mail| mail.tried)).filter(|tried| tried.failures >= TELLING).count()
    }
}

/// Also what was put by while the clock was ahead.
fn is_due(due: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    due <= now || due > now + LONGEST
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
        self.shelved.store(shelf.telling(), Ordering::Relaxed);
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
    use crate::vault::OsRandom;

    pub fn mail(uid: u32, bytes: usize) -> Arrival {
        let origin =
            Origin { mailbox: "utama".into(), folder: "INBOX".into(), uid_validity: 1, uid, name: String::new() };
        Arrival { origin, body: ArrivalBody::Raw(vec![0; bytes]) }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn put(shelf: &mut Shelf, uid: u32, failures: u32) {
        put_at(shelf, uid, failures, now());
    }

    fn put_at(shelf: &mut Shelf, uid: u32, failures: u32, at: DateTime<Utc>) {
        shelf.put(mail(uid, 1), Tried { patience: Patience::Waits, failures }, at, &OsRandom);
    }

    /// How many are tried again at this moment, from memory and from the inbox.
    fn tried(shelf: &mut Shelf, at: DateTime<Utc>) -> (usize, usize) {
        (shelf.due(at).len(), shelf.ask_for(at, |_| true).len())
    }

    #[test]
    fn a_mail_is_tried_later_and_later_and_at_least_every_half_hour() {
        let mut waits = Vec::new();
        for failures in [1, 4, 40] {
            let mut shelf = Shelf::default();
            put(&mut shelf, 1, failures);
            let due = shelf.held.iter().map(|mail| mail.due).chain(shelf.left.iter().map(|mail| mail.due)).min();
            waits.push((due.unwrap() - now()).num_seconds());
            assert_eq!(tried(&mut shelf, now()), (0, 0));
            let again = tried(&mut shelf, now() + TimeDelta::minutes(30));
            assert_eq!(again.0 + again.1, 1);
        }
        assert!((5..=7).contains(&waits[0]) && (40..=54).contains(&waits[1]) && waits[2] == 1_800, "{waits:?}");
    }

    #[test]
    fn t42_what_was_put_by_while_the_clock_was_ahead_is_tried_when_it_is_right_again() {
        let mut shelf = Shelf::default();
        put_at(&mut shelf, 1, 1, now() + TimeDelta::days(20));
        put_at(&mut shelf, 2, HOLDING, now() + TimeDelta::days(20));

        assert_eq!(tried(&mut shelf, now()), (1, 1));
    }

    #[test]
    fn a_shelf_is_full_by_number_or_by_weight() {
        let mut shelf = Shelf::default();
        for uid in 0..31 {
            put(&mut shelf, uid, 1);
        }
        assert!(shelf.has_room());
        put(&mut shelf, 31, 1);
        assert!(!shelf.has_room());
        put(&mut shelf, 32, 1);
        assert_eq!((shelf.held.len(), shelf.left.len()), (32, 1), "what has no room is not held");

        let mut heavy = Shelf::default();
        heavy.put(mail(1, BYTES), Tried { patience: Patience::Waits, failures: 1 }, now(), &OsRandom);
        assert!(!heavy.has_room());
    }

    /// The shelf never let a mail go: with the 32nd that failed for good the mailbox was closed for everybody.
    #[test]
    fn mails_that_fail_for_good_leave_room_for_others_and_are_fetched_again_a_few_at_a_time() {
        let mut shelf = Shelf::default();
        for uid in 0..33 {
            put(&mut shelf, uid, HOLDING);
        }
        assert!(shelf.has_room() && shelf.due(now() + TimeDelta::hours(1)).is_empty());

        let later = now() + TimeDelta::minutes(5);
        let asked = shelf.ask_for(later, |_| true);
        let at_once = shelf.ask_for(later, |_| true);
        let known = shelf.claim(&asked[0]);
        let next = shelf.ask_for(later, |_| true);

        assert_eq!((asked.len(), at_once.len(), next.len()), (MAILS, 0, 1));
        assert_eq!(known, Some(Tried { patience: Patience::Waits, failures: HOLDING }));
        assert_eq!(shelf.claim(&asked[0]), None, "it is one mail");
        assert_eq!(shelf.claim(&mail(99, 1).origin), None);
    }

    #[test]
    fn what_somebody_took_out_of_the_inbox_is_forgotten() {
        let mut shelf = Shelf::default();
        put(&mut shelf, 1, TELLING);
        put(&mut shelf, 2, TELLING);

        let asked = shelf.ask_for(now(), |origin| origin.uid != 1);

        assert!(asked.is_empty(), "the other's time has not come");
        assert_eq!(shelf.telling(), 1);
    }

    #[test]
    fn a_person_is_told_of_what_fails_again_and_again_and_of_each_mail_once() {
        let (mut shelf, told) = (Shelf::default(), Shelving::default());
        put(&mut shelf, 1, 4);
        put(&mut shelf, 2, 5);
        told.tell(&shelf);
        assert_eq!(told.count(), 1);
        told.withheld(2);
        assert_eq!(told.count(), 3);

        let later = now() + TimeDelta::minutes(5);
        let asked = shelf.ask_for(later, |_| true);
        told.tell(&shelf);
        assert_eq!((asked.len(), told.count()), (2, 3), "it is told of while it is fetched");
        let tried = shelf.claim(&mail(2, 1).origin).unwrap();
        put_at(&mut shelf, 2, tried.failures + 1, later);
        told.tell(&shelf);
        assert_eq!(told.count(), 3, "it came back, failed once more, and is one mail");
    }
}
