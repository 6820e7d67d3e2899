//! The desk: what waits, nearest due first.

use askama::Template;
use chrono::{DateTime, Utc};

use super::Frame;
use crate::web::say::{around, fill};
use crate::web::view::{DeskFilter, DeskRow, DeskView, RowSubject, StepFilter, Waiting};
use crate::web::words::{QueueWords, step_name};

/// A row is called urgent when this many working minutes or fewer are left.
const SOON: u32 = 5;

#[derive(Template)]
#[template(path = "desk.html", config = "src/web/askama.toml")]
pub struct DeskPage<'a> {
    f: Frame<'a>,
    q: &'static QueueWords,
    view: &'a DeskView,
    filter: &'a DeskFilter,
    rows: Vec<Row>,
    /// Until when this person's devices are open, this one among them.
    devices: &'a [DateTime<Utc>],
}

struct Row {
    class: &'static str,
    icon: &'static str,
    due: String,
    href: String,
    subject: String,
    detail: String,
    owes_reason: bool,
    tag: String,
    number: String,
}

impl<'a> DeskPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a DeskView, filter: &'a DeskFilter, devices: &'a [DateTime<Utc>]) -> Self {
        let q = QueueWords::of(f.lang());
        let rows = view.rows.iter().map(|r| row(&f, q, r, &view.now)).collect();
        Self { q, rows, f, view, filter, devices }
    }

    fn figures(&self) -> Vec<(&'static str, String)> {
        let (q, view) = (self.q, self.view);
        let mut figures = vec![
            (q.open, view.open.to_string()),
            (q.for_you, view.waiting_for_you.to_string()),
            (q.overdue, view.overdue.to_string()),
            (q.closed, view.closed_today.to_string()),
        ];
        if let Some(minutes) = view.median_step_5 {
            figures.push((q.median, self.f.say.minutes(minutes)));
        }
        figures
    }

    /// Value, label and whether it is chosen, for each step that holds something.
    fn steps(&self) -> Vec<(String, String, bool)> {
        let option = |(step, count): &(StepFilter, usize)| {
            let (value, name) = match step {
                StepFilter::Step(n) => (n.to_string(), format!("{n} {}", step_name(self.f.lang(), *n))),
                StepFilter::Held => ("ditahan".to_owned(), self.q.held.to_owned()),
            };
            (value, format!("{name} ({count})"), self.filter.step == Some(*step))
        };
        self.view.by_step.iter().map(option).collect()
    }

    fn all(&self) -> String {
        fill(self.q.all, &[&self.view.open.to_string()])
    }

    fn filtered(&self) -> bool {
        *self.filter != DeskFilter::default()
    }

    fn looked(&self) -> String {
        match &self.view.looked_at {
            Some(at) => fill(self.q.empty_more, &[&self.f.say.time(at)]),
            None => self.q.empty_never.to_owned(),
        }
    }

    /// Where the desk is open on more devices than this one.
    fn elsewhere(&self) -> Option<String> {
        let times: Vec<String> = self.devices.iter().map(|until| self.f.say.until(until)).collect();
        let count = times.len().to_string();
        (times.len() > 1).then(|| fill(self.q.devices, &[&count, &times.join(", ")]))
    }

    /// Where closed requests are, the archive's name set apart.
    fn closed_ones(&self) -> Vec<(String, bool)> {
        around(self.q.closed_ones, self.q.archive)
    }

    fn count(&self) -> String {
        fill(self.q.count, &[&self.rows.len().to_string()])
    }
}

fn row(f: &Frame<'_>, q: &'static QueueWords, row: &DeskRow, now: &DateTime<Utc>) -> Row {
    let (class, icon, due) = match row.waiting {
        Waiting::Over { by } => ("bad", "awas", fill(q.over, &[&f.say.minutes(by)])),
        Waiting::Left { minutes, due } => {
            let class = if minutes <= SOON { "look" } else { "" };
            (class, "jam", fill(q.left, &[&f.say.minutes(minutes), &f.say.near(&due, now)]))
        }
        Waiting::Stopped => ("soft", "henti", q.stopped.to_owned()),
        Waiting::Unclocked => ("soft", "kunci", q.unclocked.to_owned()),
    };
    let (href, subject, tag, number) = match &row.subject {
        RowSubject::Case { number, services, name, step } => (
            format!("/berkas/{number}"),
            match name.as_str() {
                "" => f.say.services(services),
                name => format!("{} · {name}", f.say.services(services)),
            },
            fill(q.step_tag, &[&step.to_string()]),
            number.to_string(),
        ),
        RowSubject::Held { id, subject } => {
            let title = match subject.trim() {
                "" => q.held_row_bare.to_owned(),
                subject => fill(q.held_row, &[subject]),
            };
            (format!("/ditahan/{id}"), title, q.look.to_owned(), q.held.to_owned())
        }
    };
    Row { class, icon, due, href, subject, detail: row.detail.clone(), owes_reason: row.owes_reason, tag, number }
}
