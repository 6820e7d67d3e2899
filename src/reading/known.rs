//! What was recognised lately, so that looking at a dossier again does not cost its scans again. Kept in memory alone. What
//! was given up is kept too, for a day or until a person asks: else every further mail of a case would try it in vain.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use crate::dossier::page::{Contents, Page};

/// SHA-256 of a raw mail.
pub type Key = [u8; 32];

/// Mails kept.
const MAILS: usize = 64;
/// What is kept of all of them, in words; a thick dossier has some ten thousand.
const WORDS: usize = 400_000;
/// Letters that take the room of a word.
const LETTERS: usize = 8;
/// How long a mail is left alone on which the clock ran out.
pub const LEFT_ALONE: Duration = Duration::from_secs(24 * 60 * 60);

/// A mail as it was recognised.
struct Recognised {
    key: Key,
    contents: Contents,
    /// Some of its pages were given up: it is tried again from then on.
    again: Option<Instant>,
}

/// The mails recognised last, the latest at the end.
#[derive(Default)]
pub struct Known {
    mails: Mutex<VecDeque<Recognised>>,
}

impl Known {
    pub fn get(&self, key: &Key, now: Instant) -> Option<Contents> {
        let mut mails = self.lock();
        let at = mails.iter().position(|known| known.key == *key)?;
        let found = mails.remove(at).filter(|known| known.again.is_none_or(|again| now < again))?;
        let contents = found.contents.clone();
        mails.push_back(found);
        Some(contents)
    }

    pub fn put(&self, key: Key, contents: &Contents, again: Option<Instant>) {
        let mut mails = self.lock();
        mails.retain(|known| known.key != key);
        mails.push_back(Recognised { key, contents: contents.clone(), again });
        let mut words: usize = mails.iter().map(|known| words(&known.contents)).sum();
        while mails.len() > MAILS || words > WORDS {
            let Some(oldest) = mails.pop_front() else { return };
            words -= self::words(&oldest.contents);
        }
    }

    /// A person asks: what was given up is tried again.
    pub fn try_again(&self, key: &Key) {
        self.lock().retain(|known| known.key != *key || known.again.is_none());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Recognised>> {
        self.mails.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What of a mail was not opened when it was read last, by its places among the leaves: so that its pages are counted, and
/// drawn, as they were then.
#[derive(Default)]
pub struct Passed(Mutex<VecDeque<(Key, Vec<u8>)>>);

/// Mails of which something was not opened, kept; they are rare.
const CLOSED: usize = 256;

impl Passed {
    pub fn put(&self, key: Key, places: &[u8]) {
        let mut mails = self.lock();
        mails.retain(|(known, _)| *known != key);
        if !places.is_empty() {
            mails.push_back((key, places.to_vec()));
        }
        if mails.len() > CLOSED {
            mails.pop_front();
        }
    }

    /// The places in the mail of this key, which is only asked for where any are known of.
    pub fn of(&self, key: impl FnOnce() -> Key) -> Vec<u8> {
        let mails = self.lock();
        if mails.is_empty() {
            return Vec::new();
        }
        let key = key();
        mails.iter().find(|(known, _)| *known == key).map(|(_, places)| places.clone()).unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Key, Vec<u8>)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn words(contents: &Contents) -> usize {
    let pages = contents.papers.iter().flat_map(|paper| &paper.pages);
    let of_page = |page: &Page| {
        let hidden: usize = page.hidden.iter().map(|text| 1 + text.len() / LETTERS).sum();
        1 + page.lines.iter().map(|line| line.words.len()).sum::<usize>() + hidden + page.pictures.len()
    };
    contents.body.len() / LETTERS + pages.map(of_page).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(body: &str) -> Contents {
        Contents { body: body.to_owned(), ..Contents::default() }
    }

    #[test]
    fn the_mails_looked_at_last_stay() {
        let (known, now) = (Known::default(), Instant::now());
        for nth in 0..64u8 {
            known.put([nth; 32], &mail(&nth.to_string()), None);
        }
        assert!(known.get(&[0; 32], now).is_some());

        known.put([64; 32], &mail("64"), None);

        assert_eq!(known.get(&[0; 32], now).unwrap().body, "0");
        assert!(known.get(&[1; 32], now).is_none(), "the one nobody asked for has gone");
        known.put([65; 32], &mail(&"x".repeat(WORDS * LETTERS)), None);
        assert!(known.get(&[2; 32], now).is_none(), "a long body takes room too");
        assert_eq!(known.get(&[64; 32], now).unwrap().body, "64");
    }

    #[test]
    fn what_was_given_up_is_left_alone_for_its_time_or_until_a_person_asks() {
        let (known, now) = (Known::default(), Instant::now());
        let (cut, whole) = ([1; 32], [2; 32]);
        known.put(whole, &mail("whole"), None);

        for asked in [false, true] {
            known.put(cut, &mail("cut"), Some(now + LEFT_ALONE));
            assert!(known.get(&cut, now + LEFT_ALONE / 2).is_some());
            if asked {
                known.try_again(&cut);
                known.try_again(&whole);
            }
            assert_eq!(known.get(&cut, now + if asked { LEFT_ALONE / 2 } else { LEFT_ALONE }), None);
        }

        assert!(known.get(&whole, now + 2 * LEFT_ALONE).is_some());
    }
}
