//! The desk list: every open request with what it waits for, the nearest due first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Desk;
use super::findings::titles;
use super::head::{clock, current_step};
use super::words::Words;
use crate::engine::office::Worked;
use crate::engine::port::Fault;
use crate::sop::case::Case;
use crate::sop::names::Language;
use crate::sop::phase::{AttemptState, Phase, Recommendation, RevealState};
use crate::web::counter::Trouble;
use crate::web::view::{Admin, ClockState, DeskFilter, DeskRow, DeskView, RowSubject, StepFilter, Tally, Waiting};

impl Desk {
    pub(super) async fn show_queue(
        &self,
        admin: &Admin,
        filter: &DeskFilter,
        lang: Language,
    ) -> Result<DeskView, Trouble> {
        let now = self.engine.clock.now();
        let mut view = DeskView { now, looked_at: self.all_looked_at(), ..DeskView::default() };
        if !self.may_look(admin).await? {
            return Ok(view);
        }
        view.alarms = self.alarms.sentences(lang);
        let today = self.day(now);
        let mut by_step: BTreeMap<u8, usize> = BTreeMap::new();
        let mut stays = Vec::new();
        let mut closed = self.filed_of(today).await;
        for case in self.engine.live_cases().await? {
            let worked = self.engine.procedures.get(&case.procedure.hash)?;
            stays.extend(self.stays_of_step_5(&case, &worked, today));
            let row = self.row(&case, &worked, now, lang)?;
            if let Phase::Closed { at, .. } = &case.phase {
                if self.day(*at) == today {
                    closed.insert(case.number.clone());
                }
            } else {
                view.open += 1;
                view.overdue += usize::from(matches!(row.waiting, Waiting::Over { .. }));
                view.waiting_for_you += usize::from(is_mine(&case, admin) && waits_for_admin(&case));
                *by_step.entry(filed_under(&case)).or_default() += 1;
            }
            let listed = !case.phase.is_closed() || row.owes_reason;
            if listed && matches(&case, admin, filter) {
                view.rows.push(row);
            }
        }
        view.closed_today = closed.len();
        view.by_step = by_step.into_iter().map(|(step, count)| (step_filter(step), count)).collect();
        view.rows.sort_by_key(|row| rank(row.waiting));
        stays.sort_unstable();
        view.median_step_5 = stays.get(stays.len() / 2).copied();
        Ok(view)
    }

    fn day(&self, at: DateTime<Utc>) -> chrono::NaiveDate {
        at.with_timezone(&self.engine.office.zone).date_naive()
    }

    /// Working minutes of the stays in step 5 that ended today.
    fn stays_of_step_5(&self, case: &Case, worked: &Worked, today: chrono::NaiveDate) -> Vec<u32> {
        let ended =
            case.times.spans.iter().filter(|span| span.step == 5).filter_map(|span| Some((span.from, span.to?)));
        let of_today = ended.filter(|(_, to)| self.day(*to) == today);
        let minutes = of_today.map(|(from, to)| worked.calendar.working_minutes(from, to).whole());
        minutes.map(|minutes| u32::try_from(minutes).unwrap_or(u32::MAX)).collect()
    }

    fn row(&self, case: &Case, worked: &Worked, now: DateTime<Utc>, lang: Language) -> Result<DeskRow, Fault> {
        let subject = match &case.phase {
            Phase::Held { .. } => RowSubject::Held {
                id: case.number.to_string(),
                subject: case.last_mail().map(|mail| mail.subject.clone()).unwrap_or_default(),
            },
            _ => RowSubject::Case {
                number: case.number.clone(),
                services: case.services().to_vec(),
                name: case.applicant_name(),
                step: current_step(case),
            },
        };
        Ok(DeskRow {
            waiting: waiting(case, worked, now),
            subject,
            detail: self.detail(case, worked, lang),
            owes_reason: case.times.deviations.iter().any(|d| d.explained.is_none()),
        })
    }

    fn detail(&self, case: &Case, worked: &Worked, lang: Language) -> String {
        let words = self.words(lang);
        match &case.phase {
            Phase::Held { reason } => crate::web::words::alert(lang, super::held::reason_name(*reason)),
            Phase::Incomplete { items, deadline, .. } => words.say(
                "Menunggu {0}, paling lambat {1}",
                "Waiting for {0}, at the latest {1}",
                &[&titles(worked, items.iter().map(String::as_str), lang).join(", "), &words.moment(*deadline)],
            ),
            Phase::UnderReview { proposal } | Phase::AwaitingConfirmation { proposal, .. } => {
                let tally = tally_line(self.tally(case, worked, lang), words);
                let next = if case.standing_first().is_some() {
                    words.say("menunggu persetujuan kedua", "awaiting the second approval", &[])
                } else {
                    proposed(&proposal.recommendation, words)
                };
                format!("{tally} · {next}")
            }
            Phase::Executing { attempt } if attempt.state == AttemptState::ByHand => {
                words.say("Dikerjakan di {0}, hasil belum diisi", "Work to do in {0}", &[words.system()])
            }
            Phase::Executing { .. } if self.engine.accounts.abilities().by_hand => {
                words.say("Tugas sedang disiapkan", "The task is being prepared", &[])
            }
            Phase::Executing { .. } => words.say("Sistem akun sedang bekerja", "The account system is at work", &[]),
            Phase::Unknown { .. } => {
                words.say("Hasil tidak pasti; seseorang harus melihat", "Outcome unknown; a person must look", &[])
            }
            Phase::Delivered { .. } if case.standing_first().is_some() => {
                words.say("Menunggu persetujuan kedua", "Awaiting the second approval", &[])
            }
            Phase::Delivered { reveal, .. } => match reveal.state {
                RevealState::Expired => words.say("Hasil tidak diambil", "The result was not fetched", &[]),
                _ if reveal.asked_again => {
                    words.say("Pemohon perlu tautan baru", "The applicant needs a new link", &[])
                }
                RevealState::Waiting => words.say("Menunggu pemohon mengambil hasil", "Waiting to be collected", &[]),
                RevealState::Revealed { .. } | RevealState::HandedOver { .. } => {
                    words.say("Menunggu konfirmasi penggantian", "Waiting for the change to be confirmed", &[])
                }
            },
            Phase::Closed { outcome, .. } => words.ended(outcome),
            Phase::Received => String::new(),
        }
    }
}

