//! Takes away what the daemon left in its state folder: a rename where that is possible, else a copy that gets its name
//! once it is on the disk and reads as the original does. Only then is anything removed.

use std::fs::{self, File};
use std::io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Moves a file or a folder to a name that must not exist yet. What stands at `NAME.part` beside it is what a cut left.
pub fn carry(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists already"));
    }
    match fs::rename(from, to) {
        Err(why) if why.kind() == io::ErrorKind::CrossesDevices => bring_over(from, to, copy),
        done => done,
    }?;
    // Papers and register lines are nobody else's to read.
    let mode = if to.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    own(to)?;
    sync_parent(to)
}

/// Copies under another name first, so that nothing half or wrong ever bears this one.
fn bring_over(from: &Path, to: &Path, copy: impl FnOnce(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
    let part = part_of(to);
    clear(&part)?;
    copy(from, &part)
        .and_then(|()| compare(from, &part))
        .and_then(|()| fs::rename(&part, to))
        .inspect_err(|_| undo(&part))
}

fn part_of(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    to.with_file_name(name)
}

/// Half a file that a cut left goes; a folder may be somebody's.
fn clear(part: &Path) -> io::Result<()> {
    if part.is_dir() {
        let why = format!("{} stands in the way; remove it", part.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    match fs::remove_file(part) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}

/// Copies a file or a folder to a name that nobody has, and flushes it.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir(to)?;
        fs::set_permissions(to, fs::metadata(from)?.permissions())?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return sync_folder(to);
    }
    let mut source = File::open(from)?;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut file)?;
    file.set_permissions(source.metadata()?.permissions())?;
    file.sync_all()
}

/// Reads the copy back. What was verified is the original.
fn compare(from: &Path, copy: &Path) -> io::Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            compare(&entry.path(), &copy.join(entry.file_name()))?;
        }
        return Ok(());
    }
    match sha256(from)? == sha256(copy)? {
        true => Ok(()),
        false => Err(io::Error::other("what was written there reads back otherwise")),
    }
}

fn sha256(file: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut digest, mut piece) = (File::open(file)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(digest.finalize().into()),
            length => digest.update(&piece[..length]),
        }
    }
}

/// Half a copy is of no use to anybody.
fn undo(part: &Path) {
    let _ = if part.is_dir() { fs::remove_dir_all(part) } else { fs::remove_file(part) };
}

/// Makes the name last through a power cut.
fn sync_parent(to: &Path) -> io::Result<()> {
    match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync_folder(folder),
        _ => sync_folder(Path::new(".")),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // A file system of another machine may not know how, and a folder that may only be written to cannot be asked.
        Err(why) if matches!(why.kind(), InvalidInput | Unsupported | PermissionDenied) => Ok(()),
        done => done,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_folder_are_brought_over_whole_and_half_a_file_goes() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::create_dir_all(place("berkas/dalam")).unwrap();
        fs::write(place("berkas/dalam/isi"), vec![7; 200_000]).unwrap();
        fs::write(place("cadangan"), vec![9; 200_000]).unwrap();
        fs::write(place("tujuan.part"), "left by a cut").unwrap();

        bring_over(&place("cadangan"), &place("tujuan"), copy).unwrap();
        bring_over(&place("berkas"), &place("map"), copy).unwrap();

        assert!(fs::read(place("tujuan")).unwrap() == vec![9; 200_000]);
        assert!(fs::read(place("map/dalam/isi")).unwrap() == vec![7; 200_000]);
        assert!(!place("tujuan.part").exists() && !place("map.part").exists());
    }

    #[test]
    fn a_folder_that_stands_in_the_way_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::create_dir_all(place("tujuan.part/milik")).unwrap();
        fs::write(place("cadangan"), "utuh").unwrap();

        let refused = bring_over(&place("cadangan"), &place("tujuan"), copy).unwrap_err();

        assert!(refused.to_string().contains("stands in the way"), "{refused}");
        assert!(place("tujuan.part/milik").is_dir() && !place("tujuan").exists());
    }

    /// A backup was written straight under its name: a cut left half of one that looked like a whole one, and a disk that
    /// wrote something else was not noticed.
    #[test]
    fn a_copy_gets_its_name_only_once_it_reads_as_the_original_does() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("cadangan"), folder.path().join("tujuan"));
        fs::write(&from, "utuh").unwrap();
        let cut = |_: &Path, part: &Path| -> io::Result<()> {
            fs::write(part, "ut")?;
            assert!(!to.exists(), "half of it bears the name");
            Err(io::Error::other("the disk is full"))
        };
        let wrong = |_: &Path, part: &Path| fs::write(part, "utah");

        let full = bring_over(&from, &to, cut).unwrap_err();
        let differs = bring_over(&from, &to, wrong).unwrap_err();

        assert!(full.to_string().contains("disk is full") && differs.to_string().contains("reads back otherwise"));
        assert!(!to.exists() && !part_of(&to).exists() && from.exists());
    }

    #[test]
    fn the_part_stands_beside_its_name() {
        assert_eq!(part_of(Path::new("/luar/cadangan.loket")), Path::new("/luar/cadangan.loket.part"));
        assert_eq!(part_of(Path::new("map/")), Path::new("map.part"));
    }
}
