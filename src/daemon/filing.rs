//! Filing on the mail server: what is on record leaves the inbox, and what does not is tried again each minute and counted, since
//! it would otherwise stay there unseen. Nothing is lost meanwhile: it is known when it comes again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::alarm::facts::Pulse;
use crate::engine::port::{Clock, Folder, Inbox, NotFiled, Origin};

/// Between two tries.
const AGAIN: Duration = Duration::from_secs(60);

/// Mails that are on record and could not be filed at the last try.
#[derive(Default)]
pub struct Backlog {
    mails: AtomicUsize,
    /// Milliseconds since 1970 at which the first of them was refused; 0: there is none.
    since: AtomicI64,
}

impl Backlog {
    pub fn count(&self) -> usize {
        self.mails.load(Ordering::Relaxed)
    }

    /// When the one that waits longest was first refused.
    pub fn since(&self) -> Option<DateTime<Utc>> {
        let millis = self.since.load(Ordering::Relaxed);
        DateTime::from_timestamp_millis(millis).filter(|_| millis > 0)
    }

    fn tell(&self, left: &HashMap<Origin, DateTime<Utc>>) {
        self.mails.store(left.len(), Ordering::Relaxed);
        self.since.store(left.values().min().map_or(0, DateTime::timestamp_millis), Ordering::Relaxed);
    }
}

/// Files what comes in until nothing more does; whatever waits is filed together.
pub async fn keep(
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    pulse: Arc<Pulse>,
    mut to_file: mpsc::Receiver<Vec<(Origin, Folder)>>,
) {
    let mut filing = Filing { inbox, clock, pulse, mails: Vec::new(), left: HashMap::new() };
    let mut open = true;
    while open {
        tokio::select! {
            more = to_file.recv() => match more {
                Some(more) => filing.mails.extend(more),
                None => open = false,
            },
            () = tokio::time::sleep(AGAIN), if !filing.mails.is_empty() => {}
        }
        while let Ok(more) = to_file.try_recv() {
            filing.mails.extend(more);
        }
        if !filing.mails.is_empty() {
            filing.attempt().await;
        }
    }
}

struct Filing {
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    pulse: Arc<Pulse>,
    /// On record, and not filed yet.
    mails: Vec<(Origin, Folder)>,
    /// Those of them that could not be filed at the last try, each with the moment of its first refusal.
    left: HashMap<Origin, DateTime<Utc>>,
}

impl Filing {
    async fn attempt(&mut self) {
        self.mails = match self.inbox.file(&self.mails).await {
            Ok(()) => Vec::new(),
            Err(NotFiled { mails, why }) => {
                tracing::warn!(mails = mails.len(), "mails on record cannot be filed: {why}");
                mails
            }
        };
        let now = self.clock.now();
        let since = |origin| self.left.get(origin).copied().unwrap_or(now);
        self.left = self.mails.iter().map(|(origin, _)| (origin.clone(), since(origin))).collect();
        self.pulse.filing.tell(&self.left);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use futures::FutureExt;
    use futures::future::BoxFuture;

    use super::*;
    use crate::engine::port::{Arrival, Fault};

    /// Files all but those it is told to refuse.
    #[derive(Default)]
    struct Picky {
        refuses: Mutex<BTreeSet<u32>>,
        filed: Mutex<Vec<u32>>,
    }

    impl Inbox for Picky {
        fn next(&self, _limit: usize) -> BoxFuture<'_, Result<Vec<Arrival>, Fault>> {
            std::future::pending().boxed()
        }

        fn file<'a>(&'a self, mails: &'a [(Origin, Folder)]) -> BoxFuture<'a, Result<(), NotFiled>> {
            let refuses = self.refuses.lock().unwrap().clone();
            let (left, gone): (Vec<_>, Vec<_>) =
                mails.iter().cloned().partition(|(origin, _)| refuses.contains(&origin.uid));
            self.filed.lock().unwrap().extend(gone.iter().map(|(origin, _)| origin.uid));
            let why = Fault::transient("no");
            async move { if left.is_empty() { Ok(()) } else { Err(NotFiled { mails: left, why }) } }.boxed()
        }

        fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
            async { Ok("picky".to_owned()) }.boxed()
        }
    }

    struct Hand(Mutex<DateTime<Utc>>);

    impl Clock for Hand {
        fn now(&self) -> DateTime<Utc> {
            *self.0.lock().unwrap()
        }
    }

    fn mail(uid: u32) -> (Origin, Folder) {
        let (mailbox, folder) = ("utama".to_owned(), "INBOX".to_owned());
        (Origin { mailbox, folder, uid_validity: 1, uid, name: String::new() }, Folder::Processed)
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minutes * 60, 0).unwrap()
    }

    /// The whole set was tried again and again, silently, for as long as the server refused one of it.
    #[tokio::test]
    async fn a_mail_that_cannot_be_filed_is_counted_since_its_first_refusal_until_it_is_filed() {
        let (inbox, clock) = (Arc::new(Picky::default()), Arc::new(Hand(Mutex::new(at(0)))));
        let pulse = Arc::new(Pulse::default());
        let told = || (pulse.filing.count(), pulse.filing.since());
        let (mails, left) = Default::default();
        let mut filing = Filing { inbox: inbox.clone(), clock: clock.clone(), pulse: pulse.clone(), mails, left };
        inbox.refuses.lock().unwrap().extend([2, 4]);

        filing.mails.extend([mail(1), mail(2), mail(3)]);
        filing.attempt().await;
        let first = told();
        *clock.0.lock().unwrap() = at(20);
        filing.mails.push(mail(4));
        filing.attempt().await;
        let second = told();
        inbox.refuses.lock().unwrap().remove(&2);
        filing.attempt().await;
        let third = told();
        inbox.refuses.lock().unwrap().clear();
        filing.attempt().await;

        assert_eq!(first, (1, Some(at(0))));
        assert_eq!(second, (2, Some(at(0))), "one that came later makes none of them younger");
        assert_eq!(third, (1, Some(at(20))));
        assert_eq!(told(), (0, None));
        assert_eq!(*inbox.filed.lock().unwrap(), [1, 3, 2, 4], "each once");
    }
}
