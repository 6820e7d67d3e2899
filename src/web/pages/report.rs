//! The monthly report: what came in, what became of it, how long each step took against its standard, and why where it
//! took longer.

use askama::Template;
use chrono::NaiveDate;

use super::Frame;
use super::archive::counted;
use super::dossier::grouped;
use crate::engine::register::{Line, Report, StepMinutes, StepRecap};
use crate::web::say::fill;
use crate::web::view::{Ending, Month, ReportView};
use crate::web::words::{ReportWords, archive, report as words, step_name};

mod chart;

use chart::Chart;

/// Requests that the page lists; the files have all of them.
const LINES: usize = 100;

#[derive(Template)]
#[template(path = "report.html", config = "src/web/askama.toml")]
pub struct ReportPage<'a> {
    f: Frame<'a>,
    r: &'static ReportWords,
    view: &'a ReportView,
    month: Month,
    /// The month that is not over yet.
    present: Month,
    wide: Chart,
    slim: Chart,
}

/// An overrun, a cell each.
struct Overrun {
    number: String,
    step: String,
    over: String,
    admin: String,
    reason: String,
}

impl<'a> ReportPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a ReportView, month: Month, present: Month) -> Self {
        let r = ReportWords::of(f.lang());
        let recap = &view.report.recap;
        let name = |step: &StepRecap| step_title(&f, step.step);
        let (wide, slim) = (Chart::wide(recap, name, r), Chart::slim(recap, name, r));
        Self { r, view, month, present, wide, slim, f }
    }

    fn report(&self) -> &Report {
        &self.view.report
    }

    fn heading(&self) -> String {
        fill(self.r.heading, &[&self.f.say.month(self.month.year, self.month.month)])
    }

    /// Address and name of the months beside this one, and of the present one; none is offered that has not begun or has no address.
    fn months(&self) -> Vec<(String, String)> {
        let beside = [self.month.before(), self.month.after()].into_iter();
        let mut months: Vec<Month> = beside.filter(|month| month.is_offered_in(self.present)).collect();
        if self.month != self.present && !months.contains(&self.present) {
            months.push(self.present);
        }
        months.into_iter().map(|month| (href(month), self.f.say.month(month.year, month.month))).collect()
    }

    fn file(&self, end: &str) -> String {
        format!("/laporan/{end}?bulan={}", self.month)
    }

    /// Where the month stands that is not over.
    fn standing(&self) -> Option<String> {
        let (month, present) = ((self.month.year, self.month.month), (self.present.year, self.present.month));
        match month.cmp(&present) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(fill(self.r.so_far, &[&self.f.say.moment(&self.view.at)])),
            std::cmp::Ordering::Greater => Some(self.r.to_come.to_owned()),
        }
    }

    fn is_empty(&self) -> bool {
        let report = self.report();
        report.lines.is_empty() && report.unread.is_empty() && report.unread_files.is_empty()
    }

    fn looked(&self) -> String {
        fill(self.r.empty_more, &[&self.f.say.moment(&self.view.at)])
    }

    fn ended(&self, ending: Ending) -> usize {
        self.report().lines.iter().filter(|line| ending_of(line) == Some(ending)).count()
    }

    fn lead(&self) -> String {
        let (r, lines) = (self.r, &self.report().lines);
        let open = lines.iter().filter(|line| line.closed.is_none()).count();
        let ends = [
            (self.ended(Ending::Done), r.done),
            (self.ended(Ending::Rejected), r.rejected),
            (self.ended(Ending::Expired), r.expired),
            (self.ended(Ending::Withdrawn), r.withdrawn),
            (self.ended(Ending::NotFetched), r.not_fetched),
            (self.ended(Ending::Apart), r.apart),
            (open, r.open),
        ];
        let over = |line: &&Line| line.steps.iter().any(|step| step.over);
        let owes = |line: &&Line| line.steps.iter().any(|step| step.over && step.reason.is_none());
        let late = lines.iter().filter(over).count();
        let unexplained = lines.iter().filter(owes).count();
        // What is open may be late already: its steps are counted as they end.
        let closed = lines.iter().filter(|line| line.closed.is_some());
        let on_time = closed.filter(|line| !over(line)).count();
        let times = [(on_time, r.on_time), (late - unexplained, r.explained), (unexplained, r.unexplained)];
        let said = |parts: &[(usize, &str)]| {
            let parts = parts.iter().filter(|(count, _)| *count > 0);
            parts.map(|(count, words)| fill(words, &[&count.to_string()])).collect::<Vec<_>>().join(", ")
        };
        let sentences = [said(&ends), said(&times)].into_iter().filter(|sentence| !sentence.is_empty());
        let all = counted(lines.len(), (r.requests, r.requests_1));
        sentences.fold(all, |text, sentence| format!("{text} {sentence}."))
    }

    fn figures(&self) -> Vec<(&'static str, usize)> {
        let r = self.r;
        let over = |sop: bool| {
            let steps = self.report().lines.iter().flat_map(|line| &line.steps);
            steps.filter(|step| step.over && (step.origin == "sop") == sop).count()
        };
        vec![
            (r.all_requests, self.report().lines.len()),
            (r.all_done, self.ended(Ending::Done)),
            (r.all_rejected, self.ended(Ending::Rejected)),
            (r.over_sop, over(true)),
            (r.over_proposed, over(false)),
        ]
    }

    /// The diagram twice, of which a screen shows one.
    fn charts(&self) -> [(&Chart, &'static str); 2] {
        [(&self.wide, "wide"), (&self.slim, "slim")]
    }

    /// What the report lacks, a sentence each.
    fn unread(&self) -> Option<String> {
        let (r, report) = (self.r, self.report());
        let dossiers = report.unread.iter().map(|unread| match &unread.record {
            Some(record) => fill(r.unread_destroyed, &[&unread.number.to_string(), record]),
            None if unread.undated => fill(r.unread_undated, &[&unread.number.to_string()]),
            None => fill(r.unread_damaged, &[&unread.number.to_string()]),
        });
        let files = report.unread_files.iter().map(|file| fill(r.unread_file, &[file]));
        let sentences: Vec<String> = dossiers.chain(files).collect();
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    /// What was destroyed under a record is rightly gone.
    fn unread_tone(&self) -> &'static str {
        let report = self.report();
        let damaged = !report.unread_files.is_empty() || report.unread.iter().any(|unread| unread.record.is_none());
        if damaged { "bad" } else { "miss" }
    }

    fn is_provisional(&self) -> bool {
        self.report().lines.iter().any(|line| line.steps.iter().any(|step| step.provisional))
    }

    fn step(&self, recap: &StepRecap) -> String {
        step_title(&self.f, recap.step)
    }

    fn origin(&self, origin: &str) -> &'static str {
        if origin == "sop" { self.r.sop } else { self.r.proposed }
    }

    fn minutes(&self, minutes: &u64) -> String {
        self.f.say.minutes(u32::try_from(*minutes).unwrap_or(u32::MAX))
    }

    fn standard(&self, recap: &StepRecap) -> String {
        self.f.say.minutes(recap.standard)
    }

    fn over(&self, recap: &StepRecap) -> usize {
        recap.count.saturating_sub(recap.within)
    }

    fn overruns(&self) -> Vec<Overrun> {
        let r = self.r;
        let overrun = |line: &Line, step: &StepMinutes| Overrun {
            number: line.number.to_string(),
            step: format!("{} ({})", step.step, self.origin(&step.origin)),
            over: match step.minutes.saturating_sub(u64::from(step.standard)) {
                0 => r.less.to_owned(),
                minutes => self.minutes(&minutes),
            },
            admin: line.admin.clone().unwrap_or_else(|| r.nobody.to_owned()),
            reason: step.reason.clone().unwrap_or_else(|| r.no_reason.to_owned()),
        };
        let lines = self.report().lines.iter();
        lines.flat_map(|line| line.steps.iter().filter(|step| step.over).map(|step| overrun(line, step))).collect()
    }

    /// The last received first.
    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.report().lines.iter().rev().take(LINES)
    }

    fn register(&self) -> String {
        let all = self.report().lines.len();
        match all > LINES {
            true => fill(self.r.register_of, &[&LINES.to_string(), &all.to_string()]),
            false => self.r.register.to_owned(),
        }
    }

    fn received(&self, line: &Line) -> String {
        NaiveDate::parse_from_str(&line.received, "%Y-%m-%d")
            .map_or_else(|_| line.received.clone(), |day| self.f.say.date(day))
    }

    fn outcome(&self, line: &Line) -> String {
        match words::phase(self.f.lang(), &line.outcome) {
            Some(phase) => phase.to_owned(),
            None => archive::outcome(self.f.lang(), &line.outcome),
        }
    }

    fn worked(&self, line: &Line) -> String {
        self.minutes(&line.steps.iter().map(|step| step.minutes).sum())
    }

    fn journal(&self) -> String {
        let position = self.report().journal_position.to_string();
        fill(self.r.journal, &[&position, &self.f.say.moment(&self.view.at)])
    }

    fn journal_hash(&self) -> String {
        grouped(&self.report().journal_head)
    }
}

fn ending_of(line: &Line) -> Option<Ending> {
    line.closed.is_some().then(|| Ending::of(&line.outcome))
}

/// `5. Periksa kebenaran`.
fn step_title(f: &Frame<'_>, step: u8) -> String {
    format!("{step}. {}", step_name(f.lang(), step))
}

/// A month's page.
pub fn href(month: Month) -> String {
    format!("/laporan?bulan={month}")
}
