//! The papers of a case, taken apart again from the bytes on record, for the viewer. What was read is kept for a short
//! while and in bounded memory, since a page and its pictures are asked for together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use super::Desk;
use super::recent::Recent;
use super::words::Words;
use crate::dossier::page::{Contents, Paper};
use crate::engine::port::Fault;
use crate::sop::case::{Authenticity, Case, MailRef};
use crate::sop::checklist::{Document, DocumentKind, Finding, Understanding};
use crate::sop::names::Sha256Hex;
use crate::web::view::{PageView, PaperView, SenderView};

/// Bytes of memory, estimated.
const ROOM: usize = 32 * 1024 * 1024;
/// Characters of a mail's own words on a page.
const WORDS: usize = 4_000;

type Reading = Shared<BoxFuture<'static, Result<Arc<Contents>, Fault>>>;

/// Mails taken apart lately, by their hash, and those being taken apart at this moment.
pub(super) struct RecentPapers {
    read: Recent<Sha256Hex, Arc<Contents>>,
    reading: Mutex<HashMap<Sha256Hex, Reading>>,
}

impl Default for RecentPapers {
    fn default() -> Self {
        Self { read: Recent::new(ROOM), reading: Mutex::default() }
    }
}

/// A mail being taken apart; it is no longer once this is dropped.
struct Begun(Arc<RecentPapers>, Sha256Hex);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.reading.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// What the words of a mail take in memory, about.
fn weight(contents: &Contents) -> usize {
    let pages = contents.papers.iter().flat_map(|paper| &paper.pages);
    let words = pages.flat_map(|page| &page.lines).flat_map(|line| &line.words);
    contents.body.len() + words.map(|word| word.text.len() + 64).sum::<usize>() + 1024
}

impl Desk {
    /// All mails of a case with what they hold, in the order they came.
    pub(super) async fn mails_of<'c>(&self, case: &'c Case) -> Result<Vec<(&'c MailRef, Arc<Contents>)>, Fault> {
        let mut mails = Vec::new();
        for mail in &case.mails {
            mails.push((mail, self.contents(case, mail).await?));
        }
        Ok(mails)
    }

    async fn contents(&self, case: &Case, mail: &MailRef) -> Result<Arc<Contents>, Fault> {
        match self.papers.read.find(&mail.sha256, self.engine.clock.now()) {
            Some(contents) => Ok(contents),
            None => self.reading(case, mail).await,
        }
    }

    /// Takes a mail apart once, however many ask for it. A thick scan takes longer than a person waits: it is read to its
    /// end all the same, and the page comes at the next try.
    fn reading(&self, case: &Case, mail: &MailRef) -> Reading {
        let mut reading = self.papers.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(begun) = reading.get(&mail.sha256) {
            return begun.clone();
        }
        let begun = Begun(self.papers.clone(), mail.sha256.clone());
        let (engine, key, mail) = (self.engine.clone(), self.engine.key(&case.number), mail.clone());
        let sha256 = mail.sha256.clone();
        let task = tokio::spawn(async move {
            let Begun(papers, sha256) = &begun;
            let contents = Arc::new(engine.contents_of(&key, &mail).await?.unwrap_or_default());
            papers.read.keep(sha256.clone(), &contents, weight(&contents), engine.clock.now());
            Ok(contents)
        });
        let told =
            async { task.await.unwrap_or_else(|_| Err(Fault::transient("Reading a mail again was broken off"))) };
        let begun = told.boxed().shared();
        reading.insert(sha256, begun.clone());
        begun
    }
}

impl Desk {
    /// Every paper of a case, numbered over all its mails.
    pub(super) fn paper_views(
        &self,
        mails: &[(&MailRef, Arc<Contents>)],
        u: &Understanding,
        words: Words<'_>,
    ) -> Vec<PaperView> {
        let papers = mails.iter().flat_map(|(mail, contents)| contents.papers.iter().map(|paper| (*mail, paper)));
        papers
            .zip(0u32..)
            .map(|((mail, paper), index)| {
                let failed = |page| self.is_known_to_fail(mail, paper, page);
                paper_view(paper, index, u, words, failed)
            })
            .collect()
    }
}

fn paper_view(
    paper: &Paper,
    index: u32,
    u: &Understanding,
    words: Words<'_>,
    failed: impl Fn(u32) -> bool,
) -> PaperView {
    let page = |page: &crate::dossier::page::Page| PageView {
        number: page.number,
        kind: kind_of(paper, page.number, &u.documents),
        width: page.width,
        height: page.height,
        failed: failed(page.number),
    };
    PaperView {
        index,
        attachment: paper.attachment.clone(),
        sha256: paper.sha256.clone(),
        size: paper.size,
        pages: paper.pages.iter().map(page).collect(),
        unreadable: paper.pages.is_empty().then(|| why_blank(paper, words)),
    }
}

