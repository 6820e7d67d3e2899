//! What is under way in the daemons, and who begins what: one breath after another, each drawn.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use loket::engine::intake::Patience;
use loket::engine::port::{Arrival, ArrivalBody, Fault, Origin};
use loket::engine::store::CaseKey;
use loket::sop::case::Case;

use super::deeds::decide;
use super::office::Stage;
use super::restore::{self, Loss};
use super::world::{self, Luck};
use super::{end, judge, memory, people, refused};

type Doing<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + 'a>>;

/// Something under way in a daemon. A loop of the daemon goes round once at a time; people come as they please.
pub struct Activity<'a> {
    daemon: usize,
    what: &'static str,
    doing: Doing<'a>,
}

pub struct Play<'a> {
    stage: &'a Stage,
    pub under_way: Vec<Activity<'a>>,
    /// With one daemon the leases die with it, as they do in the embedded store.
    daemons: usize,
}

impl<'a> Play<'a> {
    pub fn begins(stage: &'a Stage, daemons: usize) -> Self {
        Self { stage, under_way: Vec::new(), daemons }
    }

    pub fn draw(&self, end: usize) -> usize {
        self.stage.world.lock().lot.below(end)
    }

    fn begin(&mut self, daemon: usize, what: &'static str, doing: Doing<'a>) {
        if ["case", "mail"].contains(&what) || !self.under_way.iter().any(|a| a.daemon == daemon && a.what == what) {
            self.under_way.push(Activity { daemon, what, doing });
        }
    }

    /// Lets somebody begin something.
    pub fn something(&mut self) {
        let daemon = self.draw(self.daemons);
        let stage = self.stage;
        if restore::is_held(stage) && self.draw(3) == 0 {
            return self.begin(0, "release", Box::pin(restore::release(stage, 0)));
        }
        match self.draw(11) {
            0 => people::request(&mut stage.world.lock()),
            1 | 2 => self.begin(daemon, "intake", Box::pin(intake(stage, daemon))),
            3 | 4 => self.begin(daemon, "dispatch", Box::pin(dispatch(stage, daemon))),
            5 => self.begin(daemon, "archive", Box::pin(archive(stage, daemon))),
            6 => people::a_while(&mut stage.world.lock()),
            7 => {
                if let Some(case) = self.a_case_ever() {
                    people::further(&mut stage.world.lock(), &case);
                }
            }
            8 => match self.draw(4) {
                0 => people::renumber(&mut stage.world.lock()),
                1 => people::bounce(&mut stage.world.lock()),
                2 => refused::mailbox(&stage.world),
                _ => refused::account(&mut stage.world.lock()),
            },
            _ => {
                let Some(case) = self.a_case() else { return };
                let who = &stage.admins[self.draw(stage.admins.len())];
                let mut inside = stage.world.lock();
                let helps = !inside.lot.one_in(3);
                let command =
                    if helps { people::help(&case, who, &mut inside) } else { people::meddle(&case, who, &mut inside) };
                drop(inside);
                if let Some(command) = command {
                    self.begin(daemon, "case", Box::pin(async move { decide(stage, daemon, &case, command).await }));
                }
            }
        }
    }

    fn a_case(&self) -> Option<Rc<Case>> {
        let cases = live(self.stage);
        let chosen = self.draw(cases.len());
        cases.into_iter().nth(chosen)
    }

    /// Live or in the archive.
    fn a_case_ever(&self) -> Option<Rc<Case>> {
        let live = live(self.stage);
        let filed = self.stage.world.lock().archive.len();
        let chosen = self.draw(live.len() + filed);
        live.get(chosen).cloned().or_else(|| {
            let inside = self.stage.world.lock();
            inside.archive.values().nth(chosen - live.len()).map(|dossier| Rc::new(end::archived(dossier)))
        })
    }

