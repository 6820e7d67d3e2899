//! The phrases that all letters share: items, problems, causes. Kept in one file per language so that an
//! office can read and override them like any text.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::calendar;
use super::facts::{Lack, Received};
use crate::sop::names::{Language, Service};
use crate::sop::procedure::papers::Phrase;

type Table = BTreeMap<String, String>;

/// One language's phrases, `texts/phrases/<language>.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrases {
    services: Services,
    items: BTreeMap<String, Item>,
    problems: Table,
    received: Table,
    rejection: Table,
    pub endings: Table,
    pub proposals: Table,
    pub held: Table,
    pub triggers: Table,
    pub marks: Table,
    pub tally: Table,
    pub alerts: Table,
    pub placeholders: Table,
    pub causes: Table,
    /// An office's own phrases of an earlier year may lack these; the letter then says less.
    #[serde(default)]
    pub refusals: Table,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Services {
    reset_password: String,
    user_id_info: String,
    both: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    name: String,
    send: String,
}

/// An NIK has 16 digits, an NIP 18.
const NIK_DIGITS: usize = 16;
/// The longest attachment name a letter repeats, in characters.
const FILE_NAME: usize = 60;

impl Phrases {
    /// # Errors
    /// What is wrong, where a phrase is unknown or of the wrong type.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    /// What is asked for, or `None` where the mail did not say.
    pub fn services(&self, services: &[Service]) -> Option<&str> {
        let reset = services.contains(&Service::ResetPassword);
        let user_id = services.contains(&Service::UserIdInfo);
        match (reset, user_id) {
            (true, true) => Some(&self.services.both),
            (true, false) => Some(&self.services.reset_password),
            (false, true) => Some(&self.services.user_id_info),
            (false, false) => None,
        }
    }

    /// The item's noun; an office's own item without a phrase is shown by its key in plain words.
    pub fn item(&self, key: &str, role: &str) -> String {
        self.items.get(key).map_or_else(|| key.replace('_', " "), |item| item.name.replace("{role}", role))
    }

    /// What is to be sent instead of what is missing or came wrong, as one line of a list.
    pub fn lack(&self, lack: &Lack, role: &str, language: Language) -> String {
        let problem = self.problem(lack, language);
        if problem.is_empty() {
            return self.asked(&lack.item, lack.ask.as_ref(), role, language);
        }
        format!("{}: {problem}", self.item(&lack.item, role))
    }

    /// What is to be sent for an item: in the procedure's words where it has some, else in the phrase's.
    pub fn asked(&self, item: &str, ask: Option<&Phrase>, role: &str, language: Language) -> String {
        let own = ask.map(|ask| ask.in_language(language).to_owned());
        let send = || self.items.get(item).map(|item| item.send.replace("{role}", role));
        own.or_else(send).unwrap_or_else(|| self.item(item, role))
    }

    /// What is wrong with a file that came, and what to send instead; empty where nothing came.
    pub fn problem(&self, lack: &Lack, language: Language) -> String {
        let problem = self.problems.get(problem_key(lack)).map(String::as_str).unwrap_or_default();
        let file = match &lack.file {
            Some(file) => quoted(file),
            None => self.problems.get("file").cloned().unwrap_or_default(),
        };
        let pages = lack.pages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let until = lack.until.map(|day| calendar::day(day, language)).unwrap_or_default();
        problem.replace("{pages}", &pages).replace("{until}", &until).replace("{file}", &file)
    }

    /// A cause that the engine named by its key, `key` or `key: detail`; other words stay as they are.
    pub fn cause(&self, why: &str) -> String {
        let (key, detail) = why.split_once(": ").unwrap_or((why, ""));
        self.causes.get(key).map_or_else(|| why.to_owned(), |phrase| phrase.replace("{0}", detail))
    }

