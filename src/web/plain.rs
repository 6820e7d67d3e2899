//! How foreign text gets onto a page: markup is escaped, and characters one cannot see (controls, bidi overrides,
//! zero-width ones) are written out as code points, so that no name, subject or file name looks like what it is not.
//! Every `{{ … }}` of every template goes through here; the pictures of pages use it too.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// The escaper of all templates (named in `askama.toml`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Escaper for Plain {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        string.chars().try_for_each(|c| write_visible(&mut dest, c))
    }
}

/// `text` as safe markup, for what is built outside the templates.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let _ = Plain.write_escaped_str(&mut out, text);
    out
}

fn write_visible<W: Write>(dest: &mut W, c: char) -> fmt::Result {
    match c {
        '&' => dest.write_str("&#38;"),
        '<' => dest.write_str("&#60;"),
        '>' => dest.write_str("&#62;"),
        '"' => dest.write_str("&#34;"),
        '\'' => dest.write_str("&#39;"),
        '\r' => Ok(()),
        '\n' | '\t' => dest.write_char(c),
        c if is_unseen(c) => write!(dest, "⟨U+{:04X}⟩", u32::from(c)),
        c => dest.write_char(c),
    }
}

/// Controls, format characters and blanks that look like something else or like nothing.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F
            | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_written_backwards_shows_its_override() {
        let shown = escaped("slip\u{202e}fdp.exe");

        assert_eq!(shown, "slip⟨U+202E⟩fdp.exe");
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(escaped("<b o='1'>&\"</b>\r\n\u{0}"), "&#60;b o=&#39;1&#39;&#62;&#38;&#34;&#60;/b&#62;\n⟨U+0000⟩");
    }

    proptest! {
        #[test]
        fn nothing_unseen_and_no_markup_comes_through(text in any::<String>()) {
            let shown = escaped(&text);

            prop_assert!(!shown.contains(['<', '>', '"', '\'']));
            prop_assert!(!shown.chars().any(|c| is_unseen(c) && c != '\n' && c != '\t'));
        }
    }
}
