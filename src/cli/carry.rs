//! Takes away what the daemon left in its state folder: a rename where that is possible, else a copy that is on the disk
//! before anything is removed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Moves a file or a folder to a name that must not exist yet.
pub fn carry(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists already"));
    }
    match fs::rename(from, to) {
        Err(why) if why.kind() == io::ErrorKind::CrossesDevices => copy(from, to).inspect_err(|_| undo(to)),
        done => done,
    }?;
    // Papers and register lines are nobody else's to read.
    let mode = if to.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    own(to)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir(to)?;
        fs::set_permissions(to, fs::metadata(from)?.permissions())?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return File::open(to)?.sync_all();
    }
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// Half a copy is of no use to anybody.
fn undo(to: &Path) {
    let _ = if to.is_dir() { fs::remove_dir_all(to) } else { fs::remove_file(to) };
}

/// What was moved belongs to whoever asked for it, not to the daemon's user.
fn own(place: &Path) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    std::os::unix::fs::lchown(place, Some(user), Some(group))?;
    if place.is_dir() {
        for entry in fs::read_dir(place)? {
            own(&entry?.path())?;
        }
    }
    Ok(())
}
