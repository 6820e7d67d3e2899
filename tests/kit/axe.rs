//! axe-core, the accessibility engine (Deque, MPL-2.0), as its npm package brings it. It is fetched once with `npm pack`, kept
//! beside the build, and taken only if its bytes are those that were looked at.

use std::path::{Path, PathBuf};
use std::process::Command;

use fantoccini::Client;
use loket::vault::sha256_hex;

use super::wait::in_time;

const PACKAGE: &str = "axe-core@4.14.1";
const SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// WCAG 2.2 A and AA with all before it, and best practice.
const RUN: &str = r#"
    const done = arguments[arguments.length - 1];
    const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
    axe.run(document, { runOnly: { type: "tag", values }, resultTypes: ["violations"] }).then(
        (told) => done(told.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).join(" | "))),
        (why) => done(["axe itself: " + why]));
"#;

/// The engine's source.
///
/// # Panics
/// Where it can neither be found nor fetched, or is another one.
pub fn source() -> String {
    // target/debug/loket → target
    let target = Path::new(env!("CARGO_BIN_EXE_loket")).ancestors().nth(2).expect("the build has a folder");
    let kept = target.join("axe-core").join("axe.min.js");
    if !kept.exists() {
        fetch(&kept);
    }
    let source = std::fs::read_to_string(&kept).expect("it was just there");
    assert_eq!(sha256_hex(source.as_bytes()).0, SHA256, "{} is not {PACKAGE}; remove it", kept.display());
    source
}

/// Unpacks the package beside its place and moves it there whole: tests run side by side.
fn fetch(kept: &Path) {
    let folder: PathBuf = kept.parent().expect("it lies in a folder").to_owned();
    std::fs::create_dir_all(&folder).expect("the build's folder takes files");
    let room = tempfile::tempdir_in(&folder).expect("a temporary folder");
    let run = |program: &str, arguments: &[&str]| {
        let done = Command::new(program).args(arguments).current_dir(room.path()).output();
        let done = done.unwrap_or_else(|why| panic!("{program} for {PACKAGE}: {why}; tests/run installs it"));
        assert!(done.status.success(), "{program} for {PACKAGE}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    let archive = run("npm", &["pack", "--silent", PACKAGE]);
    run("tar", &["-xzf", &archive]);
    std::fs::rename(room.path().join("package/axe.min.js"), kept).expect("within one folder");
}

/// What axe finds on the page that is open, a line for each rule. `source` was put there by [`inject`].
pub async fn findings(page: &Client) -> Vec<String> {
    let told = in_time("axe", page.execute_async(RUN, Vec::new())).await.expect("axe runs");
    serde_json::from_value(told).expect("a list of lines")
}

/// Puts the engine on the page that is open. The driver may, whatever the page's policy says of scripts.
pub async fn inject(page: &Client, source: &str) {
    in_time("axe", page.execute(source, Vec::new())).await.expect("axe is put on the page");
}
