//! The papers of a case, taken apart again from the bytes on record, for the viewer. What was read is kept for a short
//! while and in bounded memory, since a page and its pictures are asked for together.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::Desk;
use super::words::Words;
use crate::dossier::page::{Contents, Paper};
use crate::engine::port::Fault;
use crate::sop::case::{Authenticity, Case, MailRef};
use crate::sop::checklist::{Document, DocumentKind, Finding, Understanding};
use crate::sop::names::{CaseNumber, Sha256Hex};
use crate::sop::phase::Phase;
use crate::web::counter::Trouble;
use crate::web::view::{Admin, PageView, PaperView, Picture, SenderView};

/// Bytes of memory, estimated.
const ROOM: usize = 32 * 1024 * 1024;
const LIFE: TimeDelta = TimeDelta::minutes(15);
/// Characters of a mail's own words on a page.
const WORDS: usize = 4_000;

struct Kept {
    sha256: Sha256Hex,
    contents: Arc<Contents>,
    size: usize,
    at: DateTime<Utc>,
}

/// Mails taken apart lately, by their hash; the oldest makes room.
#[derive(Default)]
pub(super) struct PaperShelf(Mutex<VecDeque<Kept>>);

impl PaperShelf {
    fn find(&self, sha256: &Sha256Hex, now: DateTime<Utc>) -> Option<Arc<Contents>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| now - one.at < LIFE);
        kept.iter().find(|one| one.sha256 == *sha256).map(|one| one.contents.clone())
    }

    fn keep(&self, sha256: &Sha256Hex, contents: &Arc<Contents>, now: DateTime<Utc>) {
        let size = weight(contents);
        if size > ROOM {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.iter().map(|one| one.size).sum::<usize>() + size > ROOM {
            kept.pop_front();
        }
        kept.push_back(Kept { sha256: sha256.clone(), contents: contents.clone(), size, at: now });
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
        let key = self.engine.key(&case.number);
        let mut mails = Vec::new();
        for mail in &case.mails {
            let now = self.engine.clock.now();
            let contents = match self.papers.find(&mail.sha256, now) {
                Some(contents) => contents,
                None => {
                    let contents = Arc::new(self.engine.contents_of(&key, mail).await?.unwrap_or_default());
                    self.papers.keep(&mail.sha256, &contents, now);
                    contents
                }
            };
            mails.push((mail, contents));
        }
        Ok(mails)
    }

    pub(super) async fn show_picture(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        paper: u32,
        page: u32,
    ) -> Result<Option<Picture>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let Some(case) = self.engine.case(number).await? else { return Ok(None) };
        if matches!(case.phase, Phase::Held { .. }) {
            return Ok(None);
        }
        let mails = self.mails_of(&case).await?;
        let papers = mails.iter().flat_map(|(_, contents)| &contents.papers);
        let found = papers.zip(0u32..).find(|(_, index)| *index == paper).map(|(paper, _)| paper);
        let page = found.and_then(|paper| paper.pages.iter().find(|p| p.number == page));
        Ok(page.cloned().map(Picture::Drawn))
    }
}

/// Every paper of a case, numbered over all its mails.
pub(super) fn paper_views(mails: &[(&MailRef, Arc<Contents>)], u: &Understanding, words: Words<'_>) -> Vec<PaperView> {
    let papers = mails.iter().flat_map(|(_, contents)| &contents.papers);
    papers.zip(0u32..).map(|(paper, index)| paper_view(paper, index, u, words)).collect()
}

fn paper_view(paper: &Paper, index: u32, u: &Understanding, words: Words<'_>) -> PaperView {
    let page = |page: &crate::dossier::page::Page| PageView {
        number: page.number,
        kind: kind_of(paper, page.number, &u.documents),
        width: page.width,
        height: page.height,
    };
    PaperView {
        index,
        attachment: paper.attachment.clone(),
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

    #[test]
    fn the_shelf_forgets_by_age_and_by_room() {
        let shelf = PaperShelf::default();
        let at = |seconds| DateTime::from_timestamp(seconds, 0).expect("a plain moment");
        let sha = |n: usize| Sha256Hex(n.to_string());
        let big = Arc::new(Contents { body: "x".repeat(ROOM / 3), ..Contents::default() });

        for n in 0..5 {
            shelf.keep(&sha(n), &big, at(0));
        }

        assert!(shelf.find(&sha(0), at(1)).is_none(), "the oldest made room");
        assert!(shelf.find(&sha(4), at(1)).is_some());
        assert!(shelf.find(&sha(4), at(3_600)).is_none(), "an hour is too long");
    }
}
