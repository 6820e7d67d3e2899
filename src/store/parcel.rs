//! A backup as it leaves the machine: one file, sealed as a whole, with everything an office needs to go on elsewhere but
//! the master key: the live store of one moment, the accounts, the archive's files.
//!
//! ```text
//! loket backup 1⏎
//! fingerprint of the master key (32) · length (4) · the parcel's own random key, wrapped under that one
//! then pieces: length (4) · sealed piece, bound to its place and to whether it is the last
//! ```
//!
//! What the pieces hold: of each member the length of its name (2), name, length (8), bytes. A piece that is moved, missing,
//! changed or cut does not open.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::StoreError;
use super::folder::{create_private, sync_name};
use crate::engine::peril::{Moment, moment};
use crate::vault::{Binding, DossierKey, Keyring, Random, hex};

const MAGIC: &[u8] = b"loket backup 1\n";
/// Plain bytes of a piece.
const PIECE: usize = 64 * 1024;
/// Longest sealed piece that is read.
const LONGEST: u32 = PIECE as u32 + 1024;
/// Whose key it is, for the wrapping.
const OWNER: [&[u8]; 1] = [b"backup"];

/// A member by name, with the SHA-256 of its bytes in hexadecimal.
pub type Member = (String, String);

/// A parcel being packed. It gets its name when it was read back.
pub struct Packing {
    file: PathBuf,
    sealing: Sealing,
    members: Vec<Member>,
    keyring: Keyring,
}

struct Sealing {
    out: BufWriter<File>,
    key: DossierKey,
    random: Arc<dyn Random>,
    waiting: Vec<u8>,
    pieces: u64,
}

impl Packing {
    /// Begins a parcel beside `file`, which must not exist.
    pub fn begin(file: &Path, keyring: &Keyring, random: Arc<dyn Random>) -> Result<Self, StoreError> {
        if file.exists() {
            return Err(StoreError::Refused(format!("{} exists already. Name a new file", file.display())));
        }
        let part = part_of(file);
        let failed = |error: io::Error| StoreError::file("write", &part, &error);
        let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
        let mut out = BufWriter::new(opened.map_err(failed)?);
        let key = DossierKey::generate(random.as_ref());
        let wrapped = keyring.wrap(random.as_ref(), &OWNER, &key);
        let head = [MAGIC, &keyring.fingerprint(), &(wrapped.len() as u32).to_be_bytes(), &wrapped].concat();
        out.write_all(&head).map_err(failed)?;
        let sealing = Sealing { out, key, random, waiting: Vec::with_capacity(PIECE), pieces: 0 };
        Ok(Self { file: file.to_owned(), sealing, members: Vec::new(), keyring: keyring.clone() })
    }

    /// Puts a file in. Nobody may write to it meanwhile.
    pub fn add(&mut self, name: &str, path: &Path) -> Result<(), StoreError> {
        let failed = |error: io::Error| StoreError::file("read", path, &error);
        let mut from = File::open(path).map_err(failed)?;
        let length = from.metadata().map_err(failed)?.len();
        let head = [&(name.len() as u16).to_be_bytes(), name.as_bytes(), &length.to_be_bytes()].concat();
        self.write(&head)?;
        let (mut digest, mut left) = (Sha256::new(), length);
        let mut bytes = vec![0u8; PIECE];
        while left > 0 {
            let wanted = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            from.read_exact(&mut bytes[..wanted]).map_err(failed)?;
            digest.update(&bytes[..wanted]);
            self.write(&bytes[..wanted])?;
            left -= wanted as u64;
        }
        self.members.push((name.to_owned(), hex(&digest.finalize())));
        Ok(())
    }

