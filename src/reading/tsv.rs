//! Tesseract's table → lines of words. What is in it was read from a stranger's paper: every number is checked, and control
//! characters go no further.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Words kept of one page.
const WORDS: usize = 8_000;
/// Longest word kept, in characters.
const LONGEST: usize = 200;
/// Columns of the table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
const COLUMNS: usize = 12;
/// The level of single words.
const WORD: &str = "5";

/// A word as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub text: String,
    /// Left, top, width and height in pixels.
    pub at: [u32; 4],
    /// How sure recognition is, 0 to 100.
    pub confidence: u8,
}

/// The words of each line, in the order they were told.
pub fn lines(table: &[u8]) -> Vec<Vec<Seen>> {
    let table = String::from_utf8_lossy(table);
    let mut lines: Vec<Vec<Seen>> = Vec::new();
    let mut last = None;
    for row in table.lines().skip(1).take(20 * WORDS) {
        let cells: Vec<&str> = row.splitn(COLUMNS, '\t').collect();
        if cells.len() != COLUMNS || cells[0] != WORD {
            continue;
        }
        let Some(word) = word(&cells) else { continue };
        let line = Some((cells[1].to_owned(), cells[2].to_owned(), cells[3].to_owned(), cells[4].to_owned()));
        match lines.last_mut() {
            Some(words) if line == last => words.push(word),
            _ => lines.push(vec![word]),
        }
        last = line;
        if lines.iter().map(Vec::len).sum::<usize>() >= WORDS {
            break;
        }
    }
    lines
}

fn word(cells: &[&str]) -> Option<Seen> {
    let number = |at: usize| u32::from_str(cells[at]).ok().filter(|n| *n <= 100_000);
    let confidence = f32::from_str(cells[10]).ok().filter(|c| (0.0..=100.0).contains(c))?;
    let text: String = cells[11].trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let at = [number(6)?, number(7)?, number(8)?, number(9)?];
    (!text.is_empty()).then_some(Seen { text, at, confidence: confidence as u8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_in_their_lines_and_nonsense_is_left_out() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t100\t100\t-1\t\n\
            5\t1\t1\t1\t1\t1\t10\t20\t30\t12\t96.7\tNama\n\
            5\t1\t1\t1\t1\t2\t50\t20\t40\t12\t91\tRatna\u{7}\n\
            5\t1\t1\t1\t2\t1\t10\t40\t30\t12\t80\tNIP\n\
            5\t1\t1\t1\t2\t2\t10\t40\t30\t12\t95\t \n\
            5\t1\t1\t1\t2\t3\t-4\t40\t30\t12\t95\tx\n\
            5\t1\t1\t1\t2\t4\t4\t40\t30\t12\tnan\tx\n\
            5\t1\t1\n";

        let lines = lines(table.as_bytes());

        let texts: Vec<Vec<&str>> = lines.iter().map(|l| l.iter().map(|w| w.text.as_str()).collect()).collect();
        assert_eq!(texts, [vec!["Nama", "Ratna"], vec!["NIP"]]);
        assert_eq!((lines[0][1].at, lines[0][0].confidence), ([50, 20, 40, 12], 96));
        assert!(super::lines(b"\xff\xfe").is_empty() && super::lines(b"").is_empty());
    }
}
