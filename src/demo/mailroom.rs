//! The mail of the demo, both ways: mails are laid into the inbox as a mail server would, and letters are read from the
//! outbox as the people they are written to would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use mail_parser::MessageParser;

use super::setting::{INBOX, OUTBOX};
use crate::sop::names::CaseNumber;

/// Inbox and outbox of one folder.
pub struct Mailroom {
    inbox: PathBuf,
    outbox: PathBuf,
    delivered: AtomicU64,
    /// Letters read before, by file name.
    read: Mutex<BTreeMap<String, Arc<Letter>>>,
}

/// A letter that Loket sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Stable, fit for an address.
    pub id: String,
    pub at: DateTime<Utc>,
    pub from: String,
    /// Addresses.
    pub to: Vec<String>,
    /// Without the number's tag.
    pub subject: String,
    pub number: Option<CaseNumber>,
    /// Without angle brackets.
    pub message_id: String,
    pub in_reply_to: Option<String>,
    pub body: String,
}

/// A mail on its way, known by the unique part of its file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery(String);

impl Mailroom {
    pub fn new(folder: &Path) -> Self {
        Self {
            inbox: folder.join(INBOX),
            outbox: folder.join(OUTBOX),
            delivered: AtomicU64::new(0),
            read: Mutex::default(),
        }
    }

    /// Lays a mail into the inbox, whole before it can be seen.
    pub async fn deliver(&self, raw: &[u8], now: DateTime<Utc>) -> Result<Delivery> {
        let count = self.delivered.fetch_add(1, Ordering::Relaxed);
        let (seconds, micros) = (now.timestamp(), now.timestamp_subsec_micros());
        let unique = format!("{seconds}.M{micros}P{}Q{count}.demo", std::process::id());
        let draft = self.inbox.join("tmp").join(&unique);
        let failed = || format!("Cannot put a mail into {}", self.inbox.display());
        tokio::fs::write(&draft, raw).await.with_context(failed)?;
        tokio::fs::rename(&draft, self.inbox.join("new").join(&unique)).await.with_context(failed)?;
        Ok(Delivery(unique))
    }

    /// Whether Loket has worked on a mail: it lies in one of the two folders of handled mail.
    pub async fn is_filed(&self, delivery: &Delivery) -> bool {
        let name = format!("{}:2,", delivery.0);
        for folder in [".processed", ".refused"] {
            if tokio::fs::try_exists(self.inbox.join(folder).join("cur").join(&name)).await.unwrap_or(false) {
                return true;
            }
        }
        false
    }

    /// Every letter, oldest first.
    pub async fn letters(&self) -> Result<Vec<Arc<Letter>>> {
        let folder = self.outbox.join("new");
        let failed = || format!("Cannot read the letters in {}", folder.display());
        let mut entries = tokio::fs::read_dir(&folder).await.with_context(failed)?;
        let mut letters = Vec::new();
        while let Some(entry) = entries.next_entry().await.with_context(failed)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let known = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
            let letter = match known {
                Some(letter) => letter,
                None => {
                    let raw = tokio::fs::read(entry.path()).await.with_context(failed)?;
                    let Some(letter) = Letter::read(&name, &raw).map(Arc::new) else { continue };
                    self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(name, letter.clone());
                    letter
                }
            };
            letters.push(letter);
        }
        // Letters of one step carry one date; their rows are numbered.
        letters.sort_by(|a, b| (a.at, &a.message_id).cmp(&(b.at, &b.message_id)));
        Ok(letters)
    }
}

impl Letter {
    fn read(name: &str, raw: &[u8]) -> Option<Self> {
        let mail = MessageParser::default().parse(raw)?;
        let id = name.split('.').nth(1).filter(|id| !id.is_empty())?.to_owned();
        let to = mail.to().into_iter().flat_map(|list| list.iter()).filter_map(|one| one.address());
        let from = mail.from().and_then(|list| list.first());
        let (number, subject) = untagged(mail.subject().unwrap_or_default());
        Some(Self {
            id,
            at: mail.date().and_then(|date| DateTime::from_timestamp(date.to_timestamp(), 0))?,
            from: from.map(|one| one.name().or(one.address()).unwrap_or_default().to_owned()).unwrap_or_default(),
            to: to.map(str::to_owned).collect(),
            subject: subject.to_owned(),
            number,
            message_id: mail.message_id()?.to_owned(),
            in_reply_to: mail.in_reply_to().as_text().map(str::to_owned),
            body: mail.body_text(0)?.replace("\r\n", "\n"),
        })
    }

    pub fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }

    /// The paths of the desk's addresses in it that begin with `path`, such as `/tautan/`, in order.
    pub fn links<'a>(&'a self, base_url: &'a str, path: &'a str) -> impl Iterator<Item = &'a str> {
        let words = self.body.split_whitespace().filter_map(move |word| word.strip_prefix(base_url));
        words.filter(move |link| link.starts_with(path))
    }
}

/// `[LPSE-2026-0047] Hasil` → the number and `Hasil`.
fn untagged(subject: &str) -> (Option<CaseNumber>, &str) {
    let tagged = subject.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match tagged.and_then(|(tag, rest)| CaseNumber::parse(tag).map(|number| (number, rest.trim()))) {
        Some((number, rest)) => (Some(number), rest),
        None => (None, subject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_read_with_its_number_and_its_links() {
        let raw = b"From: LPSE <a@x.example>\r\nTo: <b@x.example>\r\nSubject: [LPSE-2026-0047] Hasil\r\n\
            Date: Tue, 10 Nov 2026 02:00:00 +0000\r\nMessage-ID: <loket.1@x.example>\r\nIn-Reply-To: <m@x.example>\r\n\r\n\
            Buka:\r\nhttp://127.0.0.1:1/ambil/abc\r\nhttp://127.0.0.1:1/ganti/def\r\n";

        let letter = Letter::read("1794276000.0a1b.loket.eml", raw).unwrap();

        assert_eq!((letter.id.as_str(), letter.subject.as_str()), ("0a1b", "Hasil"));
        assert_eq!(letter.number, CaseNumber::parse("LPSE-2026-0047"));
        assert_eq!(letter.in_reply_to.as_deref(), Some("m@x.example"));
        assert!(letter.is_to("B@x.example"));
        assert_eq!(letter.links("http://127.0.0.1:1", "/ambil/").collect::<Vec<_>>(), ["/ambil/abc"]);
    }
}
