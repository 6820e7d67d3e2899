//! What the live store and the archive must agree on before anything else is done. A restored store is older than the archive
//! beside it may be: a case that was filed since lives again in it, and could be decided again; of one that came in and was
//! filed since it knows nothing, neither number nor mails. The archive is then the one that is further on.

use super::Engine;
use super::archive::Kinship;
use super::codec;
use super::filing::Filed;
use super::intake::seen_keys;
use super::port::Fault;
use super::store::{Batch, CaseKey, FIRST_EPOCH, Outcome, Tag};
use super::weave::family;
use crate::sop::case::Case;
use crate::sop::names::CaseNumber;

/// Family and name of the document that holds the epoch in which the whole archive was last looked through.
const CAUGHT_UP: &str = "caught_up";
/// Family of the documents, by number, that name the dossiers taken over so far, until all are.
const RECALLED: &str = "recalled";
/// Family and name of the document that lists the dossiers of which the number alone is known.
const HIDDEN: &str = "hidden_dossiers";

impl Engine {
    /// Runs at each start, before anybody can be answered. What the archive holds leaves the live store, and after a restore
    /// the whole archive is looked through once for what it knows and the store does not. Fails where a file of it cannot be
    /// looked through then.
    pub async fn reconcile(&self) -> Result<(), Fault> {
        let cases = self.live_cases().await?;
        let found = self.leave_to_the_archive(cases.iter().map(|case| self.key(&case.number)).collect()).await?;
        // What was noted of an open case is over: it stood beside its dossier, and the look found otherwise, unless a file of the
        // archive could not be looked into. A closed one may have been noted for another reason.
        let stays = |number: &CaseNumber| {
            let live = cases.iter().find(|case| case.number == *number);
            live.is_some_and(|case| case.phase.is_closed() || found.in_part) && !found.knows(number)
        };
        let noted = self.noted_unfiled().await?.into_iter();
        let mut unfiled = found.failed.clone();
        unfiled.extend(noted.filter(|(number, _)| stays(number)));
        self.note_unfiled(&unfiled).await?;
        let epoch = self.store.epoch().await?;
        if epoch > FIRST_EPOCH && self.caught_up().await? != Some(epoch) {
            self.settle_disposals().await?;
            self.catch_up(epoch).await?;
        }
        Ok(())
    }

    /// Removes live cases whose dossiers go on from all they have, and names those that differ from the dossier of their
    /// number.
    pub(super) async fn leave_to_the_archive(&self, live: Vec<CaseKey>) -> Result<Filed, Fault> {
        let compared = self.archive.kinships(live).await?;
        let mut filed = Filed { in_part: compared.in_part, ..Filed::default() };
        for (key, kinship) in compared.stands {
            let why = match kinship {
                Ok(Kinship::Whole) => {
                    if self.leave(&key).await? {
                        tracing::info!(case = %key.number, "the archive holds it whole, so it left the live store");
                        filed.archived.push(key.number);
                    }
                    continue;
                }
                Ok(Kinship::Apart) => "the archive holds another dossier of this number. Look at both".to_owned(),
                Err(fault) => fault.message,
            };
            tracing::error!(case = %key.number, "cannot archive: {why}");
            filed.failed.push((key.number, why));
        }
        Ok(filed)
    }

    async fn leave(&self, key: &CaseKey) -> Result<bool, Fault> {
        let Some(stored) = self.store.load(key).await? else { return Ok(true) };
        Ok(matches!(self.store.remove_case(key, stored.version).await?, Outcome::Committed { .. }))
    }

    async fn caught_up(&self) -> Result<Option<u64>, Fault> {
        let kept = self.memo(CAUGHT_UP, CAUGHT_UP).await?;
        kept.map(|kept| codec::decode(&kept.bytes, "the epoch that was caught up with")).transpose()
    }

    async fn catch_up(&self, epoch: u64) -> Result<(), Fault> {
        let ahead = self.archive.ahead(&self.office.id).await?;
        if !ahead.unread.is_empty() {
            return Err(unread(&ahead.unread));
        }
        self.keep_hidden(&ahead.hidden).await?;
        let mut whole = !ahead.in_part;
        for key in &ahead.dossiers {
            if self.is_recalled(key).await {
                continue;
            }
            match self.store.load(key).await {
                Ok(None) => whole &= self.take_over(key, epoch, ahead.destroyed.contains(key)).await?,
                // One that lives beside a dossier of its number is for a person to look at.
                Ok(Some(_)) => {}
                Err(fault) => {
                    tracing::error!(case = %key.number, "it lives beside its dossier, and does not read: {fault}")
                }
            }
        }
        tracing::info!(
            dossiers = ahead.dossiers.len(),
            "looked through the archive for what was filed after the backup"
        );
        if !whole {
            return Ok(());
        }
        let mut writes = vec![self.office_document(CAUGHT_UP, CAUGHT_UP.to_owned(), Some(codec::encode(&epoch)))];
        writes.extend(ahead.dossiers.iter().map(|key| self.office_document(RECALLED, key.number.to_string(), None)));
        self.store.write_documents(writes).await.map(drop)
    }

