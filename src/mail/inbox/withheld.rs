//! Mails that are there and could not be brought over. None is ever given up: each rests, longer each time, is tried again, and
//! stays in the inbox meanwhile; none holds up the next. A person is told how many there are.

use std::collections::HashMap;
use std::hash::Hash;

use tokio::time::Instant;

use super::backoff::{self, Patience};

/// Failures in a row after which a person should look: after about a minute.
const TELLING: u32 = 7;

struct Rest {
    failures: u32,
    until: Instant,
}

/// By what a mail is known in its mailbox.
pub(super) struct Withheld<K> {
    patience: Patience,
    mails: HashMap<K, Rest>,
}

impl<K: Eq + Hash> Withheld<K> {
    pub fn new(patience: Patience) -> Self {
        Self { patience, mails: HashMap::new() }
    }

    /// A mail could not be brought over.
    pub fn failed(&mut self, mail: K, now: Instant) {
        let rest = self.mails.entry(mail).or_insert(Rest { failures: 0, until: now });
        rest.failures = rest.failures.saturating_add(1);
        rest.until = now + self.patience.pause_after(rest.failures, backoff::chance());
    }

    /// A mail came after all, or is gone.
    pub fn done(&mut self, mail: &K) {
        self.mails.remove(mail);
    }

    /// Forgets mails that somebody took away, after a look at everything that is there.
    pub fn keep(&mut self, is_there: impl Fn(&K) -> bool) {
        self.mails.retain(|mail, _| is_there(mail));
    }

    pub fn clear(&mut self) {
        self.mails.clear();
    }

    /// How often in a row it failed.
    pub fn failures(&self, mail: &K) -> u32 {
        self.mails.get(mail).map_or(0, |rest| rest.failures)
    }

    pub fn rests(&self, mail: &K, now: Instant) -> bool {
        self.mails.get(mail).is_some_and(|rest| rest.until > now)
    }

    /// When the next rest is over, of those that are not yet.
    pub fn next(&self, now: Instant) -> Option<Instant> {
        self.mails.values().map(|rest| rest.until).filter(|until| *until > now).min()
    }

    /// How many failed so often that a person should look.
    pub fn telling(&self) -> usize {
        self.mails.values().filter(|rest| rest.failures >= TELLING).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_rests_longer_each_time_and_never_more_than_five_minutes() {
        let (mut withheld, now) = (Withheld::new(Patience::default()), Instant::now());
        let mut rests = Vec::new();
        for _ in 0..12 {
            withheld.failed("a", now);
            rests.push((withheld.next(now).unwrap() - now).as_secs_f64());
        }

        assert!((0.5..=1.0).contains(&rests[0]) && (4.0..=8.0).contains(&rests[3]), "{rests:?}");
        assert!((150.0..=300.0).contains(&rests[11]), "{rests:?}");
        let later = now + Patience::default().longest_pause;
        assert!(withheld.rests(&"a", now) && !withheld.rests(&"a", later));
        assert_eq!(withheld.next(later), None);
    }

    #[test]
    fn a_person_is_told_of_what_failed_again_and_again_until_it_came() {
        let (mut withheld, now) = (Withheld::new(Patience::default()), Instant::now());
        (1..TELLING).for_each(|_| withheld.failed(7, now));
        assert_eq!((withheld.telling(), withheld.failures(&7)), (0, TELLING - 1));

        withheld.failed(7, now);
        assert_eq!(withheld.telling(), 1);

        withheld.done(&7);
        assert_eq!((withheld.telling(), withheld.failures(&7)), (0, 0));
    }
}
