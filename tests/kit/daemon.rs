//! The program itself, as an operator runs it: `loket run` on an office's configuration, stopped by SIGTERM or killed,
//! started again in the same state folder, and asked on the command line meanwhile.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use serde_json::Value;

use super::admin::Admin;
use super::office::Office;
use super::offspring::{Offspring, mortal};
use super::visitor::Visitor;
use super::wait::wait_for;

const LOKET: &str = env!("CARGO_BIN_EXE_loket");

pub struct Daemon {
    process: Offspring,
    configuration: PathBuf,
    base_url: String,
    /// Beside what the test itself was given.
    environment: Vec<(String, String)>,
    /// Held open, so that it can be read even when the office's folder is gone.
    log: File,
}

impl Daemon {
    /// Reads the register in, invites the people of these addresses, starts, and lets them enrol at the desk.
    pub async fn open(office: &Office, admins: &[&str]) -> (Self, Vec<Admin>) {
        let configuration = office.configuration_file();
        let register = office.folder.path().join("accounts.csv");
        loket(&configuration, &["accounts", "import", &register.to_string_lossy()]);
        let invited: Vec<String> =
            admins.iter().map(|address| loket(&configuration, &["admins", "enroll", address])).collect();
        let daemon = Self::start(office).await;
        let mut enrolled = Vec::new();
        for (address, said) in admins.iter().zip(invited) {
            let link = said.split_whitespace().find(|word| word.contains("/daftar/")).expect("a link is printed");
            enrolled.push(Admin::enrol(address, link).await);
        }
        (daemon, enrolled)
    }

    /// Starts in the office's folder and waits until it is ready.
    pub async fn start(office: &Office) -> Self {
        Self::start_in(office, Vec::new()).await
    }

    /// As [`Daemon::start`], with variables of one's own, as a service manager gives them.
    pub async fn start_in(office: &Office, environment: Vec<(String, String)>) -> Self {
        let path = office.folder.path().join("log");
        let log = File::options().create(true).append(true).read(true).open(path).expect("the folder is ours");
        let configuration = office.configuration_file();
        let process = launch(&configuration, &environment, &log);
        let mut daemon = Self { process, configuration, base_url: office.base_url(), environment, log };
        daemon.ready().await;
        daemon
    }

    async fn ready(&mut self) {
        let url = format!("{}/readyz", self.base_url);
        let address = self.base_url.trim_start_matches("http://").to_owned();
        wait_for("readiness", || {
            assert!(self.process.lives(), "the daemon ended at once");
            let (url, address) = (url.clone(), address.clone());
            async move {
                // Nothing listens at first.
                tokio::net::TcpStream::connect(&address).await.ok()?;
                (Visitor::default().get(&url).await.status == 200).then_some(())
            }
        })
        .await;
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Asks it to end, as systemd does, and waits.
    pub async fn stop(&mut self) -> ExitStatus {
        self.process.finish().await.expect("the daemon drains and ends when it is told to")
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// As [`Daemon::kill`], and starts it again in the same folder.
    pub async fn crash(&mut self) {
        self.kill();
        self.resume().await;
    }

    /// Starts it again without waiting for readiness, which a mail server that is away withholds.
    pub fn restart_unready(&mut self) {
        self.process = launch(&self.configuration, &self.environment, &self.log);
    }

    /// As [`Daemon::restart_unready`], with these variables in place of the ones before.
    pub fn restart_in(&mut self, environment: Vec<(String, String)>) {
        self.environment = environment;
        self.restart_unready();
    }

    /// How it ended by itself; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.ended()
    }

    /// The last part of the log, at most so many bytes.
    pub fn log_end(&self, bytes: u64) -> String {
        let length = self.log.metadata().map_or(0, |file| file.len());
        let mut end = vec![0; usize::try_from(length.min(bytes)).unwrap_or(0)];
        self.log.read_exact_at(&mut end, length.saturating_sub(bytes)).expect("nobody shortens a log");
        String::from_utf8_lossy(&end).into_owned()
    }

    pub async fn resume(&mut self) {
        self.process = launch(&self.configuration, &self.environment, &self.log);
        self.ready().await;
    }

    /// Waits until the log tells something for the `count`th time.
    pub async fn tells(&self, what: &str, count: usize) {
        wait_for(&format!("the log to tell {what:?}"), || async {
            (self.log().matches(what).count() >= count).then_some(())
        })
        .await;
    }

    pub fn log(&self) -> String {
        let length = self.log.metadata().map_or(0, |file| file.len());
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.log.read_exact_at(&mut bytes, 0).expect("nobody shortens a log");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub fn cli(&self, arguments: &[&str]) -> String {
        loket(&self.configuration, arguments)
    }

    /// As [`Daemon::cli`], reading one JSON value.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.cli(arguments)).expect("`--json` prints JSON alone")
    }

    /// Runs a command that may fail.
    pub fn try_cli(&self, arguments: &[&str]) -> Output {
        run(&self.configuration, arguments)
    }
}

impl Drop for Daemon {
    /// A test that failed wants to know what the daemon saw.
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the daemon's log\n{}", self.log_end(12_000));
        }
    }
}

fn launch(configuration: &Path, environment: &[(String, String)], log: &File) -> Offspring {
    let said = || log.try_clone().expect("a file can be shared");
    let mut command = mortal(LOKET);
    command.args(["run", "--config"]).arg(configuration);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    Offspring::start(command.stdin(Stdio::null()).stdout(said()).stderr(said()))
}

fn loket(configuration: &Path, arguments: &[&str]) -> String {
    let output = run(configuration, arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "loket {arguments:?} gave {}: {said}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    said
}

fn run(configuration: &Path, arguments: &[&str]) -> Output {
    Command::new(LOKET).args(arguments).arg("--config").arg(configuration).output().expect("the program was built")
}
