//! The walls around the workers, tried from outside with the real program: what must be refused is refused.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;

use loket::reading::pool::{Pool, PoolConfig, ReadingFault};
use rustix::process::Signal;

use super::make::mail;

const PROGRAM: &str = env!("CARGO_BIN_EXE_loket");

/// How an attempt within the walls ended.
#[derive(Debug, PartialEq)]
enum Ended {
    Refused,
    Succeeded,
    Deadly,
}

fn attempt(profile: &str, what: &str) -> Ended {
    let output = Command::new(PROGRAM)
        .args(["__reading-walls", profile, what])
        .env_clear()
        .output()
        .expect("the program is there");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("ceilings, system calls"), "{profile} {what}: {output:?}");
    match (output.status.code(), output.status.signal()) {
        (Some(0), _) => Ended::Refused,
        (Some(1), _) => Ended::Succeeded,
        (None, Some(signal)) if signal == Signal::SYS.as_raw() => Ended::Deadly,
        other => panic!("{profile} {what}: {other:?}"),
    }
}

#[test]
fn a_parser_opens_nothing_calls_nobody_and_starts_nothing() {
    for what in ["open", "list", "write", "thread", "fork", "shell"] {
        assert_eq!(attempt("parse", what), Ended::Refused, "{what}");
    }
    for what in ["network", "local", "signal", "become"] {
        assert_eq!(attempt("parse", what), Ended::Deadly, "{what}");
    }
}

#[test]
fn a_tool_worker_runs_tesseract_and_nothing_else() {
    for what in ["open", "list", "write", "network", "local", "signal", "fork", "shell", "become"] {
        assert_eq!(attempt("tool", what), Ended::Refused, "{what}");
    }
    assert_eq!(attempt("tool", "tesseract"), Ended::Succeeded);
    assert_eq!(attempt("parse", "tesseract"), Ended::Refused);
}

#[tokio::test]
async fn a_worker_that_reads_mail_has_its_pipes_and_nothing_else() {
    let pool = Pool::new(PoolConfig { workers: 1, ..PoolConfig::new(PathBuf::from(PROGRAM)) });
    pool.read(&mail("Mohon reset.", &[])).await.unwrap();

    let pid = pool.idle_workers()[0];

    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let value = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
    assert_eq!(value("NoNewPrivs:"), Some("1"));
    assert_eq!(value("Seccomp:"), Some("2"), "filtered");
    assert_eq!(value("Threads:"), Some("1"));
    // What this process got from whoever started it goes on to its children; a worker has no more than that.
    let open = |process: &str| -> Vec<(String, PathBuf)> {
        let entries = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().map(Result::unwrap);
        entries.filter_map(|e| Some((e.file_name().into_string().ok()?, e.path().read_link().ok()?))).collect()
    };
    let inherited = open("self");
    for held in open(&pid.to_string()) {
        assert!(["0", "1", "2"].contains(&held.0.as_str()) || inherited.contains(&held), "{held:?}");
    }
    assert!(std::fs::read(format!("/proc/{pid}/environ")).unwrap().is_empty());
}

#[tokio::test]
async fn a_worker_that_cannot_put_up_a_wall_reads_nothing_and_says_which() {
    // Fewer descriptors than the worker wants to set, and no right to raise them.
    let script = format!("ulimit -n 8; exec '{PROGRAM}' __reading-worker");
    let arguments = match rustix::process::geteuid().is_root() {
        true => vec!["/usr/bin/setpriv", "--bounding-set=-sys_resource", "/bin/sh", "-c", &script],
        false => vec!["/bin/sh", "-c", &script],
    };
    let program = PathBuf::from(arguments[0]);
    let arguments = arguments[1..].iter().map(|a| (*a).to_owned()).collect();
    let pool = Pool::new(PoolConfig { program, arguments, ..PoolConfig::new(PathBuf::from(PROGRAM)) });

    let fault = pool.read(&mail("Mohon reset.", &[])).await.unwrap_err();

    assert!(matches!(&fault, ReadingFault::NoSandbox { why } if why.contains("open files")), "{fault}");
}
