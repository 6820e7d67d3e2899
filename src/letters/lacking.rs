//! From findings to what the applicant is asked for: one line for each paper to send, with what was wrong with the one
//! that came. An item that a missing paper answers anyway is not asked for twice.

use super::facts::{Lack, Problem, Received};
use crate::sop::checklist::{Document, DocumentKind, Finding, Method, Trouble, Understanding};

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

const PAPERS: [(&str, &[&str], DocumentKind); 2] = [
    ("request_letter", &IN_LETTER, DocumentKind::RequestLetter),
    ("appointment_decree", &IN_DECREE, DocumentKind::AppointmentDecree),
];

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

/// Attachments that could not be read and that no line of [`lacks`] names: any of them may hold what is missing.
pub fn unopened(lacks: &[Lack], found: &Understanding) -> Vec<Lack> {
    let named = |document: &Document| lacks.iter().any(|lack| lack.file.as_ref() == Some(&document.attachment));
    let unread = found.documents.iter().filter(|document| document.method == Method::None && !named(document));
    unread.map(|document| Lack::of("attachment", trouble(document), Some(&document.attachment))).collect()
}

/// The required papers that are in order and need not be sent again, as they were recognised.
pub fn present(items: &[String], found: &Understanding) -> Vec<Received> {
    let spoiled = |answers: &[&str]| items.iter().any(|item| answers.contains(&item.as_str()));
    let met = |item: &str| found.check(item).is_some_and(|check| check.finding == Finding::Met);
    PAPERS
        .into_iter()
        .filter(|(item, answers, _)| met(item) && !spoiled(answers) && !items.iter().any(|asked| asked == item))
        .map(|(item, _, kind)| {
            let document = speaking(item, kind, found);
            Received {
                item: item.to_owned(),
                file: document.map(|d| d.attachment.clone()),
                number: document.and_then(|d| d.number.clone()),
                date: document.and_then(|d| d.date),
            }
        })
        .collect()
}

/// Whether what is asked for is a signed request letter, so that a form of it helps.
pub fn asks_for_a_letter(items: &[String]) -> bool {
    items.iter().any(|item| matches!(item.as_str(), "request_letter" | "request_letter_signed"))
}

fn lack(item: &str, found: &Understanding) -> Lack {
    let letter = || speaking("request_letter", DocumentKind::RequestLetter, found);
    let decree = || speaking("appointment_decree", DocumentKind::AppointmentDecree, found);
    match item {
        "request_letter" => absent(item, DocumentKind::RequestLetter, found),
        "appointment_decree" => absent(item, DocumentKind::AppointmentDecree, found),
        "request_letter_signed" => in_document(item, Problem::Unsigned, letter()),
        "decree_names_applicant" => in_document(item, Problem::AnnexPageMissing, decree()),
        "decree_in_force" => Lack {
            until: decree().and_then(|d| d.valid_until),
            ..Lack::of(item, Problem::Expired, decree().map(|d| &d.attachment))
        },
        _ => Lack::of(item, Problem::Incomplete, None),
    }
}

/// What a document lacks; pages of it that could not be read are the likelier cause, and are named instead.
fn in_document(item: &str, problem: Problem, document: Option<&Document>) -> Lack {
    let file = document.map(|d| &d.attachment);
    match document.filter(|d| !d.unread_pages.is_empty()) {
        Some(document) => Lack { pages: pages(document), ..Lack::of(item, Problem::PagesUnreadable, file) },
        None => Lack::of(item, problem, file),
    }
}

/// A paper that is not there, or that came and could not be read.
fn absent(item: &str, kind: DocumentKind, found: &Understanding) -> Lack {
    if let Some(document) = unread(item, kind, found) {
        return Lack::of(item, trouble(document), Some(&document.attachment));
    }
    if let Some(document) = found.documents.iter().find(|d| !d.unread_pages.is_empty()) {
        let file = Some(&document.attachment);
        return Lack { pages: pages(document), ..Lack::of(item, Problem::PagesUnreadable, file) };
    }
    let linked = found.alerts.iter().any(|alert| alert == "link_instead_of_attachment");
    Lack::of(item, if linked { Problem::LinkOnly } else { Problem::Absent }, None)
}

fn trouble(document: &Document) -> Problem {
    match document.trouble {
        Some(Trouble::Encrypted) => Problem::Encrypted,
        Some(Trouble::ArchiveFormat) => Problem::ArchiveFormat,
        Some(Trouble::OutlookPacket) => Problem::OutlookPacket,
        Some(Trouble::OfficeFormat) => Problem::OfficeFormat,
        Some(Trouble::Infected) => Problem::Infected,
        Some(Trouble::Unscanned) => Problem::Unscanned,
        Some(Trouble::Unreadable) | None => Problem::Unreadable,
    }
}

