//! A real name server (dnsmasq) on a free loopback port: it knows the records a test gives it, says that nothing else
//! exists under `example`, and refuses to speak of any other name.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use loket::engine::port::Witness;
use loket::mail::witness::{DnsSettings, DnsWitness};
use tempfile::TempDir;
use tokio::net::UdpSocket;

use super::offspring::{Offspring, free_port, mortal};
use super::wait::wait_for;

pub struct NameServer {
    process: Offspring,
    folder: TempDir,
    port: u16,
}

impl NameServer {
    /// Starts with these TXT records and waits until it answers.
    pub async fn start(records: &[(String, String)]) -> Self {
        Self::silent_about(&[], records).await
    }

    /// As [`NameServer::start`], and it refuses to speak of these names, but for their records.
    pub async fn silent_about(names: &[&str], records: &[(String, String)]) -> Self {
        let folder = tempfile::Builder::new().prefix("loket-names-").tempdir().expect("a temporary folder");
        let port = free_port();
        let mut text = format!(
            "port={port}\nlisten-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nno-poll\nlocal=/example/\n\
             log-queries\nlog-facility={}\npid-file={}\n",
            folder.path().join("log").display(),
            folder.path().join("pid").display(),
        );
        if super::offspring::is_root() {
            text.push_str("user=root\n");
        }
        for name in names {
            text.push_str(&format!("server=/{name}/#\n"));
        }
        for (name, value) in records {
            // A TXT record is strings of at most 255 bytes (RFC 1035, 3.3.14).
            let strings: Vec<String> =
                value.as_bytes().chunks(200).map(|part| format!("\"{}\"", String::from_utf8_lossy(part))).collect();
            text.push_str(&format!("txt-record={name},{}\n", strings.join(",")));
        }
        std::fs::write(folder.path().join("dnsmasq.conf"), text).expect("the folder is ours");
        let process = launch(&folder);
        let server = Self { process, folder, port };
        server.answers().await;
        server
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// What the program asks it with.
    pub fn witness(&self) -> Arc<dyn Witness> {
        let settings = DnsSettings { servers: vec![self.address()], deadline: Duration::from_secs(10) };
        Arc::new(DnsWitness::new(&settings).expect("an address is enough"))
    }

    /// Goes away; its records and port stay for [`NameServer::resume`].
    pub fn stop(&mut self) {
        self.process.end();
    }

    pub async fn resume(&mut self) {
        self.process = launch(&self.folder);
        self.answers().await;
    }

    /// How often it was asked for TXT records of names that end so.
    pub fn asked(&self, name: &str) -> usize {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        log.lines().filter(|line| line.contains("query[TXT]") && line.contains(&format!("{name} from"))).count()
    }

    async fn answers(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback has a free port");
        socket.connect(self.address()).await.expect("an address on loopback");
        // A question for the TXT records of `ready.example` (RFC 1035, 4.1).
        let mut question = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        question.extend_from_slice(b"\x05ready\x07example\x00\x00\x10\x00\x01");
        wait_for("the name server", || async {
            socket.send(&question).await.ok()?;
            let mut answer = [0; 512];
            let heard = tokio::time::timeout(Duration::from_millis(200), socket.recv(&mut answer)).await;
            heard.ok()?.ok().filter(|length| *length > 0)
        })
        .await;
    }
}

fn launch(folder: &TempDir) -> Offspring {
    let mut command = mortal("/usr/sbin/dnsmasq");
    command.arg("--keep-in-foreground").arg(format!("--conf-file={}", folder.path().join("dnsmasq.conf").display()));
    Offspring::start(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
}
