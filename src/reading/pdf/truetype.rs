//! The character map inside an embedded TrueType program, turned round: glyph number to character. Some printers write
//! fonts by glyph number and leave out the ToUnicode map; the program itself usually still knows.

use std::collections::HashMap;

use lopdf::{Dictionary, Document};

use super::object;

/// Codes looked at in one map; the basic plane has 65,536.
const STEPS: usize = 200_000;

/// Glyph numbers of the descendant font's program and the characters they show; empty where it does not say.
pub fn characters(doc: &Document, descendant: &Dictionary, limit: usize) -> HashMap<u32, char> {
    let program = object(doc, descendant, b"FontDescriptor")
        .and_then(|o| o.as_dict().ok())
        .and_then(|d| object(doc, d, b"FontFile2"))
        .and_then(|o| o.as_stream().ok())
        .and_then(|s| s.get_plain_content_with_limit(limit).ok());
    program.and_then(|data| invert(&data)).unwrap_or_default()
}

fn u16_at(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at.checked_add(2)?).map(|b| u32::from(u16::from_be_bytes([b[0], b[1]])))
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at.checked_add(4)?).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

fn invert(data: &[u8]) -> Option<HashMap<u32, char>> {
    let tables = u16_at(data, 4)? as usize;
    let record = (0..tables).map(|i| 12 + 16 * i).find(|&at| data.get(at..at + 4) == Some(b"cmap"))?;
    let cmap = data.get(u32_at(data, record + 8)? as usize..)?;
    let mut best = HashMap::new();
    for i in 0..(u16_at(cmap, 2)? as usize).min(16) {
        let Some(sub) = u32_at(cmap, 8 + 8 * i).and_then(|offset| cmap.get(offset as usize..)) else { continue };
        let map = match u16_at(sub, 0) {
            Some(4) => segments(sub),
            Some(12) => groups(sub),
            _ => None,
        };
        if let Some(map) = map.filter(|m| m.len() > best.len()) {
            best = map;
        }
    }
    Some(best)
}

/// Format 4: segments of the basic plane.
fn segments(sub: &[u8]) -> Option<HashMap<u32, char>> {
    let doubled = u16_at(sub, 6)? as usize;
    let mut map = HashMap::new();
    let mut left = STEPS;
    for i in (0..doubled).step_by(2) {
        let end = u16_at(sub, 14 + i)?;
        let start = u16_at(sub, 16 + doubled + i)?;
        let delta = u16_at(sub, 16 + 2 * doubled + i)?;
        let place = 16 + 3 * doubled + i;
        let offset = u16_at(sub, place)?;
        for code in start..=end {
            if left == 0 || code == 0xFFFF {
                break;
            }
            left -= 1;
            let glyph = if offset == 0 {
                (code + delta) & 0xFFFF
            } else {
                match u16_at(sub, place + offset as usize + 2 * (code - start) as usize) {
                    Some(0) | None => 0,
                    Some(g) => (g + delta) & 0xFFFF,
                }
            };
            put(&mut map, glyph, code);
        }
    }
    Some(map)
}

/// Format 12: groups over all planes.
fn groups(sub: &[u8]) -> Option<HashMap<u32, char>> {
    let mut map = HashMap::new();
    let mut left = STEPS;
    for i in 0..(u32_at(sub, 12)? as usize).min(10_000) {
        let at = 16 + 12 * i;
        let (start, end, glyph) = (u32_at(sub, at)?, u32_at(sub, at + 4)?, u32_at(sub, at + 8)?);
        for code in start..=end {
            if left == 0 || code > 0x10_FFFF {
                break;
            }
            left -= 1;
            put(&mut map, glyph.wrapping_add(code - start), code);
        }
    }
    Some(map)
}

/// The lowest character wins where several share a glyph; symbol fonts keep theirs in a private area.
fn put(map: &mut HashMap<u32, char>, glyph: u32, code: u32) {
    let code = if (0xF020..=0xF07E).contains(&code) { code - 0xF000 } else { code };
    if let Some(c) = char::from_u32(code).filter(|_| glyph != 0) {
        map.entry(glyph).or_insert(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_4_map_is_turned_round() {
        // Two segments: U+0041..U+0043 with delta -0x40, and the closing one.
        let mut sub = vec![0, 4, 0, 32, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0];
        sub.extend([0x00, 0x43, 0xFF, 0xFF, 0, 0, 0x00, 0x41, 0xFF, 0xFF, 0xFF, 0xC0, 0, 1, 0, 0, 0, 0]);

        let map = segments(&sub).unwrap();

        assert_eq!(map.get(&1), Some(&'A'));
        assert_eq!(map.get(&3), Some(&'C'));
        assert_eq!(map.len(), 3);
    }
}
