//! Who writes to the office, and what: people enough that nobody asks twice, each with papers of their own.

use chrono::{DateTime, Datelike, Utc};
use loket::demo::samples::papers::{Decree, Letter, decree_pdf, letter_pdf};
use loket::demo::samples::people::{Person, RINA, decree_number};
use loket::demo::samples::post::{Mail, PDF, Stamp};
use loket::sop::names::Service;

use crate::kit;
use crate::kit::office::now;
use crate::kit::postfix::AUTHSERV_ID;

/// What somebody asks for, and how it is meant to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Approved at the desk, reset by the script, collected, confirmed.
    Reset,
    /// Asked to complete by a reply; taken back by the applicant.
    Withdrawn,
    /// Rejected by a reply.
    Rejected,
    /// Answered with where to turn, and closed.
    OutOfScope,
}

impl Kind {
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Reset => "reset_confirmed",
            Self::Withdrawn => "withdrawn",
            Self::Rejected => "rejected",
            Self::OutOfScope => "out_of_scope",
        }
    }
}

/// Everybody who may ask for a reset, with the register that knows them.
pub struct Writers {
    people: Vec<Person>,
    day: DateTime<Utc>,
}

impl Writers {
    /// At most as many as there are names and numbers for.
    pub fn of(count: usize) -> Self {
        Self { people: (0..count.min(8_400)).map(person).collect(), day: now() }
    }

    /// CONTRACT, "Accounts file".
    pub fn register(&self) -> String {
        let year = self.day.year();
        let row = |p: &Person| {
            let decree = decree_number(year);
            format!(
                "{},\"{}\",{},{},{},{},\"{}\",{},true,{decree},{year}-12-31\n",
                p.user_id,
                p.name,
                p.nip,
                p.email,
                p.phone,
                p.role,
                p.work_unit(),
                p.position
            )
        };
        let head = "user_id,name,nip,email,phone,role,work_unit,position,active,decree_number,decree_valid_until\n";
        head.to_owned() + &self.people.iter().map(row).collect::<String>()
    }

    /// The `nth` request, from 0: who sends it, and the mail.
    pub fn request(&self, nth: usize, kind: Kind) -> (Person, Mail<'static>) {
        let who = *self.people.get(nth).expect("there are people enough for the kills asked for");
        let (subject, text) = match kind {
            Kind::Reset => {
                ("Permohonan reset password", "Terlampir surat permohonan reset password dan SK pengangkatan.")
            }
            Kind::Withdrawn | Kind::Rejected => {
                ("lupa password", "Min, tolong reset password helpdesk spse saya ya, lupa.")
            }
            Kind::OutOfScope => (
                "Lupa password akun penyedia",
                "Kepada Yth. Admin LPSE,\n\nKami selaku penyedia tidak dapat login ke akun penyedia perusahaan kami karena lupa \
                 password. Mohon direset agar kami dapat memasukkan penawaran.\n\nHormat kami,\nDirektur CV Sinar Pagi",
            ),
        };
        let enclosed = if kind == Kind::Reset { self.papers(nth, &who) } else { Vec::new() };
        let mail = mail(&who, subject.to_owned(), format!("{text}\n\nSurat {nth}"), format!("mohon-{nth}"), None);
        (who, Mail { enclosed, ..mail })
    }

    fn papers(&self, nth: usize, who: &Person) -> Vec<(&'static str, &'static str, Vec<u8>)> {
        let day = self.day.with_timezone(&chrono_tz::Asia::Makassar).date_naive();
        let letter = letter_pdf(&Letter {
            applicant: who,
            services: &[Service::ResetPassword],
            number: &format!("000.3/{}/BLPE/B.PBJ", 1000 + nth),
            date: day,
            nip: None,
            signed: true,
            pad_to: None,
        });
        let decree = decree_pdf(&Decree { members: &[*who], ..Decree::of_year(day) });
        vec![("Surat Permohonan.pdf", PDF, letter), ("SK Helpdesk.pdf", PDF, decree)]
    }
}

/// A mail of somebody, perhaps in answer to a letter; `id` is the part of its Message-ID before the @.
fn mail(from: &Person, subject: String, text: String, id: String, answers: Option<&'static str>) -> Mail<'static> {
    let domain = from.email.rsplit_once('@').map_or("", |(_, domain)| domain);
    Mail {
        from: (from.name, from.email),
        subject,
        text,
        enclosed: Vec::new(),
        message_id: format!("{id}@{domain}"),
        at: now(),
        answers,
        automatic: false,
        authentic: true,
    }
}

/// As it lies in the office's mailbox: its server vouches for the sender.
pub fn stamped(mail: &Mail) -> Vec<u8> {
    mail.bytes(Some(Stamp { server: AUTHSERV_ID }))
}

/// Somebody's answer to a letter.
pub fn answer(from: (&str, &str), to: &kit::Letter, words: &str, id: &str) -> Vec<u8> {
    stamped(&Mail {
        from,
        subject: format!("Re: {}", to.subject),
        text: words.to_owned(),
        enclosed: Vec::new(),
        message_id: id.to_owned(),
        at: now(),
        answers: Some(&to.message_id),
        automatic: false,
        authentic: true,
    })
}

/// The `nth` of many invented people. They live as long as the test: a sample's people are constants.
fn person(nth: usize) -> Person {
    const FIRST: [&str; 10] = ["Agus", "Bayu", "Citra", "Dewi", "Eko", "Fitri", "Galih", "Hasna", "Indra", "Joko"];
    const MIDDLE: [&str; 10] = [
        "Anggara",
        "Budiman",
        "Cahyono",
        "Darmawan",
        "Efendi",
        "Firmansyah",
        "Gunawan",
        "Hidayat",
        "Iskandar",
        "Kusuma",
    ];
    const LAST: [&str; 10] = [
        "Lesmana",
        "Maulana",
        "Nasution",
        "Pranata",
        "Rahardjo",
        "Saputra",
        "Tanjung",
        "Utomo",
        "Wicaksono",
        "Yudhistira",
    ];
    const FAMILY: [&str; 10] =
        ["Abidin", "Basri", "Chaniago", "Daulay", "Fauzi", "Ginting", "Hutapea", "Lubis", "Marpaung", "Pohan"];
    let (a, b, c, d) = (nth % 10, nth / 10 % 10, nth / 100 % 10, nth / 1000 % 10);
    let (year, month, day) = (1970 + nth / 300 % 28, 1 + nth / 25 % 12, 1 + nth % 25);
    let kept = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    Person {
        user_id: kept(format!("HD.ORANG{nth:05}")),
        name: kept(format!("{} {} {} {}, S.Kom.", FIRST[a], MIDDLE[b], LAST[c], FAMILY[d])),
        nip: kept(format!("{year}{month:02}{day:02}{}011{:03}", year + 25, 900 + nth % 100)),
        email: kept(format!("orang{nth}@lembayungraya.example")),
        phone: kept(format!("0840{nth:08}")),
        ..RINA
    }
}
