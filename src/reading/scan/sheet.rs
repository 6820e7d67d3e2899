//! A sheet photographed on a desk, found by its edges: coming from outside, the first place where it grows clearly brighter,
//! on most rows in one straight line. An edge that is not seen is the picture's own.

use super::{Projection, Raster};

/// Pixels of the longer side of the picture in which edges are looked for.
const SMALL: u32 = 640;
/// How far from the picture's rim an edge may lie, as a share of its side.
const REACH: f32 = 0.3;
/// Pixels of the small picture that are compared on either side of a place.
const STEP: usize = 4;
/// How much brighter paper is than what it lies on, in steps of natural logarithm; shadow falls on both alike.
const BRIGHTER: f32 = 0.2;
/// Share of the rows that must agree on an edge.
const AGREED: f32 = 0.45;
/// How far a row may be off the edge, in pixels of the small picture.
const OFF: f32 = 2.5;
/// Least share of the picture that a sheet fills.
const LEAST: f32 = 0.25;

/// Where the sheet's corners lie, in pixels of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corners {
    /// From the upper left, clockwise.
    at: [(f64, f64); 4],
    /// All four edges were seen.
    pub is_sheet: bool,
}

impl Corners {
    fn whole(page: &Raster) -> Self {
        let (w, h) = (f64::from(page.width), f64::from(page.height));
        Self { at: [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)], is_sheet: false }
    }

    /// Width and height of the sheet, in pixels of the picture.
    pub fn size(&self) -> (f32, f32) {
        let [a, b, c, d] = self.at;
        let long = |p: (f64, f64), q: (f64, f64)| (p.0 - q.0).hypot(p.1 - q.1);
        (((long(a, b) + long(d, c)) / 2.0).max(1.0) as f32, ((long(a, d) + long(b, c)) / 2.0).max(1.0) as f32)
    }

    /// From a picture of the sheet alone, of this size, to the picture it was found in.
    pub fn projection(&self, (width, height): (u32, u32)) -> Projection {
        Projection::scaled(1.0 / f64::from(width), 1.0 / f64::from(height)).then(&Projection::onto(self.at))
    }
}

/// Dots per inch of a whole sheet of A4.
pub fn resolution((width, height): (f32, f32)) -> f32 {
    (width.max(height) / 11.69).min(width.min(height) / 8.27).max(1.0)
}

/// Finds the sheet; the whole picture where there is no edge.
pub fn corners(page: &Raster) -> Corners {
    let factor = (page.width.max(page.height) / SMALL).max(1);
    let small = page.reduced(factor);
    let (w, h) = (small.width as f32, small.height as f32);
    let logs: Vec<f32> = small.gray.iter().map(|gray| (f32::from(*gray) + 8.0).ln()).collect();
    let side = |side: Side| {
        let rays = Rays { logs: &logs, width: small.width as usize, height: small.height as usize, side };
        rays.edge()
    };
    let [left, right, top, bottom] = [Side::Left, Side::Right, Side::Top, Side::Bottom].map(side);
    let seen = [left, right, top, bottom].iter().flatten().count();
    if seen == 0 {
        return Corners::whole(page);
    }
    let (left, right) = (left.unwrap_or(Edge::at(0.0)), right.unwrap_or(Edge::at(w)));
    let (top, bottom) = (top.unwrap_or(Edge::at(0.0)), bottom.unwrap_or(Edge::at(h)));
    let scale = f64::from(factor);
    let corner = |upright: Edge, level: Edge| {
        let (x, y) = upright.meets(level);
        (f64::from(x) * scale, f64::from(y) * scale)
    };
    let at = [corner(left, top), corner(right, top), corner(right, bottom), corner(left, bottom)];
    let corners = Corners { at, is_sheet: seen == 4 };
    let size = corners.size();
    let fills = size.0 * size.1 / (page.width as f32 * page.height as f32);
    if (LEAST..1.05).contains(&fills) { corners } else { Corners::whole(page) }
}

