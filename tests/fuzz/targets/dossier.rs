//! Pages that nobody would write, understood as a dossier. A line of input is a line of a page: its first byte places it, a
//! tab begins a column, a form feed a page, a file separator a paper.

#![no_main]

use chrono::NaiveDate;
use loket::dossier::page::{Contents, Line, Page, Paper, Rect, Word};
use loket::dossier::{CaseFile, Known, MailFacts, Recognition, judge, understand};
use loket::sop::checklist::Method;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let (subject, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let (body, rest) = rest.split_once('\u{1c}').unwrap_or((rest, ""));
    let papers = rest.split('\u{1c}').take(6).enumerate().map(|(nth, text)| paper(nth, text)).collect();
    let contents = Contents { body: body.to_owned(), papers, alerts: Vec::new() };
    let mail = MailFacts { subject: subject.to_owned(), contents, ..MailFacts::default() };
    let day = NaiveDate::from_ymd_opt(2026, 11, 9).expect("a day of the calendar");
    let recognition = Recognition::helpdesk();
    judge(&mail, &CaseFile::read(std::slice::from_ref(&mail), &recognition, day));
    understand(&[mail], &Known::default(), &recognition, day);
});

fn paper(nth: usize, text: &str) -> Paper {
    let pages = text.split('\u{c}').take(8).zip(1..).map(|(text, number)| page(number, text)).collect();
    Paper {
        attachment: format!("{nth}.pdf"),
        format: "pdf".to_owned(),
        sha256: String::new(),
        size: text.len() as u64,
        method: Method::Text,
        pages,
        encrypted: false,
        electronic: Default::default(),
    }
}

fn page(number: u32, text: &str) -> Page {
    let mut page = Page { number, width: 595.0, height: 842.0, ..Page::default() };
    let mut y = 50.0;
    for row in text.split('\n').take(200) {
        let place = row.bytes().next().unwrap_or(0);
        y += f32::from(place % 16);
        for (column, cell) in row.split('\t').take(6).enumerate() {
            page.lines.push(line(cell, 50.0 + 120.0 * column as f32 + f32::from(place / 16), y));
        }
        y += 12.0;
    }
    page.lines.retain(|line| !line.words.is_empty());
    page
}

fn line(text: &str, x: f32, y: f32) -> Line {
    let mut x = x;
    let place = |word: &str| {
        let w = word.chars().count() as f32 * 5.5;
        let at = Rect { x, y, w, h: 11.0 };
        x += w + 5.5;
        Word { text: word.to_owned(), at, confidence: None }
    };
    Line { words: text.split_whitespace().take(60).map(place).collect() }
}
