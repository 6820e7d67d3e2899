//! `loket accounts`, `admins` and the smaller verbs, while no daemon runs.

use crate::cli_fixture::{Site, program};

#[test]
fn accounts_are_imported_listed_and_shown() {
    let site = Site::new();

    let first = site.import().well();
    let again = site.import().well();
    let listed = site.loket(&["accounts", "list", "--json"]).json();

    let rows = site.office.accounts_csv.lines().count() - 1;
    assert!(first.contains(&format!("{rows} new")), "{first}");
    assert!(again.contains(&format!("{rows} unchanged")), "{again}");
    assert_eq!(listed.as_array().unwrap().len(), rows);
    let user_id = listed[0]["user_id"].as_str().unwrap();
    let shown = site.loket(&["accounts", "show", &user_id.to_lowercase(), "--json"]).json();
    assert_eq!(shown["user_id"], listed[0]["user_id"]);
    assert_eq!(shown["password"], "unset");
    let table = site.loket(&["accounts", "show", user_id]).well();
    let nip = listed[0]["nip"].as_str().unwrap();
    assert!(!table.contains(nip), "the whole NIP is for comparison, not for a terminal: {table}");
}

/// Names, whole NIPs and telephones were shown, and nobody could tell to whom.
#[test]
fn looks_at_the_register_are_on_record_and_what_is_not_there_leaves_none() {
    let site = Site::new();
    site.import().well();
    let listed = site.loket(&["accounts", "list", "--json"]).json();
    let user_id = listed[0]["user_id"].as_str().unwrap();
    let entries = || site.loket(&["archive", "head", "--json"]).json()["journal"].as_u64().expect("a count");
    let looks = |verb: &[&str]| {
        let before = entries();
        site.loket(verb);
        entries() - before
    };

    for verb in [&["accounts", "list"][..], &["accounts", "show", user_id], &["accounts", "show", user_id, "--json"]] {
        assert_eq!(looks(verb), 1, "{verb:?}");
    }
    assert_eq!(looks(&["accounts", "show", "SIAPA"]), 0);
}

#[test]
fn a_bad_row_is_named_and_nothing_is_imported() {
    let site = Site::new();
    site.import().well();
    let before = site.loket(&["accounts", "list", "--json"]).json();
    let file = site.path("bad.csv");
    std::fs::write(&file, "user_id,name,email,nip\nBARU,Baru,baru@x.example,\nLAGI,Lagi,lagi@x.example,123\n").unwrap();

    let told = site.loket(&["accounts", "import", file.to_str().unwrap()]).refused(1);

    assert!(told.contains("Line 3") && told.contains("`nip`"), "{told}");
    assert!(!told.contains("123 "), "a value is never quoted: {told}");
    assert_eq!(site.loket(&["accounts", "list", "--json"]).json(), before);
}

#[test]
fn a_file_in_another_encoding_is_named_by_its_line() {
    let site = Site::new();
    let file = site.path("latin.csv");
    std::fs::write(&file, b"user_id,name,email\nA,Andr\xe9,a@x.example\n").unwrap();

    let told = site.loket(&["accounts", "import", file.to_str().unwrap()]).refused(1);

    assert!(told.starts_with("Line 2, column `name`") && told.contains("UTF-8"), "{told}");
}

#[test]
fn what_is_not_there_is_a_negative_finding() {
    let site = Site::new();
    site.import().well();

    assert!(site.loket(&["accounts", "show", "SIAPA"]).refused(1).contains("SIAPA"));
    assert!(site.loket(&["accounts", "import", "/nonexistent.csv"]).refused(1).contains("/nonexistent.csv"));
    assert!(site.loket(&["cases", "show", "LPSE-2026-0001"]).refused(1).contains("LPSE-2026-0001"));
    assert!(site.loket(&["cases", "retry", "LPSE-2026-0001"]).refused(1).contains("LPSE-2026-0001"));
    assert!(site.loket(&["archive", "show", "LPSE-2026-0001"]).refused(1).contains("LPSE-2026-0001"));
    assert!(site.loket(&["admins", "revoke", "siapa@x.example"]).refused(1).contains("siapa@x.example"));
}

#[test]
fn an_enrolment_link_stands_alone_on_standard_output() {
    let site = Site::new();

    let link = site.loket(&["admins", "enroll", "teguh@lembayungraya.example", "--name", "Teguh"]).well();
    let other =
        site.loket(&["admins", "enroll", "arsip@lembayungraya.example", "--role", "archivist", "--json"]).json();
    let listed = site.loket(&["admins", "list", "--json"]).json();
    let revoked = site.loket(&["admins", "revoke", "teguh@lembayungraya.example"]).well();
    let after = site.loket(&["admins", "list", "--json"]).json();

    assert_eq!(link.lines().count(), 1);
    assert!(link.starts_with(&format!("http://127.0.0.1:{}/daftar/", site.port)), "{link}");
    assert_eq!(other["role"], "archivist");
    assert_ne!(other["link"].as_str().unwrap(), link.trim());
    let standing = |list: &serde_json::Value, email: &str| {
        let found = list.as_array().unwrap().iter().find(|admin| admin["email"] == email).expect("listed");
        (found["name"].clone(), found["standing"].clone())
    };
    assert_eq!(standing(&listed, "teguh@lembayungraya.example"), ("Teguh".into(), "invited".into()));
    assert_eq!(standing(&after, "teguh@lembayungraya.example"), ("Teguh".into(), "revoked".into()));
    assert!(revoked.contains("Nobody is left who may decide"), "{revoked}");
    assert!(!site.loket(&["admins", "list", "--json"]).out().contains("factor"));
}

