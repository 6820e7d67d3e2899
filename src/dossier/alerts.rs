//! What the admin must be told beside the checklist: machine names, sorted, without repetition.

use super::case_file::CaseFile;
use super::fact::{nip, order, user_id};
use super::fold::Gist;
use super::page::Paper;
use super::people;
use super::sheet::Sheet;
use crate::sop::checklist::{DocumentKind, Signature};

/// Alerts of the mails and papers; `more` are those that checks raised.
pub fn of(file: &CaseFile<'_>, more: Vec<&'static str>) -> Vec<String> {
    let mut alerts: Vec<String> = more.into_iter().map(str::to_owned).collect();
    let mut raise = |name: &str, when: bool| {
        if when {
            alerts.push(name.to_owned());
        }
    };
    let papers = || file.mails.iter().flat_map(|m| m.papers());
    raise("executable_attachment", papers().any(is_program));
    raise("encrypted_document", papers().any(|p| p.encrypted));
    raise("link_instead_of_attachment", links_to_papers(file));
    raise("instruction_in_text", texts(file).iter().any(|t| order::steers_the_machine(t, &file.recognition.orders)));
    raise(
        "address_change_requested",
        wishes(file).iter().any(|t| order::wants_another_address(t, &file.recognition.orders)),
    );
    raise("hidden_text", file.read.iter().any(|d| !d.stack.hidden.is_empty()));
    let signed = |how| file.read.iter().any(|d| d.stack.kind != DocumentKind::Other && d.signature() == how);
    raise("tte_unverifiable", signed(Signature::ElectronicUnverifiable));
    raise("tte_invalid", signed(Signature::ElectronicInvalid));
    raise("different_people", people::differ(file));
    if let Some((_, letter)) = file.letter() {
        raise("number_blank", letter.number_blank);
        raise("user_id_absent", letter.applicant.user_id.is_none());
        raise("several_applicants", letter.several || file.disagreeing_letters);
        raise(
            "nip_malformed",
            letter.odd_nip || letter.applicant.nip.as_ref().is_some_and(|n| nip::structure(n, file.day).is_err()),
        );
        raise("nik_malformed", letter.nik.as_deref().is_some_and(|n| !nip::is_nik(n)));
        let number = letter.nik.as_deref().zip(letter.applicant.nip.as_ref());
        raise("nik_differs_from_nip", number.is_some_and(|(nik, nip)| nip::disagrees(nik, nip)));
        match letter.applicant.user_id.as_deref().and_then(user_id::oddity) {
            Some(user_id::Oddity::Invisible) => raise("invisible_character_in_user_id", true),
            Some(user_id::Oddity::MixedScript) => raise("mixed_script_user_id", true),
            None => {}
        }
    }
    for mail in file.mails {
        alerts.extend(mail.contents.alerts.iter().cloned());
    }
    alerts.sort();
    alerts.dedup();
    alerts
}

/// Whether a paper is a program, by its bytes or by a name that would run it.
pub fn is_program(paper: &Paper) -> bool {
    let name = paper.attachment.to_lowercase();
    let runs = [
        ".exe", ".scr", ".bat", ".cmd", ".com", ".js", ".vbs", ".jar", ".msi", ".ps1", ".lnk", ".hta", ".pif", ".apk",
        ".wsf",
    ];
    paper.format == "exe" || runs.iter().any(|end| name.ends_with(end))
}

/// Everything a person or a machine could read: bodies, visible and hidden words of the papers.
fn texts(file: &CaseFile<'_>) -> Vec<String> {
    let bodies = file.mails.iter().flat_map(|m| [m.subject.clone(), m.contents.body.clone()]);
    // File names are shown beside the papers, and often have no blanks.
    let names = file.mails.iter().flat_map(|m| &m.contents.papers).map(|p| p.attachment.replace(['_', '-', '.'], " "));
    let papers = file.read.iter().flat_map(|d| {
        let visible = d.stack.sheets.iter().map(Sheet::prose).collect::<Vec<_>>().join(" ");
        [visible, d.stack.hidden.join(" ")]
    });
    bodies.chain(names).chain(papers).collect()
}

/// What the applicant says in their own words.
fn wishes(file: &CaseFile<'_>) -> Vec<String> {
    let letters = file.read.iter().filter(|d| d.stack.kind == DocumentKind::RequestLetter);
    let letters = letters.map(|d| d.stack.sheets.iter().map(Sheet::prose).collect::<Vec<_>>().join(" "));
    file.mails.iter().map(|m| format!("{}. {}", m.own_subject(), m.own_words())).chain(letters).collect()
}

fn links_to_papers(file: &CaseFile<'_>) -> bool {
    let complete = file.letter.is_some() && file.decree.is_some();
    let words = &file.recognition.mail;
    !complete
        && file.mails.iter().any(|mail| {
            let own = mail.own_words();
            let hosts: Vec<String> = own.split_whitespace().filter_map(host).collect();
            let shared = hosts.iter().any(|host| words.share_hosts.iter().any(|h| is_under(host, h)));
            shared || (!hosts.is_empty() && Gist::of(&own).has_any(&words.share_words))
        })
}

/// The host of a web address; a bare name counts when a path follows it.
fn host(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let (address, rest) = match word.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (word.starts_with("www."), word.as_str()),
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let named = host.contains('.') && !host.contains('@');
    (named && (address || !path.is_empty())).then(|| host.to_owned())
}

/// Whether a host is the named service or belongs to it; a name without a dot is looked for among the host's labels.
fn is_under(host: &str, service: &str) -> bool {
    host == service
        || host.ends_with(&format!(".{service}"))
        || (!service.contains('.') && host.split('.').any(|l| l == service))
}
