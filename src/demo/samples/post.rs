//! A sample's mail as it lies in the mailbox: written by the sender's client, stamped by the office's mail server.

use chrono::{DateTime, Utc};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, Message, MultiPart, MultiPartKind, SinglePart};

use super::people::MAILBOX;

/// What the office's mail server writes above a mail it took in.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// The server's name, which is also its `authserv-id`.
    pub server: &'static str,
}

/// A file with its name and media type.
pub type Enclosed = (&'static str, &'static str, Vec<u8>);

/// A mail before it is sent.
pub struct Mail<'a> {
    pub from: (&'a str, &'a str),
    pub subject: String,
    pub text: String,
    pub enclosed: Vec<Enclosed>,
    /// Without angle brackets.
    pub message_id: String,
    pub at: DateTime<Utc>,
    /// The Message-ID it answers, without angle brackets.
    pub answers: Option<&'a str>,
    /// `Auto-Submitted: auto-replied` (RFC 3834).
    pub automatic: bool,
    /// Whether DMARC, DKIM and SPF pass for the sender's domain; told only in a stamp.
    pub authentic: bool,
}

pub const PDF: &str = "application/pdf";
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

impl Mail<'_> {
    /// The mail's bytes; the same mail gives the same bytes.
    pub fn bytes(&self, stamp: Option<Stamp>) -> Vec<u8> {
        let mut raw = stamp.map(|stamp| self.trace(stamp)).unwrap_or_default().into_bytes();
        if self.automatic {
            raw.extend_from_slice(b"Auto-Submitted: auto-replied\r\n");
        }
        raw.extend_from_slice(&self.message().formatted());
        raw
    }

    fn message(&self) -> Message {
        let mailbox = |name: &str, address: &str| {
            Mailbox::new(Some(name.to_owned()), address.parse().expect("sample addresses are well formed"))
        };
        let mut builder = Message::builder()
            .message_id(Some(format!("<{}>", self.message_id)))
            .date(self.at.into())
            .from(mailbox(self.from.0, self.from.1))
            .to(mailbox("Admin PPE", MAILBOX))
            .subject(&self.subject);
        if let Some(answered) = self.answers {
            builder = builder.in_reply_to(format!("<{answered}>")).references(format!("<{answered}>"));
        }
        let written = if self.enclosed.is_empty() {
            builder.singlepart(SinglePart::plain(self.text.clone()))
        } else {
            builder.multipart(self.parts())
        };
        written.expect("sender, recipient and body are there")
    }

    fn parts(&self) -> MultiPart {
        let boundary: String = self.message_id.chars().filter(char::is_ascii_alphanumeric).take(60).collect();
        let mixed = MultiPart::builder().kind(MultiPartKind::Mixed).boundary(boundary).build();
        self.enclosed.iter().fold(
            mixed.singlepart(SinglePart::plain(self.text.clone())),
            |parts, (name, kind, bytes)| {
                let kind = ContentType::parse(kind).expect("media types of papers are well formed");
                parts.singlepart(Attachment::new((*name).to_owned()).body(bytes.clone(), kind))
            },
        )
    }

    /// `Return-Path`, `Authentication-Results` and `Received`, topmost first.
    fn trace(&self, stamp: Stamp) -> String {
        let address = self.from.1;
        let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain);
        let result = if self.authentic { "pass" } else { "fail" };
        format!(
            "Return-Path: <{address}>\r\n\
             Authentication-Results: {server};\r\n dmarc={result} header.from={domain};\r\n \
             dkim={result} header.d={domain} header.s=s1;\r\n spf={result} smtp.mailfrom={address}\r\n\
             Received: from mail.{domain} (mail.{domain} [192.0.2.25])\r\n by {server} with ESMTPS id {id};\r\n {date}\r\n",
            server = stamp.server,
            id = self.message_id.split('@').next().unwrap_or_default(),
            date = self.at.to_rfc2822(),
        )
    }
}
