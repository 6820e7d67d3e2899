//! The live store: one redb file, one writing thread, sealed content files beside it. Reads see the last commit.
//!
//! [`commit`] is what a step does, [`writer`] how many share a transaction, [`outbox`] how rows are handed out, [`mend`] what a
//! start puts right, [`read`] the reading half, [`reseal`] the change of the master key and [`verify`] the whole checked. [`space`] keeps a disk
//! that fills up from closing the file. `tables` and `records` are the file's format, [`schema`] how an older one is brought up.

mod agree;
mod commit;
mod mend;
mod outbox;
mod port;
mod read;
pub(super) mod records;
mod reseal;
pub(super) mod schema;
mod space;
pub(super) mod tables;
pub(super) mod transaction;
mod unnamed;
mod verify;
mod writer;

use std::any::Any;
use std::collections::HashSet;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use tokio::sync::watch;

use self::outbox::Leases;
use self::records::ContentRecord;
pub use self::reseal::Resealed;
use self::space::Space;
pub use self::space::TO_BEGIN as SPACE_TO_BEGIN;
use self::tables::{CONTENTS, JOURNAL, KEYS, Place, readable};
use self::unnamed::Unnamed;
pub(super) use self::verify::verify_journal;
use self::writer::Job;
use super::StoreError;
use super::contents::{ContentFolder, Lost};
use super::folder::{StateFolder, create_private, sync_folder};
use super::quiet;
use crate::engine::peril::{Moment, moment};
use crate::engine::port::Fault;
use crate::sop::names::Sha256Hex;
use crate::vault::{DossierKey, Keyring, Random};

/// Memory for pages of the file. Cases are small and few are live; contents lie outside.
const CACHE: usize = 8 * 1024 * 1024;

/// The live store of one state folder.
pub struct RedbStore {
    inner: Arc<Inner>,
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

/// What readers and the writing thread share.
pub(super) struct Inner {
    pub database: Database,
    pub contents: ContentFolder,
    pub space: Space,
    pub keyring: Keyring,
    pub random: Arc<dyn Random>,
    pub unnamed: Unnamed,
    /// Held by who writes content files.
    pub putting: Mutex<()>,
    /// Held for reading while a backup needs content files to stay.
    pub keeping: RwLock<()>,
    leases: Mutex<Leases>,
    failure: watch::Sender<Option<Fault>>,
    _folder: Arc<StateFolder>,
}

impl RedbStore {
    /// Opens the store of a state folder, creating it on first start: brings up an older schema, checks the master key,
    /// puts the outbox's index right, sweeps content files no transaction names, starts the writing thread.
    pub fn open(folder: Arc<StateFolder>, keyring: Keyring, random: Arc<dyn Random>) -> Result<Self, StoreError> {
        super::bring_back::refuse_half_restored(folder.path())?;
        super::restore::finish_interrupted(folder.path())?;
        let live = folder.live();
        create_private(&live)?;
        let (database, keyring) = schema::prepare(&live.join("loket.redb"), keyring, random.as_ref())?;
        // redb flushes the file, not its name.
        sync_folder(&live)?;
        Self::begin(database, folder, keyring, random)
    }

    /// [`RedbStore::open`] over a database that was opened elsewhere, such as one whose storage fails on purpose. Content
    /// files lie in the folder.
    pub fn on(
        database: Database,
        folder: Arc<StateFolder>,
        keyring: Keyring,
        random: Arc<dyn Random>,
    ) -> Result<Self, StoreError> {
        create_private(&folder.live())?;
        let (keyring, _renewed) = schema::prepare_open(&database, keyring, random.as_ref())?;
        Self::begin(database, folder, keyring, random)
    }

    fn begin(
        database: Database,
        folder: Arc<StateFolder>,
        keyring: Keyring,
        random: Arc<dyn Random>,
    ) -> Result<Self, StoreError> {
        let live = folder.live();
        let contents = ContentFolder::open(live.join("contents"))?;
        moment(Moment::StateOpened);
        let looked = quiet::catch(|| {
            can_be_added_to(&database)?;
            mend::outbox_index(&database)?;
            sweep(&database, &contents)
        });
        looked.unwrap_or_else(|panic| Err(StoreError::storage("reading the store", reason(panic.as_ref()))))?;
        let inner = Arc::new(Inner {
            database,
            contents,
            space: Space::under(&live),
            keyring,
            random,
            unnamed: Unnamed::default(),
            putting: Mutex::default(),
            keeping: RwLock::new(()),
            leases: Mutex::default(),
            failure: watch::Sender::new(None),
            _folder: folder,
        });
        let (jobs, waiting) = channel();
        let shared = Arc::clone(&inner);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer::run(&shared, &waiting))
            .map_err(|error| StoreError::storage("starting the writing thread", error))?;
        Ok(Self { inner, jobs: Some(jobs), writer: Some(writer) })
    }

