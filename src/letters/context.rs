//! From facts to what a text can name. Everything that came from outside is made harmless here, in one place: one
//! line, bounded, without control or bidirectional characters, without double braces (THREATS rows 22, 23 and 31).

use std::collections::BTreeMap;

use minijinja::Value;
use serde_json::Value as Json;

use super::facts::{FindingRow, LetterFacts, Office, Text};
use super::kind::LetterKind;
use super::links;
use super::phrases::Phrases;
use super::render::LetterError;
use crate::sop::checklist::{Finding, told_first};
use crate::sop::names::{Language, Service};
use crate::sop::procedure::papers::Phrase;

/// The longest value that stands in one line, in characters.
const LINE: usize = 300;
/// The longest value of several lines: a note, a draft.
const BLOCK: usize = 20_000;

/// What a late time holds until it is known; the filters turn it into a placeholder.
pub(super) const LATE: &str = "late:";

/// The name under which the links a letter may hold are known to the `link` function.
pub(super) const LINKS: &str = "allowed_links";

/// Builds the values one letter is rendered from.
pub(super) fn values(
    kind: LetterKind,
    language: Language,
    facts: &LetterFacts,
    office: &Office,
    phrases: &Phrases,
) -> Result<Value, LetterError> {
    let unusable = |why: String| LetterError::Facts { kind, why };
    let Json::Object(plain) = serde_json::to_value(facts).map_err(|error| unusable(error.to_string()))? else {
        return Err(unusable("are not a map".to_owned()));
    };
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    for late in kind.late_times() {
        if plain.get(*late).is_some_and(Json::is_null) {
            values.insert((*late).to_owned(), Value::from(format!("{LATE}{late}")));
        }
    }
    let mut put = |name: &str, value: Value| values.insert(name.to_owned(), value);
    put("name", optional(facts.name.as_deref().map(without_degrees)));
    put("note", optional(facts.note.as_deref().map(|text| several_lines(text.trim()))));
    put(LINKS, lines(kind.links().iter().map(|name| (*name).to_owned())));
    put("office", office_values(office, language));
    put("service", optional(phrases.services(&facts.services).map(str::to_owned)));
    put("request", Value::from(request(facts, language, phrases)));
    put_dossier(&mut put, facts, phrases, language);
    put_decision(&mut put, facts, phrases, language);
    let role = one_line(&facts.role);
    put("look", lines(facts.look.iter().map(|item| one_line(&phrases.item(item, &role)))));
    put("draft", facts.draft.as_ref().map_or(Value::from(()), |draft| draft_value(draft, phrases)));
    for (key, value) in &plain {
        if !values.contains_key(key) {
            values.insert(key.clone(), harmless(value));
        }
    }
    Ok(Value::from(values))
}

fn put_dossier(
    put: &mut impl FnMut(&str, Value) -> Option<Value>,
    facts: &LetterFacts,
    phrases: &Phrases,
    language: Language,
) {
    let role = one_line(&facts.role);
    put("missing", lines(facts.missing.iter().map(|lack| one_line(&phrases.lack(lack, &role, language)))));
    let unopened = facts.unopened.iter().map(|lack| one_line(&phrases.problem(lack, language)));
    put("unopened", lines(unopened));
    let present = facts.present.iter().map(|paper| one_line(&phrases.received(paper, &role, language)));
    put("present", lines(present));
    let first = told_first(facts.findings.iter().map(|row| (row.item.as_str(), row.finding)));
    let value = |(index, row): (usize, &FindingRow)| row_value(row, index < first, &role, phrases);
    let values: Vec<Value> = facts.findings.iter().enumerate().map(value).collect();
    put("first", values.iter().take(first).cloned().collect());
    let rows = |step: u8| {
        let mut rows: Vec<_> = facts.findings.iter().zip(&values).filter(|(row, _)| row.step == step).collect();
        rows.sort_by_key(|(row, _)| std::cmp::Reverse(row.finding));
        rows.into_iter().map(|(_, value)| value.clone()).collect::<Vec<Value>>()
    };
    put("completeness", Value::from(rows(2)));
    put("validity", Value::from(rows(5)));
    put("tally", Value::from(tally(&facts.findings, &role, phrases)));
    let alert = |name: &String| phrases.alerts.get(name).cloned().unwrap_or_else(|| one_line(&name.replace('_', " ")));
    put("alerts", lines(facts.alerts.iter().map(alert)));
}

