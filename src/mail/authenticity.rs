//! What proves that a mail comes from the mailbox it names: our own server's verdict (`Authentication-Results`, RFC 8601)
//! or our own server's log-in (`Received … with ESMTPSA`, RFC 3848). Anyone can write either line, so only the topmost
//! counts, and only in the name of the server the office configured (THREATS rows 1 and 2). What the sender's own domain
//! says is [`super::proof`]'s. A proven mailbox is not yet a right to an account.

use serde::{Deserialize, Serialize};

use super::headers::{Headers, without_comments};
use super::proof::{SenderProof, signatures_count};
use crate::sop::names::Address;

/// Whose word is taken. Empty: nobody's, and every mail is unproven.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// The name our border server signs its `Authentication-Results` with.
    pub authserv_id: Option<String>,
    /// The host people of the office hand in their mail at, after logging in.
    pub submission_host: Option<String>,
    /// That host takes no envelope in another name than the log-in's, so its line need not say whose it was: the Return-Path
    /// that our own delivery writes on top does.
    pub submission_checks_sender: bool,
    /// Whether our servers' word is enough, or the sender's domain is asked too.
    pub proof: SenderProof,
    /// Domains of forwarders whose ARC seal is believed (RFC 8617).
    pub forwarders: Vec<String>,
}

/// What stands behind an authenticated mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Dmarc,
    /// A signature of the sender's own domain.
    Dkim,
    /// An envelope of the sender's own domain from one of its servers.
    Spf,
    /// Handed in at our own server by somebody who had logged in.
    Submission,
    /// A forwarder the office trusts sealed that it was proven when it came by.
    Arc,
}

/// What is known of a mail's sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authenticity {
    Authenticated {
        how: How,
    },
    /// Somebody we trust says that the mail is not what it claims.
    Failed {
        why: String,
    },
    /// It names no sender, or several, or was handed in under another name. Nothing can prove such a mail.
    Contradicted {
        why: String,
    },
    /// Nothing we trust says anything.
    None,
}

impl Authenticity {
    pub fn is_authenticated(&self) -> bool {
        matches!(self, Self::Authenticated { .. })
    }

    /// What speaks against the sender.
    pub fn objection(&self) -> Option<&str> {
        match self {
            Self::Failed { why } | Self::Contradicted { why } => Some(why),
            Self::Authenticated { .. } | Self::None => None,
        }
    }

    pub(super) fn failed(why: &str) -> Self {
        Self::Failed { why: why.to_owned() }
    }

    fn contradicted(why: &str) -> Self {
        Self::Contradicted { why: why.to_owned() }
    }
}

/// Judges the sender by our own servers' word. `from` are the addresses of all From fields; `single` says that there is one field with one plain
/// address.
pub fn judge(headers: &Headers, from: &[Address], single: bool, trust: &Trust) -> Authenticity {
    let sender = match from {
        [sender] if single => sender,
        [] => return Authenticity::contradicted("the mail names no sender"),
        _ => return Authenticity::contradicted("the mail names more than one sender"),
    };
    match submission(headers, sender, trust) {
        Authenticity::None => results(headers, sender, trust),
        known => known,
    }
}

/// The first hop that is not local delivery must be our submission host's, with log-in over TLS by the very mailbox that the
/// mail names. Whose log-in it was, servers tell only where they are told to.
fn submission(headers: &Headers, sender: &Address, trust: &Trust) -> Authenticity {
    let Some(own) = &trust.submission_host else { return Authenticity::None };
    for received in headers.all("received") {
        let plain = without_comments(received);
        let word = |key: &str| clause(&plain, key);
        if !word("by").is_some_and(|by| by.eq_ignore_ascii_case(own)) {
            return Authenticity::None;
        }
        match word("with").unwrap_or_default().to_ascii_uppercase().as_str() {
            "LMTP" | "LMTPS" => continue,
            "ESMTPSA" | "UTF8SMTPSA" => {}
            _ => return Authenticity::None,
        }
        return match logins(received).as_slice() {
            [login] if login.eq_ignore_ascii_case(sender.as_str()) => {
                Authenticity::Authenticated { how: How::Submission }
            }
            [login] if login.contains('@') => {
                Authenticity::contradicted("the mail was handed in by another mailbox than it names")
            }
            [_, _, ..] => Authenticity::contradicted("the mail's trace names more than one log-in"),
            _ if trust.submission_checks_sender => enveloped(headers, sender),
            _ => Authenticity::None,
        };
    }
    Authenticity::None
}

