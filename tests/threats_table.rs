//! The table in `THREATS.md` is whole and true by name: every row stands there once, and every file with tests of its number
//! (`tNN_…`) is named in it, and no other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::layers::files;

const TABLE: &str = include_str!("THREATS.md");
/// How many rows there are.
const ROWS: usize = 49;

#[test]
fn every_row_stands_once() {
    let numbers: Vec<usize> = rows().map(|(number, _)| number).collect();

    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
}

#[test]
fn every_row_names_the_files_with_tests_of_its_number() {
    let mut held: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in sources() {
        for number in numbers_in(&text) {
            held.entry(number).or_default().insert(name.clone());
        }
    }

    for (number, row) in rows() {
        let cell = row.rsplit('|').find(|cell| !cell.trim().is_empty()).unwrap_or_default();
        let named: BTreeSet<String> = cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(Some(&named), held.get(&number), "row {number}");
    }
    assert!(held.keys().all(|number| *number <= ROWS), "a test of a row that is not there: {:?}", held.keys());
}

/// Each row's number and its text.
fn rows() -> impl Iterator<Item = (usize, &'static str)> {
    TABLE.lines().filter_map(|line| {
        let number = line.strip_prefix("| ")?.split(" |").next()?.parse().ok()?;
        Some((number, line))
    })
}

/// The numbers of the tests in a file; `t33_t35_…` is of two.
fn numbers_in(text: &str) -> BTreeSet<usize> {
    let mut numbers = BTreeSet::new();
    for name in text.split("fn t").skip(1) {
        let parts = name.split("_t").map_while(|part| part.get(..2)?.parse::<usize>().ok().filter(|_| ends(part)));
        numbers.extend(parts);
    }
    numbers
}

/// Whether two digits are all of the part, or an underscore follows.
fn ends(part: &str) -> bool {
    part.as_bytes().get(2).is_none_or(|next| *next == b'_')
}

/// Every file of code by the name the table gives it: `src/mail/proof_tests.rs`, `reading/hostile`, `kill` for a folder's own.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<(String, PathBuf)> =
        files().into_iter().map(|file| (format!("src/{file}"), root.join("src").join(file))).collect();
    let tests = root.join("tests");
    let mut waiting = vec![tests.clone()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).expect("tests can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(&tests).expect("it lies below").with_extension("");
                let name = name.to_str().expect("file names are ASCII");
                found.push((name.strip_suffix("/mod").unwrap_or(name).to_owned(), path));
            }
        }
    }
    found.into_iter().map(|(name, path)| (name, std::fs::read_to_string(path).expect("it was just listed"))).collect()
}
