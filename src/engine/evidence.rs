//! Where the office's record ends, as a text that can be printed, signed and kept elsewhere: whoever holds one can later
//! tell whether the archive still goes on from there (THREATS, "Journal"). Plain lines, so that a person can compare them
//! by eye; what is signed is every byte above the line of the key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::Engine;
use super::archive::ArchiveLine;
use super::port::{Fault, FaultKind};
use super::store::Damage;
use crate::sop::names::Sha256Hex;
use crate::vault::{is_signed, unhex};

const TITLE: &str = "loket head 1";

/// Where an archive file ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHead {
    pub file: String,
    /// Dossiers in it.
    pub dossiers: u64,
    /// Chain hash of the last of them.
    pub hash: Sha256Hex,
}

/// The heads of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    pub office: String,
    pub at: DateTime<Utc>,
    /// Entries in the journal, and the hash of the last.
    pub journal: u64,
    pub journal_hash: Sha256Hex,
    pub archive: Vec<FileHead>,
}

/// Why a text is no signed head, or not by this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    #[error("it is not a head that Loket wrote")]
    Malformed,
    #[error("it is not signed. Make one with `loket archive head --sign`")]
    Unsigned,
    #[error("it was signed with another key, or altered since")]
    NotByThisKey,
}

impl Heads {
    /// The lines that are signed.
    pub fn text(&self) -> String {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut text = format!("{TITLE}\noffice {}\nat {at}\n", self.office);
        text.push_str(&format!("journal {} {}\n", self.journal, self.journal_hash));
        for head in &self.archive {
            text.push_str(&format!("archive {} {} {}\n", head.file, head.dossiers, head.hash));
        }
        text
    }

    /// Reads a head, signed or not, without judging the signature.
    pub fn read(text: &str) -> Result<Self, HeadError> {
        Self::lines(text).ok_or(HeadError::Malformed)
    }

    fn lines(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        (lines.next()? == TITLE).then_some(())?;
        let office = lines.next()?.strip_prefix("office ")?.to_owned();
        let at = DateTime::parse_from_rfc3339(lines.next()?.strip_prefix("at ")?).ok()?.to_utc();
        let (journal, journal_hash) = lines.next()?.strip_prefix("journal ")?.split_once(' ')?;
        let mut archive = Vec::new();
        for line in lines.take_while(|line| !line.starts_with("key ")) {
            let mut words = line.strip_prefix("archive ")?.split(' ');
            let (file, dossiers) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
            archive.push(FileHead { file, dossiers, hash: hash(words.next()?)? });
            words.next().is_none().then_some(())?;
        }
        Some(Self { office, at, journal: journal.parse().ok()?, journal_hash: hash(journal_hash)?, archive })
    }
}

/// Reads a signed head. The signature must be by `public`, whatever key the text itself names.
pub fn read_signed(text: &str, public: &[u8; 32]) -> Result<Heads, HeadError> {
    let heads = Heads::read(text)?;
    let end = text.find("\nkey ").ok_or(HeadError::Unsigned)? + 1;
    let line = text[end..].lines().find_map(|line| line.strip_prefix("signature ")).ok_or(HeadError::Unsigned)?;
    let signature = STANDARD.decode(line.trim()).map_err(|_| HeadError::NotByThisKey)?;
    if !is_signed(&text.as_bytes()[..end], public, &signature) {
        return Err(HeadError::NotByThisKey);
    }
    Ok(heads)
}

/// A public key as it is printed: 32 bytes in base64, the word `key` before it allowed.
pub fn read_key(text: &str) -> Option<[u8; 32]> {
    let word = text.split_whitespace().rfind(|word| *word != "key")?;
    STANDARD.decode(word).ok()?.try_into().ok()
}

fn hash(text: &str) -> Option<Sha256Hex> {
    unhex(text).map(|_| Sha256Hex(text.to_lowercase()))
}

impl Engine {
    /// Where journal and archive end at this moment.
    pub async fn heads(&self) -> Result<Heads, Fault> {
        let journal = self.store.journal_head(&self.office.id).await?;
        Ok(Heads {
            office: self.office.id.0.clone(),
            at: self.clock.now(),
            journal: journal.position,
            journal_hash: journal.hash,
            archive: self.archive.heads().await?,
        })
    }

