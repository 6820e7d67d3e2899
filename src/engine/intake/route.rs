//! What a mail is for us: a new request, words for an open case, an admin's decision, a returned letter, or nothing.
//! Threads and case numbers find a case; they never grant a right (THREATS row 5).

use std::collections::BTreeSet;

use chrono::Datelike;

use super::Intake;
use super::look::Looked;
use super::standing::{belongs, is_own};
use super::tally::About;
use crate::dossier::{CaseFile, Verdict, judge};
use crate::engine::correspondence::{MESSAGE_PREFIX, letter_id, letter_named};
use crate::engine::port::{Fault, Folder};
use crate::engine::reply::Followed;
use crate::engine::returned;
use crate::engine::store::CaseKey;
use crate::engine::weave::family;
use crate::letters::reply;
use crate::mail::automatic::Automatic;
use crate::sop::account::Account;
use crate::sop::case::{Case, LetterState};
use crate::sop::checklist::Applicant;
use crate::sop::command::{Command, Dossier, Opening, OpeningVerdict};
use crate::sop::names::{CaseNumber, UserId};
use crate::sop::phase::{HeldReason, Phase};

impl Intake<'_> {
    pub(super) async fn route(&mut self, mail: &Looked) -> Result<Folder, Fault> {
        if let Some(machine) = mail.inbound.automatic {
            let back = match machine {
                Automatic::Bounce => self.returned(mail).await?,
                _ => Back::default(),
            };
            if back.taught || self.day.1.admits_automatic(&self.mailbox.limits) {
                self.note(mail, machine.reason()).await?;
                self.tell_returned(back);
            } else {
                self.pass_over(mail).await?;
            }
            return Ok(Folder::Processed);
        }
        if mail.beyond {
            return self.put_aside(mail).await;
        }
        match self.engine.decides_by_reply(self.mailbox, mail, &mut self.day.1).await? {
            Followed::NotAnAnswer => {}
            Followed::OnRecord => return Ok(Folder::Processed),
            Followed::Nothing => {
                self.note(mail, "admin_reply").await?;
                return Ok(Folder::Processed);
            }
        }
        let standing = self.standing(mail).await?;
        if !self.day.1.admits(mail.sender(), standing, &self.mailbox.limits) {
            return self.put_aside(mail).await;
        }
        let recognition = &self.mailbox.worked.recognition;
        let facts = std::slice::from_ref(&mail.facts);
        let file = &CaseFile::of(facts, mail.documents.as_slice(), recognition, mail.facts.received);
        match judge(&mail.facts, file) {
            Verdict::Ignored(reason) => {
                self.note(mail, reason).await?;
                Ok(Folder::Processed)
            }
            Verdict::Refused("malformed") => self.hold(mail, file, HeldReason::Malformed).await,
            Verdict::Refused("dangerous_attachment") => self.hold(mail, file, HeldReason::DangerousAttachment).await,
            _ if !mail.trusted => self.hold(mail, file, HeldReason::Unauthenticated).await,
            Verdict::Refused("too_large") => {
                let limit = self.mailbox.max_mail_bytes;
                self.start(mail, file, None, OpeningVerdict::TooLarge { limit }).await
            }
            Verdict::Refused(_) => self.start(mail, file, None, OpeningVerdict::OutOfScope).await,
            Verdict::Continuation => self.continue_case(mail, file).await,
            Verdict::Request => self.start(mail, file, None, OpeningVerdict::Request).await,
        }
    }

    async fn hold(&mut self, mail: &Looked, file: &CaseFile<'_>, reason: HeldReason) -> Result<Folder, Fault> {
        self.start(mail, file, None, OpeningVerdict::Held(reason)).await
    }

    async fn start(
        &mut self,
        mail: &Looked,
        file: &CaseFile<'_>,
        linked_to: Option<CaseNumber>,
        verdict: OpeningVerdict,
    ) -> Result<Folder, Fault> {
        let year = mail.received_at.with_timezone(&self.engine.office.zone).year();
        let last = self.last_serial;
        let number = self.next_number(year).await?;
        let dossier = self.dossier_of(mail, file, Some(&self.engine.key(&number))).await?;
        let about = self.about(dossier.account.as_ref(), &dossier.understanding.applicant);
        if verdict == OpeningVerdict::Request && !self.admits_about(mail, about, dossier.account.as_ref()) {
            self.last_serial = last;
            return self.put_aside(mail).await;
        }
        let opening = Opening {
            number,
            office: self.engine.office.id.clone(),
            language: super::language::of(&mail.facts.own_words(), self.mailbox.worked.procedure.language),
            linked_to,
            dossier,
            verdict,
        };
        self.open(opening, mail).await?;
        Ok(match verdict {
            OpeningVerdict::Request => Folder::Processed,
            OpeningVerdict::Held(_) | OpeningVerdict::OutOfScope | OpeningVerdict::TooLarge { .. } => Folder::Refused,
        })
    }

    /// A mail that points to a case: added if that case is open and the sender belongs to it.
    async fn continue_case(&mut self, mail: &Looked, file: &CaseFile<'_>) -> Result<Folder, Fault> {
        let found = self.case_of(mail).await?;
        let Some((key, Some(case))) = found else {
            return self.start_anew(mail, file, found.map(|(key, _)| key.number)).await;
        };
        if !belongs(&case, &mail.inbound) {
            return self.foreign(mail, file, &key.number).await;
        }
        if reply::withdraws(&mail.facts.contents.body) {
            let withdraw = Command::Withdraw(Box::new(mail.reference()));
            if self.apply(&key, withdraw, mail, true).await?.is_none() {
                return Ok(Folder::Processed);
            }
        }
        let dossier = self.merged(&key, &case, mail).await?;
        if !self.may_ask_about(mail, &case, &dossier) {
            return self.put_aside(mail).await;
        }
        match self.apply(&key, Command::AddMail(Box::new(dossier)), mail, true).await? {
            None => Ok(Folder::Processed),
            Some(_) => self.start_anew(mail, file, Some(key.number)).await,
        }
    }

    /// A further mail that turns a request to another account asks about that one like a new request.
    fn may_ask_about(&mut self, mail: &Looked, case: &Case, dossier: &Dossier) -> bool {
        let before = self.about(case.account.as_ref(), &case.understanding.applicant);
        let now = self.about(dossier.account.as_ref(), &dossier.understanding.applicant);
        let open = case.phase.is_undecided() && !matches!(case.phase, Phase::Held { .. });
        now == before || !open || self.admits_about(mail, now, dossier.account.as_ref())
    }

    fn admits_about(&mut self, mail: &Looked, about: Option<About>, account: Option<&Account>) -> bool {
        let own = account.is_some_and(|account| is_own(&mail.inbound, account));
        about.is_none_or(|about| self.day.1.admits_about(&about, own, &self.mailbox.limits))
    }

    /// The account, else what was asked for: were only accounts counted, what is put aside without an answer would tell that
    /// an account exists.
    fn about(&self, account: Option<&Account>, applicant: &Applicant) -> Option<About> {
        if let Some(account) = account {
            return Some(About::Account(account.user_id.clone()));
        }
        let user_id = applicant.user_id.as_ref().map(|id| UserId(id.clone()).folded());
        let nip = || applicant.nip.as_ref().map(|nip| nip.digits().to_owned());
        let asked = user_id.or_else(nip).or_else(|| applicant.name.as_ref().map(|name| name.to_lowercase()))?;
        let blinded = self.engine.keys.index.blind(&["asked about", &self.engine.office.id.0, &asked]);
        Some(About::Nobody(blinded.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The case is closed or unknown: a new request, linked to the old one, if anything is asked for.
    async fn start_anew(
        &mut self,
        mail: &Looked,
        file: &CaseFile<'_>,
        linked_to: Option<CaseNumber>,
    ) -> Result<Folder, Fault> {
        if !file.services.is_empty() || !mail.facts.papers().is_empty() {
            return self.start(mail, file, linked_to, OpeningVerdict::Request).await;
        }
        self.note(mail, "no_request").await?;
        Ok(Folder::Processed)
    }

    /// Somebody else answers in a case's thread: their own request if they make one, else held.
    async fn foreign(&mut self, mail: &Looked, file: &CaseFile<'_>, number: &CaseNumber) -> Result<Folder, Fault> {
        let asks = !file.services.is_empty();
        let verdict = if asks { OpeningVerdict::Request } else { OpeningVerdict::Held(HeldReason::ForeignReply) };
        self.start(mail, file, Some(number.clone()), verdict).await
    }

    /// A returned letter is tied to its case by the Message-ID it quotes (RFC 3464); a forged one changes nothing else.
    async fn returned(&mut self, mail: &Looked) -> Result<Back, Fault> {
        let text = String::from_utf8_lossy(&mail.raw);
        let mut back = Back::default();
        if !tells_failure(&text) {
            return Ok(back);
        }
        for id in returned_ids(&text, &self.engine.office.mail_domain) {
            for key in self.engine.store.find(&self.engine.office.id, family::MESSAGE, &id).await? {
                let live = self.case(&key).await?.filter(|(_, case)| !case.is_filed());
                let Some((version, case)) = live else {
                    let Some(letter) = letter_id(&id) else { continue };
                    let told = returned::seen_key(&key.number, letter);
                    let known = self.engine.store.seen(&self.engine.office.id, std::slice::from_ref(&told)).await?;
                    if known.is_empty() && self.taken.insert(told) {
                        back.taught = true;
                        back.late.push((key.number, letter.to_owned()));
                    }
                    continue;
                };
                let Some(letter) = letter_named(&case, &id) else { continue };
                back.taught |= !matches!(letter.state, LetterState::Undelivered { .. });
                let why = "returned_later".to_owned();
                let command = Command::LetterFailed { id: letter.id.clone(), why };
                self.learn(&key, version, &case, command).await?;
                back.cases.push(key);
            }
        }
        Ok(back)
    }

    /// Ties the entry of the report to what it taught, so that it is not known without that, and sends word of letters that came
    /// back late on its way.
    fn tell_returned(&mut self, back: Back) {
        let now = self.engine.clock.now();
        let Some(batch) = self.batches.last_mut() else { return };
        batch.after = back.cases;
        for (number, letter) in back.late {
            tracing::warn!(case = %number, "a letter came back after its case was archived");
            batch.outbox.push(returned::row(&number, &letter, now));
            batch.seen.push(returned::seen_key(&number, &letter));
        }
    }
}

/// What a report taught of letters that came back.
#[derive(Default)]
struct Back {
    taught: bool,
    /// Live cases of such letters.
    cases: Vec<CaseKey>,
    /// Letters of archived cases that came back for the first time.
    late: Vec<(CaseNumber, String)>,
}

/// Bytes of the longest Message-ID that may be ours.
const LONGEST_ID: usize = 250;
/// Message-ID fields of a report that are looked at, and those of ours in them that are looked up.
const FIELDS: usize = 200;
const IDS: usize = 20;

/// Message-IDs of ours in the header of the mail that a report returns. Its `References` name letters that did arrive.
fn returned_ids(text: &str, domain: &str) -> BTreeSet<String> {
    let (text, end) = (text.to_ascii_lowercase(), format!("@{domain}").to_lowercase());
    let ids = id_fields(&text).filter_map(|field| {
        let (id, _) = field.split_once('>')?;
        (id.starts_with(MESSAGE_PREFIX) && id.ends_with(&end)).then(|| id.to_owned())
    });
    ids.take(IDS).collect()
}

/// How Message-IDs begin, each with as much as could be one of ours: a report is anybody's, and may name two million that
/// never end.
fn id_fields(text: &str) -> impl Iterator<Item = &str> {
    let fields = text.match_indices("message-id:").filter_map(|(at, name)| {
        let id = text[at + name.len()..].trim_start().strip_prefix('<')?;
        Some(&id[..id.floor_char_boundary(LONGEST_ID + 1)])
    });
    fields.take(FIELDS)
}

/// A report may also tell of a delay, a relay or a delivery (RFC 3464 §2.3.3); one without such a field is a failure.
fn tells_failure(text: &str) -> bool {
    let mut actions = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("action").then(|| value.trim().to_ascii_lowercase())
    });
    let first = actions.next();
    first.is_none_or(|first| first.starts_with("failed") || actions.any(|action| action.starts_with("failed")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One such mail of 25 MB, which anybody can send, kept the intake busy for minutes.
    #[test]
    fn t20_a_report_of_endless_message_ids_costs_little() {
        let ours = "loket.lpse-2026-0047.a1.0123456789abcdef0123@kantor.example";
        let endless = "message-id:<".repeat(2_000_000);

        let looked_at: usize = id_fields(&endless).map(str::len).sum();
        assert!(looked_at <= 200 * 251, "{looked_at} bytes");
        assert!(returned_ids(&endless, "kantor.example").is_empty());

        let named = |before: usize| format!("{}\r\nMessage-ID: <{ours}>\r\n", "Message-ID:<é".repeat(before));
        assert_eq!(returned_ids(&named(100), "Kantor.example"), BTreeSet::from([ours.to_owned()]));
        assert!(returned_ids(&named(200), "kantor.example").is_empty());
        let long = |length: usize| format!("Message-ID: <loket.{}@kantor.example>", "x".repeat(length - 21));
        assert_eq!(
            (returned_ids(&long(250), "kantor.example").len(), returned_ids(&long(251), "kantor.example").len()),
            (1, 0)
        );
    }
}
