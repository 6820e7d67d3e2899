//! The result on its way to the person: the one-time page, handing over at the counter, and the confirmed change.
//! The sealed result is read first, then claimed, and shown only to whoever won the claim: at most once.

use subtle::ConstantTimeEq;

use super::Desk;
use crate::engine::casebook::{Along, Answer};
use crate::engine::drafting::unlock;
use crate::engine::links::Purpose;
use crate::engine::peril::{Moment, moment};
use crate::engine::port::Fault;
use crate::engine::secrets::ResultSecret;
use crate::engine::store::CaseKey;
use crate::letters::Unlock;
use crate::sop::case::Case;
use crate::sop::command::{Choice, Command};
use crate::sop::decide::Refused;
use crate::sop::names::{CaseNumber, Language, Service};
use crate::sop::phase::{Outcome, Phase, Reveal, RevealKind, RevealState};
use crate::web::answer::{
    ChangeAnswer, DecisionAnswer, Earlier, HandAnswer, HandForm, RevealAnswer, RevealTyped, SeenResult, Typed,
};
use crate::web::counter::Trouble;
use crate::web::view::{Admin, ChangeView, RevealAsk, RevealView, RevealedView};

impl Desk {
    pub(super) async fn show_reveal(&self, token: &str) -> Result<Option<RevealView>, Trouble> {
        let Some((_, case, reveal)) = self.waiting(token).await? else { return Ok(None) };
        let ask = match unlock(&case) {
            Unlock::Nip => RevealAsk::Nip,
            Unlock::SpokenCode => RevealAsk::Code,
        };
        Ok(Some(RevealView { services: services(reveal.what), ask, until: reveal.expires_at }))
    }

    pub(super) async fn claim(&self, token: &str, typed: RevealTyped) -> Result<RevealAnswer, Trouble> {
        let Some((key, case, reveal)) = self.waiting(token).await? else { return Ok(RevealAnswer::Gone) };
        let by = match &typed {
            RevealTyped::Nip(_) => "nip",
            RevealTyped::Code(_) => "code",
        };
        if !self.is_the_applicant(&key, &case, &typed) {
            tracing::warn!(security = "wrong_answer", case = %key.number, by, "a result was asked for with a wrong answer");
            return Ok(RevealAnswer::Wrong);
        }
        tracing::info!(security = "right_answer", case = %key.number, by, "a result was asked for with the right answer");
        let issue = reveal.issue;
        let Some(kept) = self.engine.open_result(&key, issue).await? else { return Ok(RevealAnswer::Gone) };
        let mut along = Along::default();
        let mut change_token = None;
        if reveal.what.must_change() {
            let (token, link) = self.engine.change_link(&key, issue).await?;
            along.links.push(link);
            change_token = Some(Typed::new(token));
        }
        match self.engine.apply(&key, Command::Reveal { issue }, along).await? {
            Answer::Done(_) => {
                moment(Moment::RevealRecorded);
                Ok(RevealAnswer::Revealed(RevealedView { change_token, ..shown(&kept.result, &reveal) }))
            }
            Answer::Refused(..) | Answer::Gone | Answer::Conflict => Ok(RevealAnswer::Gone),
        }
    }

    /// A good link to a result that waits, with the case it belongs to.
    async fn waiting(&self, token: &str) -> Result<Option<(CaseKey, Case, Reveal)>, Fault> {
        let Some(link) = self.engine.open_link(token).await? else { return Ok(None) };
        let Purpose::Reveal { issue } = link.purpose else { return Ok(None) };
        let Some(case) = self.engine.case(&link.key.number).await? else { return Ok(None) };
        let Phase::Delivered { reveal, .. } = &case.phase else { return Ok(None) };
        let now = self.engine.clock.now();
        let good = reveal.issue == issue
            && reveal.state == RevealState::Waiting
            && reveal.expires_at > now
            && reveal.what != RevealKind::SystemLink;
        let reveal = reveal.clone();
        Ok(good.then_some((link.key, case, reveal)))
    }

    /// What was typed must be what this result asks for, and nothing of it may be told by time.
    fn is_the_applicant(&self, key: &CaseKey, case: &Case, typed: &RevealTyped) -> bool {
        let digits =
            |typed: &Typed| Typed::new(typed.expose().chars().filter(char::is_ascii_digit).collect::<String>());
        match (unlock(case), typed) {
            (Unlock::Nip, RevealTyped::Nip(nip)) => {
                let Some(known) = case.account.as_ref().and_then(|account| account.nip.as_ref()) else { return false };
                digits(nip).expose().as_bytes().ct_eq(known.digits().as_bytes()).into()
            }
            (Unlock::SpokenCode, RevealTyped::Code(code)) => {
                let Some(tag) = case.confirmed().and_then(|c| c.code_tag.as_ref()) else { return false };
                let tried = self.engine.code_tag(key, digits(code).expose());
                tried.0.as_bytes().ct_eq(tag.0.as_bytes()).into()
            }
            _ => false,
        }
    }

