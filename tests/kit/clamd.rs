//! A real clamd with one signature of its own: that of the EICAR test file, which is put together when it is needed, so that
//! no file of this repository holds it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;

use super::offspring::{Offspring, mortal};
use super::wait::wait_for;

pub struct Clamd {
    process: Option<Offspring>,
    folder: TempDir,
}

/// The file that scanners are tried with (eicar.org): 68 bytes, harmless.
pub fn eicar() -> Vec<u8> {
    let parts = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE", "!$H+H*"];
    parts.concat().into_bytes()
}

impl Clamd {
    /// Not yet started.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("loket-clamd-").tempdir().expect("a temporary folder");
        let base = folder.path();
        std::fs::create_dir(base.join("db")).expect("the folder is ours");
        // MD5 and length of the file, and the name it is told by.
        std::fs::write(base.join("db/uji.hdb"), "44d88612fea8a8f36de82e1278abb02f:68:Uji-Eicar\n").expect("it is ours");
        let settings = format!(
            "Foreground yes\nLocalSocket {socket}\nDatabaseDirectory {db}\nLogFile {log}\nTemporaryDirectory {base}\n\
             StreamMaxLength 256K\nMaxThreads 4\n",
            socket = base.join("clamd.ctl").display(),
            db = base.join("db").display(),
            log = base.join("log").display(),
            base = base.display(),
        );
        std::fs::write(base.join("clamd.conf"), settings).expect("the folder is ours");
        Self { process: None, folder }
    }

    /// Starts and waits until it listens.
    pub async fn start(&mut self) {
        let configuration = format!("--config-file={}", self.folder.path().join("clamd.conf").display());
        let mut process = Offspring::start(mortal("/usr/sbin/clamd").arg(configuration).stdout(Stdio::null()));
        let socket = self.socket();
        wait_for("clamd to listen", || {
            assert!(process.lives(), "clamd ended: {}", log(self.folder.path()));
            let socket = socket.clone();
            async move { tokio::net::UnixStream::connect(socket).await.ok() }
        })
        .await;
        self.process = Some(process);
    }

    pub fn stop(&mut self) {
        self.process = None;
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("clamd.ctl")
    }
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}
