//! The same procedure with no desk at all: admins answer their mail, through the office's own mail server. What makes a
//! reply a decision (who sent it, what it answers, its code) is held here against replies that lack it.

use loket::demo::samples::Thread;
use loket::demo::samples::people::{AGUNG, JOHANNES, MELATI, RINA};
use loket::sop::names::UserId;

use crate::e2e_archive::{archived, dossier};
use crate::e2e_people::{asked, collect, confirm_change, login};
use crate::kit::office::now;
use crate::kit::postfix::FORGED;
use crate::kit::{Daemon, Letter, Office};

const TEGUH: &str = "teguh.anggoro@lembayungraya.example";
const LESTARI: &str = "lestari.maharani@lembayungraya.example";
const GILANG: &str = "gilang.ramadhan@lembayungraya.example";

#[tokio::test]
async fn requests_are_decided_by_answering_the_mail() {
    let office = Office::open().await;
    let (daemon, mut admins) = Daemon::open(&office, &[TEGUH, LESTARI, GILANG]).await;
    let samples = office.samples();
    let sample = |id: &str| samples.iter().find(|s| s.label.id == id).expect("a sample of this name");
    for id in ["complete", "completed_later", "nip_differs", "user_id"] {
        office.send_sample(sample(id)).await;
    }
    let complete = office.number_given_to(RINA.email).await;
    let completed = office.number_given_to(AGUNG.email).await;
    let differs = office.number_given_to(MELATI.email).await;
    let user_id = office.number_given_to(JOHANNES.email).await;

    for number in [&complete, &user_id] {
        let (at, mail) = asked(&office, &admins, number).await;
        let words = format!("SETUJU {}", admins[at].code().await);
        office.reply(&admins[at].address, &mail, &words).await;
    }
    let (at, mail) = asked(&office, &admins, &completed).await;
    office.reply(&admins[at].address, &mail, "LENGKAPI").await;
    let (at, mail) = asked(&office, &admins, &differs).await;
    office.reply(&admins[at].address, &mail, "TOLAK\n\nNIP pada surat berbeda dari register.").await;
    let missing = office.letter(AGUNG.email, "what is missing", |l| l.subject.contains("kelengkapan")).await;
    let thread =
        Thread { case_number: &completed, message_id: &missing.message_id, subject: &missing.subject, at: now() };
    let answer = sample("completed_later").follow_up(thread).expect("it has a second mail");
    office.send(AGUNG.email, &answer).await;
    let (at, mail) = asked(&office, &admins, &completed).await;
    let words = format!("Setuju {}", admins[at].code().await);
    office.reply(&admins[at].address, &mail, &words).await;
    let shown = collect(&office, &RINA, &complete).await;
    confirm_change(&office, &RINA, &complete).await;
    let told = collect(&office, &JOHANNES, &user_id).await;
    collect(&office, &AGUNG, &completed).await;
    confirm_change(&office, &AGUNG, &completed).await;

    let outcomes = archived(&daemon, &[&complete, &completed, &differs, &user_id]).await;
    let rejection = office.letter(MELATI.email, "the rejection", |l| l.subject.contains("ditolak")).await;
    assert_eq!(outcomes, ["reset_confirmed", "reset_confirmed", "rejected", "user_id_given"]);
    assert_eq!(told, [JOHANNES.user_id]);
    assert!(rejection.is_about(&differs));
    let journal = dossier(&daemon, &office, &completed).history();
    let approvals: Vec<_> = journal.iter().filter(|entry| entry["event"] == "approved").collect();
    assert_eq!(approvals.len(), 1, "one decision");
    assert_eq!(approvals[0]["decision"]["channel"], "reply");
    assert_eq!(approvals[0]["decision"]["by"], admins[at].address.as_str());
    assert_eq!(office.handled(10).await, 0, "every reply is filed as handled");
    let [user_id, password] = &shown[..] else { panic!("user ID and password, not {} values", shown.len()) };
    login(daemon, &office, &UserId(user_id.clone()), password).await;
}

