//! The writing thread: takes what callers want written, and puts all that waits into one transaction. Commits cost a
//! flush each, so many mails that arrive together share one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::commit;
use super::reseal::{self, Part, Resealed};
use super::tables::readable;
use super::transaction::{After, Tables, begin};
use super::{Inner, reason};
use crate::engine::peril::{Moment, moment};
use crate::engine::port::Fault;
use crate::engine::store::{Batch, CaseKey, DocumentWrite, Outcome, Settlement};
use crate::store::StoreError;

/// Calls that share one transaction at most.
const GROUP: usize = 256;

/// Something to write.
pub enum Work {
    Steps(Vec<Batch>),
    Settle(Vec<(CaseKey, Settlement)>),
    Documents(Vec<DocumentWrite>),
    Remove(CaseKey, u64),
    Adopt(Box<Batch>),
    ExpireSecrets(DateTime<Utc>),
    Reseal { part: Part, after: Option<[String; 3]> },
    FinishResealing,
}

/// What became of it.
pub enum Written {
    Outcomes(Vec<Outcome>),
    Count(usize),
    /// And where the walk stands; `None` at the part's end.
    Resealed {
        done: Resealed,
        last: Option<[String; 3]>,
    },
}

pub struct Job {
    pub work: Work,
    pub answer: oneshot::Sender<Result<Written, Fault>>,
}

/// Runs until every sender is gone.
pub fn run(inner: &Arc<Inner>, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        write(inner, group);
    }
}

/// Writes a group in one transaction. A job that faults without the storage failing is answered alone, and the
/// others are done again without it.
fn write(inner: &Inner, mut group: Vec<Job>) {
    while !group.is_empty() {
        let work = || group.iter().map(|job| &job.work);
        let refused = inner.failure().or_else(|| inner.space.to_write(work()).err().map(Fault::from));
        if refused.is_some() && inner.failure().is_none() && group.len() > 1 {
            // A heavy one is no reason to refuse what is light beside it.
            group.drain(..).for_each(|job| write(inner, vec![job]));
            return;
        }
        let attempt = match refused {
            Some(fault) => Err(Broken::Everything(fault)),
            None => catch_unwind(AssertUnwindSafe(|| attempt(inner, &group))).unwrap_or_else(|panic| {
                Err(Broken::Storage(StoreError::storage("writing the database", reason(panic.as_ref()))))
            }),
        };
        match attempt {
            Ok((answers, after)) => {
                // Before anybody learns of the commit: who settled a row must find its lease gone.
                finish(inner, after);
                for (job, answer) in group.drain(..).zip(answers) {
                    // A caller that went away has no use for the answer; what it asked for is written.
                    let _ = job.answer.send(Ok(answer));
                }
            }
            Err(Broken::Job(index, error)) => {
                let _ = group.remove(index).answer.send(Err(error.into()));
            }
            Err(Broken::Storage(error)) => inner.fail(error.into()),
            Err(Broken::Everything(fault)) => {
                for job in group.drain(..) {
                    let _ = job.answer.send(Err(fault.clone()));
                }
            }
        }
    }
}

enum Broken {
    /// This job alone.
    Job(usize, StoreError),
    Storage(StoreError),
    /// The store failed before, or there is no space for the moment.
    Everything(Fault),
}

fn attempt(inner: &Inner, group: &[Job]) -> Result<(Vec<Written>, After), Broken> {
    let transaction = begin(&inner.database).map_err(Broken::Storage)?;
    let mut answers = Vec::with_capacity(group.len());
    let after = {
        let mut tables = Tables::open(&transaction).map_err(Broken::Storage)?;
        for (index, job) in group.iter().enumerate() {
            match perform(inner, &mut tables, &job.work) {
                Ok(answer) => answers.push(answer),
                Err(error) if error.is_fatal() => return Err(Broken::Storage(error)),
                Err(error) => return Err(Broken::Job(index, error)),
            }
        }
        let written = tables.number("written").map_err(Broken::Storage)? + 1;
        tables.set_number("written", written).map_err(Broken::Storage)?;
        tables.after
    };
    moment(Moment::CommitDue);
    transaction.commit().map_err(|error| Broken::Storage(error.into()))?;
    moment(Moment::CommitDurable);
    Ok((answers, after))
}

fn perform(inner: &Inner, tables: &mut Tables<'_>, work: &Work) -> Result<Written, StoreError> {
    match work {
        Work::Steps(batches) => {
            let outcomes = commit::steps(inner, tables, batches)?;
            Ok(Written::Outcomes(outcomes))
        }
        Work::Settle(rows) => commit::settle(inner, tables, rows).map(|()| Written::Count(rows.len())),
        Work::Documents(writes) => Ok(Written::Outcomes(vec![commit::documents(inner, tables, writes)?])),
        Work::Adopt(filed) => commit::adopt(inner, tables, filed).map(|()| Written::Count(1)),
        Work::Remove(key, version) => Ok(Written::Outcomes(vec![commit::remove(tables, key, *version)?])),
        Work::ExpireSecrets(now) => commit::expire_secrets(tables, *now).map(Written::Count),
        Work::Reseal { part, after } => {
            let (done, last) = reseal::step(inner, tables, *part, after.as_ref())?;
            Ok(Written::Resealed { done, last })
        }
        Work::FinishResealing => reseal::finish(inner, tables).map(|()| Written::Count(0)),
    }
}

fn finish(inner: &Inner, after: After) {
    for (place, contents) in &after.named {
        inner.unnamed.named(place, contents);
    }
    {
        let mut leases = inner.leases();
        for (place, id) in &after.ended {
            leases.end(place, id);
        }
    }
    for place in &after.removed {
        moment(Moment::ContentsOrphaned);
        // A backup under way still reads these files; what stays behind is swept at the next start.
        let removed = match inner.keeping.try_write() {
            Ok(_alone) => inner.contents.remove(place),
            Err(_) => Ok(()),
        };
        if let Err(error) = removed {
            tracing::warn!(
                case = readable(&place.number),
                "content files of an archived case stay until the next start: {error}"
            );
        }
    }
}
