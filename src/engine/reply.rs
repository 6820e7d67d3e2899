//! Decisions by reply: an admin answers the mail they got. Only authenticated mail of a registered admin counts, only
//! its first unquoted line, and only for the proposal that mail was about (THREATS, decision by reply).

use chrono::{DateTime, TimeDelta, Utc};
use tracing::Instrument;

use super::Engine;
use super::admins::{AdminRecord, Matter, Proof};
use super::casebook::{Along, Answer, Reply};
use super::correspondence::letter_named;
use super::intake::tally::Tally;
use super::intake::{Looked, Mailbox};
use super::port::Fault;
use super::store::CaseKey;
use super::weave::family;
use crate::letters::reply::{self, AdminReply};
use crate::letters::{EditFault, Text, check_edited};
use crate::mail::message::Inbound;
use crate::sop::case::{Case, Channel};
use crate::sop::command::{Choice, Command, Decision, Factor};
use crate::sop::decide::Refused;
use crate::sop::effect::{Letter, LetterName, Recipient};
use crate::sop::names::Sha256Hex;
use crate::sop::phase::Recommendation;
use crate::sop::procedure::Procedure;
use crate::sop::procedure::papers::UNLIKE_THE_RECORDS;

/// What became of a mail that may be an admin's answer to one of our letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    NotAnAnswer,
    /// Followed, or answered with why not; the mail is on record in the same step, so that a crash never asks twice.
    OnRecord,
    /// It changed nothing; the mail itself is not on record yet.
    Nothing,
}

/// The case and the proposal that a letter to an admin was about.
type Answered = (CaseKey, Case, Sha256Hex);

/// Where following an admin's words led.
enum Step {
    Taken(Followed),
    /// The admin is to be told why not.
    Answer(LetterName),
    /// The admin is told that it was not followed, and why: a key of the letters' refusals.
    Cannot(&'static str),
}

impl Engine {
    /// Follows an admin's answer, where the mail is one. What we answer to it is counted in `day`.
    pub(super) async fn decides_by_reply(
        &self,
        mailbox: &Mailbox,
        mail: &Looked,
        day: &mut Tally,
    ) -> Result<Followed, Fault> {
        let Some((admin, (key, case, about))) = self.answer_of(&mail.inbound).await? else {
            return Ok(Followed::NotAnAnswer);
        };
        let step = match reply::admin(&mail.facts.contents.body) {
            _ if !admin.role.acts() => Step::Cannot("reads_only"),
            _ if !self.procedures.get(&case.procedure.hash)?.procedure.reply.allowed => Step::Cannot("replies_off"),
            None => Step::Cannot("words"),
            Some(words) => self.follow(mail, &admin, &key, &case, about, words).await?,
        };
        let (kind, code) = match step {
            Step::Taken(followed) => return Ok(followed),
            Step::Answer(kind) => (kind, ""),
            Step::Cannot(why) => (LetterName::ReplyNotUnderstood, why),
        };
        // The admin's machine may answer like a person, and hear from us no more often than anybody's.
        if let Err(when) = day.may_answer(&case, kind.key(), &admin.address, self.clock.now(), &mailbox.limits) {
            tracing::info!(case = %key.number, letter = kind.key(), %when, "not answered again so soon");
            return Ok(Followed::Nothing);
        }
        self.answer_admin(&key, &admin, mail, kind, code).await
    }