    /// Seals the last piece, reads the parcel back as a restore would, and gives it its name. Returns its size.
    pub fn finish(mut self) -> Result<u64, StoreError> {
        let part = part_of(&self.file);
        let failed = |error: io::Error| StoreError::file("write", &part, &error);
        self.sealing.seal(true).and_then(|()| self.sealing.out.flush()).map_err(failed)?;
        self.sealing.out.get_ref().sync_all().map_err(failed)?;
        let mut parcel = Parcel::open(&part, &self.keyring)?;
        let mut found = Vec::new();
        parcel.each(|name, bytes| {
            found.push((name.to_owned(), digest_of(bytes)?));
            Ok(())
        })?;
        if found != self.members {
            return Err(StoreError::damaged(parcel.thing, "it does not read back as it was written"));
        }
        moment(Moment::BackupWritten);
        fs::rename(&part, &self.file).map_err(|error| StoreError::file("name", &self.file, &error))?;
        moment(Moment::BackupNamed);
        sync_name(&self.file)?;
        Ok(fs::metadata(&self.file).map_err(|error| StoreError::file("read", &self.file, &error))?.len())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let part = part_of(&self.file);
        self.sealing.write(bytes).map_err(|error| StoreError::file("write", &part, &error))
    }
}

impl Sealing {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.waiting.len() == PIECE {
                self.seal(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let sealed = self.key.seal(self.random.as_ref(), &place(self.pieces, last), &self.waiting);
        self.out.write_all(&(sealed.len() as u32).to_be_bytes())?;
        self.out.write_all(&sealed)?;
        self.waiting.clear();
        self.pieces += 1;
        Ok(())
    }
}

fn digest_of(bytes: &mut dyn Read) -> io::Result<String> {
    let (mut digest, mut buffer) = (Sha256::new(), vec![0u8; PIECE]);
    loop {
        match bytes.read(&mut buffer)? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(&buffer[..read]),
        }
    }
}

/// What a piece is bound to.
fn place(piece: u64, last: bool) -> Binding {
    Binding::of(&[b"backup piece", &piece.to_be_bytes(), &[u8::from(last)]])
}

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

/// Whether a file is a parcel; backups of before were the live store alone.
pub fn is_parcel(file: &Path) -> bool {
    let mut head = [0u8; MAGIC.len()];
    File::open(file).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == MAGIC
}

/// Opens a parcel into a folder of its own, each member a file. Every piece is checked on the way.
pub fn unpack(file: &Path, folder: &Path, keyring: &Keyring) -> Result<Vec<PathBuf>, StoreError> {
    create_private(folder)?;
    let mut paths = Vec::new();
    Parcel::open(file, keyring)?.each(|name, bytes| {
        let path = folder.join(name);
        let failed = |error: io::Error| StoreError::file("write", &path, &error);
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let mut out = opened.map_err(failed)?;
        copy(bytes, &mut out, failed)?;
        out.sync_all().map_err(failed)?;
        paths.push(path);
        Ok(())
    })?;
    Ok(paths)
}

/// What cannot be read is the parcel's fault, what cannot be written is not.
fn copy(from: &mut dyn Read, to: &mut File, failed: impl Fn(io::Error) -> StoreError) -> Result<(), Broken> {
    let mut buffer = vec![0u8; PIECE];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            read => to.write_all(&buffer[..read]).map_err(&failed)?,
        }
    }
}

/// Why a parcel cannot be gone through.
enum Broken {
    /// It does not read.
    Parcel(io::Error),
    /// It reads, and its member cannot be taken.
    Beside(StoreError),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Parcel(error)
    }
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Beside(error)
    }
}

/// A parcel being read, piece by piece.
struct Parcel {
    from: BufReader<File>,
    key: DossierKey,
    thing: String,
    piece: Vec<u8>,
    taken: usize,
    pieces: u64,
    ended: bool,
}

impl Parcel {
    fn open(file: &Path, keyring: &Keyring) -> Result<Self, StoreError> {
        let thing = format!("the backup {}", file.display());
        let cut = |_| StoreError::damaged(&thing, "it ends too early");
        let mut from = BufReader::new(File::open(file).map_err(|error| StoreError::file("open", file, &error))?);
        let (mut magic, mut fingerprint, mut length) = ([0u8; MAGIC.len()], [0u8; 32], [0u8; 4]);
        from.read_exact(&mut magic).map_err(cut)?;
        if magic != MAGIC {
            return Err(StoreError::Refused(format!("{} is no backup of Loket. Name another file", file.display())));
        }
        from.read_exact(&mut fingerprint).and_then(|()| from.read_exact(&mut length)).map_err(cut)?;
        let mut wrapped = vec![0u8; u32::from_be_bytes(length).min(1024) as usize];
        from.read_exact(&mut wrapped).map_err(cut)?;
        if !keyring.fingerprints().contains(&fingerprint) {
            return Err(StoreError::WrongKey(file.display().to_string()));
        }
        let key = keyring.unwrap(&OWNER, &wrapped).map_err(|_| StoreError::damaged(&thing, "its key does not open"))?;
        Ok(Self { from, key, thing, piece: Vec::new(), taken: 0, pieces: 0, ended: false })
    }

