//! Bytes → papers: a mail's body and attachments taken apart into pages of words with places. Pure and bounded by
//! [`limits`]; it decides nothing about what the papers mean, that is [`crate::dossier`]'s work. In the daemon it runs in
//! worker processes lent out by [`pool`], because what it parses is written by anyone. Start at [`mime`] for the tree,
//! [`paper`] for one attachment, [`pdf`] and [`office`] for pages.

mod body;
pub mod clamd;
mod cms;
mod crew;
mod draw;
mod format;
pub mod frame;
mod html;
mod known;
pub mod limits;
mod links;
mod mime;
mod names;
mod office;
mod paper;
mod pdf;
mod picture;
mod plain;
pub mod pool;
mod quarantine;
pub mod sandbox;
pub mod scan;
mod scans;
mod second_look;
pub mod sight;
pub mod signature;
mod tnef;
pub mod tool;
mod transfer;
pub mod tsv;
mod unpacker;
pub mod worker;
mod zipped;

pub use limits::Limits;
pub use signature::Roots;

use self::draw::{Drawn, Purpose};
use self::format::Format;
pub use self::frame::Which;
use self::frame::{PageRequest, Parcel, Unpacked};
use crate::dossier::page::Contents;

/// Takes a mail apart, in this process and without touching the world. Never fails: what cannot be read is named among
/// the papers and alerts.
pub fn take_apart(raw: &[u8], limits: &Limits) -> Contents {
    examine(raw, &[], limits, &Roots::default())
}

/// As [`take_apart`], with the electronic signatures on papers verified against `roots`, and the leaves `skipped` left unread.
pub fn examine(raw: &[u8], skipped: &[u8], limits: &Limits, roots: &Roots) -> Contents {
    let tree = mime::walk(raw, limits);
    let mut pile = paper::Pile::new(limits, roots);
    tree.alerts.iter().for_each(|a| pile.alert(a));
    pile.leaves(&tree, skipped);
    if pile.papers.is_empty()
        && (links::leads_to_files(&tree.body) || tree.markup.iter().any(|m| links::leads_to_files(m)))
    {
        pile.alert("link_instead_of_attachment");
    }
    contents(tree.body, pile)
}

/// Draws a page of an attachment for the desk, as PNG and at most `width` pixels wide, in this process. `None`: there is no
/// such page, or it is no picture and no PDF, or it cannot be drawn within the limits.
pub fn picture(raw: &[u8], paper: impl Into<Which>, page: u32, width: u32, limits: &Limits) -> Option<Vec<u8>> {
    let paper = paper.into();
    let request = PageRequest { paper, page, purpose: Purpose::View { width }, skipped: Vec::new() };
    match drawn(raw, &request, limits)? {
        Drawn::Png(png) => Some(png),
        Drawn::Scan(_) => None,
    }
}

/// Whether pages of papers of this format ([`crate::dossier::page::Paper::format`]) are drawn; others are text alone.
pub fn is_drawn(format: &str) -> bool {
    scans::DRAWN.contains(&format)
}

/// Draws a page of a mail for whatever it is asked for.
fn drawn(raw: &[u8], request: &PageRequest, limits: &Limits) -> Option<Drawn> {
    let (format, bytes) = found(raw, request, limits)?;
    draw::draw(bytes, format, request.page, request.purpose, limits)
}

/// The bytes of one paper.
fn found(raw: &[u8], request: &PageRequest, limits: &Limits) -> Option<(Format, Vec<u8>)> {
    let tree = mime::walk(raw, limits);
    let roots = Roots::default();
    let mut pile = paper::Pile::seeking(limits, &roots, request.paper.clone());
    pile.leaves(&tree, &request.skipped);
    pile.found()
}

/// The files that lie in one, as many as an answer has room for.
fn unpacked(bytes: &[u8], parcel: &Parcel, limits: &Limits) -> (Unpacked, Vec<u8>) {
    let roots = Roots::default();
    paper::Pile::unpacked(limits, &roots, bytes, parcel)
}

/// How many leaves a mail's tree has.
fn leaves(raw: &[u8], limits: &Limits) -> usize {
    mime::walk(raw, limits).leaves.len()
}

/// A mail whose papers cannot be read: its words, and the names of its attachments. Costs no more than the mail's bytes.
pub fn outline(raw: &[u8], limits: &Limits) -> Contents {
    let tree = mime::walk(raw, limits);
    let roots = Roots::default();
    let mut pile = paper::Pile::new(limits, &roots);
    tree.alerts.iter().for_each(|a| pile.alert(a));
    tree.leaves.iter().for_each(|leaf| pile.unread(leaf));
    pile.alert("unreadable_document");
    contents(tree.body, pile)
}

fn contents(body: String, pile: paper::Pile) -> Contents {
    let mut alerts: Vec<String> = pile.alerts.iter().map(|a| (*a).to_owned()).collect();
    alerts.sort();
    Contents { body, papers: pile.papers, alerts }
}
