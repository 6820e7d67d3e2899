//! What follows from a command: events that have happened and effects that must happen. Pure, so that the laws of
//! the procedure can be held by property tests.
//!
//! [`intake`] opens and completes dossiers, [`review`] proposes, [`decision`] decides, [`people`] names who may, [`two`] says
//! when one is not enough, [`execution`] keeps the driver's ledger, [`delivery`] hands the result over, [`clock`] runs the
//! time standards. Each adds to one [`Ruling`].

mod clock;
mod decision;
mod delivery;
mod execution;
mod intake;
mod people;
mod refused;
mod review;
mod triggers;
mod two;

pub use people::eligible;
pub use refused::Refused;
pub use triggers::{APPLICANT_DENIED, ITEM_ASKS, NIP_UNKNOWN, circumstance, recommend};
pub use two::{TwoFor, needed_again, why_two};

use chrono::{DateTime, Utc};

use super::case::{Case, LetterState};
use super::command::{Alarm, Command, Context, Opening};
use super::effect::{Effect, Letter, LetterName, Recipient};
use super::event::Event;
use super::phase::{Phase, RevealState};

/// What one command leads to: the case as it then is, what happened, and what must be done.
#[derive(Debug, Clone)]
pub struct Ruling {
    pub case: Case,
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
    /// The moment at which all of it happened: the journal tells the same times as the case.
    pub at: DateTime<Utc>,
}

/// Opens a case for a mail (SOP steps 1 and 2).
pub fn open(opening: Opening, ctx: &Context) -> Ruling {
    intake::open(opening, ctx)
}

/// Applies a command to a case. A command that comes too late or twice is refused or changes nothing; nothing at all
/// changes a case that is filed, since the archive holds it as it was.
pub fn decide(case: &Case, command: Command, ctx: &Context) -> Result<Ruling, Refused> {
    let mut ruling = Ruling { case: case.clone(), events: Vec::new(), effects: Vec::new(), at: ctx.now };
    let r = &mut ruling;
    match command {
        Command::AddMail(dossier) => intake::add_mail(r, *dossier, ctx)?,
        Command::Withdraw(mail) => intake::withdraw(r, *mail, ctx)?,
        Command::Admit { by, reason, dossier } => intake::admit(r, by, reason, *dossier, ctx)?,
        Command::Drop { by, reason } => intake::drop_held(r, by, reason, ctx)?,
        Command::Decide(decision) => decision::decide(r, decision, ctx)?,
        Command::Confirm(confirmation) => review::confirm(r, confirmation, ctx)?,
        Command::NoteApproval { at } => review::note_approval(r, at, ctx),
        Command::SaveDraft { by, draft, text } => review::save_draft(r, &by, draft, text, ctx)?,
        Command::StartExecution { decision } => execution::start(r, decision, ctx)?,
        Command::ReportExecution { decision, report } => execution::report(r, decision, report, ctx)?,
        Command::Reveal { issue } => delivery::reveal(r, issue, ctx)?,
        Command::ConfirmChange { issue } => delivery::confirm_change(r, issue, ctx)?,
        Command::Wake(alarm) => wake(r, &alarm, ctx),
        Command::LetterSent { id } => letter_sent(r, &id, ctx),
        Command::LetterFailed { id, why } => letter_failed(r, &id, &why, ctx),
        Command::StartArchiving => clock::begin_archiving(r, ctx)?,
        Command::Notify { kind, to, code } => notify(r, kind, to, code),
        Command::Brief { to } => people::brief(r, &to, ctx),
        Command::FinishArchiving => clock::finish_archiving(r, ctx)?,
        Command::ExplainDeviation { by, index, reason } => clock::explain(r, by, index, reason, ctx)?,
    }
    if case.is_filed() && !(ruling.events.is_empty() && ruling.effects.is_empty()) {
        return Err(Refused::Filed);
    }
    Ok(ruling)
}

