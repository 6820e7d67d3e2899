//! What a browser does, without one: keeps cookies, sends forms as pages do, follows nothing by itself.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use loket::web::router;
use tower::ServiceExt;

use crate::web_fake::{CODE, Fake, GOOD_TOKEN, SetClock, now, site};

pub const BASE: &str = "https://loket.karangmulia.example";
pub const HOST: &str = "loket.karangmulia.example";

pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }
}

pub struct Browser {
    pub fake: Arc<Fake>,
    pub clock: Arc<SetClock>,
    router: Router,
    pub cookie: String,
}

impl Browser {
    pub fn new(fake: Fake) -> Self {
        let (fake, clock) = (Arc::new(fake), Arc::new(SetClock(Mutex::new(now()))));
        let router = router(site(Arc::clone(&fake), Arc::clone(&clock), BASE));
        Self { fake, clock, router, cookie: String::new() }
    }

    /// A browser whose device was opened through the admin's link.
    pub async fn opened(fake: Fake) -> Self {
        let mut browser = Self::new(fake);
        browser.post(&format!("/tautan/{GOOD_TOKEN}"), &[("kode", CODE)]).await;
        browser
    }

    pub async fn get(&mut self, path: &str) -> Seen {
        self.send(self.request(Method::GET, path).body(Body::empty()).expect("a plain request")).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, "null");
        self.send(request.body(Body::from(encoded(fields))).expect("a plain request")).await
    }

    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        if self.cookie.is_empty() { request } else { request.header(header::COOKIE, &self.cookie) }
    }

    pub async fn send(&mut self, request: Request<Body>) -> Seen {
        let response = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().ok().and_then(|v| v.split(';').next()).unwrap_or("");
            if pair.starts_with("__Host-loket=") {
                self.cookie = pair.to_owned();
            }
        }
        let bytes = to_bytes(body, 4 << 20).await.expect("pages are small");
        Seen { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }
}

/// Fields as a browser writes them.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        let byte = |b: u8| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => (b as char).to_string(),
            b' ' => "+".to_owned(),
            _ => format!("%{b:02X}"),
        };
        text.bytes().map(byte).collect::<String>()
    };
    fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}
