//! How a scanned page looks, in 256 bits: the margins are cut off, so that a sheet that lay elsewhere on the glass looks the
//! same, and what is left is hashed coarsely, so that noise, light and packing do not count
//! (the median of the cosine transform's low frequencies, "pHash").

use image::GrayImage;
use image::imageops::crop_imm;
use image_hasher::{HashAlg, HasherConfig};

use super::Raster;
use crate::sop::look::Look;

/// Pixels of width at which a page is looked at.
const WIDE: u32 = 200;
/// How much darker than paper ink is, of 255.
const DARKER: u8 = 40;
/// Dark pixels in a row or column that is part of the text.
const INK: usize = 3;
/// Of a page's side: the strip in which the shadow of a lid lies.
const EDGE: usize = 33;
/// Bits along either side.
const SIDE: u32 = 16;

/// `None`: an empty page, which looks like any other.
pub fn of(raster: &Raster) -> Option<Look> {
    let small = raster.reduced(raster.width / WIDE);
    let small = GrayImage::from_raw(small.width, small.height, small.gray)?;
    let text = printed(&small)?;
    let hasher = HasherConfig::new().hash_size(SIDE, SIDE).hash_alg(HashAlg::Median).preproc_dct().to_hasher();
    Look::of(hasher.hash_image(&text).as_bytes())
}

/// The part of the page from the first to the last ink.
fn printed(page: &GrayImage) -> Option<GrayImage> {
    let (width, height) = page.dimensions();
    let mut shades = page.as_raw().clone();
    shades.sort_unstable();
    let paper = *shades.get(shades.len() * 4 / 5)?;
    let is_dark = |x: u32, y: u32| page.get_pixel(x, y)[0] < paper.saturating_sub(DARKER);
    let rows: Vec<usize> = (0..height).map(|y| (0..width).filter(|x| is_dark(*x, y)).count()).collect();
    let columns: Vec<usize> = (0..width).map(|x| (0..height).filter(|y| is_dark(x, *y)).count()).collect();
    let (top, bottom) = extent(&rows, width)?;
    let (left, right) = extent(&columns, height)?;
    Some(crop_imm(page, left, top, right - left + 1, bottom - top + 1).to_image())
}

/// The first and the last line with ink. A dark line along the whole side, close to the edge, is a shadow.
fn extent(dark: &[usize], across: u32) -> Option<(u32, u32)> {
    let edge = dark.len() / EDGE;
    let inked = |at: &usize| {
        let shadow = (*at < edge || at + edge >= dark.len()) && dark[*at] * 2 > across as usize;
        dark[*at] >= INK && !shadow
    };
    let first = (0..dark.len()).find(inked)?;
    let last = (0..dark.len()).rev().find(inked)?;
    Some((first as u32, last as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sheet of black words on white, laid so many pixels from the corner, under light that takes so much away.
    fn sheet(words: u32, left: u32, top: u32, dimmed: u8) -> Raster {
        let mut raster = Raster::blank(800, 1100, 96.0, 250 - dimmed);
        for word in 0..words {
            let (column, row) = (word % 9, word / 9);
            let long = 20 + (word * word * 7 + word * 13) % 45;
            for y in 0..9 {
                let at = ((top + row * 24 + y) * 800 + left + column * 70) as usize;
                raster.gray[at..at + long as usize].fill(30);
            }
        }
        raster
    }

    #[test]
    fn a_sheet_looks_the_same_wherever_it_lies_and_another_does_not() {
        let look = |raster: &Raster| of(raster).expect("there is ink");
        let first = look(&sheet(200, 80, 100, 0));

        assert!(first.distance(&look(&sheet(200, 97, 131, 40))) < 20);
        assert!(first.distance(&look(&sheet(110, 80, 100, 0))) > 40);
    }

    #[test]
    fn an_empty_page_has_no_look_also_under_the_shadow_of_the_lid() {
        let mut shadowed = sheet(0, 0, 0, 0);
        for row in shadowed.gray.chunks_mut(800) {
            row[..8].fill(40);
        }

        assert_eq!(of(&sheet(0, 0, 0, 0)), None);
        assert_eq!(of(&shadowed), None);
        assert_eq!(of(&Raster::blank(1, 1, 72.0, 0)), None);
    }
}
