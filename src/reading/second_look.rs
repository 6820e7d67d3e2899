//! A second look at words that are too tall. In a table's row two lines of one cell stand beside the single line of the next,
//! and recognition runs the two into one line of nonsense. Cut out and read by themselves they are clear. What is not read
//! clearly the second time either, such as a signature, stays as it was.

use super::scan::Raster;
use super::scan::ink::Place;
use super::sight::{CLEAR, SURE, confidence, is_tall, usual_height};
use super::tsv::Seen;

/// Most cells of a page that are looked at again, and the tallest, in usual heights of a word.
const CELLS: usize = 40;
const TALLEST: u32 = 5;

/// Cells cut out of a page, one below the other in one picture.
pub struct Cells {
    pub picture: Raster,
    /// Where each was on the page, and where it begins in the picture.
    cells: Vec<(Place, u32)>,
    /// White round each of them, in pixels.
    white: u32,
}

impl Cells {
    /// `None`: every word has the height of a word.
    pub fn of(page: &Raster, lines: &[Vec<Seen>]) -> Option<Self> {
        let usual = usual_height(lines);
        let mut places: Vec<Place> = lines.iter().flat_map(|line| in_line(line, usual, page)).collect();
        places.truncate(CELLS);
        let width = places.iter().map(|at| at[2]).max()? + 2 * usual;
        let height = places.iter().map(|at| at[3] + usual).sum::<u32>() + usual;
        let mut picture = Raster::blank(width, height, page.dpi, 255);
        let mut top = usual;
        let mut cells = Vec::new();
        for at in places {
            for y in 0..at[3] {
                let from = ((at[1] + y) * page.width + at[0]) as usize;
                let to = ((top + y) * width + usual) as usize;
                picture.gray[to..to + at[2] as usize].copy_from_slice(&page.gray[from..from + at[2] as usize]);
            }
            cells.push((at, top));
            top += at[3] + usual;
        }
        Some(Self { picture, cells, white: usual })
    }

    /// Puts what was seen in the picture in the place of what was seen on the page, where it is the clearer.
    pub fn settle(&self, lines: &mut Vec<Vec<Seen>>, again: Vec<Vec<Seen>>) {
        let usual = usual_height(lines);
        for (cell, top) in &self.cells {
            let within = |word: &Seen| (*top..top + cell[3]).contains(&middle(word).1);
            let new: Vec<Vec<Seen>> = again
                .iter()
                .map(|line| line.iter().filter(|word| within(word)).map(|word| self.back(word, cell, *top)).collect())
                .filter(|line: &Vec<Seen>| !line.is_empty())
                .collect();
            let old: Vec<Vec<Seen>> =
                lines.iter().map(|line| line.iter().filter(|w| lies_in(w, cell)).cloned().collect()).collect();
            let sure = confidence(&new);
            if sure < CLEAR || sure <= confidence(&old) || new.iter().flatten().any(|word| is_tall(word, usual)) {
                continue;
            }
            lines.iter_mut().for_each(|line| line.retain(|word| !lies_in(word, cell)));
            lines.retain(|line| !line.is_empty());
            lines.extend(new);
        }
    }

    fn back(&self, word: &Seen, cell: &Place, top: u32) -> Seen {
        let [x, y, w, h] = word.at;
        let at = [cell[0] + x.saturating_sub(self.white), (cell[1] + y).saturating_sub(top), w, h];
        Seen { at, ..word.clone() }
    }
}

