//! Why the proposal in hand is another than the one before: what the journal says came between them.

use chrono::{DateTime, Utc};

use super::words::Words;
use crate::sop::case::ConfirmationResult;
use crate::sop::event::{Event, Recorded};
use crate::sop::phase::AdminId;

/// What made the last proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// The first, or a new round after the applicant had been asked.
    Fresh,
    Mail,
    /// Another case of the account was approved.
    Repeat,
    Draft {
        by: AdminId,
    },
    Denied,
    Failed {
        why: String,
    },
}

/// The last proposal's cause and moment; `None` before there is one.
pub(super) fn last(events: &[Recorded]) -> Option<(DateTime<Utc>, Cause)> {
    let mut cause = Cause::Fresh;
    let (mut mails, mut asked, mut last, mut brought) = (0, false, None, false);
    for Recorded { at, event } in events {
        match event {
            Event::MailAdded { .. } => {
                mails += 1;
                brought = true;
                if mails > 1 && !asked {
                    cause = Cause::Mail;
                }
            }
            Event::Admitted { .. } => brought = true,
            Event::Checked { .. } if !brought => cause = Cause::Repeat,
            Event::CompletionAsked { .. } => asked = true,
            Event::ConfirmationRecorded { confirmation } if confirmation.result == ConfirmationResult::Denied => {
                cause = Cause::Denied;
            }
            Event::ExecutionFailed { why, .. } => cause = Cause::Failed { why: why.clone() },
            Event::DraftSaved { by, .. } => cause = Cause::Draft { by: by.clone() },
            Event::Proposed { .. } => {
                last = Some((*at, std::mem::replace(&mut cause, Cause::Fresh)));
                (asked, brought) = (false, false);
            }
            _ => {}
        }
    }
    last
}

impl Words<'_> {
    /// A clause without a full stop.
    pub fn changed(&self, cause: &Cause) -> String {
        match cause {
            Cause::Fresh => self.say("Berkas diperiksa lagi", "The dossier was checked anew", &[]),
            Cause::Mail => self.say("Surel lanjutan menambah berkas", "A further mail added to the dossier", &[]),
            Cause::Repeat => self.say(
                "Permohonan lain untuk akun ini disetujui",
                "Another request for this account was approved",
                &[],
            ),
            Cause::Draft { by } => self.say("{0} menyunting konsep surat", "{0} edited the draft", &[&self.name(by)]),
            Cause::Denied => self.say(
                "Pemohon menyatakan permohonan ini bukan darinya",
                "The applicant said that this request is not theirs",
                &[],
            ),
            Cause::Failed { why } => self.say(
                "Tidak berhasil di sistem akun; akun belum berubah ({0})",
                "It failed in the account system; the account is unchanged ({0})",
                &[self.cause(why).trim_end_matches('.')],
            ),
        }
    }
}
