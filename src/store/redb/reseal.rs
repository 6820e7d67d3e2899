//! The change of the master key: everything in the file that is sealed under an earlier one is sealed under the newest,
//! some entries a transaction, while work goes on. What the daemon writes meanwhile is under the newest already, so one
//! walk is enough, and one that was cut begins again: an entry that is done costs a look. The content files and all that a
//! dossier's own key seals stay as they are; its key is what is wrapped anew.

use std::ops::Bound;

use redb::{Key, ReadableTable, Table};

use super::records::{DocumentRecord, SecretRecord};
use super::tables::{Place, readable};
use super::transaction::Tables;
use super::writer::{Work, Written};
use super::{Inner, RedbStore};
use crate::engine::port::Fault;
use crate::store::StoreError;
use crate::store::redb::schema::fingerprints;
use crate::vault::Unopened;

/// Entries in one transaction: a mail that arrives waits for no more than these.
const TOGETHER: usize = 64;

/// What is sealed under the master key in the live store, in the order of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    LastingKeys,
    DossierKeys,
    Secrets,
    Documents,
}

const PARTS: [Part; 4] = [Part::LastingKeys, Part::DossierKeys, Part::Secrets, Part::Documents];

/// What a walk, or a step of it, came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    pub renewed: u64,
    /// Under the newest key already.
    pub stood: u64,
    /// Damaged: no key at hand opens these, so none is lost with the earlier key.
    pub unopened: u64,
}

impl Resealed {
    pub fn add(&mut self, other: Self) {
        self.renewed += other.renewed;
        self.stood += other.stood;
        self.unopened += other.unopened;
    }

    /// Counts what became of an entry, and returns its new bytes where there are any.
    pub fn count(&mut self, thing: &str, renewed: Result<Option<Vec<u8>>, Unopened>) -> Option<Vec<u8>> {
        match renewed {
            Ok(None) => self.stood += 1,
            Ok(Some(bytes)) => {
                self.renewed += 1;
                return Some(bytes);
            }
            Err(Unopened) => {
                self.unopened += 1;
                tracing::error!("{thing} opens under no key that is at hand; it is damaged and stays as it is");
            }
        }
        None
    }
}

/// The key of an entry: its texts in order; what a table has fewer of is empty.
type At = [String; 3];

impl RedbStore {
    /// Whether something may still be sealed under an earlier master key.
    pub fn is_resealing(&self) -> Result<bool, Fault> {
        self.inner().guard(|inner| Ok(inner.sealed_under()?.len() > 1))
    }

    /// Fingerprints of the master keys that something may be sealed under.
    pub fn sealed_under(&self) -> Result<Vec<[u8; 32]>, Fault> {
        self.inner().guard(Inner::sealed_under)
    }

