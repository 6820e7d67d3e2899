//! From glyphs to lines: glyphs of one direction are put on baselines, baselines are cut into words at gaps, and into
//! separate lines where a gap is too wide for a word space or a rule stands in it (columns, table cells).

use super::content::{Canvas, Glyph};
use super::geometry::{Bounds, rounded};
use crate::dossier::page::{Line, Word};

/// Baselines closer than this part of the size are one.
const BASELINE: f32 = 0.3;
/// A gap wider than this part of the size ends a word.
const WORD: f32 = 0.17;
/// A gap wider than this, without a space glyph in it, ends a line.
const COLUMN: f32 = 1.15;
/// The same where a space glyph stands before the gap: justified text is wide.
const COLUMN_AFTER_SPACE: f32 = 1.9;
/// Baselines turned less than this (degrees) count as level.
const LEVEL: f32 = 1.5;

/// What a page says.
pub struct Layout {
    pub lines: Vec<Line>,
    pub hidden: Vec<String>,
}

/// Sorts the canvas's glyphs into lines from top to bottom. Lone turned letters are handed to the ink. `page` is its
/// width and height.
pub fn lay_out(canvas: &mut Canvas, page: (f32, f32)) -> Layout {
    let mut level: Vec<Placed> = Vec::new();
    let mut turned: Vec<Placed> = Vec::new();
    let mut hidden: Vec<Placed> = Vec::new();
    let outside = |g: &Glyph| g.x < -2.0 || g.y < -2.0 || g.x > page.0 + 2.0 || g.y > page.1 + 2.0;
    for (order, glyph) in canvas.glyphs.iter().enumerate() {
        let placed = Placed::new(glyph, order);
        if glyph.hidden || outside(glyph) {
            hidden.push(placed);
        } else if glyph.angle.abs() <= LEVEL {
            level.push(placed);
        } else {
            turned.push(placed);
        }
    }
    let ruled = std::mem::take(&mut canvas.ink.rules);
    let (mut lines, letters) = turned_lines(&canvas.text, turned);
    for row in rows(level, &canvas.text, &ruled) {
        let lone = row.glyphs() == 1;
        let line = row.line(0.0);
        if lone && is_in_ring(&line, &letters) {
            line.words.iter().for_each(|w| canvas.ink.letter(bounds(w)));
        } else {
            lines.push(line);
        }
    }
    letters.into_iter().for_each(|l| canvas.ink.letter(l));
    sort(&mut lines);
    let hidden = rows(hidden, &canvas.text, &[]).iter().map(Row::text).filter(|t| !t.is_empty()).collect();
    Layout { lines, hidden }
}

/// Top to bottom, and left to right where two stand at the same height.
fn sort(lines: &mut [Line]) {
    let key = |line: &Line| line.words.first().map_or((0.0, 0.0), |w| (w.at.y + w.at.h * 0.8, w.at.x));
    lines.sort_by(|a, b| {
        let ((ay, ax), (by, bx)) = (key(a), key(b));
        // Whole points: columns set on slightly different baselines stay side by side.
        (ay.round() as i32).cmp(&(by.round() as i32)).then(ax.total_cmp(&bx))
    });
}

/// A glyph seen along its own baseline: `u` along it, `v` across.
struct Placed {
    u: f32,
    v: f32,
    advance: f32,
    size: f32,
    start: usize,
    end: usize,
    angle: f32,
    order: usize,
}

impl Placed {
    fn new(glyph: &Glyph, order: usize) -> Self {
        let angle = if glyph.angle.abs() <= LEVEL { 0.0 } else { glyph.angle };
        let (sin, cos) = angle.to_radians().sin_cos();
        Self {
            u: glyph.x * cos + glyph.y * sin,
            v: glyph.y * cos - glyph.x * sin,
            advance: glyph.dx.hypot(glyph.dy),
            size: glyph.size.max(0.5),
            start: glyph.start as usize,
            end: glyph.end as usize,
            angle,
            order,
        }
    }

    fn end(&self) -> f32 {
        self.u + self.advance
    }
}

/// Words of one piece of a baseline, in its own direction.
struct Row {
    words: Vec<Piece>,
}

struct Piece {
    text: String,
    u: f32,
    v: f32,
    end: f32,
    size: f32,
    glyphs: usize,
}

