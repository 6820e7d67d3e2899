//! The file's schema and the master key it hangs on: what is looked at before anything else is read. A newer file is
//! refused. An older one is brought up step by step, each step and the number it leads to in one transaction, so that a
//! step that was cut has not happened and the next start goes on from there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::tables::{SCHEMA, SECRETS};
use super::transaction::{Tables, begin};
use super::{open_database, reason};
use crate::store::backup::{copy, copy_tables};
use crate::store::folder::sync_folder;
use crate::store::{StoreError, quiet};
use crate::vault::{Keyring, LastingKeys, Random, hex};

type Step = fn(&mut Tables<'_>, &Keyring, &dyn Random) -> Result<(), StoreError>;

/// What leads from each schema to the next, from schema 1 on.
const STEPS: [Step; SCHEMA as usize - 1] = [keep_lasting_keys];

/// Creates the settings of a new file or brings an older one up; refuses a newer one and one of another master key.
/// Returns the file, and the keyring with its own lasting keys.
pub fn prepare(path: &Path, keyring: Keyring, random: &dyn Random) -> Result<(Database, Keyring), StoreError> {
    if !path.exists() {
        found(path, &keyring, random)?;
    }
    let mut database = open_database(path)?;
    let (keyring, renewed) = prepare_open(&database, keyring, random)?;
    if renewed {
        write_anew(database, path)?;
        database = open_database(path)?;
    }
    Ok((database, keyring))
}

/// A new file gets its name once its settings are in it: redb takes one that it had only begun for no file of its own, and the office
/// would not open after a cut in its first start.
fn found(path: &Path, keyring: &Keyring, random: &dyn Random) -> Result<(), StoreError> {
    let begun = begun(path)?;
    let database = open_database(&begun)?;
    prepare_open(&database, keyring.clone(), random)?;
    drop(database);
    fs::rename(&begun, path).map_err(|error| StoreError::file("rename", &begun, &error))
}

/// Where a file is written that is to take this name; what a cut left there is removed.
fn begun(path: &Path) -> Result<PathBuf, StoreError> {
    let begun = path.with_extension("redb.new");
    match fs::remove_file(&begun) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::file("remove", &begun, &error)),
        _ => Ok(begun),
    }
}

/// [`prepare`] for a file that is open already; true where it must still be written anew.
pub fn prepare_open(database: &Database, keyring: Keyring, random: &dyn Random) -> Result<(Keyring, bool), StoreError> {
    let prepared = quiet::catch(|| look_at_settings(database, keyring, random));
    prepared.unwrap_or_else(|panic| Err(StoreError::storage("reading the store's settings", reason(panic.as_ref()))))
}

fn look_at_settings(database: &Database, keyring: Keyring, random: &dyn Random) -> Result<(Keyring, bool), StoreError> {
    while !bring_up(database, &keyring, random)? {}
    let transaction = begin(database)?;
    let (known, keyring, renewed) = {
        let mut tables = Tables::open(&transaction)?;
        let known = check_key(&mut tables, &keyring)?;
        let damaged = || StoreError::damaged("the setting lasting", "it is missing or does not open");
        let sealed = tables.meta.get("lasting")?.map(|value| value.value().to_vec()).ok_or_else(damaged)?;
        if tables.number("epoch")? == 0 {
            return Err(StoreError::damaged("the setting epoch", "it is missing"));
        }
        let lasting = keyring.open_lasting(&sealed).map_err(|_| damaged())?;
        let keyring = keyring.with_lasting(&lasting);
        let pinned = pin(&mut tables, &keyring)?;
        (known && pinned, keyring, tables.number("renewed")? == 1)
    };
    if known {
        transaction.abort()?
    } else {
        transaction.commit()?
    }
    Ok((keyring, renewed))
}

/// Holds the settings against what was pinned of them: any number would do for an epoch, and under another one all links are
/// void. True where nothing had to be pinned.
fn pin(tables: &mut Tables<'_>, keyring: &Keyring) -> Result<bool, StoreError> {
    let store = tables.meta.get("store")?.map(|value| value.value().to_vec()).unwrap_or_default();
    let told = pin_of(keyring, &store, tables.number("epoch")?);
    let pinned = tables.meta.get("pinned")?.map(|value| value.value().to_vec());
    match pinned {
        None => {
            tables.meta.insert("pinned", told.as_slice())?;
            Ok(false)
        }
        Some(pinned) if pinned == told => Ok(true),
        Some(_) => Err(StoreError::damaged("the setting epoch or store", "it is not the one that was written")),
    }
}

/// For a store that begins another epoch. Without its lasting keys, as one of schema 1, it is left to the next start.
pub fn pin_anew(tables: &mut Tables<'_>, keyring: &Keyring) -> Result<(), StoreError> {
    tables.meta.remove("pinned")?;
    let lasting = tables.meta.get("lasting")?.and_then(|sealed| keyring.open_lasting(sealed.value()).ok());
    match lasting {
        Some(lasting) => pin(tables, &keyring.clone().with_lasting(&lasting)).map(drop),
        None => Ok(()),
    }
}

