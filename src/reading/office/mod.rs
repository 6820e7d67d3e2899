//! Office documents → pages of lines. Only their words and pictures are read, never a macro, a link or an embedded object.
//! The parts: [`xml`] walks, [`docx`], [`odt`] and [`rtf`] make blocks, [`flow`] lays them out. A scan pasted into a document
//! is a page of its own, whose picture [`scan`] takes out to be drawn.

mod docx;
mod flow;
mod odt;
mod rtf;
mod xml;

use std::collections::HashMap;

use self::flow::{Block, Laid};
use super::format::Format;
use super::limits::Limits;
use super::picture;
use super::zipped::Archive;
use crate::dossier::page::Page;

/// What an office document holds.
#[derive(Debug, Default)]
pub struct Office {
    pub pages: Vec<Page>,
    pub encrypted: bool,
    /// Holds macros or objects of other programs. They are never run.
    pub macros: bool,
    /// Pages that are a picture, and what the document calls it.
    scans: Vec<(u32, String)>,
}

/// Reads an office document; `None` when it is too damaged to have words. `budget` is what may still be inflated.
pub fn read(bytes: &[u8], format: Format, limits: &Limits, budget: &mut u64) -> Option<Office> {
    match format {
        Format::Docx => docx(bytes, limits, budget),
        Format::Odt => odt(bytes, limits, budget),
        Format::Rtf => Some(rtf(bytes, limits)),
        _ => None,
    }
}

/// The picture that a page of the document is; `None` for a page of words.
pub fn scan(bytes: &[u8], format: Format, page: u32, limits: &Limits) -> Option<Vec<u8>> {
    let mut budget = limits.inflated;
    let scans = read(bytes, format, limits, &mut budget)?.scans;
    let source = scans.into_iter().find_map(|(number, source)| (number == page).then_some(source))?;
    match format {
        Format::Rtf => rtf::read(bytes, limits).pictures.into_iter().nth(source.parse().ok()?),
        _ => Archive::open(bytes, limits)?.bytes(&source, limits.inflated, &mut budget),
    }
}

fn docx(bytes: &[u8], limits: &Limits, budget: &mut u64) -> Option<Office> {
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
    let (relations, nothing) =
        (read("word/_rels/document.xml.rels").map(|text| docx::relations(&text)).unwrap_or_default(), HashMap::new());
    // The first page's, the even pages' and the others' header are often one and the same.
    let mut headers: Vec<String> = running("word/header").into_iter().filter_map(|name| read(name)).collect();
    headers.dedup();
    blocks.extend(headers.iter().flat_map(|text| docx::blocks(text, &nothing)));
    blocks.extend(docx::blocks(&read("word/document.xml")?, &relations));
    for name in running("word/footer") {
        blocks.extend(read(name).map(|text| docx::blocks(&text, &nothing)).unwrap_or_default());
    }
    let Laid { pages, scans } = laid(&blocks, &mut archive, limits, budget);
    Some(Office { pages, encrypted: false, macros, scans })
}

fn odt(bytes: &[u8], limits: &Limits, budget: &mut u64) -> Option<Office> {
    let mut archive = Archive::open(bytes, limits)?;
    let manifest = archive.text("META-INF/manifest.xml", limits.xml, budget).unwrap_or_default();
    if manifest.contains("encryption-data") || archive.is_encrypted() {
        return Some(Office { encrypted: true, ..Office::default() });
    }
    let content = archive.text("content.xml", limits.xml, budget)?;
    let styles = archive.text("styles.xml", limits.xml, budget).unwrap_or_default();
    let macros = archive.names().iter().any(|n| n.starts_with("Basic/") && n.ends_with("Module1.xml"));
    let Laid { pages, scans } = laid(&odt::blocks(&content, &styles), &mut archive, limits, budget);
    Some(Office { pages, encrypted: false, macros, scans })
}

/// Lays blocks out, and looks at those of their pictures that are large.
fn laid(blocks: &[Block], archive: &mut Archive, limits: &Limits, budget: &mut u64) -> Laid {
    let mut left = limits.scans;
    flow::lay_out(blocks, limits, &mut |source| {
        left = left.checked_sub(1)?;
        picture::sheet(&archive.bytes(source, limits.inflated, budget)?, limits)
    })
}

fn rtf(bytes: &[u8], limits: &Limits) -> Office {
    let rtf = rtf::read(bytes, limits);
    let mut look = |source: &str| picture::sheet(rtf.pictures.get(source.parse::<usize>().ok()?)?, limits);
    let Laid { pages, scans } = flow::lay_out(&rtf.blocks, limits, &mut look);
    Office { pages, encrypted: false, macros: rtf.objects, scans }
}
