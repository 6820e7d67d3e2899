//! One person's line in a decree, and the role it gives. The line may be a row of an annexed table, an entry of a list, a
//! vertical form or a clause; the role may stand beside the name, in a column, in a heading above, or in the title.

use super::{name, nip};
use crate::dossier::fields;
use crate::dossier::fold::Gist;
use crate::dossier::page::Rect;
use crate::dossier::recognition::{Field, Recognition};
use crate::dossier::sheet::{Piece, Row, Sheet, share_width, union};
use crate::sop::checklist::Evidence;
use crate::sop::names::Nip;
use name::Likeness;

/// What the decree says about the person.
#[derive(Debug, Clone)]
pub struct Entry {
    pub likeness: Likeness,
    /// The number beside the name: equal, another, or none given.
    pub nip_equal: Option<bool>,
    pub role: RoleFound,
    pub evidence: Evidence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleFound {
    Own(String),
    Other(String),
    Unclear,
}

/// Finds the person in a decree; the title serves where the line itself names no role.
pub fn find(sheets: &[Sheet], who: &str, number: Option<&Nip>, title: &str, r: &Recognition) -> Option<Entry> {
    let anchors = sheets.iter().enumerate().flat_map(|(n, sheet)| anchors(n, sheet, who, number));
    let best = anchors.min_by_key(|a| (a.nip_equal != Some(true), a.likeness, a.nip_equal == Some(false)))?;
    let sheet = &sheets[best.sheet];
    let block = block(sheet, &best);
    let likeness = best_likeness(sheet, block, who).min(best.likeness);
    let role = role(sheet, &best, block, title, r);
    Some(Entry {
        likeness,
        nip_equal: best.nip_equal,
        role,
        evidence: sheet.evidence(&sheet.rows[best.row].text(), block),
    })
}

struct Anchor {
    sheet: usize,
    row: usize,
    at: Rect,
    likeness: Likeness,
    nip_equal: Option<bool>,
}

fn anchors(n: usize, sheet: &Sheet, who: &str, number: Option<&Nip>) -> Vec<Anchor> {
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
        found.push(Anchor { sheet: n, row, at: piece.at, likeness, nip_equal: beside });
    }
    found.extend(across_lines(n, sheet, who, number));
    found
}

/// A name that wraps onto the next line of its cell.
fn across_lines(n: usize, sheet: &Sheet, who: &str, number: Option<&Nip>) -> Vec<Anchor> {
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
            let nip_equal = number.and_then(|number| number_beside(sheet, below, &nip::find(&below.text), number));
            Some(Anchor { sheet: n, row: *row, at: union(piece.at, below.at), likeness, nip_equal })
        })
        .collect()
}

/// Compares the name inside a piece: without its number, label, list mark and what stands behind it.
fn likeness_in(text: &str, who: &str) -> Likeness {
    let whole = Gist::of(text);
    let wanted = name::bare(who).join(" ");
    let cut = text.split(['/', '(', ':']).map(str::trim).filter(|p| !p.is_empty());
    let direct = cut.map(|part| name::compare(strip_mark(part), who)).min().unwrap_or(Likeness::Different);
    if direct == Likeness::Exact || wanted.len() < 4 {
        return direct;
    }
    // In a clause the name stands among other words; a single word is too little to go by there.
    let inside = wanted.contains(' ') && format!(" {} ", whole.words().join(" ")).contains(&format!(" {wanted} "));
    if inside { Likeness::Exact } else { direct }
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
        below || beside
    };
    let found: Vec<Nip> =
        sheet.pieces().map(|(_, p)| p).filter(near).flat_map(|p| nip::find(&p.text)).map(|(n, _)| n).collect();
    if found.is_empty() { None } else { Some(found.contains(number)) }
}

/// The lines of name and number that stand together in one column.
fn block(sheet: &Sheet, anchor: &Anchor) -> Rect {
    let mut block = anchor.at;
    for _ in 0..2 {
        for (_, piece) in sheet.pieces() {
            let number = !nip::find(&piece.text).is_empty();
            let above = block.y - (piece.at.y + piece.at.h);
            let below = piece.at.y - (block.y + block.h);
            let touches = (-2.0..0.7 * piece.at.h).contains(&above.max(below));
            // Of two neighbours in a dense list, only a line without its own number above, or a number below, belongs here.
            let belongs = if below > above {
                number && nip::find_count(sheet, block) == 0
            } else {
                !number && nip::find_count(sheet, block) == 1
            };
            if touches && belongs && (piece.at.x - block.x).abs() < 14.0 {
                block = union(block, piece.at);
            }
        }
    }
    block
}

