//! One file per page or family of pages: each takes a view and arranges it for its template. Nothing here knows HTTP,
//! and nothing decides. Templates stand in `../templates`, their words in [`super::words`].

pub mod archive;
mod case_top;
pub mod confirmation;
pub mod desk;
pub mod dossier;
pub mod entrance;
pub mod evidence;
pub mod fields;
pub mod findings;
pub mod held;
pub mod notice;
pub mod outcome;
pub mod page;
pub mod phrase;
pub mod report;
pub mod reveal;
pub mod review;
pub mod sandbox;
pub mod task;

pub use fields::Fields;

use super::say::{Say, fill};
use super::view::{Office, Role};
use super::words::{EntranceWords, FrameWords};
use crate::sop::names::Language;

/// The tab that is lit in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    None,
    Desk,
    Archive,
    Report,
    Sandbox,
}

/// Who has this device open, for the frame.
#[derive(Debug, Clone)]
pub struct OpenFor {
    pub name: String,
    pub role: Role,
    pub until: chrono::DateTime<chrono::Utc>,
}

/// What a form that asks for a code offers beside it.
struct Ways {
    by_phrase: &'static str,
    phrase: &'static str,
    key: Option<(&'static str, &'static str)>,
}

/// What stands around every page.
pub struct Frame<'a> {
    pub say: Say<'a>,
    pub w: &'static FrameWords,
    /// Path and query of this page, without the language, for the switch.
    pub here: String,
    pub tab: Tab,
    pub open_for: Option<OpenFor>,
    /// Passkeys are offered on this page, so that it carries the script.
    pub keys: bool,
}

impl<'a> Frame<'a> {
    pub fn new(office: &'a Office, lang: Language, here: impl Into<String>) -> Self {
        let say = Say { lang, office };
        Self { say, w: FrameWords::of(lang), here: here.into(), tab: Tab::None, open_for: None, keys: false }
    }

    /// The same frame with navigation, for a signed-in person.
    pub fn signed_in(mut self, tab: Tab, open_for: OpenFor) -> Self {
        self.tab = tab;
        self.open_for = Some(open_for);
        self
    }

    /// The same frame on a page that offers passkeys.
    pub fn keyed(mut self, keys: bool) -> Self {
        self.keys = keys;
        self
    }

    pub fn lang(&self) -> Language {
        self.say.lang
    }

    pub fn office(&self) -> &'a Office {
        self.say.office
    }

    fn other_code(&self) -> &'static str {
        match self.lang() {
            Language::Id => "en",
            Language::En => "id",
        }
    }

    /// The address of this page in the other language.
    fn switch(&self) -> String {
        let mark = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{mark}bahasa={}", self.here, self.other_code())
    }

    fn has_nav(&self) -> bool {
        self.open_for.is_some() || self.tab == Tab::Sandbox
    }

    /// Address, name, and whether it is lit, of each tab.
    fn tabs(&self) -> Vec<(&'static str, &'static str, bool)> {
        let tabs = [
            (Tab::Desk, "/meja", self.w.desk),
            (Tab::Archive, "/arsip", self.w.archive),
            (Tab::Report, "/laporan", self.w.report),
            (Tab::Sandbox, "/surel", self.w.sandbox),
        ];
        let here = |(tab, _, _): &(Tab, _, _)| *tab != Tab::Sandbox || self.office().demo;
        tabs.into_iter().filter(here).map(|(tab, href, name)| (href, name, self.tab == tab)).collect()
    }

    /// Whether forms that change something are for this reader.
    fn acts(&self) -> bool {
        self.open_for.as_ref().is_some_and(|open| open.role == Role::Admin)
    }

    /// The words of the ways beside the code.
    fn ways(&self) -> Ways {
        let w = EntranceWords::of(self.lang());
        Ways { by_phrase: w.by_phrase, phrase: w.phrase, key: self.keys.then_some((w.key_use, w.key_failed)) }
    }

    /// Said to whoever only looks.
    fn reads_as(&self) -> Option<String> {
        let role = self.open_for.as_ref()?.role;
        let name = match role {
            Role::Admin => return None,
            Role::Archivist => self.w.archivist,
            Role::Auditor => self.w.auditor,
        };
        Some(fill(self.w.reads_as, &[name]))
    }

    fn foot_sop(&self) -> String {
        fill(self.w.foot_sop, &[&self.office().sop_number])
    }

    /// A sentence about how long a device stays open.
    fn timed(&self, sentence: &str) -> String {
        fill(sentence, &[&self.office().open_minutes.to_string()])
    }

    fn opened_until(&self) -> Option<String> {
        let open = self.open_for.as_ref()?;
        Some(fill(self.w.opened_for, &[&open.name, &self.say.until(&open.until)]))
    }
}
