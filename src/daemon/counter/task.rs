//! Work a person did: the outcome of a task in the account system, what became of an attempt nobody knew the outcome of,
//! a result issued anew, and the reason of an overrun.

use chrono::{DateTime, TimeDelta, Utc};

use super::Desk;
use crate::engine::casebook::{Along, Answer};
use crate::engine::port::Fault;
use crate::engine::secrets::ResultSecret;
use crate::sop::case::Case;
use crate::sop::command::{Choice, Command, Report};
use crate::sop::decide::Refused;
use crate::sop::event::{Event, Recorded};
use crate::sop::names::{CaseNumber, Language, Service};
use crate::sop::phase::{Attempt, Phase};
use crate::web::answer::{DecisionAnswer, Field, FieldError, ManualOutcome, ReissueForm, Resolution, TaskAnswer, Why};
use crate::web::counter::Trouble;
use crate::web::view::Admin;

/// The same reason by the same person within this time is the same press of the button.
const ONE_PRESS: TimeDelta = TimeDelta::minutes(2);

impl Desk {
    pub(super) async fn enter_outcome(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        attempt: &str,
        outcome: ManualOutcome,
        lang: Language,
    ) -> Result<TaskAnswer, Trouble> {
        let Some((case, decision)) = self.attempted(number, attempt).await? else { return Ok(TaskAnswer::Gone) };
        let Some(current) = case.attempt().filter(|a| a.decision == decision) else {
            let report = self.bare(admin, &outcome);
            return self.report(admin, &case, decision, report, Along::default(), lang).await;
        };
        let prepared = self.prepare(admin, &case, current, outcome)?;
        let (report, along) = match prepared {
            Ok(both) => both,
            Err(error) => return Ok(TaskAnswer::Invalid(vec![error])),
        };
        if matches!(report, Report::Unknown { .. }) && !self.decides(admin, &case).await? {
            return Ok(TaskAnswer::Gone);
        }
        self.report(admin, &case, decision, report, along, lang).await
    }

    /// The outcome as a report, with the result sealed to go into the same transaction.
    fn prepare(
        &self,
        admin: &Admin,
        case: &Case,
        attempt: &Attempt,
        outcome: ManualOutcome,
    ) -> Result<Result<(Report, Along), FieldError>, Fault> {
        let by = Some(admin.address.clone());
        let resets = attempt.services.contains(&Service::ResetPassword);
        let unfit = |field| Ok(Err(FieldError { field, why: Why::NotOffered }));
        Ok(Ok(match outcome {
            ManualOutcome::ResetDone { password } => {
                if !resets {
                    return unfit(Field::Result);
                }
                if password.expose().chars().any(char::is_control) {
                    return unfit(Field::Password);
                }
                let user_id = attempt.user_id.as_ref().map(|id| id.0.clone());
                let result = ResultSecret { user_id: user_id.clone(), password: Some(password.expose().to_owned()) };
                let asked = attempt.services.contains(&Service::UserIdInfo);
                let (until, along) = self.sealed(case, attempt, &result)?;
                (Report::Done { user_id: user_id.filter(|_| asked), by, until }, along)
            }
            ManualOutcome::SystemSentLink if !resets => return unfit(Field::Result),
            ManualOutcome::UserIdFound { user_id } => {
                if resets {
                    return unfit(Field::Result);
                }
                let user_id = user_id.trim().to_owned();
                if user_id.is_empty() || user_id.chars().any(|c| c.is_control() || c.is_whitespace()) {
                    return unfit(Field::UserId);
                }
                let result = ResultSecret { user_id: Some(user_id.clone()), password: None };
                let (until, along) = self.sealed(case, attempt, &result)?;
                (Report::Done { user_id: Some(user_id), by, until }, along)
            }
            other => (self.bare(admin, &other), Along::default()),
        }))
    }

    /// The outcome without anything to hand over.
    fn bare(&self, admin: &Admin, outcome: &ManualOutcome) -> Report {
        let by = Some(admin.address.clone());
        match outcome {
            ManualOutcome::ResetDone { .. } | ManualOutcome::UserIdFound { .. } => self.nothing_kept(admin),
            ManualOutcome::SystemSentLink => Report::SystemSentLink { by },
            ManualOutcome::NotFound { searched } => Report::NotFound { by, note: searched.clone() },
            // "Failed or not certain": what may have happened is never repeated before a person has looked.
            ManualOutcome::Failed { what } => {
                Report::Unknown { why: format!("{what} ({})", self.engine.name_of(&admin.address)) }
            }
        }
    }

