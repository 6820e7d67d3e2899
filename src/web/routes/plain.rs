//! Addresses without a person behind them: the way in, the stylesheet, the probes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Answer, see};
use crate::web::site::Site;

const STYLESHEET: &str = include_str!("../loket.css");

const PASSKEY_SCRIPT: &str = include_str!("../passkey.js");

pub(super) async fn home() -> Answer {
    see("/meja")
}

pub(super) async fn stylesheet() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, STYLESHEET).into_response()
}

pub(super) async fn passkey_script() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")];
    (headers, PASSKEY_SCRIPT).into_response()
}

pub(super) async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

/// The process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can work on requests. Why not is for the alarms, which are not told to everybody.
pub(super) async fn readyz(State(site): State<Arc<Site>>) -> Response {
    match site.counter.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(why) => {
            tracing::debug!(why, "the desk is not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
        }
    }
}
