//! Office documents → pages of lines. Only their XML is read, never a macro, a link or an embedded object. The parts:
//! [`xml`] walks, [`docx`] and [`odt`] make blocks, [`flow`] lays them out.

mod docx;
mod flow;
mod odt;
mod xml;

use super::limits::Limits;
use super::zipped::Archive;
use crate::dossier::page::Page;

/// What an office document holds.
#[derive(Debug, Default)]
pub struct Office {
    pub pages: Vec<Page>,
    pub encrypted: bool,
    /// Holds macros. They are never run.
    pub macros: bool,
}

/// Reads a DOCX; `None` when it is too damaged to have words. `budget` is what may still be inflated.
pub fn docx(bytes: &[u8], limits: &Limits, budget: &mut u64) -> Option<Office> {
    let mut archive = Archive::open(bytes, limits)?;
    let names = archive.names();
    let macros = names.iter().any(|n| n.ends_with("vbaProject.bin"));
    let mut read = |name: &str| archive.text(name, limits.xml, budget);
    let mut blocks = Vec::new();
    let running = |kind: &str| {
        let mut found: Vec<_> = names.iter().filter(|n| n.starts_with(kind) && n.ends_with(".xml")).take(8).collect();
        found.sort();
        found
    };
    // The first page's, the even pages' and the others' header are often one and the same.
    let mut headers: Vec<String> = running("word/header").into_iter().filter_map(|name| read(name)).collect();
    headers.dedup();
    blocks.extend(headers.iter().flat_map(|text| docx::blocks(text)));
    blocks.extend(docx::blocks(&read("word/document.xml")?));
    for name in running("word/footer") {
        blocks.extend(read(name).map(|text| docx::blocks(&text)).unwrap_or_default());
    }
    Some(Office { pages: flow::lay_out(&blocks, limits), encrypted: false, macros })
}

/// Reads an ODT; `None` when it is too damaged to have words.
pub fn odt(bytes: &[u8], limits: &Limits, budget: &mut u64) -> Option<Office> {
    let mut archive = Archive::open(bytes, limits)?;
    let manifest = archive.text("META-INF/manifest.xml", limits.xml, budget).unwrap_or_default();
    if manifest.contains("encryption-data") || archive.is_encrypted() {
        return Some(Office { encrypted: true, ..Office::default() });
    }
    let content = archive.text("content.xml", limits.xml, budget)?;
    let styles = archive.text("styles.xml", limits.xml, budget).unwrap_or_default();
    let macros = archive.names().iter().any(|n| n.starts_with("Basic/") && n.ends_with("Module1.xml"));
    let pages = flow::lay_out(&odt::blocks(&content, &styles), limits);
    Some(Office { pages, encrypted: false, macros })
}
