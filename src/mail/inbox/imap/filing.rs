//! The filing connection: moves handled mail to its folder, many at once. A mail that is no longer there counts as filed.
//! Where the server knows no MOVE: copy, mark deleted, expunge exactly those (RFC 6851 §3.3, RFC 4315). A set that the server
//! refuses is halved until the mail at fault stands alone, so that the others are filed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Shared;
use super::line::{Line, Trouble};
use super::words::{quoted_folder, uid_set};
use crate::engine::peril::{Moment, moment};
use crate::engine::port::{Fault, Folder, NotFiled, Origin};

/// Mails moved by one command.
const BATCH: usize = 200;
/// A connection unused for longer is opened anew: the server or a firewall may have dropped it unseen.
const STALE: Duration = Duration::from_secs(240);
/// After so many refusals in a row a folder is left alone until the next attempt: it is the folder that takes nothing.
const REFUSALS: u32 = 64;

/// Where a mail goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    To(Folder),
    /// Removed; to the processed folder where the server cannot expunge single mails.
    Out,
}

pub(super) struct Filing {
    shared: Arc<Shared>,
    line: Option<(Line, u32, Instant)>,
    known: Known,
}

/// What earlier attempts found out about mails that are not filed yet, by UID under one UIDVALIDITY.
#[derive(Default)]
struct Known {
    uid_validity: u32,
    /// Refused alone: they come last, and spoil no set of others.
    refused: BTreeSet<u32>,
    /// Lie in their folder, and still in the inbox: copied again they would lie there twice.
    copied: BTreeSet<u32>,
}

/// Mails that stay, and why the first of them does.
struct Left<'a> {
    mails: Vec<&'a Origin>,
    why: Trouble,
    /// Nothing can be asked of the server at all.
    away: bool,
}

impl Filing {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, line: None, known: Known::default() }
    }

    pub async fn file(&mut self, mails: &[(Origin, Folder)]) -> Result<(), NotFiled> {
        let (mut left, mut why, mut away) = (Vec::new(), None, false);
        for folder in [Folder::Processed, Folder::Refused] {
            let mut going: Vec<_> = mails.iter().filter(|(_, to)| *to == folder).map(|(origin, _)| origin).collect();
            // A server that is away would be asked in vain, and a password refused twice.
            if !away {
                let Err(stays) = self.send_off(Way::To(folder), going).await else { continue };
                (going, away) = (stays.mails, stays.away);
                why.get_or_insert_with(|| in_words(stays.why));
            }
            left.extend(going.into_iter().map(|origin| (origin.clone(), folder)));
        }
        why.map_or(Ok(()), |why| Err(NotFiled { mails: left, why }))
    }

    pub async fn discard(&mut self, mails: &[Origin]) -> Result<(), Fault> {
        self.send_off(Way::Out, mails.iter().collect()).await.map_err(|left| in_words(left.why))
    }

    async fn send_off<'a>(&mut self, way: Way, mails: Vec<&'a Origin>) -> Result<(), Left<'a>> {
        if mails.is_empty() {
            return Ok(());
        }
        let reused = self.line.as_ref().is_some_and(|(_, _, used)| used.elapsed() < STALE);
        match self.attempt(way, mails).await {
            // The server may have closed the idle connection: once more on a fresh one before it counts as a failure.
            Err(Left { mails, why: Trouble::Broken(_), .. }) if reused => self.attempt(way, mails).await,
            outcome => outcome,
        }
    }

    async fn attempt<'a>(&mut self, way: Way, mails: Vec<&'a Origin>) -> Result<(), Left<'a>> {
        let (mut line, uid_validity) = match self.ready().await {
            Ok(ready) => ready,
            Err(why) => return Err(Left { mails, why, away: true }),
        };
        self.known.under(uid_validity);
        // Under another UIDVALIDITY the number means another mail; ours is found again by its Message-ID.
        let ours = |origin: &&Origin| origin.uid_validity == uid_validity;
        let uids: BTreeSet<u32> = mails.iter().copied().filter(ours).map(|origin| origin.uid).collect();
        let Err((stays, why)) = self.move_all(&mut line, way, &uids).await else {
            self.line = Some((line, uid_validity, Instant::now()));
            return Ok(());
        };
        if let Trouble::Refused { .. } = why {
            self.line = Some((line, uid_validity, Instant::now()));
        }
        let mails = mails.into_iter().filter(|origin| ours(origin) && stays.contains(&origin.uid)).collect();
        Err(Left { mails, why, away: false })
    }

    /// A connection that answers, with the folder's UIDVALIDITY.
    async fn ready(&mut self) -> Result<(Line, u32), Trouble> {
        match self.line.take() {
            Some((mut line, uid_validity, used)) if used.elapsed() < STALE => {
                // A session knows the mails it was told of, and a command for others does nothing and succeeds (RFC 9051
                // §6.4.9): NOOP makes the server tell of those that came since.
                line.run("NOOP", |_| {}).await?;
                Ok((line, uid_validity))
            }
            _ => self.open().await.map_err(Trouble::Broken),
        }
    }

    /// Moves what can be moved; the others, and why the first of them cannot be.
    async fn move_all(
        &mut self,
        line: &mut Line,
        way: Way,
        uids: &BTreeSet<u32>,
    ) -> Result<(), (BTreeSet<u32>, Trouble)> {
        let (known, new): (Vec<u32>, Vec<u32>) = uids.iter().copied().partition(|uid| self.known.refused.contains(uid));
        let mut sets: Vec<&[u32]> = new.chunks(BATCH).chain(known.chunks(BATCH)).rev().collect();
        let (mut stays, mut why, mut refusals) = (BTreeSet::new(), None, 0);
        while let Some(set) = sets.pop() {
            moment(Moment::FilingDue);
            match self.take_out(line, way, set).await {
                Ok(()) => {
                    moment(Moment::MailFiled);
                    refusals = 0;
                    self.known.forget(set);
                    if line.abilities.moving || line.abilities.uid_expunge {
                        self.shared.ledger().left(self.known.uid_validity, set);
                    }
                }
                Err(trouble @ Trouble::Broken(_)) => {
                    stays.extend(sets.into_iter().chain([set]).flatten());
                    return Err((stays, trouble));
                }
                Err(trouble) => {
                    why.get_or_insert(trouble);
                    refusals += 1;
                    if refusals >= REFUSALS {
                        stays.extend(sets.drain(..).chain([set]).flatten());
                    } else if let (half @ [_, ..], rest) = set.split_at(set.len() / 2) {
                        sets.extend([rest, half]);
                    } else {
                        self.known.refused.extend(set);
                        stays.extend(set);
                    }
                }
            }
        }
        why.map_or(Ok(()), |why| Err((stays, why)))
    }

    async fn take_out(&mut self, line: &mut Line, way: Way, uids: &[u32]) -> Result<(), Trouble> {
        match way {
            Way::To(folder) => self.put(line, uids, folder).await,
            Way::Out if line.abilities.uid_expunge => remove(line, uids).await,
            Way::Out => self.put(line, uids, Folder::Processed).await,
        }
    }

    async fn open(&self) -> Result<(Line, u32), Fault> {
        let settings = &self.shared.settings;
        let mut line = Line::open(&self.shared.endpoint, settings).await?;
        let (uid_validity, _) = line.enter("SELECT", &settings.inbox_folder).await?;
        Ok((line, uid_validity))
    }

    async fn put(&mut self, line: &mut Line, uids: &[u32], folder: Folder) -> Result<(), Trouble> {
        let settings = &self.shared.settings;
        let name = match folder {
            Folder::Processed => &settings.processed_folder,
            Folder::Refused => &settings.refused_folder,
        };
        if line.abilities.moving {
            return transfer(line, "MOVE", uids, name).await;
        }
        let missing: Vec<u32> = uids.iter().copied().filter(|uid| !self.known.copied.contains(uid)).collect();
        if !missing.is_empty() {
            transfer(line, "COPY", &missing, name).await?;
            self.known.copied.extend(missing);
        }
        remove(line, uids).await
    }
}

