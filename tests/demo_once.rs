//! The whole procedure, played without a person by the program itself: mails, pages, codes, directory and archive.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

#[test]
fn every_sample_ends_as_its_label_says_and_the_archive_verifies() {
    let home = tempfile::tempdir().expect("a temporary folder");

    let played = Command::new(env!("CARGO_BIN_EXE_loket"))
        .args(["demo", "--once"])
        .env("TMPDIR", home.path())
        .output()
        .expect("the program starts");

    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{said}\n{}", String::from_utf8_lossy(&played.stderr));
    let rows = said.lines().filter(|line| line.ends_with("as labelled")).count();
    assert_eq!(rows, loket::demo::samples::COUNT, "{said}");
    assert!(said.contains("11 of 11 samples ended as their labels say; 10 dossiers archived, the archive verifies."));
    let left = std::fs::read_dir(home.path()).expect("the folder is there").count();
    assert_eq!(left, 0, "the demo leaves nothing behind");
}

#[test]
fn a_folder_is_played_in_again_and_its_records_go_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let play = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loket"));
        command.arg("demo").arg("--dir").arg(folder.path()).arg("--once").output().expect("the program starts")
    };

    let first = play();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stdout));
    let second = play();

    let said = String::from_utf8_lossy(&second.stdout);
    assert!(second.status.success(), "{said}");
    assert!(said.contains("LPSE-") && said.contains("20 dossiers archived, the archive verifies."), "{said}");
    assert!(folder.path().join("loket.toml").is_file());
}

#[test]
fn the_live_demo_opens_its_pages_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_loket"));
    let mut demo =
        command.arg("demo").env("TMPDIR", home.path()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut said = BufReader::new(demo.stdout.take().expect("a pipe")).lines().map_while(Result::ok);

    let line = said.by_ref().find(|line| line.starts_with("Mail sandbox")).expect("it names the sandbox");
    let address = line.split_whitespace().find_map(|word| word.strip_prefix("http://")).expect("an address");
    let (host, path) = address.split_once('/').expect("a path");
    assert!(said.by_ref().any(|line| line.contains("mail  1 of 11")), "the first sample is played");
    let page = get(host, path);

    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("/surel/main/kirim") && page.contains("lestari.maharani@lembayungraya.example"), "{page}");
    let pid = rustix::process::Pid::from_raw(demo.id().cast_signed()).expect("a process has an id");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("the demo is ours");
    assert!(demo.wait().expect("the demo ends").success());
    assert_eq!(std::fs::read_dir(home.path()).expect("the folder is there").count(), 0);
}

/// It moved the clock by a month and named another port in the configuration before it saw that somebody plays there.
#[test]
fn a_second_demo_is_refused_and_changes_nothing_in_the_folder_of_the_first() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().to_str().expect("plain letters");
    let first = Live::begin(folder.path());
    let before = written(folder.path());

    let second = loket(&["demo", "--once", "--dir", place]);

    let told = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(75), "{told}");
    assert!(told.contains(&format!("process {}", first.0.id())) && told.trim_end().lines().count() == 1, "{told}");
    assert!(written(folder.path()) == before, "the folder is as it was");
}

/// There was no socket: the command line tried for ten seconds, and told to talk to the demo through it.
#[test]
fn the_command_line_works_beside_a_live_demo() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("loket.toml");
    let config = config.to_str().expect("plain letters");
    let _demo = Live::begin(folder.path());

    let cases = loket(&["cases", "list", "--json", "--config", config]);
    let accounts = loket(&["accounts", "list", "--json", "--config", config]);

    for ended in [&cases, &accounts] {
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let cases: serde_json::Value = serde_json::from_slice(&cases.stdout).expect("JSON");
    let accounts: serde_json::Value = serde_json::from_slice(&accounts.stdout).expect("JSON");
    assert!(cases.is_array() && accounts.as_array().is_some_and(|accounts| !accounts.is_empty()), "{accounts}");
}

/// A live demo, ended with the test.
struct Live(Child);

impl Live {
    /// Starts it in this folder and waits until its desk is open.
    fn begin(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loket"));
        command.arg("demo").arg("--dir").arg(folder).stdout(Stdio::piped());
        let mut demo = Self(command.spawn().expect("the program starts"));
        let mut said = BufReader::new(demo.0.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        assert!(said.any(|line| line.starts_with("Mail sandbox")), "the demo ended at once");
        demo
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn loket(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loket")).args(arguments).output().expect("the program runs")
}

/// What a demo writes into its folder before it opens the state.
fn written(folder: &Path) -> Vec<Vec<u8>> {
    let names = ["clock", "loket.toml", "helpdesk.toml", "accounts.csv"];
    names.map(|name| std::fs::read(folder.join(name)).expect("it is there")).into()
}

fn get(host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(host).expect("the desk listens");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("the desk reads");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("the desk answers in UTF-8");
    page
}
