//! The table in `ASVS.md` is whole and true by name: every requirement of levels 1 and 2 stands there once, and the tests and
//! pieces of code that it names are there. Whether a test shows what it is named for is for a person to judge.

use std::path::Path;

use crate::layers::{code, files};

const TABLE: &str = include_str!("ASVS.md");

/// The sections of ASVS 5.0.0, and how many requirements of levels 1 and 2 each has; those of level 3 come last in a section.
const SECTIONS: &str = "1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 \
     4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 \
     8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 \
     11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 \
     16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2";

#[test]
fn every_requirement_of_levels_1_and_2_stands_once() {
    let wanted = requirements();
    let stands = numbers();

    let missing: Vec<&String> = wanted.iter().filter(|number| !stands.contains(number)).collect();
    let other: Vec<&String> = stands.iter().filter(|number| !wanted.contains(number)).collect();

    assert_eq!(wanted.len(), 253, "as the standard counts");
    assert!(missing.is_empty() && other.is_empty(), "missing: {missing:?}, of no such level: {other:?}");
    assert_eq!(stands.len(), wanted.len(), "one stands twice");
}

#[test]
fn every_test_it_names_is_there() {
    let named: Vec<(&str, &str)> = quoted().filter_map(|cited| cited.split_once("::")).filter(is_named).collect();

    let gone: Vec<_> = named.iter().filter(|(file, name)| !is_test(&source(file), name)).collect();

    assert!(named.len() > 150, "only {} tests are named", named.len());
    assert!(gone.is_empty(), "no such test: {gone:#?}");
}

#[test]
fn every_piece_of_code_it_names_is_there() {
    let named: Vec<(&str, &str)> = quoted().filter_map(|cited| cited.split_once('#')).collect();

    let gone: Vec<_> = named.iter().filter(|(file, name)| !has_word(&source(file), name)).collect();

    assert!(named.len() > 30, "only {} pieces of code are named", named.len());
    assert!(gone.is_empty(), "no such code: {gone:#?}");
}

/// What ASVS 1.4.1 rests on: libraries do what needs `unsafe`.
#[test]
fn no_code_is_unsafe() {
    let found: Vec<String> = files().into_iter().filter(|file| has_word(&code(file), "unsafe")).collect();

    assert!(found.is_empty(), "{found:?}");
}

/// `1.1.1` to `17.3.2`.
fn requirements() -> Vec<String> {
    let section = |text: &str| -> Vec<String> {
        let (section, count) = text.split_once(':').expect("a section and its count");
        let count: u32 = count.parse().expect("a number");
        (1..=count).map(|nth| format!("{section}.{nth}")).collect()
    };
    SECTIONS.split_whitespace().flat_map(section).collect()
}

/// The numbers in the first column of every row.
fn numbers() -> Vec<String> {
    let rows = TABLE.lines().filter_map(|line| line.strip_prefix("| "));
    let first = rows.filter_map(|row| row.split(" |").next());
    first.flat_map(|cell| cell.split(", ")).filter(|text| is_number(text)).map(str::to_owned).collect()
}

fn is_number(text: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.split('.').count() == 3 && text.split('.').all(is_digits)
}

/// What stands in back quotes.
fn quoted() -> impl Iterator<Item = &'static str> {
    TABLE.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// A whole name; the table shows how to read one that is cut short.
fn is_named((_, name): &(&str, &str)) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The text of `src/web/gate.rs`, or of `desk_threats` among the tests; empty where there is no such file.
fn source(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = match file.starts_with("src/") {
        true => root.join(file),
        false => root.join("tests").join(format!("{file}.rs")),
    };
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Whether a function of this name stands there below an attribute that makes it a test.
fn is_test(code: &str, name: &str) -> bool {
    let Some((before, _)) = code.split_once(format!("fn {name}(").as_str()) else { return false };
    before.lines().rev().take(4).any(|line| line.trim_start().starts_with("#[") && line.contains("test"))
}

fn has_word(code: &str, word: &str) -> bool {
    code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|part| part == word)
}
