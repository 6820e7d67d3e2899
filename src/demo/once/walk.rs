//! One sample from its first mail to the archive, played as the people in it would: the applicant writes and reads mail,
//! the admin follows the link in a letter and types a code, and both use the desk's pages.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use chrono::{Datelike, TimeDelta};

use super::browser::{Browser, Page};
use super::told;
use crate::accounts::directory::Login;
use crate::demo::house::House;
use crate::demo::mailroom::Letter;
use crate::demo::samples::people::PEOPLE;
use crate::demo::samples::{self, Fate, Play, Sample, Verdict};
use crate::demo::sandbox::answer_to;
use crate::sop::names::{Address, CaseNumber, UserId};
use crate::sop::phase::Phase;
use crate::vault::{Secret, sha256_hex};

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(15);

const OWN_PASSWORD: &str = "kuda-merah-lewat-jembatan";

/// A sample on its way.
pub struct Walk<'h> {
    house: &'h House,
    pub sample: Sample,
    /// Once a letter named it.
    pub number: Option<CaseNumber>,
    /// Letters that came of earlier steps.
    seen: BTreeSet<String>,
}

impl<'h> Walk<'h> {
    /// Writes the sample as of this moment.
    pub fn begin(house: &'h House, index: usize) -> Self {
        let sample = samples::mail(index, house.now(), Some(house.stamp));
        Self { house, sample, number: None, seen: BTreeSet::new() }
    }

    /// Sends the mail, plays what the label says, and waits for the dossier in the archive.
    pub async fn play(&mut self) -> Result<()> {
        self.look_past().await?;
        self.post(&self.sample.raw.clone()).await?;
        if let Verdict::Ignored(reason) = self.sample.label.verdict {
            return self.started_nothing(reason).await;
        }
        self.number = Some(self.first_number().await?);
        for play in self.sample.label.plays.clone() {
            self.act(play).await.with_context(|| format!("{play:?}"))?;
        }
        self.archived().await
    }

    async fn act(&mut self, play: Play) -> Result<()> {
        match play {
            Play::AskToComplete => self.decide("lengkapi", &[]).await,
            Play::Approve => self.decide("setujui", &[]).await,
            Play::Reject(reason) => self.decide("tolak", &[("dasar", reason)]).await,
            Play::DropHeld => self.decide("buang", &[("alasan", "Pengirim tidak dapat dibuktikan")]).await,
            Play::FollowUp => self.follow_up().await,
            Play::LetDeadlinePass => self.let_deadline_pass().await,
            Play::Reveal { nip } => self.reveal(nip).await,
            Play::ConfirmChange => self.confirm_change().await,
        }
    }

    /// Puts a mail into the inbox and waits until Loket has filed it.
    async fn post(&self, raw: &[u8]) -> Result<()> {
        let delivery = &self.house.mailroom.deliver(raw, self.house.now()).await?;
        wait_for("the mail to be filed", async || Ok(self.house.mailroom.is_filed(delivery).await.then_some(()))).await
    }

    /// Letters that lie there now are not what comes of the next step.
    async fn look_past(&mut self) -> Result<()> {
        self.seen.extend(self.house.mailroom.letters().await?.iter().map(|letter| letter.id.clone()));
        Ok(())
    }

    /// The newest letter that was not there before and fits.
    async fn letter(&self, what: &str, fits: impl Fn(&Letter) -> bool) -> Result<Arc<Letter>> {
        wait_for(what, async || {
            let letters = self.house.mailroom.letters().await?;
            Ok(letters.into_iter().rev().find(|letter| !self.seen.contains(&letter.id) && fits(letter)))
        })
        .await
    }

    /// The number a letter about this mail names: the applicant's, or the admin's where nobody is answered.
    async fn first_number(&self) -> Result<CaseNumber> {
        let held = matches!(self.sample.label.fate, Fate::Dropped);
        let message_id = self.sample.message_id.as_str();
        let letter = self
            .letter("a first letter", |letter| match held {
                true => letter.links(&self.house.base_url, "/tautan/").next().is_some(),
                false => letter.in_reply_to.as_deref() == Some(message_id),
            })
            .await?;
        letter.number.clone().context("the first letter names no number")
    }

