//! The four decisions, and drafts that are kept. A decision goes to the procedure as the form has it; the same one sent
//! twice by the same person is answered twice alike.

use super::Desk;
use super::drafts::{Rejected, body_of, kind_of, restored};
use super::factor::matter;
use super::refusal::still_shows;
use crate::engine::admins::Proof;
use crate::engine::casebook::{Along, Answer};
use crate::engine::port::Fault;
use crate::sop::case::{Case, Channel, Deed};
use crate::sop::command::{self, Command, Decision, Factor};
use crate::sop::decide::Refused;
use crate::sop::effect::{Letter, LetterName, Recipient};
use crate::sop::event::{Event, Recorded};
use crate::sop::names::{Address, CaseNumber, Language, Sha256Hex};
use crate::sop::phase::{Proposal, Recommendation};
use crate::web::answer::{DecisionAnswer, DecisionForm, DraftForm, Field, FieldError, Typed, Why};
use crate::web::counter::Trouble;
use crate::web::view::{Admin, Choice};

impl Desk {
    pub(super) async fn take_decision(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        form: DecisionForm,
        lang: Language,
    ) -> Result<DecisionAnswer, Trouble> {
        let _alone = match form.code {
            Some(_) => Some(self.hand.lock().await),
            None => None,
        };
        let Some(case) = self.engine.case(number).await? else { return Ok(DecisionAnswer::Gone) };
        let choice = match self.choice(&case, &form, lang)? {
            Ok(choice) => choice,
            Err(answer) => return Ok(answer),
        };
        let answer = self.put(admin, &case, &form.proposal_hash, choice, form.code.as_ref(), lang).await?;
        let refused =
            matches!(answer, DecisionAnswer::Already(_) | DecisionAnswer::Changed { .. } | DecisionAnswer::Refused(_));
        if refused && self.decided_so(admin, number, &form).await? {
            return Ok(DecisionAnswer::Done);
        }
        Ok(answer)
    }

    /// Lets the procedure decide. A code is spent only on a decision that would be taken.
    pub(super) async fn put(
        &self,
        admin: &Admin,
        case: &Case,
        proposal: &str,
        choice: command::Choice,
        code: Option<&Typed>,
        lang: Language,
    ) -> Result<DecisionAnswer, Fault> {
        let (matter, deed) = (matter(&case.number, &choice, proposal), deed(&choice));
        let factor = if code.is_some() { Factor::Fresh } else { Factor::Session };
        let decision = Decision {
            by: admin.address.clone(),
            proposal: Sha256Hex(proposal.to_owned()),
            channel: Channel::Desk,
            factor,
            choice,
        };
        if let Some(code) = code {
            if let Err(refused) = self.engine.foresee(case, Command::Decide(decision.clone())).await? {
                return self.refused_decision(refused, case, admin, lang).await;
            }
            match self.proves(admin, code, &matter).await? {
                Proof::Right => {}
                Proof::Wrong { left } => return Ok(DecisionAnswer::NeedsFactor { left }),
                Proof::Locked => return Ok(DecisionAnswer::LockedOut),
            }
        }
        let key = self.engine.key(&case.number);
        match self.engine.apply(&key, Command::Decide(decision), Along::default()).await? {
            Answer::Done(after) => {
                let waits = deed.is_some() && self.awaits_second(admin, &after) == deed;
                Ok(if waits { DecisionAnswer::AwaitsSecond } else { DecisionAnswer::Done })
            }
            Answer::Refused(refused, case) => self.refused_decision(refused, &case, admin, lang).await,
            Answer::Gone | Answer::Conflict => Ok(DecisionAnswer::Gone),
        }
    }

