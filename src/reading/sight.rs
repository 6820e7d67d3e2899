//! What was seen on a page, and how far it can be trusted. A page read upright has words of about 91 in 100, one upside down
//! of about 35: in between lie the gates. What recognition makes of ink and dust is no word.

use serde::{Deserialize, Serialize};

use super::scan::{Raster, ink};
use super::tsv::Seen;

/// Mean confidence from which a page is surely the right way up.
const CLEAR: f32 = 70.0;
/// Mean confidence below which a page counts as unread.
const LEGIBLE: f32 = 50.0;
/// Confidence from which a word explains the ink it stands on, and below which it is no word where ink explains it.
const WORD: u8 = 45;
/// Confidence below which nothing is a word.
const NOISE: u8 = 12;
/// Letters of a page with fewer of them tell nothing about its way up.
const FEW: usize = 12;

/// A page as it was seen, in pixels of the picture once it was turned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    pub lines: Vec<Vec<Seen>>,
    /// Ink that is no word.
    pub ink: Vec<ink::Place>,
    /// Quarters by which the picture was turned clockwise.
    pub turned: u8,
    /// Mean confidence of all that was taken for words, weighted by their letters.
    mean: f32,
}

impl Sight {
    /// Sorts words from ink on a page turned by so many quarters.
    pub fn of(page: &Raster, mut lines: Vec<Vec<Seen>>, turned: u8) -> Self {
        let mean = confidence(&lines);
        let sure = lines.iter().flatten().filter(|word| word.confidence >= WORD && letters(word) > 0);
        let sure: Vec<ink::Place> = sure.map(|word| word.at).collect();
        let ink = ink::marks(page, &sure);
        for line in &mut lines {
            line.retain(|word| is_word(word, &ink));
        }
        lines.retain(|line| !line.is_empty());
        Self { lines, ink, turned, mean }
    }

    /// 0 to 100; 0 for a page without words.
    pub fn confidence(&self) -> f32 {
        self.mean
    }

    /// Read so well that it must be the right way up.
    pub fn is_clear(&self) -> bool {
        self.mean >= CLEAR
    }

    /// Read well enough to be believed.
    pub fn is_legible(&self) -> bool {
        self.mean >= LEGIBLE && !self.lines.is_empty()
    }

    /// There is nothing on the page, or too little to tell anything.
    pub fn is_empty(&self) -> bool {
        self.lines.iter().flatten().map(letters).sum::<usize>() < FEW
    }
}

fn confidence(lines: &[Vec<Seen>]) -> f32 {
    let (mut sum, mut count) = (0, 0);
    for word in lines.iter().flatten() {
        sum += usize::from(word.confidence) * letters(word);
        count += letters(word);
    }
    if count == 0 { 0.0 } else { sum as f32 / count as f32 }
}

fn letters(word: &Seen) -> usize {
    word.text.chars().filter(|c| c.is_alphanumeric()).count()
}

fn is_word(word: &Seen, ink: &[ink::Place]) -> bool {
    word.confidence >= WORD || (word.confidence >= NOISE && !ink.iter().any(|mark| lies_on(&word.at, mark)))
}

/// Whether most of a word's box is covered by a mark.
fn lies_on(word: &ink::Place, mark: &ink::Place) -> bool {
    let shared = |at: usize| {
        let end = (word[at] + word[at + 2]).min(mark[at] + mark[at + 2]);
        u64::from(end.saturating_sub(word[at].max(mark[at])))
    };
    2 * shared(0) * shared(1) > u64::from(word[2]) * u64::from(word[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, at: [u32; 4], confidence: u8) -> Seen {
        Seen { text: text.to_owned(), at, confidence }
    }

    fn blank() -> Raster {
        Raster::blank(800, 600, 100.0, 255)
    }

    #[test]
    fn a_page_read_badly_is_not_believed() {
        let of = |confidence| Sight::of(&blank(), vec![vec![seen("Permohonan", [10, 10, 90, 12], confidence)]; 9], 0);

        assert!(of(91).is_clear() && of(91).is_legible());
        assert!(!of(60).is_clear() && of(60).is_legible());
        assert!(!of(35).is_legible() && !of(35).is_empty());
        assert!(Sight::of(&blank(), vec![], 0).is_empty() && !Sight::default().is_legible());
    }

    #[test]
    fn what_is_made_of_a_signature_is_no_word() {
        let mut page = blank();
        for step in 0..4000u32 {
            let (x, y) = (400 + step / 40, (460.0 + 20.0 * (f64::from(step) / 90.0).sin()) as u32);
            page.gray[(y * 800 + x) as usize] = 50;
        }
        let name = seen("Sudarma", [400, 500, 80, 12], 38);
        let scribble = seen("Lur", [405, 445, 80, 30], 30);

        let sight = Sight::of(&page, vec![vec![scribble], vec![name.clone(), seen("~", [700, 20, 2, 2], 4)]], 0);

        assert_eq!(sight.lines, [[name]]);
        assert_eq!(sight.ink.len(), 1);
    }
}
