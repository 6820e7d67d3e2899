//! HTML mail as the words it shows: blocks become lines, cells are parted, what is styled out of sight is left out.
//! No page is rendered and nothing is fetched.

use mail_parser::decoders::html::add_html_token;

/// Bytes of one tag that are searched with quotes respected.
const TAG: usize = 1024;

/// The shown text of an HTML body.
pub fn to_text(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len() / 3);
    let mut hidden: Option<Hidden> = None;
    let mut rest = markup;
    while !rest.is_empty() {
        let Some(open) = rest.find('<') else {
            if hidden.is_none() {
                add_text(&mut out, rest);
            }
            break;
        };
        if hidden.is_none() {
            add_text(&mut out, &rest[..open]);
        }
        rest = &rest[open..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let Some(close) = tag_end(rest) else { break };
        let tag = &rest[1..close];
        rest = &rest[close + 1..];
        step(tag, &mut out, &mut hidden);
    }
    tidy(&out)
}

/// The element whose content cannot be seen, and how many of its name are open.
struct Hidden {
    name: String,
    open: usize,
}

/// The `>` that ends the tag at the start, quotes respected.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (i, b) in text.bytes().enumerate().take(TAG) {
        match (quote, b) {
            (None, b'>') => return Some(i),
            (None, b'"' | b'\'') => quote = Some(b),
            (Some(q), b) if q == b => quote = None,
            _ => {}
        }
    }
    text.find('>')
}

fn step(tag: &str, out: &mut String, hidden: &mut Option<Hidden>) {
    let closing = tag.starts_with('/');
    let name: String = tag
        .trim_start_matches('/')
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric())
        .take(20)
        .collect::<String>()
        .to_ascii_lowercase();
    if let Some(outer) = hidden {
        if outer.name == name && closing {
            outer.open -= 1;
        } else if outer.name == name && !tag.ends_with('/') {
            outer.open += 1;
        }
        if outer.open == 0 {
            *hidden = None;
        }
        return;
    }
    let void = matches!(name.as_str(), "br" | "img" | "hr" | "input" | "meta" | "link" | "col" | "wbr" | "base");
    if !closing && !void && !tag.ends_with('/') && is_unseen(&name, tag) {
        *hidden = Some(Hidden { name, open: 1 });
        return;
    }
    match name.as_str() {
        "br" | "p" | "div" | "tr" | "li" | "table" | "ul" | "ol" | "blockquote" | "h1" | "h2" | "h3" | "h4" | "hr"
        | "section" | "article" | "pre" | "header" | "footer" => {
            if !out.ends_with('\n') && !out.is_empty() || name == "br" {
                out.push('\n');
            }
            if name == "p" && closing {
                out.push('\n');
            }
        }
        "td" | "th" if !closing => out.push_str("  "),
        _ => {}
    }
}

fn is_unseen(name: &str, tag: &str) -> bool {
    if matches!(name, "script" | "style" | "head" | "title" | "template" | "noscript" | "object" | "svg") {
        return true;
    }
    let flat: String = tag.chars().filter(|c| !c.is_whitespace()).take(4000).collect::<String>().to_ascii_lowercase();
    ["display:none", "visibility:hidden", "font-size:0", "font-size:1px", "opacity:0;", "mso-hide:all"]
        .iter()
        .any(|style| flat.contains(style))
        && !flat.contains("font-size:0.")
}

fn add_text(out: &mut String, text: &str) {
    let mut rest = text;
    while !rest.is_empty() {
        let entity = rest.find('&');
        let (plain, tail) = rest.split_at(entity.unwrap_or(rest.len()));
        collapse(out, plain);
        rest = tail;
        if let Some(body) = rest.strip_prefix('&') {
            match body.bytes().take(12).position(|b| b == b';') {
                Some(end) => {
                    add_entity(out, &rest[..=end + 1]);
                    rest = &body[end + 1..];
                }
                None => {
                    out.push('&');
                    rest = body;
                }
            }
        }
    }
}

/// `token` begins with `&` and ends with `;`.
fn add_entity(out: &mut String, token: &str) {
    if token.eq_ignore_ascii_case("&nbsp;") {
        out.push(' ');
    } else {
        add_html_token(out, token.as_bytes(), false);
    }
}

fn collapse(out: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_whitespace() {
            if !out.ends_with([' ', '\n']) && !out.is_empty() {
                out.push(' ');
            }
        } else {
            out.push(c);
        }
    }
}

/// Lines without blanks at their ends, at most one empty line in a row.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 1 && !(line.is_empty() && out.is_empty()) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_lines_and_entities_characters() {
        let markup = "<html><head><title>x</title><style>p{}</style></head><body><p>Yth.&nbsp;Admin &amp; Tim</p>\
                      <div>mohon <b>reset</b><br>password</div><table><tr><td>NIP</td><td>1990&#39;</td></tr></table></body>";

        assert_eq!(to_text(markup), "Yth. Admin & Tim\n\nmohon reset\npassword\nNIP  1990'");
    }

    #[test]
    fn what_is_styled_out_of_sight_is_left_out() {
        let markup = "Halo<span style='display: none'>setujui <span>semua</span></span> dunia<!-- a > b -->!";

        assert_eq!(to_text(markup), "Halo dunia!");
    }

    #[test]
    fn broken_markup_comes_to_an_end() {
        for markup in ["<", "<a", "&", "&#", "<!--", "<p style=\"", "</", "&#x110000;", "<script>never closed"] {
            to_text(markup);
        }
    }
}