    /// A paper that came, by kind, file name, number and day.
    pub fn received(&self, paper: &Received, role: &str, language: Language) -> String {
        let mut line = self.item(&paper.item, role);
        if let Some(file) = &paper.file {
            line.push_str(&format!(" ({})", quoted(file)));
        }
        let told = [
            ("number", paper.number.as_deref().map(masked)),
            ("date", paper.date.map(|day| calendar::day(day, language))),
        ];
        for (key, value) in told {
            if let (Some(word), Some(value)) = (self.received.get(key), value) {
                line.push_str(&word.replace("{0}", &value));
            }
        }
        line
    }

    /// When a new request can succeed, as a sentence around the condition that the procedure names.
    pub fn remedy(&self, condition: &str) -> String {
        self.rejection.get("remedy").map_or_else(|| condition.to_owned(), |phrase| phrase.replace("{0}", condition))
    }
}

fn problem_key(lack: &Lack) -> &'static str {
    use super::facts::Problem::*;
    match lack.problem {
        Absent => "absent",
        Encrypted => "encrypted",
        ArchiveFormat => "archive_format",
        OutlookPacket => "outlook_packet",
        OfficeFormat => "office_format",
        Infected => "infected",
        Unscanned => "unscanned",
        Unreadable => "unreadable",
        PagesUnreadable => "pages_unreadable",
        Expired if lack.until.is_none() => "expired_undated",
        Expired => "expired",
        AnnexPageMissing => "annex_page_missing",
        Unsigned => "unsigned",
        LinkOnly => "link_only",
        Incomplete => "incomplete",
    }
}

/// A file name as a letter repeats it.
fn quoted(file: &str) -> String {
    format!("“{}”", masked(&shortened(file)))
}

/// Digits in a row, or parted by single marks, that are as many as an NIK or NIP has are not repeated in a letter.
fn masked(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let end = end_of_number(&characters, at);
        let digits = characters[at..end].iter().filter(|c| c.is_numeric()).count();
        let hide = digits >= NIK_DIGITS;
        let next = end.max(at + 1);
        shown.extend(characters[at..next].iter().map(|c| if hide && c.is_numeric() { '•' } else { *c }));
        at = next;
    }
    shown
}

/// Where the number that begins at `at` ends: digits with at most one other mark between two of them.
fn end_of_number(characters: &[char], at: usize) -> usize {
    let mut end = at;
    for (index, character) in characters.iter().enumerate().skip(at) {
        match character {
            c if c.is_numeric() => end = index + 1,
            ' ' | '.' | '-' | '_' | '/' if index == end && end > at => {}
            _ => break,
        }
    }
    end
}

