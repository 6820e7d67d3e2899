//! XML of office documents, event by event: no DTD (so no entity bombs and nothing fetched), depth capped, names without
//! their prefixes.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Elements within elements; Word's deepest real documents stay under forty.
const DEPTH: usize = 256;

/// What an XML document does next.
pub enum Step<'a> {
    Open(&'a Element<'a>),
    Close(&'a str),
    Text(&'a str),
}

/// An element's name without prefix, and its attributes.
pub struct Element<'a> {
    pub name: &'a str,
    start: &'a BytesStart<'a>,
}

impl Element<'_> {
    /// An attribute by its local name.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let mut attributes = self.start.attributes();
        let found =
            attributes.with_checks(false).take(64).flatten().find(|a| a.key.local_name().into_inner() == name)?;
        found.normalized_value(XmlVersion::Implicit1_0).ok().map(|v| v.into_owned())
    }

    pub fn number(&self, name: &str) -> Option<f32> {
        self.attribute(name)?.parse().ok()
    }
}

/// Walks the document. `None`: it is broken, too deep, or brings a DTD; what was seen until then has been handed over.
pub fn walk(text: &str, mut each: impl FnMut(Step)) -> Option<()> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                depth += 1;
                if depth > DEPTH {
                    return None;
                }
                each(Step::Open(&Element { name: start.local_name().into_inner(), start: &start }));
            }
            Event::Empty(start) => {
                let name = start.local_name();
                each(Step::Open(&Element { name: name.into_inner(), start: &start }));
                each(Step::Close(name.into_inner()));
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                each(Step::Close(end.local_name().into_inner()));
            }
            Event::Text(text) => each(Step::Text(&text.xml10_content())),
            Event::CData(data) => each(Step::Text(&data.xml10_content())),
            Event::GeneralRef(reference) => {
                let c = match reference.resolve_char_ref() {
                    Ok(Some(c)) => c,
                    _ => match &*reference.xml10_content() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        _ => return None,
                    },
                };
                each(Step::Text(c.encode_utf8(&mut [0; 4])));
            }
            Event::DocType(_) => return None,
            Event::Eof => return Some(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_names_come_in_order_and_a_dtd_ends_it() {
        let mut seen = String::new();
        let walked = walk("<w:p w:a='1'>Budi &amp; &#65;<w:br/></w:p>", |step| match step {
            Step::Open(e) => seen += &format!("<{}{}>", e.name, e.attribute("a").unwrap_or_default()),
            Step::Close(name) => seen += &format!("</{name}>"),
            Step::Text(text) => seen += text,
        });

        assert!(walked.is_some());
        assert_eq!(seen, "<p1>Budi & A<br></br></p>");
        assert!(walk("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", |_| {}).is_none());
        assert!(walk(&"<a>".repeat(10_000), |_| {}).is_none());
    }
}
