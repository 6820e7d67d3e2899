//! A letter as MIME. Every value that reaches a header is checked here first: a line break or NUL in any of them refuses
//! the letter, so that no text of a stranger can add a header (CWE-93).

use std::time::SystemTime;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};

use crate::engine::port::{Enclosure, Fault, Outgoing};
use crate::sop::names::Address;

/// A header line may hold 998 bytes (RFC 5322 §2.1.1); a subject this long leaves room for any folding.
const LONGEST_SUBJECT: usize = 240;
/// Longer identifiers are no Message-IDs of any mail program.
const LONGEST_ID: usize = 250;
/// The first and the latest messages of a thread are named, as RFC 5322 §3.6.4 allows.
const MOST_REFERENCES: usize = 20;

/// Whom our letters come from. Bounces return to the same address.
#[derive(Debug, Clone)]
pub struct Sender {
    pub address: Address,
    pub display_name: String,
}

/// Whether the bytes of a letter say who gets a copy. Its envelope always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// As every reader of a letter gets it.
    Hidden,
    /// For whoever carries it on without an envelope.
    Named,
}

/// Builds the message with the letter's own Message-ID and date.
///
/// # Errors
/// Permanent: a control character in a header value, an address SMTP cannot carry, or nobody to send to.
pub fn compose(sender: &Sender, letter: &Outgoing, copies: Copies) -> Result<Message, Fault> {
    let named = [("Message-ID", &letter.message_id), ("Subject", &letter.subject), ("From", &sender.display_name)];
    let threads = letter.in_reply_to.iter().chain(&letter.references).map(|id| ("References", id));
    let enclosed = letter.enclosures.iter().flat_map(|e| [("file name", &e.name), ("media type", &e.media_type)]);
    for (what, value) in named.into_iter().chain(threads).chain(enclosed) {
        if value.contains(char::is_control) {
            return Err(Fault::permanent(format_args!(
                "The letter's {what} holds a line break or another control character"
            )));
        }
    }
    let Some(message_id) = identifier(&letter.message_id) else {
        return Err(Fault::permanent("The letter's Message-ID is not one"));
    };
    if letter.to.is_empty() {
        return Err(Fault::permanent("The letter has no addressee"));
    }
    let mut message = Message::builder()
        .message_id(Some(message_id))
        .date(SystemTime::from(letter.date))
        .from(mailbox(&sender.address, Some(&sender.display_name))?)
        .subject(shortened(&letter.subject));
    for address in &letter.to {
        message = message.to(mailbox(address, None)?);
    }
    for address in &letter.bcc {
        message = message.bcc(mailbox(address, None)?);
    }
    if copies == Copies::Named {
        message = message.keep_bcc();
    }
    if let Some(id) = letter.in_reply_to.as_deref().and_then(identifier) {
        message = message.in_reply_to(id);
    }
    if let Some(thread) = references(&letter.references) {
        message = message.references(thread);
    }
    if letter.auto_submitted {
        message = message.header(AutoReplied);
    }
    let text = SinglePart::plain(readable(&letter.body));
    let built = match letter.enclosures.as_slice() {
        [] => message.singlepart(text),
        files => message.multipart(
            files.iter().fold(MultiPart::mixed().singlepart(text), |mail, file| mail.singlepart(enclosed_part(file))),
        ),
    };
    built.map_err(|e| Fault::permanent(format_args!("The letter cannot be composed: {e}")))
}

fn mailbox(address: &Address, name: Option<&str>) -> Result<Mailbox, Fault> {
    let parsed = address
        .as_str()
        .parse()
        .map_err(|_| Fault::permanent(format_args!("The address {} cannot be written to", address.masked())))?;
    Ok(Mailbox::new(name.filter(|name| !name.is_empty()).map(str::to_owned), parsed))
}

/// `<id>`, or `None` for what no mail program would take as a Message-ID. A thread is a convenience, never worth a letter.
fn identifier(id: &str) -> Option<String> {
    let shaped = id.contains('@')
        && id.len() <= LONGEST_ID
        && id.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>');
    shaped.then(|| format!("<{id}>"))
}

fn references(ids: &[String]) -> Option<String> {
    let ids: Vec<String> = ids.iter().filter_map(|id| identifier(id)).collect();
    let latest = &ids[ids.len().saturating_sub(MOST_REFERENCES - 1)..];
    let first = ids.first().filter(|_| latest.len() < ids.len());
    let thread: Vec<&str> = first.into_iter().chain(latest).map(String::as_str).collect();
    (!thread.is_empty()).then(|| thread.join(" "))
}

fn shortened(subject: &str) -> String {
    if subject.chars().count() <= LONGEST_SUBJECT {
        return subject.to_owned();
    }
    subject.chars().take(LONGEST_SUBJECT - 1).chain(['…']).collect()
}

/// The body may quote an applicant: control characters other than line ends and tabs become visible.
fn readable(body: &str) -> String {
    let body = body.replace("\r\n", "\n");
    let visible: String =
        body.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
    // The builder would insert each CR in place, which takes minutes for a long text.
    visible.replace('\n', "\r\n")
}

fn enclosed_part(file: &Enclosure) -> SinglePart {
    let kind = ContentType::parse(&file.media_type)
        .or_else(|_| ContentType::parse("application/octet-stream"))
        .unwrap_or(ContentType::TEXT_PLAIN);
    Attachment::new(file.name.clone()).body(file.bytes.clone(), kind)
}

/// `Auto-Submitted: auto-replied` (RFC 3834 §5).
#[derive(Clone)]
struct AutoReplied;

