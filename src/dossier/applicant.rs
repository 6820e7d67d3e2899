//! Who the letter is about: labelled values of one person, else a name in a sentence. A letter may introduce its signer
//! first and its applicant after; the applicant is the one asked for.

use super::fact::{name, nip, user_id};
use super::fields::{self, Labelled};
use super::fold::Gist;
use super::letter::{Letter, at};
use super::recognition::{Field, Recognition};
use super::sheet::{Row, Sheet};
use super::table;
use crate::sop::checklist::Applicant;
use crate::sop::names::{Address, Nip};

/// The applicant of any text with labels, such as a mail's body.
pub fn in_text(text: &str, r: &Recognition) -> Applicant {
    let sheets = [Sheet::of_text(text)];
    let labelled = fields::read(&sheets, r);
    let mut letter = Letter::default();
    read(&mut letter, &sheets, &labelled, text, r);
    if letter.applicant.nip.is_none() && !letter.odd_nip && !letter.several {
        letter.applicant.nip = only_nip(text);
    }
    letter.applicant
}

/// A person's labelled values: from one name label to the next.
struct Person<'a> {
    values: &'a [Labelled],
    /// The words in front introduce the signer, not the applicant.
    undersigned: bool,
}

/// Fills the letter's applicant from its labelled values, else from its sentences.
pub fn read(letter: &mut Letter, sheets: &[Sheet], labelled: &[Labelled], prose: &str, r: &Recognition) {
    let people = people(sheets, labelled, r);
    let chosen = people.iter().rfind(|p| !p.undersigned).or(people.first());
    letter.several = distinct(&people) > 1 || sheets.iter().any(|sheet| table::holds_several(sheet, r));
    if let Some(person) = chosen {
        fill(letter, sheets, person.values);
    } else {
        // The number behind a name in a sentence is that person's; a labelled one may stand under a superior's signature.
        in_prose(letter, sheets, prose, r);
        letter.applicant.nip = nip_after_name(letter.applicant.name.as_deref(), prose);
        fill(letter, sheets, body_of(labelled));
    }
    if letter.applicant.name.is_none() {
        in_prose(letter, sheets, prose, r);
    }
    // Without a name label the odd digits may be a number that a line break cut in two.
    letter.odd_nip &= chosen.is_some();
    if letter.applicant.nip.is_none() && !letter.odd_nip {
        letter.applicant.nip = nip_after_name(letter.applicant.name.as_deref(), prose);
    }
    let labelled_id = labelled.iter().any(|l| l.fields.contains(&Field::UserId));
    if letter.applicant.user_id.is_none() && !labelled_id {
        letter.applicant.user_id = user_id::in_prose(prose);
    }
}

/// Without a name label, only what follows the letter's own head: a letterhead has an address and a telephone of its own.
fn body_of(labelled: &[Labelled]) -> &[Labelled] {
    let head = labelled.iter().rposition(|l| l.fields.iter().any(|f| matches!(f, Field::Subject | Field::Number)));
    &labelled[head.map_or(0, |n| n + 1)..]
}

fn people<'a>(sheets: &[Sheet], labelled: &'a [Labelled], r: &Recognition) -> Vec<Person<'a>> {
    let named: Vec<usize> = (0..labelled.len())
        .filter(|i| labelled[*i].fields.contains(&Field::Name) && !labelled[*i].value.trim().is_empty())
        .collect();
    named
        .iter()
        .enumerate()
        .map(|(n, start)| {
            let end = named.get(n + 1).copied().unwrap_or(labelled.len());
            let first = &labelled[*start];
            let from = first.row.saturating_sub(3);
            let before = sheets[first.page].rows[from..first.row].iter().map(Row::text).collect::<Vec<_>>().join(" ");
            Person { values: &labelled[*start..end], undersigned: Gist::of(&before).has_any(&r.letter.undersigned) }
        })
        .collect()
}

