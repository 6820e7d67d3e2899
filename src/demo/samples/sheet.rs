//! A sheet of paper: text in two faces, rules, ink and stamps, written as PDF. Just enough for an office letter; the
//! text is real text, so that a reader finds words with places.

use lopdf::{Document, Object, Stream, dictionary};

/// A4 in points.
pub(super) const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
pub(super) const LEFT: f32 = 71.0;
pub(super) const RIGHT: f32 = 531.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
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
pub(super) fn width(text: &str, face: Face, size: f32) -> f32 {
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
pub(super) struct Sheet {
    content: Vec<u8>,
    pub y: f32,
    face: Face,
    size: f32,
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
        for word in text.split_whitespace() {
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

    /// A signature in blue ink, about 90 by 34 points, its lower left corner at `x` on the current line. The hand
    /// differs with `hand`.
    pub fn ink(&mut self, x: f32, hand: u32) -> &mut Self {
        let y = HEIGHT - self.y;
        let wave = |index: u32| (hand.wrapping_mul(2_654_435_761).wrapping_add(index * 40_503) >> 7) % 100;
        self.draw(&format!("q 0.08 0.12 0.45 RG 1.2 w 1 J {x:.2} {:.2} m", y + 8.0));
        let mut at = x;
        for index in 0..6 {
            let step = 11.0 + wave(index) as f32 / 20.0;
            let high = if index % 2 == 0 { 24.0 + wave(index + 9) as f32 / 10.0 } else { 2.0 };
            self.draw(&format!(
                "{:.2} {:.2} {:.2} {:.2} {:.2} {:.2} c",
                at + 4.0,
                y + high,
                at + step - 3.0,
                y + high + 4.0,
                at + step,
                y + 6.0 + wave(index + 3) as f32 / 12.0
            ));
            at += step;
        }
        self.draw(&format!(
            "{:.2} {:.2} {:.2} {:.2} {:.2} {:.2} c S Q",
            at + 6.0,
            y,
            x + 30.0,
            y - 4.0,
            x + 4.0,
            y + 1.0
        ));
        self
    }

    /// A round office stamp centred on `x` and the current line.
    pub fn stamp(&mut self, x: f32) -> &mut Self {
        let y = HEIGHT - self.y;
        for (radius, thickness) in [(31.0_f32, 1.5), (28.5, 0.5), (19.0, 0.8)] {
            let k = radius * 0.5523;
            self.draw(&format!(
                "q 0.45 0.30 0.68 RG {thickness} w {:.2} {y:.2} m {:.2} {:.2} {:.2} {:.2} {x:.2} {:.2} c \
                 {:.2} {:.2} {:.2} {:.2} {:.2} {y:.2} c {:.2} {:.2} {:.2} {:.2} {x:.2} {:.2} c \
                 {:.2} {:.2} {:.2} {:.2} {:.2} {y:.2} c S Q",
                x + radius,
                x + radius,
                y + k,
                x + k,
                y + radius,
                y + radius,
                x - k,
                y + radius,
                x - radius,
                y + k,
                x - radius,
                x - radius,
                y - k,
                x - k,
                y - radius,
                y - radius,
                x + k,
                y - radius,
                x + radius,
                y - k,
                x + radius,
            ));
        }
        self
    }

    fn draw(&mut self, operators: &str) {
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
        other => u8::try_from(u32::from(other)).unwrap_or(b'?'),
    }
}

/// Binds sheets into a PDF of at least `pad_to` bytes. Padding is a small picture in the letterhead that does not
/// compress, as a scanned emblem is.
pub(super) fn bind(sheets: Vec<Sheet>, title: &str, pad_to: Option<usize>) -> Vec<u8> {
    let plain = write(&sheets, title, None);
    let Some(short) = pad_to.and_then(|size| size.checked_sub(plain.len())).filter(|short| *short > 0) else {
        return plain;
    };
    write(&sheets, title, Some(short))
}

fn write(sheets: &[Sheet], title: &str, picture: Option<usize>) -> Vec<u8> {
    let mut pdf = Document::with_version("1.5");
    let pages_id = pdf.new_object_id();
    let mut face = |name: &str| {
        pdf.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => name, "Encoding" => "WinAnsiEncoding",
        })
    };
    let (regular, bold) = (face("Times-Roman"), face("Times-Bold"));
    let emblem = picture.map(|bytes| pdf.add_object(emblem(bytes)));
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
    let info = pdf.add_object(dictionary! { "Title" => Object::string_literal(title) });
    pdf.trailer.set("Root", catalog);
    pdf.trailer.set("Info", info);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).expect("writing to memory does not fail");
    bytes
}

/// A grey picture of about `bytes` bytes, from a fixed xorshift sequence.
fn emblem(bytes: usize) -> Stream {
    let side = ((bytes as f64).sqrt().ceil() as usize).max(8);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let grain: Vec<u8> = (0..side * side)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            200 + (state >> 33) as u8 % 56
        })
        .collect();
    let side = i64::try_from(side).expect("a few thousand at most");
    Stream::new(
        dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "Width" => side, "Height" => side,
            "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
        },
        grain,
    )
    .with_compression(false)
}
