//! One page of a paper → one picture: in colour for the desk, grey and prepared for recognition. Sizes are checked before anything
//! is decoded, and every picture is bounded by [`Limits`]. PDF pages: [`pdf`]; photographs and scans: [`photo`].

mod heic;
mod pdf;
pub mod photo;

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, GrayImage, ImageEncoder};
use serde::{Deserialize, Serialize};

use super::format::{self, Format};
use super::limits::Limits;
use super::office;
use super::scan::{self, Prepared, Raster};

/// What a picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Purpose {
    /// To be read: grey, and made ready for it.
    Scan,
    /// To be looked at by a person: so many pixels wide.
    View { width: u32 },
}

/// A page as it was drawn.
#[derive(Debug)]
pub enum Drawn {
    Png(Vec<u8>),
    Scan(Prepared),
}

/// Draws a page, counted from 1. `None`: the paper has no such page, or it cannot be drawn within the limits.
pub fn draw(bytes: Vec<u8>, format: Format, page: u32, purpose: Purpose, limits: &Limits) -> Option<Drawn> {
    let sheet = match (format, purpose) {
        (Format::Pdf, Purpose::View { width }) => pdf::to_width(bytes, page, width.clamp(1, limits.view), limits)?,
        (Format::Pdf, Purpose::Scan) => pdf::to_read(bytes, page, limits)?,
        (Format::Docx | Format::Odt | Format::Rtf, _) => {
            let scan = office::scan(&bytes, format, page, limits)?;
            photo::open(&scan, format::sniff(&scan, "", ""), 1, limits)?.decode()?
        }
        _ => photo::open(&bytes, format, page, limits)?.decode()?,
    };
    match purpose {
        Purpose::View { width } => png(&sheet.narrowed(width.clamp(1, limits.view)).picture).map(Drawn::Png),
        Purpose::Scan => {
            let Sheet { picture, dpi } = sheet.bounded(limits.raster);
            let gray = grey(picture);
            let page = Raster::new(gray.width(), gray.height(), dpi, gray.into_raw())?;
            Some(Drawn::Scan(scan::prepare(&page, limits.raster)))
        }
    }
}

/// A page in pixels.
struct Sheet {
    picture: DynamicImage,
    /// Pixels to 72 points of the page.
    dpi: f32,
}

impl Sheet {
    /// At most so many pixels wide.
    fn narrowed(self, width: u32) -> Self {
        let scale = width as f32 / self.picture.width() as f32;
        if scale >= 1.0 { self } else { self.scaled(scale) }
    }

    /// At most so many pixels in all.
    fn bounded(self, pixels: u64) -> Self {
        let has = u64::from(self.picture.width()) * u64::from(self.picture.height());
        if has <= pixels { self } else { self.scaled((pixels as f64 / has as f64).sqrt() as f32) }
    }

    fn scaled(self, scale: f32) -> Self {
        let side = |pixels: u32| ((pixels as f32 * scale) as u32).max(1);
        let picture = self.picture.thumbnail_exact(side(self.picture.width()), side(self.picture.height()));
        Self { picture, dpi: self.dpi * scale }
    }
}

/// Grey values; what is transparent is paper.
fn grey(picture: DynamicImage) -> GrayImage {
    if !picture.has_alpha() {
        return picture.into_luma8();
    }
    let shaded = picture.into_luma_alpha8();
    GrayImage::from_fn(shaded.width(), shaded.height(), |x, y| {
        let [shade, alpha] = shaded.get_pixel(x, y).0.map(u32::from);
        image::Luma([((shade * alpha + 255 * (255 - alpha)) / 255) as u8])
    })
}

fn png(picture: &DynamicImage) -> Option<Vec<u8>> {
    let picture = match picture {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => picture,
        grey if !grey.color().has_color() => &DynamicImage::ImageLuma8(self::grey(grey.clone())),
        other if other.has_alpha() => &DynamicImage::ImageRgba8(other.to_rgba8()),
        other => &DynamicImage::ImageRgb8(other.to_rgb8()),
    };
    let mut out = Cursor::new(Vec::new());
    PngEncoder::new_with_quality(&mut out, CompressionType::Fast, FilterType::Adaptive)
        .write_image(picture.as_bytes(), picture.width(), picture.height(), picture.color().into())
        .ok()?;
    Some(out.into_inner())
}
