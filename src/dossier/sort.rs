//! Papers → documents. Content decides: a title, a heading, the labels of a letter. A file name is only a hint, for papers
//! of which nothing can be read. One attachment may hold two documents, and one document several pictures.

use super::collate;
use super::electronic::Electronic;
use super::fact::{other_wish, service};
use super::fold::Gist;
use super::page::{Page, Paper};
use super::recognition::{Field, Recognition};
use super::sheet::{Row, Sheet};
use super::{fields, fold::fold};
use crate::sop::checklist::{DocumentKind, Method, Trouble};
use crate::sop::look::Look;
use crate::sop::names::Sha256Hex;

/// Pages that make one document.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Names of the attachments it is spread over.
    pub attachments: Vec<String>,
    pub kind: DocumentKind,
    /// A stand-in for a decree, such as an assignment letter.
    pub weaker: bool,
    /// Only the annex of a decree.
    pub annex_only: bool,
    /// Begins without a title: pages of something that begins elsewhere.
    pub loose: bool,
    /// Photographed or scanned page by page, each a file of its own.
    pub pictured: bool,
    pub method: Method,
    pub encrypted: bool,
    /// Why nothing could be read.
    pub trouble: Option<Trouble>,
    /// Pages of the attachment that hold a picture of which nothing could be read.
    pub unread_pages: Vec<u32>,
    pub electronic: Electronic,
    pub sha256: String,
    /// How its first page looks, of a scan.
    pub look: Option<Look>,
    pub sheets: Vec<Sheet>,
    pub hidden: Vec<String>,
    /// First and last page, counted over all attachments of the document.
    pub pages: (u32, u32),
}

/// What a page opens with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    Letter,
    Decree,
    Weaker,
    Annex,
    Other,
    /// A clause in the middle of a decree.
    Clause,
    /// Nothing: it goes on with what came before.
    None,
}

const CONTAINERS: [&str; 8] = ["zip", "rar", "7z", "exe", "tnef", "gzip", "tar", "eml"];

/// Sorts the papers of a dossier into documents, in the order they came.
pub fn sort(papers: &[Paper], recognition: &Recognition) -> Vec<Stack> {
    let mut stacks: Vec<Stack> = Vec::new();
    let mut goes_on = false;
    for paper in collate::in_order(papers) {
        let readable = paper.method != Method::None && paper.pages.iter().any(|p| !p.lines.is_empty());
        if !readable {
            stacks.extend(unread(paper, recognition));
            goes_on = false;
            continue;
        }
        let picture = collate::is_picture(paper);
        let mut continued = goes_on && picture;
        // Its first pages may belong to the document before.
        let before = stacks.len().saturating_sub(usize::from(continued));
        for page in &paper.pages {
            let sheet = Sheet { sha256: Some(Sha256Hex(paper.sha256.clone())), ..Sheet::of(&paper.attachment, page) };
            place(&mut stacks, paper, page, sheet, continued, recognition);
            continued = true;
        }
        mark_unread(&mut stacks[before..], paper);
        goes_on = picture;
    }
    let mut stacks = collate::join(stacks);
    for stack in &mut stacks {
        settle(stack, recognition);
    }
    stacks
}

/// Notes a paper's unreadable pages on the document they follow, the first ones on the document they precede.
fn mark_unread(stacks: &mut [Stack], paper: &Paper) {
    for page in paper.pages.iter().filter(|p| p.lines.is_empty() && !p.pictures.is_empty()) {
        let follows = stacks.iter().rposition(|s| s.pages.0 <= page.number).unwrap_or(0);
        if let Some(stack) = stacks.get_mut(follows) {
            stack.unread_pages.push(page.number);
        }
    }
}