    async fn follow(
        &self,
        mail: &Looked,
        admin: &AdminRecord,
        key: &CaseKey,
        case: &Case,
        about: Sha256Hex,
        words: AdminReply,
    ) -> Result<Step, Fault> {
        let worked = self.procedures.get(&case.procedure.hash)?;
        let rules = &worked.procedure.reply;
        let (choice, code) = match words {
            AdminReply::Approve(code) => {
                (Choice::Approve { reason: reply::reason(&mail.facts.contents.body) }, Some(code))
            }
            AdminReply::ApproveWithoutCode => return Ok(Step::Cannot("needs_code")),
            AdminReply::Reject(given, reason) => {
                let (code, reason) = ground(&reason, case, &worked.procedure);
                if gives_away(case, &reason) {
                    return Ok(Step::Cannot("forbidden_words"));
                }
                let letter = Letter::new(LetterName::Rejected, Recipient::Correspondent).code(&code).remark(&reason);
                let letter = self.preview(case, &letter, &worked).ok().map(|text| text.body);
                (Choice::Reject { code, note: reason, letter }, given)
            }
            AdminReply::Complete(_, note) if gives_away(case, &note) => return Ok(Step::Cannot("forbidden_words")),
            AdminReply::Complete(given, note) => {
                let items = match case.phase.proposal().map(|p| &p.recommendation) {
                    Some(Recommendation::Complete { items } | Recommendation::Look { items }) => items.clone(),
                    _ => Vec::new(),
                };
                let letter = Letter::new(LetterName::CompletionRequest, Recipient::Correspondent);
                let letter = letter.items(items.clone()).remark(&note);
                let text = (!note.is_empty()).then(|| self.preview(case, &letter, &worked));
                (Choice::Complete { items, letter: text.and_then(Result::ok).map(|text| text.body) }, given)
            }
        };
        let mut factor = Factor::None;
        if let Some(code) = code {
            // Also a mail from ahead of our clock: else a mail server's wrong clock would let codes of the future count.
            let away = (self.clock.now() - mail.received_at).abs();
            if away > TimeDelta::minutes(i64::from(rules.code_window_minutes)) {
                return Ok(Step::Cannot("late_code"));
            }
            let proof = match mail.proof.get() {
                Some(proof) => *proof,
                None => {
                    let proof = self.prove_by_mail(admin, code.digits(), mail.received_at).await?;
                    *mail.proof.get_or_init(|| proof)
                }
            };
            match proof {
                Proof::Right => factor = Factor::Fresh,
                Proof::Wrong { .. } => return Ok(Step::Cannot("wrong_code")),
                Proof::Locked => return Ok(Step::Cannot("locked")),
            }
        }
        let by = admin.address.clone();
        let was_current = case.phase.proposal().is_some_and(|proposal| proposal.hash == about);
        let decision = Decision { by, proposal: about, channel: Channel::Reply, factor, choice };
        self.store.put_contents(vec![(key.clone(), mail.raw.to_vec())]).await?;
        let reply = Some(Reply { by: admin.address.clone(), sha256: mail.sha256.clone() });
        let along = Along { reply, seen: mail.seen_keys(), ..Along::default() };
        Ok(match self.apply(key, Command::Decide(decision), along).await? {
            Answer::Done(_) => Step::Taken(Followed::OnRecord),
            // What this very decision brought to light was told to whoever has the case.
            Answer::Refused(Refused::Changed { .. }, now)
                if now.assigned.as_ref() == Some(&admin.address) && was_current =>
            {
                Step::Taken(Followed::Nothing)
            }
            Answer::Refused(Refused::Changed { .. }, _) => Step::Answer(LetterName::FreshProposal),
            Answer::Refused(Refused::AlreadyDecided { .. }, _) | Answer::Gone => {
                Step::Answer(LetterName::AlreadyDecided)
            }
            Answer::Refused(refused, _) => {
                tracing::info!(case = %key.number, "a decision by reply was refused: {refused}");
                Step::Cannot(why_not(&refused))
            }
            Answer::Conflict => Step::Taken(Followed::Nothing),
        })
    }

    async fn prove_by_mail(&self, admin: &AdminRecord, code: &str, at: DateTime<Utc>) -> Result<Proof, Fault> {
        let door = tracing::info_span!("reply", door = "reply");
        self.prove(&admin.address, code, at, &Matter::CodeAlone).instrument(door).await
    }

    /// The admin whose answer a mail is, as its headers tell, and to what.
    pub(super) async fn answer_of(&self, inbound: &Inbound) -> Result<Option<(AdminRecord, Answered)>, Fault> {
        let proven = inbound.sender().filter(|_| inbound.answers_us && inbound.authenticity.is_authenticated());
        let Some(sender) = proven else { return Ok(None) };
        let Some((_, admin)) = self.admin(sender).await?.filter(|(_, record)| record.is_active()) else {
            return Ok(None);
        };
        Ok(self.answered(inbound, &admin).await?.map(|answered| (admin, answered)))
    }

