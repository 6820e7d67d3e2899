//! What a mail is: a request, words for an open case, nothing to answer, or something that is not worked on
//! (the words of `inspect --json`). Machines are told apart before anything else, so that two of them never talk for ever.

use super::alerts::is_program;
use super::case_file::CaseFile;
use super::fact::{service, wish};
use super::fold::{Gist, Phrase};
use super::message::MailFacts;
use super::recognition::Recognition;
use super::sheet::Sheet;
use crate::sop::checklist::{DocumentKind, Method};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Request,
    Continuation,
    Ignored(&'static str),
    Refused(&'static str),
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Continuation => "continuation",
            Self::Ignored(_) => "ignored",
            Self::Refused(_) => "refused",
        }
    }

    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Ignored(reason) | Self::Refused(reason) => Some(reason),
            _ => None,
        }
    }
}

/// Judges one mail; `file` holds that mail alone.
pub fn judge(mail: &MailFacts, file: &CaseFile<'_>) -> Verdict {
    let r = file.recognition;
    if let Some(machine) = mail.automatic {
        return Verdict::Ignored(machine);
    }
    if mail.too_large {
        return Verdict::Refused("too_large");
    }
    if mail.malformed {
        return Verdict::Refused("malformed");
    }
    let bomb = mail.contents.alerts.iter().any(|a| matches!(a.as_str(), "archive_bomb" | "executable_attachment"));
    if bomb || mail.papers().iter().any(is_program) {
        return Verdict::Refused("dangerous_attachment");
    }
    let words = mail.own_words();
    let brings = !mail.papers().is_empty();
    if mail.belongs_to_a_case() {
        let silent = !brings && !takes_back(&words) && only_thanks(&words, r) && file.services.is_empty();
        return if silent { Verdict::Ignored("no_request") } else { Verdict::Continuation };
    }
    if is_out_of_scope(mail, file) {
        return Verdict::Refused("out_of_scope");
    }
    let papers_count = file.read.iter().any(|d| {
        let kind = d.stack.kind != DocumentKind::Other;
        kind || d.stack.method == Method::None
    });
    let subject = mail.own_subject();
    // The whole wish may stand in the subject; under a reply's subject an empty mail says nothing.
    let in_subject = words.is_empty() && !subject.to_lowercase().starts_with("re:");
    let says = in_subject || !only_thanks(&words, r);
    let asks = !file.services.is_empty() && says && !wish::only_tells(subject, &words, r);
    if asks || papers_count { Verdict::Request } else { Verdict::Ignored("no_request") }
}

/// Words at the beginning of a reply that take the request back.
pub const WITHDRAWALS: [&str; 3] = ["BATAL", "CANCEL", "WITHDRAW"];

/// Whether the first word takes the request back; thanks after it take nothing away.
fn takes_back(words: &str) -> bool {
    let mut said = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    said.next().is_some_and(|first| WITHDRAWALS.contains(&first.to_uppercase().as_str()))
}

/// Whether the words are thanks or less, and nothing besides.
fn only_thanks(words: &str, r: &Recognition) -> bool {
    let gist = Gist::of(words);
    if gist.is_empty() {
        return true;
    }
    let asks = gist.has_any(&r.letter.asks) || words.contains('?');
    gist.has_any(&r.mail.thanks) && !asks && !gist.has_any(&r.mail.brings) && gist.words().len() <= 30
}

