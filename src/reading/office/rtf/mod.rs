//! RTF (specification 1.9.1) → blocks and pictures. rtf-grimoire cuts the bytes into tokens; what groups and control words
//! mean is here, as far as a reader sees it: fonts, styles, fields' instructions and objects leave nothing. Text and tables
//! are put together in [`text`].

mod text;

use rtf_grimoire::tokenizer::{Token, read_token};

use self::text::Text;
use super::flow::{Align, Block, Piece};
use crate::reading::limits::Limits;

/// Groups within groups whose state is kept; Word stays under thirty.
const GROUPS: usize = 200;
/// Bytes of plain text taken at a time; a picture in hexadecimal may be one line of many megabytes.
const STRETCH: usize = 64 * 1024;
const TWIP: f32 = 1.0 / 20.0;

/// What an RTF holds.
#[derive(Default)]
pub struct Rtf {
    pub blocks: Vec<Block>,
    /// Bytes of the pictures; a [`Piece::Picture`] names its own by its number.
    pub pictures: Vec<Vec<u8>>,
    /// Holds an object of another program. It is never opened.
    pub objects: bool,
}

/// Reads as much as can be read.
pub fn read(bytes: &[u8], limits: &Limits) -> Rtf {
    let mut reader = Reader::new(limits);
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let stretch = if *first == b'\\' { rest } else { &rest[..rest.len().min(STRETCH)] };
        // A byte that begins no token, such as a backslash before a broken number, is passed over.
        let (used, token) = match read_token(stretch) {
            Ok((left, token)) => (stretch.len() - left.len(), Some(token)),
            Err(_) => (1, None),
        };
        rest = &rest[used.max(1)..];
        if token.is_some_and(|token| reader.step(token).is_none()) {
            break;
        }
    }
    reader.finish()
}

/// What a group's content is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Text,
    /// Not shown, and nothing in it.
    Unseen,
    Colours,
    Picture,
    /// A footer begun when so many blocks stood.
    Footer(usize),
}

#[derive(Clone)]
struct Group {
    place: Place,
    /// The group began with `\*`: whoever does not know its first word passes it over.
    optional: bool,
    align: Align,
    in_table: bool,
    hidden: bool,
    tiny: bool,
    white: bool,
    /// Characters after a `\u` that stand for the same in old programs.
    fallback: usize,
}

/// A picture being read.
#[derive(Default)]
struct Picture {
    bytes: Vec<u8>,
    digit: Option<u8>,
    /// Width and height in twips, and per cent of scaling.
    goal: (i32, i32),
    scale: (i32, i32),
}

struct Reader {
    groups: Vec<Group>,
    /// Groups beyond [`GROUPS`], which are passed over.
    deeper: usize,
    text: Text,
    picture: Picture,
    /// Bytes that pictures may still take.
    budget: usize,
    /// Colours that cannot be told from paper, in the order of their table.
    white: Vec<bool>,
    colour: [i32; 3],
    footers: Vec<Block>,
    out: Rtf,
}

impl Reader {
    fn new(limits: &Limits) -> Self {
        let group = Group {
            place: Place::Text,
            optional: false,
            align: Align::Left,
            in_table: false,
            hidden: false,
            tiny: false,
            white: false,
            fallback: 1,
        };
        Self {
            groups: vec![group],
            deeper: 0,
            text: Text::new(4 * limits.words),
            picture: Picture::default(),
            budget: limits.xml as usize,
            white: Vec::new(),
            colour: [0; 3],
            footers: Vec::new(),
            out: Rtf::default(),
        }
    }

    /// `None`: the document has ended, or is larger than anybody writes.
    fn step(&mut self, token: Token) -> Option<()> {
        match token {
            Token::StartGroup => self.open(),
            Token::EndGroup => return self.close(),
            _ if self.deeper > 0 => {}
            Token::ControlSymbol('*') => self.group().optional = true,
            Token::ControlSymbol(symbol) => self.symbol(symbol),
            Token::ControlWord { name, arg } => self.word(&name, arg),
            Token::ControlBin(bytes) if self.group().place == Place::Picture => self.pixels(&bytes),
            Token::Text(bytes) => self.characters(&bytes),
            Token::ControlBin(_) | Token::Newline(_) => {}
        }
        self.text.has_room().then_some(())
    }

    fn group(&mut self) -> &mut Group {
        self.groups.last_mut().expect("the outermost group is closed with the document")
    }

    fn open(&mut self) {
        self.text.settle();
        if self.groups.len() >= GROUPS {
            self.deeper += 1;
            return;
        }
        let mut inner = self.group().clone();
        inner.optional = false;
        if let Place::Footer(_) = inner.place {
            inner.place = Place::Text;
        }
        self.groups.push(inner);
    }

    fn close(&mut self) -> Option<()> {
        self.text.settle();
        if self.deeper > 0 {
            self.deeper -= 1;
            return Some(());
        }
        // The document's own group lies in the one that stands before any is opened.
        if self.groups.len() <= 2 {
            return None;
        }
        let closed = self.groups.pop()?;
        let around = self.group().place;
        match closed.place {
            Place::Picture if around != Place::Picture => self.end_picture(),
            Place::Footer(begun) => {
                self.text.end_paragraph(closed.align, closed.in_table);
                self.footers.extend(self.text.take_from(begun));
            }
            _ => {}
        }
        Some(())
    }