#[tokio::test]
async fn a_reply_without_the_right_decides_nothing() {
    let office = Office::open().await;
    let (daemon, mut admins) = Daemon::open(&office, &[TEGUH]).await;
    let samples = office.samples();
    let sample = |id: &str| samples.iter().find(|s| s.label.id == id).expect("a sample of this name");
    office.send_sample(sample("complete")).await;
    office.send_sample(sample("completed_later")).await;
    let complete = office.number_given_to(RINA.email).await;
    let other = office.number_given_to(AGUNG.email).await;
    let (_, mail) = asked(&office, &admins, &complete).await;
    let (_, outdated) = asked(&office, &admins, &other).await;
    let acknowledged = office.letters(AGUNG.email).remove(0);

    // A code that is good, in a mail that only says it is the admin's: the mail is held.
    let good = admins[0].code().await;
    let envelope = format!("siapa@{FORGED}");
    office.reply_as(&envelope, TEGUH, &mail, &format!("SETUJU {good}")).await;
    let held = office.letter(TEGUH, "a held mail", |l| l.subject.contains("ditahan")).await;
    // The same from the applicant: words for the case, and no decision.
    office.reply(RINA.email, &mail, &format!("SETUJU {good}")).await;
    office.handled(4).await;
    let before = daemon.json(&["cases", "show", &complete, "--json"]);
    // The admin's own, which decides; then the same code for another case.
    let mail = newest(&office, TEGUH, &complete, mail);
    // A fresh one: on a busy machine the first may have grown old by now.
    let good = admins[0].code().await;
    office.reply(TEGUH, &mail, &format!("SETUJU {good}")).await;
    let decided = office.letter(TEGUH, "the decision is done", |l| l.subject.contains("Keputusan telah")).await;
    office.reply(TEGUH, &outdated, &format!("SETUJU {good}")).await;
    let used = office.letter(TEGUH, "a code counts once", |l| l.subject.contains("tidak dapat dilaksanakan")).await;
    // Somebody decided already.
    office.reply(TEGUH, &mail, "TOLAK").await;
    let late = office.letter(TEGUH, "decided already", |l| l.subject.contains("sudah diputuskan")).await;
    // The dossier changed under the admin's hands.
    let thread =
        Thread { case_number: &other, message_id: &acknowledged.message_id, subject: &acknowledged.subject, at: now() };
    let answer = sample("completed_later").follow_up(thread).expect("it has a second mail");
    office.send(AGUNG.email, &answer).await;
    let (_, second) = asked(&office, &admins, &other).await;
    office.reply(TEGUH, &outdated, "TOLAK").await;
    let fresh = office.letter(TEGUH, "the fresh proposal", |l| l.subject.contains("berkas berubah")).await;
    let code = admins[0].code().await;
    office.reply(TEGUH, &fresh, &format!("SETUJU {code}")).await;
    collect(&office, &AGUNG, &other).await;

    assert!(held.body.contains(TEGUH), "the admin is told whose name was used");
    assert_ne!(before["phase"], "executing");
    assert!(before["history"].as_array().is_some_and(|events| !events.iter().any(|e| e["event"] == "approved")));
    assert!(decided.is_about(&complete) && used.is_about(&other) && late.is_about(&complete));
    assert!(second.is_about(&other) && fresh.is_about(&other));
    for person in [RINA, AGUNG] {
        let results = office.letters(person.email).into_iter().filter(|l| l.body.contains("/ambil/")).count();
        assert_eq!(results, 1, "one result for {}", person.user_id);
    }
}

/// The admin's latest mail about a case: words of the applicant may have brought a fresh one.
fn newest(office: &Office, admin: &str, number: &str, known: Letter) -> Letter {
    let mut mails = office.letters(admin).into_iter().filter(|l| l.is_about(number) && l.subject.contains("TINDAKAN"));
    mails.next_back().unwrap_or(known)
}
