//! DOCX (ECMA-376, part 1, 17) → blocks. Headers come first and footers last, as a reader sees them; deleted text and
//! the fallbacks of drawings are left out; hidden, white and tiny text is kept apart.

use std::collections::HashMap;

use super::flow::{Align, Block, Piece};
use super::xml::{self, Element, Step};

const EMU: f32 = 12_700.0;

/// The files of a part that it refers to by a number of its own.
pub type Relations = HashMap<String, String>;

/// Blocks of one part of the document; as many as could be read.
pub fn blocks(text: &str, relations: &Relations) -> Vec<Block> {
    let mut builder = Builder::new(relations);
    xml::walk(text, |step| builder.step(step));
    builder.finish()
}

/// What a part's relations say (ECMA-376, part 2, 9.3). What lies outside the document is left out: nothing is fetched.
pub fn relations(text: &str) -> Relations {
    let mut relations = Relations::new();
    xml::walk(text, |step| {
        if let Step::Open(element) = step
            && element.name == "Relationship"
            && element.attribute("TargetMode").as_deref() != Some("External")
            && let Some((id, target)) = element.attribute("Id").zip(element.attribute("Target"))
            && relations.len() < 5000
        {
            let target = target.trim_start_matches("/word/").trim_start_matches("./").to_owned();
            relations.insert(id, format!("word/{target}"));
        }
    });
    relations
}

/// What is being built, innermost last.
enum Open {
    Paragraph { align: Align, pieces: Vec<Piece> },
    Table { widths: Vec<f32>, rows: Vec<Vec<Vec<Block>>> },
    Row(Vec<Vec<Block>>),
    Cell(Vec<Block>),
}

struct Builder<'r> {
    relations: &'r Relations,
    open: Vec<Open>,
    /// Elements whose content is not shown, and how deep the walk is in them.
    skipped: usize,
    in_text: bool,
    run_hidden: bool,
    run_tiny: bool,
    in_run_properties: bool,
    extent: Option<(f32, f32)>,
}

impl<'r> Builder<'r> {
    fn new(relations: &'r Relations) -> Self {
        Self {
            relations,
            open: vec![Open::Cell(Vec::new())],
            skipped: 0,
            in_text: false,
            run_hidden: false,
            run_tiny: false,
            in_run_properties: false,
            extent: None,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Open(element) if self.skipped > 0 || is_skipped(element.name) => self.skipped += 1,
            Step::Close(_) if self.skipped > 0 => self.skipped -= 1,
            Step::Open(element) => self.begin(element),
            Step::Close(name) => self.end(name),
            Step::Text(text) if self.in_text && self.skipped == 0 => {
                let hidden = self.run_hidden || self.run_tiny;
                self.piece(Piece::Text { text: text.to_owned(), hidden });
            }
            Step::Text(_) => {}
        }
    }

    fn begin(&mut self, element: &Element) {
        match element.name {
            "p" => self.open.push(Open::Paragraph { align: Align::Left, pieces: Vec::new() }),
            "tbl" => self.open.push(Open::Table { widths: Vec::new(), rows: Vec::new() }),
            "tr" => self.open.push(Open::Row(Vec::new())),
            "tc" => self.open.push(Open::Cell(Vec::new())),
            "gridCol" => {
                if let Some(Open::Table { widths, .. }) = self.open.last_mut() {
                    widths.push(element.number("w").unwrap_or(0.0));
                }
            }
            "jc" => {
                let value = element.attribute("val").unwrap_or_default();
                if let Some(Open::Paragraph { align, .. }) = self.open.last_mut() {
                    *align = match value.as_str() {
                        "center" => Align::Center,
                        "right" | "end" => Align::Right,
                        _ => Align::Left,
                    };
                }
            }
            "r" => (self.run_hidden, self.run_tiny) = (false, false),
            "rPr" => self.in_run_properties = true,
            "vanish" | "color" | "sz" if self.in_run_properties => self.appearance(element),
            "t" => self.in_text = true,
            "tab" if !self.in_run_properties => self.piece(Piece::Tab),
            "br" | "cr" => {
                let page = element.attribute("type").as_deref() == Some("page");
                self.piece(if page { Piece::PageBreak } else { Piece::LineBreak });
            }
            "lastRenderedPageBreak" | "pageBreakBefore" if is_on(element) => self.piece(Piece::PageBreak),
            "noBreakHyphen" => self.piece(Piece::Text { text: "-".into(), hidden: false }),
            "extent" => {
                let side = |name| element.number(name).unwrap_or(0.0) / EMU;
                self.extent = Some((side("cx"), side("cy")));
            }
            "shape" => self.extent = element.attribute("style").and_then(|style| drawn_size(&style)).or(self.extent),
            "blip" | "imagedata" | "inkGr" => {
                let (width, height) = self.extent.take().unwrap_or((80.0, 50.0));
                let id = element.attribute("embed").or_else(|| element.attribute("id"));
                let source = id.and_then(|id| self.relations.get(&id)).cloned();
                let (width, height) = (width.clamp(1.0, 595.0), height.clamp(1.0, 842.0));
                self.piece(Piece::Picture { width, height, source });
            }
            _ => {}
        }
    }

