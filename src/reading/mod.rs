//! Bytes → papers: a mail's body and attachments taken apart into pages of words with places. Pure and bounded by
//! [`limits`]; it decides nothing about what the papers mean, that is [`crate::dossier`]'s work. In the daemon it runs in
//! worker processes lent out by [`pool`], because what it parses is written by anyone. Start at [`mime`] for the tree,
//! [`paper`] for one attachment, [`pdf`] and [`office`] for pages.

mod body;
mod cms;
mod format;
mod frame;
mod html;
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
pub mod sandbox;
pub mod scan;
mod transfer;
pub mod worker;
mod zipped;

pub use limits::Limits;

use crate::dossier::page::Contents;

/// Takes a mail apart, in this process and without touching the world. Never fails: what cannot be read is named among
/// the papers and alerts.
pub fn take_apart(raw: &[u8], limits: &Limits) -> Contents {
    let tree = mime::walk(raw, limits);
    let mut pile = paper::Pile::new(limits);
    tree.alerts.iter().for_each(|a| pile.alert(a));
    for leaf in &tree.leaves {
        let shown = leaf.cid.as_ref().is_some_and(|cid| tree.markup.iter().any(|m| refers_to(m, cid)));
        pile.leaf(leaf, shown);
    }
    if pile.papers.is_empty()
        && (links::leads_to_files(&tree.body) || tree.markup.iter().any(|m| links::leads_to_files(m)))
    {
        pile.alert("link_instead_of_attachment");
    }
    contents(tree.body, pile)
}

/// A mail whose papers cannot be read: its words, and the names of its attachments. Costs no more than the mail's bytes.
pub fn outline(raw: &[u8], limits: &Limits) -> Contents {
    let tree = mime::walk(raw, limits);
    let mut pile = paper::Pile::new(limits);
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

/// Whether HTML shows the part with this Content-ID (RFC 2392).
fn refers_to(markup: &str, cid: &str) -> bool {
    !cid.is_empty() && markup.contains(&format!("cid:{cid}"))
}
