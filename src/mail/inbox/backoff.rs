//! How long to leave a failing server alone: doubling from one second to five minutes, half of it by chance so that
//! many daemons do not come back together.

use std::time::Duration;

/// How patient an inbox is with a server that fails.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The pause after the first failure; it doubles with each further one.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    /// How long the end of IDLE may take; a sound server confirms it at once.
    pub idle_end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let (first_pause, longest_pause) = (Duration::from_secs(1), Duration::from_secs(300));
        Self { first_pause, longest_pause, idle_end: Duration::from_secs(15) }
    }
}

impl Patience {
    /// The pause after the `failures`-th failure in a row (from 1); `chance` spreads it over its upper half.
    pub(super) fn pause_after(&self, failures: u32, chance: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let whole = self.first_pause.saturating_mul(1 << doublings).min(self.longest_pause);
        whole / 2 + (whole / 2).mul_f64(f64::from(chance) / f64::from(u32::MAX))
    }
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
        let longest = |failures| Patience::default().pause_after(failures, u32::MAX);

        assert_eq!(longest(1), Duration::from_secs(1));
        assert_eq!(longest(4), Duration::from_secs(8));
        assert_eq!(longest(40), Duration::from_secs(300));
        assert_eq!(Patience::default().pause_after(4, 0), Duration::from_secs(4));
    }
}
