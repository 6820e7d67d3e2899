//! Row 40 where the surroundings stand still: the daemon is killed while its mail server is away, and while the account system
//! takes its time. Killed at every moment it is in `kill`.

use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;

use loket::demo::samples::people::{AGUNG, MAILBOX, RINA};
use loket::demo::samples::{Stamp, mails};

use crate::e2e_people::{asked, collect, press};
use crate::kit::office::now;
use crate::kit::postfix::AUTHSERV_ID;
use crate::kit::wait::wait_for;
use crate::kit::{Daemon, Office, Visitor};

const TEGUH: &str = "teguh.anggoro@lembayungraya.example";

/// How many different letters each case brought somebody.
fn letters_to(office: &Office, address: &str) -> BTreeMap<String, usize> {
    let mut ids: Vec<(String, String)> =
        office.letters(address).into_iter().filter_map(|letter| Some((letter.number()?, letter.message_id))).collect();
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

    assert_eq!(letters_to(&office, RINA.email), BTreeMap::from([(complete, 1)]));
    assert_eq!(letters_to(&office, AGUNG.email), BTreeMap::from([(other, 1)]));
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

/// An account system that answers too late: it acts five seconds after its script was ended, and knows nothing before.
const LATE: &str = r#"
read -r asked || exit 70
case $asked in *'"request":"probe"'*) echo '{"ready": "siap"}'; exit ;; esac
key=${asked#*'"idempotency_key":"'}; key=${key%%'"'*}
case $asked in
*'"request":"reset"'*)
  setsid sh -c 'sleep 15; printf "%s\n" "$0" >>"$1/resets"' "$key" "$1" </dev/null >/dev/null 2>&1 &
  exec sleep 600 ;;
*'"request":"read_back"'*)
  took=false; grep -qxF "$key" "$1/resets" 2>/dev/null && took=true
  echo $took >>"$1/said"; printf '{"took_effect": %s}\n' $took ;;
esac
"#;

#[tokio::test]
async fn t45_a_reset_that_happens_after_its_script_was_ended_is_not_decided_anew() {
    let accounts = "driver = \"command\"\n[accounts.command]\nprogram = \"/bin/sh\"\narguments = [\"@/late.sh\", \"@\"]\n\
                    deadline_seconds = 10\nread_back = true\n";
    let office = Office::open_with(accounts).await;
    let folder = office.folder.path();
    office.write("late.sh", LATE);
    let (mut daemon, mut admins) = Daemon::open(&office, &[TEGUH]).await;
    office.send_sample(&office.samples()[0]).await;
    let number = office.number_given_to(RINA.email).await;
    let (_, mail) = asked(&office, &admins, &number).await;

    press(&office, &mut admins[0], &mail, "setujui").await;
    let shown = collect(&office, &RINA, &number).await;

    let lines = |name: &str| -> Vec<String> {
        std::fs::read_to_string(folder.join(name)).expect("the script wrote it").lines().map(str::to_owned).collect()
    };
    assert_eq!(lines("resets").len(), 1, "reset once");
    assert_eq!(lines("said").first().map(String::as_str), Some("false"), "it was asked while nothing had happened");
    assert_eq!(shown.len(), 2, "user ID and password");
    assert!(daemon.stop().await.success());
}

/// `O_NONBLOCK`: whoever opens a gate that nobody stands at goes on.
fn libc_nonblock() -> i32 {
    i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("a flag of open(2) fits its argument")
}