fn distinct(people: &[Person<'_>]) -> usize {
    let mut names: Vec<&str> = Vec::new();
    for person in people.iter().filter(|p| !p.undersigned) {
        let value = person.values[0].value.as_str();
        if !names.iter().any(|n| name::compare(n, value) != name::Likeness::Different) {
            names.push(value);
        }
    }
    names.len()
}

fn fill(letter: &mut Letter, sheets: &[Sheet], values: &[Labelled]) {
    for labelled in values {
        for (n, field) in labelled.fields.iter().enumerate() {
            let part = part(labelled, n);
            let evidence = || Some(at(sheets, labelled));
            let a = &mut letter.applicant;
            match field {
                Field::Name if a.name.is_none() => {
                    a.name = tidy_name(&part);
                    letter.evidence.name = evidence();
                }
                Field::Nip if a.nip.is_none() && !letter.odd_nip => {
                    a.nip = nip::find(&labelled.value).into_iter().map(|(nip, _)| nip).next();
                    if a.nip.is_none() {
                        letter.suggested_nip = nip::suggested(&labelled.value);
                        let digits = nip::first_run(&labelled.value).is_some_and(|d| d.digits.len() > 9);
                        letter.odd_nip = digits || letter.suggested_nip.is_some();
                        letter.nip_read = letter.odd_nip.then(|| labelled.value.clone());
                    }
                    letter.evidence.nip = evidence();
                }
                Field::Nik if letter.nik.is_none() => letter.nik = nip::citizen_number(&labelled.value),
                Field::UserId if a.user_id.is_none() => {
                    a.user_id = user_id::read(&part);
                    letter.evidence.user_id = evidence();
                }
                Field::WorkUnit if a.work_unit.is_none() => {
                    a.work_unit = given(&part);
                    letter.evidence.work_unit = evidence();
                }
                Field::Position if a.position.is_none() => a.position = given(&part),
                Field::Email if a.email.is_none() => a.email = address_in(&labelled.value),
                Field::Phone if a.phone.is_none() => a.phone = phone_in(&labelled.value),
                _ => {}
            }
        }
    }
}

/// The value of the n-th field of a double label such as `Nama / NIP`.
fn part(labelled: &Labelled, n: usize) -> String {
    if labelled.fields.len() == 1 {
        return labelled.value.clone();
    }
    let parts: Vec<&str> = labelled.value.split('/').map(str::trim).collect();
    parts.get(n).map_or_else(|| labelled.value.clone(), |p| (*p).to_owned())
}

fn given(value: &str) -> Option<String> {
    let value = value.trim().trim_matches(|c: char| matches!(c, '.' | '…' | '_' | '-' | ';')).trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// A name without list marks, brackets and an employee number on the same line.
pub fn tidy_name(value: &str) -> Option<String> {
    let end = ["NIP", "Nip", " NIK", " NRP", " Nrp", " / ", "(", ";"]
        .iter()
        .filter_map(|m| value.find(m))
        .min()
        .unwrap_or(value.len());
    let name = value[..end].trim().trim_end_matches([',', '-', '/', ':']).trim();
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    (letters >= 2 && name.chars().count() <= 120).then(|| name.to_owned())
}

fn address_in(value: &str) -> Option<String> {
    value
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '<' | '>' | '/'))
        .find_map(|word| Address::parse(word.trim_end_matches('.')).map(|a| a.as_str().to_owned()))
}

fn phone_in(value: &str) -> Option<String> {
    let mut best = String::new();
    let mut run = String::new();
    for c in value.chars().chain(['\0']) {
        if c.is_ascii_digit() || (run.is_empty() && c == '+') {
            run.push(c);
        } else if !matches!(c, ' ' | '-' | '.' | '(' | ')') || c == '\0' {
            if run.len() > best.len() {
                best = std::mem::take(&mut run);
            }
            run.clear();
        }
    }
    (8..=16).contains(&best.len()).then_some(best)
}

/// `atas nama Budi Hartono, S.T., NIP …` in a sentence.
fn in_prose(letter: &mut Letter, sheets: &[Sheet], prose: &str, r: &Recognition) {
    let words: Vec<&str> = prose.split_whitespace().collect();
    for i in 0..words.len() {
        let lead = Gist::of(&words[i..words.len().min(i + 3)].join(" "));
        let cue = r.letter.on_behalf.iter().find(|p| {
            let n = p.words().len();
            lead.words().starts_with(&p.words()) && (n > 1 || Gist::of(words[i]).is(p))
        });
        let Some(cue) = cue else { continue };
        let used = words_used(&words[i..], cue.words().len());
        if let Some(found) = name_from(&words[i + used..]) {
            letter.evidence.name = sheets.iter().find_map(|s| {
                let first = found.split_whitespace().next().unwrap_or_default();
                s.pieces().find(|(_, p)| p.text.contains(first)).map(|(_, p)| s.evidence(&p.text, p.at))
            });
            letter.applicant.name = Some(found);
            return;
        }
    }
}