/// What stands in the setting `pinned` for a store of this identity in this epoch.
pub fn pin_of(keyring: &Keyring, store: &[u8], epoch: u64) -> [u8; 32] {
    keyring.index.blind(&["settings", &hex(store), &epoch.to_string()])
}

/// One step; true once there is none left.
fn bring_up(database: &Database, keyring: &Keyring, random: &dyn Random) -> Result<bool, StoreError> {
    let transaction = begin(database)?;
    {
        let mut tables = Tables::open(&transaction)?;
        match tables.number("schema")? {
            0 if is_fresh(&tables)? => begin_file(&mut tables, keyring, random)?,
            0 => return Err(StoreError::damaged("the setting schema", "it is missing, and the file is not new")),
            current if current == u64::from(SCHEMA) => return Ok(true),
            newer if newer > u64::from(SCHEMA) => {
                return Err(StoreError::Refused(format!(
                    "The store was written by a newer Loket (schema {newer}, this one knows {SCHEMA}). Run the newer program"
                )));
            }
            older => {
                check_key(&mut tables, keyring)?;
                STEPS[older as usize - 1](&mut tables, keyring, random)?;
                tables.set_number("schema", older + 1)?;
                tracing::info!(from = older, to = older + 1, "the store's schema is brought up");
            }
        }
    }
    transaction.commit()?;
    Ok(false)
}

/// Whether nothing was ever written: a lived-in file that lost its schema would be founded anew over all it has.
fn is_fresh(tables: &Tables<'_>) -> Result<bool, StoreError> {
    let settings = tables.meta.is_empty()?;
    Ok(settings && tables.keys.is_empty()? && tables.cases.is_empty()? && tables.journal.is_empty()?)
}

fn begin_file(tables: &mut Tables<'_>, keyring: &Keyring, random: &dyn Random) -> Result<(), StoreError> {
    let mut identity = [0u8; 16];
    random.fill(&mut identity);
    tables.meta.insert("store", identity.as_slice())?;
    tables.meta.insert("fingerprint", keyring.fingerprint().as_slice())?;
    let lasting = keyring.seal_lasting(random, &LastingKeys::generate(random));
    tables.meta.insert("lasting", lasting.as_slice())?;
    tables.set_number("epoch", 1)?;
    tables.set_number("written", 0)?;
    tables.set_number("schema", u64::from(SCHEMA))
}

/// Schema 1 derived four keys from the master key that schema 2 keeps sealed, so that the master key can change. A file of
/// schema 1 goes on with the ones it has: its links, its index and its signed heads hang on them.
fn keep_lasting_keys(tables: &mut Tables<'_>, keyring: &Keyring, random: &dyn Random) -> Result<(), StoreError> {
    let fingerprint = tables.meta.get("fingerprint")?.map(|value| value.value().to_vec()).unwrap_or_default();
    // What schema 1 was sealed under comes first where a newer key was added meanwhile.
    let first = fingerprint.get(..32).unwrap_or_default();
    let lasting = keyring.derived_lasting(first).ok_or_else(|| StoreError::WrongKey("The store".to_owned()))?;
    let sealed = keyring.seal_lasting(random, lasting);
    tables.meta.insert("lasting", sealed.as_slice())?;
    Ok(())
}

/// Every master key that something in the file may be sealed under must be at hand. The newest is on record before it
/// seals anything; true if it was before.
fn check_key(tables: &mut Tables<'_>, keyring: &Keyring) -> Result<bool, StoreError> {
    let mut known = tables.meta.get("fingerprint")?.map(|value| value.value().to_vec()).unwrap_or_default();
    let at_hand = keyring.fingerprints();
    let sealed_under = fingerprints(&known).unwrap_or_default();
    if sealed_under.is_empty() || !sealed_under.iter().all(|one| at_hand.contains(one)) {
        return Err(StoreError::WrongKey("The store".to_owned()));
    }
    if sealed_under.contains(&keyring.fingerprint()) {
        return Ok(true);
    }
    known.extend(keyring.fingerprint());
    tables.meta.insert("fingerprint", known.as_slice())?;
    Ok(false)
}

/// The setting `fingerprint` as it stands; `None` where it is damaged.
pub fn fingerprints(setting: &[u8]) -> Option<&[[u8; 32]]> {
    let (whole, rest) = setting.as_chunks::<32>();
    rest.is_empty().then_some(whole)
}

/// redb writes a page anew instead of over the old one: what an earlier master key sealed still stands on freed pages. So
/// after a change the file is written anew as a whole; a crash leaves either of the two.
fn write_anew(database: Database, path: &Path) -> Result<(), StoreError> {
    let begun = begun(path)?;
    let from = database.begin_read()?;
    let to = open_database(&begun)?;
    let transaction = begin(&to)?;
    copy_tables(&from, &transaction)?;
    copy(SECRETS, &from, &transaction)?;
    Tables::open(&transaction)?.set_number("renewed", 0)?;
    transaction.commit()?;
    drop((to, from, database));
    fs::rename(&begun, path).map_err(|error| StoreError::file("rename", &begun, &error))?;
    path.parent().map_or(Ok(()), sync_folder)
}
