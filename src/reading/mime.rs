//! The MIME tree, walked and not built (RFC 2045, 2046): depth and number of parts are capped on the way down, so that a
//! mail of fifty thousand nested parts costs no more than its bytes. mail-parser reads each part's headers. What comes
//! out is the body's words and the leaves that may be papers.

use std::borrow::Cow;

use mail_parser::{HeaderName, MessageParser, MimeHeaders};

use super::limits::Limits;
use super::{body, cms, html, names, transfer};

/// Header bytes of one part that are looked at.
const HEADERS: usize = 64 * 1024;

/// A part that may be a paper.
#[derive(Debug)]
pub struct Leaf<'a> {
    pub name: Option<String>,
    /// Declared type, lower case, such as `application/pdf`.
    pub kind: String,
    /// `inline`, or without a disposition.
    pub inline: bool,
    /// Content-ID without brackets.
    pub cid: Option<String>,
    pub bytes: Cow<'a, [u8]>,
}

/// What the walk brings back.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    pub body: String,
    pub leaves: Vec<Leaf<'a>>,
    /// HTML bodies as they came, for the pictures they refer to.
    pub markup: Vec<String>,
    pub alerts: Vec<&'static str>,
}

/// Walks the whole mail.
pub fn walk<'a>(raw: &'a [u8], limits: &'a Limits) -> Tree<'a> {
    let mut walk = Walk { limits, parts: 0, tree: Tree::default() };
    let texts = walk.entity(Cow::Borrowed(raw), 0, Place::Mail);
    walk.tree.body = body::join(texts, limits.body);
    walk.tree
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// A whole mail: the one received, or one forwarded inside it.
    Mail,
    Part,
}

/// A piece of body text in the order of the mail.
#[derive(Debug)]
pub struct Text {
    pub text: String,
    pub html: bool,
}

struct Walk<'a> {
    limits: &'a Limits,
    parts: usize,
    tree: Tree<'a>,
}

/// The headers of a part that say what it is.
struct Head {
    kind: String,
    name: Option<String>,
    attachment: bool,
    cid: Option<String>,
    encoding: String,
    charset: Option<String>,
    boundary: Option<String>,
    flowed: bool,
    delsp: bool,
    /// From, Date, Subject and To of a mail, as a person forwarding it would show them.
    shown: String,
}

impl<'a> Walk<'a> {
    fn alert(&mut self, name: &'static str) {
        if !self.tree.alerts.contains(&name) {
            self.tree.alerts.push(name);
        }
    }

    fn entity(&mut self, bytes: Cow<'a, [u8]>, depth: usize, place: Place) -> Vec<Text> {
        self.parts += 1;
        if depth > self.limits.depth || self.parts > self.limits.parts {
            self.alert("nested_too_deep");
            return Vec::new();
        }
        match bytes {
            Cow::Borrowed(bytes) => self.parts_of(bytes, depth, place),
            // Decoded bytes of an encoded container live only here: what comes of them is owned.
            Cow::Owned(bytes) => {
                let mut inner = Walk { limits: self.limits, parts: self.parts, tree: Tree::default() };
                let texts = inner.parts_of(&bytes, depth, place);
                let Walk { parts, tree, .. } = inner;
                let owned = tree.leaves.into_iter().map(|leaf| Leaf { bytes: leaf.bytes.into_owned().into(), ..leaf });
                self.tree.leaves.extend(owned);
                self.tree.markup.extend(tree.markup);
                self.parts = parts;
                tree.alerts.into_iter().for_each(|a| self.alert(a));
                texts
            }
        }
    }

