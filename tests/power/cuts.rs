//! Cuts of the power: a part of the office's work is done under strace, and of the calls it made the folders are built that a cut
//! may leave.

use std::collections::HashSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::calls::{self, Call, Made};
use super::disk::{Disk, Image, Left};
use super::office::{self, Told};

const ACKNOWLEDGED: &str = "acknowledged";
const ROOT: &str = "LOKET_POWER_ROOT";
const PART: &str = "LOKET_POWER_PART";

/// A run of a part of the office's work, and the disk it began on.
pub struct Run {
    root: PathBuf,
    told: PathBuf,
    before: Image,
    made: Vec<Made>,
}

/// Whether more is to be shown.
#[derive(PartialEq, Eq)]
pub enum Go {
    On,
    Enough,
}

/// A folder after a cut.
pub struct Cut {
    pub at: String,
    pub left: Left,
    /// How much was acknowledged.
    pub done: Vec<String>,
    pub image: Image,
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// Memory: what lies there is never flushed, and need not be.
pub fn place() -> TempDir {
    tempfile::tempdir_in("/dev/shm").expect("a folder in memory")
}

/// The part that this process was started for, if it was started to be watched.
pub fn watched() -> bool {
    let (Some(root), Ok(part)) = (std::env::var_os(ROOT), std::env::var(PART)) else { return false };
    let root = PathBuf::from(root);
    let mut told = Told::to(&root.with_extension("told"));
    match part.as_str() {
        "work" => runtime().block_on(office::work(&root, &mut told)).expect("nothing is in its way"),
        "go on" => runtime().block_on(office::go_on(&root, &mut told)).expect("a cut leaves nothing in its way"),
        _ => office::bring_it_back(&root, &mut told).expect("nothing is in its way"),
    }
    true
}

impl Run {
    /// Does a part in a folder of its own, with everything it asks of the file system written down.
    pub fn of(part: &str, test: &str, before: Image) -> Self {
        let folder = place();
        let (root, log) = (folder.path().join("disk"), folder.path().join("log"));
        lay(&before, &root);
        let started = Command::new("strace")
            .args(["-f", "-y", "-xx", "-s", "10000000", "--seccomp-bpf", "-e", calls::TRACED, "-o"])
            .arg(&log)
            .arg(std::env::current_exe().expect("this program"))
            .args(["--exact", test, "--nocapture"])
            .env(ROOT, &root)
            .env(PART, part)
            .output();
        let ended = started.expect("strace is missing: run tests/run, or apt-get install strace");
        let told = String::from_utf8_lossy(&ended.stderr);
        assert!(
            ended.status.success(),
            "`{part}` failed under strace: {told}{}",
            String::from_utf8_lossy(&ended.stdout)
        );
        let made = calls::read(&fs::read_to_string(&log).expect("a log of calls"));
        Self { told: root.with_extension("told"), root, before, made }
    }

    /// Shows the cuts of a sample until one is enough. A flush of which `left_out` is told the path (`*` for everything) is not made.
    pub fn cuts(&self, sample: &mut Sample, left_out: impl Fn(&Path) -> bool, mut show: impl FnMut(Cut) -> Go) {
        let mut disk = Disk::holding(&self.root, &self.before);
        let (mut teller, mut done) = (None, Vec::<String>::new());
        for made in &self.made {
            let flushed = match &made.call {
                Call::FlushAll => Some(PathBuf::from("*")),
                call => disk.flushed_path(call),
            };
            let point = match &made.call {
                Call::Open { path, fd, .. } if *path == self.told => {
                    teller = Some(*fd);
                    None
                }
                Call::Write { fd, bytes, .. } if Some(*fd) == teller => {
                    done.push(String::from_utf8_lossy(bytes).trim().to_owned());
                    Some(ACKNOWLEDGED.to_owned())
                }
                Call::Rename { to, .. } if to.starts_with(&self.root) => Some(format!("before the rename to {to:?}")),
                _ => flushed.as_ref().map(|flushed| format!("before the flush of {flushed:?}")),
            };
            if let Some(at) = point
                && sample.of_point(&disk, &at, &done, &mut show) == Go::Enough
            {
                return;
            }
            match flushed.as_deref().is_some_and(&left_out) {
                true => sample.skips = false,
                false => disk.follow(made),
            }
        }
        sample.of_point(&disk, "at the end", &done, &mut show);
    }

