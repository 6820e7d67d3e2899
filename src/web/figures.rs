//! What a monitoring system reads on a socket of its own: `/metrics` for Prometheus and `/sehat` for a person or a simple
//! probe. On loopback it is open; where a token is set, every request must bring it (RFC 6750).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Whoever knows the figures.
pub trait Told: Send + Sync {
    /// In OpenMetrics text.
    fn metrics(&self) -> String;

    /// Alarms that are raised, a line each.
    fn alarms(&self) -> Vec<String>;
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Both addresses.
pub fn router(told: Arc<dyn Told>, token: Option<Zeroizing<String>>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/sehat", get(health))
        .layer(from_fn_with_state(Arc::new(token), lock))
        .with_state(told)
}

async fn lock(State(token): State<Arc<Option<Zeroizing<String>>>>, request: Request, next: Next) -> Response {
    let right = match &*token {
        Some(token) => brought(request.headers()).is_some_and(|b| b.as_bytes().ct_eq(token.as_bytes()).into()),
        None => true,
    };
    if right {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], "Bring the token.\n").into_response()
}

fn brought(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

async fn metrics(State(told): State<Arc<dyn Told>>) -> Response {
    ([(header::CONTENT_TYPE, OPEN_METRICS), (header::CACHE_CONTROL, "no-store")], told.metrics()).into_response()
}

/// 200 and `sehat`, or 503 and what is wrong.
async fn health(State(told): State<Arc<dyn Told>>) -> Response {
    let alarms = told.alarms();
    let (status, text) = match alarms.is_empty() {
        true => (StatusCode::OK, "sehat\n".to_owned()),
        false => (StatusCode::SERVICE_UNAVAILABLE, alarms.join("\n") + "\n"),
    };
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
