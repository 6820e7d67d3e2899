//! Nothing a person wrote, and no secret, stands readable in any file the store leaves.

use std::path::Path;

use loket::engine::archive::Archive;
use loket::engine::store::{DocumentWrite, NewLink, SecretChange, Settled, Settlement, Store};
use loket::store::{Restoring, StateFolder, restore};
use loket::vault::{OsRandom, PlainToken, Secret, TokenNonce, temporary_password};

use crate::archive_fixture::{day, dossier, item, open as open_archive};
use crate::store_fixture::{at, files, key, keyring, office, open, row, step, tag};

/// Where the bytes stand, plain or in base64, under a folder.
fn found(folder: &Path, canary: &[u8]) -> Vec<std::path::PathBuf> {
    use base64::Engine as _;
    // Without the last group, whose letters depend on what follows.
    let coded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&canary[..canary.len() / 3 * 3]);
    let holds = |path: &std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        let contains = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        contains(canary) || contains(coded.as_bytes())
    };
    files(folder).into_iter().filter(holds).collect()
}

#[tokio::test]
async fn neither_secrets_nor_words_of_a_case_are_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let store = open(&state);
    let password = temporary_password(&OsRandom, 16);
    let token: PlainToken = keyring().links.token(1, &TokenNonce::generate(&OsRandom), "reveal");
    let words = |n: usize| format!("kanari-nomor-{n:03}-kuning");

    let mut batch = step(1, 0);
    batch.snapshot = words(0).into_bytes();
    batch.events = vec![words(1).into_bytes()];
    batch.contents = store.put_contents(vec![(key(1), words(2).repeat(3000).into_bytes())]).await.unwrap();
    batch.outbox = vec![row("ack", 0)];
    batch.outbox[0].payload = words(3).into_bytes();
    batch.seen = vec![words(4)];
    batch.tags = vec![tag("account", &words(5), true)];
    let record = words(6).into_bytes();
    batch.links = vec![NewLink { hash: token.hashed(), scope: "reveal/1".to_owned(), record, expires: at(900) }];
    let sealed = keyring().passwords.seal(&OsRandom, "LPSE-2026-0001", "s", &password);
    batch.secrets = vec![SecretChange::Put { id: "s".to_owned(), sealed, expires: at(900) }];
    batch.documents = vec![DocumentWrite {
        office: office(),
        family: "admin".to_owned(),
        id: "ratna".to_owned(),
        expected_version: None,
        bytes: Some(words(7).into_bytes()),
    }];
    store.commit(vec![batch]).await.unwrap();
    let how = Settled::Dead { error: words(8) };
    store.settle(vec![(key(1), Settlement { id: "ack".to_owned(), how })]).await.unwrap();
    store.backup(&folder.path().join("loket.backup")).await.unwrap();
    let mut kept = dossier(1, day(2026, 11, 9));
    kept.items.push(item(&words(9), &words(10), words(11).as_bytes()));
    kept.metadata = serde_json::json!({ words(12): words(13) });
    open_archive(&state.join("archive"), Some(&store)).keep(kept).await.unwrap();
    let second = StateFolder::take(&folder.path().join("second")).unwrap();
    let (keys, file) = (keyring(), folder.path().join("loket.backup"));
    restore(
        &second,
        &Restoring { keyring: &keys, random: &OsRandom, file: &file, force: false, year: 2026, series: None },
    )
    .unwrap();

    let revealed: Secret<String> = keyring()
        .passwords
        .open("LPSE-2026-0001", "s", &store.secret(&key(1), "s").await.unwrap().unwrap().sealed)
        .unwrap();
    assert!(revealed.expose() == password.expose());
    let (password, token) = (password.expose().clone(), token.reveal());
    let mut canaries: Vec<Vec<u8>> = (0..14).map(|n| words(n).into_bytes()).collect();
    canaries.extend([password.clone().into_bytes(), password.replace('-', "").into_bytes(), token.into_bytes()]);
    canaries.extend([vec![7u8; 32], b"kanari-nomor".to_vec()]);
    assert!(files(folder.path()).len() >= 6);
    for (index, canary) in canaries.iter().enumerate() {
        assert_eq!(found(folder.path(), canary), Vec::<std::path::PathBuf>::new(), "canary {index}");
    }
}

#[tokio::test]
async fn a_backup_holds_no_secret_even_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("state"));
    let mut batch = step(1, 0);
    let sealed = keyring().passwords.seal(&OsRandom, "LPSE-2026-0001", "s", &temporary_password(&OsRandom, 16));
    batch.secrets = vec![SecretChange::Put { id: "s".to_owned(), sealed: sealed.clone(), expires: at(900) }];
    store.commit(vec![batch]).await.unwrap();

    let backups = folder.path().join("backups");
    std::fs::create_dir(&backups).unwrap();
    store.backup(&backups.join("one")).await.unwrap();

    assert!(!found(&folder.path().join("state"), &sealed).is_empty());
    assert!(found(&backups, &sealed).is_empty());
}
