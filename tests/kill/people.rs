//! What people do while the program comes and goes: they write, read what arrives, decide, collect and confirm. Where the desk is
//! away or breaks off they try again later, as people do, and take what they then find for an answer.

use std::collections::{BTreeMap, BTreeSet};

use loket::demo::samples::people::{MAILBOX, Person};
use loket::sop::names::Service;
use loket::vault::sha256_hex;
use mail_parser::{HeaderValue, MessageParser, Received};

use super::writers::{Kind, Writers, answer, stamped};
use crate::kit::{Letter, Office, Visitor};
use crate::simulation::lot::Lot;

pub const ADMIN: &str = "teguh.anggoro@lembayungraya.example";
pub const PHRASE: &str = "layang layang putus di atas sawah";

/// Requests that are not yet at their end; more would only make each life longer.
const UNDER_WAY: usize = 7;

/// A request, as the one who wrote it knows it.
pub struct Request {
    pub kind: Kind,
    pub who: Person,
    /// Of every mail they sent, without angle brackets.
    pub mails: Vec<String>,
    pub number: Option<String>,
    /// What the result page showed: a password, or the user ID.
    pub shown: Vec<String>,
    /// Nothing is left for them to do.
    pub over: bool,
}

/// A letter that waits for somebody to act on it.
struct Due {
    /// Of the request; `None` while its number is not known.
    nth: Option<usize>,
    letter: Letter,
    /// The result page gave an answer already.
    collected: bool,
}

/// One copy of a letter.
pub struct Copy {
    /// Hash of its words.
    pub words: String,
    /// When the office's mail server took it over, in seconds since 1970: its lowest `Received` says so.
    pub taken: i64,
}

/// What became of an attempt to act.
#[derive(PartialEq, Eq)]
enum Tried {
    Done,
    /// The desk is away, or broke off: nobody knows.
    Away,
}

pub struct People {
    pub writers: Writers,
    pub requests: Vec<Request>,
    /// Message-IDs of the admin's replies.
    pub replies: Vec<String>,
    /// What arrived: by mailbox and Message-ID, each copy.
    pub letters: BTreeMap<(String, String), Vec<Copy>>,
    /// Whether new requests are written.
    pub writing: bool,
    due: Vec<Due>,
    /// What the desk said where it did not do as asked, for whoever looks into a failure.
    pub refusals: BTreeMap<String, usize>,
}

impl People {
    pub fn new(writers: Writers) -> Self {
        Self {
            writers,
            requests: Vec::new(),
            replies: Vec::new(),
            letters: BTreeMap::new(),
            writing: true,
            due: Vec::new(),
            refusals: BTreeMap::new(),
        }
    }

    pub fn waits(&self) -> bool {
        !self.due.is_empty()
    }

    /// One round: everybody looks into their mailbox and does what is theirs to do.
    pub async fn act(&mut self, office: &Office, lot: &mut Lot) {
        let open = self.requests.iter().filter(|request| !request.over).count();
        if self.writing && open < UNDER_WAY {
            self.write(office, lot).await;
        }
        self.read_mailboxes(office, false);
        for mut due in std::mem::take(&mut self.due) {
            if self.handle(office, &mut due).await == Tried::Away {
                self.due.push(due);
            }
        }
    }

    async fn write(&mut self, office: &Office, lot: &mut Lot) {
        let kind = Kind::MIXED[lot.below(Kind::MIXED.len())];
        let (who, mail) = self.writers.request(self.requests.len(), kind);
        office.dovecot.deliver(MAILBOX, &stamped(&mail)).await;
        let mails = vec![mail.message_id];
        self.requests.push(Request { kind, who, mails, number: None, shown: Vec::new(), over: false });
    }

    /// Takes every letter out of the mailboxes, as a mail program that keeps its mail on one's own machine does.
    /// Whose request is over looks in once more when `all` do.
    pub fn read_mailboxes(&mut self, office: &Office, all: bool) {
        let open = self.requests.iter().enumerate().filter(|(_, request)| all || !request.over);
        let mut boxes: Vec<(Option<usize>, &str)> = open.map(|(nth, request)| (Some(nth), request.who.email)).collect();
        boxes.push((None, ADMIN));
        for (nth, address) in boxes {
            for file in office.dovecot.files(address, "INBOX") {
                // Dovecot may be renaming it at this moment: then the next look finds it.
                let Ok(raw) = std::fs::read(&file) else { continue };
                if std::fs::remove_file(&file).is_err() {
                    continue;
                }
                let letter = Letter::read(&raw).expect("a letter of the program has a Message-ID");
                let copies = self.letters.entry((address.to_owned(), letter.message_id.clone())).or_default();
                copies.push(Copy { words: sha256_hex(letter.body.as_bytes()).0, taken: taken(&raw) });
                // A second copy is no news to its reader.
                if copies.len() == 1 {
                    if let (Some(nth), Some(number)) = (nth, letter.number()) {
                        self.requests[nth].number.get_or_insert(number);
                    }
                    self.due.push(Due { nth, letter, collected: false });
                }
            }
        }
    }

    async fn handle(&mut self, office: &Office, due: &mut Due) -> Tried {
        match due.nth {
            Some(nth) => self.applicant(office, nth, due).await,
            None => self.admin(office, due).await,
        }
    }