    /// Where the journal and these lines of the archive do not go on from a head. Empty: they do. That each entry follows
    /// from the one before it, `verify` tells.
    pub async fn departures(&self, heads: &Heads, lines: &[ArchiveLine]) -> Result<Vec<Damage>, Fault> {
        let mut found = Vec::new();
        found.extend(self.journal_departure(heads).await?);
        found.extend(heads.archive.iter().filter_map(|head| file_departure(head, lines)));
        Ok(found)
    }

    async fn journal_departure(&self, heads: &Heads) -> Result<Option<Damage>, Fault> {
        let last = heads.journal;
        if last == 0 {
            return Ok(None);
        }
        let why = "it was cut or written anew, or a backup from before that day was restored";
        let what = match self.store.journal_hash(&self.office.id, last).await {
            Ok(Some(hash)) if hash == heads.journal_hash => return Ok(None),
            Ok(Some(_)) => format!("entry {last} of it is another one than when the head was taken: {why}"),
            Ok(None) => {
                format!("it held {last} entries when the head was taken; the last of them is not there: {why}")
            }
            Err(fault) if fault.kind == FaultKind::Permanent => fault.message,
            Err(fault) => return Err(fault),
        };
        Ok(Some(Damage { thing: "the journal".to_owned(), what }))
    }

    /// The public half of the key that signs heads, in base64.
    pub fn evidence_key(&self) -> String {
        STANDARD.encode(self.keys.evidence.public())
    }

    /// The text of a head with its signature.
    pub fn signed(&self, heads: &Heads) -> String {
        let text = heads.text();
        let signature = STANDARD.encode(self.keys.evidence.sign(text.as_bytes()));
        format!("{text}key {}\nsignature {signature}\n", self.evidence_key())
    }
}

fn file_departure(head: &FileHead, lines: &[ArchiveLine]) -> Option<Damage> {
    let last = head.dossiers;
    if last == 0 {
        return None;
    }
    let what = match lines.iter().find(|line| line.file == head.file && line.position == last) {
        Some(line) if line.hash == head.hash => return None,
        Some(_) => format!("dossier {last} of it is another one than when the head was taken"),
        None => format!("it held {last} dossiers when the head was taken; the last of them is not there"),
    };
    Some(Damage { thing: head.file.clone(), what })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vault::{Keyring, MasterKey, SeededRandom};

    fn heads(files: u64) -> Heads {
        let hash = |n: u64| crate::vault::sha256_hex(&n.to_be_bytes());
        let file = |n: u64| FileHead { file: format!("archive-{}.redb", 2026 + n), dossiers: n + 1, hash: hash(n) };
        let at = DateTime::from_timestamp(1_794_000_000, 0).expect("within chrono's range");
        Heads { office: "lpse".into(), at, journal: 9, journal_hash: hash(99), archive: (0..files).map(file).collect() }
    }

    fn signed(heads: &Heads) -> (String, [u8; 32]) {
        let keys = Keyring::new(&MasterKey::generate(&SeededRandom::new(3)));
        let text = heads.text();
        let signature = STANDARD.encode(keys.evidence.sign(text.as_bytes()));
        (format!("{text}key x\nsignature {signature}\n"), keys.evidence.public())
    }

    #[test]
    fn a_signed_head_comes_back_and_an_unsigned_one_is_told_apart() {
        let (text, public) = signed(&heads(2));
        let other = Keyring::new(&MasterKey::generate(&SeededRandom::new(4))).evidence.public();

        assert_eq!(read_signed(&text, &public), Ok(heads(2)));
        assert_eq!(read_signed(&heads(2).text(), &public), Err(HeadError::Unsigned));
        assert_eq!(read_signed(&text, &other), Err(HeadError::NotByThisKey));
        assert_eq!(read_signed("journal 1", &public), Err(HeadError::Malformed));
        assert_eq!(read_key(&format!("key {}\n", STANDARD.encode(public))), Some(public));
    }

    proptest! {
        #[test]
        fn no_altered_byte_above_the_key_keeps_the_signature(files in 0u64..4, at in 0usize..400, byte in any::<u8>()) {
            let (text, public) = signed(&heads(files));
            let above = text.find("key ").expect("it has a key");
            let mut bytes = text.clone().into_bytes();
            let at = at % above;
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;

            if let Ok(altered) = String::from_utf8(bytes) {
                prop_assert!(read_signed(&altered, &public).is_err());
            }
        }
    }
}