/// A nearly straight line: `place + slope × along`, in pixels of the small picture.
#[derive(Debug, Clone, Copy)]
struct Edge {
    place: f32,
    slope: f32,
}

impl Edge {
    fn at(place: f32) -> Self {
        Self { place, slope: 0.0 }
    }

    fn off(&self, along: f32, place: f32) -> f32 {
        (self.place + self.slope * along - place).abs()
    }

    /// Where an upright edge (x from y) meets a level one (y from x). Slopes are small, so they do meet.
    fn meets(self, level: Self) -> (f32, f32) {
        let y = (level.place + level.slope * self.place) / (1.0 - level.slope * self.slope);
        (self.place + self.slope * y, y)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

/// Looks from one side of the picture inwards, row by row or column by column.
struct Rays<'a> {
    logs: &'a [f32],
    width: usize,
    height: usize,
    side: Side,
}

impl Rays<'_> {
    /// Rays, and pixels on each.
    fn size(&self) -> (usize, usize) {
        match self.side {
            Side::Left | Side::Right => (self.height, self.width),
            Side::Top | Side::Bottom => (self.width, self.height),
        }
    }

    fn look(&self, ray: usize, depth: usize) -> f32 {
        let (x, y) = match self.side {
            Side::Left => (depth, ray),
            Side::Right => (self.width - 1 - depth, ray),
            Side::Top => (ray, depth),
            Side::Bottom => (ray, self.height - 1 - depth),
        };
        self.logs[y * self.width + x]
    }

    /// Brightness beyond a depth less the brightness before it.
    fn step(&self, ray: usize, depth: usize) -> f32 {
        let mean = |from: usize| (from..from + STEP).map(|at| self.look(ray, at)).sum::<f32>() / STEP as f32;
        mean(depth) - mean(depth - STEP)
    }

    /// Where a ray first comes upon something brighter.
    fn rise(&self, ray: usize) -> Option<f32> {
        let (_, length) = self.size();
        let reach = ((length as f32 * REACH) as usize).min(length.saturating_sub(STEP));
        let first = (STEP..reach).find(|depth| self.step(ray, *depth) > BRIGHTER)?;
        let best =
            (first..(first + STEP).min(reach)).max_by(|a, b| self.step(ray, *a).total_cmp(&self.step(ray, *b)))?;
        Some(best as f32)
    }

    fn edge(&self) -> Option<Edge> {
        let (rays, length) = self.size();
        if rays < 8 * STEP || length < 8 * STEP {
            return None;
        }
        let rises: Vec<(f32, f32)> =
            (0..rays).step_by(2).filter_map(|ray| Some((ray as f32, self.rise(ray)?))).collect();
        let needed = (AGREED * rays as f32 / 2.0) as usize;
        let edge = agreed(&rises, needed)?;
        // Beside an edge it is darker all along; beside the stems of letters there is paper on both sides.
        let last = length - 2 * STEP;
        let darker = (0..rays).step_by(2).filter(|ray| {
            let depth = ((edge.place + edge.slope * *ray as f32) as usize).clamp(2 * STEP, last);
            let beyond = (0..STEP).map(|at| self.look(*ray, depth + 2 + at)).fold(f32::MIN, f32::max);
            let before = (0..STEP).map(|at| self.look(*ray, depth - STEP - 2 + at)).fold(f32::MIN, f32::max);
            beyond - before > BRIGHTER / 2.0
        });
        (darker.count() as f32 > 0.6 * rays as f32 / 2.0).then_some(())?;
        Some(match self.side {
            Side::Left | Side::Top => edge,
            Side::Right | Side::Bottom => Edge { place: length as f32 - edge.place, slope: -edge.slope },
        })
    }
}

