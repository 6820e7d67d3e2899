//! One person's line in a decree, and the role it gives. The line may be a row of an annexed table, an entry of a list, a
//! vertical form or a clause; the role may stand beside the name, in a column, in a heading above, or in the title.

use super::name::{self, Likeness};
use super::{column, nip, place, release, scope};
use crate::dossier::fields;
use crate::dossier::fold::Gist;
use crate::dossier::page::Rect;
use crate::dossier::recognition::{Field, Recognition};
use crate::dossier::sheet::{Piece, Row, Sheet, share_width};
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
    let scope = scope::appointing(sheets);
    let anchors = sheets.iter().enumerate().flat_map(|(n, sheet)| place::anchors(n, sheet, who, number));
    let appoints = |a: &place::Anchor| {
        let rows = sheets[a.sheet].rows.iter().zip(&scope[a.sheet]);
        rows.filter(|(row, _)| place::covers(a.at, row)).all(|(_, appoints)| *appoints)
    };
    let best = anchors.filter(appoints).min_by_key(|a| {
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

/// Where a decree speaks of a person whom it does not appoint: in a consideration, or as one who gets a copy.
pub fn mentioned(sheets: &[Sheet], who: &str, number: Option<&Nip>) -> Option<Evidence> {
    let who = &name::bare(who);
    sheets.iter().enumerate().find_map(|(n, sheet)| {
        let sure = |a: &place::Anchor| a.likeness == Likeness::Exact || a.nip_equal == Some(true);
        let anchor = place::anchors(n, sheet, who, number).into_iter().find(sure)?;
        Some(sheet.evidence(&sheet.rows[anchor.row].text(), anchor.at))
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
    let heads = column::heads(sheet, top, r);
    let column: Vec<&str> = in_band
        .iter()
        .filter(|p| !heads.is_empty() && column::nearest(p, &heads).is_some_and(|is_role| is_role))
        .map(|p| p.text.as_str())
        .collect();
    let own_words = sheet.pieces().map(|(_, p)| p).filter(|p| is_inside(p, block)).map(|p| p.text.as_str());
    let beside: Vec<&str> = in_band.iter().map(|p| p.text.as_str()).chain(own_words).collect();
    column::headed(sheet, anchor, r)
        .or_else(|| named(&column.join(" "), r))
        .or_else(|| named(&beside.join(" "), r))
        .or_else(|| column::in_one_cell(&in_band, r))
        // Where recognition read the table, an empty cell may be one that it could not read.
        .or_else(
            || if column.is_empty() && !recognised { column::merged(sheet, (top, bottom), &heads, r) } else { None },
        )
        .or_else(|| below(sheet, anchor, r))
        .or_else(|| heading_above(sheet, anchor, r))
        .or_else(|| named(title, r).filter(|role| matches!(role, RoleFound::Own(_)) && gives_it_alone(title, r)))
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

/// The role a stretch of text names: the procedure's own, or another.
pub fn named(text: &str, r: &Recognition) -> Option<RoleFound> {
    let gist = Gist::of(text);
    if gist.has_any(&r.role.names) {
        return Some(RoleFound::Own(r.role.profile.clone()));
    }
    r.other_roles.iter().find(|o| gist.has_any(&o.names)).map(|o| RoleFound::Other(o.name.clone()))
}

/// Whether a title that names the own role gives it: one that names others too tells nobody's, and one may take it away.
fn gives_it_alone(title: &str, r: &Recognition) -> bool {
    let gist = Gist::of(title);
    !r.other_roles.iter().any(|o| gist.has_any(&o.names)) && !release::is_all_of(title, r)
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
    // The next entry of a list is another person's.
    let entry = |(n, row): &(usize, &Row)| *n == 0 || !row.pieces.first().is_some_and(|p| place::has_mark(&p.text));
    let rows = sheet.rows[anchor.row..].iter().take(4).enumerate().take_while(entry);
    let text = rows.map(|(_, row)| row.text()).collect::<Vec<_>>().join(" ");
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
    fn roles_may_head_the_columns() {
        let text = "No   Uraian       Admin PPE         Helpdesk             Verifikator\n1    Pelatihan    Rina Wati, SE     Budi Hartono, S.T.   Siti Amalia, SH";

        assert_eq!(role_in(text).map(|e| e.2), Some(own()));
        assert_eq!(
            role_in(&text.replace("Helpdesk", "Auditor ")).map(|e| e.2),
            Some(RoleFound::Other("Auditor".into()))
        );
    }

    #[test]
    fn what_the_next_entry_of_a_list_is_appointed_as_is_not_this_ones() {
        let text =
            "KESATU : Menunjuk\n1. Budi Hartono, S.T., NIP 199203152019031904;\n2. Siti Amalia, S.H. sebagai Helpdesk.";

        assert_eq!(role_in(text).map(|e| e.2), Some(RoleFound::Unclear));
    }

    #[test]
    fn a_title_of_several_roles_or_of_a_release_tells_nobodys() {
        let nip = Nip::parse(NUMBER).expect("18 digits");
        let found = |title: &str| {
            find(&[Sheet::of_text("1. Budi Hartono, ST")], "Budi Hartono", Some(&nip), title, &Recognition::helpdesk())
                .map(|e| e.role)
        };

        assert_eq!(found("PENUNJUKAN PETUGAS HELPDESK LPSE"), Some(own()));
        assert_eq!(found("PENUNJUKAN PETUGAS HELPDESK DAN VERIFIKATOR LPSE"), Some(RoleFound::Unclear));
        assert_eq!(found("PEMBERHENTIAN PETUGAS HELPDESK LPSE"), Some(RoleFound::Unclear));
    }

    #[test]
    fn who_is_only_mentioned_is_not_appointed() {
        let text = "Memperhatikan : Surat Budi Hartono, S.T. selaku Helpdesk\nMEMUTUSKAN:\nKESATU : Menunjuk Siti Amalia sebagai Helpdesk\nDitetapkan di Tirta\nTembusan:\n1. Budi Hartono, S.T. (Helpdesk)";

        let released = "MEMUTUSKAN:\nMenetapkan   :\nKESATU       : Memberhentikan Saudara Budi Hartono, S.T., NIP\n               199203152019031904 dari tugasnya sebagai Helpdesk.";

        assert!(role_in(text).is_none() && role_in(released).is_none());
        assert!(mentioned(&[Sheet::of_text(text)], "Budi Hartono", None).is_some());
    }

    #[test]
    fn who_is_not_there_is_not_found() {
        assert!(role_in("1. Siti Amalia, SH (Verifikator)\n2. Joko Permadi, ST (Helpdesk)").is_none());
    }
}
