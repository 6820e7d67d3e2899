//! The phrases that all letters share: items, problems, reasons, remedies. Kept in one file per language so that an
//! office can read and override them like any text.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::facts::{Lack, RejectReason};
use crate::sop::names::Service;

type Table = BTreeMap<String, String>;

/// One language's phrases, `texts/phrases/<language>.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrases {
    services: Services,
    items: BTreeMap<String, Item>,
    problems: Table,
    reasons: Table,
    remedies: Table,
    pub elsewhere: Table,
    pub endings: Table,
    pub proposals: Table,
    pub held: Table,
    pub triggers: Table,
    pub marks: Table,
    pub tally: Table,
    pub alerts: Table,
    pub placeholders: Table,
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
    pub fn lack(&self, lack: &Lack, role: &str) -> String {
        let problem = self.problems.get(problem_key(lack)).map(String::as_str).unwrap_or_default();
        let send = || self.items.get(&lack.item).map(|item| item.send.replace("{role}", role));
        if problem.is_empty() {
            return send().unwrap_or_else(|| self.item(&lack.item, role));
        }
        let file = match &lack.file {
            Some(file) => format!("“{}”", shortened(file)),
            None => self.problems.get("file").cloned().unwrap_or_default(),
        };
        format!("{}: {}", self.item(&lack.item, role), problem.replace("{file}", &file))
    }

    pub fn reason(&self, reason: RejectReason, role: &str) -> String {
        self.reasons.get(reason.code()).map(|phrase| phrase.replace("{role}", role)).unwrap_or_default()
    }

    pub fn remedy(&self, reason: RejectReason) -> Option<&String> {
        self.remedies.get(reason.code()).filter(|remedy| !remedy.is_empty())
    }
}

fn problem_key(lack: &Lack) -> &'static str {
    use super::facts::Problem::*;
    match lack.problem {
        Absent => "absent",
        Encrypted => "encrypted",
        ArchiveFormat => "archive_format",
        Unreadable => "unreadable",
        Expired => "expired",
        AnnexPageMissing => "annex_page_missing",
        Unsigned => "unsigned",
        LinkOnly => "link_only",
        Incomplete => "incomplete",
    }
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
    use crate::sop::names::Language;

    fn phrases(language: Language) -> Phrases {
        Phrases::parse(texts::phrases(language)).unwrap()
    }

    /// The first phrase that `model` has and `own` lacks, as `reasons.R01`.
    fn lacks(own: &Phrases, model: &Phrases) -> Option<String> {
        let tables = |p: &Phrases| {
            [
                ("problems", p.problems.clone()),
                ("reasons", p.reasons.clone()),
                ("remedies", p.remedies.clone()),
                ("elsewhere", p.elsewhere.clone()),
                ("endings", p.endings.clone()),
                ("proposals", p.proposals.clone()),
                ("held", p.held.clone()),
                ("marks", p.marks.clone()),
                ("tally", p.tally.clone()),
                ("placeholders", p.placeholders.clone()),
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
    fn every_reason_has_words_and_a_way_forward() {
        for language in [Language::Id, Language::En] {
            let phrases = phrases(language);
            for reason in RejectReason::ALL {
                assert!(!phrases.reason(reason, "Helpdesk").is_empty(), "{reason:?}");
                assert!(phrases.remedy(reason).is_some_and(|remedy| remedy.ends_with('.')), "{reason:?}");
                assert!(!phrases.reason(reason, "Helpdesk").contains('{'));
            }
        }
    }

    #[test]
    fn a_locked_file_is_asked_for_by_name() {
        let lack =
            Lack { item: "appointment_decree".into(), problem: Problem::Encrypted, file: Some("SK Tim.pdf".into()) };

        assert_eq!(
            phrases(Language::Id).lack(&lack, "Helpdesk"),
            "SK pengangkatan sebagai Helpdesk: file “SK Tim.pdf” terkunci dengan password; mohon dikirim ulang tanpa \
             password"
        );
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
}
