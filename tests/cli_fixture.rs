//! An office of the samples in a temporary folder, worked by the real program: Maildirs for mail, the embedded directory
//! for accounts, the desk on a free port.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;

use chrono::{DateTime, Datelike, Utc};
use loket::daemon::clock::SystemClock;
use loket::demo::samples::{self, SampleOffice, Stamp};
use loket::engine::port::Clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::kit::offspring::free_port;
use crate::kit::wait::{DEADLINE, wait_for};

/// An office on disk. Everything goes with it.
pub struct Site {
    folder: tempfile::TempDir,
    pub config: PathBuf,
    pub port: u16,
    pub office: SampleOffice,
}

impl Site {
    pub fn new() -> Self {
        Self::with("0 0 17 * * Mon-Fri")
    }

    /// An office that archives on this schedule.
    pub fn with(schedule: &str) -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let now = SystemClock.now();
        let office = samples::office(now.date_naive());
        let port = free_port();
        let config = folder.path().join("loket.toml");
        let site = Self { folder, config, port, office };
        // The year's real dates are not the point here, and the shipped file is of one year alone.
        let year = |year: i32| {
            let name = format!("holidays-{year}.toml");
            std::fs::write(site.path(&name), format!("year = {year}\nsource = \"contoh\"\nclosed = []\n")).unwrap();
            format!("{:?}", name)
        };
        let holidays = [year(now.year()), year(now.year() + 1)].join(", ");
        std::fs::write(&site.config, site.text(schedule, &holidays)).unwrap();
        site
    }

    fn text(&self, schedule: &str, holidays: &str) -> String {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/sop/helpdesk.toml");
        let mut text = String::new();
        let names = &self.office.letters;
        write!(
            text,
            "[office]\nid = {:?}\nname = {:?}\nunit = {:?}\nphone = {:?}\nsystem_url = \"https://spse.lembayungraya.example\"\n\
             [[mailbox]]\nname = \"permohonan\"\nprocedure = {:?}\nkind = \"maildir\"\ndirectory = \"inbox\"\n\
             authserv_id = {:?}\n\
             [courier]\nkind = \"maildir\"\nfrom_address = {:?}\nfrom_name = {:?}\n[courier.maildir]\ndirectory = \"outbox\"\n\
             [accounts]\ndriver = \"directory\"\n\
             [desk]\nlisten = \"127.0.0.1:{port}\"\nbase_url = \"http://127.0.0.1:{port}\"\n\
             [state]\ndirectory = \"state\"\n[archive]\nschedule = {schedule:?}\n\
             [holidays]\nfiles = [{holidays}]\n[reading]\nworkers = 1\n[log]\nform = \"plain\"\n",
            self.office.id,
            names.name,
            names.unit,
            names.phone,
            shipped.display().to_string(),
            self.office.mail_server,
            self.office.mailbox,
            names.name,
            port = self.port,
        )
        .expect("writing to a string cannot fail");
        text
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes the configuration; the test fails if `from` is not in it.
    pub fn change(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(&self.config).unwrap();
        assert!(text.contains(from), "the configuration has no {from:?}");
        std::fs::write(&self.config, text.replacen(from, to, 1)).unwrap();
    }

    /// The program with these arguments and this office's configuration.
    pub fn loket(&self, arguments: &[&str]) -> Ended {
        let output = program().args(arguments).env("LOKET_CONFIG", &self.config).output().expect("the program runs");
        Ended(output)
    }

    /// The same while nobody reads what it says, as after `| head`.
    pub fn unheard(&self, arguments: &[&str]) -> Ended {
        let mut command = program();
        command.args(arguments).env("LOKET_CONFIG", &self.config).stdout(closed());
        Ended(command.output().expect("the program runs"))
    }

    /// Imports the sample accounts.
    pub fn import(&self) -> Ended {
        std::fs::write(self.path("accounts.csv"), &self.office.accounts_csv).unwrap();
        self.loket(&["accounts", "import", self.path("accounts.csv").to_str().unwrap()])
    }

    /// The raw mail of a sample, as the office's server would have stamped it.
    pub fn sample(&self, id: &str) -> Vec<u8> {
        let now: DateTime<Utc> = SystemClock.now();
        let mails = samples::mails(now, Some(Stamp { server: self.office.mail_server }));
        mails.into_iter().find(|sample| sample.label.id == id).expect("a sample of this name").raw
    }

    /// Delivers a mail, as a mail server would.
    pub fn deliver(&self, name: &str, raw: &[u8]) {
        let inbox = self.path("inbox");
        for part in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(inbox.join(part)).unwrap();
        }
        std::fs::write(inbox.join("tmp").join(name), raw).unwrap();
        std::fs::rename(inbox.join("tmp").join(name), inbox.join("new").join(name)).unwrap();
    }

    /// Starts the daemon and waits until it is ready for requests.
    pub async fn run(&self) -> Daemon {
        self.run_as("127.0.0.1").await
    }

    /// The same for a desk that answers under another name of this machine.
    pub async fn run_as(&self, name: &str) -> Daemon {
        let log = self.path("log");
        let file = std::fs::File::create(&log).unwrap();
        let child = program()
            .args(["run", "--config", self.config.to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .expect("the program runs");
        let daemon = Daemon { child: Mutex::new(child), log };
        wait_for("the daemon to be ready", || async {
            assert!(daemon.lives(), "the daemon ended: {}", daemon.said());
            http_as(name, self.port, "/readyz").await.filter(|answer| answer.starts_with("HTTP/1.1 200"))
        })
        .await;
        daemon
    }
}

/// The program under test; `LOKET_CONFIG` of the surroundings must not reach it.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loket"));
    command.env_remove("LOKET_CONFIG").env_remove("CREDENTIALS_DIRECTORY");
    command
}

/// A pipe that nobody reads from any more.
pub fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

/// One request to the desk; `None` while nobody listens.
pub async fn http(port: u16, path: &str) -> Option<String> {
    http_as("127.0.0.1", port, path).await
}

async fn http_as(name: &str, port: u16, path: &str) -> Option<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// A running daemon; killed when the test is over.
pub struct Daemon {
    child: Mutex<Child>,
    log: PathBuf,
}

impl Daemon {
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    pub fn lives(&self) -> bool {
        matches!(self.child.lock().unwrap().try_wait(), Ok(None))
    }

    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to stop and waits for its exit status.
    pub async fn stop(&self) -> Option<i32> {
        let pid = Pid::from_child(&self.child.lock().unwrap());
        kill_process(pid, Signal::TERM).expect("the daemon still runs");
        let status = wait_for("the daemon to end", || async {
            self.child.lock().unwrap().try_wait().expect("it can be waited for")
        });
        tokio::time::timeout(DEADLINE, status).await.expect("it ends in time").code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        child.kill().ok();
        child.wait().ok();
    }
}

/// How a command ended.
pub struct Ended(pub Output);

impl Ended {
    pub fn status(&self) -> i32 {
        self.0.status.code().expect("no signal ended it")
    }

    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Standard output of a command that must have gone well.
    #[track_caller]
    pub fn well(&self) -> String {
        assert_eq!(self.status(), 0, "out: {}\nerr: {}", self.out(), self.err());
        self.out()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.well()).unwrap_or_else(|why| panic!("{why}: {}", self.out()))
    }

    /// The one sentence of a command that must have ended so.
    #[track_caller]
    pub fn refused(&self, status: i32) -> String {
        assert_eq!(self.status(), status, "out: {}\nerr: {}", self.out(), self.err());
        let told = self.err();
        assert_eq!(told.trim_end().lines().count(), 1, "one sentence: {told}");
        told
    }
}
