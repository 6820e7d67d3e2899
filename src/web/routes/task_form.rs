//! Reads the forms of work done by hand: the outcome in the account system, the handing over in person.

use super::decision_form::{WORDS, text};
use crate::web::answer::{Field, FieldError, HandForm, ManualOutcome, ReissueForm, Resolution, SeenResult, Typed, Why};
use crate::web::asked::Posted;

/// Least characters of a temporary password (THREATS, temporary password).
const PASSWORD: usize = 15;
/// Characters of a user ID.
const USER_ID: usize = 200;

pub(super) fn outcome(form: &Posted) -> Result<ManualOutcome, Vec<FieldError>> {
    let mut errors = Vec::new();
    let outcome = match form.text("hasil") {
        "reset" => ManualOutcome::ResetDone { password: password(form, &mut errors) },
        "tautan" => ManualOutcome::SystemSentLink,
        "user" => ManualOutcome::UserIdFound { user_id: text(form, "u1", Field::UserId, true, USER_ID, &mut errors) },
        "tiada" => ManualOutcome::NotFound { searched: text(form, "n1", Field::Searched, true, WORDS, &mut errors) },
        "gagal" => ManualOutcome::Failed { what: text(form, "n2", Field::What, true, WORDS, &mut errors) },
        _ => return Err(vec![FieldError { field: Field::Result, why: Why::Missing }]),
    };
    if errors.is_empty() { Ok(outcome) } else { Err(errors) }
}

/// The password exactly as typed, twice alike.
fn password(form: &Posted, errors: &mut Vec<FieldError>) -> Typed {
    let (first, again) = (form.typed("p1"), form.typed("p2"));
    let length = first.expose().chars().count();
    if length == 0 {
        errors.push(FieldError { field: Field::Password, why: Why::Missing });
    } else if length < PASSWORD {
        errors.push(FieldError { field: Field::Password, why: Why::TooShort(PASSWORD) });
    } else if length > 200 {
        errors.push(FieldError { field: Field::Password, why: Why::TooLong(200) });
    } else if first.expose() != again.expose() {
        errors.push(FieldError { field: Field::PasswordAgain, why: Why::Different });
    }
    first
}

pub(super) fn resolution(way: &str) -> Option<Resolution> {
    match way {
        "terjadi" => Some(Resolution::Happened),
        "batal" => Some(Resolution::DidNotHappen),
        "diserahkan" => Some(Resolution::HandedInPerson),
        _ => None,
    }
}

/// A sentence that must be there.
pub(super) fn sentence(form: &Posted, name: &str, field: Field) -> Result<String, Vec<FieldError>> {
    let mut errors = Vec::new();
    let sentence = text(form, name, field, true, WORDS, &mut errors);
    if errors.is_empty() { Ok(sentence) } else { Err(errors) }
}

pub(super) fn reissuing(form: &Posted) -> Result<ReissueForm, Vec<FieldError>> {
    let mut errors = Vec::new();
    let reason = text(form, "alasan", Field::Reason, true, WORDS, &mut errors);
    match code(form, &mut errors) {
        Some(code) if errors.is_empty() => Ok(ReissueForm { seen: seen(form), reason, code }),
        _ => Err(errors),
    }
}

pub(super) fn handing_over(form: &Posted) -> Result<HandForm, Vec<FieldError>> {
    let mut errors = Vec::new();
    let identified_by = text(form, "kartu", Field::IdentifiedBy, true, WORDS, &mut errors);
    let note = text(form, "catatan", Field::Note, false, WORDS, &mut errors);
    match code(form, &mut errors) {
        Some(code) if errors.is_empty() => Ok(HandForm { seen: seen(form), identified_by, note, code }),
        _ => Err(errors),
    }
}

fn seen(form: &Posted) -> SeenResult {
    SeenResult { proposal_hash: form.text("bukti").to_owned(), issue: form.text("terbitan").to_owned() }
}

fn code(form: &Posted, errors: &mut Vec<FieldError>) -> Option<Typed> {
    let code = form.some_proof();
    if code.is_none() {
        errors.push(FieldError { field: Field::Code, why: Why::Missing });
    }
    code
}
