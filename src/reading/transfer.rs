//! Content-Transfer-Encoding and charsets undone (RFC 2045, 2047). Broken input is read as far as it goes: a mail with
//! losses is better than none.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_parser::decoders::charsets::map::charset_decoder;

/// The bytes of a body under its declared transfer encoding.
pub fn decode<'a>(body: &'a [u8], encoding: &str) -> Cow<'a, [u8]> {
    if encoding.eq_ignore_ascii_case("base64") {
        Cow::Owned(base64(body))
    } else if encoding.eq_ignore_ascii_case("quoted-printable") {
        Cow::Owned(quoted_printable(body))
    } else {
        Cow::Borrowed(body)
    }
}

fn base64(body: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(body.len());
    for line in body.split(|b| *b == b'\n') {
        packed.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
    }
    if let Ok(done) = STANDARD.decode(&packed) {
        return done;
    }
    lenient(&packed)
}

/// Skips what is no base64 and stops at nothing: truncated parts, missing padding, two encodings glued together.
fn lenient(packed: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(packed.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0u32);
    for b in packed {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                (bits, held) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    out
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|b| *b == b'\n') {
        let (text, end) = match line {
            [text @ .., b'\r', b'\n'] => (text, &b"\r\n"[..]),
            [text @ .., b'\n'] => (text, &b"\n"[..]),
            text => (text, &b""[..]),
        };
        let text = text.trim_ascii_end();
        let (text, soft) = text.strip_suffix(b"=").map_or((text, false), |t| (t, true));
        let mut at = 0;
        while let Some(&b) = text.get(at) {
            let pair = text.get(at + 1..at + 3).filter(|_| b == b'=');
            let digits = pair.and_then(|p| Some((char::from(p[0]).to_digit(16)?, char::from(p[1]).to_digit(16)?)));
            if let Some((high, low)) = digits {
                out.push((high * 16 + low) as u8);
                at += 3;
            } else {
                out.push(b);
                at += 1;
            }
        }
        if !soft {
            out.extend_from_slice(end);
        }
    }
    out
}

/// Text under its declared charset; UTF-8 where it is valid, then the declared one, then Windows-1252.
pub fn text(bytes: &[u8], charset: Option<&str>) -> String {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return utf16(bytes);
    }
    let declared = charset.filter(|c| !c.eq_ignore_ascii_case("utf-8") && !c.eq_ignore_ascii_case("us-ascii"));
    if let Some(decoder) = declared.and_then(|c| charset_decoder(c.as_bytes())) {
        return decoder(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => match charset_decoder(b"windows-1252") {
            Some(decoder) if declared.is_none() && mostly_ascii(bytes) => decoder(bytes),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        },
    }
}

/// Text in a code page of Windows, by its number; UTF-8 where the number is unknown.
pub fn in_code_page(bytes: &[u8], number: u32) -> String {
    let name = match number {
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10000 => "macintosh".to_owned(),
        other => format!("windows-{other}"),
    };
    match charset_decoder(name.as_bytes()) {
        Some(decoder) => decoder(bytes),
        None => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn mostly_ascii(bytes: &[u8]) -> bool {
    bytes.iter().filter(|b| !b.is_ascii()).count() * 5 < bytes.len()
}

fn utf16(bytes: &[u8]) -> String {
    let little = bytes.starts_with(b"\xFF\xFE");
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair[1]];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    };
    let units = bytes[2..].chunks_exact(2).map(unit);
    char::decode_utf16(units).map(|u| u.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_encodings_are_read_as_far_as_they_go() {
        assert_eq!(decode(b"SGFs\r\nbw==\r\n", "BASE64").as_ref(), b"Halo");
        assert_eq!(decode(b"SGFs!!\r\nbw\r\n", "base64").as_ref(), b"Halo");
        assert_eq!(decode(b"a=3Db=\r\nc=ZZ \r\n", "quoted-printable").as_ref(), b"a=bc=ZZ\r\n");
        assert_eq!(decode(b"as it is", "8bit").as_ref(), b"as it is");
    }

    #[test]
    fn charsets_are_undone_and_lies_about_them_survived() {
        assert_eq!(text(b"caf\xe9", Some("iso-8859-1")), "café");
        assert_eq!(text("café".as_bytes(), None), "café");
        assert_eq!(text(b"a longer text with one caf\xe9", None), "a longer text with one café");
        assert_eq!(text(b"\xFF\xFEa\0b\0", None), "ab");
        assert!(text(b"\xff\xff\xff", Some("utf-8")).contains('\u{fffd}'));
    }
}
