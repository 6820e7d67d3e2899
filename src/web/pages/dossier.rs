//! One dossier of the archive: whether it is sound, what it says of itself, what is in it, and who looked before.

use askama::Template;

use super::Frame;
use super::archive::counted;
use crate::engine::archive::{Destruction, Flaw};
use crate::sop::procedure::rules::Fate;
use crate::web::say::fill;
use crate::web::view::{DossierView, LOOKS, LookView, Looker, OpenedView, RecordView, TermView};
use crate::web::words::{ArchiveWords, archive};

#[derive(Template)]
#[template(path = "dossier.html", config = "src/web/askama.toml")]
pub struct DossierPage<'a> {
    f: Frame<'a>,
    a: &'static ArchiveWords,
    view: &'a DossierView,
    /// The dossier's address.
    href: String,
    note: Note,
    items: Vec<Item>,
}

struct Note {
    tone: &'static str,
    icon: &'static str,
    title: &'static str,
    text: String,
}

/// A row of a list of facts.
struct Fact {
    label: &'static str,
    text: String,
    mono: bool,
}

struct Item {
    nth: usize,
    name: String,
    /// `None`: it is damaged.
    href: Option<String>,
    kind: String,
    size: String,
    short: String,
    whole: String,
}

impl<'a> DossierPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a DossierView) -> Self {
        let a = ArchiveWords::of(f.lang());
        let href = format!("/arsip/{}", view.number);
        let items = opened(view).map(|opened| items(&f, view, opened, &href)).unwrap_or_default();
        Self { note: note(&f, a, view), items, a, f, view, href }
    }

    fn heading(&self) -> String {
        fill(self.a.dossier, &[&self.view.number.to_string()])
    }

    fn record(&self) -> Option<&RecordView> {
        self.view.record.as_ref()
    }

    /// Of the request.
    fn request(&self, record: &RecordView) -> Vec<Fact> {
        let (a, say) = (self.a, &self.f.say);
        let mut facts = Vec::new();
        let mut add = |label, text: String, mono| facts.push(Fact { label, text, mono });
        if let Some(opened) = &record.opened {
            add(a.applicant, named(a, &opened.applicant), false);
            if let Some(user_id) = &opened.user_id {
                add(a.user_id, user_id.clone(), true);
            }
            if let Some(work_unit) = &opened.work_unit {
                add(a.work_unit, work_unit.clone(), false);
            }
            add(a.service, say.services(&opened.services), false);
        }
        add(a.outcome, archive::outcome(self.f.lang(), &record.register.outcome), false);
        match record.opened.as_ref().map(|opened| (&opened.admin, &opened.decided)) {
            Some((Some(admin), Some(at))) => add(a.decided, format!("{admin}, {}", say.moment(at)), false),
            Some((Some(admin), None)) => add(a.admin, admin.clone(), false),
            _ => {}
        }
        add(a.received, say.moment(&record.register.opened), false);
        add(a.closed, say.moment(&record.register.closed), false);
        facts
    }

    /// Of its keeping.
    fn keeping(&self, record: &RecordView) -> Vec<Fact> {
        let (a, say) = (self.a, &self.f.say);
        let access = match record.register.access.as_str() {
            "terbatas" => a.restricted.to_owned(),
            other => other.to_owned(),
        };
        let class = &record.register.retention_class;
        let classification = match class.as_str() {
            "" => record.register.classification.clone(),
            class => format!("{} · {class}", record.register.classification),
        };
        let mut facts = vec![
            Fact { label: a.classification, text: classification, mono: false },
            Fact { label: a.access, text: access, mono: false },
        ];
        if let Some(term) = record.opened.as_ref().and_then(|opened| opened.term.as_ref()) {
            facts.push(Fact { label: a.retention, text: self.term(term), mono: false });
        }
        facts.extend([
            Fact { label: a.archived, text: say.moment(&record.archived), mono: false },
            Fact { label: a.place, text: record.place.clone(), mono: true },
            Fact { label: a.hash, text: grouped(&record.hash.0), mono: true },
        ]);
        facts
    }

    fn term(&self, term: &TermView) -> String {
        let (a, say) = (self.a, &self.f.say);
        let fate = match term.fate {
            Some(Fate::Destroy) => a.fate_destroy,
            Some(Fate::Keep) => a.fate_keep,
            Some(Fate::Reassess) => a.fate_reassess,
            None => a.fate_unknown,
        };
        let years = term.inactive_years.to_string();
        fill(a.term, &[&say.date(term.active_until), &years, &say.date(term.until), fate])
    }

    /// The whole of it can be taken out.
    fn is_whole(&self) -> bool {
        let spoils = |flaw: &Flaw| matches!(flaw, Flaw::Item(_));
        opened(self.view).is_some() && !self.view.flaws.iter().any(spoils)
    }

    fn download(&self) -> String {
        let bytes = opened(self.view).map_or(0, |opened| opened.items.iter().map(|item| item.bytes).sum());
        fill(self.a.download, &[&self.f.say.size(bytes)])
    }

    fn looks(&self) -> &[LookView] {
        let looks = self.view.looks.as_deref().unwrap_or_default();
        &looks[..looks.len().min(LOOKS)]
    }

    /// The heading of the table of looks.
    fn looked(&self) -> String {
        let all = self.view.looks.as_ref().map_or(0, Vec::len);
        match all > LOOKS {
            true => fill(self.a.looks_of, &[&LOOKS.to_string()]),
            false => self.a.looks.to_owned(),
        }
    }

    fn who(&self, look: &LookView) -> String {
        match &look.who {
            Looker::Person(name) => name.clone(),
            Looker::CommandLine(user) => fill(self.a.command_line, &[user]),
        }
    }

    fn what(&self, look: &LookView) -> String {
        archive::seen(self.f.lang(), &look.what)
    }
}

