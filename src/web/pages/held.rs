//! A mail held for a person: admit it as a request, or drop it.

use askama::Template;

use super::{Fields, Frame};
use crate::web::say::fill;
use crate::web::view::{HeldMail, HeldView};
use crate::web::words::{self, NoticeWords, QueueWords};

#[derive(Template)]
#[template(path = "held.html", config = "src/web/askama.toml")]
pub struct HeldPage<'a> {
    f: Frame<'a>,
    q: &'static QueueWords,
    n: &'static NoticeWords,
    view: &'a HeldView,
    fields: &'a Fields,
    refusal: Option<&'a str>,
}

impl<'a> HeldPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a HeldView, fields: &'a Fields, refusal: Option<&'a str>) -> Self {
        Self { q: QueueWords::of(f.lang()), n: NoticeWords::of(f.lang()), f, view, fields, refusal }
    }

    fn title(&self) -> String {
        if self.fields.failed {
            format!("{}{}", self.f.w.error, self.q.held_title)
        } else {
            self.q.held_title.to_owned()
        }
    }

    fn reason(&self) -> String {
        words::alert(self.f.lang(), &self.view.reason)
    }

    fn alerts(&self) -> Vec<String> {
        self.view.alerts.iter().map(|a| words::alert(self.f.lang(), a)).collect()
    }

    fn attachments(&self, mail: &HeldMail) -> String {
        let one = |(name, size): &(String, u64)| format!("{name} ({})", self.f.say.size(*size));
        mail.attachments.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// Above each of several mails.
    fn nth(&self, index: &usize) -> Option<String> {
        let count = self.view.mails.len();
        (count > 1).then(|| fill(self.q.held_nth, &[&(index + 1).to_string(), &count.to_string()]))
    }
}
