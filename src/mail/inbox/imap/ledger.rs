//! Which mails of the folder were handed out, by UID under one UIDVALIDITY. In memory: it keeps one session from handing
//! out a mail twice; across restarts the store's seen keys do.

use std::collections::HashSet;

#[derive(Default)]
pub(super) struct Ledger {
    uid_validity: u32,
    handed: HashSet<u32>,
}

impl Ledger {
    /// Names the folder's UIDVALIDITY; another one than before means that every UID has lost its meaning (RFC 9051 §2.3.1.1).
    pub fn opened(&mut self, uid_validity: u32) {
        if self.uid_validity != uid_validity {
            self.uid_validity = uid_validity;
            self.handed.clear();
        }
    }

    pub fn hand_out(&mut self, uid: u32) {
        self.handed.insert(uid);
    }

    pub fn has_handed_out(&self, uid: u32) -> bool {
        self.handed.contains(&uid)
    }

    /// Forgets mails that have left the folder, so that the ledger does not grow with the years.
    pub fn left(&mut self, uid_validity: u32, uids: &[u32]) {
        if self.uid_validity == uid_validity {
            for uid in uids {
                self.handed.remove(uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    #[test]
    fn a_new_uidvalidity_forgets_every_uid() {
        let mut ledger = Ledger::default();
        ledger.opened(7);
        ledger.hand_out(1);

        ledger.opened(7);
        assert!(ledger.has_handed_out(1));

        ledger.opened(8);
        assert!(!ledger.has_handed_out(1));
    }
}
