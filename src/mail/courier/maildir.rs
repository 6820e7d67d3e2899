//! An outbox in a directory of this machine: each letter one file in `new`. The file is named after the Message-ID, so
//! that a letter handed over twice lies there once.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use futures::FutureExt;
use futures::future::BoxFuture;
use sha2::{Digest, Sha256};

use super::compose::{Copies, Sender, compose};
use crate::engine::port::{Courier, Fault, Outgoing};

/// [`Courier`] into a Maildir.
pub struct MaildirCourier {
    path: PathBuf,
    sender: Sender,
}

impl MaildirCourier {
    /// Creates the folders that are missing.
    ///
    /// # Errors
    /// Permanent, where the directory cannot be made.
    pub fn new(path: PathBuf, sender: Sender) -> Result<Self, Fault> {
        for part in ["tmp", "new", "cur"] {
            fs::create_dir_all(path.join(part)).map_err(|e| {
                Fault::permanent(format_args!(
                    "Cannot create the outbox {}: {e}. Check the path and its owner",
                    path.display()
                ))
            })?;
        }
        Ok(Self { path, sender })
    }
}

impl Courier for MaildirCourier {
    fn send<'a>(&'a self, letter: &'a Outgoing) -> BoxFuture<'a, Result<(), Fault>> {
        async move {
            let bytes = compose(&self.sender, letter, Copies::Named)?.formatted();
            let name = file_name(letter);
            let folder = self.path.clone();
            tokio::task::spawn_blocking(move || drop_in(&folder, &name, &bytes))
                .await
                .map_err(|e| Fault::transient(format_args!("Writing to the outbox was interrupted: {e}")))?
                .map_err(|e| Fault::transient(format_args!("Cannot write to the outbox {}: {e}", self.path.display())))
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        async move {
            let unusable =
                |e| Fault::permanent(format_args!("The outbox {} cannot be written to: {e}", self.path.display()));
            let probe = self.path.join("tmp").join("probe");
            fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)).map_err(unusable)?;
            Ok(format!("Letters are laid into the Maildir {}", self.path.display()))
        }
        .boxed()
    }
}

fn file_name(letter: &Outgoing) -> String {
    let digest = Sha256::digest(letter.message_id.as_bytes());
    let short: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("{}.{short}.loket.eml", letter.date.timestamp())
}

/// Complete in `tmp` and on disk before it appears in `new`.
fn drop_in(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let draft = folder.join("tmp").join(name);
    let mut file = File::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, folder.join("new").join(name))?;
    File::open(folder.join("new"))?.sync_all()
}
