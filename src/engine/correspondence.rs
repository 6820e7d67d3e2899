//! From a letter of the procedure to a letter ready to go: who receives it, under which thread, with which links.
//! Results go to the registered address alone, everything else to the proven sender with a copy there (THREATS row 21).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::drafting;
use super::links::{CHANGE_LIFE, LinkRecipe, Purpose};
use super::port::{Enclosure, Fault, Outgoing};
use super::store::{CaseKey, NewLink};
use crate::letters::{self, Fillings, LetterError, LetterKind, Text};
use crate::sop::case::{Attachment, Authenticity, Case, LetterRecord, LetterState};
use crate::sop::effect::{Letter, LetterName, Recipient};
use crate::sop::event::letter_subject;
use crate::sop::names::{Address, Language};
use crate::sop::phase::{AdminId, Phase};

/// A letter as its outbox row keeps it: everything but the tokens.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PendingLetter {
    /// The outbox row, and the letter's record in the case.
    pub id: String,
    pub message_id: String,
    pub to: Vec<Address>,
    #[serde(alias = "cc")]
    pub bcc: Vec<Address>,
    pub subject: String,
    pub body: String,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub date: DateTime<Utc>,
    pub links: Vec<LinkRecipe>,
    /// Files among the case's contents.
    #[serde(default)]
    pub enclosures: Vec<Attachment>,
}

/// A letter ready to be committed, with what must be on record for it.
pub(super) struct Written {
    pub pending: PendingLetter,
    pub links: Vec<NewLink>,
    pub record: LetterRecord,
    /// The enclosures' bytes, to be made durable before the letter is.
    pub files: Vec<Vec<u8>>,
}

/// Message-IDs of ours begin with this (CONTRACT, `continuation`).
pub const MESSAGE_PREFIX: &str = "loket.";

/// The letter of a case that a Message-ID found in the index names; the index compared all of it, the mark included.
pub(super) fn letter_named<'c>(case: &'c Case, message_id: &str) -> Option<&'c LetterRecord> {
    let named = letter_id(message_id)?;
    case.letters.iter().find(|letter| letter.id == named)
}

/// Between a letter's ID and the epoch whose links it left with, where it was written in an earlier one.
const RENEWED: &str = "-r";

/// What names a letter with links of this epoch in its Message-ID.
pub(super) fn renewed_id(letter: &str, epoch: u64) -> String {
    format!("{letter}{RENEWED}{epoch}")
}

/// The letter's ID within a Message-ID of ours.
pub(super) fn letter_id(message_id: &str) -> Option<&str> {
    let (local, _) = message_id.split_once('@')?;
    let (named, _mark) = local.rsplit_once('.')?;
    let (_, id) = named.rsplit_once('.')?;
    Some(
        id.rsplit_once(RENEWED)
            .filter(|(_, epoch)| epoch.bytes().all(|byte| byte.is_ascii_digit()))
            .map_or(id, |(id, _)| id),
    )
}

impl Engine {
    /// `loket.lpse-2026-0047.v000003-01.9f…@domain`, the same each time it is asked for.
    pub(super) fn message_id(&self, series: &str, letter: &str) -> String {
        let mark = self.keys.messages.mark(series, letter);
        format!("{MESSAGE_PREFIX}{series}.{letter}.{mark}@{}", self.office.mail_domain).to_lowercase()
    }

    /// Writes a letter; `None` where nobody may receive it.
    pub(super) fn write_letter(
        &self,
        key: &CaseKey,
        case: &Case,
        letter: &Letter,
        about: Option<String>,
        id: &str,
        epoch: u64,
    ) -> Result<Option<Written>, Fault> {
        let now = self.clock.now();
        let kind = LetterKind::of(letter);
        let (to, bcc) = self.recipients(case, &letter.to);
        if to.is_empty() {
            tracing::warn!(case = %case.number, letter = kind.key(), "nobody is known who may receive this letter");
            return Ok(None);
        }
        let worked = self.procedures.get(&case.procedure.hash)?;
        let mut facts = self.facts(case, letter, &worked, now);
        facts.about_subject = about.or(facts.about_subject);
        let language = if kind.to_admin() { self.office.language } else { case.language };
        let text = self.text_of(kind, language, &facts, letter.text.as_deref()).map_err(Fault::permanent)?;
        let text = self.with_times(text, letter, now).map_err(Fault::permanent)?;
        let expires = match letter.issue {
            Some(_) => letter.until.unwrap_or(now + chrono::TimeDelta::days(30)),
            None => worked.calendar.add_hours_of_working_days(now, worked.procedure.link.hours_of_working_days),
        };
        let mut links = Vec::new();
        let mut recipes = Vec::new();
        for name in kind.links() {
            let Some(purpose) = purpose(name, case, letter, now) else { continue };
            let life = if matches!(purpose, Purpose::Change { .. }) { now + CHANGE_LIFE } else { expires };
            let (recipe, link) = self.make_link(key, name, &purpose, life, epoch);
            recipes.push(recipe);
            links.push(link);
        }
        let answered = if kind.to_admin() { None } else { case.last_mail() };
        let in_reply_to = answered.and_then(|mail| mail.message_id.clone());
        let mut references: Vec<String> = answered.map(|mail| mail.references.clone()).unwrap_or_default();
        references.extend(in_reply_to.clone());
        references.dedup();
        let tail = references.len().saturating_sub(12);
        let enclosures = self.enclosures(case, letter, &worked);
        let pending = PendingLetter {
            id: id.to_owned(),
            message_id: self.message_id(&case.number.to_string(), id),
            to: to.clone(),
            bcc,
            subject: text.subject,
            body: text.body,
            in_reply_to,
            references: references.split_off(tail),
            date: now,
            links: recipes,
            enclosures: enclosures.iter().map(drafting::attachment).collect(),
        };
        let record = LetterRecord {
            id: id.to_owned(),
            kind: kind.key().to_owned(),
            to,
            queued_at: now,
            state: LetterState::Queued,
            about: letter.links_to.clone(),
            sha256: super::casebook::text_hash(&pending.body),
            enclosures: pending.enclosures.clone(),
        };
        let files = enclosures.into_iter().map(|file| file.bytes).collect();
        Ok(Some(Written { pending, links, record, files }))
    }

