//! Which pages must be read from a picture of them, and what becomes of the words that were seen there. A page decides for
//! itself: one PDF may hold printed text, scans, and the backs of sheets.

use super::limits::Limits;
use super::tsv::Seen;
use crate::dossier::page::{Contents, Line, Page, Rect, Word};
use crate::sop::checklist::Method;
use crate::sop::look::Look;

/// Formats whose pages can be drawn.
pub const DRAWN: [&str; 9] = ["pdf", "jpeg", "png", "tiff", "webp", "heic", "docx", "odt", "rtf"];

/// A page of a mail: which of its papers, and which of the paper's pages, both counted from 0, and the page's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub paper: usize,
    pub page: usize,
    pub number: u32,
}

/// The pages without words of their own, in order. Beyond the limit they stay unread.
pub fn wanted(contents: &Contents, limits: &Limits) -> Vec<Place> {
    let drawn = |format: &str| DRAWN.contains(&format);
    let papers = contents.papers.iter().enumerate().filter(|(_, p)| drawn(&p.format) && !p.encrypted);
    let pages = papers.flat_map(|(paper, p)| {
        let unread = p.pages.iter().enumerate().filter(|(_, page)| !is_readable(page));
        unread.map(move |(nth, page)| Place { paper, page: nth, number: page.number })
    });
    pages.take(limits.scans).collect()
}

/// What was seen on a page.
pub struct Sight {
    pub lines: Vec<Vec<Seen>>,
    /// Pixels to 72 points.
    pub dpi: f32,
    pub look: Option<Look>,
}

/// Puts what was seen on a page where its own words would stand.
pub fn put(contents: &mut Contents, place: Place, seen: Sight) {
    let Some(paper) = contents.papers.get_mut(place.paper) else { return };
    let Some(page) = paper.pages.get_mut(place.page) else { return };
    let points = 72.0 / seen.dpi.max(1.0);
    let word = |seen: Seen| {
        let [x, y, w, h] = seen.at.map(|pixels| pixels as f32 * points);
        Word { text: seen.text, at: Rect { x, y, w, h }, confidence: Some(seen.confidence) }
    };
    page.look = seen.look;
    page.lines = seen.lines.into_iter().map(|words| Line { words: words.into_iter().map(word).collect() }).collect();
    if !page.lines.is_empty() {
        paper.method = Method::Ocr;
    }
}

/// A page whose own text says something: more than the mark a scanner program leaves on a picture, and not in codes
/// that nobody can turn into letters.
pub fn is_readable(page: &Page) -> bool {
    let (mut letters, mut broken) = (0usize, 0usize);
    for c in page.lines.iter().flat_map(|l| &l.words).flat_map(|w| w.text.chars()) {
        if c == char::REPLACEMENT_CHARACTER || ('\u{e000}'..='\u{f8ff}').contains(&c) {
            broken += 1;
        } else if c.is_alphanumeric() {
            letters += 1;
        }
    }
    let area = page.width * page.height;
    let pictured = page.pictures.iter().any(|p| p.w * p.h > 0.5 * area);
    letters > broken && letters >= if pictured { 80 } else { 1 }
}