    async fn answered(&self, inbound: &Inbound, admin: &AdminRecord) -> Result<Option<Answered>, Fault> {
        for id in &inbound.in_reply_to {
            for key in self.store.find(&self.office.id, family::MESSAGE, id).await? {
                let Some((_, case)) = self.load(&key).await? else { continue };
                let letter = letter_named(&case, id);
                if let Some(about) = letter.filter(|l| l.to.contains(&admin.address)).and_then(|l| l.about.clone()) {
                    return Ok(Some((key, case, about)));
                }
            }
        }
        Ok(None)
    }

    async fn answer_admin(
        &self,
        key: &CaseKey,
        admin: &AdminRecord,
        mail: &Looked,
        kind: LetterName,
        code: &'static str,
    ) -> Result<Followed, Fault> {
        let to = Recipient::Admin { id: admin.address.clone() };
        let along = Along { seen: mail.seen_keys(), ..Along::default() };
        Ok(match self.apply(key, Command::Notify { kind, to, code }, along).await? {
            Answer::Done(_) => Followed::OnRecord,
            Answer::Refused(..) | Answer::Gone | Answer::Conflict => Followed::Nothing,
        })
    }
}

/// The key of the letters' refusals that says why.
fn why_not(refused: &Refused) -> &'static str {
    match refused {
        Refused::NotAnAdmin => "reads_only",
        Refused::OwnAccount => "own_account",
        Refused::NeedsFactor | Refused::NeedsFreshFactor => "needs_code",
        Refused::NeedsConfirmation { .. } => "needs_confirmation",
        Refused::NeedsReason => "needs_reason",
        Refused::NeedsSecond => "needs_second",
        Refused::NotComplete { .. } => "not_complete",
        Refused::NoAccount => "no_account",
        Refused::NoRoundLeft => "no_round",
        Refused::NothingToComplete => "nothing_named",
        _ => "not_now",
    }
}

/// Whether words for the correspondent hold what an edited letter may not: a whole NIP, user ID or telephone of the register,
/// or a place that nothing fills in.
fn gives_away(case: &Case, words: &str) -> bool {
    let letter = |body: &str| Text { subject: format!("[{}]", case.number), body: body.to_owned() };
    let faults = check_edited(&letter(""), &letter(words)).err().unwrap_or_default();
    let forbidden = |fault: &EditFault| matches!(fault, EditFault::PersonalNumber | EditFault::PlaceholderUnknown(_));
    faults.iter().any(forbidden) || case.account.as_ref().is_some_and(|account| account.is_told_in(words))
}

/// The ground an admin named (`TOLAK R02 …`), else the one that was proposed, else that the papers do not agree.
fn ground(reason: &str, case: &Case, procedure: &Procedure) -> (String, String) {
    let (word, rest) = reason.split_once(char::is_whitespace).unwrap_or((reason, ""));
    if let Some(named) = procedure.reject_reasons.iter().find(|known| known.code.eq_ignore_ascii_case(word)) {
        return (named.code.clone(), rest.trim().to_owned());
    }
    let code = match case.phase.proposal().map(|p| &p.recommendation) {
        Some(Recommendation::Reject { code }) => code.clone(),
        _ => UNLIKE_THE_RECORDS.to_owned(),
    };
    (code, reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_hears_why_a_reply_was_not_followed() {
        let (triggers, items) = (Vec::new(), Vec::new());
        for (refused, why) in [
            (Refused::NotAnAdmin, "reads_only"),
            (Refused::OwnAccount, "own_account"),
            (Refused::NeedsFactor, "needs_code"),
            (Refused::NeedsFreshFactor, "needs_code"),
            (Refused::NeedsConfirmation { triggers }, "needs_confirmation"),
            (Refused::NeedsReason, "needs_reason"),
            (Refused::NeedsSecond, "needs_second"),
            (Refused::NotComplete { items }, "not_complete"),
            (Refused::NoAccount, "no_account"),
            (Refused::NoRoundLeft, "no_round"),
            (Refused::NothingToComplete, "nothing_named"),
            (Refused::WrongPhase { phase: "executing" }, "not_now"),
        ] {
            assert_eq!(why_not(&refused), why, "{refused}");
        }
    }
}
