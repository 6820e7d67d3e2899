//! Where files wait that the daemon wrote for somebody at the command line. The daemon's unit lets it write to its own
//! state folder alone, so whoever asked takes them away from there.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::Answer;
use crate::vault::{Random, hex};

/// The folder `outgoing` of a state folder.
#[derive(Debug, Clone)]
pub struct Staging {
    folder: PathBuf,
}

impl Staging {
    pub fn of(state: &Path) -> Self {
        Self { folder: state.join("outgoing") }
    }

    /// A new folder that only this user can enter.
    pub(super) fn place(&self, random: &dyn Random) -> Result<PathBuf, Answer> {
        let mut name = [0u8; 8];
        random.fill(&mut name);
        let place = self.folder.join(hex(&name));
        DirBuilder::new().recursive(true).mode(0o700).create(&place).map_err(|why| Answer::Failed {
            sentence: format!("Cannot create the folder {}: {why}. Check the disk", place.display()),
            worth_retrying: true,
        })?;
        Ok(place)
    }

    /// Removes what nobody took away; a dossier lies there unsealed. For whoever has just taken the state folder.
    pub fn sweep(&self) {
        Self::clear(&self.folder);
    }

    /// Removes one place with everything in it.
    pub fn clear(place: &Path) {
        match fs::remove_dir_all(place) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!("the folder {} cannot be removed: {why}. Remove it", place.display());
            }
            _ => {}
        }
    }
}
