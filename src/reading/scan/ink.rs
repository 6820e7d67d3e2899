//! Ink that is no word: strokes of a signature, stamps, pictures. What recognition explains is taken away, then everything
//! small: dust, dots, letters that stayed unread. Rules and the borders of tables are off the page already ([`super::rules`]).

use super::Raster;

/// Dots per inch at which strokes are followed.
const COARSE: f32 = 100.0;
/// Grey below which a pixel of evened paper is ink; ballpoint and stamps are paler than print.
const INK: u8 = 185;
/// In inches: how far a word's ink reaches beyond its box, the rim of the page where shadows lie, and the gap that two
/// strokes of one mark may leave.
const BEYOND: f32 = 0.025;
const RIM: f32 = 0.12;
const GAP: f32 = 0.06;
/// In inches: a stroke is at least so high and so wide; letters are smaller.
const STROKE: (f32, f32) = (0.2, 0.13);
/// Share of the page beyond which a mark is a shadow or a picture of the whole page.
const MOST: f32 = 0.3;
/// Marks kept of one page, the largest.
const MARKS: usize = 120;

/// A box in pixels: left, top, width, height.
pub type Place = [u32; 4];

/// Where ink lies that no word explains, in pixels of the page. `words`: the boxes of words that were read well.
pub fn marks(page: &Raster, words: &[Place]) -> Vec<Place> {
    let factor = ((page.dpi / COARSE).round() as u32).max(1);
    let small = page.reduced(factor);
    let inches = |length: f32| ((length * small.dpi).round() as usize).max(1);
    let mut ink = Ink::of(&small);
    let beyond = inches(BEYOND) as u32;
    for [x, y, w, h] in words {
        let (left, top) = ((x / factor).saturating_sub(beyond), (y / factor).saturating_sub(beyond));
        ink.clear(left, top, (x + w) / factor + beyond + 1, (y + h) / factor + beyond + 1);
    }
    let (wide, high) = (inches(STROKE.0) as u32, inches(STROKE.1) as u32);
    let (rim, area) = (inches(RIM) as u32, small.width as f32 * small.height as f32);
    let mut strokes = ink.blots();
    strokes.retain(|blot| {
        let [x, y, w, h] = blot.at;
        let large = (w >= wide && h >= high) || (h >= wide && w >= high);
        let at_rim = x < rim || y < rim || x + w + rim > small.width || y + h + rim > small.height;
        let thin = blot.pixels as f32 <= 0.6 * (w * h) as f32;
        large && thin && !at_rim && ((w * h) as f32) < MOST * area
    });
    let mut marks: Vec<Place> = strokes.iter().map(|blot| blot.at).collect();
    marks.sort_by_key(|[_, _, w, h]| std::cmp::Reverse(w * h));
    marks.truncate(MARKS);
    join(&mut marks, inches(GAP) as u32);
    marks.into_iter().map(|place| place.map(|pixels| pixels * factor)).collect()
}

/// Dark pixels of a page.
struct Ink {
    width: usize,
    height: usize,
    dark: Vec<bool>,
}

/// Dark pixels that hang together.
struct Blot {
    at: Place,
    pixels: u32,
}

impl Ink {
    fn of(page: &Raster) -> Self {
        let dark = page.gray.iter().map(|gray| *gray < INK).collect();
        Self { width: page.width as usize, height: page.height as usize, dark }
    }

    fn clear(&mut self, left: u32, top: u32, right: u32, bottom: u32) {
        let (left, right) = ((left as usize).min(self.width), (right as usize).min(self.width));
        for y in top as usize..(bottom as usize).min(self.height) {
            self.dark[y * self.width + left.min(right)..y * self.width + right].fill(false);
        }
    }

    /// Takes the ink apart into blots; nothing is left.
    fn blots(&mut self) -> Vec<Blot> {
        let mut found = Vec::new();
        let mut open = Vec::new();
        for start in 0..self.dark.len() {
            if !self.dark[start] {
                continue;
            }
            let (mut left, mut top, mut right, mut bottom, mut pixels) = (usize::MAX, usize::MAX, 0, 0, 0);
            self.dark[start] = false;
            open.push(start);
            while let Some(at) = open.pop() {
                let (x, y) = (at % self.width, at / self.width);
                (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x), bottom.max(y));
                pixels += 1;
                for near_y in y.saturating_sub(1)..(y + 2).min(self.height) {
                    for near_x in x.saturating_sub(1)..(x + 2).min(self.width) {
                        let near = near_y * self.width + near_x;
                        if self.dark[near] {
                            self.dark[near] = false;
                            open.push(near);
                        }
                    }
                }
            }
            let place = [left, top, right - left + 1, bottom - top + 1];
            found.push(Blot { at: place.map(|pixels| pixels as u32), pixels });
        }
        found
    }
}

