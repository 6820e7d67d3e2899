//! What systemd is told: ready, alive, status, stopping (sd_notify(3)). Without systemd it says nothing.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use super::canary::Canary;
use crate::engine::Engine;

pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
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
