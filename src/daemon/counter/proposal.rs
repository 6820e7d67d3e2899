//! What the system proposes and why, and what each of the four choices would do now.

use super::Desk;
use super::findings::titles;
use super::outcome::Seen;
use crate::engine::admins::AdminRecord;
use crate::engine::port::Fault;
use crate::sop::case::Case;
use crate::sop::checklist::Finding;
use crate::sop::decide::{eligible, why_two};
use crate::sop::names::Language;
use crate::sop::phase::{Proposal, Recommendation};
use crate::web::view::{Admin, Choice, Colleague, CompletionItem, CompletionView, Ground, ProposalView};

impl Desk {
    pub(super) async fn proposal_view(
        &self,
        admin: &Admin,
        seen: &Seen<'_>,
        proposal: &Proposal,
        lang: Language,
    ) -> Result<ProposalView, Fault> {
        let Seen { case, worked, now, .. } = *seen;
        let differing = case.understanding.checklist.iter().filter(|c| c.finding > Finding::Unclear);
        let takes_two = !why_two(case, &worked.procedure, &worked.calendar).is_empty();
        let override_of = titles(worked, differing.map(|c| c.item.as_str()), lang);
        Ok(ProposalView {
            hash: proposal.hash.0.clone(),
            choice: choice(&proposal.recommendation),
            because: self.because(seen, &proposal.recommendation, lang),
            account: proposal.user_id.as_ref().map(|id| id.0.clone()),
            by_hand: self.engine.accounts.abilities().by_hand,
            link_until: worked.procedure.secret.expires_at(&worked.calendar, now),
            // What overrides a finding is risky, and so is what takes two: both ask for the factor again.
            code_for: if override_of.is_empty() && !takes_two { Vec::new() } else { vec![Choice::Approve] },
            override_of,
            completion: self.completion(seen, &proposal.recommendation, lang),
            grounds: self.grounds(seen, &proposal.recommendation, lang),
            colleagues: self.colleagues(admin, case, seen).await?,
        })
    }

    /// A clause without a full stop.
    fn because(&self, seen: &Seen<'_>, recommendation: &Recommendation, lang: Language) -> String {
        let words = self.words(lang);
        let named = |items: &[String]| titles(seen.worked, items.iter().map(String::as_str), lang).join(", ");
        match recommendation {
            Recommendation::Approve => words.say("semua temuan sesuai", "every finding is met", &[]),
            Recommendation::Complete { items } => {
                words.say("belum ada atau belum benar: {0}", "missing or not right: {0}", &[&named(items)])
            }
            Recommendation::Look { items } => words.say(
                "tidak ada yang bertentangan; lihat sendiri: {0}",
                "nothing contradicts; look for yourself: {0}",
                &[&named(items)],
            ),
            Recommendation::Reject { code } => {
                let text = seen.worked.procedure.reject_reason(code).map(|r| r.text.in_language(lang).to_owned());
                format!("{} ({code})", text.unwrap_or_default())
            }
        }
    }

    fn grounds(&self, seen: &Seen<'_>, recommendation: &Recommendation, lang: Language) -> Vec<Ground> {
        let proposed = match recommendation {
            Recommendation::Reject { code } => code.as_str(),
            _ => "",
        };
        let ground = |reason: &crate::sop::procedure::papers::RejectReason| Ground {
            code: reason.code.clone(),
            text: reason.text.in_language(lang).to_owned(),
            chosen: reason.code == proposed,
        };
        seen.worked.procedure.reject_reasons.iter().map(ground).collect()
    }

    /// Who else may decide on this case.
    async fn colleagues(&self, admin: &Admin, case: &Case, seen: &Seen<'_>) -> Result<Vec<Colleague>, Fault> {
        let deciders = self.engine.deciders(&seen.worked.procedure).await?;
        let mut colleagues = Vec::new();
        for decider in eligible(case, &deciders).filter(|d| d.id != admin.address).cloned() {
            let record: Option<AdminRecord> = self.registered(&decider.id).await?;
            let on_duty = record.is_some_and(|record| !record.is_locked(seen.now));
            colleagues.push(Colleague { address: decider.id, name: decider.name, on_duty });
        }
        Ok(colleagues)
    }

    /// The round that could be asked for now, each item in the words of the letter; `None` where none is left.
    fn completion(&self, seen: &Seen<'_>, recommendation: &Recommendation, lang: Language) -> Option<CompletionView> {
        let Seen { case, worked, now, .. } = *seen;
        let (procedure, letters) = (&worked.procedure, &self.engine.letters);
        let rules = &procedure.completion;
        if u32::from(case.rounds) >= rules.max_rounds {
            return None;
        }
        let proposed: &[String] = match recommendation {
            Recommendation::Complete { items } => items,
            _ => &[],
        };
        let asked = procedure.checks.iter().filter(|rule| rule.ask.is_some()).map(|rule| &rule.item);
        let mut keys: Vec<&String> = asked.collect();
        // An item the procedure has no wording for can still be what is missing.
        keys.extend(proposed.iter().filter(|key| procedure.check(key).is_none_or(|rule| rule.ask.is_none())));
        let item = |key: &String| {
            let ask = procedure.check(key).and_then(|rule| rule.ask.as_ref());
            let label = letters.asked(key, ask, &procedure.profile.role, lang);
            CompletionItem { key: key.clone(), label, chosen: proposed.contains(key) }
        };
        Some(CompletionView {
            deadline: worked.calendar.add_working_days(now, rules.deadline_working_days),
            round: case.rounds.saturating_add(1),
            rounds: u8::try_from(rules.max_rounds).unwrap_or(u8::MAX),
            items: keys.into_iter().map(item).collect(),
        })
    }
}

/// Findings that only a person can settle are looked at on the way to an approval.
fn choice(recommendation: &Recommendation) -> Choice {
    match recommendation {
        Recommendation::Approve | Recommendation::Look { .. } => Choice::Approve,
        Recommendation::Complete { .. } => Choice::Complete,
        Recommendation::Reject { .. } => Choice::Reject,
    }
}
