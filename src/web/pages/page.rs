//! One page of a paper, large, with the same boxes as in the review, the findings on it, and the words that were read.

use askama::Template;

use super::Frame;
use super::evidence;
use super::findings;
use crate::dossier::sheet::{Row, Sheet};
use crate::web::say::fill;
use crate::web::view::{Drawing, Picture, ReviewView};
use crate::web::words::FindingWords;

#[derive(Template)]
#[template(path = "page.html", config = "src/web/askama.toml")]
pub struct LargePage<'a> {
    f: Frame<'a>,
    fw: &'static FindingWords,
    number: String,
    /// The case's page.
    case: String,
    sheet: evidence::Sheet,
    previous: Option<String>,
    next: Option<String>,
    failed: bool,
    recognised: bool,
    text: String,
}

impl<'a> LargePage<'a> {
    /// `None`: the review has no such page.
    pub fn new(f: Frame<'a>, view: &ReviewView, paper: u32, page: u32, picture: &Picture) -> Option<Self> {
        let fw = FindingWords::of(f.lang());
        let number = &view.head.number;
        let case = format!("/berkas/{number}");
        let rows = findings::rows(&f, &view.checks, &view.papers);
        let mut sheets = evidence::sheets(&f, number, &view.papers, &view.checks, &rows);
        let nth = sheets.iter().position(|sheet| sheet.at == (paper, page))?;
        let neighbour = |nth: Option<usize>| nth.and_then(|nth| sheets.get(nth)).map(|sheet| sheet.large.clone());
        let (previous, next) = (neighbour(nth.checked_sub(1)), neighbour(nth.checked_add(1)));
        let mut sheet = sheets.swap_remove(nth);
        for found in sheet.boxes.iter_mut().flat_map(|b| &mut b.found) {
            found.href.insert_str(0, &case);
        }
        let lines: Vec<String> = Sheet::rows_of(&picture.page).iter().map(Row::text).collect();
        Some(Self {
            fw,
            number: number.to_string(),
            case,
            previous,
            next,
            failed: matches!(picture.drawing, Drawing::Failed),
            recognised: picture.page.is_recognised(),
            text: lines.join("\n"),
            sheet,
            f,
        })
    }

    fn title(&self) -> String {
        fill(self.fw.large_title, &[&self.number])
    }
}
