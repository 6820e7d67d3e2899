//! One person's line in a decree, and the role it gives. The line may be a row of an annexed table, an entry of a list, a
//! vertical form or a clause; the role may stand beside the name, in a column, in a heading above, or in the title.

use super::name::{self, Likeness};
use super::{nip, place};
use crate::dossier::fields;
use crate::dossier::fold::Gist;
use crate::dossier::page::Rect;
use crate::dossier::recognition::{Field, Recognition};
use crate::dossier::sheet::{Piece, Row, Sheet, share_width, union};
use crate::sop::checklist::Evidence;
use crate::sop::names::Nip;

/// What the decree says about the person.
#[derive(Debug, Clone)]
pub struct Entry {
    pub likeness: Likeness,
    /// The number beside the name: equal, another, or none given.
    pub nip_equal: Option<bool>,
    pub role: RoleFound,
    /// Least confidence of the words that name the role, 0 to 100; 100 in a document's own text.
    pub sure: u8,
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
    let who = &name::bare(who);
    let anchors = sheets.iter().enumerate().flat_map(|(n, sheet)| place::anchors(n, sheet, who, number));
    let best = anchors.min_by_key(|a| {
        (
            a.nip_equal != Some(true),
            !a.cell || a.likeness == Likeness::Different,
            a.likeness,
            a.nip_equal == Some(false),
        )
    })?;
    let sheet = &sheets[best.sheet];
    let block = place::block(sheet, &best);
    let strip = if best.nip_equal == Some(true) { place::strip(sheet, block) } else { block };
    let likeness = place::best_likeness(sheet, strip, who).min(best.likeness);
    let role = role(sheet, &best, block, title, r);
    Some(Entry {
        likeness,
        nip_equal: best.nip_equal,
        sure: sure(sheet, block, r),
        role,
        evidence: sheet.evidence(&sheet.rows[best.row].text(), block),
    })
}

fn role(sheet: &Sheet, anchor: &place::Anchor, block: Rect, title: &str, r: &Recognition) -> RoleFound {
    let (top, bottom) = place::band(sheet, block);
    let in_band: Vec<&Piece> = sheet
        .pieces()
        .map(|(_, p)| p)
        .filter(|p| p.middle() > top && p.middle() < bottom && !is_inside(p, block))
        .collect();
    let recognised = in_band.iter().flat_map(|p| &p.words).any(|w| w.confidence.is_some());
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
        .or_else(|| in_one_cell(&in_band, r))
        // Where recognition read the table, an empty cell may be one that it could not read.
        .or_else(|| if column.is_empty() && !recognised { merged_above(sheet, top, &heads, r) } else { None })
        .or_else(|| below(sheet, anchor, r))
        .or_else(|| heading_above(sheet, anchor, r))
        .or_else(|| named(title, r).filter(|role| matches!(role, RoleFound::Own(_))))
        .unwrap_or(RoleFound::Unclear)
}

/// How sure the words are that name a role in the person's strip.
fn sure(sheet: &Sheet, block: Rect, r: &Recognition) -> u8 {
    let (top, bottom) = place::band(sheet, block);
    let words =
        sheet.pieces().map(|(_, p)| p).filter(|p| p.middle() > top && p.middle() < bottom).flat_map(|p| &p.words);
    words.filter(|w| named(&w.text, r).is_some()).filter_map(|w| w.confidence).max().unwrap_or(100)
}