impl Row {
    fn text(&self) -> String {
        self.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn glyphs(&self) -> usize {
        self.words.iter().map(|w| w.glyphs).sum()
    }

    /// Back onto the page, for a baseline turned by `angle` degrees.
    fn line(self, angle: f32) -> Line {
        let (sin, cos) = angle.to_radians().sin_cos();
        let words = self.words.into_iter().map(|w| {
            let mut bounds = Bounds::NOTHING;
            for (u, v) in [(w.u, w.v - 0.8 * w.size), (w.end, w.v + 0.2 * w.size)] {
                bounds.add(u * cos - v * sin, u * sin + v * cos);
            }
            let at = rounded(bounds.x0, bounds.y0, bounds.width(), bounds.height());
            Word { text: w.text, at, confidence: None }
        });
        Line { words: words.collect() }
    }
}

fn rows(mut glyphs: Vec<Placed>, text: &str, rules: &[Bounds]) -> Vec<Row> {
    glyphs.sort_by(|a, b| a.v.total_cmp(&b.v).then(a.order.cmp(&b.order)));
    let mut out = Vec::new();
    let mut baseline: Vec<Placed> = Vec::new();
    for glyph in glyphs {
        let same =
            baseline.first().is_none_or(|first| (glyph.v - first.v).abs() <= BASELINE * first.size.min(glyph.size));
        if !same {
            cut(std::mem::take(&mut baseline), text, rules, &mut out);
        }
        baseline.push(glyph);
    }
    cut(baseline, text, rules, &mut out);
    out
}

/// Cuts one baseline into rows and words.
fn cut(mut glyphs: Vec<Placed>, text: &str, rules: &[Bounds], out: &mut Vec<Row>) {
    glyphs.sort_by(|a, b| a.u.total_cmp(&b.u).then(a.order.cmp(&b.order)));
    let mut row = Row { words: Vec::new() };
    let mut word: Option<Piece> = None;
    let mut last: Option<&Placed> = None;
    let mut spaced = false;
    for glyph in &glyphs {
        let shown = &text[glyph.start..glyph.end];
        let size = glyph.size;
        if let Some(last) = last {
            let gap = glyph.u - last.end();
            if is_twin(last, glyph, text) {
                continue;
            }
            let wide = gap > size * if spaced { COLUMN_AFTER_SPACE } else { COLUMN };
            if wide || (gap > 1.0 && is_ruled(rules, last.end(), glyph.u, glyph.v)) {
                row.words.extend(word.take());
                finish(&mut row, out);
            } else if gap > size * WORD {
                row.words.extend(word.take());
            }
        }
        last = Some(glyph);
        spaced = shown.chars().all(char::is_whitespace);
        if spaced {
            row.words.extend(word.take());
            continue;
        }
        let piece = word.get_or_insert_with(|| Piece {
            text: String::new(),
            u: glyph.u,
            v: glyph.v,
            end: glyph.u,
            size,
            glyphs: 0,
        });
        append(&mut piece.text, shown);
        piece.end = piece.end.max(glyph.end());
        piece.size = piece.size.max(size);
        piece.glyphs += 1;
    }
    row.words.extend(word);
    finish(&mut row, out);
}

fn finish(row: &mut Row, out: &mut Vec<Row>) {
    row.words.retain(|w| !w.text.is_empty());
    if !row.words.is_empty() {
        out.push(Row { words: std::mem::take(&mut row.words) });
    }
}

/// The same glyph drawn twice almost in one place: how some programs print bold.
fn is_twin(last: &Placed, glyph: &Placed, text: &str) -> bool {
    (glyph.u - last.u).abs() < 0.12 * glyph.size
        && (glyph.v - last.v).abs() < 0.12 * glyph.size
        && glyph.advance > 0.2 * glyph.size
        && text[glyph.start..glyph.end] == text[last.start..last.end]
}

fn is_ruled(rules: &[Bounds], from: f32, to: f32, v: f32) -> bool {
    rules.iter().any(|r| r.x0 >= from - 0.5 && r.x1 <= to + 0.5 && (r.y0..=r.y1).contains(&(v - 1.0)))
}

/// Ligatures as letters, soft hyphens as hyphens, no control characters.
fn append(out: &mut String, shown: &str) {
    for c in shown.chars() {
        match c {
            'ﬀ' => out.push_str("ff"),
            'ﬁ' => out.push_str("fi"),
            'ﬂ' => out.push_str("fl"),
            'ﬃ' => out.push_str("ffi"),
            'ﬄ' => out.push_str("ffl"),
            '\u{ad}' | '‐' | '‑' => out.push('-'),
            c if c.is_control() || c.is_whitespace() => {}
            c => out.push(c),
        }
    }
}

/// Writing at an angle: runs of it are lines (watermarks, margins), lone letters belong to a stamp and are returned as
/// the boxes they fill.
fn turned_lines(text: &str, mut glyphs: Vec<Placed>) -> (Vec<Line>, Vec<Bounds>) {
    glyphs.sort_by(|a, b| a.angle.total_cmp(&b.angle).then(a.order.cmp(&b.order)));
    let mut lines = Vec::new();
    let mut letters = Vec::new();
    let mut run: Vec<Placed> = Vec::new();
    let mut flush = |run: &mut Vec<Placed>| {
        let Some(angle) = run.first().map(|g| g.angle) else { return };
        for row in rows(std::mem::take(run), text, &[]) {
            let lone = row.glyphs() <= 2;
            let line = row.line(angle);
            if lone { letters.extend(line.words.iter().map(bounds)) } else { lines.push(line) }
        }
    };
    for glyph in glyphs {
        if run.first().is_some_and(|first| (glyph.angle - first.angle).abs() > 0.25) {
            flush(&mut run);
        }
        run.push(glyph);
    }
    flush(&mut run);
    (lines, letters)
}

fn bounds(word: &Word) -> Bounds {
    let at = word.at;
    Bounds { x0: at.x, y0: at.y, x1: at.x + at.w, y1: at.y + at.h }
}

/// The one letter of a ring of letters that happens to stand upright: turned letters of its size stand on both sides.
fn is_in_ring(line: &Line, letters: &[Bounds]) -> bool {
    let Some(own) = line.words.first().map(bounds) else { return false };
    let reach = 2.5 * own.height();
    let like = |l: &&Bounds| l.near(&own, reach) && l.height() < 2.2 * own.height() && own.height() < 2.2 * l.height();
    letters.iter().filter(like).count() >= 3
}
