//! How crooked the lines of a page are. Seen along its lines a page is sharply striped; seen at any other angle the
//! stripes blur. The sharpest angle wins.

use super::Raster;

/// Farthest angle looked at, in degrees, and the steps of the first and the second look.
const FARTHEST: f64 = 8.0;
const COARSE: f64 = 0.5;
const FINE: f64 = 0.05;
/// Grey below which a pixel of evened paper is ink.
const INK: u8 = 150;
/// Dark pixels that are enough to tell.
const SAMPLE: usize = 40_000;
/// Fewer dark pixels than this tell nothing.
const LEAST: usize = 300;
/// The rim of the page: one part of so many of its side.
const RIM: usize = 25;
/// How much sharper the stripes must be to count as those of lines.
const SHARPER: f64 = 1.02;
/// How much sharper upright stripes must be for the page to lie on its side.
const SIDEWAYS: f64 = 1.6;

/// How the lines of a page run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lines {
    /// Radians by which they fall to the right.
    pub angle: f64,
    /// They run from top to bottom.
    pub sideways: bool,
}

/// Measures a page of about 100 dots per inch on white paper.
pub fn measure(page: &Raster) -> Lines {
    let dots = dots(page);
    if dots.len() < LEAST {
        return Lines::default();
    }
    let rows = Stripes { dots: &dots, size: page.width + page.height };
    let turned: Vec<(f32, f32)> = dots.iter().map(|(x, y)| (-*y, *x)).collect();
    let columns = Stripes { dots: &turned, size: page.width + page.height };
    let (along, across) = (rows.sharpest(), columns.sharpest());
    let sideways = across.1 > SIDEWAYS * along.1;
    Lines { angle: if sideways { across.0 } else { along.0 }, sideways }
}

/// Places of dark pixels, measured from the middle of the page. The rim is left out: there lies the shadow of a lid.
fn dots(page: &Raster) -> Vec<(f32, f32)> {
    let (width, height) = (page.width as usize, page.height as usize);
    let (wide, high) = (width / RIM, height / RIM);
    let mut dark = Vec::new();
    for y in high..height - high {
        let row = &page.row(y as u32)[wide..width - wide];
        let places = row.iter().enumerate().filter(|(_, gray)| **gray < INK);
        dark.extend(places.map(|(x, _)| ((x + wide) as f32 - width as f32 / 2.0, y as f32 - height as f32 / 2.0)));
    }
    let stride = (dark.len() / SAMPLE).max(1);
    dark.into_iter().step_by(stride).collect()
}

struct Stripes<'a> {
    dots: &'a [(f32, f32)],
    /// No dot lies farther from the middle than half of this.
    size: u32,
}

impl Stripes<'_> {
    /// The angle in radians at which the stripes are sharpest, and how sharp they are there.
    fn sharpest(&self) -> (f64, f64) {
        let level = self.sharpness(0.0);
        let best = |middle: f64, reach: f64, step: f64| {
            let steps = (reach / step).round() as i32;
            let angles = (-steps..=steps).map(|n| middle + f64::from(n) * step);
            angles.map(|a| (a, self.sharpness(a))).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0.0, level))
        };
        let (about, _) = best(0.0, FARTHEST, COARSE);
        let (angle, sharp) = best(about, COARSE, FINE);
        if sharp > SHARPER * level { (angle.to_radians(), sharp) } else { (0.0, level) }
    }

    /// How much neighbouring stripes differ, seen at an angle in degrees.
    fn sharpness(&self, angle: f64) -> f64 {
        let (sin, cos) = angle.to_radians().sin_cos();
        let (sin, cos, middle) = (sin as f32, cos as f32, self.size as f32 / 2.0);
        let mut counts = vec![0i32; self.size as usize + 2];
        let last = counts.len() - 1;
        for (x, y) in self.dots {
            counts[((y * cos - x * sin + middle) as usize).min(last)] += 1;
        }
        counts.windows(2).map(|pair| f64::from(pair[1] - pair[0]).powi(2)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_page_is_level() {
        assert_eq!(measure(&Raster::blank(700, 990, 100.0, 255)), Lines::default());
        assert_eq!(measure(&Raster::blank(1, 1, 100.0, 0)), Lines::default());
    }

    #[test]
    fn lines_that_fall_to_the_right_have_an_angle_above_nought() {
        let mut page = Raster::blank(700, 990, 100.0, 255);
        for x in 60..640usize {
            for line in 0..30usize {
                let y = 60 + line * 24 + x * 35 / 1000;
                for thick in 0..8 {
                    if (x + 5 * line) % 14 < 9 {
                        page.gray[(y + thick) * 700 + x] = 20;
                    }
                }
            }
        }

        let lines = measure(&page);

        assert!((lines.angle - 0.035).abs() < 0.003, "{}", lines.angle);
        assert!(!lines.sideways && measure(&page.turned(1)).sideways);
    }
}
