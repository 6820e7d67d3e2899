//! The checklist as the desk shows it: each finding under its noun, and the confirmation as a finding of its own.

use super::Desk;
use super::words::{self, Words};
use crate::engine::office::Worked;
use crate::sop::case::Case;
use crate::sop::checklist::{Check, Finding};
use crate::sop::names::Language;
use crate::sop::phase::Phase;
use crate::web::view::{CheckRow, Tally};

const CONFIRMED: &str = "confirmed_with_applicant";

impl Desk {
    pub(super) fn words(&self, lang: Language) -> Words<'_> {
        Words { lang, engine: &self.engine }
    }

    pub(super) fn check_rows(&self, case: &Case, worked: &Worked, lang: Language) -> Vec<CheckRow> {
        let own = case.understanding.checklist.iter().filter(|check| check.item != CONFIRMED).cloned();
        let checks = own.chain(self.confirmation_check(case, lang));
        checks.map(|check| CheckRow { title: title(worked, &check.item, lang), check }).collect()
    }

    pub(super) fn tally(&self, case: &Case, worked: &Worked, lang: Language) -> Tally {
        let mut tally = Tally::default();
        for row in self.check_rows(case, worked, lang) {
            match row.check.finding {
                Finding::Met => tally.met += 1,
                Finding::Contradicted => tally.contradicted += 1,
                Finding::Unclear => tally.unclear += 1,
                Finding::Missing => tally.missing += 1,
            }
        }
        tally
    }

    /// How the confirmation stands, where one was called for or made.
    fn confirmation_check(&self, case: &Case, lang: Language) -> Option<Check> {
        let words = self.words(lang);
        let (finding, because) = if case.is_denied() {
            (Finding::Contradicted, words::denied(lang).to_owned())
        } else if let Phase::AwaitingConfirmation { triggers, .. } = &case.phase {
            (Finding::Missing, words.called_for(triggers, &case.understanding))
        } else {
            let given = case.confirmed()?;
            (Finding::Met, words.confirmed_by(&given.by, given.at))
        };
        let item = CONFIRMED.to_owned();
        Some(Check { item, step: 5, finding, because, evidence: Vec::new(), pair: None })
    }
}

/// The procedure's noun for an item.
pub(super) fn title(worked: &Worked, item: &str, lang: Language) -> Option<String> {
    worked.procedure.check(item).map(|rule| rule.name.in_language(lang).to_owned())
}

/// Items by their nouns, joined.
pub(super) fn titles<'a>(worked: &Worked, items: impl Iterator<Item = &'a str>, lang: Language) -> Vec<String> {
    items.map(|item| title(worked, item, lang).unwrap_or_else(|| item.replace('_', " "))).collect()
}
