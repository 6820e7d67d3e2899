//! What recognition does to a form: the rules of a table become bars, a colon a `1`, `PERMOHONAN` loses a letter or the space
//! before it. The form's own words are mended, so that a document is known by its build; what people filled in is never touched.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::fold::fold;
use super::page::{Line, Page, Rect, Word};

/// A word that recognition is less sure of may have a wrong letter; a surer one is what it says.
const SURE: u8 = 85;
/// Marks this unsure are dirt, strokes of a signature or parts of a stamp.
const SPECK: u8 = 30;
/// Least letters of a form word for one of them to be wrong.
const LONG: usize = 7;

/// The words a letter or a decree is built of. None of them decides anything about a person.
const FORM: &[&str] = &[
    "keputusan",
    "surat",
    "salinan",
    "petikan",
    "kutipan",
    "lampiran",
    "nomor",
    "tentang",
    "menimbang",
    "mengingat",
    "memutuskan",
    "menetapkan",
    "ditetapkan",
    "dikeluarkan",
    "tanggal",
    "permohonan",
    "pemohon",
    "perihal",
    "mengetahui",
    "menyetujui",
    "nama",
    "jabatan",
    "pangkat",
    "golongan",
    "instansi",
    "kedudukan",
    "pengangkatan",
    "penunjukan",
    "pembentukan",
    "penetapan",
    "pengelola",
    "formulir",
    "tembusan",
    "kesatu",
    "kedua",
    "ketiga",
    "keempat",
    "sifat",
    "kepada",
    "dinas",
    "nota",
    "unit",
    "kerja",
    "email",
    "nip",
    "nipppk",
    "user",
    "kepala",
    "biro",
    "gubernur",
    "bupati",
    "sekretaris",
    "daerah",
    "provinsi",
    "kabupaten",
    "pemerintah",
    "tahun",
    "anggaran",
    "januari",
    "februari",
    "pebruari",
    "maret",
    "april",
    "agustus",
    "september",
    "oktober",
    "november",
    "nopember",
    "desember",
    "berlaku",
    "sampai",
    "dengan",
    "reset",
    "password",
    "informasi",
    "perubahan",
    "sandi",
    "layanan",
    "pengadaan",
    "elektronik",
    "secara",
    "personil",
    "petugas",
    "sebagai",
];
const MONTHS: &[&str] = &[
    "januari",
    "februari",
    "pebruari",
    "maret",
    "april",
    "mei",
    "juni",
    "juli",
    "agustus",
    "september",
    "oktober",
    "november",
    "nopember",
    "desember",
];

/// Form words under what they look like.
static BY_LOOK: LazyLock<HashMap<String, &'static str>> =
    LazyLock::new(|| FORM.iter().map(|word| (look(word), *word)).collect());

/// The lines of a page, mended where recognition read them.
pub fn lines(page: &Page) -> Cow<'_, [Line]> {
    if !page.is_recognised() {
        return Cow::Borrowed(&page.lines);
    }
    let mut lines: Vec<Line> = page.lines.iter().flat_map(between_bars).collect();
    colons(&mut lines);
    for line in &mut lines {
        line.words = line.words.iter().flat_map(word).collect();
    }
    Cow::Owned(lines)
}

/// A bar is the rule between two cells: it divides its line. Specks are left out.
fn between_bars(line: &Line) -> Vec<Line> {
    let bar = |c: char| matches!(c, '|' | '¦' | '│');
    let mut parts = vec![Vec::new()];
    for word in &line.words {
        let bare = word.text.trim_matches(bar);
        if word.text.starts_with(bar) {
            parts.push(Vec::new());
        }
        if !bare.is_empty() && !is_speck(bare, word.confidence) {
            let Some(part) = parts.last_mut() else { continue };
            part.push(Word { text: bare.to_owned(), ..word.clone() });
        }
        if word.text.ends_with(bar) {
            parts.push(Vec::new());
        }
    }
    parts.into_iter().filter(|words| !words.is_empty()).map(|words| Line { words }).collect()
}

fn is_speck(text: &str, confidence: Option<u8>) -> bool {
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    letters <= 1 && !matches!(text, ":" | "-" | "/") && confidence.is_some_and(|c| c < SPECK)
}

