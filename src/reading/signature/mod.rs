//! Electronic signatures inside a PDF (PAdES, ETSI EN 319 142; ISO 32000-2, 12.8), verified in the worker, since every byte
//! of them is written by anyone. What must hold, or nothing is called valid: the range covers all but the signature
//! ([`field`]); nothing that shows was added later ([`revision`]); digest and signature fit ([`envelope`]); the
//! certificates lead to a root the office trusts ([`chain`], [`roots`]). Revocation is not asked about: a worker has no
//! network, and an answer enclosed by the signer proves nothing about today. Nor are time stamps (RFC 3161): what counts is
//! the day of receipt.

mod chain;
mod envelope;
mod field;
mod revision;
mod roots;

use lopdf::Document;

pub use self::roots::{Roots, names};

use self::envelope::Sealed;
use self::field::Field;
use super::limits::Limits;
use crate::dossier::electronic::{Doubt, Electronic, Flaw, Signer};

/// Signatures looked at in one paper.
const SIGNATURES: usize = 8;

/// Why a signature is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    False(Flaw),
    Doubtful(Doubt),
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        Self::False(flaw)
    }
}

impl From<Doubt> for Fault {
    fn from(doubt: Doubt) -> Self {
        Self::Doubtful(doubt)
    }
}

/// Verifies all signatures of a PDF. One that is false outweighs one that cannot be tested, and that outweighs the valid.
pub fn examine(doc: &Document, bytes: &[u8], limits: &Limits, roots: &Roots) -> Electronic {
    let mut dictionaries = field::dictionaries(doc);
    if dictionaries.is_empty() {
        return Electronic::None;
    }
    if roots.is_empty() {
        return Electronic::Unverifiable { why: Doubt::NoRoots };
    }
    if dictionaries.len() > SIGNATURES {
        return Electronic::Unverifiable { why: Doubt::TooMany };
    }
    dictionaries.sort_by_key(|dict| field::end(dict));
    let fields: Vec<Result<Field<'_>, Fault>> = dictionaries.iter().map(|dict| Field::of(dict, bytes)).collect();
    let last = fields.iter().flatten().map(|f| f.end).max();
    let mut signers = Vec::new();
    let mut doubt = None;
    for field in fields {
        match field.and_then(|field| verified(doc, bytes, &field, last, limits, roots)) {
            Ok(signer) => signers.push(signer),
            Err(Fault::False(why)) => return Electronic::Invalid { why },
            Err(Fault::Doubtful(why)) => doubt = doubt.or(Some(why)),
        }
    }
    match doubt {
        Some(why) => Electronic::Unverifiable { why },
        None => Electronic::Valid { signers },
    }
}

fn verified(
    doc: &Document,
    bytes: &[u8],
    field: &Field<'_>,
    last: Option<usize>,
    limits: &Limits,
    roots: &Roots,
) -> Result<Signer, Fault> {
    if field.end < bytes.len() {
        let earlier = bytes.get(..field.end).ok_or(Flaw::Range)?;
        let more = if last == Some(field.end) { revision::More::Proofs } else { revision::More::Signatures };
        if !revision::only_adds(more, earlier, doc, limits) {
            return Err(Flaw::Appended.into());
        }
    }
    let sealed = Sealed::open(&field.envelope)?;
    sealed.covers(&field.covered)?;
    let path = chain::trace(&sealed.signer, &sealed.others, roots)?;
    Ok(Signer { name: path.subject, issuer: path.issuer, at: field.at, period: path.period })
}
