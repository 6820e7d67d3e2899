//! An office that works in a folder and says of each thing when it was acknowledged. Everything is done as the daemon and the command
//! line do it, one thing after another.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use loket::accounts::directory::Directory;
use loket::cli::carry::carry;
use loket::daemon::note::Note;
use loket::daemon::tokens::TokenFolder;
use loket::engine::archive::{Archive, ArchiveDossier};
use loket::engine::store::{Batch, Outcome, Store};
use loket::mail::oauth::RefreshStore;
use loket::store::archive::RedbArchive;
use loket::store::redb::RedbStore;
use loket::store::{Packing, Restoring, StateFolder, StoreError, bring_back};
use loket::vault::{MasterKey, OsRandom};

use crate::accounts_directory::people;
use crate::archive_fixture::{day, noise};
use crate::store_fixture::{key, keyring, step};

/// Dossiers that are filed while work goes on, and by whoever goes on after a cut: their years.
pub const FILED: [(u32, i32); 5] = [(1, 2026), (2, 2026), (4, 2027), (91, 2026), (92, 2027)];
/// The case of whoever goes on after a cut.
pub const NEXT: u32 = 90;

/// Where it is said what was acknowledged: nobody's cache.
pub struct Told(Option<File>);

impl Told {
    pub fn to(place: &Path) -> Self {
        Self(Some(File::options().append(true).create(true).open(place).expect("a file beside the disk")))
    }

    /// Says nothing.
    pub fn nobody() -> Self {
        Self(None)
    }

    fn say(&mut self, what: &str) {
        if let Some(file) = &mut self.0 {
            file.write_all(format!("{what}\n").as_bytes()).expect("it is heard");
        }
    }
}

/// The papers of a step: alone, a few that are flushed each for itself, many that are flushed together.
pub fn papers(serial: u32, step: u64) -> Vec<Vec<u8>> {
    let papers = if (serial, step) == (4, 0) { 5 } else { 1 + u64::from(serial) % 3 };
    (0..papers).map(|paper| noise(u64::from(serial) * 100 + step * 10 + paper, 700 + 900 * paper as usize)).collect()
}

pub fn dossier(serial: u32, year: i32) -> ArchiveDossier {
    let mut dossier = crate::archive_fixture::dossier(serial, day(year, 11, 9));
    dossier.items[0].bytes.truncate(9_000);
    dossier.items[1].bytes.truncate(3_000);
    dossier
}

pub fn state(root: &Path) -> PathBuf {
    root.join("state")
}

pub fn note(root: &Path) -> Note {
    Note::at(state(root).join("closed"))
}

pub fn token(root: &Path) -> Arc<dyn RefreshStore> {
    TokenFolder::of(&state(root), &keyring(), Arc::new(OsRandom)).store_of("mailbox permohonan", "configured")
}

pub fn accounts(root: &Path) -> Result<Directory> {
    Ok(Directory::open(&state(root).join("accounts.redb"), Arc::new(OsRandom))?)
}

/// The live store and the archive of the folder.
pub fn open(root: &Path) -> Result<(RedbStore, RedbArchive)> {
    let folder = Arc::new(StateFolder::take(&state(root))?);
    let place = folder.archive();
    let store = RedbStore::open(folder, keyring(), Arc::new(OsRandom))?;
    let archive = RedbArchive::open(place, store.keyring(), Arc::new(OsRandom), Some(&store))?;
    Ok((store, archive))
}

