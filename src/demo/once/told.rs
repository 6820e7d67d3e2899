//! What a dossier tells once it lies in the archive, and whether that is what the sample's label says.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::demo::samples::{Fate, Label, Verdict};
use crate::engine::Engine;
use crate::engine::codec;
use crate::engine::intake::DAYBOOK;
use crate::engine::store::CaseKey;
use crate::sop::checklist::{Finding, Understanding};
use crate::sop::event::{Event, Recorded};
use crate::sop::names::{CaseNumber, Sha256Hex};
use crate::sop::phase::{AdminId, HeldReason, Outcome};

/// A request as its archived journal tells it.
pub struct Told {
    /// Of the first mail.
    pub understanding: Understanding,
    pub held: Option<HeldReason>,
    /// Past tense, in order, with who did it.
    pub decisions: Vec<String>,
    pub outcome: Outcome,
}

impl Told {
    /// Reads the journal of an archived dossier.
    pub async fn read(engine: &Engine, number: &CaseNumber) -> Result<Self> {
        let bytes = engine.archive.item(number, "peristiwa.json").await?;
        let bytes = bytes.with_context(|| format!("the archive has no journal of {number}"))?;
        let journal: Vec<Recorded> = serde_json::from_slice(&bytes).context("the archived journal cannot be read")?;
        let events = || journal.iter().map(|recorded| &recorded.event);
        let checked = events().find_map(|event| match event {
            Event::Checked { understanding, .. } => Some((**understanding).clone()),
            _ => None,
        });
        let held = events().find_map(|event| if let Event::Held { reason } = event { Some(*reason) } else { None });
        let outcome = events().find_map(|event| match event {
            Event::Closed { outcome } => Some(outcome.clone()),
            _ => None,
        });
        let names: BTreeMap<String, String> =
            engine.admins().await?.into_iter().map(|admin| (admin.address.to_string(), admin.name)).collect();
        Ok(Self {
            understanding: checked.unwrap_or_default(),
            held,
            decisions: decisions(events(), &names),
            outcome: outcome.context("the archived request was never closed")?,
        })
    }

    /// What is not as the label says, one sentence each.
    pub fn differences(&self, label: &Label) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, expected: String, found: String| {
            if expected != found {
                differences.push(format!("{what} is {found}, the label says {expected}"));
            }
        };
        compare("the verdict", said(label.verdict), said(self.verdict()));
        compare("the outcome", format!("{:?}", label.fate), self.fate());
        if matches!(label.verdict, Verdict::Request) {
            compare("the service", format!("{:?}", label.services), format!("{:?}", self.understanding.services));
        }
        if let Some(complete) = label.complete {
            compare("complete", complete.to_string(), self.understanding.is_complete().to_string());
        }
        for (item, right) in &label.findings {
            let found = self.understanding.check(item).map(|check| check.finding);
            if !found.is_some_and(|found| right.contains(&found)) {
                differences.push(format!("{item} is {found:?}, the label says {right:?}"));
            }
        }
        differences
    }

    fn verdict(&self) -> Verdict {
        match (self.held, &self.outcome) {
            (Some(HeldReason::Unauthenticated), _) => Verdict::Refused("unauthenticated"),
            (Some(HeldReason::DangerousAttachment), _) => Verdict::Refused("dangerous_attachment"),
            (Some(HeldReason::Malformed), _) => Verdict::Refused("malformed"),
            (Some(HeldReason::ForeignReply), _) => Verdict::Refused("foreign_reply"),
            (None, Outcome::OutOfScope) => Verdict::Refused("out_of_scope"),
            (None, Outcome::TooLarge) => Verdict::Refused("too_large"),
            _ => Verdict::Request,
        }
    }

    /// How it ended, as a label's fate is written; [`Fate::Ignored`] for an end no sample has: an archived request was never ignored, so no label says it.
    fn fate(&self) -> String {
        let fate = match &self.outcome {
            Outcome::ResetConfirmed => Fate::ResetConfirmed,
            Outcome::UserIdGiven => Fate::UserIdGiven,
            Outcome::Rejected { code } => return format!("Rejected({code:?})"),
            Outcome::Expired => Fate::Expired,
            Outcome::Withdrawn => Fate::Withdrawn,
            Outcome::OutOfScope => Fate::OutOfScope,
            Outcome::Dropped { .. } => Fate::Dropped,
            Outcome::ResetUnconfirmed | Outcome::NotFetched | Outcome::TooLarge => Fate::Ignored,
        };
        format!("{fate:?}")
    }

    /// `11 met, 1 missing (appointment_decree)`.
    pub fn findings(&self) -> String {
        let of = |finding: Finding| {
            let items: Vec<&str> = self
                .understanding
                .checklist
                .iter()
                .filter(|check| check.finding == finding)
                .map(|check| check.item.as_str())
                .collect();
            items
        };
        let mut parts = vec![format!("{} met", of(Finding::Met).len())];
        for (finding, word) in
            [(Finding::Contradicted, "contradicted"), (Finding::Unclear, "unclear"), (Finding::Missing, "missing")]
        {
            let items = of(finding);
            if !items.is_empty() {
                parts.push(format!("{} {word} ({})", items.len(), items.join(", ")));
            }
        }
        parts.join(", ")
    }
}

pub(super) fn said(verdict: Verdict) -> String {
    match verdict {
        Verdict::Request => "request".to_owned(),
        Verdict::Ignored(reason) => format!("ignored ({reason})"),
        Verdict::Refused(reason) => format!("refused ({reason})"),
    }
}

/// Everything a person decided, in order, with who it was.
fn decisions<'e>(events: impl Iterator<Item = &'e Event>, names: &BTreeMap<String, String>) -> Vec<String> {
    let name = |id: &AdminId| {
        let name = names.get(id.as_str()).map_or("an admin", String::as_str);
        name.split(',').next().unwrap_or(name).to_owned()
    };
    // Whoever settles a held mail takes the case first.
    let mut holder = String::new();
    let mut decisions = Vec::new();
    for event in events {
        let decision = match event {
            Event::Assigned { to, .. } => {
                holder = name(to);
                continue;
            }
            Event::CompletionAsked { by: Some(id), .. } => format!("asked to complete ({})", name(id)),
            Event::CompletionAsked { by: None, .. } => "asked to complete (by itself)".to_owned(),
            Event::Admitted { by } => format!("admitted ({})", name(by)),
            Event::Approved { decision } => format!("approved ({})", name(&decision.by)),
            Event::Rejected { by, code, .. } => format!("rejected {code} ({})", name(by)),
            Event::Withdrawn => "withdrawn (applicant)".to_owned(),
            Event::Closed { outcome: Outcome::Dropped { .. } } => format!("dropped ({holder})"),
            _ => continue,
        };
        decisions.push(decision);
    }
    decisions
}

/// Why a mail started nothing, as the daybook has it; `None` where the daybook does not name it.
pub async fn daybook_reason(engine: &Engine, year: i32, mail: &Sha256Hex) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Entry {
        reason: String,
        sha256: Sha256Hex,
    }
    let key = CaseKey { office: engine.office.id.clone(), number: CaseNumber::new(DAYBOOK, year, 1) };
    for stored in engine.store.events(&key).await? {
        let entry: Entry = codec::decode(&stored.bytes, "an entry of the daybook")?;
        if entry.sha256 == *mail {
            return Ok(Some(entry.reason));
        }
    }
    Ok(None)
}