/// How many written words make up a cue of `n` folded ones: `a.n.` is one word and folds to two.
fn words_used(words: &[&str], n: usize) -> usize {
    let mut folded = 0;
    for (i, word) in words.iter().enumerate() {
        folded += Gist::of(word).words().len();
        if folded >= n {
            return i + 1;
        }
    }
    words.len()
}

/// Words that look like a name: capitals, then degrees behind a comma.
fn name_from(words: &[&str]) -> Option<String> {
    const PARTICLES: [&str; 6] = ["bin", "binti", "al", "van", "de", "el"];
    const NO_NAMES: [&str; 34] = [
        "NIP",
        "NIPPPK",
        "NRP",
        "NIK",
        "Bagian",
        "Biro",
        "Dinas",
        "Helpdesk",
        "User",
        "ID",
        "SPSE",
        "LPSE",
        "Kepala",
        "Sekretaris",
        "Bupati",
        "Gubernur",
        "Wali",
        "Walikota",
        "Menteri",
        "Rektor",
        "Direktur",
        "Ketua",
        "Pimpinan",
        "Camat",
        "Dekan",
        "Deputi",
        "Inspektur",
        "Plt",
        "Plh",
        "CV",
        "PT",
        "Perusahaan",
        "Admin",
        "Petugas",
    ];
    let words = &words[name::rank_words(words)..];
    let mut name: Vec<&str> = Vec::new();
    for (n, word) in words.iter().enumerate().take(12) {
        let bare = word.trim_matches(|c: char| matches!(c, ',' | ';' | '(' | ')' | ':' | '"' | '“' | '”'));
        // Behind the name's comma stand degrees alone: `Siti Amalia, S.H. Bersama ini` goes on with another sentence.
        let after_comma = name.iter().any(|w| w.ends_with(','));
        let capital = bare.chars().next().is_some_and(char::is_uppercase);
        let is_title = bare.ends_with('.') && name::is_honorific(bare);
        let fits = if after_comma { name::is_degree(bare) } else { capital || PARTICLES.contains(&bare) || is_title };
        let stop = NO_NAMES.iter().any(|n| n.eq_ignore_ascii_case(bare.trim_end_matches('.')))
            || bare.chars().any(|c| c.is_ascii_digit())
            // `NI PPPK` labels a number; `Ni` begins many a name.
            || (bare == "NI" && words.get(n + 1).is_some_and(|next| next.starts_with("PPPK")));
        if !fits || stop || word.starts_with('(') {
            break;
        }
        name.push(word);
        let sentence_ends = word.ends_with('.') && !name::is_degree(bare) && !is_title && bare.chars().count() > 3;
        if word.ends_with([';', ')', ':']) || sentence_ends {
            break;
        }
    }
    let joined = name.join(" ");
    let joined = joined.trim_end_matches([',', ';', ':', ')']).trim();
    let last = joined.split_whitespace().next_back().unwrap_or_default();
    let joined = if name::is_degree(last) { joined } else { joined.trim_end_matches('.') };
    (joined.chars().filter(|c| c.is_alphabetic()).count() >= 3).then(|| joined.to_owned())
}

/// The employee number of a text that holds no second one.
pub fn only_nip(text: &str) -> Option<Nip> {
    let mut found = nip::find(text).into_iter().map(|(nip, _)| nip);
    let only = found.next()?;
    found.all(|other| other == only).then_some(only)
}

/// The first employee number that follows the applicant's name.
pub fn nip_after_name(name: Option<&str>, prose: &str) -> Option<Nip> {
    let name = name?;
    let last = name.split_whitespace().next_back()?;
    prose.match_indices(last).find_map(|(at, _)| {
        let tail: String = prose[at + last.len()..].chars().take(60).collect();
        nip::find(&tail).into_iter().map(|(n, _)| n).next()
    })
}
