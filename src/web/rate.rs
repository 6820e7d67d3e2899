//! How often one address, one link, and all together, may guess: a token bucket each, with bounded memory. A try is charged when
//! it begins and refunded when it was right, so that parallel guesses gain nothing and honest work costs nothing. Who was right
//! lately, or holds a good link, does not wait for the others: else a few dozen guessing networks could keep everybody out.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Buckets kept at most; beyond it the fullest is forgotten, and last who is known.
const KEPT: usize = 4_096;
/// How long one right answer frees an address from waiting for all the others.
const KNOWN: TimeDelta = TimeDelta::hours(12);

/// A bucket's size, and how it fills.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Tries in a row.
    pub burst: f64,
    /// Tries a second in the long run.
    pub per_second: f64,
}

/// What may be guessed at: codes, tokens, NIPs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    pub each: Rate,
    pub all: Rate,
}

impl Limits {
    /// For what stands behind one good link, from wherever it is guessed at: a code of six digits that lives for four days is
    /// met with a chance of one in a thousand. Nothing is burnt: whoever waits may try again.
    pub const OF_A_LINK: Self =
        Self { each: Rate { burst: 10.0, per_second: 10.0 / 3_600.0 }, all: Rate { burst: 200.0, per_second: 5.0 } };
}

impl Default for Limits {
    fn default() -> Self {
        Self { each: Rate { burst: 20.0, per_second: 0.2 }, all: Rate { burst: 200.0, per_second: 5.0 } }
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tries: f64,
    seen: DateTime<Utc>,
    right: Option<DateTime<Utc>>,
}

impl Bucket {
    fn is_known(&self) -> bool {
        self.right.is_some_and(|right| self.seen - right < KNOWN)
    }
}

struct Buckets<K> {
    each: HashMap<K, Bucket>,
    all: Option<Bucket>,
}

/// All buckets of a kind: of addresses ([`network`]), or of links.
pub struct Guard<K> {
    limits: Limits,
    buckets: Mutex<Buckets<K>>,
}

impl<K: Copy + Eq + Hash> Guard<K> {
    pub fn new(limits: Limits) -> Self {
        Self { limits, buckets: Mutex::new(Buckets { each: HashMap::new(), all: None }) }
    }

    /// Charges one try to `whom`. `Err`: seconds until the next may be made.
    pub fn charge(&self, whom: K, now: DateTime<Utc>) -> Result<(), u64> {
        self.charge_as(whom, false, now)
    }

    /// The same without waiting for the others, and without counting among them.
    pub fn charge_alone(&self, whom: K, now: DateTime<Utc>) -> Result<(), u64> {
        self.charge_as(whom, true, now)
    }

    fn charge_as(&self, whom: K, alone: bool, now: DateTime<Utc>) -> Result<(), u64> {
        let mut buckets = self.buckets();
        let mut all = filled(buckets.all, self.limits.all, now);
        let mut each = filled(buckets.each.get(&whom).copied(), self.limits.each, now);
        let alone = alone || each.is_known();
        let others = if alone { 0 } else { wait(&all, self.limits.all) };
        let wait = wait(&each, self.limits.each).max(others);
        if wait == 0 {
            each.tries -= 1.0;
            all.tries -= if alone { 0.0 } else { 1.0 };
        }
        make_room(&mut buckets.each, self.limits.each, now);
        buckets.each.insert(whom, each);
        buckets.all = Some(all);
        if wait == 0 { Ok(()) } else { Err(wait) }
    }

    /// Gives a try back that was no guess, and knows whom from now on.
    pub fn refund(&self, whom: K, now: DateTime<Utc>) {
        let mut buckets = self.buckets();
        let Some(each) = buckets.each.get_mut(&whom) else { return };
        let was_charged_to_all = !each.is_known();
        each.tries = (each.tries + 1.0).min(self.limits.each.burst);
        each.right = Some(now);
        if let Some(all) = buckets.all.as_mut().filter(|_| was_charged_to_all) {
            all.tries = (all.tries + 1.0).min(self.limits.all.burst);
        }
    }

