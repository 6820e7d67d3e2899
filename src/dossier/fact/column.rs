//! The role in a table's column: beside the person under a heading, in a cell merged over several, or as the heading itself.

use super::place;
use super::role::{RoleFound, named};
use crate::dossier::fold::Gist;
use crate::dossier::page::Rect;
use crate::dossier::recognition::{Field, Recognition};
use crate::dossier::sheet::{Piece, Row, Sheet, share_width, union};

/// The table's headings above a line: their places, and whether the column holds the role.
pub fn heads(sheet: &Sheet, top: f32, r: &Recognition) -> Vec<(Rect, bool)> {
    let is_head = |p: &Piece| {
        let gist = Gist::of(&p.text);
        let role = gist.words().len() <= 5 && gist.starts_with_any(&r.decree.role_columns);
        (
            role,
            role || r.field(&p.text).is_some()
                || matches!(gist.words().first(), Some(&"no" | &"nama" | &"jabatan" | &"nip")),
        )
    };
    let rows: Vec<&Row> = sheet.rows.iter().filter(|row| row.bottom() < top + 4.0).collect();
    let Some(at) =
        rows.iter().position(|row| row.pieces.iter().filter(|p| is_head(p).1 && p.words.len() <= 5).count() >= 2)
    else {
        return Vec::new();
    };
    let near = |row: &&&Row| (row.top() - rows[at].top()).abs() < 3.0 * rows[at].height();
    // A heading may take two lines: `Kedudukan dalam` over `Tim`.
    // A title close above spans several columns and heads none.
    let spans = |p: &Piece| rows[at].pieces.iter().filter(|h| share_width(h.at, p.at)).count() > 1;
    let mut heads: Vec<(Rect, String)> = Vec::new();
    let narrow = |p: &&Piece| p.words.len() <= 5 && !spans(p);
    for piece in rows.iter().filter(near).flat_map(|row| &row.pieces).filter(narrow) {
        match heads.iter_mut().find(|(at, _)| share_width(*at, piece.at)) {
            Some((at, text)) => {
                *at = union(*at, piece.at);
                *text = format!("{text} {}", piece.text);
            }
            None => heads.push((piece.at, piece.text.clone())),
        }
    }
    let is_role = |text: &str| {
        let gist = Gist::of(text);
        gist.starts_with_any(&r.decree.role_columns) && r.field(text) != Some(Field::Position)
    };
    let heads: Vec<(Rect, bool)> = heads.into_iter().map(|(at, text)| (at, is_role(&text))).collect();
    if heads.iter().any(|(_, role)| *role) { heads } else { Vec::new() }
}

/// Whether the heading over a piece, or the nearest one, is that of the role's column.
pub fn nearest(piece: &Piece, heads: &[(Rect, bool)]) -> Option<bool> {
    let shared = |h: &Rect| (piece.at.x + piece.at.w).min(h.x + h.w) - piece.at.x.max(h.x);
    heads.iter().max_by(|a, b| shared(&a.0).total_cmp(&shared(&b.0))).map(|(_, role)| *role)
}

/// A role that wraps in its cell, under whatever heading: lines of the other cells stand between its own.
pub fn in_one_cell(in_band: &[&Piece], r: &Recognition) -> Option<RoleFound> {
    in_band.iter().find_map(|first| {
        let lines = in_band.iter().filter(|p| (p.at.x - first.at.x).abs() < 6.0).map(|p| p.text.as_str());
        named(&lines.collect::<Vec<_>>().join(" "), r)
    })
}

/// A cell merged over several people holds the role once: beside the first of them, or in their middle. Only the own role is
/// taken so, since another's would accuse, and not from afar where the next cell below is nearer.
pub fn merged(sheet: &Sheet, (top, bottom): (f32, f32), heads: &[(Rect, bool)], r: &Recognition) -> Option<RoleFound> {
    let floor = heads.iter().map(|(at, _)| at.y + at.h).fold(0.0, f32::max);
    let in_column = || {
        let under = |p: &&Piece| p.at.y >= floor - 1.0 && nearest(p, heads) == Some(true);
        sheet.pieces().map(|(_, p)| p).filter(under)
    };
    let above = in_column().filter(|p| p.middle() <= top).max_by(|a, b| a.middle().total_cmp(&b.middle()))?;
    let below = in_column().filter(|p| p.middle() >= bottom).map(Piece::middle).fold(f32::INFINITY, f32::min);
    // Where the numbers of the rows count groups, cells begin at the top.
    let is_number = |p: &Piece| {
        let bare = p.text.trim_end_matches(['.', ')']);
        (1..=3).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_digit())
    };
    let numbered = sheet.pieces().any(|(_, p)| p.middle() > top && p.middle() < bottom && is_number(p));
    let middle = (top + bottom) / 2.0;
    if numbered && below - middle < middle - above.middle() - 0.5 * above.at.h {
        return None;
    }
    named(&above.text, r).filter(|role| matches!(role, RoleFound::Own(_)))
}

/// Roles may head the columns, each over the people who have it.
pub fn headed(sheet: &Sheet, anchor: &place::Anchor, r: &Recognition) -> Option<RoleFound> {
    let heads = |row: &Row| -> Vec<(Rect, RoleFound)> {
        let short = row.pieces.iter().filter(|p| p.words.len() <= 4);
        short.filter_map(|p| Some((p.at, named(&p.text, r)?))).collect()
    };
    sheet.rows[..anchor.row].iter().rev().find_map(|row| {
        let heads = heads(row);
        let first = heads.first()?;
        let several = heads.iter().any(|(_, role)| *role != first.1);
        let over = heads.iter().filter(|(at, _)| share_width(*at, anchor.at)).count() == 1;
        if !(several && over) {
            return None;
        }
        heads.into_iter().find(|(at, _)| share_width(*at, anchor.at)).map(|(_, role)| role)
    })
}