    /// The form as the procedure's choice, with the letter checked against the draft it came from.
    fn choice(
        &self,
        case: &Case,
        form: &DecisionForm,
        lang: Language,
    ) -> Result<Result<command::Choice, DecisionAnswer>, Fault> {
        let letter = match self.letter(case, form, lang) {
            Ok(letter) => letter,
            Err(answer) => return Ok(Err(answer)),
        };
        Ok(Ok(match form.choice {
            Choice::Approve => command::Choice::Approve { reason: form.reason.trim().to_owned() },
            Choice::Complete => {
                let note = match self.note(case, form) {
                    Ok(note) => note,
                    Err(rejected) => return Ok(Err(self.unfit(rejected, lang))),
                };
                let letter = self.with_note(case, form, &note, letter)?;
                command::Choice::Complete { items: form.items.clone(), letter }
            }
            Choice::Reject => command::Choice::Reject {
                code: form.reason_code.clone().unwrap_or_default(),
                note: form.note.clone(),
                letter,
            },
            Choice::HandOver => match form.to_admin.as_deref().and_then(Address::parse) {
                Some(to) => command::Choice::HandOver { to, reason: form.reason.clone() },
                None => {
                    return Ok(Err(DecisionAnswer::Invalid(vec![FieldError {
                        field: Field::ToAdmin,
                        why: Why::NotOffered,
                    }])));
                }
            },
        }))
    }

    fn letter(&self, case: &Case, form: &DecisionForm, lang: Language) -> Result<Option<String>, DecisionAnswer> {
        let (Some(shown), Some(kind)) = (&form.letter, kind_of(form.choice)) else { return Ok(None) };
        let Some(proposal) = case.phase.proposal() else { return Ok(None) };
        self.accepted(case, body_of(proposal, kind), shown).map(Some).map_err(|rejected| self.unfit(rejected, lang))
    }

    fn unfit(&self, rejected: Rejected, lang: Language) -> DecisionAnswer {
        match rejected {
            Rejected::Field(error) => DecisionAnswer::Invalid(vec![error]),
            Rejected::Places(lost) if lost.is_empty() => DecisionAnswer::Refused(self.words(lang).say(
                "Surat memuat kurung kurawal ganda yang tidak dikenal. Hapus, lalu simpan lagi.",
                "The letter holds double braces that stand for nothing. Take them out and save again.",
                &[],
            )),
            Rejected::Places(lost) => DecisionAnswer::Refused(self.words(lang).say(
                "Surat harus tetap memuat {0}; bagian itu diisi saat surat dikirim.",
                "The letter must keep {0}; it is filled in when the letter is sent.",
                &[&lost.join(", ")],
            )),
        }
    }

    /// An addition for the applicant, which may hold no more than an edited letter may.
    fn note(&self, case: &Case, form: &DecisionForm) -> Result<String, Rejected> {
        let note = form.note.trim();
        if note.is_empty() {
            return Ok(String::new());
        }
        self.accepted(case, "", note).map_err(|rejected| match rejected {
            Rejected::Field(FieldError { why, .. }) => Rejected::Field(FieldError { field: Field::Note, why }),
            places => places,
        })
    }

    /// The addition becomes part of the letter: written into a fresh one, set under an edited one.
    fn with_note(
        &self,
        case: &Case,
        form: &DecisionForm,
        note: &str,
        letter: Option<String>,
    ) -> Result<Option<String>, Fault> {
        if note.is_empty() {
            return Ok(letter);
        }
        if let Some(edited) = letter {
            return Ok(Some(format!("{}\n\n{note}", edited.trim_end())));
        }
        let worked = self.engine.procedures.get(&case.procedure.hash)?;
        let order = Letter::new(LetterName::CompletionRequest, Recipient::Correspondent);
        let order = order.items(form.items.clone()).remark(note);
        let text = self.engine.preview(case, &order, &worked).map_err(Fault::permanent)?;
        Ok(Some(text.body))
    }

    /// Whether the journal holds this very decision of this very person, on the proposal the form names.
    async fn decided_so(&self, admin: &Admin, number: &CaseNumber, form: &DecisionForm) -> Result<bool, Fault> {
        let events = self.engine.events(&self.engine.key(number)).await?;
        Ok(is_on_record(&events, &admin.address, form))
    }

