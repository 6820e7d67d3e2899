//! Where the demo lives: a folder that was named and stays, or a temporary one that goes with the demo.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::vault::{OsRandom, Random, hex};

/// The demo's folder; a temporary one is removed when this is dropped.
pub struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// Takes `dir`, creating it where it is missing, or a fresh temporary folder. Only this user may look into a new one.
    pub fn take(dir: Option<&Path>) -> Result<Self> {
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        if let Some(dir) = dir {
            let named = || format!("Cannot create {}: give --dir a folder that you may write", dir.display());
            builder.recursive(true).create(dir).with_context(named)?;
            let path = dir.canonicalize().with_context(named)?;
            return Ok(Self { path, temporary: false });
        }
        let mut name = [0u8; 32];
        OsRandom.fill(&mut name);
        let path = std::env::temp_dir().join(format!("loket-demo-{}", &hex(&name)[..12]));
        let named = || format!("Cannot create {}: make room there, or name another folder with --dir", path.display());
        builder.create(&path).with_context(named)?;
        Ok(Self { path, temporary: true })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!("the demo's folder {} could not be removed: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_goes_with_the_demo_and_a_named_one_stays() {
        let temporary = Folder::take(None).unwrap();
        let gone = temporary.path().to_owned();
        let named = gone.join("named");

        drop(Folder::take(Some(&named)).unwrap());
        assert!(named.is_dir());

        drop(temporary);
        assert!(!gone.exists());
    }
}
