//! Pages as recognition hands them over: words with confidences, misread letters, lost spaces, specks, lines that part. Seeded, so that
//! a failure comes again.

use loket::dossier::page::{Line, Page, Paper, Rect, Word};
use loket::sop::checklist::Method;

/// Letters and what they are taken for.
const ALIKE: [(char, char); 18] = [
    ('0', 'O'),
    ('O', '0'),
    ('1', 'l'),
    ('I', '1'),
    ('l', '1'),
    ('5', 'S'),
    ('S', '5'),
    ('8', 'B'),
    ('B', '8'),
    ('2', 'Z'),
    ('e', 'c'),
    ('a', 'o'),
    ('h', 'b'),
    ('3', '8'),
    ('9', '0'),
    ('6', '5'),
    ('7', '1'),
    ('1', '7'),
];

/// A small generator (SplitMix64): the same seed, the same page.
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }
}

/// The paper as a clean scan: every word read right and surely.
pub fn scanned(mut paper: Paper) -> Paper {
    paper.method = Method::Ocr;
    for page in &mut paper.pages {
        for word in page.lines.iter_mut().flat_map(|l| &mut l.words) {
            word.confidence = Some(94);
        }
    }
    paper
}

/// The paper as photographs of its pages, a file each, by the names given.
pub fn photographed(paper: Paper, names: &[&str]) -> Vec<Paper> {
    let pages = scanned(paper).pages;
    let photo = |(name, page): (&&str, Page)| Paper {
        attachment: (*name).into(),
        format: "jpeg".into(),
        sha256: (*name).into(),
        size: 1000,
        method: Method::Ocr,
        pages: vec![Page { number: 1, ..page }],
        encrypted: false,
        signed_electronically: false,
    };
    names.iter().zip(pages).map(photo).collect()
}

/// A bad scan: of a hundred words, `rate` are misread, and known to be doubtful.
pub fn noisy(paper: Paper, chance: &mut Chance, rate: u64) -> Paper {
    let mut paper = scanned(paper);
    for page in &mut paper.pages {
        let lines = std::mem::take(&mut page.lines);
        page.lines = lines.into_iter().flat_map(|line| spoilt(line, chance, rate)).collect();
        for _ in 0..chance.below(4) {
            let at = Rect { x: chance.below(550) as f32, y: chance.below(800) as f32, w: 2.0, h: 2.0 };
            page.lines.push(Line { words: vec![Word { text: ".".into(), at, confidence: Some(5) }] });
        }
    }
    paper
}

fn spoilt(line: Line, chance: &mut Chance, rate: u64) -> Vec<Line> {
    let mut lines = vec![Line { words: Vec::new() }];
    for mut word in line.words {
        word.confidence = Some(80 + chance.below(17) as u8);
        word.at.y += chance.below(30) as f32 / 10.0 - 1.5;
        if chance.percent(rate) {
            word.text = misread(&word.text, chance);
            word.confidence = Some(15 + chance.below(24) as u8);
        }
        let glue = chance.percent(rate / 4);
        if chance.percent(rate / 4) {
            lines.push(Line { words: Vec::new() });
        }
        let Some(here) = lines.last_mut() else { continue };
        match here.words.last_mut() {
            Some(last) if glue => {
                last.text.push_str(&word.text);
                last.at.w = word.at.x + word.at.w - last.at.x;
                last.confidence = last.confidence.min(word.confidence);
            }
            _ => here.words.push(word),
        }
    }
    lines.retain(|line| !line.words.is_empty());
    lines
}

fn misread(text: &str, chance: &mut Chance) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = chance.below(letters.len() as u64) as usize;
    let twin = ALIKE.iter().find(|(from, _)| *from == letters[at]);
    letters.iter().enumerate().map(|(n, c)| if n == at { twin.map_or(*c, |(_, to)| *to) } else { *c }).collect()
}