fn put_decision(
    put: &mut impl FnMut(&str, Value) -> Option<Value>,
    facts: &LetterFacts,
    phrases: &Phrases,
    language: Language,
) {
    let said = |phrase: &Phrase| one_line(phrase.in_language(language));
    put("reasons", lines(facts.reasons.iter().map(|reason| said(&reason.text))));
    put("remedies", lines(facts.reasons.iter().map(|reason| phrases.remedy(&said(&reason.remedy)))));
    put("turn_to", optional(facts.turn_to.as_ref().map(said)));
    put("ending", facts.ending.map_or(Value::from(()), |ending| phrase(&phrases.endings, ending)));
    put("proposal", facts.proposal.map_or(Value::from(()), |proposal| phrase(&phrases.proposals, proposal)));
    put("decision", facts.decision.map_or(Value::from(()), |decision| phrase(&phrases.proposals, decision)));
    let held = |key: &String| phrases.held.get(key).cloned().unwrap_or_else(|| one_line(&key.replace('_', " ")));
    put("held", optional(facts.held.as_ref().map(held)));
    let asked = |key: &String| phrases.triggers.get(key).cloned().unwrap_or_else(|| one_line(key));
    put("confirmation", lines(facts.confirmation.iter().map(asked)));
}

fn request(facts: &LetterFacts, language: Language, phrases: &Phrases) -> String {
    match (language, phrases.services(&facts.services)) {
        (Language::Id, Some(service)) => format!("permohonan {service}"),
        (Language::Id, None) => "permohonan".to_owned(),
        (Language::En, Some(service)) => {
            let article = if facts.services.contains(&Service::ResetPassword) { "a " } else { "" };
            format!("request for {article}{service}")
        }
        (Language::En, None) => "request".to_owned(),
    }
}

/// `14 sesuai, 1 berbeda (NIP), 1 perlu dilihat (Tanda tangan pemohon)`: zeros left out, what is not met named.
fn tally(findings: &[FindingRow], role: &str, phrases: &Phrases) -> String {
    let parts =
        [Finding::Met, Finding::Contradicted, Finding::Unclear, Finding::Missing].into_iter().filter_map(|kind| {
            let rows: Vec<&FindingRow> = findings.iter().filter(|row| row.finding == kind).collect();
            let word = phrases.tally.get(finding_key(kind))?;
            let names = || rows.iter().map(|row| one_line(&phrases.item(&row.item, role))).collect::<Vec<_>>();
            match (rows.len(), kind) {
                (0, _) => None,
                (count, Finding::Met) => Some(format!("{count} {word}")),
                (count, _) => Some(format!("{count} {word} ({})", names().join(", "))),
            }
        });
    parts.collect::<Vec<_>>().join(", ")
}

fn row_value(row: &FindingRow, first: bool, role: &str, phrases: &Phrases) -> Value {
    let finding = finding_key(row.finding);
    let fields = [
        ("item", Value::from(one_line(&phrases.item(&row.item, role)))),
        ("finding", Value::from(finding)),
        ("mark", Value::from(phrases.marks.get(finding).cloned().unwrap_or_default())),
        ("because", Value::from(one_line(&row.because))),
        ("first", Value::from(first)),
    ];
    map(fields)
}

fn finding_key(finding: Finding) -> &'static str {
    match finding {
        Finding::Met => "met",
        Finding::Unclear => "unclear",
        Finding::Missing => "missing",
        Finding::Contradicted => "contradicted",
    }
}

/// The draft as the admin's mail shows it: indented, with words in place of links and late times.
fn draft_value(draft: &Text, phrases: &Phrases) -> Value {
    let word = |name: &str| phrases.placeholders.get(name).map(String::as_str).unwrap_or_default();
    let shown = |text: &str| links::shown(text, word("link"), word("time"));
    let body: Vec<String> = several_lines(&shown(&draft.body))
        .lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("    {line}") })
        .collect();
    let fields = [("subject", one_line(&shown(&draft.subject))), ("body", body.join("\n"))];
    map(fields)
}

fn office_values(office: &Office, language: Language) -> Value {
    let hours = match language {
        Language::Id => &office.hours_id,
        Language::En => &office.hours_en,
    };
    let fields = [
        ("name", &office.name),
        ("unit", &office.unit),
        ("signature", &office.signature),
        ("phone", &office.phone),
        ("hours", hours),
        ("system", &office.system),
    ];
    map(fields.map(|(name, value)| (name, one_line(value))))
}

