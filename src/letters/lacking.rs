//! From findings to what the applicant is asked for: one line for each paper to send, with what was wrong with the one
//! that came. An item that a missing paper answers anyway is not asked for twice.

use super::facts::{Lack, Problem};
use crate::sop::checklist::{Check, Document, DocumentKind, Finding, Method, Understanding};

/// Items that a new request letter answers, and a new decree.
const IN_LETTER: [&str; 7] = [
    "request_letter_signed",
    "service_stated",
    "applicant_identified",
    "name_matches",
    "nip_matches",
    "work_unit_matches",
    "letter_not_reused",
];
const IN_DECREE: [&str; 3] = ["decree_names_applicant", "decree_in_force", "role_matches"];

/// Turns the items to complete into what the letter asks for, in the order given.
pub fn lacks(items: &[String], found: &Understanding) -> Vec<Lack> {
    let asked = |item: &str| items.iter().any(|other| other == item);
    items
        .iter()
        .filter(|item| !(asked("request_letter") && IN_LETTER.contains(&item.as_str())))
        .filter(|item| !(asked("appointment_decree") && IN_DECREE.contains(&item.as_str())))
        .map(|item| lack(item, found))
        .collect()
}

/// The required papers that are in order and need not be sent again.
pub fn present(items: &[String], found: &Understanding) -> Vec<String> {
    let spoiled = |answers: &[&str]| items.iter().any(|item| answers.contains(&item.as_str()));
    let met = |item: &str| found.check(item).is_some_and(|check| check.finding == Finding::Met);
    [("request_letter", &IN_LETTER[..]), ("appointment_decree", &IN_DECREE[..])]
        .into_iter()
        .filter(|(item, answers)| met(item) && !spoiled(answers))
        .map(|(item, _)| item.to_owned())
        .collect()
}

fn lack(item: &str, found: &Understanding) -> Lack {
    let named = |problem, file: Option<String>| Lack { item: item.to_owned(), problem, file };
    match item {
        "request_letter" => unread(item, DocumentKind::RequestLetter, found),
        "appointment_decree" => unread(item, DocumentKind::AppointmentDecree, found),
        "request_letter_signed" => named(Problem::Unsigned, None),
        "decree_names_applicant" => named(Problem::AnnexPageMissing, None),
        "decree_in_force" => named(Problem::Expired, None),
        _ => named(Problem::Incomplete, None),
    }
}

/// A paper that is not there, or that came and could not be read.
fn unread(item: &str, kind: DocumentKind, found: &Understanding) -> Lack {
    let alert = |name: &str| found.alerts.iter().any(|other| other == name);
    let named = |problem, file: Option<String>| Lack { item: item.to_owned(), problem, file };
    let Some(file) = unreadable(item, kind, found) else {
        let problem = if alert("link_instead_of_attachment") { Problem::LinkOnly } else { Problem::Absent };
        return named(problem, None);
    };
    let name = file.to_lowercase();
    let packed = [".rar", ".7z", ".tar", ".gz"].iter().any(|end| name.ends_with(end));
    let problem = match (packed, alert("encrypted_document")) {
        (true, _) => Problem::ArchiveFormat,
        (_, true) => Problem::Encrypted,
        _ => Problem::Unreadable,
    };
    named(problem, Some(file))
}

/// The attachment a finding points at, else one of the kind that could not be read, else the only unread one.
fn unreadable(item: &str, kind: DocumentKind, found: &Understanding) -> Option<String> {
    let unread: Vec<&Document> = found.documents.iter().filter(|document| document.method == Method::None).collect();
    let pointed =
        found.check(item).and_then(|check: &Check| check.evidence.first()).map(|evidence| &evidence.attachment);
    let by_finding = pointed.filter(|name| unread.iter().any(|document| document.attachment == **name));
    let by_kind = unread.iter().find(|document| document.kind == kind).map(|document| &document.attachment);
    let only = match unread.as_slice() {
        [one] if one.kind == DocumentKind::Other => Some(&one.attachment),
        _ => None,
    };
    by_finding.or(by_kind).or(only).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sop::checklist::Signature;

    fn check(item: &str, finding: Finding) -> Check {
        Check { item: item.into(), step: 2, finding, because: String::new(), evidence: Vec::new(), pair: None }
    }

    fn document(attachment: &str, kind: DocumentKind, method: Method) -> Document {
        Document {
            attachment: attachment.into(),
            pages: "1".into(),
            kind,
            method,
            number: None,
            date: None,
            valid_from: None,
            valid_until: None,
            signature: Signature::None,
            sha256: None,
            text: None,
            look: None,
        }
    }

    fn items(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn a_missing_decree_is_asked_for_once() {
        let asked = items(&["appointment_decree", "decree_names_applicant", "decree_in_force"]);

        let lacks = lacks(&asked, &Understanding::default());

        assert_eq!(lacks, [Lack { item: "appointment_decree".into(), problem: Problem::Absent, file: None }]);
    }

    #[test]
    fn a_locked_decree_is_asked_for_by_its_name() {
        let found = Understanding {
            documents: vec![
                document("surat.pdf", DocumentKind::RequestLetter, Method::Text),
                document("SK.pdf", DocumentKind::Other, Method::None),
            ],
            alerts: vec!["encrypted_document".into()],
            ..Understanding::default()
        };

        let lacks = lacks(&items(&["appointment_decree"]), &found);

        assert_eq!(lacks[0].problem, Problem::Encrypted);
        assert_eq!(lacks[0].file.as_deref(), Some("SK.pdf"));
    }

    #[test]
    fn a_link_is_answered_with_the_wish_for_a_file() {
        let found = Understanding { alerts: vec!["link_instead_of_attachment".into()], ..Understanding::default() };

        assert_eq!(lacks(&items(&["request_letter"]), &found)[0].problem, Problem::LinkOnly);
    }

    #[test]
    fn an_unsigned_letter_is_not_called_received() {
        let found = Understanding {
            checklist: vec![
                check("request_letter", Finding::Met),
                check("request_letter_signed", Finding::Missing),
                check("appointment_decree", Finding::Met),
            ],
            ..Understanding::default()
        };
        let asked = items(&["request_letter_signed"]);

        assert_eq!(present(&asked, &found), ["appointment_decree"]);
        assert_eq!(lacks(&asked, &found)[0].problem, Problem::Unsigned);
    }
}
