//! A mailbox in a directory of this machine, in Maildir form: mail arrives in `new`, waits in `cur` once handed out, and
//! is filed into the Maildir++ subfolders `.processed` and `.refused`. A mail is known by its unique name, the part before
//! the colon, so that other programs may move it from `new` to `cur` or flag it without being in the way.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::imap::header_of;
use super::notify::Notice;
use super::withheld::Withheld;
use super::{Patience, Refetch};
use crate::engine::port::{Arrival, ArrivalBody, Fault, Folder, Inbox, NotFiled, Origin};

/// A Maildir as configured; it is created where it is missing.
#[derive(Debug, Clone)]
pub struct MaildirSettings {
    /// The mailbox's name in the configuration; every origin carries it.
    pub name: String,
    pub path: PathBuf,
    /// How long to wait before looking again unasked.
    pub poll_interval: Duration,
    /// Larger mails are handed over as their header alone.
    pub max_mail_bytes: u64,
}

/// [`Inbox`] over a Maildir.
pub struct MaildirInbox {
    settings: Arc<MaildirSettings>,
    handed: std::sync::Mutex<Handed>,
    /// Files that could not be read, by unique name.
    withheld: std::sync::Mutex<Withheld<String>>,
    /// One reader at a time, with the kernel's word on `new` where there is one.
    watch: Mutex<Option<Notice>>,
}

/// Unique names of mails that are not yet filed.
#[derive(Default)]
struct Handed {
    out: HashSet<String>,
    /// Were handed out, and are to be once more.
    again: HashSet<String>,
}

/// A mail seen in `new` or `cur`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    /// Seconds and microseconds of the delivery as its name tells, for the order.
    delivered: (u64, u64),
    unique: String,
    path: PathBuf,
}

impl MaildirInbox {
    /// Creates the folders that are missing.
    ///
    /// # Errors
    /// Permanent, where the directory cannot be made or watched.
    pub fn new(settings: MaildirSettings) -> Result<Self, Fault> {
        let root = &settings.path;
        for folder in [root.clone(), root.join(".processed"), root.join(".refused")] {
            for part in ["tmp", "new", "cur"] {
                fs::create_dir_all(folder.join(part)).map_err(|e| {
                    Fault::permanent(format_args!(
                        "Cannot create the Maildir {}: {e}. Check the path and its owner",
                        folder.display()
                    ))
                })?;
            }
        }
        Ok(Self {
            settings: Arc::new(settings),
            handed: std::sync::Mutex::default(),
            withheld: std::sync::Mutex::new(Withheld::new(Patience::default())),
            watch: Mutex::new(None),
        })
    }

    fn handed(&self) -> std::sync::MutexGuard<'_, Handed> {
        // Nothing panics while the sets are held; should it, they are still whole.
        self.handed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn unread(&self) -> std::sync::MutexGuard<'_, Withheld<String>> {
        // As above.
        self.withheld.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn wait_and_take(&self, limit: usize) -> Result<Vec<Arrival>, Fault> {
        let mut notice = self.watch.lock().await;
        if notice.is_none() {
            // Before the first look, so that nothing falls between looking and watching.
            *notice = Notice::of(&self.settings.path.join("new")).ok();
        }
        let until = Instant::now() + self.settings.poll_interval;
        loop {
            let arrivals = self.take(limit).await?;
            if !arrivals.is_empty() || Instant::now() >= until {
                return Ok(arrivals);
            }
            let word = async {
                match notice.as_ref() {
                    Some(notice) => notice.wait().await,
                    None => {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        Ok(())
                    }
                }
            };
            let wake = self.unread().next(Instant::now()).map_or(until, |rest| rest.min(until));
            if let Ok(Err(error)) = tokio::time::timeout_at(wake, word).await {
                tracing::warn!(mailbox = %self.settings.name, %error, "the kernel no longer tells of new mail; looking every second");
                *notice = None;
            }
        }
    }

