//! Signature blocks: a caption, room for ink, a name under it. A block counts as filled when a picture or drawing lies in
//! its room, or a mark such as "ttd" stands there. Whether ink is genuine no machine can say.

use std::sync::LazyLock;

use super::name::{self, Likeness};
use crate::dossier::fold::{Gist, Phrase};
use crate::dossier::page::Rect;
use crate::dossier::recognition::{Recognition, SignatureWords};
use crate::dossier::sheet::{Piece, Sheet, share_width, union};
use crate::sop::checklist::Evidence;

/// Least height of the room between caption and name, in points.
const ROOM: f32 = 20.0;

#[derive(Debug, Clone)]
pub struct Block {
    /// Empty where ink hides it.
    pub name: String,
    pub caption: String,
    pub filled: bool,
    /// Digits of the number under the name, where recognition read it.
    pub number: Option<String>,
    /// Whether the caption says that a superior acknowledges.
    pub superior: bool,
    pub evidence: Evidence,
}

/// What a document shows in the way of signatures.
#[derive(Debug, Clone, Default)]
pub struct Signatures {
    pub blocks: Vec<Block>,
    /// Words say that the paper was signed electronically.
    pub electronic: Option<Evidence>,
}

impl Signatures {
    pub fn any_filled(&self) -> bool {
        self.blocks.iter().any(|b| b.filled)
    }

    /// The block that a person of this name signed, or should have.
    pub fn of(&self, who: &str) -> Option<&Block> {
        let like = |b: &&Block| name::compare(&b.name, who) != Likeness::Different;
        self.blocks.iter().filter(like).max_by_key(|b| b.filled)
    }

    /// The block of the applicant: by name, or, where ink made the name unreadable, by the number under it.
    pub fn of_applicant(&self, name: Option<&str>, number: Option<&str>) -> Option<&Block> {
        let numbered = |b: &&Block| number.is_some() && b.number.as_deref() == number;
        name.and_then(|name| self.of(name)).or_else(|| self.blocks.iter().find(numbered))
    }
}

pub fn read(sheets: &[Sheet], signer: Option<&str>, r: &Recognition) -> Signatures {
    Signatures {
        blocks: sheets.iter().flat_map(|sheet| on_sheet(sheet, signer, r)).collect(),
        electronic: sheets.iter().find_map(|sheet| electronic(sheet, &r.signature)),
    }
}

/// Strong words count anywhere, a mention of certificates only in the lower part of a page, where footers stand.
fn electronic(sheet: &Sheet, words: &SignatureWords) -> Option<Evidence> {
    sheet.rows.iter().enumerate().find_map(|(n, row)| {
        let next = sheet.rows.get(n + 1).map(crate::dossier::sheet::Row::text).unwrap_or_default();
        let gist = Gist::of(&format!("{} {next}", row.text()));
        let strong = gist.words().iter().any(|w| w.starts_with("ditanda") || *w == "signed");
        let low = row.top() > 0.6 * sheet.height;
        let piece = row.pieces.first()?;
        (gist.has_any(&words.electronic) && (strong || low)).then(|| sheet.evidence(&row.text(), piece.at))
    })
}

/// A possible signer's line and the text above it in the same column.
struct Spot<'a> {
    name: &'a Piece,
    above: Vec<&'a Piece>,
    /// Lines between the name and the employee number, and that number.
    below: Rect,
    /// That number, where recognition read it.
    number: Option<&'a Piece>,
}

fn on_sheet(sheet: &Sheet, signer: Option<&str>, r: &Recognition) -> Vec<Block> {
    let spots = spots(sheet, signer, r);
    let rooms: Vec<(Rect, String)> = spots.iter().map(|spot| room(spot, sheet, &r.signature)).collect();
    let mut inked = vec![false; spots.len()];
    for picture in
        sheet.pictures.iter().filter(|p| p.w * p.h < 0.35 * sheet.width * sheet.height && p.w > 8.0 && p.h > 6.0)
    {
        if let Some(nearest) = nearest_room(picture, &rooms) {
            inked[nearest] = true;
        }
    }
    spots
        .iter()
        .zip(rooms)
        .zip(inked)
        .map(|((spot, (room, caption)), ink)| {
            let between = spot.above.iter().any(|p| in_room(p, &room) && is_mark(&p.text, &r.signature));
            let gist = Gist::of(&caption);
            Block {
                name: told_name(&spot.name.text),
                number: spot.number.map(|p| p.text.chars().filter(char::is_ascii_digit).collect()),
                filled: ink || between || ends_with_mark(&caption, &r.signature),
                superior: gist.has_any(&r.signature.superior_captions),
                evidence: sheet.evidence(&spot.name.text, union(room, spot.name.at)),
                caption,
            }
        })
        .filter(|block| block.filled || !(block.caption.is_empty() || block.name.is_empty()))
        .collect()
}

