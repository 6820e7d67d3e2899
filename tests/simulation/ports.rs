//! The engine's ports over the world, one set for each daemon. Each call is a boundary at which something may go wrong.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use loket::accounts::register::Register;
use loket::dossier::Read;
use loket::dossier::page::{Contents, Paper};
use loket::engine::archive::*;
use loket::engine::evidence::FileHead;
use loket::engine::office::Worked;
use loket::engine::port::*;
use loket::engine::store::*;
use loket::sop::names::{CaseNumber, OfficeId, Sha256Hex};

use super::papers::Papers;
use super::world::{Luck, World, cut, name_of};

/// A daemon's view of the world.
#[derive(Clone)]
pub struct Port {
    pub world: Arc<World>,
    pub daemon: usize,
    pub accounts: Arc<Register>,
    pub papers: Arc<Papers>,
}

pub type Answer<'a, T> = BoxFuture<'a, Result<T, Fault>>;

impl Clock for Port {
    /// It goes on with every look: two looks within one step are two moments.
    fn now(&self) -> DateTime<Utc> {
        let mut inside = self.world.lock();
        inside.now += TimeDelta::microseconds(1);
        inside.now + inside.daemons[self.daemon].skew
    }
}

impl Courier for Port {
    fn send<'a>(&'a self, letter: &'a Outgoing) -> Answer<'a, ()> {
        Box::pin(async move {
            let name = name_of(&letter.message_id).to_owned();
            *self.world.lock().offers.entry(name.clone()).or_default() += 1;
            let luck = self.world.turn(self.daemon, "send").await;
            if luck == Luck::Cut {
                return Err(cut());
            }
            let refused = self.world.lock().refuses(letter);
            if let Some(said) = refused {
                self.world.done(self.daemon, luck).await;
                return Err(if luck == Luck::LostAnswer { cut() } else { said });
            }
            {
                let mut inside = self.world.lock();
                inside.sends_back(letter);
                inside.tell(|| format!("daemon {}: {} is sent", self.daemon, letter.message_id));
                inside.counts.letters += 1;
                match luck {
                    Luck::LostAnswer => inside.excuse(name),
                    _ => inside.daemons[self.daemon].unrecorded.push(name),
                }
                match inside.post.get_mut(&letter.message_id) {
                    None => drop(inside.post.insert(letter.message_id.clone(), (letter.clone(), 1))),
                    Some((before, times)) => {
                        assert!(*before == *letter, "one Message-ID carried two letters: {}", letter.message_id);
                        *times += 1;
                        inside.counts.twice += 1;
                    }
                }
            }
            self.world.done(self.daemon, luck).await;
            if luck == Luck::LostAnswer { Err(Fault::unknown("no answer after the final dot")) } else { Ok(()) }
        })
    }

    fn probe(&self) -> Answer<'_, String> {
        Box::pin(async { Ok(String::new()) })
    }
}

impl Reader for Port {
    fn read(&self, raw: Arc<Vec<u8>>) -> Answer<'_, Contents> {
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "read").await;
            self.world.done(self.daemon, luck).await;
            if matches!(luck, Luck::Cut | Luck::LostAnswer) {
                return Err(Fault::transient("the reading worker died"));
            }
            Ok(self.papers.of_mail(&String::from_utf8_lossy(&raw)))
        })
    }

    /// On no other thread: a seed plays the same each time.
    fn documents(&self, papers: Vec<Paper>, worked: Arc<Worked>) -> BoxFuture<'_, Vec<Read>> {
        Box::pin(async move { self.papers.documents(&papers, &worked.recognition) })
    }

    fn picture(&self, _: Arc<Vec<u8>>, _: String, _: u32, _: u32) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(async { None })
    }
}

fn receipt(dossier: &ArchiveDossier) -> Receipt {
    let (number, hash) = (dossier.key.number.clone(), Sha256Hex("0".repeat(64)));
    let bytes = dossier.items.iter().map(|item| item.bytes.len() as u64).sum();
    Receipt { number, file: "archive".into(), position: 1, hash, items: dossier.items.len(), bytes }
}

impl Archive for Port {
    fn keep(&self, dossier: ArchiveDossier) -> Answer<'_, Receipt> {
        Box::pin(async move {
            let luck = self.world.turn(self.daemon, "archive").await;
            if luck == Luck::Cut {
                return Err(cut());
            }
            {
                let mut inside = self.world.lock();
                let number = dossier.key.number.clone();
                match inside.archive.get(&number) {
                    Some(kept) => super::judge::kept_again(kept, &dossier),
                    None => {
                        if inside.loses_its_store {
                            let journal = self.world.store.kept(|kept| kept.events.get(&dossier.key).cloned());
                            inside.journals.insert(number.clone(), journal.unwrap_or_default());
                        }
                        inside.counts.archived += 1;
                        inside.archive.insert(number, dossier.clone());
                    }
                }
            }
            self.world.done(self.daemon, luck).await;
            if luck == Luck::LostAnswer {
                return Err(cut());
            }
            Ok(receipt(&dossier))
        })
    }

    fn receipt<'a>(&'a self, number: &'a CaseNumber) -> Answer<'a, Option<Receipt>> {
        Box::pin(async move { Ok(self.world.lock().archive.get(number).map(receipt)) })
    }

    /// Journals are kept for a restore alone: else a dossier is compared when it is filed again.
    fn kinships(&self, live: Vec<CaseKey>) -> Answer<'_, Compared> {
        Box::pin(async move {
            let inside = self.world.lock();
            let stands = self.world.store.kept(|kept| {
                let filed = live.into_iter().filter_map(|key| Some((inside.journals.get(&key.number)?, key)));
                let stands = filed.map(|(journal, key)| {
                    let begins = kept.events.get(&key).is_some_and(|held| journal.starts_with(held));
                    (key, Ok(if begins { Kinship::Whole } else { Kinship::Apart }))
                });
                stands.collect()
            });
            Ok(Compared { stands, in_part: false })
        })
    }

    fn ahead<'a>(&'a self, _: &'a OfficeId) -> Answer<'a, Ahead> {
        Box::pin(async move {
            let dossiers = self.world.lock().forgotten.filed.clone();
            Ok(Ahead { dossiers, ..Ahead::default() })
        })
    }

    fn survey<'a>(&'a self, _: &'a str) -> Answer<'a, Survey> {
        Box::pin(async { Ok(Survey::default()) })
    }

    fn show<'a>(&'a self, _: &'a CaseNumber) -> Answer<'a, Option<ArchivedDossier>> {
        Box::pin(async { Ok(None) })
    }

    fn examine<'a>(&'a self, _: &'a CaseNumber) -> Answer<'a, Option<Examined>> {
        Box::pin(async { Ok(None) })
    }

    fn item<'a>(&'a self, number: &'a CaseNumber, name: &'a str) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let inside = self.world.lock();
            let items = inside.archive.get(number).map(|dossier| dossier.items.as_slice());
            let item = items.unwrap_or_default().iter().find(|item| item.name == name);
            Ok(item.map(|item| item.bytes.clone()))
        })
    }

    fn export<'a>(&'a self, _: &'a CaseNumber, _: &'a Path) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn pack_bag<'a>(&'a self, _: &'a CaseNumber) -> Answer<'a, Vec<u8>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn destroy<'a>(&'a self, _: &'a CaseNumber, _: &'a Destruction) -> Answer<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn heads(&self) -> Answer<'_, Vec<FileHead>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn verify(&self) -> Answer<'_, Vec<Damage>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
