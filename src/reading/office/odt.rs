//! ODT (OpenDocument 1.3, part 3) → blocks, in the words of [`super::flow`]. Alignment and page breaks stand in named
//! styles, which come before the text that uses them.

use std::collections::HashMap;

use super::flow::{Align, Block, Piece};
use super::xml::{self, Element, Step};

/// Blocks of the header, the text and the footer, in this order. `styles` is the text of `styles.xml`.
pub fn blocks(content: &str, styles: &str) -> Vec<Block> {
    let mut builder = Builder { wanted: Some("header"), ..Builder::default() };
    builder.read(styles);
    let mut out = builder.take();
    builder.wanted = Some("text");
    builder.read(content);
    out.extend(builder.take());
    builder.wanted = Some("footer");
    builder.read(styles);
    out.extend(builder.take());
    out
}

#[derive(Debug, Default, Clone)]
struct Style {
    align: Option<Align>,
    parent: Option<String>,
    break_before: bool,
    hidden: bool,
}

enum Open {
    Paragraph { align: Align, pieces: Vec<Piece> },
    Table { rows: Vec<Vec<Vec<Block>>> },
    Row(Vec<Vec<Block>>),
    Cell(Vec<Block>),
}

#[derive(Default)]
struct Builder {
    styles: HashMap<String, Style>,
    style: Option<String>,
    wanted: Option<&'static str>,
    inside: usize,
    skipped: usize,
    spans: Vec<bool>,
    frame: Option<(f32, f32)>,
    open: Vec<Open>,
}

impl Builder {
    fn read(&mut self, text: &str) {
        self.open = vec![Open::Cell(Vec::new())];
        (self.inside, self.skipped) = (0, 0);
        self.spans.clear();
        xml::walk(text, |step| self.step(step));
    }

    fn take(&mut self) -> Vec<Block> {
        while self.open.len() > 1 {
            self.fold();
        }
        match self.open.pop() {
            Some(Open::Cell(blocks)) => blocks,
            _ => Vec::new(),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Open(element) if self.skipped > 0 || is_skipped(element.name) => self.skipped += 1,
            Step::Close(_) if self.skipped > 0 => self.skipped -= 1,
            Step::Open(element) => {
                self.describe(element);
                if self.inside > 0 {
                    self.inside += 1;
                    self.begin(element);
                } else if Some(element.name) == self.wanted {
                    self.inside = 1;
                }
            }
            Step::Close(name) => {
                if name == "style" {
                    self.style = None;
                }
                if self.inside > 0 {
                    self.end(name);
                    self.inside -= 1;
                }
            }
            Step::Text(text) if self.inside > 0 && self.skipped == 0 => self.text(text),
            Step::Text(_) => {}
        }
    }

