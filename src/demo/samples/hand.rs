//! What an office puts on a paper by hand: ink, a stamp, an emblem in the letterhead.

use lopdf::{Stream, dictionary};

use crate::letters::sheet::{HEIGHT, Sheet, bind};

pub(super) trait Hand {
    /// A signature in blue ink, about 90 by 34 points, its lower left corner at `x` on the current line. The hand
    /// differs with `hand`.
    fn ink(&mut self, x: f32, hand: u32) -> &mut Self;

    /// A round office stamp centred on `x` and the current line.
    fn stamp(&mut self, x: f32) -> &mut Self;
}

impl Hand for Sheet {
    fn ink(&mut self, x: f32, hand: u32) -> &mut Self {
        let y = HEIGHT - self.y;
        let wave = |index: u32| (hand.wrapping_mul(2_654_435_761).wrapping_add(index * 40_503) >> 7) % 100;
        self.draw(&format!("q 0.08 0.12 0.45 RG 1.2 w 1 J {x:.2} {:.2} m", y + 8.0));
        let mut at = x;
        for index in 0..6 {
            let step = 11.0 + wave(index) as f32 / 20.0;
            let high = if index % 2 == 0 { 24.0 + wave(index + 9) as f32 / 10.0 } else { 2.0 };
            self.draw(&format!(
                "{:.2} {:.2} {:.2} {:.2} {:.2} {:.2} c",
                at + 4.0,
                y + high,
                at + step - 3.0,
                y + high + 4.0,
                at + step,
                y + 6.0 + wave(index + 3) as f32 / 12.0
            ));
            at += step;
        }
        self.draw(&format!(
            "{:.2} {:.2} {:.2} {:.2} {:.2} {:.2} c S Q",
            at + 6.0,
            y,
            x + 30.0,
            y - 4.0,
            x + 4.0,
            y + 1.0
        ));
        self
    }

    fn stamp(&mut self, x: f32) -> &mut Self {
        let y = HEIGHT - self.y;
        for (radius, thickness) in [(31.0_f32, 1.5), (28.5, 0.5), (19.0, 0.8)] {
            let k = radius * 0.5523;
            self.draw(&format!(
                "q 0.45 0.30 0.68 RG {thickness} w {:.2} {y:.2} m {:.2} {:.2} {:.2} {:.2} {x:.2} {:.2} c \
                 {:.2} {:.2} {:.2} {:.2} {:.2} {y:.2} c {:.2} {:.2} {:.2} {:.2} {x:.2} {:.2} c \
                 {:.2} {:.2} {:.2} {:.2} {:.2} {y:.2} c S Q",
                x + radius,
                x + radius,
                y + k,
                x + k,
                y + radius,
                y + radius,
                x - k,
                y + radius,
                x - radius,
                y + k,
                x - radius,
                x - radius,
                y - k,
                x - k,
                y - radius,
                y - radius,
                x + k,
                y - radius,
                x + radius,
                y - k,
                x + radius,
            ));
        }
        self
    }
}

/// Binds sheets into a PDF of at least `pad_to` bytes. Padding is a small picture in the letterhead that does not
/// compress, as a scanned emblem is.
pub(super) fn bound(sheets: &[Sheet], title: &str, pad_to: Option<usize>) -> Vec<u8> {
    let plain = bind(sheets, title, None);
    let Some(short) = pad_to.and_then(|size| size.checked_sub(plain.len())).filter(|short| *short > 0) else {
        return plain;
    };
    bind(sheets, title, Some(emblem(short)))
}

/// A grey picture of about `bytes` bytes, from a fixed xorshift sequence.
fn emblem(bytes: usize) -> Stream {
    let side = ((bytes as f64).sqrt().ceil() as usize).max(8);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let grain: Vec<u8> = (0..side * side)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            200 + (state >> 33) as u8 % 56
        })
        .collect();
    let side = i64::try_from(side).expect("a few thousand at most");
    Stream::new(
        dictionary! {
            "Type" => "XObject", "Subtype" => "Image", "Width" => side, "Height" => side,
            "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
        },
        grain,
    )
    .with_compression(false)
}