    fn parts_of(&mut self, bytes: &'a [u8], depth: usize, place: Place) -> Vec<Text> {
        let (header, content) = split_header(bytes);
        let head = Head::read(header, place);
        let (major, minor) = head.kind.split_once('/').unwrap_or((&head.kind, ""));
        match (major, minor, &head.boundary) {
            ("multipart", "encrypted", _) => {
                self.alert("encrypted_document");
                Vec::new()
            }
            ("multipart", _, Some(boundary)) if Parts::begin_in(content, boundary) => {
                self.multipart(content, boundary, minor, depth)
            }
            // Without a single part it is what its sender wrote, under a wrong heading.
            ("multipart", _, _) => self.text(content, &head),
            ("message", "rfc822" | "global" | "news", _) => self.forwarded(content, &head, depth),
            ("message", _, _) => Vec::new(),
            ("text", "plain" | "html", _) if !head.attachment && head.name.is_none() => self.text(content, &head),
            ("text", "rfc822-headers" | "calendar" | "x-amp-html", _) if !head.attachment => Vec::new(),
            _ if is_signature(&head) => Vec::new(),
            _ => self.leaf(content, head, depth),
        }
    }

    fn multipart(&mut self, content: &'a [u8], boundary: &str, minor: &str, depth: usize) -> Vec<Text> {
        let mut children = Vec::new();
        for part in Parts::new(content, boundary) {
            if self.parts >= self.limits.parts {
                self.alert("nested_too_deep");
                break;
            }
            children.push(self.entity(Cow::Borrowed(part), depth + 1, Place::Part));
        }
        if minor == "alternative" { body::choose(children) } else { children.into_iter().flatten().collect() }
    }

    fn forwarded(&mut self, content: &'a [u8], head: &Head, depth: usize) -> Vec<Text> {
        let bytes = transfer::decode(content, &head.encoding);
        let (header, _) = split_header(&bytes);
        let shown = Head::read(header, Place::Mail).shown;
        let mut texts = vec![Text { text: format!("---------- Forwarded message ----------\n{shown}"), html: false }];
        texts.extend(self.entity(bytes, depth + 1, Place::Mail));
        texts
    }