    /// The keys of this store, its own lasting ones among them.
    pub fn keyring(&self) -> Keyring {
        self.inner.keyring.clone()
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

impl Drop for RedbStore {
    /// Waits until everything that was asked for is written.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            // It ends by itself once the sender is gone, and every panic within it was caught and reported.
            let _ = writer.join();
        }
    }
}

impl Inner {
    pub fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn failure(&self) -> Option<Fault> {
        self.failure.borrow().clone()
    }

    /// The storage failed: nothing is written from here on.
    pub fn fail(&self, fault: Fault) {
        tracing::error!("the store cannot go on: {fault}");
        self.failure.send_replace(Some(fault));
    }

    pub async fn failed(&self) -> Fault {
        let mut failure = self.failure.subscribe();
        match failure.wait_for(Option::is_some).await {
            Ok(fault) => fault.clone().unwrap_or_else(|| Fault::permanent("the store has failed")),
            Err(_) => Fault::permanent("the store is closed"),
        }
    }

    pub fn unwrap(&self, place: &Place, wrapped: &[u8]) -> Result<DossierKey, StoreError> {
        let damaged =
            |_| StoreError::damaged(format!("the key of case {}", readable(&place.number)), "it does not open");
        self.keyring.unwrap(&place.owner(), wrapped).map_err(damaged)
    }

    /// The key of a case that was opened.
    pub fn dossier_key(&self, transaction: &ReadTransaction, place: &Place) -> Result<Option<DossierKey>, StoreError> {
        match transaction.open_table(KEYS)?.get(place.key())? {
            None => Ok(None),
            Some(wrapped) => self.unwrap(place, wrapped.value()).map(Some),
        }
    }
}

/// Opens a redb file for this process alone, without trusting it not to be damaged: redb may panic on a file that
/// was altered behind its back.
pub(super) fn open_database(path: &Path) -> Result<Database, StoreError> {
    let place = path.display().to_string();
    let opened = quiet::catch(|| Database::builder().set_cache_size(CACHE).create(path));
    match opened {
        Ok(Ok(database)) => Ok(database),
        Ok(Err(redb::DatabaseError::DatabaseAlreadyOpen)) => {
            Err(StoreError::InUse { place, holder: "another process".to_owned() })
        }
        Ok(Err(error)) => Err(StoreError::storage(&format!("opening {place}"), error)),
        Err(panic) => Err(StoreError::storage(&format!("opening {place}"), reason(panic.as_ref()))),
    }
}

/// What a caught panic said.
pub(super) fn reason(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the file does not read as it was written ({})", text.unwrap_or("no reason given"))
}

/// Found at the start, a journal that cannot go on stops the office before it does anything.
fn can_be_added_to(database: &Database) -> Result<(), StoreError> {
    let journal = database.begin_read()?.open_table(JOURNAL)?;
    let office = journal.last()?.map(|(key, _)| key.value().0.to_owned());
    // Nothing that a next start would mend.
    let refused = |error: StoreError| StoreError::Refused(error.to_string());
    office.map_or(Ok(()), |office| commit::journal_end(&journal, &office).map(drop).map_err(refused))
}

fn sweep(database: &Database, contents: &ContentFolder) -> Result<(), StoreError> {
    let transaction = database.begin_read()?;
    let table = transaction.open_table(CONTENTS)?;
    let (mut named, mut lost) = (HashSet::new(), Lost::default());
    for entry in table.iter()? {
        let (key, record) = entry?;
        let (office, number, hash) = key.value();
        let place = Place { office: office.to_owned(), number: number.to_owned() };
        let path = contents.path(&place, &Sha256Hex(hash.to_owned()));
        if !path.is_file() {
            lost.add(ContentRecord::read(record.value()).ok().map(|record| record.stored));
        }
        named.insert(path);
    }
    // A page that leads elsewhere takes names away; what they meant is not known.
    if named.len() as u64 != table.len()? {
        lost.add(None);
    }
    let swept = contents.sweep(&named, &lost)?;
    if swept > 0 {
        tracing::info!(files = swept, "removed content files that no transaction names");
    }
    Ok(())
}
