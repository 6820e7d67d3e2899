//! The checklist as rows: what needs eyes on top, both values beside each other, evidence one press away.

use super::Frame;
use crate::sop::checklist::{Check, DocumentKind, Finding, told_first};
use crate::web::difference::{self, Run};
use crate::web::say::fill;
use crate::web::view::{CheckRow, PageView, PaperView, Tally};
use crate::web::words::{self, FindingWords};

/// How a finding looks: class, icon, word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tone {
    pub class: &'static str,
    pub icon: &'static str,
    pub word: &'static str,
}

pub struct Row {
    pub id: String,
    pub tone: Tone,
    pub finding: Finding,
    pub title: String,
    pub because: String,
    pub cells: Vec<Cell>,
    pub links: Vec<EvidenceLink>,
}

/// One value of a row.
pub struct Cell {
    pub label: &'static str,
    pub runs: Vec<Run>,
    pub mono: bool,
}

pub struct EvidenceLink {
    pub href: String,
    pub text: String,
    /// Leads to a page picture, not to another part of the page.
    pub on_page: bool,
}

/// One entry of the line of counts.
pub struct Count {
    pub tone: Tone,
    pub text: String,
    /// The first row of its kind; none for what is met.
    pub href: Option<String>,
}

pub fn tone(f: &Frame<'_>, finding: Finding) -> Tone {
    let w = FindingWords::of(f.lang());
    match finding {
        Finding::Met => Tone { class: "ok", icon: "ok", word: w.met },
        Finding::Contradicted => Tone { class: "bad", icon: "beda", word: w.contradicted },
        Finding::Unclear => Tone { class: "look", icon: "lihat", word: w.unclear },
        Finding::Missing => Tone { class: "miss", icon: "belum", word: w.missing },
    }
}

/// Sorted for reading: people that differ, then what differs, is to be looked at, is missing; what is met comes last, in the
/// order of the SOP.
pub fn rows(f: &Frame<'_>, checks: &[CheckRow], papers: &[PaperView]) -> Vec<Row> {
    let first = told_first(checks.iter().map(|row| (row.check.item.as_str(), row.check.finding)));
    let mut order: Vec<(usize, &CheckRow)> = checks.iter().enumerate().collect();
    order.sort_by_key(|(index, row)| (*index >= first, weight(row.check.finding)));
    order.into_iter().map(|(index, row)| one_row(f, index, row, papers)).collect()
}

fn weight(finding: Finding) -> u8 {
    match finding {
        Finding::Contradicted => 0,
        Finding::Unclear => 1,
        Finding::Missing => 2,
        Finding::Met => 3,
    }
}

fn one_row(f: &Frame<'_>, index: usize, row: &CheckRow, papers: &[PaperView]) -> Row {
    let check = &row.check;
    let title = row.title.clone().unwrap_or_else(|| words::item(f.lang(), &check.item));
    let cells = cells(f, check);
    let because =
        if check.finding == Finding::Met && !cells.is_empty() { String::new() } else { check.because.clone() };
    Row {
        id: format!("t-{index}"),
        tone: tone(f, check.finding),
        finding: check.finding,
        title,
        because,
        cells,
        links: links(f, index, check, papers),
    }
}

fn cells(f: &Frame<'_>, check: &Check) -> Vec<Cell> {
    let Some(pair) = &check.pair else { return Vec::new() };
    let (left, right) = words::pair_labels(f.lang(), &check.item);
    let mono = matches!(check.item.as_str(), "nip_matches" | "account_found");
    let document = grouped_nip(&pair.document);
    let Some(register) = pair.register.as_deref().map(grouped_nip) else {
        return vec![Cell { label: left, runs: difference::unmarked(&document), mono }];
    };
    let marks = matches!(check.finding, Finding::Contradicted | Finding::Unclear);
    let (a, b) = if marks {
        difference::runs(&document, &register)
    } else {
        (difference::unmarked(&document), difference::unmarked(&register))
    };
    vec![Cell { label: left, runs: a, mono }, Cell { label: right, runs: b, mono }]
}

