//! Matrices of the page (ISO 32000-1, 8.3): `u = a·x + c·y + e`, `v = b·x + d·y + f`.

use crate::dossier::page::Rect;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix(pub [f32; 6]);

impl Matrix {
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// This matrix first, then `after`.
    pub fn then(self, after: Self) -> Self {
        let ([a, b, c, d, e, f], [p, q, r, s, t, w]) = (self.0, after.0);
        Self([a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + w])
    }

    pub fn apply(self, x: f32, y: f32) -> (f32, f32) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// The page as its reader sees it: turned by `/Rotate`, origin at the top left, y downwards. `media` is the box in
    /// the file's own order `[x0 y0 x1 y1]`. Returns the matrix and the page's width and height.
    pub fn page(media: [f32; 4], rotate: i64) -> (Self, f32, f32) {
        let [x0, y0, x1, y1] = media;
        let (w, h) = (x1 - x0, y1 - y0);
        match rotate.rem_euclid(360) {
            90 => (Self([0.0, 1.0, 1.0, 0.0, -y0, -x0]), h, w),
            180 => (Self([-1.0, 0.0, 0.0, 1.0, x1, -y0]), w, h),
            270 => (Self([0.0, -1.0, -1.0, 0.0, y1, x1]), h, w),
            _ => (Self([1.0, 0.0, 0.0, -1.0, -x0, y1]), w, h),
        }
    }
}

/// A box that grows around points.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub x0: f32,
    pub y0: f32,
    pub x1: f32,
    pub y1: f32,
}

impl Bounds {
    pub const NOTHING: Self = Self { x0: f32::MAX, y0: f32::MAX, x1: f32::MIN, y1: f32::MIN };

    pub fn of(matrix: Matrix, x: f32, y: f32, w: f32, h: f32) -> Self {
        let mut bounds = Self::NOTHING;
        for (px, py) in [(x, y), (x + w, y), (x, y + h), (x + w, y + h)] {
            let (u, v) = matrix.apply(px, py);
            bounds.add(u, v);
        }
        bounds
    }

    pub fn add(&mut self, x: f32, y: f32) {
        self.x0 = self.x0.min(x);
        self.y0 = self.y0.min(y);
        self.x1 = self.x1.max(x);
        self.y1 = self.y1.max(y);
    }

    pub fn join(&mut self, other: &Self) {
        self.add(other.x0, other.y0);
        self.add(other.x1, other.y1);
    }

    pub fn width(&self) -> f32 {
        (self.x1 - self.x0).max(0.0)
    }

    pub fn height(&self) -> f32 {
        (self.y1 - self.y0).max(0.0)
    }

    pub fn holds(&self, x: f32, y: f32) -> bool {
        (self.x0..=self.x1).contains(&x) && (self.y0..=self.y1).contains(&y)
    }

    /// Whether the two come closer than `gap` points.
    pub fn near(&self, other: &Self, gap: f32) -> bool {
        self.x0 - gap <= other.x1 && other.x0 - gap <= self.x1 && self.y0 - gap <= other.y1 && other.y0 - gap <= self.y1
    }

    pub fn is_sound(&self) -> bool {
        [self.x0, self.y0, self.x1, self.y1].iter().all(|n| n.is_finite() && n.abs() < 1e6) && self.x0 <= self.x1
    }

    pub fn rect(&self) -> Rect {
        rounded(self.x0, self.y0, self.width(), self.height())
    }
}

/// A rectangle in tenths of a point: finer places only make the pipe longer.
pub fn rounded(x: f32, y: f32, w: f32, h: f32) -> Rect {
    let tenth = |n: f32| (n * 10.0).round() / 10.0;
    Rect { x: tenth(x), y: tenth(y), w: tenth(w), h: tenth(h) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_page_is_seen_upright() {
        let (matrix, width, height) = Matrix::page([0.0, 0.0, 595.0, 842.0], 90);

        assert_eq!((width, height), (842.0, 595.0));
        assert_eq!(matrix.apply(0.0, 0.0), (0.0, 0.0));
        assert_eq!(matrix.apply(0.0, 842.0), (842.0, 0.0));

        let (upright, ..) = Matrix::page([0.0, 0.0, 595.0, 842.0], 0);
        assert_eq!(upright.apply(10.0, 842.0), (10.0, 0.0));
    }
}
