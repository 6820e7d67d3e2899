//! What reading hands over: papers made of pages made of lines with places. Plain values that cross the worker's pipe.

use serde::{Deserialize, Serialize};

use super::electronic::Electronic;
use crate::sop::checklist::Method;
use crate::sop::look::Look;

/// A rectangle on a page in points (1/72 inch), origin at the top left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

/// Where a sheet lies in the picture that is shown of its page, when it was cut out, levelled or turned before it was read:
/// a projection of points onto a picture of width and height 1, nine numbers row by row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lay(pub [f32; 9]);

impl Lay {
    /// The box round a place in the picture, in shares of its width and height.
    pub fn place(&self, at: Rect) -> Rect {
        let m = &self.0;
        let corners = [(at.x, at.y), (at.x + at.w, at.y), (at.x + at.w, at.y + at.h), (at.x, at.y + at.h)];
        let shown = corners.map(|(x, y)| {
            let depth = m[6] * x + m[7] * y + m[8];
            ((m[0] * x + m[1] * y + m[2]) / depth, (m[3] * x + m[4] * y + m[5]) / depth)
        });
        let span = |of: fn(&(f32, f32)) -> f32| {
            let (low, high) = shown.iter().map(of).fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
            (low, high - low)
        };
        let ((x, w), (y, h)) = (span(|p| p.0), span(|p| p.1));
        Rect { x, y, w, h }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    pub text: String,
    pub at: Rect,
    /// How sure recognition is, 0 to 100; `None`: the document's own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<u8>,
}

/// Words on one baseline, left to right. Columns stay apart as separate lines of the same height.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub words: Vec<Word>,
}

impl Line {
    pub fn text(&self) -> String {
        self.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// One side of paper.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Counted from 1 within the paper.
    pub number: u32,
    pub width: f32,
    pub height: f32,
    pub lines: Vec<Line>,
    /// Pictures and drawings placed on the page (a signature, a stamp, a scan); on a page that was recognised also the ink
    /// that is no word.
    pub pictures: Vec<Rect>,
    /// Words drawn so that a reader cannot see them (white, invisible mode, under 2 points).
    pub hidden: Vec<String>,
    /// How it looks, where its words were recognised in a picture of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Look>,
    /// How the sheet lies in the picture shown of the page; `None`: edge to edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lay: Option<Lay>,
}

impl Page {
    /// Whether recognition read the page from a picture.
    pub fn is_recognised(&self) -> bool {
        self.lines.iter().flat_map(|l| &l.words).any(|w| w.confidence.is_some())
    }

    pub fn text(&self) -> String {
        self.lines.iter().map(Line::text).collect::<Vec<_>>().join("\n")
    }
}

/// One attachment, taken apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paper {
    /// The name as `inspect --json` gives it: `berkas.zip/SK/1.jpg` for files inside a ZIP.
    pub attachment: String,
    /// What the bytes are: `pdf`, `docx`, `odt`, `jpeg`, `png`, `zip`, `rar`, `exe`, `tnef`, `unknown`, …; of what the virus
    /// scanner keeps closed `infected` or `unscanned`.
    pub format: String,
    pub sha256: String,
    pub size: u64,
    pub method: Method,
    pub pages: Vec<Page>,
    /// Needs a password to open.
    pub encrypted: bool,
    /// What the signatures inside a PDF are worth.
    #[serde(default)]
    pub electronic: Electronic,
}

impl Paper {
    /// A word processor's file: its pages are words laid out here, or pictures that were pasted in.
    pub fn is_office(&self) -> bool {
        matches!(self.format.as_str(), "docx" | "odt" | "rtf")
    }
}

/// A mail's body and papers, taken apart in the worker process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Contents {
    /// The words a person wrote, plain text preferred over HTML, quoted mail kept.
    pub body: String,
    pub papers: Vec<Paper>,
    /// Machine names of what reading noticed, sorted: `executable_attachment`, `encrypted_document`, `archive_bomb`,
    /// `nested_too_deep`, `unreadable_document`, `type_mismatch`, `active_content`, `too_many_pages`,
    /// `link_instead_of_attachment`, `infected_attachment`, `unscanned_attachment`.
    pub alerts: Vec<String>,
}
