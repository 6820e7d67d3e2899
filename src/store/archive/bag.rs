//! A dossier as a folder an archivist can read without Loket: a BagIt bag (RFC 8493) with the items under `data/`,
//! manifests with SHA-256, and a contents list in Indonesian and, for machines, in JSON. The folder lies on disk, or in a
//! ZIP archive.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use chrono::DateTime;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::engine::archive::ArchivedDossier;
use crate::store::StoreError;
use crate::store::folder::{create_private, make_private, sync_folder};
use crate::vault::sha256_hex;

/// An item and its plain bytes.
pub struct BagItem {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Items as they are read, one at a time.
pub type Items<'a> = dyn Iterator<Item = Result<BagItem, StoreError>> + 'a;

/// Takes the files of a bag, each under its path within it.
trait Taker {
    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), StoreError>;
}

/// Writes the bag at `folder`, which must not exist: built beside it and named when it is whole.
pub fn write(folder: &Path, dossier: &ArchivedDossier, items: &mut Items<'_>) -> Result<(), StoreError> {
    if folder.exists() {
        return Err(StoreError::Refused(format!("{} exists already. Name another folder", folder.display())));
    }
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let building = folder.with_file_name(name);
    if building.exists() {
        fs::remove_dir_all(&building).map_err(|error| StoreError::file("remove", &building, &error))?;
    }
    create_private(&building)?;
    fill(&mut Folder(&building), dossier, items)?;
    let flushed = File::open(&building).and_then(|folder| Ok(rustix::fs::syncfs(folder)?));
    flushed.map_err(|error| StoreError::file("flush", &building, &error))?;
    fs::rename(&building, folder).map_err(|error| StoreError::file("name", folder, &error))?;
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_folder)
}

/// The bag as a ZIP archive that unpacks to one folder, named by the dossier's number.
pub fn pack(dossier: &ArchivedDossier, items: &mut Items<'_>) -> Result<Vec<u8>, StoreError> {
    let folder = dossier.line.register.number.to_string();
    let mut zipped = Zipped { folder, writer: ZipWriter::new(Cursor::new(Vec::new())) };
    fill(&mut zipped, dossier, items)?;
    let whole = zipped.writer.finish().map_err(|error| unpacked(&zipped.folder, error))?;
    Ok(whole.into_inner())
}

struct Folder<'a>(&'a Path);

impl Taker for Folder<'_> {
    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.0.join(path);
        if let Some(parent) = path.parent() {
            make_private(parent)?;
        }
        fs::write(&path, bytes).map_err(|error| StoreError::file("write", &path, &error))
    }
}

struct Zipped {
    folder: String,
    writer: ZipWriter<Cursor<Vec<u8>>>,
}

impl Taker for Zipped {
    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = format!("{}/{path}", self.folder);
        let begun = self.writer.start_file(path.as_str(), SimpleFileOptions::default());
        begun.map_err(|error| unpacked(&path, error))?;
        self.writer.write_all(bytes).map_err(|error| unpacked(&path, error))
    }
}

fn unpacked(what: &str, why: impl std::fmt::Display) -> StoreError {
    StoreError::Refused(format!("{what} cannot be put into a ZIP archive: {why}"))
}

fn fill(bag: &mut impl Taker, dossier: &ArchivedDossier, items: &mut Items<'_>) -> Result<(), StoreError> {
    let mut payload = Payload { bag, names: Vec::new(), manifest: String::new(), octets: 0 };
    payload.add("daftar-isi.txt".to_owned(), contents_list(dossier).as_bytes())?;
    payload.add("daftar-isi.json".to_owned(), &contents_json(dossier)?)?;
    for item in items {
        let item = item?;
        let name = unused(&safe_path(&item.name), &payload.names);
        payload.add(name, &item.bytes)?;
    }
    let Payload { bag, names, manifest, octets } = payload;
    let tags = [
        ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_owned()),
        ("bag-info.txt", bag_info(dossier, octets, names.len())),
        ("manifest-sha256.txt", manifest),
    ];
    let mut tagmanifest = String::new();
    for (name, text) in &tags {
        bag.put(name, text.as_bytes())?;
        tagmanifest.push_str(&format!("{}  {name}\n", sha256_hex(text.as_bytes())));
    }
    bag.put("tagmanifest-sha256.txt", tagmanifest.as_bytes())
}

/// What lies under `data/`, and the manifest over it.
struct Payload<'a, B> {
    bag: &'a mut B,
    names: Vec<String>,
    manifest: String,
    octets: usize,
}

impl<B: Taker> Payload<'_, B> {
    fn add(&mut self, name: String, bytes: &[u8]) -> Result<(), StoreError> {
        self.bag.put(&format!("data/{name}"), bytes)?;
        self.manifest.push_str(&format!("{}  data/{}\n", sha256_hex(bytes), encoded(&name)));
        self.octets += bytes.len();
        self.names.push(name);
        Ok(())
    }
}