/// The stretches of a line in which doubtful words stand side by side and one is too tall.
fn in_line(line: &[Seen], usual: u32, page: &Raster) -> Vec<Place> {
    let doubtful = line.iter().filter(|word| word.confidence < SURE || is_tall(word, usual));
    let mut stretches: Vec<(Place, bool)> = Vec::new();
    for word in doubtful {
        let (at, tall) = (word.at, is_tall(word, usual));
        match stretches.last_mut() {
            Some((last, any)) if at[0] <= last[0] + last[2] + 2 * usual && at[0] >= last[0] => {
                (*last, *any) = (round(last, &at), *any || tall);
            }
            _ => stretches.push((at, tall)),
        }
    }
    let fits = |[_, _, w, h]: &Place| *h <= usual.saturating_mul(TALLEST) && *w > 2 * usual;
    let found = stretches.into_iter().filter(|(at, any)| *any && fits(at));
    found.map(|(at, _)| padded(at, usual / 2, page)).filter(|[_, _, w, h]| *w > 0 && *h > 0).collect()
}

fn round(a: &Place, b: &Place) -> Place {
    let (x, y) = (a[0].min(b[0]), a[1].min(b[1]));
    [x, y, (a[0] + a[2]).max(b[0] + b[2]) - x, (a[1] + a[3]).max(b[1] + b[3]) - y]
}

/// A box with some paper round it that does not reach beyond the page.
fn padded([x, y, w, h]: Place, by: u32, page: &Raster) -> Place {
    let (left, top) = (x.saturating_sub(by).min(page.width), y.saturating_sub(by).min(page.height));
    let (right, bottom) = ((x + w + by).min(page.width), (y + h + by).min(page.height));
    [left, top, right.saturating_sub(left), bottom.saturating_sub(top)]
}

fn middle(word: &Seen) -> (u32, u32) {
    (word.at[0] + word.at[2] / 2, word.at[1] + word.at[3] / 2)
}

fn lies_in(word: &Seen, [x, y, w, h]: &Place) -> bool {
    let (across, down) = middle(word);
    (*x..x + w).contains(&across) && (*y..y + h).contains(&down)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, at: Place, confidence: u8) -> Seen {
        Seen { text: text.to_owned(), at, confidence }
    }

    /// A row of a table: two lines in one cell, which were taken for one, and a line in each of the others.
    fn row() -> Vec<Vec<Seen>> {
        let row = vec![
            seen("1.", [20, 110, 10, 10], 96),
            seen("oe", [50, 100, 90, 30], 50),
            seen("SE", [145, 100, 20, 10], 61),
            seen("Helpdesk", [300, 110, 60, 10], 95),
        ];
        vec![vec![seen("Lampiran", [20, 20, 80, 10], 95)], row]
    }

    #[test]
    fn two_lines_that_were_run_into_one_are_cut_out_and_replaced() {
        let mut lines = row();
        let page = Raster::blank(400, 300, 100.0, 255);

        let cells = Cells::of(&page, &lines).expect("a cell is too tall");
        assert_eq!(cells.cells, [([45, 95, 125, 40], 10)]);
        let again = vec![
            vec![seen("Nur", [15, 15, 30, 10], 96), seen("Rahman", [50, 15, 80, 10], 93)],
            vec![seen("198807242015032901", [15, 35, 110, 10], 92)],
        ];
        cells.settle(&mut lines, again);

        let texts: Vec<&str> = lines.iter().flatten().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["Lampiran", "1.", "Helpdesk", "Nur", "Rahman", "198807242015032901"]);
        assert_eq!(lines[2][0].at, [50, 100, 30, 10]);
    }

    #[test]
    fn what_is_no_clearer_the_second_time_stays() {
        let mut lines = row();
        let cells = Cells::of(&Raster::blank(400, 300, 100.0, 255), &lines).expect("a cell is too tall");

        cells.settle(&mut lines, vec![vec![seen("Wnr", [15, 15, 30, 10], 48)]]);

        assert_eq!(lines, row());
    }

    #[test]
    fn a_page_of_even_words_and_an_empty_one_need_no_second_look() {
        let page = Raster::blank(400, 300, 100.0, 255);

        assert!(Cells::of(&page, &row()[..1]).is_none());
        assert!(Cells::of(&page, &[]).is_none());
        assert!(Cells::of(&page, &[vec![seen("?", [390, 290, 90_000, 90_000], 3)]]).is_none());
    }
}
