//! Values in a table with a heading row: `No | Nama | NIP | Jabatan | User ID`. Columns are told by the white between them,
//! since headings are often centred over text that is not. Only the first person is read; a letter speaks for its own
//! applicant.

use super::fields::{Labelled, area, joined, label};
use super::page::{Rect, Word};
use super::recognition::{Field, Recognition};
use super::sheet::{Row, Sheet, union};

/// White between two columns as a share of a line's height; wider than a space, narrower than the padding of two cells.
const WHITE: f32 = 0.56;

pub fn read(page: usize, sheet: &Sheet, recognition: &Recognition) -> Vec<Labelled> {
    (0..sheet.rows.len())
        .filter(|n| could_head(&sheet.rows[*n], recognition))
        .map(|n| under(page, n, n + 1, sheet, recognition))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// Whether a table lists a second person after the first, each with a number or an account of his or her own.
pub fn holds_several(sheet: &Sheet, r: &Recognition) -> bool {
    let mut heads = (0..sheet.rows.len()).filter(|n| could_head(&sheet.rows[*n], r));
    let Some(head) = heads.find(|n| !under(0, *n, n + 1, sheet, r).is_empty()) else { return false };
    let second = (head + 2..sheet.rows.len()).find(|n| list_number(&sheet.rows[*n]) == Some(2));
    let told = second.map(|second| under(0, head, second, sheet, r)).unwrap_or_default();
    let has = |field: Field| told.iter().any(|l| l.fields == [field] && l.value.contains(char::is_alphanumeric));
    has(Field::Name) && (has(Field::Nip) || has(Field::UserId))
}

/// The number a row of a list begins with.
fn list_number(row: &Row) -> Option<u32> {
    let lead = row.pieces.first()?.words[0].text.trim_end_matches(['.', ')']);
    lead.parse().ok().filter(|n| *n < 1000)
}

/// A long label may end right where the column of values begins: the neighbours' values tell where.
pub fn aligned(page: usize, sheet: &Sheet, found: &mut Vec<Labelled>, r: &Recognition) {
    for (n, row) in sheet.rows.iter().enumerate() {
        let [piece] = &row.pieces[..] else { continue };
        if found.iter().any(|l| l.row == n) {
            continue;
        }
        let columns = found.iter().filter(|l| l.row.abs_diff(n) <= 2 && !l.value.is_empty()).map(|l| l.at.x);
        let cut = columns
            .filter_map(|x| piece.words.iter().position(|w| (w.at.x - x).abs() < 4.0))
            .find(|k| *k > 0 && label(&piece.words[..*k], r).is_some());
        let Some(k) = cut else { continue };
        let value = joined(&piece.words[k..]);
        let at = area(&piece.words[k..]).unwrap_or(piece.at);
        let fields = label(&piece.words[..k], r).unwrap_or_default();
        let place = found.iter().position(|l| l.row > n).unwrap_or(found.len());
        found.insert(place, Labelled { fields, rest_of_row: value.clone(), value, at, row: n, page });
    }
}

/// A short row without colons that names a person's name among other things.
fn could_head(row: &Row, r: &Recognition) -> bool {
    let words: Vec<&Word> = row.pieces.iter().flat_map(|p| &p.words).collect();
    let names = words.iter().any(|w| r.field(&w.text) == Some(Field::Name))
        || row.pieces.iter().any(|p| r.field(&p.text) == Some(Field::Name));
    (3..=16).contains(&words.len()) && names && !words.iter().any(|w| w.text.contains([':', ',']))
}

/// What stands under the headings of row `n` in the entry that begins at row `from`.
fn under(page: usize, n: usize, from: usize, sheet: &Sheet, r: &Recognition) -> Vec<Labelled> {
    let head: Vec<&Word> = sheet.rows[n].pieces.iter().flat_map(|p| &p.words).collect();
    let body = first_person(&sheet.rows[from..], head.first().map_or(0.0, |w| w.at.x + w.at.w));
    let columns = columns(&head, &body);
    let texts = |words: &[&Word], column: &(f32, f32)| -> (String, Option<Rect>) {
        let inside: Vec<&Word> =
            words.iter().copied().filter(|w| (column.0..=column.1).contains(&(w.at.x + w.at.w / 2.0))).collect();
        let text = inside.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        (text, inside.iter().map(|w| w.at).reduce(union))
    };
    let found: Vec<Labelled> = columns
        .iter()
        .filter_map(|column| {
            let field = r.field(&texts(&head, column).0).filter(|f| *f != Field::Number)?;
            let (value, at) = texts(&body, column);
            Some(Labelled { fields: vec![field], value, rest_of_row: String::new(), at: at?, row: from, page })
        })
        .collect();
    let has = |field: Field| found.iter().any(|l| l.fields == [field]);
    let tells_a_person = has(Field::Name) && (has(Field::Nip) || has(Field::UserId) || has(Field::Position));
    if tells_a_person { found } else { Vec::new() }
}

/// Stretches of the width that words of heading or body cover.
fn columns(head: &[&Word], body: &[&Word]) -> Vec<(f32, f32)> {
    let mut spans: Vec<(f32, f32)> = head.iter().chain(body).map(|w| (w.at.x, w.at.x + w.at.w)).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let white = WHITE * head.iter().map(|w| w.at.h).fold(0.0, f32::max).clamp(6.0, 16.0);
    let mut columns: Vec<(f32, f32)> = Vec::new();
    for (from, to) in spans {
        match columns.last_mut() {
            Some(last) if from - last.1 < white => last.1 = last.1.max(to),
            _ => columns.push((from, to)),
        }
    }
    columns
}

/// The words of the first entry: up to the next number in the first column, a wider gap, or a line of prose.
fn first_person(rows: &[Row], first_column: f32) -> Vec<&Word> {
    let mut words = Vec::new();
    let mut numbers = 0;
    let mut bottom: Option<f32> = None;
    for row in rows {
        let Some(first) = row.pieces.first() else { continue };
        let numbered = list_number(row).is_some();
        numbers += usize::from(numbered);
        let prose = row.pieces.len() == 1 && first.words.len() > 6;
        let apart = bottom.is_some_and(|b| row.top() - b > 0.55 * row.height());
        let margin = numbers > 0 && !numbered && first.at.x < first_column - 1.0;
        if prose || apart || margin || numbers > 1 {
            break;
        }
        bottom = Some(row.bottom());
        words.extend(row.pieces.iter().flat_map(|p| &p.words));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, field: Field) -> Option<String> {
        let found = read(0, &Sheet::of_text(text), &Recognition::helpdesk());
        found.into_iter().find(|l| l.fields == [field]).map(|l| l.value)
    }

    #[test]
    fn the_first_person_of_a_table_is_read_by_column() {
        let text = "No    Nama                     NIP                     User ID\n1.    Budi Hartono, S.T.       199203152019031904      BUDIH\n2.    Lain Orang               198503092010011908      LAIN";

        assert_eq!(value(text, Field::Name).as_deref(), Some("Budi Hartono, S.T."));
        assert_eq!(value(text, Field::Nip).as_deref(), Some("199203152019031904"));
        assert_eq!(value(text, Field::UserId).as_deref(), Some("BUDIH"));
    }

    #[test]
    fn a_second_person_in_a_table_is_noticed() {
        let holds = |text: &str| holds_several(&Sheet::of_text(text), &Recognition::helpdesk());
        let first = "No    Nama                     NIP                     User ID\n1.    Budi Hartono, S.T.       199203152019031904      BUDIH";

        assert!(holds(&format!("{first}\n2.    Lain Orang               198503092010011908      LAIN")));
        assert!(!holds(first));
        assert!(!holds(&format!("{first}\n\n2. Demikian disampaikan.")));
    }

    #[test]
    fn headings_may_be_centred_over_cells_that_wrap() {
        let text = "No      Nama               NIP              User ID\n1   Budi Hartono    19920315 201903    BUDIH\n    Sasmita, S.T.   1 904\nDemikian disampaikan.";

        assert_eq!(value(text, Field::Name).as_deref(), Some("Budi Hartono Sasmita, S.T."));
        assert_eq!(value(text, Field::Nip).as_deref(), Some("19920315 201903 1 904"));
    }

    #[test]
    fn a_sentence_that_speaks_of_a_name_heads_no_table() {
        assert_eq!(value("dengan nama tersebut di atas\nBudi Hartono 199203152019031904", Field::Name), None);
    }
}
