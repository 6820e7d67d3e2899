//! The master key as an operator changes it, and what the process that holds it keeps to itself.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loket::store::archive::verify_file;

use crate::cli_fixture::{Site, http};
use crate::kit::wait_for;

fn key_file(site: &Site, name: &str, byte: u8) {
    let path = site.path(name);
    std::fs::write(&path, STANDARD.encode([byte; 32])).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_is_changed_under_a_running_daemon_and_the_old_one_can_be_taken_away() {
    let site = Site::with("*/1 * * * * *");
    key_file(&site, "kunci-lama", 7);
    key_file(&site, "kunci-baru", 8);
    site.change("[log]", "[keys]\nmaster_key_file = \"kunci-lama\"\n[log]");
    site.import().well();
    site.deliver("1.complete", &site.sample("complete"));
    site.deliver("2.vendor", &site.sample("vendor"));
    let daemon = site.run().await;
    wait_for("a case and a dossier", || async {
        let filed = site.loket(&["archive", "list", "--json"]).json();
        (filed.as_array().map(Vec::len) == Some(1)).then_some(())
    })
    .await;
    let before = site.loket(&["keys", "show", "--json"]).json();
    let alone = site.loket(&["keys", "rotate"]).well();
    daemon.stop().await;

    site.change("\"kunci-lama\"", "\"kunci-baru\"\nprevious_key_file = \"kunci-lama\"");
    let daemon = site.run().await;
    let rotated = site.loket(&["keys", "rotate", "--json"]).json();
    let shown = site.loket(&["keys", "show", "--json"]).json();
    let cases = site.loket(&["cases", "list", "--json"]).json();
    daemon.stop().await;
    site.change("\nprevious_key_file = \"kunci-lama\"", "");
    let after = site.loket(&["cases", "list", "--json"]).json();
    let dossier = after[0]["number"].as_str().map(|_| site.loket(&["archive", "list", "--json"]).json()).unwrap();
    let number = dossier[0]["number"].as_str().unwrap();
    let opened = site.loket(&["archive", "show", number, "--json"]).json();
    let backup = site.path("cadangan.loket");
    site.loket(&["backup", backup.to_str().unwrap()]).well();
    site.change("\"kunci-baru\"", "\"kunci-lama\"");
    let refused = site.loket(&["cases", "list"]).refused(78);
    let another = site.loket(&["restore", backup.to_str().unwrap(), "--force"]).refused(78);

    assert!(alone.contains("one key there is"), "{alone}");
    assert_eq!(rotated["unopened"], 0);
    assert!(rotated["renewed"].as_u64().unwrap() + rotated["stood"].as_u64().unwrap() > 3, "{rotated}");
    assert_eq!(shown["sealed_under"], serde_json::json!([rotated["newest"]]));
    assert_eq!(shown["previous"], before["newest"]);
    assert_eq!(shown["evidence"], before["evidence"], "signed heads go on");
    assert_eq!(after, cases);
    assert!(opened["contents"].as_array().is_some_and(|items| !items.is_empty()), "{opened}");
    assert!(refused.contains("another master key"), "{refused}");
    assert!(another.contains("another master key") && another.contains("cadangan.loket"), "{another}");
    for file in std::fs::read_dir(site.path("state/archive")).unwrap().flatten() {
        assert_eq!(verify_file(&file.path()).unwrap(), []);
    }
}

/// The daemon as a user of its own, as the unit runs it: root may look anywhere, so only so can be seen who may not.
#[tokio::test(flavor = "multi_thread")]
async fn t46_the_daemon_leaves_no_core_and_lets_nobody_of_its_user_look_into_it() {
    const NOBODY: u32 = 65534;
    let site = Site::new();
    std::fs::copy(env!("CARGO_BIN_EXE_loket"), site.path("loket")).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/sop/helpdesk.toml");
    std::fs::copy(&shipped, site.path("helpdesk.toml")).unwrap();
    site.change(&format!("{:?}", shipped.display().to_string()), "\"helpdesk.toml\"");
    site.deliver("1.complete", &site.sample("complete"));
    let user = if rustix::process::geteuid().is_root() { NOBODY } else { rustix::process::geteuid().as_raw() };
    for place in everything(&site.path(".")) {
        chown(&place, Some(user), None).unwrap();
    }
    let log = std::fs::File::create(site.path("log")).unwrap();
    let daemon = Command::new(site.path("loket"))
        .args(["run", "--config", site.config.to_str().unwrap()])
        .uid(user)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    let mut daemon = Mortal(daemon.unwrap());
    let said = || std::fs::read_to_string(site.path("log")).unwrap_or_default();
    wait_for("the daemon to be ready", || async {
        assert!(Path::new(&format!("/proc/{}/cmdline", daemon.0.id())).exists(), "it ended: {}", said());
        http(site.port, "/readyz").await.filter(|answer| answer.starts_with("HTTP/1.1 200"))
    })
    .await;
    let place = |name: &str| format!("/proc/{}/{name}", daemon.0.id());
    let look = |place: &str| Command::new("cat").arg(place).uid(user).output().unwrap().status.success();

    let limits = std::fs::read_to_string(place("limits")).unwrap();
    let status = std::fs::read_to_string(place("status")).unwrap();
    let (owner, seen, control) =
        (std::fs::metadata(place("environ")), look(&place("environ")), look("/proc/self/environ"));
    let pid = rustix::process::Pid::from_child(&daemon.0);
    rustix::process::kill_process(pid, rustix::process::Signal::ABORT).unwrap();
    let ended = daemon.0.wait().unwrap();

    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    assert!(status.contains(&format!("Uid:\t{user}\t")), "{status}");
    assert_eq!(owner.unwrap().uid(), 0, "it is not dumpable");
    assert!(control && !seen, "its own user cannot look into it");
    assert!(ended.signal().is_some() && !ended.core_dumped());
}

/// Ends with the test.
struct Mortal(Child);

impl Drop for Mortal {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn everything(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut at = 0;
    while let Some(place) = found.get(at).cloned() {
        found.extend(std::fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path()));
        at += 1;
    }
    found
}
