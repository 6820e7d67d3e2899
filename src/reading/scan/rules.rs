//! Printed lines: borders of tables, rules under headings, the dots one signs on. They make recognition run the lines of a
//! table's cell into one another, and they are no ink of a hand, so they are taken off the page.

use super::Raster;

/// Grey below which a pixel of evened paper is ink.
const INK: u8 = 185;
/// The shortest rule and the thickest, in inches.
const LONG: f32 = 0.45;
const THICK: f32 = 0.035;
/// Pixels beside a rule that its blurred edge reaches.
const EDGE: usize = 2;

/// The page without long thin level and upright lines. Where a stroke crosses a line, the stroke stays.
pub fn erased(page: &Raster) -> Raster {
    let (width, height) = (page.width as usize, page.height as usize);
    let inches = |length: f32| ((length * page.dpi).round() as usize).max(2);
    let (long, thick) = (inches(LONG), inches(THICK));
    let mut out = page.clone();
    // Crossings are too thick for the first look and single dots for the second.
    for (rows, columns, row, column) in [(height, width, width, 1), (width, height, 1, width)] {
        let before = out.gray.clone();
        Way { gray: &before, rows, columns, row, column }.rules(long, thick, |pixel| out.gray[pixel] = 255);
    }
    out
}

/// A page looked at along its rows, or along its columns as if they were rows.
struct Way<'a> {
    gray: &'a [u8],
    rows: usize,
    columns: usize,
    /// Pixels from one row, and one column, to the next.
    row: usize,
    column: usize,
}

impl Way<'_> {
    fn at(&self, row: usize, column: usize) -> usize {
        row * self.row + column * self.column
    }

    fn is_dark(&self, row: usize, column: usize) -> bool {
        self.gray[self.at(row, column)] < INK
    }

    /// Names the pixels of thin dark runs that are long enough, and of their edges.
    fn rules(&self, long: usize, thick: usize, mut found: impl FnMut(usize)) {
        for row in 0..self.rows {
            let mut begun = 0;
            for column in 0..=self.columns {
                if column < self.columns && self.is_dark(row, column) {
                    continue;
                }
                if column - begun >= long {
                    for column in begun..column {
                        self.across(row, column, thick, &mut found);
                    }
                }
                begun = column + 1;
            }
        }
    }

    /// Names the pixels across a rule at one place, unless it is too thick there to be one.
    fn across(&self, row: usize, column: usize, thick: usize, found: &mut impl FnMut(usize)) {
        let dark = |row: &usize| self.is_dark(*row, column);
        let before = (row.saturating_sub(thick)..row).rev().take_while(dark).count();
        let after = (row..(row + thick + 1).min(self.rows)).take_while(dark).count();
        if before + after <= thick {
            let first = (row - before).saturating_sub(EDGE);
            (first..(row + after + EDGE).min(self.rows)).for_each(|row| found(self.at(row, column)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn black(page: &mut Raster, left: u32, top: u32, width: u32, height: u32) {
        for y in top..top + height {
            let row = (y * page.width) as usize;
            page.gray[row + left as usize..row + (left + width) as usize].fill(30);
        }
    }

    #[test]
    fn the_borders_of_a_table_go_and_its_letters_stay() {
        let mut page = Raster::blank(1200, 900, 300.0, 255);
        let mut letters = page.clone();
        for letter in 0..20 {
            for page in [&mut page, &mut letters] {
                black(page, 230 + 30 * letter, 240, 6, 36);
                black(page, 230 + 30 * letter, 240, 20, 5);
            }
        }
        for y in [200, 300, 400] {
            black(&mut page, 200, y, 800, 5);
        }
        for x in [200, 996] {
            black(&mut page, x, 200, 4, 205);
        }

        assert!(erased(&page).gray == letters.gray);
    }

    #[test]
    fn a_stroke_across_a_rule_is_not_cut() {
        let mut page = Raster::blank(1200, 900, 300.0, 255);
        black(&mut page, 200, 400, 800, 4);
        black(&mut page, 500, 350, 8, 100);

        let erased = erased(&page);

        assert!((350..450).all(|y| erased.at(504, y) < 100));
        assert_eq!((erased.at(300, 401), erased.at(900, 402)), (255, 255));
    }

    #[test]
    fn the_smallest_page_is_no_rule() {
        assert_eq!(erased(&Raster::blank(1, 1, 1.0, 0)).gray, [0]);
    }
}
