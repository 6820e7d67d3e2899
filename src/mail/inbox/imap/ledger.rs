//! Which mails of the folder were handed out, by UID under one UIDVALIDITY, and which are to be once more. In memory: it
//! keeps one session from handing out a mail twice unasked; across restarts the store's seen keys do.

use std::collections::HashSet;

#[derive(Default)]
pub(super) struct Ledger {
    uid_validity: u32,
    handed: HashSet<u32>,
    /// To be handed out once more.
    again: HashSet<u32>,
    /// Mails were handed back that nobody has listed since.
    unlisted: bool,
}

impl Ledger {
    /// Names the folder's UIDVALIDITY; another one than before means that every UID has lost its meaning (RFC 9051 §2.3.1.1).
    pub fn opened(&mut self, uid_validity: u32) {
        if self.uid_validity != uid_validity {
            self.uid_validity = uid_validity;
            self.handed.clear();
            self.again.clear();
        }
    }

    pub fn hand_out(&mut self, uid: u32) {
        self.again.remove(&uid);
        self.handed.insert(uid);
    }

    /// Forgets that a mail was handed out.
    pub fn hand_back(&mut self, uid_validity: u32, uid: u32) {
        if self.uid_validity == uid_validity && self.handed.remove(&uid) {
            self.again.insert(uid);
            self.unlisted = true;
        }
    }

    /// Whether the folder is to be listed anew; asked once, false until more is handed back.
    pub fn is_to_be_listed(&mut self) -> bool {
        std::mem::take(&mut self.unlisted)
    }

    /// Whether a mail comes once more.
    pub fn comes_again(&self, uid: u32) -> bool {
        self.again.contains(&uid)
    }

    /// Forgets those handed back that somebody took away, after a look at everything that is there.
    pub fn keep(&mut self, is_there: impl Fn(u32) -> bool) {
        self.again.retain(|uid| is_there(*uid));
    }

    /// Whether a mail was handed out and has not left, as far as is known.
    pub fn holds(&self, uid_validity: u32, uid: u32) -> bool {
        self.uid_validity == uid_validity && (self.handed.contains(&uid) || self.again.contains(&uid))
    }

    pub fn has_handed_out(&self, uid: u32) -> bool {
        self.handed.contains(&uid)
    }

    /// Forgets mails that have left the folder, so that the ledger does not grow with the years.
    pub fn left(&mut self, uid_validity: u32, uids: &[u32]) {
        if self.uid_validity == uid_validity {
            for uid in uids {
                self.handed.remove(uid);
                self.again.remove(uid);
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

    #[test]
    fn a_mail_is_handed_back_once_and_is_there_until_it_left() {
        let mut ledger = Ledger::default();
        ledger.opened(7);
        ledger.hand_out(1);

        ledger.hand_back(8, 1);
        assert!(!ledger.is_to_be_listed() && ledger.has_handed_out(1), "of another UIDVALIDITY");
        ledger.hand_back(7, 1);
        ledger.hand_back(7, 2);

        assert!(ledger.is_to_be_listed() && !ledger.is_to_be_listed());
        assert!(!ledger.has_handed_out(1) && ledger.comes_again(1) && ledger.holds(7, 1));
        assert!(!ledger.holds(7, 2) && !ledger.holds(8, 1));
        ledger.hand_out(1);
        assert!(ledger.has_handed_out(1) && !ledger.comes_again(1) && ledger.holds(7, 1));
        ledger.left(7, &[1]);
        assert!(!ledger.holds(7, 1));
    }
}