/// `19920315 201903 1 904` where the value is a NIP of 18 digits, else the value.
pub fn grouped_nip(value: &str) -> String {
    let digits: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 18 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return value.to_owned();
    }
    format!("{} {} {} {}", &digits[..8], &digits[8..14], &digits[14..15], &digits[15..])
}

fn links(f: &Frame<'_>, row: usize, check: &Check, papers: &[PaperView]) -> Vec<EvidenceLink> {
    let w = FindingWords::of(f.lang());
    let mut links: Vec<EvidenceLink> = Vec::new();
    for (k, evidence) in check.evidence.iter().enumerate() {
        let Some((sheet, page)) = super::evidence::sheet_of(papers, evidence) else { continue };
        let href = if evidence.place.is_some() { format!("#b-{row}-{k}") } else { format!("#hal-{sheet}") };
        let text = format!("{} {} {}", kind_word(w, page.kind), w.page_short, page.number);
        if !links.iter().any(|l| l.text == text) {
            links.push(EvidenceLink { href, text, on_page: true });
        }
    }
    match check.item.as_str() {
        "confirmed_with_applicant" if check.finding != Finding::Met => {
            links.push(EvidenceLink { href: "#konfirmasi".into(), text: w.record_confirmation.into(), on_page: false });
        }
        "sender_registered" | "sender_authenticated" => {
            links.push(EvidenceLink { href: "#pengirim".into(), text: w.sender_proof.into(), on_page: false });
        }
        _ => {}
    }
    links
}

/// Short word of a document's kind.
pub fn kind_word(w: &'static FindingWords, kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::RequestLetter => w.letter,
        DocumentKind::AppointmentDecree => w.decree,
        DocumentKind::Other => w.other,
    }
}

pub fn page_label(w: &'static FindingWords, page: &PageView) -> String {
    format!("{}, {} {}", kind_word(w, page.kind), w.page_short, page.number)
}

pub fn tally_of(rows: &[Row]) -> Tally {
    let count = |finding| rows.iter().filter(|r| r.finding == finding).count();
    Tally {
        met: count(Finding::Met),
        contradicted: count(Finding::Contradicted),
        unclear: count(Finding::Unclear),
        missing: count(Finding::Missing),
    }
}

/// The counts in their fixed order; zeros are left out.
pub fn counts(f: &Frame<'_>, rows: &[Row]) -> Vec<Count> {
    let w = FindingWords::of(f.lang());
    let tally = tally_of(rows);
    let all = [
        (Finding::Met, tally.met, w.n_met),
        (Finding::Contradicted, tally.contradicted, w.n_contradicted),
        (Finding::Unclear, tally.unclear, w.n_unclear),
        (Finding::Missing, tally.missing, w.n_missing),
    ];
    let entry = |(finding, n, sentence): (Finding, usize, &str)| Count {
        tone: tone(f, finding),
        text: fill(sentence, &[&n.to_string()]),
        href: (finding != Finding::Met)
            .then(|| rows.iter().find(|r| r.finding == finding).map(|r| format!("#{}", r.id)))
            .flatten(),
    };
    all.into_iter().filter(|(_, n, _)| *n > 0).map(entry).collect()
}

/// `14 sesuai · 1 berbeda`, for the lock and the queue.
pub fn tally_line(f: &Frame<'_>, tally: &Tally) -> String {
    let w = FindingWords::of(f.lang());
    let parts = [
        (tally.met, w.n_met),
        (tally.contradicted, w.n_contradicted),
        (tally.unclear, w.n_unclear),
        (tally.missing, w.n_missing),
    ];
    let line: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, sentence)| fill(sentence, &[&n.to_string()])).collect();
    if line.is_empty() { w.none.to_owned() } else { line.join(" · ") }
}
