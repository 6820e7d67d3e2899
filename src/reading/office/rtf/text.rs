//! Characters, paragraphs, cells and rows of an RTF as blocks. Characters come as bytes of a code page, or as units of
//! UTF-16 followed by what old programs show instead.

use crate::reading::office::flow::{Align, Block, Piece};
use crate::reading::transfer;

/// Text being put together.
pub struct Text {
    /// Number of the document's code page.
    code_page: u32,
    /// Bytes and units not yet made into characters.
    bytes: Vec<u8>,
    units: Vec<u16>,
    hidden: bool,
    /// Characters to leave out, as they only repeat a unit.
    owed: usize,
    pieces: Vec<Piece>,
    cell: Vec<Block>,
    row: Vec<Vec<Block>>,
    rows: Vec<Vec<Vec<Block>>>,
    edges: Vec<i32>,
    widths: Vec<f32>,
    blocks: Vec<Block>,
    /// Pieces, paragraphs and cells that may still come.
    room: usize,
}

impl Text {
    pub fn new(room: usize) -> Self {
        Self {
            code_page: 1252,
            bytes: Vec::new(),
            units: Vec::new(),
            hidden: false,
            owed: 0,
            pieces: Vec::new(),
            cell: Vec::new(),
            row: Vec::new(),
            rows: Vec::new(),
            edges: Vec::new(),
            widths: Vec::new(),
            blocks: Vec::new(),
            room,
        }
    }

    pub fn has_room(&self) -> bool {
        self.room > 0
    }

    fn spend(&mut self) {
        self.room = self.room.saturating_sub(1);
    }

    pub fn set_code_page(&mut self, number: i32) {
        self.code_page = u32::try_from(number).unwrap_or(0);
    }

    /// Characters of the code page.
    pub fn bytes(&mut self, bytes: &[u8], hidden: bool) {
        let left_out = self.owed.min(bytes.len());
        self.owed -= left_out;
        if left_out < bytes.len() {
            self.shown_as(hidden);
            self.characters();
            self.bytes.extend_from_slice(&bytes[left_out..]);
        }
    }

    /// A unit of UTF-16, and how many characters after it say the same.
    pub fn unit(&mut self, unit: u16, fallback: usize, hidden: bool) {
        self.shown_as(hidden);
        self.decode();
        self.units.push(unit);
        self.owed = fallback;
    }

    pub fn write(&mut self, text: &str, hidden: bool) {
        self.settle();
        self.push(text.to_owned(), hidden);
    }

    /// Ends what a group's end ends: pending characters.
    pub fn settle(&mut self) {
        self.characters();
        self.decode();
        self.owed = 0;
    }

    fn shown_as(&mut self, hidden: bool) {
        if self.hidden != hidden {
            self.characters();
            self.decode();
            self.hidden = hidden;
        }
    }

    /// Pending units become characters.
    fn characters(&mut self) {
        if !self.units.is_empty() {
            let units = std::mem::take(&mut self.units);
            let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            self.push(text, self.hidden);
        }
    }

    /// Pending bytes become characters.
    fn decode(&mut self) {
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            let text = transfer::in_code_page(&bytes, self.code_page);
            self.push(text, self.hidden);
        }
    }

    fn push(&mut self, text: String, hidden: bool) {
        match self.pieces.last_mut() {
            Some(Piece::Text { text: before, hidden: alike }) if *alike == hidden => before.push_str(&text),
            _ => {
                self.spend();
                self.pieces.push(Piece::Text { text, hidden });
            }
        }
    }

    pub fn piece(&mut self, piece: Piece) {
        self.settle();
        self.spend();
        self.pieces.push(piece);
    }

    pub fn end_paragraph(&mut self, align: Align, in_table: bool) {
        self.settle();
        self.spend();
        let pieces = std::mem::take(&mut self.pieces);
        let paragraph = Block::Paragraph { align, pieces };
        if in_table {
            self.cell.push(paragraph);
        } else {
            self.end_table();
            self.blocks.push(paragraph);
        }
    }

    pub fn end_cell(&mut self, align: Align) {
        self.end_paragraph(align, true);
        self.row.push(std::mem::take(&mut self.cell));
    }

    pub fn begin_row(&mut self) {
        self.edges.clear();
    }

    /// The right edge of the next cell.
    pub fn edge(&mut self, at: i32) {
        if self.edges.len() < 100 {
            self.edges.push(at);
        }
    }

    pub fn end_row(&mut self) {
        self.settle();
        if self.row.is_empty() {
            return;
        }
        if self.rows.is_empty() {
            let lefts = std::iter::once(0).chain(self.edges.iter().copied());
            self.widths = self.edges.iter().zip(lefts).map(|(right, left)| right.saturating_sub(left) as f32).collect();
        }
        self.rows.push(std::mem::take(&mut self.row));
    }

    fn end_table(&mut self) {
        if !self.cell.is_empty() {
            self.row.push(std::mem::take(&mut self.cell));
        }
        self.end_row();
        if !self.rows.is_empty() {
            let (widths, rows) = (std::mem::take(&mut self.widths), std::mem::take(&mut self.rows));
            self.blocks.push(Block::Table { widths, rows });
        }
    }

    /// How many blocks stand.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Takes the blocks that came after so many.
    pub fn take_from(&mut self, begun: usize) -> Vec<Block> {
        self.end_table();
        self.blocks.split_off(begun.min(self.blocks.len()))
    }

    pub fn finish(mut self) -> Vec<Block> {
        self.end_table();
        self.blocks
    }
}