    /// Seals everything under the newest master key. Can be cut at any moment and called again. Afterwards the archive
    /// has its turn, and then [`RedbStore::finish_resealing`].
    pub async fn reseal(&self) -> Result<Resealed, Fault> {
        let mut total = Resealed::default();
        for part in PARTS {
            let mut after: Option<At> = None;
            loop {
                let Written::Resealed { done, last } = self.write(Work::Reseal { part, after }).await? else { break };
                total.add(done);
                after = last;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(total)
    }

    /// Everything is under the newest key: an earlier one is asked for no more. The file is written anew at the
    /// next start, when nobody reads.
    pub async fn finish_resealing(&self) -> Result<(), Fault> {
        self.write(Work::FinishResealing).await.map(|_| ())
    }
}

impl Inner {
    fn sealed_under(&self) -> Result<Vec<[u8; 32]>, StoreError> {
        let damaged = || StoreError::damaged("the setting fingerprint", "it is missing or of another length");
        let setting = self.meta_bytes("fingerprint")?.ok_or_else(damaged)?;
        fingerprints(&setting).map(<[_]>::to_vec).ok_or_else(damaged)
    }
}

/// One step: the next entries after `after`, and where the walk stands then; `None` at the part's end.
pub fn step(
    inner: &Inner,
    tables: &mut Tables<'_>,
    part: Part,
    after: Option<&At>,
) -> Result<(Resealed, Option<At>), StoreError> {
    let mut done = Resealed::default();
    let (keyring, random) = (&inner.keyring, inner.random.as_ref());
    let last = match part {
        Part::LastingKeys => {
            let sealed = tables.meta.get("lasting")?.map(|value| value.value().to_vec()).unwrap_or_default();
            if let Some(bytes) = done.count("the setting lasting", keyring.renew_lasting(random, &sealed)) {
                tables.meta.insert("lasting", bytes.as_slice())?;
            }
            None
        }
        Part::DossierKeys => walk(&mut tables.keys, after, |at, wrapped| {
            let place = Place { office: at[0].clone(), number: at[1].clone() };
            let thing = format!("the key of case {}", readable(&place.number));
            Ok(done.count(&thing, keyring.rewrap(random, &place.owner(), wrapped)))
        })?,
        Part::Secrets => walk(&mut tables.secrets, after, |at, value| {
            let record = SecretRecord::read(value)?;
            let number = readable(&at[1]);
            let renewed = keyring.passwords.renew(random, &number, &at[2], &record.sealed);
            let sealed = done.count(&format!("a secret of case {number}"), renewed);
            Ok(sealed.map(|sealed| SecretRecord { sealed, ..record }.write()))
        })?,
        Part::Documents => walk(&mut tables.documents, after, |[office, family, id], value| {
            let record = DocumentRecord::read(value, family)?;
            let binding = DocumentRecord::binding(office, family, id, record.version);
            let sealed = done
                .count(&format!("a document of {family:?}"), keyring.office.renew(random, &binding, &record.sealed));
            Ok(sealed.map(|sealed| DocumentRecord { sealed, ..record }.write()))
        })?,
    };
    Ok((done, last))
}

/// A table's key as texts, and back.
trait Placed: Key + 'static {
    fn key(at: &At) -> Self::SelfType<'_>;
    fn texts(key: &Self::SelfType<'_>) -> At;
}

impl Placed for (&'static str, &'static str) {
    fn key(at: &At) -> (&str, &str) {
        (&at[0], &at[1])
    }

    fn texts(key: &(&str, &str)) -> At {
        [key.0.to_owned(), key.1.to_owned(), String::new()]
    }
}

impl Placed for (&'static str, &'static str, &'static str) {
    fn key(at: &At) -> (&str, &str, &str) {
        (&at[0], &at[1], &at[2])
    }

    fn texts(key: &(&str, &str, &str)) -> At {
        [key.0.to_owned(), key.1.to_owned(), key.2.to_owned()]
    }
}

/// Takes the next entries of a table, and puts back those that `renew` makes anew. An entry that does not read is left
/// as it is: verification names it.
fn walk<K: Placed>(
    table: &mut Table<'_, K, &'static [u8]>,
    after: Option<&At>,
    mut renew: impl FnMut(&At, &[u8]) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<Option<At>, StoreError> {
    let from = after.map_or(Bound::Unbounded, |at| Bound::Excluded(K::key(at)));
    let mut next = Vec::with_capacity(TOGETHER);
    for entry in table.range::<K::SelfType<'_>>((from, Bound::Unbounded))?.take(TOGETHER) {
        let (at, value) = entry?;
        next.push((K::texts(&at.value()), value.value().to_vec()));
    }
    for (at, value) in &next {
        match renew(at, value) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                table.insert(K::key(at), bytes.as_slice())?;
            }
            Err(error @ StoreError::Damaged { .. }) => tracing::error!("not sealed anew: {error}"),
            Err(error) => return Err(error),
        }
    }
    Ok(if next.len() < TOGETHER { None } else { next.pop().map(|(at, _)| at) })
}

pub fn finish(inner: &Inner, tables: &mut Tables<'_>) -> Result<(), StoreError> {
    tables.meta.insert("fingerprint", inner.keyring.fingerprint().as_slice())?;
    tables.set_number("renewed", 1)
}