    /// "It is done", of an attempt that is no longer in hand.
    fn nothing_kept(&self, admin: &Admin) -> Report {
        Report::Done { user_id: None, by: Some(admin.address.clone()), until: self.engine.clock.now() }
    }

    /// The result sealed from now on, and when it ends.
    fn sealed(&self, case: &Case, attempt: &Attempt, result: &ResultSecret) -> Result<(DateTime<Utc>, Along), Fault> {
        let worked = self.engine.procedures.get(&case.procedure.hash)?;
        let expires = worked.procedure.secret.expires_at(&worked.calendar, self.engine.clock.now());
        let key = self.engine.key(&case.number);
        let secret = self.engine.seal_result(&key, attempt.decision, result, expires);
        Ok((expires, Along { secrets: vec![secret], ..Along::default() }))
    }

    pub(super) async fn settle_unknown(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        attempt: &str,
        resolution: Resolution,
        note: String,
        lang: Language,
    ) -> Result<TaskAnswer, Trouble> {
        let Some((case, decision)) = self.attempted(number, attempt).await? else { return Ok(TaskAnswer::Gone) };
        let by = admin.address.clone();
        let mut along = Along::default();
        let report = match resolution {
            Resolution::DidNotHappen => Report::Failed { by: Some(by), why: note },
            Resolution::HandedInPerson => Report::HandedOver { by, note },
            Resolution::Happened => {
                let Phase::Unknown { attempt, .. } = &case.phase else {
                    let report = self.nothing_kept(admin);
                    return self.report(admin, &case, decision, report, along, lang).await;
                };
                let asked = attempt.services.contains(&Service::UserIdInfo);
                let user_id = attempt.user_id.as_ref().filter(|_| asked).map(|id| id.0.clone());
                let until = if attempt.services.contains(&Service::ResetPassword) {
                    let Some(kept) = self.engine.open_result(&self.engine.key(number), decision).await? else {
                        return Ok(TaskAnswer::Refused(self.nothing_sealed(lang)));
                    };
                    kept.until
                } else {
                    let result = ResultSecret { user_id: user_id.clone(), password: None };
                    let until;
                    (until, along) = self.sealed(&case, attempt, &result)?;
                    until
                };
                Report::Done { user_id, by: Some(by), until }
            }
        };
        self.report(admin, &case, decision, report, along, lang).await
    }

    /// A password that nobody knows cannot be handed to anybody.
    fn nothing_sealed(&self, lang: Language) -> String {
        self.words(lang).say(
            "Tidak ada password yang masih berlaku untuk upaya ini, jadi tidak ada yang dapat diberikan kepada pemohon. \
             Pilih “Tidak terjadi” lalu putuskan lagi, atau serahkan langsung.",
            "No password of this attempt is still good, so there is nothing to give to the applicant. \
             Record that it did not happen and decide again, or hand it over in person.",
            &[],
        )
    }

    async fn report(
        &self,
        admin: &Admin,
        case: &Case,
        decision: u32,
        report: Report,
        along: Along,
        lang: Language,
    ) -> Result<TaskAnswer, Trouble> {
        let key = self.engine.key(&case.number);
        let command = Command::ReportExecution { decision, report: report.clone() };
        match self.engine.apply(&key, command, along).await? {
            Answer::Done(_) => Ok(TaskAnswer::Done),
            Answer::Refused(refused, case) => {
                let events = self.engine.events(&key).await?;
                if reported(&events, admin, decision, &report) {
                    return Ok(TaskAnswer::Done);
                }
                Ok(self.refused_task(refused, &case, admin, lang).await?)
            }
            Answer::Gone | Answer::Conflict => Ok(TaskAnswer::Gone),
        }
    }

