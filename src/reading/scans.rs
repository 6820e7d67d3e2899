//! Which pages must be read from a picture of them, and what becomes of the words that were seen there. A page decides for
//! itself: one PDF may hold printed text, scans, and the backs of sheets.

use super::limits::Limits;
use super::scan::Projection;
use super::sight::Sight;
use super::tsv::Seen;
use crate::dossier::page::{Contents, Lay, Line, Page, Rect, Word};
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

/// The pages without words of their own, in order. Beyond the limit they stay unread, and that is said.
pub fn wanted(contents: &mut Contents, limits: &Limits) -> Vec<Place> {
    let mut places = unread(contents);
    if places.len() > limits.scans {
        places.truncate(limits.scans);
        say_cut(contents);
    }
    places
}

/// Says that not all pages were looked at.
pub fn say_cut(contents: &mut Contents) {
    const ALERT: &str = "too_many_pages";
    if !contents.alerts.iter().any(|alert| alert == ALERT) {
        contents.alerts.push(ALERT.to_owned());
    }
}

fn unread(contents: &Contents) -> Vec<Place> {
    let drawn = |format: &str| DRAWN.contains(&format);
    let papers = contents.papers.iter().enumerate().filter(|(_, p)| drawn(&p.format) && !p.encrypted);
    let pages = papers.flat_map(|(paper, p)| {
        let unread = p.pages.iter().enumerate().filter(|(_, page)| !is_readable(page));
        unread.map(move |(nth, page)| Place { paper, page: nth, number: page.number })
    });
    pages.collect()
}

/// A page as it was seen, and how the picture it was seen in lies on it.
pub struct Scanned {
    pub sight: Sight,
    /// Width and height of the prepared picture in pixels, before it was turned.
    pub size: (u32, u32),
    /// Pixels to 72 points.
    pub dpi: f32,
    pub onto: Projection,
    pub look: Option<Look>,
}

/// Puts what was seen on a page where its own words would stand. A page that was read badly stays unread: words that may
/// be wrong would be taken for what the paper says.
pub fn put(contents: &mut Contents, place: Place, scanned: Scanned) {
    let Some(paper) = contents.papers.get_mut(place.paper) else { return };
    let Some(page) = paper.pages.get_mut(place.page) else { return };
    let Scanned { sight, size, dpi, onto, look } = scanned;
    if !sight.is_legible() {
        return;
    }
    let points = 72.0 / dpi.max(1.0);
    let rect = |at: [u32; 4]| {
        let [x, y, w, h] = at.map(|pixels| pixels as f32 * points);
        Rect { x, y, w, h }
    };
    let word = |seen: Seen| Word { text: seen.text, at: rect(seen.at), confidence: Some(seen.confidence) };
    let (width, height) = if sight.turned % 2 == 1 { (size.1, size.0) } else { size };
    (page.width, page.height) = (width as f32 * points, height as f32 * points);
    page.lines = sight.lines.into_iter().map(|words| Line { words: words.into_iter().map(word).collect() }).collect();
    page.pictures.extend(sight.ink.into_iter().map(rect));
    let pixels = f64::from(1.0 / points);
    let lay = Projection::scaled(pixels, pixels).then(&Projection::unturned(sight.turned, size)).then(&onto);
    page.look = look;
    page.lay = Some(Lay(lay.numbers()));
    paper.method = Method::Ocr;
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
