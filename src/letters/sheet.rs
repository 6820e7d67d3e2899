//! A sheet of paper: text in two faces and rules, written as PDF by lopdf. Just enough for an office letter; the text is
//! real text, so that a reader finds words with places.

use lopdf::{Document, Object, Stream, dictionary};
use unicode_normalization::UnicodeNormalization;

/// A4 in points.
pub const WIDTH: f32 = 595.0;
pub const HEIGHT: f32 = 842.0;
pub const LEFT: f32 = 71.0;
pub const RIGHT: f32 = 531.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Regular,
    Bold,
}

/// Advance widths of Times Roman and Times Bold for the printable ASCII characters, in thousandths of the size
/// (Adobe's font metrics).
const REGULAR: [u16; 95] = [
    250, 333, 408, 500, 500, 833, 778, 180, 333, 333, 500, 564, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
    500, 500, 500, 278, 278, 564, 564, 564, 444, 921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889,
    722, 722, 556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500, 333, 444, 500, 444, 500,
    444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500, 500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444, 480,
    200, 480, 541,
];
const BOLD: [u16; 95] = [
    250, 333, 555, 500, 500, 1000, 833, 278, 333, 333, 500, 570, 250, 333, 250, 278, 500, 500, 500, 500, 500, 500, 500,
    500, 500, 500, 333, 333, 570, 570, 570, 500, 930, 722, 667, 722, 722, 667, 611, 778, 778, 389, 500, 778, 667, 944,
    722, 778, 611, 778, 722, 556, 667, 722, 722, 1000, 722, 722, 667, 333, 278, 333, 581, 500, 333, 500, 556, 444, 556,
    444, 333, 500, 556, 278, 333, 556, 278, 833, 556, 500, 556, 556, 444, 389, 333, 556, 500, 722, 500, 500, 444, 394,
    220, 394, 520,
];

/// How wide a text is, in points.
pub fn width(text: &str, face: Face, size: f32) -> f32 {
    let widths = if face == Face::Bold { &BOLD } else { &REGULAR };
    let thousandths: u32 = text
        .chars()
        .map(|c| {
            (c as usize).checked_sub(32).and_then(|index| widths.get(index)).map_or(500, |width| u32::from(*width))
        })
        .sum();
    thousandths as f32 * size / 1000.0
}

/// One side of paper; `y` counts down from the top, as one writes.
pub struct Sheet {
    content: Vec<u8>,
    pub y: f32,
    face: Face,
    size: f32,
}

impl Default for Sheet {
    fn default() -> Self {
        Self::new()
    }
}

impl Sheet {
    pub fn new() -> Self {
        Self { content: Vec::new(), y: 60.0, face: Face::Regular, size: 11.5 }
    }

    pub fn font(&mut self, face: Face, size: f32) -> &mut Self {
        (self.face, self.size) = (face, size);
        self
    }

    pub fn down(&mut self, points: f32) -> &mut Self {
        self.y += points;
        self
    }

    /// Writes at `x` without moving on.
    pub fn put(&mut self, x: f32, text: &str) -> &mut Self {
        let face = if self.face == Face::Bold { "F2" } else { "F1" };
        let baseline = HEIGHT - self.y;
        self.draw(&format!("BT /{face} {} Tf 1 0 0 1 {x:.2} {baseline:.2} Tm ", self.size));
        self.content.push(b'(');
        for byte in text.chars().map(latin) {
            if matches!(byte, b'(' | b')' | b'\\') {
                self.content.push(b'\\');
            }
            self.content.push(byte);
        }
        self.draw(") Tj ET");
        self
    }

    pub fn line(&mut self, x: f32, text: &str) -> &mut Self {
        let advance = self.size * 1.3;
        self.put(x, text).down(advance)
    }

    pub fn centred(&mut self, middle: f32, text: &str) -> &mut Self {
        let x = middle - width(text, self.face, self.size) / 2.0;
        self.line(x, text)
    }

    /// Breaks each line of a text into lines between `x` and `right`; the first begins `indent` further in.
    pub fn paragraph(&mut self, x: f32, right: f32, indent: f32, text: &str) -> &mut Self {
        for (index, part) in text.split('\n').enumerate() {
            self.wrapped(x, right, if index == 0 { indent } else { 0.0 }, part);
        }
        self
    }

