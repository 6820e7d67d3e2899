//! A case on its way through the model: the walk with its laws, the dispatchers' hands, a call on its way, and how much
//! more may happen. What is equal here goes on alike.

use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use loket::sop::case::{Case, Channel, ConfirmationResult, LetterRecord, LetterState};
use loket::sop::command::{Alarm, Choice, Command, Decision, Factor, Report};
use loket::sop::effect::LetterName;
use loket::sop::names::{Sha256Hex, UserId};
use loket::sop::phase::{AdminId, AttemptState, Phase};

use super::super::office::{APPLICANT, admin_id};
use super::super::papers::{self, Papers};
use super::super::walk::Walk;
use super::acts::{Act, Who, Word, World};

/// What may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Budget {
    pub mails: u8,
    pub decisions: u8,
    /// Kills, and dispatchers that take a row whose lease ran out.
    pub crashes: u8,
    /// Unusual answers of the account system, and calls to the applicant, changes of hands.
    pub answers: u8,
    /// Wake-ups that ring twice.
    pub again: u8,
}

/// A dispatcher with the row in hand; what it holds is lost with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hand {
    Calling(u32),
    Learnt(u32, Report),
}

#[derive(Clone)]
pub struct State {
    pub walk: Walk,
    pub left: Budget,
    pub hands: Vec<Hand>,
    /// A call whose dispatcher was killed.
    pub on_its_way: Option<u32>,
    pub landed_late: bool,
    pub rung: Option<Alarm>,
    /// The law that was broken on the way here.
    pub broken: Option<String>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let broken = self.broken.as_deref().unwrap_or("lawful");
        write!(f, "{} at {}, {:?}, {broken}", self.walk.outcome(), self.walk.now, self.hands)
    }
}

impl State {
    pub fn of(walk: Walk, left: Budget) -> Self {
        Self { walk, left, hands: Vec::new(), on_its_way: None, landed_late: false, rung: None, broken: None }
    }

    /// The state after an act; `None` where it is refused, or changes nothing but the time it took.
    pub fn after(&self, act: &Act) -> Option<Self> {
        let mut next = self.clone();
        match catch_unwind(AssertUnwindSafe(|| next.take(act))) {
            Ok(true) => Some(next),
            Ok(false) => None,
            Err(panic) => {
                let said = panic.downcast_ref::<String>().cloned();
                let said = said.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                Some(Self { broken: Some(said.unwrap_or_else(|| "a law".into())), ..self.clone() })
            }
        }
    }

    /// A letter whose going or failing decides anything.
    pub fn letter_on_its_way(&self) -> Option<&LetterRecord> {
        deciding(&self.walk.case).filter(|l| l.state == LetterState::Queued)
    }

