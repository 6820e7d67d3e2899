//! Form fields that were filled in and never drawn (ISO 32000-1, 12.7): a program that writes values alone leaves it to the
//! viewer to show them. Their words are put where the field stands.

use lopdf::{Dictionary, Document, Object, decode_text_string};

use super::content::{Canvas, Glyph};
use super::geometry::Matrix;
use super::{metrics, object};

/// Characters of one value.
const LONGEST: usize = 4000;
/// Bit 14 of a text field's flags: what is typed into it is nobody's to read.
const PASSWORD: i64 = 1 << 13;
/// Sizes between which a field's own height decides.
const SIZES: (f32, f32) = (5.0, 11.0);

/// Writes the value of a text or choice field onto the canvas, in the field's rectangle.
pub fn write(doc: &Document, canvas: &mut Canvas, widget: &Dictionary, place: [f32; 4], ctm: Matrix) {
    let kind = entry(doc, widget, b"FT").and_then(|o| o.as_name().ok());
    let flags = entry(doc, widget, b"Ff").and_then(|o| o.as_i64().ok()).unwrap_or(0);
    if !matches!(kind, Some(b"Tx" | b"Ch")) || flags & PASSWORD != 0 {
        return;
    }
    let Some(value) = entry(doc, widget, b"V").and_then(|value| words(doc, value)) else { return };
    let lines: Vec<&str> = value.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).take(60).collect();
    let height = (place[3] - place[1]) / lines.len().max(1) as f32;
    let size = (height * 0.7).clamp(SIZES.0, SIZES.1);
    for (nth, line) in lines.iter().enumerate() {
        let base = place[3] - height * (nth as f32 + 0.5) - size * 0.35;
        line_at(canvas, line, (place[0] + 2.0, base), size, ctm);
    }
}

fn line_at(canvas: &mut Canvas, line: &str, (mut x, y): (f32, f32), size: f32, ctm: Matrix) {
    for c in line.chars().filter(|c| !c.is_control()) {
        let width = f32::from(metrics::standard(b"Helvetica", c).unwrap_or(556)) / 1000.0 * size;
        let (from, to) = (ctm.apply(x, y), ctm.apply(x + width, y));
        x += width;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        if ![from.0, from.1, dx, dy].iter().all(|n| n.is_finite() && n.abs() < 1e5) {
            return;
        }
        let start = canvas.text.len() as u32;
        canvas.text.push(c);
        let end = canvas.text.len() as u32;
        let angle = dy.atan2(dx).to_degrees();
        canvas.glyphs.push(Glyph { start, end, x: from.0, y: from.1, dx, dy, size, angle, hidden: false });
    }
}

/// The field's own entry, or that of the field it is a part of.
fn entry<'a>(doc: &'a Document, widget: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut field = widget;
    for _ in 0..16 {
        if let Some(found) = object(doc, field, key) {
            return Some(found);
        }
        field = object(doc, field, b"Parent")?.as_dict().ok()?;
    }
    None
}

/// A value's text; the chosen ones of a list, one to a line.
fn words(doc: &Document, value: &Object) -> Option<String> {
    let text = match value {
        Object::String(..) => decode_text_string(value).ok()?,
        Object::Array(chosen) => {
            let each = chosen.iter().take(60).filter_map(|o| doc.dereference(o).ok());
            each.filter_map(|(_, o)| decode_text_string(o).ok()).collect::<Vec<_>>().join("\n")
        }
        Object::Stream(stream) => {
            let bytes = stream.get_plain_content_with_limit(4 * LONGEST).ok()?;
            decode_text_string(&Object::string_literal(bytes)).ok()?
        }
        _ => return None,
    };
    Some(text.chars().take(LONGEST).collect())
}