    /// Hands each member over, in order. What `take` leaves of one is read to its end.
    fn each(&mut self, mut take: impl FnMut(&str, &mut dyn Read) -> Result<(), Broken>) -> Result<(), StoreError> {
        loop {
            let read = self.member(&mut take);
            match read {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(Broken::Parcel(error)) => return Err(StoreError::damaged(&self.thing, error.to_string())),
                Err(Broken::Beside(error)) => return Err(error),
            }
        }
    }

    /// The next member; false at the end.
    fn member(&mut self, take: &mut impl FnMut(&str, &mut dyn Read) -> Result<(), Broken>) -> Result<bool, Broken> {
        let mut length = [0u8; 2];
        if self.read(&mut length[..1])? == 0 {
            return Ok(false);
        }
        self.read_exact(&mut length[1..])?;
        let mut name = vec![0u8; usize::from(u16::from_be_bytes(length))];
        self.read_exact(&mut name)?;
        let name = String::from_utf8(name).ok().filter(|name| is_plain(name));
        let name = name.ok_or_else(|| io::Error::other("a member has no name that a file may have"))?;
        let mut length = [0u8; 8];
        self.read_exact(&mut length)?;
        let mut bytes = self.by_ref().take(u64::from_be_bytes(length));
        take(&name, &mut bytes)?;
        io::copy(&mut bytes, &mut io::sink())?;
        if bytes.limit() > 0 {
            return Err(io::Error::other(format!("{name} ends too early")).into());
        }
        Ok(true)
    }

    fn open_piece(&mut self) -> io::Result<()> {
        let mut length = [0u8; 4];
        self.from.read_exact(&mut length).map_err(|_| io::Error::other("it ends too early"))?;
        let length = u32::from_be_bytes(length);
        if length > LONGEST {
            return Err(io::Error::other("a piece is longer than any is"));
        }
        let mut sealed = vec![0u8; length as usize];
        self.from.read_exact(&mut sealed).map_err(|_| io::Error::other("it ends too early"))?;
        self.ended = self.from.fill_buf_is_empty()?;
        let plain = self.key.open(&place(self.pieces, self.ended), &sealed);
        self.piece = plain.map_err(|_| io::Error::other("a piece does not open"))?;
        (self.taken, self.pieces) = (0, self.pieces + 1);
        Ok(())
    }
}

/// Names that packing gives: `live.redb`, `archive-2026.redb`.
fn is_plain(name: &str) -> bool {
    let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    letters && !name.is_empty() && !name.starts_with('.')
}

impl Read for Parcel {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.piece.len() {
            if self.ended {
                return Ok(0);
            }
            self.open_piece()?;
        }
        let now = out.len().min(self.piece.len() - self.taken);
        out[..now].copy_from_slice(&self.piece[self.taken..self.taken + now]);
        self.taken += now;
        Ok(now)
    }
}

/// Whether nothing follows: only then was the last piece read.
trait AtEnd {
    fn fill_buf_is_empty(&mut self) -> io::Result<bool>;
}