/// Empty where only the number under the name could be read.
fn told_name(text: &str) -> String {
    let bare = text.trim_matches(['(', ')', '_']).trim();
    if is_number_line(text) { String::new() } else { bare.to_owned() }
}

fn spots<'a>(sheet: &'a Sheet, signer: Option<&str>, r: &Recognition) -> Vec<Spot<'a>> {
    let pieces: Vec<&Piece> = sheet.pieces().map(|(_, p)| p).collect();
    let mut spots: Vec<Spot<'a>> = Vec::new();
    let column = |of: &Piece| -> Vec<&'a Piece> {
        let mut above: Vec<&'a Piece> =
            pieces.iter().copied().filter(|p| p.middle() < of.middle() - 2.0 && share_width(p.at, of.at)).collect();
        above.sort_by(|a, b| b.middle().total_cmp(&a.middle()));
        above.truncate(9);
        above
    };
    let mut add = |name: &'a Piece, below: Rect, number: Option<&'a Piece>| {
        if !spots.iter().any(|s| std::ptr::eq(s.name, name)) && looks_like_a_name(&name.text, r) {
            spots.push(Spot { name, above: column(name), below, number });
        }
    };
    let mut nameless = Vec::new();
    for number in pieces.iter().copied().filter(|p| is_number_line(&p.text)) {
        let above = column(number);
        let line = above.iter().take(3).find(|p| !is_rank(&p.text) && !name::only_degrees(&p.text));
        match line.filter(|p| number.at.y - (p.at.y + p.at.h) < 3.5 * number.at.h) {
            Some(name) => add(name, union(name.at, number.at), Some(number).filter(|n| is_recognised(n))),
            None => nameless.extend(under_ink(number, above)),
        }
    }
    for piece in &pieces {
        let by_name =
            signer.is_some_and(|s| piece.words.len() <= 10 && name::compare(&piece.text, s) != Likeness::Different);
        let above = column(piece);
        let captioned = above.iter().take(3).any(|c| {
            let gap = piece.at.y - (c.at.y + c.at.h);
            (is_caption(c, r) || is_office(c, &above))
                && (gap > ROOM || above.iter().take(2).any(|m| is_mark(&m.text, &r.signature)))
                && gap < 150.0
        });
        if by_name
            && above
                .first()
                .is_some_and(|c| piece.at.y - (c.at.y + c.at.h) > ROOM || is_mark(&c.text, &r.signature) || captioned)
        {
            add(piece, piece.at, None);
        } else if captioned {
            let roomy =
                above.first().is_some_and(|c| piece.at.y - (c.at.y + c.at.h) > ROOM || is_mark(&c.text, &r.signature));
            if roomy && piece.words.len() <= 9 {
                add(piece, piece.at, None);
            }
        }
    }
    spots.extend(nameless);
    spots
}

/// A stamp or a signature may cover the name so that it cannot be read: then the room lies above the number under it.
fn under_ink<'a>(number: &'a Piece, above: Vec<&'a Piece>) -> Option<Spot<'a>> {
    let above: Vec<&Piece> =
        above.into_iter().skip_while(|p| is_rank(&p.text) || name::only_degrees(&p.text)).collect();
    let room = above.first().is_none_or(|p| number.at.y - (p.at.y + p.at.h) > ROOM);
    (is_recognised(number) && room).then_some(Spot { name: number, above, below: number.at, number: Some(number) })
}

fn is_recognised(piece: &Piece) -> bool {
    piece.words.iter().any(|word| word.confidence.is_some())
}

/// The room above a name, and the caption over it.
fn room(spot: &Spot<'_>, sheet: &Sheet, words: &SignatureWords) -> (Rect, String) {
    let mut top = (spot.name.at.y - 90.0).max(0.0);
    let mut caption = Vec::new();
    let mut edge = spot.name.at.y;
    for piece in &spot.above {
        let bottom = piece.at.y + piece.at.h;
        let near_name = caption.is_empty();
        if near_name && edge - bottom > 150.0 {
            break;
        }
        if near_name && is_mark(&piece.text, words) {
            edge = piece.at.y;
            continue;
        }
        if !near_name && edge - bottom > 1.6 * piece.at.h {
            break;
        }
        if near_name {
            top = bottom;
        }
        if piece.words.len() > 12 {
            break;
        }
        edge = piece.at.y;
        caption.push(piece.text.clone());
        if caption.len() == 4 {
            break;
        }
    }
    caption.reverse();
    let name = spot.name.at;
    let low = (spot.below.y + spot.below.h).max(name.y + name.h);
    let left = (name.x - 70.0).max(0.0);
    let right = (name.x + name.w + 40.0).min(sheet.width.max(name.x + name.w));
    (Rect { x: left, y: (top - 10.0).max(0.0), w: right - left, h: (low - top + 10.0).max(1.0) }, caption.join(" "))
}

