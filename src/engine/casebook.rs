//! The one way a case changes: load, decide, weave, commit. A conflict loads and decides again.

use super::Engine;
use super::codec;
use super::peril::{Moment, moment};
use super::port::Fault;
use super::repeat;
use super::store::{Batch, CaseKey, DocumentWrite, NewLink, Outcome, SecretChange, Settlement};
use super::weave::Woven;
use crate::sop::case::Case;
use crate::sop::command::{Command, Context};
use crate::sop::decide::{self, Refused, Ruling};
use crate::sop::names::{CaseNumber, Sha256Hex};
use crate::sop::phase::AdminId;
use crate::vault;

/// Conflicts after which a step is given up; each means that somebody else made progress. All hands of the outbox may be at one
/// case, and of those that commit together one wins: a letter given up then would be sent again.
const TRIES: usize = 4 * super::dispatch::HANDS;
/// Series that are no requests.
const BOOKS: [&str; 4] =
    [super::intake::DAYBOOK, super::access::PREFIX, super::admins::PREFIX, super::disposal::PREFIX];
/// Cases read at once.
const PAGE: usize = 500;

/// Whether a series is one of the office's own books, which live in the store like cases and are none.
pub fn is_book(number: &CaseNumber) -> bool {
    BOOKS.contains(&number.prefix())
}

/// What a caller adds to the transaction of a step.
#[derive(Default, Clone)]
pub struct Along {
    pub settle: Vec<Settlement>,
    pub secrets: Vec<SecretChange>,
    pub documents: Vec<DocumentWrite>,
    /// Taken once per office; a taken one refuses the step.
    pub seen: Vec<String>,
    pub links: Vec<NewLink>,
    /// The mail a person decided by; kept with the dossier as evidence.
    pub reply: Option<Reply>,
}

/// An admin's mail, already among the case's contents.
#[derive(Clone)]
pub struct Reply {
    pub by: AdminId,
    pub sha256: Sha256Hex,
}

/// What became of a command.
pub enum Answer {
    Done(Box<Case>),
    /// The procedure says no; the case as it stands.
    Refused(Refused, Box<Case>),
    /// No such live case.
    Gone,
    /// A seen key or a document was taken by somebody else.
    Conflict,
}

/// The cases that are not yet in the archive.
#[derive(Default)]
pub struct Live {
    pub cases: Vec<Case>,
    /// They stand on record and cannot be read; the office's own books too.
    pub damaged: Vec<CaseNumber>,
}

impl Engine {
    pub fn key(&self, number: &CaseNumber) -> CaseKey {
        CaseKey { office: self.office.id.clone(), number: number.clone() }
    }

    /// The live case; `None` where there is none, or it moved to the archive.
    pub async fn case(&self, number: &CaseNumber) -> Result<Option<Case>, Fault> {
        Ok(self.load(&self.key(number)).await?.map(|(_, case)| case))
    }

    /// Every case of the office that is not yet in the archive and can be read, in the order of their numbers.
    pub async fn live_cases(&self) -> Result<Vec<Case>, Fault> {
        Ok(self.live().await?.cases)
    }

    /// As [`Engine::live_cases`], and the numbers of those that cannot be read. One damaged case hides no other.
    pub async fn live(&self) -> Result<Live, Fault> {
        let mut live = Live::default();
        let mut after: Option<CaseNumber> = None;
        loop {
            let page = self.store.scan(&self.office.id, after.as_ref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(live) };
            after = Some(last.number.clone());
            for (key, stored) in page {
                let read = match stored {
                    Ok(_) if is_book(&key.number) => continue,
                    stored => stored.and_then(|stored| codec::decode(&stored.snapshot, "a case")),
                };
                match read {
                    Ok(case) => live.cases.push(case),
                    Err(fault) => {
                        tracing::error!(case = %key.number, "{fault}");
                        live.damaged.push(key.number);
                    }
                }
            }
        }
    }

    pub(super) async fn load(&self, key: &CaseKey) -> Result<Option<(u64, Case)>, Fault> {
        let Some(stored) = self.store.load(key).await? else { return Ok(None) };
        let case = codec::decode(&stored.snapshot, "a case")?;
        Ok(Some((stored.version, case)))
    }

