//! Pictures of paper made ready for recognition: uneven light, noise, a crooked or turned sheet. Pure arithmetic on grey
//! values, no file and no process; what the words mean is [`crate::dossier`]'s work. The whole way is [`prepare`]; each step
//! has a file of its own, and [`ink`] finds afterwards what on a page is no word.

pub mod ink;
mod light;
pub mod look;
mod noise;
mod projection;
pub mod raster;
mod rules;
mod sheet;
mod skew;

pub use projection::Projection;
pub use raster::Raster;

/// Dots per inch at which a page is recognised: the least that tesseract's manual advises. More costs time and memory.
pub const FINE: f32 = 300.0;
/// A picture is enlarged no more than so; finer pixels would hold nothing new.
const ENLARGED: f32 = 3.0;
/// Dots per inch at which a page's lines are looked for.
const COARSE: f32 = 100.0;

/// A page ready to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    pub raster: Raster,
    /// From the raster's pixels to the page as it was, whose width and height are 1.
    pub onto: Projection,
    /// The lines of the page run from top to bottom.
    pub sideways: bool,
}

/// Makes a page ready: noise taken off, light evened out, the sheet cut out of what it lies on, lines levelled, rules taken
/// off, drawn at [`FINE`] dots per inch or as near to it as `most` pixels allow. Up and down are not told apart.
pub fn prepare(page: &Raster, most: u64) -> Prepared {
    let corners = sheet::corners(page);
    let cleaned = if noise::is_noisy(page) { noise::median(page) } else { page.clone() };
    let even = light::evened(&cleaned);
    let size = corners.size();
    let dpi = if corners.is_sheet { sheet::resolution(size) } else { page.dpi };

    let reduced = even.reduced((dpi / COARSE) as u32);
    let shrunk = reduced.width as f32 / page.width as f32;
    let small = (pixels(size.0 * shrunk), pixels(size.1 * shrunk));
    let lines = skew::measure(&corners.projection(small).drawn(&reduced, small, f64::from(shrunk), dpi * shrunk));

    let fits = (most as f32 / (size.0 * size.1)).sqrt();
    let scale = (FINE / dpi).min(ENLARGED).min(fits);
    let fine = (pixels(size.0 * scale), pixels(size.1 * scale));
    let from = Projection::rotated(lines.angle, fine).then(&corners.projection(fine));
    let raster = rules::erased(&from.drawn(&even, fine, 1.0, dpi * scale));
    let onto = from.then(&Projection::scaled(1.0 / f64::from(page.width), 1.0 / f64::from(page.height)));
    Prepared { raster, onto, sideways: lines.sideways }
}

fn pixels(length: f32) -> u32 {
    (length.round() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A sheet with lines of black blocks on it, like text from far away.
    fn written(width: u32, height: u32) -> Raster {
        let mut sheet = Raster::blank(width, height, 100.0, 235);
        for y in 0..height {
            for x in 0..width {
                let inside = (width / 8..width * 7 / 8).contains(&x) && (height / 10..height * 7 / 10).contains(&y);
                if inside && y % 18 < 7 && x % 23 < 17 && (x / 23 + y / 18) % 5 != 0 {
                    sheet.gray[(y * width + x) as usize] = 40;
                }
            }
        }
        sheet
    }

    fn crooked(sheet: &Raster, degrees: f64) -> Raster {
        let size = (sheet.width, sheet.height);
        Projection::rotated(-degrees.to_radians(), size).drawn(sheet, size, 1.0, sheet.dpi)
    }

    #[test]
    fn a_crooked_page_is_levelled_and_its_places_are_known() {
        let sheet = written(700, 990);

        let prepared = prepare(&crooked(&sheet, 3.0), 12_000_000);

        let again = skew::measure(&prepared.raster.reduced(3));
        assert!(again.angle.to_degrees().abs() < 0.3, "{}", again.angle.to_degrees());
        assert!(!prepared.sideways);
        let middle = prepared.onto.at(f64::from(prepared.raster.width) / 2.0, f64::from(prepared.raster.height) / 2.0);
        assert!((middle.0 - 0.5).abs() < 0.01 && (middle.1 - 0.5).abs() < 0.01, "{middle:?}");
    }

    #[test]
    fn a_page_on_its_side_is_noticed() {
        assert!(prepare(&written(700, 990).turned(1), 12_000_000).sideways);
        assert!(!prepare(&written(700, 990).turned(2), 12_000_000).sideways);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn whatever_the_picture_the_page_stays_within_its_bounds(
            w in 1u32..60, h in 1u32..60, dpi in 1.0f32..2000.0, seed in any::<u64>(), most in 100u64..20_000,
        ) {
            let noise = |n: u64| (n.wrapping_mul(seed | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
            let gray = (0..u64::from(w * h)).map(noise).collect();
            let page = Raster::new(w, h, dpi, gray).expect("as many values as pixels");

            let prepared = prepare(&page, most);

            let raster = &prepared.raster;
            prop_assert_eq!(raster.gray.len(), raster.width as usize * raster.height as usize);
            prop_assert!(raster.gray.len() as u64 <= most + u64::from(raster.width + raster.height) + 1);
            prop_assert!(prepared.onto.at(1.0, 1.0).0.is_finite());
        }
    }
}
