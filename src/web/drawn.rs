//! A page drawn as SVG from its words and their places, for papers that have no look of their own (DOCX, ODT, text) and for
//! pages that could not be drawn: the desk never shows the file itself. Hostile pages are the rule: everything is bounded,
//! escaped, and numbers are checked.

use std::fmt::Write;

use super::plain::escaped;
use crate::dossier::page::{Page, Rect, Word};

/// Words and pictures beyond these are not drawn.
const WORDS: usize = 6_000;
const PICTURES: usize = 400;
/// Characters of one word.
const LETTERS: usize = 200;
/// A4 in points, where a page has no size of its own.
const A4: (f32, f32) = (595.0, 842.0);

/// The picture, twice as many pixels wide as the page has points. `notice` stands in a strip across its upper edge.
pub fn svg(page: &Page, notice: Option<&str>) -> String {
    let (width, height) = (sound(page.width, A4.0), sound(page.height, A4.1));
    let mut out = String::with_capacity(16 * 1024);
    let _ = write!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1} {height:.1}" width="{:.0}" height="{:.0}">"##,
        width * 2.0,
        height * 2.0
    );
    out.push_str(
        r##"<rect width="100%" height="100%" fill="#fff"/><g fill="#ddd9cf" stroke="#a8a294" stroke-width=".75">"##,
    );
    page.pictures.iter().take(PICTURES).for_each(|at| picture(&mut out, at));
    out.push_str(r##"</g><g fill="#23211f" font-family="Liberation Serif,Times New Roman,Times,serif">"##);
    page.lines.iter().flat_map(|line| &line.words).take(WORDS).for_each(|at| word(&mut out, at));
    out.push_str("</g>");
    if let Some(notice) = notice {
        strip(&mut out, notice, width);
    }
    out.push_str("</svg>");
    out
}

/// A sentence over the page's upper margin, as wide as the page.
fn strip(out: &mut String, notice: &str, width: f32) {
    let size = (width / 45.0).clamp(4.0, 14.0);
    let _ = write!(
        out,
        r##"<rect width="100%" height="{:.1}" fill="#fbe9c0"/><text x="50%" y="{:.1}" font-size="{size:.1}" font-family="sans-serif" text-anchor="middle" fill="#4a3500">{}</text>"##,
        size * 2.2,
        size * 1.45,
        escaped(notice)
    );
}

fn sound(length: f32, otherwise: f32) -> f32 {
    if length.is_finite() && (1.0..=20_000.0).contains(&length) { length } else { otherwise }
}

fn is_sound(at: &Rect) -> bool {
    [at.x, at.y, at.w, at.h].iter().all(|n| n.is_finite() && n.abs() <= 40_000.0) && at.w > 0.0 && at.h > 0.0
}

fn picture(out: &mut String, at: &Rect) {
    if is_sound(at) {
        let _ = write!(out, r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/>"#, at.x, at.y, at.w, at.h);
    }
}

/// `textLength` makes the word as wide as it is in the document, whatever the font here.
fn word(out: &mut String, word: &Word) {
    let at = &word.at;
    let text: String = word.text.chars().take(LETTERS).collect();
    if !is_sound(at) || text.trim().is_empty() {
        return;
    }
    let (size, base) = (at.h * 0.88, at.y + at.h * 0.8);
    let _ = write!(
        out,
        r#"<text x="{:.1}" y="{base:.1}" font-size="{size:.1}" textLength="{:.1}" lengthAdjust="spacingAndGlyphs">{}</text>"#,
        at.x,
        at.w,
        escaped(&text)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::page::Line;

    fn page_with(text: &str, at: Rect) -> Page {
        let line = Line { words: vec![Word { text: text.to_owned(), at, confidence: None }] };
        Page { number: 1, width: 595.0, height: 842.0, lines: vec![line], ..Page::default() }
    }

    #[test]
    fn a_word_that_is_markup_is_drawn_as_text() {
        let at = Rect { x: 10.0, y: 10.0, w: 50.0, h: 12.0 };

        let picture = svg(&page_with("<script>\u{202e}", at), None);

        assert!(picture.contains("&#60;script&#62;⟨U+202E⟩"));
        assert!(!picture.contains("<script"));
    }

    #[test]
    fn places_that_are_no_numbers_are_left_out() {
        let at = Rect { x: f32::NAN, y: 0.0, w: f32::INFINITY, h: 1.0 };

        let picture = svg(&Page { width: f32::NAN, pictures: vec![at], ..page_with("kata", at) }, None);

        assert!(picture.contains("viewBox=\"0 0 595.0 842.0\""));
        assert!(!picture.contains("kata") && !picture.contains("NaN") && !picture.contains("inf"));
    }

    #[test]
    fn a_page_that_could_not_be_drawn_says_so() {
        let at = Rect { x: 10.0, y: 40.0, w: 50.0, h: 12.0 };

        let picture = svg(&page_with("kata", at), Some("Tidak dapat digambar."));

        assert!(picture.contains("Tidak dapat digambar.") && picture.contains("kata"));
    }
}