/// The line that most places lie on, if they are as many as needed: tried through pairs of places far apart.
fn agreed(places: &[(f32, f32)], needed: usize) -> Option<Edge> {
    const TRIES: usize = 40;
    const STEEPEST: f32 = 0.2;
    if places.len() < needed.max(8) {
        return None;
    }
    let near = |edge: &Edge| places.iter().filter(|(along, place)| edge.off(*along, *place) < OFF).count();
    let third = places.len() / 3;
    let tries = (0..TRIES * TRIES).filter_map(|n| {
        let (a, b) = (places[n / TRIES * third / TRIES], places[places.len() - 1 - n % TRIES * third / TRIES]);
        let slope = (b.1 - a.1) / (b.0 - a.0).max(1.0);
        (slope.abs() < STEEPEST).then_some(Edge { place: a.1 - slope * a.0, slope })
    });
    let best = tries.max_by_key(near).filter(|edge| near(edge) >= needed)?;
    let on: Vec<(f32, f32)> = places.iter().copied().filter(|(a, p)| best.off(*a, *p) < OFF).collect();
    Some(straightest(&on).unwrap_or(best))
}

/// Least squares.
fn straightest(places: &[(f32, f32)]) -> Option<Edge> {
    let count = places.len() as f32;
    let (x, y) = (places.iter().map(|p| p.0).sum::<f32>() / count, places.iter().map(|p| p.1).sum::<f32>() / count);
    let spread = places.iter().map(|p| (p.0 - x) * (p.0 - x)).sum::<f32>();
    let slope = places.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f32>() / spread;
    (spread > 1.0).then_some(Edge { place: y - slope * x, slope })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// White paper with lines of text on a brown desk, the right half in shadow.
    fn photographed(corners: [(f64, f64); 4]) -> Raster {
        let mut paper = Raster::blank(400, 560, 50.0, 235);
        for (at, gray) in paper.gray.iter_mut().enumerate() {
            let (x, y) = (at % 400, at / 400);
            if (50..350).contains(&x) && (60..400).contains(&y) && y % 14 < 5 && x % 9 < 4 {
                *gray = 60;
            }
        }
        let (width, height) = (600, 800);
        let mut desk = Raster::blank(width, height, 72.0, 0);
        // Sampled from the paper's side, densely enough to leave no hole.
        let onto = Projection::scaled(1.0 / 400.0, 1.0 / 560.0).then(&Projection::onto(corners));
        for (at, gray) in desk.gray.iter_mut().enumerate() {
            *gray = 90 + (at.wrapping_mul(2_654_435_761) >> 24) as u8 % 12;
        }
        for y in 0..560 * 4 {
            for x in 0..400 * 4 {
                let (u, v) = onto.at(x as f64 / 4.0, y as f64 / 4.0);
                desk.gray[v as usize * width as usize + u as usize] = paper.at(x / 4, y / 4);
            }
        }
        for (at, gray) in desk.gray.iter_mut().enumerate() {
            *gray = if at % 600 > 300 { *gray / 2 } else { *gray };
        }
        desk
    }

    #[test]
    fn a_sheet_on_a_desk_is_found_in_light_and_shadow() {
        let place = [(52.0, 44.0), (555.0, 60.0), (540.0, 770.0), (38.0, 752.0)];

        let found = corners(&photographed(place));

        assert!(found.is_sheet, "{found:?}");
        for (corner, seen) in place.into_iter().zip(found.at) {
            assert!((corner.0 - seen.0).hypot(corner.1 - seen.1) < 6.0, "{corner:?} {seen:?}");
        }
    }

    #[test]
    fn text_on_paper_that_fills_the_picture_is_no_edge() {
        let mut page = Raster::blank(620, 877, 75.0, 240);
        for (at, gray) in page.gray.iter_mut().enumerate() {
            let (x, y) = (at % 620, at / 620);
            if (70..560).contains(&x) && (60..700).contains(&y) && y % 12 < 8 && (x < 76 || x % 8 < 4) {
                *gray = 30;
            }
        }

        assert_eq!(corners(&page), Corners::whole(&page));
        assert_eq!(corners(&Raster::blank(5, 3, 75.0, 9)), Corners::whole(&Raster::blank(5, 3, 75.0, 9)));
    }
}
