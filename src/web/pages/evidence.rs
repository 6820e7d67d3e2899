//! The viewer: every page of every paper with the boxes of the findings that stand on it, numbered from the top.

use super::Frame;
use super::findings::{Row, Tone, page_label};
use crate::sop::checklist::{Evidence, Finding};
use crate::sop::names::CaseNumber;
use crate::web::say::fill;
use crate::web::view::{CheckRow, PageView, PaperView};
use crate::web::words::FindingWords;

/// One page in the viewer.
pub struct Sheet {
    pub id: String,
    /// The paper's index and the page's number, as in addresses.
    pub at: (u32, u32),
    pub label: String,
    pub attachment: String,
    pub caption: String,
    pub src: String,
    /// Where the page stands alone and large.
    pub large: String,
    pub enlarge: String,
    /// Drawing it failed, so that its words alone are to be seen.
    pub failed: bool,
    pub width: u32,
    pub height: u32,
    /// Height of the thumbnail, which is 52 pixels wide.
    pub thumb: u32,
    pub alt: String,
    pub boxes: Vec<Marked>,
}

/// A rectangle on a page and the findings that stand on it. Places are per cent with two decimals.
pub struct Marked {
    /// One id for each finding; evidence links lead to them.
    pub ids: Vec<String>,
    pub x: String,
    pub y: String,
    pub w: String,
    pub h: String,
    pub cx: String,
    pub cy: String,
    pub number: usize,
    pub contradicted: bool,
    pub found: Vec<Found>,
}

/// The way back from a box to its row.
pub struct Found {
    pub href: String,
    pub title: String,
    /// Shown unless the finding is met.
    pub tone: Option<Tone>,
}

/// A paper there is nothing to see of.
pub struct Blank {
    pub attachment: String,
    pub why: String,
}

/// The sheet (counted from 1 over all papers) an evidence stands on, and its page.
pub fn sheet_of<'a>(papers: &'a [PaperView], evidence: &Evidence) -> Option<(usize, &'a PageView)> {
    let pages = papers.iter().flat_map(|paper| paper.pages.iter().map(move |page| (paper, page)));
    let mut numbered = pages.enumerate();
    numbered
        .find(|(_, (paper, page))| is_in(evidence, paper) && page.number == evidence.page)
        .map(|(i, (_, page))| (i + 1, page))
}

/// By its bytes, since every round may bring a paper of the same name. Evidence without a hash goes by the name; a document
/// spread over several images is named by all of them, joined by ` + `.
fn is_in(evidence: &Evidence, paper: &PaperView) -> bool {
    if let Some(sha256) = &evidence.sha256 {
        return sha256.0 == paper.sha256;
    }
    evidence.attachment == paper.attachment || evidence.attachment.split(" + ").any(|part| part == paper.attachment)
}

pub fn sheets(
    f: &Frame<'_>,
    number: &CaseNumber,
    papers: &[PaperView],
    checks: &[CheckRow],
    rows: &[Row],
) -> Vec<Sheet> {
    let w = FindingWords::of(f.lang());
    let mut sheets = Vec::new();
    for paper in papers {
        for page in &paper.pages {
            let sheet = sheets.len() + 1;
            let count = paper.pages.len().to_string();
            let at = page.number.to_string();
            let (width, height) = (points(page.width, 595), points(page.height, 842));
            sheets.push(Sheet {
                id: format!("hal-{sheet}"),
                at: (paper.index, page.number),
                label: page_label(w, page),
                attachment: paper.attachment.clone(),
                caption: fill(w.page_of, &[&at, &count]),
                src: format!("/berkas/{number}/halaman/{}/{}", paper.index, page.number),
                large: format!("/berkas/{number}/halaman/{}/{}/besar", paper.index, page.number),
                enlarge: fill(w.enlarge_page, &[&paper.attachment, &at]),
                failed: page.failed,
                thumb: (52 * height / width).clamp(24, 104),
                width,
                height,
                alt: fill(w.picture_of, &[&paper.attachment, &at]),
                boxes: boxes(sheet, papers, checks, rows),
            });
        }
    }
    sheets
}

pub fn blanks(papers: &[PaperView]) -> Vec<Blank> {
    let blank = |paper: &PaperView| {
        let why = paper.unreadable.clone()?;
        Some(Blank { attachment: paper.attachment.clone(), why })
    };
    papers.iter().filter_map(blank).collect()
}

fn points(length: f32, otherwise: u32) -> u32 {
    if length.is_finite() && length >= 1.0 { length.min(20_000.0).round() as u32 } else { otherwise }
}

/// A place in per mille, and the checks and evidences (by index) that stand on it.
type Placed = ([u16; 4], Vec<(usize, usize)>);

/// Boxes from top to bottom. Findings on exactly the same place share one box and its number.
fn boxes(sheet: usize, papers: &[PaperView], checks: &[CheckRow], rows: &[Row]) -> Vec<Marked> {
    let mut placed: Vec<Placed> = Vec::new();
    for (r, row) in checks.iter().enumerate() {
        for (k, evidence) in row.check.evidence.iter().enumerate() {
            let Some(place) = evidence.place else { continue };
            if sheet_of(papers, evidence).is_none_or(|(at, _)| at != sheet) {
                continue;
            }
            match placed.iter_mut().find(|(known, _)| *known == place) {
                Some((_, who)) => who.push((r, k)),
                None => placed.push((place, vec![(r, k)])),
            }
        }
    }
    placed.sort_by_key(|(place, _)| (place[1], place[0]));
    placed.iter().enumerate().map(|(i, (place, who))| marked(i + 1, *place, who, rows)).collect()
}

fn marked(number: usize, [x, y, w, h]: [u16; 4], who: &[(usize, usize)], rows: &[Row]) -> Marked {
    let row = |index: usize| {
        let id = format!("t-{index}");
        rows.iter().find(|row| row.id == id)
    };
    let [x, y, w, h] = with_air([x, y, w, h]);
    let found = who.iter().filter_map(|(r, _)| row(*r)).map(|row| Found {
        href: format!("#{}", row.id),
        title: row.title.clone(),
        tone: (row.finding != Finding::Met).then_some(row.tone),
    });
    Marked {
        ids: who.iter().map(|(r, k)| format!("b-{r}-{k}")).collect(),
        x: per_cent(x.into()),
        y: per_cent(y.into()),
        w: per_cent(w.into()),
        h: per_cent(h.into()),
        cx: per_cent(i32::from(x).saturating_sub(22).max(15)),
        cy: per_cent(i32::from(y) + i32::from(h) / 2),
        number,
        contradicted: who.iter().filter_map(|(r, _)| row(*r)).any(|row| row.finding == Finding::Contradicted),
        found: found.collect(),
    }
}

/// A little larger than the words, so that its line crosses none of them, and never beyond the page.
fn with_air([x, y, w, h]: [u16; 4]) -> [u16; 4] {
    const AIR: u16 = 4;
    let (x, y) = (x.min(1000), y.min(1000));
    let (right, low) =
        (x.saturating_add(w).saturating_add(AIR).min(1000), y.saturating_add(h).saturating_add(AIR / 2).min(1000));
    let (x, y) = (x.saturating_sub(AIR), y.saturating_sub(AIR / 2));
    [x, y, right - x, low - y]
}

/// Per mille as per cent: `234` is `23.4%`.
fn per_cent(per_mille: i32) -> String {
    format!("{}.{}%", per_mille / 10, per_mille % 10)
}
