//! What was recognised lately, so that looking at a dossier again does not cost its scans again. Kept in memory alone.

use std::collections::VecDeque;
use std::sync::Mutex;

use crate::dossier::page::{Contents, Page};

/// SHA-256 of a raw mail.
pub type Key = [u8; 32];

/// Mails kept.
const MAILS: usize = 64;
/// What is kept of all of them, in words; a thick dossier has some ten thousand.
const WORDS: usize = 400_000;
/// Letters that take the room of a word.
const LETTERS: usize = 8;

/// The mails recognised last, the latest at the end.
#[derive(Default)]
pub struct Known {
    mails: Mutex<VecDeque<(Key, Contents)>>,
}

impl Known {
    pub fn get(&self, key: &Key) -> Option<Contents> {
        let mut mails = self.lock();
        let at = mails.iter().position(|(known, _)| known == key)?;
        let found = mails.remove(at)?;
        let contents = found.1.clone();
        mails.push_back(found);
        Some(contents)
    }

    pub fn put(&self, key: Key, contents: &Contents) {
        let mut mails = self.lock();
        mails.retain(|(known, _)| *known != key);
        mails.push_back((key, contents.clone()));
        let mut words: usize = mails.iter().map(|(_, contents)| words(contents)).sum();
        while mails.len() > MAILS || words > WORDS {
            let Some((_, oldest)) = mails.pop_front() else { return };
            words -= self::words(&oldest);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Key, Contents)>> {
        self.mails.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
        let known = Known::default();
        for nth in 0..64u8 {
            known.put([nth; 32], &mail(&nth.to_string()));
        }
        assert!(known.get(&[0; 32]).is_some());

        known.put([64; 32], &mail("64"));

        assert_eq!(known.get(&[0; 32]).unwrap().body, "0");
        assert!(known.get(&[1; 32]).is_none(), "the one nobody asked for has gone");
        known.put([65; 32], &mail(&"x".repeat(WORDS * LETTERS)));
        assert!(known.get(&[2; 32]).is_none(), "a long body takes room too");
        assert_eq!(known.get(&[64; 32]).unwrap().body, "64");
    }
}