/// Whether the account asked about belongs to a role of another desk, or the wish to another procedure.
fn is_out_of_scope(mail: &MailFacts, file: &CaseFile<'_>) -> bool {
    let r = file.recognition;
    let letter = file.letter().map(|(stack, letter)| {
        let text = stack.sheets.iter().map(Sheet::prose).collect::<Vec<_>>().join(" ");
        (format!("{}. {}", letter.subject.clone().unwrap_or_default(), letter.wish), text)
    });
    let said = format!("{}. {}", mail.own_subject(), without_address(&mail.own_words(), r));
    let wish = letter.as_ref().map(|(wish, _)| wish.as_str()).unwrap_or_default();
    let asked = format!("{said}. {wish}");
    let other = wish::other(&asked, r);
    if other.is_some_and(|o| file.services.is_empty() || (o.outweighs && !service::is_plain(&asked, r))) {
        return true;
    }
    let mut role = letter.as_ref().and_then(|(wish, _)| role_asked(wish, r));
    role = role.or_else(|| role_asked(&said, r));
    if let Some(own) = role {
        return !own;
    }
    let everything = format!("{said} {}", letter.as_ref().map(|(_, text)| text.as_str()).unwrap_or_default());
    let gist = Gist::of(&everything);
    let signs = r.other_roles.iter().any(|o| gist.has_any(&o.signs));
    signs && !Gist::of(&format!("{said} {wish}")).has_any(&r.role.names)
}

/// The role whose account is asked about: `Some(true)` the procedure's own, `Some(false)` another, `None` not said.
fn role_asked(text: &str, r: &Recognition) -> Option<bool> {
    const ACCOUNT: [&str; 12] = [
        "akun", "account", "user", "id", "password", "sandi", "login", "username", "pengguna", "akses", "userid",
        "pasword",
    ];
    let mut found: Vec<_> =
        service::sentences(text).map(|sentence| roles_in(&Gist::of(sentence), r, &ACCOUNT)).collect();
    // `User ID : -` and, in the next row of the form, `Email dinas : …` are no account of a mailbox.
    let pieces = text.split(['\n', ',', ':', ';', '(', ')']).flat_map(service::sentences);
    found.extend(pieces.map(|piece| (None, addressed_in(&Gist::of(piece), r, &ACCOUNT))));
    let own = found.iter().filter_map(|(own, _)| *own).min();
    let other = found.iter().filter_map(|(_, other)| *other).min();
    match (own, other) {
        (None, None) => None,
        (Some(_), None) => Some(true),
        (None, Some(_)) => Some(false),
        (Some(own), Some(other)) => Some(own <= other || Gist::of(text).has_any(&r.role.names)),
    }
}

/// How near the account's words stand to the own role and to another, within one sentence.
fn roles_in(gist: &Gist, r: &Recognition, account: &[&str]) -> (Option<usize>, Option<usize>) {
    let stream = gist.words();
    let others = r.other_roles.iter().filter(|o| !o.addressed);
    let others = others.filter_map(|o| nearest(&stream, &o.names, account, (4, 6)));
    (nearest(&stream, &r.role.names, account, (4, 6)), others.min())
}

/// The same of a role that letters are usually written to: it counts only where the account's word stands right before it.
fn addressed_in(gist: &Gist, r: &Recognition, account: &[&str]) -> Option<usize> {
    let before: Vec<&str> = account.iter().copied().chain(["aplikasi"]).collect();
    let addressed = r.other_roles.iter().filter(|o| o.addressed);
    addressed.filter_map(|o| nearest(&gist.words(), &o.names, &before, (1, 0))).min()
}

/// Words between a name and the nearest of the account's words, at most so many before it and behind.
fn nearest(stream: &[&str], names: &[Phrase], account: &[&str], reach: (usize, usize)) -> Option<usize> {
    let spots = service::spots(stream, names.iter());
    let distances = spots.into_iter().filter_map(|(at, _)| {
        let window = at.saturating_sub(reach.0)..stream.len().min(at + reach.1);
        window.filter(|i| account.contains(&stream[*i])).map(|i| i.abs_diff(at)).min()
    });
    distances.min()
}

/// Without the line that greets: `Yth. Helpdesk LPSE,` names who is written to, not whose account it is.
fn without_address(words: &str, r: &Recognition) -> String {
    let greets = |part: &str| {
        let gist = Gist::of(part);
        gist.starts_with_any(&r.letter.addressees) && gist.words().len() <= 12
    };
    words.split_inclusive(['\n', ',']).filter(|part| !greets(part)).collect()
}
