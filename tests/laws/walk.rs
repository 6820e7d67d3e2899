//! One case on its way, with the world around `sop::decide` in memory: the clock, wake-ups, calls to the driver, sealed
//! secrets and queued letters. Every command goes through [`Walk::try_it`], which holds the laws.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use loket::sop::case::{
    Case, Confirmation, ConfirmationMethod, ConfirmationResult, LetterRecord, LetterState, MailRef,
};
use loket::sop::command::{Alarm, Choice, Command, Decision, Factor, Opening, OpeningVerdict, Report};
use loket::sop::decide::{Refused, Ruling, decide, open};
use loket::sop::effect::{Effect, Letter, LetterName, Recipient};
use loket::sop::event::Event;
use loket::sop::names::{Address, Sha256Hex};
use loket::sop::phase::{AdminId, AttemptState, Phase, RevealKind};

use super::hold;
use super::office::{APPLICANT, Office, address, admin_id, digest};
use super::papers::{self, PHONE, Papers};

#[derive(Clone)]
pub struct Walk {
    pub office: Office,
    pub now: DateTime<Utc>,
    pub case: Case,
    pub journal: Vec<(Arc<Event>, DateTime<Utc>)>,
    pub wakes: Vec<(DateTime<Utc>, Alarm)>,
    /// Calls to the driver that are still to be made.
    pub calls: Vec<u32>,
    /// Sealed secrets by issue, with their end, which the account system is told too.
    pub secrets: BTreeMap<u32, DateTime<Utc>>,
    /// How often each was shown to anybody.
    pub shown: BTreeMap<u32, u32>,
    /// What the account system really did, by decision.
    pub resets: BTreeMap<u32, u32>,
    /// Hashes of all proposals that ever stood.
    pub seen: Vec<Sha256Hex>,
    pub sent: Vec<Letter>,
    pub mails: u32,
}

impl Walk {
    pub fn begin(office: Office, papers: Papers, verdict: OpeningVerdict, now: DateTime<Utc>) -> Self {
        let trusted = !matches!(verdict, OpeningVerdict::Held(_));
        let mail = papers::mail(0, APPLICANT, trusted, now);
        let opening = papers::opening(7, papers::dossier(&office, mail, papers), verdict);
        Self::begin_with(office, opening, now)
    }

    pub fn begin_with(office: Office, opening: Opening, now: DateTime<Utc>) -> Self {
        let ruling = office.ask(now, |ctx| open(opening, ctx));
        let mut walk = Self {
            now,
            case: ruling.case.clone(),
            journal: Vec::new(),
            wakes: Vec::new(),
            calls: Vec::new(),
            secrets: BTreeMap::new(),
            shown: BTreeMap::new(),
            resets: BTreeMap::new(),
            seen: Vec::new(),
            sent: Vec::new(),
            mails: 1,
            office,
        };
        hold::opened(&walk, &ruling);
        walk.take(ruling);
        hold::standing(&walk);
        walk
    }

    /// Gives a command and holds the laws on what comes of it.
    pub fn try_it(&mut self, command: Command) -> Result<Ruling, Refused> {
        let before = self.case.clone();
        let ruling = self.office.ask(self.now, |ctx| decide(&before, command.clone(), ctx))?;
        hold::step(self, &before, &command, &ruling);
        self.take(ruling.clone());
        self.settle(&before, &command);
        hold::standing(self);
        Ok(ruling)
    }

    /// Gives a command that the story expects to be accepted.
    #[track_caller]
    pub fn does(&mut self, command: Command) -> Ruling {
        self.try_it(command).unwrap_or_else(|refused| panic!("refused in {}: {refused}", self.case.phase.name()))
    }

    /// Gives a command that the story expects to be refused.
    #[track_caller]
    pub fn is_refused(&mut self, command: Command) -> Refused {
        self.try_it(command).err().unwrap_or_else(|| panic!("accepted in {}", self.case.phase.name()))
    }

    /// The dispatcher keeps its row until it knows what came of the call.
    fn settle(&mut self, before: &Case, command: &Command) {
        let begun = before.attempt().is_some_and(|a| a.state != AttemptState::Intended);
        if let Command::ReportExecution { decision, report } = command
            && begun
            && *report != Report::Postponed
        {
            self.calls.retain(|call| call != decision);
        }
    }

    fn take(&mut self, ruling: Ruling) {
        self.journal.extend(ruling.events.into_iter().map(|event| (Arc::new(event), self.now)));
        self.case = ruling.case;
        self.seen.extend(self.case.phase.proposal().map(|p| p.hash.clone()).filter(|h| !self.seen.contains(h)));
        for effect in ruling.effects {
            match effect {
                Effect::Send { letter } => self.queue(letter),
                Effect::CallDriver { decision } => self.calls.push(decision),
                Effect::Wake { alarm, at } => self.wakes.push((at, alarm)),
                Effect::DestroySecret { issue } => {
                    self.secrets.remove(&issue);
                }
                Effect::ReadBack { .. } | Effect::VoidLinks => {}
            }
        }
    }

    /// Puts a letter on record, as the engine does when it queues one.
    fn queue(&mut self, letter: Letter) {
        let to: Vec<Address> = match &letter.to {
            Recipient::Correspondent => self.case.last_mail().and_then(|m| m.from.clone()).into_iter().collect(),
            Recipient::Registered => self.case.account.iter().map(|a| a.email.clone()).collect(),
            Recipient::Admin { id } => vec![id.clone()],
            Recipient::Superior => vec![address("kabag@karangmulia.example")],
        };
        let record = LetterRecord {
            enclosures: Vec::new(),
            id: format!("loket.{}", self.case.letters.len()),
            kind: letter.kind.key().to_owned(),
            to,
            queued_at: self.now,
            state: LetterState::Queued,
            about: None,
            sha256: digest(b"text"),
        };
        let event = Event::LetterQueued { letter: record, subject: String::new(), body: String::new() };
        self.case.evolve(&event, self.now);
        self.journal.push((Arc::new(event), self.now));
        self.sent.push(letter);
    }

