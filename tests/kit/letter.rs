//! A letter as its reader finds it in the mailbox.

use mail_parser::{HeaderValue, MessageParser};

#[derive(Clone)]
pub struct Letter {
    pub message_id: String,
    pub subject: String,
    pub body: String,
    pub to: Vec<String>,
    pub in_reply_to: Option<String>,
    /// The whole mail.
    pub raw: Vec<u8>,
}

impl Letter {
    pub fn read(raw: &[u8]) -> Option<Self> {
        let message = MessageParser::new().parse(raw)?;
        let to = message.to().into_iter().chain(message.bcc()).flat_map(|list| list.iter());
        let in_reply_to = match message.in_reply_to() {
            HeaderValue::Text(id) => Some(id.to_string()),
            HeaderValue::TextList(ids) => ids.first().map(ToString::to_string),
            _ => None,
        };
        Some(Self {
            message_id: message.message_id()?.to_owned(),
            subject: message.subject().unwrap_or_default().to_owned(),
            body: message.body_text(0).unwrap_or_default().replace("\r\n", "\n"),
            to: to.filter_map(|a| a.address().map(str::to_owned)).collect(),
            in_reply_to,
            raw: raw.to_vec(),
        })
    }

    /// The register number in the subject.
    pub fn number(&self) -> Option<String> {
        let (_, rest) = self.subject.split_once('[')?;
        rest.split_once(']').map(|(number, _)| number.to_owned())
    }

    /// Whether the letter is about this case.
    pub fn is_about(&self, number: &str) -> bool {
        self.number().as_deref() == Some(number)
    }

    /// The first link of a kind (`tautan`, `ambil`, `ganti`) in a line that begins with `label`.
    pub fn link(&self, label: &str, kind: &str) -> Option<String> {
        let lines = self.body.lines().filter(|line| line.trim_start().starts_with(label));
        let words = lines.flat_map(str::split_whitespace);
        words
            .filter(|word| word.starts_with("http"))
            .find(|word| word.contains(&format!("/{kind}/")))
            .map(str::to_owned)
    }
}
