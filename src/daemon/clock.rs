//! The one place that reads the machine's clock.

use chrono::{DateTime, Utc};

use crate::engine::port::Clock;

/// The machine's wall clock, in UTC.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
