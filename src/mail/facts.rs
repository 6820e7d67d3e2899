//! The bridge from one mail's headers and contents to what the dossier reads of it.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::authenticity::Trust;
use super::message::Inbound;
use crate::dossier::MailFacts;
use crate::dossier::page::Contents;

impl Inbound {
    /// What the dossier needs of this mail. `zone` is the office's; `fallback` the day for a mail without any date. The
    /// sender counts as unproven only where somebody's word is trusted at all.
    pub fn facts(&self, contents: Contents, zone: Tz, fallback: NaiveDate, trust: &Trust) -> MailFacts {
        let trusts = *trust != Trust::default();
        MailFacts {
            sender: self.sender().cloned(),
            subject: self.subject.clone(),
            case_tagged: self.case_tag.is_some(),
            answers_us: self.answers_us,
            automatic: self.automatic.map(super::automatic::Automatic::reason),
            malformed: self.malformed.is_some(),
            too_large: false,
            authenticated: trusts.then_some(self.authenticity.is_authenticated()),
            received: self.received_at.map_or(fallback, |at| day_in(at, zone)),
            contents,
        }
    }
}

fn day_in(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}
