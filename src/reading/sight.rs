//! What was seen on a page, and how far it can be trusted. Eleven scans and photographs had words of 84 to 95 in 100 on
//! average when read upright, and two of them of 37 to 43 when laid on another edge: in between lie the gates. What recognition makes of
//! ink and dust is no word.

use serde::{Deserialize, Serialize};

use super::scan::{Raster, ink};
use super::tsv::Seen;

/// Mean confidence from which a page is surely the right way up.
pub const CLEAR: f32 = 70.0;
/// Mean confidence below which a page counts as unread.
const LEGIBLE: f32 = 50.0;
/// Confidence from which a word explains the ink it stands on, and below which it is no word where ink explains it.
const WORD: u8 = 45;
/// Confidence below which nothing is a word.
const NOISE: u8 = 12;
/// A signature may be read as a letter or two: more than so many times taller than the page's words. A heading is as tall,
/// but surely read.
const TALL: u32 = 2;
pub const SURE: u8 = 85;
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
        let usual = usual_height(&lines);
        let is_sure = |word: &Seen| word.confidence >= if is_tall(word, usual) { SURE } else { WORD };
        let sure = lines.iter().flatten().filter(|word| is_sure(word) && letters(word) > 0);
        let sure: Vec<ink::Place> = sure.map(|word| word.at).collect();
        let ink = ink::marks(page, &sure);
        let is_ink = |word: &Seen| ink.iter().any(|mark| lies_on(&word.at, mark));
        let least = |word: &Seen| if is_tall(word, usual) { WORD } else { NOISE };
        for line in &mut lines {
            line.retain(|word| is_sure(word) || (word.confidence >= least(word) && !is_ink(word)));
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

/// Mean confidence of words, weighted by their letters; 0 to 100.
pub fn confidence(lines: &[Vec<Seen>]) -> f32 {
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

/// The height that half of the letters of words stay below.
pub fn usual_height(lines: &[Vec<Seen>]) -> u32 {
    let mut heights: Vec<(u32, usize)> = lines.iter().flatten().map(|word| (word.at[3], letters(word))).collect();
    heights.sort_unstable();
    let half = heights.iter().map(|(_, letters)| letters).sum::<usize>() / 2;
    let mut seen = 0;
    let middle = heights.iter().find(|(_, letters)| {
        seen += letters;
        seen > half
    });
    middle.map_or(u32::MAX, |(height, _)| *height)
}

pub fn is_tall(word: &Seen, usual: u32) -> bool {
    word.at[3] > usual.saturating_mul(TALL)
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

    /// A sweeping signature was read as `Iny`, as surely as a faint word is, and the letter counted as unsigned.
    #[test]
    fn a_signature_read_as_a_tall_word_is_still_ink() {
        let mut page = blank();
        for step in 0..4000u32 {
            let (x, y) = (400 + step / 40, (460.0 + 20.0 * (f64::from(step) / 90.0).sin()) as u32);
            page.gray[(y * 800 + x) as usize] = 50;
        }
        let text = vec![seen("Permohonan", [10, 100, 90, 12], 94); 5];
        let scrawl =
            |confidence| Sight::of(&page, vec![text.clone(), vec![seen("Iny", [398, 438, 104, 44], confidence)]], 0);

        assert_eq!((scrawl(68).lines.len(), scrawl(68).ink.len()), (1, 1));
        assert_eq!((scrawl(93).lines.len(), scrawl(93).ink.len()), (2, 0), "a heading is tall as well");
    }
}
