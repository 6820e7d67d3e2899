//! Where a flat sheet lies in a picture: a plane seen from anywhere is a projection of eight numbers (R. Hartley and
//! A. Zisserman, Multiple View Geometry, chapter 2).

use serde::{Deserialize, Serialize};

use super::Raster;

/// From places on one plane to places on another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Projection([f64; 9]);

impl Projection {
    pub const SAME: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);

    pub fn scaled(x: f64, y: f64) -> Self {
        Self([x, 0.0, 0.0, 0.0, y, 0.0, 0.0, 0.0, 1.0])
    }

    /// Turned about the middle of an area by an angle in radians; what lay level then falls to the right.
    pub fn rotated(angle: f64, (width, height): (u32, u32)) -> Self {
        let (sin, cos) = angle.sin_cos();
        let (x, y) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
        Self([cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y, 0.0, 0.0, 1.0])
    }

    /// From a picture that was turned clockwise by quarters back to the one of this size from which it was turned.
    pub fn unturned(quarters: u8, (width, height): (u32, u32)) -> Self {
        let (w, h) = (f64::from(width), f64::from(height));
        match quarters % 4 {
            0 => Self::SAME,
            1 => Self([0.0, 1.0, 0.0, -1.0, 0.0, h, 0.0, 0.0, 1.0]),
            2 => Self([-1.0, 0.0, w, 0.0, -1.0, h, 0.0, 0.0, 1.0]),
            _ => Self([0.0, -1.0, w, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
        }
    }

    /// From the square of width 1 to a quadrilateral: its corners from the upper left, clockwise (P. Heckbert, Fundamentals
    /// of Texture Mapping, 1989, section 2.2.3). [`Self::SAME`] for corners that span nothing.
    pub fn onto([a, b, c, d]: [(f64, f64); 4]) -> Self {
        let (dx1, dy1, dx2, dy2) = (b.0 - c.0, b.1 - c.1, d.0 - c.0, d.1 - c.1);
        let (sx, sy) = (a.0 - b.0 + c.0 - d.0, a.1 - b.1 + c.1 - d.1);
        let whole = dx1 * dy2 - dx2 * dy1;
        if whole.abs() < 1e-9 {
            return Self::SAME;
        }
        let (g, h) = ((sx * dy2 - dx2 * sy) / whole, (dx1 * sy - sx * dy1) / whole);
        Self([b.0 - a.0 + g * b.0, d.0 - a.0 + h * d.0, a.0, b.1 - a.1 + g * b.1, d.1 - a.1 + h * d.1, a.1, g, h, 1.0])
    }

    /// This one first, then the other.
    pub fn then(&self, next: &Self) -> Self {
        let mut out = [0.0; 9];
        for (at, value) in out.iter_mut().enumerate() {
            let (row, column) = (at / 3, at % 3);
            *value = (0..3).map(|k| next.0[3 * row + k] * self.0[3 * k + column]).sum();
        }
        Self(out)
    }

    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let m = &self.0;
        let depth = m[6] * x + m[7] * y + m[8];
        let depth = if depth.abs() < 1e-12 { 1e-12 } else { depth };
        ((m[0] * x + m[1] * y + m[2]) / depth, (m[3] * x + m[4] * y + m[5]) / depth)
    }

    /// The nine numbers, row by row.
    pub fn numbers(&self) -> [f32; 9] {
        self.0.map(|number| number as f32)
    }

    /// Draws what lies at the other end of the projection; `shrunk`: how much smaller `source` is than the plane it shows.
    /// What lies outside is white.
    pub fn drawn(&self, source: &Raster, (width, height): (u32, u32), shrunk: f64, dpi: f32) -> Raster {
        let m = self.then(&Self::scaled(shrunk, shrunk)).0;
        let mut gray = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            let y = f64::from(y) + 0.5;
            let (mut u, mut v) = (m[1] * y + m[2] + 0.5 * m[0], m[4] * y + m[5] + 0.5 * m[3]);
            let mut depth = m[7] * y + m[8] + 0.5 * m[6];
            for _ in 0..width {
                gray.push(source.between((u / depth - 0.5) as f32, (v / depth - 0.5) as f32));
                u += m[0];
                v += m[3];
                depth += m[6];
            }
        }
        Raster { width, height, dpi: dpi.max(1.0), gray }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near((x, y): (f64, f64), (u, v): (f64, f64)) -> bool {
        (x - u).abs() < 1e-6 && (y - v).abs() < 1e-6
    }

    #[test]
    fn a_square_goes_onto_its_corners() {
        let corners = [(10.0, 12.0), (90.0, 5.0), (100.0, 140.0), (3.0, 120.0)];

        let onto = Projection::onto(corners);

        for (corner, at) in corners.into_iter().zip([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]) {
            assert!(near(onto.at(at.0, at.1), corner), "{corner:?}");
        }
    }

    #[test]
    fn an_even_picture_is_drawn_as_it_is() {
        let picture = Raster::new(3, 2, 100.0, vec![1, 2, 3, 40, 50, 60]).expect("6 pixels");

        assert_eq!(Projection::SAME.drawn(&picture, (3, 2), 1.0, 100.0), picture);
    }

    proptest! {
        #[test]
        fn a_turn_is_undone(w in 1u32..9, h in 1u32..9, quarters in 0u8..4) {
            let gray = (0..w * h).map(|n| (n * 37 % 251) as u8).collect();
            let raster = Raster::new(w, h, 100.0, gray).expect("as many values as pixels");

            let turned = Projection::unturned(quarters, (w, h)).drawn(&raster, {
                let t = raster.turned(quarters);
                (t.width, t.height)
            }, 1.0, 100.0);

            prop_assert_eq!(turned, raster.turned(quarters));
        }
    }
}
