//! A page as a picture: grey values, row by row, 0 black and 255 white. The few ways to look at it that every later step
//! shares live here; nothing here decides anything.

/// A grey picture of one side of paper.
#[derive(Clone, PartialEq)]
pub struct Raster {
    pub width: u32,
    pub height: u32,
    /// Dots per inch across the paper; what is not known is guessed from the size of the paper.
    pub dpi: f32,
    /// `width` × `height` grey values from the top left.
    pub gray: Vec<u8>,
}

impl std::fmt::Debug for Raster {
    /// Tells size and resolution; what is on a paper is nobody's business in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Raster({} × {} at {} dpi)", self.width, self.height, self.dpi)
    }
}

impl Raster {
    /// A raster of these grey values. `None` when their count does not fit the size, or a side is 0.
    pub fn new(width: u32, height: u32, dpi: f32, gray: Vec<u8>) -> Option<Self> {
        let pixels = (width as usize).checked_mul(height as usize)?;
        (pixels > 0 && gray.len() == pixels && dpi.is_finite() && dpi > 0.0).then_some(Self {
            width,
            height,
            dpi,
            gray,
        })
    }

    /// An even sheet of one grey.
    pub fn blank(width: u32, height: u32, dpi: f32, shade: u8) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        Self { width, height, dpi, gray: vec![shade; width as usize * height as usize] }
    }

    /// The grey at a place; outside the paper it is white.
    pub fn at(&self, x: i64, y: i64) -> u8 {
        if x < 0 || y < 0 || x >= i64::from(self.width) || y >= i64::from(self.height) {
            return 255;
        }
        self.gray[y as usize * self.width as usize + x as usize]
    }

    /// The grey between the pixels round a place (bilinear), white outside.
    pub fn between(&self, x: f32, y: f32) -> u8 {
        let (left, top) = (x.floor(), y.floor());
        let (u, v) = (x - left, y - top);
        let (left, top) = (left as i64, top as i64);
        let mix = |a: u8, b: u8, part: f32| f32::from(a) + (f32::from(b) - f32::from(a)) * part;
        let upper = mix(self.at(left, top), self.at(left + 1, top), u);
        let lower = mix(self.at(left, top + 1), self.at(left + 1, top + 1), u);
        (upper + (lower - upper) * v + 0.5) as u8
    }

    pub fn row(&self, y: u32) -> &[u8] {
        let width = self.width as usize;
        &self.gray[y as usize * width..(y as usize + 1) * width]
    }

    /// Turned clockwise by `quarters` × 90°.
    pub fn turned(&self, quarters: u8) -> Self {
        let (w, h) = (self.width as usize, self.height as usize);
        match quarters % 4 {
            0 => self.clone(),
            2 => Self { gray: self.gray.iter().rev().copied().collect(), ..self.clone() },
            quarter => {
                let mut gray = vec![255; w * h];
                for (y, row) in self.gray.chunks_exact(w).enumerate() {
                    for (x, shade) in row.iter().enumerate() {
                        let (column, line) = if quarter == 1 { (h - 1 - y, x) } else { (y, w - 1 - x) };
                        gray[line * h + column] = *shade;
                    }
                }
                Self { width: self.height, height: self.width, dpi: self.dpi, gray }
            }
        }
    }

    /// Made smaller by a whole factor; each pixel is the mean of those it stands for.
    pub fn reduced(&self, factor: u32) -> Self {
        let factor = factor.max(1);
        let (width, height) = ((self.width / factor).max(1), (self.height / factor).max(1));
        if factor == 1 || self.width < factor || self.height < factor {
            return self.clone();
        }
        let mut sums = vec![0u32; width as usize];
        let mut gray = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            sums.fill(0);
            for line in 0..factor {
                let row = self.row(y * factor + line);
                for (sum, group) in sums.iter_mut().zip(row.chunks_exact(factor as usize)) {
                    *sum += group.iter().map(|g| u32::from(*g)).sum::<u32>();
                }
            }
            gray.extend(sums.iter().map(|sum| (sum / (factor * factor)) as u8));
        }
        Self { width, height, dpi: self.dpi / factor as f32, gray }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_count_that_does_not_fit_the_size_makes_no_raster() {
        assert!(Raster::new(3, 2, 150.0, vec![0; 6]).is_some());
        assert!(Raster::new(3, 2, 150.0, vec![0; 5]).is_none());
        assert!(Raster::new(0, 2, 150.0, vec![]).is_none());
        assert!(Raster::new(u32::MAX, u32::MAX, 150.0, vec![]).is_none());
    }

    #[test]
    fn a_quarter_turn_brings_the_left_edge_up() {
        let lying = Raster::new(3, 1, 150.0, vec![1, 2, 3]).expect("3 pixels");

        let standing = lying.turned(1);

        assert_eq!((standing.width, standing.height, standing.gray), (1, 3, vec![1, 2, 3]));
    }

    #[test]
    fn a_smaller_picture_holds_means() {
        let raster = Raster::new(4, 2, 300.0, vec![0, 100, 10, 10, 100, 200, 10, 10]).expect("8 pixels");

        let half = raster.reduced(2);

        assert_eq!((half.width, half.height, half.dpi, half.gray), (2, 1, 150.0, vec![100, 10]));
    }

    proptest! {
        #[test]
        fn four_quarter_turns_change_nothing(w in 1u32..9, h in 1u32..9, quarters in 0u8..4) {
            let gray = (0..w * h).map(|n| (n * 37 % 251) as u8).collect();
            let raster = Raster::new(w, h, 100.0, gray).expect("as many values as pixels");

            prop_assert_eq!(raster.turned(quarters).turned((4 - quarters) % 4), raster);
        }
    }
}