    async fn take(&self, limit: usize) -> Result<Vec<Arrival>, Fault> {
        let mut found = self.on_disk(|settings| waiting(&settings.path)).await?;
        found.sort();
        // A name in `new` and in `cur` at once is one mail in the middle of a move.
        found.dedup_by(|a, b| a.unique == b.unique);
        {
            let (mut handed, mut unread, now) = (self.handed(), self.unread(), Instant::now());
            let is_there = |name: &String| found.iter().any(|mail| mail.unique == *name);
            unread.keep(is_there);
            handed.again.retain(is_there);
            found.retain(|mail| !handed.out.contains(&mail.unique) && !unread.rests(&mail.unique, now));
            found.sort_by_key(|mail| handed.again.contains(&mail.unique));
        }
        found.truncate(limit);
        let taken = self
            .on_disk(move |settings| Ok(found.into_iter().map(|mail| take_up(settings, mail)).collect::<Vec<_>>()))
            .await?;
        let (mut handed, mut unread) = (self.handed(), self.unread());
        let mut arrivals = Vec::new();
        for (name, read) in taken {
            match read {
                Ok(body) => {
                    unread.done(&name);
                    handed.again.remove(&name);
                    handed.out.insert(name.clone());
                    arrivals.push(self.arrival(name, body));
                }
                // Gone in the meantime.
                Err(e) if e.kind() == io::ErrorKind::NotFound => unread.done(&name),
                Err(e) => {
                    tracing::warn!(mailbox = %self.settings.name, "a file cannot be read and stays in the inbox: {}", e.kind());
                    unread.failed(name, Instant::now());
                }
            }
        }
        Ok(arrivals)
    }

    /// Does what may wait for a disk where that holds up nobody.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&MaildirSettings) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let settings = Arc::clone(&self.settings);
        tokio::task::spawn_blocking(move || work(&settings))
            .await
            .map_err(|e| Fault::transient(format_args!("Reading the Maildir was interrupted: {e}")))?
    }

    fn arrival(&self, name: String, body: ArrivalBody) -> Arrival {
        let mailbox = self.settings.name.clone();
        Arrival { origin: Origin { mailbox, folder: "INBOX".to_owned(), uid_validity: 0, uid: 0, name }, body }
    }
}

impl Inbox for MaildirInbox {
    fn next(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Arrival>, Fault>> {
        self.wait_and_take(limit.max(1)).boxed()
    }

    fn file<'a>(&'a self, mails: &'a [(Origin, Folder)]) -> BoxFuture<'a, Result<(), NotFiled>> {
        async move {
            let (root, wanted) = (self.settings.path.clone(), mails.to_vec());
            let done = tokio::task::spawn_blocking(move || file_away(&root, &wanted)).await.unwrap_or_else(|e| {
                let why = Fault::transient(format_args!("Filing in the Maildir was interrupted: {e}"));
                Err(NotFiled { mails: mails.to_vec(), why })
            });
            let mut handed = self.handed();
            let left = done.as_ref().err().map_or(&[][..], |left| &left.mails);
            let stays: HashSet<&str> = left.iter().map(|(origin, _)| origin.name.as_str()).collect();
            for (origin, _) in mails.iter().filter(|(origin, _)| !stays.contains(origin.name.as_str())) {
                handed.out.remove(&origin.name);
                handed.again.remove(&origin.name);
            }
            done
        }
        .boxed()
    }

    fn withheld(&self) -> usize {
        self.unread().telling()
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        async move {
            let waiting = waiting(&self.settings.path)?.len();
            Ok(format!("The Maildir {} holds {waiting} mails", self.settings.path.display()))
        }
        .boxed()
    }
}

impl Refetch for MaildirInbox {
    fn refetch(&self, mails: &[Origin]) {
        let mut handed = self.handed();
        for mail in mails {
            if let Some(name) = handed.out.take(&mail.name) {
                handed.again.insert(name);
            }
        }
    }

