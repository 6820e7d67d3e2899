//! Forms of the desk's pages as a browser sees them: what is filled in already stays, the rest is for the person.

use anyhow::{Result, bail};

/// A form and what it would send now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// Empty where it has none.
    pub id: String,
    pub action: String,
    fields: Vec<(String, String)>,
    /// Every name there is to fill in, also those that would not be sent yet.
    names: Vec<String>,
}

impl Form {
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Fills in a field; fails where the form has none of this name.
    pub fn fill(mut self, name: &str, value: &str) -> Result<Self> {
        if !self.has(name) {
            bail!("the form {:?} has no field {name:?}", self.id);
        }
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        Ok(self)
    }

    /// `application/x-www-form-urlencoded` (URL standard §5.2).
    pub fn encoded(&self) -> String {
        let pairs: Vec<String> =
            self.fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        pairs.join("&")
    }

    fn take(&mut self, name: Option<String>, value: Option<String>) {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return };
        if let Some(value) = value {
            self.fields.push((name.clone(), value));
        }
        self.names.push(name);
    }
}

/// All forms of a page, in order.
pub fn forms(html: &str) -> Vec<Form> {
    let mut found: Vec<Form> = Vec::new();
    let mut open = false;
    // The list being read, and what it would send.
    let mut choice: Option<(String, Option<String>)> = None;
    let mut rest = html;
    while let Some((tag, after)) = next_tag(rest) {
        rest = after;
        if tag.name == "form" {
            found.push(Form {
                id: tag.value("id").unwrap_or_default(),
                action: tag.value("action").unwrap_or_default(),
                ..Form::default()
            });
            open = true;
        }
        let Some(form) = found.last_mut().filter(|_| open) else { continue };
        match tag.name {
            "/form" => open = false,
            "input" => {
                let ticked = !matches!(tag.value("type").as_deref(), Some("radio" | "checkbox")) || tag.has("checked");
                form.take(tag.value("name"), ticked.then(|| tag.value("value").unwrap_or_default()));
            }
            "textarea" => {
                let end = rest.find("</textarea").unwrap_or(rest.len());
                form.take(tag.value("name"), Some(decoded(rest[..end].strip_prefix('\n').unwrap_or(&rest[..end]))));
                rest = &rest[end..];
            }
            "select" => choice = tag.value("name").map(|name| (name, None)),
            "option" => {
                if let Some((_, value)) = &mut choice
                    && (value.is_none() || tag.has("selected"))
                {
                    *value = tag.value("value");
                }
            }
            "/select" => {
                if let Some((name, value)) = choice.take() {
                    form.take(Some(name), value);
                }
            }
            _ => {}
        }
    }
    found
}

/// A page's text without markup.
pub fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    text.push_str(rest);
    decoded(text.trim())
}

struct Tag<'h> {
    name: &'h str,
    attributes: Vec<(&'h str, Option<&'h str>)>,
}

impl Tag<'_> {
    fn has(&self, name: &str) -> bool {
        self.attributes.iter().any(|(known, _)| *known == name)
    }

    fn value(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.map(decoded))
    }
}

/// The next tag, and what follows it. The templates quote every value.
fn next_tag(html: &str) -> Option<(Tag<'_>, &str)> {
    let start = html.find('<')? + 1;
    let body = &html[start..];
    let name_end = body.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(body.len());
    let mut attributes = Vec::new();
    let mut rest = &body[name_end..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return Some((Tag { name: &body[..name_end], attributes }, after));
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '>')?;
        let name = &rest[..end];
        rest = &rest[end..];
        match rest.strip_prefix("=\"") {
            Some(quoted) => {
                let close = quoted.find('"')?;
                attributes.push((name, Some(&quoted[..close])));
                rest = &quoted[close + 1..];
            }
            None => {
                attributes.push((name, None));
                rest = rest.strip_prefix('=').unwrap_or(rest);
            }
        }
    }
}

fn decoded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end <= 10);
        let Some((end, known)) = end.and_then(|end| Some((end, reference(&rest[1..end])?))) else {
            plain.push('&');
            rest = &rest[1..];
            continue;
        };
        plain.push(known);
        rest = &rest[end + 1..];
    }
    plain.push_str(rest);
    plain
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<form method="post" action="/keluar"><button>Kunci</button></form>
        <form id="tolak" method="post" action="/berkas/A/tolak"><input type="hidden" name="bukti" value="a&#38;b">
        <input type="checkbox" name="butir" value="x" checked><input type="checkbox" name="butir" value="y">
        <select name="dasar"><option value="R01">satu</option><option value="R04" selected>empat</option></select>
        <textarea name="catatan" rows="2">pagi &lt;sore&gt;</textarea><input name="kode" inputmode="numeric"></form>"#;

    #[test]
    fn a_form_sends_what_a_browser_would() {
        let form = forms(PAGE).into_iter().find(|form| form.id == "tolak").unwrap();

        assert_eq!(form.action, "/berkas/A/tolak");
        assert_eq!(form.encoded(), "bukti=a%26b&butir=x&dasar=R04&catatan=pagi+%3Csore%3E&kode=");
        let filled = form.fill("dasar", "R02").unwrap().fill("kode", "123 456").unwrap();
        assert_eq!(filled.encoded(), "bukti=a%26b&butir=x&catatan=pagi+%3Csore%3E&dasar=R02&kode=123+456");
        assert!(filled.fill("admin", "x").is_err());
    }

    #[test]
    fn text_is_read_without_markup() {
        assert_eq!(plain("<span>AbCd</span><span>&#60;1&gt;</span>"), "AbCd<1>");
        assert_eq!(plain("a & b &nichts; <b"), "a & b &nichts; ");
    }
}
