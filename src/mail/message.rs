//! One mail's envelope of facts, from its bounded header section alone (RFC 5322): who, when, in which thread, written by a
//! person or not, proven or not. The body stays untouched. Parsed once here, trusted by type afterwards.

use chrono::{DateTime, Utc};
use mail_parser::{HeaderName, MessageParser};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::authenticity::{self, Authenticity, Trust};
use super::automatic::{self, Automatic};
use super::headers::Headers;
use crate::sop::names::{Address, CaseNumber, Sha256Hex};

/// What the office's configuration says about its own mail.
#[derive(Debug, Clone, Default)]
pub struct Reception {
    /// Of case numbers, such as `LPSE`.
    pub prefix: String,
    /// Addresses this program sends from.
    pub own: Vec<Address>,
    pub trust: Trust,
}

/// One mail as its headers describe it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// Decoded, one line, at most 300 characters.
    pub subject: String,
    /// Of all From fields; a mail that can be worked on has exactly one.
    pub from: Vec<Address>,
    /// The name the sender gives themselves. Shown, never believed.
    pub sender_name: Option<String>,
    pub reply_to: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub date: Option<DateTime<Utc>>,
    /// Topmost `Received`, else `Date`.
    pub received_at: Option<DateTime<Utc>>,
    /// Message-IDs without angle brackets.
    pub in_reply_to: Vec<String>,
    pub references: Vec<String>,
    pub null_return_path: bool,
    /// `[LPSE-2026-0047]` in the subject.
    pub case_tag: Option<CaseNumber>,
    /// Answers a letter of ours.
    pub answers_us: bool,
    pub automatic: Option<Automatic>,
    pub authenticity: Authenticity,
    /// SHA-256 of the whole mail as it came.
    pub content_hash: Sha256Hex,
    /// Why the headers cannot be worked with, in words for the admin; `None` when they can.
    pub malformed: Option<String>,
}

const SUBJECT: usize = 300;
const ADDRESSES: usize = 100;
const THREAD: usize = 100;

impl Inbound {
    /// Reads a mail's headers. Never fails: a mail that cannot be worked with says so in `malformed`. Of a mail of which only
    /// the header section was fetched, `content_hash` is that section's.
    pub fn read(raw: &[u8], reception: &Reception) -> Self {
        let headers = Headers::read(raw);
        let parsed = MessageParser::default().parse_headers(headers.bytes);
        let address = |name: HeaderName<'static>| parsed.as_ref().map(|p| People::of(p, name)).unwrap_or_default();
        let from = address(HeaderName::From);
        let raw_subject = parsed.as_ref().and_then(|p| p.subject()).unwrap_or_default().trim().to_owned();
        let subject = one_line(&raw_subject);
        let single = headers.all("from").count() == 1 && !from.grouped && from.addresses.len() == 1;
        let malformed = defect(&headers, &from, &raw_subject);
        let (date, received) = (written(&headers), arrived(&headers));
        let in_reply_to = ids(headers.all("in-reply-to"));
        let references = ids(headers.all("references"));
        let answers_us = in_reply_to.iter().chain(references.last()).any(|id| id.starts_with("loket."));
        Self {
            message_id: ids(headers.all("message-id")).into_iter().next(),
            case_tag: case_tag(&subject, &reception.prefix),
            answers_us,
            automatic: automatic::classify(&headers, &from.addresses, &subject, &reception.own),
            authenticity: authenticity::judge(&headers, &from.addresses, single, &reception.trust),
            sender_name: from.name.as_deref().map(one_line).filter(|n| !n.is_empty()),
            from: from.addresses,
            reply_to: address(HeaderName::ReplyTo).addresses,
            to: address(HeaderName::To).addresses,
            cc: address(HeaderName::Cc).addresses,
            date,
            received_at: received.or(date),
            in_reply_to,
            references,
            null_return_path: automatic::has_null_return_path(&headers),
            subject,
            content_hash: Sha256Hex(Sha256::digest(raw).iter().map(|b| format!("{b:02x}")).collect()),
            malformed,
        }
    }

