//! Step 6 carried out: the temporary password is drawn and sealed and `started` is on record before the driver is
//! called. A call found started is never repeated; the account system is asked, or a person. Why something failed is
//! reported by a key of the letters' causes.

use chrono::{DateTime, TimeDelta, Utc};

use super::Engine;
use super::casebook::{Along, Answer};
use super::dispatch::LEASE;
use super::peril::{Moment, moment};
use super::port::{Fate, Fault, FaultKind, Query, ResetOrder, ResetOutcome};
use super::secrets::ResultSecret;
use super::store::{CaseKey, Row, SecretChange, Settled, Settlement, of_epoch};
use crate::sop::case::Case;
use crate::sop::command::{Command, Report};
use crate::sop::event::Event;
use crate::sop::names::Service;
use crate::sop::phase::{Attempt, AttemptState, Phase};
use crate::vault;

/// Transient failures after which an attempt counts as failed.
const TRIES: u32 = 8;
/// How the note of a row begins whose attempt was begun by a clock that was ahead; the moment from which its answer counts follows.
const BEGUN_AHEAD: &str = "the clock was ahead when the reset was begun; what the account system says counts from ";

impl Engine {
    /// Carries out one decision, or finds that it was begun before.
    pub(super) async fn execute(&self, row: &Row, decision: u32) -> Result<(), Fault> {
        let Some((_, case)) = self.load(&row.key).await? else { return self.settle_done(row).await };
        let Phase::Executing { attempt } = &case.phase else { return self.settle_done(row).await };
        if attempt.decision != decision || attempt.state == AttemptState::ByHand {
            return self.settle_done(row).await;
        }
        let (by_hand, harmless) = (self.accounts.abilities().by_hand, self.is_harmless(attempt));
        if attempt.state == AttemptState::Started && !harmless {
            let why = "stopped_while_asking".to_owned();
            return self.conclude(row, decision, Report::Unknown { why }, Along::default()).await;
        }
        let attempt = attempt.clone();
        if harmless && attempt.state == AttemptState::Intended {
            let begun = self.apply(&row.key, Command::StartExecution { decision }, Along::default()).await?;
            if !matches!(begun, Answer::Done(_)) {
                return self.leave_to_others(row).await;
            }
        }
        if by_hand {
            return self.conclude(row, decision, Report::HandedToPerson, Along::default()).await;
        }
        if !attempt.services.contains(&Service::ResetPassword) {
            return self.look_up_user_id(row, &case, &attempt).await;
        }
        self.reset(row, &case, &attempt).await
    }

    /// Somebody else began this attempt and may be at it still, or end before they wrote down what came of it: the row stays
    /// until they settle it, and is looked at again when their lease is over.
    async fn leave_to_others(&self, row: &Row) -> Result<(), Fault> {
        self.leave_until(row, self.clock.now() + LEASE, None).await
    }

    async fn leave_until(&self, row: &Row, due: DateTime<Utc>, note: Option<String>) -> Result<(), Fault> {
        let how = Settled::RetryAt { due, attempts: row.attempts, error: note };
        self.store.settle(vec![(row.key.clone(), Settlement { id: row.id.clone(), how })]).await
    }

    /// Only a reset changes the account; everything else may be begun again.
    pub(super) fn is_harmless(&self, attempt: &Attempt) -> bool {
        let resets = attempt.user_id.is_some() && attempt.services.contains(&Service::ResetPassword);
        self.accounts.abilities().by_hand || !resets
    }