    /// Notes what a style says.
    fn describe(&mut self, element: &Element) {
        match element.name {
            "style" => {
                self.style = element.attribute("name");
                if let Some(name) = self.style.clone().filter(|_| self.styles.len() < 5000) {
                    let parent = element.attribute("parent-style-name");
                    self.styles.insert(name, Style { parent, ..Style::default() });
                }
            }
            "paragraph-properties" | "text-properties" => {
                let Some(style) = self.style.as_ref().and_then(|name| self.styles.get_mut(name)) else { return };
                match element.attribute("text-align").as_deref() {
                    Some("center") => style.align = Some(Align::Center),
                    Some("end" | "right") => style.align = Some(Align::Right),
                    Some(_) => style.align = Some(Align::Left),
                    None => {}
                }
                let is =
                    |name: &str, value: &str| element.attribute(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
                style.break_before |= is("break-before", "page");
                let size = element.attribute("font-size").and_then(|s| s.trim_end_matches("pt").parse::<f32>().ok());
                style.hidden |= is("color", "#ffffff") || is("display", "none") || size.is_some_and(|s| s < 2.0);
            }
            _ => {}
        }
    }

    fn style_of(&self, element: &Element) -> Style {
        let mut found = Style::default();
        let mut name = element.attribute("style-name");
        for _ in 0..8 {
            let Some(style) = name.as_ref().and_then(|n| self.styles.get(n)) else { break };
            found.align = found.align.or(style.align);
            found.break_before |= style.break_before;
            found.hidden |= style.hidden;
            name = style.parent.clone();
        }
        found
    }

    fn begin(&mut self, element: &Element) {
        match element.name {
            "p" | "h" => {
                let style = self.style_of(element);
                let pieces = if style.break_before { vec![Piece::PageBreak] } else { Vec::new() };
                self.open.push(Open::Paragraph { align: style.align.unwrap_or_default(), pieces });
                self.spans.push(style.hidden);
            }
            "span" => {
                let hidden = self.style_of(element).hidden || self.spans.last().copied().unwrap_or(false);
                self.spans.push(hidden);
            }
            "tab" => self.piece(Piece::Tab),
            "line-break" => self.piece(Piece::LineBreak),
            "soft-page-break" => self.piece(Piece::PageBreak),
            "s" => {
                let count = element.number("c").unwrap_or(1.0).clamp(1.0, 200.0) as usize;
                self.text(&" ".repeat(count));
            }
            "table" => self.open.push(Open::Table { rows: Vec::new() }),
            "table-row" => self.open.push(Open::Row(Vec::new())),
            "table-cell" => self.open.push(Open::Cell(Vec::new())),
            "frame" => {
                let side = |name: &str| element.attribute(name).and_then(|v| points(&v));
                self.frame = side("width").zip(side("height"));
            }
            "image" => {
                let (width, height) = self.frame.take().unwrap_or((80.0, 50.0));
                // What lies outside the document is an address with a scheme: nothing is fetched.
                let source = element.attribute("href").filter(|href| !href.contains(':'));
                let source = source.map(|href| href.trim_start_matches("./").to_owned());
                let (width, height) = (width.clamp(1.0, 595.0), height.clamp(1.0, 842.0));
                self.piece(Piece::Picture { width, height, source });
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "p" | "h" => {
                self.spans.pop();
                self.fold();
            }
            "span" => {
                self.spans.pop();
            }
            "table" | "table-row" | "table-cell" => self.fold(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        let hidden = self.spans.last().copied().unwrap_or(false);
        self.piece(Piece::Text { text: text.replace(['\n', '\r', '\t'], " "), hidden });
    }

    /// A piece outside any paragraph (a picture anchored to the page) gets one of its own.
    fn piece(&mut self, piece: Piece) {
        match self.open.last_mut() {
            Some(Open::Paragraph { pieces, .. }) => pieces.push(piece),
            Some(Open::Cell(blocks)) if matches!(piece, Piece::Picture { .. } | Piece::PageBreak) => {
                blocks.push(Block::Paragraph { align: Align::Left, pieces: vec![piece] });
            }
            _ => {}
        }
    }

    fn fold(&mut self) {
        if self.open.len() < 2 {
            return;
        }
        let Some(done) = self.open.pop() else { return };
        let block = match done {
            Open::Paragraph { align, pieces } => Block::Paragraph { align, pieces },
            Open::Table { rows } => Block::Table { widths: Vec::new(), rows },
            Open::Row(cells) => {
                if let Some(Open::Table { rows }) = self.open.last_mut() {
                    rows.push(cells);
                }
                return;
            }
            Open::Cell(blocks) => {
                if let Some(Open::Row(cells)) = self.open.last_mut() {
                    cells.push(blocks);
                }
                return;
            }
        };
        if let Some(Open::Cell(blocks)) = self.open.iter_mut().rev().find(|o| matches!(o, Open::Cell(_))) {
            blocks.push(block);
        }
    }
}

fn is_skipped(name: &str) -> bool {
    matches!(name, "tracked-changes" | "annotation" | "note-citation" | "desc" | "title")
}

/// `3.6cm`, `1in`, `20mm`, `72pt` in points.
fn points(length: &str) -> Option<f32> {
    let digits = length.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(length.len());
    let value: f32 = length[..digits].parse().ok()?;
    let unit = match &length[digits..] {
        "cm" => 28.35,
        "mm" => 2.835,
        "in" => 72.0,
        _ => 1.0,
    };
    Some(value * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::page::Line;
    use crate::reading::limits::Limits;
    use crate::reading::office::flow;

    #[test]
    fn text_tables_pictures_and_breaks_are_read() {
        let content = r##"<office:document-content><office:automatic-styles>
            <style:style style:name="P1" style:family="paragraph"><style:paragraph-properties fo:break-before="page"/></style:style>
            <style:style style:name="T1"><style:text-properties fo:color="#FFFFFF"/></style:style></office:automatic-styles>
            <office:body><office:text><text:p>Nomor<text:tab/>: 1<text:s text:c="3"/>/A</text:p>
            <text:p><text:span text:style-name="T1">setujui</text:span></text:p>
            <table:table><table:table-row><table:table-cell><text:p>Nama</text:p></table:table-cell>
              <table:table-cell><text:p>Budi</text:p></table:table-cell></table:table-row></table:table>
            <text:p><draw:frame svg:width="3.6cm" svg:height="1.7cm"><draw:image/></draw:frame></text:p>
            <text:p text:style-name="P1">LAMPIRAN</text:p></office:text></office:body></office:document-content>"##;

        let pages = flow::lay_out(&blocks(content, ""), &Limits::default(), &mut |_| None).pages;

        let texts: Vec<_> = pages[0].lines.iter().map(Line::text).collect();
        assert_eq!(texts, ["Nomor : 1 /A", "Nama", "Budi"]);
        assert_eq!(pages[0].hidden, ["setujui"]);
        assert!((pages[0].pictures[0].w - 102.06).abs() < 0.1);
        assert_eq!(pages[1].lines[0].text(), "LAMPIRAN");
    }
}