    /// Applies one command in one transaction.
    pub async fn apply(&self, key: &CaseKey, command: Command, along: Along) -> Result<Answer, Fault> {
        self.apply_when(key, command, along, &|_| Ok(())).await
    }

    /// [`Engine::apply`], for a command that means the case only as it was seen: `still` looks at the very version the
    /// command is decided on.
    pub async fn apply_when(
        &self,
        key: &CaseKey,
        command: Command,
        along: Along,
        still: &(dyn Fn(&Case) -> Result<(), Refused> + Sync),
    ) -> Result<Answer, Fault> {
        let decides = matches!(command, Command::Decide(_));
        for _ in 0..TRIES {
            let Some((version, case)) = self.load(key).await? else { return Ok(Answer::Gone) };
            if let Err(refused) = still(&case) {
                return Ok(Answer::Refused(refused, Box::new(case)));
            }
            let ruling = match self.rule(&case, command.clone()).await? {
                Ok(ruling) => ruling,
                Err(refused) => return Ok(Answer::Refused(refused, Box::new(case))),
            };
            if decides && self.is_beside_its_dossier(&key.number).await? {
                return Ok(Answer::Refused(Refused::BesideItsDossier, Box::new(case)));
            }
            let approvals = self.approvals_of(&case, &ruling).await?;
            if let Some(answer) = self.outdated(key, &case, approvals.as_ref()).await? {
                return Ok(answer);
            }
            let mut along = along.clone();
            along.documents.extend(approvals.and_then(|known| self.approved(&known, &ruling)));
            let Woven { case, batch } = self.weave(key, version, ruling, along).await?;
            if decides {
                moment(Moment::DecisionRuled);
            }
            let outcome = self.commit_one(batch).await?;
            if decides {
                moment(Moment::DecisionRecorded);
            }
            match outcome {
                Outcome::Committed { .. } => return Ok(Answer::Done(Box::new(case))),
                Outcome::Stale { .. } => {}
                Outcome::DocumentStale { family, .. } if family == repeat::FAMILY => {}
                Outcome::Seen { .. } | Outcome::LinkSpent | Outcome::DocumentStale { .. } => {
                    return Ok(Answer::Conflict);
                }
            }
        }
        Err(Fault::transient(format!("Cannot record a step of {}: others kept changing it. Try again", key.number)))
    }

    /// What the procedure would answer. Does nothing, but that a case which another one outdated is checked again.
    pub async fn foresee(&self, case: &Case, command: Command) -> Result<Result<(), Refused>, Fault> {
        let decides = matches!(command, Command::Decide(_));
        let ruling = match self.rule(case, command).await? {
            Ok(ruling) => ruling,
            Err(refused) => return Ok(Err(refused)),
        };
        if decides && self.is_beside_its_dossier(&case.number).await? {
            return Ok(Err(Refused::BesideItsDossier));
        }
        let approvals = self.approvals_of(case, &ruling).await?;
        Ok(match self.outdated(&self.key(&case.number), case, approvals.as_ref()).await? {
            Some(Answer::Refused(refused, _)) => Err(refused),
            _ => Ok(()),
        })
    }

    /// Lets the procedure decide, with everything it may depend on.
    pub(super) async fn rule(&self, case: &Case, command: Command) -> Result<Result<Ruling, Refused>, Fault> {
        let worked = self.procedures.get(&case.procedure.hash)?;
        let admins = self.deciders(&worked.procedure).await?;
        let drafting = super::drafting::Writer { engine: self, worked: &worked };
        let ctx = Context {
            now: self.clock.now(),
            procedure: &worked.procedure,
            calendar: &worked.calendar,
            admins: &admins,
            drafting: &drafting,
            digest: &vault::sha256_hex,
            epoch: self.store.epoch().await?,
        };
        Ok(decide::decide(case, command, &ctx))
    }

    pub(super) async fn commit_one(&self, batch: Batch) -> Result<Outcome, Fault> {
        let outcomes = self.store.commit(vec![batch]).await?;
        self.wake_dispatchers();
        outcomes
            .into_iter()
            .next()
            .ok_or_else(|| Fault::permanent("The store gave no answer to a commit; it must be restarted"))
    }
}

/// The hash of a released or drafted text.
pub(super) fn text_hash(text: &str) -> Sha256Hex {
    vault::sha256_hex(text.as_bytes())
}
