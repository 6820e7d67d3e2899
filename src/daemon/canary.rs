//! The canary: a mail that Loket sends to itself and waits for, so that somebody notices when letters leave and never
//! arrive, or mail arrives and is never seen. It is known by a mark that only this office's key makes, by being
//! awaited, by its sender and by where it arrives; it opens no case, and once it is back it is taken away. Whatever else
//! claims to be one, or tells of one that did not arrive, is ordinary mail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::alarm::facts::CanaryFacts;
use crate::config::alarms::CanaryConfig;
use crate::engine::Engine;
use crate::engine::port::{Arrival, ArrivalBody, Origin, Outgoing};
use crate::mail::headers::Headers;
use crate::mail::message::{Inbound, Reception};
use crate::sop::names::Address;

/// Canaries awaited at a time; the oldest and the newest ones are remembered.
const MOST_OUT: usize = 64;
/// In the subject, before the nonce and the mark.
const OPENING: &str = "[kenari ";

/// Sends canaries, knows those that are out, and takes those that are back out of the mail.
pub struct Canary {
    engine: Arc<Engine>,
    from: Address,
    to: Address,
    /// Mailboxes that receive `to`, by name; empty where none is known to.
    arrives_in: Vec<String>,
    every: Duration,
    within: TimeDelta,
    fail_watchdog: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Nonces of those that are out, oldest first.
    out: Vec<(String, DateTime<Utc>)>,
    /// Nonces of those that a later one overtook; they may still come.
    overtaken: VecDeque<String>,
    back_at: Option<DateTime<Utc>>,
    trip: Option<TimeDelta>,
}

impl Canary {
    /// `from` is what our letters come from; `mailboxes` are names with the addresses that each is known to receive.
    pub fn new(
        engine: Arc<Engine>,
        config: &CanaryConfig,
        from: &Address,
        mailboxes: impl IntoIterator<Item = (String, Vec<Address>)>,
    ) -> Self {
        let to = config.address.clone().unwrap_or_else(|| from.clone());
        let receives = |known: &[Address]| known.iter().any(|address| address.same_mailbox(&to));
        let arrives_in = mailboxes.into_iter().filter(|(_, known)| receives(known)).map(|(name, _)| name).collect();
        Self {
            engine,
            from: from.clone(),
            to,
            arrives_in,
            every: Duration::from_secs(config.every_seconds.into()),
            within: TimeDelta::seconds(config.within_seconds.into()),
            fail_watchdog: config.fail_watchdog,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the state is held; should it, its list is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends canaries until `stop`. One that cannot be sent is one that does not come back.
    pub async fn keep(&self, stop: &CancellationToken) {
        let mut round = tokio::time::interval(self.every);
        round.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = round.tick() => {}
            }
            let canary = self.release();
            tokio::select! {
                () = stop.cancelled() => return,
                sent = self.engine.courier.send(&canary) => if let Err(fault) = sent {
                    tracing::warn!("a canary could not be sent: {fault}");
                },
            }
        }
    }

    /// Writes the next canary and waits for it from now on.
    pub fn release(&self) -> Outgoing {
        let mut bytes = [0u8; 8];
        self.engine.random.fill(&mut bytes);
        let nonce = format!("{:016x}", u64::from_be_bytes(bytes));
        let now = self.engine.clock.now();
        let mut state = self.state();
        if state.out.len() >= MOST_OUT {
            // The oldest tells since when mail does not flow.
            state.out.remove(1);
        }
        state.out.push((nonce.clone(), now));
        Outgoing {
            message_id: self.message_id(&nonce),
            to: vec![self.to.clone()],
            bcc: Vec::new(),
            waits_for_copies: false,
            subject: self.subject(&nonce),
            body: "Loket mengirim surel ini kepada dirinya sendiri untuk mengetahui bahwa surel mengalir. Abaikan.\n\
                   Loket sends this mail to itself to know that mail flows. Ignore it.\n"
                .to_owned(),
            in_reply_to: None,
            references: Vec::new(),
            auto_submitted: true,
            date: now,
            enclosures: Vec::new(),
        }
    }