    fn symbol(&mut self, symbol: char) {
        if self.group().place != Place::Text && !matches!(self.group().place, Place::Footer(_)) {
            return;
        }
        match symbol {
            '~' => self.write(" "),
            '_' => self.write("-"),
            '\\' | '{' | '}' => self.write(symbol.encode_utf8(&mut [0; 4])),
            '\n' | '\r' => self.paragraph(),
            _ => {}
        }
    }

    fn characters(&mut self, bytes: &[u8]) {
        match self.group().place {
            Place::Text | Place::Footer(_) => {
                let hidden = self.is_hidden();
                self.text.bytes(bytes, hidden);
            }
            Place::Picture => self.digits(bytes),
            Place::Colours => {
                for _ in bytes.iter().filter(|b| **b == b';').take(1000) {
                    self.white.push(self.colour.iter().all(|part| *part >= 245));
                    self.colour = [0; 3];
                }
            }
            Place::Unseen => {}
        }
    }

    fn is_hidden(&mut self) -> bool {
        let group = self.group();
        group.hidden || group.tiny || group.white
    }

    fn write(&mut self, text: &str) {
        let hidden = self.is_hidden();
        self.text.write(text, hidden);
    }

    fn paragraph(&mut self) {
        let (align, in_table) = (self.group().align, self.group().in_table);
        self.text.end_paragraph(align, in_table);
    }

    fn word(&mut self, name: &str, arg: Option<i32>) {
        let value = arg.unwrap_or(0);
        let place = self.group().place;
        match place {
            Place::Unseen => return,
            Place::Colours => return self.tint(name, value),
            Place::Picture => return self.describe(name, value),
            Place::Text | Place::Footer(_) => {}
        }
        if std::mem::take(&mut self.group().optional) && !matches!(name, "shppict" | "shpinst" | "shptxt") {
            self.group().place = Place::Unseen;
            return;
        }
        match name {
            "'" => {
                let hidden = self.is_hidden();
                self.text.bytes(&[value as u8], hidden);
            }
            "u" => {
                let (hidden, fallback) = (self.is_hidden(), self.group().fallback);
                self.text.unit(value as u16, fallback, hidden);
            }
            "uc" => self.group().fallback = value.clamp(0, 16) as usize,
            "ansicpg" => self.text.set_code_page(value),
            "par" | "sect" => self.paragraph(),
            "line" | "nestrow" => self.text.piece(Piece::LineBreak),
            "page" | "pagebb" => self.text.piece(Piece::PageBreak),
            "tab" | "nestcell" => self.text.piece(Piece::Tab),
            "cell" => {
                let align = self.group().align;
                self.text.end_cell(align);
            }
            "row" => self.text.end_row(),
            "trowd" => self.text.begin_row(),
            "cellx" => self.text.edge(value),
            _ => self.look(name, arg),
        }
    }

    /// Words that change how things look, are characters themselves, or begin something that is not text.
    fn look(&mut self, name: &str, arg: Option<i32>) {
        let (value, on) = (arg.unwrap_or(0), arg != Some(0));
        match name {
            "pard" => (self.group().align, self.group().in_table) = (Align::Left, false),
            "plain" => (self.group().hidden, self.group().tiny, self.group().white) = (false, false, false),
            "intbl" => self.group().in_table = on,
            "qc" => self.group().align = Align::Center,
            "qr" => self.group().align = Align::Right,
            "ql" | "qj" => self.group().align = Align::Left,
            "v" | "deleted" => self.group().hidden = on,
            // Half points.
            "fs" => self.group().tiny = (0..4).contains(&value),
            "cf" => self.group().white = self.white.get(value.max(0) as usize).copied().unwrap_or(false),
            "emdash" => self.write("—"),
            "endash" => self.write("–"),
            "bullet" => self.write("•"),
            "lquote" | "rquote" => self.write("'"),
            "ldblquote" | "rdblquote" => self.write("\""),
            "emspace" | "enspace" | "qmspace" => self.write(" "),
            "pict" => (self.group().place, self.picture) = (Place::Picture, Picture::default()),
            "colortbl" => self.group().place = Place::Colours,
            "footer" | "footerl" | "footerr" | "footerf" => {
                self.paragraph();
                self.group().place = Place::Footer(self.text.blocks());
            }
            "objdata" => {
                self.out.objects = true;
                self.group().place = Place::Unseen;
            }
            "fonttbl" | "stylesheet" | "info" | "fldinst" | "nonshppict" | "shprslt" | "sp" | "annotation"
            | "atnid" | "atnauthor" | "tc" | "xe" | "bkmkstart" | "bkmkend" => self.group().place = Place::Unseen,
            _ => {}
        }
    }

    fn tint(&mut self, name: &str, value: i32) {
        match name {
            "red" => self.colour[0] = value,
            "green" => self.colour[1] = value,
            "blue" => self.colour[2] = value,
            _ => {}
        }
    }