/// RFC 8493 §2.2.2; one line each, so that nothing in a value begins another field.
fn bag_info(dossier: &ArchivedDossier, octets: usize, files: usize) -> String {
    let register = &dossier.line.register;
    let title = dossier.metadata.get("title").and_then(serde_json::Value::as_str).unwrap_or_default();
    let fields = [
        ("External-Identifier", register.number.to_string()),
        ("External-Description", title.to_owned()),
        ("Bagging-Date", dossier.line.archived.format("%Y-%m-%d").to_string()),
        ("Payload-Oxum", format!("{octets}.{files}")),
        ("Bag-Software-Agent", format!("Loket {}", env!("CARGO_PKG_VERSION"))),
        ("Kode-Klasifikasi", register.classification.clone()),
        ("Retensi", register.retention_class.clone()),
        ("Akses", register.access.clone()),
        ("Hasil", register.outcome.clone()),
        ("Dibuka", register.opened.to_rfc3339()),
        ("Ditutup", register.closed.to_rfc3339()),
        ("Berkas-Arsip", format!("{} no. {}", dossier.line.file, dossier.line.position)),
        ("Rantai-SHA256", dossier.line.hash.to_string()),
    ];
    fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}: {}\n", one_line(value)))
        .collect()
}

/// The list of the dossier's items as an archive office writes it.
fn contents_list(dossier: &ArchivedDossier) -> String {
    let register = &dossier.line.register;
    let day = |at: DateTime<chrono::Utc>| at.format("%d-%m-%Y %H.%M UTC").to_string();
    let title = dossier.metadata.get("title").and_then(serde_json::Value::as_str).unwrap_or_default();
    let mut text = format!(
        "DAFTAR ISI BERKAS\n\nNomor berkas      : {}\nUraian            : {}\nKode klasifikasi  : {}\nRetensi           : {}\n\
         Akses             : {}\nHasil             : {}\nDibuka            : {}\nDitutup           : {}\nDiarsipkan        : {}\n\
         Jumlah item       : {}\n\n",
        register.number,
        one_line(title),
        register.classification,
        register.retention_class,
        register.access,
        register.outcome,
        day(register.opened),
        day(register.closed),
        day(dossier.line.archived),
        dossier.items.len(),
    );
    for (index, item) in dossier.items.iter().enumerate() {
        text.push_str(&format!(
            "{:>3}. {}\n     {}  ({}, {} bita)\n     SHA-256 {}\n",
            index + 1,
            one_line(&item.title),
            one_line(&item.name),
            item.media_type,
            item.bytes,
            item.sha256
        ));
    }
    text
}

fn contents_json(dossier: &ArchivedDossier) -> Result<Vec<u8>, StoreError> {
    let list = json!({ "register": dossier.line, "metadata": dossier.metadata, "items": dossier.items });
    serde_json::to_vec_pretty(&list)
        .map_err(|error| StoreError::Refused(format!("The contents list cannot be written: {error}")))
}

/// Control characters and line breaks become spaces.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A relative path that stays within `data/`: empty, dot and absolute parts are dropped, and what file systems of
/// other machines refuse becomes `_` (RFC 8493 §5.1.1 and §6.1).
fn safe_path(name: &str) -> String {
    let parts: Vec<String> = name
        .split(['/', '\\'])
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .map(|part| {
            let safe: String =
                part.chars().map(|c| if c.is_control() || "<>:\"|?*".contains(c) { '_' } else { c }).collect();
            let mut end = safe.len().min(120);
            while !safe.is_char_boundary(end) {
                end -= 1;
            }
            safe[..end].trim_end_matches(['.', ' ']).to_owned()
        })
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() { "tanpa-nama".to_owned() } else { parts.join("/") }
}

/// The name, with a number before its extension where it is taken; without regard to case, as some file systems are.
fn unused(name: &str, payload: &[String]) -> String {
    let taken = |name: &str| {
        let folded = name.to_lowercase();
        payload.iter().any(|other| {
            let other = other.to_lowercase();
            other == folded || other.starts_with(&format!("{folded}/")) || folded.starts_with(&format!("{other}/"))
        })
    };
    if !taken(name) {
        return name.to_owned();
    }
    let path = PathBuf::from(name);
    let stem = path.with_extension("").to_string_lossy().into_owned();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    // Each item blocks at most one of the folders below, so that one of them is free.
    let numbers = 2..=payload.len() + 2;
    let numbered = numbers.clone().map(|n| format!("{stem} ({n}){extension}"));
    let apart = numbers.map(|n| format!("butir-{n}/{name}"));
    numbered.chain(apart).find(|name| !taken(name)).unwrap_or_else(|| format!("butir/{name}"))
}

/// RFC 8493 §2.1.3: a percent sign and line ends in a manifest's path are percent-encoded.
fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('\n', "%0A").replace('\r', "%0D")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_item_name_leaves_the_bag() {
        assert_eq!(safe_path("../../etc/passwd"), "etc/passwd");
        assert_eq!(safe_path("/abs\\C:/x"), "abs/C_/x");
        assert_eq!(safe_path("surat\u{0}\n.pdf"), "surat__.pdf");
        assert_eq!(safe_path("..."), "tanpa-nama");
        assert_eq!(safe_path(""), "tanpa-nama");
    }

    #[test]
    fn names_that_collide_are_numbered() {
        let taken = ["surat.pdf", "a"].map(str::to_owned);

        assert_eq!(unused("SURAT.pdf", &taken), "SURAT (2).pdf");
        assert_eq!(unused("lain.pdf", &taken), "lain.pdf");
        assert_eq!(unused("a/b.txt", &taken), "butir-2/a/b.txt");
    }
}
