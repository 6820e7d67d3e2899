//! What a request brings, read once: the person's language, their device, their address, the form they sent.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use zeroize::Zeroize;

use super::answer::Typed;
use super::client;
use super::counter::Later;
use super::oops::Oops;
use super::pages::{Frame, OpenFor, Tab};
use super::rate::network;
use super::session::Device;
use super::site::Site;
use super::view::Admin;
use crate::sop::names::Language;

/// The peer of a connection, put there by the server.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// The cookie that keeps the chosen language.
pub const LANGUAGE_COOKIE: &str = "loket_bahasa";
/// Its name where pages come over TLS: bound to this host.
pub const LANGUAGE_COOKIE_OVER_TLS: &str = "__Host-loket_bahasa";

/// A form's largest size in bytes.
pub const FORM_LIMIT: usize = 64 * 1024;

/// A request as the handlers see it.
pub struct Asked {
    pub site: Arc<Site>,
    pub now: DateTime<Utc>,
    pub lang: Language,
    pub query: Vec<(String, String)>,
    pub from: IpAddr,
    /// Value of the device's cookie.
    pub cookie: Option<String>,
}

impl Asked {
    /// What a request brings, before anybody looks whether its device may still be open.
    pub fn read(parts: &Parts, site: &Arc<Site>) -> Self {
        let query = pairs(&parts.uri);
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Self {
            now: site.clock.now(),
            lang: language(&parts.headers, &query).unwrap_or(site.office.default_language),
            query,
            from: client::address(peer, &parts.headers, &site.trusted),
            cookie: cookie(&parts.headers, site.base.cookie_name()),
            site: Arc::clone(site),
        }
    }

    /// The value of a query key; the last one counts.
    pub fn asked_for(&self, key: &str) -> Option<&str> {
        self.query.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// A frame for the page at `here`.
    pub fn frame(&self, here: impl Into<String>) -> Frame<'_> {
        Frame::new(&self.site.office, self.lang, here)
    }

    /// A frame with navigation for whoever opened this device.
    pub fn frame_for(&self, who: &Who, here: impl Into<String>) -> Frame<'_> {
        self.frame_in(Tab::Desk, who, here)
    }

    /// The same under another tab than the desk's.
    pub fn frame_in(&self, tab: Tab, who: &Who, here: impl Into<String>) -> Frame<'_> {
        let open_for = OpenFor { name: who.admin.name.clone(), role: who.admin.role, until: who.until };
        self.frame(here).signed_in(tab, open_for)
    }

    pub fn device(&self) -> Device {
        match &self.cookie {
            Some(id) => self.site.sessions.look(id, self.now),
            None => Device::Unknown,
        }
    }

    /// Ends what a device was opened for where that no longer holds: its person was enrolled anew, revoked or given another role.
    async fn end_outlived(&self) -> Result<(), Oops> {
        let (Some(cookie), Device::Open { admin, .. } | Device::Locked { admin, .. }) = (&self.cookie, self.device())
        else {
            return Ok(());
        };
        if !self.site.counter.stands(&admin).await? {
            let admin = admin.address.masked();
            tracing::info!(security = "session_ended", admin, "a device was locked: its person's enrolment changed");
            self.site.sessions.close(cookie);
        }
        Ok(())
    }

    /// The admin this device is open for.
    pub fn who(&self) -> Option<Who> {
        match self.device() {
            Device::Open { admin, until } => Some(Who { admin, until }),
            Device::Locked { .. } | Device::Unknown => None,
        }
    }

    /// Charges one guess to the client; [`Asked::was_honest`] gives it back.
    pub fn charge(&self) -> Result<(), Oops> {
        self.site.guard.charge(network(self.from), self.now).map_err(Oops::TooMany)
    }

    /// The same for a guess at a link. Whoever holds a good one waits for no others, as does who was right lately; every
    /// other link, whatever became of it, is answered like an invented one.
    pub async fn charge_for<V>(&self, link: Later<'_, Option<V>>) -> Result<(), Oops> {
        let whom = network(self.from);
        let Err(wait) = self.site.guard.charge(whom, self.now) else { return Ok(()) };
        self.site.guard.charge_alone(whom, self.now).map_err(Oops::TooMany)?;
        if link.await?.is_none() {
            return Err(Oops::TooMany(wait));
        }
        self.site.guard.know(whom, self.now);
        Ok(())
    }

    pub fn was_honest(&self) {
        self.site.guard.refund(network(self.from), self.now);
    }

    /// Charges one guess to what lies behind a good link, from whatever address; [`Asked::opened`] gives it back.
    pub fn charge_link(&self, token: &str) -> Result<(), Oops> {
        self.site.links.charge(Sha256::digest(token).into(), self.now).map_err(Oops::TooMany)
    }

    pub fn opened(&self, token: &str) {
        self.site.links.refund(Sha256::digest(token).into(), self.now);
    }
}

