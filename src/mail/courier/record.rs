//! How the last letters fared: whether the server takes any, and how many it refused one after another. A letter that is
//! refused is one person's; a server that takes none is the operator's.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::engine::port::Post;

#[derive(Default)]
struct Seen {
    accepted: bool,
    away_since: Option<Instant>,
    refused: u32,
}

/// Kept in memory: after a start nobody knows until a letter was tried.
#[derive(Default)]
pub(super) struct Record(Mutex<Seen>);

impl Record {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn accepted(&self) {
        *self.seen() = Seen { accepted: true, ..Seen::default() };
    }

    /// No letter could be offered.
    pub(super) fn away(&self) {
        self.seen().away_since.get_or_insert_with(Instant::now);
    }

    /// A letter was offered and not accepted.
    pub(super) fn declined(&self, for_good: bool) {
        let mut seen = self.seen();
        seen.away_since = None;
        seen.refused = seen.refused.saturating_add(for_good.into());
    }

    pub(super) fn post(&self) -> Post {
        let Seen { accepted, away_since, refused } = *self.seen();
        Post { accepted, away: away_since.map(|since| since.elapsed()), refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_away_from_the_first_letter_that_it_does_not_hear_to_the_next_that_it_does() {
        let record = Record::default();
        record.away();
        let first = record.seen().away_since;
        record.away();
        let second = record.seen().away_since;
        let away = record.post();

        record.declined(false);

        assert!(first.is_some() && first == second && away.away.is_some(), "{away:?}");
        assert_eq!(record.post(), Post::default());
    }

    #[test]
    fn refusals_count_until_a_letter_is_accepted() {
        let record = Record::default();
        record.declined(true);
        record.declined(false);
        record.declined(true);
        let refused = record.post();

        record.accepted();

        assert_eq!(refused, Post { refused: 2, ..Post::default() });
        assert_eq!(record.post(), Post { accepted: true, ..Post::default() });
    }
}
