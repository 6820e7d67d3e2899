//! Grain of cameras and scanners. The median of a pixel and its eight neighbours takes single specks away and leaves edges.

use super::Raster;

/// Mean deviation of grey values above which a page counts as noisy.
const NOISY: f32 = 3.5;
/// Pixels looked at, about.
const SAMPLE: usize = 40_000;

/// Whether grain is strong enough to be taken for dots and commas.
pub fn is_noisy(page: &Raster) -> bool {
    deviation(page) > NOISY
}

/// How far grey values stray, from a Laplacian that lines and slopes do not move (J. Immerkær, Fast Noise Variance
/// Estimation, 1996); the median of its sizes instead of the mean, since letters are more than noise.
fn deviation(page: &Raster) -> f32 {
    let (width, height) = (page.width as usize, page.height as usize);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let stride = (width * height / SAMPLE).max(1);
    let mut sizes: Vec<u16> = (0..width * height)
        .step_by(stride)
        .map(|at| (at % width, at / width))
        .filter(|(x, y)| (1..width - 1).contains(x) && (1..height - 1).contains(y))
        .map(|(x, y)| {
            let at = |dx: usize, dy: usize| i32::from(page.gray[(y + dy - 1) * width + x + dx - 1]);
            let corners = at(0, 0) + at(2, 0) + at(0, 2) + at(2, 2);
            let sides = at(1, 0) + at(0, 1) + at(2, 1) + at(1, 2);
            (corners - 2 * sides + 4 * at(1, 1)).unsigned_abs() as u16
        })
        .collect();
    if sizes.is_empty() {
        return 0.0;
    }
    let middle = sizes.len() / 2;
    let median = *sizes.select_nth_unstable(middle).1;
    // The mask's nine weights multiply a deviation by 6; the median of what strays normally lies at 0.6745 of it.
    f32::from(median) / (6.0 * 0.6745)
}

/// Each pixel replaced by the median of the nine around it; the rim stays.
pub fn median(page: &Raster) -> Raster {
    let (width, height) = (page.width as usize, page.height as usize);
    let mut out = page.clone();
    if width < 3 || height < 3 {
        return out;
    }
    // Columns of three in order, so that each is sorted once and used three times.
    let mut columns = vec![[0u8; 3]; width];
    for y in 1..height - 1 {
        let rows = &page.gray[(y - 1) * width..(y + 2) * width];
        let (above, rest) = rows.split_at(width);
        let (here, below) = rest.split_at(width);
        for (column, ((a, b), c)) in columns.iter_mut().zip(above.iter().zip(here).zip(below)) {
            *column = sorted(*a, *b, *c);
        }
        for (gray, three) in out.gray[y * width + 1..].iter_mut().zip(columns.windows(3)) {
            let [a, b, c] = [three[0], three[1], three[2]];
            let low = a[0].max(b[0]).max(c[0]);
            let middle = sorted(a[1], b[1], c[1])[1];
            let high = a[2].min(b[2]).min(c[2]);
            *gray = sorted(low, middle, high)[1];
        }
    }
    out
}

fn sorted(a: u8, b: u8, c: u8) -> [u8; 3] {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if c < low {
        [c, low, high]
    } else if c < high {
        [low, c, high]
    } else {
        [low, high, c]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn grain_is_noticed_and_text_is_not_taken_for_it() {
        let grain = |at: usize| 200 + (at.wrapping_mul(2_654_435_761) >> 20) as u8 % 40;
        let grainy = Raster::new(200, 200, 150.0, (0..40_000).map(grain).collect()).expect("200 × 200");
        let text = |at: usize| if at / 200 % 12 < 5 && at % 7 < 2 { 30 } else { 240 };
        let clean = Raster::new(200, 200, 150.0, (0..40_000).map(text).collect()).expect("200 × 200");

        assert!(is_noisy(&grainy), "{}", deviation(&grainy));
        assert!(!is_noisy(&clean), "{}", deviation(&clean));
        assert!(!is_noisy(&Raster::blank(2, 2, 150.0, 7)));
    }

    proptest! {
        #[test]
        fn the_median_is_that_of_nine(gray in prop::collection::vec(any::<u8>(), 9)) {
            let page = Raster::new(3, 3, 150.0, gray.clone()).expect("9 pixels");
            let mut nine = gray.clone();
            nine.sort_unstable();

            let out = median(&page);

            prop_assert_eq!(out.gray[4], nine[4]);
            prop_assert_eq!(&out.gray[..4], &gray[..4]);
        }
    }
}