    pub(super) async fn hand_over_result(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        form: HandForm,
        lang: Language,
    ) -> Result<HandAnswer, Trouble> {
        let _alone = self.hand.lock().await;
        let Some(case) = self.engine.case(number).await? else { return Ok(HandAnswer::Gone) };
        let Phase::Delivered { reveal, .. } = &case.phase else {
            let refused = Refused::WrongPhase { phase: case.phase.name() };
            return Ok(HandAnswer::Refused(self.sentence(&refused, &case, lang)));
        };
        if let Some(earlier) = self.issued_since(&case, &form.seen, lang) {
            let at = self.words(lang).say("Muat ulang halaman.", "Reload the page.", &[]);
            return Ok(HandAnswer::Refused(format!("{} {at}", earlier.what)));
        }
        let kept = self.engine.open_result(&self.engine.key(number), reveal.issue).await?;
        let Some(kept) = kept.filter(|_| reveal.state == RevealState::Waiting) else {
            return Ok(HandAnswer::Refused(self.sentence(&Refused::Gone, &case, lang)));
        };
        let (identified_by, more) = (form.identified_by.trim(), form.note.trim());
        let note = if more.is_empty() { identified_by.to_owned() } else { format!("{identified_by}; {more}") };
        let choice = Choice::HandInPerson { note };
        Ok(match self.put(admin, &case, &form.seen.proposal_hash, choice, Some(&form.code), lang).await? {
            DecisionAnswer::Done => HandAnswer::Show(shown(&kept.result, reveal)),
            DecisionAnswer::AwaitsSecond => HandAnswer::AwaitsSecond,
            DecisionAnswer::NeedsFactor { left } => HandAnswer::NeedsFactor { left },
            DecisionAnswer::LockedOut => HandAnswer::LockedOut,
            DecisionAnswer::Invalid(errors) => HandAnswer::Invalid(errors),
            DecisionAnswer::Refused(why) => HandAnswer::Refused(why),
            DecisionAnswer::Already(earlier) => HandAnswer::Refused(earlier.what),
            DecisionAnswer::Changed { what, .. } => HandAnswer::Refused(format!("{what}.")),
            DecisionAnswer::NeedsConfirmation | DecisionAnswer::Gone => HandAnswer::Gone,
        })
    }

    /// Who issued the result anew after a page showed it so; its reader has not seen what they would act on (THREATS row 13).
    pub(super) fn issued_since(&self, case: &Case, seen: &SeenResult, lang: Language) -> Option<Earlier> {
        let Phase::Delivered { reveal, .. } = &case.phase else { return None };
        if reveal.issue.to_string() == seen.issue {
            return None;
        }
        let last = case.decisions.last();
        let mut earlier = self.earlier(case, last.map(|d| d.by.clone()), last.map(|d| d.at), lang);
        earlier.what = self.words(lang).say(
            "Hasil ini sudah diterbitkan ulang oleh {0}.",
            "This result was issued anew by {0}.",
            &[&earlier.by],
        );
        Some(earlier)
    }

    pub(super) async fn show_change(&self, token: &str) -> Result<Option<ChangeView>, Trouble> {
        let Some((live, key, issue)) = self.change(token).await? else { return Ok(None) };
        let Some(case) = self.engine.case(&key.number).await? else { return Ok(None) };
        Ok(match &case.phase {
            Phase::Closed { outcome: Outcome::ResetConfirmed, .. } => Some(ChangeView { done: true }),
            Phase::Delivered { reveal, .. } if live && can_confirm(reveal, issue) => Some(ChangeView { done: false }),
            _ => None,
        })
    }

    pub(super) async fn record_change(&self, token: &str) -> Result<ChangeAnswer, Trouble> {
        let Some((live, key, issue)) = self.change(token).await? else { return Ok(ChangeAnswer::Gone) };
        if !live {
            let closed = self.show_change(token).await?;
            return Ok(if closed.is_some_and(|view| view.done) { ChangeAnswer::Done } else { ChangeAnswer::Gone });
        }
        match self.engine.apply(&key, Command::ConfirmChange { issue }, Along::default()).await? {
            Answer::Done(_) => Ok(ChangeAnswer::Done),
            Answer::Refused(..) | Answer::Gone | Answer::Conflict => Ok(ChangeAnswer::Gone),
        }
    }

    async fn change(&self, token: &str) -> Result<Option<(bool, CaseKey, u32)>, Fault> {
        let Some((live, link)) = self.engine.find_link(token).await? else { return Ok(None) };
        Ok(match link.purpose {
            Purpose::Change { issue } => Some((live, link.key, issue)),
            Purpose::Case { .. } | Purpose::Reveal { .. } => None,
        })
    }
}

/// As [`crate::sop::decide`] has it: only who has seen the result can have changed it.
fn can_confirm(reveal: &Reveal, issue: u32) -> bool {
    let seen = matches!(reveal.state, RevealState::Revealed { .. } | RevealState::HandedOver { .. });
    reveal.issue == issue && reveal.what.must_change() && (seen || reveal.what == RevealKind::SystemLink)
}

fn services(what: RevealKind) -> Vec<Service> {
    match what {
        RevealKind::Password | RevealKind::SystemLink => vec![Service::ResetPassword],
        RevealKind::UserId => vec![Service::UserIdInfo],
        RevealKind::Both => vec![Service::ResetPassword, Service::UserIdInfo],
    }
}

/// The result as the page shows it: what a person logs in with, so a password comes with its user ID.
fn shown(result: &ResultSecret, reveal: &Reveal) -> RevealedView {
    let resets = matches!(reveal.what, RevealKind::Password | RevealKind::Both);
    let password = result.password.clone().filter(|_| resets).map(Typed::new);
    RevealedView {
        user_id: result.user_id.clone(),
        until: password.is_some().then_some(reveal.expires_at),
        password,
        change_token: None,
    }
}
