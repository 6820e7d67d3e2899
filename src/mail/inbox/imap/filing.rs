//! The filing connection: moves handled mail to its folder, many at once. A mail that is no longer there counts as filed.
//! Where the server knows no MOVE: copy, mark deleted, expunge exactly those (RFC 6851 §3.3, RFC 4315).

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Shared;
use super::line::{Line, Trouble};
use super::words::{quoted_folder, uid_set};
use crate::engine::peril::{Moment, moment};
use crate::engine::port::{Fault, Folder, Origin};

/// Mails moved by one command.
const BATCH: usize = 200;
/// A connection unused for longer is opened anew: the server or a firewall may have dropped it unseen.
const STALE: Duration = Duration::from_secs(240);

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
}

impl Filing {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, line: None }
    }

    pub async fn file(&mut self, mails: &[(Origin, Folder)]) -> Result<(), Fault> {
        let ways: Vec<_> = mails.iter().map(|(origin, folder)| (origin, Way::To(*folder))).collect();
        self.send_off(&ways).await
    }

    pub async fn discard(&mut self, mails: &[Origin]) -> Result<(), Fault> {
        let ways: Vec<_> = mails.iter().map(|origin| (origin, Way::Out)).collect();
        self.send_off(&ways).await
    }

    async fn send_off(&mut self, mails: &[(&Origin, Way)]) -> Result<(), Fault> {
        if mails.is_empty() {
            return Ok(());
        }
        let reused = self.line.as_ref().is_some_and(|(_, _, used)| used.elapsed() < STALE);
        match self.attempt(mails).await {
            // The server may have closed the idle connection: once more on a fresh one before it counts as a failure.
            Err(Trouble::Broken(_)) if reused => self.attempt(mails).await,
            outcome => outcome,
        }
        .map_err(|trouble| trouble.into_fault("Cannot file handled mail"))
    }

    async fn attempt(&mut self, mails: &[(&Origin, Way)]) -> Result<(), Trouble> {
        let (mut line, uid_validity) = match self.line.take() {
            Some((mut line, uid_validity, used)) if used.elapsed() < STALE => {
                // A session knows the mails it was told of, and a command for others does nothing and succeeds (RFC 9051
                // §6.4.9): NOOP makes the server tell of those that came since.
                line.run("NOOP", |_| {}).await?;
                (line, uid_validity)
            }
            _ => self.open().await.map_err(Trouble::Broken)?,
        };
        for way in [Way::To(Folder::Processed), Way::To(Folder::Refused), Way::Out] {
            let mut uids: Vec<u32> = mails
                .iter()
                // Under another UIDVALIDITY the number means another mail; ours is found again by its Message-ID.
                .filter(|(origin, to)| *to == way && origin.uid_validity == uid_validity)
                .map(|(origin, _)| origin.uid)
                .collect();
            uids.sort_unstable();
            uids.dedup();
            for batch in uids.chunks(BATCH) {
                moment(Moment::FilingDue);
                match way {
                    Way::To(folder) => self.put(&mut line, batch, folder).await?,
                    Way::Out if line.abilities.uid_expunge => remove(&mut line, batch).await?,
                    Way::Out => self.put(&mut line, batch, Folder::Processed).await?,
                }
                moment(Moment::MailFiled);
                if line.abilities.moving || line.abilities.uid_expunge {
                    self.shared.ledger().left(uid_validity, batch);
                }
            }
        }
        self.line = Some((line, uid_validity, Instant::now()));
        Ok(())
    }

    async fn open(&self) -> Result<(Line, u32), Fault> {
        let settings = &self.shared.settings;
        let mut line = Line::open(&self.shared.endpoint, settings).await?;
        let (uid_validity, _) = line.enter("SELECT", &settings.inbox_folder).await?;
        Ok((line, uid_validity))
    }

    async fn put(&self, line: &mut Line, uids: &[u32], folder: Folder) -> Result<(), Trouble> {
        let settings = &self.shared.settings;
        let name = match folder {
            Folder::Processed => &settings.processed_folder,
            Folder::Refused => &settings.refused_folder,
        };
        let quoted = quoted_folder(name)
            .ok_or_else(|| Trouble::Broken(Fault::permanent(format_args!("{name:?} is not a folder name"))))?;
        let verb = if line.abilities.moving { "MOVE" } else { "COPY" };
        let set = uid_set(uids);
        let command = format!("UID {verb} {set} {quoted}");
        match line.run(&command, |_| {}).await {
            Err(Trouble::Refused { missing_folder: true, .. }) => {
                line.run(&format!("CREATE {quoted}"), |_| {}).await?;
                // People look at these folders; a server that keeps no subscriptions may say no.
                match line.run(&format!("SUBSCRIBE {quoted}"), |_| {}).await {
                    Err(Trouble::Broken(fault)) => return Err(Trouble::Broken(fault)),
                    _ => line.run(&command, |_| {}).await?,
                }
            }
            outcome => outcome?,
        }
        if line.abilities.moving {
            return Ok(());
        }
        remove(line, uids).await
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