    pub(super) async fn issue_anew(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        form: ReissueForm,
        lang: Language,
    ) -> Result<TaskAnswer, Trouble> {
        let _alone = self.hand.lock().await;
        let Some(case) = self.engine.case(number).await? else { return Ok(TaskAnswer::Gone) };
        let ReissueForm { seen, reason, code } = form;
        let answer = match self.issued_since(&case, &seen, lang) {
            Some(earlier) => DecisionAnswer::Already(earlier),
            None => {
                let choice = Choice::Reissue { reason: reason.clone() };
                self.put(admin, &case, &seen.proposal_hash, choice, Some(&code), lang).await?
            }
        };
        let pressed = |d: &crate::sop::case::DecisionRecord| {
            d.by == admin.address && d.reason == reason && self.engine.clock.now() - d.at < ONE_PRESS
        };
        let again = case.decisions.last().is_some_and(pressed) || case.first_approval.as_ref().is_some_and(pressed);
        Ok(match answer {
            DecisionAnswer::Done | DecisionAnswer::AwaitsSecond => TaskAnswer::Done,
            _ if again => TaskAnswer::Done,
            DecisionAnswer::NeedsFactor { left } => TaskAnswer::NeedsFactor { left },
            DecisionAnswer::LockedOut => TaskAnswer::LockedOut,
            DecisionAnswer::Already(earlier) => TaskAnswer::Already(earlier),
            DecisionAnswer::Changed { what, at } => TaskAnswer::Changed { what, at },
            DecisionAnswer::Invalid(errors) => TaskAnswer::Invalid(errors),
            DecisionAnswer::Refused(why) => TaskAnswer::Refused(why),
            DecisionAnswer::NeedsConfirmation | DecisionAnswer::Gone => TaskAnswer::Gone,
        })
    }

    pub(super) async fn explain_deviation(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        deviation: &str,
        reason: String,
    ) -> Result<TaskAnswer, Trouble> {
        let lang = self.engine.office.language;
        let Ok(index) = deviation.parse::<usize>() else { return Ok(TaskAnswer::Gone) };
        let command = Command::ExplainDeviation { by: admin.address.clone(), index, reason: reason.clone() };
        match self.engine.apply(&self.engine.key(number), command, Along::default()).await? {
            Answer::Done(_) => Ok(TaskAnswer::Done),
            Answer::Refused(Refused::Gone, _) | Answer::Gone | Answer::Conflict => Ok(TaskAnswer::Gone),
            Answer::Refused(Refused::AlreadyDecided { by, at, .. }, case) => {
                let given = case.times.deviations.get(index).and_then(|d| d.explained.as_ref());
                if given.is_some_and(|given| given.by == admin.address && given.reason == reason) {
                    return Ok(TaskAnswer::Done);
                }
                let mut earlier = self.earlier(&case, by, at, lang);
                earlier.what = self.words(lang).say("Alasannya sudah diisi.", "The reason was already given.", &[]);
                Ok(TaskAnswer::Already(earlier))
            }
            Answer::Refused(refused, case) => Ok(self.refused_task(refused, &case, admin, lang).await?),
        }
    }

    async fn attempted(&self, number: &CaseNumber, attempt: &str) -> Result<Option<(Case, u32)>, Fault> {
        let Ok(decision) = attempt.parse() else { return Ok(None) };
        Ok(self.engine.case(number).await?.map(|case| (case, decision)))
    }

    /// Whether this person may decide under the case's procedure.
    pub(super) async fn decides(&self, admin: &Admin, case: &Case) -> Result<bool, Fault> {
        let worked = self.engine.procedures.get(&case.procedure.hash)?;
        let deciders = self.engine.deciders(&worked.procedure).await?;
        Ok(deciders.iter().any(|d| d.id == admin.address))
    }
}

/// Whether this person reported just this of just this attempt before.
fn reported(events: &[Recorded], admin: &Admin, decision: u32, report: &Report) -> bool {
    let me = |by: &Option<crate::sop::phase::AdminId>| by.as_ref() == Some(&admin.address);
    events.iter().any(|recorded| match (&recorded.event, report) {
        (
            Event::ExecutionDone { decision: known, by },
            Report::Done { .. } | Report::SystemSentLink { .. } | Report::HandedOver { .. },
        ) => *known == decision && me(by),
        (Event::ExecutionFailed { decision: known, by, .. }, Report::NotFound { .. } | Report::Failed { .. }) => {
            *known == decision && me(by)
        }
        (Event::ExecutionUnknown { decision: known, why }, Report::Unknown { why: again }) => {
            *known == decision && why == again
        }
        _ => false,
    })
}
