//! Uneven light evened out: shadow, yellowed paper, a lamp on one side. What is brightest near a place is taken for the
//! paper there, and everything is measured against it.

use super::Raster;

/// Side of the squares whose paper is looked for, in inches: larger than a letter, smaller than most shadows.
const TILE: f32 = 0.14;
/// Share of a square's pixels that are darker than its paper.
const DARKER: f32 = 0.8;
/// From this share of the paper's brightness on everything is white: grain, and print that shines through from the back.
const WHITE: f32 = 0.9;
/// Paper is never taken to be darker than this.
const DARKEST: u8 = 40;

/// The same page on white paper.
pub fn evened(page: &Raster) -> Raster {
    let tile = ((page.dpi * TILE) as u32).clamp(8, 64);
    let paper = Paper::of(page, tile);
    let mut out = page.clone();
    let width = page.width as usize;
    let mut shades = vec![0.0; width];
    for (y, row) in out.gray.chunks_exact_mut(width).enumerate() {
        paper.along(y as u32, &mut shades);
        for (gray, shade) in row.iter_mut().zip(&shades) {
            *gray = (f32::from(*gray) * 255.0 / (WHITE * shade) + 0.5).min(255.0) as u8;
        }
    }
    out
}

/// The paper's own grey, square by square.
struct Paper {
    tile: u32,
    across: usize,
    down: usize,
    shades: Vec<f32>,
}

impl Paper {
    fn of(page: &Raster, tile: u32) -> Self {
        let (across, down) = (page.width.div_ceil(tile) as usize, page.height.div_ceil(tile) as usize);
        let mut shades = Vec::with_capacity(across * down);
        for row in 0..down as u32 {
            for column in 0..across as u32 {
                shades.push(brightness(page, column * tile, row * tile, tile));
            }
        }
        let mut paper = Self { tile, across, down, shades };
        // A square full of ink borrows its neighbours' paper; then squares run into one another.
        paper.spread(|nine| nine.iter().copied().fold(0.0, f32::max));
        paper.spread(|nine| nine.iter().sum::<f32>() / nine.len() as f32);
        paper
    }

    fn spread(&mut self, of: impl Fn(&[f32]) -> f32) {
        let mut next = Vec::with_capacity(self.shades.len());
        let mut nine = Vec::with_capacity(9);
        for y in 0..self.down {
            for x in 0..self.across {
                nine.clear();
                for near in y.saturating_sub(1)..=(y + 1).min(self.down - 1) {
                    let row = near * self.across;
                    nine.extend(&self.shades[row + x.saturating_sub(1)..=row + (x + 1).min(self.across - 1)]);
                }
                next.push(of(&nine));
            }
        }
        self.shades = next;
    }

    /// The paper along a row of pixels, between the middles of squares.
    fn along(&self, y: u32, out: &mut [f32]) {
        let (row, below, v) = between(y, self.tile, self.down);
        for (x, shade) in out.iter_mut().enumerate() {
            let (left, right, u) = between(x as u32, self.tile, self.across);
            let at = |row: usize| {
                let (a, b) = (self.shades[row * self.across + left], self.shades[row * self.across + right]);
                a + (b - a) * u
            };
            let upper = at(row);
            *shade = upper + (at(below) - upper) * v;
        }
    }
}

/// The two squares between whose middles a pixel lies, and how far it is on the way to the second.
fn between(pixel: u32, tile: u32, count: usize) -> (usize, usize, f32) {
    let place = ((pixel as f32 + 0.5) / tile as f32 - 0.5).clamp(0.0, (count - 1) as f32);
    let first = place as usize;
    (first, (first + 1).min(count - 1), place - first as f32)
}

/// The paper's grey in one square.
fn brightness(page: &Raster, left: u32, top: u32, tile: u32) -> f32 {
    let mut counts = [0u32; 256];
    let right = (left + tile).min(page.width) as usize;
    for y in (top..(top + tile).min(page.height)).step_by(2) {
        for gray in page.row(y)[left as usize..right].iter().step_by(2) {
            counts[usize::from(*gray)] += 1;
        }
    }
    let wanted = (counts.iter().sum::<u32>() as f32 * DARKER) as u32;
    let mut passed = 0;
    let shade = counts.iter().position(|count| {
        passed += count;
        passed > wanted
    });
    shade.map_or(255, |shade| shade as u8).max(DARKEST).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_the_shadow_are_as_dark_as_letters_in_the_light() {
        let mut page = Raster::blank(400, 300, 100.0, 0);
        for (at, gray) in page.gray.iter_mut().enumerate() {
            let (x, y) = (at % 400, at / 400);
            let light = 230.0 - 150.0 * x as f32 / 400.0;
            let is_ink = x % 20 < 3 && y % 16 < 8;
            *gray = (if is_ink { 0.3 * light } else { light }) as u8;
        }

        let even = evened(&page);

        for x in [8, 200, 390] {
            assert!(even.at(x, 12) > 225, "paper at {x}: {}", even.at(x, 12));
        }
        for x in [1, 201, 381] {
            assert!((70..105).contains(&even.at(x, 4)), "ink at {x}: {}", even.at(x, 4));
        }
    }

    #[test]
    fn a_black_picture_and_a_single_pixel_stay_within_bounds() {
        assert_eq!(evened(&Raster::blank(1, 1, 300.0, 0)).gray, [0]);
        assert!(evened(&Raster::blank(90, 70, 1.0, 0)).gray.iter().all(|gray| *gray == 0));
    }
}
