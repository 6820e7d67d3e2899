//! The whole procedure, played without a person by the program itself: mails, pages, codes, directory and archive.

use std::process::Command;

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
