//! How a mail's sender stands to us, by the mail's headers and the cases alone: it is known before anything is read.

use std::collections::BTreeMap;

use super::look::{Looked, is_trusted};
use super::tally::{Domain, Standing, Tally};
use super::{Intake, Mailbox};
use crate::engine::Engine;
use crate::engine::port::Fault;
use crate::engine::store::CaseKey;
use crate::engine::weave::family;
use crate::mail::message::Inbound;
use crate::sop::account::Account;
use crate::sop::case::Case;
use crate::sop::names::CaseNumber;

/// Cases as a batch leaves them, with their versions.
pub(super) type OnDesk = BTreeMap<CaseKey, (u64, Case)>;

impl Intake<'_> {
    pub(super) async fn standing(&self, mail: &Looked) -> Result<Standing, Fault> {
        self.engine.standing(self.mailbox, &mail.inbound, &self.desk).await
    }

    pub(super) async fn case_of(&self, mail: &Looked) -> Result<Option<(CaseKey, Option<Case>)>, Fault> {
        self.engine.case_of(&mail.inbound, &self.desk).await
    }
}

impl Engine {
    /// Whether a mail is sure to be put aside. An admin's answer to a letter of ours is always read.
    pub(super) async fn is_beyond(&self, mailbox: &Mailbox, inbound: &Inbound, day: &Tally) -> Result<bool, Fault> {
        let room = |standing| day.has_room(inbound.sender(), standing, &mailbox.limits);
        if room(at_large(mailbox, inbound)) {
            return Ok(false);
        }
        if !points_to_us(inbound) {
            return Ok(true);
        }
        let home = room(Standing::AtHome) && self.standing(mailbox, inbound, &OnDesk::new()).await? == Standing::AtHome;
        Ok(!home && self.answer_of(inbound).await?.is_none())
    }

    /// Nobody else's flood keeps an applicant from completing what they were asked for.
    async fn standing(&self, mailbox: &Mailbox, inbound: &Inbound, desk: &OnDesk) -> Result<Standing, Fault> {
        if !inbound.authenticity.is_authenticated() {
            return Ok(at_large(mailbox, inbound));
        }
        let home = matches!(self.case_of(inbound, desk).await?, Some((_, Some(case))) if belongs(&case, inbound));
        Ok(if home { Standing::AtHome } else { at_large(mailbox, inbound) })
    }

    /// The case a mail points to by number or thread, live or not.
    async fn case_of(&self, inbound: &Inbound, desk: &OnDesk) -> Result<Option<(CaseKey, Option<Case>)>, Fault> {
        let mut keys: Vec<CaseKey> = inbound.case_tag.iter().map(|number| self.key(number)).collect();
        for id in inbound.in_reply_to.iter().chain(inbound.references.iter().rev()) {
            keys.extend(self.store.find(&self.office.id, family::MESSAGE, id).await?);
        }
        let mut known = None;
        for key in keys {
            if let Some((_, case)) = self.case_on(desk, &key).await? {
                if !case.phase.is_closed() {
                    return Ok(Some((key, Some(case))));
                }
                known.get_or_insert((key, None));
            } else if self.is_archived(&key.number).await {
                known.get_or_insert((key, None));
            }
        }
        Ok(known)
    }

    /// Of a number whose archive file is damaged nobody can say; no mail waits for that.
    async fn is_archived(&self, number: &CaseNumber) -> bool {
        self.archive.receipt(number).await.map_or_else(
            |fault| {
                tracing::error!(case = %number, "the archive cannot tell whether this case was filed: {fault}");
                true
            },
            |receipt| receipt.is_some(),
        )
    }

    /// The case as a batch has it so far.
    pub(super) async fn case_on(&self, desk: &OnDesk, key: &CaseKey) -> Result<Option<(u64, Case)>, Fault> {
        match desk.get(key) {
            Some(known) => Ok(Some(known.clone())),
            None => self.load(key).await,
        }
    }
}

/// Whether the day has no room for a mail, proven or not.
pub(super) fn is_full(mailbox: &Mailbox, inbound: &Inbound, day: &Tally) -> bool {
    let domain = domain(mailbox, inbound);
    let room = |standing| day.has_room(inbound.sender(), standing, &mailbox.limits);
    let unasked = !mailbox.require_authenticated && room(Standing::Unasked(domain));
    !(points_to_us(inbound) || room(Standing::Proven(domain)) || room(Standing::Unproven(domain)) || unasked)
}

/// How a mail stands to us, whatever case it points to.
fn at_large(mailbox: &Mailbox, inbound: &Inbound) -> Standing {
    let domain = domain(mailbox, inbound);
    if inbound.authenticity.is_authenticated() {
        Standing::Proven(domain)
    } else if is_trusted(mailbox, inbound) {
        Standing::Unasked(domain)
    } else {
        Standing::Unproven(domain)
    }
}

fn domain(mailbox: &Mailbox, inbound: &Inbound) -> Domain {
    let rules = &mailbox.worked.procedure.confirmation;
    let free = inbound.sender().is_some_and(|sender| rules.is_free_mail(sender.domain()));
    if free { Domain::FreeMail } else { Domain::Office }
}

/// Whether a mail names a case, or answers a letter of ours.
fn points_to_us(inbound: &Inbound) -> bool {
    inbound.case_tag.is_some() || inbound.answers_us
}

/// Whether the sender wrote in this case before, or is the account's registered address.
pub(super) fn belongs(case: &Case, inbound: &Inbound) -> bool {
    let Some(sender) = inbound.sender() else { return false };
    let wrote = case.mails.iter().any(|m| m.from.as_ref().is_some_and(|from| from.same_mailbox(sender)));
    wrote || case.account.as_ref().is_some_and(|account| account.email.same_mailbox(sender))
}

/// Whether a mail is proven to come from the address an account is registered with.
pub(super) fn is_own(inbound: &Inbound, account: &Account) -> bool {
    inbound.authenticity.is_authenticated() && inbound.sender().is_some_and(|sender| account.email.same_mailbox(sender))
}
