//! Content-stream tokens (ISO 32000-1, 7.8.2): operands and operators, one after the other. Never fails: what cannot
//! be understood is stepped over, because half a letter is better than none.

/// What stands before an operator.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand<'a> {
    Number(f32),
    Name(&'a [u8]),
    Text(Vec<u8>),
    Array(Vec<Operand<'a>>),
    Other,
}

impl Operand<'_> {
    pub fn number(&self) -> Option<f32> {
        if let Self::Number(n) = self { Some(*n) } else { None }
    }
}

/// One step of a content stream.
pub enum Token<'a> {
    Operand(Operand<'a>),
    Operator(&'a [u8]),
    /// `BI … ID … EI`, whose bytes are stepped over.
    InlineImage,
}

pub struct Lexer<'a> {
    data: &'a [u8],
    at: usize,
}

const ARRAYS_IN_ARRAYS: usize = 8;

fn is_space(b: u8) -> bool {
    matches!(b, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(b: u8) -> bool {
    matches!(b, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    pub fn next(&mut self) -> Option<Token<'a>> {
        self.token(0)
    }

    fn token(&mut self, depth: usize) -> Option<Token<'a>> {
        self.skip_space();
        let first = *self.data.get(self.at)?;
        let operand = match first {
            b'(' => Operand::Text(self.literal()),
            b'<' if self.data.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                Operand::Other
            }
            b'<' => Operand::Text(self.hexadecimal()),
            b'/' => {
                self.at += 1;
                Operand::Name(self.regular())
            }
            b'[' => {
                self.at += 1;
                self.array(depth)
            }
            b')' | b'>' | b']' | b'{' | b'}' => {
                self.at += 1;
                Operand::Other
            }
            b'0'..=b'9' | b'+' | b'-' | b'.' => Operand::Number(number(self.regular())),
            _ => {
                let word = self.regular();
                if word == b"BI" {
                    self.skip_inline_image();
                    return Some(Token::InlineImage);
                }
                return Some(match word {
                    b"true" | b"false" | b"null" => Token::Operand(Operand::Other),
                    _ => Token::Operator(word),
                });
            }
        };
        Some(Token::Operand(operand))
    }

    fn skip_space(&mut self) {
        while let Some(&b) = self.data.get(self.at) {
            if b == b'%' {
                while self.data.get(self.at).is_some_and(|b| !matches!(b, b'\r' | b'\n')) {
                    self.at += 1;
                }
            } else if is_space(b) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// At least one byte is consumed, so that the reader always moves on.
    fn regular(&mut self) -> &'a [u8] {
        let start = self.at;
        while self.data.get(self.at).is_some_and(|&b| !is_space(b) && !is_delimiter(b)) {
            self.at += 1;
        }
        &self.data[start..self.at]
    }

    fn array(&mut self, depth: usize) -> Operand<'a> {
        let mut items = Vec::new();
        loop {
            self.skip_space();
            match self.data.get(self.at) {
                None => break,
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                Some(b'[') if depth >= ARRAYS_IN_ARRAYS => self.at += 1,
                Some(_) => match self.token(depth + 1) {
                    Some(Token::Operand(item)) => items.push(item),
                    Some(_) => {}
                    None => break,
                },
            }
        }
        Operand::Array(items)
    }

    fn literal(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut open = 0usize;
        while let Some(&b) = self.data.get(self.at) {
            self.at += 1;
            match b {
                b'(' => {
                    open += 1;
                    if open > 1 {
                        out.push(b);
                    }
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                    out.push(b);
                }
                b'\\' => self.escape(&mut out),
                _ => out.push(b),
            }
        }
        out
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(&b) = self.data.get(self.at) else { return };
        self.at += 1;
        match b {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'\r' => {
                if self.data.get(self.at) == Some(&b'\n') {
                    self.at += 1;
                }
            }
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(b - b'0');
                for _ in 0..2 {
                    match self.data.get(self.at) {
                        Some(&d @ b'0'..=b'7') => {
                            code = code * 8 + u32::from(d - b'0');
                            self.at += 1;
                        }
                        _ => break,
                    }
                }
                out.push((code & 0xFF) as u8);
            }
            other => out.push(other),
        }
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut out = Vec::new();
        let mut high = None;
        while let Some(&b) = self.data.get(self.at) {
            self.at += 1;
            if b == b'>' {
                break;
            }
            let Some(digit) = (b as char).to_digit(16) else { continue };
            match high.take() {
                None => high = Some(digit),
                Some(h) => out.push((h * 16 + digit) as u8),
            }
        }
        if let Some(h) = high {
            out.push((h * 16) as u8);
        }
        out
    }

    fn skip_inline_image(&mut self) {
        let rest = &self.data[self.at..];
        let Some(start) = find(rest, b"ID") else {
            self.at = self.data.len();
            return;
        };
        let mut from = start + 2;
        while let Some(found) = find(&rest[from..], b"EI") {
            let end = from + found;
            let before = end.checked_sub(1).is_some_and(|i| is_space(rest[i]));
            let after = rest.get(end + 2).is_none_or(|&b| is_space(b));
            if before && after {
                self.at += end + 2;
                return;
            }
            from = end + 2;
        }
        self.at = self.data.len();
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// Reads `-1.5`, `.5`, `10.` and the malformed `--5` that some printers write; anything else is 0.
pub fn number(text: &[u8]) -> f32 {
    let mut value = 0f64;
    let mut scale = 0f64;
    let mut negative = false;
    for &b in text.iter().take(40) {
        match b {
            b'-' => negative = true,
            b'.' if scale == 0.0 => scale = 1.0,
            b'0'..=b'9' => {
                value = value * 10.0 + f64::from(b - b'0');
                scale *= 10.0;
            }
            _ => {}
        }
    }
    let value = if scale > 1.0 { value / scale } else { value };
    let value = value.min(1e9) as f32;
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operators(data: &[u8]) -> Vec<String> {
        let mut lexer = Lexer::new(data);
        let mut out = Vec::new();
        while let Some(token) = lexer.next() {
            match token {
                Token::Operator(op) => out.push(String::from_utf8_lossy(op).into_owned()),
                Token::Operand(operand) => out.push(format!("{operand:?}")),
                Token::InlineImage => out.push("image".into()),
            }
        }
        out
    }

    #[test]
    fn text_operators_and_their_operands_are_told_apart() {
        let out = operators(b"BT /F1 12 Tf -1.5 .5 Td [(a\\(b) -120 <41>] TJ ET");

        assert_eq!(out[0], "BT");
        assert_eq!(out[6], "Td");
        assert_eq!(out[7], "Array([Text([97, 40, 98]), Number(-120.0), Text([65])])");
        assert_eq!(out[9], "ET");
    }

    #[test]
    fn an_inline_image_is_stepped_over() {
        assert_eq!(operators(b"q BI /W 1 ID \x00EIx\xff EI Q"), ["q", "image", "Q"]);
        assert_eq!(operators(b"q BI /W 1 ID without an end"), ["q", "image"]);
    }

    #[test]
    fn broken_streams_come_to_an_end() {
        for data in [&b"((((("[..], b"[[[[[[[[[[[[[[[[[[[", b"<<<<", b">>>>)))", b"(\\", b"<4", b"/"] {
            operators(data);
        }
    }
}
