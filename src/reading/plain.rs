//! Plain text laid out as pages: one line below the other, columns of spaces kept apart as words only.

use super::limits::Limits;
use crate::dossier::page::{Line, Page, Rect, Word};

const LINES: usize = 60;
const LEADING: f32 = 12.0;
const LETTER: f32 = 5.0;
const MARGIN: f32 = 50.0;

/// Pages of sixty lines; a form feed begins a new one.
pub fn pages(text: &str, limits: &Limits) -> Vec<Page> {
    let mut pages = vec![blank(1)];
    for sheet in super::body::head(text, limits.body * 4).split('\u{c}') {
        for line in sheet.lines() {
            let full = pages.last().is_some_and(|p| p.lines.len() >= LINES);
            if full && pages.len() >= limits.pages {
                return pages;
            }
            if full {
                pages.push(blank(pages.len() as u32 + 1));
            }
            if let Some(page) = pages.last_mut() {
                let y = MARGIN + LEADING * page.lines.len() as f32;
                page.lines.extend(words(line, y));
            }
        }
        if pages.last().is_some_and(|p| !p.lines.is_empty()) && pages.len() < limits.pages {
            pages.push(blank(pages.len() as u32 + 1));
        }
    }
    if pages.len() > 1 && pages.last().is_some_and(|p| p.lines.is_empty()) {
        pages.pop();
    }
    pages
}

fn blank(number: u32) -> Page {
    Page { number, width: 595.0, height: 842.0, ..Page::default() }
}

fn words(line: &str, y: f32) -> Option<Line> {
    let mut words = Vec::new();
    let mut column = 0usize;
    for word in line.split(char::is_whitespace) {
        let length = word.chars().count();
        if length > 0 {
            let at = Rect { x: MARGIN + column as f32 * LETTER, y, w: length as f32 * LETTER, h: 10.0 };
            words.push(Word { text: word.chars().filter(|c| !c.is_control()).collect(), at, confidence: None });
        }
        column += length + 1;
    }
    (!words.is_empty()).then_some(Line { words })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fill_pages() {
        let text = "Nama : Budi\r\n\r\n".repeat(70) + "\u{c}Lampiran";

        let pages = pages(&text, &Limits::default());

        assert_eq!(pages.len(), 3);
        assert_eq!(pages[0].lines.len(), 60);
        assert_eq!(pages[0].lines[1].text(), "Nama : Budi");
        assert_eq!(pages[2].text(), "Lampiran");
    }
}