impl AtEnd for BufReader<File> {
    fn fill_buf_is_empty(&mut self) -> io::Result<bool> {
        io::BufRead::fill_buf(self).map(<[u8]>::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::{MasterKey, OsRandom};

    fn ring(byte: u8) -> Keyring {
        Keyring::new(&MasterKey::parse(&[byte; 32]).unwrap())
    }

    /// A parcel of three members: one over several pieces, an empty one, one that ends with a piece.
    fn packed(folder: &Path) -> (PathBuf, Vec<(&'static str, Vec<u8>)>) {
        let members = vec![
            ("live.redb", (0..200_000u32).flat_map(u32::to_be_bytes).collect::<Vec<u8>>()),
            ("accounts.redb", Vec::new()),
            ("archive-2026.redb", vec![9u8; PIECE]),
        ];
        let file = folder.join("loket.backup");
        let mut packing = Packing::begin(&file, &ring(7), Arc::new(OsRandom)).unwrap();
        for (name, bytes) in &members {
            let path = folder.join(name);
            fs::write(&path, bytes).unwrap();
            packing.add(name, &path).unwrap();
        }
        let size = packing.finish().unwrap();
        assert_eq!(size, fs::metadata(&file).unwrap().len());
        (file, members)
    }

    #[test]
    fn what_was_packed_comes_out_as_it_was_and_stands_nowhere_in_the_clear() {
        let folder = tempfile::tempdir().unwrap();
        let (file, members) = packed(folder.path());

        let out = unpack(&file, &folder.path().join("out"), &ring(7)).unwrap();

        assert_eq!(out.len(), 3);
        for (path, (name, bytes)) in out.iter().zip(&members) {
            assert!(path.ends_with(name) && fs::read(path).unwrap() == *bytes, "{name}");
        }
        let sealed = fs::read(&file).unwrap();
        assert!(is_parcel(&file) && !folder.path().join("loket.backup.part").exists());
        for plain in [b"live.redb".as_slice(), &members[0].1[400..440], &[9u8; 40]] {
            assert!(memchr::memmem::find(&sealed, plain).is_none());
        }
    }

    #[test]
    fn a_cut_a_changed_byte_a_swapped_piece_and_another_key_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = packed(folder.path());
        let whole = fs::read(&file).unwrap();
        let head = MAGIC.len() + 32 + 4 + 73;
        let piece = 4 + 1 + 24 + PIECE + 16;
        let mut rounds = 0;
        let mut refused = |bytes: &[u8], what: &str| {
            rounds += 1;
            let altered = folder.path().join(format!("altered-{rounds}"));
            fs::write(&altered, bytes).unwrap();
            let out = folder.path().join(format!("out-{rounds}"));
            assert!(unpack(&altered, &out, &ring(7)).is_err(), "{what}");
        };

        for cut in [0, 10, head - 1, head, head + 3, head + piece - 1, head + piece, head + 5 * piece, whole.len() - 1]
        {
            refused(&whole[..cut], &format!("cut at {cut}"));
        }
        for at in [20, head - 20, head + 2, head + 10, head + piece + 500, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            refused(&changed, &format!("byte {at}"));
        }
        let swapped = [
            &whole[..head],
            &whole[head + piece..head + 2 * piece],
            &whole[head..head + piece],
            &whole[head + 2 * piece..],
        ];
        refused(&swapped.concat(), "two pieces swapped");
        refused(&[&whole[..head + piece], &whole[head + 2 * piece..]].concat(), "a piece left out");
        refused(&[whole.as_slice(), b"more"].concat(), "something at its end");
        let other = unpack(&file, &folder.path().join("other"), &ring(8)).unwrap_err().to_string();
        assert!(other.contains("another master key"), "{other}");
        assert!(unpack(&file, &folder.path().join("well"), &ring(7)).is_ok(), "and the whole one opens");
    }

    /// A full disk was told as a damaged backup.
    #[test]
    fn what_cannot_be_written_down_is_no_fault_of_the_parcel() {
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = packed(folder.path());
        let full = Path::new("/dev/full");
        let mut out = OpenOptions::new().write(true).open(full).unwrap();

        let mut parcel = Parcel::open(&file, &ring(7)).unwrap();
        let told = parcel.each(|_, bytes| copy(bytes, &mut out, |error| StoreError::file("write", full, &error)));
        let in_the_way = folder.path().join("out");
        fs::create_dir(&in_the_way).unwrap();
        fs::write(in_the_way.join("live.redb"), b"").unwrap();
        let exists = unpack(&file, &in_the_way, &ring(7)).unwrap_err().to_string();

        assert!(matches!(told, Err(StoreError::File { full: true, .. })), "{told:?}");
        assert!(exists.starts_with("Cannot write") && exists.contains("live.redb"), "{exists}");
    }

    #[test]
    fn no_member_leaves_the_folder_it_is_unpacked_to() {
        for name in ["../x", "a/b", ".x", "", "A", "x\0"] {
            assert!(!is_plain(name), "{name:?}");
        }
        assert!(is_plain("archive-2026.redb"));
    }
}
