//! The archive's list: what was looked for, what was found, the last closed first.

use askama::Template;
use chrono::{DateTime, Utc};

use super::Frame;
use crate::web::say::fill;
use crate::web::view::{ArchiveFilter, ArchiveRow, ArchiveView, Ending, Kept, PAGE};
use crate::web::words::{ArchiveWords, archive};

#[derive(Template)]
#[template(path = "archive.html", config = "src/web/askama.toml")]
pub struct ArchivePage<'a> {
    f: Frame<'a>,
    a: &'static ArchiveWords,
    view: &'a ArchiveView,
    filter: &'a ArchiveFilter,
    now: DateTime<Utc>,
    rows: Vec<Row>,
}

struct Row {
    class: &'static str,
    icon: &'static str,
    ending: &'static str,
    href: String,
    subject: String,
    detail: String,
    number: String,
}

impl<'a> ArchivePage<'a> {
    pub fn new(f: Frame<'a>, view: &'a ArchiveView, filter: &'a ArchiveFilter, now: DateTime<Utc>) -> Self {
        let a = ArchiveWords::of(f.lang());
        let rows = view.rows.iter().map(|r| row(&f, a, r)).collect();
        Self { a, rows, f, view, filter, now }
    }

    /// Value, name and whether it is chosen.
    fn years(&self) -> Vec<(i32, bool)> {
        self.view.years.iter().map(|year| (*year, self.filter.year == Some(*year))).collect()
    }

    fn endings(&self) -> Vec<(&'static str, &'static str, bool)> {
        let option =
            |ending: Ending| (slug(ending), archive::ending(self.f.lang(), ending), self.filter.ending == Some(ending));
        Ending::ALL.into_iter().map(option).collect()
    }

    fn searched(&self) -> bool {
        !self.filter.words.is_empty() || self.filter.year.is_some() || self.filter.ending.is_some()
    }

    /// How much there is, of what, and which part of it is shown.
    fn count(&self) -> String {
        let (a, view) = (self.a, self.view);
        let many = if self.searched() { (a.found, a.found_1) } else { (a.count, a.count_1) };
        let mut sentence = counted(view.found, many);
        if !self.filter.words.is_empty() {
            sentence.push_str(&fill(a.for_words, &[&self.filter.words]));
        }
        if let Some(year) = self.filter.year {
            sentence.push_str(&fill(a.in_year, &[&year.to_string()]));
        }
        if let Some(ending) = self.filter.ending {
            sentence.push_str(&fill(a.with_ending, &[archive::ending(self.f.lang(), ending)]));
        }
        let first = view.page * PAGE;
        if view.found > view.rows.len() {
            let (from, to) = ((first + 1).to_string(), (first + view.rows.len()).to_string());
            sentence.push_str(&match self.pages() {
                true => fill(a.part, &[&from, &to]),
                false => fill(a.narrow, &[&to]),
            });
        }
        sentence.push('.');
        sentence
    }

    /// Whether the list has pages. What was typed may be a name, and stands in no link (DESK.md): such a list is narrowed down.
    fn pages(&self) -> bool {
        self.filter.words.is_empty()
    }

    fn newer(&self) -> Option<String> {
        let page = self.view.page.checked_sub(1)?;
        Some(href(self.filter, page))
    }

    fn older(&self) -> Option<String> {
        let more = (self.view.page + 1) * PAGE < self.view.found;
        (more && self.pages()).then(|| href(self.filter, self.view.page + 1))
    }

    fn looked(&self) -> String {
        fill(self.a.empty_more, &[&self.f.say.moment(&self.now)])
    }

    fn among(&self) -> String {
        let mut sentence = fill(self.a.nothing_more, &[&counted(self.view.held, (self.a.count, self.a.count_1))]);
        if self.unread().is_some() {
            sentence.push(' ');
            sentence.push_str(self.a.nothing_unread);
        }
        sentence
    }