fn tally_line(tally: Tally, words: Words<'_>) -> String {
    let parts = [
        (tally.met, "sesuai", "met"),
        (tally.contradicted, "berbeda", "differ"),
        (tally.unclear, "perlu dilihat", "to be looked at"),
        (tally.missing, "belum ada", "missing"),
    ];
    let shown = parts.iter().filter(|(count, ..)| *count > 0);
    let line: Vec<String> =
        shown.map(|(count, id, en)| format!("{count} {}", super::words::say(words.lang, id, en))).collect();
    line.join(" · ")
}

fn proposed(recommendation: &Recommendation, words: Words<'_>) -> String {
    let (id, en) = match recommendation {
        Recommendation::Approve => ("usulan: setujui", "proposed: approve"),
        Recommendation::Look { .. } => ("perlu dilihat sendiri", "to be looked at"),
        Recommendation::Complete { .. } => ("usulan: minta lengkapi", "proposed: ask to complete"),
        Recommendation::Reject { code } => return words.say("usulan: tolak ({0})", "proposed: reject ({0})", &[code]),
    };
    super::words::say(words.lang, id, en).to_owned()
}

fn waiting(case: &Case, worked: &Worked, now: DateTime<Utc>) -> Waiting {
    let held = matches!(case.phase, Phase::Held { .. });
    let Some(clock) = clock(case, worked, now).filter(|_| !held) else { return Waiting::Unclocked };
    let minutes = |minutes: i64| u32::try_from(minutes.unsigned_abs()).unwrap_or(u32::MAX);
    match clock.state {
        ClockState::Running { left, .. } if left < 0 => Waiting::Over { by: minutes(left) },
        ClockState::Running { left, due } => Waiting::Left { minutes: minutes(left), due },
        ClockState::Stopped { .. } => Waiting::Stopped,
    }
}

/// Over the standard first, by how much; then by due time; what has no clock last.
fn rank(waiting: Waiting) -> (u8, Reverse<u32>, Option<DateTime<Utc>>) {
    match waiting {
        Waiting::Over { by } => (0, Reverse(by), None),
        Waiting::Left { due, .. } => (1, Reverse(0), Some(due)),
        Waiting::Unclocked => (2, Reverse(0), None),
        Waiting::Stopped => (3, Reverse(0), None),
    }
}

fn is_mine(case: &Case, admin: &Admin) -> bool {
    case.assigned.as_ref() == Some(&admin.address)
}

/// Whether a person of the office is to do something.
fn waits_for_admin(case: &Case) -> bool {
    match &case.phase {
        Phase::Held { .. } | Phase::UnderReview { .. } | Phase::AwaitingConfirmation { .. } | Phase::Unknown { .. } => {
            true
        }
        Phase::Executing { attempt } => attempt.state == AttemptState::ByHand,
        Phase::Delivered { reveal, .. } => reveal.asked_again || case.standing_first().is_some(),
        Phase::Received | Phase::Incomplete { .. } | Phase::Closed { .. } => false,
    }
}

/// The step a request is counted under; 0 for held mails.
fn filed_under(case: &Case) -> u8 {
    if matches!(case.phase, Phase::Held { .. }) { 0 } else { current_step(case) }
}

fn step_filter(step: u8) -> StepFilter {
    if step == 0 { StepFilter::Held } else { StepFilter::Step(step) }
}

fn matches(case: &Case, admin: &Admin, filter: &DeskFilter) -> bool {
    if filter.mine && !is_mine(case, admin) || filter.step.is_some_and(|step| step != step_filter(filed_under(case))) {
        return false;
    }
    let user_id = case.account.as_ref().map(|a| a.user_id.0.as_str()).unwrap_or_default();
    let subject = case.last_mail().map(|mail| mail.subject.as_str()).unwrap_or_default();
    let text = format!("{} {} {user_id} {subject}", case.number, case.applicant_name()).to_lowercase();
    filter.words.to_lowercase().split_whitespace().all(|word| text.contains(word))
}
