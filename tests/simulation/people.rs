//! What people do: applicants write, admins decide, sometimes twice, too late or on something that no longer stands.

use std::sync::Arc;

use chrono::TimeDelta;
use loket::demo::samples::Stamp;
use loket::demo::samples::people::{MAIL_SERVER, Person};
use loket::demo::samples::post::Mail;
use loket::sop::case::{Case, Channel, Confirmation, ConfirmationMethod, ConfirmationResult};
use loket::sop::command::{Choice, Command, Decision, Factor, Report};
use loket::sop::names::{Address, Sha256Hex};
use loket::sop::phase::{Phase, Recommendation, RevealState};

use super::papers::REQUESTS;
use super::world::{Inside, Lying, name_of};

/// Mails that are written in a seed: a few cases meet as well as many, and cost less.
const MAILS: u64 = 5;

/// A new request, or the same mail delivered once more.
pub fn request(inside: &mut Inside) {
    if !inside.mailbox.is_empty() && inside.lot.one_in(5) {
        let again = inside.lot.below(inside.mailbox.len());
        let raw = inside.mailbox[again].raw.clone();
        return lay(inside, raw);
    }
    if inside.counts.mails >= MAILS {
        return;
    }
    let (word, who) = REQUESTS[inside.lot.below(REQUESTS.len())];
    // One in eight is written by somebody else under their name.
    let forged = inside.lot.one_in(8);
    write(inside, who, "Permohonan Reset Password", &format!("papers:{word}"), None, !forged);
}

/// A letter comes back from a later server, or somebody who never saw it says so.
pub fn bounce(inside: &mut Inside) {
    if inside.post.is_empty() {
        return;
    }
    let nth = inside.lot.below(inside.post.len());
    let id = inside.post.keys().nth(nth).expect("it was counted").clone();
    let seen = !inside.lot.one_in(4);
    let named = if seen {
        inside.bounced.insert(name_of(&id).to_owned());
        id
    } else {
        let (local, domain) = id.split_once('@').expect("a Message-ID has a domain");
        let (named, _mark) = local.rsplit_once('.').expect("a Message-ID of ours has a mark");
        format!("{named}.{:032x}@{domain}", inside.lot.next())
    };
    inside.counts.bounces += 1;
    let serial = inside.counts.bounces;
    let raw = format!(
        "Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@{MAIL_SERVER}>\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <retur.{serial}@{MAIL_SERVER}>\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{named}>\r\n--b--\r\n"
    );
    lay(inside, Arc::new(raw.into_bytes()));
}

/// A further mail to a case: what was missing, a question, or `BATAL`.
pub fn further(inside: &mut Inside, case: &Case) {
    if inside.counts.mails >= MAILS {
        return;
    }
    let from = case.first_mail().and_then(|mail| mail.from.clone());
    let Some((word, who)) = REQUESTS.into_iter().find(|(_, p)| from.as_ref().is_some_and(|a| a.as_str() == p.email))
    else {
        return;
    };
    let asked = case.letters.first().map(|letter| letter.id.clone());
    let prefix = asked.map(|id| format!("loket.{}.{id}.", case.number).to_lowercase()).unwrap_or_default();
    let answers = inside.post.keys().find(|id| id.starts_with(&prefix)).cloned();
    let text = match inside.lot.below(6) {
        0 => "BATAL".to_owned(),
        1 => "Mohon kabarnya, apakah sudah diproses?".to_owned(),
        _ => format!("papers:{word}+"),
    };
    write(inside, who, &format!("Re: [{}] Permohonan", case.number), &text, answers.as_deref(), true);
}

fn write(inside: &mut Inside, who: Person, subject: &str, text: &str, answers: Option<&str>, authentic: bool) {
    inside.counts.mails += 1;
    let serial = inside.counts.mails;
    let domain = who.email.rsplit_once('@').map_or("", |(_, domain)| domain);
    let mail = Mail {
        from: (who.name, who.email),
        subject: subject.to_owned(),
        text: format!("{text}\n\nSurat {serial}"),
        enclosed: Vec::new(),
        message_id: format!("{serial}.{}@{domain}", inside.lot.below(1 << 30)),
        at: inside.now,
        answers,
        automatic: false,
        authentic,
    };
    lay(inside, Arc::new(mail.bytes(Some(Stamp { server: MAIL_SERVER }))));
}

fn lay(inside: &mut Inside, raw: Arc<Vec<u8>>) {
    let uid = inside.mailbox.len() as u32 + 1;
    inside.mailbox.push(Lying { uid, raw, filed: None });
}