    /// The subject of the letter that a notice says did not arrive, without the number that the notice bears itself.
    pub(super) async fn failed_subject(&self, key: &CaseKey, notice: &Letter) -> Result<Option<String>, Fault> {
        if notice.kind != LetterName::LetterUndelivered {
            return Ok(None);
        }
        let subject = letter_subject(&self.events(key).await?, &notice.code);
        let number = format!("[{}] ", key.number);
        Ok(subject.map(|subject| subject.strip_prefix(&number).map(str::to_owned).unwrap_or(subject)))
    }

    /// Puts the tokens in and the enclosures to it, at the moment of sending.
    pub(super) async fn outgoing(&self, key: &CaseKey, letter: &PendingLetter, epoch: u64) -> Result<Outgoing, Fault> {
        let mut enclosures = Vec::with_capacity(letter.enclosures.len());
        for file in &letter.enclosures {
            let gone = || Fault::permanent(format!("Cannot send a letter of {}: its enclosure is gone", key.number));
            let bytes = self.store.content(key, &file.sha256).await?.ok_or_else(gone)?;
            let media_type = letters::form::media_type(&file.name).to_owned();
            enclosures.push(Enclosure { name: file.name.clone(), media_type, bytes });
        }
        let links: BTreeMap<String, String> =
            letter.links.iter().map(|recipe| (recipe.name.clone(), self.address_of(recipe, epoch))).collect();
        let text = Text { subject: letter.subject.clone(), body: letter.body.clone() };
        let text = letters::fill_links(&text, &links).map_err(Fault::permanent)?;
        Ok(Outgoing {
            message_id: letter.message_id.clone(),
            to: letter.to.clone(),
            bcc: letter.bcc.clone(),
            waits_for_copies: false,
            subject: text.subject,
            body: text.body,
            in_reply_to: letter.in_reply_to.clone(),
            references: letter.references.clone(),
            auto_submitted: true,
            date: letter.date,
            enclosures,
        })
    }

    fn text_of(
        &self,
        kind: LetterKind,
        language: Language,
        facts: &letters::LetterFacts,
        released: Option<&str>,
    ) -> Result<Text, LetterError> {
        let text = self.letters.render(kind, language, facts)?;
        Ok(match released {
            Some(body) => Text { subject: text.subject, body: body.to_owned() },
            None => text,
        })
    }

    /// Fills in the times a draft could not know, and leaves the links as placeholders.
    fn with_times(&self, text: Text, letter: &Letter, now: DateTime<Utc>) -> Result<Text, LetterError> {
        let kept =
            |name: String| name.strip_prefix("link:").map(|link| (link.to_owned(), format!("{{{{link:{link}}}}}")));
        let links = letters::placeholders(&text).into_iter().filter_map(kept).collect();
        let mut times = BTreeMap::from([("done_at".to_owned(), now)]);
        if let Some(until) = letter.until {
            times.insert("deadline".to_owned(), until);
            times.insert("expires_at".to_owned(), until);
        }
        letters::fill(&text, &Fillings { links, times, zone: self.office.zone })
    }

    /// To whom a letter of a case goes, and who gets a copy.
    pub fn recipients(&self, case: &Case, to: &Recipient) -> (Vec<Address>, Vec<Address>) {
        let registered = case.account.as_ref().map(|account| account.email.clone());
        match to {
            Recipient::Registered => (registered.into_iter().collect(), Vec::new()),
            Recipient::Admin { id } => (vec![id.clone()], Vec::new()),
            Recipient::Superior => {
                (self.office.superior.iter().map(|(_, address)| address.clone()).collect(), Vec::new())
            }
            Recipient::Correspondent => {
                let newest = |good: fn(&Authenticity) -> bool| {
                    case.mails.iter().rev().find(|mail| good(&mail.authenticity)).and_then(|mail| mail.from.clone())
                };
                match (newest(Authenticity::is_proven), registered) {
                    (Some(sender), Some(registered)) if !registered.same_mailbox(&sender) => {
                        (vec![sender], vec![registered])
                    }
                    (Some(sender), _) => (vec![sender], Vec::new()),
                    (None, Some(registered)) => (vec![registered], Vec::new()),
                    // Nobody is on record: an admin vouched for this sender, and else nobody would hear.
                    (None, None) => (newest(Authenticity::is_trusted).into_iter().collect(), Vec::new()),
                }
            }
        }
    }
}

/// What a link of this name stands for in this letter.
fn purpose(name: &str, case: &Case, letter: &Letter, now: DateTime<Utc>) -> Option<Purpose> {
    match name {
        "reveal" => letter.issue.map(|issue| Purpose::Reveal { issue }),
        "confirm" => letter.issue.map(|issue| Purpose::Change { issue }),
        choice => {
            let admin: AdminId = match &letter.to {
                Recipient::Admin { id } => id.clone(),
                _ => return None,
            };
            let proposal = letter.links_to.clone().or_else(|| match &case.phase {
                Phase::UnderReview { proposal } | Phase::AwaitingConfirmation { proposal, .. } => {
                    Some(proposal.hash.clone())
                }
                _ => None,
            });
            Some(Purpose::Case { admin, choice: choice.to_owned(), proposal, written: Some(now) })
        }
    }
}
