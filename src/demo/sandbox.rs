//! The demo's mail sandbox: every letter that was sent, the admins' codes, and buttons for what the people outside the
//! office do: send a request, answer a letter, let a day pass.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use chrono::TimeDelta;
use futures::future::BoxFuture;

use super::clock::DemoClock;
use super::mailroom::{Letter, Mailroom};
use super::samples::people::PEOPLE;
use super::samples::{self, Fate, Sample, Stamp, Thread};
use crate::daemon::counter::Sandbox;
use crate::engine::Engine;
use crate::engine::port::{Clock, Fault};
use crate::sop::names::Language;
use crate::web::view::{LetterRow, LetterView, SandboxView};

const NEXT: &str = "kirim";
const ANSWER: &str = "jawab-";
const DAY: &str = "hari";

/// The letters of the demo, and the people outside the office.
pub struct Letters {
    engine: Arc<Engine>,
    mailroom: Arc<Mailroom>,
    clock: Arc<DemoClock>,
    stamp: Stamp,
    sent: Mutex<Sent>,
}

/// What has been played so far in this run.
#[derive(Default)]
struct Sent {
    /// Samples sent, counting on after the last one.
    count: usize,
    /// Samples that have a second mail which was not sent yet, by their ids.
    open: BTreeMap<&'static str, Sample>,
}

impl Letters {
    pub fn new(engine: Arc<Engine>, mailroom: Arc<Mailroom>, clock: Arc<DemoClock>, stamp: Stamp) -> Self {
        Self { engine, mailroom, clock, stamp, sent: Mutex::default() }
    }

    /// Sends the next sample, beginning again after the last; says which.
    pub async fn send_next(&self) -> Result<&'static str> {
        let now = self.clock.now();
        let sample = samples::mail(self.sent().count % samples::COUNT, now, Some(self.stamp));
        self.mailroom.deliver(&sample.raw, now).await?;
        let title = sample.label.title_en;
        let mut sent = self.sent();
        sent.count += 1;
        if sample.has_follow_up() {
            sent.open.insert(sample.label.id, sample);
        }
        Ok(title)
    }

    /// The letter that the sender of a sample would answer: the last one in its thread that waits for an answer.
    fn answerable<'l>(sample: &Sample, letters: &'l [Arc<Letter>]) -> Option<&'l Arc<Letter>> {
        let mut thread = letters.iter().filter(|letter| letter.in_reply_to.as_deref() == Some(&sample.message_id));
        match sample.label.fate {
            Fate::Withdrawn => thread.next(),
            // The acknowledgement comes first; what the applicant is asked for comes after it.
            _ => thread.nth(1),
        }
    }

    async fn answer(&self, id: &str) -> Result<bool> {
        let letters = self.mailroom.letters().await?;
        let now = self.clock.now();
        let raw = {
            let mut sent = self.sent();
            let Some(sample) = sent.open.get(id) else { return Ok(false) };
            let Some(letter) = Self::answerable(sample, &letters) else { return Ok(false) };
            let Some(raw) = answer_to(sample, letter, now) else { return Ok(false) };
            sent.open.remove(id);
            raw
        };
        self.mailroom.deliver(&raw, now).await?;
        Ok(true)
    }

    async fn show(&self, chosen: Option<&str>, lang: Language) -> Result<SandboxView> {
        let letters = self.mailroom.letters().await?;
        let chosen = letters.iter().find(|letter| chosen == Some(&letter.id)).map(|letter| LetterView {
            id: letter.id.clone(),
            at: letter.at,
            from: letter.from.clone(),
            to: letter.to.join(", "),
            subject: letter.subject.clone(),
            body: letter.body.clone(),
        });
        let rows = letters.iter().rev().map(|letter| LetterRow {
            id: letter.id.clone(),
            at: letter.at,
            to: letter.to.join(", "),
            subject: letter.subject.clone(),
            number: letter.number.clone(),
        });
        let applicants = PEOPLE.iter().filter(|person| person.role == "Helpdesk");
        Ok(SandboxView {
            letters: rows.collect(),
            chosen,
            codes: self.codes().await?,
            applicants: applicants.map(|person| (person.name.to_owned(), person.nip_printed())).collect(),
            plays: self.plays(&letters, lang),
        })
    }

    async fn codes(&self) -> Result<Vec<(String, String)>> {
        let now = self.clock.now();
        let mut codes = Vec::new();
        for admin in self.engine.admins().await?.into_iter().filter(|admin| admin.is_active()) {
            let code = admin.next_code(now)?.unwrap_or_else(|| "…".to_owned());
            codes.push((format!("{} ({})", admin.name, admin.address), code));
        }
        Ok(codes)
    }

    fn plays(&self, letters: &[Arc<Letter>], lang: Language) -> Vec<(String, String)> {
        let pick = |id: &str, en: &str| if lang == Language::En { en.to_owned() } else { id.to_owned() };
        let sent = self.sent();
        let label = samples::mail(sent.count % samples::COUNT, self.clock.now(), None).label;
        let title = if lang == Language::En { label.title_en } else { label.title };
        let next = pick("Kirim permohonan berikutnya", "Send the next request");
        let mut plays = vec![(NEXT.to_owned(), format!("{next}: {title}"))];
        let open = sent.open.values().filter(|sample| Self::answerable(sample, letters).is_some());
        plays.extend(open.map(|sample| {
            let said = match sample.label.fate {
                Fate::Withdrawn => pick("Pemohon mencabut permohonan", "The applicant withdraws the request"),
                _ => pick("Pemohon melengkapi berkas", "The applicant completes the dossier"),
            };
            let who = PEOPLE.iter().find(|person| person.email == sample.sender).map_or("", |person| person.name);
            (format!("{ANSWER}{}", sample.label.id), format!("{said}: {who}"))
        }));
        plays.push((DAY.to_owned(), pick("Majukan jam satu hari", "Move the clock one day on")));
        plays
    }

    fn sent(&self) -> std::sync::MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The second mail of a sample as the answer to a letter.
pub(super) fn answer_to(sample: &Sample, letter: &Letter, at: chrono::DateTime<chrono::Utc>) -> Option<Vec<u8>> {
    let number = letter.number.as_ref()?.to_string();
    let subject = format!("[{number}] {}", letter.subject);
    let thread = Thread { case_number: &number, message_id: &letter.message_id, subject: &subject, at };
    sample.follow_up(thread)
}

impl Sandbox for Letters {
    fn view<'a>(&'a self, chosen: Option<&'a str>, lang: Language) -> BoxFuture<'a, Result<SandboxView, Fault>> {
        Box::pin(async move { self.show(chosen, lang).await.map_err(|error| Fault::transient(format!("{error:#}"))) })
    }

    fn play<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move {
            let played = match id {
                NEXT => self.send_next().await.map(|_| true),
                DAY => self.clock.forward(TimeDelta::days(1)).map(|()| true).map_err(Into::into),
                _ => match id.strip_prefix(ANSWER) {
                    Some(sample) => self.answer(sample).await,
                    None => Ok(false),
                },
            };
            self.engine.wake_dispatchers();
            played.map_err(|error: anyhow::Error| Fault::transient(format!("{error:#}")))
        })
    }
}