/// Of a mail whose envelope sender is sure to be the log-in's. A server that checks it leaves From to the writer, who may put
/// any name there.
fn enveloped(headers: &Headers, sender: &Address) -> Authenticity {
    match envelope_sender(headers) {
        Some(login) if login.same_mailbox(sender) => Authenticity::Authenticated { how: How::Submission },
        Some(_) => Authenticity::contradicted("the mail was handed in by another mailbox than it names"),
        None => Authenticity::None,
    }
}

/// As our own delivery wrote it, above all trace lines: further down it came with the mail.
fn envelope_sender(headers: &Headers) -> Option<Address> {
    let mut above = headers.fields.iter().take_while(|field| !field.name.eq_ignore_ascii_case("received"));
    let path = above.find(|field| field.name.eq_ignore_ascii_case("return-path"))?;
    Address::parse(path.value.trim_start_matches('<').trim_end_matches('>'))
}

/// The word after `by`, `with` or another key of a Received line. How the client called itself is no key, whatever it is.
pub(super) fn clause<'a>(received: &'a str, key: &str) -> Option<&'a str> {
    let before_date = received.rsplit_once(';').map_or(received, |(clauses, _)| clauses);
    let mut words = before_date.split_whitespace().peekable();
    if words.next_if(|word| word.eq_ignore_ascii_case("from")).is_some() {
        words.next();
    }
    words.find(|w| w.eq_ignore_ascii_case(key))?;
    words.next()
}

/// Postfix tells who logged in, once: `(Authenticated sender: budi@kantor.example)`. A client's certificate may say the same.
fn logins(received: &str) -> Vec<&str> {
    let told = received.split("(Authenticated sender: ").skip(1);
    told.filter_map(|rest| rest.split(')').next()).map(str::trim).collect()
}

fn results(headers: &Headers, sender: &Address, trust: &Trust) -> Authenticity {
    let Some(id) = &trust.authserv_id else { return Authenticity::None };
    let mut foreign = false;
    for field in &headers.fields {
        if field.name.eq_ignore_ascii_case("received") {
            let plain = without_comments(&field.value);
            let with = clause(&plain, "with").unwrap_or_default().to_ascii_uppercase();
            // Nobody delivers by LMTP from outside (RFC 2033 §5): such a hop is the house's own, whatever it is called.
            let delivery = with.starts_with("LMTP");
            // Whoever logged in (RFC 3848: a type that ends in A) wrote all that stands below.
            let handed_in = with.ends_with('A');
            foreign |= !delivery && (handed_in || clause(&plain, "by").is_some_and(|by| is_foreign(by, id)));
        }
        if field.name.eq_ignore_ascii_case("authentication-results") {
            let verdict = Verdict::parse(&field.value);
            if verdict.server.eq_ignore_ascii_case(id) {
                // Below another server's trace line, or below a log-in, it came with the mail. A server passes any signature that holds; what it
                // covers is looked at here.
                let stands = || verdict.has_envelope_of(sender.domain()) || signatures_count(headers, sender.domain());
                return match verdict.judge(sender.domain()) {
                    _ if foreign => Authenticity::None,
                    Authenticity::Authenticated { .. } if !stands() => Authenticity::None,
                    judged => judged,
                };
            }
        }
    }
    Authenticity::None
}

/// Whether a trace line was written outside our house. Hops named by number or by a bare host name are internal steps;
/// everything else must share the border server's domain.
pub(super) fn is_foreign(by: &str, id: &str) -> bool {
    let by = by.trim_end_matches('.').to_ascii_lowercase();
    let id = id.to_ascii_lowercase();
    let numeric = by.starts_with('[') || by.contains(':') || by.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let house = match id.split_once('.') {
        Some((_, domain)) if domain.contains('.') => domain,
        _ => id.as_str(),
    };
    !(numeric || !by.contains('.') || by == id || by == house || by.ends_with(&format!(".{house}")))
}

