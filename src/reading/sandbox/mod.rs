//! The walls around a worker, which it puts up itself before it reads a byte. What it parses is written by anyone, so
//! whoever takes over its code must find nothing to open, nobody to call and nothing to start. Four walls: ceilings
//! ([`ceilings`]), paths (Landlock, [`paths`]), system calls (seccomp, [`calls`]), and a proof that they hold ([`proof`]).
//! Everything a worker needs is opened before [`enter`]; it greets only after.

mod calls;
mod ceilings;
mod paths;
mod proof;
mod trial;

pub use ceilings::MEMORY;
pub use trial::{VERB as TRIAL, main_trial};

use std::fmt;
use std::path::Path;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// What a worker is for, and with that what its walls leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile<'a> {
    /// Parses by itself. Once started it computes, reads standard input, writes standard output and standard error.
    Parse,
    /// Runs tesseract, which stands at this path. It and its children execute that one program, read the files it needs, and
    /// write to pipes. Whether the program is there and works is for the worker to find out, within the walls.
    ///
    /// They cannot send signals, not even to each other, nor leave their process group. So the pool starts such a worker
    /// as the leader of a group of its own, and ends the group; a child that runs on ends at its ceiling of processor time.
    Tool { tesseract: &'a Path },
}

/// The walls that stand. Displayed as what an operator may read about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walls {
    /// Version of the kernel's Landlock that holds the paths; `None`: the system calls alone hold them.
    pub landlock: Option<u32>,
}

impl fmt::Display for Walls {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.landlock {
            Some(version) => write!(to, "ceilings, system calls, paths (Landlock {version})"),
            None => to.write_str("ceilings, system calls (this kernel has no Landlock)"),
        }
    }
}

/// Puts the walls up around this process for the rest of its life and tests that they stand. The error names the wall
/// that does not. Must be called while the process has one thread.
pub fn enter(profile: Profile) -> Result<Walls, String> {
    let walls = build(profile)?;
    proof::stand(profile)?;
    if profile == Profile::Parse {
        calls::turn_deadly()?;
    }
    Ok(walls)
}

fn build(profile: Profile) -> Result<Walls, String> {
    ceilings::set(profile)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|why| format!("cannot hide its memory from other processes: {why}"))?;
    let landlock = paths::close(profile)?;
    calls::close(profile)?;
    Ok(Walls { landlock })
}
