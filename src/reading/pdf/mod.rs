//! PDF → pages of lines with places. lopdf parses the file; text, pictures and ink are drawn here from the content
//! streams, so that what a reader cannot see (white, tiny, invisible) is told apart from what they read. Scripts and
//! actions are never followed, only noticed. Fonts: [`font`]; what is drawn: [`content`]; lines: [`layout`].

mod cmap;
mod content;
mod encoding;
mod font;
mod forms;
mod geometry;
mod ink;
mod layout;
mod lexer;
mod metrics;
mod truetype;

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use self::content::Reader;
use self::geometry::{Bounds, Matrix};
use super::limits::Limits;
use super::signature::{self, Roots};
use crate::dossier::electronic::Electronic;
use crate::dossier::page::Page;

/// What a PDF holds.
#[derive(Debug, Default)]
pub struct Pdf {
    pub pages: Vec<Page>,
    /// It asks for a password before it can be read.
    pub encrypted: bool,
    /// What the signatures in it are worth.
    pub electronic: Electronic,
    /// Holds scripts or programs to start. They are never run.
    pub active: bool,
    /// More pages than are looked at.
    pub cut: bool,
}

/// The object a dictionary's entry leads to.
fn object<'a>(doc: &'a Document, dict: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    dict.get(key).ok().and_then(|o| doc.dereference(o).ok()).map(|(_, o)| o)
}

/// Reads a PDF; `None` when it is too damaged to have pages.
pub fn read(bytes: &[u8], limits: &Limits, roots: &Roots) -> Option<Pdf> {
    let options = LoadOptions { max_decompressed_size: Some(limits.stream), ..LoadOptions::default() };
    let Ok(doc) = Document::load_mem_with_options(bytes, options) else {
        let locked = memchr::memmem::find(bytes, b"/Encrypt").is_some();
        return locked.then(|| Pdf { encrypted: true, ..Pdf::default() });
    };
    // An encrypted file that opens with the empty password is decrypted by lopdf and loses its entry.
    if doc.trailer.has(b"Encrypt") {
        return Some(Pdf { encrypted: true, ..Pdf::default() });
    }
    let mut pdf = Pdf { electronic: signature::examine(&doc, bytes, limits, roots), ..Pdf::default() };
    for dict in doc.objects.values().filter_map(dictionary) {
        pdf.active |= is_active(dict, 0);
    }
    let mut reader = Reader::new(&doc, limits);
    let mut words = 0;
    for (index, id) in doc.page_iter().enumerate() {
        if index >= limits.pages || words >= limits.words {
            pdf.cut = true;
            break;
        }
        let page = page(&doc, &mut reader, id, index as u32 + 1, limits);
        words += page.lines.iter().map(|l| l.words.len()).sum::<usize>() + page.pictures.len() + page.hidden.len();
        pdf.pages.push(page);
    }
    (!pdf.pages.is_empty()).then_some(pdf)
}

fn dictionary(object: &Object) -> Option<&Dictionary> {
    match object {
        Object::Dictionary(dict) => Some(dict),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}

/// Whether a dictionary, or one that lies in it, is an action that runs something (ISO 32000-1, 12.6.4).
fn is_active(dict: &Dictionary, depth: usize) -> bool {
    let action = dict.get(b"S").and_then(Object::as_name).ok();
    dict.has(b"JS")
        || dict.has(b"JavaScript")
        || matches!(action, Some(b"Launch" | b"JavaScript"))
        || depth < 8 && dict.iter().any(|(_, inner)| holds_action(inner, depth + 1))
}

fn holds_action(object: &Object, depth: usize) -> bool {
    match object {
        Object::Dictionary(dict) => is_active(dict, depth),
        Object::Array(items) if depth < 8 => items.iter().any(|item| holds_action(item, depth + 1)),
        _ => false,
    }
}

fn page(doc: &Document, reader: &mut Reader, id: ObjectId, number: u32, limits: &Limits) -> Page {
    let Ok(dict) = doc.get_dictionary(id) else { return Page { number, ..Page::default() } };
    let media = inherited(doc, dict, b"CropBox")
        .and_then(|o| corners(doc, o))
        .or_else(|| inherited(doc, dict, b"MediaBox").and_then(|o| corners(doc, o)))
        .unwrap_or([0.0, 0.0, 595.0, 842.0]);
    let rotate = inherited(doc, dict, b"Rotate").and_then(|o| o.as_i64().ok()).unwrap_or(0);
    let (ctm, width, height) = Matrix::page(media, rotate);
    let nothing = Dictionary::new();
    let resources = inherited(doc, dict, b"Resources").and_then(|o| o.as_dict().ok()).unwrap_or(&nothing);
    reader.canvas = Default::default();
    if let Ok(content) = doc.get_page_content_with_limit(id, limits.stream) {
        reader.draw(&content, resources, ctm, 0);
    }
    annotations(doc, reader, dict, ctm);
    let canvas = &mut reader.canvas;
    let layout = layout::lay_out(canvas, (width, height));
    let images = canvas.images.iter().copied();
    let pictures = images.chain(canvas.ink.drawings((width, height))).map(|b| b.rect()).collect();
    Page { number, width, height, lines: layout.lines, pictures, hidden: layout.hidden, look: None, lay: None }
}

/// An entry of the page or of the nearest ancestor that has it (ISO 32000-1, 7.7.3.4).
fn inherited<'a>(doc: &'a Document, page: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let mut node = page;
    for _ in 0..32 {
        if let Some(found) = object(doc, node, key).filter(|o| !o.is_null()) {
            return Some(found);
        }
        node = object(doc, node, b"Parent")?.as_dict().ok()?;
    }
    None
}

