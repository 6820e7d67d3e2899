//! Labelled values: `Nama : …` in letters, memos, forms, tables and mail bodies, with or without the colon, several to a
//! line, numbered, continued on the next line. Which labels exist is said by the procedure's recognition tables.

use super::fold::{Gist, fold};
use super::page::{Rect, Word};
use super::recognition::{Field, Recognition};
use super::sheet::{Piece, Row, Sheet, union};

/// A value beside its label.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// `Email / HP` stands for two.
    pub fields: Vec<Field>,
    pub value: String,
    /// The value and all that follows on its row, for numbers with an open place in the middle.
    pub rest_of_row: String,
    pub at: Rect,
    pub row: usize,
    pub page: usize,
}

/// Reads all labelled values of the sheets, in reading order.
pub fn read(sheets: &[Sheet], recognition: &Recognition) -> Vec<Labelled> {
    sheets
        .iter()
        .enumerate()
        .flat_map(|(page, sheet)| {
            let mut found = on_sheet(page, sheet, recognition);
            found.extend(super::table::read(page, sheet, recognition));
            found
        })
        .collect()
}

fn on_sheet(page: usize, sheet: &Sheet, recognition: &Recognition) -> Vec<Labelled> {
    let mut found: Vec<Labelled> = Vec::new();
    let mut open: Option<(usize, f32)> = None;
    for (n, row) in sheet.rows.iter().enumerate() {
        let here = on_row(page, n, row, recognition);
        if here.is_empty() {
            open = open.filter(|(i, left)| continues(&mut found[*i], *left, row, &sheet.rows, n));
            continue;
        }
        let first = found.len();
        let count = here.len();
        found.extend(here);
        open = (count == 1).then(|| (first, found[first].at.x));
    }
    fill_from_next_row(&mut found, sheet, recognition);
    super::table::aligned(page, sheet, &mut found, recognition);
    found.retain(|l| !l.fields.is_empty());
    found
}

/// A row that begins under the value, close below it, goes on with the value.
fn continues(value: &mut Labelled, left: f32, row: &Row, rows: &[Row], n: usize) -> bool {
    let Some(first) = row.pieces.first() else { return false };
    let above = &rows[n - 1];
    let close = row.top() - above.bottom() < 0.8 * row.height();
    if value.value.is_empty() || first.at.x < left - 4.0 || first.at.x > left + 40.0 || !close || row.pieces.len() > 1 {
        return false;
    }
    value.value = format!("{} {}", value.value, first.text);
    value.at = union(value.at, first.at);
    true
}

/// A form may put the value on the line under its label.
fn fill_from_next_row(found: &mut [Labelled], sheet: &Sheet, recognition: &Recognition) {
    let taken: Vec<usize> = found.iter().map(|l| l.row).collect();
    for value in found.iter_mut().filter(|l| l.value.is_empty()) {
        let wanted =
            value.fields.iter().any(|f| matches!(f, Field::Name | Field::Nip | Field::UserId | Field::Subject));
        let next = value.row + 1;
        let Some(row) = sheet.rows.get(next).filter(|_| wanted && !taken.contains(&next)) else { continue };
        let under = row.pieces.iter().find(|p| (p.at.x - value.at.x).abs() < 60.0);
        if let Some(piece) = under.filter(|p| recognition.field(&p.text).is_none() && p.words.len() <= 8) {
            value.value = piece.text.clone();
            value.at = piece.at;
        }
    }
}

fn on_row(page: usize, n: usize, row: &Row, recognition: &Recognition) -> Vec<Labelled> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < row.pieces.len() {
        let before = found.len();
        i += 1 + in_piece(row, i, recognition, &mut found);
        for labelled in &mut found[before..] {
            (labelled.page, labelled.row) = (page, n);
        }
    }
    found
}

/// Reads one piece; says how many of the following pieces it used up.
fn in_piece(row: &Row, i: usize, r: &Recognition, found: &mut Vec<Labelled>) -> usize {
    let (piece, after) = (&row.pieces[i], &row.pieces[i + 1..]);
    let words = apart(&piece.words);
    let colons: Vec<usize> = (0..words.len()).filter(|k| words[*k].text == ":").collect();
    let rest = |from: usize| {
        let mut text = joined(&words[from..]);
        for later in after {
            text = format!("{text} {}", later.text);
        }
        text.trim().to_owned()
    };
    let Some(first) = colons.first().copied() else {
        return without_colon(piece, &words, after, r, &rest, found);
    };
    let Some(fields) = label(&words[..first], r) else {
        found.extend(in_sentence(&words, &colons, r));
        return 0;
    };
    let mut label_end = first;
    let mut fields = fields;
    let mut used = 0;
    for k in colons.iter().copied().skip(1).chain([usize::MAX]) {
        let (value_end, next_fields) = match k {
            usize::MAX => (words.len(), None),
            k => match later_label(&words[label_end + 1..k], r) {
                Some((at, fields)) => (label_end + 1 + at, Some(fields)),
                None => continue,
            },
        };
        let value = &words[label_end + 1..value_end];
        let mut labelled = Labelled {
            fields: std::mem::take(&mut fields),
            value: joined(value),
            rest_of_row: rest(label_end + 1),
            at: area(value).unwrap_or(piece.at),
            row: 0,
            page: 0,
        };
        if let (true, None, Some(next)) =
            (value.is_empty(), &next_fields, after.first().filter(|p| !begins_label(p, r)))
        {
            labelled.value = next.text.clone();
            labelled.at = next.at;
            used = 1;
        }
        found.push(labelled);
        let Some(more) = next_fields else { break };
        fields = more;
        label_end = k;
    }
    used
}

