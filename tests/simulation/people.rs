//! What people do: applicants write, admins decide, sometimes twice, too late or on something that no longer stands.

use std::sync::Arc;

use chrono::TimeDelta;
use loket::demo::samples::Stamp;
use loket::demo::samples::people::{MAIL_SERVER, Person};
use loket::demo::samples::post::Mail;
use loket::sop::case::{Case, Channel, Confirmation, ConfirmationMethod, ConfirmationResult};
use loket::sop::command::{Choice, Command, Decision, Factor, Report};
use loket::sop::names::{Address, Sha256Hex};
use loket::sop::phase::{Attempt, AttemptState, Phase, Recommendation, RevealKind, RevealState};

use super::judge;
use super::papers::REQUESTS;
use super::refused::{self, Stance};
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
    let (id, letter) =
        inside.post.iter().nth(nth).map(|(id, (letter, _))| (id.clone(), letter.clone())).expect("it was counted");
    let Some(reader) = letter.to.first().cloned() else { return };
    let seen = !inside.lot.one_in(4);
    let named = if seen {
        inside.bounced.insert(name_of(&id).to_owned());
        id
    } else {
        let (local, domain) = id.split_once('@').expect("a Message-ID has a domain");
        let (named, _mark) = local.rsplit_once('.').expect("a Message-ID of ours has a mark");
        format!("{named}.{:032x}@{domain}", inside.lot.next())
    };
    refused::returned(inside, &letter, &reader, &named);
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

/// Puts a mail into the mailbox.
pub fn lay(inside: &mut Inside, raw: Arc<Vec<u8>>) {
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

/// Approvals that came to nothing, after which nobody gives another one.
const VAIN: usize = 2;

/// What helps a case on from where it stands; `None` where only time does.
pub fn help(case: &Case, who: &Address, inside: &mut Inside) -> Option<Command> {
    let decide = |proposal: &Sha256Hex, choice: Choice| {
        let (by, proposal) = (who.clone(), proposal.clone());
        Some(Command::Decide(Decision { by, proposal, channel: Channel::Desk, factor: Factor::Fresh, choice }))
    };
    let reject = |code: &str| Choice::Reject { code: code.to_owned(), note: String::new(), letter: None };
    match &case.phase {
        Phase::Executing { attempt } if attempt.state == AttemptState::ByHand => task(attempt, who, inside),
        Phase::Received | Phase::Incomplete { .. } | Phase::Executing { .. } | Phase::Closed { .. } => None,
        Phase::Held { .. } => Some(Command::Drop { by: who.clone(), reason: "palsu".to_owned() }),
        Phase::UnderReview { proposal } => match &proposal.recommendation {
            Recommendation::Approve | Recommendation::Look { .. } if case.decisions.len() >= VAIN => {
                decide(&proposal.hash, reject("R04"))
            }
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
            let key = judge::order_of(inside, case, attempt.decision);
            let by = Some(who.clone());
            // What the system mailed by itself the desk cannot enter, so that somebody decides anew.
            let mailed = inside.linked.contains(&key);
            let report = match inside.ordered.get(&key).filter(|_| inside.resets.contains_key(&key)) {
                Some(ordered) if ordered.until > inside.now && !mailed => {
                    Report::Done { user_id: None, by, until: ordered.until }
                }
                Some(_) => Report::Failed { by, why: "kata sandinya sudah berakhir".to_owned() },
                None => Report::Failed { by, why: "belum terjadi".to_owned() },
            };
            Some(Command::ReportExecution { decision: attempt.decision, report })
        }
        Phase::Delivered { reveal, proposal } => match reveal.state {
            // What no backup holds can be given to nobody.
            RevealState::Waiting if inside.forgotten.results.contains(&(case.number.clone(), reveal.issue)) => {
                let again = Choice::Reissue { reason: "dipulihkan dari cadangan".to_owned() };
                (case.decisions.len() <= VAIN).then(|| decide(&proposal.hash, again)).flatten()
            }
            RevealState::Waiting if reveal.what == RevealKind::SystemLink => {
                arrived(case, &RESULTS, inside).then_some(Command::ConfirmChange { issue: reveal.issue })
            }
            RevealState::Waiting if arrived(case, &RESULTS, inside) => Some(Command::Reveal { issue: reveal.issue }),
            RevealState::Waiting if !reveal.asked_again => None,
            // Nobody can read the letter: another one, or the way that needs none.
            RevealState::Waiting if case.decisions.len() < VAIN && inside.lot.one_in(2) => {
                decide(&proposal.hash, Choice::Reissue { reason: "surat kembali".to_owned() })
            }
            RevealState::Waiting => decide(&proposal.hash, Choice::HandInPerson { note: "KTP".to_owned() }),
            RevealState::HandedOver { .. } if !arrived(case, &["handed_in_person"], inside) => None,
            RevealState::Revealed { .. } | RevealState::HandedOver { .. } => {
                Some(Command::ConfirmChange { issue: reveal.issue })
            }
            RevealState::Expired => None,
        },
    }
}

/// Letters that lead an applicant to their result.
const RESULTS: [&str; 4] = ["result_reset", "result_user_id", "result_both", "result_system_link"];

/// Whether the newest letter of these kinds is in its reader's hands.
fn arrived(case: &Case, kinds: &[&str], inside: &Inside) -> bool {
    let Some(letter) = case.letters.iter().rfind(|letter| kinds.contains(&letter.kind.as_str())) else { return false };
    let name = format!("{}.{}", case.number, letter.id).to_lowercase();
    inside.took(&name) && !inside.bounced.contains(&name)
}

/// What somebody enters of a task that the account system left to them.
fn task(attempt: &Attempt, who: &Address, inside: &mut Inside) -> Option<Command> {
    let by = Some(who.clone());
    let report = match inside.stance(attempt.user_id.as_ref()?) {
        Some(Stance::NoSuchAccount) => Report::NotFound { by, note: "dicari di sistem".to_owned() },
        Some(Stance::NotPermitted) => Report::Unknown { why: "sistem menolak".to_owned() },
        Some(Stance::MailsALink) => Report::SystemSentLink { by },
        _ if inside.lot.one_in(3) => Report::HandedOver { by: who.clone(), note: "KTP".to_owned() },
        _ => Report::Done { user_id: None, by, until: inside.now },
    };
    Some(Command::ReportExecution { decision: attempt.decision, report })
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
