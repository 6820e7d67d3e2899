//! A real Postfix in front of a Dovecot: the office's mail server in both directions. Whatever is sent, inbound or
//! outbound, ends in the Maildir of its addressee on that Dovecot, so that a test can read every letter.
//!
//! On its `mx` port it takes mail from strangers, judges the sender's domain and writes the verdict as
//! `Authentication-Results` under [`AUTHSERV_ID`]. On its `submission` port it takes mail from users who log in
//! (STARTTLS, any user, Dovecot's password), which leaves `with ESMTPSA` in `Received`. Addresses at [`NOWHERE`] bounce.
//! Postfix runs only as root.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use loket::mail::courier::smtp::SmtpSettings;
use loket::mail::tls::Security;
use tempfile::TempDir;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::dovecot::{Dovecot, PASSWORD, Ports, expect_reply, stuffed};
use super::offspring::{Offspring, free_port, is_root, mortal};
use super::samples;

/// Who signs the verdicts.
pub const AUTHSERV_ID: &str = "mx.lpse.karangmulia.example";
/// Mail to this domain comes back as a bounce (RFC 3464).
pub const NOWHERE: &str = "nowhere.example";
/// Mail from this domain fails every check; from any other it passes.
pub const FORGED: &str = "forged.example";

const QUEUES: [&str; 13] = [
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "private", "public",
    "saved", "trace",
];

pub struct Postfix {
    process: Offspring,
    folder: TempDir,
    ca_file: std::path::PathBuf,
    mx: u16,
    submission: u16,
}

impl Postfix {
    /// Starts in front of `dovecot` and waits until both ports greet.
    ///
    /// # Panics
    /// Where the test does not run as root: Postfix's master refuses anybody else.
    pub async fn start(dovecot: &Dovecot) -> Self {
        assert!(is_root(), "these tests start a real Postfix, which runs only as root: run them as root");
        let folder = tempfile::Builder::new().prefix("loket-postfix-").tempdir().expect("a temporary folder");
        let (mx, submission) = (free_port(), free_port());
        lay_out(folder.path(), dovecot, mx, submission);
        let process = launch(folder.path());
        let mut postfix = Self { process, folder, ca_file: dovecot.ca_file().to_owned(), mx, submission };
        postfix.greets().await;
        postfix
    }

    /// Stops the server; its queue and ports stay for [`Postfix::resume`].
    pub fn stop(&mut self) {
        self.process.end();
    }

    pub async fn resume(&mut self) {
        self.process = launch(self.folder.path());
        self.greets().await;
    }

    async fn greets(&mut self) {
        let log = self.folder.path().join("log");
        self.process.greets("Postfix", &[self.mx, self.submission], &log).await;
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The port strangers send to.
    pub fn mx(&self) -> u16 {
        self.mx
    }

    /// The port users log in to.
    pub fn submission(&self) -> u16 {
        self.submission
    }

    /// Settings of a courier that logs in to the submission port as `helpdesk@…`.
    pub fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port: self.submission,
            security: Security::StartTls,
            login: Some((samples::sender().address.to_string(), PASSWORD.to_owned().into())),
            ca_file: Some(self.ca_file.clone()),
            sender: samples::sender(),
            hello_name: Some("loket.lpse.karangmulia.example".to_owned()),
            command_deadline: std::time::Duration::from_secs(20),
            answer_deadline: std::time::Duration::from_secs(40),
            connections: 4,
        }
    }

    /// Sends a mail from outside, as a stranger's server would; taken, not yet delivered, when this returns.
    pub async fn deliver(&self, from: &str, to: &str, raw: &[u8]) {
        let stream = TcpStream::connect(("127.0.0.1", self.mx)).await.expect("Postfix listens");
        let mut talk = BufReader::new(stream);
        expect_reply(&mut talk, "220").await;
        for (words, code) in [
            ("EHLO elsewhere.example\r\n".to_owned(), "250"),
            (format!("MAIL FROM:<{from}>\r\n"), "250"),
            (format!("RCPT TO:<{to}>\r\n"), "250"),
            ("DATA\r\n".to_owned(), "354"),
        ] {
            talk.write_all(words.as_bytes()).await.expect("Postfix listens");
            expect_reply(&mut talk, code).await;
        }
        talk.write_all(&stuffed(raw)).await.expect("Postfix listens");
        expect_reply(&mut talk, "250").await;
    }
}

fn launch(folder: &Path) -> Offspring {
    // The master itself, not `postfix start-fg`: that one leaves our process group. Its log needs these two names.
    Offspring::start(
        mortal("/usr/lib/postfix/sbin/master")
            .args(["-d", "-c"])
            .arg(folder.join("etc"))
            .env("POSTLOG_SERVICE", "postlog")
            .env("POSTLOG_HOSTNAME", AUTHSERV_ID)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )
}

