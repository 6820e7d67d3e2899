//! Photographs and scans that come as picture files: JPEG, PNG, TIFF of several pages, WebP, HEIC. The header alone tells how large
//! a picture is; one beyond the limits is never decoded (THREATS row 26). What the camera says about up and down is
//! followed (EXIF, tag 274).

use std::borrow::Cow;
use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::{Sheet, heic};
use crate::reading::format::Format;
use crate::reading::limits::Limits;

/// A picture file, opened and not yet decoded.
pub struct Photo<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    orientation: Orientation,
    /// Pixels, as they lie once the picture is upright.
    pub width: u32,
    pub height: u32,
    fits: bool,
}

/// Whether pictures of this kind are decoded here at all.
pub fn is_decoded(format: Format) -> bool {
    matches!(format, Format::Jpeg | Format::Png | Format::Tiff | Format::Webp | Format::Heic)
}

/// Opens a page, counted from 1, of a picture file. `None`: no such page, or a damaged or unknown file.
pub fn open<'a>(bytes: &'a [u8], format: Format, page: u32, limits: &Limits) -> Option<Photo<'a>> {
    if format == Format::Heic {
        let decoder = heic::Heic::open(bytes, limits).filter(|_| page == 1)?;
        return Photo::new(Box::new(decoder), limits);
    }
    let format = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::Tiff => ImageFormat::Tiff,
        Format::Webp => ImageFormat::WebP,
        _ => return None,
    };
    let bytes = match (format, page) {
        (_, 0) => return None,
        (_, 1) => Cow::Borrowed(bytes),
        (ImageFormat::Tiff, _) => {
            Cow::Owned(beginning_with(bytes, *directories(bytes, limits).get(page as usize - 1)?))
        }
        _ => return None,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.decoded);
    reader.limits(allowed);
    Photo::new(Box::new(reader.into_decoder().ok()?), limits)
}

impl<'a> Photo<'a> {
    fn new(mut decoder: Box<dyn ImageDecoder + 'a>, limits: &Limits) -> Option<Self> {
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let (width, height) = decoder.dimensions();
        let turned = matches!(
            orientation,
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
        );
        let fits = u64::from(width) * u64::from(height) <= limits.pixels && decoder.total_bytes() <= limits.decoded;
        let (width, height) = if turned { (height, width) } else { (width, height) };
        (width > 0 && height > 0).then_some(Self { decoder, orientation, width, height, fits })
    }
}

impl Photo<'_> {
    /// Whether it is small enough to be decoded.
    pub fn fits(&self) -> bool {
        self.fits
    }

    /// Pixels to an inch, if the picture shows a sheet of A4 from edge to edge.
    pub fn dpi(&self) -> f32 {
        let (long, short) = (self.width.max(self.height) as f32, self.width.min(self.height) as f32);
        (long / 11.69).min(short / 8.27).max(1.0)
    }

    pub(super) fn decode(self) -> Option<Sheet> {
        let dpi = self.dpi();
        if !self.fits {
            return None;
        }
        let mut picture = DynamicImage::from_decoder(self.decoder).ok()?;
        picture.apply_orientation(self.orientation);
        Some(Sheet { picture, dpi })
    }
}

/// Pages of a picture file; more than one only in TIFF.
pub fn pages(bytes: &[u8], format: Format, limits: &Limits) -> u32 {
    match format {
        Format::Tiff => directories(bytes, limits).len() as u32,
        _ => 1,
    }
}

/// Where the directories of a TIFF's pages lie (TIFF 6.0, section 2). A chain that turns back ends with the page limit.
fn directories(bytes: &[u8], limits: &Limits) -> Vec<u32> {
    let Some(little) = bytes.first().map(|first| *first == b'I') else { return Vec::new() };
    let short = |at: usize| {
        let b = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })
    };
    let long = |at: usize| {
        let b = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    };
    let mut found = Vec::new();
    let mut next = long(4);
    while let Some(at) = next.filter(|at| *at > 0 && found.len() < limits.pages && !found.contains(at)) {
        let Some(entries) = short(at as usize) else { break };
        found.push(at);
        next = long(at as usize + 2 + 12 * usize::from(entries));
    }
    found
}

/// The same TIFF with another page as its first.
fn beginning_with(bytes: &[u8], directory: u32) -> Vec<u8> {
    let mut turned = bytes.to_vec();
    let place = if bytes.first() == Some(&b'I') { directory.to_le_bytes() } else { directory.to_be_bytes() };
    turned[4..8].copy_from_slice(&place);
    turned
}
