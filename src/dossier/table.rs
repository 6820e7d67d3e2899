//! Values in a table with a heading row: `No | Nama | NIP | Jabatan | User ID`. Only the first person is read; a letter
//! speaks for its own applicant.

use super::fields::Labelled;
use super::page::{Rect, Word};
use super::recognition::{Field, Recognition};
use super::sheet::{Row, Sheet, union};

pub fn read(page: usize, sheet: &Sheet, recognition: &Recognition) -> Vec<Labelled> {
    let heading = sheet.rows.iter().enumerate().find_map(|(n, row)| columns(row, recognition).map(|c| (n, c)));
    let Some((n, columns)) = heading else { return Vec::new() };
    let body = first_person(&sheet.rows[n + 1..], &columns);
    columns
        .iter()
        .enumerate()
        .filter_map(|(i, (field, at))| {
            let field = (*field)?;
            let left = at.x - 6.0;
            let right = columns.get(i + 1).map_or(f32::INFINITY, |(_, next)| next.x - 3.0);
            let words: Vec<&Word> = body.iter().copied().filter(|w| (left..right).contains(&(w.at.x + 1.0))).collect();
            let first = words.first()?.at;
            Some(Labelled {
                fields: vec![field],
                value: words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" "),
                rest_of_row: String::new(),
                at: words.iter().fold(first, |all, w| union(all, w.at)),
                row: n + 1,
                page,
            })
        })
        .collect()
}

/// The columns of a heading row: at least a name and one more value of a person, and no colon.
fn columns(row: &Row, r: &Recognition) -> Option<Vec<(Option<Field>, Rect)>> {
    if row.pieces.len() < 3 || row.pieces.iter().any(|p| p.text.contains(':')) {
        return None;
    }
    let columns: Vec<(Option<Field>, Rect)> =
        row.pieces.iter().map(|p| (r.field(&p.text).filter(|f| *f != Field::Number), p.at)).collect();
    let has = |field: Field| columns.iter().any(|(f, _)| *f == Some(field));
    let known = columns.iter().filter(|(f, _)| f.is_some()).count();
    (has(Field::Name) && known >= 2 && (has(Field::Nip) || has(Field::UserId) || has(Field::Position)))
        .then_some(columns)
}

/// The words of the first entry: up to the next number in the first column or a line of prose.
fn first_person<'a>(rows: &'a [Row], columns: &[(Option<Field>, Rect)]) -> Vec<&'a Word> {
    let mut words = Vec::new();
    let mut begun = false;
    let mut bottom = f32::INFINITY;
    for row in rows {
        let Some(first) = row.pieces.first() else { continue };
        let numbered = first.text.trim_end_matches(['.', ')']).bytes().all(|b| b.is_ascii_digit());
        let prose = row.pieces.len() == 1 && first.words.len() > 6;
        let far = row.top() - bottom > 2.5 * row.height();
        if prose || far || (numbered && begun && columns[0].0.is_none()) {
            break;
        }
        begun |= numbered || columns[0].0.is_some();
        bottom = row.bottom();
        words.extend(row.pieces.iter().flat_map(|p| p.words.iter()));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_person_of_a_table_is_read_by_column() {
        let sheet = Sheet::of_text(
            "No    Nama                     NIP                     User ID\n1.    Budi Hartono, S.T.       199203152019031904      BUDIH\n2.    Lain Orang               198503092010011908      LAIN",
        );

        let found = read(0, &sheet, &Recognition::helpdesk());

        let value = |field| found.iter().find(|l| l.fields == [field]).map(|l| l.value.as_str());
        assert_eq!(value(Field::Name), Some("Budi Hartono, S.T."));
        assert_eq!(value(Field::Nip), Some("199203152019031904"));
        assert_eq!(value(Field::UserId), Some("BUDIH"));
    }
}
