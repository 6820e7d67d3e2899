//! Refresh tokens that replaced the operator's, each in a file of its own in the state folder, sealed under the office's
//! key. Not in the database: its backups hold no secret that opens a mailbox.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::engine::port::Fault;
use crate::mail::oauth::RefreshStore;
use crate::vault::{Binding, Keyring, Random, Succession};

/// Makes shelves in one state folder.
pub struct TokenFolder {
    folder: PathBuf,
    key: Succession,
    random: Arc<dyn Random>,
}

struct SealedFile {
    file: PathBuf,
    of: String,
    /// Hash of the token the operator configured: a new one from them counts before an old one from here.
    configured: String,
    key: Succession,
    random: Arc<dyn Random>,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Kept {
    configured: String,
    token: String,
}

impl TokenFolder {
    pub fn of(state: &Path, keys: &Keyring, random: Arc<dyn Random>) -> Self {
        Self { folder: state.join("tokens"), key: keys.office.clone(), random }
    }

    /// The store of one login, such as `mailbox permohonan`, whose configured refresh token is this.
    pub fn store_of(&self, of: &str, configured: &str) -> Arc<dyn RefreshStore> {
        Arc::new(SealedFile {
            // A name may hold anything; its hash makes a file name.
            file: self.folder.join(&hash(of)[..32]),
            of: of.to_owned(),
            configured: hash(configured),
            key: self.key.clone(),
            random: self.random.clone(),
        })
    }
}

impl RefreshStore for SealedFile {
    fn read(&self) -> Option<Zeroizing<String>> {
        let sealed = fs::read(&self.file).ok()?;
        let Ok(plain) = self.key.open(&self.place(), &sealed).map(Zeroizing::new) else {
            tracing::warn!(of = self.of, "the kept refresh token cannot be opened; the configured one is used");
            return None;
        };
        // The master key may have changed, and the one before is about to go.
        if let Ok(Some(renewed)) = self.key.renew(&*self.random, &self.place(), &sealed)
            && let Err(why) = self.write(&renewed)
        {
            tracing::warn!(of = self.of, "the kept refresh token cannot be sealed under the new master key: {why}");
        }
        let kept: Kept = serde_json::from_slice(&plain).ok()?;
        (kept.configured == self.configured).then(|| Zeroizing::new(kept.token.clone()))
    }

    fn keep(&self, token: &str) -> Result<(), Fault> {
        let kept = Kept { configured: self.configured.clone(), token: token.to_owned() };
        let plain = Zeroizing::new(serde_json::to_vec(&kept).map_err(Fault::permanent)?);
        let sealed = self.key.seal(&*self.random, &self.place(), &plain);
        self.write(&sealed).map_err(|why| Fault::transient(format_args!("{}: {why}", self.file.display())))
    }
}

impl SealedFile {
    fn place(&self) -> Binding {
        Binding::of(&[b"refresh token", self.of.as_bytes()])
    }

    /// Beside its name first, so that a crash leaves the old one or the new one.
    fn write(&self, sealed: &[u8]) -> std::io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        if !folder.is_dir() {
            fs::DirBuilder::new().mode(0o700).create(folder)?;
            folder.parent().map_or(Ok(()), sync_folder)?;
        }
        let part = self.file.with_extension("part");
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        out.write_all(sealed)?;
        out.sync_all()?;
        fs::rename(&part, &self.file)?;
        sync_folder(folder)
    }
}

/// Makes names in a folder durable.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