    fn take(&mut self, act: &Act) -> bool {
        let command = match *act {
            Act::Dispatch => return self.dispatch(),
            Act::Driver(world) => return self.driver(world),
            Act::Record => return self.record(),
            Act::Crash => return self.crash(),
            Act::Lands => return self.lands(),
            Act::ReadBack { tells } => return self.read_back(tells),
            Act::Person(word) => return self.person(word),
            Act::Ring => return self.ring(),
            Act::RingAgain => {
                self.left.again -= 1;
                return self.rung.take().is_some_and(|alarm| self.gives(Command::Wake(alarm)));
            }
            Act::Mail(papers) => {
                self.left.mails -= 1;
                self.walk.mail_of(papers)
            }
            Act::SameMailAgain => {
                let mail = self.walk.case.mails.last().cloned().expect("a case has a mail");
                Command::AddMail(Box::new(papers::dossier(&self.walk.office, mail, Papers::OtherAccount)))
            }
            Act::Withdraw => {
                self.left.mails -= 1;
                Command::Withdraw(Box::new(self.walk.next_mail(APPLICANT, true)))
            }
            Act::Approve { by, stale } => {
                self.left.decisions = self.left.decisions.saturating_sub(1);
                self.decision(by, stale, Choice::Approve { reason: "telah diperiksa".into() })
            }
            Act::ApproveWithoutCode => {
                let (by, proposal) = (admin_id(0), self.walk.current());
                let choice = Choice::Approve { reason: "telah diperiksa".into() };
                Command::Decide(Decision { by, proposal, channel: Channel::Reply, factor: Factor::Session, choice })
            }
            Act::Complete { by } => {
                let items = vec!["appointment_decree".to_owned()];
                self.decision(by, false, Choice::Complete { items, letter: None })
            }
            Act::Reject { by, stale } => {
                let expired = self.walk.now > super::super::office::tuesday_at_nine() && self.walk.case.rounds > 0;
                let code = if expired { "R06" } else { "R04" };
                self.decision(by, stale, Choice::Reject { code: code.into(), note: String::new(), letter: None })
            }
            Act::HandOver => {
                self.left.answers -= 1;
                let from = usize::from(self.walk.case.assigned != Some(admin_id(0)));
                let to = admin_id(1 - from);
                self.decision(from, false, Choice::HandOver { to, reason: "cuti".into() })
            }
            Act::Reissue { by, stale } => {
                self.left.decisions = self.left.decisions.saturating_sub(1);
                self.decision(by, stale, Choice::Reissue { reason: "tautan hilang".into() })
            }
            Act::HandInPerson => self.decision(0, false, Choice::HandInPerson { note: "KTP".into() }),
            Act::Call { denied } => {
                self.left.answers -= 1;
                let result = if denied { ConfirmationResult::Denied } else { ConfirmationResult::Confirmed };
                self.walk.call(1, result)
            }
            Act::Admit => {
                let mail = self.walk.case.mails[0].clone();
                let dossier = Box::new(papers::dossier(&self.walk.office, mail, Papers::Complete));
                Command::Admit { by: admin_id(0), reason: "pengirim dikenal".into(), dossier }
            }
            Act::Drop => Command::Drop { by: admin_id(1), reason: "palsu".into() },
            Act::LetterSent | Act::LetterFailed => {
                let id = self.letter_on_its_way().expect("it is on its way").id.clone();
                match act {
                    Act::LetterSent => Command::LetterSent { id },
                    _ => Command::LetterFailed { id, why: "returned".into() },
                }
            }
            Act::Reveal => Command::Reveal { issue: self.issue() },
            Act::RevealEarlier => Command::Reveal { issue: self.issue().saturating_sub(1) },
            Act::ConfirmChange => Command::ConfirmChange { issue: self.issue() },
            Act::StartArchiving => Command::StartArchiving,
            Act::FinishArchiving => Command::FinishArchiving,
        };
        self.gives(command)
    }

    /// Gives a command under the laws; `false` where it is refused.
    fn gives(&mut self, command: Command) -> bool {
        self.walk.try_it(command).is_ok()
    }

    fn decision(&self, by: Who, stale: bool, choice: Choice) -> Command {
        let current = self.walk.current();
        let before = || self.walk.seen.iter().rev().find(|hash| **hash != current).cloned();
        let proposal = if stale { before().unwrap_or_else(|| Sha256Hex("0".repeat(64))) } else { current.clone() };
        let (channel, factor) = (Channel::Desk, Factor::Fresh);
        Command::Decide(Decision { by: admin_id(by), proposal, channel, factor, choice })
    }

    fn issue(&self) -> u32 {
        self.walk.issue().map_or(u32::try_from(self.walk.case.decisions.len()).unwrap_or(0).max(1), |issue| issue.0)
    }

    /// As `engine::execution` has it: begun on record before the call, and what is found begun is reported unknown.
    fn dispatch(&mut self) -> bool {
        if !self.hands.is_empty() {
            self.left.crashes -= 1;
        }
        let decision = *self.walk.calls.last().expect("a row is due");
        let attempt = match &self.walk.case.phase {
            Phase::Executing { attempt } if attempt.decision == decision => attempt.state,
            _ => AttemptState::ByHand,
        };
        match attempt {
            AttemptState::Intended => {
                assert!(self.gives(Command::StartExecution { decision }), "what is intended may begin");
                self.walk.seal(decision);
                self.hands.push(Hand::Calling(decision));
                true
            }
            AttemptState::Started => {
                let report = Report::Unknown { why: "the program stopped".into() };
                self.gives(Command::ReportExecution { decision, report })
            }
            AttemptState::ByHand => {
                self.walk.calls.retain(|call| *call != decision);
                true
            }
        }
    }

