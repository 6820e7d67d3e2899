//! A token server inside the test (RFC 6749) that gives, rotates, revokes and refuses as it is told, and tells a mail server
//! whose a token is, as Dovecot's oauth2 passdb asks. Plain HTTP on loopback.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use loket::web::serve::Listening;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub const CLIENT: &str = "loket-klien";
pub const CLIENT_SECRET: &str = "rahasia-klien";
/// The refresh token that the operator was given.
pub const REFRESH: &str = "penyegar-pertama";

type Fields = BTreeMap<String, String>;

pub struct TokenServer {
    port: u16,
    shared: Arc<Mutex<Books>>,
    stop: CancellationToken,
}

/// What the server knows, and how it behaves.
#[derive(Default)]
pub struct Books {
    /// Whose mailbox its tokens open.
    user: String,
    /// Refresh tokens that are good.
    pub refresh: Vec<String>,
    live: BTreeMap<String, bool>,
    /// Forms that came, without their secrets' values.
    pub asked: Vec<Fields>,
    /// Seconds a token lives, as told.
    pub life: Value,
    /// Each refresh token is good once, and another one comes with the answer.
    pub rotates: bool,
    /// Answers this instead.
    pub instead: Option<(u16, String)>,
    issued: usize,
}

impl TokenServer {
    pub async fn start(user: &str) -> Self {
        let books =
            Books { user: user.to_owned(), refresh: vec![REFRESH.to_owned()], life: json!(3600), ..Books::default() };
        let shared = Arc::new(Mutex::new(books));
        let router =
            Router::new().route("/token", post(sell)).route("/tokeninfo", get(tell)).with_state(shared.clone());
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listening = Listening::bind(loopback, None).await.expect("a free port");
        let port = listening.address().port();
        let stop = CancellationToken::new();
        tokio::spawn(listening.serve(router, stop.clone()));
        Self { port, shared, stop }
    }

    pub fn token_url(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }

    /// Where a mail server asks; the token is appended.
    pub fn tokeninfo_url(&self) -> String {
        format!("http://127.0.0.1:{}/tokeninfo?access_token=", self.port)
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.shared.lock().expect("nothing panics holding it")
    }

    pub fn sales(&self) -> usize {
        self.books().asked.len()
    }

    /// Every access token sold so far is void.
    pub fn revoke(&self) {
        self.books().live.values_mut().for_each(|live| *live = false);
    }

    /// The consent is withdrawn: no refresh token is good any more.
    pub fn withdraw(&self) {
        self.revoke();
        self.books().refresh.clear();
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn sell(State(shared): State<Arc<Mutex<Books>>>, Form(form): Form<Fields>) -> (StatusCode, String) {
    let mut books = shared.lock().expect("nothing panics holding it");
    books.asked.push(form.clone());
    if let Some((status, body)) = books.instead.clone() {
        return (StatusCode::from_u16(status).expect("a status"), body);
    }
    let refused = |code: &str| {
        let body = json!({"error": code, "error_description": "Consent of dimas@karangmulia.example ended"});
        (StatusCode::BAD_REQUEST, body.to_string())
    };
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("client_id") != CLIENT {
        return refused("invalid_client");
    }
    let mut answer = json!({"token_type": "Bearer", "expires_in": books.life});
    match field("grant_type") {
        "client_credentials" if field("client_secret") == CLIENT_SECRET => {}
        "client_credentials" => return refused("invalid_client"),
        "refresh_token" => {
            let Some(at) = books.refresh.iter().position(|known| known == field("refresh_token")) else {
                return refused("invalid_grant");
            };
            if books.rotates {
                let next = format!("penyegar-{}", books.asked.len());
                books.refresh[at].clone_from(&next);
                answer["refresh_token"] = next.into();
            }
        }
        _ => return refused("unsupported_grant_type"),
    }
    books.issued += 1;
    let token = format!("token-akses-{}-{:08x}", books.issued, getrandom::u32().expect("the system has randomness"));
    answer["access_token"] = token.clone().into();
    books.live.insert(token, true);
    (StatusCode::OK, answer.to_string())
}

async fn tell(State(shared): State<Arc<Mutex<Books>>>, Query(query): Query<Fields>) -> (StatusCode, String) {
    let books = shared.lock().expect("nothing panics holding it");
    let live = query.get("access_token").and_then(|token| books.live.get(token)).copied().unwrap_or(false);
    match live {
        true => (StatusCode::OK, json!({"email": books.user, "active": true}).to_string()),
        false => (StatusCode::UNAUTHORIZED, json!({"error": "invalid_token"}).to_string()),
    }
}