    /// Follows the link of the newest letter to an admin, types the code, fills the form in and sends it.
    async fn decide(&mut self, form: &str, fields: &[(&str, &str)]) -> Result<()> {
        let (house, number) = (self.house, self.number.clone());
        let letter = self
            .letter("a letter to an admin", |letter| {
                letter.number == number && letter.links(&house.base_url, "/tautan/").next().is_some()
            })
            .await?;
        let admin = letter.to.first().and_then(|to| Address::parse(to)).context("the letter has no addressee")?;
        let link = letter.links(&house.base_url, "/tautan/").next().context("the letter has no link")?;
        let mut browser = Browser::new(house.address, &house.base_url);
        let lock = browser.open(link).await?.well()?.form_with("kode")?;
        let page = browser.send(&lock.fill("kode", &house.code_of(&admin).await?)?).await?.well()?;
        self.look_past().await?;
        self.send_decision(&mut browser, page, form, fields, &admin).await?.well()?;
        let again = browser.open(link).await?;
        ensure!(again.status.as_u16() == 404, "a link that was decided on still opens");
        Ok(())
    }

    /// Where the desk asks for the code once more, it is typed once more.
    async fn send_decision(
        &self,
        browser: &mut Browser,
        page: Page,
        id: &str,
        fields: &[(&str, &str)],
        admin: &Address,
    ) -> Result<Page> {
        let mut form = page.form(id)?;
        for (name, value) in fields {
            form = form.fill(name, value)?;
        }
        if form.has("kode") {
            form = form.fill("kode", &self.house.code_of(admin).await?)?;
        }
        browser.send(&form).await
    }

    /// The applicant answers the newest letter to them.
    async fn follow_up(&mut self) -> Result<()> {
        let message_id = self.sample.message_id.clone();
        let asked = self.sample.label.plays.contains(&Play::AskToComplete);
        let letter = self
            .letter("a letter to answer", |letter| {
                // The acknowledgement of an incomplete request is not what is answered.
                letter.in_reply_to.as_deref() == Some(&message_id) && (!asked || letter.body.contains("  1. "))
            })
            .await?;
        let raw = answer_to(&self.sample, &letter, self.house.now()).context("the sample has no second mail")?;
        self.look_past().await?;
        self.post(&raw).await
    }

    async fn let_deadline_pass(&mut self) -> Result<()> {
        let number = self.number.clone().context("the request has no number")?;
        let case = self.house.engine.case(&number).await?.context("the request is gone")?;
        let Phase::Incomplete { deadline, .. } = case.phase else {
            bail!("the request waits for no completion, it is {}", case.phase.name());
        };
        self.look_past().await?;
        self.house.forward(deadline - self.house.now() + TimeDelta::minutes(1))
    }

    /// Opens the one-time page of the newest result, types the NIP, and uses what it shows.
    async fn reveal(&mut self, nip: &str) -> Result<()> {
        let person = PEOPLE.iter().find(|person| person.nip == nip).context("nobody in the office has this NIP")?;
        let letter = self.result_letter("/ambil/").await?;
        ensure!(letter.to == [person.email], "a result goes to the registered address alone");
        let link = letter.links(&self.house.base_url, "/ambil/").next().context("the result has no link")?;
        let mut browser = Browser::new(self.house.address, &self.house.base_url);
        let form = browser.open(link).await?.well()?.form_with("nip")?;
        let mistyped = browser.send(&form.clone().fill("nip", "199999992099999999")?).await?;
        ensure!(mistyped.status.as_u16() == 422, "a wrong NIP is not refused");
        let shown = browser.send(&form.fill("nip", nip)?).await?.well()?;
        let secrets = shown.texts("<p class=\"secret\"", "</p>");
        ensure!(browser.open(link).await?.status.as_u16() == 404, "a result can be opened twice");
        let services = &self.sample.label.services;
        let user_id = services.contains(&crate::sop::names::Service::UserIdInfo);
        let password = services.contains(&crate::sop::names::Service::ResetPassword);
        ensure!(!user_id || secrets.iter().any(|shown| shown == person.user_id), "the page shows another user ID");
        if password {
            self.log_in(person.user_id, secrets.last().context("the page shows no password")?).await?;
        }
        Ok(())
    }

