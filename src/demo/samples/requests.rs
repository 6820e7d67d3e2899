//! The sample requests as mails: a first one each, for some a second, stamped as they lie in the mailbox.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use super::cases;
use super::label::Label;
use super::papers::{Decree, decree_pdf};
use super::people::Person;
use super::post::{Enclosed, Mail, Stamp};

/// A sample: a first mail, for some a second one, and what must come of them.
pub struct Sample {
    pub label: Label,
    /// The first mail.
    pub raw: Vec<u8>,
    /// The address it comes from.
    pub sender: String,
    /// Of the first mail, without angle brackets.
    pub message_id: String,
    follow_up: Option<FollowUp>,
    stamp: Option<Stamp>,
}

/// What the second mail answers.
#[derive(Debug, Clone, Copy)]
pub struct Thread<'a> {
    /// `LPSE-2026-0047`.
    pub case_number: &'a str,
    /// Of the letter it answers, without angle brackets.
    pub message_id: &'a str,
    /// The subject of that letter.
    pub subject: &'a str,
    pub at: DateTime<Utc>,
}

pub(super) struct FollowUp {
    pub from: Person,
    pub text: &'static str,
    pub enclosed: Vec<Enclosed>,
}

impl Sample {
    pub fn has_follow_up(&self) -> bool {
        self.follow_up.is_some()
    }

    /// The second mail, a reply in the case's thread; `None` for samples of one mail.
    pub fn follow_up(&self, thread: Thread<'_>) -> Option<Vec<u8>> {
        let second = self.follow_up.as_ref()?;
        let tagged = thread.subject.contains(thread.case_number);
        let subject =
            if tagged { thread.subject.to_owned() } else { format!("[{}] {}", thread.case_number, thread.subject) };
        let mail = Mail {
            from: (second.from.name, second.from.email),
            subject: format!("Re: {subject}"),
            text: format!("{}\n\n> Yth. Saudara/i {},\n> {subject}\n", second.text, second.from.bare_name()),
            enclosed: second.enclosed.clone(),
            message_id: message_id(&format!("{}-2", self.label.id), thread.at, second.from.email),
            at: thread.at,
            answers: Some(thread.message_id),
            automatic: false,
            authentic: true,
        };
        Some(mail.bytes(self.stamp))
    }
}

/// How many samples there are.
pub const COUNT: usize = cases::ALL.len();

/// One sample as a mail received at `at`; the same number and moment give the same bytes.
///
/// # Panics
/// Where `index` is not below [`COUNT`].
pub fn mail(index: usize, at: DateTime<Utc>, stamp: Option<Stamp>) -> Sample {
    let day = local_day(at);
    cases::ALL[index](day, &decree_pdf(&Decree::of_year(day))).sample(at, stamp)
}

/// All samples, as mails received at `at`, a minute apart and the newest last. With a stamp they look as the office's mail server
/// leaves them in the mailbox; without one as a client sends them.
pub fn mails(at: DateTime<Utc>, stamp: Option<Stamp>) -> Vec<Sample> {
    let day = local_day(at);
    let decree = decree_pdf(&Decree::of_year(day));
    let makers = cases::ALL;
    let count = i32::try_from(makers.len()).expect("eleven samples");
    let first = at - TimeDelta::minutes(1) * (count - 1);
    makers
        .iter()
        .zip(0..)
        .map(|(make, index)| make(day, &decree).sample(first + TimeDelta::minutes(1) * index, stamp))
        .collect()
}

fn local_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Tz::Asia__Makassar).date_naive()
}

/// A sample before its moment is known.
pub(super) struct Draft {
    label: Label,
    from: (&'static str, &'static str),
    subject: &'static str,
    text: String,
    enclosed: Vec<Enclosed>,
    pub follow_up: Option<FollowUp>,
    pub automatic: bool,
    pub authentic: bool,
}

impl Draft {
    pub fn new(label: Label, from: (&'static str, &'static str), subject: &'static str, text: &str) -> Self {
        Self {
            label,
            from,
            subject,
            text: text.to_owned(),
            enclosed: Vec::new(),
            follow_up: None,
            automatic: false,
            authentic: true,
        }
    }

    pub fn of(label: Label, person: &Person, subject: &'static str, text: &str) -> Self {
        let signed = format!("{text}\n\nHormat kami,\n{}\n{}", person.bare_name(), person.position);
        Self::new(label, (person.name, person.email), subject, &signed)
    }

    pub fn with(mut self, enclosed: Vec<Enclosed>) -> Self {
        self.enclosed = enclosed;
        self
    }

    fn sample(self, at: DateTime<Utc>, stamp: Option<Stamp>) -> Sample {
        let mail = Mail {
            from: self.from,
            subject: self.subject.to_owned(),
            text: self.text,
            enclosed: self.enclosed,
            message_id: message_id(self.label.id, at, self.from.1),
            at,
            answers: None,
            automatic: self.automatic,
            authentic: self.authentic,
        };
        Sample {
            raw: mail.bytes(stamp),
            message_id: mail.message_id,
            sender: self.from.1.to_owned(),
            label: self.label,
            follow_up: self.follow_up,
            stamp,
        }
    }
}

fn message_id(id: &str, at: DateTime<Utc>, address: &str) -> String {
    let domain = address.rsplit_once('@').map_or(address, |(_, domain)| domain);
    format!("{}.{}@{domain}", id.replace('_', "-"), at.timestamp())
}
