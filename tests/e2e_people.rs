//! What applicants do with their mail, without a browser where the click is not the point.

use std::sync::Arc;

use loket::accounts::directory::{Directory, Login};
use loket::demo::samples::Person;
use loket::sop::names::UserId;
use loket::vault::{OsRandom, Secret};

use crate::kit::office::now;
use crate::kit::{Admin, Daemon, Letter, Office, Visitor};

/// The mail that asks for a decision on a case, and the place of the admin it went to.
pub async fn asked(office: &Office, admins: &[Admin], number: &str) -> (usize, Letter) {
    let mails = admins.iter().enumerate().map(|(at, admin)| {
        Box::pin(async move {
            let is = |l: &Letter| l.is_about(number) && l.subject.contains("TINDAKAN");
            (at, office.letter(&admin.address, "a decision is due", is).await)
        })
    });
    futures::future::select_all(mails).await.0
}

/// Opens the dossier from the admin's mail and presses the button of a decision; returns when the desk has answered.
pub async fn press(office: &Office, admin: &mut Admin, mail: &Letter, form: &str) {
    let label = if form == "tolak" { "Tolak:" } else { "Setujui:" };
    let link = mail.link(label, "tautan").expect("the mail links to the decision");
    let mut device = Visitor::default();
    let code = admin.code().await;
    let opened = device.post(&link, &[("kode", &code)]).await;
    assert_eq!(opened.status, 303, "a good code opens the dossier");
    let number = mail.number().expect("the mail names the case");
    let here = format!("{}/berkas/{number}", office.base_url());
    let review = device.get(&here).await;
    let hash = review.field(&format!("id=\"{form}\""), "bukti").expect("the form carries what it decides on");
    let fields: &[(&str, &str)] = match form {
        "tolak" => &[("bukti", &hash), ("dasar", "R04"), ("alasan", "")],
        _ => &[("bukti", &hash)],
    };
    let decided = device.post(&format!("{here}/{form}"), fields).await;
    assert_eq!(decided.status, 303, "the decision is taken");
}

/// Opens the one-time page from the result letter with the NIP, and reads what it shows: the user ID, and after a reset
/// the password.
pub async fn collect(office: &Office, person: &Person, number: &str) -> Vec<String> {
    let is = |l: &Letter| l.is_about(number) && l.body.contains("/ambil/");
    let result = office.letter(person.email, "the result", is).await;
    assert_eq!(result.to, [person.email], "a result goes to the registered address alone");
    let link = result.link("http", "ambil").expect("the result links to its page");
    let page = Visitor::default().post(&link, &[("nip", person.nip)]).await;
    assert_eq!(page.status, 200, "the NIP opens the page");
    page.secrets()
}

/// Follows the letter's other link and types the word that confirms the change.
pub async fn confirm_change(office: &Office, person: &Person, number: &str) {
    let letters = office.letters(person.email);
    let result = letters.iter().rev().find(|l| l.is_about(number) && l.body.contains("/ganti/"));
    let link = result.and_then(|letter| letter.link("http", "ganti")).expect("the result asks to confirm the change");
    let page = Visitor::default().post(&link, &[("kata", "SUDAH")]).await;
    assert_eq!(page.status, 200, "the change is confirmed");
}

/// Stops the daemon, which holds the account system's file, and logs in there: the password is temporary and right.
pub async fn login(mut daemon: Daemon, office: &Office, user_id: &UserId, password: &str) {
    assert!(daemon.stop().await.success(), "the daemon drains and ends well");
    let directory = Directory::open(&office.state().join("accounts.redb"), Arc::new(OsRandom));
    let directory = directory.expect("the daemon let go of the file");
    let login = directory.verify_login(user_id, &Secret::new(password.to_owned()), None, now()).await;
    assert_eq!(login.expect("a sound file"), Login::MustChange);
}
