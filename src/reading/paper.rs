//! One attachment → papers. The bytes decide what it is; archives and forwarded mails are opened within their limits, each
//! file in them a paper of its own. What cannot be read is named, never guessed at.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sha2::{Digest, Sha256};

use super::clamd;
use super::format::{self, Format};
use super::frame::{self, Parcel, Unpacked, Which};
use super::limits::Limits;
use super::mime::{Leaf, Tree};
use super::signature::Roots;
use super::zipped::{self, Archive, Refused};
use super::{cms, html, mime, names, office, pdf, picture, plain, scans, tnef, transfer};
use crate::dossier::electronic::Electronic;
use crate::dossier::page::{Page, Paper};
use crate::sop::checklist::Method;

/// How a paper's bytes are known again.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Papers and alerts of one mail as they come in.
pub struct Pile<'l> {
    limits: &'l Limits,
    /// Whom signatures on papers must lead to.
    roots: &'l Roots,
    pub papers: Vec<Paper>,
    pub alerts: Vec<&'static str>,
    /// Bytes that archives and office documents may still inflate to.
    budget: u64,
    unnamed: usize,
    /// One paper's bytes are looked for, and nothing is read.
    sought: Option<Sought>,
    /// Files are taken out one after the other, and nothing is read.
    unpacking: Option<Unpacking>,
}

struct Unpacking {
    /// Files before this one are not wanted.
    from: usize,
    passed: usize,
    taken: Unpacked,
    bytes: Vec<u8>,
}

struct Sought {
    paper: Which,
    found: Option<(Format, Vec<u8>)>,
}

impl<'l> Pile<'l> {
    pub fn new(limits: &'l Limits, roots: &'l Roots) -> Self {
        Self {
            limits,
            roots,
            papers: Vec::new(),
            alerts: Vec::new(),
            budget: limits.inflated,
            unnamed: 0,
            sought: None,
            unpacking: None,
        }
    }

    /// A pile that only looks for the bytes of one paper.
    pub fn seeking(limits: &'l Limits, roots: &'l Roots, paper: Which) -> Self {
        Self { sought: Some(Sought { paper, found: None }), ..Self::new(limits, roots) }
    }

    /// What was looked for, and what it is.
    pub fn found(self) -> Option<(Format, Vec<u8>)> {
        self.sought?.found
    }

    /// The files that reading would take out of one, at least, and out of those in turn: each after what it lies in.
    pub fn unpacked(limits: &'l Limits, roots: &'l Roots, bytes: &[u8], parcel: &Parcel) -> (Unpacked, Vec<u8>) {
        let unpacking = Unpacking { from: parcel.from, passed: 0, taken: Unpacked::default(), bytes: Vec::new() };
        let mut pile = Self { unpacking: Some(unpacking), ..Self::new(limits, roots) };
        pile.file(parcel.name.clone(), bytes, &parcel.kind, 0);
        pile.unpacking.map(|unpacking| (unpacking.taken, unpacking.bytes)).unwrap_or_default()
    }

    pub fn alert(&mut self, name: &'static str) {
        if !self.alerts.contains(&name) {
            self.alerts.push(name);
        }
    }

    /// Takes in the leaves of the whole tree; those `skipped`, by their place in it, are named and not opened.
    pub fn leaves(&mut self, tree: &Tree, skipped: &[u8]) {
        for (nth, leaf) in tree.leaves.iter().enumerate() {
            if skipped.iter().any(|skip| usize::from(*skip) == nth) {
                self.alert("unreadable_document");
                self.unread(leaf);
                continue;
            }
            let shown = leaf.cid.as_ref().is_some_and(|cid| tree.markup.iter().any(|m| refers_to(m, cid)));
            self.leaf(leaf, shown);
        }
    }

    /// Takes in a leaf of the MIME tree. Junk that mail programs add leaves nothing; `is_shown` says whether the mail's
    /// HTML shows this leaf.
    fn leaf(&mut self, leaf: &Leaf, is_shown: bool) {
        let name = leaf.name.clone().unwrap_or_default();
        let format = format::sniff(&leaf.bytes, &name, &leaf.kind);
        let inline = leaf.inline || is_shown;
        if format.is_picture() && inline && picture::is_decoration(&leaf.bytes, format, &name, is_shown) {
            return;
        }
        if zipped::is_litter(&name) || (leaf.bytes.is_empty() && leaf.name.is_none()) {
            return;
        }
        let name = if name.is_empty() { self.invent(format) } else { name };
        self.file(name, &leaf.bytes, &leaf.kind, 0);
    }

