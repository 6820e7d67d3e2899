//! A real Dovecot with users of its own. Every address is a user with the password [`PASSWORD`], and its mail lies in a
//! Maildir the test can look into. As root its mail belongs to the system's `mail` user, else to the caller.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use loket::mail::inbox::imap::ImapSettings;
use loket::mail::tls::Security;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::certificates::Certificates;
use super::offspring::{Offspring, free_port, is_root, mortal};
use super::wait::wait_for;

pub const PASSWORD: &str = "rahasia\"kuat\\";

/// The system's `mail` user and group (Debian's base-passwd).
const MAIL: u32 = 8;

pub struct Dovecot {
    process: Offspring,
    folder: TempDir,
    certificates: Certificates,
    ports: Ports,
    delivered: AtomicUsize,
}

#[derive(Clone, Copy)]
pub struct Ports {
    pub imap: u16,
    pub imaps: u16,
    pub lmtp: u16,
    /// SASL for Postfix.
    pub auth: u16,
}

impl Dovecot {
    /// Starts and waits until it greets.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// As [`Dovecot::start`], with lines of one's own at the end of the configuration.
    pub async fn start_with(extra: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("loket-dovecot-").tempdir().expect("a temporary folder");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("the folder is ours");
        let certificates = Certificates::for_loopback(folder.path());
        std::fs::create_dir(folder.path().join("mail")).expect("the folder is ours");
        give_to_mail(&folder.path().join("mail"));
        let ports = Ports { imap: free_port(), imaps: free_port(), lmtp: free_port(), auth: free_port() };
        let configuration = configuration(folder.path(), &certificates, ports) + extra;
        std::fs::write(folder.path().join("dovecot.conf"), configuration).expect("the folder is ours");
        let process = launch(folder.path());
        let mut dovecot = Self { process, folder, certificates, ports, delivered: AtomicUsize::new(0) };
        dovecot.greets().await;
        dovecot
    }

    /// Stops the server; mail and ports stay for [`Dovecot::resume`].
    pub fn stop(&mut self) {
        self.process.end();
    }

    pub async fn resume(&mut self) {
        self.process = launch(self.folder.path());
        self.greets().await;
    }

    async fn greets(&mut self) {
        let log = self.folder.path().join("log");
        self.process.greets("Dovecot", &[self.ports.imap, self.ports.lmtp], &log).await;
    }

    pub fn ports(&self) -> Ports {
        self.ports
    }

    pub fn ca_file(&self) -> &Path {
        &self.certificates.ca_file
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Settings of an inbox for `user` over implicit TLS, with short times.
    pub fn settings(&self, user: &str) -> ImapSettings {
        ImapSettings {
            name: "helpdesk".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: self.ports.imaps,
            security: Security::ImplicitTls,
            user: user.to_owned(),
            login: PASSWORD.to_owned().into(),
            ca_file: Some(self.certificates.ca_file.clone()),
            inbox_folder: "INBOX".to_owned(),
            processed_folder: "Diproses".to_owned(),
            refused_folder: "Ditolak".to_owned(),
            poll_interval: std::time::Duration::from_secs(30),
            command_deadline: std::time::Duration::from_secs(20),
            max_mail_bytes: 30 * 1024 * 1024,
            batch: 50,
        }
    }

    /// Hands a mail over by LMTP, as the office's mail server does; it is there when this returns.
    pub async fn deliver(&self, user: &str, raw: &[u8]) {
        let stream = TcpStream::connect(("127.0.0.1", self.ports.lmtp)).await.expect("Dovecot listens");
        let mut talk = BufReader::new(stream);
        expect_reply(&mut talk, "220").await;
        for (words, code) in [
            ("LHLO kit\r\n".to_owned(), "250"),
            ("MAIL FROM:<kit@localhost>\r\n".to_owned(), "250"),
            (format!("RCPT TO:<{user}>\r\n"), "250"),
            ("DATA\r\n".to_owned(), "354"),
        ] {
            talk.write_all(words.as_bytes()).await.expect("Dovecot listens");
            expect_reply(&mut talk, code).await;
        }
        talk.write_all(&stuffed(raw)).await.expect("Dovecot listens");
        expect_reply(&mut talk, "250").await;
    }

    /// Lays mails straight into the user's Maildir: quick, for many. Dovecot finds them at its next look.
    pub fn lay(&self, user: &str, mails: &[Vec<u8>]) {
        let inbox = self.maildir(user, "INBOX");
        for part in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(inbox.join(part)).expect("the folder is ours");
            give_to_mail(&inbox.join(part));
        }
        for folder in inbox.ancestors().take_while(|f| *f != self.folder.path()) {
            give_to_mail(folder);
        }
        for raw in mails {
            let number = self.delivered.fetch_add(1, Ordering::Relaxed);
            // As Dovecot names its own deliveries, with the size on disk and on the wire: it need not read them to tell.
            let lone = raw
                .iter()
                .zip([&b' '].into_iter().chain(raw))
                .filter(|(b, before)| **b == b'\n' && **before != b'\r')
                .count();
            let name = format!("{}.M{number}P1.kit,S={},W={}", 1_780_000_000 + number, raw.len(), raw.len() + lone);
            let draft = inbox.join("tmp").join(&name);
            std::fs::write(&draft, raw).expect("the folder is ours");
            give_to_mail(&draft);
            std::fs::rename(&draft, inbox.join("new").join(&name)).expect("the folder is ours");
        }
    }