fn opened(view: &DossierView) -> Option<&OpenedView> {
    view.record.as_ref()?.opened.as_ref()
}

fn named(a: &'static ArchiveWords, name: &str) -> String {
    if name.is_empty() { a.no_name.to_owned() } else { name.to_owned() }
}

/// What was found out of its soundness at this look, and no more than that.
fn note(f: &Frame<'_>, a: &'static ArchiveWords, view: &DossierView) -> Note {
    let at = f.say.moment(&view.at);
    let destroyed = view.record.as_ref().and_then(|record| record.destroyed.as_ref());
    if !view.flaws.is_empty() {
        return flawed(f, a, view, destroyed);
    }
    let gone = destroyed.map(|why| fill(a.gone_more, &[&f.say.date_of(&why.at), &why.record]));
    if let Some(gone) = gone {
        let text = format!("{gone} {}", fill(a.gone_checked, &[&at]));
        return Note { tone: "miss", icon: "belum", title: a.gone, text };
    }
    let items = opened(view).map_or(0, |opened| opened.items.len());
    let entries = opened(view).map_or(0, |opened| opened.journal_entries);
    let (items, entries) = (counted(items, (a.items, a.items_1)), counted(entries, (a.entries, a.entries_1)));
    Note { tone: "ok", icon: "ok", title: a.whole, text: fill(a.whole_more, &[&items, &entries, &at]) }
}

/// What does not fit, or could not be held against anything.
fn flawed(f: &Frame<'_>, a: &'static ArchiveWords, view: &DossierView, destroyed: Option<&Destruction>) -> Note {
    let at = f.say.moment(&view.at);
    let list = opened(view).map(|opened| opened.items.as_slice()).unwrap_or_default();
    let name = |flaw: &Flaw| match flaw {
        Flaw::Item(index) => list.get(*index as usize).map(|item| format!("({})", item.name)).unwrap_or_default(),
        _ => String::new(),
    };
    let clause = |flaw: &Flaw| archive::flaw(f.lang(), *flaw, &name(flaw), destroyed.is_some());
    let flaws = capital(&view.flaws.iter().map(clause).collect::<Vec<_>>().join("; "));
    let (tone, icon) = ("bad", "awas");
    match destroyed {
        Some(why) => {
            let left = view.flaws.contains(&Flaw::Key);
            let (title, gone) = if left { (a.gone_left, a.gone_left_more) } else { (a.broken, a.gone_more) };
            let gone = fill(gone, &[&f.say.date_of(&why.at), &why.record]);
            Note { tone, icon, title, text: format!("{flaws}. {gone} {}", fill(a.checked, &[&at])) }
        }
        None if view.flaws.iter().all(|flaw| *flaw == Flaw::Neighbour) => {
            let text = format!("{flaws}. {}", fill(a.unsure_more, &[&at]));
            Note { tone: "look", icon: "lihat", title: a.unsure, text }
        }
        None => Note { tone, icon, title: a.broken, text: format!("{flaws}. {}", fill(a.broken_more, &[&at])) },
    }
}

fn items(f: &Frame<'_>, view: &DossierView, opened: &OpenedView, href: &str) -> Vec<Item> {
    let damaged = |nth: usize| view.flaws.iter().any(|flaw| matches!(flaw, Flaw::Item(n) if *n as usize == nth));
    let row = |(nth, item): (usize, &crate::engine::archive::ArchivedItem)| Item {
        nth: nth + 1,
        name: item.name.clone(),
        href: (!damaged(nth)).then(|| format!("{href}/isi/{}", nth + 1)),
        kind: archive::title(f.lang(), &item.title).to_owned(),
        size: f.say.size(item.bytes),
        short: short(&item.sha256.0),
        whole: grouped(&item.sha256.0),
    };
    opened.items.iter().enumerate().map(row).collect()
}

/// `b81f…20aa`.
fn short(hash: &str) -> String {
    let (Some(first), Some(last)) = (hash.get(..4), hash.len().checked_sub(4).and_then(|at| hash.get(at..))) else {
        return hash.to_owned();
    };
    format!("{first}…{last}")
}

/// In groups of four, so that it can be read out and compared.
pub(super) fn grouped(hash: &str) -> String {
    let letters: Vec<char> = hash.chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_shown_by_its_ends_and_as_a_whole_in_groups() {
        assert_eq!(short("b81f00000020aa"), "b81f…20aa");
        assert_eq!(short("ab"), "ab");
        assert_eq!(grouped("b81f00000020aa"), "b81f 0000 0020 aa");
    }
}
