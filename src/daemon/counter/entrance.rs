//! The ways in: an admin's link and its code, signing in without one, the enrolment of a new factor, and another passphrase.

use super::Desk;
use super::factor::person;
use crate::engine::access::Seen;
use crate::engine::admins::{AdminRecord, Matter, Proof};
use crate::engine::links::Purpose;
use crate::engine::port::Fault;
use crate::sop::case::Case;
use crate::sop::names::{Address, Language};
use crate::sop::phase::Phase;
use crate::vault::{PassphraseHash, Secret, is_guessable};
use crate::web::answer::{EnrolAnswer, PhraseAnswer, Place, SignInAnswer, Typed, UnlockAnswer, Why};
use crate::web::counter::Trouble;
use crate::web::view::{Admin, Choice, EnrolView, LockView};

/// A live admin's link: the case it opens, for whom, and about which choice.
struct Opened {
    case: Case,
    admin: AdminRecord,
    choice: Option<Choice>,
}

impl Desk {
    pub(super) async fn show_lock(&self, token: &str, lang: Language) -> Result<Option<LockView>, Trouble> {
        let Some(Opened { case, admin: record, .. }) = self.behind(token).await? else { return Ok(None) };
        let worked = self.engine.procedures.get(&case.procedure.hash)?;
        let now = self.engine.clock.now();
        let held = matches!(case.phase, Phase::Held { .. });
        let demo_code = match &self.sandbox {
            Some(_) => record.next_code(now)?,
            None => None,
        };
        Ok(Some(LockView {
            number: (!held).then(|| case.number.clone()),
            services: case.services().to_vec(),
            tally: self.tally(&case, &worked, lang),
            clock: super::head::clock(&case, &worked, now),
            admin: record.name,
            demo_code,
        }))
    }

    pub(super) async fn open_with_code(&self, token: &str, code: &Typed) -> Result<UnlockAnswer, Trouble> {
        let Some(Opened { case, admin, choice }) = self.behind(token).await? else { return Ok(UnlockAnswer::Gone) };
        let place = match case.phase {
            Phase::Held { .. } => Place::Held(case.number.to_string()),
            _ => Place::Case(case.number, choice),
        };
        let now = self.engine.clock.now();
        Ok(match self.engine.prove(&admin.address, code.expose(), now, &Matter::Entry).await? {
            Proof::Right => UnlockAnswer::Opened { admin: self.entered(admin).await?, place },
            Proof::Wrong { left } => UnlockAnswer::Wrong { left },
            Proof::Locked => UnlockAnswer::LockedOut,
        })
    }

    pub(super) async fn let_in(&self, address: &Address, code: &Typed) -> Result<SignInAnswer, Trouble> {
        // Also for an address that nobody has, so that the time of the answer says nothing.
        let proof = self.engine.prove(address, code.expose(), self.engine.clock.now(), &Matter::Entry).await?;
        let record = self.registered(address).await?;
        Ok(match (proof, record) {
            (Proof::Right, Some(record)) => SignInAnswer::Opened(self.entered(record).await?),
            (Proof::Locked, _) => SignInAnswer::LockedOut,
            _ => SignInAnswer::Wrong,
        })
    }

    /// Nobody is let in who is not on record.
    async fn entered(&self, record: AdminRecord) -> Result<Admin, Fault> {
        self.engine.record_access(record.address.as_str(), None, Seen::Entered).await?;
        Ok(person(record))
    }

    pub(super) async fn show_enrolment(&self, token: &str) -> Result<Option<EnrolView>, Trouble> {
        let Some((_, record)) = self.engine.invited(token).await? else { return Ok(None) };
        // Whoever looks is told of, since a look by another than the person is how a link leaks.
        tracing::info!(security = "enrolment_seen", admin = %record.address.masked(), "an enrolment page was looked at");
        let factor = record.factor()?;
        let secret: String = factor.typed().expose().chars().filter(|c| !c.is_whitespace()).collect();
        let issuer = &self.engine.letters.office().name;
        let uri = factor.otpauth(issuer, record.address.as_str());
        Ok(Some(EnrolView {
            secret: Typed::new(secret),
            uri: Typed::new(uri.expose().clone()),
            passkeys: record.passkeys(),
            address: record.address,
        }))
    }

