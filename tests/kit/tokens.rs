//! A token server inside the test (RFC 6749) that gives, rotates, revokes and refuses as it is told, and tells a mail server
//! whose a token is, as Dovecot's oauth2 passdb asks. Plain HTTP on loopback.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loket::engine::port::Fault;
use loket::mail::oauth::{Grant, RefreshStore, TokenSettings, Tokens};
use loket::web::serve::Listening;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::wait::in_time;

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

    /// Knows which tokens are good, for a mail server of the kit.
    pub fn porter(&self) -> Porter {
        Porter(self.shared.clone())
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

/// Lets in whoever shows a good token by XOAUTH2.
#[derive(Clone)]
pub struct Porter(Arc<Mutex<Books>>);

impl Porter {
    /// Explains a refusal, which the client has to answer before it is told: `{"status":"401"}`.
    pub const CHALLENGE: &'static str = "eyJzdGF0dXMiOiI0MDEifQ==";

    /// Whether these words, as they stand in base64 after AUTH or AUTHENTICATE, open the door.
    pub fn admits(&self, shown: &str) -> bool {
        let books = self.0.lock().expect("nothing panics holding it");
        let shown = STANDARD.decode(shown.trim()).ok().and_then(|shown| String::from_utf8(shown).ok());
        let token = shown.as_deref().and_then(|shown| {
            let rest = shown.strip_prefix(&format!("user={}\u{1}auth=Bearer ", books.user))?;
            rest.strip_suffix("\u{1}\u{1}")
        });
        token.is_some_and(|token| books.live.get(token) == Some(&true))
    }
}

/// How a client of the token server asks.
pub fn settings(endpoint: String, grant: Grant) -> TokenSettings {
    TokenSettings {
        of: "mailbox helpdesk".to_owned(),
        endpoint,
        client_id: CLIENT.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned().into()),
        grant,
        scope: Some("https://surel.example/.default".to_owned()),
        ca_file: None,
        deadline: Duration::from_secs(20),
    }
}

/// Tokens by a clock that is moved by hand.
pub struct Timed {
    tokens: Tokens,
    passed: Arc<AtomicU64>,
}

impl Timed {
    pub fn new(settings: TokenSettings, store: Option<Arc<dyn RefreshStore>>) -> Self {
        let (start, passed) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let seconds = passed.clone();
        let now = Box::new(move || start + Duration::from_secs(seconds.load(Ordering::SeqCst)));
        Self { tokens: Tokens::on_clock(settings, store, now).expect("sound settings"), passed }
    }

    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub async fn bought(&self) -> Result<String, Fault> {
        in_time("the token server", self.tokens.token()).await.map(|token| token.to_string())
    }

    pub fn later(&self, seconds: u64) {
        self.passed.fetch_add(seconds, Ordering::SeqCst);
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
