//! What differs between offices when papers are recognised: the `[recognition]` tables of a procedure file. The program
//! knows how a letter or a decree is built; which words stand in it, and which role it must be about, is said there.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::fold::Phrase;
use crate::sop::names::Service;

/// The defaults, written for the Helpdesk procedure.
const HELPDESK: &str = include_str!("../../config/sop/helpdesk.toml");

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognition {
    pub role: Role,
    pub letter: LetterWords,
    pub decree: DecreeWords,
    pub labels: Labels,
    /// What may follow a label without changing it: `User ID SPSE`.
    pub label_tails: Vec<Phrase>,
    /// Kept in the order of the file: a service is asked for with these words.
    pub services: Vec<ServiceWords>,
    /// Roles that other procedures or desks serve.
    pub other_roles: Vec<OtherRole>,
    /// Wishes that this procedure does not serve at all.
    pub other_services: Vec<Phrase>,
    /// The same, said with a verb and its object.
    #[serde(default)]
    pub other_wishes: Vec<OtherWish>,
    pub signature: SignatureWords,
    pub mail: MailWords,
    pub orders: OrderWords,
    pub work_unit: UnitWords,
}

/// What the labels of values may be, indexed by their folded words.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "BTreeMap<Field, Vec<Phrase>>")]
pub struct Labels(HashMap<Phrase, Field>);

impl From<BTreeMap<Field, Vec<Phrase>>> for Labels {
    /// A label that stands in two lists belongs to the first.
    fn from(lists: BTreeMap<Field, Vec<Phrase>>) -> Self {
        let mut index = HashMap::new();
        for (field, names) in lists {
            for name in names {
                index.entry(name).or_insert(field);
            }
        }
        Self(index)
    }
}

/// Whose accounts the procedure serves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// As the account register names it.
    pub profile: String,
    /// As decrees and letters name it.
    pub names: Vec<Phrase>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherRole {
    pub name: String,
    pub names: Vec<Phrase>,
    /// Requests are often written to this role; it counts as the account's role only in `akun <role>`.
    #[serde(default)]
    pub addressed: bool,
    /// Words that only such an applicant's letter holds, such as `nama perusahaan`.
    #[serde(default)]
    pub signs: Vec<Phrase>,
}

/// What another procedure serves: a verb before its object, or a passive behind it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherWish {
    pub verbs: Vec<Phrase>,
    #[serde(default)]
    pub passives: Vec<Phrase>,
    pub objects: Vec<Phrase>,
    /// What befell the object, which nobody need ask about in so many words: `hilang`.
    #[serde(default)]
    pub losses: Vec<Phrase>,
    /// It counts also beside a symptom that this procedure would cure, such as `tidak bisa login`.
    #[serde(default)]
    pub outweighs: bool,
}

/// A labelled value in a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Number,
    Date,
    Subject,
    Name,
    Nip,
    Nik,
    Position,
    Rank,
    WorkUnit,
    UserId,
    Email,
    Phone,
    Role,
    Service,
    /// Labels that are known only so that they end the value before them.
    Other,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterWords {
    /// Titles that open a request: `nota dinas`.
    pub titles: Vec<Phrase>,
    /// Words that say that something is asked for.
    pub asks: Vec<Phrase>,
    /// What begins the address: `yth`.
    pub addressees: Vec<Phrase>,
    /// Words before the name of the person the letter is about: `atas nama`.
    pub on_behalf: Vec<Phrase>,
    /// Words that introduce the signer, who may be another person: `yang bertanda tangan di bawah ini`.
    pub undersigned: Vec<Phrase>,
    /// Words in a file name that hint at a letter where nothing can be read.
    pub file_names: Vec<Phrase>,
    pub signer: SignerPolicy,
}

