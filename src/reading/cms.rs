//! Signed envelopes opened (RFC 5652): the content inside a `SignedData`, whether it is written in DER or, as streaming
//! signers do, in BER with indefinite lengths. Nothing is verified here; what comes out is read like any other part.

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
const AUTH_ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17];

const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const OCTETS_IN_PIECES: u8 = 0x24;
const SEQUENCE: u8 = 0x30;
const EXPLICIT_0: u8 = 0xa0;

/// What a PKCS #7 blob is.
#[derive(Debug, PartialEq)]
pub enum Wrapped {
    /// The bytes that were signed.
    Signed(Vec<u8>),
    /// Only the holder of a key can read it.
    Encrypted,
    Other,
}

/// Opens a CMS blob.
pub fn unwrap(bytes: &[u8]) -> Wrapped {
    let Some((outer, _)) = element(bytes, 0).filter(|(e, _)| e.tag == SEQUENCE) else { return Wrapped::Other };
    let Some((kind, rest)) = element(outer.content, 1).filter(|(e, _)| e.tag == OID) else { return Wrapped::Other };
    match kind.content {
        ENVELOPED_DATA | AUTH_ENVELOPED_DATA => Wrapped::Encrypted,
        SIGNED_DATA => signed(rest).map_or(Wrapped::Other, Wrapped::Signed),
        _ => Wrapped::Other,
    }
}

/// `[0] SEQUENCE { version, digestAlgorithms, SEQUENCE { oid, [0] OCTET STRING } … }`
fn signed(bytes: &[u8]) -> Option<Vec<u8>> {
    let (explicit, _) = element(bytes, 1).filter(|(e, _)| e.tag == EXPLICIT_0)?;
    let (data, _) = element(explicit.content, 2).filter(|(e, _)| e.tag == SEQUENCE)?;
    let (_version, rest) = element(data.content, 3)?;
    let (_digests, rest) = element(rest, 3)?;
    let (inner, _) = element(rest, 3).filter(|(e, _)| e.tag == SEQUENCE)?;
    let (_kind, rest) = element(inner.content, 4)?;
    let (explicit, _) = element(rest, 4).filter(|(e, _)| e.tag == EXPLICIT_0)?;
    let (octets, _) = element(explicit.content, 5)?;
    let mut out = Vec::new();
    gather(&octets, 6, &mut out)?;
    (!out.is_empty()).then_some(out)
}

/// An octet string in one piece or in many.
fn gather(octets: &Element, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    match octets.tag {
        OCTETS => out.extend_from_slice(octets.content),
        OCTETS_IN_PIECES if depth < DEPTH => {
            let mut rest = octets.content;
            while !rest.is_empty() {
                let (piece, after) = element(rest, depth)?;
                gather(&piece, depth + 1, out)?;
                rest = after;
            }
        }
        _ => return None,
    }
    Some(())
}

/// Whether a blob is small enough in its sets to be sorted, which takes the square of their length (RFC 5652 has them
/// sorted). Every other list in it is read once, so its size bounds the time.
pub fn is_modest(bytes: &[u8]) -> bool {
    const SET: usize = 64;
    const EXPLICIT_1: u8 = 0xa1;
    const CONSTRUCTED: u8 = 0x20;
    let mut open = vec![bytes];
    while let Some(mut rest) = open.pop() {
        while !rest.is_empty() {
            let Some((inner, after)) = element(rest, 0) else { return false };
            rest = after;
            if inner.tag & CONSTRUCTED == 0 {
                continue;
            }
            if matches!(inner.tag, 0x31 | EXPLICIT_0 | EXPLICIT_1) && !holds_at_most(SET, inner.content) {
                return false;
            }
            open.push(inner.content);
        }
    }
    true
}

fn holds_at_most(most: usize, mut rest: &[u8]) -> bool {
    for _ in 0..most {
        match element(rest, 0) {
            Some((_, after)) => rest = after,
            None => break,
        }
    }
    rest.is_empty()
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

const DEPTH: usize = 16;

/// The element at the start and what follows it.
fn element(bytes: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    // A tag number above 30 takes more bytes; CMS has none.
    if tag & 0x1f == 0x1f || depth > DEPTH {
        return None;
    }
    match length {
        0x80 => {
            let mut end = rest;
            loop {
                if let [0, 0, after @ ..] = end {
                    let content = &rest[..rest.len() - end.len()];
                    return Some((Element { tag, content }, after));
                }
                end = element(end, depth + 1)?.1;
            }
        }
        short @ 0..0x80 => split(tag, rest, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7f);
            let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
            let length = digits.iter().fold(0usize, |n, b| n << 8 | usize::from(*b));
            split(tag, &rest[count..], length)
        }
    }
}

fn split(tag: u8, rest: &[u8], length: usize) -> Option<(Element<'_>, &[u8])> {
    let (content, after) = rest.split_at_checked(length)?;
    Some((Element { tag, content }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match content.len() {
            n @ 0..0x80 => out.push(n as u8),
            n => out.extend([0x82, (n >> 8) as u8, n as u8]),
        }
        out.extend(content);
        out
    }

    fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    #[test]
    fn signed_content_is_found_in_der_and_in_ber() {
        let letter = b"Content-Type: text/plain\r\n\r\nmohon reset".repeat(9);
        let start = [tlv(0x02, &[1]), tlv(0x31, &[])].concat();
        let data_oid = tlv(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01]);

        let inner = tlv(0x30, &[data_oid.clone(), tlv(0xa0, &tlv(0x04, &letter))].concat());
        let der = [tlv(0x06, SIGNED_DATA), tlv(0xa0, &tlv(0x30, &[start.clone(), inner].concat()))].concat();
        let pieces = [tlv(0x04, &letter[..50]), tlv(0x04, &letter[50..])].concat();
        let inner = indefinite(0x30, &[data_oid, indefinite(0xa0, &indefinite(0x24, &pieces))].concat());
        let ber = [tlv(0x06, SIGNED_DATA), indefinite(0xa0, &indefinite(0x30, &[start, inner].concat()))].concat();

        assert_eq!(unwrap(&tlv(0x30, &der)), Wrapped::Signed(letter.clone()));
        assert_eq!(unwrap(&indefinite(0x30, &ber)), Wrapped::Signed(letter));
    }

    #[test]
    fn encrypted_and_broken_blobs_are_named() {
        assert_eq!(unwrap(&tlv(0x30, &tlv(0x06, ENVELOPED_DATA))), Wrapped::Encrypted);
        assert_eq!(unwrap(b""), Wrapped::Other);
        assert_eq!(unwrap(&[0x30, 0x80].repeat(50_000)), Wrapped::Other);
    }

    #[test]
    fn a_set_that_would_take_long_to_sort_is_not_modest() {
        let values = |n: usize| tlv(0x30, &tlv(0x31, &[5, 0].repeat(n)));

        assert!(is_modest(&values(64)));
        assert!(!is_modest(&values(65)));
        assert!(is_modest(&tlv(0x30, &[5, 0].repeat(9_000))));
        assert!(!is_modest(&tlv(0x30, &[0x31, 9, 5])));
    }
}