/// Puts a page into the document it belongs to, or begins a new one.
fn place(stacks: &mut Vec<Stack>, paper: &Paper, page: &Page, sheet: Sheet, continued: bool, r: &Recognition) {
    let opening = if sheet.is_empty() { Opening::None } else { opening(&sheet, r) };
    let last = stacks.last_mut().filter(|_| continued);
    if let Some(stack) = last {
        let same = match opening {
            Opening::None => true,
            Opening::Annex | Opening::Clause => stack.kind == DocumentKind::AppointmentDecree,
            _ => false,
        };
        if same {
            extend(stack, paper, page, sheet);
            return;
        }
    }
    if sheet.is_empty() && page.hidden.is_empty() {
        return;
    }
    let kind = match opening {
        Opening::Letter => DocumentKind::RequestLetter,
        Opening::Decree | Opening::Weaker | Opening::Annex | Opening::Clause => DocumentKind::AppointmentDecree,
        Opening::Other | Opening::None => DocumentKind::Other,
    };
    stacks.push(Stack {
        attachments: vec![paper.attachment.clone()],
        kind: if opening == Opening::None && asks_for_an_account(&sheet, r) {
            DocumentKind::RequestLetter
        } else {
            kind
        },
        weaker: opening == Opening::Weaker,
        annex_only: opening == Opening::Annex,
        loose: matches!(opening, Opening::None | Opening::Clause),
        pictured: collate::is_picture(paper),
        method: if page.is_recognised() { Method::Ocr } else { own_words(paper) },
        encrypted: paper.encrypted,
        trouble: None,
        unread_pages: Vec::new(),
        electronic: paper.electronic.clone(),
        sha256: paper.sha256.clone(),
        look: page.look.clone(),
        pages: (page.number, page.number),
        hidden: page.hidden.clone(),
        sheets: vec![sheet],
    });
}

fn extend(stack: &mut Stack, paper: &Paper, page: &Page, sheet: Sheet) {
    if stack.attachments.last() != Some(&paper.attachment) {
        stack.attachments.push(paper.attachment.clone());
        stack.pages.1 += 1;
    } else if !sheet.is_empty() {
        stack.pages.1 = if stack.attachments.len() == 1 { page.number } else { stack.pages.1 + 1 };
    }
    if page.is_recognised() {
        stack.method = Method::Ocr;
    }
    stack.hidden.extend(page.hidden.iter().cloned());
    stack.sheets.push(sheet);
}

/// How a page that was not recognised was read: other pages of its paper may have been.
fn own_words(paper: &Paper) -> Method {
    if paper.method == Method::Ocr { Method::Text } else { paper.method }
}

/// A paper of which nothing could be read: its name hints at what it may be.
fn unread(paper: &Paper, r: &Recognition) -> Option<Stack> {
    let file = paper.attachment.rsplit('/').next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let gist = Gist::of(&stem.replace(|c: char| c.is_ascii_digit(), " "));
    let holds_files = CONTAINERS.contains(&paper.format.as_str());
    let kind = match () {
        () if holds_files => DocumentKind::Other,
        () if gist.has_any(&r.decree.file_names) => DocumentKind::AppointmentDecree,
        () if gist.has_any(&r.letter.file_names) => DocumentKind::RequestLetter,
        () => DocumentKind::Other,
    };
    let last = paper.pages.iter().map(|p| p.number).max().unwrap_or(1);
    Some(Stack {
        attachments: vec![paper.attachment.clone()],
        kind,
        weaker: false,
        annex_only: false,
        loose: false,
        pictured: false,
        method: Method::None,
        encrypted: paper.encrypted,
        trouble: Some(trouble(paper)),
        unread_pages: Vec::new(),
        electronic: paper.electronic.clone(),
        sha256: paper.sha256.clone(),
        look: None,
        pages: (1, last),
        hidden: paper.pages.iter().flat_map(|p| p.hidden.iter().cloned()).collect(),
        sheets: Vec::new(),
    })
}

fn trouble(paper: &Paper) -> Trouble {
    match paper.format.as_str() {
        _ if paper.encrypted => Trouble::Encrypted,
        "rar" | "7z" | "gzip" | "tar" | "archive" => Trouble::ArchiveFormat,
        "tnef" => Trouble::OutlookPacket,
        "infected" => Trouble::Infected,
        "unscanned" => Trouble::Unscanned,
        "ole" | "office" | "rtf" => Trouble::OfficeFormat,
        _ => Trouble::Unreadable,
    }
}

/// Decides on the kind with the whole document at hand: a letter must ask for something, a decree must appoint.
fn settle(stack: &mut Stack, r: &Recognition) {
    if stack.method == Method::None {
        return;
    }
    let text: String = stack.sheets.iter().map(Sheet::prose).collect::<Vec<_>>().join(" ");
    match stack.kind {
        DocumentKind::RequestLetter if !is_request(&text, r) => stack.kind = DocumentKind::Other,
        DocumentKind::AppointmentDecree if !stack.annex_only => {
            let title = super::decree::title(&stack.sheets);
            let about = if title.is_empty() || stack.weaker { text } else { title };
            let gist = Gist::of(&about);
            if !gist.has_any(&r.decree.appoints) && !gist.has_any(&r.role.names) {
                stack.kind = DocumentKind::Other;
            }
        }
        _ => {}
    }
}

