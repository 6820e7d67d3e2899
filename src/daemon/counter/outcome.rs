//! What became of a case: the task in a person's hands, the outcome nobody knows, and what was done.

use chrono::{DateTime, TimeDelta, Utc};

use super::Desk;
use super::head::origin;
use super::history::history;
use super::words::say;
use crate::engine::office::Worked;
use crate::engine::port::Fault;
use crate::engine::register;
use crate::sop::case::{Case, Deed};
use crate::sop::event::{Event, Recorded};
use crate::sop::names::{CaseNumber, Language};
use crate::sop::phase::{Attempt, Outcome, Phase, RevealKind, RevealState};
use crate::web::answer::SeenResult;
use crate::web::counter::Trouble;
use crate::web::view::{Admin, CasePage, Headline, OutcomeView, Role, StepTime, TaskView, UnknownView};

/// A case as it was read for one page.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub case: &'a Case,
    pub worked: &'a Worked,
    pub events: &'a [Recorded],
    pub now: DateTime<Utc>,
}

/// For so long who handed a case over is shown that; afterwards they may look again.
const HANDED_OVER: TimeDelta = TimeDelta::minutes(10);

impl Desk {
    pub(super) fn task(&self, seen: &Seen<'_>, attempt: &Attempt) -> TaskView {
        let case = seen.case;
        let letter = case.understanding.applicant.nip.clone();
        TaskView {
            head: self.head(case, seen.worked, seen.events, seen.now),
            nip: case.account.as_ref().and_then(|a| a.nip.clone()).or(letter),
            approved_by: self.engine.name_of(&attempt.by),
            approved_at: case.decisions.last().map_or(case.opened_at, |d| d.at),
            attempt: attempt.decision.to_string(),
        }
    }

    pub(super) fn unknown(&self, seen: &Seen<'_>, attempt: &Attempt, why: &str, lang: Language) -> UnknownView {
        let since = seen.events.iter().rev().find(|r| matches!(r.event, Event::ExecutionUnknown { .. }));
        let what = self.words(lang).say(
            "Upaya pada sistem akun berakhir tanpa kepastian: {0}.",
            "The attempt in the account system ended without a certain outcome: {0}.",
            &[self.engine.letters.cause(why, lang).trim_end_matches('.')],
        );
        UnknownView {
            head: self.head(seen.case, seen.worked, seen.events, seen.now),
            attempt: attempt.decision.to_string(),
            since: since.map_or(seen.now, |recorded| recorded.at),
            what,
        }
    }

    /// What a person sees who did their part while the case waits for somebody else.
    pub(super) fn handed_over(&self, admin: &Admin, seen: &Seen<'_>, lang: Language) -> Option<OutcomeView> {
        let words = self.words(lang);
        let handed = seen.events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::Assigned { to, by, .. } => Some((recorded.at, to, by.as_ref())),
            _ => None,
        });
        let (at, to, by) = handed?;
        if by != Some(&admin.address) || *to == admin.address || seen.now - at > HANDED_OVER {
            return None;
        }
        let to = words.name(to);
        let next = words.say(
            "{0} menerima tautan baru dan memutuskan. Anda tidak perlu melakukan apa pun.",
            "{0} got a new link and decides. You need not do anything.",
            &[&to],
        );
        Some(self.told(seen, Headline::HandedOver { to }, next, lang))
    }

    pub(super) async fn outcome(&self, admin: &Admin, seen: &Seen<'_>, lang: Language) -> Result<OutcomeView, Fault> {
        let (case, words) = (seen.case, self.words(lang));
        let mut view = self.told(seen, headline(&case.phase), words.next(&case.phase), lang);
        let Phase::Delivered { reveal, proposal } = &case.phase else { return Ok(view) };
        let mine = self.awaits_second(admin, case);
        if mine.is_some() {
            view = self.told(seen, Headline::AwaitsSecond, words.waits_for_second(), lang);
        }
        view.two = self.two_view(admin, seen, lang).await?;
        if admin.role == Role::Admin {
            let waits = reveal.state == RevealState::Waiting && reveal.what != RevealKind::SystemLink;
            view.seen = SeenResult { proposal_hash: proposal.hash.0.clone(), issue: reveal.issue.to_string() };
            view.link_until = waits.then_some(reveal.expires_at);
            view.can_reissue = mine != Some(Deed::Reissue);
            view.can_hand_in_person = waits && reveal.expires_at > seen.now && mine != Some(Deed::HandInPerson);
        }
        Ok(view)
    }

    fn told(&self, seen: &Seen<'_>, headline: Headline, next: String, lang: Language) -> OutcomeView {
        OutcomeView {
            head: self.head(seen.case, seen.worked, seen.events, seen.now),
            headline,
            link_until: None,
            history: history(seen.case, seen.events, self.words(lang)),
            times: times(seen),
            next,
            seen: SeenResult::default(),
            can_reissue: false,
            can_hand_in_person: false,
            two: None,
        }
    }

    /// A case that has left the live store, read back from its dossier.
    pub(super) async fn show_archived(&self, number: &CaseNumber, lang: Language) -> Result<Option<CasePage>, Trouble> {
        let archive = &self.engine.archive;
        if archive.receipt(number).await?.is_none() {
            return Ok(None);
        }
        let (Some(case), Some(events)) =
            (archive.item(number, "permohonan.json").await?, archive.item(number, "peristiwa.json").await?)
        else {
            return Ok(None);
        };
        let unreadable = |_| Fault::permanent(format!("Cannot read the archived dossier of {number}"));
        let case: Case = serde_json::from_slice(&case).map_err(unreadable)?;
        let events: Vec<Recorded> = serde_json::from_slice(&events).map_err(unreadable)?;
        let worked = self.engine.procedures.get(&case.procedure.hash)?;
        let seen = Seen { case: &case, worked: &worked, events: &events, now: self.engine.clock.now() };
        let next = say(lang, "Berkas tersimpan di arsip.", "The dossier is kept in the archive.").to_owned();
        Ok(Some(CasePage::Outcome(Box::new(self.told(&seen, Headline::Archived, next, lang)))))
    }
}

fn headline(phase: &Phase) -> Headline {
    match phase {
        Phase::Incomplete { .. } => Headline::CompletionAsked,
        Phase::Delivered { reveal, .. } => match (reveal.state, reveal.what) {
            (RevealState::Revealed { .. } | RevealState::HandedOver { .. }, _) => Headline::Revealed,
            (_, RevealKind::UserId) => Headline::UserIdSent,
            _ => Headline::PasswordReset,
        },
        Phase::Closed { outcome, .. } => match outcome {
            Outcome::ResetConfirmed => Headline::ChangeConfirmed,
            Outcome::ResetUnconfirmed | Outcome::UserIdGiven => Headline::Revealed,
            Outcome::Rejected { .. } | Outcome::Dropped { .. } => Headline::Rejected,
            Outcome::Expired | Outcome::NotFetched => Headline::Expired,
            Outcome::Withdrawn => Headline::Withdrawn,
            Outcome::OutOfScope | Outcome::TooLarge => Headline::OutOfScope,
        },
        _ => Headline::Executing,
    }
}

/// Each ended stay in a step that has a standard.
fn times(seen: &Seen<'_>) -> Vec<StepTime> {
    register::steps(seen.case, seen.worked)
        .into_iter()
        .filter_map(|stay| {
            let standard = seen.worked.procedure.time(stay.step)?;
            let spent = u32::try_from(stay.minutes).unwrap_or(u32::MAX);
            Some(StepTime { step: stay.step, spent, standard: standard.minutes, origin: origin(standard.origin) })
        })
        .collect()
}