    /// The temporary password opens the account for one thing: to be changed.
    async fn log_in(&self, user_id: &str, temporary: &str) -> Result<()> {
        let (directory, now) = (&self.house.directory, self.house.now());
        let (user_id, temporary) = (UserId(user_id.to_owned()), Secret::new(temporary.to_owned()));
        let own = Secret::new(OWN_PASSWORD.to_owned());
        let first = directory.verify_login(&user_id, &temporary, None, now).await?;
        ensure!(first == Login::MustChange, "the first login gives {first:?}");
        let changed = directory.verify_login(&user_id, &temporary, Some(&own), now).await?;
        ensure!(changed == Login::Changed, "changing the password gives {changed:?}");
        let after = directory.verify_login(&user_id, &own, None, now).await?;
        ensure!(after == Login::Accepted, "the login with the new password gives {after:?}");
        Ok(())
    }

    async fn confirm_change(&mut self) -> Result<()> {
        let letter = self.result_letter("/ganti/").await?;
        let link = letter.links(&self.house.base_url, "/ganti/").next().context("the result has no confirmation")?;
        let mut browser = Browser::new(self.house.address, &self.house.base_url);
        let form = browser.open(link).await?.well()?.form_with("kata")?;
        browser.send(&form.fill("kata", "SUDAH")?).await?.well()?;
        Ok(())
    }

    async fn result_letter(&self, path: &str) -> Result<Arc<Letter>> {
        let number = self.number.clone();
        self.letter("a result", |letter| {
            letter.number == number && letter.links(&self.house.base_url, path).next().is_some()
        })
        .await
    }

    /// The archive's schedule has come and the live store has let go.
    async fn archived(&self) -> Result<()> {
        let number = self.number.clone().context("the request has no number")?;
        let engine = &self.house.engine;
        let ended = wait_for("the dossier in the archive", async || {
            let archived = engine.archive.receipt(&number).await?.is_some();
            Ok((archived && engine.case(&number).await?.is_none()).then_some(()))
        })
        .await;
        let Err(error) = ended else { return Ok(()) };
        let phase = engine.case(&number).await?.map_or("gone", |case| case.phase.name());
        Err(error.context(format!("the request is {phase}")))
    }

    /// A mail that is ignored stands in the daybook and nowhere else.
    async fn started_nothing(&self, reason: &str) -> Result<()> {
        let engine = &self.house.engine;
        let year = self.house.now().with_timezone(&engine.office.zone).year();
        let noted = told::daybook_reason(engine, year, &sha256_hex(&self.sample.raw)).await?;
        ensure!(noted.as_deref() == Some(reason), "the daybook says {noted:?}, the label {reason:?}");
        Ok(())
    }

    /// Letters that answer a mail nobody should be answered for.
    pub async fn unanswered(&self) -> Result<Option<String>> {
        if !matches!(self.sample.label.fate, Fate::Ignored | Fate::Dropped) {
            return Ok(None);
        }
        let letters = self.house.mailroom.letters().await?;
        let answered = letters.iter().any(|letter| letter.in_reply_to.as_deref() == Some(&self.sample.message_id));
        Ok(answered.then(|| "the mail was answered".to_owned()))
    }
}

/// Looks until there is something, or fails at the deadline naming what was waited for.
async fn wait_for<T, F: Future<Output = Result<Option<T>>>>(what: &str, mut look: impl FnMut() -> F) -> Result<T> {
    let looking = async {
        let mut tick = tokio::time::interval(LOOK);
        loop {
            tick.tick().await;
            if let Some(found) = look().await? {
                return Ok(found);
            }
        }
    };
    let waited = tokio::time::timeout(DEADLINE, looking).await;
    waited.map_err(|_| anyhow!("waited {} s in vain for {what}", DEADLINE.as_secs()))?
}
