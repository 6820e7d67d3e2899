//! A decree beside what is remembered of it: an admin approved on it before, so its validity and its people are known. The
//! memory cures nothing by itself. It puts a difference before a person, and tells the admin what an unreadable or
//! partial copy does not show.

use super::case_file::CaseFile;
use super::fact::role::RoleFound;
use super::known::{ApprovedDecree, Known};
use super::reuse::plain_number;
use super::wording;
use crate::sop::checklist::{Check, Finding};

/// Holds the decree of a dossier against those that were approved on.
pub(super) fn compare(file: &CaseFile<'_>, known: &Known<'_>, checks: &mut [Check]) {
    let number = file.decree().and_then(|(_, decree)| decree.number.as_deref()).and_then(plain_number);
    let same_number = |d: &&ApprovedDecree| number.is_some() && plain_number(&d.number) == number;
    if let Some(then) = known.decrees.iter().rfind(same_number) {
        validity(file, then, checks);
    }
    if let Some(then) = known.decrees.iter().rfind(|d| same_number(d) && d.same_applicant) {
        role(file, then, checks);
    }
    let in_force = |d: &&ApprovedDecree| d.valid_until.is_none_or(|until| until >= file.day);
    let helps = |d: &&ApprovedDecree| d.same_applicant && in_force(d) && (number.is_none() || same_number(d));
    if let Some(then) = known.decrees.iter().rfind(helps) {
        remind(then, checks);
    }
}

fn validity(file: &CaseFile<'_>, then: &ApprovedDecree, checks: &mut [Check]) {
    let Some((_, decree)) = file.decree() else { return };
    let (from, until) = (decree.period.from, decree.period.until);
    let begins_elsewhere = from.zip(then.valid_from).is_some_and(|(now, then)| now != then);
    if (from.is_none() && until.is_none()) || (until == then.valid_until && !begins_elsewhere) {
        return;
    }
    let period = match (then.valid_from, then.valid_until) {
        (_, Some(until)) if until != decree.period.until.unwrap_or_default() => {
            format!("sampai dengan {}", wording::day(until))
        }
        (Some(from), _) => format!("sejak {}", wording::day(from)),
        _ => "tanpa batas akhir".to_owned(),
    };
    let because = format!("SK bernomor sama pada permohonan {} berlaku {period}.", then.case);
    doubt("decree_in_force", &because, checks);
}

fn role(file: &CaseFile<'_>, then: &ApprovedDecree, checks: &mut [Check]) {
    let own = own_role(file);
    if own.is_some() && then.own_role.is_some() && own != then.own_role {
        let because = format!("SK bernomor sama pada permohonan {} memberi pemohon kedudukan lain.", then.case);
        doubt("role_matches", &because, checks);
    }
}

/// Whether the decree gives the applicant the procedure's role; `None` where that cannot be read.
pub fn own_role(file: &CaseFile<'_>) -> Option<bool> {
    match file.decree_role()? {
        RoleFound::Own(_) => Some(true),
        RoleFound::Other(_) => Some(false),
        RoleFound::Unclear => None,
    }
}

/// A person must look, whatever was found before.
fn doubt(item: &str, because: &str, checks: &mut [Check]) {
    let Some(check) = checks.iter_mut().find(|check| check.item == item) else { return };
    check.finding = check.finding.max(Finding::Unclear);
    check.because = format!("{} {because}", check.because);
}

/// Says what was seen of the decree when it could be read.
fn remind(then: &ApprovedDecree, checks: &mut [Check]) {
    let lacks = |item: &&str| checks.iter().any(|c| c.item == **item && c.finding == Finding::Missing);
    let Some(item) = ["appointment_decree", "decree_names_applicant"].into_iter().find(lacks) else { return };
    let until = then.valid_until.map(|until| format!(", berlaku sampai dengan {}", wording::day(until)));
    let because = format!(
        "SK no. {} yang memuat pemohon pernah diperiksa pada permohonan {}{}.",
        then.number,
        then.case,
        until.unwrap_or_default()
    );
    if let Some(check) = checks.iter_mut().find(|check| check.item == item) {
        check.because = format!("{} {because}", check.because);
    }
}
