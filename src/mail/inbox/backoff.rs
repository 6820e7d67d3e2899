//! How long to leave a failing server alone: doubling from one second to five minutes, half of it by chance so that
//! many daemons do not come back together.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// The pause after the `failures`-th failure in a row (from 1); `chance` spreads it over its upper half.
pub(super) fn pause_after(failures: u32, chance: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let whole = (FIRST * (1 << doublings)).min(LONGEST);
    whole / 2 + (whole / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
}

/// Chance from the system; the middle where the system has none to give.
pub(super) fn chance() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_five_minutes() {
        let longest = |failures| pause_after(failures, u32::MAX);

        assert_eq!(longest(1), Duration::from_secs(1));
        assert_eq!(longest(4), Duration::from_secs(8));
        assert_eq!(longest(40), Duration::from_secs(300));
        assert_eq!(pause_after(4, 0), Duration::from_secs(4));
    }
}
