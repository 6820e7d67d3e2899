//! The daemon's side of the workers: what is asked of them, how many work at a time, and what becomes of a mail that brings
//! its worker down: it is reported with its papers unread, and the others never notice.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use super::crew::{PoolCounts, ReadingFault};

use super::crew::{Crew, CrewConfig, Lost};
use super::draw::Purpose;
use super::frame::{self, Answer, PageRequest, Picture, Which};
use super::limits::Limits;
use super::worker;
use crate::dossier::page::Contents;

/// How workers are started and how long they may take.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The program to start; this one, except in tests.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// Workers at work at the same time.
    pub workers: usize,
    /// Wall-clock time for one mail.
    pub deadline: Duration,
    /// Mails after which a worker is replaced.
    pub lifetime: u32,
}

impl PoolConfig {
    /// As many workers of `program` as there are processors.
    pub fn new(program: PathBuf) -> Self {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let arguments = vec![worker::VERB.to_owned()];
        Self { program, arguments, workers, deadline: Duration::from_secs(20), lifetime: 1000 }
    }
}

pub struct Pool {
    limits: Limits,
    parsers: Crew,
    /// Mails taken apart at a time.
    reading: Semaphore,
    /// Pages drawn at a time, beside the mails: a thick scan must not hold up a mail of text.
    drawing: Semaphore,
}

impl Pool {
    pub fn new(config: PoolConfig) -> Self {
        let PoolConfig { program, arguments, workers, deadline, lifetime } = config;
        let turns = || Semaphore::new(workers.max(1));
        let parsers = Crew::new(CrewConfig { program, arguments, deadline, lifetime });
        Self { limits: Limits::default(), parsers, reading: turns(), drawing: turns() }
    }

    /// Starts one worker and sees that its walls stand. The daemon calls this before it takes in mail.
    pub async fn probe(&self) -> Result<(), ReadingFault> {
        self.parsers.probe().await
    }

    /// Takes a mail apart in a worker. Waits for a free one. Fails only when there can be no worker at all.
    pub async fn read(&self, raw: &[u8]) -> Result<Contents, ReadingFault> {
        if raw.len() >= frame::REQUEST {
            return Ok(self.outline(raw));
        }
        let answer = {
            let _turn = self.reading.acquire().await.expect("the semaphore is never closed");
            self.parsers.ask(&[(frame::READ, raw)]).await?
        };
        let answer = answer.and_then(|answer| serde_json::from_slice(answer.json()).map_err(|_| Lost::Crashed));
        Ok(answer.unwrap_or_else(|lost| {
            tracing::warn!(size = raw.len(), "a mail {}; its papers count as unreadable", what_it_did(lost));
            self.outline(raw)
        }))
    }

    /// Draws a page of an attachment for the desk: PNG, at most `width` pixels wide. `None`: there is no such page, it is no
    /// picture and no PDF, or it cannot be drawn. Fails only when there can be no worker at all.
    pub async fn picture(
        &self,
        raw: &[u8],
        attachment: &str,
        page: u32,
        width: u32,
    ) -> Result<Option<Vec<u8>>, ReadingFault> {
        let paper = Which::Named(attachment.to_owned());
        let drawn = self.draw(raw, &PageRequest { paper, page, purpose: Purpose::View { width } }).await?;
        Ok(drawn.filter(|(picture, _)| *picture == Picture::Png).map(|(_, png)| png))
    }

    async fn draw(&self, raw: &[u8], page: &PageRequest) -> Result<Option<(Picture, Vec<u8>)>, ReadingFault> {
        let Ok(request) = serde_json::to_vec(page) else { return Ok(None) };
        if raw.len() >= frame::REQUEST {
            return Ok(None);
        }
        let answer = {
            let _turn = self.drawing.acquire().await.expect("the semaphore is never closed");
            self.parsers.ask(&[(frame::HOLD, raw), (frame::PAGE, &request)]).await?
        };
        match answer {
            Ok(answer) => Ok(picture_of(answer)),
            Err(lost) => {
                tracing::warn!(page = page.page, "a page of a mail {}; it cannot be shown", what_it_did(lost));
                Ok(None)
            }
        }
    }

    pub fn counts(&self) -> PoolCounts {
        self.parsers.counts()
    }

    /// Process numbers of the workers that wait for mail.
    pub fn idle_workers(&self) -> Vec<u32> {
        self.parsers.idle()
    }

    fn outline(&self, raw: &[u8]) -> Contents {
        let outline = || super::outline(raw, &self.limits);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(outline))
            .unwrap_or_else(|_| Contents { alerts: vec!["unreadable_document".to_owned()], ..Contents::default() })
    }
}

fn what_it_did(lost: Lost) -> &'static str {
    match lost {
        Lost::Stalled => "held its reading worker too long",
        Lost::Crashed => "brought its reading worker down",
    }
}

fn picture_of(answer: Answer) -> Option<(Picture, Vec<u8>)> {
    let picture = serde_json::from_slice(answer.json()).ok().filter(|picture| *picture != Picture::None)?;
    Some((picture, answer.into_rest()))
}
