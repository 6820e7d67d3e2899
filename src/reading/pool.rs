//! The daemon's side of the workers: what is asked of them, how many work at a time, and what becomes of a mail that brings
//! its worker down: it is read without the attachment that does so, and the others never notice.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use super::crew::{PoolCounts, ReadingFault};

use super::clamd::{Clamd, ClamdConfig};
use super::crew::{Crew, CrewConfig, Lost, Request};
use super::draw::Purpose;
use super::frame::{self, Answer, PageRequest, Picture, Skipped, Task, Which};
use super::known::{Key, Known, LEFT_ALONE, Passed};
use super::limits::Limits;
use super::quarantine::Quarantine;
use super::scans::{self, Place, Scanned};
use super::unpacker::Unpacker;
use super::{tool, worker};
use crate::dossier::page::Contents;
use crate::sop::names::Sha256Hex;

/// Deadlines that recognition may take for a page, and for a mail; waiting for a turn while others work is not counted.
const PAGE: u32 = 3;
const MAIL: u32 = 9;
/// Pages of a mail that are tried once more when the clock ran out on them. Nobody can tell a busy machine from a page that
/// takes for ever, and an applicant must not be asked again for a good scan.
const AGAIN: usize = 4;

/// The clock ran out on a page.
struct Late;

/// Time a mail's pages have been at work on, together.
struct Spent {
    micros: AtomicU64,
    most: Duration,
}

impl Spent {
    fn is_all(&self) -> bool {
        Duration::from_micros(self.micros.load(Ordering::Relaxed)) >= self.most
    }

    fn add(&self, time: Duration) {
        self.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
/// What a page looks like, and the bytes of its picture.
type Drawn = (Picture, Vec<u8>);

/// Attachments of a mail that are tried one by one.
const TRIED: u8 = 16;

/// How workers are started and how long they may take.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The program to start; this one, except in tests.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// Arguments of a worker that recognises words.
    pub recogniser: Vec<String>,
    /// Workers of a kind at work at the same time.
    pub workers: usize,
    /// Wall-clock time for one mail.
    pub deadline: Duration,
    /// Mails after which a worker is replaced.
    pub lifetime: u32,
    /// Certificates that electronic signatures must lead to, as DER.
    pub roots: Vec<Vec<u8>>,
    /// Asked about every attachment before it is opened; `None`: nobody is.
    pub scanner: Option<ClamdConfig>,
}

impl PoolConfig {
    /// As many workers of `program` as there are processors.
    pub fn new(program: PathBuf) -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let arguments = vec![worker::VERB.to_owned()];
        let recogniser = vec![tool::VERB.to_owned()];
        let deadline = Duration::from_secs(20);
        Self { program, arguments, recogniser, workers, deadline, lifetime: 1000, roots: Vec::new(), scanner: None }
    }
}

/// The worker processes that take mails apart, draw pages and recognise scans, and who may use how many of them at a time.
pub struct Pool {
    limits: Limits,
    scanner: Option<Clamd>,
    parsers: Crew,
    recognisers: Crew,
    known: Known,
    /// What of each mail was not opened.
    passed: Passed,
    /// Mails taken apart at a time.
    reading: Semaphore,
    /// Pages drawn at a time, beside the mails: a thick scan must not hold up a mail of text.
    drawing: Semaphore,
    /// Pages recognised at a time.
    recognising: Semaphore,
    workers: usize,
    /// Time for recognition in one mail, all its pages together.
    patience: Duration,
}

