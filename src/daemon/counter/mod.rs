//! The counter over the engine: what the desk's pages ask is answered from the cases as they stand, and what a person
//! does there becomes a command of the procedure. Nothing is decided here; a refusal of the procedure becomes the
//! answer the page has words for.
//!
//! [`case_page`] and its neighbours build views, [`decide`] and its neighbours act, [`words`] holds every sentence.

mod archive;
mod case_page;
mod change;
mod confirm;
mod decide;
mod drafts;
mod entrance;
mod factor;
mod filed;
mod findings;
mod head;
mod held;
mod history;
mod outcome;
mod papers;
mod pictures;
mod proposal;
mod queue;
mod readiness;
mod recent;
mod refusal;
mod report;
mod result;
mod review;
mod task;
mod two;
mod words;

use std::sync::Arc;

use futures::future::BoxFuture;

use self::factor::Standing;
use self::filed::Filed;
use self::papers::RecentPapers;
use self::pictures::Gallery;
use super::alarm::board::Board;
use super::alarm::facts::Pulse;
use crate::engine::Engine;
use crate::engine::access::Seen;
use crate::engine::admins::Matter;
use crate::engine::intake::Mailbox;
use crate::engine::port::Fault;
use crate::sop::names::{Address, CaseNumber, Language};
use crate::web::answer::*;
use crate::web::counter::{Counter, Later, Trouble};
use crate::web::view::*;

/// The letters of the demo and the things that can be played there; no other installation has one.
pub trait Sandbox: Send + Sync {
    fn view<'a>(&'a self, chosen: Option<&'a str>, lang: Language) -> BoxFuture<'a, Result<SandboxView, Fault>>;

    /// Plays one of [`SandboxView::plays`]. False: no such play.
    fn play<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, Fault>>;
}

/// The desk of one office.
pub struct Desk {
    engine: Arc<Engine>,
    mailboxes: Arc<Vec<Arc<Mailbox>>>,
    /// Of each mailbox, in their order: when it was looked at.
    pulses: Vec<Arc<Pulse>>,
    sandbox: Option<Arc<dyn Sandbox>>,
    /// Empty where nobody watches.
    alarms: Board,
    papers: Arc<RecentPapers>,
    gallery: Gallery,
    filed: Arc<Filed>,
    /// One code at a time: a button pressed twice finds what the first press did, not a used code.
    hand: tokio::sync::Mutex<()>,
}

impl Desk {
    /// `pulses` are kept by whoever watches the mailboxes, one for each.
    pub fn new(engine: Arc<Engine>, mailboxes: Arc<Vec<Arc<Mailbox>>>, pulses: Vec<Arc<Pulse>>) -> Self {
        let (papers, gallery) = (Arc::default(), Gallery::default());
        let (filed, hand) = (Arc::default(), tokio::sync::Mutex::new(()));
        Self { engine, mailboxes, pulses, sandbox: None, alarms: Board::default(), papers, gallery, filed, hand }
    }

    /// Shows what is raised there on the desk's front.
    #[must_use]
    pub fn with_alarms(mut self, alarms: Board) -> Self {
        self.alarms = alarms;
        self
    }

    /// The desk of the demo, which shows codes and letters that nobody else may see.
    #[must_use]
    pub fn with_sandbox(mut self, sandbox: Arc<dyn Sandbox>) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// What is there to see is put on record before it is shown.
    async fn on_record<T>(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        seen: Seen,
        shown: Option<T>,
    ) -> Result<Option<T>, Trouble> {
        if shown.is_some() {
            self.engine.record_access(admin.address.as_str(), Some(number), seen).await?;
        }
        Ok(shown)
    }

    /// The same of a list, with how many requests it shows.
    async fn list_on_record<T>(
        &self,
        admin: &Admin,
        shown: Option<T>,
        count: impl Fn(&T) -> usize,
    ) -> Result<Option<T>, Trouble> {
        if let Some(list) = &shown {
            self.engine.record_access(admin.address.as_str(), None, Seen::Queue { shown: count(list) }).await?;
        }
        Ok(shown)
    }

    /// The same of a month's report.
    async fn report_on_record<T>(&self, admin: &Admin, month: Month, shown: Option<T>) -> Result<Option<T>, Trouble> {
        if shown.is_some() {
            let seen = Seen::Report { month: month.to_string() };
            self.engine.record_access(admin.address.as_str(), None, seen).await?;
        }
        Ok(shown)
    }

    /// The mailbox that a case came in by, for reading its mails again: of its procedure file, else of a later one.
    fn mailbox_of(&self, case: &crate::sop::case::Case) -> Option<&Arc<Mailbox>> {
        let of = |mailbox: &&Arc<Mailbox>| mailbox.worked.procedure.id() == case.procedure.id;
        let pinned = self.mailboxes.iter().find(|m| *m.worked.procedure.hash() == case.procedure.hash);
        pinned.or_else(|| self.mailboxes.iter().find(of)).or_else(|| self.mailboxes.first())
    }
}

