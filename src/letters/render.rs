//! Makes letters: loads the texts once, checks them all against invented facts, then renders on demand. A letter to
//! an applicant who writes English has the Indonesian text first and the English below; the office's own mails are in
//! one language.

use std::path::Path;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, State, UndefinedBehavior, Value};

use super::context::{self, LATE, LINKS};
use super::facts::{LetterFacts, Office, Text};
use super::kind::LetterKind;
use super::links::{self, Form};
use super::phrases::Phrases;
use super::texts;
use crate::sop::names::Language;
use crate::sop::procedure::papers::Phrase;

/// Steps a text may take; the longest letter needs about a tenth.
const FUEL: u64 = 100_000;
/// The longest subject, in characters.
const SUBJECT: usize = 180;

/// Why there is no letter. Holds no fact of a case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// Found at start, in the office's own folder.
    #[error("Cannot use the letter file `{file}`: {why}. Correct the file, or remove it to use the text Loket brings")]
    Override { file: String, why: String },
    #[error(
        "Cannot name times in letters: `{0}` is no time zone. Set the office's zone to a name such as Asia/Makassar"
    )]
    Zone(String),
    #[error("Cannot write the letter `{kind}`: its facts {why}")]
    Facts { kind: LetterKind, why: String },
    #[error("Cannot write the letter `{kind}`: line {line} of `{file}` {why}")]
    Text { kind: LetterKind, file: String, line: usize, why: String },
    #[error("Cannot send the letter: nothing stands in for its placeholder `{name}`")]
    Placeholder { name: String },
}

/// All letters of an office, ready to render.
pub struct Letters {
    office: Office,
    /// Indonesian, English.
    voices: [Voice; 2],
}

struct Voice {
    language: Language,
    phrases: Phrases,
    texts: Environment<'static>,
    /// Files that come from the override folder.
    overridden: Vec<String>,
}

impl Letters {
    /// Loads the embedded texts and, over them, those of `folder`; then tries every letter with invented facts.
    ///
    /// # Errors
    /// [`LetterError::Override`] with the file, the line and what to change; [`LetterError::Zone`].
    pub fn load(office: Office, folder: Option<&Path>) -> Result<Self, LetterError> {
        let zone = Tz::from_str(&office.zone).map_err(|_| LetterError::Zone(office.zone.clone()))?;
        if let Some(folder) = folder {
            texts::refuse_strays(folder)?;
        }
        let voices = [Voice::load(Language::Id, zone, folder)?, Voice::load(Language::En, zone, folder)?];
        let letters = Self { office, voices };
        letters.try_all()?;
        Ok(letters)
    }

    pub fn office(&self) -> &Office {
        &self.office
    }

    /// Renders one letter. Where `language` is English, a letter to an applicant has both.
    ///
    /// # Errors
    /// [`LetterError::Text`] where the text needs a fact that is absent.
    pub fn render(&self, kind: LetterKind, language: Language, facts: &LetterFacts) -> Result<Text, LetterError> {
        let own = self.voices[language as usize].render(kind, facts, &self.office)?;
        if kind.to_admin() || language == Language::Id {
            return Ok(tagged(own, facts));
        }
        let indonesian = self.voices[Language::Id as usize].render(kind, facts, &self.office)?;
        let both = Text {
            subject: format!("{} / {}", indonesian.subject, own.subject),
            body: format!("(English below)\n\n{}\n\n--- English ---\n\n{}", indonesian.body, own.body),
        };
        Ok(tagged(both, facts))
    }

    /// The request letter as a form, filled with `facts.form`, in one language.
    ///
    /// # Errors
    /// [`LetterError::Text`], as [`Letters::render`].
    pub fn request_form(&self, language: Language, facts: &LetterFacts) -> Result<Text, LetterError> {
        self.voices[language as usize].render_named("request_form", LetterKind::CompletionRequest, facts, &self.office)
    }

    /// What is asked of the applicant for an item, as the letter has it.
    pub fn asked(&self, item: &str, ask: Option<&Phrase>, role: &str, language: Language) -> String {
        self.voices[language as usize].phrases.asked(item, ask, role, language)
    }

    /// Why a confirmation is called for, without a full stop.
    pub fn trigger(&self, key: &str, language: Language) -> String {
        self.voices[language as usize].phrases.triggers.get(key).cloned().unwrap_or_else(|| key.replace('_', " "))
    }

    /// Why an admin's reply was not followed, one sentence; `None` where the text itself says enough.
    pub fn refusal(&self, key: &str, language: Language) -> Option<String> {
        self.voices[language as usize].phrases.refusals.get(key).cloned()
    }

    /// Why something failed or did not arrive, without a full stop; a person's or another system's words as they are.
    pub fn cause(&self, why: &str, language: Language) -> String {
        self.voices[language as usize].phrases.cause(why)
    }

