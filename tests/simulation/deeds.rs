//! What people do at the desk and in the account system, handed to the engine as the desk hands it on.

use chrono::{DateTime, Utc};
use loket::engine::casebook::{Along, Answer};
use loket::engine::port::Fault;
use loket::engine::secrets::ResultSecret;
use loket::sop::case::{Case, Channel};
use loket::sop::command::{Choice, Command, Decision, Factor, Report};
use loket::sop::names::UserId;
use loket::sop::phase::{AttemptState, Phase};
use loket::vault::sha256_hex;

use super::judge;
use super::office::Stage;
use super::world::{Ordered, World, alone};

/// What a person did with a task that was left to them.
#[derive(Clone)]
pub struct Deed {
    report: Report,
    password: String,
}

pub async fn decide(stage: &Stage, daemon: usize, case: &Case, command: Command) -> Result<(), Fault> {
    give(stage, daemon, case, command).await.map(drop)
}

pub async fn give(stage: &Stage, daemon: usize, case: &Case, command: Command) -> Result<bool, Fault> {
    let engine = &stage.engines[daemon];
    let key = engine.key(&case.number);
    let mut along = Along::default();
    let command = match command {
        Command::ReportExecution { decision, report } if is_by_hand(case, decision) => {
            let entered = by_hand(stage, daemon, case, decision, report)?;
            let Some((report, with)) = entered else { return Ok(false) };
            along = with;
            Command::ReportExecution { decision, report }
        }
        // As the desk does: what has outlived its time can be told to nobody.
        Command::ReportExecution { decision, report: Report::Done { user_id, by, .. } } => {
            let report = match engine.open_result(&key, decision).await? {
                Some(kept) => Report::Done { user_id, by, until: kept.until },
                None => Report::Failed { by, why: "password sudah berakhir".to_owned() },
            };
            Command::ReportExecution { decision, report }
        }
        // Every second mail that nobody vouches for is believed all the same, and read by that daemon.
        Command::Drop { by, reason } if case.number.serial().is_multiple_of(2) => {
            match engine.admitted_dossier(&stage.mailbox, &key, case).await? {
                Some(dossier) => Command::Admit { by, reason, dossier: Box::new(dossier) },
                None => Command::Drop { by, reason },
            }
        }
        command => command,
    };
    if let (Some(issue), Phase::Delivered { reveal, .. }) = (shows(&command, case), &case.phase) {
        let Some(kept) = engine.open_result(&key, issue).await? else { return Ok(false) };
        judge::shown(&stage.world.lock(), case, reveal, &kept.result);
    }
    let admits = matches!(command, Command::Admit { .. });
    let done = matches!(engine.apply(&key, command, along).await?, Answer::Done(_));
    stage.world.lock().counts.admitted += u64::from(admits && done);
    Ok(done)
}

/// The result that a command shows to somebody.
fn shows(command: &Command, case: &Case) -> Option<u32> {
    match (command, &case.phase) {
        (Command::Reveal { issue }, _) => Some(*issue),
        (Command::Decide(Decision { choice: Choice::HandInPerson { .. }, .. }), Phase::Delivered { reveal, .. }) => {
            Some(reveal.issue)
        }
        _ => None,
    }
}

fn is_by_hand(case: &Case, decision: u32) -> bool {
    let Phase::Executing { attempt } = &case.phase else { return false };
    attempt.state == AttemptState::ByHand && attempt.decision == decision
}

/// What is entered of a task: that it was done, with what was set, or that it was not. Looked at as it stands now, since what
/// somebody else ended is not begun.
fn by_hand(
    stage: &Stage,
    daemon: usize,
    case: &Case,
    decision: u32,
    report: Report,
) -> Result<Option<(Report, Along)>, Fault> {
    let engine = &stage.engines[daemon];
    let key = engine.key(&case.number);
    let now = stage.world.store.kept(|kept| judge::case_of(kept, &key));
    let Some(now) = now.filter(|now| is_by_hand(now, decision)) else { return Ok(None) };
    let Some(user_id) = now.attempt().and_then(|attempt| attempt.user_id.clone()) else { return Ok(None) };
    let worked = engine.procedures.get(&now.procedure.hash)?;
    let until = worked.procedure.secret.expires_at(&worked.calendar, engine.clock.now());
    let order = judge::order_of(&stage.world.lock(), &now, decision);
    let Some(Deed { report, password }) = stage.world.by_hand(&order, &user_id, until, &report) else {
        return Ok(Some((report, Along::default())));
    };
    let Report::Done { by, .. } = report else { return Ok(Some((report, Along::default()))) };
    let result = ResultSecret { user_id: Some(user_id.0), password: Some(password) };
    let secrets = vec![engine.seal_result(&key, decision, &result, until)];
    Ok(Some((Report::Done { user_id: None, by, until }, Along { secrets, ..Along::default() })))
}

impl World {
    /// Somebody does what the account system left to a person; whoever comes to it later finds it done, and enters the same.
    /// `None`: nothing was done, and nothing is to be.
    fn by_hand(&self, order: &str, user_id: &UserId, until: DateTime<Utc>, report: &Report) -> Option<Deed> {
        let (deed, begins) = {
            let mut inside = self.lock();
            let known = inside.by_hand.get(order).cloned();
            let begins = known.is_none();
            let does =
                matches!(report, Report::Done { .. } | Report::SystemSentLink { .. } | Report::HandedOver { .. });
            if begins && !does {
                return None;
            }
            let drawn = inside.lot.next();
            let deed = known.unwrap_or_else(|| Deed { report: report.clone(), password: format!("Tangan-{drawn:x}") });
            inside.by_hand.insert(order.to_owned(), deed.clone());
            let password = sha256_hex(deed.password.as_bytes());
            inside.ordered.insert(order.to_owned(), Ordered { user_id: user_id.clone(), password, until });
            if begins {
                inside.counts.by_hand += 1;
                if matches!(deed.report, Report::SystemSentLink { .. }) {
                    inside.linked.insert(order.to_owned());
                }
            }
            (deed, begins)
        };
        if begins {
            self.reset(order);
        }
        Some(deed)
    }
}

pub fn reject(stage: &Stage, case: &Case) -> bool {
    let Some(proposal) = case.phase.proposal() else { return false };
    let choice = Choice::Reject { code: "R04".to_owned(), note: String::new(), letter: None };
    let (by, proposal) = (stage.admins[0].clone(), proposal.hash.clone());
    let (channel, factor) = (Channel::Desk, Factor::Fresh);
    let decision = Decision { by, proposal, channel, factor, choice };
    alone(give(stage, 0, case, Command::Decide(decision))).expect("nothing fails any more")
}
