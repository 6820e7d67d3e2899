//! A page made ready for reading: pieces of text that belong together, in rows from top to bottom. Letters speak through
//! their layout (a label left, a value right, a name under a signature), so places stay with the words.

use super::mend;
use super::page::{Lay, Page, Rect, Word};
use crate::sop::checklist::Evidence;
use crate::sop::names::Sha256Hex;

/// Words of one line without a wide gap between them.
#[derive(Debug, Clone)]
pub struct Piece {
    pub text: String,
    pub at: Rect,
    pub words: Vec<Word>,
}

/// Pieces at one height, left to right.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub pieces: Vec<Piece>,
}

/// One page of a document.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    pub attachment: String,
    /// Of the attachment's bytes, for evidence.
    pub sha256: Option<Sha256Hex>,
    /// The page within the attachment, from 1.
    pub number: u32,
    pub width: f32,
    pub height: f32,
    pub rows: Vec<Row>,
    pub pictures: Vec<Rect>,
    /// How the sheet lies in the picture shown of its page.
    pub lay: Option<Lay>,
}

impl Piece {
    fn of(words: Vec<Word>) -> Option<Self> {
        let first = words.first()?.at;
        let at = words.iter().skip(1).fold(first, |all, word| union(all, word.at));
        let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        Some(Self { text, at, words })
    }

    pub fn middle(&self) -> f32 {
        self.at.y + self.at.h / 2.0
    }
}

impl Row {
    pub fn text(&self) -> String {
        self.pieces.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join("  ")
    }

    pub fn top(&self) -> f32 {
        self.pieces.iter().map(|p| p.at.y).fold(f32::INFINITY, f32::min)
    }

    pub fn bottom(&self) -> f32 {
        self.pieces.iter().map(|p| p.at.y + p.at.h).fold(0.0, f32::max)
    }

    pub fn height(&self) -> f32 {
        self.pieces.iter().map(|p| p.at.h).fold(1.0, f32::max)
    }
}

impl Sheet {
    pub fn of(attachment: &str, page: &Page) -> Self {
        let pictures = page.pictures.iter().copied().filter(|p| p.w.is_finite() && p.h.is_finite()).collect();
        Self {
            attachment: attachment.to_owned(),
            sha256: None,
            number: page.number,
            width: page.width.max(1.0),
            height: page.height.max(1.0),
            rows: Self::rows_of(page),
            pictures,
            lay: page.lay,
        }
    }

    /// A page's words in rows from top to bottom, columns beside each other.
    pub fn rows_of(page: &Page) -> Vec<Row> {
        let lines = mend::lines(page);
        let mut pieces: Vec<Piece> = lines.iter().flat_map(|line| split(&line.words)).collect();
        pieces.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
        let mut rows: Vec<Row> = Vec::new();
        for piece in pieces {
            match rows.last_mut() {
                Some(row) if same_height(row, &piece) => row.pieces.push(piece),
                _ => rows.push(Row { pieces: vec![piece] }),
            }
        }
        for row in &mut rows {
            row.pieces.sort_by(|a, b| a.at.x.total_cmp(&b.at.x));
        }
        rows
    }

    /// Plain text set out as if on paper, so that a mail's body is read by the same rules.
    pub fn of_text(text: &str) -> Self {
        const WIDE: f32 = 6.0;
        const HIGH: f32 = 14.0;
        let mut rows = Vec::new();
        for (n, line) in text.lines().enumerate().take(20_000) {
            let mut words = Vec::new();
            let mut column = 0.0;
            for word in line.split_inclusive(|c: char| c.is_whitespace()) {
                let bare = word.trim();
                let letters = u16::try_from(bare.chars().count()).unwrap_or(u16::MAX);
                let y = f32::from(u16::try_from(n).unwrap_or(u16::MAX)) * HIGH;
                if letters > 0 {
                    let at = Rect { x: column * WIDE, y, w: f32::from(letters) * WIDE, h: HIGH * 0.8 };
                    words.push(Word { text: bare.to_owned(), at, confidence: None });
                }
                column += f32::from(letters) + if word.ends_with('\t') { 6.0 } else { 1.0 };
            }
            let pieces = split(&words);
            if !pieces.is_empty() {
                rows.push(Row { pieces });
            }
        }
        Self { number: 1, width: 600.0, height: 20_000.0, rows, ..Self::default() }
    }

    pub fn text(&self) -> String {
        self.rows.iter().map(Row::text).collect::<Vec<_>>().join("\n")
    }

