//! The layer around every page: is the request meant for this host, did a page of ours send the form, and which headers
//! keep what goes out to this person alone.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use tracing::Instrument;

use super::asked::{Asked, LANGUAGE_COOKIE, LANGUAGE_COOKIE_OVER_TLS};
use super::oops::Oops;
use super::site::{BaseUrl, Site};

/// Scripts, foreign addresses, frames and inline styles are all forbidden.
pub const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// On the pages that offer passkeys: the desk's own script, and its questions to the desk.
pub const KEYED_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'; script-src 'self'; connect-src 'self'";

pub async fn gate(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked::read(&parts, &site);
    let door = door(parts.uri.path());
    // Whatever is told on the way, of a code for instance, is told with these.
    let around = tracing::info_span!("desk", from = %asked.from, door);
    let response = answered(&site, Request::from_parts(parts, body), next).instrument(around).await;
    let response = finished(&site, &asked, response);
    site.watch.turned_away(asked.from, door, response.status(), asked.now);
    response
}

async fn answered(site: &Site, request: Request, next: Next) -> Response {
    let probe = matches!(request.uri().path(), "/healthz" | "/readyz");
    let allowed = probe || is_for_us(&site.base, request.headers());
    if !allowed {
        // A foreign Host gets no page: every word on it would be under a name we do not own.
        (StatusCode::MISDIRECTED_REQUEST, "This server does not answer under that name.\n").into_response()
    } else if is_change(request.method()) && !is_from_us(&site.base, request.headers()) {
        Oops::Foreign.into_response()
    } else {
        match tokio::time::timeout(site.patience, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Oops::Trouble.into_response(),
        }
    }
}

/// The first word of an address of ours; what stands behind it may be a token, which nobody is told.
fn door(path: &str) -> &'static str {
    const DOORS: [&str; 14] = [
        "tautan", "masuk", "keluar", "kunci", "daftar", "frasa", "meja", "ditahan", "surel", "berkas", "arsip",
        "laporan", "ambil", "ganti",
    ];
    let first = path.split('/').nth(1).unwrap_or_default();
    DOORS.into_iter().find(|door| *door == first).unwrap_or("other")
}

fn is_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

fn is_for_us(base: &BaseUrl, headers: &HeaderMap) -> bool {
    one(headers, &header::HOST).is_some_and(|host| base.is_host(host))
}

/// Whether a page of ours sent this form. Under `no-referrer` a browser writes `Origin: null` even for its own forms,
/// so that such a one counts only beside `Sec-Fetch-Site: same-origin` (Fetch, "append a request Origin header").
fn is_from_us(base: &BaseUrl, headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    let origin = one(headers, &header::ORIGIN);
    match (site, origin) {
        (Some("same-origin"), None | Some("null")) => true,
        (Some("same-origin") | None, Some(origin)) => base.is_origin(origin),
        _ => false,
    }
}

fn finished(site: &Site, asked: &Asked, mut response: Response) -> Response {
    if let Some(oops) = response.extensions_mut().remove::<Oops>() {
        let page = oops.page(asked.frame("/meja")).render().unwrap_or_default();
        let status = oops.status();
        response = (status, Html(page)).into_response();
        if let Oops::TooMany(seconds) | Oops::Busy(seconds) = oops {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SET {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    if site.base.is_secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if asked.asked_for("bahasa").is_some() {
        headers.append(header::SET_COOKIE, language_cookie(site, asked));
    }
    response
}

const ALWAYS: [(&str, &str); 5] = [
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

const UNLESS_SET: [(&str, &str); 2] = [("cache-control", "no-store"), ("content-security-policy", CONTENT_POLICY)];

fn language_cookie(site: &Site, asked: &Asked) -> HeaderValue {
    let (name, secure) =
        if site.base.is_secure() { (LANGUAGE_COOKIE_OVER_TLS, "; Secure") } else { (LANGUAGE_COOKIE, "") };
    let code = asked.lang.code();
    let cookie = format!("{name}={code}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}");
    // Built from fixed words alone.
    HeaderValue::from_str(&cookie).unwrap_or(HeaderValue::from_static(""))
}
