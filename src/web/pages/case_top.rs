//! What stands on top of every page of a case: subject, clock, steps, and what the reader must know first.

use crate::sop::case::Deed;
use crate::web::pages::Frame;
use crate::web::say::fill;
use crate::web::view::{CaseHead, ClockState, DeviationView, StepClock, StepState, TwoView};
use crate::web::words::{CaseWords, step_name};

pub struct CaseTop {
    pub number: String,
    /// `/berkas/LPSE-2026-0047`.
    pub href: String,
    pub title: String,
    pub name: String,
    pub user_id: Option<String>,
    pub work_unit: Option<String>,
    pub received: String,
    pub clock: Option<ClockTop>,
    pub steps: Vec<StepTop>,
    pub current: Option<(String, String)>,
    pub notes: Vec<Note>,
    pub deviations: Vec<DeviationTop>,
}

pub struct ClockTop {
    pub label: &'static str,
    pub left: String,
    /// Per cent of the standard that is left.
    pub meter: u32,
    pub detail: String,
    /// For the decision bar.
    pub short: String,
}

pub struct StepTop {
    pub number: usize,
    pub name: &'static str,
    pub class: &'static str,
    pub current: bool,
    pub state: &'static str,
}

/// A bold sentence with one explanation and the way forward.
pub struct Note {
    pub tone: &'static str,
    pub icon: &'static str,
    pub title: String,
    pub text: String,
    /// Address and text of a link after the explanation.
    pub link: Option<(String, String)>,
}

/// Why two must approve, who was first, and who is left; `still` says what can be done where nobody is.
pub fn two_note(f: &Frame<'_>, w: &CaseWords, two: &TwoView, still: &str) -> Note {
    let left = match two.others.as_slice() {
        [] => format!("{} {still}", w.two_nobody),
        others => fill(w.two_others, &[&others.join(", ")]),
    };
    let text = match &two.first {
        Some(_) if two.yours => format!("{} {left}", w.two_yours),
        Some((name, at, deed)) => {
            let more = match deed {
                Deed::Grant => w.first_approval_more,
                Deed::Reissue => w.first_reissue_more,
                Deed::HandInPerson => w.first_hand_more,
            };
            fill(more, &[name, &f.say.moment(at)])
        }
        None => left,
    };
    let text = format!("{} {}", fill(w.two_because, &[&two.because.join("; ")]), text.trim_end());
    let title = if two.first.is_some() { w.first_approval } else { w.two_title };
    Note { tone: "look", icon: "info", title: title.to_owned(), text, link: None }
}

pub struct DeviationTop {
    pub id: String,
    pub lead: String,
    pub origin: &'static str,
}

impl CaseTop {
    pub fn new(f: &Frame<'_>, head: &CaseHead) -> Self {
        let w = CaseWords::of(f.lang());
        let name = if head.name.is_empty() { w.no_name.to_owned() } else { head.name.clone() };
        let current = head.steps.iter().position(|s| *s == StepState::Current).map(|i| i + 1);
        Self {
            number: head.number.to_string(),
            href: format!("/berkas/{}", head.number),
            title: fill(w.subject_for, &[&f.say.services(&head.services), &name]),
            name,
            user_id: head.user_id.clone(),
            work_unit: head.work_unit.clone(),
            received: fill(w.received, &[&f.say.moment(&head.received)]),
            clock: head.clock.as_ref().map(|c| clock_top(f, w, c, head.holidays_missing.is_some())),
            steps: steps(f, w, &head.steps),
            current: current.map(|step| {
                let name = uncapitalised(step_name(f.lang(), step as u8));
                (fill(w.step_of, &[&step.to_string()]), name)
            }),
            notes: standing_notes(f, w, head),
            deviations: head.deviations.iter().map(|d| deviation(f, w, d)).collect(),
        }
    }

    /// Puts more urgent notes before the standing ones.
    pub fn first(mut self, mut notes: Vec<Note>) -> Self {
        notes.append(&mut self.notes);
        self.notes = notes;
        self
    }

    /// The two notes a page may carry on top.
    pub fn top_notes(&self) -> &[Note] {
        &self.notes[..self.notes.len().min(2)]
    }

    /// What did not fit on top.
    pub fn more_notes(&self) -> &[Note] {
        &self.notes[self.notes.len().min(2)..]
    }
}

/// `Reset atau cari user ID` becomes `reset atau cari user ID`.
fn uncapitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn clock_top(f: &Frame<'_>, w: &'static CaseWords, clock: &StepClock, provisional: bool) -> ClockTop {
    let standard = f.say.minutes(clock.standard);
    let marked = |text: String| if provisional { format!("{text} ({})", w.provisional) } else { text };
    match clock.state {
        ClockState::Running { left, due } => {
            let over = left < 0;
            let working = f.say.working(left.abs());
            let share = u32::try_from(left.max(0)).unwrap_or(0).saturating_mul(100) / clock.standard.max(1);
            ClockTop {
                label: if over { w.over_label } else { w.left_label },
                left: marked(working.clone()),
                meter: share.min(100),
                detail: fill(w.of_standard, &[&standard, f.say.origin(clock.origin), &f.say.moment(&due)]),
                short: fill(if over { w.over_short } else { w.left_short }, &[&working]),
            }
        }
        ClockState::Stopped { until } => ClockTop {
            label: w.stopped_label,
            left: marked(w.stopped.to_owned()),
            meter: 0,
            detail: until.map_or_else(String::new, |at| fill(w.until, &[&f.say.moment(&at)])),
            short: w.stopped.to_owned(),
        },
    }
}

fn steps(f: &Frame<'_>, w: &'static CaseWords, states: &[StepState; 9]) -> Vec<StepTop> {
    let step = |(index, state): (usize, &StepState)| {
        let (class, state_word) = match state {
            StepState::Done => ("done", w.done),
            StepState::Skipped => ("skipd", w.skipped),
            StepState::Current => ("", w.current),
            StepState::Next => ("", w.next),
        };
        let name = step_name(f.lang(), index as u8 + 1);
        StepTop { number: index + 1, name, class, current: *state == StepState::Current, state: state_word }
    };
    states.iter().enumerate().map(step).collect()
}

fn standing_notes(f: &Frame<'_>, w: &'static CaseWords, head: &CaseHead) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(letter) = &head.undelivered {
        notes.push(Note {
            tone: "bad",
            icon: "awas",
            title: w.undelivered.to_owned(),
            text: fill(w.undelivered_more, &[&letter.letter, &letter.to, &f.say.moment(&letter.at), &letter.why]),
            link: None,
        });
    }
    if let Some(year) = head.holidays_missing {
        notes.push(Note {
            tone: "miss",
            icon: "info",
            title: fill(w.holidays, &[&year.to_string()]),
            text: w.holidays_more.to_owned(),
            link: None,
        });
    }
    notes
}

fn deviation(f: &Frame<'_>, w: &'static CaseWords, d: &DeviationView) -> DeviationTop {
    let (spent, standard) = (f.say.working(d.spent.into()), f.say.minutes(d.standard));
    let lead = fill(w.deviation_lead, &[&d.step.to_string(), &spent, &standard, f.say.origin(d.origin), &d.actor]);
    let origin = match d.origin {
        crate::web::view::Origin::Sop => w.deviation_sop,
        crate::web::view::Origin::Proposed => w.deviation_proposed,
    };
    DeviationTop { id: d.id.clone(), lead, origin }
}
