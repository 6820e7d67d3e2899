//! The demo's clock: the machine's, which can be moved forward, so that deadlines can be seen to pass. How far it was
//! moved is kept in the demo's folder: records made there must not lie in the future of the next run.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use crate::daemon::clock::SystemClock;
use crate::engine::port::Clock;

/// The machine's clock and how far ahead of it the demo is.
pub struct DemoClock {
    /// Seconds.
    ahead: AtomicI64,
    kept: PathBuf,
}

impl DemoClock {
    /// Goes on where the clock of this file stood; a file that is missing or says nothing is the machine's time.
    pub fn kept_in(file: PathBuf) -> Self {
        let ahead = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Self { ahead: AtomicI64::new(ahead), kept: file }
    }

    /// Moves forward by whole seconds; never back.
    pub fn forward(&self, by: TimeDelta) -> io::Result<()> {
        let by = by.num_seconds().max(0);
        let ahead = self.ahead.fetch_add(by, Ordering::Relaxed) + by;
        std::fs::write(&self.kept, format!("{ahead}\n"))
    }
}

impl Clock for DemoClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::seconds(self.ahead.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::super::folder::Folder;
    use super::*;

    #[test]
    fn a_clock_goes_on_where_it_was_left() {
        let folder = Folder::take(None).unwrap();
        let file = folder.path().join("clock");
        let first = DemoClock::kept_in(file.clone());
        let before = first.now();

        first.forward(TimeDelta::days(3)).unwrap();
        first.forward(TimeDelta::days(-9)).unwrap();

        assert!(DemoClock::kept_in(file).now() >= before + TimeDelta::days(3));
    }
}