    fn message_id(&self, nonce: &str) -> String {
        let mark = self.mark(nonce);
        format!("loket.kenari.{nonce}.{mark}@{}", self.engine.office.mail_domain).to_lowercase()
    }

    fn subject(&self, nonce: &str) -> String {
        format!("Loket: uji jalur surel {OPENING}{nonce}.{}]", self.mark(nonce))
    }

    fn mark(&self, nonce: &str) -> String {
        self.engine.keys.messages.mark("kenari", nonce)
    }

    /// Takes the canaries that are back out of a batch; the rest is ordinary mail.
    pub fn pick(&self, batch: Vec<Arrival>) -> (Vec<Arrival>, Vec<Origin>) {
        let (back, rest): (Vec<Arrival>, Vec<Arrival>) = batch.into_iter().partition(|arrival| self.is_back(arrival));
        (rest, back.into_iter().map(|arrival| arrival.origin).collect())
    }

    fn is_back(&self, arrival: &Arrival) -> bool {
        let ArrivalBody::Raw(raw) = &arrival.body else { return false };
        let Some(nonce) = self.canary_in(raw).filter(|_| self.may_arrive_in(&arrival.origin.mailbox)) else {
            return false;
        };
        let now = self.engine.clock.now();
        let mut state = self.state();
        if let Some(at) = state.overtaken.iter().position(|overtaken| *overtaken == nonce) {
            state.overtaken.remove(at);
            return true;
        }
        let Some(at) = state.out.iter().position(|(out, _)| *out == nonce) else { return false };
        let (_, sent) = state.out.remove(at);
        // Those sent before it tell nothing more: the way is open.
        let overtaken: Vec<String> = state.out.drain(..at).map(|(nonce, _)| nonce).collect();
        state.overtaken.extend(overtaken);
        let most = state.overtaken.len().saturating_sub(MOST_OUT);
        state.overtaken.drain(..most);
        (state.back_at, state.trip) = (Some(now), Some(now - sent));
        true
    }

    /// The nonce of a mail that is a canary itself. A bounce, a report or a person's forwarding quotes one and proves the opposite:
    /// none of them has our sender, our envelope, and our Message-ID or very subject at once.
    fn canary_in(&self, raw: &[u8]) -> Option<String> {
        let headers = Headers::read(raw);
        let nonce = headers.first("subject").and_then(named)?.to_owned();
        let inbound = Inbound::read(headers.bytes, &Reception::default());
        let kind = headers.first("content-type").unwrap_or_default().trim_start().to_ascii_lowercase();
        let is_ours = inbound.sender().is_some_and(|from| from.same_mailbox(&self.from));
        let is_notice = inbound.null_return_path || kind.starts_with("multipart/report");
        let is_answer = !inbound.in_reply_to.is_empty();
        // Some servers give a Message-ID of their own, some write words before a subject; none does both and is believed.
        let own_id = inbound.message_id.is_some_and(|id| id.eq_ignore_ascii_case(&self.message_id(&nonce)));
        let is_itself = own_id || inbound.subject == self.subject(&nonce);
        (is_ours && !is_notice && !is_answer && is_itself).then_some(nonce)
    }

    fn may_arrive_in(&self, mailbox: &str) -> bool {
        self.arrives_in.is_empty() || self.arrives_in.iter().any(|name| name == mailbox)
    }

    pub fn facts(&self) -> CanaryFacts {
        let now = self.engine.clock.now();
        let state = self.state();
        let lost = state.out.first().map(|(_, sent)| *sent).filter(|sent| now - *sent > self.within);
        CanaryFacts { lost_since: lost, back_at: state.back_at, trip: state.trip }
    }

    /// Whether the watchdog may be stroked.
    pub fn is_well(&self) -> bool {
        !self.fail_watchdog || self.facts().lost_since.is_none()
    }
}

/// The nonce that a subject names.
fn named(subject: &str) -> Option<&str> {
    let (_, rest) = subject.split_once(OPENING)?;
    Some(rest.split_once('.')?.0)
}
