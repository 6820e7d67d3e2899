//! The archive port on redb files. All work runs on a blocking thread, one at a time within this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::Mutex;

use super::cabinet::Cabinet;
use super::records::Records;
use crate::engine::archive::{
    Ahead, Archive, ArchiveDossier, ArchivedDossier, Compared, Destruction, Examined, Receipt, Survey,
};
use crate::engine::evidence::FileHead;
use crate::engine::port::Fault;
use crate::engine::store::{CaseKey, Damage};
use crate::sop::names::{CaseNumber, OfficeId};
use crate::store::folder::create_private;
use crate::store::redb::{RedbStore, Resealed};
use crate::store::{Packing, StoreError};
use crate::vault::{Keyring, Random};

/// The archive of one state folder: `archive-YYYY.redb` per year of filing.
pub struct RedbArchive {
    cabinet: Arc<Cabinet>,
    one_at_a_time: Arc<Mutex<()>>,
}

impl RedbArchive {
    /// Opens the archive of a folder, created where it is missing. Without `live`, dossiers get a key of their own
    /// and no journal: for reading, and for tests.
    pub fn open(
        folder: PathBuf,
        keyring: Keyring,
        random: Arc<dyn Random>,
        live: Option<&RedbStore>,
    ) -> Result<Self, StoreError> {
        create_private(&folder)?;
        let live = live.map(|store| Arc::clone(store.inner()));
        let cabinet = Arc::new(Cabinet { folder, keyring, random, live, records: Records::default() });
        if cabinet.live.is_some()
            && let Err(error) = cabinet.settle()
        {
            tracing::error!("the newest archive file cannot be put right: {error}");
        }
        Ok(Self { cabinet, one_at_a_time: Arc::default() })
    }

    /// Wraps every dossier's key under the newest master key, a file at a time: others have their turn in between. Can be
    /// cut at any moment and called again.
    pub async fn reseal(&self) -> Result<Resealed, Fault> {
        let mut total = Resealed::default();
        for index in 0..self.later(Cabinet::count).await? {
            total.add(self.later(move |cabinet| cabinet.reseal(index)).await?);
        }
        Ok(total)
    }

    /// Puts every file into a parcel, each in a turn of its own, in which it is looked through as well: what is damaged comes with
    /// the parcel, which may hold the last copy of all else. Taken after the live store: a dossier that is filed in between is
    /// then in both, and filing it again finds it there.
    pub async fn pack(&self, mut packing: Packing) -> Result<(Packing, Vec<Damage>), Fault> {
        let (mut damage, mut head) = (Vec::new(), None);
        for index in 0..self.later(Cabinet::count).await? {
            let before = head.take();
            let (packed, found, end) = self
                .later(move |cabinet| {
                    let (found, end) = cabinet.verify(index, before)?;
                    Ok((cabinet.pack(index, packing)?, cabinet.within(index, found)?, end))
                })
                .await?;
            damage.extend(found);
            (packing, head) = (packed, end);
        }
        Ok((packing, damage))
    }

    fn later<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Cabinet) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, Fault>> {
        let (cabinet, one_at_a_time) = (Arc::clone(&self.cabinet), Arc::clone(&self.one_at_a_time));
        Box::pin(async move {
            // Whoever no longer waits for an answer leaves the queue, and none who waits holds a thread.
            let turn = one_at_a_time.lock_owned().await;
            let done = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                work(&cabinet)
            });
            match done.await {
                Ok(answer) => answer.map_err(Fault::from),
                Err(error) => Err(Fault::transient(format!("The archive's thread ended: {error}"))),
            }
        })
    }
}

impl Archive for RedbArchive {
    fn keep(&self, dossier: ArchiveDossier) -> BoxFuture<'_, Result<Receipt, Fault>> {
        self.later(move |cabinet| cabinet.keep(&dossier))
    }

    fn receipt<'a>(&'a self, number: &'a CaseNumber) -> BoxFuture<'a, Result<Option<Receipt>, Fault>> {
        let number = number.clone();
        self.later(move |cabinet| Ok(cabinet.find(&number)?.map(|found| found.receipt())))
    }

    fn kinships(&self, live: Vec<CaseKey>) -> BoxFuture<'_, Result<Compared, Fault>> {
        self.later(move |cabinet| cabinet.kinships(&live))
    }

    fn ahead<'a>(&'a self, office: &'a OfficeId) -> BoxFuture<'a, Result<Ahead, Fault>> {
        let office = office.clone();
        self.later(move |cabinet| cabinet.ahead(&office))
    }

    fn survey<'a>(&'a self, words: &'a str) -> BoxFuture<'a, Result<Survey, Fault>> {
        let words = words.to_owned();
        self.later(move |cabinet| cabinet.survey(&words))
    }

    fn show<'a>(&'a self, number: &'a CaseNumber) -> BoxFuture<'a, Result<Option<ArchivedDossier>, Fault>> {
        let number = number.clone();
        self.later(move |cabinet| match cabinet.find(&number)? {
            None => Ok(None),
            Some(found) => cabinet.open(&found).map(|(_, dossier)| Some(dossier)),
        })
    }

    fn examine<'a>(&'a self, number: &'a CaseNumber) -> BoxFuture<'a, Result<Option<Examined>, Fault>> {
        let number = number.clone();
        self.later(move |cabinet| cabinet.examine(&number))
    }

    fn item<'a>(&'a self, number: &'a CaseNumber, name: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Fault>> {
        let (number, name) = (number.clone(), name.to_owned());
        self.later(move |cabinet| {
            let Some(found) = cabinet.find(&number)? else { return Ok(None) };
            let (key, dossier) = cabinet.open(&found)?;
            let Some((index, item)) = (0u32..).zip(&dossier.items).find(|(_, item)| item.name == name) else {
                return Ok(None);
            };
            found.volume.item(found.position, &found.record, &key, index, &item.sha256).map(Some)
        })
    }

    fn export<'a>(&'a self, number: &'a CaseNumber, folder: &'a Path) -> BoxFuture<'a, Result<(), Fault>> {
        let (number, folder) = (number.clone(), folder.to_owned());
        self.later(move |cabinet| cabinet.export(&number, &folder))
    }

    fn pack_bag<'a>(&'a self, number: &'a CaseNumber) -> BoxFuture<'a, Result<Vec<u8>, Fault>> {
        let number = number.clone();
        self.later(move |cabinet| cabinet.pack_bag(&number))
    }

    fn destroy<'a>(&'a self, number: &'a CaseNumber, why: &'a Destruction) -> BoxFuture<'a, Result<(), Fault>> {
        let (number, why) = (number.clone(), why.clone());
        self.later(move |cabinet| cabinet.destroy(&number, &why))
    }

    fn heads(&self) -> BoxFuture<'_, Result<Vec<FileHead>, Fault>> {
        self.later(Cabinet::heads)
    }

    fn verify(&self) -> BoxFuture<'_, Result<Vec<Damage>, Fault>> {
        Box::pin(async move {
            let (mut damage, mut head) = (Vec::new(), None);
            // A file has a turn of its own: filing and the desk need not wait for all of them.
            for index in 0..self.later(Cabinet::count).await? {
                let before = head.take();
                let (found, end) = self.later(move |cabinet| cabinet.verify(index, before)).await?;
                damage.extend(found);
                head = end;
            }
            Ok(damage)
        })
    }
}