    fn driver(&mut self, world: World) -> bool {
        let calling = self.hands.iter().position(|hand| matches!(hand, Hand::Calling(_))).expect("a call is out");
        let Hand::Calling(decision) = self.hands[calling] else { unreachable!("just found") };
        if !matches!(world, World::Done | World::LostAnswer { .. }) {
            self.left.answers -= 1;
        }
        if matches!(world, World::Done | World::Link | World::LostAnswer { happened: true }) {
            self.resets(decision);
        }
        let report = match world {
            World::Done => self.walk.done(decision, None),
            World::Link => Report::SystemSentLink { by: None },
            World::NoSuch => Report::NotFound { by: None, note: "tidak ada".into() },
            World::Refuses => Report::Failed { by: None, why: "gangguan".into() },
            World::Down => Report::Postponed,
            World::ByHand => Report::HandedToPerson,
            World::LostAnswer { .. } => Report::Unknown { why: "tidak ada jawaban".into() },
        };
        self.hands[calling] = Hand::Learnt(decision, report);
        true
    }

    /// The account system sets a password: only ever for a decision on record.
    fn resets(&mut self, decision: u32) {
        let decided = self.walk.case.decisions.get(decision as usize - 1);
        let by = &decided.expect("nothing is reset without a decision").by;
        assert!(self.walk.office.may_act(&self.walk.case, by), "an eligible admin decided");
        self.walk.account_system_resets(decision);
    }

    /// A report that comes too late, because another dispatcher or a person was faster, is refused and forgotten.
    fn record(&mut self) -> bool {
        let learnt = self.hands.iter().position(|hand| matches!(hand, Hand::Learnt(..))).expect("something was learnt");
        let Hand::Learnt(decision, report) = self.hands.remove(learnt) else { unreachable!("just found") };
        self.gives(Command::ReportExecution { decision, report });
        true
    }

    fn crash(&mut self) -> bool {
        self.left.crashes -= 1;
        let calling = self.hands.iter().find_map(|hand| match hand {
            Hand::Calling(decision) => Some(*decision),
            Hand::Learnt(..) => None,
        });
        self.on_its_way = self.on_its_way.or(calling);
        self.hands.clear();
        true
    }

    fn lands(&mut self) -> bool {
        let decision = self.on_its_way.take().expect("a call is on its way");
        self.resets(decision);
        self.landed_late = true;
        true
    }

    fn read_back(&mut self, tells: bool) -> bool {
        let Some(decision) = self.walk.case.attempt().map(|attempt| attempt.decision) else { return false };
        let happened = self.walk.resets.contains_key(&decision);
        let report = match (tells, happened) {
            (false, _) => return false,
            (true, true) => self.walk.done(decision, None),
            (true, false) => Report::Failed { by: None, why: "dibaca kembali: belum".into() },
        };
        self.gives(Command::ReportExecution { decision, report })
    }

    fn person(&mut self, word: Word) -> bool {
        let decision = self.walk.case.attempt().expect("an attempt is in hand").decision;
        let (by, by_hand) = (admin_id(1), self.walk.by_hand());
        if by_hand {
            // The password that the person typed in is sealed before it is reported.
            self.walk.seal(decision);
        }
        let report = match word {
            Word::Done => self.walk.done(decision, Some(by)),
            Word::HandedOver => Report::HandedOver { by, note: "KTP".into() },
            Word::Failed => Report::Failed { by: Some(by), why: "gangguan".into() },
            Word::Unsure => Report::Unknown { why: "layar membeku".into() },
        };
        let happened = by_hand && matches!(word, Word::Done | Word::HandedOver);
        if happened {
            self.resets(decision);
        }
        let taken = self.gives(Command::ReportExecution { decision, report });
        assert!(taken || !happened, "what a person did by hand is taken down");
        taken
    }

