//! Links: what a token stands for, and how one is made. Only its hash is stored; the token itself is derived again
//! when the letter leaves, so that neither draft, outbox nor archive holds one.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::codec;
use super::correspondence::{PendingLetter, renewed_id};
use super::port::Fault;
use super::store::{Batch, CaseKey, FIRST_EPOCH, Link, LinkState, NewLink, Outcome, Tag};
use super::weave::family;
use crate::sop::case::Case;
use crate::sop::names::Sha256Hex;
use crate::sop::phase::{AdminId, Phase};
use crate::vault::{HashedToken, PlainToken, TokenNonce};

/// How long a change can be confirmed; longer than any procedure reminds of it.
pub(super) const CHANGE_LIFE: TimeDelta = TimeDelta::days(60);

/// What the holder of a link may do, after proving who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// Opens a case for this admin; `proposal` is what they were written about, if a decision was due.
    Case {
        admin: AdminId,
        choice: String,
        proposal: Option<Sha256Hex>,
        /// When it was written: an enrolment voids what was mailed before it.
        #[serde(default)]
        written: Option<DateTime<Utc>>,
    },
    Reveal {
        issue: u32,
    },
    Change {
        issue: u32,
    },
}

impl Purpose {
    /// Links die together by prefix of this.
    fn scope(&self) -> &'static str {
        match self {
            Self::Case { .. } => "admin/",
            Self::Reveal { .. } => "reveal/",
            Self::Change { .. } => "change/",
        }
    }

    fn path(&self) -> &'static str {
        match self {
            Self::Case { .. } => "tautan",
            Self::Reveal { .. } => "ambil",
            Self::Change { .. } => "ganti",
        }
    }
}

/// A link as its letter's outbox row keeps it: enough to derive the token, worthless without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRecipe {
    /// The placeholder it fills: `approve`, `reveal`.
    pub name: String,
    pub nonce: TokenNonce,
    pub context: String,
    pub path: String,
}

/// A live link that somebody opened.
pub struct OpenedLink {
    pub key: CaseKey,
    pub purpose: Purpose,
}

/// The epoch in which a letter's id was given out, and its links made.
fn epoch_of(id: &str) -> u64 {
    id.rsplit_once('e').and_then(|(_, given)| given.parse().ok()).unwrap_or(FIRST_EPOCH)
}

/// Whether what a link was made for is still so.
fn stands(purpose: &Purpose, case: &Case) -> bool {
    match purpose {
        Purpose::Case { proposal: Some(hash), .. } => case.phase.proposal().is_some_and(|now| now.hash == *hash),
        Purpose::Case { proposal: None, .. } => !case.phase.is_closed(),
        Purpose::Reveal { issue } | Purpose::Change { issue } => {
            matches!(&case.phase, Phase::Delivered { reveal, .. } if reveal.issue == *issue)
        }
    }
}

impl Engine {
    pub(super) fn make_link(
        &self,
        key: &CaseKey,
        name: &str,
        purpose: &Purpose,
        expires: DateTime<Utc>,
        epoch: u64,
    ) -> (LinkRecipe, NewLink) {
        let nonce = TokenNonce::generate(&*self.random);
        let context = format!("{} {} {name}", key.number, purpose.scope());
        let token = self.keys.links.token(epoch, &nonce, &context);
        let link = NewLink {
            hash: token.hashed(),
            scope: purpose.scope().to_owned(),
            record: codec::encode(purpose),
            expires,
        };
        (LinkRecipe { name: name.to_owned(), nonce, context, path: purpose.path().to_owned() }, link)
    }

    /// A further link to confirm a changed password, for the page that shows it; the token, and the link to commit.
    pub async fn change_link(&self, key: &CaseKey, issue: u32) -> Result<(String, NewLink), Fault> {
        let epoch = self.store.epoch().await?;
        let expires = self.clock.now() + CHANGE_LIFE;
        let (recipe, link) = self.make_link(key, "confirm", &Purpose::Change { issue }, expires, epoch);
        Ok((self.keys.links.token(epoch, &recipe.nonce, &recipe.context).reveal(), link))
    }

