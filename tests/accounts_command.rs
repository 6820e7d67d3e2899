//! The office's own script: told on standard input, believed only when it is plain, ended when it stalls.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeZone, Utc};
use loket::accounts::command::{Script, ScriptSettings};
use loket::accounts::directory::Directory;
use loket::engine::port::{AccountDriver, Fate, Fault, FaultKind, Query, ResetOrder, ResetOutcome};
use loket::sop::names::UserId;
use loket::vault::OsRandom;

const SECRET: &str = "KWTR-8MPL-3XFD-7HNA";

pub struct Office {
    folder: tempfile::TempDir,
}

impl Office {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A driver over a shell script with this body; `$1` is the office's folder.
    fn script(&self, body: &str) -> Script {
        self.script_within(body, Duration::from_secs(20))
    }

    pub fn script_within(&self, body: &str, deadline: Duration) -> Script {
        std::fs::write(self.path("reset.sh"), body).unwrap();
        let arguments = vec![self.path("reset.sh").display().to_string(), self.folder.path().display().to_string()];
        self.program(Path::new("/bin/sh"), arguments, deadline)
    }

    fn program(&self, program: &Path, arguments: Vec<String>, deadline: Duration) -> Script {
        let settings = ScriptSettings {
            program: program.into(),
            arguments,
            deadline,
            force_change: true,
            read_back: true,
            look_up: true,
        };
        Script::new(settings, Directory::open(&self.path("accounts.redb"), Arc::new(OsRandom)).unwrap())
    }
}

pub async fn reset(script: &Script) -> Result<ResetOutcome, Fault> {
    let expires_at = Utc.with_ymd_and_hms(2026, 11, 11, 4, 0, 0).unwrap();
    let user_id = UserId("RATNAWL".into());
    script
        .reset(ResetOrder { idempotency_key: "case-1", user_id: &user_id, temporary_password: SECRET, expires_at })
        .await
}

#[tokio::test]
async fn the_script_is_told_on_its_input_and_answers_on_its_output() {
    let office = Office::new();
    let script = office.script("cat > \"$1/told\"; echo '{\"outcome\": \"done\"}'");

    let outcome = reset(&script).await.unwrap();

    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(office.path("told")).unwrap()).unwrap();
    let expected = serde_json::json!({
        "version": 1, "request": "reset", "idempotency_key": "case-1", "user_id": "RATNAWL",
        "temporary_password": SECRET, "expires_at": "2026-11-11T04:00:00Z"
    });
    assert_eq!((outcome, told), (ResetOutcome::Done, expected));
}

#[tokio::test]
async fn the_secret_is_neither_an_argument_nor_in_the_environment() {
    let office = Office::new();
    let script = office.script("tr '\\0' '\\n' < /proc/$$/cmdline > \"$1/seen\"; env >> \"$1/seen\"; cat > /dev/null; echo '{\"outcome\": \"done\"}'");

    reset(&script).await.unwrap();

    let seen = std::fs::read_to_string(office.path("seen")).unwrap();
    let names: Vec<&str> = seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(!seen.contains(SECRET));
    assert!(names.iter().all(|name| ["PATH", "LANG", "PWD", "SHLVL", "_", "OLDPWD"].contains(name)), "{names:?}");
}

#[tokio::test]
async fn every_outcome_of_the_protocol_is_understood() {
    let office = Office::new();
    let outcome =
        async |word: &str| reset(&office.script(&format!("echo '{{\"outcome\": \"{word}\"}}'"))).await.unwrap();

    assert_eq!(outcome("system_sent_link").await, ResetOutcome::SystemSentLink);
    assert_eq!(outcome("not_found").await, ResetOutcome::NotFound);
}

#[tokio::test]
async fn the_exit_status_says_whether_to_try_again() {
    let office = Office::new();
    let ended = async |body: &str| reset(&office.script(body)).await.unwrap_err();

    let temporary = ended("exit 75").await;
    let lasting = ended("echo '{\"outcome\": \"done\"}'; exit 3").await;
    let killed = ended("kill -9 $$").await;
    let killed_within = ended("exit 137").await;

    assert_eq!(temporary.kind, FaultKind::Transient);
    assert_eq!(lasting.kind, FaultKind::Permanent);
    assert!(lasting.message.contains("status 3"));
    assert_eq!((killed.kind, killed_within.kind), (FaultKind::Unknown, FaultKind::Unknown));
    assert!(killed.message.contains("signal 9") && killed_within.message.contains("signal 9"));
}

