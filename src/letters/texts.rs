//! The embedded texts, and the override folder in which an office puts its own: `<kind>/<language>.txt`,
//! `parts/<part>/<language>.txt` and `phrases/<language>.toml`, each replacing the embedded one of the same name.

use std::fs;
use std::path::Path;

use super::render::LetterError;
use crate::sop::names::Language;

macro_rules! texts {
    ($($name:literal)*) => {
        &[$(($name, [
            include_str!(concat!("texts/", $name, "/id.txt")),
            include_str!(concat!("texts/", $name, "/en.txt")),
        ])),*]
    };
}

/// Every letter, the form that goes with one, and every part that letters share, Indonesian and English.
const TEXTS: &[(&str, [&str; 2])] = texts! {
    "acknowledgement" "completion_received" "completion_request" "completion_reminder" "rejected"
    "result_reset" "result_system_link" "result_user_id" "result_both" "change_reminder" "secret_expired"
    "handed_in_person" "closed" "out_of_scope" "too_large" "withdrawn"
    "action_needed" "second_needed" "fresh_proposal" "manual_task" "held_mail" "standard_half" "standard_overdue" "overdue_superior"
    "outcome_unknown" "driver_failed" "decision_done" "already_decided" "reply_not_understood" "letter_undelivered"
    "new_link_asked" "mail_waiting" "factor_locked" "colleague_locked" "passphrase_changed" "flood"
    "returned_late"
    "request_form"
    "parts/greeting" "parts/closing" "parts/greeting_office" "parts/closing_office" "parts/reveal" "parts/care"
    "parts/dossier" "parts/reply_words"
};

const PHRASES: [&str; 2] = [include_str!("texts/phrases/id.toml"), include_str!("texts/phrases/en.toml")];

/// An override file larger than this is a mistake.
const LARGEST_TEXT: u64 = 64 * 1024;

/// The embedded phrases of a language.
pub(super) fn phrases(language: Language) -> &'static str {
    PHRASES[language as usize]
}

/// One text as it will be used.
pub(super) struct Source {
    /// The kind's key, or `parts/greeting`.
    pub name: &'static str,
    pub text: String,
    pub overridden: bool,
}

/// All texts of a language, those of the override folder first.
pub(super) fn sources(language: Language, folder: Option<&Path>) -> Result<Vec<Source>, LetterError> {
    TEXTS
        .iter()
        .map(|(name, embedded)| {
            let own = folder.map(|folder| read(folder, &file_name(name, language))).transpose()?.flatten();
            let overridden = own.is_some();
            Ok(Source { name, text: own.unwrap_or_else(|| embedded[language as usize].to_owned()), overridden })
        })
        .collect()
}

/// The office's own phrases, if it has any.
pub(super) fn own_phrases(language: Language, folder: Option<&Path>) -> Result<Option<String>, LetterError> {
    folder.map_or(Ok(None), |folder| read(folder, &format!("phrases/{}.toml", language.code())))
}

pub(super) fn file_name(name: &str, language: Language) -> String {
    format!("{name}/{}.txt", language.code())
}

fn read(folder: &Path, file: &str) -> Result<Option<String>, LetterError> {
    let path = folder.join(file);
    let unreadable = |why: String| LetterError::Override { file: file.to_owned(), why };
    match fs::metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(format!("cannot be read: {error}"))),
        Ok(found) if found.len() > LARGEST_TEXT => {
            return Err(unreadable(format!("is {} bytes long; a text may have {LARGEST_TEXT}", found.len())));
        }
        Ok(_) => {}
    }
    fs::read_to_string(&path).map(Some).map_err(|error| unreadable(format!("cannot be read: {error}")))
}

/// Refuses a file in the folder that replaces nothing: most often a misspelt name, whose letter would silently stay
/// as it was. Files that begin with a dot and `README.md` are left alone.
pub(super) fn refuse_strays(folder: &Path) -> Result<(), LetterError> {
    let known: Vec<String> = [Language::Id, Language::En]
        .iter()
        .flat_map(|language| {
            let texts = TEXTS.iter().map(|(name, _)| file_name(name, *language));
            texts.chain([format!("phrases/{}.toml", language.code())])
        })
        .collect();
    for file in files_below(folder, folder, 3)? {
        let ignored = file.split('/').any(|part| part.starts_with('.')) || file == "README.md";
        if !ignored && !known.contains(&file) {
            let nearest = known.iter().min_by_key(|name| strsim::levenshtein(name, &file)).cloned();
            let hint = nearest.map(|name| format!("; the nearest name is `{name}`")).unwrap_or_default();
            return Err(LetterError::Override { file, why: format!("replaces no letter{hint}") });
        }
    }
    Ok(())
}

fn files_below(root: &Path, folder: &Path, depth: u8) -> Result<Vec<String>, LetterError> {
    let unreadable = |error: std::io::Error| LetterError::Override {
        file: folder.display().to_string(),
        why: format!("cannot be read: {error}"),
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() && depth > 0 {
            files.extend(files_below(root, &path, depth - 1)?);
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push(name.to_string_lossy().into_owned());
        }
    }
    files.sort();
    Ok(files)
}