    /// Keeps the numbers of dossiers that cannot be read, so that none is given out again, and has them named.
    async fn keep_hidden(&self, hidden: &[CaseNumber]) -> Result<(), Fault> {
        for number in hidden {
            self.store.adopt(Batch::new(self.key(number), 1, self.clock.now(), Vec::new())).await?;
        }
        let why = "its dossier in the archive cannot be read, and was filed after the backup: its mails, and what became of its \
                   account, are not known. Put a whole copy of the archive's file in its place, then restart";
        let named: Vec<_> = hidden.iter().map(|number| (number.clone(), why.to_owned())).collect();
        let bytes = (!named.is_empty()).then(|| codec::encode(&named));
        self.store.write_documents(vec![self.office_document(HIDDEN, HIDDEN.to_owned(), bytes)]).await.map(drop)
    }

    /// Dossiers of which the last start knew no more than the number, with what that means.
    pub(super) async fn hidden(&self) -> Result<Vec<(CaseNumber, String)>, Fault> {
        let kept = self.memo(HIDDEN, HIDDEN).await?;
        kept.map_or(Ok(Vec::new()), |kept| codec::decode(&kept.bytes, "the dossiers that cannot be read"))
    }

    /// Whether an earlier start took all of the dossier over; so one that was cut is gone on with.
    async fn is_recalled(&self, key: &CaseKey) -> bool {
        let kept = self.store.document(&self.office.id, RECALLED, &key.number.to_string()).await;
        kept.is_ok_and(|kept| kept.is_some())
    }

    /// Takes over what the dossier tells; `false` where something of it does not read, and is asked for again at the next start.
    async fn take_over(&self, key: &CaseKey, epoch: u64, destroyed: bool) -> Result<bool, Fault> {
        let mut batch = Batch::new(key.clone(), 1, self.clock.now(), Vec::new());
        let recalled = if destroyed { Ok(true) } else { self.recall(key, &mut batch).await };
        if let Err(fault) = &recalled {
            tracing::warn!(case = %key.number, "its number is kept, and not all else of its dossier: {fault}");
        }
        let whole = recalled.unwrap_or(false);
        if whole {
            batch.documents.push(self.office_document(RECALLED, key.number.to_string(), Some(codec::encode(&epoch))));
        }
        self.store.adopt(batch).await?;
        Ok(whole)
    }

    /// What a step of the case would have left behind in the store: known mails, the threads that lead to it, the marks of its
    /// letters, the account's last reset. What does not read keeps nothing else away; `false` tells of it.
    async fn recall(&self, key: &CaseKey, batch: &mut Batch) -> Result<bool, Fault> {
        let Some(bytes) = self.archive.item(&key.number, "permohonan.json").await? else { return Ok(true) };
        let unread = |error: serde_json::Error| Fault::permanent(format!("its last state does not read ({error})"));
        let case: Case = serde_json::from_slice(&bytes).map_err(unread)?;
        batch.at = case.opened_at;
        let (mut messages, mut whole) = (Vec::new(), true);
        for (index, mail) in case.mails.iter().enumerate() {
            let name = format!("surel/{:02}.eml", index + 1);
            let raw = self.archive.item(&key.number, &name).await.unwrap_or_else(|fault| {
                tracing::warn!(case = %key.number, item = name, "a mail is known by its hash and Message-ID alone: {fault}");
                whole = false;
                None
            });
            batch.seen.extend(seen_keys(mail, &raw.unwrap_or_default()));
            messages.extend(mail.message_id.clone());
        }
        batch.seen.extend(case.replies.iter().map(|reply| format!("bytes:{reply}")));
        messages.extend(case.letters.iter().map(|letter| self.message_id(&key.number.to_string(), &letter.id)));
        let tag = |value| Tag { family: family::MESSAGE.to_owned(), value, set: true };
        batch.tags.extend(messages.into_iter().map(tag));
        let remembered = self.remember_filed(&case, batch).await;
        if let (Some(decision), Some(account)) = (case.decisions.last(), &case.account) {
            let known = self.approvals(account).await?;
            batch.documents.extend(self.recalled(&known, &key.number, decision.at));
        }
        remembered.map(|()| whole)
    }
}

/// Without these files a case that was reset and filed after the backup would be decided and reset once more.
fn unread(files: &[String]) -> Fault {
    // It may be read again a little later.
    Fault::transient(format!(
        "Cannot open the office after a restore: {} cannot be read, and what was filed there after the backup might be done a second time. \
         Put a whole copy in its place, as a later backup has it; where there is none, move it out of the folder, and look at every \
         open case before somebody decides on it",
        files.join(", ")
    ))
}