/// What a server reports of a sender at `domain` in an `Authentication-Results` value.
pub(super) fn reported(value: &str, domain: &str) -> Authenticity {
    Verdict::parse(value).judge(domain)
}

/// One parsed `Authentication-Results` value.
struct Verdict {
    server: String,
    methods: Vec<Checked>,
}

struct Checked {
    method: String,
    result: String,
    /// `header.d=…`, `smtp.mailfrom=…`
    properties: Vec<(String, String)>,
}

impl Checked {
    fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn domain(&self, name: &str) -> Option<&str> {
        self.property(name).map(|v| v.rsplit_once('@').map_or(v, |(_, domain)| domain))
    }
}

impl Verdict {
    fn parse(value: &str) -> Self {
        let plain = without_comments(value).replace(" =", "=").replace("= ", "=");
        let mut pieces = split_outside_quotes(&plain, |c| c == ';').into_iter();
        let first = pieces.next().unwrap_or_default();
        let server = first.split_whitespace().next().unwrap_or_default().trim_matches('"').to_owned();
        let methods = pieces.take(64).filter_map(|piece| Checked::parse(&piece)).collect();
        Self { server, methods }
    }

    fn has_envelope_of(&self, domain: &str) -> bool {
        let passed = self.methods.iter().filter(|m| m.method == "spf" && m.result == "pass");
        passed.filter_map(|m| m.domain("smtp.mailfrom")).any(|named| named.eq_ignore_ascii_case(domain))
    }

    fn judge(&self, domain: &str) -> Authenticity {
        let all = |method: &'static str| self.methods.iter().filter(move |m| m.method == method);
        let passed = |method: &'static str| all(method).filter(|m| m.result == "pass");
        let failed = |method: &'static str| all(method).any(|m| m.result == "fail" || m.result == "hardfail");
        if failed("dmarc") {
            return Authenticity::failed("the sender's domain disowns the mail (DMARC)");
        }
        let same = |named: Option<&str>| named.is_some_and(|named| named.eq_ignore_ascii_case(domain));
        if passed("dmarc").any(|m| m.property("header.from").is_none() || same(m.domain("header.from"))) {
            return Authenticity::Authenticated { how: How::Dmarc };
        }
        if passed("dkim").any(|m| covers(m.domain("header.d").or_else(|| m.domain("header.i")), domain)) {
            return Authenticity::Authenticated { how: How::Dkim };
        }
        if self.has_envelope_of(domain) {
            return Authenticity::Authenticated { how: How::Spf };
        }
        if failed("dkim") || failed("spf") {
            return Authenticity::failed("the sender's domain does not stand behind the mail (DKIM, SPF)");
        }
        Authenticity::None
    }
}

/// Relaxed alignment (RFC 7489, 3.1.1): the signing domain is the sender's or one above it, but no public suffix.
pub(super) fn covers(signer: Option<&str>, domain: &str) -> bool {
    let Some(signer) = signer.map(str::to_ascii_lowercase) else { return false };
    let domain = domain.to_ascii_lowercase();
    domain == signer || (signer.split('.').count() >= 3 && domain.ends_with(&format!(".{signer}")))
}

impl Checked {
    fn parse(piece: &str) -> Option<Self> {
        let pieces = split_outside_quotes(piece, char::is_whitespace);
        let mut words = pieces.iter().map(String::as_str).filter(|word| !word.is_empty());
        let (method, result) = words.next()?.split_once('=')?;
        let method = method.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let pair = |word: &str| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_ascii_lowercase(), value.trim_matches('"').to_owned()))
        };
        let properties = words.take(64).filter_map(pair).collect();
        Some(Self { method, result: result.to_ascii_lowercase(), properties })
    }
}

/// A quoted string ends at a quote that no backslash stands before (RFC 5322, 3.2.4).
fn split_outside_quotes(text: &str, separates: impl Fn(char) -> bool) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if separates(c) && !quoted {
            pieces.push(String::new());
            continue;
        }
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && quoted && !escaped;
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces
}

#[cfg(test)]
#[path = "authenticity_tests.rs"]
mod tests;
