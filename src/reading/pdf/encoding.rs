//! One-byte encodings and glyph names (ISO 32000-1, annex D): which character a code of a simple font means when the
//! font brings no ToUnicode map.

/// The named encodings a simple font may start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    Standard,
    WinAnsi,
    MacRoman,
}

const WIN_ANSI: &str = "€•‚ƒ„…†‡ˆ‰Š‹Œ•Ž••‘’“”•–—˜™š›œ•žŸ";

const MAC_ROMAN: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄¤‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";

/// Standard encoding above ASCII, as pairs of code and character.
const STANDARD: &[(u8, char)] = &[
    (0x27, '’'),
    (0x60, '‘'),
    (0xA1, '¡'),
    (0xA2, '¢'),
    (0xA3, '£'),
    (0xA4, '⁄'),
    (0xA5, '¥'),
    (0xA6, 'ƒ'),
    (0xA7, '§'),
    (0xA8, '¤'),
    (0xA9, '\''),
    (0xAA, '“'),
    (0xAB, '«'),
    (0xAC, '‹'),
    (0xAD, '›'),
    (0xAE, 'ﬁ'),
    (0xAF, 'ﬂ'),
    (0xB1, '–'),
    (0xB2, '†'),
    (0xB3, '‡'),
    (0xB4, '·'),
    (0xB6, '¶'),
    (0xB7, '•'),
    (0xB8, '‚'),
    (0xB9, '„'),
    (0xBA, '”'),
    (0xBB, '»'),
    (0xBC, '…'),
    (0xBD, '‰'),
    (0xBF, '¿'),
    (0xD0, '—'),
    (0xE1, 'Æ'),
    (0xE8, 'Ł'),
    (0xE9, 'Ø'),
    (0xEA, 'Œ'),
    (0xF1, 'æ'),
    (0xF5, 'ı'),
    (0xF8, 'ł'),
    (0xF9, 'ø'),
    (0xFA, 'œ'),
    (0xFB, 'ß'),
];

/// The character of `code` in `base`; `None` where the encoding leaves the code empty.
pub fn character(base: Base, code: u8) -> Option<char> {
    if base == Base::Standard
        && let Some((_, c)) = STANDARD.iter().find(|(b, _)| *b == code)
    {
        return Some(*c);
    }
    match code {
        0x20..=0x7E => Some(code as char),
        0x80..=0x9F if base == Base::WinAnsi => WIN_ANSI.chars().nth(usize::from(code - 0x80)),
        0xA0..=0xFF if base == Base::WinAnsi => Some(code as char),
        0x80..=0xFF if base == Base::MacRoman => MAC_ROMAN.chars().nth(usize::from(code - 0x80)),
        _ => None,
    }
}

const NAMES: &[(&str, char)] = &[
    ("space", ' '),
    ("nbspace", '\u{a0}'),
    ("exclam", '!'),
    ("quotedbl", '"'),
    ("numbersign", '#'),
    ("dollar", '$'),
    ("percent", '%'),
    ("ampersand", '&'),
    ("quotesingle", '\''),
    ("quoteright", '’'),
    ("quoteleft", '‘'),
    ("parenleft", '('),
    ("parenright", ')'),
    ("asterisk", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("hyphen", '-'),
    ("sfthyphen", '\u{ad}'),
    ("minus", '−'),
    ("period", '.'),
    ("slash", '/'),
    ("zero", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("colon", ':'),
    ("semicolon", ';'),
    ("less", '<'),
    ("equal", '='),
    ("greater", '>'),
    ("question", '?'),
    ("at", '@'),
    ("bracketleft", '['),
    ("backslash", '\\'),
    ("bracketright", ']'),
    ("asciicircum", '^'),
    ("underscore", '_'),
    ("grave", '`'),
    ("braceleft", '{'),
    ("bar", '|'),
    ("braceright", '}'),
    ("asciitilde", '~'),
    ("bullet", '•'),
    ("endash", '–'),
    ("emdash", '—'),
    ("ellipsis", '…'),
    ("quotedblleft", '“'),
    ("quotedblright", '”'),
    ("quotesinglbase", '‚'),
    ("quotedblbase", '„'),
    ("guillemotleft", '«'),
    ("guillemotright", '»'),
    ("degree", '°'),
    ("section", '§'),
    ("paragraph", '¶'),
    ("copyright", '©'),
    ("registered", '®'),
    ("trademark", '™'),
    ("periodcentered", '·'),
    ("fi", 'ﬁ'),
    ("fl", 'ﬂ'),
    ("ff", 'ﬀ'),
    ("ffi", 'ﬃ'),
    ("ffl", 'ﬄ'),
    ("germandbls", 'ß'),
    ("dotlessi", 'ı'),
    ("ae", 'æ'),
    ("AE", 'Æ'),
    ("oslash", 'ø'),
    ("Oslash", 'Ø'),
    ("oe", 'œ'),
    ("OE", 'Œ'),
    ("Euro", '€'),
    ("multiply", '×'),
    ("mu", 'µ'),
];

/// Accents that follow a letter in glyph names such as `eacute`.
const ACCENTS: &[(&str, char)] = &[
    ("acute", '\u{301}'),
    ("grave", '\u{300}'),
    ("circumflex", '\u{302}'),
    ("dieresis", '\u{308}'),
    ("tilde", '\u{303}'),
    ("ring", '\u{30a}'),
    ("cedilla", '\u{327}'),
    ("caron", '\u{30c}'),
];

/// The character of a glyph name (Adobe Glyph List, its Latin part); `None` for names that only the font knows.
pub fn glyph(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    let name = name.split('.').next().filter(|n| !n.is_empty())?;
    if name.len() == 1 {
        return name.chars().next();
    }
    if let Some((_, c)) = NAMES.iter().find(|(n, _)| *n == name) {
        return Some(*c);
    }
    let hexadecimal = |text: &str| u32::from_str_radix(text, 16).ok().and_then(char::from_u32);
    if let Some(code) = name.strip_prefix("uni").filter(|c| c.len() >= 4 && c.is_ascii()) {
        return hexadecimal(&code[..4]);
    }
    if let Some(code) = name.strip_prefix('u').filter(|c| (4..=6).contains(&c.len()))
        && let Some(c) = hexadecimal(code)
    {
        return Some(c);
    }
    let letter = name.chars().next().filter(char::is_ascii_alphabetic)?;
    let (_, accent) = ACCENTS.iter().find(|(n, _)| *n == &name[1..])?;
    unicode_normalization::char::compose(letter, *accent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_to_characters() {
        assert_eq!(character(Base::WinAnsi, 0x96), Some('–'));
        assert_eq!(character(Base::WinAnsi, 0xE9), Some('é'));
        assert_eq!(character(Base::MacRoman, 0x8E), Some('é'));
        assert_eq!(character(Base::Standard, 0x27), Some('’'));
        assert_eq!(character(Base::Standard, 0x80), None);
        assert_eq!(MAC_ROMAN.chars().count(), 128);
        assert_eq!(WIN_ANSI.chars().count(), 32);
        assert_eq!(glyph(b"eacute"), Some('é'));
        assert_eq!(glyph(b"uni00E9"), Some('é'));
        assert_eq!(glyph(b"zero.oldstyle"), Some('0'));
        assert_eq!(glyph(b"g123"), None);
    }
}