/// The kind of the document a page belongs to. Papers of one name are told apart by their bytes.
fn kind_of(paper: &Paper, page: u32, documents: &[Document]) -> DocumentKind {
    let holds = |d: &&Document| {
        let named = d.attachment == paper.attachment;
        let same = d.sha256.as_ref().is_none_or(|sha256| sha256.0 == paper.sha256);
        let spread = !named && d.attachment.split(" + ").any(|part| part == paper.attachment);
        spread || (named && same && in_ranges(&d.pages, page))
    };
    documents.iter().find(holds).map_or(DocumentKind::Other, |d| d.kind)
}

/// Whether `1-2,5` holds a page.
fn in_ranges(ranges: &str, page: u32) -> bool {
    ranges.split(',').any(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let bounds = (from.trim().parse::<u32>(), to.trim().parse::<u32>());
        matches!(bounds, (Ok(from), Ok(to)) if (from..=to).contains(&page))
    })
}

fn why_blank(paper: &Paper, words: Words<'_>) -> String {
    if paper.encrypted {
        return words.say(
            "Terkunci dengan password, jadi tidak dapat dibaca.",
            "Locked with a password, so it cannot be read.",
            &[],
        );
    }
    match paper.format.as_str() {
        "exe" | "script" => words.say("Berisi program dan tidak dibuka.", "Holds a program and was not opened.", &[]),
        format => words.say(
            "Tidak ada halaman yang dapat ditampilkan dari berkas jenis {0}.",
            "There is no page to show of a file of the kind {0}.",
            &[format],
        ),
    }
}

/// The newest mail's sender, and the mail's own words.
pub(super) fn sender_view(case: &Case, mails: &[(&MailRef, Arc<Contents>)], words: Words<'_>) -> SenderView {
    let last = mails.last();
    let registered = case.understanding.check("sender_registered").is_some_and(|c| c.finding == Finding::Met);
    SenderView {
        from: last.and_then(|(mail, _)| mail.from.as_ref()).map(ToString::to_string).unwrap_or_default(),
        registered,
        authenticity: last.map(|(mail, _)| proof(&mail.authenticity, words)).unwrap_or_default(),
        subject: last.map(|(mail, _)| mail.subject.clone()).unwrap_or_default(),
        body: last.map(|(_, contents)| bounded(&contents.body)).unwrap_or_default(),
    }
}

pub(super) fn bounded(body: &str) -> String {
    let mut short: String = body.trim().chars().take(WORDS).collect();
    if short.chars().count() == WORDS {
        short.push('…');
    }
    short
}

fn proof(authenticity: &Authenticity, words: Words<'_>) -> String {
    match authenticity {
        Authenticity::Proven { how } => match how.as_str() {
            "dmarc" => words.say(
                "DMARC lulus menurut server surel kantor.",
                "DMARC passed, says the office's mail server.",
                &[],
            ),
            "dkim" => words.say(
                "Tanda tangan DKIM domain pengirim sah.",
                "The DKIM signature of the sender's domain is valid.",
                &[],
            ),
            "spf" => words.say(
                "Server pengirim berhak mengirim untuk domainnya (SPF).",
                "The sending server may send for its domain (SPF).",
                &[],
            ),
            "arc" => words.say(
                "Penerus surel yang dipercaya menyegel bahwa pengirimnya terbukti (ARC).",
                "A trusted forwarder sealed that the sender was proven (ARC).",
                &[],
            ),
            "submission" => words.say(
                "Dikirim melalui server surel kantor oleh pengguna yang login.",
                "Handed in at the office's mail server by somebody who had logged in.",
                &[],
            ),
            _ => words.say(
                "Kantor tidak mensyaratkan bukti pengirim, dan tidak ada yang membantahnya.",
                "The office asks for no proof of the sender, and nothing speaks against them.",
                &[],
            ),
        },
        Authenticity::VouchedFor { by } => {
            words.say("Diterima sebagai permohonan oleh {0}.", "Admitted as a request by {0}.", &[&words.name(by)])
        }
        Authenticity::Unproven { .. } => {
            words.say("Tidak ada bukti siapa pengirimnya.", "There is no proof of who sent it.", &[])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_in_ranges() {
        assert!(in_ranges("1", 1) && in_ranges("1-3", 2) && in_ranges("1-2,5", 5));
        assert!(!in_ranges("1-2,5", 4) && !in_ranges("", 1) && !in_ranges("x-y", 1));
    }
}