fn pages(document: &Document) -> Vec<u32> {
    document.unread_pages.clone()
}

/// The attachment a finding points at, else one of the kind that could not be read, else the only unread one.
fn unread<'a>(item: &str, kind: DocumentKind, found: &'a Understanding) -> Option<&'a Document> {
    let unread: Vec<&Document> = found.documents.iter().filter(|document| document.method == Method::None).collect();
    let by_finding = unread.iter().find(|document| is_pointed_at(item, document, found));
    let by_kind = unread.iter().find(|document| document.kind == kind);
    let only = match unread.as_slice() {
        [one] if one.kind == DocumentKind::Other => Some(one),
        _ => None,
    };
    by_finding.or(by_kind).or(only).copied()
}

/// The document that a finding stands on, else the last one of the kind that was read.
fn speaking<'a>(item: &str, kind: DocumentKind, found: &'a Understanding) -> Option<&'a Document> {
    let read = || found.documents.iter().filter(|document| document.kind == kind && document.method != Method::None);
    read().find(|document| is_pointed_at(item, document, found)).or_else(|| read().next_back())
}

fn is_pointed_at(item: &str, document: &Document, found: &Understanding) -> bool {
    found.check(item).and_then(|check| check.evidence.first()).is_some_and(|evidence| document.bears(evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sop::checklist::{Check, Signature};

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
            trouble: None,
            unread_pages: Vec::new(),
        }
    }

    fn unread(attachment: &str, trouble: Trouble) -> Document {
        Document { trouble: Some(trouble), ..document(attachment, DocumentKind::Other, Method::None) }
    }

    fn items(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn a_missing_decree_is_asked_for_once() {
        let asked = items(&["appointment_decree", "decree_names_applicant", "decree_in_force"]);

        let lacks = lacks(&asked, &Understanding::default());

        assert_eq!(lacks, [Lack::of("appointment_decree", Problem::Absent, None)]);
    }

    #[test]
    fn a_locked_decree_is_asked_for_by_its_name() {
        let found = Understanding {
            documents: vec![
                document("surat.pdf", DocumentKind::RequestLetter, Method::Text),
                unread("SK.pdf", Trouble::Encrypted),
            ],
            ..Understanding::default()
        };

        let lacks = lacks(&items(&["appointment_decree"]), &found);

        assert_eq!(lacks[0].problem, Problem::Encrypted);
        assert_eq!(lacks[0].file.as_deref(), Some("SK.pdf"));
    }

    #[test]
    fn of_two_files_that_cannot_be_opened_each_is_named_with_its_own_reason() {
        let found = Understanding {
            documents: vec![
                unread("berkas.rar", Trouble::ArchiveFormat),
                unread("winmail.dat", Trouble::OutlookPacket),
            ],
            ..Understanding::default()
        };

        let lacks = lacks(&items(&["request_letter", "appointment_decree"]), &found);
        let others = unopened(&lacks, &found);

        assert_eq!(lacks.iter().map(|lack| lack.problem).collect::<Vec<_>>(), [Problem::Absent, Problem::Absent]);
        let named: Vec<_> = others.iter().map(|lack| (lack.file.as_deref().unwrap(), lack.problem)).collect();
        assert_eq!(named, [("berkas.rar", Problem::ArchiveFormat), ("winmail.dat", Problem::OutlookPacket)]);
    }

    #[test]
    fn an_infected_file_is_named_with_what_to_do() {
        let found = Understanding {
            documents: vec![unread("SK.pdf", Trouble::Infected), unread("besar.pdf", Trouble::Unscanned)],
            ..Understanding::default()
        };

        let others = unopened(&[], &found);

        let named: Vec<_> = others.iter().map(|lack| (lack.file.as_deref().unwrap(), lack.problem)).collect();
        assert_eq!(named, [("SK.pdf", Problem::Infected), ("besar.pdf", Problem::Unscanned)]);
    }

    #[test]
    fn a_page_that_cannot_be_read_is_named_by_its_number() {
        let decree =
            Document { unread_pages: vec![3], ..document("SK.pdf", DocumentKind::AppointmentDecree, Method::Ocr) };
        let found = Understanding { documents: vec![decree], ..Understanding::default() };

        let lack = &lacks(&items(&["decree_names_applicant"]), &found)[0];

        assert_eq!((lack.problem, lack.pages.as_slice()), (Problem::PagesUnreadable, &[3][..]));
        assert_eq!(lack.file.as_deref(), Some("SK.pdf"));
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

        let present: Vec<String> = present(&asked, &found).into_iter().map(|received| received.item).collect();
        assert_eq!(present, ["appointment_decree"]);
        assert_eq!(lacks(&asked, &found)[0].problem, Problem::Unsigned);
    }
}
