//! What must be true of an office's folder after a power cut, whatever the cut let through: all that was acknowledged is there, byte for
//! byte; what was under way is whole or absent; and whoever goes on finds nothing in the way.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use loket::engine::archive::Archive;
use loket::engine::store::{Damage, Store};
use loket::store::StateFolder;
use loket::store::archive::RedbArchive;
use loket::store::redb::RedbStore;
use loket::vault::{OsRandom, sha256_hex};

use super::disk::Image;
use super::office::{self, FILED, NEXT, Told, dossier, papers, state};
use crate::store_fixture::{files, key, keyring};

/// How far a run had come when the power went.
pub struct Acknowledged<'a> {
    pub done: &'a [String],
    /// The folder at the end of a run that nothing cut.
    pub whole: &'a Image,
}

impl Acknowledged<'_> {
    fn has(&self, what: &str) -> bool {
        self.done.iter().any(|done| done == what)
    }

    /// How many of these were acknowledged.
    fn of(&self, kind: &str) -> usize {
        self.done.iter().filter(|done| done.split(' ').next() == Some(kind)).count()
    }

    fn steps(&self, serial: u32) -> u64 {
        self.done.iter().filter(|done| **done == format!("case {serial}")).count() as u64
    }
}

/// Holds the folder against what was acknowledged, goes on in it, and looks at it once more.
pub async fn hold(root: &Path, acknowledged: &Acknowledged<'_>) -> Result<()> {
    small_files(root, acknowledged)?;
    taken_out(root, acknowledged)?;
    {
        let (store, archive) = office::open(root).context("the office does not open")?;
        accounts(root, acknowledged)?;
        cases(&store, acknowledged).await?;
        filed(&archive, acknowledged).await?;
    }
    office::go_on(root, &mut Told::nobody()).await.context("nobody can go on")?;
    office::token(root).keep("later")?;
    ensure!(office::token(root).read().is_some_and(|token| *token == "later"), "no later token is kept");
    office::note(root).write(&"later").context("no later note is taken")?;
    let (store, archive) = office::open(root)?;
    nothing_is_damaged(&store, &archive).await?;
    for (serial, year) in FILED {
        dossier_is_whole(&archive, serial, year).await?;
    }
    nothing_is_left_over(root, &store).await
}

/// The key, the token and the note that were kept last, or the next ones.
fn small_files(root: &Path, acknowledged: &Acknowledged<'_>) -> Result<()> {
    let key = fs::read(state(root).join("master.key")).ok();
    let made = acknowledged.has("key");
    let same = key.as_ref() == acknowledged.whole.get(Path::new("state/master.key")).and_then(Option::as_ref);
    ensure!(same || !made && key.is_none(), "the master key is another one, or gone");
    let token = office::token(root).read().map(|token| token.to_string());
    one_of("token", &[None, Some("token 1"), Some("token 2")], acknowledged, token.as_deref())?;
    let note = office::note(root).read::<String>();
    one_of("note", &[None, Some("note 1"), Some("note 2"), None], acknowledged, note.as_deref())
}

fn one_of(
    kind: &str,
    one_after_another: &[Option<&str>],
    acknowledged: &Acknowledged<'_>,
    found: Option<&str>,
) -> Result<()> {
    let kept = acknowledged.of(kind);
    let mut may_be = one_after_another.iter().skip(kept).take(2);
    ensure!(may_be.any(|one| *one == found), "{kind} {found:?} after {kept} of them");
    Ok(())
}

/// A backup or an exported dossier that has its name is the whole one, and stays once it was acknowledged.
fn taken_out(root: &Path, acknowledged: &Acknowledged<'_>) -> Result<()> {
    let whole = |path: &Path| acknowledged.whole.get(path).and_then(Option::as_ref);
    let (packed, carried) = (Path::new("packed.loket"), Path::new("bags/carried.loket"));
    let mut found = 0;
    for place in [packed, carried] {
        if let Ok(bytes) = fs::read(root.join(place)) {
            found += 1;
            ensure!(Some(&bytes) == whole(carried), "{} is not the backup", place.display());
        }
    }
    ensure!(found > 0 || !acknowledged.has("packed"), "the backup is gone");
    ensure!(root.join(carried).exists() || !acknowledged.has("carried"), "the backup is not where it was carried to");
    let bag = Path::new("bags").join(key(1).number.to_string());
    if !root.join(&bag).exists() {
        ensure!(!acknowledged.has("bag"), "the exported dossier is gone");
        return Ok(());
    }
    for (path, bytes) in acknowledged.whole.iter().filter(|(path, _)| path.starts_with(&bag)) {
        let there = fs::read(root.join(path)).ok();
        ensure!(there == *bytes, "{} of the exported dossier is not as it was given", path.display());
    }
    Ok(())
}

fn accounts(root: &Path, acknowledged: &Acknowledged<'_>) -> Result<()> {
    let accounts = office::accounts(root).context("the accounts do not open")?.list().len();
    ensure!(accounts == 3 || accounts == 0 && !acknowledged.has("accounts"), "{accounts} accounts");
    Ok(())
}

