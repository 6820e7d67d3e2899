//! The office that is measured: the real binary with a configuration of its own, and the mails it gets.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use loket::demo::samples::papers::{self, Decree, Letter};
use loket::demo::samples::people::{self, PEOPLE};
use loket::demo::samples::post::{Mail, PDF, Stamp};
use loket::sop::names::Service;
use tempfile::TempDir;

use crate::kit::{SmtpSink, wait_for};

pub const MAILBOX: &str = people::MAILBOX;

/// `loket run` and its state folder.
pub struct Daemon {
    folder: TempDir,
    port: u16,
    running: Option<Child>,
}

impl Daemon {
    pub fn prepare(imap: u16, sink: &SmtpSink) -> Self {
        let folder = TempDir::new().expect("the temporary folder is ours");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("loopback has a free port")
            .port();
        let daemon = Self { folder, port, running: None };
        daemon.configure(imap, sink);
        daemon.import_accounts();
        daemon
    }

    /// Its configuration, with Dovecot on port `imap`.
    pub fn configure(&self, imap: u16, sink: &SmtpSink) {
        let sop = concat!(env!("CARGO_MANIFEST_DIR"), "/config/sop/helpdesk.toml");
        let holidays = concat!(env!("CARGO_MANIFEST_DIR"), "/config/holidays/2026.toml");
        let server = people::MAIL_SERVER;
        let (state, smtp, port) = (self.folder.path().join("state"), sink.port(), self.port);
        let config = format!(
            r#"
[office]
id = "bench"
name = "LPSE"
unit = "Biro"
phone = "(0599) 900900"
system_url = "https://spse.lembayungraya.example/eproc4"
[[mailbox]]
name = "permohonan"
procedure = "{sop}"
kind = "imap"
host = "127.0.0.1"
port = {imap}
security = "plain"
user = "{MAILBOX}"
password_file = "password"
processed_folder = "Diproses"
refused_folder = "Ditolak"
authserv_id = "{server}"
[courier]
kind = "smtp"
from_address = "{MAILBOX}"
from_name = "LPSE"
[courier.smtp]
host = "127.0.0.1"
port = {smtp}
security = "plain"
[accounts]
driver = "directory"
[desk]
listen = "127.0.0.1:{port}"
base_url = "http://127.0.0.1:{port}"
[state]
directory = "{}"
[holidays]
files = ["{holidays}"]
[limits]
per_sender_a_day = 0
per_domain_a_day = 0
per_account_a_day = 0
mails_a_day = 0
unproven_a_day = 0
answers_per_address_a_day = 0
[log]
level = "warn"
"#,
            state.display()
        );
        std::fs::write(self.config(), config).expect("the temporary folder is ours");
        let password = self.folder.path().join("password");
        std::fs::write(&password, crate::kit::dovecot::PASSWORD).expect("the folder is ours");
        std::fs::set_permissions(&password, Permissions::from_mode(0o600)).expect("the folder is ours");
    }

    fn import_accounts(&self) {
        let csv = self.folder.path().join("accounts.csv");
        let today = now().date_naive();
        std::fs::write(&csv, loket::demo::samples::office(today).accounts_csv).expect("the folder is ours");
        let import = self.loket(&["accounts", "import"]).arg(&csv).arg("--config").arg(self.config()).status();
        assert!(import.is_ok_and(|status| status.success()), "the accounts are imported");
    }

    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the daemon was started").id()
    }

    pub async fn start(&mut self) {
        let config = self.config();
        let child = self.loket(&["run", "--config"]).arg(config).stdout(Stdio::null()).spawn();
        self.running = Some(child.expect("the binary was built"));
        let port = self.port;
        wait_for("the daemon's desk", async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
    }

    pub async fn stop(&mut self) {
        let Some(mut child) = self.running.take() else { return };
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        let ended = tokio::task::spawn_blocking(move || child.wait());
        assert!(ended.await.is_ok_and(|status| status.is_ok()), "the daemon ends when told to");
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("loket.toml")
    }

    fn loket(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loket"));
        command.args(arguments);
        command
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Complete requests, no two alike.
pub fn mails(count: usize) -> Vec<Vec<u8>> {
    let decree = papers::decree_pdf(&Decree { pad_to: Some(150_000), ..Decree::of_year(now().date_naive()) });
    (0..count).map(|n| mail(n, "banyak", &decree)).collect()
}

pub fn few(count: usize) -> Vec<Vec<u8>> {
    let decree = papers::decree_pdf(&Decree { pad_to: Some(150_000), ..Decree::of_year(now().date_naive()) });
    (0..count).map(|n| mail(n, "sedikit", &decree)).collect()
}

fn mail(n: usize, series: &str, decree: &[u8]) -> Vec<u8> {
    let at = now() - TimeDelta::minutes(5);
    let appointed: Vec<_> = PEOPLE.iter().filter(|p| p.appointed).collect();
    let person = appointed[n % appointed.len()];
    let number = format!("000.3/{}/{}/B.PBJ", 1000 + n, series.to_uppercase());
    let letter = papers::letter_pdf(&Letter {
        applicant: person,
        services: &[Service::ResetPassword],
        number: &number,
        date: at.date_naive(),
        nip: None,
        signed: true,
        pad_to: Some(80_000),
    });
    let mail = Mail {
        from: (person.name, person.email),
        subject: format!("Permohonan reset password {n}"),
        text: "Terlampir surat permohonan dan SK pengangkatan.".to_owned(),
        enclosed: vec![("Surat Permohonan.pdf", PDF, letter), ("SK Helpdesk.pdf", PDF, decree.to_vec())],
        message_id: format!("{series}.{n}@lembayungraya.example"),
        at,
        answers: None,
        automatic: false,
        authentic: true,
    };
    mail.bytes(Some(Stamp { server: people::MAIL_SERVER }))
}

#[allow(clippy::disallowed_methods, reason = "a bench lives in the real time")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