fn lay_out(folder: &Path, dovecot: &Dovecot, mx: u16, submission: u16) {
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).expect("the folder is ours");
    let Ports { lmtp, auth, .. } = dovecot.ports();
    let etc = folder.join("etc");
    for part in ["etc", "queue", "data"] {
        std::fs::create_dir(folder.join(part)).expect("the folder is ours");
    }
    let postfix = Command::new("/usr/bin/id").args(["-u", "postfix"]).output().expect("id is there");
    let uid: u32 = String::from_utf8_lossy(&postfix.stdout).trim().parse().expect("the postfix package adds its user");
    let own = |path: &Path| std::os::unix::fs::chown(path, Some(uid), None).expect("root may give files away");
    own(&folder.join("data"));
    // What `postfix check` would lay out, without its two seconds of shell.
    for part in QUEUES {
        let queue = folder.join("queue").join(part);
        std::fs::create_dir(&queue).expect("the folder is ours");
        own(&queue);
    }
    std::fs::create_dir(folder.join("queue").join("pid")).expect("the folder is ours");
    let certificates = dovecot.ca_file().parent().expect("a file lies in a folder");
    let (root, certificates) = (folder.display(), certificates.display());
    let main = format!(
        "compatibility_level = 3.6\nconfig_directory = {root}/etc\nqueue_directory = {root}/queue\ndata_directory = {root}/data\n\
         maillog_file = {root}/log\nmaillog_file_prefixes = {root}\n\
         myhostname = {AUTHSERV_ID}\nmydomain = lpse.karangmulia.example\nmyorigin = lpse.karangmulia.example\n\
         mydestination =\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\n\
         alias_maps =\nalias_database =\nbiff = no\nappend_dot_mydomain = no\nmessage_size_limit = 62914560\n\
         default_transport = lmtp:inet:127.0.0.1:{lmtp}\nlocal_transport = lmtp:inet:127.0.0.1:{lmtp}\n\
         transport_maps = regexp:{root}/etc/transport\nlmtp_host_lookup = native\nsmtp_host_lookup = native\n\
         local_recipient_maps =\nsmtputf8_enable = yes\nsmtputf8_autodetect_classes = all\n\
         smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject\n\
         smtpd_tls_cert_file = {certificates}/server.pem\nsmtpd_tls_key_file = {certificates}/server.key\n\
         smtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:127.0.0.1:{auth}\nsmtpd_tls_auth_only = yes\n\
         smtpd_client_connection_count_limit = 0\nsmtpd_client_message_rate_limit = 0\nsmtpd_peername_lookup = no\n\
         in_flow_delay = 0\nminimal_backoff_time = 5s\nqueue_run_delay = 5s\nenable_long_queue_ids = yes\n"
    );
    let master = format!(
        "127.0.0.1:{mx} inet n - n - - smtpd\n  -o smtpd_sender_restrictions=check_sender_access,regexp:{root}/etc/verdicts\n\
         127.0.0.1:{submission} inet n - n - - smtpd\n  -o smtpd_tls_security_level=encrypt\n  -o smtpd_sasl_auth_enable=yes\n  \
         -o smtpd_tls_received_header=yes\n  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject\n  \
         -o smtpd_sasl_authenticated_header=no\n  -o smtpd_reject_unlisted_recipient=no\n\
         pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n\
         tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\n\
         defer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nverify unix - - n - 1 verify\nflush unix n - n 1000? 0 flush\n\
         proxymap unix - - n - - proxymap\nsmtp unix - - n - - smtp\nrelay unix - - n - - smtp\nshowq unix n - n - - showq\n\
         error unix - - n - - error\nretry unix - - n - - error\ndiscard unix - - n - - discard\nlocal unix - n n - - local\n\
         lmtp unix - - n - - lmtp\nanvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\npostlog unix-dgram n - n - 1 postlogd\n"
    );
    // The verdict goes above everything the sender wrote; `$1` is the domain of the envelope sender.
    let verdicts = format!(
        "/@{forged}$/ PREPEND Authentication-Results: {AUTHSERV_ID}; spf=fail smtp.mailfrom={FORGED}; dkim=none; dmarc=fail header.from={FORGED}\n\
         /@(.+)$/ PREPEND Authentication-Results: {AUTHSERV_ID}; spf=pass smtp.mailfrom=$1; dkim=pass header.d=$1; dmarc=pass header.from=$1\n",
        forged = FORGED.replace('.', "\\.")
    );
    let transport = format!("/@{}$/ error:5.1.1 no such mailbox here\n", NOWHERE.replace('.', "\\."));
    for (name, text) in [("main.cf", main), ("master.cf", master), ("verdicts", verdicts), ("transport", transport)] {
        std::fs::write(etc.join(name), text).expect("the folder is ours");
    }
    // Postfix waits two seconds for a configuration file that may still be being written.
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_780_000_000);
    std::fs::File::options()
        .write(true)
        .open(etc.join("main.cf"))
        .and_then(|file| file.set_modified(long_ago))
        .expect("the file is ours");
}