async fn cases(store: &RedbStore, acknowledged: &Acknowledged<'_>) -> Result<()> {
    for serial in [1, 2, 3, 4, NEXT] {
        let steps = acknowledged.steps(serial);
        let found = store.load(&key(serial)).await?.map(|case| case.version);
        match found {
            None if acknowledged.has(&format!("removed {serial}")) || steps == 0 => {}
            // Being removed.
            None if serial == 1 && acknowledged.has("archived 1") => {}
            Some(version) if version == steps || version == steps + 1 => {
                ensure!(!acknowledged.has(&format!("removed {serial}")), "case {serial} is there again");
                papers_are_whole(store, serial, version).await?;
            }
            _ => bail!("case {serial} stands at {found:?}, and {steps} of its steps were acknowledged"),
        }
    }
    Ok(())
}

async fn papers_are_whole(store: &RedbStore, serial: u32, version: u64) -> Result<()> {
    for paper in (0..version).flat_map(|step| papers(serial, step)) {
        let kept = store.content(&key(serial), &sha256_hex(&paper)).await;
        let kept = kept.with_context(|| format!("a paper of case {serial}"))?;
        ensure!(kept.as_ref() == Some(&paper), "a paper of case {serial} is not as it came");
    }
    Ok(())
}

async fn filed(archive: &RedbArchive, acknowledged: &Acknowledged<'_>) -> Result<()> {
    for (serial, year) in FILED {
        let receipt = archive.receipt(&key(serial).number).await.with_context(|| format!("dossier {serial}"))?;
        match receipt {
            Some(_) => dossier_is_whole(archive, serial, year).await?,
            None => ensure!(!acknowledged.has(&format!("archived {serial}")), "dossier {serial} is gone"),
        }
    }
    Ok(())
}

async fn dossier_is_whole(archive: &RedbArchive, serial: u32, year: i32) -> Result<()> {
    for item in dossier(serial, year).items {
        let kept = archive.item(&key(serial).number, &item.name).await?;
        ensure!(kept.as_ref() == Some(&item.bytes), "{} of dossier {serial} is not as it was filed", item.name);
    }
    Ok(())
}

async fn nothing_is_damaged(store: &RedbStore, archive: &RedbArchive) -> Result<()> {
    let mut damage: Vec<Damage> = store.verify().await?;
    damage.extend(archive.verify().await?);
    ensure!(damage.is_empty(), "{damage:?}");
    Ok(())
}

/// No part of anything lies about that nothing will ever take away.
async fn nothing_is_left_over(root: &Path, store: &RedbStore) -> Result<()> {
    let mut named = 0;
    for serial in [1, 2, 3, 4, NEXT] {
        let version = store.load(&key(serial)).await?.map_or(0, |case| case.version);
        named += (0..version).map(|step| papers(serial, step).len()).sum::<usize>();
    }
    let papers = files(&state(root).join("live/contents")).len();
    ensure!(papers == named, "{papers} content files lie there, and {named} are named");
    let begun: Vec<PathBuf> = files(&state(root).join("archive"));
    ensure!(begun.iter().all(|file| file.extension().is_some_and(|end| end == "redb")), "{begun:?}");
    Ok(())
}

/// A restore that was cut: the office is refused with what to do, or is the one of before, or the one of the backup; and repeated, it
/// is the backup's. What stood there before is not lost.
pub async fn hold_returned(root: &Path, acknowledged: &Acknowledged<'_>, before: &Image) -> Result<()> {
    let again = match office::open(root) {
        Ok((store, _)) => store.load(&key(2)).await?.is_none(),
        Err(error) => {
            ensure!(error.to_string().contains("Repeat `loket restore`"), "{error}");
            true
        }
    };
    ensure!(!again || !acknowledged.has("returned"), "the office is not the one of the backup");
    if !acknowledged.has("returned") {
        office::bring_it_back(root, &mut Told::nobody()).context("the restore cannot be repeated")?;
    }
    let folder = Arc::new(StateFolder::take(&state(root))?);
    let place = folder.archive();
    let store = RedbStore::open(folder, keyring(), Arc::new(OsRandom)).context("the restored office does not open")?;
    let archive = RedbArchive::open(place, store.keyring(), Arc::new(OsRandom), Some(&store))?;
    for serial in [2, 3, 4] {
        let version = store.load(&key(serial)).await?.map(|case| case.version);
        ensure!(version == Some(1), "case {serial} came back at {version:?}");
        papers_are_whole(&store, serial, 1).await?;
    }
    for (serial, year) in &FILED[..3] {
        dossier_is_whole(&archive, *serial, *year).await?;
    }
    nothing_is_damaged(&store, &archive).await?;
    ensure!(office::accounts(root)?.list().len() == 3, "the accounts did not come back");
    for (path, bytes) in before {
        let bytes =
            bytes.as_ref().filter(|_| path.starts_with("state/archive") || path.to_string_lossy().contains("contents"));
        let Some(bytes) = bytes else { continue };
        let kept = files(&state(root)).iter().any(|file| fs::read(file).is_ok_and(|there| there == *bytes));
        ensure!(kept, "{} of the office before is lost", path.display());
    }
    Ok(())
}
