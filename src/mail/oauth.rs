//! Access tokens for mail servers that take no password (XOAUTH2): bought at the token endpoint with a refresh token
//! (RFC 6749 §6) or with the client's own credentials (§4.4), and kept until shortly before they end. One purchase at a
//! time. A refusal is left alone for longer and longer, so that nobody asks in a circle.
//!
//! A refresh token that the endpoint exchanges for another one is put into the [`RefreshStore`] before the access token is used:
//! the old one may be void from then on. Time here only goes forward: a wall clock that jumps voids nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::https::{Address, Answer};
use crate::engine::port::{Fault, FaultKind};

/// A token is bought anew when no more than this, or a tenth of its life, is left.
const MARGIN: Duration = Duration::from_secs(60);
/// The life of a token whose answer names none (RFC 6749 §5.1 recommends it; most servers give an hour).
const USUAL_LIFE: u64 = 300;
const LONGEST_LIFE: u64 = 24 * 3600;
/// Far above any token, far below what a login line may have.
const LONGEST_TOKEN: usize = 16 * 1024;

/// How tokens are bought, as configured.
#[derive(Clone)]
pub struct TokenSettings {
    /// For sentences: `mailbox permohonan`, `courier`.
    pub of: String,
    /// The token endpoint: https, or http to this machine.
    pub endpoint: String,
    pub client_id: String,
    /// `None` for a public client.
    pub client_secret: Option<Zeroizing<String>>,
    pub grant: Grant,
    pub scope: Option<String>,
    /// PEM; trusted instead of the system's roots.
    pub ca_file: Option<PathBuf>,
    pub deadline: Duration,
}

/// What is shown to the endpoint.
#[derive(Clone)]
pub enum Grant {
    /// A refresh token, as the operator was given it.
    Refresh(Zeroizing<String>),
    /// The client's own credentials.
    Client,
}

/// Where a refresh token lies that replaced the operator's.
pub trait RefreshStore: Send + Sync {
    fn read(&self) -> Option<Zeroizing<String>>;

    /// Makes it last before it returns.
    fn keep(&self, token: &str) -> Result<(), Fault>;
}

/// Buys tokens and keeps the last one.
pub struct Tokens {
    settings: TokenSettings,
    address: Address,
    store: Option<Arc<dyn RefreshStore>>,
    now: Box<dyn Fn() -> Instant + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bought: Option<Bought>,
    /// The refresh token that replaced the configured one.
    refresh: Option<Zeroizing<String>>,
    /// The store could not keep it yet.
    unkept: bool,
    /// Purchases that failed, and tokens refused after another one was, in a row.
    failures: u32,
    /// The mail server has refused a token since it last took one.
    doubted: bool,
    /// Until then the last fault stands.
    refused: Option<(Instant, Fault)>,
}

struct Bought {
    token: Zeroizing<String>,
    until: Instant,
}

impl Tokens {
    /// Checks the settings; buys with the first login. Without a store a replaced refresh token lasts as long as this.
    ///
    /// # Errors
    /// Permanent: an endpoint that is no address or in the clear, an unreadable `ca_file`.
    pub fn new(settings: TokenSettings, store: Option<Arc<dyn RefreshStore>>) -> Result<Self, Fault> {
        Self::on_clock(settings, store, Box::new(Instant::now))
    }

    /// As [`Tokens::new`], by a clock of one's own.
    ///
    /// # Errors
    /// As [`Tokens::new`].
    pub fn on_clock(
        settings: TokenSettings,
        store: Option<Arc<dyn RefreshStore>>,
        now: Box<dyn Fn() -> Instant + Send + Sync>,
    ) -> Result<Self, Fault> {
        let address = Address::parse(&settings.endpoint, settings.ca_file.as_ref())
            .map_err(|why| Fault::permanent(format_args!("Cannot use the token endpoint of {}: {why}", settings.of)))?;
        let refresh = store.as_ref().and_then(|store| store.read());
        let state = Mutex::new(State { refresh, ..State::default() });
        Ok(Self { settings, address, store, now, state })
    }

    /// A token to log in with.
    ///
    /// # Errors
    /// As the endpoint says, or as it said last while it is left alone. Permanent where a person must act.
    pub async fn token(&self) -> Result<Zeroizing<String>, Fault> {
        let mut state = self.state.lock().await;
        if state.unkept {
            self.keep(&mut state);
        }
        let now = (self.now)();
        if let Some(bought) = state.bought.as_ref().filter(|bought| now < bought.until) {
            return Ok(bought.token.clone());
        }
        if let Some((until, fault)) = &state.refused
            && now < *until
        {
            return Err(fault.clone());
        }
        match self.buy(&mut state).await {
            Ok(token) => {
                state.refused = None;
                Ok(token)
            }
            Err(fault) => {
                state.leave_alone(fault.clone(), (self.now)());
                Err(fault)
            }
        }
    }

    /// The mail server took the token.
    pub async fn accepted(&self) {
        let mut state = self.state.lock().await;
        (state.failures, state.doubted) = (0, false);
    }

