//! Who is spoken of: the letter names its applicant, the mail may name another, and its sender may be a third. Each may be in
//! order by itself; that they differ must be the first thing the admin sees (THREATS row 16).

use super::applicant;
use super::case_file::{CaseFile, is_other_person};
use super::fact::name::{self, Likeness};
use super::known::Known;
use crate::sop::account::Account;
use crate::sop::checklist::{Applicant, Check, Finding};

/// What to call an applicant in a sentence; a number alone is not told.
pub fn called(applicant: &Applicant) -> &str {
    applicant.name.as_deref().unwrap_or("orang dengan NIP lain")
}

/// Fills [`CaseFile::other_in_mail`].
pub(super) fn other_in_mail(file: &CaseFile<'_>) -> Option<Applicant> {
    file.letter()?;
    let told = file.mails.iter().rev().map(|m| applicant::in_text(&m.own_words(), file.recognition));
    let same_name = |a: &Applicant| match (&a.name, &file.applicant.name) {
        (Some(a), Some(b)) => name::compare(a, b) != Likeness::Different,
        _ => false,
    };
    told.into_iter().find(|a| is_other_person(a, &file.applicant) && !same_name(a))
}

/// The applicants of all letters, each once.
pub fn in_letters(file: &CaseFile<'_>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for letter in file.read.iter().filter(|d| d.is_letter()).filter_map(|d| d.letter.as_ref()) {
        let name = called(&letter.applicant);
        if !names.iter().any(|n| name::compare(n, name) != Likeness::Different) {
            names.push(name);
        }
    }
    names.join("; ")
}

/// Whether the papers and mails name different people as applicant.
pub fn differ(file: &CaseFile<'_>) -> bool {
    file.disagreeing_letters || file.other_in_mail.is_some()
}

/// Puts what says that people differ before everything else.
pub fn first(file: &CaseFile<'_>, known: &Known<'_>, checklist: &mut [Check]) {
    let names = differ(file);
    let sender = sender_is_another(file, known.accounts.unwrap_or_default());
    let tells = |check: &Check| match check.item.as_str() {
        "applicant_identified" => names,
        "sender_registered" => sender && check.finding != Finding::Met,
        _ => false,
    };
    checklist.sort_by_key(|check| !tells(check));
}

/// Whether the sender's address is registered for another person than the applicant.
fn sender_is_another(file: &CaseFile<'_>, accounts: &[Account]) -> bool {
    let sender = file.mails.iter().rev().find_map(|m| m.sender.as_ref());
    let owner = sender.and_then(|sender| accounts.iter().find(|a| a.email.same_mailbox(sender)));
    let asked = file.applicant.name.as_deref();
    owner.zip(asked).is_some_and(|(owner, asked)| name::compare(&owner.name, asked) == Likeness::Different)
}