    async fn reset(&self, row: &Row, case: &Case, attempt: &Attempt) -> Result<(), Fault> {
        let decision = attempt.decision;
        let Some(user_id) = &attempt.user_id else {
            let note = "no_account_named".to_owned();
            return self.conclude(row, decision, Report::NotFound { by: None, note }, Along::default()).await;
        };
        let worked = self.procedures.get(&case.procedure.hash)?;
        let expires = worked.procedure.secret.expires_at(&worked.calendar, self.clock.now());
        let password = vault::temporary_password(&*self.random, worked.procedure.secret.length as usize);
        let sealed = ResultSecret { user_id: Some(user_id.0.clone()), password: Some(password.expose().clone()) };
        let along = Along { secrets: vec![self.seal_result(&row.key, decision, &sealed, expires)], ..Along::default() };
        moment(Moment::ResetDue);
        let Answer::Done(_) = self.apply(&row.key, Command::StartExecution { decision }, along).await? else {
            return self.leave_to_others(row).await;
        };
        moment(Moment::ResetStarted);
        let key = idempotency_key(&row.key, attempt);
        let order =
            ResetOrder { idempotency_key: &key, user_id, temporary_password: password.expose(), expires_at: expires };
        let answer = self.accounts.reset(order).await;
        moment(Moment::ResetAnswered);
        let mut along = Along::default();
        let report = match answer {
            Ok(ResetOutcome::Done) if self.clock.now() < expires => {
                Report::Done { user_id: named(attempt), by: None, until: expires }
            }
            Ok(ResetOutcome::Done) => outlived(),
            Ok(ResetOutcome::SystemSentLink) => Report::SystemSentLink { by: None },
            Ok(ResetOutcome::NotFound) => Report::NotFound { by: None, note: "account_not_known".to_owned() },
            Ok(ResetOutcome::ByHand) => {
                // The person sets another password; the one that was drawn is nobody's.
                along.secrets.push(SecretChange::Destroy { id: decision.to_string() });
                Report::HandedToPerson
            }
            Err(fault) => match fault.kind {
                FaultKind::Transient if row.attempts + 1 < TRIES => return self.postpone(row, decision, &fault).await,
                FaultKind::Transient | FaultKind::Permanent => Report::Failed { by: None, why: fault.message },
                FaultKind::Unknown => Report::Unknown { why: fault.message },
            },
        };
        self.conclude(row, decision, report, along).await?;
        moment(Moment::ResetRecorded);
        Ok(())
    }

    /// The user ID alone is asked for: nothing is changed, so it may be asked again at will.
    async fn look_up_user_id(&self, row: &Row, case: &Case, attempt: &Attempt) -> Result<(), Fault> {
        let decision = attempt.decision;
        let account = case.account.as_ref();
        let query = Query {
            user_id: attempt.user_id.as_ref().map(|u| u.0.clone()),
            nip: account.and_then(|a| a.nip.as_ref()).map(|n| n.digits().to_owned()),
            ..Query::default()
        };
        let found = match self.accounts.look_up(&query).await {
            Ok(found) => found,
            Err(fault) if row.attempts + 1 < TRIES && fault.kind != FaultKind::Permanent => return Err(fault),
            Err(fault) => {
                let report = Report::Failed { by: None, why: fault.message };
                return self.conclude(row, decision, report, Along::default()).await;
            }
        };
        let same = found.into_iter().find(|a| Some(&a.user_id) == attempt.user_id.as_ref());
        let Some(found) = same else {
            let note = "account_not_known".to_owned();
            return self.conclude(row, decision, Report::NotFound { by: None, note }, Along::default()).await;
        };
        let worked = self.procedures.get(&case.procedure.hash)?;
        let expires = worked.procedure.secret.expires_at(&worked.calendar, self.clock.now());
        let sealed = ResultSecret { user_id: Some(found.user_id.0.clone()), password: None };
        let along = Along { secrets: vec![self.seal_result(&row.key, decision, &sealed, expires)], ..Along::default() };
        let report = Report::Done { user_id: Some(found.user_id.0), by: None, until: expires };
        self.conclude(row, decision, report, along).await
    }

    /// Asks the account system what became of an attempt; where it cannot tell, the admin is asked by letter.
    pub(super) async fn read_back(&self, row: &Row, decision: u32) -> Result<(), Fault> {
        let Some((_, case)) = self.load(&row.key).await? else { return self.settle_done(row).await };
        let Phase::Unknown { attempt, .. } = &case.phase else { return self.settle_done(row).await };
        let (Some(user_id), true) = (&attempt.user_id, attempt.decision == decision) else {
            return self.settle_done(row).await;
        };
        let key = idempotency_key(&row.key, attempt);
        moment(Moment::ReadBackDue);
        let asked = self.clock.now();
        let answer = self.accounts.read_back(&key, user_id).await;
        moment(Moment::ReadBackAnswered);
        match answer {
            Ok(Some(Fate::Done)) => {
                let report = self.found_done(&row.key, attempt).await?;
                self.conclude(row, decision, report, Along::default()).await
            }
            // The password that was sealed for it was never set, and must be told to nobody.
            Ok(Some(Fate::SystemSentLink)) => {
                self.conclude(row, decision, Report::SystemSentLink { by: None }, Along::default()).await
            }
            Ok(Some(Fate::NeverHappened)) => {
                let Some(begun) = self.begun(&row.key, decision).await? else { return self.settle_done(row).await };
                // A call may outlive its caller: believed too early, the next decision would reset the account once more,
                // under a key of its own.
                let (settled, note) = settled(row, begun, asked, self.accounts.settles_within());
                if asked < settled {
                    return self.leave_until(row, settled, note).await;
                }
                let why = "nothing_was_changed".to_owned();
                self.conclude(row, decision, Report::Failed { by: None, why }, Along::default()).await
            }
            Err(fault) if fault.kind == FaultKind::Transient && row.attempts + 1 < TRIES => Err(fault),
            Ok(None) | Err(_) => self.settle_done(row).await,
        }
    }