/// A stroke that stands exactly under or over the colons of other labels is one of them.
fn colons(lines: &mut [Line]) {
    let begins = |w: &Word| w.text.starts_with(':');
    let columns: Vec<f32> = lines.iter().flat_map(|l| &l.words).filter(|w| begins(w)).map(|w| w.at.x).collect();
    for line in lines {
        let count = line.words.len();
        for (n, word) in line.words.iter_mut().enumerate() {
            let stroke = matches!(word.text.as_str(), "1" | "l" | "I" | "i" | "!" | ";" | "." | "'" | "t" | "*");
            let aligned = columns.iter().filter(|x| (**x - word.at.x).abs() < 3.0).count();
            if stroke && n + 1 < count && aligned >= 2 {
                word.text = ":".to_owned();
            }
        }
    }
}

/// A word of the form as it is spelt, or the several words it was run together from; any other word as it was read.
fn word(read: &Word) -> Vec<Word> {
    if read.confidence.is_none() {
        return vec![read.clone()];
    }
    let core = read.text.trim_matches(|c: char| !c.is_alphanumeric());
    if core.chars().count() < 3 || !core.contains(char::is_alphabetic) {
        return vec![read.clone()];
    }
    if let Some(parts) = apart(core) {
        return divided(read, core, &parts);
    }
    match spelt(core, read.confidence) {
        Some(form) => vec![Word { text: read.text.replacen(core, &in_case_of(core, form), 1), ..read.clone() }],
        None => vec![read.clone()],
    }
}

/// The form word that a misread one stands for.
fn spelt(core: &str, confidence: Option<u8>) -> Option<&'static str> {
    let folded = fold(core);
    if FORM.contains(&folded.as_str()) || folded.contains(' ') {
        return None;
    }
    let seen = look(core);
    if let Some(form) = BY_LOOK.get(&seen) {
        return Some(form);
    }
    let doubtful = confidence.is_some_and(|c| c < SURE) && seen.chars().count() >= LONG - 1;
    let near = |(look, form): (&String, &&'static str)| {
        (form.len() >= LONG && strsim::levenshtein(look, &seen) <= 1).then_some(*form)
    };
    if doubtful { BY_LOOK.iter().find_map(near) } else { None }
}

/// What is left of a word when letters that look alike are one: `Nornor` and `N0mor` look like `Nomor`.
fn look(word: &str) -> String {
    let folded = fold(word).replace("rn", "m").replace("vv", "w");
    let alike = |c: char| match c {
        '1' | 'l' | 'j' => 'i',
        '0' => 'o',
        '5' => 's',
        '8' => 'b',
        '9' | '6' => 'g',
        '4' => 'a',
        '2' => 'z',
        other => other,
    };
    folded.chars().map(alike).collect()
}

/// `UnitKerja`, `tanggal5`, `5Januari2026`: form words that lost the space between them.
fn apart(core: &str) -> Option<Vec<String>> {
    if !core.is_ascii() || FORM.contains(&core.to_ascii_lowercase().as_str()) {
        return None;
    }
    let mut runs: Vec<String> = Vec::new();
    for c in core.chars() {
        match runs.last_mut() {
            Some(run) if run.ends_with(|l: char| l.is_ascii_digit()) == c.is_ascii_digit() => run.push(c),
            _ => runs.push(c.to_string()),
        }
    }
    let is_form = |run: &String| FORM.contains(&run.to_ascii_lowercase().as_str());
    let is_month = |run: &String| MONTHS.contains(&run.to_ascii_lowercase().as_str());
    let figures = |run: &String| run.bytes().all(|b| b.is_ascii_digit());
    let dated = runs.iter().any(is_month) || (runs.len() == 2 && runs[0].eq_ignore_ascii_case("tanggal"));
    if runs.len() > 1 && runs.len() <= 3 && dated && runs.iter().all(|r| is_form(r) || is_month(r) || figures(r)) {
        return Some(runs);
    }
    if runs.len() == 1 { glued(core) } else { None }
}

fn glued(core: &str) -> Option<Vec<String>> {
    const LEAST: usize = 4;
    (LEAST..core.len().saturating_sub(LEAST - 1)).find_map(|at| {
        let (left, right) = core.split_at(at);
        if !FORM.contains(&left.to_ascii_lowercase().as_str()) {
            return None;
        }
        let tail = match FORM.contains(&right.to_ascii_lowercase().as_str()) {
            true => vec![right.to_owned()],
            false => glued(right)?,
        };
        Some(std::iter::once(left.to_owned()).chain(tail).collect())
    })
}