    /// Names a leaf without opening it.
    pub fn unread(&mut self, leaf: &Leaf) {
        let name = leaf.name.clone().unwrap_or_default();
        let format = format::sniff(&leaf.bytes, &name, &leaf.kind);
        if zipped::is_litter(&name)
            || (name.is_empty() && format.is_picture())
            || self.papers.len() >= self.limits.papers
        {
            return;
        }
        if format == Format::Executable {
            self.alert("executable_attachment");
        }
        let name = if name.is_empty() { self.invent(format) } else { name };
        // Whoever looks for its bytes gets none to draw.
        let format = if self.sought.is_some() { Format::Unknown } else { format };
        self.push(name, format, &leaf.bytes, Method::None, Vec::new(), false);
    }

    fn invent(&mut self, format: Format) -> String {
        self.unnamed += 1;
        let extension = match format {
            Format::Jpeg => "jpg",
            Format::Text => "txt",
            Format::Mail => "eml",
            Format::Unknown | Format::Archive => "bin",
            other => other.word(),
        };
        format!("tanpa-nama-{}.{extension}", self.unnamed)
    }

    fn file(&mut self, name: String, bytes: &[u8], declared: &str, depth: usize) {
        if self.is_done() {
            return;
        }
        if let Some(unpacking) = &mut self.unpacking {
            // What others lie in was scanned before.
            if depth > 0 && !unpacking.takes(bytes) {
                return;
            }
        } else if self.papers.len() >= self.limits.papers {
            self.alert("nested_too_deep");
            return;
        }
        let before = self.papers.len();
        // Parsers of others may panic on what they did not foresee: that paper is unreadable, the next is not.
        let opened = catch_unwind(AssertUnwindSafe(|| self.open(name.clone(), bytes, declared, depth)));
        if opened.is_err() {
            self.papers.truncate(before);
            self.alert("unreadable_document");
            self.push(name, Format::Unknown, bytes, Method::None, Vec::new(), false);
        }
    }

    /// Whether what was looked for is found, or nothing more can be taken out.
    fn is_done(&self) -> bool {
        self.sought.as_ref().is_some_and(|sought| sought.found.is_some())
            || self.unpacking.as_ref().is_some_and(Unpacking::is_full)
    }

    fn open(&mut self, name: String, bytes: &[u8], declared: &str, depth: usize) {
        let format = format::sniff(bytes, &name, declared);
        if self.unpacking.is_some() && !format.holds_files() {
            return;
        }
        let mislabelled = format != Format::Executable && format::contradicts(format, &name);
        if mislabelled || (format != Format::Executable && format::contradicts_type(format, declared)) {
            self.alert("type_mismatch");
        }
        match format {
            Format::Text | Format::Html if mislabelled => {
                self.push(name, Format::Unknown, bytes, Method::None, Vec::new(), false);
            }
            Format::Pdf if self.sought.is_some() => self.push(name, format, bytes, Method::None, Vec::new(), false),
            Format::Docx | Format::Odt | Format::Rtf if self.sought.is_some() => {
                // Inflates what reading it does, so that archives after it open to the same papers.
                office::read(bytes, format, self.limits, &mut self.budget);
                self.push(name, format, bytes, Method::None, Vec::new(), false);
            }
            Format::Pdf => self.pdf(name, bytes),
            Format::Docx | Format::Odt | Format::Rtf => self.office(name, bytes, format),
            Format::Zip => self.zip(name, bytes, depth),
            Format::Ole => self.ole(name, bytes),
            Format::Mail if depth < self.limits.archive_depth => self.mail(name, bytes, depth),
            Format::Tnef if depth < self.limits.archive_depth => self.tnef(name, bytes, depth),
            Format::Cms => self.signed(name, bytes, depth),
            Format::Executable => {
                self.alert("executable_attachment");
                self.push(name, Format::Executable, bytes, Method::None, Vec::new(), false);
            }
            Format::Text => {
                let pages = plain::pages(&transfer::text(bytes, None), self.limits);
                self.push(name, Format::Text, bytes, Method::Text, pages, false);
            }
            Format::Html => {
                let pages = plain::pages(&html::to_text(&transfer::text(bytes, None)), self.limits);
                self.push(name, Format::Html, bytes, Method::Text, pages, false);
            }
            other if other.is_picture() => {
                let pages = picture::pages(bytes, other, self.limits);
                if pages.is_empty() {
                    self.alert("unreadable_document");
                }
                self.push(name, other, bytes, Method::None, pages, false);
            }
            other => self.push(name, other, bytes, Method::None, Vec::new(), false),
        }
    }