    /// The one address the mail claims to come from.
    pub fn sender(&self) -> Option<&Address> {
        if let [sender] = self.from.as_slice() { Some(sender) } else { None }
    }
}

/// The people of all fields of one name.
#[derive(Debug, Default)]
struct People {
    addresses: Vec<Address>,
    name: Option<String>,
    /// Group syntax (`Tim: a@x, b@y;`), which hides who wrote (THREATS row 1).
    grouped: bool,
    /// Something stands there that is no address.
    broken: bool,
}

impl People {
    fn of(message: &mail_parser::Message, name: HeaderName<'static>) -> Self {
        let mut people = Self::default();
        for list in message.header_values(name).filter_map(|v| v.as_address()) {
            people.grouped |= matches!(list, mail_parser::Address::Group(_));
            for entry in list.iter().take(ADDRESSES) {
                match entry.address().and_then(Address::parse) {
                    Some(address) if !people.addresses.contains(&address) => people.addresses.push(address),
                    Some(_) => {}
                    None => people.broken = true,
                }
                people.name = people.name.take().or_else(|| entry.name().map(str::to_owned));
            }
        }
        people
    }
}

/// What makes a header section unusable; the admin decides about such a mail.
fn defect(headers: &Headers, from: &People, subject: &str) -> Option<String> {
    let why = if !headers.whole {
        "Kepala surat elektronik lebih panjang dari 64 KiB."
    } else if headers.fields.is_empty() {
        "Surat elektronik tidak mempunyai kepala surat."
    } else if headers.bytes.contains(&0) || subject.contains('\0') {
        "Kepala surat elektronik memuat karakter NUL."
    } else if subject.contains(['\r', '\n']) {
        "Subjek surat elektronik memuat ganti baris."
    } else if from.addresses.is_empty() && (from.broken || !headers.has("from")) {
        "Surat elektronik tidak menyebut alamat pengirim yang dapat dibaca."
    } else {
        return None;
    };
    Some(why.to_owned())
}

/// One line without control characters or marks that turn writing round, shortened.
fn one_line(text: &str) -> String {
    let unseen = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = text.chars().map(|c| if unseen(c) { ' ' } else { c }).take(SUBJECT).collect::<String>();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// When a mail says that it was written.
pub(super) fn written(headers: &Headers) -> Option<DateTime<Utc>> {
    headers.first("date").and_then(moment)
}

/// When the topmost server took a mail in.
pub(super) fn arrived(headers: &Headers) -> Option<DateTime<Utc>> {
    headers.first("received").and_then(|r| r.rsplit_once(';')).and_then(|(_, date)| moment(date))
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    let date = mail_parser::DateTime::parse_rfc822(text.trim()).filter(mail_parser::DateTime::is_valid)?;
    DateTime::from_timestamp(date.to_timestamp(), 0)
}

/// Message-IDs between angle brackets, or the bare words some programs write.
fn ids<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut out = Vec::new();
    for value in values.take(4) {
        let bracketed: Vec<&str> = value.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect();
        let found = if bracketed.is_empty() { value.split_whitespace().collect() } else { bracketed };
        let clean = |id: &&str| (1..=250).contains(&id.len()) && id.bytes().all(|b| (33..=126).contains(&b));
        out.extend(found.iter().map(|id| id.trim()).filter(|id| clean(id)).map(str::to_owned));
    }
    // The newest stand last.
    let surplus = out.len().saturating_sub(THREAD);
    out.drain(..surplus);
    out
}

/// `[LPSE-2026-0047]` anywhere in the subject; the last one where there are several.
fn case_tag(subject: &str, prefix: &str) -> Option<CaseNumber> {
    let tagged = subject.split('[').skip(1).filter_map(|rest| rest.split_once(']')).map(|(tag, _)| tag.trim());
    let ours = tagged.filter(|tag| tag.get(..prefix.len()).is_some_and(|p| p.eq_ignore_ascii_case(prefix)));
    ours.filter_map(|tag| CaseNumber::parse(&tag.to_ascii_uppercase()))
        .filter(|number| number.to_string().rsplitn(3, '-').nth(2) == Some(&prefix.to_ascii_uppercase()))
        .last()
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
