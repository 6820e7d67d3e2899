//! The form as it is printed: A4, one sheet as long as the text fits.

use super::Block;
use crate::letters::sheet::{Face, HEIGHT, LEFT, RIGHT, Sheet, WIDTH, bind, width};

const TEXT: f32 = 11.5;
const SMALL: f32 = 9.0;
/// Where the colons of labelled lines stand, and where the right column begins.
const COLON: f32 = LEFT + 88.0;
const RIGHT_COLUMN: f32 = LEFT + 248.0;
const LAST_LINE: f32 = HEIGHT - 60.0;

pub(super) fn write(blocks: &[Block], title: &str) -> Vec<u8> {
    let mut sheets = vec![Sheet::new()];
    for block in blocks {
        if sheets.last().is_some_and(|sheet| sheet.y > LAST_LINE) {
            sheets.push(Sheet::new());
        }
        if let Some(sheet) = sheets.last_mut() {
            draw(sheet, block);
        }
    }
    bind(&sheets, title, None)
}

fn draw(sheet: &mut Sheet, block: &Block) {
    sheet.font(Face::Regular, TEXT);
    match block {
        Block::Centred { text, loud: true } => sheet.font(Face::Bold, 13.0).centred(WIDTH / 2.0, text),
        Block::Centred { text, loud: false } => sheet.centred(WIDTH / 2.0, text),
        Block::Rule => sheet.rule(1.6).rule(0.5).down(14.0),
        Block::Right(text) => sheet.line(RIGHT - width(text, Face::Regular, TEXT), text),
        Block::Field { label, value } => sheet.field(LEFT, COLON, label, value),
        Block::Columns { left, right } => columns(sheet, left, right),
        Block::Note(text) => sheet.font(Face::Regular, SMALL).paragraph(LEFT, RIGHT, 0.0, text),
        Block::Paragraph(text) => sheet.paragraph(LEFT, RIGHT, 0.0, text),
        Block::Space => sheet.down(8.0),
    };
}

/// Both columns begin on the same line; the longer one sets where the next begins.
fn columns<'s>(sheet: &'s mut Sheet, left: &str, right: &str) -> &'s mut Sheet {
    let top = sheet.y;
    sheet.paragraph(LEFT, RIGHT_COLUMN - 20.0, 0.0, left);
    let below = sheet.y;
    sheet.y = top;
    sheet.paragraph(RIGHT_COLUMN, RIGHT, 0.0, right);
    sheet.y = sheet.y.max(below);
    sheet
}