/// `… dengan user ID: BUDIH yang …`: in a sentence only identifiers are taken, and only the word behind the colon.
fn in_sentence(words: &[Word], colons: &[usize], r: &Recognition) -> Vec<Labelled> {
    let identifier = |f: &Field| matches!(f, Field::UserId | Field::Email | Field::Phone);
    let read = |k: &usize| {
        let (_, fields) = later_label(&words[..*k], r)?;
        let value = words.get(k + 1).filter(|_| fields.iter().all(identifier))?;
        let (value, at) = (value.text.clone(), value.at);
        Some(Labelled { fields, rest_of_row: value.clone(), value, at, row: 0, page: 0 })
    };
    colons.iter().filter_map(read).collect()
}

/// `Nama` in one cell and the value in the next, perhaps with the colon in a cell of its own; `NIP. 1990…`.
fn without_colon(
    piece: &Piece,
    words: &[Word],
    after: &[Piece],
    r: &Recognition,
    rest: &dyn Fn(usize) -> String,
    found: &mut Vec<Labelled>,
) -> usize {
    // `Pemohon,` over a signature has a neighbour, not a value.
    let caption =
        piece.text.trim_end().ends_with(',') || Gist::of(&piece.text).starts_with_any(&r.signature.applicant_captions);
    if let Some(fields) = label(words, r).filter(|_| !caption) {
        let colon = after.first().is_some_and(|p| p.text.trim() == ":");
        let Some(next) = after.get(usize::from(colon)).filter(|p| !begins_label(p, r)) else {
            if colon {
                let at = Rect { x: piece.at.x + 40.0, ..piece.at };
                found.push(Labelled {
                    fields,
                    value: String::new(),
                    rest_of_row: rest(words.len()),
                    at,
                    row: 0,
                    page: 0,
                });
            }
            return usize::from(colon);
        };
        let value = next.text.trim_start_matches(':').trim().to_owned();
        found.push(Labelled { fields, value, rest_of_row: rest(words.len()), at: next.at, row: 0, page: 0 });
        return 1 + usize::from(colon);
    }
    let digits = (1..=3.min(words.len())).find(|k| {
        label(&words[..*k], r).is_some_and(|f| f == [Field::Nip])
            && words.get(*k).is_some_and(|w| w.text.starts_with(|c: char| c.is_ascii_digit()))
    });
    if let Some(k) = digits {
        found.push(Labelled {
            fields: vec![Field::Nip],
            value: joined(&words[k..]),
            rest_of_row: rest(k),
            at: piece.at,
            row: 0,
            page: 0,
        });
    }
    0
}

/// Gives every colon that stands between label and value a word of its own; times and addresses keep theirs.
fn apart(words: &[Word]) -> Vec<Word> {
    let mut out = Vec::with_capacity(words.len() + 2);
    for word in words {
        let at = word.text.find([':', '：']);
        let Some(at) = at.filter(|_| word.text != ":") else {
            out.push(word.clone());
            continue;
        };
        let (left, right) = (&word.text[..at], word.text[at..].trim_start_matches([':', '：']));
        let figure = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        if right.starts_with("//") || (figure(left.chars().last()) && figure(right.chars().next())) {
            out.push(word.clone());
            continue;
        }
        let part = |text: &str, at: Rect| Word { text: text.to_owned(), at, confidence: word.confidence };
        if !left.is_empty() {
            out.push(part(left, word.at));
        }
        out.push(part(":", Rect { x: word.at.x + word.at.w, w: 0.0, ..word.at }));
        if !right.is_empty() {
            out.push(part(right, word.at));
        }
    }
    out
}

