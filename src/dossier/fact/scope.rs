//! Which rows of a decree can appoint anybody: its clauses and its annex. Considerations, the signature, the list of those who
//! get a copy, and a clause that releases somebody name people too, and give them nothing.

use super::date;
use crate::dossier::decree::is_annex_head;
use crate::dossier::fold::{Gist, fold};
use crate::dossier::sheet::{Row, Sheet};

const CONSIDERATIONS: [&str; 6] = ["menimbang", "mengingat", "memperhatikan", "membaca", "mendengar", "dasar"];
const OPERATIVE: [&str; 7] =
    ["memutuskan", "menetapkan", "menugaskan", "memerintahkan", "kesatu", "pertama", "memberi tugas"];
const CLOSINGS: [&str; 4] = ["ditetapkan di", "dikeluarkan di", "ditetapkan pada", "dibuat di"];
const COPIES: [&str; 3] = ["tembusan", "salinan keputusan ini disampaikan", "keputusan ini disampaikan"];
const RELEASES: [&str; 6] =
    ["memberhentikan", "diberhentikan", "membebaskan", "membebastugaskan", "mengakhiri", "mencabut"];
const APPOINTS: [&str; 7] = ["mengangkat", "menunjuk", "menugaskan", "menetapkan", "diangkat", "ditunjuk", "membentuk"];

/// What a row stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Title, clauses, annex.
    Appoints,
    Considers,
    /// Signature and copies, until the annex or the next page.
    Closes,
    Releases,
}

/// For every row of every sheet, whether it can appoint.
pub fn appointing(sheets: &[Sheet]) -> Vec<Vec<bool>> {
    // Where recognition lost the word that opens the clauses, nothing is left out before them.
    let operative = sheets.iter().flat_map(|s| &s.rows).position(opens_the_clauses);
    let mut part = Part::Appoints;
    let mut n = 0;
    let mut scope = Vec::with_capacity(sheets.len());
    for sheet in sheets {
        if part == Part::Closes {
            part = Part::Appoints;
        }
        let mut on_sheet = Vec::with_capacity(sheet.rows.len());
        for row in &sheet.rows {
            part = after(part, row, operative.is_some_and(|at| n < at), operative.is_some_and(|at| n > at));
            on_sheet.push(part == Part::Appoints);
            n += 1;
        }
        scope.push(on_sheet);
    }
    scope
}

/// The part that a row belongs to, behind one of `part`.
fn after(part: Part, row: &Row, before_clauses: bool, in_clauses: bool) -> Part {
    if before_clauses {
        let considers = opens_with(row, &CONSIDERATIONS) || part == Part::Considers;
        return if considers { Part::Considers } else { Part::Appoints };
    }
    if part == Part::Closes {
        return if opens_a_list(row) { Part::Appoints } else { Part::Closes };
    }
    if row.pieces.iter().any(|p| begins(&p.text, &CLOSINGS)) || (in_clauses && opens_with(row, &COPIES)) {
        return Part::Closes;
    }
    let gist = Gist::of(&row.text());
    let words = gist.words();
    let releases = words.iter().take(6).position(|w| RELEASES.contains(w));
    let appoints = words.iter().skip(releases.unwrap_or_default()).any(|w| APPOINTS.contains(w));
    match part {
        _ if releases.is_some() && in_clauses && !appoints => Part::Releases,
        Part::Releases if !appoints && !is_clause(&words) => Part::Releases,
        _ => Part::Appoints,
    }
}

/// `MEMUTUSKAN`, `Menetapkan :`, and not a consideration that wrapped before `menetapkan Keputusan`.
fn opens_the_clauses(row: &Row) -> bool {
    let Some(piece) = row.pieces.first() else { return false };
    let rest = piece.text.trim_start().trim_start_matches(|c: char| c.is_alphabetic()).trim_start();
    let alone = rest.is_empty() || rest.starts_with(':') || piece.words.iter().all(|w| w.text.chars().count() <= 2);
    alone && begins(&piece.text, &OPERATIVE)
}

/// The head of an annex or of a table of people, also where they stand right behind the signature.
fn opens_a_list(row: &Row) -> bool {
    let heads = row.pieces.len() >= 2 && row.pieces.iter().any(|p| begins(&p.text, &["nama"]) && !p.text.contains(':'));
    heads || row.pieces.iter().any(|p| is_annex_head(&p.text)) || opens_with(row, &["daftar", "susunan"])
}

/// `KESATU`, `KEDUA` and their older forms open a clause.
fn is_clause(words: &[&str]) -> bool {
    words.first().is_some_and(|w| {
        let number = w.strip_prefix("ke").filter(|n| !n.is_empty());
        *w == "pertama" || number.is_some_and(|n| date::spelled_out(&[n]).is_some())
    })
}

fn opens_with(row: &Row, words: &[&str]) -> bool {
    row.pieces.first().is_some_and(|p| begins(&p.text, words))
}

fn begins(text: &str, words: &[&str]) -> bool {
    let folded = fold(text);
    let tight = folded.replace(' ', "");
    // Titles may be set wide: `M E M U T U S K A N`.
    words.iter().any(|w| {
        folded.strip_prefix(w).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            || tight == w.replace(' ', "")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Vec<String> {
        let sheets = [Sheet::of_text(text)];
        let scope = appointing(&sheets);
        let rows = sheets[0].rows.iter().zip(&scope[0]);
        rows.filter(|(_, appoints)| **appoints).map(|(row, _)| row.text()).collect()
    }

    #[test]
    fn considerations_signature_and_copies_appoint_nobody() {
        let text = "KEPUTUSAN BUPATI\nMenimbang : usul Budi\nMemperhatikan : surat Budi\nMEMUTUSKAN:\nKESATU : Menunjuk Siti\n\
                    Ditetapkan di Tirta\nBudi\nTembusan:\n1. Budi\nLAMPIRAN KEPUTUSAN BUPATI\n1. Joko";

        let kept = kept(text);

        assert_eq!(
            kept,
            ["KEPUTUSAN BUPATI", "MEMUTUSKAN:", "KESATU : Menunjuk Siti", "LAMPIRAN KEPUTUSAN BUPATI", "1. Joko"]
        );
    }

    #[test]
    fn a_clause_that_releases_ends_where_one_appoints() {
        let text = "MEMUTUSKAN\nKESATU : Memberhentikan dengan hormat\nBudi dari tugasnya\nKEDUA : Biaya\nKETIGA : Mengangkat Siti";

        assert_eq!(kept(text), ["MEMUTUSKAN", "KEDUA : Biaya", "KETIGA : Mengangkat Siti"]);
    }

    #[test]
    fn without_the_word_that_opens_the_clauses_nothing_before_them_is_left_out() {
        assert_eq!(kept("Menimbang : bahwa\n1. Budi Helpdesk").len(), 2);
    }
}