fn phrase(table: &BTreeMap<String, String>, key: impl serde::Serialize) -> Value {
    let key = serde_json::to_value(key).ok();
    optional(key.as_ref().and_then(Json::as_str).and_then(|key| table.get(key)).cloned())
}

fn optional(value: Option<String>) -> Value {
    value.filter(|text| !text.is_empty()).map_or(Value::from(()), Value::from)
}

fn lines(items: impl Iterator<Item = String>) -> Value {
    Value::from(items.map(Value::from).collect::<Vec<Value>>())
}

fn map<const N: usize, V: Into<Value>>(fields: [(&str, V); N]) -> Value {
    let fields = fields.map(|(name, value)| (name.to_owned(), value.into()));
    Value::from(fields.into_iter().collect::<BTreeMap<_, Value>>())
}

fn harmless(value: &Json) -> Value {
    match value {
        Json::Null => Value::from(()),
        Json::Bool(yes) => Value::from(*yes),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::from(number.as_f64()), Value::from),
        Json::String(text) => Value::from(one_line(text)),
        Json::Array(items) => Value::from(items.iter().map(harmless).collect::<Vec<Value>>()),
        Json::Object(map) => Value::from(
            map.iter().map(|(key, item)| (key.clone(), harmless(item))).collect::<BTreeMap<String, Value>>(),
        ),
    }
}

/// Degrees stand after the first comma; a salutation has none (DOMAIN §5, style rules).
fn without_degrees(name: &str) -> String {
    let bare = name.split(',').next().unwrap_or_default().trim();
    one_line(if bare.is_empty() { name } else { bare })
}

/// Makes foreign text safe for one line of a letter or its subject.
pub(super) fn one_line(text: &str) -> String {
    if is_plain_line(text) { text.to_owned() } else { tamed_line(text) }
}

fn tamed_line(text: &str) -> String {
    let spaced: String = visible(text, LINE, |character| matches!(character, '\n' | '\r' | '\t').then_some(' '));
    spaced.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a line is safe as it stands, as most are.
fn is_plain_line(text: &str) -> bool {
    text.len() <= LINE
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'{')
        && !(text.starts_with(' ') || text.ends_with(' ') || text.contains("  "))
}

fn several_lines(text: &str) -> String {
    visible(&text.replace("\r\n", "\n"), BLOCK, |character| matches!(character, '\n').then_some('\n'))
}

/// Shows control, bidirectional and invisible characters as code points and breaks up double braces.
fn visible(text: &str, limit: usize, allowed: impl Fn(char) -> Option<char>) -> String {
    let mut shown = String::with_capacity(text.len().min(4 * limit));
    for (index, character) in text.chars().enumerate() {
        if index == limit {
            shown.push('…');
            break;
        }
        match (allowed(character), character) {
            (Some(other), _) => shown.push(other),
            (None, '{') if shown.ends_with('{') => shown.push_str(" {"),
            (None, hidden) if is_hidden(hidden) => shown.push_str(&format!("⟨U+{:04X}⟩", u32::from(hidden))),
            (None, plain) => shown.push(plain),
        }
    }
    shown
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn invisible_characters_are_shown_and_lines_joined() {
        assert_eq!(one_line("SK\r\nBcc: a@b.example\u{202e}fdp.exe"), "SK Bcc: a@b.example⟨U+202E⟩fdp.exe");
    }

    #[test]
    fn a_name_cannot_smuggle_a_placeholder() {
        assert_eq!(one_line("{{link:approve}}"), "{ {link:approve}}");
        assert!(!several_lines("{{{{link:approve}}").contains("{{"));
    }

    #[test]
    fn degrees_are_left_out_of_the_salutation() {
        assert_eq!(without_degrees("Rina Paramitha Lestari, S.Kom., M.T."), "Rina Paramitha Lestari");
        assert_eq!(without_degrees(", S.T."), ", S.T.");
    }

    proptest! {
        #[test]
        fn one_line_is_one_bounded_line(text in any::<String>()) {
            let line = one_line(&text);

            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(!line.contains("{{"));
        }

        #[test]
        fn a_plain_line_is_what_it_would_be_made(text in "[ -|]{0,12}|[\\PC]{0,8}") {
            prop_assert_eq!(one_line(&text), tamed_line(&text));
        }
    }
}
