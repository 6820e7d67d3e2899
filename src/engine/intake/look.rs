//! Looks at one mail: its headers in this process, its body and papers in the reading worker.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Mailbox;
use crate::dossier::MailFacts;
use crate::dossier::page::Contents;
use crate::engine::Engine;
use crate::engine::port::{Arrival, ArrivalBody, Origin};
use crate::mail::authenticity::Authenticity as Judged;
use crate::mail::message::Inbound;
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
    pub received_at: DateTime<Utc>,
    pub trusted: bool,
    /// The server would not hand it over.
    pub unreadable: bool,
}

impl Engine {
    pub(super) async fn look(&self, mailbox: &Mailbox, arrival: Arrival) -> Looked {
        let Arrival { origin, body } = arrival;
        let (raw, too_large, unreadable) = match body {
            ArrivalBody::Raw(raw) => (raw, false, false),
            ArrivalBody::TooLarge { header, .. } => (header, true, false),
            ArrivalBody::Unreadable { why } => {
                tracing::warn!(mailbox = mailbox.name, "a mail cannot be fetched and is set aside: {why}");
                (Vec::new(), false, true)
            }
        };
        let raw = Arc::new(raw);
        let inbound = Inbound::read(&raw, &mailbox.reception);
        let machine = inbound.automatic.is_some();
        let contents =
            if machine || too_large || unreadable { Contents::default() } else { self.reader.read(raw.clone()).await };
        self.understood(mailbox, origin, raw, inbound, contents, too_large, unreadable)
    }

    /// Reads a mail of a case again from the bytes on record.
    pub(super) async fn look_again(&self, mailbox: &Mailbox, raw: Vec<u8>) -> MailFacts {
        let origin = Origin {
            mailbox: mailbox.name.clone(),
            folder: String::new(),
            uid_validity: 0,
            uid: 0,
            name: String::new(),
        };
        self.look(mailbox, Arrival { origin, body: ArrivalBody::Raw(raw) }).await.facts
    }

    #[allow(clippy::too_many_arguments)]
    fn understood(
        &self,
        mailbox: &Mailbox,
        origin: Origin,
        raw: Arc<Vec<u8>>,
        inbound: Inbound,
        contents: Contents,
        too_large: bool,
        unreadable: bool,
    ) -> Looked {
        let now = self.clock.now();
        // A clock of another machine may be wrong; nothing is received in the future.
        let received_at = inbound.received_at.filter(|at| *at <= now).unwrap_or(now);
        let proven = inbound.authenticity.is_authenticated();
        let today = now.with_timezone(&self.office.zone).date_naive();
        let mut facts = inbound.facts(contents, self.office.zone, today, &mailbox.reception.trust);
        facts.too_large = too_large;
        let failed = matches!(inbound.authenticity, Judged::Failed { .. });
        Looked {
            origin,
            sha256: inbound.content_hash.clone(),
            raw,
            facts,
            received_at,
            trusted: proven || (!mailbox.require_authenticated && !failed),
            inbound,
            unreadable,
        }
    }
}

impl Looked {
    /// What makes it the same mail again: its bytes, or its Message-ID from the same sender (THREATS rows 4 and 32).
    pub fn seen_keys(&self) -> Vec<String> {
        if self.unreadable {
            let Origin { mailbox, folder, uid_validity, uid, name } = &self.origin;
            return vec![format!("place:{mailbox}:{folder}:{uid_validity}:{uid}:{name}")];
        }
        let by_id = self.inbound.message_id.as_ref().zip(self.inbound.sender());
        let mut keys = vec![format!("bytes:{}", self.sha256)];
        keys.extend(by_id.map(|(id, sender)| format!("id:{}:{id}", sender.as_str().to_lowercase())));
        keys
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
            Judged::Failed { why } => Authenticity::Unproven { why: why.clone() },
            Judged::None if self.trusted => Authenticity::Proven { how: "not_required".to_owned() },
            Judged::None => Authenticity::Unproven { why: "no trusted server vouches for the sender".to_owned() },
        }
    }
}