fn corners(doc: &Document, object: &Object) -> Option<[f32; 4]> {
    let list = object.as_array().ok()?;
    let mut numbers = list.iter().filter_map(|o| doc.dereference(o).ok()).filter_map(|(_, o)| o.as_float().ok());
    let (a, b, c, d) = (numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?);
    let corners = [a.min(c), b.min(d), a.max(c), b.max(d)];
    let sound = corners.iter().all(|n| n.is_finite() && n.abs() < 20_000.0);
    (sound && corners[2] - corners[0] > 10.0 && corners[3] - corners[1] > 10.0).then_some(corners)
}

/// Stamps, ink and filled form fields are drawn as annotations over the page (ISO 32000-1, 12.5.5).
fn annotations(doc: &Document, reader: &mut Reader, page: &Dictionary, ctm: Matrix) {
    const HIDDEN: i64 = 2;
    const NO_VIEW: i64 = 32;
    let Some(list) = object(doc, page, b"Annots").and_then(|o| o.as_array().ok()) else { return };
    for dict in list.iter().take(300).filter_map(|o| doc.dereference(o).ok()).filter_map(|(_, o)| o.as_dict().ok()) {
        let flags = object(doc, dict, b"F").and_then(|o| o.as_i64().ok()).unwrap_or(0);
        if flags & (HIDDEN | NO_VIEW) != 0 {
            continue;
        }
        let appearance = object(doc, dict, b"AP").and_then(|o| o.as_dict().ok()).and_then(|ap| object(doc, ap, b"N"));
        let stream = match appearance {
            Some(Object::Stream(stream)) => Some(stream),
            Some(Object::Dictionary(states)) => object(doc, dict, b"AS")
                .and_then(|o| o.as_name().ok())
                .and_then(|state| object(doc, states, state))
                .and_then(|o| o.as_stream().ok()),
            _ => None,
        };
        let Some(place) = object(doc, dict, b"Rect").and_then(|o| corners_of_any_size(doc, o)) else { continue };
        let before = reader.canvas.glyphs.len();
        if let Some(stream) = stream
            && let Some(fit) = fit(doc, &stream.dict, place)
        {
            reader.form(stream, &Dictionary::new(), fit.then(ctm), 0);
        }
        let is_field = object(doc, dict, b"Subtype").and_then(|o| o.as_name().ok()) == Some(b"Widget");
        if is_field && reader.canvas.glyphs.len() == before && before < reader.limits.glyphs {
            forms::write(doc, &mut reader.canvas, dict, place, ctm);
        }
    }
}

fn corners_of_any_size(doc: &Document, object: &Object) -> Option<[f32; 4]> {
    let list = object.as_array().ok()?;
    let numbers: Vec<f32> =
        list.iter().filter_map(|o| doc.dereference(o).ok()).filter_map(|(_, o)| o.as_float().ok()).collect();
    let [a, b, c, d] = numbers.try_into().ok()?;
    Some([a.min(c), b.min(d), a.max(c), b.max(d)])
}

/// Scales the appearance's box, turned by its own matrix, onto the annotation's rectangle.
fn fit(doc: &Document, form: &Dictionary, place: [f32; 4]) -> Option<Matrix> {
    let bbox = object(doc, form, b"BBox").and_then(|o| corners_of_any_size(doc, o))?;
    let own = content::matrix(doc, form).unwrap_or(Matrix::IDENTITY);
    let turned = Bounds::of(own, bbox[0], bbox[1], bbox[2] - bbox[0], bbox[3] - bbox[1]);
    if turned.width() < 0.01 || turned.height() < 0.01 {
        return None;
    }
    let (sx, sy) = ((place[2] - place[0]) / turned.width(), (place[3] - place[1]) / turned.height());
    Some(Matrix([sx, 0.0, 0.0, sy, place[0] - turned.x0 * sx, place[1] - turned.y0 * sy]))
}