#[test]
fn wrong_usage_is_told_from_everything_else() {
    let site = Site::new();

    for arguments in [
        &["admins", "enroll", "nobody"][..],
        &["admins", "enroll", "a@x.example", "--role", "king"],
        &["cases", "show", "47"],
        &["report", "--month", "2026-13"],
        &["report"],
        &["archive", "search"],
        &["archive", "search", ""],
        &["archive", "search", "budi", " "],
        &["archive", "search", "a\u{1b}[2J"],
        &["admins", "enroll", "a@x.example", "--name", ""],
        &["admins", "enroll", "a@x.example", "--name", "Teguh\nadmin"],
        &["admins", "enroll", "a@x.example", "--name", "\u{1b}[2JTeguh"],
        &["admins", "enroll", "a@x.example", "--name", "a".repeat(201).as_str()],
        &["frobnicate"],
        &[],
    ] {
        let ended = site.loket(arguments);
        assert_eq!(ended.status(), 2, "{arguments:?}: {}", ended.err());
        assert_eq!(ended.out(), "", "{arguments:?}");
    }
}

#[test]
fn completions_and_manual_know_every_verb() {
    let bash = program().args(["completions", "bash"]).output().unwrap();
    let page = program().arg("man").output().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let written = program().args(["man", "--dir", folder.path().to_str().unwrap()]).status().unwrap();

    let (bash, page) = (String::from_utf8_lossy(&bash.stdout), String::from_utf8_lossy(&page.stdout));
    for verb in ["run", "check", "inspect", "accounts", "admins", "cases", "archive", "report", "backup", "restore"] {
        assert!(bash.contains(verb) && page.contains(verb), "{verb}");
        assert!(written.success() && folder.path().join(format!("loket-{verb}.1")).is_file(), "{verb}");
    }
    assert!(!page.contains("__reading-worker"), "the worker's verb is nobody's to type");
}

#[test]
fn a_report_of_an_empty_month_has_every_form_and_the_journals_head() {
    let site = Site::new();
    site.import().well();

    let json = site.loket(&["report", "--month", "2026-11", "--json"]).json();
    let head = json["journal_head"].as_str().unwrap();
    for format in ["text", "csv", "html"] {
        let told = site.loket(&["report", "--month", "2026-11", "--format", format]).well();

        assert!(told.contains(head), "{format}: {told}");
        assert!(told.contains("egister"), "{format}: {told}");
    }
    assert_eq!((json["month"].as_str(), json["lines"].as_array().map(Vec::len)), (Some("2026-11"), Some(0)));
}

/// An export that failed half way emptied the register.
#[test]
fn a_file_with_a_header_alone_empties_no_register() {
    let site = Site::new();
    site.import().well();
    let before = site.loket(&["accounts", "list", "--json"]).json();
    let file = site.path("header.csv");
    std::fs::write(&file, "user_id,name,email\n\n").unwrap();

    let told = site.loket(&["accounts", "import", file.to_str().unwrap()]).refused(1);

    assert!(told.contains("holds no account"), "{told}");
    assert_eq!(site.loket(&["accounts", "list", "--json"]).json(), before);
}

/// It said "invalid value …: trailing input".
#[test]
fn a_day_written_otherwise_is_told_how_to_be_written() {
    let site = Site::new();

    let ended = site.loket(&["admins", "delegate", "a@x.example", "--to", "b@x.example", "--until", "05-12-2026"]);

    assert_eq!(ended.status(), 2);
    assert!(ended.err().contains("write the date as YYYY-MM-DD"), "{}", ended.err());
}

/// Of 600 MB every byte was read, and of a device that never ends, for ever.
#[test]
fn a_file_without_an_end_is_inspected_as_far_as_a_mail_may_go() {
    let ended = program().args(["inspect", "/dev/zero", "--json"]).output().unwrap();

    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && told.contains("\"too_large\""), "{told}");
}

/// "Split the file", it said; each part would have deleted the accounts of the others.
#[test]
fn a_register_that_the_daemons_socket_does_not_take_is_imported_without_the_daemon() {
    let site = Site::new();
    site.import().well();
    let file = site.path("besar.csv");
    std::fs::write(&file, format!("user_id,name,email\nA,{},a@x.example\n", "B".repeat(33 << 20))).unwrap();
    // As far as such a question comes, any listener is a daemon.
    let daemon = std::os::unix::net::UnixListener::bind(site.path("state/loket.sock")).unwrap();

    let told = site.loket(&["accounts", "import", file.to_str().unwrap()]).refused(1);
    drop(daemon);
    let alone = site.loket(&["accounts", "import", file.to_str().unwrap()]).refused(1);

    assert!(told.contains("Stop the daemon") && !told.contains("Split"), "{told}");
    assert!(alone.starts_with("Line 2, column `name`"), "without the daemon it is read: {alone}");
}

/// It was read until the memory was full.
#[test]
fn an_accounts_file_without_an_end_is_refused() {
    let site = Site::new();

    let told = site.loket(&["accounts", "import", "/dev/zero"]).refused(1);

    assert!(told.contains("/dev/zero is larger than 128 MiB"), "{told}");
}

/// Its help promised /etc/loket/loket.toml, which it does not look at.
#[test]
fn the_help_of_inspect_promises_no_configuration_that_it_does_not_read() {
    let help = |verb: &str| {
        let told = program().args([verb, "--help"]).output().unwrap();
        String::from_utf8_lossy(&told.stdout).into_owned()
    };

    assert!(help("check").contains("/etc/loket/loket.toml"));
    let inspect = help("inspect");
    assert!(inspect.contains("--config") && !inspect.contains("/etc/loket"), "{inspect}");
}
