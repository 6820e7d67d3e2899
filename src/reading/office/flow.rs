//! Blocks of an office document laid out as a page would show them: paragraphs one below the other, table cells side by
//! side, pictures where they stand. Places are made up, but above, below and beside are true.

use crate::dossier::page::{Line, Page, Rect, Word};
use crate::reading::limits::Limits;

pub const WIDTH: f32 = 595.0;
pub const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 60.0;
const LEADING: f32 = 15.0;
const SIZE: f32 = 11.0;
const LETTER: f32 = 5.4;
const TAB: f32 = 36.0;

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Align {
    #[default]
    Left,
    Center,
    Right,
}

#[derive(Debug)]
pub enum Piece {
    Text {
        text: String,
        hidden: bool,
    },
    Tab,
    LineBreak,
    PageBreak,
    /// Shown so large, in points. `source`: what the document calls the file, where it holds it itself.
    Picture {
        width: f32,
        height: f32,
        source: Option<String>,
    },
}

#[derive(Debug)]
pub enum Block {
    Paragraph {
        align: Align,
        pieces: Vec<Piece>,
    },
    /// Rows of cells of blocks; `widths` are the columns' shares, empty where unknown.
    Table {
        widths: Vec<f32>,
        rows: Vec<Vec<Vec<Block>>>,
    },
}

/// Shown smaller than this, a picture is a stamp, a signature or the head of a letter: points of either side, and of area.
const SCAN_SIDE: f32 = 250.0;
const SCAN_AREA: f32 = 100_000.0;

/// Pages as they were laid out, and which of them are a scan that was pasted in: the page's number and the picture's source.
#[derive(Debug, Default)]
pub struct Laid {
    pub pages: Vec<Page>,
    pub scans: Vec<(u32, String)>,
}

/// Lays `blocks` onto pages, within the limits of pages and words. A picture as large as a scan becomes a page of its own,
/// if `look` finds by its source that it can be drawn.
pub fn lay_out(blocks: &[Block], limits: &Limits, look: &mut dyn FnMut(&str) -> Option<Page>) -> Laid {
    let laid = Laid::default();
    let mut flow = Flow { laid, page: blank(1), y: MARGIN, limit: limits.pages, left: limits.words, look };
    for block in blocks {
        flow.y = flow.block(block, MARGIN, WIDTH - 2.0 * MARGIN, flow.y);
    }
    let mut laid = flow.laid;
    if laid.pages.is_empty() || !is_blank(&flow.page) {
        laid.pages.push(flow.page);
    }
    for page in &mut laid.pages {
        sort(&mut page.lines);
        page.height = page.height.max(lowest(page) + MARGIN);
    }
    laid
}

fn is_blank(page: &Page) -> bool {
    page.lines.is_empty() && page.pictures.is_empty() && page.hidden.is_empty()
}

fn blank(number: u32) -> Page {
    Page { number, width: WIDTH, height: HEIGHT, ..Page::default() }
}

fn lowest(page: &Page) -> f32 {
    page.lines.iter().flat_map(|l| &l.words).map(|w| w.at.y + w.at.h).fold(0.0, f32::max)
}

fn sort(lines: &mut [Line]) {
    let key = |line: &Line| line.words.first().map_or((0, 0.0), |w| (w.at.y.round() as i32, w.at.x));
    lines.sort_by(|a, b| {
        let ((ay, ax), (by, bx)) = (key(a), key(b));
        ay.cmp(&by).then(ax.total_cmp(&bx))
    });
}

struct Flow<'l> {
    laid: Laid,
    page: Page,
    y: f32,
    limit: usize,
    /// Words and pictures that may still be placed.
    left: usize,
    look: &'l mut dyn FnMut(&str) -> Option<Page>,
}

