//! A backup of everything but the master key, taken while the office works: the live store of one moment first, then the
//! accounts, then the archive's files, packed and sealed in one. What is damaged is copied as it is, and named.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Answer, Operations, Staging};
use crate::engine::port::Fault;
use crate::engine::store::{BackupReport, Damage};
use crate::store::{Packing, StoreError};

/// A backup that waits to be taken away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Copied {
    pub file: PathBuf,
    pub cases: u64,
    pub contents: u64,
    pub bytes: u64,
    /// What was damaged before, and is so in the copy.
    #[serde(default)]
    pub damaged: Vec<String>,
}

/// Something that is damaged, in a sentence.
pub fn named(damage: &Damage) -> String {
    format!("{} is damaged: {}", damage.thing, damage.what)
}

impl Operations {
    pub(super) async fn backup(&self) -> Result<Answer, Answer> {
        let place = self.staging.place(&*self.engine.random)?;
        let packed = self.packed(&place).await.inspect_err(|_| Staging::clear(&place));
        let (report, bytes) = packed?;
        let file = place.join("backup.loket");
        let damaged = report.damaged.iter().map(named).collect();
        Ok(Answer::done(&Copied { file, cases: report.cases, contents: report.contents, bytes, damaged }))
    }

    async fn packed(&self, place: &Path) -> Result<(BackupReport, u64), Answer> {
        let (live, accounts) = (place.join("live.redb"), place.join("accounts.redb"));
        let mut report = self.engine.store.backup(&live).await?;
        self.directory.copy_to(&accounts).await?;
        let (keys, random) = (self.engine.keys.clone(), self.engine.random.clone());
        let file = place.join("backup.loket");
        let packing = blocking(move || {
            let mut packing = Packing::begin(&file, &keys, random)?;
            for (name, path) in [("live.redb", live), ("accounts.redb", accounts)] {
                packing.add(name, &path)?;
                std::fs::remove_file(&path).ok();
            }
            Ok(packing)
        });
        let (packing, damaged) = self.archive.pack(packing.await?).await?;
        report.damaged.extend(damaged);
        Ok((report, blocking(move || packing.finish()).await?))
    }
}

/// Files are read and written on a thread of their own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Fault::from),
        Err(why) => Err(Fault::transient(format!("The thread that packs a backup ended: {why}"))),
    }
}