    /// An absent fact is no mistake of the text here; everything else is, and is told once, at start.
    fn try_all(&self) -> Result<(), LetterError> {
        for voice in &self.voices {
            let form = ("request_form", LetterKind::CompletionRequest);
            for (name, kind) in LetterKind::ALL.into_iter().map(|kind| (kind.key(), kind)).chain([form]) {
                for facts in [super::facts::specimen(), LetterFacts::default()] {
                    let tried = voice.render_named(name, kind, &facts, &self.office);
                    let Err(LetterError::Text { file, line, why, .. }) = tried else { continue };
                    if voice.overridden.contains(&file) && why != ABSENT {
                        return Err(LetterError::Override { file, why: format!("line {line}: {why}") });
                    }
                }
            }
        }
        Ok(())
    }
}

/// The case number before the subject, so that a reply finds its case.
fn tagged(text: Text, facts: &LetterFacts) -> Text {
    let number = context::one_line(&facts.number);
    let subject: String = text.subject.chars().take(SUBJECT).collect();
    let subject = if number.is_empty() { subject } else { format!("[{number}] {subject}") };
    Text { subject, body: text.body }
}

const ABSENT: &str = "needs a fact that is absent";

impl Voice {
    fn load(language: Language, zone: Tz, folder: Option<&Path>) -> Result<Self, LetterError> {
        let phrases = load_phrases(language, folder)?;
        let mut texts = environment(language, zone);
        let mut overridden = Vec::new();
        for source in texts::sources(language, folder)? {
            let file = texts::file_name(source.name, language);
            let broken = |why: String| LetterError::Override { file: file.clone(), why };
            let name = source.name.strip_prefix("parts/");
            if let Some(part) = name {
                add(&mut texts, part, source.text.clone()).map_err(broken)?;
            } else {
                let (subject, body) = split_subject(&source.text).map_err(broken)?;
                add(&mut texts, &format!("{}.subject", source.name), subject.to_owned()).map_err(broken)?;
                // The body keeps its line numbers, so that an error names the line of the file.
                add(&mut texts, source.name, format!("\n{body}")).map_err(broken)?;
            }
            if source.overridden {
                refuse_unknown_names(&texts, name.unwrap_or(source.name), name.is_none()).map_err(broken)?;
                overridden.push(file);
            }
        }
        Ok(Self { language, phrases, texts, overridden })
    }

    fn render(&self, kind: LetterKind, facts: &LetterFacts, office: &Office) -> Result<Text, LetterError> {
        self.render_named(kind.key(), kind, facts, office)
    }

    /// Renders the text `name` with what a letter of `kind` may say.
    fn render_named(
        &self,
        name: &str,
        kind: LetterKind,
        facts: &LetterFacts,
        office: &Office,
    ) -> Result<Text, LetterError> {
        let values = context::values(kind, self.language, facts, office, &self.phrases)?;
        let write = |name: &str| {
            let template = self.texts.get_template(name);
            template.and_then(|text| text.render(values.clone())).map_err(|error| self.explain(kind, &error))
        };
        let subject = write(&format!("{name}.subject"))?;
        let body = write(name)?;
        Ok(Text { subject: subject.split_whitespace().collect::<Vec<_>>().join(" "), body: tidy(&body) })
    }

    /// Names the innermost text and line; never a value.
    fn explain(&self, kind: LetterKind, error: &Error) -> LetterError {
        let mut innermost = error;
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            if let Some(cause) = cause.downcast_ref::<Error>() {
                innermost = cause;
            }
            source = cause.source();
        }
        let name = innermost.name().unwrap_or(kind.key());
        let name = name.strip_suffix(".subject").unwrap_or(name);
        let part = name != "request_form" && LetterKind::ALL.iter().all(|kind| kind.key() != name);
        let why = match innermost.kind() {
            ErrorKind::UndefinedError => ABSENT.to_owned(),
            ErrorKind::OutOfFuel => "takes too many steps".to_owned(),
            other => innermost.detail().map_or_else(|| other.to_string(), str::to_owned),
        };
        let folder = if part { "parts/" } else { "" };
        LetterError::Text {
            kind,
            file: texts::file_name(&format!("{folder}{name}"), self.language),
            line: innermost.line().unwrap_or(1),
            why,
        }
    }
}

fn add(texts: &mut Environment<'static>, name: &str, source: String) -> Result<(), String> {
    texts.add_template_owned(name.to_owned(), source).map_err(|error| {
        let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        format!("line {}: {why}", error.line().unwrap_or(1))
    })
}

fn split_subject(text: &str) -> Result<(&str, &str), String> {
    let (first, body) = text.split_once('\n').unwrap_or((text, ""));
    let subject = first.strip_prefix("Subject:").map(str::trim).filter(|subject| !subject.is_empty());
    Ok((subject.ok_or("line 1 must read `Subject: …`")?, body))
}

/// Compares every name a text uses with the facts there are, whichever branch it stands in.
fn refuse_unknown_names(texts: &Environment<'static>, name: &str, has_subject: bool) -> Result<(), String> {
    let known = known_names();
    let subject = format!("{name}.subject");
    let parts = if has_subject { vec![name, subject.as_str()] } else { vec![name] };
    for part in parts {
        let template = texts.get_template(part).map_err(|error| error.kind().to_string())?;
        let mut used: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        used.sort();
        if let Some(unknown) = used.into_iter().find(|name| !known.contains(name)) {
            let nearest = known.iter().min_by_key(|name| strsim::levenshtein(name, &unknown));
            let hint = nearest.map(|name| format!("; the nearest known name is `{name}`")).unwrap_or_default();
            return Err(format!("nothing is named `{unknown}`{hint}"));
        }
    }
    Ok(())
}