/// A wake-up that no longer fits the phase changes nothing.
fn wake(r: &mut Ruling, alarm: &Alarm, ctx: &Context) {
    match alarm {
        Alarm::StandardHalf { .. } | Alarm::StandardWhole { .. } | Alarm::StandardEscalation { .. } => {
            clock::remind(r, alarm, ctx);
        }
        Alarm::CompletionReminder { round } => intake::remind_completion(r, *round),
        Alarm::CompletionDeadline { round } => intake::completion_overdue(r, *round, ctx),
        Alarm::SecretExpiry { issue } => delivery::expire(r, *issue, ctx),
        Alarm::ChangeReminder { issue, nth } => delivery::remind_change(r, *issue, *nth, ctx),
        Alarm::Assign { revision } => people::assign_again(r, *revision, ctx),
    }
}

fn notify(r: &mut Ruling, kind: LetterName, to: Recipient, code: &str) {
    let mut letter = Letter::new(kind, to).code(code);
    letter.links_to = r.case.phase.proposal().map(|proposal| proposal.hash.clone());
    r.send(letter);
}

fn letter_sent(r: &mut Ruling, id: &str, ctx: &Context) {
    let Some(letter) = r.case.letters.iter().find(|l| l.id == id && l.state == LetterState::Queued) else { return };
    let kind = letter.kind.clone();
    let stale = is_result(&kind) && !is_last_result(&r.case, id);
    r.record(Event::LetterSent { id: id.to_owned() }, ctx);
    if !stale {
        clock::letter_gone(r, &kind, ctx);
    }
}

/// The admin hears of every letter an applicant did not get; a lost result can be issued again, and is owed until then.
fn letter_failed(r: &mut Ruling, id: &str, why: &str, ctx: &Context) {
    let Some(letter) = r.case.letters.iter().find(|l| l.id == id) else { return };
    if matches!(letter.state, LetterState::Undelivered { .. }) {
        return;
    }
    let (kind, to) = (letter.kind.clone(), letter.to.clone());
    let lost_result = is_last_result(&r.case, id);
    r.record(Event::LetterUndelivered { id: id.to_owned(), why: why.to_owned() }, ctx);
    if !is_result(&kind) {
        clock::letter_gone(r, &kind, ctx);
    }
    if let (Phase::Delivered { reveal, .. }, true) = (&r.case.phase, lost_result) {
        let (issue, unseen) = (reveal.issue, matches!(reveal.state, RevealState::Waiting | RevealState::Expired));
        r.record(Event::NewLinkAsked { issue }, ctx);
        if unseen {
            clock::result_is_owed(r, ctx);
        }
    }
    let to_admin = ctx.admins.iter().any(|a| to.contains(&a.id));
    if !to_admin {
        let links_to = r.case.phase.proposal().map(|p| p.hash.clone());
        let letter = |to| Letter { links_to, ..Letter::new(LetterName::LetterUndelivered, to).code(id).remark(why) };
        r.tell_admin(ctx, letter);
    }
}

fn is_result(kind: &str) -> bool {
    LetterName::RESULTS.iter().any(|name| name.key() == kind)
}

/// An earlier issue's letter says nothing of the one in hand.
fn is_last_result(case: &Case, id: &str) -> bool {
    case.letters.iter().rfind(|l| is_result(&l.kind)).is_some_and(|l| l.id == id)
}

impl Ruling {
    fn record(&mut self, event: Event, ctx: &Context) {
        self.case.evolve(&event, ctx.now);
        self.events.push(event);
    }

    fn send(&mut self, letter: Letter) {
        self.effects.push(Effect::Send { letter });
    }

    /// A letter to the admin whose case it is, if anybody was named who may still act, and to whoever stands in for them.
    fn tell_admin(&mut self, ctx: &Context, letter: impl FnOnce(Recipient) -> Letter) {
        let Some(id) = people::holder(&self.case, ctx) else { return };
        let stand_in = people::stands_in(&self.case, &id, ctx);
        let letter = letter(Recipient::Admin { id: id.clone() });
        if let Some(stand_in) = stand_in {
            let to = Recipient::Admin { id: stand_in };
            self.send(Letter { to, in_place_of: Some(id), ..letter.clone() });
        }
        self.send(letter);
    }
}
