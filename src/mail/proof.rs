//! What the sender's own domain can prove of a mail, and how that is weighed beside our own server's word. Pure: the
//! signatures are checked and the names are asked in [`super::witness`].
//!
//! A signature counts for what it covers: an `l=` gives no trust, From, Subject and Date must be signed and stand there once,
//! and it grows old, because a signed mail can be sent again for ever (RFC 6376, 8.6; THREATS row 4).

use std::net::IpAddr;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::authenticity::{Authenticity, How, Trust, clause, is_foreign};
use super::headers::{Headers, without_comments};
use super::message::{Inbound, arrived, written};
use crate::sop::names::Address;

/// Whose word proves a sender.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderProof {
    /// Our own servers' alone. Asks no DNS.
    #[default]
    Server,
    /// The sender's domain's alone: DKIM, SPF, DMARC, ARC.
    Dkim,
    /// Our servers' or, where they say nothing good, the domain's.
    Either,
    /// Both must agree.
    Both,
}

/// What the sender's domain says of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Proven(How),
    /// The domain asks everyone to refuse what it does not vouch for, and does not vouch for this one (RFC 9989).
    Disowned,
    Nothing,
}

impl Said {
    /// Whether it is proven by something that a forwarded mail still bears.
    fn outlives_the_way(&self) -> bool {
        matches!(self, Self::Proven(how) if *how != How::Spf)
    }
}

/// A mail whose sender's domain is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub raw: &'a [u8],
    pub sender: &'a Address,
    /// By whose trace line the last server outside is known, for SPF.
    pub authserv_id: Option<&'a str>,
    pub forwarders: &'a [String],
    /// When our server took it in, and when it says it was written.
    pub received_at: Option<DateTime<Utc>>,
    pub date: Option<DateTime<Utc>>,
}

/// How long after its Date a mail may arrive signed: the five days servers try (RFC 5321, 4.5.4.1), and a weekend.
const FRESH: TimeDelta = TimeDelta::days(7);
/// How far ahead of us the clock of an honest sender may go.
const AHEAD: TimeDelta = TimeDelta::days(1);

impl<'a> Question<'a> {
    pub fn about(raw: &'a [u8], sender: &'a Address, mail: &Inbound, trust: &'a Trust) -> Self {
        let authserv_id = trust.authserv_id.as_deref();
        Self { raw, sender, authserv_id, forwarders: &trust.forwarders, received_at: mail.received_at, date: mail.date }
    }
}

impl SenderProof {
    /// Whether the sender's domain has to be asked, given our own servers' word.
    pub fn asks(self, server: &Authenticity) -> bool {
        if matches!(server, Authenticity::Contradicted { .. }) {
            return false;
        }
        match self {
            Self::Server => false,
            Self::Dkim => true,
            Self::Either => !server.is_authenticated(),
            Self::Both => server.is_authenticated(),
        }
    }

    /// What both together prove. A signature outweighs a border server that could not follow a forwarded mail; an envelope does
    /// not, since that server saw it come. A mail that contradicts itself is proven by nothing.
    pub fn settle(self, server: Authenticity, said: &Said) -> Authenticity {
        let domain = match said {
            Said::Proven(how) => Authenticity::Authenticated { how: *how },
            Said::Disowned => Authenticity::failed("the sender's domain disowns the mail (DMARC)"),
            Said::Nothing => Authenticity::None,
        };
        match (self, &server) {
            (_, Authenticity::Contradicted { .. }) | (Self::Server, _) => server,
            (Self::Dkim, _) => domain,
            (Self::Either, Authenticity::Authenticated { .. }) => server,
            (Self::Either, Authenticity::Failed { .. }) if !said.outlives_the_way() => server,
            (Self::Either, _) => domain,
            (Self::Both, Authenticity::Authenticated { .. }) => domain,
            (Self::Both, _) => server,
        }
    }
}

/// Whether a signature that covers these fields vouches for what a reader sees of the mail.
pub fn covers_what_counts(signed: &[String], headers: &Headers) -> bool {
    let once = |name| headers.all(name).count() == 1;
    let is_signed = |name: &str| signed.iter().any(|h| h.eq_ignore_ascii_case(name));
    let absent = |name| !headers.has(name);
    once("from")
        && once("date")
        && is_signed("from")
        && is_signed("date")
        && (absent("subject") || (once("subject") && is_signed("subject")))
}

/// Whether what a server says of signatures may be believed: which of them passed, it need not say, so all that it may have
/// taken for the sender's must vouch for all that counts, and be fresh. Where none stands there, nothing can be looked at,
/// and the server's word is all there is.
pub fn signatures_count(headers: &Headers, domain: &str) -> bool {
    let vouches = |value: &str| {
        let signed: Vec<String> = tag(value, "h").unwrap_or_default().split(':').map(str::to_owned).collect();
        tag(value, "l").is_none() && covers_what_counts(&signed, headers)
    };
    let mut own = headers.all("dkim-signature").filter(|value| is_own(value, domain)).peekable();
    own.peek().is_none() || (own.all(vouches) && is_fresh(written(headers), arrived(headers)))
}