    /// Knows whom from now on, as after a right answer.
    pub fn know(&self, whom: K, now: DateTime<Utc>) {
        if let Some(each) = self.buckets().each.get_mut(&whom) {
            each.right = Some(now);
        }
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets<K>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock set back fills nothing.
fn filled(bucket: Option<Bucket>, rate: Rate, now: DateTime<Utc>) -> Bucket {
    let Some(bucket) = bucket else { return Bucket { tries: rate.burst, seen: now, right: None } };
    let seconds = (now - bucket.seen).as_seconds_f64().max(0.0);
    Bucket { tries: (bucket.tries + seconds * rate.per_second).min(rate.burst), seen: now, ..bucket }
}

/// Whole seconds until a try is there; 0 where one is.
fn wait(bucket: &Bucket, rate: Rate) -> u64 {
    if bucket.tries >= 1.0 {
        return 0;
    }
    ((1.0 - bucket.tries) / rate.per_second.max(0.001)).ceil().clamp(1.0, 3_600.0) as u64
}

/// What counts as one address: an IPv6 customer holds a whole /64.
pub fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

fn make_room<K: Copy + Eq + Hash>(each: &mut HashMap<K, Bucket>, rate: Rate, now: DateTime<Utc>) {
    if each.len() < KEPT {
        return;
    }
    each.values_mut().for_each(|bucket| *bucket = filled(Some(*bucket), rate, now));
    each.retain(|_, bucket| bucket.is_known() || bucket.tries < rate.burst);
    while each.len() >= KEPT {
        let rank = |bucket: &Bucket| (bucket.is_known(), -bucket.tries);
        let spare = each.iter().min_by(|a, b| rank(a.1).partial_cmp(&rank(b.1)).unwrap_or(Ordering::Equal));
        let Some(whom) = spare.map(|(whom, _)| *whom) else { return };
        each.remove(&whom);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_794_000_000 + second, 0).expect("the test's seconds are in range")
    }

    fn guard() -> Guard<IpAddr> {
        Guard::new(Limits { each: Rate { burst: 3.0, per_second: 0.5 }, all: Rate { burst: 5.0, per_second: 1.0 } })
    }

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_waits_after_its_burst() {
        let guard = guard();
        (0..3).for_each(|_| assert_eq!(guard.charge(v4(1), at(0)), Ok(())));

        assert_eq!(guard.charge(v4(1), at(0)), Err(2));
        assert_eq!(guard.charge(v4(1), at(2)), Ok(()));
    }

    #[test]
    fn many_addresses_together_wait_too() {
        let guard = guard();
        (0..5).for_each(|n| assert_eq!(guard.charge(v4(n), at(0)), Ok(())));

        assert_eq!(guard.charge(v4(9), at(0)), Err(1));
    }

    #[test]
    fn whoever_was_right_today_does_not_wait_for_the_others() {
        let guard = guard();
        assert_eq!(guard.charge(v4(1), at(0)), Ok(()));
        guard.refund(v4(1), at(0));
        (2..7).for_each(|n| assert_eq!(guard.charge(v4(n), at(0)), Ok(())));
        assert_eq!(guard.charge(v4(9), at(0)), Err(1));

        // Its own tries are counted as before, and what it gives back was not the others'.
        (0..3).for_each(|_| assert_eq!(guard.charge(v4(1), at(0)), Ok(())));
        assert_eq!(guard.charge(v4(1), at(0)), Err(2));
        guard.refund(v4(1), at(0));
        assert_eq!(guard.charge(v4(9), at(0)), Err(1));

        let next_day = 13 * 3_600;
        (2..7).for_each(|n| assert_eq!(guard.charge(v4(n), at(next_day)), Ok(())));
        assert_eq!(guard.charge(v4(1), at(next_day)), Err(1));
    }

    #[test]
    fn whoever_was_right_is_forgotten_last() {
        let guard = Guard::new(Limits { all: Rate { burst: 1e9, per_second: 1.0 }, ..Limits::default() });
        let known = v4(1);
        let _ = guard.charge(known, at(0));
        guard.refund(known, at(0));
        for n in 0..2 * KEPT as u32 {
            let _ = guard.charge(IpAddr::from(n.to_be_bytes()), at(0));
        }

        assert!(guard.buckets().each.contains_key(&known));
    }

    #[test]
    fn right_answers_cost_nothing_and_a_network_counts_as_one() {
        let guard = guard();
        for _ in 0..50 {
            assert_eq!(guard.charge(v4(1), at(0)), Ok(()));
            guard.refund(v4(1), at(0));
        }
        let v6 = |n: u16| network(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]));

        (0..3).for_each(|n| assert_eq!(guard.charge(v6(n), at(0)), Ok(())));

        assert!(guard.charge(v6(7), at(0)).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let guard = Guard::new(Limits { all: Rate { burst: 1e9, per_second: 1.0 }, ..Limits::default() });
        for n in 0..(KEPT as u32 + 500) {
            let _ = guard.charge(IpAddr::from(n.to_be_bytes()), at(0));
        }

        assert!(guard.buckets().each.len() <= KEPT);
    }

    #[test]
    fn what_stands_behind_a_link_is_guessed_at_ten_times_an_hour() {
        let guard = Guard::new(Limits::OF_A_LINK);
        let start = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let tries = |at| (0..100).filter(|_| guard.charge(1u8, at).is_ok()).count();

        assert_eq!(tries(start), 10);
        assert_eq!(tries(start + chrono::TimeDelta::minutes(12)), 2);
        assert_eq!(tries(start + chrono::TimeDelta::hours(9)), 10);
    }

