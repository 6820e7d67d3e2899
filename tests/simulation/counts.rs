//! What the seeds of a run met together.

/// What a run met, so that a run that meets nothing is noticed.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub kills: u64,
    pub cuts: u64,
    pub lost_answers: u64,
    pub stalls: u64,
    pub jumps: u64,
    pub store_failures: u64,
    pub resets: u64,
    pub unknown: u64,
    pub letters: u64,
    pub twice: u64,
    pub mails: u64,
    pub archived: u64,
    pub bounces: u64,
    pub renumbered: u64,
    pub admitted: u64,
    /// Letters that were refused for good, and those that came back since their reader's mailbox is gone.
    pub refused: u64,
    pub returned: u64,
    /// Resets that the account system refused for good, left to a person, or did by a link of its own.
    pub denied: u64,
    pub by_hand: u64,
    pub links: u64,
    pub restores: u64,
}

impl Counts {
    pub fn add(&mut self, o: &Self) {
        let pairs = [
            (&mut self.kills, o.kills),
            (&mut self.cuts, o.cuts),
            (&mut self.lost_answers, o.lost_answers),
            (&mut self.stalls, o.stalls),
            (&mut self.jumps, o.jumps),
            (&mut self.store_failures, o.store_failures),
            (&mut self.resets, o.resets),
            (&mut self.unknown, o.unknown),
            (&mut self.letters, o.letters),
            (&mut self.twice, o.twice),
            (&mut self.mails, o.mails),
            (&mut self.archived, o.archived),
            (&mut self.bounces, o.bounces),
            (&mut self.renumbered, o.renumbered),
            (&mut self.admitted, o.admitted),
            (&mut self.refused, o.refused),
            (&mut self.returned, o.returned),
            (&mut self.denied, o.denied),
            (&mut self.by_hand, o.by_hand),
            (&mut self.links, o.links),
            (&mut self.restores, o.restores),
        ];
        pairs.into_iter().for_each(|(sum, n)| *sum += n);
    }
}
