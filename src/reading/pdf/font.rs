//! A font as reading needs it: how bytes become codes, what each code means, and how far it moves the pen. Outlines are
//! never looked at; a code that nothing explains becomes U+FFFD, so that unreadable text is seen to be unreadable.

use std::collections::HashMap;

use lopdf::{Dictionary, Document, Object};

use super::cmap::ToUnicode;
use super::encoding::{self, Base};
use super::truetype;
use super::{metrics, object};

/// Bytes of one font program looked at for its character map.
const PROGRAM: usize = 4 * 1024 * 1024;

pub struct Font {
    /// Bytes per code.
    pub bytes: usize,
    unicode: ToUnicode,
    /// What the 256 codes of a simple font mean without a ToUnicode map.
    table: Vec<Option<char>>,
    /// Glyph number to character, from the font program itself; for composite fonts without a map.
    program: HashMap<u32, char>,
    widths: Widths,
    /// Glyph space to text space, 1/1000 except in Type 3 fonts.
    scale: f32,
}

enum Widths {
    Simple(Box<[Option<f32>; 256]>, f32),
    Composite { singles: HashMap<u32, f32>, ranges: Vec<(u32, u32, f32)>, other: f32 },
}

impl Font {
    pub fn load(doc: &Document, dict: &Dictionary, stream_limit: usize) -> Self {
        let unicode = object(doc, dict, b"ToUnicode")
            .and_then(|o| o.as_stream().ok())
            .and_then(|s| s.get_plain_content_with_limit(stream_limit.min(PROGRAM)).ok())
            .map(|data| ToUnicode::parse(&data))
            .unwrap_or_default();
        match dict.get(b"Subtype").and_then(Object::as_name) {
            Ok(b"Type0") => Self::composite(doc, dict, unicode),
            Ok(b"Type3") => Self::simple(doc, dict, unicode, type3_scale(doc, dict)),
            _ => Self::simple(doc, dict, unicode, 0.001),
        }
    }

    fn simple(doc: &Document, dict: &Dictionary, unicode: ToUnicode, scale: f32) -> Self {
        let table = table(doc, dict);
        let mut widths = Box::new([None; 256]);
        let first = object(doc, dict, b"FirstChar").and_then(|o| o.as_i64().ok()).unwrap_or(0);
        if let Some(list) = object(doc, dict, b"Widths").and_then(|o| o.as_array().ok()) {
            for (code, width) in (first..256).zip(list) {
                if let Ok(slot) = usize::try_from(code) {
                    widths[slot] = value(doc, width);
                }
            }
        } else if let Ok(name) = dict.get(b"BaseFont").and_then(Object::as_name) {
            for (slot, c) in widths.iter_mut().zip(&table) {
                *slot = c.and_then(|c| metrics::standard(name, c)).map(f32::from);
            }
        }
        let missing = object(doc, dict, b"FontDescriptor")
            .and_then(|o| o.as_dict().ok())
            .and_then(|d| object(doc, d, b"MissingWidth"))
            .and_then(|o| o.as_float().ok())
            .unwrap_or(if scale == 0.001 { 500.0 } else { 0.0 });
        Self { bytes: 1, unicode, table, program: HashMap::new(), widths: Widths::Simple(widths, missing), scale }
    }

    fn composite(doc: &Document, dict: &Dictionary, unicode: ToUnicode) -> Self {
        let descendant = object(doc, dict, b"DescendantFonts")
            .and_then(|o| o.as_array().ok())
            .and_then(|list| list.first())
            .and_then(|o| doc.dereference(o).ok())
            .and_then(|(_, o)| o.as_dict().ok());
        let (mut singles, mut ranges, mut other) = (HashMap::new(), Vec::new(), 1000.0);
        let mut program = HashMap::new();
        if let Some(descendant) = descendant {
            other = object(doc, descendant, b"DW").and_then(|o| o.as_float().ok()).unwrap_or(1000.0);
            if let Some(list) = object(doc, descendant, b"W").and_then(|o| o.as_array().ok()) {
                composite_widths(doc, list, &mut singles, &mut ranges);
            }
            if unicode.is_empty() {
                program = truetype::characters(doc, descendant, PROGRAM);
            }
        }
        let bytes = unicode.width.filter(|w| *w <= 2).unwrap_or(2);
        let widths = Widths::Composite { singles, ranges, other };
        Self { bytes, unicode, table: Vec::new(), program, widths, scale: 0.001 }
    }

