//! The counter: everything the pages ask of the engine, and nothing of how it is done. The daemon implements it over
//! the engine; tests implement it in memory. Who is asking was proven by the session before a call with an [`Admin`].
//!
//! What is shown stands in [`super::view`], what is asked and answered in [`super::answer`]. A sentence inside a view
//! (a finding's reason, an event of the history) comes in the language asked for; times come in UTC.

use futures::future::BoxFuture;

use super::answer::{
    Act, ChangeAnswer, ConfirmAnswer, ConfirmForm, DecisionAnswer, DecisionForm, EnrolAnswer, HandAnswer, HandForm,
    HeldAnswer, HeldForm, ManualOutcome, PhraseAnswer, ReissueForm, Resolution, RevealAnswer, RevealTyped,
    SignInAnswer, TaskAnswer, Typed, UnlockAnswer,
};
use super::view::{
    Admin, ArchiveFilter, ArchiveView, CasePage, ChangeView, DeskFilter, DeskView, DossierView, EnclosedFile,
    EnrolView, HeldView, LockView, Month, Picture, ReportForm, ReportView, RevealView, SandboxView, TakenOut,
};
use crate::sop::names::{Address, CaseNumber, Language};

/// The engine could not answer (the store is closing, a disk fails). The sentence goes to the log, not to the page.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Trouble(pub String);

/// An answer that comes later, or trouble.
pub type Later<'a, T> = BoxFuture<'a, Result<T, Trouble>>;

/// What the desk asks of the engine. `None` of a view: there is no such thing, or it is not for this person; an
/// unknown, a used and an expired token all answer alike. Views change nothing.
pub trait Counter: Send + Sync {
    /// What an admin's link may show before the code: number, service and counts.
    fn lock_view<'a>(&'a self, token: &'a str, lang: Language) -> Later<'a, Option<LockView>>;