/// An admin at an open device.
pub struct Who {
    pub admin: Admin,
    pub until: DateTime<Utc>,
}

impl FromRequestParts<Arc<Site>> for Asked {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Oops> {
        let asked = Self::read(parts, site);
        asked.end_outlived().await?;
        Ok(asked)
    }
}

/// A form's fields, wiped when dropped: some hold codes and passwords.
pub struct Posted(Vec<(String, String)>);

impl Posted {
    /// The field without blanks around it; empty where it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.trim())
    }

    /// A field nothing prints, exactly as typed.
    pub fn typed(&self, name: &str) -> Typed {
        Typed::new(self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str()))
    }

    /// A code: blanks left out; `None` where nothing was typed.
    pub fn code(&self, name: &str) -> Option<Typed> {
        let typed = self.typed(name);
        let code: String = typed.expose().chars().filter(|c| !c.is_whitespace()).collect();
        (!code.is_empty()).then(|| Typed::new(code))
    }

    /// A code to hand on whatever was typed; an empty one is a wrong one.
    pub fn any_code(&self, name: &str) -> Typed {
        self.code(name).unwrap_or_else(|| Typed::new(""))
    }

    /// What a person proves themselves with: a code, else a browser's answer for a passkey, else a passphrase exactly as typed.
    pub fn proof(&self) -> Typed {
        let key = || Some(self.typed("kunci")).filter(|answer| answer.expose().starts_with('{'));
        self.code("kode").or_else(key).unwrap_or_else(|| self.typed("frasa"))
    }

    /// The same where it may be left out.
    pub fn some_proof(&self) -> Option<Typed> {
        let proof = self.proof();
        (!proof.expose().is_empty()).then_some(proof)
    }

    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect()
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

impl Drop for Posted {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

impl FromRequest<Arc<Site>> for Posted {
    type Rejection = Oops;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Oops> {
        let form = Form::<Vec<(String, String)>>::from_request(request, site).await;
        let Form(pairs) = form.map_err(|rejection| match rejection.status().as_u16() {
            413 => Oops::TooLarge,
            _ => Oops::Garbled,
        })?;
        let posted = Self(pairs);
        if posted.0.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Oops::Garbled);
        }
        Ok(posted)
    }
}

/// Name and value pairs of a query; what does not parse is an empty list.
fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::<Vec<(String, String)>>::try_from_uri(uri).map_or_else(|_| Vec::new(), |query| query.0)
}

fn language(headers: &HeaderMap, query: &[(String, String)]) -> Option<Language> {
    let code = |text: &str| [Language::Id, Language::En].into_iter().find(|l| l.code() == text);
    let asked = query.iter().rev().find(|(k, _)| k == "bahasa").and_then(|(_, v)| code(v));
    let kept = cookie(headers, LANGUAGE_COOKIE_OVER_TLS).or_else(|| cookie(headers, LANGUAGE_COOKIE));
    asked.or_else(|| kept.and_then(|v| code(&v)))
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut named = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    named.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}
