//! Row 40 in the large: the daemon is killed in the middle of each step and started again in the same folder. No mail is
//! lost, no letter is written twice, an account is reset once, and everything ends in the archive.

use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;

use loket::demo::samples::people::{AGUNG, JOHANNES, MAILBOX, MELATI, RINA};
use loket::demo::samples::{Stamp, Thread, mails};
use loket::sop::names::UserId;

use crate::e2e_archive::archived;
use crate::e2e_people::{asked, collect, confirm_change, login, press};
use crate::kit::office::{ACKNOWLEDGED, now};
use crate::kit::postfix::AUTHSERV_ID;
use crate::kit::wait::wait_for;
use crate::kit::{Admin, Daemon, Office, Visitor};

const TEGUH: &str = "teguh.anggoro@lembayungraya.example";
const LESTARI: &str = "lestari.maharani@lembayungraya.example";
const GILANG: &str = "gilang.ramadhan@lembayungraya.example";

/// Approves; where a kill left the attempt undone, the admin is asked again and approves again.
async fn approve_and_crash(office: &Office, daemon: &mut Daemon, admins: &mut [Admin], number: &str, applicant: &str) {
    let (at, mail) = asked(office, admins, number).await;
    press(office, &mut admins[at], &mail, "setujui").await;
    daemon.crash().await;
    let has_result =
        || office.letters(applicant).iter().any(|letter| letter.is_about(number) && letter.body.contains("/ambil/"));
    let failed = wait_for("the result, or the admin asked again", || async {
        let asked_again = office
            .letters(&admins[at].address)
            .iter()
            .any(|letter| letter.is_about(number) && letter.subject.contains("gagal dilaksanakan"));
        (asked_again || has_result()).then_some(!has_result())
    })
    .await;
    if failed {
        let is = |l: &crate::kit::Letter| {
            l.is_about(number)
                && l.subject.contains("TINDAKAN")
                && l.body.contains("Setujui:")
                && l.message_id != mail.message_id
        };
        let mail = office.letter(&admins[at].address, "the decision is due again", is).await;
        press(office, &mut admins[at], &mail, "setujui").await;
    }
}

