//! Secrets come from a credential, a file or the environment, and are never repeated in an error.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use loket::config::secret::SecretSource;

fn file(folder: &Path, bytes: &[u8], mode: u32) -> SecretSource {
    let path = folder.join(format!("secret-{mode:o}-{}", bytes.len()));
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    SecretSource::File(path)
}

#[test]
fn a_file_gives_its_text_without_the_line_break() {
    let folder = tempfile::tempdir().unwrap();

    assert_eq!(*file(folder.path(), b"rahasia\n", 0o600).read_text().unwrap(), "rahasia");
    assert_eq!(*file(folder.path(), b" rahasia\r\n", 0o640).read_text().unwrap(), " rahasia");
    assert_eq!(*file(folder.path(), b"\0\x01\n", 0o400).read_bytes().unwrap(), b"\0\x01\n");
}

#[test]
fn a_file_open_to_everyone_is_refused() {
    let folder = tempfile::tempdir().unwrap();

    let told = file(folder.path(), b"rahasia", 0o644).read_text().unwrap_err().to_string();

    assert!(told.contains("mode 644") && told.contains("chmod 600") && !told.contains("rahasia"), "{told}");
}

#[test]
fn empty_huge_missing_and_unreadable_secrets_are_named_by_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let told = |source: SecretSource| source.read_text().unwrap_err().to_string();

    assert!(told(file(folder.path(), b"\n", 0o600)).contains("is empty"));
    assert!(told(file(folder.path(), &[b'a'; 70_000], 0o600)).contains("larger than 64 KiB"));
    assert!(told(file(folder.path(), b"\xff\xfe", 0o600)).contains("not text in UTF-8"));
    assert!(told(SecretSource::File(folder.path().join("none"))).contains("Create it"));
    assert!(
        told(SecretSource::Environment("LOKET_TEST_UNSET_VARIABLE".into()))
            .contains("`LOKET_TEST_UNSET_VARIABLE` is not set")
    );
}

#[test]
fn the_environment_gives_its_value() {
    let home = std::env::var("PATH").unwrap();

    assert_eq!(*SecretSource::Environment("PATH".into()).read_text().unwrap(), home);
}

#[test]
fn a_credential_without_systemd_says_what_to_add() {
    let told = SecretSource::Credential("imap_password".into()).read_text().unwrap_err().to_string();

    assert!(told.contains("LoadCredential=imap_password:"), "{told}");
}
