//! A mail's words, as far as the dossier needs them: what the writer wrote anew, and what hangs below as quotation.

use chrono::NaiveDate;

use super::fold::fold;
use super::page::{Contents, Paper};
use crate::sop::names::Address;

/// What is known of one mail of a case.
#[derive(Debug, Clone, Default)]
pub struct MailFacts {
    pub sender: Option<Address>,
    pub subject: String,
    /// The subject carries a case number of this office.
    pub case_tagged: bool,
    /// The mail answers a letter of ours.
    pub answers_us: bool,
    /// The machine that wrote it, as a `reason` of `inspect --json`; `None`: a person.
    pub automatic: Option<&'static str>,
    pub malformed: bool,
    /// Larger than the office accepts; only the header section is known.
    pub too_large: bool,
    /// Whether the sender is proven; `None` where the office trusts no server's word.
    pub authenticated: Option<bool>,
    /// The day it was received, in the office's zone.
    pub received: NaiveDate,
    pub contents: Contents,
}

impl MailFacts {
    pub fn papers(&self) -> &[Paper] {
        &self.contents.papers
    }

    /// The body without what it quotes; a forwarded mail counts as its own words.
    pub fn own_words(&self) -> String {
        own_words(&self.contents.body, is_forward(&self.subject))
    }

    /// The subject; empty where it is only our own subject coming back.
    pub fn own_subject(&self) -> &str {
        if self.belongs_to_a_case() { "" } else { self.subject.trim() }
    }

    /// Whether the subject or the thread points to a case of ours.
    pub fn belongs_to_a_case(&self) -> bool {
        self.case_tagged || self.answers_us
    }
}

fn is_forward(subject: &str) -> bool {
    let lower = subject.trim().to_lowercase();
    ["fwd:", "fw:", "terusan:", "trs:", "diteruskan:"].iter().any(|mark| lower.contains(mark))
}

/// Takes the text up to the first sign of a quotation, and drops lines marked with `>`.
fn own_words(body: &str, forwarded: bool) -> String {
    let mut kept = Vec::new();
    let lines: Vec<&str> = body.lines().collect();
    for (n, line) in lines.iter().enumerate() {
        if !forwarded && begins_quotation(&lines[n..]) {
            break;
        }
        if !line.trim_start().starts_with('>') {
            kept.push(*line);
        }
    }
    kept.join("\n").trim().to_owned()
}

fn begins_quotation(lines: &[&str]) -> bool {
    let Some(line) = lines.first().map(|l| l.trim()) else { return false };
    let folded = fold(line);
    let ruled = line.starts_with("--") || line.starts_with("__") || line.starts_with("==");
    let original =
        ["pesan asli", "original message", "pesan terusan", "reply message"].iter().any(|m| folded.contains(m));
    if ruled && original {
        return true;
    }
    let writes = |text: &str| {
        let folded = fold(text);
        let says = folded.ends_with("menulis") || folded.ends_with("wrote");
        says && (folded.starts_with("pada ") || folded.starts_with("on ") || folded.contains(" pukul "))
    };
    let two = format!("{line} {}", lines.get(1).map_or("", |l| l.trim()));
    if writes(line) || (folded.starts_with("pada ") || folded.starts_with("on ")) && writes(&two) {
        return true;
    }
    // Outlook puts the old header above the old text.
    let head = ["dari ", "from "].iter().any(|m| folded.starts_with(m)) && line.contains(':');
    let follows = lines.iter().skip(1).take(5).any(|l| {
        let l = fold(l);
        ["dikirim", "sent", "kepada", "to ", "perihal", "subject", "tanggal", "date"].iter().any(|m| l.starts_with(m))
    });
    head && follows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_left_out() {
        for quoted in [
            "Pada Jum, 6 Nov 2026 pukul 15.20 Admin <a@b.example> menulis:\n> lama",
            "On Fri, 6 Nov 2026 at 15:20, Admin <a@b.example>\nwrote:\n> lama",
            "-----Original Message-----\nlama",
            "-------- Pesan asli --------\nDari: Admin\nlama",
            "Dari: Admin PPE\nPerihal: lama\n\nlama",
            "> lama",
        ] {
            assert_eq!(own_words(&format!("Baik pak.\n\n{quoted}"), false), "Baik pak.", "{quoted}");
        }
    }

    #[test]
    fn what_is_forwarded_counts() {
        let body =
            "Mohon ditindaklanjuti.\n---------- Forwarded message ---------\nDari: Yosef\nSubject: reset\n\nTerlampir.";

        assert!(own_words(body, true).contains("Terlampir."));
    }
}