/// How many different letters with such a subject each case brought somebody.
fn letters_like(office: &Office, address: &str, subject: &str) -> BTreeMap<String, usize> {
    let mut ids: Vec<(String, String)> = office
        .letters(address)
        .into_iter()
        .filter(|letter| letter.subject.contains(subject))
        .filter_map(|letter| Some((letter.number()?, letter.message_id)))
        .collect();
    ids.sort();
    // A letter that was "maybe sent" leaves again under the same Message-ID, by which its reader's program knows it.
    ids.dedup();
    let mut counts = BTreeMap::new();
    for (number, _) in ids {
        *counts.entry(number).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn a_daemon_killed_in_every_step_loses_nothing_and_doubles_nothing() {
    let office = Office::open().await;
    let (mut daemon, mut admins) = Daemon::open(&office, &[TEGUH, LESTARI, GILANG]).await;
    let samples = office.samples();
    let sample = |id: &str| samples.iter().find(|s| s.label.id == id).expect("a sample of this name");
    for id in ["complete", "nip_differs", "user_id", "completed_later", "vendor"] {
        office.send_sample(sample(id)).await;
    }

    // Step 1: on record, perhaps not filed, its letters perhaps not sent.
    daemon.tells("mail is on record", 1).await;
    daemon.crash().await;
    let refused = office.handled(5).await;
    let complete = office.number_given_to(RINA.email).await;
    let differs = office.number_given_to(MELATI.email).await;
    let user_id = office.number_given_to(JOHANNES.email).await;
    let completed = office.number_given_to(AGUNG.email).await;
    let vendor = office.letter("admin@sinarpagi.example", "where to turn", |l| l.subject.contains("di luar")).await;
    // Steps 2 to 5: a proposal waits; the links that were mailed stay good.
    daemon.crash().await;
    // Steps 3 and 4: asked to complete, by a reply; the applicant answers while nobody is there.
    let (at, mail) = asked(&office, &admins, &completed).await;
    let before = daemon.log().matches("mail is on record").count();
    office.reply(&admins[at].address, &mail, "LENGKAPI").await;
    daemon.tells("mail is on record", before + 1).await;
    daemon.crash().await;
    let missing = office.letter(AGUNG.email, "what is missing", |l| l.subject.contains("kelengkapan")).await;
    daemon.kill();
    let thread =
        Thread { case_number: &completed, message_id: &missing.message_id, subject: &missing.subject, at: now() };
    let answer = sample("completed_later").follow_up(thread).expect("it has a second mail");
    office.send(AGUNG.email, &answer).await;
    daemon.resume().await;
    // Step 7.
    let (at, mail) = asked(&office, &admins, &differs).await;
    press(&office, &mut admins[at], &mail, "tolak").await;
    daemon.crash().await;
    // Step 6, once for a reset and once for a user ID.
    approve_and_crash(&office, &mut daemon, &mut admins, &complete, RINA.email).await;
    approve_and_crash(&office, &mut daemon, &mut admins, &user_id, JOHANNES.email).await;
    approve_and_crash(&office, &mut daemon, &mut admins, &completed, AGUNG.email).await;
    // Step 8: before the result is fetched, right after, and right after the change is confirmed.
    daemon.crash().await;
    let shown = collect(&office, &RINA, &complete).await;
    daemon.crash().await;
    let result = office.letters(RINA.email).into_iter().rev().find_map(|l| l.link("http", "ambil"));
    let link = result.expect("the result was sent");
    let again = Visitor::default().post(&link, &[("nip", RINA.nip)]).await;
    confirm_change(&office, &RINA, &complete).await;
    daemon.crash().await;
    let told = collect(&office, &JOHANNES, &user_id).await;
    collect(&office, &AGUNG, &completed).await;
    confirm_change(&office, &AGUNG, &completed).await;
    // Step 9.
    daemon.crash().await;

    let numbers = [&complete, &completed, &differs, &user_id, &vendor.number().expect("registered")];
    let outcomes = archived(&daemon, &numbers).await;
    daemon.crash().await;
    assert_eq!(outcomes, ["reset_confirmed", "reset_confirmed", "rejected", "user_id_given", "out_of_scope"]);
    let lines = daemon.json(&["archive", "list", "--json"]);
    assert_eq!(lines.as_array().map(Vec::len), Some(numbers.len()), "each dossier once: {lines}");
    assert_eq!(daemon.json(&["archive", "verify", "--json"])["damage"], serde_json::json!([]));
    assert_eq!(daemon.json(&["cases", "list", "--json"]), serde_json::json!([]), "nothing is left behind");
    assert_eq!((refused, office.dovecot.files(MAILBOX, "INBOX").len()), (1, 0));
    assert_eq!((again.status, again.secrets().len()), (404, 0), "a result is shown once, also over a crash");
    for (person, number, ending) in [
        (RINA, &complete, "Hasil reset"),
        (AGUNG, &completed, "Hasil reset"),
        (MELATI, &differs, "ditolak"),
        (JOHANNES, &user_id, "Informasi user ID"),
    ] {
        let once = BTreeMap::from([(number.clone(), 1)]);
        assert_eq!(letters_like(&office, person.email, ACKNOWLEDGED), once, "one acknowledgement");
        assert_eq!(letters_like(&office, person.email, ending), once, "one {ending:?}");
    }
    assert_eq!(told, [JOHANNES.user_id]);
    let [user_id, password] = &shown[..] else { panic!("user ID and password, not {} values", shown.len()) };
    login(daemon, &office, &UserId(user_id.clone()), password).await;
}

#[tokio::test]
async fn letters_that_could_not_leave_before_a_crash_leave_after_it() {
    let mut office = Office::open().await;
    let (mut daemon, admins) = Daemon::open(&office, &[TEGUH]).await;
    office.postfix.stop();
    let samples = mails(now(), Some(Stamp { server: AUTHSERV_ID }));
    for sample in samples.iter().filter(|s| ["complete", "completed_later"].contains(&s.label.id)) {
        office.dovecot.deliver(MAILBOX, &sample.raw).await;
    }
    office.handled(2).await;
    daemon.tells("effect=\"letter\"", 4).await;

    daemon.crash().await;
    office.postfix.resume().await;
    let complete = office.number_given_to(RINA.email).await;
    let other = office.number_given_to(AGUNG.email).await;
    let (_, mail) = asked(&office, &admins, &complete).await;
    asked(&office, &admins, &other).await;

    assert_eq!(letters_like(&office, RINA.email, ""), BTreeMap::from([(complete, 1)]));
    assert_eq!(letters_like(&office, AGUNG.email, ""), BTreeMap::from([(other, 1)]));
    let lock = Visitor::default().get(&mail.link("Setujui:", "tautan").expect("a link")).await;
    assert_eq!(lock.status, 200, "a link written before the crash opens after it");
}

/// An account system that takes its time: it writes a reset down, says that it began, and answers when the gate opens.
const SLOW: &str = r#"
asked=$(cat)
key=$(printf %s "$asked" | sed -n 's/.*"idempotency_key":"\([^"]*\)".*/\1/p')
case $asked in
*'"request":"reset"'*)
  printf '%s\n' "$key" >>"$1/resets"
  : >"$1/begun"
  read -r word <"$1/gate"
  echo '{"outcome": "done"}' ;;
*'"request":"read_back"'*)
  if grep -qxF "$key" "$1/resets"; then echo '{"took_effect": true}'; else echo '{"took_effect": false}'; fi ;;