    fn appearance(&mut self, element: &Element) {
        match element.name {
            "vanish" => self.run_hidden |= is_on(element),
            "color" => self.run_hidden |= element.attribute("val").is_some_and(|v| v.eq_ignore_ascii_case("ffffff")),
            // Half points.
            _ => self.run_tiny = element.number("val").is_some_and(|size| size < 4.0),
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "rPr" => self.in_run_properties = false,
            "p" | "tbl" | "tr" | "tc" => self.fold(),
            _ => {}
        }
    }

    fn piece(&mut self, piece: Piece) {
        // Tabs stand in paragraph properties too, where no run is open; those describe stops.
        if let Some(Open::Paragraph { pieces, .. }) = self.open.last_mut() {
            pieces.push(piece);
        }
    }

    /// Closes the innermost thing and puts it into the one around it.
    fn fold(&mut self) {
        if self.open.len() < 2 {
            return;
        }
        let Some(done) = self.open.pop() else { return };
        let block = match done {
            Open::Paragraph { align, pieces } => Block::Paragraph { align, pieces },
            Open::Table { widths, rows } => Block::Table { widths, rows },
            Open::Row(cells) => {
                if let Some(Open::Table { rows, .. }) = self.open.last_mut() {
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
        // A text box sits inside a paragraph: it goes before it, into the nearest cell.
        if let Some(Open::Cell(blocks)) = self.open.iter_mut().rev().find(|o| matches!(o, Open::Cell(_))) {
            blocks.push(block);
        }
    }

    fn finish(mut self) -> Vec<Block> {
        while self.open.len() > 1 {
            self.fold();
        }
        match self.open.pop() {
            Some(Open::Cell(blocks)) => blocks,
            _ => Vec::new(),
        }
    }
}

/// The size in a drawing of before 2007: `width:467.25pt;height:660pt`.
fn drawn_size(style: &str) -> Option<(f32, f32)> {
    let side = |name: &str| {
        let value = style.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix(':'))?;
        match value.trim().strip_suffix("in") {
            Some(inches) => inches.parse().ok().map(|inches: f32| inches * 72.0),
            None => value.trim().trim_end_matches("pt").parse().ok(),
        }
    };
    side("width").zip(side("height"))
}

fn is_skipped(name: &str) -> bool {
    matches!(name, "Fallback" | "delText" | "instrText" | "del" | "moveFrom" | "tabs" | "pPrChange" | "rPrChange")
}

/// `w:vanish` alone means yes; `w:val="0"` takes it back.
fn is_on(element: &Element) -> bool {
    !matches!(element.attribute("val").as_deref(), Some("0" | "false" | "off"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::page::Line;
    use crate::reading::limits::Limits;
    use crate::reading::office::flow;

    #[test]
    fn paragraphs_tables_pictures_and_hidden_text_are_read() {
        let xml = r#"<w:document><w:body>
            <w:p><w:pPr><w:jc w:val="center"/><w:tabs><w:tab w:pos="1"/></w:tabs></w:pPr><w:r><w:t>SURAT</w:t></w:r></w:p>
            <w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>setujui</w:t></w:r><w:r><w:t>Nomor</w:t><w:tab/><w:t>: 1</w:t></w:r></w:p>
            <w:tbl><w:tblGrid><w:gridCol w:w="1"/><w:gridCol w:w="3"/></w:tblGrid><w:tr>
              <w:tc><w:p><w:r><w:t>Nama</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Budi</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
            <w:p><w:r><w:drawing><wp:extent cx="1270000" cy="635000"/><a:blip/></w:drawing></w:r></w:p>
            <w:p><w:r><w:br w:type="page"/></w:r><w:del><w:r><w:delText>lama</w:delText></w:r></w:del></w:p>
            <w:p><w:r><w:lastRenderedPageBreak/><w:t>LAMPIRAN</w:t></w:r></w:p></w:body></w:document>"#;

        let pages = flow::lay_out(&blocks(xml, &Relations::new()), &Limits::default(), &mut |_| None).pages;

        let texts: Vec<_> = pages[0].lines.iter().map(Line::text).collect();
        assert_eq!(texts, ["SURAT", "Nomor : 1", "Nama", "Budi"]);
        assert_eq!(pages[0].hidden, ["setujui"]);
        assert_eq!(pages[0].pictures[0].w, 100.0);
        assert_eq!(pages[1].lines[0].text(), "LAMPIRAN");
        assert_eq!(pages.len(), 2);
    }
}