impl Flow<'_> {
    /// Places a block in the column from `x` on and returns the height below it.
    fn block(&mut self, block: &Block, x: f32, width: f32, y: f32) -> f32 {
        match block {
            Block::Paragraph { align, pieces } => self.paragraph(*align, pieces, x, width, y),
            Block::Table { widths, rows } => self.table(widths, rows, x, width, y),
        }
    }

    fn table(&mut self, widths: &[f32], rows: &[Vec<Vec<Block>>], x: f32, width: f32, y: f32) -> f32 {
        let mut top = y;
        for row in rows {
            let known = widths.len() == row.len() && widths.iter().all(|w| *w > 0.0);
            let total: f32 = if known { widths.iter().sum() } else { row.len() as f32 };
            let (mut left, mut bottom) = (x, top);
            for (i, cell) in row.iter().enumerate() {
                let share = if known { widths[i] } else { 1.0 } / total * width;
                let mut under = top;
                for block in cell {
                    under = self.block(block, left, share, under);
                }
                bottom = bottom.max(under);
                left += share;
            }
            // A page break inside a cell moves the walk up again: follow it.
            top = if bottom > top { bottom } else { bottom.max(MARGIN) };
        }
        top
    }

    fn paragraph(&mut self, align: Align, pieces: &[Piece], x: f32, width: f32, y: f32) -> f32 {
        let mut at = y;
        let mut run = Run::default();
        for piece in pieces {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            match piece {
                Piece::Text { text, hidden: true } => {
                    self.page.hidden.extend(Some(text.clone()).filter(|t| !t.trim().is_empty()))
                }
                Piece::Text { text, .. } => run.text(text),
                Piece::Tab => run.tab(),
                Piece::LineBreak => {
                    self.line(std::mem::take(&mut run), align, x, width, at);
                    at += LEADING;
                }
                Piece::PageBreak => {
                    self.line(std::mem::take(&mut run), align, x, width, at);
                    at = self.turn(at + LEADING);
                }
                Piece::Picture { width: w, height: h, source } => {
                    if let Some((sheet, source)) = self.scan(*w, *h, source.as_deref()) {
                        self.line(std::mem::take(&mut run), align, x, width, at);
                        at = self.insert(sheet, source);
                        continue;
                    }
                    let left = match align {
                        Align::Left => x,
                        Align::Center => x + (width - w) / 2.0,
                        Align::Right => x + width - w,
                    };
                    self.page.pictures.push(Rect { x: left.max(0.0), y: at, w: *w, h: *h });
                    at += h.min(HEIGHT / 2.0);
                }
            }
        }
        self.line(run, align, x, width, at);
        at + LEADING
    }

    /// A new page, unless nothing stands on this one yet.
    fn turn(&mut self, y: f32) -> f32 {
        if (self.page.lines.is_empty() && self.page.pictures.is_empty()) || self.laid.pages.len() + 1 >= self.limit {
            return y;
        }
        let next = blank(self.page.number + 1);
        self.laid.pages.push(std::mem::replace(&mut self.page, next));
        MARGIN
    }

    /// The page that a picture is by itself, if it is shown as large as a scan and can be drawn.
    fn scan(&mut self, width: f32, height: f32, source: Option<&str>) -> Option<(Page, String)> {
        let large = width.min(height) >= SCAN_SIDE && width * height >= SCAN_AREA;
        let source = source.filter(|_| large && self.laid.pages.len() + 2 < self.limit)?;
        (self.look)(source).map(|page| (page, source.to_owned()))
    }

    /// Puts a page of its own between what stands before it and what comes after.
    fn insert(&mut self, sheet: Page, source: String) -> f32 {
        if !is_blank(&self.page) {
            let next = blank(self.page.number + 1);
            self.laid.pages.push(std::mem::replace(&mut self.page, next));
        }
        let number = self.page.number;
        self.laid.scans.push((number, source));
        self.laid.pages.push(Page { number, ..sheet });
        self.page = blank(number + 1);
        MARGIN
    }

    fn line(&mut self, run: Run, align: Align, x: f32, width: f32, y: f32) {
        let columns = run.finish();
        let full = columns.last().map_or(0.0, |(at, words)| at + extent(words));
        let scale = if full > width { width / full } else { 1.0 };
        let shift = match align {
            Align::Left => 0.0,
            Align::Center => (width - full * scale) / 2.0,
            Align::Right => width - full * scale,
        };
        for (at, mut words) in columns {
            words.truncate(self.left);
            self.left -= words.len();
            if words.is_empty() {
                continue;
            }
            let mut left = x + shift + at * scale;
            let place = |word: String| {
                let w = word.chars().count() as f32 * LETTER * scale;
                let at = Rect { x: left, y, w, h: SIZE };
                left += w + LETTER * scale;
                Word { text: word, at, confidence: None }
            };
            self.page.lines.push(Line { words: words.into_iter().map(place).collect() });
        }
    }
}

