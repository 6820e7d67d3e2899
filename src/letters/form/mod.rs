//! The request letter as a form to fill in and sign: its text, laid out line by line, written as DOCX and as PDF. The
//! same text gives the same bytes, since a proposal's hash covers what goes out with its letter.
//!
//! The marks a text may use stand at [`Block`] and, for an office that writes its own, in `config/letters/README.md`.

mod docx;
mod pdf;

use super::facts::Text;

/// One line of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// `^ text`, loud: `^^ text`.
    Centred {
        text: String,
        loud: bool,
    },
    /// `---`: the double rule under a letterhead.
    Rule,
    /// `> text`
    Right(String),
    /// `Label : value`
    Field {
        label: String,
        value: String,
    },
    /// `left || right`: two signatures side by side.
    Columns {
        left: String,
        right: String,
    },
    /// `~ text`: small print.
    Note(String),
    Paragraph(String),
    /// An empty line.
    Space,
}

/// A file made of the form.
#[derive(Clone, PartialEq, Eq)]
pub struct FormFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// The longest label in front of a colon, in characters; a longer one is a sentence.
const LABEL: usize = 40;

/// The form as a word processor opens it and as it is printed; named after its subject.
///
/// # Errors
/// What the DOCX writer says, which it never does in memory.
pub fn files(text: &Text) -> Result<[FormFile; 2], String> {
    let blocks = lay_out(&text.body);
    let name = |end: &str| format!("{}.{end}", text.subject.replace(['/', '\\', ':'], "-"));
    Ok([
        FormFile { name: name("docx"), bytes: docx::write(&blocks)? },
        FormFile { name: name("pdf"), bytes: pdf::write(&blocks, &text.subject) },
    ])
}

/// The media type of a form's file, by its name.
pub fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("docx") => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// Reads the marks of a text.
pub fn lay_out(text: &str) -> Vec<Block> {
    text.lines().map(str::trim).map(block).collect()
}

fn block(line: &str) -> Block {
    let marked = |mark: &str| line.strip_prefix(mark).map(|text| text.trim().to_owned());
    if line.is_empty() {
        return Block::Space;
    }
    if line == "---" {
        return Block::Rule;
    }
    if let Some(text) = marked("^^ ") {
        return Block::Centred { text, loud: true };
    }
    if let Some(text) = marked("^ ") {
        return Block::Centred { text, loud: false };
    }
    if let Some(text) = marked("> ") {
        return Block::Right(text);
    }
    if let Some(text) = marked("~ ") {
        return Block::Note(text);
    }
    if let Some((label, value)) = field(line) {
        return Block::Field { label: label.to_owned(), value: value.to_owned() };
    }
    match line.split_once("||") {
        Some((left, right)) => Block::Columns { left: left.trim().to_owned(), right: right.trim().to_owned() },
        None => Block::Paragraph(line.to_owned()),
    }
}

fn field(line: &str) -> Option<(&str, &str)> {
    let (label, value) = line.split_once(" :")?;
    let is_label = label.chars().count() <= LABEL && !label.contains("||");
    (is_label && (value.is_empty() || value.starts_with(' '))).then(|| (label.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_is_read_and_a_value_may_hold_any_of_them() {
        let text = "^^ KOP\n---\n> Kota, tanggal\n\nUnit Kerja : Bagian A : B || C\nPemohon, || Mengetahui,\nSatu kalimat: dua.\n~ Catatan";

        let blocks = lay_out(text);

        let field = |label: &str, value: &str| Block::Field { label: label.into(), value: value.into() };
        assert_eq!(blocks[0], Block::Centred { text: "KOP".into(), loud: true });
        assert_eq!(blocks[1..4], [Block::Rule, Block::Right("Kota, tanggal".into()), Block::Space]);
        assert_eq!(blocks[4], field("Unit Kerja", "Bagian A : B || C"));
        assert_eq!(blocks[5], Block::Columns { left: "Pemohon,".into(), right: "Mengetahui,".into() });
        assert_eq!(blocks[6..], [Block::Paragraph("Satu kalimat: dua.".into()), Block::Note("Catatan".into())]);
    }

    #[test]
    fn the_same_text_gives_the_same_bytes() {
        let text = Text { subject: "Surat permohonan".into(), body: "^^ KOP\n\nNama : Rina\n\nA || B\n||".into() };

        let first = files(&text).unwrap();
        // Another document in between moves every counter a writer may keep.
        files(&Text { subject: "Lain".into(), body: "Satu\n\nDua : 2".into() }).unwrap();
        let again = std::thread::spawn(move || files(&text).unwrap()).join().unwrap();

        assert!(first == again);
        assert_eq!(first[0].name, "Surat permohonan.docx");
    }
}