fn best_likeness(sheet: &Sheet, block: Rect, who: &str) -> Likeness {
    let inside = |p: &Piece| p.middle() > block.y - 1.0 && p.middle() < block.y + block.h + 1.0;
    sheet
        .pieces()
        .filter(|(_, p)| inside(p))
        .map(|(_, p)| likeness_in(&p.text, who))
        .min()
        .unwrap_or(Likeness::Different)
}

fn role(sheet: &Sheet, anchor: &Anchor, block: Rect, title: &str, r: &Recognition) -> RoleFound {
    let (top, bottom) = band(sheet, block);
    let in_band: Vec<&Piece> = sheet
        .pieces()
        .map(|(_, p)| p)
        .filter(|p| p.middle() > top && p.middle() < bottom && !is_inside(p, block))
        .collect();
    let heads = role_heads(sheet, top, r);
    let column: Vec<&str> = in_band
        .iter()
        .filter(|p| !heads.is_empty() && nearest_head(p, &heads).is_some_and(|is_role| is_role))
        .map(|p| p.text.as_str())
        .collect();
    let own_words = sheet.pieces().map(|(_, p)| p).filter(|p| is_inside(p, block)).map(|p| p.text.as_str());
    let beside: Vec<&str> = in_band.iter().map(|p| p.text.as_str()).chain(own_words).collect();
    named(&column.join(" "), r)
        .or_else(|| named(&beside.join(" "), r))
        .or_else(|| below(sheet, anchor, r))
        .or_else(|| heading_above(sheet, anchor, r))
        .or_else(|| named(title, r).filter(|role| matches!(role, RoleFound::Own(_))))
        .unwrap_or(RoleFound::Unclear)
}

fn is_inside(piece: &Piece, block: Rect) -> bool {
    share_width(piece.at, block) && piece.middle() > block.y && piece.middle() < block.y + block.h
}

/// The strip of the page that is this person's: half-way to the neighbours above and below in the same column.
fn band(sheet: &Sheet, block: Rect) -> (f32, f32) {
    let column = || sheet.pieces().map(|(_, p)| p).filter(|p| (p.at.x - block.x).abs() < 14.0);
    let above = column().filter(|p| p.at.y + p.at.h <= block.y + 2.0).map(|p| p.at.y + p.at.h).fold(0.0, f32::max);
    let below = column().filter(|p| p.at.y >= block.y + block.h - 2.0).map(|p| p.at.y).fold(sheet.height, f32::min);
    let reach = 45.0;
    ((above.max(block.y - reach) + block.y) / 2.0, (block.y + block.h + below.min(block.y + block.h + reach)) / 2.0)
}

/// The table's headings above a line: their places, and whether the column holds the role.
fn role_heads(sheet: &Sheet, top: f32, r: &Recognition) -> Vec<(Rect, bool)> {
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
    let heads: Vec<(Rect, bool)> = rows
        .iter()
        .filter(near)
        .flat_map(|row| &row.pieces)
        .filter(|p| p.words.len() <= 5 && is_head(p).1)
        .map(|p| (p.at, is_head(p).0))
        .collect();
    if heads.iter().any(|(_, role)| *role) { heads } else { Vec::new() }
}

/// Whether the heading over a piece, or the nearest one, is that of the role's column.
fn nearest_head(piece: &Piece, heads: &[(Rect, bool)]) -> Option<bool> {
    let shared = |h: &Rect| (piece.at.x + piece.at.w).min(h.x + h.w) - piece.at.x.max(h.x);
    heads.iter().max_by(|a, b| shared(&a.0).total_cmp(&shared(&b.0))).map(|(_, role)| *role)
}

/// The role a stretch of text names: the procedure's own, or another.
fn named(text: &str, r: &Recognition) -> Option<RoleFound> {
    let gist = Gist::of(text);
    if gist.has_any(&r.role.names) {
        return Some(RoleFound::Own(r.role.profile.clone()));
    }
    r.other_roles.iter().find(|o| gist.has_any(&o.names)).map(|o| RoleFound::Other(o.name.clone()))
}

