//! Where a person's line is in a decree: the cell, list entry or clause that holds the name or the employee number, and
//! the strip of the page that belongs to it. What the line says is read in [`super::role`].

use super::name::{self, Likeness};
use super::nip;
use crate::dossier::fold::Gist;
use crate::dossier::page::Rect;
use crate::dossier::sheet::{Piece, Row, Sheet, share_width, union};
use crate::sop::names::Nip;

/// Where a person was found on a sheet.
pub struct Anchor {
    /// The anchor is the whole cell of name and number, not one line of it.
    pub cell: bool,
    pub sheet: usize,
    pub row: usize,
    pub at: Rect,
    pub likeness: Likeness,
    pub nip_equal: Option<bool>,
}

/// Whether a row runs through a place: a cell may hold several lines.
pub fn covers(at: Rect, row: &Row) -> bool {
    let middle = (row.top() + row.bottom()) / 2.0;
    middle > at.y - 1.0 && middle < at.y + at.h + 1.0
}

/// All places where the name or the number stands.
pub fn anchors(n: usize, sheet: &Sheet, who: &[String], number: Option<&Nip>) -> Vec<Anchor> {
    let mut found = Vec::new();
    for (row, piece) in sheet.pieces() {
        let here = nip::find(&piece.text);
        let equal = number.is_some_and(|number| here.iter().any(|(found, _)| found == number));
        let likeness = likeness_in(&piece.text, who);
        if !equal && likeness == Likeness::Different {
            continue;
        }
        let beside =
            if equal { Some(true) } else { number.and_then(|number| number_beside(sheet, piece, &here, number)) };
        found.push(Anchor { cell: false, sheet: n, row, at: piece.at, likeness, nip_equal: beside });
    }
    found.extend(across_lines(n, sheet, who, number));
    found.extend(in_cells(n, sheet, who, number));
    found
}

/// Cells of narrow tables, where name and number both wrap. Only a cell with exactly one number is one person's.
fn in_cells(n: usize, sheet: &Sheet, who: &[String], number: Option<&Nip>) -> Vec<Anchor> {
    cells(sheet)
        .into_iter()
        .filter_map(|cell| {
            let numbers = nip::find(&cell.text);
            let alone = || name::compare_bare(&name::bare(strip_mark(&cell.text)), who) <= Likeness::Initials;
            let nip_equal = match (&numbers[..], number) {
                ([], Some(number)) if alone() => Some(number_on_row(sheet, cell.at, number)?),
                ([(found, _)], _) => number.map(|number| found == number),
                _ => return None,
            };
            let likeness = likeness_in(&cell.text, who);
            let fits = nip_equal == Some(true) || likeness <= Likeness::Initials;
            fits.then_some(Anchor { cell: true, sheet: n, row: cell.row, at: cell.at, likeness, nip_equal })
        })
        .collect()
}

struct Cell {
    row: usize,
    /// Lines that open with a list mark; a second one begins another person.
    marks: usize,
    at: Rect,
    text: String,
}

/// Lines of one column that stand closer than the column's rows do.
fn cells(sheet: &Sheet) -> Vec<Cell> {
    let mut pieces: Vec<(usize, &Piece)> = sheet.pieces().collect();
    let column = |p: &Piece| (p.at.x / 6.0).round();
    pieces.sort_by(|(_, a), (_, b)| column(a).total_cmp(&column(b)).then(a.at.y.total_cmp(&b.at.y)));
    let mut cells: Vec<Cell> = Vec::new();
    for lines in pieces.chunk_by(|(_, a), (_, b)| (a.at.x - b.at.x).abs() < 6.0) {
        let gaps = || lines.windows(2).map(|w| w[1].1.at.y - (w[0].1.at.y + w[0].1.at.h));
        let least = gaps().filter(|g| *g > -3.0).fold(f32::INFINITY, f32::min);
        let mut open: Option<Cell> = None;
        for ((row, piece), gap) in lines.iter().zip(std::iter::once(f32::INFINITY).chain(gaps())) {
            match &mut open {
                Some(cell) if gap < least + 0.3 * piece.at.h => {
                    cell.at = union(cell.at, piece.at);
                    cell.text = format!("{} {}", cell.text, piece.text);
                    cell.marks += usize::from(has_mark(&piece.text));
                }
                _ => {
                    let marks = usize::from(has_mark(&piece.text));
                    cells.extend(open.replace(Cell { row: *row, marks, at: piece.at, text: piece.text.clone() }));
                }
            }
        }
        cells.extend(open);
    }
    cells.retain(|cell| cell.text.split_whitespace().count() <= 24 && cell.marks <= 1);
    cells
}

