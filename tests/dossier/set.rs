//! Pages set from plain text, so that a test shows the letter it is about. A character is 5.5 points wide, a line 14 high;
//! `[tinta]` stands for a drawing of a signature.

use chrono::NaiveDate;
use loket::dossier::page::{Contents, Line, Page, Paper, Rect, Word};
use loket::dossier::{CaseFile, Known, MailFacts, Recognition, Verdict, judge, understand};
use loket::sop::account::Account;
use loket::sop::checklist::{Finding, Method, Understanding};
use loket::sop::names::{Address, Nip, UserId};

const WIDE: f32 = 5.5;
const HIGH: f32 = 14.0;

pub fn page(number: u32, text: &str) -> Page {
    let mut page = Page { number, width: 595.0, height: 842.0, ..Page::default() };
    for (row, line) in text.lines().enumerate() {
        let y = 40.0 + row as f32 * HIGH;
        let mut words = Vec::new();
        let mut column = 0;
        for piece in line.split(' ') {
            let x = 40.0 + column as f32 * WIDE;
            let letters = piece.chars().count();
            column += letters + 1;
            if piece == "[tinta]" {
                page.pictures.push(Rect { x, y: y - 14.0, w: 85.0, h: 40.0 });
            } else if letters > 0 {
                let at = Rect { x, y, w: letters as f32 * WIDE, h: 11.0 };
                words.push(Word { text: piece.into(), at, confidence: None });
            }
        }
        if !words.is_empty() {
            page.lines.push(Line { words });
        }
    }
    page
}

pub fn paper(name: &str, pages: &[&str]) -> Paper {
    Paper {
        attachment: name.into(),
        format: "pdf".into(),
        sha256: format!("{name}{}", pages.join("")),
        size: 1000,
        method: Method::Text,
        pages: pages.iter().zip(1..).map(|(text, n)| page(n, text)).collect(),
        encrypted: false,
        electronic: Default::default(),
    }
}

pub fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).expect("a calendar day")
}

pub fn today() -> NaiveDate {
    day(2026, 11, 16)
}

pub fn mail(subject: &str, body: &str, papers: Vec<Paper>) -> MailFacts {
    MailFacts {
        sender: Address::parse("wayan.sudana@kab-tirta.example"),
        subject: subject.into(),
        received: today(),
        contents: Contents { body: body.into(), papers, alerts: vec![] },
        ..MailFacts::default()
    }
}

/// The register of another office: other people, other unit, another way of giving user IDs.
pub fn accounts() -> Vec<Account> {
    let account = |id: &str, name: &str, nip: &str, mail: &str, role: &str| Account {
        user_id: UserId(id.into()),
        name: name.into(),
        nip: Nip::parse(nip),
        email: Address::parse(mail).expect("an address"),
        phone: None,
        role: role.into(),
        work_unit: Some("Bagian Pengadaan Barang dan Jasa Sekretariat Daerah Kabupaten Tirta".into()),
        position: None,
        active: true,
        decree_number: None,
        decree_valid_until: None,
    };
    vec![
        account(
            "wayan_s",
            "I Wayan Sudana, S.Kom.",
            "198805122015031901",
            "wayan.sudana@kab-tirta.example",
            "Helpdesk",
        ),
        account(
            "kadek.ayu",
            "Ni Kadek Ayu Lestari, A.Md.",
            "199507252023212902",
            "kadek.ayu@kab-tirta.example",
            "Helpdesk",
        ),
        account(
            "verif01",
            "Komang Adi Putra, S.E.",
            "198001012005011903",
            "komang.adi@kab-tirta.example",
            "Verifikator",
        ),
    ]
}

pub fn seen(mails: &[MailFacts]) -> Understanding {
    let accounts = accounts();
    let known = Known { accounts: Some(&accounts), ..Known::default() };
    understand(mails, &known, &Recognition::helpdesk(), today())
}

pub fn verdict(mail: &MailFacts) -> Verdict {
    let mails = std::slice::from_ref(mail);
    let recognition = Recognition::helpdesk();
    judge(mail, &CaseFile::read(mails, &recognition, today()))
}

/// Asserts findings, item by item; a failure shows the sentence of the item that differs.
#[track_caller]
pub fn expect(understanding: &Understanding, wanted: &[(&str, Finding)]) {
    for (item, finding) in wanted {
        let check = understanding.check(item).unwrap_or_else(|| panic!("`{item}` is absent"));
        assert_eq!(check.finding, *finding, "`{item}`: {}", check.because);
    }
}

pub const GOOD: [(&str, Finding); 12] = [
    ("request_letter", Finding::Met),
    ("request_letter_signed", Finding::Met),
    ("service_stated", Finding::Met),
    ("applicant_identified", Finding::Met),
    ("appointment_decree", Finding::Met),
    ("decree_names_applicant", Finding::Met),
    ("account_found", Finding::Met),
    ("name_matches", Finding::Met),
    ("nip_matches", Finding::Met),
    ("role_matches", Finding::Met),
    ("decree_in_force", Finding::Met),
    ("work_unit_matches", Finding::Met),
];