/// A clause or a vertical form goes on under the name.
fn below(sheet: &Sheet, anchor: &Anchor, r: &Recognition) -> Option<RoleFound> {
    let labelled = fields::read(std::slice::from_ref(sheet), r);
    let next_name =
        labelled.iter().filter(|l| l.row > anchor.row && l.fields.contains(&Field::Name)).map(|l| l.row).min();
    let end = next_name.unwrap_or(usize::MAX).min(anchor.row + 9);
    let value = |field: Field| {
        labelled
            .iter()
            .filter(|l| l.row >= anchor.row && l.row < end && l.fields.contains(&field))
            .find_map(|l| named(&l.value, r))
    };
    if let Some(role) = value(Field::Role).or_else(|| value(Field::Position)) {
        return Some(role);
    }
    let rows = &sheet.rows[anchor.row..sheet.rows.len().min(anchor.row + 4)];
    let text = rows.iter().map(Row::text).collect::<Vec<_>>().join(" ");
    let gist = Gist::of(&text);
    let at = gist.words().iter().position(|w| *w == "sebagai" || *w == "selaku")?;
    let tail: Vec<&str> = gist.words().into_iter().skip(at + 1).take(8).collect();
    named(&tail.join(" "), r)
}

/// Lists are often grouped: `II. Helpdesk`, then the names.
fn heading_above(sheet: &Sheet, anchor: &Anchor, r: &Recognition) -> Option<RoleFound> {
    sheet.rows[..anchor.row].iter().rev().take(40).find_map(|row| {
        let [piece] = &row.pieces[..] else { return None };
        let short = piece.words.len() <= 6 && nip::find(&piece.text).is_empty();
        if short { named(&piece.text, r) } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "199203152019031904";

    fn role_in(text: &str) -> Option<(Likeness, Option<bool>, RoleFound)> {
        let nip = Nip::parse(NUMBER).expect("18 digits");
        let mut sheet = Sheet::of_text(text);
        sheet.height = 800.0;
        find(&[sheet], "Budi Hartono, S.T.", Some(&nip), "PENGANGKATAN PERSONIL LPSE", &Recognition::helpdesk())
            .map(|e| (e.likeness, e.nip_equal, e.role))
    }

    fn own() -> RoleFound {
        RoleFound::Own("Helpdesk".into())
    }

    #[test]
    fn a_row_of_a_table_gives_the_role_of_its_column() {
        let text = "No   Nama / NIP                 Jabatan               Kedudukan\n\n1.   Siti Amalia, S.H.          Analis Hukum          Verifikator\n     199011302014022902\n\n2.   Budi Hartono, ST           Verifikator Keuangan  Helpdesk\n     199203152019031904\n\n3.   Joko Permadi               Pranata               Trainer\n     198311172008011922";

        assert_eq!(role_in(text), Some((Likeness::Exact, Some(true), own())));
    }

    #[test]
    fn lists_headings_forms_and_clauses_give_it_too() {
        for text in [
            "1. Siti Amalia, SH (Verifikator)\n2. Budi Hartono, ST (Helpdesk)\n3. Joko Permadi, ST (Trainer)",
            "I. Verifikator\n   1. Siti Amalia, SH\nII. Helpdesk\n   1. Rina Wati, SE\n   2. Budi Hartono, ST\n      NIP. 19920315 201903 1 904",
            "KESATU : Mengangkat :\nNama : Budi Hartono, S.T.\nNIP : 19920315 201903 1 904\nJabatan : Pranata Komputer\nKedudukan : Helpdesk LPSE",
            "KESATU : Menunjuk Saudara Budi Hartono, S.T., NIP 199203152019031904,\n         sebagai Petugas Helpdesk pada LPSE.",
        ] {
            assert_eq!(role_in(text).map(|e| e.2), Some(own()), "{text}");
        }
    }

    #[test]
    fn another_role_and_another_number_are_told() {
        let text = "No   Nama                Kedudukan\n1.   Budi Hartono, ST    Verifikator\n     199203152019031905";

        assert_eq!(role_in(text), Some((Likeness::Exact, Some(false), RoleFound::Other("Verifikator".into()))));
    }

    #[test]
    fn who_is_not_there_is_not_found() {
        assert!(role_in("1. Siti Amalia, SH (Verifikator)\n2. Joko Permadi, ST (Helpdesk)").is_none());
    }
}