/// Makes one box of those that touch or lie within a gap of each other.
fn join(marks: &mut Vec<Place>, gap: u32) {
    let touch = |a: &Place, b: &Place| {
        let along = |a0: u32, a1: u32, b0: u32, b1: u32| a0 <= b0 + b1 + gap && b0 <= a0 + a1 + gap;
        along(a[0], a[2], b[0], b[2]) && along(a[1], a[3], b[1], b[3])
    };
    let mut at = 0;
    while at < marks.len() {
        let Some(other) = (at + 1..marks.len()).find(|other| touch(&marks[at], &marks[*other])) else {
            at += 1;
            continue;
        };
        let (a, b) = (marks[at], marks.swap_remove(other));
        let (x, y) = (a[0].min(b[0]), a[1].min(b[1]));
        marks[at] = [x, y, (a[0] + a[2]).max(b[0] + b[2]) - x, (a[1] + a[3]).max(b[1] + b[3]) - y];
        at = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rules;
    use super::*;

    fn dot(page: &mut Raster, x: i64, y: i64, thick: i64) {
        for dy in 0..thick {
            for dx in 0..thick {
                let (x, y) = (x + dx, y + dy);
                if x >= 0 && y >= 0 && x < i64::from(page.width) && y < i64::from(page.height) {
                    page.gray[(y * i64::from(page.width) + x) as usize] = 60;
                }
            }
        }
    }

    /// A hand's wave from here to there.
    fn signature(page: &mut Raster, left: i64, top: i64) {
        for step in 0..2000 {
            let t = f64::from(step) / 2000.0;
            let (x, y) = (t * 300.0, 60.0 + 55.0 * (t * 21.0).sin());
            dot(page, left + x as i64, top + y as i64, 5);
        }
    }

    fn paper() -> Raster {
        Raster::blank(2480, 3508, 300.0, 255)
    }

    #[test]
    fn a_signature_is_found_beside_the_words() {
        let mut page = paper();
        signature(&mut page, 1500, 2000);
        for x in 0..400 {
            dot(&mut page, 300 + x, 700 + x % 30, 4);
        }

        let found = marks(&page, &[[300, 700, 404, 34]]);

        assert_eq!(found.len(), 1, "{found:?}");
        let [x, y, w, h] = found[0];
        assert!(
            x.abs_diff(1500) < 9 && y.abs_diff(2005) < 9 && w.abs_diff(305) < 15 && h.abs_diff(115) < 15,
            "{found:?}"
        );
    }

    #[test]
    fn rules_tables_dust_letters_and_rims_are_no_ink() {
        let mut page = paper();
        for x in 300..2200 {
            for line in [400, 900, 1000, 1100] {
                dot(&mut page, x, line, 6);
            }
        }
        for y in 900..1100 {
            for column in [300, 900, 2194] {
                dot(&mut page, column, y, 6);
            }
        }
        for n in 0..200 {
            dot(&mut page, 37 * n % 2400, 91 * n % 3400, 3);
        }
        for letter in 0..12 {
            for y in 0..36 {
                dot(&mut page, 400 + 40 * letter, 1500 + y, 6);
                dot(&mut page, 400 + 40 * letter + y / 2, 1500, 6);
            }
        }
        for y in 0..3508 {
            dot(&mut page, y / 200, y, 30);
        }

        assert_eq!(marks(&rules::erased(&page), &[]), Vec::<Place>::new());
    }

    #[test]
    fn a_signature_across_a_rule_is_still_found() {
        let mut page = paper();
        signature(&mut page, 1500, 2000);
        for x in 1300..2100 {
            dot(&mut page, x, 2080, 5);
        }

        assert_eq!(marks(&rules::erased(&page), &[]).len(), 1);
    }

    proptest! {
        #[test]
        fn marks_lie_on_the_page(w in 1u32..80, h in 1u32..80, dpi in 1.0f32..900.0, seed in any::<u64>(),
            words in prop::collection::vec(prop::array::uniform4(0u32..100_000), 0..4)) {
            let noise = |n: u64| (n.wrapping_mul(seed | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
            let page = Raster::new(w, h, dpi, (0..u64::from(w * h)).map(noise).collect()).expect("as many as pixels");

            for [x, y, wide, high] in marks(&page, &words) {
                prop_assert!(x + wide <= w && y + high <= h);
            }
        }
    }
}
