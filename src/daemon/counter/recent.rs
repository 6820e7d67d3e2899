//! What was made lately and is soon asked for again, in bounded memory and for a short while.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// How long anything is kept: a little longer than a device stays open.
const LIFE: TimeDelta = TimeDelta::minutes(15);

struct Kept<K, V> {
    key: K,
    value: V,
    size: usize,
    at: DateTime<Utc>,
}

/// Values by their keys; the oldest makes room.
pub(super) struct Recent<K, V> {
    /// Bytes, estimated by whoever keeps.
    room: usize,
    kept: Mutex<VecDeque<Kept<K, V>>>,
}

impl<K: PartialEq, V: Clone> Recent<K, V> {
    pub fn new(room: usize) -> Self {
        Self { room, kept: Mutex::default() }
    }

    pub fn find(&self, key: &K, now: DateTime<Utc>) -> Option<V> {
        let mut kept = self.kept();
        kept.retain(|one| now - one.at < LIFE);
        kept.iter().find(|one| one.key == *key).map(|one| one.value.clone())
    }

    /// Keeps a value of about `size` bytes; one larger than the whole room is not kept.
    pub fn keep(&self, key: K, value: &V, size: usize, now: DateTime<Utc>) {
        if size > self.room {
            return;
        }
        let mut kept = self.kept();
        kept.retain(|one| one.key != key);
        while kept.iter().map(|one| one.size).sum::<usize>() + size > self.room {
            kept.pop_front();
        }
        kept.push_back(Kept { key, value: value.clone(), size, at: now });
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept<K, V>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_goes_by_age_and_by_room() {
        let recent = Recent::new(100);
        let at = |seconds| DateTime::from_timestamp(seconds, 0).expect("a plain moment");

        for n in 0..5 {
            recent.keep(n, &n, 33, at(0));
        }
        recent.keep(9, &9, 101, at(0));

        assert!(recent.find(&0, at(1)).is_none(), "the oldest made room");
        assert!(recent.find(&9, at(1)).is_none(), "too large for all of the room");
        assert_eq!(recent.find(&4, at(1)), Some(4));
        assert!(recent.find(&4, at(3_600)).is_none(), "an hour is too long");
    }
}