/// Lets an act through where this person may change anything at all, else says in one sentence why not.
macro_rules! acting {
    ($desk:expr, $admin:expr, $lang:expr, $answer:ident, $act:expr) => {
        Box::pin(async move {
            match $desk.who_acts($admin, $lang).await? {
                Standing::Acts => $act.await,
                Standing::Reads(why) => Ok($answer::Refused(why)),
                Standing::Unknown => Ok($answer::Gone),
            }
        })
    };
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self(fault.message)
    }
}

impl Counter for Desk {
    fn lock_view<'a>(&'a self, token: &'a str, lang: Language) -> Later<'a, Option<LockView>> {
        Box::pin(self.show_lock(token, lang))
    }

    fn unlock<'a>(&'a self, token: &'a str, code: &'a Typed) -> Later<'a, UnlockAnswer> {
        Box::pin(self.open_with_code(token, code))
    }

    fn sign_in<'a>(&'a self, address: &'a Address, code: &'a Typed) -> Later<'a, SignInAnswer> {
        Box::pin(self.let_in(address, code))
    }

    fn stands<'a>(&'a self, who: &'a Admin) -> Later<'a, bool> {
        Box::pin(async move { Ok(self.may_look(who).await?) })
    }

    fn sign_out<'a>(&'a self, admin: &'a Admin) -> Later<'a, ()> {
        tracing::info!(security = "signed_out", admin = %admin.address.masked(), "a device was locked by its owner");
        Box::pin(std::future::ready(Ok(())))
    }

    fn case_page<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        lang: Language,
    ) -> Later<'a, Option<CasePage>> {
        Box::pin(async move {
            let page = self.show_case(admin, number, lang).await?;
            self.on_record(admin, number, Seen::Case, page).await
        })
    }

    fn enclosure<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        index: u32,
    ) -> Later<'a, Option<EnclosedFile>> {
        Box::pin(async move {
            let file = self.show_enclosure(admin, number, index).await?;
            self.on_record(admin, number, Seen::Enclosure { index }, file).await
        })
    }

    fn picture<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        paper: u32,
        page: u32,
    ) -> Later<'a, Option<Picture>> {
        Box::pin(async move {
            let picture = self.show_picture(admin, number, paper, page).await?;
            self.on_record(admin, number, Seen::Page { paper, page }, picture).await
        })
    }

    fn decide<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        form: DecisionForm,
        lang: Language,
    ) -> Later<'a, DecisionAnswer> {
        acting!(self, admin, lang, DecisionAnswer, self.take_decision(admin, number, form, lang))
    }

    fn save_draft<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        draft: DraftForm,
    ) -> Later<'a, DecisionAnswer> {
        acting!(self, admin, self.engine.office.language, DecisionAnswer, self.keep_draft(admin, number, draft))
    }

    fn confirm<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber, form: ConfirmForm) -> Later<'a, ConfirmAnswer> {
        acting!(self, admin, self.engine.office.language, ConfirmAnswer, self.record_confirmation(admin, number, form))
    }

    fn manual_outcome<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        attempt: &'a str,
        outcome: ManualOutcome,
        lang: Language,
    ) -> Later<'a, TaskAnswer> {
        acting!(self, admin, lang, TaskAnswer, self.enter_outcome(admin, number, attempt, outcome, lang))
    }

    fn resolve_unknown<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        attempt: &'a str,
        resolution: Resolution,
        note: String,
        lang: Language,
    ) -> Later<'a, TaskAnswer> {
        acting!(self, admin, lang, TaskAnswer, self.settle_unknown(admin, number, attempt, resolution, note, lang))
    }

    fn reissue<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        form: ReissueForm,
        lang: Language,
    ) -> Later<'a, TaskAnswer> {
        acting!(self, admin, lang, TaskAnswer, self.issue_anew(admin, number, form, lang))
    }

    fn hand_in_person<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        form: HandForm,
        lang: Language,
    ) -> Later<'a, HandAnswer> {
        acting!(self, admin, lang, HandAnswer, self.hand_over_result(admin, number, form, lang))
    }

    fn account_for_deviation<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        deviation: &'a str,
        reason: String,
    ) -> Later<'a, TaskAnswer> {
        acting!(
            self,
            admin,
            self.engine.office.language,
            TaskAnswer,
            self.explain_deviation(admin, number, deviation, reason)
        )
    }

    fn held_view<'a>(&'a self, admin: &'a Admin, id: &'a str, _: Language) -> Later<'a, Option<HeldView>> {
        Box::pin(async move {
            let view = self.show_held(admin, id).await?;
            let Some(number) = CaseNumber::parse(id) else { return Ok(view) };
            self.on_record(admin, &number, Seen::Held, view).await
        })
    }

    fn settle_held<'a>(&'a self, admin: &'a Admin, id: &'a str, form: HeldForm) -> Later<'a, HeldAnswer> {
        acting!(self, admin, self.engine.office.language, HeldAnswer, self.settle_mail(admin, id, form))
    }

    fn desk<'a>(&'a self, admin: &'a Admin, filter: &'a DeskFilter, lang: Language) -> Later<'a, DeskView> {
        Box::pin(async move {
            let view = self.show_queue(admin, filter, lang).await?;
            if !view.rows.is_empty() {
                let seen = Seen::Queue { shown: view.rows.len() };
                self.engine.record_access(admin.address.as_str(), None, seen).await?;
            }
            Ok(view)
        })
    }

    fn archive<'a>(&'a self, admin: &'a Admin, filter: &'a ArchiveFilter) -> Later<'a, Option<ArchiveView>> {
        Box::pin(async move {
            let view = self.list_archive(admin, filter).await?;
            self.list_on_record(admin, view, |view| view.rows.len()).await
        })
    }

    fn dossier<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber) -> Later<'a, Option<DossierView>> {
        Box::pin(async move {
            let view = self.show_dossier(admin, number).await?;
            self.on_record(admin, number, Seen::Dossier, view).await
        })
    }

    fn dossier_item<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber, index: u32) -> Later<'a, Option<TakenOut>> {
        Box::pin(async move {
            let item = self.take_item(admin, number, index).await?;
            let Some(TakenOut::Item { name, .. }) = &item else { return Ok(item) };
            self.on_record(admin, number, Seen::Item { name: name.clone() }, item).await
        })
    }

    fn dossier_bag<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber) -> Later<'a, Option<TakenOut>> {
        Box::pin(async move {
            let bag = self.take_bag(admin, number).await?;
            let Some(TakenOut::Bag(_)) = &bag else { return Ok(bag) };
            self.on_record(admin, number, Seen::Export, bag).await
        })
    }

    fn report<'a>(&'a self, admin: &'a Admin, month: Month) -> Later<'a, Option<ReportView>> {
        Box::pin(async move {
            let view = self.show_report(admin, month).await?;
            self.report_on_record(admin, month, view).await
        })
    }

    fn report_file<'a>(&'a self, admin: &'a Admin, month: Month, form: ReportForm) -> Later<'a, Option<String>> {
        Box::pin(async move {
            let file = self.write_report(admin, month, form).await?;
            self.report_on_record(admin, month, file).await
        })
    }

    fn reveal_view<'a>(&'a self, token: &'a str) -> Later<'a, Option<RevealView>> {
        Box::pin(self.show_reveal(token))
    }

    fn reveal<'a>(&'a self, token: &'a str, typed: RevealTyped) -> Later<'a, RevealAnswer> {
        Box::pin(self.claim(token, typed))
    }

    fn change_view<'a>(&'a self, token: &'a str) -> Later<'a, Option<ChangeView>> {
        Box::pin(self.show_change(token))
    }

    fn change_confirmed<'a>(&'a self, token: &'a str) -> Later<'a, ChangeAnswer> {
        Box::pin(self.record_change(token))
    }

    fn enrol_view<'a>(&'a self, token: &'a str) -> Later<'a, Option<EnrolView>> {
        Box::pin(self.show_enrolment(token))
    }

    fn enrol_confirm<'a>(
        &'a self,
        token: &'a str,
        code: &'a Typed,
        passphrase: Option<Typed>,
    ) -> Later<'a, EnrolAnswer> {
        Box::pin(self.end_enrolment(token, code, passphrase))
    }

    fn change_phrase<'a>(&'a self, who: &'a Admin, proof: &'a Typed, phrase: Typed) -> Later<'a, PhraseAnswer> {
        Box::pin(self.change_own_phrase(who, proof, phrase))
    }

    fn passkey_offer<'a>(&'a self, token: &'a str) -> Later<'a, Option<String>> {
        Box::pin(async move { Ok(self.engine.offer_passkey(token).await?.map(|asked| asked.to_string())) })
    }

    fn passkey_enrol<'a>(&'a self, token: &'a str, answer: &'a Typed) -> Later<'a, EnrolAnswer> {
        Box::pin(self.keep_passkey(token, answer))
    }

    fn passkey_ask<'a>(&'a self, address: &'a Address) -> Later<'a, Option<String>> {
        Box::pin(
            async move { Ok(self.engine.ask_passkey(address, Matter::Entry).await?.map(|asked| asked.to_string())) },
        )
    }

    fn passkey_ask_to<'a>(
        &'a self,
        who: &'a Address,
        number: &'a CaseNumber,
        act: Act,
        seen: Option<&'a str>,
    ) -> Later<'a, Option<String>> {
        Box::pin(self.ask_to(who, number, act, seen))
    }

    fn passkey_ask_for<'a>(&'a self, token: &'a str) -> Later<'a, Option<String>> {
        Box::pin(self.ask_behind(token))
    }

    fn sandbox<'a>(&'a self, chosen: Option<&'a str>, lang: Language) -> Later<'a, Option<SandboxView>> {
        Box::pin(async move {
            match &self.sandbox {
                Some(sandbox) => Ok(Some(sandbox.view(chosen, lang).await?)),
                None => Ok(None),
            }
        })
    }

    fn play<'a>(&'a self, id: &'a str) -> Later<'a, bool> {
        Box::pin(async move {
            match &self.sandbox {
                Some(sandbox) => Ok(sandbox.play(id).await?),
                None => Ok(false),
            }
        })
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.is_ready())
    }
}
