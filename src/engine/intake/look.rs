//! Looks at one mail: its headers in this process, its body and papers in the reading worker.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

use super::standing::is_full;
use super::tally::Tally;
use super::{Mailbox, Patience};
use crate::dossier::page::{Contents, Paper};
use crate::dossier::{MailFacts, Read};
use crate::engine::Engine;
use crate::engine::admins::Proof;
use crate::engine::port::{Arrival, ArrivalBody, Fault, Origin};
use crate::mail::authenticity::Authenticity as Judged;
use crate::mail::headers::Headers;
use crate::mail::message::Inbound;
use crate::mail::proof::{Question, Said, signature_keys};
use crate::sop::case::{Attachment, Authenticity, MailRef};
use crate::sop::names::{Address, Sha256Hex};

/// A mail as far as it could be understood on its own.
pub struct Looked {
    pub origin: Origin,
    pub raw: Arc<Vec<u8>>,
    /// Hash of `raw`; of a mail too large, of its header section.
    pub sha256: Sha256Hex,
    pub inbound: Inbound,
    pub facts: MailFacts,
    /// What its papers are, and what stands in them.
    pub documents: Vec<Read>,
    pub received_at: DateTime<Utc>,
    pub trusted: bool,
    /// Its sender's domain cannot be asked at the moment: nothing is decided about it yet.
    pub waits: bool,
    /// Its sender, or the day, had its share already: it was not taken apart.
    pub beyond: bool,
    /// What the code in it proved. A mail is routed again where somebody else was faster, and its code counts once.
    pub proof: OnceLock<Proof>,
}

impl Engine {
    /// `day` is what came in before: neither a mail beyond its limits nor one that came before costs any reading.
    pub(super) async fn look(
        &self,
        mailbox: &Mailbox,
        arrival: Arrival,
        patience: Patience,
        day: &Tally,
    ) -> Result<Looked, Fault> {
        let Arrival { origin, body } = arrival;
        let (raw, too_large) = match body {
            ArrivalBody::Raw(raw) => (raw, false),
            ArrivalBody::TooLarge { header, .. } => (header, true),
        };
        let raw = Arc::new(raw);
        let mut inbound = Inbound::read(&raw, &mailbox.reception);
        let unread = inbound.automatic.is_some() || too_large;
        // Whatever its domain would say, it is put aside.
        let asks = !unread && !is_full(mailbox, &inbound, day);
        let proven = self.ask_domain(mailbox, &raw, asks, &mut inbound).await;
        let waits = !proven && patience == Patience::Waits;
        let known = !unread && self.is_known(&known_by(&inbound, &raw)).await?;
        let beyond = !unread && !waits && !known && self.is_beyond(mailbox, &inbound, day).await?;
        let closed = unread || waits || known || beyond;
        let contents = if closed { Contents::default() } else { self.reader.read(raw.clone()).await? };
        let documents = self.documents(mailbox, contents.papers.clone()).await;
        let looked = self.understood(mailbox, origin, raw, inbound, contents, too_large);
        Ok(Looked { waits, documents, beyond, ..looked })
    }

    /// Whether what a mail is known by is on record already.
    async fn is_known(&self, keys: &[String]) -> Result<bool, Fault> {
        Ok(!self.store.seen(&self.office.id, keys).await?.is_empty())
    }

    /// Lets the sender's domain speak where the mailbox demands it. `false`: it cannot be asked at the moment, and the mail
    /// counts as unproven.
    async fn ask_domain(&self, mailbox: &Mailbox, raw: &[u8], whole: bool, inbound: &mut Inbound) -> bool {
        let trust = &mailbox.reception.trust;
        let asked = match (inbound.sender(), &mailbox.witness) {
            (Some(sender), Some(witness)) if whole && trust.proof.asks(&inbound.authenticity) => {
                witness.ask(Question::about(raw, sender, inbound, trust)).await
            }
            _ => Ok(Said::Nothing),
        };
        let said = asked.as_ref().unwrap_or(&Said::Nothing);
        inbound.authenticity = trust.proof.settle(inbound.authenticity.clone(), said);
        if let Err(fault) = &asked {
            tracing::warn!(mailbox = mailbox.name, "{fault}");
        }
        asked.is_ok()
    }

    /// Reads a mail of a case again from the bytes on record. Who proved its sender stands on record too: keys leave the
    /// DNS, and a later look must not unmake what was proven.
    pub(super) async fn look_again(&self, mailbox: &Mailbox, mail: &MailRef, raw: Vec<u8>) -> Result<MailFacts, Fault> {
        let inbound = Inbound::read(&raw, &mailbox.reception);
        let zone = self.office.zone;
        let today = self.clock.now().with_timezone(&zone).date_naive();
        let contents = self.reader.read(Arc::new(raw)).await?;
        let facts = inbound.facts(contents, zone, today, &mailbox.reception.trust);
        let proven = mail.authenticity.is_authenticated();
        Ok(MailFacts { authenticated: facts.authenticated.map(|_| proven), ..facts })
    }