impl Pool {
    pub fn new(config: PoolConfig) -> Self {
        let PoolConfig { program, arguments, recogniser, workers, deadline, lifetime, roots, scanner } = config;
        let workers = workers.max(1);
        let turns = || Semaphore::new(workers);
        let briefing = (!roots.is_empty()).then(|| (frame::ROOTS, serde_json::to_vec(&roots).unwrap_or_default()));
        let parsers = CrewConfig { program: program.clone(), arguments, deadline, lifetime, briefing };
        let parsers = Crew::new(parsers);
        let deadline_of_a_page = PAGE * deadline;
        let recognisers =
            CrewConfig { program, arguments: recogniser, deadline: deadline_of_a_page, lifetime, briefing: None };
        let recognisers = Crew::new(recognisers);
        Self {
            limits: Limits::default(),
            scanner: scanner.map(Clamd::new),
            parsers,
            recognisers,
            known: Known::default(),
            passed: Passed::default(),
            reading: turns(),
            drawing: turns(),
            recognising: turns(),
            workers,
            patience: MAIL * deadline * u32::try_from(workers).unwrap_or(u32::MAX),
        }
    }

    /// Starts one worker and sees that its walls stand. The daemon calls this before it takes in mail.
    pub async fn probe(&self) -> Result<(), ReadingFault> {
        self.parsers.probe().await
    }

    /// Whether words in scans can be recognised. The fault says what is missing; everything else is read all the same.
    pub async fn probe_recognition(&self) -> Result<(), ReadingFault> {
        self.recognisers.probe().await
    }

    /// Whether mail waits for a scanner that was asked and did not answer.
    pub fn waits_for_scanner(&self) -> bool {
        self.scanner.as_ref().is_some_and(Clamd::is_away)
    }

    /// Takes a mail apart in a worker, all but what the scanner does not call clean. Waits for a free worker. Fails only when
    /// there can be none at all, or the scanner does not answer.
    pub async fn read(&self, raw: &[u8]) -> Result<Contents, ReadingFault> {
        let unpacker = Unpacker { crew: &self.parsers, turns: &self.reading };
        let closed = match &self.scanner {
            Some(scanner) => Quarantine::of(raw, scanner, &unpacker, &self.limits).await?,
            None => Quarantine::default(),
        };
        let mut contents = match closed.places() {
            Some(places) if raw.len() < frame::REQUEST => self.opened(raw, &places).await?,
            _ => self.outline(raw),
        };
        closed.mark(&mut contents);
        Ok(contents)
    }

    /// Reads all but the leaves at these places.
    async fn opened(&self, raw: &[u8], closed: &[u8]) -> Result<Contents, ReadingFault> {
        let head = Skipped(closed.to_vec()).head();
        let (contents, skipped) = match self.ask(&[(frame::READ_BUT, &[&head, raw])]).await? {
            Ok(contents) => (contents, closed.to_vec()),
            Err(lost) => {
                tracing::warn!(size = raw.len(), "a mail {}; its papers are tried one by one", what_it_did(lost));
                self.survivors(raw, closed).await?
            }
        };
        let key: Key = Sha256::digest(raw).into();
        self.passed.put(key, &skipped);
        Ok(self.recognised(raw, key, &skipped, contents).await)
    }

