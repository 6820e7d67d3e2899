//! Which rows of a decree can appoint anybody: its clauses and its annex. Considerations, the signature, the list of those who
//! get a copy, and a clause that releases somebody name people too, and give them nothing.

use super::{date, release};
use crate::dossier::decree::is_annex_head;
use crate::dossier::fold::{Gist, fold};
use crate::dossier::sheet::{Row, Sheet};

const CONSIDERATIONS: [&str; 6] = ["menimbang", "mengingat", "memperhatikan", "membaca", "mendengar", "dasar"];
const OPERATIVE: [&str; 7] =
    ["memutuskan", "menetapkan", "menugaskan", "memerintahkan", "kesatu", "pertama", "memberi tugas"];
const CLOSINGS: [&str; 4] = ["ditetapkan di", "dikeluarkan di", "ditetapkan pada", "dibuat di"];
const COPIES: [&str; 3] = ["tembusan", "salinan keputusan ini disampaikan", "keputusan ini disampaikan"];

/// What a row stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Title, clauses, annex.
    Appoints,
    Considers,
    /// Signature and copies, until the annex or the next page.
    Closes,
}

/// For every row of every sheet, whether it can appoint.
pub fn appointing(sheets: &[Sheet]) -> Vec<Vec<bool>> {
    // Where recognition lost the word that opens the clauses, nothing is left out before them.
    let operative = sheets.iter().flat_map(|s| &s.rows).position(opens_the_clauses);
    let mut part = Part::Appoints;
    let mut parts = Vec::new();
    for sheet in sheets {
        if part == Part::Closes {
            part = Part::Appoints;
        }
        for row in &sheet.rows {
            let n = parts.len();
            part = after(part, row, operative.is_some_and(|at| n < at), operative.is_some_and(|at| n > at));
            parts.push(part);
        }
    }
    let rows: Vec<&Row> = sheets.iter().flat_map(|s| &s.rows).collect();
    let mut can = without_the_released(&rows, &parts, operative.unwrap_or_default()).into_iter();
    sheets.iter().map(|sheet| can.by_ref().take(sheet.rows.len()).collect()).collect()
}

/// The rows of clauses and annexes, clause by clause without those in which somebody is released.
fn without_the_released(rows: &[&Row], parts: &[Part], operative: usize) -> Vec<bool> {
    let mut can: Vec<bool> = parts.iter().map(|part| *part == Part::Appoints).collect();
    let mut from = operative;
    while from < rows.len() {
        let goes_on = |n: &usize| can[*n] == can[from] && !begins_anew(rows[*n]);
        let end = (from + 1..rows.len()).find(|n| !goes_on(n)).unwrap_or(rows.len());
        if can[from] {
            can[from..end].copy_from_slice(&release::spares(&rows[from..end]));
        }
        from = end;
    }
    can
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
    let closes = row.pieces.iter().any(|p| begins(&p.text, &CLOSINGS)) || (in_clauses && opens_with(row, &COPIES));
    if closes { Part::Closes } else { Part::Appoints }
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

/// `KESATU`, `KEDUA` and their older forms open a clause, and an annex begins anew.
fn begins_anew(row: &Row) -> bool {
    let gist = Gist::of(&row.text());
    let clause = gist.words().first().is_some_and(|w| {
        let number = w.strip_prefix("ke").filter(|n| !n.is_empty());
        *w == "pertama" || number.is_some_and(|n| date::spelled_out(&[n]).is_some())
    });
    clause || row.pieces.iter().any(|p| is_annex_head(&p.text))
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
    fn a_clause_that_releases_ends_at_the_annex() {
        let text = "MEMUTUSKAN:\nKESATU : Saudara Budi, NIP 1,\ndiberhentikan\nLAMPIRAN KEPUTUSAN BUPATI\n1. Siti";

        assert_eq!(kept(text), ["MEMUTUSKAN:", "LAMPIRAN KEPUTUSAN BUPATI", "1. Siti"]);
    }

    #[test]
    fn a_clause_may_open_the_clauses_and_release() {
        assert_eq!(kept("KESATU : Memberhentikan Budi\nKEDUA : Menunjuk Siti"), ["KEDUA : Menunjuk Siti"]);
    }

    #[test]
    fn without_the_word_that_opens_the_clauses_nothing_before_them_is_left_out() {
        assert_eq!(kept("Menimbang : bahwa\n1. Budi Helpdesk").len(), 2);
    }
}
