//! Attachments that must not be read: each leaf of a mail's tree goes to the virus scanner before any worker sees it. What
//! is not clean stays closed: it is named among the papers as `infected` or `unscanned`, without pages, so that the desk has
//! nothing of it to show. Archives within a leaf are opened by the scanner itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::clamd::{Away, Clamd, Scanned};
use super::limits::Limits;
use super::mime;
use super::paper;
use crate::dossier::page::Contents;

/// What is kept closed of one mail.
#[derive(Debug, Default)]
pub struct Quarantine(Vec<Closed>);

#[derive(Debug)]
struct Closed {
    /// Place among the leaves of the mail's tree.
    nth: usize,
    sha256: String,
    infected: bool,
}

impl Quarantine {
    /// Asks the scanner about every leaf.
    pub async fn of(raw: &[u8], scanner: &Clamd, limits: &Limits) -> Result<Self, Away> {
        let mut closed = Vec::new();
        for (nth, leaf) in leaves(raw, limits).into_iter().enumerate() {
            if leaf.is_empty() {
                continue;
            }
            let infected = match scanner.scan(&leaf).await? {
                Scanned::Clean => continue,
                Scanned::Infected(name) => {
                    tracing::warn!(signature = name, size = leaf.len(), "an attachment is infected; it stays closed");
                    true
                }
                Scanned::Unscanned(why) => {
                    tracing::error!(
                        size = leaf.len(),
                        "an attachment cannot be scanned and stays closed: the scanner {why}"
                    );
                    false
                }
            };
            closed.push(Closed { nth, sha256: paper::sha256_hex(&leaf), infected });
        }
        Ok(Self(closed))
    }

    /// The places of what must not be opened; `None` where they are too many to be told to a worker.
    pub fn places(&self) -> Option<Vec<u8>> {
        self.0.iter().map(|closed| u8::try_from(closed.nth).ok()).collect()
    }

    /// Names what was kept closed.
    pub fn mark(&self, contents: &mut Contents) {
        for closed in &self.0 {
            let (format, alert) = match closed.infected {
                true => ("infected", "infected_attachment"),
                false => ("unscanned", "unscanned_attachment"),
            };
            for paper in contents.papers.iter_mut().filter(|paper| paper.sha256 == closed.sha256) {
                paper.format = format.to_owned();
                paper.pages.clear();
            }
            contents.alerts.push(alert.to_owned());
        }
        contents.alerts.sort();
        contents.alerts.dedup();
    }
}

/// The bytes of every leaf. A mail whose tree brings its parser down is one leaf: the scanner takes it apart itself.
fn leaves(raw: &[u8], limits: &Limits) -> Vec<Vec<u8>> {
    let walked = catch_unwind(AssertUnwindSafe(|| {
        mime::walk(raw, limits).leaves.into_iter().map(|leaf| leaf.bytes.into_owned()).collect()
    }));
    walked.unwrap_or_else(|_| vec![raw.to_vec()])
}
