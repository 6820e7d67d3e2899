//! Signature dictionaries and the bytes they speak of (ISO 32000-2, 12.8.1). The signature is taken from the gap in the
//! file's own bytes, never from what the PDF parser made of them, so that both cannot mean different things.

use chrono::{DateTime, FixedOffset};
use lopdf::{Dictionary, Document, Object};

use super::Fault;
use crate::dossier::electronic::{Doubt, Flaw};

/// Longest signature, in bytes. Enclosed revocation lists make some large.
const ENVELOPE: usize = 1024 * 1024;

/// One signature in the file.
pub struct Field<'a> {
    /// Everything before and after the gap.
    pub covered: [&'a [u8]; 2],
    /// Where the revision ends that was signed.
    pub end: usize,
    /// The CMS blob, without its padding.
    pub envelope: Vec<u8>,
    /// The signer's own claim.
    pub at: Option<DateTime<FixedOffset>>,
}

/// All dictionaries that sign bytes, also those that stand directly within a field.
pub fn dictionaries(doc: &Document) -> Vec<&Dictionary> {
    let outer = doc.objects.values().filter_map(|object| match object {
        Object::Dictionary(dict) => Some(dict),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    });
    let both = outer.flat_map(|dict| [Some(dict), dict.get(b"V").ok().and_then(|v| v.as_dict().ok())]);
    both.flatten().filter(|dict| dict.has(b"ByteRange") && dict.has(b"Contents")).collect()
}

/// Where a signature's range ends; 0 where it says nothing sensible.
pub fn end(dict: &Dictionary) -> usize {
    range(dict).and_then(|[_, _, from, length]| from.checked_add(length)).unwrap_or(0)
}

fn range(dict: &Dictionary) -> Option<[usize; 4]> {
    let list = dict.get(b"ByteRange").ok()?.as_array().ok()?;
    let numbers: Vec<usize> =
        list.iter().filter_map(|n| n.as_i64().ok()).filter_map(|n| usize::try_from(n).ok()).collect();
    (numbers.len() == list.len()).then_some(numbers)?.try_into().ok()
}

impl<'a> Field<'a> {
    pub fn of(dict: &Dictionary, bytes: &'a [u8]) -> Result<Self, Fault> {
        let [start, before, from, after] = range(dict).ok_or(Flaw::Range)?;
        let end = from.checked_add(after).ok_or(Flaw::Range)?;
        if start != 0 || before >= from || after == 0 {
            return Err(Flaw::Range.into());
        }
        let (head, gap) = bytes.get(..from).and_then(|b| b.split_at_checked(before)).ok_or(Flaw::Range)?;
        let tail = bytes.get(from..end).ok_or(Flaw::Range)?;
        if !head.trim_ascii_end().ends_with(b"/Contents") {
            return Err(Flaw::Range.into());
        }
        let padded = hexadecimal(gap).ok_or(Flaw::Range)?;
        // The parser's opinion of the same string; they differ in a file that is locked against changes.
        let parsed = dict.get(b"Contents").ok().and_then(|c| c.as_str().ok());
        if parsed != Some(&padded) {
            return Err(Doubt::Unreadable.into());
        }
        let format = dict.get(b"SubFilter").and_then(Object::as_name).unwrap_or_default();
        if !matches!(format, b"adbe.pkcs7.detached" | b"ETSI.CAdES.detached") {
            return Err(Doubt::Algorithm.into());
        }
        let envelope = unpadded(&padded).ok_or(Doubt::Unreadable)?.to_vec();
        let at = dict.get(b"M").ok().and_then(|m| m.as_str().ok()).and_then(moment);
        Ok(Self { covered: [head, tail], end, envelope, at })
    }
}

/// A string in angle brackets and nothing else. One case of letters, so that no byte of a valid file may change.
fn hexadecimal(gap: &[u8]) -> Option<Vec<u8>> {
    let digits = gap.strip_prefix(b"<")?.strip_suffix(b">")?;
    let even = digits.len() % 2 == 0 && digits.iter().all(u8::is_ascii_hexdigit);
    let mixed = digits.iter().any(u8::is_ascii_lowercase) && digits.iter().any(u8::is_ascii_uppercase);
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    (even && !mixed).then(|| digits.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect())
}

/// The one element at the start; only zeros may follow it, since room is left for it before its length is known.
fn unpadded(padded: &[u8]) -> Option<&[u8]> {
    use der::{Decode, Encode, Header, SliceReader};
    let header = Header::decode(&mut SliceReader::new(padded).ok()?).ok()?;
    let length = header.encoded_len().ok().and_then(|head| (head + header.length).ok())?;
    let (envelope, padding) = padded.split_at_checked(usize::try_from(length).ok()?)?;
    (envelope.len() <= ENVELOPE && padding.iter().all(|b| *b == 0)).then_some(envelope)
}

/// A date as PDF writes it: `D:20261111091430+08'00'` (ISO 32000-2, 7.9.4).
fn moment(text: &[u8]) -> Option<DateTime<FixedOffset>> {
    let text = std::str::from_utf8(text).ok()?.strip_prefix("D:")?;
    let (clock, zone) = text.split_at_checked(14)?;
    let zone: String = zone.chars().filter(|c| *c != '\'').collect();
    let zone = if zone.is_empty() || zone == "Z" { "+0000" } else { &zone };
    DateTime::parse_from_str(&format!("{clock}{zone}"), "%Y%m%d%H%M%S%z").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_one_hexadecimal_string_and_nothing_else() {
        assert_eq!(hexadecimal(b"<30a0>"), Some(vec![0x30, 0xa0]));
        for other in [&b"<30A0b1>"[..], b"<30a>", b"(30a0)", b"<30 a0>", b"<30a0> ", b"<30><a0>", b"<", b""] {
            assert_eq!(hexadecimal(other), None, "{other:?}");
        }
    }

    #[test]
    fn padding_is_zeros() {
        assert_eq!(unpadded(&[0x30, 1, 5, 0, 0]), Some(&[0x30, 1, 5][..]));
        assert_eq!(unpadded(&[0x30, 1, 5, 0, 7]), None);
        assert_eq!(unpadded(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
    }

    #[test]
    fn a_signers_clock_keeps_its_zone() {
        let read = |text: &str| moment(text.as_bytes()).map(|at| at.to_rfc3339());

        assert_eq!(read("D:20261111091430+08'00'").as_deref(), Some("2026-11-11T09:14:30+08:00"));
        assert_eq!(read("D:20261111091430Z").as_deref(), Some("2026-11-11T09:14:30+00:00"));
        assert_eq!(read("D:2026111109143\u{e9}"), None);
        assert_eq!(read("D:2026"), None);
    }
}
