//! The whole procedure on real mail: requests of every kind come in through Postfix and Dovecot, people decide and
//! collect by clicks in Chromium, and the dossiers are read back from the archive.

use loket::demo::samples::Thread;
use loket::demo::samples::people::{AGUNG, JOHANNES, MAILBOX, MELATI, RINA};
use loket::sop::names::UserId;

use crate::e2e_archive::{archived, assert_whole, dossier};
use crate::e2e_people::{asked, login};
use crate::kit::office::{PROCESSED, REFUSED, now};
use crate::kit::{Admin, Browser, Daemon, Office};

const ADMINS: [&str; 3] = [
    "teguh.anggoro@lembayungraya.example",
    "lestari.maharani@lembayungraya.example",
    "gilang.ramadhan@lembayungraya.example",
];

/// The people at their screens, all at one browser.
struct Screen {
    office: Office,
    admins: Vec<Admin>,
    browser: Browser,
}

impl Screen {
    /// The admin whose work a case is opens the link in their mail with a code.
    async fn open_dossier(&mut self, number: &str, link: &str) {
        let (at, letter) = asked(&self.office, &self.admins, number).await;
        let link = letter.link(link, "tautan").expect("the mail links to the decision");
        self.browser.open(&link).await;
        let code = self.admins[at].code().await;
        self.browser.fill("#kode", &code).await;
        self.browser.press("main form button").await;
        self.browser.reached("#tolak button").await;
    }

    /// Presses the button of a decision, and sees the case's page after it.
    async fn decide(&self, number: &str, form: &str) {
        self.browser.press(&format!("#{form} button:not([type=button])")).await;
        self.browser.arrived(&format!("{}/berkas/{number}", self.office.base_url())).await;
    }

    async fn approve(&mut self, number: &str) {
        self.open_dossier(number, "Setujui:").await;
        self.decide(number, "setujui").await;
    }

    /// The applicant opens the one-time page from their mail; what it shows, in its order.
    async fn collect(&self, address: &str, number: &str, nip: &str) -> Vec<String> {
        let result =
            self.office.letter(address, "the result", |l| l.is_about(number) && l.body.contains("/ambil/")).await;
        assert_eq!(result.to, [address], "a result goes to the registered address alone");
        let link = result.link("http", "ambil").expect("the result links to its page");
        self.browser.open(&link).await;
        assert!(!self.browser.shows(".secret").await, "opening the page shows nothing yet");
        self.browser.fill("#nip", nip).await;
        self.browser.press("main form button").await;
        self.browser.reached(".secret").await;
        self.browser.texts(".secret").await.iter().map(|text| text.split_whitespace().collect()).collect()
    }

    /// Whether the one-time page is gone for whoever opens it again.
    async fn is_used_up(&self, address: &str, number: &str) -> bool {
        let letters = self.office.letters(address);
        let result = letters.iter().rev().find(|l| l.is_about(number) && l.body.contains("/ambil/"));
        let link = result.and_then(|letter| letter.link("http", "ambil")).expect("the result was sent");
        self.browser.open(&link).await;
        !self.browser.shows("#nip").await && !self.browser.shows(".secret").await
    }
}

#[tokio::test]
async fn requests_of_every_kind_are_decided_by_clicks_and_end_in_the_archive() {
    let office = Office::open().await;
    let (daemon, admins) = Daemon::open(&office, &ADMINS).await;
    let samples = office.samples();
    let sample = |id: &str| samples.iter().find(|s| s.label.id == id).expect("a sample of this name");
    for id in ["complete", "completed_later", "nip_differs", "user_id", "vendor", "auto_reply"] {
        office.send_sample(sample(id)).await;
    }
    let refused = office.handled(6).await;
    let mut screen = Screen { office, admins, browser: Browser::start().await };
    let complete = screen.office.number_given_to(RINA.email).await;
    let completed = screen.office.number_given_to(AGUNG.email).await;
    let differs = screen.office.number_given_to(MELATI.email).await;
    let user_id = screen.office.number_given_to(JOHANNES.email).await;
    let vendor =
        screen.office.letter("admin@sinarpagi.example", "where to turn", |l| l.subject.contains("di luar")).await;

    screen.approve(&complete).await;
    screen.open_dossier(&completed, "Minta lengkapi:").await;
    screen.decide(&completed, "lengkapi").await;
    let asked = screen.office.letter(AGUNG.email, "what is missing", |l| l.subject.contains("kelengkapan")).await;
    let thread = Thread { case_number: &completed, message_id: &asked.message_id, subject: &asked.subject, at: now() };
    let answer = sample("completed_later").follow_up(thread).expect("it has a second mail");
    screen.office.send(AGUNG.email, &answer).await;
    screen.open_dossier(&differs, "Tolak:").await;
    screen.decide(&differs, "tolak").await;
    screen.approve(&user_id).await;
    let shown = screen.collect(RINA.email, &complete, RINA.nip).await;
    screen.browser.press("main form button").await;
    screen.browser.reached(".note.ok").await;
    let used_up = screen.is_used_up(RINA.email, &complete).await;
    let told = screen.collect(JOHANNES.email, &user_id, JOHANNES.nip).await;
    screen.approve(&completed).await;
    let second = screen.collect(AGUNG.email, &completed, AGUNG.nip).await;
    let later = screen.office.letters(AGUNG.email);
    let change =
        later.iter().rev().find_map(|l| l.link("http", "ganti")).expect("the result asks to confirm the change");
    screen.browser.open(&change).await;
    screen.browser.fill("#kata", "SUDAH").await;
    screen.browser.press("main form button").await;
    screen.browser.reached(".note.ok").await;

    let rejected = screen.office.letter(MELATI.email, "the rejection", |l| l.subject.contains("ditolak")).await;
    let numbers = [&complete, &completed, &differs, &user_id, &vendor.number().expect("registered")];
    let outcomes = archived(&daemon, &numbers).await;
    assert_eq!(
        outcomes,
        ["reset_confirmed", "reset_confirmed", "rejected", "user_id_given", "out_of_scope"],
        "as each request's label says"
    );
    assert_eq!(refused, 1, "the vendor's mail lies in the refused folder");
    assert!(used_up, "the one-time page opens once");
    assert_eq!(told, [JOHANNES.user_id]);
    assert!(rejected.is_about(&differs) && !rejected.body.contains(MELATI.nip));
    let [(first_id, password), (second_id, second)] = [&shown, &second].map(|values| match &values[..] {
        [user_id, password] => (user_id.as_str(), password),
        other => panic!("a reset shows user ID and password, not {} values", other.len()),
    });
    assert_eq!([first_id, second_id], [RINA.user_id, AGUNG.user_id]);
    for number in numbers {
        let dossier = dossier(&daemon, &screen.office, number);
        assert_whole(&dossier);
        dossier.assert_free_of(&[password, second]);
        assert!(dossier.holds_mails_of(&screen.office), "the mails as they came, of {number}");
    }
    assert_eq!(daemon.json(&["archive", "verify", "--json"])["damage"], serde_json::json!([]));
    assert_eq!(screen.office.dovecot.files(MAILBOX, PROCESSED).len(), 6);
    assert_eq!(screen.office.dovecot.files(MAILBOX, REFUSED).len(), 1);
    assert!(
        !daemon.log().contains(password.as_str()) && !daemon.log().contains(second.as_str()),
        "a log holds no secret"
    );
    login(daemon, &screen.office, &UserId(RINA.user_id.to_owned()), password).await;
    screen.browser.close().await;
}
