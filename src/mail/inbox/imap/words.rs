//! IMAP's own spellings: UID sets, quoted strings and folder names.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// `1:3,7` for sorted UIDs.
pub(super) fn uid_set(uids: &[u32]) -> String {
    let mut set = String::new();
    let mut rest = uids;
    while let Some((&first, _)) = rest.split_first() {
        let run = rest
            .iter()
            .zip(u64::from(first)..)
            .take_while(|(uid, expected)| u64::from(**uid) == *expected)
            .count()
            .max(1);
        if !set.is_empty() {
            set.push(',');
        }
        match run {
            1 => set.push_str(&first.to_string()),
            _ => set.push_str(&format!("{first}:{}", rest[run - 1])),
        }
        rest = &rest[run..];
    }
    set
}

/// A folder name as a quoted string in modified UTF-7 (RFC 3501 §5.1.3); `None` where it holds control characters.
pub(super) fn quoted_folder(name: &str) -> Option<String> {
    (!name.is_empty() && !name.contains(char::is_control)).then(|| quoted(&modified_utf7(name)))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn modified_utf7(name: &str) -> String {
    let alphabet = GeneralPurpose::new(&base64::alphabet::IMAP_MUTF7, NO_PAD);
    let mut encoded = String::new();
    let mut foreign = Vec::new();
    let flush = |foreign: &mut Vec<u8>, encoded: &mut String| {
        if !foreign.is_empty() {
            encoded.push_str(&format!("&{}-", alphabet.encode(&*foreign)));
            foreign.clear();
        }
    };
    for c in name.chars() {
        if !c.is_ascii() {
            foreign.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
            continue;
        }
        flush(&mut foreign, &mut encoded);
        encoded.push(c);
        if c == '&' {
            encoded.push('-');
        }
    }
    flush(&mut foreign, &mut encoded);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_uids_become_one_range() {
        assert_eq!(uid_set(&[1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
        assert_eq!(uid_set(&[u32::MAX - 1, u32::MAX]), "4294967294:4294967295");
        assert_eq!(uid_set(&[]), "");
    }

    #[test]
    fn folder_names_are_spelt_as_rfc_3501_has_it() {
        assert_eq!(quoted_folder("Diproses").as_deref(), Some("\"Diproses\""));
        assert_eq!(quoted_folder("A & B").as_deref(), Some("\"A &- B\""));
        assert_eq!(quoted_folder("~peter/台北").as_deref(), Some("\"~peter/&U,BTFw-\""));
        assert_eq!(quoted_folder("a\"b\\").as_deref(), Some("\"a\\\"b\\\\\""));
        assert_eq!(quoted_folder("a\r\nLOGOUT"), None);
    }
}
