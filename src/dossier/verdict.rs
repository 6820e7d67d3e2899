//! What a mail is: a request, words for an open case, nothing to answer, or something that is not worked on
//! (the words of `inspect --json`). Machines are told apart before anything else, so that two of them never talk for ever.

use super::alerts::is_program;
use super::case_file::CaseFile;
use super::fact::{other_wish, service, wish};
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
        let silent = !brings && !takes_back(&words) && says_no_more(&words, r) && file.services.is_empty();
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
    // The whole wish may stand in the subject, with thanks under it; a reply's subject is somebody else's.
    let in_subject = !subject.to_lowercase().starts_with("re:") && !service::asked(subject, r).is_empty();
    let says = in_subject || !only_thanks(&words, r);
    let named = !file.services.is_empty() && !wish::only_tells(subject, &words, r);
    let asks = says && (named || (file.services.is_empty() && wish::may_ask(subject, &words, r)));
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
    let asks = gist.has_any(&r.letter.asks) || wish::is_open(words, r);
    let told = service::asked(words, r).is_empty() || wish::only_tells("", words, r);
    gist.has_any(&r.mail.thanks) && told && !asks && !gist.has_any(&r.mail.brings) && gist.words().len() <= 30
}

/// Whether a reply in an open case leaves nothing to look at: thanks in so many words, or hardly a word.
fn says_no_more(words: &str, r: &Recognition) -> bool {
    const HARDLY: usize = 5;
    let count = Gist::of(words).words().len();
    only_thanks(words, r) && (count <= HARDLY || wish::thanks(words, r))
}

/// Digits from which on a line holds a number such as a taxpayer's.
const NUMBERED: usize = 12;

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
    let other = other_wish::other(&asked, r);
    if other.is_some_and(|o| file.services.is_empty() || (o.outweighs && !service::is_plain(&asked, r))) {
        return true;
    }
    let mut role = letter.as_ref().and_then(|(wish, _)| role_asked(wish, r));
    role = role.or_else(|| role_asked(&said, r));
    if let Some(own) = role {
        return !own;
    }
    // In a mail a sign is a row that was filled in; `NPWP : -` is one of a form for everybody.
    let is_filled = |line: &&str| {
        let value = line.split_once(':').map_or("", |(_, value)| value);
        !Gist::of(value).is_empty() || line.chars().filter(char::is_ascii_digit).count() >= NUMBERED
    };
    let rows = said.lines().filter(is_filled);
    let rows = rows.collect::<Vec<_>>().join("\n");
    let gist = Gist::of(&format!("{rows} {}", letter.as_ref().map(|(_, text)| text.as_str()).unwrap_or_default()));
    let signs = r.other_roles.iter().any(|o| gist.has_any(&o.signs));
    signs && !Gist::of(&format!("{said} {wish}")).has_any(&r.role.names)
}

/// The role whose account is asked about: `Some(true)` the procedure's own, `Some(false)` another, `None` not said.
fn role_asked(text: &str, r: &Recognition) -> Option<bool> {
    const ACCOUNT: [&str; 12] = [
        "akun", "account", "user", "id", "password", "sandi", "login", "username", "pengguna", "akses", "userid",
        "pasword",
    ];
    let sentences: Vec<Gist> = service::sentences(text).map(Gist::of).collect();
    let own = sentences.iter().filter_map(|s| nearest(&s.words(), &r.role.names, &ACCOUNT, (4, 6))).min();
    // `User ID : -` and, in the next row of the form, `Email dinas : …` are no account of a mailbox.
    let pieces: Vec<&str> = text.split(['\n', ',', ':', ';', '(', ')']).flat_map(service::sentences).collect();
    let asks = |piece: &str| !service::asked(piece, r).is_empty() || Gist::of(piece).has_any(&r.letter.asks);
    let said_elsewhere = pieces.iter().any(|piece| other_in(piece, r, &ACCOUNT).is_none() && asks(piece));
    // `akun SIRUP lancar` beside what is asked for is told in passing.
    let others = pieces.iter().filter(|piece| {
        let introduced = introduces(&Gist::of(piece).words(), r);
        !said_elsewhere || introduced || asks(piece)
    });
    let other = others.filter_map(|piece| other_in(piece, r, &ACCOUNT)).min();
    match (own, other) {
        (None, None) => None,
        (Some(_), None) => Some(true),
        (None, Some(_)) => Some(false),
        (Some(own), Some(other)) => Some(own <= other || Gist::of(text).has_any(&r.role.names)),
    }
}

/// How near the account's words stand to another role. One that letters are usually written to counts only where such a word stands
/// right before it.
fn other_in(piece: &str, r: &Recognition, account: &[&str]) -> Option<usize> {
    let gist = Gist::of(piece);
    let before: Vec<&str> = account.iter().copied().chain(["aplikasi"]).collect();
    let near = r.other_roles.iter().filter_map(|o| match o.addressed {
        true => nearest(&gist.words(), &o.names, &before, (1, 0)),
        false => nearest(&gist.words(), &o.names, account, (4, 6)),
    });
    near.min().or_else(|| introduces(&gist.words(), r).then_some(0))
}

/// `Kami peserta tender`, `Saya selaku PPK`: who so begins asks about an account of that role.
fn introduces(stream: &[&str], r: &Recognition) -> bool {
    let [first, rest @ ..] = stream else { return false };
    let rest = match rest {
        [link, rest @ ..] if matches!(*link, "selaku" | "sebagai" | "dari" | "adalah" | "ini") => rest,
        rest => rest,
    };
    let names = r.other_roles.iter().filter(|o| !o.addressed).flat_map(|o| &o.names);
    matches!(*first, "saya" | "kami" | "sy") && names.into_iter().any(|name| name.opens(rest).is_some())
}

/// Words between a name and the nearest of the account's words, at most so many before it and behind. In `akun saya karena PPK
/// menunggu` the account is the writer's.
fn nearest(stream: &[&str], names: &[Phrase], account: &[&str], reach: (usize, usize)) -> Option<usize> {
    const MINE: [&str; 4] = ["saya", "sy", "kami", "my"];
    const AS: [&str; 5] = ["sebagai", "selaku", "peran", "role", "as"];
    let mine = |from: usize, at: usize| {
        stream[from..at].iter().any(|w| MINE.contains(w)) && !stream[from..at].iter().any(|w| AS.contains(w))
    };
    let spots = service::spots(stream, names.iter());
    let distances = spots.into_iter().filter_map(|(at, _)| {
        let window = at.saturating_sub(reach.0)..stream.len().min(at + reach.1);
        let accounts = window.filter(|i| account.contains(&stream[*i]) && (*i >= at || !mine(*i, at)));
        accounts.map(|i| i.abs_diff(at)).min()
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
