//! Waiting for an event with a deadline. A look costs little, so it is taken every few milliseconds.

use std::future::Future;
use std::time::Duration;

/// Longer than anything here takes on a busy machine; a test that reaches it has failed.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Looks until `look` gives something.
///
/// # Panics
/// When the deadline passes, naming what was waited for.
pub async fn wait_for<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(10));
    let looking = async {
        loop {
            tick.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, looking).await.unwrap_or_else(|_| panic!("waited {DEADLINE:?} in vain for {what}"))
}

/// Awaits `work`, or fails the test at the deadline.
pub async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.unwrap_or_else(|_| panic!("waited {DEADLINE:?} in vain for {what}"))
}