pub(super) fn joined(words: &[Word]) -> String {
    words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

pub(super) fn area(words: &[Word]) -> Option<Rect> {
    let first = words.first()?.at;
    Some(words.iter().skip(1).fold(first, |all, w| union(all, w.at)))
}

fn begins_label(piece: &Piece, r: &Recognition) -> bool {
    let words = apart(&piece.words);
    let end = words.iter().position(|w| w.text == ":").unwrap_or(words.len());
    label(&words[..end], r).is_some()
}

/// The fields a whole label stands for. An unknown short label stands for none, but ends the value before it.
pub(super) fn label(words: &[Word], r: &Recognition) -> Option<Vec<Field>> {
    let words = without_mark(words);
    if words.is_empty() || words.len() > 7 {
        return None;
    }
    let text = joined(words);
    let plain = match text.split_once('(') {
        Some((before, _)) if !before.trim().is_empty() => before.to_owned(),
        _ => text.clone(),
    };
    if let Some(field) = r.field(&plain).or_else(|| r.field(&text)) {
        return Some(vec![field]);
    }
    let parts: Vec<Option<Field>> =
        plain.replace(" dan ", "/").replace(" and ", "/").split(['/', ',', '&', '+']).map(|p| r.field(p)).collect();
    if parts.len() > 1 && parts.iter().all(Option::is_some) {
        let mut fields: Vec<Field> = parts.into_iter().flatten().collect();
        fields.dedup();
        return Some(fields);
    }
    None
}

/// A label in the middle of a line, right before a colon: the longest known one.
fn later_label(words: &[Word], r: &Recognition) -> Option<(usize, Vec<Field>)> {
    let longest = words.len().min(5);
    (1..=longest).rev().find_map(|n| {
        let at = words.len() - n;
        label(&words[at..], r).map(|fields| (at, fields))
    })
}

/// Takes a number, letter or bullet off the front: `1.`, `a)`, `-`.
fn without_mark(words: &[Word]) -> &[Word] {
    let Some(first) = words.first() else { return words };
    let text = first.text.as_str();
    let numbered = text.len() <= 4 && text.ends_with(['.', ')']) && fold(text).chars().count() <= 2;
    let bullet = text.chars().count() == 1 && !text.chars().all(char::is_alphanumeric);
    let lone = text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    if words.len() > 1 && (numbered || bullet || lone) { &words[1..] } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(Field, String)> {
        let sheet = Sheet::of_text(text);
        let found = read(&[sheet], &Recognition::helpdesk());
        found.into_iter().flat_map(|l| l.fields.iter().map(|f| (*f, l.value.clone())).collect::<Vec<_>>()).collect()
    }

    fn value(text: &str, field: Field) -> Option<String> {
        values(text).into_iter().find(|(f, _)| *f == field).map(|(_, v)| v)
    }

    #[test]
    fn labels_are_read_in_every_form() {
        for text in [
            "Nama : Budi Hartono",
            "Nama: Budi Hartono",
            "1. Nama    : Budi Hartono",
            "a) Nama Lengkap (beserta gelar) :Budi Hartono",
            "Nama        Budi Hartono",
            "- Nama :  Budi Hartono",
            "Nama\t: Budi Hartono",
            "Nama :\n Budi Hartono",
        ] {
            assert_eq!(value(text, Field::Name).as_deref(), Some("Budi Hartono"), "{text}");
        }
    }

    #[test]
    fn several_labels_share_a_line() {
        let line = "Nama : NUR FADHILAH, SE NIP : 198807242015032901 Jabatan : Helpdesk Email : nur@a.example";

        assert_eq!(value(line, Field::Name).as_deref(), Some("NUR FADHILAH, SE"));
        assert_eq!(value(line, Field::Nip).as_deref(), Some("198807242015032901"));
        assert_eq!(value(line, Field::Position).as_deref(), Some("Helpdesk"));
        assert_eq!(value(line, Field::Email).as_deref(), Some("nur@a.example"));
    }

    #[test]
    fn a_value_goes_on_below_and_stops_at_the_margin() {
        let text = "Unit Kerja : Bagian Pengelolaan LPSE,\n             Biro Pengadaan\nDemikian disampaikan.";

        assert_eq!(value(text, Field::WorkUnit).as_deref(), Some("Bagian Pengelolaan LPSE, Biro Pengadaan"));
    }

    #[test]
    fn prose_before_a_colon_is_no_label() {
        assert!(values("bersama ini saya mengajukan permohonan dengan data sebagai berikut:").is_empty());
        assert!(values("Pukul 09:12 lihat https://a.example/x").is_empty());
    }

    #[test]
    fn a_double_label_stands_for_both() {
        let both = values("Email / HP : a@b.example / 0840-0000-1904");

        assert_eq!(both.iter().map(|(f, _)| *f).collect::<Vec<_>>(), [Field::Email, Field::Phone]);
        assert!(value("User ID / Password : BUDIH / (lupa)", Field::UserId).is_some_and(|v| v.starts_with("BUDIH")));
    }
}