    /// Something under way goes one breath further.
    pub fn breath(&mut self) {
        let chosen = self.draw(self.under_way.len());
        let Some(activity) = self.under_way.get_mut(chosen) else { return };
        let daemon = activity.daemon;
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(done) = activity.doing.as_mut().poll(&mut context) {
            let ended = self.under_way.remove(chosen);
            let mut inside = self.stage.world.lock();
            if let Err(fault) = done {
                inside.tell(|| format!("daemon {daemon}: {} ended: {fault}", ended.what));
                // A batch that could not be taken in is fetched again in the next session.
                inside.daemons[daemon].handed.clear();
            }
        }
        let stops = {
            let inside = self.stage.world.lock();
            inside.daemons[daemon].killed || inside.daemons[daemon].failed
        };
        if stops {
            self.restart(daemon);
        }
    }

    /// The backup that is due at this breath, or the loss.
    pub fn suffers(&mut self, loss: &mut Option<Loss>, breath: usize) {
        let Some(loss) = loss else { return };
        if loss.backed_up == breath {
            loss.backup = Some(restore::back_up(self.stage));
        }
        if loss.lost == breath
            && let Some(backup) = loss.backup.take()
        {
            self.under_way.clear();
            restore::restore(self.stage, &backup);
        }
    }

    pub fn restart(&mut self, daemon: usize) {
        self.under_way.retain(|activity| activity.daemon != daemon);
        self.stage.world.lock().ends(daemon);
        if self.daemons == 1 {
            self.stage.world.store.kept(memory::Kept::restart);
        }
    }
}

/// Requests that are not yet in the archive.
pub fn live(stage: &Stage) -> Vec<Rc<Case>> {
    stage.world.store.kept(|kept| {
        let keys: Vec<CaseKey> = kept.cases.keys().filter(|key| judge::is_request(key)).cloned().collect();
        keys.iter().filter_map(|key| judge::case_of(kept, key)).collect()
    })
}

pub async fn intake(stage: &Stage, daemon: usize) -> Result<(), Fault> {
    let luck = stage.world.turn(daemon, "fetch").await;
    if matches!(luck, Luck::Cut | Luck::LostAnswer) {
        return Err(world::cut());
    }
    let (validity, batch) = {
        let mut inside = stage.world.lock();
        let handed = &inside.daemons[daemon].handed;
        let new = inside.mailbox.iter().filter(|mail| mail.filed.is_none() && !handed.contains(&mail.uid));
        let batch: Vec<_> = new.take(8).cloned().collect();
        inside.daemons[daemon].handed.extend(batch.iter().map(|mail| mail.uid));
        (inside.uid_validity, batch)
    };
    stage.world.done(daemon, luck).await;
    let arrival = |mail: &world::Lying| Arrival {
        origin: Origin {
            mailbox: "utama".to_owned(),
            folder: "INBOX".to_owned(),
            uid_validity: validity,
            uid: mail.uid,
            name: String::new(),
        },
        body: ArrivalBody::Raw(mail.raw.to_vec()),
    };
    let arrivals = batch.iter().map(arrival).collect();
    let filed = stage.engines[daemon].take_in(&stage.mailbox, arrivals, Patience::Waits).await?;
    let luck = stage.world.turn(daemon, "file").await;
    if luck == Luck::Cut {
        return Err(world::cut());
    }
    for (origin, folder) in &filed {
        let raw = {
            let mut inside = stage.world.lock();
            // The mailbox was made anew meanwhile: the mail is fetched once more, and known.
            if inside.uid_validity != origin.uid_validity {
                continue;
            }
            let mail = inside.mailbox.iter_mut().find(|mail| mail.uid == origin.uid).expect("it was fetched");
            mail.filed = Some(*folder);
            mail.raw.clone()
        };
        judge::filed(&stage.world, &raw, *folder);
    }
    stage.world.done(daemon, luck).await;
    Ok(())
}

pub async fn dispatch(stage: &Stage, daemon: usize) -> Result<(), Fault> {
    stage.engines[daemon].dispatch_due().await.map(drop)
}

pub async fn archive(stage: &Stage, daemon: usize) -> Result<(), Fault> {
    let engine = &stage.engines[daemon];
    engine.store.destroy_expired_secrets(loket::engine::port::Clock::now(&*engine.clock)).await?;
    engine.file_closed().await.map(drop)
}
