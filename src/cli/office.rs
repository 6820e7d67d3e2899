//! The office a verb is about: its configuration, and the way to its state: through the daemon's socket while one runs,
//! else by opening the state folder itself. Either way the same handler answers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::ending::{self, Ending, TEMPORARY};
use crate::config::{self, Config, ConfigFinding};
use crate::daemon::assembly::{Assembly, Extent};
use crate::daemon::clock::SystemClock;
use crate::daemon::operations::{Answer, Operations, Request, Staging};
use crate::daemon::socket::{self, SocketError};
use crate::dossier::Recognition;

/// Where the configuration lies unless told otherwise.
const USUAL: &str = "/etc/loket/loket.toml";
/// The environment variable that tells otherwise.
const VARIABLE: &str = "LOKET_CONFIG";
/// A daemon that starts or stops holds the folder without answering for no longer than this.
const BETWEEN: Duration = Duration::from_secs(10);

/// The option every verb with a configuration takes.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigFile {
    /// The office's configuration [default: $LOKET_CONFIG, else /etc/loket/loket.toml].
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl ConfigFile {
    pub fn path(&self) -> PathBuf {
        let named = || std::env::var_os(VARIABLE).filter(|name| !name.is_empty()).map(PathBuf::from);
        self.config.clone().or_else(named).unwrap_or_else(|| USUAL.into())
    }

    /// Reads the file, and the files it names as far as any room reads them.
    pub fn read(&self) -> Result<Config, Vec<ConfigFinding>> {
        config::load_judged(&self.path(), recognition)
    }

    /// The same; every mistake ends the command with 78.
    pub fn load(&self) -> Result<Config, Ending> {
        self.read().map_err(|findings| Ending::findings(&findings))
    }
}

/// Reads the configuration where one was named, by the option or the environment; `inspect` does without.
pub fn load_if_named(option: Option<&Path>) -> Result<Option<Config>, Ending> {
    let named = option.is_some() || std::env::var_os(VARIABLE).is_some_and(|name| !name.is_empty());
    let file = ConfigFile { config: option.map(Path::to_owned) };
    if named { file.load().map(Some) } else { Ok(None) }
}

/// What is wrong with a procedure's words of recognition, which `config` passes on unread.
fn recognition(procedure: &str) -> Option<toml::de::Error> {
    #[derive(serde::Deserialize)]
    struct Tables {
        recognition: Recognition,
    }

    toml::from_str::<Tables>(procedure).map(|tables| tables.recognition).err()
}

/// Asks the office and reads the answer as what was asked for.
pub fn ask<T: DeserializeOwned>(config: &Config, request: Request) -> Result<T, Ending> {
    let value = ask_json(config, request)?;
    serde_json::from_value(value).map_err(|why| {
        Ending::temporary(format!("The daemon's answer is of another version of Loket ({why}). Restart the daemon"))
    })
}

/// Asks the office.
pub fn ask_json(config: &Config, request: Request) -> Result<serde_json::Value, Ending> {
    ending::value(runtime()?.block_on(reach(config, request))?)
}

/// The runtime of a verb.
pub fn runtime() -> Result<tokio::runtime::Runtime, Ending> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|why| {
        Ending::temporary(format!("Cannot start the runtime: {why}. Close other programs and try again"))
    })
}

async fn reach(config: &Config, request: Request) -> Result<Answer, Ending> {
    let deadline = Instant::now() + BETWEEN;
    loop {
        match socket::ask(&config.state.socket, &request).await {
            Ok(answer) => return Ok(answer),
            Err(SocketError::Nobody(_)) => {}
            // Only a register is that long, and a part of one would delete the rest.
            Err(SocketError::TooLong) => {
                return Err(Ending::negative(
                    "Cannot import the accounts while the daemon runs: they are more than the 32 MiB that its socket takes. \
                     Stop the daemon, import them, and start it again; an import of parts would delete the others",
                ));
            }
            Err(other) => return Err(other.into()),
        }
        if !request.may_begin_an_office() {
            must_be_there(config)?;
        }
        match Assembly::open(config, Extent::State, Arc::new(SystemClock)).await {
            Ok(assembly) => {
                Staging::of(&config.state.directory).sweep();
                let who = format!("uid {}", rustix::process::getuid().as_raw());
                let answer = Operations::of(&assembly, config).answer(&who, request).await;
                drop(assembly);
                give_back(&config.state.directory);
                give_back(&config.state.archive_directory);
                return Ok(answer);
            }
            Err(error) => {
                let ending = Ending::from(error);
                if ending.status != TEMPORARY || Instant::now() > deadline {
                    return Err(ending);
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A folder that is mistyped, or whose disk is not mounted, must not read as an empty office and become one.
fn must_be_there(config: &Config) -> Result<(), Ending> {
    let folder = &config.state.directory;
    match holds_an_office(folder, &config.state.archive_directory) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Ending::negative(format!(
            "There is no office in {} yet. Start the daemon once, or correct `state.directory`",
            folder.display()
        ))),
        Err(why) => Err(Ending::negative(format!(
            "Cannot look into {}: {why}. Run this as root or as the daemon's user",
            folder.display()
        ))),
    }
}

/// A live store, one that a cut restore left half made, or an archive.
fn holds_an_office(state: &Path, archive: &Path) -> std::io::Result<bool> {
    if state.join("live/loket.redb").try_exists()? || state.join("restoring").try_exists()? {
        return Ok(true);
    }
    match std::fs::read_dir(archive) {
        Ok(mut files) => Ok(files.next().is_some()),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(why),
    }
}

/// Root at the command line must not leave files behind that the daemon's user cannot open: everything in the folder
/// gets the folder's owner.
pub fn give_back(folder: &Path) {
    use std::os::unix::fs::MetadataExt;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let Ok(owner) = std::fs::metadata(folder) else { return };
    let mut waiting = vec![folder.to_owned()];
    while let Some(place) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(&place) else { continue };
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else { continue };
            if (about.uid(), about.gid()) != (owner.uid(), owner.gid())
                && let Err(why) = std::os::unix::fs::lchown(entry.path(), Some(owner.uid()), Some(owner.gid()))
            {
                tracing::warn!("the owner of {} cannot be set: {why}", entry.path().display());
            }
            if about.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
}
