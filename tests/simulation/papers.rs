//! What the applicants send, short and as plain text: the dossier has its own tests for long papers, and ten thousand seeds
//! read these. A test holds that they are found to be what the demo's full papers are found to be.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use loket::demo::samples::people::{AGUNG, JOHANNES, MELATI, Person, RINA, SEKAR};
use loket::demo::samples::post::Mail;
use loket::dossier::page::{Contents, Paper};
use loket::dossier::{Read, Recognition};
use loket::reading::{Limits, take_apart};

/// Who asks for what, by the word in their mail that stands for their papers. A `+` behind it: what they send when asked
/// to complete.
pub const REQUESTS: [(&str, Person); 4] =
    [("complete", RINA), ("completed_later", AGUNG), ("user_id", JOHANNES), ("nip_differs", SEKAR)];

const RESET: &str = "reset password";

struct Request {
    word: &'static str,
    says: &'static str,
    papers: Vec<String>,
}

fn requests() -> Vec<Request> {
    let says = "Mohon bantuannya, surat terlampir.";
    let request = |word, papers| Request { word, says, papers };
    let unsigned = letter(&AGUNG, RESET, "12", AGUNG.nip, false);
    let of_another = letter(&MELATI, RESET, "13", "198911042014022934", true);
    vec![
        request("complete", vec![letter(&RINA, RESET, "11", RINA.nip, true), decree()]),
        request("completed_later", vec![unsigned]),
        request("completed_later+", vec![letter(&AGUNG, RESET, "12", AGUNG.nip, true), decree()]),
        request("user_id", vec![letter(&JOHANNES, "informasi user ID", "14", JOHANNES.nip, true), decree()]),
        request("nip_differs", vec![of_another, decree()]),
    ]
}

fn letter(who: &Person, wish: &str, number: &str, nip: &str, signed: bool) -> String {
    let ink = if signed { "ttd\n" } else { "" };
    let (name, word, unit) = (who.name, who.nip_word(), who.work_unit());
    let id = if wish == RESET { format!("User ID : {}\n", who.user_id) } else { String::new() };
    format!(
        "Nomor : 000.3/{number}/BLPE\nTanggal : 9 November 2026\nHal : Permohonan {wish} Helpdesk\nYth. Admin PPE\n\
         Mohon {wish} akun Helpdesk.\nNama : {name}\n{word} : {nip}\nUnit Kerja : {unit}\n{id}\
         Pemohon,\n{ink}{name}\n{word}. {nip}\n"
    )
}

fn decree() -> String {
    let mut text = "KEPUTUSAN KEPALA BIRO\nNOMOR 000.3/0907/BLPE/B.PBJ/2026\nTENTANG\nPENGANGKATAN PENGELOLA LPSE\n\
                    MEMUTUSKAN:\nKESATU : Mengangkat:\n"
        .to_owned();
    for (n, who) in [RINA, AGUNG, MELATI, JOHANNES, SEKAR].into_iter().enumerate() {
        let _ = writeln!(text, "{}. {} NIP. {} sebagai Helpdesk", n + 1, who.name, who.nip);
    }
    text + "KEDUA : Berlaku sampai dengan tanggal 31 Desember 2026.\nDitetapkan di Muara Kencana\n\
            pada tanggal 2 Januari 2026\nKEPALA BIRO,\nttd\nHASANUDDIN MAPPANYUKI\nNIP. 197009231996031950\n"
}

/// What the reading worker and the dossier's readers make of the papers: pure, so done once for all seeds.
pub struct Papers {
    contents: BTreeMap<String, Contents>,
    documents: Mutex<BTreeMap<Vec<String>, Vec<Read>>>,
}

impl Papers {
    pub fn read(at: DateTime<Utc>) -> Self {
        let contents = requests().into_iter().map(|request| (request.word.to_owned(), contents(&request, at)));
        Self { contents: contents.collect(), documents: Mutex::default() }
    }

    /// What a mail of this text contains: the papers it speaks of, else its words.
    pub fn of_mail(&self, text: &str) -> Contents {
        let word = text.split("papers:").nth(1).and_then(|rest| rest.split_whitespace().next());
        let words = || text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
        match word {
            Some(word) => self.contents.get(word).cloned().unwrap_or_default(),
            None => Contents { body: words(), ..Contents::default() },
        }
    }

    /// The documents of papers that came together.
    pub fn documents(&self, papers: &[Paper], recognition: &Recognition) -> Vec<Read> {
        let together = papers.iter().map(|paper| format!("{} {}", paper.attachment, paper.sha256)).collect();
        let mut read = self.documents.lock().expect("no panic under the lock");
        read.entry(together).or_insert_with(|| Read::all(papers, recognition)).clone()
    }
}

fn contents(request: &Request, at: DateTime<Utc>) -> Contents {
    let enclosed = ["Surat.txt", "SK.txt"].into_iter().zip(&request.papers);
    let mail = Mail {
        from: (RINA.name, RINA.email),
        subject: "Permohonan".to_owned(),
        text: request.says.to_owned(),
        enclosed: enclosed.map(|(name, text)| (name, "text/plain", text.clone().into_bytes())).collect(),
        message_id: "papers@lembayungraya.example".to_owned(),
        at,
        answers: None,
        automatic: false,
        authentic: true,
    };
    take_apart(&mail.bytes(None), &Limits::default())
}

#[cfg(test)]
mod tests {
    use loket::demo::samples::{self, Thread};
    use loket::dossier::{CaseFile, Known, MailFacts};
    use loket::sop::checklist::Finding;

    use super::*;

    /// What the checklist says of a case's mails.
    fn findings(mails: Vec<Contents>) -> Vec<(String, Finding)> {
        let day = super::super::office::first_morning().date_naive();
        let sample = samples::office(day);
        let accounts = loket::accounts::csv::read(sample.accounts_csv.as_bytes(), "Helpdesk").expect("sample accounts");
        let recognition = Recognition::helpdesk();
        let facts = |contents| MailFacts { contents, received: day, ..MailFacts::default() };
        let mails: Vec<MailFacts> = mails.into_iter().map(facts).collect();
        let file = CaseFile::read(&mails, &recognition, day);
        let known = Known { accounts: Some(&accounts), earlier_letters: Some(&[]), ..Known::default() };
        let checks = file.understanding(&known).checklist;
        let mut found: Vec<_> = checks.into_iter().map(|check| (check.item, check.finding)).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    #[test]
    fn the_short_papers_are_understood_as_the_full_ones_they_stand_for() {
        let now = super::super::office::first_morning();
        let short = Papers::read(now);

        for sample in samples::mails(now, None) {
            let word = sample.label.id;
            if !REQUESTS.iter().any(|(of, _)| *of == word) {
                continue;
            }
            let full = take_apart(&sample.raw, &Limits::default());
            assert_eq!(findings(vec![short.contents[word].clone()]), findings(vec![full.clone()]), "{word}");
            let thread = Thread { case_number: "LPSE-2026-0001", message_id: "a@b", subject: "Permohonan", at: now };
            let Some(second) = sample.follow_up(thread) else { continue };
            let second = take_apart(&second, &Limits::default());
            let completed = vec![short.contents[word].clone(), short.contents[&format!("{word}+")].clone()];
            assert_eq!(findings(completed), findings(vec![full, second]), "{word}, completed");
        }
    }
}
