//! ToUnicode maps (ISO 32000-1, 9.10.3): character codes to the characters they stand for. Ranges stay ranges, so that
//! a map claiming four thousand million codes costs no more than its own bytes.

use std::collections::HashMap;

use super::lexer::{Lexer, Operand, Token};

const ENTRIES: usize = 70_000;

/// A font's codes and the text each of them shows.
#[derive(Debug, Default)]
pub struct ToUnicode {
    singles: HashMap<u32, String>,
    /// First code, last code, character of the first.
    ranges: Vec<(u32, u32, u32)>,
    /// Bytes per code, where the map says so.
    pub width: Option<usize>,
}

impl ToUnicode {
    pub fn parse(data: &[u8]) -> Self {
        let mut map = Self::default();
        let mut lexer = Lexer::new(data);
        let mut operands: Vec<Operand> = Vec::new();
        while let Some(token) = lexer.next() {
            match token {
                Token::Operand(operand) if operands.len() < ENTRIES => operands.push(operand),
                Token::Operand(_) | Token::InlineImage => {}
                Token::Operator(operator) => {
                    match operator {
                        b"endcodespacerange" => map.codespace(&operands),
                        b"endbfchar" => map.chars(&operands),
                        b"endbfrange" => map.spans(&operands),
                        _ => {}
                    }
                    operands.clear();
                }
            }
        }
        map.ranges.sort_by_key(|(first, _, _)| *first);
        map
    }

    pub fn is_empty(&self) -> bool {
        self.singles.is_empty() && self.ranges.is_empty()
    }

    /// Appends the text of `code`; false where the map does not know it.
    pub fn write(&self, code: u32, out: &mut String) -> bool {
        if let Some(text) = self.singles.get(&code) {
            out.push_str(text);
            return true;
        }
        let after = self.ranges.partition_point(|(first, _, _)| *first <= code);
        let range = after.checked_sub(1).and_then(|i| self.ranges.get(i)).filter(|(_, last, _)| code <= *last);
        let Some((first, _, target)) = range else { return false };
        match char::from_u32(target.wrapping_add(code - first)) {
            Some(c) => out.push(c),
            None => return false,
        }
        true
    }

    fn codespace(&mut self, operands: &[Operand]) {
        if let Some(Operand::Text(first)) = operands.first() {
            self.width = Some(first.len().clamp(1, 4));
        }
    }

    fn chars(&mut self, operands: &[Operand]) {
        for pair in operands.chunks_exact(2) {
            if let [Operand::Text(code), Operand::Text(target)] = pair
                && self.singles.len() < ENTRIES
            {
                self.singles.insert(code_of(code), utf16(target));
            }
        }
    }

    fn spans(&mut self, operands: &[Operand]) {
        for triple in operands.chunks_exact(3) {
            let [Operand::Text(first), Operand::Text(last), target] = triple else { continue };
            let (first, last) = (code_of(first), code_of(last));
            match target {
                Operand::Text(target) if last >= first && self.ranges.len() < ENTRIES => {
                    let text = utf16(target);
                    let mut chars = text.chars();
                    match (chars.next(), chars.next()) {
                        (Some(c), None) => self.ranges.push((first, last, c as u32)),
                        (Some(_), Some(_)) => {
                            self.singles.insert(first, text);
                        }
                        _ => {}
                    }
                }
                Operand::Array(targets) => {
                    for (code, target) in (first..=last).zip(targets) {
                        if let Operand::Text(target) = target {
                            self.singles.insert(code, utf16(target));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

fn code_of(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, b| code << 8 | u32::from(*b))
}

fn utf16(bytes: &[u8]) -> String {
    if let [one] = bytes {
        return char::from(*one).to_string();
    }
    let units = bytes.chunks_exact(2).take(64).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_ranges_and_ligatures_are_looked_up() {
        let map = ToUnicode::parse(
            b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfchar <0003> <00660069> endbfchar
              2 beginbfrange <0010> <0012> <0041> <0020> <0021> [<0061> <0062>] endbfrange",
        );
        let mut out = String::new();

        for code in [0x10, 0x12, 0x03, 0x21] {
            assert!(map.write(code, &mut out));
        }

        assert_eq!(out, "ACfib");
        assert_eq!(map.width, Some(2));
        assert!(!map.write(0x99, &mut out));
    }

    #[test]
    fn a_range_over_all_codes_costs_nothing() {
        let map = ToUnicode::parse(b"1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange");
        let mut out = String::new();

        assert!(map.write(1, &mut out));

        assert_eq!(out, "B");
    }
}