    /// The mail server refuses this token: it was revoked, or never good for this mailbox. Says what to tell the operator.
    pub async fn refused(&self, token: &str, server: &str) -> Fault {
        let mut state = self.state.lock().await;
        let held = state.bought.take_if(|bought| *bought.token == token).is_some();
        // The first may have been revoked; a second one in a row is no better, and neither will be a third.
        if held && std::mem::replace(&mut state.doubted, true) {
            let fault = Fault::permanent(format_args!(
                "{server} refuses a fresh access token of the {}. Check `user`, `scope` and what the client may do",
                self.settings.of
            ));
            state.leave_alone(fault.clone(), (self.now)());
            return fault;
        }
        Fault::transient(format_args!("{server} refuses an access token before its end; a new one is bought"))
    }

    async fn buy(&self, state: &mut State) -> Result<Zeroizing<String>, Fault> {
        let form = self.form(state.refresh.as_ref());
        let kind = "application/x-www-form-urlencoded";
        let answer = self.address.post(kind, form.as_bytes().to_vec(), self.settings.deadline).await?;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if answer.status != 200 {
            return Err(self.refusal(&answer, &told));
        }
        let token = told["access_token"].as_str().filter(|token| is_token(token));
        let token = token
            .map(|token| Zeroizing::new(token.to_owned()))
            .ok_or_else(|| Fault::transient(format_args!("{} answers without an access token", self.address.name())))?;
        if let Some(next) = told["refresh_token"].as_str().filter(|next| is_token(next)) {
            self.replace(state, next);
        }
        let life = Duration::from_secs(life_of(&told));
        let until = (self.now)() + life - MARGIN.min(life / 10);
        state.bought = Some(Bought { token: token.clone(), until });
        Ok(token)
    }

    fn form(&self, replaced: Option<&Zeroizing<String>>) -> Zeroizing<String> {
        let settings = &self.settings;
        let mut form = form_urlencoded::Serializer::new(String::with_capacity(4096));
        match &settings.grant {
            Grant::Refresh(configured) => {
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("refresh_token", replaced.unwrap_or(configured));
            }
            Grant::Client => {
                form.append_pair("grant_type", "client_credentials");
            }
        }
        form.append_pair("client_id", &settings.client_id);
        if let Some(secret) = &settings.client_secret {
            form.append_pair("client_secret", secret);
        }
        if let Some(scope) = &settings.scope {
            form.append_pair("scope", scope);
        }
        Zeroizing::new(form.finish())
    }

    /// Puts a refresh token that replaced ours away before anything else is done.
    fn replace(&self, state: &mut State, next: &str) {
        let known = match (&state.refresh, &self.settings.grant) {
            (Some(known), _) | (None, Grant::Refresh(known)) => known.as_str() == next,
            (None, Grant::Client) => return,
        };
        if known {
            return;
        }
        state.refresh = Some(Zeroizing::new(next.to_owned()));
        self.keep(state);
    }

    /// What cannot be kept works until the next start, when the operator would have to sign in again: each login tries anew.
    fn keep(&self, state: &mut State) {
        let Some((store, token)) = self.store.as_ref().zip(state.refresh.as_ref()) else { return };
        let kept = store.keep(token);
        state.unkept = kept.is_err();
        if let Err(fault) = kept {
            tracing::error!(of = self.settings.of, "a new refresh token cannot be kept: {fault}");
        }
    }

    /// RFC 6749 §5.2. Only the code is told on: descriptions may name people.
    fn refusal(&self, answer: &Answer, told: &Value) -> Fault {
        let code = told["error"].as_str().unwrap_or_default();
        let known = !code.is_empty() && code.len() <= 40 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let (name, of) = (self.address.name(), &self.settings.of);
        if !known || !matches!(answer.status, 400 | 401 | 403) || code == "temporarily_unavailable" {
            return Fault::transient(format_args!(
                "{name} gives no access token for the {of} (status {})",
                answer.status
            ));
        }
        let what_to_do = match code {
            "invalid_grant" => "The consent was withdrawn or has ended: sign in again and give the new refresh token",
            "invalid_client" | "unauthorized_client" => {
                "Check `client_id` and the client's secret, which may have ended"
            }
            "invalid_scope" => "Check `scope`",
            _ => "Check the table `oauth`",
        };
        Fault::permanent(format_args!("{name} gives no access token for the {of}: {code}. {what_to_do}"))
    }
}

impl State {
    /// A refusal that may pass is left alone for 5 s to 5 min, one that a person must mend for 1 to 15 min.
    fn leave_alone(&mut self, fault: Fault, now: Instant) {
        let (first, longest) = if fault.kind == FaultKind::Permanent { (60, 900) } else { (5, 300) };
        let pause = (first << self.failures.min(10)).min(longest);
        self.failures += 1;
        self.refused = Some((now + Duration::from_secs(pause), fault));
    }
}

/// Visible ASCII alone (RFC 6749 appendix A.12), so that no token adds a word to a login.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_TOKEN && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Seconds; some servers write the number in quotes.
fn life_of(told: &Value) -> u64 {
    let life = &told["expires_in"];
    let life = life.as_u64().or_else(|| life.as_str()?.parse().ok());
    life.unwrap_or(USUAL_LIFE).clamp(1, LONGEST_LIFE)
}