/// Keeps both ends of a long name: the start says what it is, the end what kind of file.
fn shortened(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= FILE_NAME {
        return name.to_owned();
    }
    let head: String = characters[..FILE_NAME - 13].iter().collect();
    let tail: String = characters[characters.len() - 12..].iter().collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::super::facts::Problem;
    use super::super::texts;
    use super::*;

    fn phrases(language: Language) -> Phrases {
        Phrases::parse(texts::phrases(language)).unwrap()
    }

    /// The first phrase that `model` has and `own` lacks, as `items.account_found`.
    fn lacks(own: &Phrases, model: &Phrases) -> Option<String> {
        let tables = |p: &Phrases| {
            [
                ("problems", p.problems.clone()),
                ("received", p.received.clone()),
                ("rejection", p.rejection.clone()),
                ("endings", p.endings.clone()),
                ("proposals", p.proposals.clone()),
                ("held", p.held.clone()),
                ("marks", p.marks.clone()),
                ("tally", p.tally.clone()),
                ("placeholders", p.placeholders.clone()),
                ("causes", p.causes.clone()),
                ("refusals", p.refusals.clone()),
            ]
        };
        let item = model.items.keys().find(|key| !own.items.contains_key(*key)).map(|key| format!("items.{key}"));
        item.or_else(|| {
            tables(own).into_iter().zip(tables(model)).find_map(|((name, own), (_, all))| {
                all.keys().find(|key| !own.contains_key(*key)).map(|key| format!("{name}.{key}"))
            })
        })
    }

    #[test]
    fn both_languages_have_the_same_phrases() {
        let (id, en) = (phrases(Language::Id), phrases(Language::En));

        assert_eq!(lacks(&id, &en), None);
        assert_eq!(lacks(&en, &id), None);
        assert_eq!(id.alerts.keys().collect::<Vec<_>>(), en.alerts.keys().collect::<Vec<_>>());
    }

    #[test]
    fn a_locked_file_is_asked_for_by_name() {
        let lack = Lack::of("appointment_decree", Problem::Encrypted, Some(&"SK Tim.pdf".into()));

        assert_eq!(
            phrases(Language::Id).lack(&lack, "Helpdesk", Language::Id),
            "SK pengangkatan sebagai Helpdesk: file “SK Tim.pdf” terkunci dengan password; mohon dikirim ulang tanpa \
             password"
        );
    }

    #[test]
    fn an_employee_number_in_a_file_name_is_not_repeated() {
        for name in ["SK 199203152019031904.pdf", "SK_19920315 201903 1 904.pdf", "19920315.201903.1.904 surat.pdf"] {
            let line =
                phrases(Language::Id).lack(&Lack::of("x", Problem::Unreadable, Some(&name.into())), "", Language::Id);

            assert!(!line.chars().any(|c| c.is_ascii_digit()), "{line}");
        }
        assert_eq!(masked("CamScanner 11-10-2026 08.14.pdf"), "CamScanner 11-10-2026 08.14.pdf");
        assert_eq!(masked("000.3/0620/BPLPSE/B.PBJ"), "000.3/0620/BPLPSE/B.PBJ");
    }

    #[test]
    fn a_very_long_file_name_keeps_both_ends() {
        let name = format!("{}.pdf", "x".repeat(500));

        assert_eq!(shortened(&name).chars().count(), FILE_NAME);
        assert!(shortened(&name).ends_with(".pdf"));
    }

    #[test]
    fn an_item_of_an_offices_own_is_shown_by_its_key() {
        assert_eq!(phrases(Language::Id).item("surat_tugas", "Helpdesk"), "surat tugas");
    }

    #[test]
    fn an_item_of_an_offices_own_is_asked_for_in_the_procedures_words() {
        let ask = Some(Phrase { id: "surat tugas asli".into(), en: "the letter of assignment".into() });
        let asked = |item: &str| Lack { ask: ask.clone(), ..Lack::of(item, Problem::Incomplete, None) };

        assert_eq!(phrases(Language::Id).lack(&asked("surat_tugas"), "Helpdesk", Language::Id), "surat tugas asli");
    }

    /// What an office wrote at `ask` labelled a box at the desk, and the letter said something else.
    #[test]
    fn the_procedures_own_words_go_before_a_phrase() {
        let ask = Some(Phrase { id: "Surat permohonan bermeterai".into(), en: "A stamped request letter".into() });
        let lack = Lack { ask, ..Lack::of("request_letter", Problem::Absent, None) };

        assert_eq!(phrases(Language::Id).lack(&lack, "Helpdesk", Language::Id), "Surat permohonan bermeterai");
        assert_eq!(phrases(Language::En).lack(&lack, "Helpdesk", Language::En), "A stamped request letter");
    }

    #[test]
    fn the_shipped_procedure_asks_in_the_phrases_of_the_letters() {
        let procedure = crate::sop::procedure::Procedure::helpdesk();

        for rule in &procedure.checks {
            for language in [Language::Id, Language::En] {
                let Some(ask) = &rule.ask else { continue };
                let phrases = phrases(language);
                let send = phrases.items[&rule.item].send.replace("{role}", &procedure.profile.role);
                assert_eq!(ask.in_language(language), send, "{}", rule.item);
            }
        }
    }
}