    /// Makes a letter's links anew where they were made before a restore: their tokens of this epoch open nothing yet. What
    /// no longer stands gets none. A result that the backup did not hold cannot be told, so its letter cannot be sent. With
    /// other links it is another letter than the one that may have left under its Message-ID, so it gets one of its own.
    pub(super) async fn renewed(
        &self,
        key: &CaseKey,
        letter: &PendingLetter,
        epoch: u64,
    ) -> Result<PendingLetter, Fault> {
        let mut renewed = letter.clone();
        let written_in = epoch_of(&letter.id);
        if written_in == epoch || letter.links.is_empty() {
            return Ok(renewed);
        }
        renewed.message_id = self.message_id(&key.number.to_string(), &renewed_id(&letter.id, epoch));
        let known = self.store.find(&self.office.id, family::MESSAGE, &renewed.message_id).await?;
        let Some(stored) = self.store.load(key).await?.filter(|_| known.is_empty()) else { return Ok(renewed) };
        let case: Case = codec::decode(&stored.snapshot, "a case")?;
        let mut batch = Batch::new(key.clone(), stored.version, self.clock.now(), stored.snapshot);
        batch.tags.push(Tag { family: family::MESSAGE.to_owned(), value: renewed.message_id.clone(), set: true });
        for recipe in &letter.links {
            let Some((hash, earlier)) = self.outlived(recipe, written_in, epoch).await? else { continue };
            let purpose: Purpose = codec::decode(&earlier.record, "a link's record")?;
            let mut expires = self.clock.now() + (earlier.expires - letter.date);
            if let Purpose::Reveal { issue } = purpose {
                if !stands(&purpose, &case) || self.open_result(key, issue).await?.is_none() {
                    let why = "the result was not in the backup that was restored, or has ended. Issue it again";
                    return Err(Fault::permanent(format!("Cannot tell a result of {}: {why}", key.number)));
                }
                expires = earlier.expires;
            }
            if stands(&purpose, &case) {
                batch.links.push(NewLink { hash, scope: earlier.scope, record: earlier.record, expires });
            }
        }
        match self.commit_one(batch).await? {
            Outcome::Committed { .. } => Ok(renewed),
            _ => Err(Fault::transient(format!("The links of a letter of {} are made again in a moment", key.number))),
        }
    }

    /// The link that a recipe stood for in the epoch it was made in, with its token's hash in this one; `None` where it has one
    /// of this.
    async fn outlived(
        &self,
        recipe: &LinkRecipe,
        made_in: u64,
        epoch: u64,
    ) -> Result<Option<(HashedToken, Link)>, Fault> {
        let hash = |epoch| self.keys.links.token(epoch, &recipe.nonce, &recipe.context).hashed();
        if self.store.link(&hash(epoch)).await?.is_some() {
            return Ok(None);
        }
        Ok(self.store.link(&hash(made_in)).await?.map(|link| (hash(epoch), link)))
    }

    /// The address a recipe stands for in this epoch.
    pub(super) fn address_of(&self, recipe: &LinkRecipe, epoch: u64) -> String {
        let token = self.keys.links.token(epoch, &recipe.nonce, &recipe.context);
        format!("{}/{}/{}", self.office.base_url, recipe.path, token.reveal())
    }

    /// What a token opens; unknown, void and expired ones are alike `None`.
    pub async fn open_link(&self, token: &str) -> Result<Option<OpenedLink>, Fault> {
        let Some(found) = self.find_link(token).await? else { return Ok(None) };
        let live = found.0;
        Ok(live.then_some(found.1))
    }

    /// A token's purpose even when it is spent, for pages that say the same thing twice.
    pub async fn find_link(&self, token: &str) -> Result<Option<(bool, OpenedLink)>, Fault> {
        let Some(token) = PlainToken::parse(token) else { return Ok(None) };
        let Some(link) = self.store.link(&token.hashed()).await? else { return Ok(None) };
        let live = link.state == LinkState::Live && link.expires > self.clock.now();
        let purpose = codec::decode(&link.record, "a link's record")?;
        Ok(Some((live, OpenedLink { key: link.key, purpose })))
    }
}
