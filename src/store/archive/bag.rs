//! A dossier as a folder an archivist can read without Loket: a BagIt bag (RFC 8493) with the items under `data/`,
//! manifests with SHA-256, and a contents list in Indonesian and, for machines, in JSON.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::DateTime;
use serde_json::json;

use crate::engine::archive::ArchivedDossier;
use crate::store::StoreError;
use crate::store::folder::{create_private, sync_folder};
use crate::vault::sha256_hex;

/// An item and its plain bytes.
pub struct BagItem {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Writes the bag at `folder`, which must not exist: built beside it and named when it is whole.
pub fn write(folder: &Path, dossier: &ArchivedDossier, items: &[BagItem]) -> Result<(), StoreError> {
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
    fill(&building, dossier, items)?;
    fs::rename(&building, folder).map_err(|error| StoreError::file("name", folder, &error))?;
    folder.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_folder)
}

fn fill(bag: &Path, dossier: &ArchivedDossier, items: &[BagItem]) -> Result<(), StoreError> {
    let mut payload = vec![
        ("daftar-isi.txt".to_owned(), contents_list(dossier).into_bytes()),
        ("daftar-isi.json".to_owned(), contents_json(dossier)?),
    ];
    for item in items {
        let name = safe_path(&item.name);
        let name = unused(&name, &payload);
        payload.push((name, item.bytes.clone()));
    }
    let mut manifest = String::new();
    let mut octets = 0;
    for (name, bytes) in &payload {
        let path = bag.join("data").join(name);
        if let Some(parent) = path.parent() {
            create_private(parent)?;
        }
        put(&path, bytes)?;
        manifest.push_str(&format!("{}  data/{}\n", sha256_hex(bytes), encoded(name)));
        octets += bytes.len();
    }
    let tags = [
        ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_owned()),
        ("bag-info.txt", bag_info(dossier, octets, payload.len())),
        ("manifest-sha256.txt", manifest),
    ];
    let mut tagmanifest = String::new();
    for (name, text) in &tags {
        put(&bag.join(name), text.as_bytes())?;
        tagmanifest.push_str(&format!("{}  {name}\n", sha256_hex(text.as_bytes())));
    }
    put(&bag.join("tagmanifest-sha256.txt"), tagmanifest.as_bytes())
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    fs::write(path, bytes).map_err(|error| StoreError::file("write", path, &error))
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
fn unused(name: &str, payload: &[(String, Vec<u8>)]) -> String {
    let taken = |name: &str| {
        let folded = name.to_lowercase();
        payload.iter().any(|(other, _)| {
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
        let taken = vec![("surat.pdf".to_owned(), Vec::new()), ("a".to_owned(), Vec::new())];

        assert_eq!(unused("SURAT.pdf", &taken), "SURAT (2).pdf");
        assert_eq!(unused("lain.pdf", &taken), "lain.pdf");
        assert_eq!(unused("a/b.txt", &taken), "butir-2/a/b.txt");
    }
}
