//! How the directory's file gets its name: redb flushes a file and not its name, and takes one that it had only begun for no file
//! of its own.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::records::DirectoryError;

/// What `open` makes of the file at `path`; a new one is made ready beside its name first. The name lasts through a power cut.
pub(super) fn opened<T>(path: &Path, open: impl Fn(&Path) -> Result<T, DirectoryError>) -> Result<T, DirectoryError> {
    let unusable = |why: io::Error| DirectoryError::Unusable { path: path.to_owned(), why: why.to_string() };
    if !path.exists() {
        let begun = path.with_extension("redb.new");
        match fs::remove_file(&begun) {
            Err(why) if why.kind() != ErrorKind::NotFound => return Err(unusable(why)),
            _ => {}
        }
        drop(open(&begun)?);
        fs::rename(&begun, path).map_err(unusable)?;
    }
    let ready = open(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(unusable)?;
    Ok(ready)
}