    async fn admin(&mut self, office: &Office, due: &Due) -> Tried {
        let letter = &due.letter;
        if !letter.subject.contains("TINDAKAN") {
            return Tried::Done;
        }
        let number = letter.number();
        let Some(nth) = self.requests.iter().position(|r| r.number.is_some() && r.number == number) else {
            return Tried::Away;
        };
        let completed = self.requests[nth].mails.len() > 1;
        let words = match self.requests[nth].kind {
            Kind::Completed if completed => return self.approve(office, letter).await,
            Kind::Reset | Kind::UserId => return self.approve(office, letter).await,
            Kind::Completed | Kind::Withdrawn => "LENGKAPI",
            Kind::Rejected => "TOLAK\n\nPersyaratan tidak dilengkapi.",
            // Nobody is asked about these; the judge finds it if somebody was.
            Kind::OutOfScope => return Tried::Done,
        };
        let id = format!("putusan-{}@lembayungraya.example", self.replies.len());
        office.dovecot.deliver(MAILBOX, &answer(("Teguh Anggoro", ADMIN), letter, words, Vec::new(), &id)).await;
        self.replies.push(id);
        Tried::Done
    }

    /// Opens the dossier with the passphrase and approves. Whatever the desk answers is the end of it: a decision that is
    /// due again comes with a letter of its own.
    async fn approve(&mut self, office: &Office, letter: &Letter) -> Tried {
        let number = letter.number().expect("the mail names the case");
        let Some(link) = letter.link("Setujui:", "tautan") else { return Tried::Done };
        let here = format!("{}/berkas/{number}", office.base_url());
        let mut device = Visitor::default();
        let Some(opened) = device.try_post(&link, &[("frasa", PHRASE)]).await else { return Tried::Away };
        if opened.status != 303 {
            return self.refused("opening", opened.status);
        }
        let Some(review) = device.try_get(&here).await else { return Tried::Away };
        let Some(hash) = review.field("id=\"setujui\"", "bukti") else { return self.refused("review", review.status) };
        match device.try_post(&format!("{here}/setujui"), &[("bukti", &hash)]).await {
            None => Tried::Away,
            Some(page) if page.status == 303 => Tried::Done,
            Some(page) => self.refused("approval", page.status),
        }
    }

    async fn applicant(&mut self, office: &Office, nth: usize, due: &mut Due) -> Tried {
        let letter = &due.letter;
        let request = &mut self.requests[nth];
        match request.kind {
            Kind::Reset | Kind::Completed | Kind::UserId if letter.body.contains("/ambil/") => {
                return self.collect(nth, due).await;
            }
            Kind::Completed | Kind::Withdrawn if letter.subject.contains("Permintaan kelengkapan") => {
                let (words, enclosed) = match request.kind {
                    Kind::Completed => ("Terlampir berkasnya.", self.writers.papers(nth, &[Service::ResetPassword])),
                    _ => ("BATAL\n\nSudah saya ingat.", Vec::new()),
                };
                let id = format!("jawab-{nth}@lembayungraya.example");
                let mail = answer((request.who.name, request.who.email), letter, words, enclosed, &id);
                office.dovecot.deliver(MAILBOX, &mail).await;
                request.mails.push(id);
            }
            Kind::Withdrawn => request.over |= letter.subject.contains("dicabut"),
            Kind::Rejected => request.over |= letter.subject.contains("ditolak"),
            Kind::OutOfScope => request.over |= letter.subject.contains("di luar"),
            Kind::Reset | Kind::Completed | Kind::UserId => {}
        }
        Tried::Done
    }

    /// The one-time page, then the change confirmed. A page that broke off is lost to its reader, who changes nothing about
    /// the rest of the walk by that.
    async fn collect(&mut self, nth: usize, due: &mut Due) -> Tried {
        let link = due.letter.link("http", "ambil").expect("the result links to its page");
        let nip = self.requests[nth].who.nip;
        if !due.collected {
            let Some(page) = Visitor::default().try_post(&link, &[("nip", nip)]).await else { return Tried::Away };
            due.collected = true;
            match page.secrets().pop() {
                Some(secret) if page.status == 200 => self.requests[nth].shown.push(secret),
                _ => {
                    self.refused("result", page.status);
                }
            }
        }
        if self.requests[nth].kind.resets() {
            let link = due.letter.link("http", "ganti").expect("the result asks to confirm the change");
            let Some(page) = Visitor::default().try_post(&link, &[("kata", "SUDAH")]).await else { return Tried::Away };
            if page.status != 200 {
                self.refused("change", page.status);
            }
        }
        self.requests[nth].over = true;
        Tried::Done
    }

    fn refused(&mut self, what: &str, status: u16) -> Tried {
        *self.refusals.entry(format!("{what} {status}")).or_default() += 1;
        Tried::Done
    }

    /// Message-IDs of every mail that went in.
    pub fn sent(&self) -> BTreeSet<&str> {
        self.requests.iter().flat_map(|request| &request.mails).chain(&self.replies).map(String::as_str).collect()
    }
}

fn taken(raw: &[u8]) -> i64 {
    let message = MessageParser::new().parse_headers(raw).expect("a letter has a header");
    let received = message.header_values("Received").filter_map(HeaderValue::as_received);
    let first = received.last().and_then(Received::date).expect("a mail server says when it took a letter over");
    first.to_timestamp()
}
