//! What the world refuses for good, until somebody changes it: mailboxes that are gone, letters that a server will not have,
//! accounts that the account system does not reset as it was asked to.

use std::sync::Arc;

use loket::demo::samples::people::{MAIL_SERVER, MAILBOX};
use loket::engine::port::{Fault, Outgoing};
use loket::sop::names::{Address, UserId};

use super::papers::REQUESTS;
use super::people;
use super::world::{Inside, World, name_of};

/// When senders hear that a mailbox is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The next server knows, and does not take the letter.
    AtOnce,
    /// A later one knows, and sends it back.
    Later,
}

/// What the account system does with an account in the place of setting its password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stance {
    NotPermitted,
    NoSuchAccount,
    MailsALink,
    ByHand,
}

/// A letter that a later server could not deliver, on its way back.
pub struct Returning {
    letter: Outgoing,
    reader: Address,
}

/// Somebody's mailbox goes, or is there again.
pub fn mailbox(world: &World) {
    let mut inside = world.lock();
    let nth = inside.lot.below(world.readers.len());
    let reader = mailbox_of(&world.readers[nth]);
    let how = if inside.lot.one_in(2) { Gone::AtOnce } else { Gone::Later };
    inside.tell(|| format!("the mailbox of {reader} changes: {how:?}"));
    if inside.gone.remove(&reader).is_none() {
        inside.gone.insert(reader, how);
    }
}

/// The account system changes its mind about an account.
pub fn account(inside: &mut Inside) {
    let (_, who) = REQUESTS[inside.lot.below(REQUESTS.len())];
    let all = [Stance::NotPermitted, Stance::NoSuchAccount, Stance::MailsALink, Stance::ByHand];
    let stance = all.get(inside.lot.below(all.len() + 1)).copied();
    inside.tell(|| format!("the account of {} changes: {stance:?}", who.name));
    match stance {
        Some(stance) => drop(inside.stances.insert(who.user_id.to_owned(), stance)),
        None => drop(inside.stances.remove(who.user_id)),
    }
}

fn mailbox_of(address: &Address) -> String {
    address.as_str().to_lowercase()
}

impl Inside {
    pub fn stance(&self, user_id: &UserId) -> Option<Stance> {
        self.stances.get(&user_id.0).copied()
    }

    /// What the next server says of a letter for good. An addressee that it does not know costs the letter; a copy costs
    /// nothing, as the courier sends the letter all the same.
    pub fn refuses(&mut self, letter: &Outgoing) -> Option<Fault> {
        let unknown = letter.to.iter().any(|to| self.gone.get(&mailbox_of(to)) == Some(&Gone::AtOnce));
        let unwelcome = self.faults && self.lot.one_in(40);
        let answer = match (unknown, unwelcome) {
            (true, _) => "550 5.1.1 User unknown in local recipient table",
            (false, true) => "554 5.7.1 Message content rejected",
            (false, false) => return None,
        };
        let name = name_of(&letter.message_id).to_owned();
        self.tell(|| format!("{name} is refused: {answer}"));
        self.counts.refused += 1;
        self.refused.insert(name);
        Some(Fault::permanent(format!("the next server answers {answer}")))
    }

    /// Which readers of a letter that was taken will turn out not to be there.
    pub fn sends_back(&mut self, letter: &Outgoing) {
        let readers = letter.to.iter().chain(&letter.bcc);
        let gone = readers.filter(|reader| self.gone.get(&mailbox_of(reader)) == Some(&Gone::Later)).cloned();
        let back: Vec<_> = gone.map(|reader| Returning { letter: letter.clone(), reader }).collect();
        self.returning.extend(back);
    }
}

/// A letter that was on its way back arrives; `false` where none was.
pub fn comes_back(inside: &mut Inside) -> bool {
    if inside.returning.is_empty() {
        return false;
    }
    let Returning { letter, reader } = inside.returning.remove(0);
    inside.bounced.insert(name_of(&letter.message_id).to_owned());
    inside.counts.returned += 1;
    returned(inside, &letter, &reader, &letter.message_id);
    true
}

/// A report of a letter that did not arrive, in the words of Postfix, and with the letter's Message-ID as it is given here.
pub fn returned(inside: &mut Inside, letter: &Outgoing, reader: &Address, message_id: &str) {
    inside.counts.bounces += 1;
    let (serial, at) = (inside.counts.bounces, inside.now.to_rfc2822());
    let (to, subject) = (reader.as_str(), &letter.subject);
    let domain = reader.domain();
    let because = format!("550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table");
    let raw = format!(
        "Return-Path: <>\r\nReceived: by {MAIL_SERVER} (Postfix)\r\n\tid 4Retur{serial}; {at}\r\nDate: {at}\r\n\
         From: MAILER-DAEMON@{MAIL_SERVER} (Mail Delivery System)\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         To: {MAILBOX}\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"4Retur{serial}/{MAIL_SERVER}\"\r\n\
         Message-Id: <retur.{serial}@{MAIL_SERVER}>\r\n\r\nThis is a MIME-encapsulated message.\r\n\r\n\
         --4Retur{serial}/{MAIL_SERVER}\r\nContent-Description: Notification\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\nThis is the mail system at host {MAIL_SERVER}.\r\n\r\n\
         I'm sorry to have to inform you that your message could not\r\nbe delivered to one or more recipients.\r\n\r\n\
         <{to}>: host mx.{domain}[192.0.2.7] said: {because} (in reply to RCPT TO command)\r\n\r\n\
         --4Retur{serial}/{MAIL_SERVER}\r\nContent-Description: Delivery report\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; {MAIL_SERVER}\r\n\
         X-Postfix-Queue-ID: 4Retur{serial}\r\nX-Postfix-Sender: rfc822; {MAILBOX}\r\nArrival-Date: {at}\r\n\r\n\
         Final-Recipient: rfc822; {to}\r\nOriginal-Recipient: rfc822;{to}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Remote-MTA: dns; mx.{domain}\r\nDiagnostic-Code: smtp; {because}\r\n\r\n\
         --4Retur{serial}/{MAIL_SERVER}\r\nContent-Description: Undelivered Message Headers\r\n\
         Content-Type: text/rfc822-headers\r\n\r\nReturn-Path: <{MAILBOX}>\r\nFrom: <{MAILBOX}>\r\nTo: <{to}>\r\n\
         Subject: {subject}\r\nMessage-ID: <{message_id}>\r\nAuto-Submitted: auto-replied\r\n\r\n\
         --4Retur{serial}/{MAIL_SERVER}--\r\n"
    );
    people::lay(inside, Arc::new(raw.into_bytes()));
}