    /// The rows run together, for sentences that cross lines.
    pub fn prose(&self) -> String {
        run_on(&self.rows.iter().map(Row::text).collect::<Vec<_>>())
    }

    pub fn pieces(&self) -> impl Iterator<Item = (usize, &Piece)> {
        self.rows.iter().enumerate().flat_map(|(i, row)| row.pieces.iter().map(move |p| (i, p)))
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn evidence(&self, quote: &str, at: Rect) -> Evidence {
        let whole = |at: Rect| Rect {
            x: at.x / self.width,
            y: at.y / self.height,
            w: at.w / self.width,
            h: at.h / self.height,
        };
        let shown = self.lay.map_or_else(|| whole(at), |lay| lay.place(at));
        let mille = |share: f32| (share * 1000.0).clamp(0.0, 1000.0) as u16;
        Evidence {
            attachment: self.attachment.clone(),
            sha256: self.sha256.clone(),
            page: self.number,
            quote: shortened(quote),
            place: Some([mille(shown.x), mille(shown.y), mille(shown.w), mille(shown.h)]),
        }
    }
}

fn shortened(quote: &str) -> String {
    const LONGEST: usize = 160;
    let clean: String = quote.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().count() <= LONGEST {
        return clean;
    }
    clean.chars().take(LONGEST).chain(['…']).collect()
}

/// Lines as one text. A date in figures breaks behind its hyphen, `30-06-` and `2026`, and is one word all the same; the colon
/// of a label that stands at half the height of its text is no line of it.
pub fn run_on(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines.iter().filter(|line| line.trim() != ":") {
        let mut end = text.chars().rev();
        let torn = end.next() == Some('-') && end.next().is_some_and(|c| c.is_ascii_digit());
        if !(text.is_empty() || torn && line.starts_with(|c: char| c.is_ascii_digit())) {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

pub fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rect { x, y, w: (a.x + a.w).max(b.x + b.w) - x, h: (a.y + a.h).max(b.y + b.h) - y }
}

/// Whether two boxes share some of their width.
pub fn share_width(a: Rect, b: Rect) -> bool {
    a.x < b.x + b.w && b.x < a.x + a.w
}

fn same_height(row: &Row, piece: &Piece) -> bool {
    let middle = row.pieces.iter().map(Piece::middle).sum::<f32>() / row.pieces.len() as f32;
    (piece.middle() - middle).abs() < 0.4 * piece.at.h.min(row.height()).max(4.0)
}

/// Divides a line where the gap is wider than justified text leaves between words.
fn split(line: &[Word]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    // Recognition draws its boxes tight round the ink: only the tallest word of a line is as high as its letters are.
    let seen = line.iter().any(|w| w.confidence.is_some());
    let tight = seen.then(|| 1.1 * line.iter().map(|w| w.at.h).fold(0.0, f32::max));
    for word in line.iter().filter(|w| !w.text.trim().is_empty()) {
        let wide = words.last().is_some_and(|last| {
            let gap = word.at.x - (last.at.x + last.at.w);
            gap > 1.25 * tight.unwrap_or(last.at.h.min(word.at.h)).clamp(7.0, 16.0)
        });
        if wide {
            pieces.extend(Piece::of(std::mem::take(&mut words)));
        }
        words.push(word.clone());
    }
    pieces.extend(Piece::of(words));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_gap_divides_a_line_and_a_narrow_one_does_not() {
        let sheet = Sheet::of_text("Nomor : 12/LPSE/2026          Tanjung Seraya, 9 November 2026\nHal : Permohonan");

        assert_eq!(sheet.rows.len(), 2);
        assert_eq!(sheet.rows[0].pieces.len(), 2);
        assert_eq!(sheet.rows[0].pieces[1].text, "Tanjung Seraya, 9 November 2026");
    }

    #[test]
    fn a_date_that_breaks_behind_its_hyphen_runs_on() {
        assert_eq!(
            Sheet::of_text("berlaku s/d 30-06-\n:\n2026 untuk tim-\nnya").prose(),
            "berlaku s/d 30-06-2026 untuk tim- nya"
        );
    }

    #[test]
    fn evidence_is_placed_in_per_mille_and_quotes_no_control_characters() {
        let sheet = Sheet { width: 600.0, height: 800.0, number: 2, ..Sheet::default() };

        let evidence = sheet.evidence("a\u{7}b", Rect { x: 60.0, y: 80.0, w: 300.0, h: 8.0 });

        assert_eq!((evidence.quote.as_str(), evidence.page), ("a b", 2));
        assert_eq!(evidence.place, Some([100, 100, 500, 10]));
    }
}
