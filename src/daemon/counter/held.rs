//! Mails that wait for a person before anything is done with them. A held mail is a case in a phase of its own, and its
//! register number is its id.

use super::Desk;
use super::papers::bounded;
use crate::engine::casebook::{Along, Answer};
use crate::engine::port::Fault;
use crate::sop::case::Case;
use crate::sop::command::Command;
use crate::sop::decide::Refused;
use crate::sop::event::Event;
use crate::sop::names::{CaseNumber, Sha256Hex};
use crate::sop::phase::{HeldReason, Outcome, Phase};
use crate::sop::procedure::rules::Trigger;
use crate::vault::sha256_hex;
use crate::web::answer::{Field, FieldError, HeldAnswer, HeldChoice, HeldForm, Why};
use crate::web::counter::Trouble;
use crate::web::view::{Admin, HeldMail, HeldView};

impl Desk {
    pub(super) async fn show_held(&self, admin: &Admin, id: &str) -> Result<Option<HeldView>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let Some(number) = CaseNumber::parse(id) else { return Ok(None) };
        let Some(case) = self.engine.case(&number).await? else { return Ok(None) };
        let Phase::Held { reason } = case.phase else { return Ok(None) };
        let mails = self.mails_of(&case).await?;
        let mails = mails.iter().map(|(mail, contents)| HeldMail {
            received: mail.received_at,
            from: mail.from.as_ref().map(ToString::to_string).unwrap_or_default(),
            subject: mail.subject.clone(),
            attachments: mail.attachments.iter().map(|a| (a.name.clone(), a.size)).collect(),
            body: bounded(&contents.body),
        });
        Ok(Some(HeldView {
            id: number.to_string(),
            seen: seen(&case),
            mails: mails.collect(),
            reason: reason_name(reason).to_owned(),
            alerts: case.understanding.alerts.clone(),
            calls: self.calls(&case)?,
        }))
    }

    fn calls(&self, case: &Case) -> Result<bool, Fault> {
        let worked = self.engine.procedures.get(&case.procedure.hash)?;
        let asks = worked.procedure.confirmation.triggers.contains(&Trigger::AuthenticationFailed);
        Ok(asks && case.mails.iter().any(|mail| !mail.authenticity.is_authenticated()))
    }

    pub(super) async fn settle_mail(&self, admin: &Admin, id: &str, form: HeldForm) -> Result<HeldAnswer, Trouble> {
        let HeldForm { choice, reason, seen: shown } = form;
        let Some(number) = CaseNumber::parse(id) else { return Ok(HeldAnswer::Gone) };
        if reason.trim().is_empty() {
            return Ok(HeldAnswer::Invalid(vec![FieldError { field: Field::Reason, why: Why::Missing }]));
        }
        let Some(case) = self.engine.case(&number).await? else { return Ok(HeldAnswer::Gone) };
        if !self.decides(admin, &case).await? {
            return Ok(HeldAnswer::Gone);
        }
        let Some(command) = self.command(admin, &case, choice, reason).await? else { return Ok(HeldAnswer::Gone) };
        // A mail that came after the page was made was not looked at (THREATS row 13).
        let still = |now: &Case| match now.phase {
            Phase::Held { .. } if seen(now) != shown => Err(Refused::Changed { current: Sha256Hex(seen(now)) }),
            _ => Ok(()),
        };
        let key = self.engine.key(&number);
        match self.engine.apply_when(&key, command, Along::default(), &still).await? {
            Answer::Done(_) => Ok(HeldAnswer::Done((choice == HeldChoice::Admit).then_some(number))),
            Answer::Refused(refused, case) => self.refused_mail(admin, refused, &case, choice).await,
            Answer::Gone | Answer::Conflict => Ok(HeldAnswer::Gone),
        }
    }

    async fn command(
        &self,
        admin: &Admin,
        case: &Case,
        choice: HeldChoice,
        reason: String,
    ) -> Result<Option<Command>, Fault> {
        let by = admin.address.clone();
        if choice == HeldChoice::Drop {
            return Ok(Some(Command::Drop { by, reason }));
        }
        let Some(mailbox) = self.mailbox_of(case) else { return Ok(None) };
        let dossier = self.engine.admitted_dossier(mailbox, &self.engine.key(&case.number), case).await?;
        Ok(dossier.map(|dossier| Command::Admit { by, reason, dossier: Box::new(dossier) }))
    }

    async fn refused_mail(
        &self,
        admin: &Admin,
        refused: Refused,
        case: &Case,
        choice: HeldChoice,
    ) -> Result<HeldAnswer, Trouble> {
        let lang = self.engine.office.language;
        let by = match refused {
            Refused::AlreadyDecided { by, .. } => by,
            Refused::Changed { .. } => {
                return Ok(HeldAnswer::Refused(self.words(lang).say(
                    "Ada surel lain yang datang setelah Anda membuka halaman ini. Baca juga yang itu, lalu putuskan.",
                    "Another mail came in after you opened this page. Read that one too, then decide.",
                    &[],
                )));
            }
            other => return Ok(HeldAnswer::Refused(self.sentence(&other, case, lang))),
        };
        let events = self.engine.events(&self.engine.key(&case.number)).await?;
        let admitted = events.iter().find_map(|recorded| match &recorded.event {
            Event::Admitted { by } => Some((by.clone(), recorded.at)),
            _ => None,
        });
        let dropped = matches!(case.phase, Phase::Closed { outcome: Outcome::Dropped { .. }, .. });
        let mine = match (choice, &admitted) {
            (HeldChoice::Admit, Some((by, _))) => *by == admin.address,
            (HeldChoice::Drop, None) => dropped && by.as_ref() == Some(&admin.address),
            _ => false,
        };
        if mine {
            return Ok(HeldAnswer::Done((choice == HeldChoice::Admit).then(|| case.number.clone())));
        }
        let (by, at) = admitted.map_or((by, None), |(by, at)| (Some(by), Some(at)));
        let mut earlier = self.earlier(case, by, at, lang);
        if at.is_some() {
            let admitted = ("Surel diterima sebagai permohonan.", "The mail was admitted as a request.");
            earlier.what = super::words::say(lang, admitted.0, admitted.1).to_owned();
        }
        Ok(HeldAnswer::Already(earlier))
    }
}

/// The mails of a case at this moment, by their bytes.
fn seen(case: &Case) -> String {
    let hashes: Vec<&str> = case.mails.iter().map(|mail| mail.sha256.0.as_str()).collect();
    sha256_hex(hashes.join(" ").as_bytes()).0
}

pub(super) fn reason_name(reason: HeldReason) -> &'static str {
    match reason {
        HeldReason::Malformed => "malformed",
        HeldReason::DangerousAttachment => "dangerous_attachment",
        HeldReason::Unauthenticated => "unauthenticated",
        HeldReason::ForeignReply => "foreign_reply",
    }
}