    pub(super) async fn documents(&self, mailbox: &Mailbox, papers: Vec<Paper>) -> Vec<Read> {
        if papers.is_empty() { Vec::new() } else { self.reader.documents(papers, mailbox.worked.clone()).await }
    }

    fn understood(
        &self,
        mailbox: &Mailbox,
        origin: Origin,
        raw: Arc<Vec<u8>>,
        inbound: Inbound,
        contents: Contents,
        too_large: bool,
    ) -> Looked {
        let now = self.clock.now();
        // A clock of another machine may be wrong; nothing is received in the future.
        let received_at = inbound.received_at.filter(|at| *at <= now).unwrap_or(now);
        let today = now.with_timezone(&self.office.zone).date_naive();
        let mut facts = inbound.facts(contents, self.office.zone, today, &mailbox.reception.trust);
        facts.too_large = too_large;
        Looked {
            origin,
            sha256: inbound.content_hash.clone(),
            raw,
            facts,
            documents: Vec::new(),
            received_at,
            trusted: is_trusted(mailbox, &inbound),
            inbound,
            waits: false,
            beyond: false,
            proof: OnceLock::new(),
        }
    }
}

pub(super) fn is_trusted(mailbox: &Mailbox, inbound: &Inbound) -> bool {
    let failed = inbound.authenticity.objection().is_some();
    inbound.authenticity.is_authenticated() || (!mailbox.require_authenticated && !failed)
}

/// [`Looked::seen_keys`] of a mail of a case, told from its bytes on record.
pub fn seen_keys(mail: &MailRef, raw: &[u8]) -> Vec<String> {
    let proven = mail.authenticity.is_authenticated();
    keys_of(&mail.sha256, raw, mail.message_id.as_deref(), mail.from.as_ref(), proven)
}

/// What makes it the same mail again: its bytes, its sender's signature, or its Message-ID from the same sender
/// (THREATS rows 4 and 32).
fn known_by(inbound: &Inbound, raw: &[u8]) -> Vec<String> {
    let proven = inbound.authenticity.is_authenticated();
    keys_of(&inbound.content_hash, raw, inbound.message_id.as_deref(), inbound.sender(), proven)
}

fn keys_of(sha256: &Sha256Hex, raw: &[u8], id: Option<&str>, sender: Option<&Address>, proven: bool) -> Vec<String> {
    let mut keys = vec![format!("bytes:{sha256}")];
    if let (true, Some(sender)) = (proven, sender) {
        keys.extend(signature_keys(&Headers::read(raw), sender));
    }
    // What somebody else wrote under a sender's name and Message-ID must not stand for the sender's own mail.
    let family = if proven { "id" } else { "unproven-id" };
    keys.extend(id.zip(sender).map(|(id, sender)| format!("{family}:{}:{id}", sender.as_str().to_lowercase())));
    keys
}

impl Looked {
    pub fn seen_keys(&self) -> Vec<String> {
        known_by(&self.inbound, &self.raw)
    }

    /// Stands beside the seen keys of a mail that goes to the refused folder.
    pub fn refused_key(&self) -> String {
        format!("refused:{}", self.seen_keys().swap_remove(0))
    }

    pub fn sender(&self) -> Option<&Address> {
        self.inbound.sender()
    }

    /// The mail as its case keeps it.
    pub fn reference(&self) -> MailRef {
        let attachments = self.facts.contents.papers.iter().map(|paper| Attachment {
            name: paper.attachment.clone(),
            sha256: Sha256Hex(paper.sha256.clone()),
            size: paper.size,
        });
        MailRef {
            sha256: self.sha256.clone(),
            received_at: self.received_at,
            message_id: self.inbound.message_id.clone(),
            references: self.inbound.references.clone(),
            subject: self.inbound.subject.clone(),
            from: self.inbound.sender().cloned(),
            from_name: self.inbound.sender_name.clone(),
            authenticity: self.authenticity(),
            attachments: attachments.collect(),
        }
    }

    fn authenticity(&self) -> Authenticity {
        match &self.inbound.authenticity {
            Judged::Authenticated { how } => Authenticity::Proven { how: format!("{how:?}").to_lowercase() },
            Judged::Failed { why } | Judged::Contradicted { why } => Authenticity::Unproven { why: why.clone() },
            Judged::None if self.trusted => Authenticity::Proven { how: Authenticity::NOT_REQUIRED.to_owned() },
            Judged::None => {
                Authenticity::Unproven { why: "nobody whose word counts here vouches for the sender".to_owned() }
            }
        }
    }
}
