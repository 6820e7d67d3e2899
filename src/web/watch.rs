//! What the log is told of whoever was turned away: from where, at which door, and how. Never a path, which may hold a token.
//! So many a minute are told one by one and the rest is counted, so that a flood of refusals fills no disk.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use chrono::{DateTime, Utc};

/// Refusals told one by one in a minute.
const A_MINUTE: u32 = 60;

#[derive(Default)]
pub struct Watch(Mutex<Minute>);

/// What was told in a minute of the clock.
#[derive(Default)]
struct Minute {
    nth: i64,
    told: u32,
    untold: u32,
}

impl Watch {
    /// Tells of this answer where it is a refusal.
    pub fn turned_away(&self, from: IpAddr, door: &'static str, status: StatusCode, now: DateTime<Utc>) {
        let Some(why) = refusal(door, status) else { return };
        let (tells, earlier) = self.counts(now.timestamp().div_euclid(60));
        if earlier > 0 {
            tracing::warn!(
                security = "refused",
                count = earlier,
                "more were turned away at the desk than are told singly"
            );
        }
        if tells {
            tracing::warn!(security = "refused", %from, door, status = status.as_u16(), "{why}");
        }
    }

    /// Tells of a TLS handshake that came to nothing, in a minute counted from wherever.
    pub fn no_handshake(&self, from: IpAddr, why: &str, minute: u64) {
        let (tells, earlier) = self.counts(i64::try_from(minute).unwrap_or(i64::MAX));
        if earlier > 0 {
            tracing::warn!(
                security = "tls",
                count = earlier,
                "more TLS handshakes failed at the desk than are told singly"
            );
        }
        if tells {
            tracing::info!(security = "tls", %from, why, "a TLS handshake failed at the desk");
        }
    }

    /// Whether one more is told in this minute, and how many of an earlier one were not.
    fn counts(&self, nth: i64) -> (bool, u32) {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut earlier = 0;
        if minute.nth != nth {
            earlier = minute.untold;
            *minute = Minute { nth, ..Minute::default() };
        }
        let tells = minute.told < A_MINUTE;
        if tells {
            minute.told += 1;
        } else {
            minute.untold += 1;
        }
        (tells, earlier)
    }
}

fn refusal(door: &str, status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::FORBIDDEN => Some("somebody was refused"),
        StatusCode::TOO_MANY_REQUESTS => Some("somebody tried too often"),
        StatusCode::MISDIRECTED_REQUEST => Some("somebody asked under another name"),
        StatusCode::PAYLOAD_TOO_LARGE | StatusCode::BAD_REQUEST => Some("somebody sent what no page of the desk sends"),
        StatusCode::NOT_FOUND if door != "other" => Some("somebody asked for what is not there, or not theirs"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_counted_and_not_told_singly() {
        let watch = Watch::default();
        let told = (0..500).filter(|_| watch.counts(7).0).count();

        assert_eq!(told, A_MINUTE as usize);
        assert_eq!(watch.counts(8), (true, 440));
        assert_eq!(watch.counts(8), (true, 0));
    }

    #[test]
    fn what_anybody_may_ask_is_no_refusal() {
        assert!(refusal("other", StatusCode::NOT_FOUND).is_none() && refusal("masuk", StatusCode::OK).is_none());
        assert!(
            refusal("tautan", StatusCode::NOT_FOUND).is_some() && refusal("masuk", StatusCode::FORBIDDEN).is_some()
        );
    }
}