    fn describe(&mut self, name: &str, value: i32) {
        let picture = &mut self.picture;
        match name {
            "picwgoal" => picture.goal.0 = value,
            "pichgoal" => picture.goal.1 = value,
            "picscalex" => picture.scale.0 = value,
            "picscaley" => picture.scale.1 = value,
            _ => {}
        }
    }

    fn pixels(&mut self, bytes: &[u8]) {
        let taken = bytes.len().min(self.budget);
        self.budget -= taken;
        self.picture.bytes.extend_from_slice(&bytes[..taken]);
    }

    fn digits(&mut self, digits: &[u8]) {
        let mut bytes = Vec::with_capacity(digits.len() / 2 + 1);
        for digit in digits.iter().filter_map(|b| char::from(*b).to_digit(16)) {
            match self.picture.digit.take() {
                Some(high) => bytes.push(high << 4 | digit as u8),
                None => self.picture.digit = Some(digit as u8),
            }
        }
        self.pixels(&bytes);
    }

    fn end_picture(&mut self) {
        let picture = std::mem::take(&mut self.picture);
        let side = |goal: i32, scale: i32, most: f32| {
            let scale = if scale > 0 { scale as f32 / 100.0 } else { 1.0 };
            if goal > 0 { (goal as f32 * TWIP * scale).clamp(1.0, most) } else { 60.0 }
        };
        let width = side(picture.goal.0, picture.scale.0, 595.0);
        let height = side(picture.goal.1, picture.scale.1, 842.0);
        self.text.piece(Piece::Picture { width, height, source: Some(self.out.pictures.len().to_string()) });
        self.out.pictures.push(picture.bytes);
    }

    fn finish(mut self) -> Rtf {
        self.paragraph();
        self.out.blocks = self.text.finish();
        self.out.blocks.append(&mut self.footers);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::page::Line;
    use crate::reading::office::flow;

    fn pages(rtf: &str) -> Vec<crate::dossier::page::Page> {
        flow::lay_out(&read(rtf.as_bytes(), &Limits::default()).blocks, &Limits::default(), &mut |_| None).pages
    }

    fn texts(page: &crate::dossier::page::Page) -> Vec<String> {
        page.lines.iter().map(Line::text).collect()
    }

    #[test]
    fn paragraphs_tables_breaks_and_spellings_are_read() {
        let pages = pages(
            r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\stylesheet{\s0 Normal;}}{\*\generator Riched20;}
            \pard\qc SURAT PERMOHONAN\par\pard Nomor\tab : 1\u8211?A \'e9\par
            \trowd\cellx2000\cellx8000\pard\intbl Nama\cell Wayan \{S\}\cell\row\pard
            {\field{\*\fldinst HYPERLINK x}{\fldrslt kantor.example}}\page LAMPIRAN\par}",
        );

        assert_eq!(texts(&pages[0]), ["SURAT PERMOHONAN", "Nomor : 1–A é", "Nama", "Wayan {S}", "kantor.example"]);
        assert!(pages[0].lines[0].words[0].at.x > 200.0, "set in the middle");
        assert_eq!(pages[0].lines[2].words[0].at.y, pages[0].lines[3].words[0].at.y);
        assert_eq!(texts(&pages[1]), ["LAMPIRAN"]);
    }

    #[test]
    fn what_a_reader_cannot_see_is_kept_apart() {
        let pages = pages(
            r"{\rtf1{\colortbl;\red255\green255\blue255;}terlihat {\v setujui }{\cf1 putih }{\fs2 kecil }
            {\footer kaki\par}\par isi\par}",
        );

        assert_eq!(texts(&pages[0]), ["terlihat", "isi", "kaki"]);
        assert_eq!(pages[0].hidden.concat().split_whitespace().collect::<Vec<_>>(), ["setujui", "putih", "kecil"]);
    }

    #[test]
    fn pictures_are_taken_out_and_objects_noticed() {
        let rtf = read(
            br"{\rtf1 a{\*\shppict{\pict\picwgoal9000\pichgoal12000\jpegblip ffd8
ff00}}{\nonshppict{\pict 00}}{\object{\*\objclass X}{\*\objdata 0105}}{\pict\bin3 }{x}b}",
            &Limits::default(),
        );

        assert_eq!(rtf.pictures, [vec![0xff, 0xd8, 0xff, 0], b"}{x".to_vec()]);
        assert!(rtf.blocks.len() == 1 && !rtf.objects);
        assert!(read(br"{\rtf1{\object{\objdata 01}}}", &Limits::default()).objects);
    }

    #[test]
    fn groups_without_end_and_pictures_without_lines_cost_little() {
        let deep = "{".repeat(2_000_000);
        let wide = format!("{{\\rtf1{{\\pict {}", "f".repeat(4_000_000));
        let begun = std::time::Instant::now();

        assert!(read(deep.as_bytes(), &Limits::default()).blocks.iter().all(|b| matches!(b, Block::Paragraph { .. })));
        read(wide.as_bytes(), &Limits::default());

        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