*) echo '{"ready": "siap"}' ;;
esac
"#;

#[tokio::test]
async fn a_reset_that_was_under_way_is_looked_up_and_never_repeated() {
    let accounts = "driver = \"command\"\n[accounts.command]\nprogram = \"/bin/sh\"\narguments = [\"@/slow.sh\", \"@\"]\n\
                    deadline_seconds = 120\nread_back = true\n";
    let office = Office::open_with(accounts).await;
    let folder = office.folder.path();
    office.write("slow.sh", SLOW);
    rustix::fs::mknodat(rustix::fs::CWD, folder.join("gate"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
        .expect("the folder is ours");
    let (mut daemon, mut admins) = Daemon::open(&office, &[TEGUH]).await;
    let samples = office.samples();
    office.send_sample(&samples[0]).await;
    let number = office.number_given_to(RINA.email).await;
    let (_, mail) = asked(&office, &admins, &number).await;

    press(&office, &mut admins[0], &mail, "setujui").await;
    wait_for("the script at work", || async { folder.join("begun").exists().then_some(()) }).await;
    daemon.crash().await;
    // Let the script that nobody waits for any more come to its end.
    let gate = std::fs::File::options().write(true).custom_flags(libc_nonblock()).open(folder.join("gate"));
    drop(gate);
    let shown = collect(&office, &RINA, &number).await;

    let resets = std::fs::read_to_string(folder.join("resets")).expect("the script wrote it");
    assert_eq!(resets.lines().count(), 1, "asked to reset once: {resets}");
    assert_eq!(shown.len(), 2, "user ID and password");
    let unknown = office.letters(TEGUH).into_iter().filter(|l| l.subject.contains("belum diketahui")).count();
    assert!(unknown <= 1);
    assert!(daemon.stop().await.success());
}

/// `O_NONBLOCK`: whoever opens a gate that nobody stands at goes on.
fn libc_nonblock() -> i32 {
    i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("a flag of open(2) fits its argument")
}