    /// How far `code` moves the pen, in parts of the font's size.
    pub fn width(&self, code: u32) -> f32 {
        let width = match &self.widths {
            Widths::Simple(table, other) => table.get(code as usize).copied().flatten().unwrap_or(*other),
            Widths::Composite { singles, ranges, other } => singles.get(&code).copied().unwrap_or_else(|| {
                ranges.iter().find(|(a, b, _)| (*a..=*b).contains(&code)).map_or(*other, |(_, _, w)| *w)
            }),
        };
        (width * self.scale).clamp(-10.0, 10.0)
    }

    /// Appends what `code` means.
    pub fn write(&self, code: u32, out: &mut String) {
        let start = out.len();
        if self.unicode.write(code, out) && out[start..].chars().any(|c| c != '\0') {
            return;
        }
        out.truncate(start);
        let known = self.table.get(code as usize).copied().flatten().or_else(|| self.program.get(&code).copied());
        out.push(known.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

fn value(doc: &Document, object: &Object) -> Option<f32> {
    doc.dereference(object).ok().and_then(|(_, o)| o.as_float().ok())
}

fn type3_scale(doc: &Document, dict: &Dictionary) -> f32 {
    let matrix = object(doc, dict, b"FontMatrix").and_then(|o| o.as_array().ok());
    matrix.and_then(|m| m.first()).and_then(|o| value(doc, o)).filter(|s| s.is_finite()).unwrap_or(0.001).abs()
}

fn table(doc: &Document, dict: &Dictionary) -> Vec<Option<char>> {
    let subtype = dict.get(b"Subtype").and_then(Object::as_name).unwrap_or(b"Type1");
    let own = if subtype == b"TrueType" { Base::WinAnsi } else { Base::Standard };
    let named = |name: &[u8]| match name {
        b"WinAnsiEncoding" => Base::WinAnsi,
        b"MacRomanEncoding" => Base::MacRoman,
        b"StandardEncoding" => Base::Standard,
        _ => own,
    };
    let encoding = object(doc, dict, b"Encoding");
    let base = match encoding {
        Some(Object::Name(name)) => named(name),
        Some(Object::Dictionary(d)) => d.get(b"BaseEncoding").and_then(Object::as_name).map_or(own, named),
        _ => own,
    };
    let mut table: Vec<Option<char>> = (0..=255u8).map(|code| encoding::character(base, code)).collect();
    if let Some(Object::Dictionary(d)) = encoding
        && let Some(differences) = object(doc, d, b"Differences").and_then(|o| o.as_array().ok())
    {
        let mut code = 0usize;
        for item in differences.iter().take(1024) {
            match item {
                Object::Integer(n) => code = usize::try_from(*n).unwrap_or(256),
                Object::Name(name) => {
                    if let Some(slot) = table.get_mut(code) {
                        *slot = encoding::glyph(name);
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
    }
    table
}

/// `/W`: either `first [w w w]` or `first last w`.
fn composite_widths(
    doc: &Document,
    list: &[Object],
    singles: &mut HashMap<u32, f32>,
    ranges: &mut Vec<(u32, u32, f32)>,
) {
    let number = |o: &Object| value(doc, o).map(|n| n.clamp(0.0, 1_000_000.0) as u32);
    let mut rest = list;
    while let [first, second, ..] = rest {
        let Some(first) = number(first) else { return };
        if let Ok((_, Object::Array(each))) = doc.dereference(second) {
            for (code, width) in (first..).zip(each.iter().take(70_000)) {
                singles.extend(value(doc, width).map(|w| (code, w)));
            }
            rest = &rest[2..];
        } else {
            if let [_, last, width, ..] = rest
                && let (Some(last), Some(width)) = (number(last), value(doc, width))
                && ranges.len() < 1000
            {
                ranges.push((first, last, width));
            }
            rest = rest.get(3..).unwrap_or_default();
        }
    }
}
