//! Pictures, as far as they are looked at without decoding them: how large they are, and whether they only decorate a
//! mail (logos of HTML signatures, tracking dots). A picture that may be a letter is never thrown away.

use super::draw::photo;
use super::format::{self, Format};
use super::limits::Limits;
use super::names;
use crate::dossier::page::{Page, Rect};

/// Pixels of the longer side below which a picture in the text of a mail is no letter.
const LETTER_SIDE: u32 = 600;

/// Whether a picture shown inside a mail is a logo or an icon. `referred`: the HTML shows it by its Content-ID.
pub fn is_decoration(bytes: &[u8], format: Format, name: &str, referred: bool) -> bool {
    let Some((width, height)) = dimensions(bytes, format) else { return false };
    let (long, short) = (width.max(height), width.min(height));
    let small = long < LETTER_SIDE || short < 120 || long > short.saturating_mul(5);
    small && (referred || has_program_name(name) || short < 120)
}

/// Names that mail programs give: `image001.png`, `Outlook-abc.png`, none at all.
fn has_program_name(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_ascii_lowercase();
    let numbered = stem.strip_prefix("image").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    stem.is_empty()
        || numbered
        || stem.starts_with("outlook-")
        || stem.starts_with("part.")
        || names::extension(name) == "gif"
}

/// The pages of a picture file, upright and of about the size of the paper they show, with nothing read from them yet.
/// None for a picture that is damaged or too large to be decoded; an empty sheet for one whose kind nobody here decodes.
pub fn pages(bytes: &[u8], format: Format, limits: &Limits) -> Vec<Page> {
    let sheet = |number: u32, width: f32, height: f32| {
        let whole = Rect { x: 0.0, y: 0.0, w: width, h: height };
        Page { number, width, height, pictures: vec![whole], ..Page::default() }
    };
    if let Some((width, height)) = dimensions(bytes, format)
        && u64::from(width) * u64::from(height) > limits.pixels
    {
        return Vec::new();
    }
    let count = photo::pages(bytes, format, limits);
    let page = |number: u32| match photo::open(bytes, format, number, limits) {
        Some(photo) if photo.fits() => {
            let scale = 72.0 / photo.dpi();
            Some(sheet(number, photo.width as f32 * scale, photo.height as f32 * scale))
        }
        Some(_) => None,
        None => (!photo::is_decoded(format)).then(|| sheet(number, 595.0, 842.0)),
    };
    (1..=count.max(1)).filter_map(page).collect()
}

/// The page that a picture inside a document is; `None` for one that is not drawn here.
pub fn sheet(bytes: &[u8], limits: &Limits) -> Option<Page> {
    let format = format::sniff(bytes, "", "");
    photo::open(bytes, format, 1, limits)?;
    pages(bytes, format, limits).into_iter().next()
}

/// Width and height in pixels, from the header alone.
pub fn dimensions(bytes: &[u8], format: Format) -> Option<(u32, u32)> {
    let big = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    let little = |at: usize| bytes.get(at..at + 2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])));
    match format {
        Format::Png => Some((big(16)?, big(20)?)),
        Format::Gif => Some((little(6)?, little(8)?)),
        Format::Bmp => Some((little(18)?, little(22)?)),
        Format::Jpeg => jpeg(bytes),
        _ => None,
    }
}

/// The first start-of-frame marker (ISO 10918-1, B.2.2).
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    for _ in 0..200 {
        let marker = bytes.get(at..at + 4)?;
        if marker[0] != 0xff {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([marker[2], marker[3]]));
        if matches!(marker[1], 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf) {
            let b = bytes.get(at + 5..at + 9)?;
            let side = |i: usize| u32::from(u16::from_be_bytes([b[i], b[i + 1]]));
            return Some((side(2), side(0)));
        }
        at += 2 + length.max(2);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes
    }

    #[test]
    fn logos_are_decoration_and_pasted_letters_are_not() {
        assert!(is_decoration(&png(160, 60), Format::Png, "image001.png", true));
        assert!(
            is_decoration(&png(1, 1), Format::Gif, "pixel.gif", true) || dimensions(&png(1, 1), Format::Gif).is_some()
        );
        assert!(!is_decoration(&png(1240, 1754), Format::Png, "image002.png", true));
        assert!(!is_decoration(&png(u32::MAX, u32::MAX), Format::Png, "", true));
        assert!(!is_decoration(&png(300, 400), Format::Png, "tanda tangan.png", false));
    }

    #[test]
    fn a_jpegs_size_stands_in_its_frame_header() {
        let bytes = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8, 0x06, 0xda, 0x04, 0xd8, 3, 0, 0, 0];

        assert_eq!(dimensions(&bytes, Format::Jpeg), Some((1240, 1754)));
        assert!(pages(&bytes, Format::Jpeg, &Limits::default()).is_empty(), "there is nothing behind the header");
    }
}
