//! Reads dossiers back as an archivist would: through the command line, as folders, each byte against its hash.

use std::path::PathBuf;

use loket::demo::samples::people::MAILBOX;
use loket::vault::sha256_hex;
use serde_json::Value;

use crate::kit::office::{PROCESSED, REFUSED};
use crate::kit::wait::wait_for;
use crate::kit::{Daemon, Office};

/// A dossier's folder and what the archive says of it.
pub struct Dossier {
    pub number: String,
    pub shown: Value,
    folder: PathBuf,
}

/// Waits until the archive holds these dossiers, and gives their outcomes in the same order.
pub async fn archived(daemon: &Daemon, numbers: &[&String]) -> Vec<String> {
    // The daemon tells of each dossier it files; asking it every few milliseconds would only slow it down.
    wait_for("the dossiers in the archive", || async {
        let log = daemon.log();
        numbers.iter().all(|number| log.contains(&format!("archived case={number}"))).then_some(())
    })
    .await;
    let lines = daemon.json(&["archive", "list", "--json"]);
    let lines = lines.as_array().expect("a list");
    let outcome = |number: &String| {
        let line = lines.iter().find(|line| line["number"] == number.as_str())?;
        line["outcome"].as_str().map(str::to_owned)
    };
    numbers.iter().map(|number| outcome(number).unwrap_or_else(|| panic!("{number} is in the list"))).collect()
}

/// Takes a dossier out as a folder.
pub fn dossier(daemon: &Daemon, office: &Office, number: &str) -> Dossier {
    let to = office.folder.path().join("export");
    let shown = daemon.json(&["archive", "show", number, "--json"]);
    let told = daemon.json(&["archive", "export", number, "--to", &to.to_string_lossy(), "--json"]);
    let folder = PathBuf::from(told["folder"].as_str().expect("the folder is named"));
    Dossier { number: number.to_owned(), shown, folder }
}

/// Every file of the payload stands in the manifest under its true hash, and every item the archive lists is there.
pub fn assert_whole(dossier: &Dossier) {
    let manifest = std::fs::read_to_string(dossier.folder.join("manifest-sha256.txt")).expect("a bag has a manifest");
    let mut listed: Vec<(String, String)> = Vec::new();
    for line in manifest.lines() {
        let (hash, name) = line.split_once("  ").expect("hash, two spaces, name");
        let bytes = std::fs::read(dossier.folder.join(name)).expect("what the manifest names is there");
        assert_eq!(sha256_hex(&bytes).0, hash, "{name} of {}", dossier.number);
        listed.push((name.to_owned(), hash.to_owned()));
    }
    let contents = dossier.shown["contents"].as_array().expect("the archive lists its items");
    assert!(contents.len() > 5, "mails, letters, findings, times and journal: {contents:?}");
    for item in contents {
        let (name, hash) = (item["name"].as_str().unwrap_or_default(), item["sha256"].as_str().unwrap_or_default());
        let found = listed.iter().any(|(n, h)| *n == format!("data/{name}") && h == hash);
        assert!(found, "{name} of {} is in the folder with the archive's hash", dossier.number);
    }
}

impl Dossier {
    /// The bytes of the items whose names begin so.
    fn items(&self, prefix: &str) -> Vec<Vec<u8>> {
        let contents = self.shown["contents"].as_array().expect("the archive lists its items");
        let names = contents.iter().filter_map(|item| item["name"].as_str()).filter(|name| name.starts_with(prefix));
        names.map(|name| std::fs::read(self.folder.join("data").join(name)).expect("it was exported")).collect()
    }

    /// The mails of the dossier are, byte for byte, mails that lie in the office's folders.
    pub fn holds_mails_of(&self, office: &Office) -> bool {
        let lying = [PROCESSED, REFUSED].map(|folder| office.dovecot.messages(MAILBOX, folder)).concat();
        let lying: Vec<Vec<u8>> = lying.iter().map(|raw| one_ending(raw)).collect();
        let mails = self.items("surel/");
        !mails.is_empty() && mails.iter().all(|mail| lying.contains(&one_ending(mail)))
    }

    /// No file of the dossier holds one of these secrets.
    pub fn assert_free_of(&self, secrets: &[&String]) {
        for bytes in self.items("") {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!secrets.iter().any(|secret| text.contains(secret.as_str())), "{} holds a secret", self.number);
        }
    }

    /// The journal: the names of what happened, in order.
    pub fn history(&self) -> Vec<Value> {
        let journal = self.items("peristiwa.json").pop().expect("a dossier holds its journal");
        serde_json::from_slice(&journal).expect("the journal is JSON")
    }
}

/// The mail server keeps line ends its own way.
fn one_ending(raw: &[u8]) -> Vec<u8> {
    raw.iter().copied().filter(|byte| *byte != b'\r').collect()
}