/// A name that wraps onto the next line of its cell.
fn across_lines(n: usize, sheet: &Sheet, who: &[String], number: Option<&Nip>) -> Vec<Anchor> {
    let pieces: Vec<(usize, &Piece)> = sheet.pieces().collect();
    pieces
        .iter()
        .filter_map(|(row, piece)| {
            let (_, below) = pieces.iter().find(|(_, p)| {
                let gap = p.at.y - (piece.at.y + piece.at.h);
                (p.at.x - piece.at.x).abs() < 6.0 && gap > -2.0 && gap < 0.9 * piece.at.h
            })?;
            let likeness = likeness_in(&format!("{} {}", piece.text, below.text), who);
            if likeness > Likeness::Initials || likeness_in(&piece.text, who) == likeness {
                return None;
            }
            let whole = union(piece.at, below.at);
            let nip_equal = number.and_then(|number| {
                number_beside(sheet, below, &nip::find(&below.text), number)
                    .or_else(|| number_on_row(sheet, whole, number))
            });
            Some(Anchor { cell: false, sheet: n, row: *row, at: whole, likeness, nip_equal })
        })
        .collect()
}

/// Compares the name inside a piece: without its number, label, list mark and what stands behind it.
fn likeness_in(text: &str, who: &[String]) -> Likeness {
    let cut = text.split(['/', '(', ':']).map(str::trim).filter(|p| !p.is_empty());
    let alike = |part: &str| name::compare_bare(&name::bare(strip_mark(part)), who);
    let direct = cut.map(alike).min().unwrap_or(Likeness::Different);
    // In a clause the name stands among other words; a single word is too little to go by there.
    if direct == Likeness::Exact || who.len() < 2 {
        return direct;
    }
    let inside = Gist::of(text).words().windows(who.len()).any(|words| words == who);
    if inside { Likeness::Exact } else { direct }
}

/// `3. Budi Hartono` and `b) Budi Hartono` open an entry of a list.
pub fn has_mark(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let bare = first.trim_end_matches(['.', ')']);
    let numbered = bare.len() <= 3 && bare.bytes().all(|b| b.is_ascii_digit());
    let lettered = bare.len() == 1 && bare.bytes().all(|b| b.is_ascii_lowercase());
    !bare.is_empty() && bare.len() < first.len() && first.len() < text.len() && (numbered || lettered)
}

fn strip_mark(text: &str) -> &str {
    let text = text.trim();
    let Some((first, rest)) = text.split_once(' ') else { return text };
    let mark = first.len() <= 4
        && first
            .trim_end_matches(['.', ')'])
            .chars()
            .all(|c| c.is_ascii_digit() || (first.len() <= 2 && c.is_lowercase()));
    let rest = if mark { rest } else { text };
    let end = rest.find("NIP").or_else(|| rest.find("Nip")).unwrap_or(rest.len());
    rest[..end].trim().trim_end_matches([',', '-', ';', '.']).trim()
}

/// The employee number next to a name: on its row, or right below it.
fn number_beside(sheet: &Sheet, piece: &Piece, here: &[(Nip, std::ops::Range<usize>)], number: &Nip) -> Option<bool> {
    if let Some((found, _)) = here.first() {
        return Some(found == number);
    }
    let near = |p: &&Piece| {
        let gap = p.at.y - (piece.at.y + piece.at.h);
        let below = share_width(p.at, piece.at) && gap > -2.0 && gap < 1.2 * piece.at.h;
        let beside = (p.middle() - piece.middle()).abs() < 0.9 * piece.at.h && p.at.x > piece.at.x;
        (below && !names_another(&p.text)) || beside
    };
    compared(sheet, number, near).or_else(|| number_on_row(sheet, piece.at, number))
}

/// Whether a line with a number opens with a name of its own: `2. Budi Hartono, S.T., NIP 1992…`.
fn names_another(text: &str) -> bool {
    let gist = Gist::of(text);
    let words = gist.words();
    let number = |i: usize| {
        let label = matches!(words[i], "nip" | "nipppk" | "nrp") || words[i..].starts_with(&["ni", "pppk"]);
        label || (words[i].len() >= 8 && words[i].bytes().all(|b| b.is_ascii_digit()))
    };
    let end = (0..words.len()).find(|i| number(*i)).unwrap_or(words.len());
    has_mark(text)
        || words[..end].iter().filter(|w| w.chars().count() > 2 && w.chars().all(char::is_alphabetic)).count() >= 2
}