fn is_inside(piece: &Piece, block: Rect) -> bool {
    share_width(piece.at, block) && piece.middle() > block.y && piece.middle() < block.y + block.h
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
fn nearest_head(piece: &Piece, heads: &[(Rect, bool)]) -> Option<bool> {
    let shared = |h: &Rect| (piece.at.x + piece.at.w).min(h.x + h.w) - piece.at.x.max(h.x);
    heads.iter().max_by(|a, b| shared(&a.0).total_cmp(&shared(&b.0))).map(|(_, role)| *role)
}

/// A role that wraps in its cell, under whatever heading: lines of the other cells stand between its own.
fn in_one_cell(in_band: &[&Piece], r: &Recognition) -> Option<RoleFound> {
    in_band.iter().find_map(|first| {
        let lines = in_band.iter().filter(|p| (p.at.x - first.at.x).abs() < 6.0).map(|p| p.text.as_str());
        named(&lines.collect::<Vec<_>>().join(" "), r)
    })
}

/// A cell merged over several people holds the role once, beside the first of them. Only the own role is taken from so far:
/// another's would accuse.
fn merged_above(sheet: &Sheet, top: f32, heads: &[(Rect, bool)], r: &Recognition) -> Option<RoleFound> {
    let floor = heads.iter().map(|(at, _)| at.y + at.h).fold(0.0, f32::max);
    let in_column = sheet.pieces().map(|(_, p)| p).filter(|p| {
        p.at.y >= floor - 1.0 && p.middle() <= top && !heads.is_empty() && nearest_head(p, heads) == Some(true)
    });
    let nearest = in_column.max_by(|a, b| a.middle().total_cmp(&b.middle()))?;
    named(&nearest.text, r).filter(|role| matches!(role, RoleFound::Own(_)))
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
fn below(sheet: &Sheet, anchor: &place::Anchor, r: &Recognition) -> Option<RoleFound> {
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
fn heading_above(sheet: &Sheet, anchor: &place::Anchor, r: &Recognition) -> Option<RoleFound> {
    sheet.rows[..anchor.row].iter().rev().take(40).find_map(|row| {
        // In a table the number of the group has a cell of its own: `II | HELPDESK`.
        let piece = match &row.pieces[..] {
            [piece] => piece,
            [mark, piece] if is_group_mark(&mark.text) => piece,
            _ => return None,
        };
        // A heading stands over the names; what stands beside them is another person's cell.
        let over = piece.at.x < anchor.at.x + anchor.at.w;
        let short = over && piece.words.len() <= 6 && nip::find(&piece.text).is_empty();
        if short { named(&piece.text, r) } else { None }
    })
}

/// `II`, `B.`: the number of a group, never that of a person in a list.
fn is_group_mark(text: &str) -> bool {
    let mark = text.trim_end_matches(['.', ')']);
    let roman = !mark.is_empty() && mark.chars().all(|c| matches!(c, 'I' | 'V' | 'X'));
    roman || (mark.len() == 1 && mark.starts_with(|c: char| c.is_ascii_uppercase()))
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
            "NO    NAMA                NIP                   KET\nI     HELPDESK\n1     Budi Hartono, ST    199203152019031904\nII    VERIFIKATOR\n1     Siti Amalia, SH     199011302014022902",
            "KESATU : Mengangkat :\nNama : Budi Hartono, S.T.\nNIP : 19920315 201903 1 904\nJabatan : Pranata Komputer\nKedudukan : Helpdesk LPSE",
            "KESATU : Menunjuk Saudara Budi Hartono, S.T., NIP 199203152019031904,\n         sebagai Petugas Helpdesk pada LPSE.",
        ] {
            assert_eq!(role_in(text).map(|e| e.2), Some(own()), "{text}");
        }
    }

    #[test]
    fn name_number_and_role_may_all_wrap_in_narrow_cells() {
        let text = "No.  Nama / NIP         Jabatan dalam      Jabatan dalam\n                        Dinas              Tim\n\n3.   Komang Adi Putra,  Analis             Verifikator\n     SE\n     NIP. 19800101\n     200501 1 903\n\n4.   Budi               Pranata            Petugas Layanan\n     Hartono, S.T.      Komputer           Pengguna\n     NIP. 19920315                         (Helpdesk)\n     201903 1 904\n\n5.   La Ode Hasan       Teknisi            Trainer\n     NIP. 19850505\n     201001 1 905";

        assert_eq!(role_in(text), Some((Likeness::Exact, Some(true), own())));
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