fn extent(words: &[String]) -> f32 {
    words.iter().map(|w| (w.chars().count() + 1) as f32 * LETTER).sum()
}

/// One line in the making: text, and columns begun by more than one tab in a row.
#[derive(Default)]
struct Run {
    columns: Vec<(f32, String)>,
    tabs: usize,
}

impl Run {
    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let end = self.columns.last().map_or(0.0, |(at, text)| at + text.chars().count() as f32 * LETTER);
        match self.tabs {
            0 => {}
            1 if !self.columns.is_empty() => self.text_of_last().push(' '),
            tabs => self.columns.push((((end / TAB).floor() + tabs as f32) * TAB, String::new())),
        }
        self.tabs = 0;
        self.text_of_last().push_str(text);
    }

    fn text_of_last(&mut self) -> &mut String {
        if self.columns.is_empty() {
            self.columns.push((0.0, String::new()));
        }
        &mut self.columns.last_mut().expect("a column was put there").1
    }

    fn tab(&mut self) {
        self.tabs = (self.tabs + 1).min(20);
    }

    fn finish(self) -> Vec<(f32, Vec<String>)> {
        let words = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        self.columns.into_iter().map(|(at, text)| (at, words(text))).filter(|(_, w)| !w.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paragraph(text: &str) -> Block {
        Block::Paragraph { align: Align::Left, pieces: vec![Piece::Text { text: text.into(), hidden: false }] }
    }

    #[test]
    fn cells_of_a_row_stand_side_by_side() {
        let row = ["Nama", ":", "Budi Santoso"].map(|t| vec![paragraph(t)]).into();

        let pages = lay_out(
            &[paragraph("Yth. Admin"), Block::Table { widths: vec![2.0, 0.5, 7.0], rows: vec![row] }],
            &Limits::default(),
            &mut |_| None,
        )
        .pages;

        let lines = &pages[0].lines;
        assert_eq!(lines.iter().map(Line::text).collect::<Vec<_>>(), ["Yth. Admin", "Nama", ":", "Budi Santoso"]);
        assert_eq!(lines[1].words[0].at.y, lines[3].words[0].at.y);
        assert!(lines[1].words[0].at.x < lines[2].words[0].at.x);
    }

    #[test]
    fn one_tab_is_a_space_and_many_begin_a_column() {
        let text = |t: &str| Piece::Text { text: t.into(), hidden: false };
        let one = Block::Paragraph { align: Align::Left, pieces: vec![text("Nomor"), Piece::Tab, text(": 1")] };
        let many = Block::Paragraph {
            align: Align::Left,
            pieces: vec![text("Mengetahui,"), Piece::Tab, Piece::Tab, text("Pemohon,")],
        };

        let pages = lay_out(&[one, many], &Limits::default(), &mut |_| None).pages;

        let texts: Vec<_> = pages[0].lines.iter().map(Line::text).collect();
        assert_eq!(texts, ["Nomor : 1", "Mengetahui,", "Pemohon,"]);
    }
}
