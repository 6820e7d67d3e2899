//! A folder as a disk keeps it: what was flushed lasts; everything else lies in the cache, and after a power cut may be there or not,
//! names and bytes each for themselves. A file's flush keeps its bytes and no name; a folder's keeps its names.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::calls::{Call, Made};
use super::platter::{Change, File, Lots};

type Node = usize;
/// The folder itself.
const ROOT: Node = 0;

/// By folder and name.
type Names = BTreeMap<(Node, String), Node>;

/// A change of names; a rename is one.
struct Naming {
    ended: usize,
    gone: Option<(Node, String)>,
    new: Option<((Node, String), Node)>,
}

#[derive(Clone)]
struct Open {
    file: Node,
    place: usize,
    append: bool,
}

/// What of the cache a power cut lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Flushed,
    /// Every name, and no byte.
    Names,
    /// Every name, and of each file its length alone.
    Lengths,
    /// Everything.
    All,
    /// Each name and each sector by lot.
    Lots(u64),
}

#[derive(Default)]
pub struct Disk {
    root: PathBuf,
    files: Vec<File>,
    seen: Names,
    lasting: Names,
    waiting: Vec<Naming>,
    open: HashMap<i32, Open>,
}

/// A disk after the power came back: folders have no bytes.
pub type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Disk {
    /// The disk on which this folder lies, all of it flushed.
    pub fn holding(root: &Path, image: &Image) -> Self {
        let top = File { folder: true, ..File::default() };
        let mut disk = Self { root: root.to_owned(), files: vec![top], ..Self::default() };
        for (path, bytes) in image {
            let (folder, name) = disk.place(&root.join(path)).expect("folders come before what is in them");
            let lasting = bytes.clone().unwrap_or_default();
            disk.files.push(File { folder: bytes.is_none(), seen: lasting.clone(), lasting, ..File::default() });
            disk.seen.insert((folder, name), disk.files.len() - 1);
        }
        disk.lasting = disk.seen.clone();
        disk
    }

    /// Whether a power cut now can take anything.
    pub fn is_flushed(&self) -> bool {
        self.waiting.is_empty() && self.files.iter().all(|file| file.waiting.is_empty())
    }

    /// The path under the folder that a flush is of; `None` where it is of something else.
    pub fn flushed_path(&self, call: &Call) -> Option<PathBuf> {
        let Call::Flush(fd) = call else { return None };
        self.path_of(self.open.get(fd)?.file)
    }

    fn path_of(&self, file: Node) -> Option<PathBuf> {
        if file == ROOT {
            return Some(PathBuf::new());
        }
        let ((folder, name), _) = self.seen.iter().find(|(_, node)| **node == file)?;
        Some(self.path_of(*folder)?.join(name))
    }

    /// Does what a call did, as far as it was to the folder.
    pub fn follow(&mut self, made: &Made) {
        let ended = made.ended;
        match &made.call {
            Call::Open { path, flags, fd } => self.opened(path, flags, *fd, ended),
            Call::Close(fd) => drop(self.open.remove(fd)),
            Call::Copied { from, to } => {
                // Where a copy stands its original stands too: ours are never read or written by place.
                if let Some(open) = self.open.get(from).cloned() {
                    self.open.insert(*to, open);
                }
            }
            Call::Seek { fd, to } => {
                if let Some(open) = self.open.get_mut(fd) {
                    open.place = *to;
                }
            }
            Call::Write { fd, at, bytes } => self.written(*fd, *at, bytes.clone(), ended),
            Call::Carry { from, to, length } => {
                let Some(source) = self.open.get_mut(from) else {
                    assert!(!self.open.contains_key(to), "bytes come from a file that was not followed");
                    return;
                };
                let place = source.place;
                source.place += length;
                let bytes = self.files[source.file].seen[place..place + length].to_vec();
                self.written(*to, None, bytes, ended);
            }
            Call::Length { fd, length } => {
                if let Some(open) = self.open.get(fd) {
                    self.files[open.file].change(ended, Change::Length(*length));
                }
            }
            Call::Flush(fd) => {
                if let Some(open) = self.open.get(fd) {
                    self.flush(open.file, made.begun);
                }
            }
            Call::FlushAll => (0..self.files.len()).for_each(|file| self.flush(file, made.begun)),
            Call::Rename { from, to } => self.renamed(from, to, ended),
            Call::Link { from, to } => {
                if let (Some(file), Some(new)) = (self.find(from), self.place(to)) {
                    self.name(Naming { ended, gone: None, new: Some((new, file)) });
                }
            }
            Call::Remove(path) => {
                if let Some(gone) = self.place(path) {
                    self.name(Naming { ended, gone: Some(gone), new: None });
                }
            }
            Call::Folder(path) => self.made(path, true, ended),
            Call::Other { name, of } => {
                let ours = of.iter().find(|path| path.starts_with(&self.root));
                assert!(ours.is_none(), "the model of the disk does not know {name} of {ours:?}");
            }
        }
    }

    /// The disk as a power cut leaves it.
    pub fn after(&self, left: Left) -> Image {
        let mut lots = Lots(if let Left::Lots(seed) = left { seed } else { 0 });
        // Most file systems keep the order in which names changed.
        let in_order = lots.draw().is_multiple_of(2);
        let until = (lots.draw() % (self.waiting.len() as u64 + 1)) as usize;
        let mut names = self.lasting.clone();
        for (index, naming) in self.waiting.iter().enumerate() {
            let kept = match left {
                Left::Flushed => false,
                Left::Names | Left::Lengths | Left::All => true,
                Left::Lots(_) if in_order => index < until,
                Left::Lots(_) => lots.draw().is_multiple_of(2),
            };
            if kept {
                naming.put(&mut names);
            }
        }
        let mut image = Image::new();
        let mut folders = vec![(ROOT, PathBuf::new())];
        while let Some((folder, path)) = folders.pop() {
            for ((_, name), node) in names.range((folder, String::new())..(folder + 1, String::new())) {
                let (file, path) = (&self.files[*node], path.join(name));
                if file.folder {
                    folders.push((*node, path.clone()));
                    image.insert(path, None);
                } else {
                    image.insert(path, Some(file.after(left, &mut lots)));
                }
            }
        }
        image
    }

    fn find(&self, path: &Path) -> Option<Node> {
        let mut node = ROOT;
        for part in path.strip_prefix(&self.root).ok()?.components() {
            let name = part.as_os_str().to_str().expect("our names are text");
            node = *self.seen.get(&(node, name.to_owned()))?;
        }
        Some(node)
    }

    /// Where a name stands, or would; `None` outside the folder.
    fn place(&self, path: &Path) -> Option<(Node, String)> {
        let name = path.strip_prefix(&self.root).ok()?.file_name()?.to_str().expect("our names are text").to_owned();
        Some((self.find(path.parent()?)?, name))
    }

    fn name(&mut self, naming: Naming) {
        naming.put(&mut self.seen);
        self.waiting.push(naming);
    }

    fn made(&mut self, path: &Path, folder: bool, ended: usize) {
        let Some(place) = self.place(path) else { return };
        self.files.push(File { folder, ..File::default() });
        self.name(Naming { ended, gone: None, new: Some((place, self.files.len() - 1)) });
    }

    fn opened(&mut self, path: &Path, flags: &str, fd: i32, ended: usize) {
        self.open.remove(&fd);
        if !path.starts_with(&self.root) {
            return;
        }
        if self.find(path).is_none() {
            assert!(flags.contains("O_CREAT"), "{} was opened and is not known", path.display());
            self.made(path, false, ended);
        }
        let file = self.find(path).expect("it was just made");
        if flags.contains("O_TRUNC") && !self.files[file].seen.is_empty() {
            self.files[file].change(ended, Change::Length(0));
        }
        self.open.insert(fd, Open { file, place: 0, append: flags.contains("O_APPEND") });
    }

    fn written(&mut self, fd: i32, at: Option<usize>, bytes: Vec<u8>, ended: usize) {
        let Some(open) = self.open.get_mut(&fd) else { return };
        let file = &mut self.files[open.file];
        let place = at.unwrap_or(if open.append { file.seen.len() } else { open.place });
        if at.is_none() {
            open.place = place + bytes.len();
        }
        file.change(ended, Change::Write(place, bytes));
    }

    fn renamed(&mut self, from: &Path, to: &Path, ended: usize) {
        match (self.find(from), self.place(from), self.place(to)) {
            (Some(file), gone, Some(new)) => self.name(Naming { ended, gone, new: Some((new, file)) }),
            (None, _, None) => {}
            _ => panic!("{} was moved over the border of the disk to {}", from.display(), to.display()),
        }
    }

    /// Keeps what was done before the flush was begun.
    fn flush(&mut self, node: Node, begun: usize) {
        let file = &mut self.files[node];
        let later = file.waiting.iter().position(|(ended, _)| *ended >= begun).unwrap_or(file.waiting.len());
        for (_, change) in file.waiting.drain(..later) {
            change.put(&mut file.lasting);
        }
        if !file.folder {
            return;
        }
        for naming in std::mem::take(&mut self.waiting) {
            match naming.is_in(node) && naming.ended < begun {
                true => naming.put(&mut self.lasting),
                false => self.waiting.push(naming),
            }
        }
    }
}

impl Naming {
    fn is_in(&self, folder: Node) -> bool {
        self.gone.as_ref().is_some_and(|(of, _)| *of == folder)
            || self.new.as_ref().is_some_and(|((of, _), _)| *of == folder)
    }

    fn put(&self, names: &mut Names) {
        if let Some(gone) = &self.gone {
            names.remove(gone);
        }
        if let Some((place, file)) = &self.new {
            names.insert(place.clone(), *file);
        }
    }
}