    /// Opens a link with the code of the admin it was sent to. The link itself stays usable until it is decided.
    fn unlock<'a>(&'a self, token: &'a str, code: &'a Typed) -> Later<'a, UnlockAnswer>;

    /// Signs an admin in without a link.
    fn sign_in<'a>(&'a self, address: &'a Address, code: &'a Typed) -> Later<'a, SignInAnswer>;

    /// Whether what this person proved still holds: nobody revoked them, enrolled them anew or gave them another role since.
    fn stands<'a>(&'a self, who: &'a Admin) -> Later<'a, bool>;

    /// Tells the engine that a device was locked, for the journal.
    fn sign_out<'a>(&'a self, admin: &'a Admin) -> Later<'a, ()>;

    /// The page of a case, whatever its phase is.
    fn case_page<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber, lang: Language)
    -> Later<'a, Option<CasePage>>;

    /// A file that goes out with the completion request; `index` is its place in [`super::view::DraftView::enclosures`].
    fn enclosure<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber, index: u32)
    -> Later<'a, Option<EnclosedFile>>;

    /// One page of one paper; `paper` is [`super::view::PaperView::index`], `page` counts from 1.
    fn picture<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        paper: u32,
        page: u32,
    ) -> Later<'a, Option<Picture>>;

    /// Approves, asks to complete, rejects or hands over (SOP steps 3, 5, 7).
    fn decide<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        form: DecisionForm,
        lang: Language,
    ) -> Later<'a, DecisionAnswer>;

    /// Keeps an edited letter; the next [`Counter::case_page`] shows it as that choice's draft.
    fn save_draft<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        draft: super::answer::DraftForm,
    ) -> Later<'a, DecisionAnswer>;

    /// Records a confirmation by phone or in person (SOP step 5).
    fn confirm<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber, form: ConfirmForm) -> Later<'a, ConfirmAnswer>;

    /// Enters what a person did in SPSE (SOP step 6). `attempt` is [`super::view::TaskView::attempt`].
    fn manual_outcome<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        attempt: &'a str,
        outcome: ManualOutcome,
        lang: Language,
    ) -> Later<'a, TaskAnswer>;

    /// Says what became of an attempt whose outcome is unknown.
    fn resolve_unknown<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        attempt: &'a str,
        resolution: Resolution,
        note: String,
        lang: Language,
    ) -> Later<'a, TaskAnswer>;

    /// Decides anew on the same dossier: a new secret and link, the old ones void.
    fn reissue<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        form: ReissueForm,
        lang: Language,
    ) -> Later<'a, TaskAnswer>;

    /// Hands the result to the person standing at the counter, on record.
    fn hand_in_person<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        form: HandForm,
        lang: Language,
    ) -> Later<'a, HandAnswer>;

    /// Enters the reason of an overrun. `deviation` is [`super::view::DeviationView::id`].
    fn account_for_deviation<'a>(
        &'a self,
        admin: &'a Admin,
        number: &'a CaseNumber,
        deviation: &'a str,
        reason: String,
    ) -> Later<'a, TaskAnswer>;

    /// A mail held for a person.
    fn held_view<'a>(&'a self, admin: &'a Admin, id: &'a str, lang: Language) -> Later<'a, Option<HeldView>>;

    /// Admits a held mail as a request, or drops it.
    fn settle_held<'a>(&'a self, admin: &'a Admin, id: &'a str, form: HeldForm) -> Later<'a, HeldAnswer>;

    /// The queue.
    fn desk<'a>(&'a self, admin: &'a Admin, filter: &'a DeskFilter, lang: Language) -> Later<'a, DeskView>;

    /// A page of the archive's list.
    fn archive<'a>(&'a self, admin: &'a Admin, filter: &'a ArchiveFilter) -> Later<'a, Option<ArchiveView>>;

    /// A dossier of the archive, held against its hashes at this moment.
    fn dossier<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber) -> Later<'a, Option<DossierView>>;

    /// One item of a dossier; `index` is its place in [`super::view::OpenedView::items`].
    fn dossier_item<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber, index: u32) -> Later<'a, Option<TakenOut>>;

    /// All of a dossier as one file.
    fn dossier_bag<'a>(&'a self, admin: &'a Admin, number: &'a CaseNumber) -> Later<'a, Option<TakenOut>>;

    /// The register and the time standards of a month.
    fn report<'a>(&'a self, admin: &'a Admin, month: Month) -> Later<'a, Option<ReportView>>;

    /// The same as a file, byte for byte what the command line gives.
    fn report_file<'a>(&'a self, admin: &'a Admin, month: Month, form: ReportForm) -> Later<'a, Option<String>>;

    /// The applicant's one-time page before it is opened.
    fn reveal_view<'a>(&'a self, token: &'a str) -> Later<'a, Option<RevealView>>;

    /// Claims the result and shows it, at most once; a wrong answer destroys nothing.
    fn reveal<'a>(&'a self, token: &'a str, typed: RevealTyped) -> Later<'a, RevealAnswer>;

    /// The page on which an applicant confirms the changed password.
    fn change_view<'a>(&'a self, token: &'a str) -> Later<'a, Option<ChangeView>>;

    /// The applicant says that the password is changed.
    fn change_confirmed<'a>(&'a self, token: &'a str) -> Later<'a, ChangeAnswer>;

    /// The factor behind an enrolment link, the same at every call until it is confirmed.
    fn enrol_view<'a>(&'a self, token: &'a str) -> Later<'a, Option<EnrolView>>;

    /// Ends an enrolment with the first code of the new factor, and with a passphrase where one was chosen.
    fn enrol_confirm<'a>(
        &'a self,
        token: &'a str,
        code: &'a Typed,
        passphrase: Option<Typed>,
    ) -> Later<'a, EnrolAnswer>;

    /// Changes a person's passphrase, or gives them their first; `proof` is a code or the passphrase of now. They are told by mail.
    fn change_phrase<'a>(&'a self, who: &'a Admin, proof: &'a Typed, phrase: Typed) -> Later<'a, PhraseAnswer>;

    /// A question for the browser that makes a passkey, JSON; `None`: the link is not good, or keys cannot be bound to the
    /// desk's address.
    fn passkey_offer<'a>(&'a self, token: &'a str) -> Later<'a, Option<String>>;

    /// Keeps the passkey a browser made.
    fn passkey_enrol<'a>(&'a self, token: &'a str, answer: &'a Typed) -> Later<'a, EnrolAnswer>;

    /// A question for the browser that shows a passkey to open the desk, JSON, alike for known and unknown addresses; the answer
    /// goes where a code goes. `None`: keys cannot be bound to the desk's address.
    fn passkey_ask<'a>(&'a self, address: &'a Address) -> Later<'a, Option<String>>;

    /// The same for the admin an open link was sent to.
    fn passkey_ask_for<'a>(&'a self, token: &'a str) -> Later<'a, Option<String>>;

    /// The same for an act on a case, by the proposal that was seen where the page names one. The answer counts for just that.
    fn passkey_ask_to<'a>(
        &'a self,
        who: &'a Address,
        number: &'a CaseNumber,
        act: Act,
        seen: Option<&'a str>,
    ) -> Later<'a, Option<String>>;

    /// The letters of the demo with `chosen` opened; `None` unless this is the demo.
    fn sandbox<'a>(&'a self, chosen: Option<&'a str>, lang: Language) -> Later<'a, Option<SandboxView>>;

    /// Plays one of [`SandboxView::plays`], such as sending the next sample request. False: no such play.
    fn play<'a>(&'a self, id: &'a str) -> Later<'a, bool>;

    /// Whether requests can be worked on now; the sentence says what is not ready.
    fn ready(&self) -> BoxFuture<'_, Result<(), String>>;
}
