//! Keys of procedure files that nothing obeys. In a file that is put into force each is a flaw, since whoever writes one
//! means something by it; in one that an open case began under it is passed over.

use toml::{Table, Value};

use super::Flaw;

/// Where a key stands, list entries unnumbered, and what to do about it.
const RETIRED: [(&str, &str); 6] = [
    ("profile.signer", "changes nothing; say at `recognition.letter.signer` who must sign, and take it out"),
    ("profile.services", "changes nothing; take it out"),
    ("profile.executor", "changes nothing; take it out"),
    ("profile.applicant", "changes nothing; take it out"),
    (
        "document",
        "changes nothing; say at `recognition.decree.year_end_grace_days` how long a decree of last year is doubtful only, \
         and take it out",
    ),
    ("check.answered_by", "changes nothing; take it out"),
];

/// Takes them all out, and says which stood there.
pub(super) fn take_out(file: &mut Table) -> Vec<Flaw> {
    let stood = RETIRED.iter().filter(|(key, _)| forget(file, key));
    stood.map(|(key, message)| Flaw { key: (*key).to_owned(), message: (*message).to_owned() }).collect()
}

fn forget(table: &mut Table, path: &str) -> bool {
    let Some((first, rest)) = path.split_once('.') else { return table.remove(path).is_some() };
    match table.get_mut(first) {
        Some(Value::Table(inner)) => forget(inner, rest),
        Some(Value::Array(entries)) => {
            let found = entries.iter_mut().filter_map(Value::as_table_mut).map(|entry| forget(entry, rest));
            found.fold(false, |any, one| any | one)
        }
        _ => false,
    }
}