    /// When the account system was last asked to carry out this decision.
    async fn begun(&self, key: &CaseKey, decision: u32) -> Result<Option<DateTime<Utc>>, Fault> {
        let begins = |event: &Event| matches!(event, Event::ExecutionStarted { decision: of } if *of == decision);
        Ok(self.events(key).await?.iter().rfind(|recorded| begins(&recorded.event)).map(|recorded| recorded.at))
    }

    /// A reset that turns out to have happened. Its password was sealed when it began and ends by that time; what has
    /// outlived it cannot be told to anybody, so the account needs another one.
    async fn found_done(&self, key: &CaseKey, attempt: &Attempt) -> Result<Report, Fault> {
        Ok(match self.open_result(key, attempt.decision).await? {
            Some(kept) => Report::Done { user_id: named(attempt), by: None, until: kept.until },
            None => outlived(),
        })
    }

    /// It surely did not happen: the ledger goes back to intended, and the row waits for its next try.
    async fn postpone(&self, row: &Row, decision: u32, fault: &Fault) -> Result<(), Fault> {
        let due = self.clock.now() + super::dispatch::backoff(row.attempts, &*self.random);
        let how = Settled::RetryAt { due, attempts: row.attempts + 1, error: Some(fault.message.clone()) };
        let along = Along { settle: vec![Settlement { id: row.id.clone(), how }], ..Along::default() };
        self.apply(&row.key, Command::ReportExecution { decision, report: Report::Postponed }, along).await.map(drop)
    }

    pub(super) async fn conclude(
        &self,
        row: &Row,
        decision: u32,
        report: Report,
        mut along: Along,
    ) -> Result<(), Fault> {
        along.settle.push(Settlement { id: row.id.clone(), how: Settled::Done });
        match self.apply(&row.key, Command::ReportExecution { decision, report }, along).await? {
            Answer::Done(_) => Ok(()),
            // Another hand at this attempt put it off: it is still to be carried out, and this may be its only row.
            Answer::Refused(_, now) if is_due(&now, decision) => self.leave_to_others(row).await,
            Answer::Conflict => self.leave_to_others(row).await,
            Answer::Refused(..) | Answer::Gone => self.settle_done(row).await,
        }
    }

    pub(super) async fn settle_done(&self, row: &Row) -> Result<(), Fault> {
        self.store.settle(vec![(row.key.clone(), Settlement { id: row.id.clone(), how: Settled::Done })]).await
    }
}

/// When an attempt can do nothing more, and what is noted of that with the row. One that a clock ahead of the right one began
/// has its time from the first look at it on, not until the time that was wrong comes.
fn settled(
    row: &Row,
    begun: DateTime<Utc>,
    asked: DateTime<Utc>,
    within: TimeDelta,
) -> (DateTime<Utc>, Option<String>) {
    if begun <= asked {
        return (begun + within, None);
    }
    let noted = row.note.as_deref().and_then(|note| note.strip_prefix(BEGUN_AHEAD));
    let noted = noted.and_then(|at| DateTime::parse_from_rfc3339(at).ok()).map(|at| at.to_utc());
    // What was noted by a clock that was still ahead comes too late.
    let settled = noted.filter(|at| *at <= asked + within).unwrap_or(asked + within);
    (settled, Some(format!("{BEGUN_AHEAD}{}", settled.to_rfc3339())))
}

/// Whether the account system is still to be asked to carry this decision out.
fn is_due(case: &Case, decision: u32) -> bool {
    let due = |attempt: &Attempt| attempt.decision == decision && attempt.state != AttemptState::ByHand;
    matches!(&case.phase, Phase::Executing { attempt } if due(attempt))
}

/// One key for every try of one decision. After a restore decisions are counted from the backup's on, and what the account
/// system was asked since under the same count was another decision.
fn idempotency_key(key: &CaseKey, attempt: &Attempt) -> String {
    of_epoch(format!("{}/{}/{}", key.office.0, key.number, attempt.decision), "/e", attempt.epoch)
}

fn outlived() -> Report {
    Report::Failed { by: None, why: "reset_outlived_its_password".to_owned() }
}

fn named(attempt: &Attempt) -> Option<String> {
    let asked = attempt.services.contains(&Service::UserIdInfo);
    attempt.user_id.as_ref().filter(|_| asked).map(|u| u.0.clone())
}
