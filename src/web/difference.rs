//! Two values side by side: which characters differ. Pure; used to mark a document's value against the register's.

/// A stretch of one value, marked where the other value has something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub text: String,
    pub differs: bool,
}

/// Beyond this many characters a value is marked as a whole: comparing costs the product of both lengths.
const LONGEST: usize = 400;

/// Splits both values into runs. Concatenated, the runs of a value are that value; the unmarked runs of both are equal
/// character for character.
pub fn runs(left: &str, right: &str) -> (Vec<Run>, Vec<Run>) {
    let (a, b): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if a.len() > LONGEST || b.len() > LONGEST {
        let differs = left != right;
        return (whole(left, differs), whole(right, differs));
    }
    let (kept_a, kept_b) = common(&a, &b);
    (grouped(&a, &kept_a), grouped(&b, &kept_b))
}

/// A value with nothing to compare it to.
pub fn unmarked(text: &str) -> Vec<Run> {
    whole(text, false)
}

fn whole(text: &str, differs: bool) -> Vec<Run> {
    if text.is_empty() { Vec::new() } else { vec![Run { text: text.to_owned(), differs }] }
}

/// Which characters belong to the longest common subsequence.
fn common(a: &[char], b: &[char]) -> (Vec<bool>, Vec<bool>) {
    let width = b.len() + 1;
    let mut longest = vec![0_u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut in_a, mut in_b) = (vec![false; a.len()], vec![false; b.len()]);
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            (in_a[i], in_b[j]) = (true, true);
            (i, j) = (i + 1, j + 1);
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    (in_a, in_b)
}

fn grouped(chars: &[char], kept: &[bool]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (&c, &same) in chars.iter().zip(kept) {
        match runs.last_mut() {
            Some(run) if run.differs != same => run.text.push(c),
            _ => runs.push(Run { text: c.to_string(), differs: !same }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn joined(runs: &[Run], only_same: bool) -> String {
        runs.iter().filter(|r| !only_same || !r.differs).map(|r| r.text.as_str()).collect()
    }

    #[test]
    fn one_digit_of_a_nip_is_marked_in_both() {
        let (letter, register) = runs("19920315 201903 1 914", "19920315 201903 1 904");

        assert_eq!(letter[1], Run { text: "1".into(), differs: true });
        assert_eq!(register[1], Run { text: "0".into(), differs: true });
        assert_eq!((letter.len(), register.len()), (3, 3));
    }

    proptest! {
        #[test]
        fn runs_lose_nothing_and_agree_where_unmarked(a in "[a-d ]{0,40}", b in "[a-d ]{0,40}") {
            let (left, right) = runs(&a, &b);

            prop_assert_eq!(joined(&left, false), a.clone());
            prop_assert_eq!(joined(&right, false), b.clone());
            prop_assert_eq!(joined(&left, true), joined(&right, true));
            prop_assert_eq!(a == b, left.iter().chain(&right).all(|r| !r.differs));
        }

        #[test]
        fn neighbouring_runs_differ_in_kind(a in "[ab]{0,30}", b in "[ab]{0,30}") {
            let (left, _) = runs(&a, &b);

            prop_assert!(left.windows(2).all(|w| w[0].differs != w[1].differs));
        }
    }
}
