//! From pages to findings, pure: pages → documents → facts with evidence → the checklist. No clock, no files, no register:
//! the day judged on and what is known elsewhere come in as arguments.
//!
//! A walk: `mend` repairs what recognition did to a form's own words, [`sort`] makes documents of papers and `collate` puts
//! their pages together, [`letter`] and [`decree`] read them with the readers of [`fact`], [`case_file`] chooses which of them
//! speak, [`completeness`] and [`validity`] fill the checklist of SOP steps 2 and 5. What was approved before (`approved`) and
//! how badly something was read (`doubt`) may weaken a finding, [`people`] puts a mismatch of persons first, [`alerts`] tells
//! what else was seen, and [`verdict`] says what a single mail is. What differs between offices stands in [`recognition`].

pub mod alerts;
pub mod applicant;
mod approved;
pub mod case_file;
mod collate;
pub mod completeness;
pub mod decree;
mod doubt;
pub mod electronic;
pub mod fact;
pub mod fields;
pub mod fold;
pub mod known;
pub mod letter;
mod mend;
pub mod message;
pub mod page;
pub mod people;
pub mod recognition;
pub mod reuse;
mod sender;
pub mod sheet;
mod signature;
pub mod sort;
mod table;
pub mod validity;
pub mod verdict;
pub mod wording;

use chrono::NaiveDate;

pub use case_file::{CaseFile, Read};
pub use known::{ApprovedDecree, Confirmation, EarlierLetter, Known, Standing};
pub use message::MailFacts;
pub use recognition::Recognition;
pub use verdict::{Verdict, WITHDRAWALS, judge};

use crate::sop::checklist::Understanding;

/// Understands the merged papers of all mails of a case, oldest first, as of `day`.
pub fn understand(mails: &[MailFacts], known: &Known<'_>, recognition: &Recognition, day: NaiveDate) -> Understanding {
    CaseFile::read(mails, recognition, day).understanding(known)
}

impl CaseFile<'_> {
    /// Fills the checklist. Read once, check often: a dossier does not change when the register does.
    pub fn understanding(&self, known: &Known<'_>) -> Understanding {
        let mut checklist = completeness::check(self);
        let (valid, raised) = validity::check(self, known);
        checklist.extend(valid);
        doubt::weigh(self, &mut checklist);
        approved::compare(self, known, &mut checklist);
        people::first(self, known, &mut checklist);
        Understanding {
            services: self.services.clone(),
            applicant: self.applicant.clone(),
            documents: self.documents(),
            checklist,
            alerts: alerts::of(self, raised),
        }
    }
}