    #[test]
    fn whoever_waits_for_no_others_counts_among_none() {
        let guard = guard();
        (0..5).for_each(|n| assert_eq!(guard.charge(v4(n), at(0)), Ok(())));
        let newcomer = v4(9);
        assert_eq!(guard.charge(newcomer, at(0)), Err(1));

        (0..3).for_each(|_| assert_eq!(guard.charge_alone(newcomer, at(0)), Ok(())));
        assert_eq!(guard.charge_alone(newcomer, at(0)), Err(2), "its own tries are counted");
        guard.know(newcomer, at(0));
        guard.refund(newcomer, at(0));
        assert_eq!(guard.charge(newcomer, at(0)), Ok(()));
        assert_eq!(guard.charge(v4(8), at(0)), Err(1), "what it gave back was not the others'");
        assert_eq!(guard.charge(v4(8), at(1)), Ok(()), "and it took nothing of theirs");
    }

    #[test]
    fn the_desk_looks_at_twenty_tries_of_an_address_and_two_hundred_of_all_and_more_with_time() {
        let tries = |guard: &Guard<IpAddr>, from: &dyn Fn(u16) -> IpAddr, at| {
            (0..1_000).filter(|n| guard.charge(from(*n), at).is_ok()).count()
        };
        let one = |_| v4(1);
        let many = |n: u16| IpAddr::from([10, 0, (n >> 8) as u8, n as u8]);

        let guard = Guard::new(Limits::default());
        assert_eq!(tries(&guard, &one, at(0)), 20);
        assert_eq!(tries(&guard, &one, at(10)), 2, "one in five seconds");
        let guard = Guard::new(Limits::default());
        assert_eq!(tries(&guard, &many, at(0)), 200);
        assert_eq!(tries(&guard, &many, at(2)), 10, "five a second");
    }

    #[test]
    fn a_wait_is_as_long_as_it_takes_to_fill_up() {
        let rate = Rate { burst: 3.0, per_second: 0.1 };
        let waits = |tries: f64| wait(&Bucket { tries, seen: at(0), right: None }, rate);

        assert_eq!([1.0, 0.99, 0.5, 0.0, -2.0].map(waits), [0, 1, 5, 10, 30]);
    }

    #[test]
    fn one_right_answer_counts_for_twelve_hours_and_no_second_more() {
        let known = |after: i64| Bucket { tries: 0.0, seen: at(after), right: Some(at(0)) }.is_known();

        assert_eq!([0, 12 * 3_600 - 1, 12 * 3_600].map(known), [true, true, false]);
    }

    #[test]
    fn a_clock_that_is_set_back_takes_no_tries_away_and_gives_none() {
        let guard = guard();
        assert_eq!(guard.charge(v4(1), at(100)), Ok(()));

        assert_eq!(guard.charge(v4(1), at(0)), Ok(()));
        assert_eq!(guard.charge(v4(1), at(0)), Ok(()));
        assert_eq!(guard.charge(v4(1), at(0)), Err(2));
    }

    #[test]
    fn an_address_is_a_v4_one_however_it_is_written_or_a_64_of_v6() {
        let mapped = IpAddr::from([0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]);
        let v6 = |third: u16, fourth: u16| network(IpAddr::from([0x2001, 0xdb8, third, fourth, 1, 2, 3, 4]));

        assert_eq!(network(mapped), v4(1));
        assert_ne!(network(v4(1)), network(v4(2)));
        assert_eq!(v6(1, 1), IpAddr::from([0x2001, 0xdb8, 1, 1, 0, 0, 0, 0]));
        assert!(v6(1, 1) != v6(1, 2) && v6(1, 1) != v6(2, 1));
    }

    /// Buckets of so many tries each; which of them are kept when one more comes.
    fn kept(tries: impl Fn(usize) -> f64, count: usize) -> Vec<usize> {
        let rate = Rate { burst: 3.0, per_second: 0.0 };
        let bucket = |n| (n, Bucket { tries: tries(n), seen: at(0), right: None });
        let mut each: HashMap<usize, Bucket> = (0..count).map(bucket).collect();
        make_room(&mut each, rate, at(0));
        let mut kept: Vec<usize> = each.into_keys().collect();
        kept.sort_unstable();
        kept
    }

    /// Else whoever used up their tries began anew as soon as enough others had come.
    #[test]
    fn whoever_used_up_the_most_is_forgotten_last_and_nobody_before_there_are_too_many() {
        assert_eq!(kept(|_| 3.0, KEPT - 1).len(), KEPT - 1);
        assert!(kept(|_| 3.0, KEPT).is_empty(), "a full bucket says nothing");
        let one_left = |n| if n == 7 { 2.0 } else { 0.0 };
        assert_eq!(kept(one_left, KEPT), (0..KEPT).filter(|n| *n != 7).collect::<Vec<_>>());
        assert_eq!(kept(|n| if n == 7 { 0.0 } else { 2.0 }, KEPT).len(), KEPT - 1);
        assert!(kept(|n| if n == 7 { 0.0 } else { 2.0 }, KEPT).contains(&7));
    }
}