    /// The mails in a folder, oldest first, as they lie on disk.
    pub fn messages(&self, user: &str, folder: &str) -> Vec<Vec<u8>> {
        self.files(user, folder).iter().filter_map(|path| std::fs::read(path).ok()).collect()
    }

    /// The files of a folder in `new` and `cur`; their names carry the flags.
    pub fn files(&self, user: &str, folder: &str) -> Vec<PathBuf> {
        let root = self.maildir(user, folder);
        let mut files: Vec<PathBuf> = ["new", "cur"]
            .iter()
            .filter_map(|part| std::fs::read_dir(root.join(part)).ok())
            .flatten()
            .filter_map(|entry| entry.ok().map(|e| e.path()))
            .collect();
        files.sort_by_key(|path| path.file_name().map(|n| n.to_string_lossy().into_owned()));
        files
    }

    /// Waits until `count` mails lie in a folder and returns them.
    pub async fn wait_for_messages(&self, user: &str, folder: &str, count: usize) -> Vec<Vec<u8>> {
        wait_for(&format!("{count} mails of {user} in {folder}"), || async {
            let found = self.messages(user, folder);
            (found.len() >= count).then_some(found)
        })
        .await
    }

    /// The directory of a user's folder.
    pub fn maildir(&self, user: &str, folder: &str) -> PathBuf {
        let inbox = self.folder.path().join("mail").join(user).join("Maildir");
        if folder == "INBOX" { inbox } else { inbox.join(format!(".{folder}")) }
    }

    /// Runs `doveadm` against this server, as an administrator or another client would.
    pub fn doveadm(&self, arguments: &[&str]) -> String {
        let output = Command::new("/usr/bin/doveadm")
            .arg("-c")
            .arg(self.folder.path().join("dovecot.conf"))
            .args(arguments)
            .output()
            .expect("doveadm is installed with Dovecot");
        assert!(output.status.success(), "doveadm {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Dot-stuffed, with the final dot (RFC 5321 §4.5.2).
pub fn stuffed(raw: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(raw.len() + 16);
    for line in raw.split_inclusive(|&b| b == b'\n') {
        if line.starts_with(b".") {
            lines.push(b'.');
        }
        lines.extend_from_slice(line);
    }
    if !lines.ends_with(b"\r\n") {
        lines.extend_from_slice(b"\r\n");
    }
    lines.extend_from_slice(b".\r\n");
    lines
}

/// Reads one reply of SMTP or LMTP.
pub async fn expect_reply(talk: &mut BufReader<TcpStream>, code: &str) {
    loop {
        let mut line = String::new();
        talk.read_line(&mut line).await.expect("the server answers");
        assert!(line.starts_with(code), "expected {code}, the server said {line:?}");
        if line.as_bytes().get(3) != Some(&b'-') {
            return;
        }
    }
}

fn give_to_mail(path: &Path) {
    if is_root() {
        chown(path, Some(MAIL), Some(MAIL)).expect("root may give files away");
    }
}

/// The caller's user (`-un`) or group (`-gn`).
fn name_of(what: &str) -> String {
    let output = Command::new("/usr/bin/id").arg(what).output().expect("id is there");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn launch(folder: &Path) -> Offspring {
    Offspring::start(
        mortal("/usr/sbin/dovecot")
            .arg("-F")
            .arg("-c")
            .arg(folder.join("dovecot.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )
}

fn configuration(folder: &Path, certificates: &Certificates, ports: Ports) -> String {
    let (uid, gid) = match is_root() {
        true => (MAIL, MAIL),
        false => (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw()),
    };
    let users = match is_root() {
        true => String::new(),
        // Without root nothing can change user or root directory: everything runs as the caller.
        false => {
            let (user, group) = (name_of("-un"), name_of("-gn"));
            format!(
                "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
                 service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\nservice imap-login {{\n chroot =\n}}\n"
            )
        }
    };
    let Ports { imap, imaps, lmtp, auth } = ports;
    let root = folder.display();
    let escaped = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "base_dir = {root}/run\nstate_dir = {root}/run\nlog_path = {root}/log\nprotocols = imap lmtp\nlisten = 127.0.0.1\n\
         instance_name = loket-{imap}\n{users}\
         ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\n\
         disable_plaintext_auth = no\nauth_mechanisms = plain login\nauth_failure_delay = 0\n\
         mail_location = maildir:~/Maildir\nmail_uid = {uid}\nmail_gid = {gid}\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
         mail_max_userip_connections = 100\nmailbox_idle_check_interval = 1 secs\n\
         namespace inbox {{\n inbox = yes\n separator = /\n}}\n\
         passdb {{\n driver = static\n args = \"password={escaped}\"\n}}\n\
         userdb {{\n driver = static\n args = uid={uid} gid={gid} home={root}/mail/%u allow_all_users=yes\n}}\n\
         service imap-login {{\n inet_listener imap {{\n  port = {imap}\n }}\n inet_listener imaps {{\n  port = {imaps}\n  ssl = yes\n }}\n}}\n\
         service lmtp {{\n inet_listener lmtp {{\n  port = {lmtp}\n }}\n}}\n\
         service auth {{\n inet_listener {{\n  port = {auth}\n }}\n}}\n",
        certificate = certificates.certificate.display(),
        key = certificates.key.display(),
    )
}