/// The parts share the word's box by their letters, and keep its punctuation at the ends.
fn divided(read: &Word, core: &str, parts: &[String]) -> Vec<Word> {
    let (before, after) = read.text.split_once(core).unwrap_or(("", ""));
    let wide = read.at.w / core.len().max(1) as f32;
    let mut x = read.at.x;
    let last = parts.len() - 1;
    let part = |(n, part): (usize, &String)| {
        let mut text = part.clone();
        if n == 0 {
            text.insert_str(0, before);
        }
        if n == last {
            text.push_str(after);
        }
        let w = wide * part.len() as f32;
        let at = Rect { x, w: (w - 0.2 * wide).max(0.0), ..read.at };
        x += w;
        Word { text, at, confidence: read.confidence }
    };
    parts.iter().enumerate().map(part).collect()
}

fn in_case_of(read: &str, form: &str) -> String {
    let capitals = read.chars().filter(|c| c.is_uppercase()).count();
    if capitals * 2 > read.chars().filter(|c| c.is_alphabetic()).count() {
        return form.to_uppercase();
    }
    let mut letters = form.chars();
    match letters.next() {
        Some(first) if capitals > 0 || read.starts_with(|c: char| c.is_ascii_digit()) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => form.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(words: &[(&str, f32, u8)]) -> Line {
        let word = |(text, x, c): &(&str, f32, u8)| {
            let w = 5.0 * text.chars().count() as f32;
            Word { text: (*text).to_owned(), at: Rect { x: *x, y: 10.0, w, h: 10.0 }, confidence: Some(*c) }
        };
        Line { words: words.iter().map(word).collect() }
    }

    fn mended(read: &[Line]) -> Vec<String> {
        let page = Page { lines: read.to_vec(), ..Page::default() };
        lines(&page).iter().map(Line::text).collect()
    }

    #[test]
    fn words_of_the_form_are_spelt_as_they_are() {
        for (read, meant) in [
            ("KEPUTU5AN", "KEPUTUSAN"),
            ("Nornor", "Nomor"),
            ("Perlhal", "Perihal"),
            ("N1P", "NIP"),
            ("KEPUTUSANKEPALA", "KEPUTUSAN KEPALA"),
            ("UnitKerja", "Unit Kerja"),
            ("tanggal5", "tanggal 5"),
            ("5Januari2026,", "5 Januari 2026,"),
            ("Desernber", "Desember"),
            ("Permohanan", "Permohonan"),
        ] {
            assert_eq!(mended(&[seen(&[(read, 10.0, 60)])]), [meant], "{read}");
        }
    }

    #[test]
    fn what_people_filled_in_stays_as_it_was_read() {
        for read in ["D1MASWP", "1992O315", "Halirnah", "HD.NURFR", "Tentara", "000.3/1l87/LPSE", "Nurnama", "Juli"] {
            assert_eq!(mended(&[seen(&[(read, 10.0, 40)])]), [read], "{read}");
        }
        assert_eq!(mended(&[seen(&[("Permohanan", 10.0, 95)])]), ["Permohanan"]);
    }

    #[test]
    fn rules_of_a_table_divide_its_cells_and_specks_are_left_out() {
        let row = seen(&[
            ("9.", 10.0, 90),
            ("|", 24.0, 50),
            ("Pranata", 30.0, 90),
            ("Terampil|", 70.0, 80),
            (".", 120.0, 4),
            ("Trainer", 130.0, 95),
        ]);

        assert_eq!(mended(&[row]), ["9.", "Pranata Terampil", "Trainer"]);
    }

    #[test]
    fn a_stroke_among_colons_is_a_colon() {
        let lines = [
            seen(&[("Nama", 10.0, 95), (":", 90.0, 90), ("Budi", 100.0, 95)]),
            seen(&[("NIP", 10.0, 95), (":", 90.4, 90), ("1992", 100.0, 95)]),
            seen(&[("User", 10.0, 95), ("ID", 32.0, 95), ("1", 90.2, 65), ("1997", 100.0, 95)]),
            seen(&[("Butir", 10.0, 95), ("1", 60.0, 95), ("berlaku", 100.0, 95)]),
        ];

        assert_eq!(mended(&lines)[2..], ["User ID : 1997", "Butir 1 berlaku"]);
    }
}