    /// The folder as the run left it.
    pub fn whole(&self) -> Image {
        let mut disk = Disk::holding(&self.root, &self.before);
        self.made.iter().for_each(|made| disk.follow(made));
        disk.after(Left::All)
    }
}

pub fn lay(image: &Image, root: &Path) {
    fs::create_dir_all(root).expect("a place in memory");
    for (path, bytes) in image {
        let path = root.join(path);
        match bytes {
            None => fs::create_dir(&path).expect("folders come first"),
            Some(bytes) => {
                let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&path).expect("new");
                std::io::Write::write_all(&mut file, bytes).expect("room in memory");
            }
        }
    }
}

/// Lays a cut out, holds it, and tells what is wrong with it.
pub fn judge(cut: &Cut, hold: impl AsyncFnOnce(&Path) -> anyhow::Result<()>, runtime: &Runtime) -> Option<String> {
    let folder = place();
    let root = folder.path().join("disk");
    lay(&cut.image, &root);
    let held = std::panic::AssertUnwindSafe(|| runtime.block_on(hold(&root)));
    let held = std::panic::catch_unwind(held).unwrap_or_else(|_| Err(anyhow::anyhow!("it panicked")));
    let last = cut.done.last().map_or("nothing", String::as_str);
    held.err().map(|why| format!("{}, {:?} left, {last} acknowledged last: {why:#}", cut.at, cut.left))
}

/// Which cuts are tried.
pub struct Sample {
    one_in: usize,
    /// Cuts by lot at each point.
    lots: u64,
    /// Every so many acknowledgements the cut that lets nothing through.
    worst: usize,
    /// Right after an acknowledgement nothing of it may be lost, and no cut by lot is needed to tell.
    acknowledged_alone: bool,
    /// Until the first flush that is left out.
    skips: bool,
    pub met: usize,
    seen: HashSet<u64>,
}

impl Sample {
    /// One in so many, and the worst right after every second acknowledgement; with `LOKET_POWER=1` all of them, with `LOKET_POWER=7`
    /// one in seven and the worst after each. A number that shares nothing with that of a point's cuts comes by all kinds of them.
    pub fn one_in(many: usize) -> Self {
        let (one_in, lots, worst) = asked().map_or((many, 2, 2), |asked| (asked, 6, 1));
        Self { one_in, lots, worst, acknowledged_alone: false, skips: false, met: 0, seen: HashSet::new() }
    }

    /// After the first flush that is left out, each acknowledgement.
    pub fn after_acknowledgements() -> Self {
        Self { one_in: 1, lots: 0, worst: 1, acknowledged_alone: true, skips: true, met: 0, seen: HashSet::new() }
    }

    fn of_point(&mut self, disk: &Disk, at: &str, done: &[String], show: &mut impl FnMut(Cut) -> Go) -> Go {
        if self.skips || self.acknowledged_alone && at != ACKNOWLEDGED {
            return Go::On;
        }
        let lots = (1..=self.lots).map(|lot| Left::Lots(lot * 1_000_003 + self.met as u64));
        let mut all: Vec<Left> =
            [Left::Flushed, Left::Names, Left::Lengths, Left::All].into_iter().chain(lots).collect();
        if disk.is_flushed() {
            all.truncate(1);
        }
        for left in all {
            self.met += 1;
            let worst = at == ACKNOWLEDGED && left == Left::Flushed && done.len().is_multiple_of(self.worst);
            if !worst && !self.met.is_multiple_of(self.one_in) {
                continue;
            }
            let cut = Cut { at: at.to_owned(), left, done: done.to_vec(), image: disk.after(left) };
            let mut hasher = DefaultHasher::new();
            (&cut.image, done).hash(&mut hasher);
            if self.seen.insert(hasher.finish()) && show(cut) == Go::Enough {
                return Go::Enough;
            }
        }
        Go::On
    }
}

/// One in how many cuts somebody asks for.
pub fn asked() -> Option<usize> {
    std::env::var("LOKET_POWER").ok().map(|asked| asked.parse().expect("LOKET_POWER is a number"))
}

/// A folder as it lies.
pub fn lying(root: &Path) -> Image {
    let mut image = Image::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let (path, folder) = (entry.path(), entry.path().is_dir());
            let bytes = (!folder).then(|| fs::read(&path).expect("a file"));
            image.insert(path.strip_prefix(root).expect("it lies in it").to_owned(), bytes);
            folders.extend(folder.then_some(path));
        }
    }
    image
}

pub fn beginning() -> Image {
    Image::from([(PathBuf::from("bags"), None)])
}
