//! Reads the forms of the review: decision, letter, confirmation. What is wrong is named by field; what the form does
//! not offer is not read.

use crate::web::answer::{ConfirmForm, ConfirmMethod, ConfirmResult, DecisionForm, DraftForm, Field, FieldError, Why};
use crate::web::asked::Posted;
use crate::web::pages::review::choice;
use crate::web::view::Choice;

/// Characters of a reason or a note.
pub(super) const WORDS: usize = 2_000;
/// Characters of a letter.
const LETTER: usize = 20_000;
/// Characters of a name.
const NAME: usize = 300;

/// A text of the form, required or not, at most `most` characters.
pub(super) fn text(
    form: &Posted,
    name: &str,
    field: Field,
    required: bool,
    most: usize,
    errors: &mut Vec<FieldError>,
) -> String {
    let text = form.text(name);
    if required && text.is_empty() {
        errors.push(FieldError { field, why: Why::Missing });
    }
    if text.chars().count() > most {
        errors.push(FieldError { field, why: Why::TooLong(most) });
    }
    text.replace("\r\n", "\n")
}

fn checked<T>(value: T, errors: Vec<FieldError>) -> Result<T, Vec<FieldError>> {
    if errors.is_empty() { Ok(value) } else { Err(errors) }
}

pub(super) fn decision(form: &Posted, choice: Choice) -> Result<DecisionForm, Vec<FieldError>> {
    let mut errors = Vec::new();
    let hand_over = choice == Choice::HandOver;
    let letter = form.text("surat").replace("\r\n", "\n");
    let items = if choice == Choice::Complete { form.all("butir") } else { Vec::new() };
    let dasar = (choice == Choice::Reject).then(|| form.text("dasar").to_owned());
    let to_admin = hand_over.then(|| form.text("admin").to_owned());
    if choice == Choice::Complete && items.is_empty() {
        errors.push(FieldError { field: Field::Items, why: Why::Missing });
    }
    if dasar.as_deref() == Some("") {
        errors.push(FieldError { field: Field::ReasonCode, why: Why::Missing });
    }
    if to_admin.as_deref() == Some("") {
        errors.push(FieldError { field: Field::ToAdmin, why: Why::Missing });
    }
    let decision = DecisionForm {
        choice,
        proposal_hash: form.text("bukti").to_owned(),
        letter: (!letter.is_empty()).then_some(letter),
        reason: text(form, "alasan", Field::Reason, hand_over, WORDS, &mut errors),
        reason_code: dasar,
        items,
        note: text(form, "catatan", Field::Note, false, WORDS, &mut errors),
        to_admin,
        code: form.some_proof(),
    };
    checked(decision, errors)
}

pub(super) fn draft(form: &Posted) -> Result<DraftForm, Vec<FieldError>> {
    let mut errors = Vec::new();
    let body = text(form, "surat", Field::Letter, true, LETTER, &mut errors);
    let Some(choice) = choice(form.text("konsep")) else {
        return Err(vec![FieldError { field: Field::Letter, why: Why::NotOffered }]);
    };
    checked(DraftForm { choice, proposal_hash: form.text("bukti").to_owned(), body }, errors)
}

pub(super) fn confirmation(form: &Posted) -> Result<ConfirmForm, Vec<FieldError>> {
    let mut errors = Vec::new();
    let method = match form.text("cara") {
        "telepon" => Some(ConfirmMethod::Phone),
        "temu" => Some(ConfirmMethod::InPerson),
        _ => None,
    };
    let result = match form.text("hasil") {
        "benar" => Some(ConfirmResult::Genuine),
        "bukan" => Some(ConfirmResult::Denied),
        "tak" => Some(ConfirmResult::Unreached),
        _ => None,
    };
    if method.is_none() {
        errors.push(FieldError { field: Field::Method, why: Why::Missing });
    }
    if result.is_none() {
        errors.push(FieldError { field: Field::Result, why: Why::Missing });
    }
    let reached = result != Some(ConfirmResult::Unreached);
    let spoken_with = text(form, "siapa", Field::SpokenWith, reached, NAME, &mut errors);
    let note = text(form, "catatan", Field::Note, false, WORDS, &mut errors);
    match (method, result) {
        (Some(method), Some(result)) => {
            let proposal_hash = form.text("bukti").to_owned();
            checked(ConfirmForm { proposal_hash, method, result, spoken_with, note }, errors)
        }
        _ => Err(errors),
    }
}