    fn text(&mut self, content: &'a [u8], head: &Head) -> Vec<Text> {
        let bytes = transfer::decode(content, &head.encoding);
        let text = transfer::text(&bytes[..bytes.len().min(4 * self.limits.body)], head.charset.as_deref());
        if head.kind == "text/html" {
            let shown = html::to_text(&text);
            self.tree.markup.push(text);
            return vec![Text { text: shown, html: true }];
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = if head.flowed { body::unflow(&text, head.delsp) } else { text };
        vec![Text { text, html: false }]
    }

    fn leaf(&mut self, content: &'a [u8], head: Head, depth: usize) -> Vec<Text> {
        let bytes = transfer::decode(content, &head.encoding);
        // An opaque-signed mail (RFC 8551, 3.5.2) hides a whole MIME part in a signature.
        if matches!(head.kind.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime") {
            match cms::unwrap(&bytes) {
                cms::Wrapped::Signed(inner) => return self.entity(Cow::Owned(inner), depth + 1, Place::Part),
                cms::Wrapped::Encrypted => self.alert("encrypted_document"),
                cms::Wrapped::Other => {}
            }
        }
        let Head { name, kind, attachment, cid, .. } = head;
        self.tree.leaves.push(Leaf { name, kind, inline: !attachment, cid, bytes });
        Vec::new()
    }
}

fn is_signature(head: &Head) -> bool {
    matches!(
        head.kind.as_str(),
        "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature"
    )
}

impl Head {
    fn read(header: &[u8], place: Place) -> Self {
        let parsed = MessageParser::default().parse_headers(&header[..header.len().min(HEADERS)]);
        let mut head = Self {
            kind: "text/plain".into(),
            name: None,
            attachment: false,
            cid: None,
            encoding: String::new(),
            charset: None,
            boundary: None,
            flowed: false,
            delsp: false,
            shown: String::new(),
        };
        let Some(parsed) = parsed else { return head };
        if let Some(kind) = parsed.content_type() {
            let yes = |name: &str, value: &str| kind.attribute(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
            head.kind = format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("")).to_ascii_lowercase();
            head.charset = kind.attribute("charset").map(str::to_owned);
            head.boundary = kind.attribute("boundary").filter(|b| !b.is_empty() && b.len() <= 512).map(str::to_owned);
            head.flowed = yes("format", "flowed");
            head.delsp = yes("delsp", "yes");
        }
        head.name = parsed.attachment_name().map(names::clean).filter(|n| !n.is_empty());
        head.attachment = parsed.content_disposition().is_some_and(|d| d.ctype().eq_ignore_ascii_case("attachment"));
        head.cid = parsed.content_id().map(|id| id.trim_matches(['<', '>']).to_owned());
        head.encoding = parsed.content_transfer_encoding().unwrap_or("").trim().to_owned();
        if place == Place::Mail {
            head.shown = shown(&parsed);
        }
        head
    }
}

fn shown(message: &mail_parser::Message) -> String {
    let people = |address: Option<&mail_parser::Address>| {
        let each = address.into_iter().flat_map(|a| a.iter()).take(20);
        each.map(|a| format!("{} <{}>", a.name().unwrap_or(""), a.address().unwrap_or("")))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let date = message.header_raw(HeaderName::Date).unwrap_or("").trim();
    let subject = message.subject().unwrap_or("");
    let text = format!(
        "From: {}\nDate: {date}\nSubject: {subject}\nTo: {}\n",
        people(message.from()).trim(),
        people(message.to()).trim()
    );
    text.chars().filter(|c| *c == '\n' || !c.is_control()).take(4000).collect()
}

/// Header section and content, parted at the first empty line.
pub fn split_header(bytes: &[u8]) -> (&[u8], &[u8]) {
    if let Some(rest) = bytes.strip_prefix(b"\r\n").or_else(|| bytes.strip_prefix(b"\n")) {
        return (&[], rest);
    }
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\n', &bytes[from..]) {
        let next = from + at + 1;
        match &bytes[next..] {
            [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] => return (&bytes[..next], rest),
            _ => from = next,
        }
    }
    (bytes, &[])
}

/// The parts between a boundary's delimiter lines. A missing end is the end of the content.
struct Parts<'a> {
    rest: Option<&'a [u8]>,
    delimiter: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn new(content: &'a [u8], boundary: &str) -> Self {
        let mut parts = Self { rest: Some(content), delimiter: format!("--{boundary}").into_bytes() };
        // What stands before the first delimiter is a note to old programs.
        parts.next();
        parts
    }

    /// Whether there is any part.
    fn begin_in(content: &[u8], boundary: &str) -> bool {
        let parts = Self { rest: None, delimiter: format!("--{boundary}").into_bytes() };
        parts.delimiter(content).is_some()
    }

    /// The next delimiter line: where the part before it ends, where the next begins, whether it closes.
    fn delimiter(&self, content: &[u8]) -> Option<(usize, usize, bool)> {
        let mut from = 0;
        while let Some(found) = memchr::memmem::find(&content[from..], &self.delimiter) {
            let start = from + found;
            let after = &content[start + self.delimiter.len()..];
            let end = memchr::memchr(b'\n', after).unwrap_or(after.len());
            let tail = after[..end].trim_ascii_end();
            if (start == 0 || content[start - 1] == b'\n') && (tail.is_empty() || tail == b"--") {
                let before = content[..start].strip_suffix(b"\n").unwrap_or(&content[..start]);
                let before = before.strip_suffix(b"\r").unwrap_or(before);
                let next = (start + self.delimiter.len() + end + 1).min(content.len());
                return Some((before.len(), next, tail == b"--"));
            }
            from = start + self.delimiter.len();
        }
        None
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        match self.delimiter(rest) {
            Some((end, next, closing)) => {
                self.rest = (!closing).then_some(&rest[next..]);
                Some(&rest[..end])
            }
            None => {
                self.rest = None;
                Some(rest).filter(|r| !r.trim_ascii().is_empty())
            }
        }
    }
}