/// The mailbox is made anew: every mail has another UID, and most of them one that was another's before.
pub fn renumber(inside: &mut Inside) {
    inside.counts.renumbered += 1;
    inside.uid_validity += 1;
    let count = inside.mailbox.len() as u32;
    inside.mailbox.iter_mut().for_each(|mail| mail.uid = mail.uid % count + 1);
    inside.daemons.iter_mut().for_each(|daemon| daemon.handed.clear());
}

/// What helps a case on from where it stands; `None` where only time does.
pub fn help(case: &Case, who: &Address, inside: &Inside) -> Option<Command> {
    let decide = |proposal: &Sha256Hex, choice: Choice| {
        let (by, proposal) = (who.clone(), proposal.clone());
        Some(Command::Decide(Decision { by, proposal, channel: Channel::Desk, factor: Factor::Fresh, choice }))
    };
    let reject = |code: &str| Choice::Reject { code: code.to_owned(), note: String::new(), letter: None };
    match &case.phase {
        Phase::Received | Phase::Incomplete { .. } | Phase::Executing { .. } | Phase::Closed { .. } => None,
        Phase::Held { .. } => Some(Command::Drop { by: who.clone(), reason: "palsu".to_owned() }),
        Phase::UnderReview { proposal } => match &proposal.recommendation {
            Recommendation::Approve => decide(&proposal.hash, Choice::Approve { reason: "diperiksa".to_owned() }),
            Recommendation::Complete { .. } => {
                decide(&proposal.hash, Choice::Complete { items: Vec::new(), letter: None })
            }
            Recommendation::Reject { code } => decide(&proposal.hash, reject(code)),
            Recommendation::Look { .. } if case.account.is_some() && case.understanding.is_complete() => {
                decide(&proposal.hash, Choice::Approve { reason: "diperiksa".to_owned() })
            }
            Recommendation::Look { .. } => decide(&proposal.hash, reject("R04")),
        },
        Phase::AwaitingConfirmation { proposal, .. } => match case.account.as_ref().and_then(|a| a.phone.clone()) {
            Some(phone) => Some(Command::Confirm(Confirmation {
                by: who.clone(),
                at: inside.now,
                method: ConfirmationMethod::Telephone,
                number_called: Some(phone),
                spoke_with: case.applicant_name(),
                result: ConfirmationResult::Confirmed,
                note: String::new(),
                code_tag: None,
            })),
            None => decide(&proposal.hash, reject("R04")),
        },
        Phase::Unknown { attempt, .. } => {
            let key = format!("{}/{}/{}", super::office::OFFICE, case.number, attempt.decision);
            let by = Some(who.clone());
            let report = match inside.ordered.get(&key).filter(|_| inside.resets.contains_key(&key)) {
                Some(ordered) if ordered.until > inside.now => Report::Done { user_id: None, by, until: ordered.until },
                Some(_) => Report::Failed { by, why: "kata sandinya sudah berakhir".to_owned() },
                None => Report::Failed { by, why: "belum terjadi".to_owned() },
            };
            Some(Command::ReportExecution { decision: attempt.decision, report })
        }
        Phase::Delivered { reveal, .. } => match reveal.state {
            RevealState::Waiting => Some(Command::Reveal { issue: reveal.issue }),
            RevealState::Revealed { .. } | RevealState::HandedOver { .. } => {
                Some(Command::ConfirmChange { issue: reveal.issue })
            }
            RevealState::Expired => None,
        },
    }
}

/// Something that helps, or not: another choice, an earlier proposal, another person's.
pub fn meddle(case: &Case, who: &Address, inside: &mut Inside) -> Option<Command> {
    let current = match &case.phase {
        Phase::Executing { attempt } | Phase::Unknown { attempt, .. } => Some(attempt.proposal.hash.clone()),
        phase => phase.proposal().map(|proposal| proposal.hash.clone()),
    };
    let about = case.letters.iter().rev().find_map(|letter| letter.about.clone());
    let proposal = if inside.lot.one_in(3) { about.or(current) } else { current }?;
    let choice = match inside.lot.below(6) {
        0 => Choice::Reject { code: "R04".to_owned(), note: String::new(), letter: None },
        1 => Choice::Complete { items: vec!["appointment_decree".to_owned()], letter: None },
        2 => Choice::Reissue { reason: "tautan hilang".to_owned() },
        3 => Choice::HandInPerson { note: "KTP".to_owned() },
        _ => Choice::Approve { reason: "diperiksa".to_owned() },
    };
    let (by, channel, factor) = (who.clone(), Channel::Desk, Factor::Fresh);
    Some(Command::Decide(Decision { by, proposal, channel, factor, choice }))
}

/// A long while: a night, a weekend.
pub fn a_while(inside: &mut Inside) {
    let minutes = [1, 10, 40, 600, 3000][inside.lot.below(5)];
    inside.now += TimeDelta::minutes(minutes);
}
