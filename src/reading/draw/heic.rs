//! HEIC, the photographs of telephones. The header alone tells how large one is; it is decoded only when it is drawn, by one
//! thread, as a worker may start none.

use heifer::heifer_isobmff::HeifFile;
use heifer::heifer_isobmff::boxes::Property;
use heifer::{Options, decode_rgba8};
use image::error::{DecodingError, ImageError, ImageFormatHint, ImageResult};
use image::{ColorType, ImageDecoder};

use crate::reading::limits::Limits;

/// A photograph, opened and not yet decoded. What the camera says about up and down is part of the format.
pub struct Heic<'a> {
    bytes: &'a [u8],
    size: (u32, u32),
    pixels: u64,
}

impl<'a> Heic<'a> {
    /// `None`: no such file, or one without a size.
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Option<Self> {
        let file = HeifFile::parse(bytes).ok()?;
        let coded = file.image_size(file.primary_id).ok()??;
        let mut size = coded;
        for property in file.item_properties(file.primary_id).ok()? {
            match property {
                Property::Rotation(quarters) if quarters % 2 == 1 => size = (size.1, size.0),
                Property::CleanAperture { width, height, .. } => {
                    size = (width.0.checked_div(width.1)?, height.0.checked_div(height.1)?);
                }
                _ => {}
            }
        }
        // What is cut away must be decoded all the same.
        if u64::from(coded.0) * u64::from(coded.1) > limits.pixels {
            size = coded;
        }
        (size.0 > 0 && size.1 > 0).then_some(Self { bytes, size, pixels: limits.pixels })
    }
}

impl ImageDecoder for Heic<'_> {
    fn dimensions(&self) -> (u32, u32) {
        self.size
    }

    fn color_type(&self) -> ColorType {
        ColorType::Rgb8
    }

    fn read_image(self, out: &mut [u8]) -> ImageResult<()> {
        let options = Options { max_threads: 1, max_pixels: self.pixels };
        let decoded = decode_rgba8(self.bytes, &options).map_err(|why| refused(why.to_string()))?;
        let fits = (decoded.width, decoded.height) == self.size && out.len() / 3 == decoded.data.len() / 4;
        if !fits {
            return Err(refused("another size than its header says".to_owned()));
        }
        for (pixel, rgba) in out.chunks_exact_mut(3).zip(decoded.data.chunks_exact(4)) {
            pixel.copy_from_slice(&rgba[..3]);
        }
        Ok(())
    }

    fn read_image_boxed(self: Box<Self>, out: &mut [u8]) -> ImageResult<()> {
        (*self).read_image(out)
    }
}

fn refused(why: String) -> ImageError {
    ImageError::Decoding(DecodingError::new(ImageFormatHint::Name("HEIC".to_owned()), why))
}
