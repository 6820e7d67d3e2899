//! What was added to a PDF after it was signed (ISO 32000-2, 7.5.6). A later signature has to add something, and so do the
//! proofs that let a signature be tested years later; everything else changes what people see, even when it is covered by
//! a good signature of somebody else. Decided object by object, and what is not known to be harmless is not.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId, Stream};

use super::super::limits::Limits;

/// What may have been added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// Proofs alone (DSS, ETSI EN 319 142-1, 5.4.2): nobody signs for them, so they may show nothing.
    Proofs,
    /// Signatures as well. Each is verified by itself.
    Signatures,
}

/// Objects of the earlier revision that may grow, and how.
#[derive(Default)]
struct Growing {
    pages: BTreeSet<ObjectId>,
    form: Option<ObjectId>,
    /// Arrays of fields or annotations.
    lists: BTreeSet<ObjectId>,
}

/// Whether `new` shows all that the earlier bytes show, with nothing but `more` beside it.
pub fn only_adds(more: More, earlier: &[u8], new: &Document, limits: &Limits) -> bool {
    let options = LoadOptions { max_decompressed_size: Some(limits.stream), ..LoadOptions::default() };
    let Ok(old) = Document::load_mem_with_options(earlier, options) else { return false };
    // A file that had to be repaired may be read in several ways.
    if old.xref_recovery.is_some() || new.xref_recovery.is_some() {
        return false;
    }
    let root = |doc: &Document| doc.trailer.get(b"Root").and_then(Object::as_reference).ok();
    let Some(root) = root(&old).filter(|id| root(new) == Some(*id)) else { return false };
    let compared = Compared { more, old: &old, new, root, growing: growing(&old, root), pointers: pointers(&old) };
    // What follows a signature unsigned must at least be what it is allowed for.
    if more == More::Proofs && !compared.has_new_proofs() {
        return false;
    }
    old.objects.iter().all(|(id, object)| compared.is_kept(*id, object)) && !compared.fills_a_hole()
}

fn growing(old: &Document, root: ObjectId) -> Growing {
    let mut growing = Growing { pages: old.page_iter().collect(), ..Growing::default() };
    let catalog = old.get_dictionary(root).ok();
    let form = catalog.and_then(|catalog| catalog.get(b"AcroForm").ok());
    growing.form = form.and_then(|form| form.as_reference().ok());
    let form = form.and_then(|form| old.dereference(form).ok()).and_then(|(_, form)| form.as_dict().ok());
    let fields = form.and_then(|form| form.get(b"Fields").ok()).and_then(|list| list.as_reference().ok());
    let pages = growing.pages.iter().filter_map(|id| old.get_dictionary(*id).ok());
    let annotations = pages.filter_map(|page| page.get(b"Annots").ok()).filter_map(|list| list.as_reference().ok());
    growing.lists = annotations.chain(fields).collect();
    growing
}

struct Compared<'a> {
    more: More,
    old: &'a Document,
    new: &'a Document,
    root: ObjectId,
    growing: Growing,
    /// How often each object of the old revision is pointed to.
    pointers: BTreeMap<ObjectId, usize>,
}