impl Known {
    /// Another UIDVALIDITY than before means that every UID has lost its meaning (RFC 9051 §2.3.1.1).
    fn under(&mut self, uid_validity: u32) {
        if self.uid_validity != uid_validity {
            *self = Self { uid_validity, ..Self::default() };
        }
    }

    fn forget(&mut self, uids: &[u32]) {
        for uid in uids {
            self.refused.remove(uid);
            self.copied.remove(uid);
        }
    }
}

fn in_words(why: Trouble) -> Fault {
    why.into_fault("Cannot file handled mail")
}

/// Moves or copies mails into a folder, which is made where it is missing.
async fn transfer(line: &mut Line, verb: &str, uids: &[u32], folder: &str) -> Result<(), Trouble> {
    let quoted = quoted_folder(folder)
        .ok_or_else(|| Trouble::Broken(Fault::permanent(format_args!("{folder:?} is not a folder name"))))?;
    let command = format!("UID {verb} {} {quoted}", uid_set(uids));
    match line.run(&command, |_| {}).await {
        Err(Trouble::Refused { missing_folder: true, .. }) => {
            line.run(&format!("CREATE {quoted}"), |_| {}).await?;
            // People look at these folders; a server that keeps no subscriptions may say no.
            match line.run(&format!("SUBSCRIBE {quoted}"), |_| {}).await {
                Err(Trouble::Broken(fault)) => Err(Trouble::Broken(fault)),
                _ => line.run(&command, |_| {}).await,
            }
        }
        outcome => outcome,
    }
}

/// Marks these mails and removes them.
async fn remove(line: &mut Line, uids: &[u32]) -> Result<(), Trouble> {
    let set = uid_set(uids);
    line.run(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)"), |_| {}).await?;
    if line.abilities.uid_expunge {
        line.run(&format!("UID EXPUNGE {set}"), |_| {}).await?;
    }
    // Without UIDPLUS they stay behind, marked: a bare EXPUNGE would take what others have marked with them.
    Ok(())
}
