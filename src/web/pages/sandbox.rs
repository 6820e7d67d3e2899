//! The demo's mail sandbox: every letter that was sent, each under its own address, with working links.

use askama::Template;

use super::Frame;
use crate::web::view::{LetterView, SandboxView};
use crate::web::words::QueueWords;

#[derive(Template)]
#[template(path = "sandbox.html", config = "src/web/askama.toml")]
pub struct SandboxPage<'a> {
    f: Frame<'a>,
    q: &'static QueueWords,
    view: &'a SandboxView,
    base_url: &'a str,
}

/// A stretch of a letter's text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// An address of this desk, as a path.
    Link(&'t str),
    Break,
}

impl<'a> SandboxPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a SandboxView, base_url: &'a str) -> Self {
        Self { q: QueueWords::of(f.lang()), f, view, base_url }
    }

    fn is_chosen(&self, id: &str) -> bool {
        self.view.chosen.as_ref().is_some_and(|letter| letter.id == id)
    }

    fn paragraphs<'l>(&self, letter: &'l LetterView) -> Vec<Vec<Piece<'l>>> {
        let normal = letter.body.trim();
        normal.split("\n\n").filter(|p| !p.trim().is_empty()).map(|p| pieces(p.trim(), self.base_url)).collect()
    }
}

/// Splits a paragraph at line ends and at addresses that begin with `base_url`.
fn pieces<'t>(paragraph: &'t str, base_url: &str) -> Vec<Piece<'t>> {
    let mut pieces = Vec::new();
    for (i, line) in paragraph.lines().enumerate() {
        if i > 0 {
            pieces.push(Piece::Break);
        }
        let mut rest = line;
        while let Some(at) = find_address(rest, base_url) {
            let path = &rest[at + base_url.len()..];
            let end = path.find(|c: char| c.is_whitespace() || "<>\"')]}".contains(c)).unwrap_or(path.len());
            let path = path[..end].trim_end_matches(['.', ',', ';', ':']);
            pieces.push(Piece::Text(&rest[..at]));
            pieces.push(Piece::Link(path));
            rest = &rest[at + base_url.len() + path.len()..];
        }
        pieces.push(Piece::Text(rest));
    }
    pieces.retain(|p| !matches!(p, Piece::Text("")));
    pieces
}

/// Where an address of this desk with a path begins.
fn find_address(text: &str, base_url: &str) -> Option<usize> {
    if base_url.is_empty() {
        return None;
    }
    text.match_indices(base_url).map(|(at, _)| at).find(|at| text[at + base_url.len()..].starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_desk_become_links() {
        let text = "Buka http://127.0.0.1:8080/ambil/abc.\nBukan http://127.0.0.1:80801/x atau https://x.example/";

        let pieces = pieces(text, "http://127.0.0.1:8080");

        assert_eq!(
            pieces,
            [
                Piece::Text("Buka "),
                Piece::Link("/ambil/abc"),
                Piece::Text("."),
                Piece::Break,
                Piece::Text("Bukan http://127.0.0.1:80801/x atau https://x.example/"),
            ]
        );
    }
}
