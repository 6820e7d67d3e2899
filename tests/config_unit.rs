//! The shipped unit, as systemd itself judges it (systemd-analyze(1)).

use std::path::Path;
use std::process::Command;

/// Exposure from 0 (none) to 10 that the unit may have.
const MOST: f64 = 1.5;

#[test]
fn t46_the_unit_shows_little_and_leaves_no_core() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loket.service");

    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--no-pager"])
        .arg(&unit)
        .output()
        .expect("systemd-analyze of the package systemd");

    let told = String::from_utf8_lossy(&judged.stdout);
    let line = told.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| panic!("{told}"));
    let level = line.split_whitespace().find_map(|word| word.parse::<f64>().ok()).expect("a figure");
    assert!(level <= MOST, "{line}");
    let text = std::fs::read_to_string(unit).expect("the unit");
    let folders =
        ["StateDirectory=loket", "RuntimeDirectory=loket", "RuntimeDirectoryMode=0700", "ConfigurationDirectory=loket"];
    for line in folders.into_iter().chain(["LimitCORE=0"]) {
        assert!(text.lines().any(|said| said.trim() == line), "{line}");
    }
    let shipped = include_str!("../config/loket.toml");
    assert!(
        shipped.lines().any(|line| line == "socket = \"/run/loket/loket.sock\""),
        "the socket lies in the unit's folder"
    );
}