impl Header for AutoReplied {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-replied".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use mail_parser::{MessageParser, MimeHeaders};
    use proptest::prelude::*;

    use super::*;
    use crate::engine::port::FaultKind;

    fn sender() -> Sender {
        Sender {
            address: address("loket@lpse.karangmulia.example"), display_name: "Loket LPSE — Helpdesk".to_owned()
        }
    }

    fn address(text: &str) -> Address {
        Address::parse(text).expect("a well-formed address")
    }

    fn letter() -> Outgoing {
        Outgoing {
            message_id: "loket.0047-1@lpse.karangmulia.example".to_owned(),
            to: vec![address("dimas@karangmulia.example")],
            bcc: vec![],
            waits_for_copies: false,
            subject: "Re: Permohonan [LPSE-2026-0047]".to_owned(),
            body: "Yth. Saudara,\nSurat — diterima.\n".to_owned(),
            in_reply_to: Some("abc@karangmulia.example".to_owned()),
            references: vec!["first@karangmulia.example".to_owned(), "abc@karangmulia.example".to_owned()],
            auto_submitted: true,
            date: DateTime::from_timestamp(1_780_000_000, 0).expect("within chrono's range"),
            enclosures: vec![],
        }
    }

    #[test]
    fn a_letter_arrives_as_it_was_written() {
        let mut letter = letter();
        letter.enclosures.push(Enclosure {
            name: "Formulir – kosong.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            bytes: b"%PDF-1.7\r\n\0binary".to_vec(),
        });

        let raw = compose(&sender(), &letter, Copies::Hidden).expect("a plain letter").formatted();

        let mail = MessageParser::default().parse(&raw).expect("a mail");
        assert_eq!(mail.message_id(), Some(letter.message_id.as_str()));
        assert_eq!(mail.subject(), Some(letter.subject.as_str()));
        assert_eq!(mail.in_reply_to().as_text(), Some("abc@karangmulia.example"));
        assert_eq!(mail.references().as_text_list().expect("references").len(), 2);
        assert_eq!(mail.header("Auto-Submitted").and_then(|h| h.as_text()), Some("auto-replied"));
        assert_eq!(mail.body_text(0).expect("a text").trim_end().replace("\r\n", "\n"), letter.body.trim_end());
        assert_eq!(mail.date().expect("a date").to_timestamp(), 1_780_000_000);
        let file = mail.attachment(0).expect("an enclosure");
        assert_eq!(file.attachment_name(), Some("Formulir – kosong.pdf"));
        assert_eq!(file.contents(), letter.enclosures[0].bytes);
        assert!(raw.is_ascii());
    }

    #[test]
    fn odd_thread_ids_of_a_stranger_do_not_hold_up_the_letter() {
        let mut letter = letter();
        letter.in_reply_to = Some("no at sign".to_owned());
        letter.references = (0..100).map(|n| format!("{n}@x.example")).chain(["<évil@x>".to_owned()]).collect();

        let raw = compose(&sender(), &letter, Copies::Hidden).expect("still a letter").formatted();

        let mail = MessageParser::default().parse(&raw).expect("a mail");
        assert_eq!(mail.in_reply_to().as_text(), None);
        let named = mail.references().as_text_list().expect("references");
        assert_eq!((named.len(), &*named[0], &*named[19]), (20, "0@x.example", "99@x.example"));
    }

    #[test]
    fn a_line_break_in_any_header_value_refuses_the_letter() {
        type Spoil = fn(&mut Outgoing, String);
        let places: [Spoil; 6] = [
            |l, v| l.subject = v,
            |l, v| l.message_id = v,
            |l, v| l.in_reply_to = Some(v),
            |l, v| l.references.push(v),
            |l, v| l.enclosures = vec![Enclosure { name: v, media_type: "text/plain".to_owned(), bytes: vec![] }],
            |l, v| l.enclosures = vec![Enclosure { name: "a".to_owned(), media_type: v, bytes: vec![] }],
        ];
        for spoil in places {
            for bad in ["a@b\r\nBcc: x@y.example", "a@b\nX: y", "a@b\rX: y", "a@b\0"] {
                let mut letter = letter();
                spoil(&mut letter, bad.to_owned());

                let fault = compose(&sender(), &letter, Copies::Hidden).expect_err("a control character is refused");

                assert_eq!(fault.kind, FaultKind::Permanent);
            }
        }
    }

    proptest! {
        #[test]
        fn t22_no_text_adds_a_header(subject in wild(), name in wild(), body in wild(), kind in wild()) {
            let mut plain = letter();
            plain.enclosures = vec![Enclosure { name: "a.pdf".to_owned(), media_type: "application/pdf".to_owned(), bytes: vec![1] }];
            let expected = header_names(&compose(&sender(), &plain, Copies::Hidden).expect("a plain letter").formatted());
            let mut wild = plain;
            (wild.subject, wild.body) = (subject, body);
            (wild.enclosures[0].name, wild.enclosures[0].media_type) = (name, kind);

            if let Ok(message) = compose(&sender(), &wild, Copies::Hidden) {
                let raw = message.formatted();
                prop_assert_eq!(header_names(&raw), expected);
                prop_assert!(raw.split(|b| *b == b'\n').all(|line| line.len() <= 999));
            }
        }
    }

    /// Anything, what prints, and one long word.
    fn wild() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "\\PC{0,400}", "[ -~]{0,400}", "[a-z]{0,1200}"]
    }

    fn header_names(raw: &[u8]) -> Vec<String> {
        let mail = MessageParser::default().parse(raw).expect("a mail");
        mail.headers().iter().map(|h| h.name().to_owned()).collect()
    }
}