    async fn ask(&self, requests: &[Request<'_>]) -> Result<Result<Contents, Lost>, ReadingFault> {
        let _turn = self.reading.acquire().await.expect("the semaphore is never closed");
        let answer = self.parsers.ask(requests).await?;
        Ok(answer.and_then(|answer| serde_json::from_slice(answer.json()).map_err(|_| Lost::Crashed)))
    }

    /// A mail that brought its worker down, read without the attachments that do so by themselves: a file that kills harms
    /// nothing beside it. A mail of many attachments, or one that kills by its build, is not read at all. With the places of
    /// what was left out.
    async fn survivors(&self, raw: &[u8], closed: &[u8]) -> Result<(Contents, Vec<u8>), ReadingFault> {
        let leaves = std::panic::catch_unwind(|| super::leaves(raw, &self.limits)).unwrap_or(usize::MAX);
        let Some(leaves) = u8::try_from(leaves).ok().filter(|count| (2..=TRIED).contains(count)) else {
            return Ok((self.outline(raw), closed.to_vec()));
        };
        let mut killers = closed.to_vec();
        for nth in (0..leaves).filter(|nth| !closed.contains(nth)) {
            let others = Skipped((0..leaves).filter(|other| *other != nth).collect());
            if self.ask(&[(frame::READ_BUT, &[&others.head(), raw])]).await?.is_err() {
                killers.push(nth);
            }
        }
        let rest = self.ask(&[(frame::READ_BUT, &[&Skipped(killers.clone()).head(), raw])]).await?;
        Ok((rest.unwrap_or_else(|_| self.outline(raw)), killers))
    }

    /// Has the words recognised on pages that have none of their own. What cannot be recognised stays unread.
    async fn recognised(&self, raw: &[u8], key: Key, skipped: &[u8], mut contents: Contents) -> Contents {
        let wanted = scans::wanted(&mut contents, &self.limits);
        if wanted.is_empty() {
            return contents;
        }
        // What was opened then may be closed today.
        if let Some(known) = self.known.get(&key, Instant::now()).filter(|known| alike(known, &contents)) {
            return known;
        }
        if let Err(fault) = self.recognisers.probe().await {
            tracing::error!(pages = wanted.len(), "{fault}");
            return contents;
        }
        let spent = Spent { micros: AtomicU64::new(0), most: self.patience };
        let spent = &spent;
        let mut seen = futures::stream::iter(wanted)
            .map(|place| async move { (place, self.words(raw, skipped, place, 1, spent).await) })
            .buffer_unordered(self.workers);
        let mut late = Vec::new();
        while let Some((place, words)) = seen.next().await {
            match words {
                Ok(Some(scanned)) => scans::put(&mut contents, place, scanned),
                Ok(None) => {}
                Err(Late) => late.push(place),
            }
        }
        drop(seen);
        let mut lost = late.len() > AGAIN;
        for place in late.into_iter().take(AGAIN) {
            match self.words(raw, skipped, place, self.workers, spent).await {
                Ok(Some(scanned)) => scans::put(&mut contents, place, scanned),
                Ok(None) => {}
                Err(Late) => lost = true,
            }
        }
        match (lost, spent.is_all()) {
            (false, _) => {}
            (true, true) => {
                tracing::warn!(size = raw.len(), "a mail has too many scans; the last pages count as unreadable");
            }
            (true, false) => {
                tracing::warn!(size = raw.len(), "scans of a mail took too long twice; they count as unreadable");
            }
        }
        if lost {
            scans::say_cut(&mut contents);
        }
        self.known.put(key, &contents, lost.then(|| Instant::now() + LEFT_ALONE));
        contents
    }

    /// Draws a page and has its words recognised; with all `turns`, while no other page is. `None`: it cannot be done.
    async fn words(
        &self,
        raw: &[u8],
        skipped: &[u8],
        place: Place,
        turns: usize,
        spent: &Spent,
    ) -> Result<Option<Scanned>, Late> {
        let turns = u32::try_from(turns).unwrap_or(u32::MAX);
        let _turns = self.recognising.acquire_many(turns).await.expect("the semaphore is never closed");
        if spent.is_all() {
            return Err(Late);
        }
        let begun = Instant::now();
        let seen = self.recognise(raw, skipped, place).await;
        spent.add(begun.elapsed());
        seen
    }

    async fn recognise(&self, raw: &[u8], skipped: &[u8], place: Place) -> Result<Option<Scanned>, Late> {
        let (paper, page) = (Which::Nth(place.paper), place.number);
        let request = PageRequest { paper, page, purpose: Purpose::Scan, skipped: skipped.to_vec() };
        let Some((picture, gray)) = in_time(self.draw(raw, &request).await)?.flatten() else { return Ok(None) };
        let Picture::Scan { width, height, dpi, onto, sideways, look } = picture else { return Ok(None) };
        let task = Task { sideways, dpi: dpi as u16, width, height };
        let answer = self.recognisers.ask(&[(frame::WORDS, &[&task.head(), &gray])]).await;
        if let Ok(Err(lost)) = answer {
            tracing::warn!(page = request.page, "a page of a mail {}", what_it_did(lost));
        }
        let sight = in_time(answer)?.and_then(|answer| serde_json::from_slice(answer.json()).ok());
        Ok(sight.map(|sight| Scanned { sight, size: (width, height), dpi, onto, look }))
    }

    /// Draws a page of an attachment for the desk: PNG, at most `width` pixels wide. `None`: there is no such page, it is no
    /// picture and no PDF, or it cannot be drawn. Fails only when there can be no worker at all.
    pub async fn picture(
        &self,
        raw: &[u8],
        paper: impl Into<Which>,
        page: u32,
        width: u32,
    ) -> Result<Option<Vec<u8>>, ReadingFault> {
        let skipped = self.passed.of(|| Sha256::digest(raw).into());
        let request = PageRequest { paper: paper.into(), page, purpose: Purpose::View { width }, skipped };
        let drawn = self.draw(raw, &request).await?;
        Ok(drawn.ok().flatten().filter(|(picture, _)| *picture == Picture::Png).map(|(_, png)| png))
    }

    async fn draw(&self, raw: &[u8], page: &PageRequest) -> Result<Result<Option<Drawn>, Lost>, ReadingFault> {
        let Ok(request) = serde_json::to_vec(page) else { return Ok(Ok(None)) };
        if raw.len() >= frame::REQUEST {
            return Ok(Ok(None));
        }
        let answer = {
            let _turn = self.drawing.acquire().await.expect("the semaphore is never closed");
            self.parsers.ask(&[(frame::HOLD, &[raw]), (frame::PAGE, &[&request])]).await?
        };
        if let Err(lost) = answer {
            tracing::warn!(page = page.page, "a page of a mail {}; it cannot be shown", what_it_did(lost));
        }
        Ok(answer.map(picture_of))
    }

    /// A person asks for the mail of this hash: scans of it on which the clock ran out are tried again when it is next read.
    pub fn try_again(&self, sha256: &Sha256Hex) {
        let digit = |at: usize| sha256.0.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let key: Option<Vec<u8>> = (0..32).map(|nth| digit(2 * nth)).collect();
        if let Some(Ok(key)) = key.map(Key::try_from) {
            self.known.try_again(&key);
        }
    }

    pub fn counts(&self) -> PoolCounts {
        self.parsers.counts()
    }

    /// Process numbers of the workers that wait for mail.
    pub fn idle_workers(&self) -> Vec<u32> {
        self.parsers.idle()
    }

    /// Process numbers of the workers that wait for pages to recognise.
    pub fn idle_recognisers(&self) -> Vec<u32> {
        self.recognisers.idle()
    }

    fn outline(&self, raw: &[u8]) -> Contents {
        let outline = || super::outline(raw, &self.limits);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(outline))
            .unwrap_or_else(|_| Contents { alerts: vec!["unreadable_document".to_owned()], ..Contents::default() })
    }
}

/// Whether two readings of a mail came to the same papers, each with as many pages: one that was left closed has none.
fn alike(one: &Contents, other: &Contents) -> bool {
    let papers = |contents: &Contents| -> Vec<(String, usize)> {
        contents.papers.iter().map(|paper| (paper.sha256.clone(), paper.pages.len())).collect()
    };
    papers(one) == papers(other)
}

/// What a page was asked for brought; that there can be no worker is told where it happens.
fn in_time<T>(asked: Result<Result<T, Lost>, ReadingFault>) -> Result<Option<T>, Late> {
    match asked.inspect_err(|fault| tracing::error!("{fault}")) {
        Ok(Err(Lost::Stalled)) => Err(Late),
        Ok(Err(Lost::Crashed)) | Err(_) => Ok(None),
        Ok(Ok(answer)) => Ok(Some(answer)),
    }
}

fn what_it_did(lost: Lost) -> &'static str {
    match lost {
        Lost::Stalled => "held its reading worker too long",
        Lost::Crashed => "brought its reading worker down",
    }
}

fn picture_of(answer: Answer) -> Option<Drawn> {
    let picture = serde_json::from_slice(answer.json()).ok().filter(|picture| *picture != Picture::None)?;
    Some((picture, answer.into_rest()))
}