    fn push(
        &mut self,
        attachment: String,
        format: Format,
        bytes: &[u8],
        method: Method,
        pages: Vec<Page>,
        encrypted: bool,
    ) {
        if self.unpacking.is_some() {
            return;
        }
        let nth = self.papers.len();
        let sha256 = match &mut self.sought {
            Some(sought) => {
                let meant = match &sought.paper {
                    Which::Nth(place) => *place == nth,
                    Which::Named(name) => *name == attachment,
                    Which::Of(sha256) => sought.found.is_none() && *sha256 == sha256_hex(bytes),
                };
                if meant {
                    sought.found.get_or_insert_with(|| (format, bytes.to_vec()));
                }
                String::new()
            }
            // Of a locked file nothing is there to be known again by.
            None if bytes.is_empty() => String::new(),
            None => sha256_hex(bytes),
        };
        let method = if pages.is_empty() { Method::None } else { method };
        if encrypted {
            self.alert("encrypted_document");
        }
        self.papers.push(Paper {
            attachment,
            format: format.word().to_owned(),
            sha256,
            size: bytes.len() as u64,
            method,
            pages,
            encrypted,
            electronic: Electronic::None,
        });
    }

    fn pdf(&mut self, name: String, bytes: &[u8]) {
        let Some(read) = pdf::read(bytes, self.limits, self.roots) else {
            self.alert("unreadable_document");
            return self.push(name, Format::Pdf, bytes, Method::None, Vec::new(), false);
        };
        if read.active {
            self.alert("active_content");
        }
        if read.cut {
            self.alert("too_many_pages");
        }
        let readable = read.pages.iter().any(scans::is_readable);
        let method = if readable { Method::Text } else { Method::None };
        self.push(name, Format::Pdf, bytes, method, read.pages, read.encrypted);
        if let Some(paper) = self.papers.last_mut() {
            paper.electronic = read.electronic;
        }
    }

    fn office(&mut self, name: String, bytes: &[u8], format: Format) {
        let read = office::read(bytes, format, self.limits, &mut self.budget);
        let Some(read) = read else {
            self.alert("unreadable_document");
            return self.push(name, format, bytes, Method::None, Vec::new(), false);
        };
        if read.macros {
            self.alert("active_content");
        }
        let readable = read.pages.iter().any(|p| !p.lines.is_empty());
        let method = if readable { Method::Text } else { Method::None };
        self.push(name, format, bytes, method, read.pages, read.encrypted);
    }

    /// An OLE file is either an encrypted office document ([MS-OFFCRYPTO]) or one of before 2007.
    fn ole(&mut self, name: String, bytes: &[u8]) {
        let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let encrypted = memchr::memmem::find(bytes, &stream).is_some();
        self.push(name, Format::Ole, bytes, Method::None, Vec::new(), encrypted);
    }

    fn zip(&mut self, name: String, bytes: &[u8], depth: usize) {
        if depth >= self.limits.archive_depth {
            self.alert("nested_too_deep");
            return self.push(name, Format::Zip, bytes, Method::None, Vec::new(), false);
        }
        let entries = match Archive::open(bytes, self.limits) {
            Some(mut archive) => archive.entries(self.limits, self.budget).map(|entries| (archive, entries)),
            None => Err(Refused::Damaged),
        };
        let (mut archive, entries) = match entries {
            Ok(opened) => opened,
            Err(why) => return self.refuse(name, bytes, why),
        };
        for entry in entries.iter().filter(|e| !zipped::is_litter(&e.name)) {
            if self.is_done() {
                return;
            }
            let path = format!("{name}/{}", names::path(&entry.name));
            if entry.encrypted {
                self.encrypted_entry(path, &entry.name);
                continue;
            }
            match archive.inflate(entry, &mut self.budget) {
                Ok(inner) => self.file(path, &inner, "", depth + 1),
                Err(why) => self.refuse(path, &[], why),
            }
        }
    }

