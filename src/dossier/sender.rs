//! Who sent the papers (SOP step 5): the registered address, another one, or one made to look like it. A sender proves a
//! mailbox, never a right to an account.

use super::case_file::CaseFile;
use super::fold::fold;
use super::message::MailFacts;
use super::validity::{finding, with};
use crate::sop::account::Account;
use crate::sop::checklist::{Check, Finding};
use crate::sop::names::Address;

/// Whether the mail comes from the address the account is registered with; `account` is the record asked about.
pub fn registered(
    file: &CaseFile<'_>,
    account: Option<&Account>,
    accounts: &[Account],
    alerts: &mut Vec<&'static str>,
) -> Option<Check> {
    let item = "sender_registered";
    let sender = bringing(file)?.sender.as_ref()?;
    let owner = accounts.iter().find(|a| a.email.same_mailbox(sender));
    let Some(account) = account else {
        if owner.is_none() && accounts.iter().any(|a| looks_like(sender, &a.email)) {
            alerts.push("lookalike_sender");
            let because = "Alamat surel pengirim menyerupai alamat yang terdaftar, tetapi tidak sama.";
            return Some(finding(item, Finding::Unclear, because));
        }
        let (how, because) = match owner {
            Some(_) => (Finding::Met, "Pengirim memakai alamat surel yang terdaftar."),
            None => (Finding::Unclear, "Alamat surel pengirim tidak terdaftar dalam register akun."),
        };
        return Some(finding(item, how, because));
    };
    if account.email.same_mailbox(sender) {
        return Some(finding(item, Finding::Met, "Pengirim memakai alamat surel yang terdaftar untuk akun ini."));
    }
    let pair = Some((sender.as_str(), Some(account.email.as_str())));
    if looks_like(sender, &account.email) {
        alerts.push("lookalike_sender");
        let because = "Alamat surel pengirim menyerupai alamat terdaftar, tetapi tidak sama.";
        return Some(with(finding(item, Finding::Contradicted, because), None, pair));
    }
    let because = match owner {
        Some(_) => "Surel dikirim dari alamat terdaftar milik orang lain; perlu konfirmasi kepada pemohon.",
        None => "Alamat surel pengirim tidak terdaftar untuk akun ini; perlu konfirmasi kepada pemohon.",
    };
    Some(with(finding(item, Finding::Unclear, because), None, pair))
}

/// The mail whose sender counts: the latest that brought the letter that speaks, else the first. What anybody else writes in
/// its thread, be it the account's owner who protests, brings the one who asked no nearer to the account.
fn bringing<'a>(file: &'a CaseFile<'_>) -> Option<&'a MailFacts> {
    let letter = file.letter().map(|(stack, _)| stack.sha256.as_str());
    let brings = |mail: &&MailFacts| mail.papers().iter().any(|paper| Some(paper.sha256.as_str()) == letter);
    file.mails.iter().rev().find(brings).or(file.mails.first())
}

/// Whether two addresses look the same to a hasty eye and are not: one character apart, or letters of like shape in any
/// script (UTS 39, skeletons). Compared as they are shown, not as A-labels.
fn looks_like(one: &Address, other: &Address) -> bool {
    if one.same_mailbox(other) {
        return false;
    }
    let (a, b) = (shown(one), shown(other));
    shape(&a) == shape(&b) || strsim::levenshtein(&a.to_lowercase(), &b.to_lowercase()) <= 1
}

fn shown(address: &Address) -> String {
    let (local, domain) = address.as_str().rsplit_once('@').unwrap_or_default();
    format!("{local}@{}", idna::domain_to_unicode(domain).0)
}

/// The skeleton, and beyond it what small letters do to each other in a narrow typeface.
fn shape(text: &str) -> String {
    let skeleton: String = text.chars().map(letter).collect();
    let plain = fold(&skeleton).replace(' ', ".");
    plain.replace(['1', 'l', '|'], "i").replace('0', "o").replace("rn", "m").replace("vv", "w")
}

/// The plain letter a character looks like, in any case of it: a domain is shown in small letters, and the tables know some
/// letters as capitals alone.
fn letter(c: char) -> String {
    if c.is_ascii() {
        return c.to_ascii_lowercase().to_string();
    }
    let skeleton = |text: String| unicode_security::skeleton(&text).collect::<String>().to_lowercase();
    let cases = [c.to_string(), c.to_lowercase().collect(), c.to_uppercase().collect()].map(skeleton);
    let plain = cases.iter().find(|shape| !shape.is_empty() && shape.is_ascii());
    plain.unwrap_or(&cases[0]).clone()
}

/// Whether a server the office trusts proves the sender.
pub fn authenticated(file: &CaseFile<'_>) -> Option<Check> {
    let proven = bringing(file)?.authenticated?;
    let (how, because) = if proven {
        (Finding::Met, "Server surel yang dipercaya membuktikan pengirimnya.")
    } else {
        (Finding::Unclear, "Pengirim tidak terbukti oleh server surel yang dipercaya.")
    };
    Some(finding("sender_authenticated", how, because))
}
