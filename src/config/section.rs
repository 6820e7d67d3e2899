//! Reading one table of the file: each key asked for by name, each mistake noted, and the reading goes on.
//!
//! A key that is wrong or missing yields a stand-in value; the ledger's findings decide in the end that no
//! configuration comes of it. Keys that nobody asked for are unknown, and the nearest one that was asked for is named.
//! Values are quoted in findings only where a key cannot hold a secret.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::ConfigFinding;
use super::secret::SecretSource;

/// What was found and asked while reading one file.
pub(super) struct Ledger {
    base: PathBuf,
    findings: RefCell<Vec<ConfigFinding>>,
    asked: RefCell<BTreeSet<String>>,
}

impl Ledger {
    pub fn new(base: &Path) -> Self {
        Self { base: base.to_owned(), findings: RefCell::default(), asked: RefCell::default() }
    }

    pub fn find(&self, key: &str, message: impl Into<String>) {
        self.findings.borrow_mut().push(ConfigFinding { key: key.to_owned(), message: message.into() });
    }

    pub fn close(self) -> (Vec<ConfigFinding>, BTreeSet<String>) {
        (self.findings.into_inner(), self.asked.into_inner())
    }
}

/// One table, being read.
pub(super) struct Section<'a> {
    path: String,
    table: Table,
    /// The table itself is missing and was reported, so its keys are not.
    silent: bool,
    asked: Vec<String>,
    ledger: &'a Ledger,
}

impl<'a> Section<'a> {
    pub fn root(table: Table, ledger: &'a Ledger) -> Self {
        Self { path: String::new(), table, silent: false, asked: Vec::new(), ledger }
    }

    pub fn is_given(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes a mistake in a key of this table.
    pub fn find(&self, key: &str, message: impl Into<String>) {
        if !self.silent {
            self.ledger.find(&self.name(key), message);
        }
    }

    pub fn text(&mut self, key: &str, example: &str) -> String {
        self.optional_text(key).unwrap_or_else(|| {
            self.require(key, example);
            String::new()
        })
    }

    pub fn text_or(&mut self, key: &str, default: &str) -> String {
        self.optional_text(key).unwrap_or_else(|| default.to_owned())
    }

    /// The text of a key; empty text is a mistake, so that nobody "unsets" a key that way.
    pub fn optional_text(&mut self, key: &str) -> Option<String> {
        let text = self.typed(key, "text in quotes", |v| v.as_str().map(str::to_owned))?;
        if text.trim().is_empty() {
            self.find(key, "is empty; write a value or leave the key out");
            return Some("-".to_owned());
        }
        if text.contains(|c: char| c.is_control()) {
            self.find(key, "holds a control character or line break; write it on one line");
        }
        Some(text)
    }

    /// A text that must read as something; `what` completes "is not …".
    pub fn parsed<T>(&mut self, key: &str, what: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.optional_text(key)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.find(key, format!("is {text:?}, which is not {what}"));
        }
        parsed
    }

    /// As [`Self::parsed`], for a key that must be there.
    pub fn required<T>(&mut self, key: &str, what: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        if !self.table.contains_key(key) {
            self.ask(key);
            self.require(key, what);
            return None;
        }
        self.parsed(key, what, parse)
    }

    pub fn flag_or(&mut self, key: &str, default: bool) -> bool {
        self.typed(key, "true or false, without quotes", Value::as_bool).unwrap_or(default)
    }

    pub fn whole_or(&mut self, key: &str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let Some(number) = self.typed(key, "a whole number, without quotes", Value::as_integer) else { return default };
        match u32::try_from(number).ok().filter(|n| range.contains(n)) {
            Some(number) => number,
            None => {
                self.find(key, format!("is {number}; it must lie between {} and {}", range.start(), range.end()));
                default
            }
        }
    }