    /// Of a locked file only its name can be judged.
    fn encrypted_entry(&mut self, path: String, name: &str) {
        if format::is_runnable_name(name) {
            self.alert("executable_attachment");
        }
        self.push(path, Format::Unknown, &[], Method::None, Vec::new(), true);
    }

    fn refuse(&mut self, name: String, bytes: &[u8], why: Refused) {
        self.alert(if why == Refused::Bomb { "archive_bomb" } else { "unreadable_document" });
        self.push(name, Format::Zip, bytes, Method::None, Vec::new(), false);
    }

    /// A mail saved as a file: its papers keep their own names; one without papers is words.
    fn mail(&mut self, name: String, bytes: &[u8], depth: usize) {
        let (limits, before) = (self.limits, self.papers.len());
        let tree = mime::walk(bytes, limits);
        tree.alerts.iter().for_each(|a| self.alert(a));
        for leaf in &tree.leaves {
            let name = leaf.name.clone().unwrap_or_else(|| self.invent(Format::Unknown));
            let format = format::sniff(&leaf.bytes, &name, &leaf.kind);
            if !(format.is_picture() && leaf.inline && picture::is_decoration(&leaf.bytes, format, &name, true)) {
                self.file(name, &leaf.bytes, &leaf.kind, depth + 1);
            }
        }
        if self.papers.len() == before {
            self.push(name, Format::Mail, bytes, Method::Text, plain::pages(&tree.body, limits), false);
        }
    }

    /// Outlook's `winmail.dat`: its files are papers under their own names. What of it cannot be opened is asked for.
    fn tnef(&mut self, name: String, bytes: &[u8], depth: usize) {
        let parcel = tnef::open(bytes);
        for (inner, file) in &parcel.files {
            let inner = names::clean(inner);
            let inner = if inner.is_empty() { self.invent(Format::Unknown) } else { inner };
            self.file(inner, file, "", depth + 1);
        }
        if !parcel.whole {
            self.alert("unreadable_document");
            self.push(name, Format::Tnef, bytes, Method::None, Vec::new(), false);
        }
    }

    /// `surat.pdf.p7m`: the document inside its signature.
    fn signed(&mut self, name: String, bytes: &[u8], depth: usize) {
        match cms::unwrap(bytes) {
            cms::Wrapped::Signed(inner) if depth < self.limits.archive_depth => {
                let name = name.strip_suffix(".p7m").unwrap_or(&name).to_owned();
                self.file(name, &inner, "", depth + 1);
            }
            cms::Wrapped::Encrypted => self.push(name, Format::Cms, bytes, Method::None, Vec::new(), true),
            _ => self.push(name, Format::Cms, bytes, Method::None, Vec::new(), false),
        }
    }
}

impl Unpacking {
    /// Takes the next file where it is wanted; `false`: there is no room for it, nor for any after it.
    fn takes(&mut self, file: &[u8]) -> bool {
        self.passed += 1;
        if self.passed <= self.from {
            return true;
        }
        self.taken.too_large = file.len() > clamd::LARGEST;
        self.taken.more = self.taken.lengths.len() >= frame::FILES || self.bytes.len() + file.len() > frame::UNPACKED;
        if self.is_full() {
            return false;
        }
        self.taken.lengths.push(file.len());
        self.bytes.extend_from_slice(file);
        true
    }

    fn is_full(&self) -> bool {
        self.taken.more || self.taken.too_large
    }
}

/// Whether HTML shows the part with this Content-ID (RFC 2392).
fn refers_to(markup: &str, cid: &str) -> bool {
    !cid.is_empty() && markup.contains(&format!("cid:{cid}"))
}