    fn ring(&mut self) -> bool {
        let next = (0..self.walk.wakes.len()).min_by_key(|i| self.walk.wakes[*i].0);
        self.rung = next.map(|i| self.walk.wakes[i].1.clone()).filter(|_| self.left.again > 0);
        self.walk.ring()
    }
}

fn deciding(case: &Case) -> Option<&LetterRecord> {
    let decides = |l: &&LetterRecord| {
        l.kind == LetterName::Rejected.key() || LetterName::RESULTS.iter().any(|name| name.key() == l.kind)
    };
    case.letters.iter().rfind(decides)
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        super::fingerprint(self) == super::fingerprint(other)
    }
}

/// What decides how the case goes on. Spans that ended and their overruns are history; the laws see those in the walk.
impl Hash for State {
    fn hash<H: Hasher>(&self, to: &mut H) {
        let Self { walk, left, hands, on_its_way, landed_late, rung, broken } = self;
        (left, on_its_way, landed_late, broken).hash(to);
        format!("{hands:?} {rung:?}").hash(to);
        let office = &walk.office.procedure;
        let rules = (office.approval.two_for_every_approval, office.approval.two_after_trigger);
        (rules, walk.now, &walk.calls, &walk.secrets, &walk.resets, &walk.shown).hash(to);
        let mut wakes: Vec<_> = walk.wakes.iter().map(|(at, alarm)| (*at, format!("{alarm:?}"))).collect();
        wakes.sort();
        wakes.hash(to);
        walk.seen.last().hash(to);
        essence(&walk.case, to);
    }
}

/// Named one by one, so that a field that comes is thought about.
fn essence<H: Hasher>(case: &Case, to: &mut H) {
    let Case {
        number: _,
        office: _,
        procedure: _,
        language: _,
        opened_at: _,
        linked_to: _,
        mails,
        understanding,
        account,
        assigned,
        confirmations,
        settled,
        rounds,
        revisions,
        decisions,
        first_approval,
        last_approved,
        replaced,
        times,
        letters: _,
        replies: _,
        phase,
    } = case;
    mails.iter().for_each(|mail| (&mail.sha256.0, mail.authenticity.is_trusted()).hash(to));
    understanding.checklist.iter().for_each(|check| (check.finding as u8).hash(to));
    let user: Option<&UserId> = account.as_ref().map(|account| &account.user_id);
    let named = |id: &AdminId| id.to_string();
    let first = first_approval.as_ref().map(|first| (named(&first.by), first.proposal.0.as_str(), first.deed));
    (user.map(|u| &u.0), assigned.as_ref().map(named), first).hash(to);
    (rounds, revisions, confirmations.len(), decisions.len()).hash(to);
    (confirmations.last().map(|c| c.result as u8), settled.is_some()).hash(to);
    format!("{last_approved:?}").hash(to);
    decisions.iter().for_each(|decision| named(&decision.by).hash(to));
    format!("{replaced:?}").hash(to);
    let span = times.open_span().map(|span| (span.step, span.actor.as_ref().map(named), span.from));
    (span, times.spans.last().map(|span| span.to), times.has_done(9)).hash(to);
    deciding(case).map(|l| (matches!(l.state, LetterState::Queued), &l.kind)).hash(to);
    phase.name().hash(to);
    match phase {
        Phase::Executing { attempt } | Phase::Unknown { attempt, .. } => {
            (attempt.decision, attempt.state as u8, &attempt.proposal.hash.0).hash(to);
        }
        Phase::Delivered { reveal, proposal } => (format!("{reveal:?}"), &proposal.hash.0).hash(to),
        Phase::UnderReview { proposal } => proposal.hash.0.hash(to),
        Phase::AwaitingConfirmation { proposal, triggers } => (&proposal.hash.0, triggers).hash(to),
        Phase::Incomplete { round, deadline, .. } => (round, deadline).hash(to),
        Phase::Held { .. } | Phase::Received => {}
        Phase::Closed { outcome, .. } => outcome.name().hash(to),
    }
}
