//! The layer rule of `src/lib.rs`: imports point down. Every `crate::…` path of every file under `src` is held against
//! the rooms that file may know; comments and documentation may name anything.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A room, and the rooms it may know beside itself. What is not listed sees everything: `cli`, `daemon`, `demo`.
const RULE: &[(&str, &[&str])] = &[
    ("sop", &[]),
    ("dossier", &["sop"]),
    ("vault", &["sop"]),
    ("letters", &["sop", "dossier"]),
    ("reading", &["sop", "dossier"]),
    ("config", &["sop"]),
    // What a mail's header says: pure.
    ("mail", &["sop", "dossier"]),
    ("engine", &["sop", "dossier", "letters", "vault", "mail"]),
    ("accounts", &["sop", "vault", "engine"]),
    ("store", &["sop", "vault", "engine"]),
    ("web", &["sop", "dossier", "letters", "engine"]),
    // What speaks to servers: adapters, with the way to a server that both share.
    ("mail::inbox", &["sop", "mail", "mail::wire", "engine"]),
    ("mail::courier", &["sop", "mail", "mail::wire", "engine"]),
    ("mail::witness", &["sop", "mail", "engine"]),
    ("mail::wire", &["sop", "mail", "engine"]),
];

/// Crates that touch the world; the pure rooms do without.
const WORLDLY: [&str; 12] = [
    "tokio",
    "redb",
    "axum",
    "hyper",
    "lettre",
    "async_imap",
    "rustls",
    "rustix",
    "getrandom",
    "std::fs",
    "std::net",
    "std::process",
];

#[test]
fn imports_point_down() {
    let mut broken = Vec::new();
    for file in files() {
        let room = room(&file.trim_end_matches(".rs").split('/').collect::<Vec<_>>());
        let Some((_, may)) = RULE.iter().find(|(name, _)| *name == room) else { continue };
        for known in known(&code(&file)) {
            if known != room && !may.contains(&known.as_str()) {
                broken.push(format!("src/{file} ({room}) knows {known}"));
            }
        }
    }

    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_pure_rooms_do_not_touch_the_world() {
    let pure = ["sop", "dossier"];
    let mut broken = Vec::new();
    for file in files().into_iter().filter(|file| pure.iter().any(|room| file.starts_with(&format!("{room}/")))) {
        let code = code(&file);
        let used = WORLDLY
            .iter()
            .filter(|name| [format!("{name}::"), format!("use {name};")].iter().any(|use_of| code.contains(use_of)));
        broken.extend(used.map(|name| format!("src/{file} uses {name}")));
    }

    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_a_clock_reads_the_clock() {
    let clocks: Vec<String> = files()
        .into_iter()
        .filter(|file| ["Utc::now(", "Local::now(", "SystemTime::now("].iter().any(|now| code(file).contains(now)))
        .collect();

    assert!(clocks.iter().all(|file| file.ends_with("clock.rs")), "{clocks:?}");
    assert!(clocks.contains(&"daemon/clock.rs".to_owned()), "the rule is looked for in the wrong place: {clocks:?}");
}

#[test]
fn the_rule_notices_a_break() {
    let code =
        "use crate::store::redb::RedbStore;\nlet x = crate::web::router(y);\nuse crate::{sop, mail::inbox::imap};";

    let found = known(code);

    let wanted = ["mail::inbox", "sop", "store", "web"].map(str::to_owned);
    assert_eq!(found, BTreeSet::from(wanted));
}

/// Every source file, relative to `src`.
pub fn files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut waiting: Vec<PathBuf> = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).expect("src can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(&root).expect("it lies below");
                files.push(name.to_str().expect("file names are ASCII").to_owned());
            }
        }
    }
    assert!(files.len() > 200, "only {} files were found", files.len());
    files
}

/// The file without comment lines.
pub fn code(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    let text = std::fs::read_to_string(path).expect("it was just listed");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The room a path of modules leads into.
fn room(path: &[&str]) -> String {
    match path {
        ["mail", "inbox" | "courier" | "witness", ..] => format!("mail::{}", path[1]),
        ["mail", "tls" | "starttls" | "https" | "login" | "oauth", ..] => "mail::wire".to_owned(),
        [first, ..] => (*first).to_owned(),
        [] => String::new(),
    }
}

/// The rooms that code names by `crate::…`, lists in braces included.
fn known(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        if let Some(list) = part.strip_prefix('{') {
            let list = list.split('}').next().unwrap_or_default();
            rooms.extend(list.split(',').map(|path| room(&steps(path.trim()))).filter(|room| !room.is_empty()));
        } else {
            rooms.insert(room(&steps(part)));
        }
    }
    rooms
        .retain(|room| RULE.iter().any(|(name, _)| name == room) || ["cli", "daemon", "demo"].contains(&room.as_str()));
    rooms
}

/// The first modules of a path; it ends at what is no name.
fn steps(path: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    path.split("::")
        .map_while(|step| {
            let end = step.find(|c| !is_name(c)).unwrap_or(step.len());
            (end > 0).then(|| &step[..end])
        })
        .take(2)
        .collect()
}
