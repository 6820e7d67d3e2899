//! A page of a PDF, drawn with all that lies on it: scans of every coding, text, stamps and filled forms. Turned pages come
//! out upright, landscape annexes wide. Nothing in the file is run, followed or fetched.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Dict, Name, Stream};
use hayro::hayro_syntax::page::Page;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::peniko::ImageAlphaType;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use image::{DynamicImage, RgbaImage};

use super::Sheet;
use crate::reading::limits::Limits;

/// Dots per inch of a page whose print is no picture, and between which a scan is drawn as fine as it is.
const PRINT: f32 = 300.0;
const SCAN: (f32, f32) = (100.0, 300.0);
/// Pictures of a page that are asked for their resolution.
const PICTURES: usize = 64;

/// The page so many pixels wide.
pub fn to_width(bytes: Vec<u8>, page: u32, width: u32, limits: &Limits) -> Option<Sheet> {
    drawn(bytes, page, limits, |_, (wide, _)| width as f32 / wide)
}

/// The page about as fine as the scan on it.
pub fn to_read(bytes: Vec<u8>, page: u32, limits: &Limits) -> Option<Sheet> {
    drawn(bytes, page, limits, |page, size| {
        let dpi = resolution(page, size);
        if dpi < SCAN.0 / 2.0 { PRINT / 72.0 } else { dpi.clamp(SCAN.0, SCAN.1) / 72.0 }
    })
}

/// `scale`: pixels to a point, for the page and its size in points.
fn drawn(bytes: Vec<u8>, page: u32, limits: &Limits, scale: impl Fn(&Page, (f32, f32)) -> f32) -> Option<Sheet> {
    let pdf = Pdf::new(bytes).ok()?;
    let page = pdf.pages().get(page.checked_sub(1)? as usize)?;
    let (width, height) = page.render_dimensions();
    let most = (limits.raster as f32 / (width * height)).sqrt().min(limits.side as f32 / width.max(height));
    let scale = scale(page, (width, height)).min(most);
    if !(scale.is_finite() && width * scale >= 1.0 && height * scale >= 1.0) {
        return None;
    }
    let size = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    // A scan that does not fall on whole pixels must not be read through jagged edges.
    let settings = RenderSettings { force_image_interpolation: true, ..RenderSettings::default() };
    let drawn = render(page, &RenderCache::new(), &InterpreterSettings::default(), &settings, &size);
    let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
    // On white paper nothing is transparent.
    let picture = RgbaImage::from_raw(width, height, drawn.take_rgba8(ImageAlphaType::AlphaPremultiplied))?;
    let picture = DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(picture).into_rgb8());
    Some(Sheet { picture, dpi: scale * 72.0 })
}

/// Dots per inch of the finest picture, if it covered the page. Long side against long side: turned scans and scans cut
/// into strips count alike.
fn resolution(page: &Page, (width, height): (f32, f32)) -> f32 {
    let objects = &page.resources().x_objects;
    let longest = objects.keys().take(PICTURES).filter_map(|name| longest_side(objects, name.as_ref())).max();
    longest.unwrap_or(0) as f32 * 72.0 / width.max(height)
}

fn longest_side(objects: &Dict, name: &[u8]) -> Option<u32> {
    let stream = objects.get::<Stream>(name)?;
    let dict = stream.dict();
    if dict.get::<Name>(b"Subtype".as_slice())?.as_ref() != b"Image" {
        return None;
    }
    let side = |key: &[u8]| dict.get::<u32>(key);
    Some(side(b"Width")?.max(side(b"Height")?))
}