/// One of everything that is kept, from the first start on.
pub async fn work(root: &Path, told: &mut Told) -> Result<()> {
    let (store, archive) = open(root)?;
    told.say("opened");
    MasterKey::find(&state(root), Some(&OsRandom))?;
    told.say("key");
    accounts(root)?.import(people()).await?;
    told.say("accounts");
    token(root).keep("token 1")?;
    told.say("token 1");
    for serial in [1, 2] {
        commit(&store, serial, 0, told).await?;
    }
    token(root).keep("token 2")?;
    told.say("token 2");
    note(root).set_apart()?;
    note(root).write(&"note 1")?;
    told.say("note 1");
    commit(&store, 4, 0, told).await?;
    commit(&store, 1, 1, told).await?;
    file(&archive, FILED[0], told).await?;
    store.remove_case(&key(1), 2).await?;
    told.say("removed 1");
    note(root).write(&"note 2")?;
    told.say("note 2");
    commit(&store, 3, 0, told).await?;
    file(&archive, FILED[1], told).await?;
    file(&archive, FILED[2], told).await?;
    note(root).remove()?;
    told.say("note 3");
    back_up(root, &store, &archive, told).await?;
    archive.export(&key(1).number, &root.join("bags")).await?;
    told.say("bag");
    Ok(())
}

/// What whoever starts after a cut does: opens everything and goes on. May itself be cut, and begun again.
pub async fn go_on(root: &Path, told: &mut Told) -> Result<()> {
    let (store, archive) = open(root)?;
    accounts(root)?;
    if store.load(&key(NEXT)).await?.is_none() {
        commit(&store, NEXT, 0, told).await?;
    }
    for filed in FILED {
        file(&archive, filed, told).await?;
    }
    Ok(())
}

/// Another office, in whose place a backup is put.
pub async fn work_elsewhere(root: &Path) -> Result<()> {
    let (store, archive) = open(root)?;
    accounts(root)?.import(people().split_off(1)).await?;
    commit(&store, 50, 0, &mut Told::nobody()).await?;
    file(&archive, (50, 2026), &mut Told::nobody()).await
}

/// A backup takes the place of another office.
pub fn bring_it_back(root: &Path, told: &mut Told) -> Result<(), StoreError> {
    let folder = StateFolder::take(&state(root))?;
    let file = root.join("bags/carried.loket");
    let (keyring, random) = (keyring(), &OsRandom);
    let restoring = Restoring { keyring: &keyring, random, file: &file, force: true, year: 2026, series: None };
    bring_back(&folder, &folder.archive(), &restoring)?;
    told.say("returned");
    Ok(())
}

async fn commit(store: &RedbStore, serial: u32, version: u64, told: &mut Told) -> Result<()> {
    let papers = papers(serial, version).into_iter().map(|paper| (key(serial), paper)).collect();
    let contents = store.put_contents(papers).await?;
    let outcomes = store.commit(vec![Batch { contents, ..step(serial, version) }]).await?;
    ensure!(outcomes == [Outcome::Committed { version: version + 1 }], "case {serial}: {outcomes:?}");
    told.say(&format!("case {serial}"));
    Ok(())
}

async fn file(archive: &RedbArchive, (serial, year): (u32, i32), told: &mut Told) -> Result<()> {
    archive.keep(dossier(serial, year)).await.with_context(|| format!("filing {serial} in {year}"))?;
    told.say(&format!("archived {serial}"));
    Ok(())
}

async fn back_up(root: &Path, store: &RedbStore, archive: &RedbArchive, told: &mut Told) -> Result<()> {
    let place = state(root).join("outgoing/a");
    fs::create_dir_all(&place)?;
    let (live, people, file) = (place.join("live.redb"), place.join("accounts.redb"), root.join("packed.loket"));
    store.backup(&live).await?;
    accounts(root)?.copy_to(&people).await?;
    let mut packing = Packing::begin(&file, &store.keyring(), Arc::new(OsRandom))?;
    packing.add("live.redb", &live)?;
    packing.add("accounts.redb", &people)?;
    let (packing, damage) = archive.pack(packing).await?;
    ensure!(damage.is_empty(), "{damage:?}");
    packing.finish()?;
    told.say("packed");
    carry(&file, &root.join("bags/carried.loket"))?;
    told.say("carried");
    Ok(())
}