#[tokio::test]
async fn a_script_that_stalls_is_ended_with_its_children_and_the_outcome_is_unknown() {
    let office = Office::new();
    let script = office.script_within(
        "tail -f /dev/null & echo $! > \"$1/child.new\"; mv \"$1/child.new\" \"$1/child\"; wait",
        Duration::from_secs(2),
    );

    let fault = reset(&script).await.unwrap_err();

    assert_eq!(fault.kind, FaultKind::Unknown);
    assert!(fault.message.contains("no answer within 2 s"), "{fault}");
    let child = std::fs::read_to_string(office.path("child")).unwrap();
    // Gone, or dead and waiting for its new parent.
    let dead = || match std::fs::read_to_string(format!("/proc/{}/stat", child.trim())) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    let mut look = tokio::time::interval(Duration::from_millis(5));
    let seen = tokio::time::timeout(Duration::from_secs(10), async {
        while !dead() {
            look.tick().await;
        }
    });
    assert!(seen.await.is_ok(), "the script's child lives on");
}

#[tokio::test]
async fn an_answer_that_is_not_as_agreed_leaves_the_outcome_unknown_and_is_not_repeated() {
    let office = Office::new();
    let answered = async |body: &str| reset(&office.script(body)).await.unwrap_err();

    for body in ["cat", "echo done", "true", "echo '{\"outcome\": \"ok\"}'", "head -c 3000000 /dev/zero"] {
        let fault = answered(body).await;
        assert_eq!(fault.kind, FaultKind::Unknown, "{body}: {fault}");
        assert!(!fault.message.contains(SECRET), "{body}");
    }
}

#[tokio::test]
async fn what_a_script_complains_of_is_thrown_away_except_when_probed() {
    let office = Office::new();
    let body = "cat >&2; exit 1";

    let told = reset(&office.script(body)).await.unwrap_err();
    let probed = office.script("echo 'database is down' >&2; exit 75").probe().await.unwrap_err();

    assert!(!told.message.contains(SECRET) && !told.message.contains("case-1"));
    assert!(probed.message.contains("database is down"));
}

#[tokio::test]
async fn a_script_that_does_not_read_its_input_is_believed_all_the_same() {
    let office = Office::new();

    assert_eq!(reset(&office.script("exec <&-; echo '{\"outcome\": \"done\"}'")).await.unwrap(), ResetOutcome::Done);
}

#[tokio::test]
async fn look_ups_and_read_backs_are_asked_of_the_script_and_fail_without_harm() {
    let office = Office::new();
    let account = r#"{"accounts": [{"user_id": "RATNAWL", "name": "Ratna", "email": "ratna@kotabiru.example", "role": "Helpdesk", "active": true}]}"#;
    let query = Query { nip: Some("199001012015032901".into()), ..Query::default() };
    let user = UserId("RATNAWL".into());

    let found = office.script(&format!("cat > \"$1/told\"; echo '{account}'")).look_up(&query).await.unwrap();
    let told = std::fs::read_to_string(office.path("told")).unwrap();
    let garbled = office.script("echo '{}'").look_up(&query).await.unwrap_err();
    let took = office.script("echo '{\"took_effect\": true}'").read_back("case-1", &user).await.unwrap();
    let cannot_tell = office.script("echo '{\"took_effect\": null}'").read_back("case-1", &user).await.unwrap();

    assert_eq!(found[0].user_id, user);
    assert!(told.contains("\"request\":\"look_up\"") && told.contains("\"user_id\":null"));
    assert_eq!(garbled.kind, FaultKind::Transient);
    assert_eq!((took, cannot_tell), (Some(Fate::Done), None));
}

/// Its answer was lost, and the applicant was told a password that was never set.
#[tokio::test]
async fn a_read_back_tells_of_a_link_that_the_system_mailed_by_itself() {
    let office = Office::new();
    let user = UserId("RATNAWL".into());

    let mut told = Vec::new();
    for answer in [
        r#"{"took_effect": true, "outcome": "system_sent_link"}"#,
        r#"{"took_effect": true, "outcome": "done"}"#,
        r#"{"took_effect": false, "outcome": "not_found"}"#,
        r#"{"took_effect": true, "outcome": "not_found"}"#,
        r#"{"took_effect": false, "outcome": "system_sent_link"}"#,
    ] {
        told.push(office.script(&format!("echo '{answer}'")).read_back("case-1", &user).await.unwrap());
    }

    let expected = [Some(Fate::SystemSentLink), Some(Fate::Done), Some(Fate::NeverHappened), None, None];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_script_that_is_not_there_is_named_with_its_key() {
    let office = Office::new();
    let missing = office.program(&office.path("none"), Vec::new(), Duration::from_secs(5));

    let fault = reset(&missing).await.unwrap_err();

    assert_eq!(fault.kind, FaultKind::Permanent);
    assert!(fault.message.contains("accounts.command.program"));
}