/// The room a picture lies in; where two could hold it, the one whose middle is nearer.
fn nearest_room(picture: &Rect, rooms: &[(Rect, String)]) -> Option<usize> {
    let overlap = |a0: f32, a1: f32, b0: f32, b1: f32| (a1.min(b1) - a0.max(b0)).max(0.0);
    let middle = picture.x + picture.w / 2.0;
    rooms
        .iter()
        .enumerate()
        .filter(|(_, (room, _))| {
            let across = overlap(picture.x, picture.x + picture.w, room.x, room.x + room.w);
            let down = overlap(picture.y, picture.y + picture.h, room.y, room.y + room.h);
            across > 6.0 && down > 0.3 * picture.h
        })
        .min_by(|(_, (a, _)), (_, (b, _))| {
            (a.x + a.w / 2.0 - middle).abs().total_cmp(&(b.x + b.w / 2.0 - middle).abs())
        })
        .map(|(i, _)| i)
}

fn in_room(piece: &Piece, room: &Rect) -> bool {
    (room.y..room.y + room.h).contains(&piece.middle())
}

fn is_mark(text: &str, words: &SignatureWords) -> bool {
    let gist = Gist::of(text);
    words.marks.iter().any(|m| gist.is(m)) || (gist.words().len() <= 4 && gist.has_any(&words.marks))
}

fn ends_with_mark(caption: &str, words: &SignatureWords) -> bool {
    let gist = Gist::of(caption);
    let tail: Vec<&str> = gist.words().into_iter().rev().take(4).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    Gist::of(&tail.join(" ")).has_any(&words.marks)
}

/// `NIP. 1990…`, `NIPPPK …`, `NIP. -`.
fn is_number_line(text: &str) -> bool {
    let gist = Gist::of(text);
    let words = gist.words();
    let labelled =
        matches!(words.first(), Some(&"nip" | &"nipppk" | &"nrp" | &"nik")) || words.starts_with(&["ni", "pppk"]);
    labelled
        && (words.len() == 1 || text.chars().any(|c| c.is_ascii_digit()) || text.ends_with('-'))
        && words.len() <= 8
}

fn is_rank(text: &str) -> bool {
    let gist = Gist::of(text);
    let ranks =
        ["pembina", "penata", "pengatur", "juru", "golongan", "pangkat", "brigjen", "kolonel", "ajun", "komisaris"];
    // Of `Pembina Utama Madya` under a stamp only the end may have been read.
    let steps = ["utama", "madya", "muda", "tk", "tingkat", "i"];
    let words = gist.words();
    let only_steps = !words.is_empty() && words.iter().all(|w| steps.contains(w));
    (words.first().is_some_and(|w| ranks.contains(w)) && words.len() <= 7) || only_steps
}

fn is_caption(piece: &Piece, r: &Recognition) -> bool {
    let gist = Gist::of(&piece.text);
    let s = &r.signature;
    gist.words().len() <= 12
        && (gist.starts_with_any(&s.applicant_captions)
            || gist.starts_with_any(&s.superior_captions)
            || gist.starts_with_any(&s.captions))
}

/// `REKTOR,` under `Ditetapkan di …`: whatever office it is, the comma and the place above make it a caption.
fn is_office(piece: &Piece, column: &[&Piece]) -> bool {
    static ENACTED: LazyLock<[Phrase; 4]> =
        LazyLock::new(|| ["ditetapkan", "dikeluarkan", "pada tanggal", "dibuat di"].map(Phrase::from));
    // Asked of every line against all lines above it: the cheap questions come first.
    piece.words.len() <= 10
        && piece.text.trim_end().ends_with(',')
        && column.iter().any(|p| Gist::of(&p.text).starts_with_any(&*ENACTED))
}