/// Whether two domains may be one organisation's (RFC 7489, 3.1.1). Without a list of public suffixes, two labels in common
/// make them so: rather one signature too many is looked at.
pub fn are_related(signer: &str, domain: &str) -> bool {
    let tail = |name: &str| name.rsplit('.').take(2).map(str::to_ascii_lowercase).collect::<Vec<_>>();
    tail(signer) == tail(domain)
}

/// Whether the mail came within days of being written. Without a Date nothing says when that was.
pub fn is_fresh(date: Option<DateTime<Utc>>, received_at: Option<DateTime<Utc>>) -> bool {
    match (date, received_at) {
        (Some(date), Some(received)) => received - date <= FRESH && date - received <= AHEAD,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The last step from outside to our border server, as far as SPF needs it (RFC 7208).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Border {
    pub ip: IpAddr,
    pub helo: String,
    /// The envelope sender.
    pub mail_from: String,
}

/// Reads the step from the trace lines of our own house. `None` where they do not tell: by another way of writing them, by
/// another name, by a step inside the house that hides who came, or without a Return-Path above them. What stands below the
/// line of the step is the sender's to write, so none is passed over that may be it.
pub fn border(headers: &Headers, id: &str) -> Option<Border> {
    let mut mail_from = None;
    for field in &headers.fields {
        if field.name.eq_ignore_ascii_case("return-path") {
            mail_from.get_or_insert(field.value.trim_start_matches('<').trim_end_matches('>').trim());
        }
        if !field.name.eq_ignore_ascii_case("received") {
            continue;
        }
        let plain = without_comments(&field.value);
        let by = clause(&plain, "by")?;
        if is_foreign(by, id) {
            return None;
        }
        let with = clause(&plain, "with").unwrap_or_default().to_ascii_uppercase();
        if is_inner(&field.value, &with) {
            continue;
        }
        let (helo, ip) = client(&field.value)?;
        // A filter on the same machine. Whoever logged in, as a webmail does, wrote all that stands below.
        if ip.is_loopback() && !with.ends_with('A') {
            continue;
        }
        if !by.eq_ignore_ascii_case(id) || !is_outside(ip) {
            return None;
        }
        let mail_from = mail_from.filter(|from| from.contains('@'))?;
        return Some(Border { ip, helo: helo.to_owned(), mail_from: mail_from.to_owned() });
    }
    None
}

/// A step that nobody takes from outside: delivery by LMTP (RFC 2033, 5), or a program of the server's own that hands a mail
/// in, of which no client is told.
fn is_inner(received: &str, with: &str) -> bool {
    let clientless = received.split_ascii_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("by"));
    clientless || with == "LOCAL" || with.starts_with("LMTP")
}

/// `from HELO (name [address])` to the letter, as Postfix and Sendmail write it: the HELO is the client's own words, so
/// nothing in it may be taken for the address. qmail puts it into the brackets.
fn client(received: &str) -> Option<(&str, IpAddr)> {
    let mut words = received.split_ascii_whitespace();
    if !words.next()?.eq_ignore_ascii_case("from") {
        return None;
    }
    let helo = words.next()?;
    let open = words.next()?.strip_prefix('(')?;
    if ["HELO", "EHLO", "LHLO"].iter().any(|greeting| open.eq_ignore_ascii_case(greeting)) {
        return None;
    }
    let address = if open.starts_with('[') { open } else { words.next()? };
    let address = address.strip_prefix('[')?.trim_end_matches(')').strip_suffix(']')?;
    let address: IpAddr = address.strip_prefix("IPv6:").unwrap_or(address).parse().ok()?;
    Some((helo, address.to_canonical()))
}

fn is_outside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !(v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified()),
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
    }
}

/// Names a signed mail by its signatures, so that it is known again whatever was written around it. Which of them proved it is
/// not known, and others are easily written above: so each counts that may have been taken for the sender's, and every forwarder's
/// seal. They do under the sender's address, else a copied one could stand for somebody else's mail.
pub fn signature_keys(headers: &Headers, sender: &Address) -> Vec<String> {
    let own = headers.all("dkim-signature").filter(|value| is_own(value, sender.domain()));
    let values = own.chain(headers.all("arc-message-signature"));
    let name = sender.as_str().to_lowercase();
    values.filter_map(|value| tag(value, "b")).map(|b| format!("signature:{name}:{}", fingerprint(&b))).collect()
}

/// Whether a signature may be taken for one of the domain's organisation.
fn is_own(signature: &str, domain: &str) -> bool {
    tag(signature, "d").is_some_and(|signer| are_related(&signer, domain))
}

/// A tag of a signature without its blanks (RFC 6376, 3.2).
fn tag(value: &str, name: &str) -> Option<String> {
    let tags = value.split(';').filter_map(|tag| tag.split_once('='));
    let (_, found) = tags.into_iter().find(|(n, _)| n.trim() == name)?;
    Some(found.split_whitespace().collect())
}

/// Of the signature's bytes: base64 can write the same ones in several ways.
fn fingerprint(b: &str) -> String {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let letters: String = b.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/')).collect();
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, config).decode(&letters).unwrap_or(letters.into_bytes());
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
