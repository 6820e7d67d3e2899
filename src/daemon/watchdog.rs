//! What systemd is told: ready, alive, status, stopping (sd_notify(3)). Without systemd it says nothing.

use std::pin::pin;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use super::canary::Canary;
use crate::engine::Engine;

/// Asked for at once by a start that takes long.
const MORE: Duration = Duration::from_secs(60);

pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Asks for more time, again and again, while `work` of the start goes on: no fixed time covers what a large archive has to tell after
/// a restore.
pub async fn taking_its_time<T>(work: impl Future<Output = T>) -> T {
    while_asking(work, MORE / 3, || notify(&[NotifyState::ExtendTimeoutUsec(MORE.as_micros() as u32)])).await
}

async fn while_asking<T>(work: impl Future<Output = T>, every: Duration, ask: impl Fn()) -> T {
    let mut work = pin!(work);
    let mut beat = tokio::time::interval(every);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = beat.tick() => ask(),
        }
    }
}

pub fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("finishing what is in hand")]);
}

/// Strokes the watchdog at half its interval, as long as the store answers and no canary is lost. Ends with `stop` alone: a loop that ends
/// earlier ends the daemon.
pub async fn stroke(engine: &Engine, canary: Option<&Canary>, stop: &CancellationToken) {
    let Some(interval) = sd_notify::watchdog_enabled() else { return stop.cancelled().await };
    let mut beat = tokio::time::interval((interval / 2).max(Duration::from_millis(100)));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = beat.tick() => {}
        }
        if engine.store.epoch().await.is_ok() && canary.is_none_or(Canary::is_well) {
            notify(&[NotifyState::Watchdog]);
        }
    }
}

fn notify(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_start_asks_for_more_time_until_it_is_done() {
        let asked = Semaphore::new(0);
        let work = async { asked.acquire_many(5).await.expect("nobody closes it").forget() };

        while_asking(work, Duration::from_millis(1), || asked.add_permits(1)).await;
    }
}