    pub(super) async fn keep_draft(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        form: DraftForm,
    ) -> Result<DecisionAnswer, Trouble> {
        let lang = self.engine.office.language;
        let Some(case) = self.engine.case(number).await? else { return Ok(DecisionAnswer::Gone) };
        let Some(draft) = kind_of(form.choice) else {
            return Ok(DecisionAnswer::Refused(self.words(lang).say(
                "Surat hasil ditulis Loket saat dikirim dan tidak disunting.",
                "Loket writes the result letter when it is sent; it is not edited.",
                &[],
            )));
        };
        let hash = Sha256Hex(form.proposal_hash);
        let Some(proposal) = case.phase.proposal() else {
            let refused = Refused::AlreadyDecided { by: case.assigned.clone(), at: None, what: case.phase.name() };
            return Ok(self.refused_decision(refused, &case, admin, lang).await?);
        };
        if is_kept(proposal, draft, &form.body) {
            return Ok(DecisionAnswer::Done);
        }
        let text = match self.accepted(&case, body_of(proposal, draft), &form.body) {
            Ok(text) => text,
            Err(rejected) => return Ok(self.unfit(rejected, lang)),
        };
        let key = self.engine.key(number);
        let command = Command::SaveDraft { by: admin.address.clone(), draft, text };
        let kept = self.engine.apply_when(&key, command, Along::default(), &still_shows(&hash)).await?;
        Ok(match kept {
            Answer::Done(_) => DecisionAnswer::Done,
            Answer::Refused(refused, case) => self.refused_decision(refused, &case, admin, lang).await?,
            Answer::Gone | Answer::Conflict => DecisionAnswer::Gone,
        })
    }
}

/// What of a choice two may have to approve.
fn deed(choice: &command::Choice) -> Option<Deed> {
    match choice {
        command::Choice::Approve { .. } => Some(Deed::Grant),
        command::Choice::Reissue { .. } => Some(Deed::Reissue),
        command::Choice::HandInPerson { .. } => Some(Deed::HandInPerson),
        command::Choice::Complete { .. } | command::Choice::Reject { .. } | command::Choice::HandOver { .. } => None,
    }
}

fn is_kept(proposal: &Proposal, draft: command::DraftKind, body: &str) -> bool {
    body_of(proposal, draft).trim() == restored(body).trim()
}

fn is_on_record(events: &[Recorded], admin: &Address, form: &DecisionForm) -> bool {
    let mut current: Option<&Proposal> = None;
    events.iter().any(|recorded| {
        let on_this = current.is_some_and(|proposal| proposal.hash.0 == form.proposal_hash);
        match (&recorded.event, form.choice) {
            (Event::Proposed { proposal, .. } | Event::ResultReady { proposal, .. }, _) => {
                current = Some(proposal);
                false
            }
            (Event::Approved { decision } | Event::FirstApproved { decision }, Choice::Approve) => {
                decision.deed == Deed::Grant && decision.by == *admin && decision.proposal.0 == form.proposal_hash
            }
            (Event::Rejected { by, code, .. }, Choice::Reject) => {
                on_this && by == admin && form.reason_code.as_ref() == Some(code)
            }
            (Event::CompletionAsked { by: Some(by), items, .. }, Choice::Complete) => {
                on_this && by == admin && (*items == form.items || proposed(current, items) && form.items.is_empty())
            }
            (Event::Assigned { to, by: Some(by), .. }, Choice::HandOver) => {
                on_this && by == admin && to != admin && form.to_admin.as_deref() == Some(to.as_str())
            }
            _ => false,
        }
    })
}

fn proposed(proposal: Option<&Proposal>, items: &[String]) -> bool {
    proposal.is_some_and(|p| p.recommendation == Recommendation::Complete { items: items.to_vec() })
}
