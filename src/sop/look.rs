//! How a page looks, in few bits, so that a new scan of an old letter is known again. What makes one: `crate::reading::scan`.

use serde::{Deserialize, Serialize};

/// The perceptual hash of one side of paper: pictures that look alike differ in few bits.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Look([u8; Self::BYTES]);

impl Look {
    const BYTES: usize = 32;

    /// `None` unless there are exactly 256 bits.
    pub fn of(bits: &[u8]) -> Option<Self> {
        bits.try_into().ok().map(Self)
    }

    /// How many bits differ, 0 to 256.
    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Look(…)")
    }
}

impl TryFrom<String> for Look {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bits: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digit).collect();
        bits.and_then(|bits| Self::of(&bits)).ok_or("the look of a page is 64 hexadecimal digits")
    }
}

impl From<Look> for String {
    fn from(look: Look) -> String {
        look.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_comes_back_from_its_text_and_nonsense_does_not() {
        let look = Look::of(&[0xa5; 32]).expect("256 bits");

        let text = String::from(look.clone());

        assert_eq!(Look::try_from(text.clone()).as_ref(), Ok(&look));
        assert_eq!(look.distance(&Look::of(&[0xa4; 32]).expect("256 bits")), 32);
        for nonsense in [&text[..62], "", "zz", &format!("{text}00"), &"é".repeat(32)] {
            assert!(Look::try_from(nonsense.to_owned()).is_err(), "{nonsense}");
        }
    }
}
