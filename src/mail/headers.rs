//! The header section as fields in their order, unfolded (RFC 5322, 2.2.3). Order and repetition are kept, because trust
//! hangs on them: the topmost trace lines are the ones our own server wrote.

use std::borrow::Cow;

/// Bytes of a header section that are read. A longer one is refused as malformed.
pub const LIMIT: usize = 64 * 1024;

/// One field. The value is unfolded and without blanks at its ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    pub name: Cow<'a, str>,
    pub value: String,
}

/// A mail's header section.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    pub fields: Vec<Field<'a>>,
    /// The section as it came, for readers that want it whole.
    pub bytes: &'a [u8],
    /// Ended by an empty line or the end of the mail within [`LIMIT`].
    pub whole: bool,
}

impl<'a> Headers<'a> {
    pub fn read(raw: &'a [u8]) -> Self {
        let window = &raw[..raw.len().min(LIMIT)];
        let end = section_end(window);
        let whole = end.is_some() || raw.len() <= LIMIT;
        let bytes = &window[..end.unwrap_or(window.len())];
        let mut fields: Vec<Field> = Vec::new();
        // How a line that is no field goes on must not end up in the field above it, which may be our own server's.
        let mut kept = false;
        for line in bytes.split(|b| *b == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
                if let Some(last) = fields.last_mut().filter(|_| kept) {
                    last.value.push(' ');
                    last.value.push_str(String::from_utf8_lossy(line).trim());
                }
                continue;
            }
            let begun = begin(line);
            kept = begun.is_some();
            fields.extend(begun);
        }
        Self { fields, bytes, whole }
    }

    /// All values of a field, topmost first.
    pub fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h str> {
        self.fields.iter().filter(move |f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.as_str())
    }

    /// The topmost value of a field.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }
}

/// The field that begins with this line; `None` where none does.
fn begin(line: &[u8]) -> Option<Field<'_>> {
    let colon = memchr::memchr(b':', line)?;
    let name = String::from_utf8_lossy(line[..colon].trim_ascii_end());
    let named = !name.is_empty() && name.bytes().all(|b| (33..=126).contains(&b));
    let value = String::from_utf8_lossy(line[colon + 1..].trim_ascii()).into_owned();
    named.then_some(Field { name, value })
}

fn section_end(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\n") || bytes.starts_with(b"\r\n") {
        return Some(0);
    }
    memchr::memchr_iter(b'\n', bytes)
        .find(|at| bytes[at + 1..].starts_with(b"\n") || bytes[at + 1..].starts_with(b"\r\n"))
        .map(|at| at + 1)
}

/// A value without its comments (RFC 5322, 3.2.2), which may nest and hold anything. Quoted strings stay as they are.
pub fn without_comments(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for c in value.chars() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if quoted {
            quoted = c != '"';
        } else if c == '(' {
            depth += 1;
            continue;
        } else if c == ')' && depth > 0 {
            depth -= 1;
            out.push(' ');
            continue;
        } else if c == '"' && depth == 0 {
            quoted = true;
        }
        if depth == 0 {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_unfolded_and_keep_their_order() {
        let headers = Headers::read(b"Received: one;\r\n\tMon\r\nX:y\nRECEIVED: two\r\n\r\nReceived: body");

        assert_eq!(headers.all("received").collect::<Vec<_>>(), ["one; Mon", "two"]);
        assert_eq!(headers.first("x"), Some("y"));
        assert!(headers.whole);
        assert!(!Headers::read(&b"a: b\n".repeat(20_000)).whole);
    }

    /// What follows a line that is no field was added to the field above it.
    #[test]
    fn t02_a_line_that_is_no_field_goes_on_in_no_other() {
        for odd in ["X Y: z", "no colon", ": nameless", "X\u{fc}: z"] {
            let text = format!("A: b\r\n{odd}\r\n c\r\n\td\r\nE: f\r\n g\r\n\r\n");
            let headers = Headers::read(text.as_bytes());

            let fields: Vec<_> = headers.fields.iter().map(|f| (&*f.name, &*f.value)).collect();
            assert_eq!(fields, [("A", "b"), ("E", "f g")], "{odd}");
        }
    }

    #[test]
    fn comments_are_taken_out_and_quotes_left_in() {
        assert_eq!(without_comments("a (b (c) \\) d) e").split_whitespace().collect::<Vec<_>>(), ["a", "e"]);
        assert_eq!(without_comments("\"(kept)\" x"), "\"(kept)\" x");
        assert_eq!(without_comments("a (never closed"), "a ");
    }
}