    fn wrapped(&mut self, x: f32, right: f32, indent: f32, text: &str) {
        let mut line = String::new();
        let mut start = x + indent;
        let pieces = text.split_whitespace().flat_map(|word| self.pieces(word, right - x)).collect::<Vec<_>>();
        for word in pieces.iter().map(String::as_str) {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if !line.is_empty() && start + width(&longer, self.face, self.size) > right {
                self.line(start, &line);
                (line, start) = (word.to_owned(), x);
            } else {
                line = longer;
            }
        }
        self.line(start, &line);
    }

    /// A word wider than the line is cut into pieces that fit.
    fn pieces(&self, word: &str, room: f32) -> Vec<String> {
        let mut pieces = vec![String::new()];
        for character in word.chars() {
            let last = pieces.last().map(String::as_str).unwrap_or_default();
            if !last.is_empty() && width(&format!("{last}{character}"), self.face, self.size) > room {
                pieces.push(String::new());
            }
            if let Some(last) = pieces.last_mut() {
                last.push(character);
            }
        }
        pieces
    }

    /// A label, a colon and a value that may take several lines.
    pub fn field(&mut self, x: f32, colon: f32, label: &str, value: &str) -> &mut Self {
        self.put(x, label).put(colon, ":").paragraph(colon + 10.0, RIGHT, 0.0, value)
    }

    pub fn rule(&mut self, thickness: f32) -> &mut Self {
        let y = HEIGHT - self.y;
        self.draw(&format!("q {thickness} w {LEFT} {y:.2} m {RIGHT} {y:.2} l S Q"));
        self.down(thickness + 1.5)
    }

    /// A frame of a table cell, from the current line down.
    pub fn cell(&mut self, x: f32, width: f32, height: f32) -> &mut Self {
        let y = HEIGHT - self.y - height;
        self.draw(&format!("q 0.6 w {x:.2} {y:.2} {width:.2} {height:.2} re S Q"));
        self
    }

    /// Adds drawing operators (ISO 32000-1, Annex A).
    pub fn draw(&mut self, operators: &str) {
        self.content.extend_from_slice(operators.as_bytes());
        self.content.push(b'\n');
    }
}

/// WinAnsi, the encoding the fonts are declared with.
fn latin(character: char) -> u8 {
    match character {
        '–' => 0x96,
        '—' => 0x97,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '…' => 0x85,
        '•' => 0x95,
        plain => u8::try_from(u32::from(plain)).unwrap_or_else(|_| base(plain)),
    }
}

/// The letter under an accent that the encoding lacks: `ā` is printed as `a`.
fn base(character: char) -> u8 {
    let first = std::iter::once(character).nfd().next().filter(char::is_ascii);
    first.and_then(|plain| u8::try_from(u32::from(plain)).ok()).unwrap_or(b'?')
}

/// Binds sheets into a PDF. An emblem is drawn in the first sheet's letterhead. The same sheets give the same bytes.
pub fn bind(sheets: &[Sheet], title: &str, emblem: Option<Stream>) -> Vec<u8> {
    let mut pdf = Document::with_version("1.5");
    let pages_id = pdf.new_object_id();
    let mut face = |name: &str| {
        pdf.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => name, "Encoding" => "WinAnsiEncoding",
        })
    };
    let (regular, bold) = (face("Times-Roman"), face("Times-Bold"));
    let emblem = emblem.map(|picture| pdf.add_object(picture));
    let mut kids: Vec<Object> = Vec::new();
    for (index, sheet) in sheets.iter().enumerate() {
        let mut content = sheet.content.clone();
        let mut resources = dictionary! { "Font" => dictionary! { "F1" => regular, "F2" => bold } };
        if let Some(emblem) = emblem.filter(|_| index == 0) {
            content.extend_from_slice(b"q 34 0 0 34 74 756 cm /E Do Q\n");
            resources.set("XObject", dictionary! { "E" => emblem });
        }
        let mut stream = Stream::new(dictionary! {}, content);
        // Only speed and size suffer where a stream cannot be compressed.
        let _ = stream.compress();
        let contents = pdf.add_object(stream);
        kids.push(
            pdf.add_object(dictionary! {
                "Type" => "Page", "Parent" => pages_id, "Contents" => contents, "Resources" => resources,
                "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
            })
            .into(),
        );
    }
    let count = i64::try_from(kids.len()).expect("a paper has few pages");
    pdf.objects.insert(pages_id, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }.into());
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages_id });
    let info = pdf.add_object(dictionary! { "Title" => lopdf::text_string(title) });
    pdf.trailer.set("Root", catalog);
    pdf.trailer.set("Info", info);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).expect("writing to memory does not fail");
    bytes
}