    /// What of the archive cannot be read, and what to do.
    fn unread(&self) -> Option<String> {
        let (a, view) = (self.a, self.view);
        let mut sentences = Vec::new();
        if !view.unread_files.is_empty() {
            sentences.push(fill(a.unread_files, &[&view.unread_files.join(", ")]));
        }
        if !view.unread.is_empty() {
            let numbers: Vec<String> = view.unread.iter().map(ToString::to_string).collect();
            sentences.push(fill(a.unread_dossiers, &[&numbers.join(", ")]));
        }
        (!sentences.is_empty()).then(|| {
            sentences.push(a.mend.to_owned());
            sentences.join(" ")
        })
    }
}

/// A number and its noun; the second form is for one.
pub(super) fn counted(count: usize, (many, one): (&str, &str)) -> String {
    if count == 1 { one.to_owned() } else { fill(many, &[&count.to_string()]) }
}

/// An ending as it stands in an address.
pub fn slug(ending: Ending) -> &'static str {
    match ending {
        Ending::Done => "selesai",
        Ending::Rejected => "ditolak",
        Ending::Expired => "tidak-dilengkapi",
        Ending::Withdrawn => "ditarik",
        Ending::NotFetched => "tidak-diambil",
        Ending::Apart => "tidak-diproses",
        Ending::Destroyed => "dimusnahkan",
    }
}

/// The list's address, with what was chosen and without what was typed.
pub fn href(filter: &ArchiveFilter, page: usize) -> String {
    let year = filter.year.map(|year| format!("tahun={year}"));
    let ending = filter.ending.map(|ending| format!("hasil={}", slug(ending)));
    let page = (page > 0).then(|| format!("halaman={}", page + 1));
    let query: Vec<String> = [year, ending, page].into_iter().flatten().collect();
    if query.is_empty() { "/arsip".to_owned() } else { format!("/arsip?{}", query.join("&")) }
}

/// The icon before an ending's word.
pub(super) fn icon(ending: Ending) -> &'static str {
    match ending {
        Ending::Done => "ok",
        Ending::Rejected | Ending::Expired => "beda",
        Ending::Withdrawn | Ending::NotFetched | Ending::Destroyed => "belum",
        Ending::Apart => "henti",
    }
}

fn row(f: &Frame<'_>, a: &'static ArchiveWords, row: &ArchiveRow) -> Row {
    let ending = Ending::of(&row.outcome);
    let closed = fill(a.closed_on, &[&f.say.date_of(&row.closed)]);
    let items = counted(row.items, (a.items, a.items_1));
    let href = format!("/arsip/{}", row.number);
    let number = row.number.to_string();
    let word = |ending| archive::ending(f.lang(), ending);
    match &row.kept {
        Kept::Whole { services, name } => {
            let named = if name.is_empty() { a.no_name } else { name };
            // Two ends go by one word: which it was stands below.
            let how = matches!(ending, Ending::Done | Ending::Apart).then(|| archive::outcome(f.lang(), &row.outcome));
            let how = how.filter(|how| how != word(ending));
            let detail: Vec<String> = [Some(closed), how, Some(items)].into_iter().flatten().collect();
            Row {
                class: "",
                icon: icon(ending),
                ending: word(ending),
                href,
                subject: format!("{} · {named}", f.say.services(services)),
                detail: detail.join(" · "),
                number,
            }
        }
        Kept::Destroyed { record } => Row {
            class: "soft",
            icon: icon(Ending::Destroyed),
            ending: word(Ending::Destroyed),
            href,
            subject: a.destroyed_row.to_owned(),
            detail: format!("{closed} · {}", fill(a.record, &[record])),
            number,
        },
        Kept::Damaged => Row {
            class: "bad",
            icon: "awas",
            ending: a.damaged,
            href,
            subject: a.damaged_row.to_owned(),
            detail: format!("{closed} · {}", archive::outcome(f.lang(), &row.outcome)),
            number,
        },
    }
}