fn is_request(text: &str, r: &Recognition) -> bool {
    let gist = Gist::of(text);
    !service::asked(text, r).is_empty() || (gist.has_any(&r.letter.asks) && other_wish::other(text, r).is_some())
}

/// A page without any heading that still asks for an account's service in the applicant's name.
fn asks_for_an_account(sheet: &Sheet, r: &Recognition) -> bool {
    is_request(&sheet.prose(), r)
        && fields::read(std::slice::from_ref(sheet), r).iter().any(|l| l.fields.contains(&Field::Name))
}

fn opening(sheet: &Sheet, r: &Recognition) -> Opening {
    if collate::opens_with_a_clause(sheet) {
        return Opening::Clause;
    }
    let labels = fields::read(std::slice::from_ref(sheet), r);
    let label_row = |field: Field| labels.iter().find(|l| l.fields.contains(&field)).map(|l| l.row);
    let subject = label_row(Field::Subject);
    let upper = sheet.rows.len().min(25);
    for (n, row) in sheet.rows.iter().enumerate().take(upper) {
        let found = heading(n, row, sheet, r);
        if found != Opening::None {
            let letter_first = subject.is_some_and(|s| s < n);
            return if letter_first && found != Opening::Letter { Opening::Letter } else { found };
        }
        let addressed = row.pieces.iter().any(|p| Gist::of(&p.text).starts_with_any(&r.letter.addressees));
        let numbered = label_row(Field::Number) == Some(n);
        if (addressed || numbered || subject == Some(n))
            && (subject.is_some() || (addressed && is_request(&sheet.prose(), r)))
        {
            return Opening::Letter;
        }
    }
    let whole = Gist::of(&sheet.prose());
    let operative =
        ["menimbang", "mengingat", "memutuskan", "menetapkan"].iter().filter(|w| whole.has(&(**w).into())).count();
    match () {
        () if operative >= 3 => Opening::Decree,
        () if is_identity_card(&whole) => Opening::Other,
        () => Opening::None,
    }
}

/// A citizen's card has no title that pictures of it show; its labels tell it from a page that goes on with a decree.
fn is_identity_card(page: &Gist) -> bool {
    const LABELS: [&str; 8] = [
        "tempat tgl lahir",
        "jenis kelamin",
        "gol darah",
        "agama",
        "status perkawinan",
        "kewarganegaraan",
        "berlaku hingga",
        "kel desa",
    ];
    page.has(&"nik".into()) && LABELS.iter().filter(|label| page.has(&(**label).into())).count() >= 3
}

fn heading(n: usize, row: &Row, sheet: &Sheet, r: &Recognition) -> Opening {
    for piece in &row.pieces {
        if piece.text.contains(':')
            && !piece.text.trim_end().ends_with(':')
            && fold(&piece.text).starts_with("lampiran")
        {
            continue;
        }
        let gist = Gist::of(&spaced_letters(&piece.text));
        let loud = is_loud(&piece.text);
        let alone = row.pieces.len() == 1 && gist.words().len() <= 4 && !piece.text.ends_with(['.', ',', ';']);
        if !(loud || alone) {
            continue;
        }
        let below = |rows: usize| {
            let end = sheet.rows.len().min(n + 1 + rows);
            Gist::of(&sheet.rows[n..end].iter().map(Row::text).collect::<Vec<_>>().join(" "))
        };
        if gist.words().first() == Some(&"lampiran") && below(5).has(&"keputusan".into()) {
            return Opening::Annex;
        }
        if gist.words().first() == Some(&"lampiran")
            && n <= 4
            && ["nomor", "tanggal"].iter().all(|w| below(5).has(&(*w).into()))
        {
            return Opening::Annex;
        }
        if gist.starts_with_any(&r.decree.titles)
            && ["nomor", "tentang", "menimbang"].iter().any(|w| below(9).has(&(*w).into()))
        {
            return Opening::Decree;
        }
        if gist.starts_with_any(&r.decree.weaker) {
            return Opening::Weaker;
        }
        if gist.starts_with_any(&r.decree.other_titles) {
            return Opening::Other;
        }
        if gist.starts_with_any(&r.letter.titles) {
            return Opening::Letter;
        }
    }
    Opening::None
}

/// `K E P U T U S A N` is one word.
fn spaced_letters(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let single = words.iter().filter(|w| w.chars().count() == 1).count();
    if words.len() >= 5 && single == words.len() { words.concat() } else { text.to_owned() }
}

/// Mostly capitals, as titles are set.
fn is_loud(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = text.chars().filter(|c| c.is_uppercase()).count();
    letters >= 4 && capitals * 10 >= letters * 8
}