    pub(super) async fn end_enrolment(
        &self,
        token: &str,
        code: &Typed,
        passphrase: Option<Typed>,
    ) -> Result<EnrolAnswer, Trouble> {
        let phrase = passphrase.map(|phrase| Secret::new(phrase.expose().to_owned()));
        if let Some(phrase) = &phrase {
            let Some((_, record)) = self.engine.invited(token).await? else { return Ok(EnrolAnswer::Gone) };
            if let Some(unfit) = self.phrase_unfit(phrase.expose(), &record.address, &record.name) {
                return Ok(EnrolAnswer::Unfit(unfit));
            }
        }
        Ok(match self.engine.confirm_enrolment(token, code.expose(), phrase).await? {
            Some(Proof::Right) => EnrolAnswer::Done,
            Some(Proof::Wrong { left }) => EnrolAnswer::Wrong { left },
            Some(Proof::Locked) | None => EnrolAnswer::Gone,
        })
    }

    /// What is unfit is said before the proof is looked at, so that a code is not used up by it.
    pub(super) async fn change_own_phrase(
        &self,
        who: &Admin,
        proof: &Typed,
        phrase: Typed,
    ) -> Result<PhraseAnswer, Trouble> {
        if let Some(unfit) = self.phrase_unfit(phrase.expose(), &who.address, &who.name) {
            return Ok(PhraseAnswer::Unfit(unfit));
        }
        let now = self.engine.clock.now();
        match self.engine.prove(&who.address, proof.expose(), now, &Matter::CodeAlone).await? {
            Proof::Wrong { left } => return Ok(PhraseAnswer::Wrong { left }),
            Proof::Locked => return Ok(PhraseAnswer::LockedOut),
            Proof::Right => {}
        }
        let phrase = Secret::new(phrase.expose().to_owned());
        let changed = self.engine.change_passphrase(&who.address, &who.enrolment, phrase).await?;
        Ok(if changed { PhraseAnswer::Done } else { PhraseAnswer::Gone })
    }

    /// Why a passphrase cannot be kept; what a stranger knows of the person and the office does not count.
    fn phrase_unfit(&self, phrase: &str, address: &Address, name: &str) -> Option<Why> {
        let known = [address.as_str(), name, &self.engine.letters.office().name];
        match phrase.chars().count() {
            length if length < PassphraseHash::LEAST => Some(Why::TooShort(PassphraseHash::LEAST)),
            length if length > PassphraseHash::MOST => Some(Why::TooLong(PassphraseHash::MOST)),
            _ if is_guessable(phrase, &known) => Some(Why::Guessable),
            _ => None,
        }
    }

    pub(super) async fn keep_passkey(&self, token: &str, answer: &Typed) -> Result<EnrolAnswer, Trouble> {
        Ok(match self.engine.enrol_passkey(token, answer.expose()).await? {
            Some(true) => EnrolAnswer::Done,
            Some(false) => EnrolAnswer::Unfit(Why::NotOffered),
            None => EnrolAnswer::Gone,
        })
    }

    pub(super) async fn ask_behind(&self, token: &str) -> Result<Option<String>, Trouble> {
        let Some(Opened { admin, .. }) = self.behind(token).await? else { return Ok(None) };
        Ok(self.engine.ask_passkey(&admin.address, Matter::Entry).await?.map(|asked| asked.to_string()))
    }

    async fn behind(&self, token: &str) -> Result<Option<Opened>, Fault> {
        let Some(link) = self.engine.open_link(token).await? else { return Ok(None) };
        let Purpose::Case { admin, choice, written, .. } = link.purpose else { return Ok(None) };
        let case = self.engine.case(&link.key.number).await?;
        // Whoever was enrolled anew has fresh mails; what was mailed before may lie with whoever the enrolment shut out.
        let good =
            |record: &AdminRecord| written.is_none_or(|written| record.since().is_some_and(|since| since <= written));
        let admin = self.registered(&admin).await?.filter(good);
        Ok(case.zip(admin).map(|(case, admin)| Opened { case, admin, choice: choice_of(&choice) }))
    }
}

/// The choice a link of the admin's mail is named after; the others open the page as a whole.
fn choice_of(name: &str) -> Option<Choice> {
    match name {
        "approve" => Some(Choice::Approve),
        "complete" => Some(Choice::Complete),
        "reject" => Some(Choice::Reject),
        "hand_over" => Some(Choice::HandOver),
        _ => None,
    }
}