/// A column of numbers may stand on either side of the names, centred over a name of several lines.
fn number_on_row(sheet: &Sheet, at: Rect, number: &Nip) -> Option<bool> {
    let level = |p: &Piece| p.middle() > at.y - 2.0 && p.middle() < at.y + at.h + 2.0;
    let pieces: Vec<&Piece> = sheet.pieces().map(|(_, p)| p).filter(|p| level(p)).collect();
    // A narrow column breaks the number over lines.
    let cell = |of: &Piece| {
        let lines = pieces.iter().filter(|p| (p.at.x - of.at.x).abs() < 6.0).map(|p| p.text.as_str());
        lines.collect::<Vec<_>>().join(" ")
    };
    let compared = |right: bool| {
        let side = pieces.iter().filter(|p| if right { p.at.x > at.x + 6.0 } else { p.at.x < at.x - 6.0 });
        let found: Vec<Nip> = side.flat_map(|p| nip::find(&cell(p))).map(|(n, _)| n).collect();
        if found.is_empty() { None } else { Some(found.contains(number)) }
    };
    compared(true).or_else(|| compared(false))
}

fn compared(sheet: &Sheet, number: &Nip, near: impl Fn(&&Piece) -> bool) -> Option<bool> {
    let found: Vec<Nip> =
        sheet.pieces().map(|(_, p)| p).filter(near).flat_map(|p| nip::find(&p.text)).map(|(n, _)| n).collect();
    if found.is_empty() { None } else { Some(found.contains(number)) }
}

/// The lines of name and number that stand together in one column.
pub fn block(sheet: &Sheet, anchor: &Anchor) -> Rect {
    if anchor.cell {
        return anchor.at;
    }
    let mut block = anchor.at;
    let whole = sheet.pieces().any(|(_, p)| p.at == anchor.at && names_another(&p.text));
    for _ in 0..2 {
        for (_, piece) in sheet.pieces() {
            let number = !nip::find(&piece.text).is_empty();
            let above = block.y - (piece.at.y + piece.at.h);
            let below = piece.at.y - (block.y + block.h);
            let touches = (-2.0..0.7 * piece.at.h).contains(&above.max(below));
            // Of two neighbours in a dense list, only a line without its own number above, or a number below, belongs here.
            let belongs = if below > above {
                (number && nip::find_count(sheet, block) == 0 && !names_another(&piece.text))
                    || name::only_degrees(&piece.text)
            } else {
                !number && nip::find_count(sheet, block) == 1 && !whole
            };
            if touches && belongs && (piece.at.x - block.x).abs() < 14.0 {
                block = union(block, piece.at);
            }
        }
    }
    block
}

/// The block, stretched to the height of the person's whole strip: the name may stand in another column than the number.
pub fn strip(sheet: &Sheet, block: Rect) -> Rect {
    let (top, bottom) = band(sheet, block);
    union(block, Rect { x: block.x, y: top, w: block.w, h: (bottom - top).max(0.0) })
}

/// The best of the names in the person's strip, each column read as one text.
pub fn best_likeness(sheet: &Sheet, block: Rect, who: &[String]) -> Likeness {
    let inside = |p: &Piece| p.middle() > block.y - 1.0 && p.middle() < block.y + block.h + 1.0;
    let pieces: Vec<&Piece> = sheet.pieces().map(|(_, p)| p).filter(|p| inside(p)).collect();
    let column = |of: &Piece| {
        let same: Vec<&str> =
            pieces.iter().filter(|p| (p.at.x - of.at.x).abs() < 6.0).map(|p| p.text.as_str()).collect();
        same.join(" ")
    };
    let alone = pieces.iter().map(|p| likeness_in(&p.text, who));
    let joined = pieces.iter().map(|p| likeness_in(&column(p), who));
    alone.chain(joined).min().unwrap_or(Likeness::Different)
}

/// The strip of the page that is this person's. Where the row's number stands beside the first line, cells begin at the
/// top and the strip ends where the next row begins; else half-way to the neighbours in the same column.
pub fn band(sheet: &Sheet, block: Rect) -> (f32, f32) {
    let under = |p: &&Piece| (p.at.x - block.x).abs() < 14.0 || share_width(p.at, block);
    let column = || sheet.pieces().map(|(_, p)| p).filter(under);
    let above = column().filter(|p| p.at.y + p.at.h <= block.y + 2.0).map(|p| p.at.y + p.at.h).fold(0.0, f32::max);
    let below = column().filter(|p| p.at.y >= block.y + block.h - 2.0).map(|p| p.at.y).fold(sheet.height, f32::min);
    let is_number = |p: &Piece| {
        let bare = p.text.trim_end_matches(['.', ')']);
        p.at.x + p.at.w < block.x && (1..=3).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_digit())
    };
    let beside_top = sheet.pieces().any(|(_, p)| is_number(p) && (p.at.y - block.y).abs() < 0.4 * p.at.h);
    let reach = 45.0;
    if beside_top && block.h > 20.0 {
        return (block.y - 3.0, (below - 3.0).min(block.y + block.h + reach));
    }
    ((above.max(block.y - reach) + block.y) / 2.0, (block.y + block.h + below.min(block.y + block.h + reach)) / 2.0)
}
