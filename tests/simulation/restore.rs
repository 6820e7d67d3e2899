//! A backup, the loss of the store, and the office that is restored from it: what a restore makes of the store in memory, what
//! the world remembers of the time that is on no record any more, and what people do then.

use std::collections::BTreeSet;

use loket::engine::port::Fault;
use loket::engine::store::{CaseKey, LinkState, RowState, TIME_SEEN};
use loket::sop::names::CaseNumber;
use loket::sop::phase::{Phase, RevealKind, RevealState};

use super::judge;
use super::memory::Kept;
use super::office::Stage;
use super::world::{Inside, alone, name_of};

/// Up to so much an epoch is further on than the one before, and so many numbers are left out, once or several times, where
/// nobody can tell which were given out.
const STRIDE: usize = 1000;
const GAP: u32 = 1000;
const GAPS: usize = 9;

/// A backup, and which mails were filed by then.
pub struct Backup {
    kept: Kept,
    filed: Vec<bool>,
}

/// What a restore leaves nothing on record of.
#[derive(Default)]
pub struct Forgotten {
    /// Keys of resets that were ordered before.
    pub orders: BTreeSet<String>,
    /// Letters, by name, that went before.
    pub letters: BTreeSet<String>,
    /// Results, by case and issue, that waited: no backup holds them.
    pub results: BTreeSet<(CaseNumber, u32)>,
    /// Cases that were filed since the backup.
    pub filed: Vec<CaseKey>,
}

/// A store that is to be lost: the breaths at which its backup is taken and it is lost, and the backup.
pub struct Loss {
    pub backed_up: usize,
    pub lost: usize,
    pub backup: Option<Backup>,
}

pub fn back_up(stage: &Stage) -> Backup {
    let mut inside = stage.world.lock();
    inside.tell(|| "a backup is taken".to_owned());
    let filed = inside.mailbox.iter().map(|mail| mail.filed.is_some()).collect();
    Backup { kept: stage.world.store.kept(|kept| kept.clone()), filed }
}

/// The store is gone, or somebody puts the backup over it by force; the office opens on the backup, with the archive, the mails
/// and the account system as they are. Whoever was at work has stopped.
pub fn restore(stage: &Stage, backup: &Backup) {
    let mut inside = stage.world.lock();
    inside.counts.restores += 1;
    (0..inside.daemons.len()).for_each(|daemon| inside.ends(daemon));
    let stride = inside.lot.below(STRIDE) as u64;
    let gap = if inside.lot.one_in(2) { Some(GAP * (1 + inside.lot.below(GAPS) as u32)) } else { None };
    inside.tell(|| format!("the backup is restored, with a gap of {gap:?}"));
    stage.world.store.kept(|kept| {
        kept.replaced_by(&backup.kept, stride, gap);
        inside.forgets(kept);
    });
    inside.moves_back(&backup.filed);
    let faults = std::mem::take(&mut inside.faults);
    drop(inside);
    alone(stage.engines[0].reconcile()).expect("nothing fails while the office opens");
    judge::opened(&stage.world);
    stage.world.lock().faults = faults;
}

impl Kept {
    /// A backup in the place of this store, which was lost where numbers are left out.
    fn replaced_by(&mut self, backup: &Self, stride: u64, gap: Option<u32>) {
        let lost = std::mem::replace(self, backup.clone());
        self.epochs += 1 + stride;
        match gap {
            Some(gap) => self.leave_out(gap),
            None => {
                self.epochs = self.epochs.max(lost.epochs + 1 + stride);
                for (name, serial) in lost.series {
                    let known = self.series.entry(name).or_default();
                    *known = serial.max(*known);
                }
            }
        }
        self.secrets.clear();
        self.documents.retain(|(family, _), _| family != TIME_SEEN);
        let live = self.links.values_mut().filter(|link| link.state == LinkState::Live);
        live.for_each(|link| link.state = LinkState::Void);
        for (row, _) in self.rows.values_mut().filter(|(row, _)| row.state == RowState::Waiting) {
            (row.state, row.note) = (RowState::Held, Some("held by a restore".to_owned()));
        }
        self.restart();
    }

    fn leave_out(&mut self, gap: u32) {
        let year = super::office::first_morning().date_naive().format("%Y").to_string();
        self.series.entry(("LPSE".to_owned(), year.parse().expect("a year is a number"))).or_default();
        for ((prefix, _), serial) in &mut self.series {
            *serial += if prefix == "LPSE" { gap } else { 0 };
        }
    }
}

impl Inside {
    /// One office in sixteen loses its store.
    pub fn plans_a_loss(&mut self, breaths: usize) -> Option<Loss> {
        self.loses_its_store = self.lot.one_in(16);
        let backed_up = self.lot.below(breaths);
        let lost = backed_up + self.lot.below(breaths - backed_up);
        self.loses_its_store.then_some(Loss { backed_up, lost, backup: None })
    }

    fn forgets(&mut self, kept: &Kept) {
        self.forgotten.orders.extend(self.ordered.keys().cloned());
        let went: Vec<String> = self.post.keys().map(|id| name_of(id).to_owned()).collect();
        // Whoever looks cannot tell of every letter whether it went.
        went.iter().for_each(|name| self.excuse(name.clone()));
        self.forgotten.letters.extend(went);
        let filed = self.archive.values().map(|dossier| dossier.key.clone());
        self.forgotten.filed = filed.filter(|key| !kept.gone.contains_key(key)).collect();
        for key in kept.cases.keys().filter(|key| judge::is_request(key)) {
            let Some(case) = judge::case_of(kept, key) else { continue };
            if let Phase::Delivered { reveal, .. } = &case.phase
                && reveal.state == RevealState::Waiting
                && reveal.what != RevealKind::SystemLink
            {
                self.forgotten.results.insert((key.number.clone(), reveal.issue));
            }
        }
    }

    /// Mails that were filed since the backup go back into the inbox, from either folder.
    fn moves_back(&mut self, filed: &[bool]) {
        for (nth, mail) in self.mailbox.iter_mut().enumerate() {
            if filed.get(nth) != Some(&true) {
                mail.filed = None;
            }
        }
    }
}

/// Somebody looks at what is held: most of it goes on, some of it is dropped.
pub async fn release(stage: &Stage, daemon: usize) -> Result<(), Fault> {
    let engine = &stage.engines[daemon];
    for (_, row) in engine.store.stuck_rows(&engine.office.id).await? {
        let row = row?;
        if row.state != RowState::Held {
            continue;
        }
        let drops = row.kind != "wake" && stage.world.lock().lot.one_in(5);
        if drops {
            let name = format!("{}.{}", row.key.number, row.id).to_lowercase();
            stage.world.lock().refused.insert(name);
            engine.drop_stuck(&row, "uid 0").await?;
        } else {
            engine.try_again(&row).await?;
        }
    }
    Ok(())
}

pub fn is_held(stage: &Stage) -> bool {
    stage.world.store.kept(|kept| kept.rows.values().any(|(row, _)| row.state == RowState::Held))
}
