//! The form as a Word document, written by docx-rs.

use std::io::Cursor;

use docx_rs::{
    AlignmentType, BorderType, Docx, LineSpacing, PageMargin, Paragraph, ParagraphBorder, ParagraphBorderPosition,
    ParagraphBorders, Run, RunFonts, Table, TableCell, TableLayoutType, TableRow, WidthType,
};

use super::Block;

/// A4 and its margins in twentieths of a point; the text between them is 9070 wide.
const PAGE: (u32, u32) = (11_906, 16_838);
const MARGIN: i32 = 1_418;
const LABEL: usize = 1_900;
const COLON: usize = 250;
const VALUE: usize = 6_920;
const COLUMN: usize = 4_535;
/// Half points.
const TEXT: usize = 23;
const SMALL: usize = 18;
const LOUD: usize = 26;

pub(super) fn write(blocks: &[Block]) -> Result<Vec<u8>, String> {
    let mut ids = Ids(0);
    let margin = PageMargin::new().top(1_134).bottom(1_134).left(MARGIN).right(MARGIN);
    let mut document = Docx::new()
        .page_size(PAGE.0, PAGE.1)
        .page_margin(margin)
        .default_size(TEXT)
        .default_fonts(RunFonts::new().ascii("Times New Roman").hi_ansi("Times New Roman").cs("Times New Roman"))
        .default_line_spacing(LineSpacing::new().after(0).line(264));
    let mut rows: Vec<TableRow> = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        match block {
            Block::Field { label, value } => rows.push(row(&mut ids, &[(label, LABEL), (":", COLON), (value, VALUE)])),
            Block::Columns { left, right } => rows.push(row(&mut ids, &[(left, COLUMN), (right, COLUMN)])),
            single => document = document.add_paragraph(paragraph(ids.paragraph(), single)),
        }
        let goes_on = blocks.get(index + 1).is_some_and(|next| is_row(next) && same_table(block, next));
        if !rows.is_empty() && !goes_on {
            document = document.add_table(table(std::mem::take(&mut rows), matches!(block, Block::Field { .. })));
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    document.build().pack(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}

/// Numbers the paragraphs of one document; docx-rs would go on counting from the document before.
struct Ids(u32);

impl Ids {
    fn paragraph(&mut self) -> Paragraph {
        self.0 += 1;
        Paragraph::new().id(format!("{:08x}", self.0))
    }
}

fn is_row(block: &Block) -> bool {
    matches!(block, Block::Field { .. } | Block::Columns { .. })
}

fn same_table(one: &Block, other: &Block) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn table(rows: Vec<TableRow>, fields: bool) -> Table {
    let widths = if fields { vec![LABEL, COLON, VALUE] } else { vec![COLUMN, COLUMN] };
    Table::without_borders(rows).set_grid(widths).layout(TableLayoutType::Fixed)
}

fn row(ids: &mut Ids, cells: &[(&str, usize)]) -> TableRow {
    let cells = cells.iter().map(|(text, width)| {
        TableCell::new()
            .width(*width, WidthType::Dxa)
            .add_paragraph(ids.paragraph().add_run(Run::new().add_text(*text)))
    });
    TableRow::new(cells.collect()).cant_split()
}

fn paragraph(empty: Paragraph, block: &Block) -> Paragraph {
    let run = |text: &str, size: usize| Run::new().add_text(text).size(size);
    match block {
        Block::Centred { text, loud: true } => empty.align(AlignmentType::Center).add_run(run(text, LOUD).bold()),
        Block::Centred { text, loud: false } => empty.align(AlignmentType::Center).add_run(run(text, TEXT)),
        Block::Rule => {
            let rule =
                ParagraphBorder::new(ParagraphBorderPosition::Bottom).val(BorderType::ThinThickSmallGap).size(18);
            empty.set_borders(ParagraphBorders::with_empty().set(rule)).add_run(run("", 4))
        }
        Block::Right(text) => empty.align(AlignmentType::Right).add_run(run(text, TEXT)),
        Block::Note(text) => empty.add_run(run(text, SMALL).italic()),
        Block::Paragraph(text) => empty.align(AlignmentType::Both).add_run(run(text, TEXT)),
        Block::Space | Block::Field { .. } | Block::Columns { .. } => empty.add_run(run("", 12)),
    }
}