impl Compared<'_> {
    fn is_kept(&self, id: ObjectId, old: &Object) -> bool {
        let Some(new) = self.new.objects.get(&id) else { return false };
        if old == new {
            return true;
        }
        match (old, new) {
            (Object::Dictionary(old), Object::Dictionary(new)) => self.is_kept_dictionary(id, old, new),
            (Object::Stream(old), Object::Stream(_)) => self.is_about_the_file(id, old),
            (Object::Array(_), Object::Array(_)) if self.growing.lists.contains(&id) => self.list(Some(old), new),
            _ => false,
        }
    }

    fn is_kept_dictionary(&self, id: ObjectId, old: &Dictionary, new: &Dictionary) -> bool {
        if id == self.root {
            return changed(old, new).all(|key| match key {
                b"DSS" | b"Extensions" | b"Version" => new.has(key),
                b"Metadata" => !old.has(key) && new.has(key),
                b"AcroForm" => self.form(old.get(key).ok(), new.get(key).ok()),
                _ => false,
            });
        }
        if self.growing.form == Some(id) {
            return self.form_dictionary(Some(old), new);
        }
        if self.growing.pages.contains(&id) {
            return changed(old, new)
                .all(|key| key == b"Annots" && new.get(key).is_ok_and(|list| self.list(old.get(key).ok(), list)));
        }
        let dated = changed(old, new).all(|key| matches!(key, b"ModDate" | b"Producer"));
        dated || self.is_signed_now(old, new)
    }

    fn has_new_proofs(&self) -> bool {
        let proofs = |doc: &Document| doc.get_dictionary(self.root).and_then(|c| c.get(b"DSS").cloned()).ok();
        let found = proofs(self.new);
        found.is_some() && found != proofs(self.old)
    }

    /// The catalog's description of the file, which shows on no page unless something else points to it as well.
    fn is_about_the_file(&self, id: ObjectId, old: &Stream) -> bool {
        let catalog = self.old.get_dictionary(self.root).ok();
        let described = catalog.and_then(|catalog| catalog.get(b"Metadata").ok()).and_then(|m| m.as_reference().ok());
        let kind = old.dict.get(b"Type").and_then(Object::as_name).unwrap_or_default();
        described == Some(id) && kind == b"Metadata" && self.pointers.get(&id) == Some(&1)
    }

    /// The form at the catalog, from nothing, in place or by reference.
    fn form(&self, old: Option<&Object>, new: Option<&Object>) -> bool {
        let dictionary = |doc: &Document, form: Option<&Object>| -> Option<Dictionary> {
            doc.dereference(form?).ok().and_then(|(_, form)| form.as_dict().ok()).cloned()
        };
        let old = dictionary(self.old, old);
        dictionary(self.new, new).is_some_and(|new| self.form_dictionary(old.as_ref(), &new))
    }

    fn form_dictionary(&self, old: Option<&Dictionary>, new: &Dictionary) -> bool {
        let none = Dictionary::new();
        let old = old.unwrap_or(&none);
        self.more == More::Signatures
            && changed(old, new).all(|key| match key {
                b"SigFlags" => new.has(key),
                b"Fields" => new.get(key).is_ok_and(|list| self.list(old.get(key).ok(), list)),
                _ => false,
            })
    }

    /// The same fields or annotations in the same order, then new ones, each of which is a signature's.
    fn list(&self, old: Option<&Object>, new: &Object) -> bool {
        fn items<'d>(doc: &'d Document, list: Option<&'d Object>) -> Option<&'d [Object]> {
            let Some(list) = list else { return Some(&[]) };
            doc.dereference(list).ok().and_then(|(_, list)| list.as_array().ok()).map(Vec::as_slice)
        }
        let (Some(old), Some(new)) = (items(self.old, old), items(self.new, Some(new))) else { return false };
        let Some(added) = new.strip_prefix(old) else { return false };
        added.is_empty()
            || (self.more == More::Signatures
                && added.iter().all(|item| {
                    let field = self.new.dereference(item).ok().and_then(|(_, field)| field.as_dict().ok());
                    field.is_some_and(|field| self.is_signature_field(field))
                }))
    }

    /// A field made for a signature beforehand, and filled.
    fn is_signed_now(&self, old: &Dictionary, new: &Dictionary) -> bool {
        self.more == More::Signatures
            && !old.has(b"V")
            && self.is_signature_field(new)
            && changed(old, new).all(|key| matches!(key, b"V" | b"AP" | b"F" | b"M" | b"AS" | b"DA" | b"Lock"))
    }

    fn is_signature_field(&self, field: &Dictionary) -> bool {
        let value = field.get(b"V").ok().and_then(|v| self.new.dereference(v).ok()).and_then(|(_, v)| v.as_dict().ok());
        let kind = field.get(b"FT").and_then(Object::as_name).unwrap_or_default();
        kind == b"Sig" && value.is_some_and(|v| v.has(b"ByteRange")) && !field.has(b"Kids") && !field.has(b"AA")
    }

    /// Something that earlier objects point to, and that was not there when they were signed.
    fn fills_a_hole(&self) -> bool {
        self.pointers.keys().any(|id| !self.old.objects.contains_key(id) && self.new.objects.contains_key(id))
    }
}

/// How often each object is pointed to.
fn pointers(doc: &Document) -> BTreeMap<ObjectId, usize> {
    let mut found = BTreeMap::new();
    let mut rest: Vec<&Object> = doc.objects.values().collect();
    while let Some(object) = rest.pop() {
        match object {
            Object::Reference(id) => *found.entry(*id).or_default() += 1,
            Object::Array(items) => rest.extend(items),
            Object::Dictionary(dict) => rest.extend(dict.iter().map(|(_, value)| value)),
            Object::Stream(stream) => rest.extend(stream.dict.iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    found
}

/// Keys whose values differ, those included that only one side has.
fn changed<'d>(old: &'d Dictionary, new: &'d Dictionary) -> impl Iterator<Item = &'d [u8]> {
    let differs = |(key, value): &(&'d Vec<u8>, &'d Object)| new.get(key).ok() != Some(*value);
    let gone = old.iter().filter(differs).map(|(key, _)| key.as_slice());
    let fresh = new.iter().filter(|(key, _)| !old.has(key)).map(|(key, _)| key.as_slice());
    gone.chain(fresh)
}