    fn holds(&self, mail: &Origin) -> bool {
        let handed = self.handed();
        handed.out.contains(&mail.name) || handed.again.contains(&mail.name)
    }
}

/// Moves a mail to `cur` and reads it.
fn take_up(settings: &MaildirSettings, mail: Found) -> (String, io::Result<ArrivalBody>) {
    let settled = settings.path.join("cur").join(format!("{}:2,", mail.unique));
    let path = match mail.path.parent().is_some_and(|folder| folder.ends_with("new")) {
        true if fs::rename(&mail.path, &settled).is_ok() => settled,
        _ => mail.path,
    };
    (mail.unique, read_mail(&path, settings.max_mail_bytes))
}

fn read_mail(path: &Path, most: u64) -> io::Result<ArrivalBody> {
    // A link may point anywhere and a pipe would wait for ever: neither is a mail.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    if meta.len() > most {
        file.take(64 * 1024).read_to_end(&mut bytes)?;
        return Ok(ArrivalBody::TooLarge { size: meta.len(), header: header_of(&bytes) });
    }
    file.take(most).read_to_end(&mut bytes)?;
    Ok(ArrivalBody::Raw(bytes))
}

fn waiting(root: &Path) -> Result<Vec<Found>, Fault> {
    let mut found = Vec::new();
    for part in ["cur", "new"] {
        let folder = root.join(part);
        let unreadable = |e| Fault::transient(format_args!("Cannot read the Maildir folder {}: {e}", folder.display()));
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            // Names come from deliverers in ASCII; others cannot be kept in an origin and are told apart by their loss.
            let Some(name) = name.to_str() else {
                tracing::warn!(folder = %folder.display(), "a file whose name is not UTF-8 is left where it is");
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let unique = name.split(':').next().unwrap_or(name).to_owned();
            found.push(Found { delivered: delivered(&unique), unique, path: entry.path() });
        }
    }
    Ok(found)
}

/// `1780000000.M123456P…` → (1780000000, 123456); names of another shape come first.
fn delivered(unique: &str) -> (u64, u64) {
    let number = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let seconds = unique[..number(unique)].parse().unwrap_or(0);
    let rest = unique.find('M').map_or("", |at| &unique[at + 1..]);
    (seconds, rest[..number(rest)].parse().unwrap_or(0))
}

/// One that cannot be moved keeps no other from it.
fn file_away(root: &Path, mails: &[(Origin, Folder)]) -> Result<(), NotFiled> {
    let all_stay = |why| NotFiled { mails: mails.to_vec(), why };
    let mut present: HashMap<String, Vec<PathBuf>> = HashMap::new();
    for mail in waiting(root).map_err(all_stay)? {
        present.entry(mail.unique).or_default().push(mail.path);
    }
    let (mut touched, mut left) = (HashSet::new(), None);
    for mail in mails {
        let target = root.join(if mail.1 == Folder::Processed { ".processed" } else { ".refused" }).join("cur");
        for path in present.remove(&mail.0.name).unwrap_or_default() {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let name = if name.contains(':') { name } else { format!("{name}:2,") };
            match fs::rename(&path, target.join(name)) {
                Err(e) if e.kind() == io::ErrorKind::NotFound && target.is_dir() => {}
                Err(e) => {
                    let why = Fault::transient(format_args!("Cannot file a mail into {}: {e}", target.display()));
                    left.get_or_insert(NotFiled { mails: Vec::new(), why }).mails.push(mail.clone());
                }
                Ok(()) => {
                    touched.insert(target.clone());
                }
            }
        }
    }
    for folder in touched {
        sync(&folder).map_err(all_stay)?;
    }
    sync(&root.join("cur")).map_err(all_stay)?;
    left.map_or(Ok(()), Err)
}

/// Makes renames in a directory last through a power cut.
fn sync(folder: &Path) -> Result<(), Fault> {
    File::open(folder)
        .and_then(|directory| directory.sync_all())
        .map_err(|e| Fault::transient(format_args!("Cannot secure the folder {} on disk: {e}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::delivered;

    #[test]
    fn the_delivery_time_is_read_from_the_name() {
        assert_eq!(delivered("1780000000.M123P45Q6.host"), (1_780_000_000, 123));
        assert_eq!(delivered("1780000000.12345.host"), (1_780_000_000, 0));
        assert_eq!(delivered("surat"), (0, 0));
    }
}
