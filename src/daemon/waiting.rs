//! Mails that could not be decided on at once, because a sender's domain did not answer. A name server that is away says
//! nothing about a mail, so it is looked at again for a while; but whoever runs a domain can keep it silent, so the room is
//! small and nobody stays for long.

use chrono::{DateTime, TimeDelta, Utc};

use super::shelf::size;
use crate::engine::intake::Patience;
use crate::engine::port::{Arrival, Folder, Origin};

/// Mails and bytes that may wait at a time.
const SEATS: usize = 32;
const BYTES: usize = 64 << 20;
/// How long a mail may wait.
const LONGEST: TimeDelta = TimeDelta::hours(1);

#[derive(Default)]
pub struct WaitingRoom {
    mails: Vec<(Arrival, DateTime<Utc>)>,
    /// Of mails that were called and may come back: since when they wait.
    since: Vec<(Origin, DateTime<Utc>)>,
}

impl WaitingRoom {
    pub fn is_empty(&self) -> bool {
        self.mails.is_empty()
    }

    /// Keeps what is not on record and may wait. Returns what may not: a seat for it would be one beyond the bound.
    pub fn keep(
        &mut self,
        batch: Vec<Arrival>,
        filed: &[(Origin, Folder)],
        patience: Patience,
        now: DateTime<Utc>,
    ) -> Vec<Arrival> {
        let mut turned_away = Vec::new();
        for arrival in batch {
            let known = self.since.iter().position(|(origin, _)| *origin == arrival.origin);
            let since = known.map_or(now, |at| self.since.swap_remove(at).1);
            if filed.iter().any(|(origin, _)| *origin == arrival.origin) {
                continue;
            }
            match patience {
                Patience::Waits => self.mails.push((arrival, since)),
                Patience::Over => turned_away.push(arrival),
            }
        }
        turned_away
    }

    /// Those for whom there is neither seat nor room: nothing waits for them.
    pub fn surplus(&mut self) -> Vec<Arrival> {
        let mut bytes = 0;
        let seated = self.mails.iter().take(SEATS).take_while(|(arrival, _)| {
            bytes += size(arrival);
            bytes <= BYTES
        });
        let seats = seated.count();
        self.mails.split_off(seats).into_iter().map(|(arrival, _)| arrival).collect()
    }

    /// Everybody, to be looked at again: those who may wait on, and those who may not.
    pub fn call(&mut self, now: DateTime<Utc>) -> Vec<(Vec<Arrival>, Patience)> {
        let (mut patient, mut over) = (Vec::new(), Vec::new());
        for (arrival, since) in self.mails.drain(..) {
            // Nobody waits since a time to come: the clock was ahead.
            let since = since.min(now);
            if now - since < LONGEST {
                self.since.push((arrival.origin.clone(), since));
                patient.push(arrival);
            } else {
                over.push(arrival);
            }
        }
        let batches = [(patient, Patience::Waits), (over, Patience::Over)];
        batches.into_iter().filter(|(batch, _)| !batch.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::shelf::tests::mail;

    fn minute(n: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + n * 60, 0).unwrap()
    }

    fn called(room: &mut WaitingRoom, now: DateTime<Utc>) -> Vec<(usize, Patience)> {
        let batches = room.call(now);
        let counts = batches.iter().map(|(batch, patience)| (batch.len(), *patience)).collect();
        for (batch, patience) in batches {
            if patience == Patience::Waits {
                room.keep(batch, &[], patience, now);
            }
        }
        counts
    }

    #[test]
    fn a_mail_is_looked_at_again_and_waits_no_longer_than_an_hour() {
        let mut room = WaitingRoom::default();
        let filed = [(mail(2, 0).origin, Folder::Processed)];
        room.keep(vec![mail(1, 0), mail(2, 0)], &filed, Patience::Waits, minute(0));

        assert_eq!(called(&mut room, minute(1)), [(1, Patience::Waits)]);
        assert_eq!(called(&mut room, minute(59)), [(1, Patience::Waits)]);
        assert_eq!(called(&mut room, minute(60)), [(1, Patience::Over)]);
        assert!(room.is_empty());
    }

    #[test]
    fn t42_a_clock_that_was_ahead_lets_nobody_wait_longer() {
        let mut room = WaitingRoom::default();
        room.keep(vec![mail(1, 0)], &[], Patience::Waits, minute(30_000));

        assert_eq!(called(&mut room, minute(0)), [(1, Patience::Waits)]);
        assert_eq!(called(&mut room, minute(60)), [(1, Patience::Over)]);
    }

    #[test]
    fn whoever_keeps_a_domain_silent_cannot_fill_the_room() {
        let mut room = WaitingRoom::default();
        room.keep((0..100).map(|uid| mail(uid, 0)).collect(), &[], Patience::Waits, minute(0));
        let surplus = room.surplus();
        assert_eq!(surplus.len(), 100 - SEATS, "at once, not at the next call");
        let unfiled = room.keep(surplus, &[], Patience::Over, minute(0));
        assert_eq!(unfiled.len(), 100 - SEATS, "whoever comes back unfiled gets no seat");
        assert_eq!(called(&mut room, minute(1)), [(SEATS, Patience::Waits)]);

        let mut heavy = WaitingRoom::default();
        heavy.keep((0..3).map(|uid| mail(uid, BYTES / 2)).collect(), &[], Patience::Waits, minute(0));
        assert_eq!(heavy.surplus().len(), 1);
    }
}