/// Begins with a capital or a bracket, holds no label, no long number and no sentence.
fn looks_like_a_name(text: &str, r: &Recognition) -> bool {
    static LABELS: LazyLock<[Phrase; 4]> =
        LazyLock::new(|| ["lampiran", "tembusan", "tanggal", "nomor"].map(Phrase::from));
    let bare = text.trim_start_matches(['(', '_', ' ', '.']);
    let words: Vec<&str> = bare.split_whitespace().collect();
    let titled = words.first().is_some_and(|word| word.ends_with('.') && name::is_honorific(word));
    let capital = titled || bare.chars().next().is_some_and(char::is_uppercase);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    capital
        && words.len() <= 10
        && digits < 6
        && !text.contains(':')
        && !text.trim_end().ends_with(';')
        && !is_number_line(text)
        && !is_rank(text)
        && !is_mark(text, &r.signature)
        && !Gist::of(text).starts_with_any(&*LABELS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(text: &str, pictures: Vec<Rect>) -> Signatures {
        let mut sheet = Sheet::of_text(text);
        sheet.height = 800.0;
        sheet.pictures = pictures;
        read(&[sheet], Some("Budi Hartono, S.T."), &Recognition::helpdesk())
    }

    const TWO: &str = "Demikian disampaikan.\n\nMengetahui,                              Pemohon,\nKepala Bagian\n\n\n\n\nRetno Ayu, S.Kom.                        Budi Hartono, S.T.\nNIP. 19781123 200501 2 903               NIP. 19920315 201903 1 904";

    #[test]
    fn ink_belongs_to_the_block_it_lies_in() {
        let signatures = signed(TWO, vec![Rect { x: 250.0, y: 60.0, w: 90.0, h: 40.0 }]);

        assert!(signatures.of("Budi Hartono").is_some_and(|b| b.filled));
        assert!(signatures.of("Retno Ayu").is_some_and(|b| !b.filled && b.superior));
    }

    #[test]
    fn an_empty_room_is_no_signature() {
        assert!(!signed(TWO, vec![]).any_filled());
        assert!(!signed(TWO, vec![Rect { x: 0.0, y: 0.0, w: 600.0, h: 800.0 }]).any_filled());
        assert!(!signed("Demikian, terima kasih.", vec![Rect { x: 20.0, y: 300.0, w: 40.0, h: 40.0 }]).any_filled());
    }

    #[test]
    fn a_mark_stands_for_ink() {
        for mark in ["ttd", "(ttd)", "(ttd dan cap)", "ttd."] {
            let text = format!("Pemohon,\n\n{mark}\n\nBudi Hartono, S.T.\nNIP. 19920315 201903 1 904");
            assert!(signed(&text, vec![]).of("Budi Hartono").is_some_and(|b| b.filled), "{mark}");
        }
        assert!(
            signed("a.n. Kepala, Sekretaris, (ttd)\nBudi Hartono, S.T.\nNIP. 19920315 201903 1 904", vec![])
                .any_filled()
        );
    }

    #[test]
    fn words_of_an_electronic_signature_are_noticed() {
        assert!(
            signed("Ditandatangani secara elektronik oleh:\nPemohon,\n\n\n\nBudi Hartono", vec![]).electronic.is_some()
        );
        assert!(signed("Mengingat : Peraturan tentang Sertifikat Elektronik", vec![]).electronic.is_none());
    }

    /// Stamp and signature lay across the name of who signed a decree, and the decree counted as unsigned.
    #[test]
    fn ink_that_hides_the_name_counts_above_the_number() {
        const HIDDEN: &str = "KEPALA BIRO,\n\n\n\n\n\nUtama Madya\nNIP. 19781123 200501 2 903";
        let read_from = |confidence, pictures| {
            let mut sheet = Sheet::of_text(HIDDEN);
            (sheet.height, sheet.pictures) = (800.0, pictures);
            let pieces = sheet.rows.iter_mut().flat_map(|row| &mut row.pieces);
            pieces.flat_map(|piece| &mut piece.words).for_each(|word| word.confidence = confidence);
            read(&[sheet], None, &Recognition::helpdesk())
        };
        let ink = || vec![Rect { x: 20.0, y: 25.0, w: 90.0, h: 45.0 }];

        let signed = read_from(Some(90), ink());
        assert!(signed.any_filled() && signed.blocks[0].name.is_empty(), "{signed:?}");
        assert!(signed.of_applicant(Some("Retno Ayu"), Some("197811232005012903")).is_some_and(|b| b.filled));
        assert!(signed.of_applicant(Some("Retno Ayu"), Some("198503092010011908")).is_none());
        assert!(signed.of_applicant(Some("Retno Ayu"), None).is_none());
        assert!(!read_from(Some(90), vec![]).any_filled());
        assert!(!read_from(None, ink()).any_filled(), "a document's own text hides no name");
    }
}