/// Who must sign the request letter (DOMAIN §2, ambiguity 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignerPolicy {
    Applicant,
    Superior,
    Both,
    Anyone,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecreeWords {
    pub titles: Vec<Phrase>,
    /// Papers that stand in for a decree but need a person's eye: `surat tugas`.
    pub weaker: Vec<Phrase>,
    /// What the title of an appointment says: `pengangkatan`.
    pub appoints: Vec<Phrase>,
    /// What the title of a decree says that takes a role away: `pemberhentian`.
    #[serde(default)]
    pub releases: Vec<Phrase>,
    /// What in such a title says that the decree appoints too: `pengangkatan`.
    #[serde(default)]
    pub gives: Vec<Phrase>,
    /// What its head or clauses must be about; without words here, anything.
    #[serde(default)]
    pub about: Vec<Phrase>,
    /// Table headings above the column that holds the role.
    pub role_columns: Vec<Phrase>,
    pub file_names: Vec<Phrase>,
    /// Other papers that open with a title of their own and are no decree: `berita acara`.
    pub other_titles: Vec<Phrase>,
    /// Days after 31 December during which last year's decree is put before a person instead of asked for again.
    pub year_end_grace_days: u32,
    /// Days before a decree ends from which the admin is warned of it; 0: never.
    pub warn_days_before_end: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceWords {
    pub service: Service,
    /// What is to happen, before its object: `reset password`.
    pub verbs: Vec<Phrase>,
    /// What has happened or is to happen, behind its object: `password tidak dapat digunakan`.
    pub passives: Vec<Phrase>,
    pub objects: Vec<Phrase>,
    /// Whole expressions.
    pub phrases: Vec<Phrase>,
    /// What befell somebody, whatever they ask for: this service where no other words name one.
    #[serde(default)]
    pub symptoms: Vec<Phrase>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureWords {
    /// What stands for ink: `ttd`.
    pub marks: Vec<Phrase>,
    /// What says that a paper was signed electronically.
    pub electronic: Vec<Phrase>,
    /// What stands above the applicant's own signature: `pemohon`.
    pub applicant_captions: Vec<Phrase>,
    /// What stands above a superior's: `mengetahui`.
    pub superior_captions: Vec<Phrase>,
    /// What stands above any signature.
    pub captions: Vec<Phrase>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailWords {
    /// Words of thanks; a mail of these alone asks for nothing.
    pub thanks: Vec<Phrase>,
    /// Words of announcements, invitations and reports, which speak of services in general.
    #[serde(default)]
    pub announces: Vec<Phrase>,
    /// Words that say that papers are attached or follow.
    pub brings: Vec<Phrase>,
    /// Hosts that share files by link.
    pub share_hosts: Vec<String>,
    pub share_words: Vec<Phrase>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderWords {
    /// Whole expressions that order the machine about.
    pub phrases: Vec<Phrase>,
    /// Verbs that leave out a check, and what a check is called.
    pub skips: Vec<Phrase>,
    pub checks: Vec<Phrase>,
    /// Verbs that set an outcome, and outcomes.
    pub rulings: Vec<Phrase>,
    pub outcomes: Vec<Phrase>,
    /// Who such an order is addressed to.
    pub machines: Vec<Phrase>,
    pub commands: Vec<Phrase>,
    /// Whole expressions that ask for another address.
    pub address_phrases: Vec<Phrase>,
    pub send_verbs: Vec<Phrase>,
    pub directions: Vec<Phrase>,
    pub other_channels: Vec<Phrase>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitWords {
    /// Words that many units share and that identify none.
    pub common: Vec<Phrase>,
    /// Short forms and what they stand for.
    pub short_forms: BTreeMap<String, String>,
}

/// Why a procedure file could not be used.
#[derive(Debug, thiserror::Error)]
#[error("The recognition tables of the procedure file cannot be read: {0}")]
pub struct BadRecognition(String);

impl Recognition {
    /// Reads the `[recognition]` tables of a procedure file and ignores the others.
    pub fn from_procedure(toml: &str) -> Result<Self, BadRecognition> {
        #[derive(Deserialize)]
        struct Procedure {
            recognition: Recognition,
        }

        toml::from_str::<Procedure>(toml).map(|p| p.recognition).map_err(|e| BadRecognition(e.message().to_owned()))
    }

    /// The tables of the procedure that comes with the program.
    pub fn helpdesk() -> Self {
        Self::from_procedure(HELPDESK).expect("the procedure file in the program is held readable by a test")
    }

    /// Whether the text names the procedure's own role.
    pub fn names_own_role(&self, text: &str) -> bool {
        super::fold::Gist::of(text).has_any(&self.role.names)
    }

    /// The field a label stands for, if the label is known as a whole.
    pub fn field(&self, label: &str) -> Option<Field> {
        let whole = Phrase::from(label);
        let known = |phrase: &Phrase| self.labels.0.get(phrase).copied();
        known(&whole).or_else(|| self.label_tails.iter().find_map(|tail| known(&whole.without_tail(tail)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_procedure_file_in_the_program_can_be_read() {
        let recognition = Recognition::from_procedure(HELPDESK).expect("readable");

        assert_eq!(recognition.role.profile, "Helpdesk");
        assert_eq!(recognition.field("No. HP/WA"), Some(Field::Phone));
        assert_eq!(recognition.field("Nama Lengkap"), Some(Field::Name));
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let broken = HELPDESK.replace("year_end_grace_days", "year_end_grace");

        let problem = Recognition::from_procedure(&broken).expect_err("unknown key").to_string();

        assert!(problem.contains("year_end_grace"), "{problem}");
    }
}