    /// A mail of the applicant, not given in yet.
    pub fn next_mail(&mut self, from: &str, trusted: bool) -> MailRef {
        self.mails += 1;
        papers::mail(self.mails, from, trusted, self.now)
    }

    pub fn mail_of(&mut self, papers: Papers) -> Command {
        let mail = self.next_mail(APPLICANT, true);
        Command::AddMail(Box::new(papers::dossier(&self.office, mail, papers)))
    }

    /// The hash a person sees who opens the case at this moment.
    pub fn current(&self) -> Sha256Hex {
        match &self.case.phase {
            Phase::Executing { attempt } | Phase::Unknown { attempt, .. } => attempt.proposal.hash.clone(),
            phase => phase.proposal().map_or_else(|| digest(b"nothing"), |p| p.hash.clone()),
        }
    }

    pub fn decision(&self, n: usize, choice: Choice) -> Command {
        let channel = loket::sop::case::Channel::Desk;
        Command::Decide(Decision { by: admin_id(n), proposal: self.current(), channel, factor: Factor::Fresh, choice })
    }

    pub fn approval(&self, n: usize) -> Command {
        self.decision(n, Choice::Approve { reason: String::new() })
    }

    pub fn call(&self, n: usize, result: ConfirmationResult) -> Command {
        let phone = self.case.account.as_ref().and_then(|a| a.phone.clone()).unwrap_or(PHONE.into());
        Command::Confirm(Confirmation {
            by: admin_id(n),
            at: self.now,
            method: ConfirmationMethod::Telephone,
            number_called: Some(phone),
            spoke_with: "Wening Larasati".into(),
            result,
            note: String::new(),
            code_tag: Some(digest(b"code")),
        })
    }

    /// Makes the next call to the driver: the account system sets the password that was sealed before.
    #[track_caller]
    pub fn drive(&mut self) {
        let decision = self.start();
        self.account_system_resets(decision);
        let report = self.done(decision, None);
        self.does(Command::ReportExecution { decision, report });
    }

    #[track_caller]
    pub fn start(&mut self) -> u32 {
        let decision = *self.calls.last().expect("a call is to be made");
        self.does(Command::StartExecution { decision });
        self.seal(decision);
        decision
    }

    pub fn seal(&mut self, decision: u32) {
        let until = self.office.procedure.secret.expires_at(&self.office.calendar, self.now);
        self.secrets.insert(decision, until);
    }

    /// "It is done", as whoever looks into the sealed secrets reports it.
    pub fn done(&self, decision: u32, by: Option<AdminId>) -> Report {
        let until = self.secrets.get(&decision).copied().unwrap_or(self.now);
        Report::Done { user_id: None, by, until }
    }

    pub fn account_system_resets(&mut self, decision: u32) {
        let count = self.resets.entry(decision).or_insert(0);
        *count += 1;
        assert!(*count == 1, "decision {decision} reset the account {count} times");
    }

    pub fn by_hand(&self) -> bool {
        matches!(&self.case.phase, Phase::Executing { attempt } if attempt.state == AttemptState::ByHand)
    }

    pub fn pass(&mut self, minutes: i64) {
        self.now += TimeDelta::minutes(minutes);
    }

    /// Moves the clock to the next wake-up and lets it ring; `false` where none is left.
    pub fn ring(&mut self) -> bool {
        let Some(next) = (0..self.wakes.len()).min_by_key(|i| self.wakes[*i].0) else { return false };
        let (at, alarm) = self.wakes.remove(next);
        self.now = self.now.max(at);
        self.does(Command::Wake(alarm));
        true
    }

    /// Rings until a wake-up of the wanted kind has rung.
    #[track_caller]
    pub fn ring_until(&mut self, wanted: impl Fn(&Alarm) -> bool) {
        loop {
            let Some(next) = (0..self.wakes.len()).min_by_key(|i| self.wakes[*i].0) else { panic!("no such wake-up") };
            let found = wanted(&self.wakes[next].1);
            self.ring();
            if found {
                return;
            }
        }
    }

    pub fn archive(&mut self) {
        self.does(Command::StartArchiving);
        self.does(Command::FinishArchiving);
    }

    pub fn outcome(&self) -> &'static str {
        match &self.case.phase {
            Phase::Closed { outcome, .. } => outcome.name(),
            phase => phase.name(),
        }
    }

    pub fn letters(&self, kind: LetterName) -> Vec<&Letter> {
        self.sent.iter().filter(|l| l.kind == kind).collect()
    }

    /// The result letter has been accepted by the next server.
    #[track_caller]
    pub fn letter_gone(&mut self, kind: LetterName) {
        let letter = self.case.letters.iter().rfind(|l| l.kind == kind.key()).expect("such a letter was queued");
        let id = letter.id.clone();
        self.does(Command::LetterSent { id });
    }

    pub fn events(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.journal.iter().filter(|(event, _)| wanted(event)).count()
    }

    pub fn issue(&self) -> Option<(u32, RevealKind)> {
        match &self.case.phase {
            Phase::Delivered { reveal, .. } => Some((reveal.issue, reveal.what)),
            _ => None,
        }
    }

    pub fn someone_who_may_act(&self) -> Option<AdminId> {
        self.office.admins.iter().map(|a| a.id.clone()).find(|id| self.office.may_act(&self.case, id))
    }
}