fn known_names() -> Vec<String> {
    let facts = serde_json::to_value(LetterFacts::default()).ok();
    let facts = facts.as_ref().and_then(serde_json::Value::as_object).into_iter().flat_map(|map| map.keys().cloned());
    let derived = [
        "blank",
        "office",
        "service",
        "request",
        "first",
        "completeness",
        "validity",
        "tally",
        "remedies",
        "link",
        "range",
    ];
    facts.chain(derived.map(str::to_owned)).collect()
}

fn load_phrases(language: Language, folder: Option<&Path>) -> Result<Phrases, LetterError> {
    let broken = |why: String| LetterError::Override { file: format!("phrases/{}.toml", language.code()), why };
    let Some(own) = texts::own_phrases(language, folder)? else {
        return Phrases::parse(texts::phrases(language)).map_err(broken);
    };
    let mut all: toml::Table = toml::from_str(texts::phrases(language)).map_err(|error| broken(error.to_string()))?;
    let own: toml::Table = toml::from_str(&own).map_err(|error| broken(error.message().to_owned()))?;
    if let Some(key) = not_words(&own, "") {
        return Err(broken(format!("`{key}` must be words in quotes")));
    }
    merge(&mut all, own);
    Phrases::parse(&all.to_string()).map_err(broken)
}

/// The first key whose value is neither words nor a table of them.
fn not_words(table: &toml::Table, path: &str) -> Option<String> {
    table.iter().find_map(|(key, value)| match value {
        toml::Value::String(_) => None,
        toml::Value::Table(below) => not_words(below, &format!("{path}{key}.")),
        _ => Some(format!("{path}{key}")),
    })
}

fn merge(all: &mut toml::Table, own: toml::Table) {
    for (key, value) in own {
        match (all.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => merge(below, above),
            (_, value) => {
                all.insert(key, value);
            }
        }
    }
}

fn environment(language: Language, zone: Tz) -> Environment<'static> {
    let mut texts = Environment::new();
    texts.set_undefined_behavior(UndefinedBehavior::Strict);
    texts.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    texts.set_fuel(Some(FUEL));
    texts.set_syntax(lines_of_their_own());
    texts.set_formatter(|out, state, value| match value.is_none() {
        true => Err(Error::new(ErrorKind::UndefinedError, ABSENT)),
        false => minijinja::escape_formatter(out, state, value),
    });
    for form in [Form::Date, Form::WeekdayDate, Form::Clock, Form::Moment] {
        texts.add_filter(form.name(), move |value: Value| written(&value, form, zone, language));
    }
    texts.add_filter("stop", |text: String| if text.ends_with('.') { text } else { format!("{text}.") });
    texts.add_filter("sentence", |text: String| sentence(&text));
    texts.add_function("link", link);
    texts.add_function("blank", |width: usize| ".".repeat(width.min(80)));
    texts
}

/// A line that holds only a block tag leaves no empty line, and a part keeps its last line end.
fn lines_of_their_own() -> SyntaxConfig {
    let built = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    built.expect("the delimiters are the usual ones")
}

/// `{{ link("approve") }}` in a text: a placeholder, if this letter may hold that link.
fn link(state: &State<'_, '_>, name: String) -> Result<String, Error> {
    let allowed: Vec<String> = match state.lookup(LINKS).map(|links| links.try_iter()) {
        Some(Ok(links)) => links.map(|link| link.to_string()).collect(),
        _ => Vec::new(),
    };
    if allowed.contains(&name) {
        return Ok(links::link(&name));
    }
    let listed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
    Err(Error::new(ErrorKind::InvalidOperation, format!("has a link `{name}`; this letter may have {listed}")))
}

fn written(value: &Value, form: Form, zone: Tz, language: Language) -> Result<String, Error> {
    let Some(text) = value.as_str() else {
        return Err(Error::new(ErrorKind::UndefinedError, ABSENT));
    };
    if let Some(fact) = text.strip_prefix(LATE) {
        return Ok(links::time(fact, form, language));
    }
    let at = DateTime::parse_from_rfc3339(text)
        .map_err(|_| Error::new(ErrorKind::InvalidOperation, format!("uses `{}` on what is no time", form.name())))?;
    Ok(form.write(at.with_timezone(&Utc), zone, language))
}

/// Begins with a capital letter and leaves the rest as it is.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// No spaces at line ends, never two empty lines in a row, none at either end.
fn tidy(body: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in body.lines().map(str::trim_end) {
        if !(line.is_empty() && lines.last().is_none_or(|last| last.is_empty())) {
            lines.push(line);
        }
    }
    lines.join("\n").trim_end().to_owned()
}