    /// One of a few words; the first is the default where the key may be left out.
    pub fn choice<T: Copy>(&mut self, key: &str, words: &[(&str, T)], optional: bool) -> T {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let Some(text) = self.optional_text(key) else {
            if !optional {
                self.require(key, &format!("one of {}", quoted(&known)));
            }
            return words[0].1;
        };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, value)) => *value,
            None => {
                let near = nearest(&text, known.iter().copied()).unwrap_or_default();
                self.find(key, format!("is {text:?}; the nearest known word is \"{near}\" (of {})", quoted(&known)));
                words[0].1
            }
        }
    }

    pub fn texts(&mut self, key: &str) -> Vec<String> {
        let list = self.typed(key, "a list of texts, such as [\"a\", \"b\"]", |v| {
            v.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        list.unwrap_or_default()
    }

    /// A path, made absolute from the file's directory.
    pub fn optional_path(&mut self, key: &str) -> Option<PathBuf> {
        self.optional_text(key).map(|text| self.ledger.base.join(text))
    }

    pub fn path(&mut self, key: &str, example: &str) -> PathBuf {
        let text = self.text(key, example);
        self.ledger.base.join(text)
    }

    pub fn paths(&mut self, key: &str) -> Vec<PathBuf> {
        self.texts(key).iter().map(|text| self.ledger.base.join(text)).collect()
    }

    /// The text of a file that a key names; `what` says what should stand in it.
    pub fn file(&self, key: &str, path: &Path, what: &str) -> Option<String> {
        let read = std::fs::read_to_string(path);
        if let Err(why) = &read {
            self.find(key, format!("names {}, which cannot be read: {why}. It must hold {what}", path.display()));
        }
        read.ok()
    }

    /// As [`Self::file`], for a file that need not be text.
    pub fn bytes(&self, key: &str, path: &Path, what: &str) -> Option<Vec<u8>> {
        let read = std::fs::read(path);
        if let Err(why) = &read {
            self.find(key, format!("names {}, which cannot be read: {why}. It must hold {what}", path.display()));
        }
        read.ok()
    }

    /// A secret by `<key>_file`, `<key>_env` or `<key>_credential`; written out in the file it is refused.
    pub fn secret(&mut self, key: &str) -> Option<SecretSource> {
        let ways = format!("`{key}_credential` (systemd), `{key}_file` or `{key}_env`");
        if self.table.contains_key(key) {
            self.asked.push(key.to_owned());
            self.find(
                key,
                format!(
                    "holds the secret itself, which anyone with a copy of this file could use; give {ways} instead"
                ),
            );
        }
        let file = self.optional_path(&format!("{key}_file")).map(SecretSource::File);
        let variable = self.optional_text(&format!("{key}_env")).map(SecretSource::Environment);
        let credential = self.optional_text(&format!("{key}_credential")).map(SecretSource::Credential);
        if let Some(SecretSource::Credential(name)) = &credential
            && (name.contains('/') || name.starts_with('.'))
        {
            self.find(
                &format!("{key}_credential"),
                "is the name of a credential, not a path; write the name given to LoadCredential=",
            );
        }
        let mut given = [file, variable, credential].into_iter().flatten();
        let source = given.next();
        if given.next().is_some() {
            self.find(key, format!("is given in more than one way; keep one of {ways}"));
        }
        source
    }

    pub fn table(&mut self, key: &str) -> Section<'a> {
        if !self.table.contains_key(key) {
            self.find(key, format!("is missing; add the table `[{}]`", self.name(key)));
        }
        let missing = !self.table.contains_key(key);
        Section { silent: self.silent || missing, ..self.optional_table(key) }
    }

    /// The table of this name if it is there; where it is needed it must be.
    pub fn table_where(&mut self, key: &str, needed: bool) -> Option<Section<'a>> {
        self.ask(key);
        (needed || self.is_given(key)).then(|| self.table(key))
    }

    /// The table of this name, or an empty one.
    pub fn optional_table(&mut self, key: &str) -> Section<'a> {
        let table = self.typed(key, "a table, such as `[name]`", |v| v.as_table().cloned());
        Section {
            path: self.name(key),
            table: table.unwrap_or_default(),
            silent: self.silent,
            asked: Vec::new(),
            ledger: self.ledger,
        }
    }

    pub fn tables(&mut self, key: &str) -> Vec<Section<'a>> {
        let list = self.typed(key, "a list of tables, each begun by `[[name]]`", |v| {
            v.as_array()?.iter().map(|item| item.as_table().cloned()).collect::<Option<Vec<_>>>()
        });
        let section = |(index, table)| {
            let path = format!("{}[{index}]", self.name(key));
            Section { path, table, silent: self.silent, asked: Vec::new(), ledger: self.ledger }
        };
        list.unwrap_or_default().into_iter().enumerate().map(section).collect()
    }

    /// Ends the reading of this table: what is left is unknown.
    pub fn finish(self) {
        for key in self.table.keys().filter(|key| !self.asked.contains(key)) {
            match nearest(key, self.asked.iter().map(String::as_str)) {
                Some(near) => self.find(key, format!("is not a key of this table; the nearest known one is `{near}`")),
                None => self.find(key, "is not a key of this table; take it out"),
            }
        }
    }

    fn typed<T>(&mut self, key: &str, wanted: &str, take: impl Fn(&Value) -> Option<T>) -> Option<T> {
        self.ask(key);
        let value = self.table.get(key)?;
        let taken = take(value);
        if taken.is_none() {
            self.find(key, format!("is {}; it must be {wanted}", spoken(value)));
        }
        taken
    }

    fn ask(&mut self, key: &str) {
        self.asked.push(key.to_owned());
        let path = self.name(key);
        let counted = path.chars().filter(|c| !c.is_ascii_digit() || !path.contains('['));
        self.ledger.asked.borrow_mut().insert(counted.collect());
    }

    fn require(&self, key: &str, example: &str) {
        if !self.table.contains_key(key) {
            self.find(key, format!("is missing; add it, {example}"));
        }
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    known.max_by(|a, b| strsim::jaro_winkler(word, a).total_cmp(&strsim::jaro_winkler(word, b)))
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

fn spoken(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number with a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
