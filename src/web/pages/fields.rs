//! What was typed into a form, kept for showing it again, with what is wrong beside it.

use crate::sop::names::Language;
use crate::web::answer::{Field, FieldError};
use crate::web::words::why;

/// Fields that are never kept or shown again.
pub const NEVER_KEPT: [&str; 8] = ["kode", "kunci", "frasa", "frasa2", "p1", "p2", "nip", "bukti"];

/// The values of one form (a page may hold several) and its errors.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    form: String,
    values: Vec<(String, String)>,
    errors: Vec<(Field, String)>,
    /// Whether this form was sent and not taken.
    pub failed: bool,
}

impl Fields {
    /// Keeps the values of `form`, codes and passwords excepted.
    pub fn kept(form: &str, values: &[(String, String)]) -> Self {
        let values = values.iter().filter(|(name, _)| !NEVER_KEPT.contains(&name.as_str())).cloned().collect();
        Self { form: form.to_owned(), values, errors: Vec::new(), failed: false }
    }

    pub fn with_errors(mut self, lang: Language, errors: &[FieldError]) -> Self {
        self.errors = errors.iter().map(|e| (e.field, why(lang, e))).collect();
        self.failed = true;
        self
    }

    /// The form was refused for a reason that is no field's.
    pub fn refused(mut self) -> Self {
        self.failed = true;
        self
    }

    pub fn form(&self) -> &str {
        &self.form
    }

    /// Whether anything was kept for `form`.
    pub fn has(&self, form: &str) -> bool {
        self.form == form && !self.values.is_empty()
    }

    /// The kept value; empty where there is none.
    pub fn value(&self, form: &str, name: &str) -> &str {
        self.find(form, name).unwrap_or("")
    }

    /// The kept value, else what the page would show.
    pub fn value_or<'s>(&'s self, form: &str, name: &str, otherwise: &'s str) -> &'s str {
        self.find(form, name).unwrap_or(otherwise)
    }

    /// Whether `value` is chosen: as kept, else as the page would have it.
    pub fn chosen(&self, form: &str, name: &str, value: &str, otherwise: bool) -> bool {
        if !self.has(form) {
            return otherwise;
        }
        self.values.iter().any(|(n, v)| n == name && v == value)
    }

    pub fn error(&self, form: &str, name: &str) -> Option<&str> {
        if self.form != form {
            return None;
        }
        self.errors.iter().find(|(field, _)| field_name(*field) == name).map(|(_, text)| text.as_str())
    }

    /// Every error with the id of its field, for the summary on top.
    pub fn summary(&self) -> Vec<(String, &str)> {
        self.errors
            .iter()
            .map(|(field, text)| (format!("{}-{}", self.form, field_name(*field)), text.as_str()))
            .collect()
    }

    fn find(&self, form: &str, name: &str) -> Option<&str> {
        if self.form != form {
            return None;
        }
        self.values.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// What a field is called in the forms.
pub fn field_name(field: Field) -> &'static str {
    match field {
        Field::Reason => "alasan",
        Field::ReasonCode => "dasar",
        Field::Code => "kode",
        Field::Items => "butir",
        Field::Letter => "surat",
        Field::Note => "catatan",
        Field::ToAdmin => "admin",
        Field::Method => "cara",
        Field::Result => "hasil",
        Field::SpokenWith => "siapa",
        Field::Password => "p1",
        Field::PasswordAgain => "p2",
        Field::UserId => "u1",
        Field::Searched => "n1",
        Field::What => "n2",
        Field::IdentifiedBy => "kartu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_passwords_are_not_kept() {
        let typed = [("kode", "123456"), ("p1", "rahasia"), ("alasan", "salah ketik")];
        let typed: Vec<_> = typed.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();

        let fields = Fields::kept("setujui", &typed);

        assert_eq!(fields.value("setujui", "alasan"), "salah ketik");
        assert_eq!(fields.value("setujui", "kode"), "");
        assert_eq!(fields.value("tolak", "alasan"), "");
    }
}
