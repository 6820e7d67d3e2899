//! An office whose program is killed and started over and over, while its people go on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use loket::demo::samples::people::MAILBOX;
use loket::engine::peril::Moment;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::people::{ADMIN, PHRASE, People};
use super::writers::Writers;
use crate::kit::office::now;
use crate::kit::{Admin, Daemon, Office};
use crate::simulation::lot::Lot;

/// An account system of its own. A reset is on its books before it is answered; two requests never run at once, also not one
/// whose asker is gone; and a key that was once looked up and found missing is never done any more. So what it says when it
/// is asked back stays true.
const SCRIPT: &str = r#"
read -r asked || exit 70
case $asked in *'"request":"probe"'*) echo '{"ready": "siap"}'; exit ;; esac
key=${asked#*'"idempotency_key":"'}; key=${key%%'"'*}
exec 9>"$1/books.lock"; flock 9
case $asked in
*'"request":"reset"'*)
  grep -qxF "$key" "$1/refused" 2>/dev/null && exit 65
  password=${asked#*'"temporary_password":"'}; password=${password%%'"'*}
  printf '%s %s\n' "$key" "$password" >>"$1/resets"
  echo '{"outcome": "done"}' ;;
*'"request":"read_back"'*)
  if grep -qF "$key " "$1/resets" 2>/dev/null; then echo '{"took_effect": true}'
  else printf '%s\n' "$key" >>"$1/refused"; echo '{"took_effect": false}'; fi ;;
esac
"#;

pub const ACCOUNTS: &str = "driver = \"command\"\n[accounts.command]\nprogram = \"/bin/sh\"\narguments = [\"@/books.sh\", \"@\"]\n\
                        deadline_seconds = 3\nread_back = true\n";

/// Three offices and whatever else is tested share two cores.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// How one life of the program ends.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// By itself, at this moment, when it comes for the nth time.
    At(Moment, u32),
    /// Killed so long after it was launched.
    After(Duration),
}

pub struct House {
    pub office: Office,
    pub daemon: Daemon,
    pub people: People,
    pub lot: Lot,
    /// When the program was dead, in seconds since 1970.
    pub kills: Vec<f64>,
    /// The last entry of the journal as each life left it, by its place.
    pub journal: BTreeMap<u64, Vec<u8>>,
    backups: usize,
}

impl House {
    pub async fn open(seed: u64, people: usize) -> Self {
        Self::open_over(Office::open_with(ACCOUNTS).await, seed, people).await
    }

    /// In an office that resets by [`ACCOUNTS`], ready and with the admin enrolled.
    pub async fn open_over(office: Office, seed: u64, people: usize) -> Self {
        let writers = Writers::of(people);
        office.write("accounts.csv", &writers.register());
        office.write("books.sh", SCRIPT);
        // Step 9 as soon as there is something to file, and a day without end.
        let configuration = std::fs::read_to_string(office.configuration_file()).expect("the office wrote it");
        let limits = "[limits]\nper_domain_a_day = 0\nmails_a_day = 0\nunproven_a_day = 0\nautomatic_a_day = 0\n";
        let configuration = configuration.replace("\"*/2 * * * * *\"", "\"* * * * * *\"").replace("[limits]\n", limits);
        office.write("loket.toml", &configuration);
        let (daemon, _) = Daemon::open(&office, &[]).await;
        let invited = daemon.cli(&["admins", "enroll", ADMIN]);
        let link = invited.split_whitespace().find(|word| word.contains("/daftar/")).expect("a link is printed");
        Admin::enrol_with_phrase(ADMIN, link, PHRASE).await;
        Self {
            office,
            daemon,
            people: People::new(writers),
            lot: Lot::of(seed),
            kills: Vec::new(),
            journal: BTreeMap::new(),
            backups: 0,
        }
    }

    /// Starts the program and lives with it until it is dead. The program that ran before must be.
    pub async fn live(&mut self, end: End) {
        let environment = match end {
            End::At(moment, nth) => vec![("LOKET_DIE_AT".to_owned(), format!("{}:{nth}", moment.name()))],
            End::After(_) => Vec::new(),
        };
        self.daemon.restart_in(environment);
        let born = Instant::now();
        let mut backup: Option<Child> = None;
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        loop {
            tick.tick().await;
            if let Some(status) = self.daemon.ended() {
                use std::os::unix::process::ExitStatusExt;
                assert_eq!(status.signal(), Some(9), "the program ended by itself: {status}");
                assert!(matches!(end, End::At(..)), "killed by somebody else");
                break;
            }
            match end {
                End::After(age) if born.elapsed() >= age => {
                    self.daemon.kill();
                    break;
                }
                End::At(moment, nth) if born.elapsed() > PATIENCE => {
                    panic!("{} did not come for time {nth} within {PATIENCE:?}; {}", moment.name(), self.standing())
                }
                End::At(Moment::BackupWritten | Moment::BackupNamed, _) => self.back_up(&mut backup).await,
                _ => {}
            }
            self.people.act(&self.office, &mut self.lot).await;
        }
        self.dead();
        if let Some(mut backup) = backup {
            backup.wait().expect("the command ends with the daemon that served it");
        }
    }

    /// Kills the program that runs.
    pub fn kill(&mut self) {
        self.daemon.kill();
        self.dead();
    }

    /// Keeps when the program died, and where its journal ended. The file itself is left to the next life, which finds it as it
    /// was left.
    fn dead(&mut self) {
        self.kills.push(now().timestamp_micros() as f64 / 1e6);
        self.journal.extend(journal(&self.office.state()).pop_last());
    }

    /// A life that nobody ends: people write so many requests, and all is driven to the end.
    pub async fn undisturbed(&mut self, requests: usize) {
        self.daemon.restart_in(Vec::new());
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        let begun = Instant::now();
        while self.people.requests.len() < requests {
            tick.tick().await;
            assert_eq!(self.daemon.ended(), None, "the program goes on");
            assert!(begun.elapsed() < PATIENCE, "nobody writes any more; {}", self.standing());
            self.people.act(&self.office, &mut self.lot).await;
        }
        self.drain(PATIENCE).await;
    }

    /// Asks for a backup once the daemon is there to make it.
    async fn back_up(&mut self, asked: &mut Option<Child>) {
        if asked.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
            return;
        }
        if tokio::net::TcpStream::connect(("127.0.0.1", self.office.desk)).await.is_err() {
            return;
        }
        self.backups += 1;
        let mut command = Command::new(env!("CARGO_BIN_EXE_loket"));
        command.arg("backup").arg(self.office.folder.path().join(format!("cadangan-{}", self.backups)));
        command.arg("--config").arg(self.office.configuration_file());
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        *asked = Some(command.spawn().expect("the program was built"));
    }

    /// Starts the program once more and waits until nothing is left to do.
    pub async fn rest(&mut self, within: Duration) {
        self.daemon.restart_in(Vec::new());
        self.drain(within).await;
    }

    async fn drain(&mut self, within: Duration) {
        self.people.writing = false;
        let begun = Instant::now();
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        loop {
            tick.tick().await;
            self.people.act(&self.office, &mut self.lot).await;
            assert_eq!(self.daemon.ended(), None, "the program goes on");
            let busy = self.people.waits() || !self.office.dovecot.files(MAILBOX, "INBOX").is_empty();
            if !busy && self.is_idle().await {
                return;
            }
            assert!(begun.elapsed() < within, "nothing may wait for ever; {}", self.standing());
        }
    }

    /// No case is left outside the archive. Before the desk is open nobody may ask: the command would open the state folder
    /// itself, and keep the program out.
    async fn is_idle(&self) -> bool {
        if tokio::net::TcpStream::connect(("127.0.0.1", self.office.desk)).await.is_err() {
            return false;
        }
        let told = self.daemon.try_cli(&["cases", "list", "--json"]);
        told.status.success() && told.stdout.trim_ascii() == b"[]"
    }

    /// Where everything stands, for whoever looks into a failure.
    pub fn standing(&self) -> String {
        let open = self.people.requests.iter().filter(|request| !request.over);
        let open: Vec<_> = open.map(|request| format!("{:?} {:?}", request.kind, request.number)).collect();
        let inbox = self.office.dovecot.files(MAILBOX, "INBOX").len();
        let cases = self.daemon.try_cli(&["cases", "list", "--json"]).stdout;
        let cases = String::from_utf8_lossy(&cases);
        let said = &self.people.refusals;
        format!("{inbox} mails in the inbox; open: {}; the desk said: {said:?}; live cases: {cases}", open.join(", "))
    }
}

/// The live store's journal, entry by entry as it lies, read from a copy.
pub fn journal(state: &Path) -> BTreeMap<u64, Vec<u8>> {
    const JOURNAL: TableDefinition<(&str, u64), &[u8]> = TableDefinition::new("journal");
    let copy = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::copy(state.join("live/loket.redb"), copy.path()).expect("the program keeps its state there");
    let database = Database::open(copy.path()).expect("a killed program leaves a file that opens");
    let reading = database.begin_read().expect("it reads");
    // Killed at its first moment, it has none.
    let Ok(table) = reading.open_table(JOURNAL) else { return BTreeMap::new() };
    let entries = table.iter().expect("it reads").map(|entry| entry.expect("it reads"));
    entries.map(|(place, entry)| (place.value().1, entry.value().to_vec())).collect()
}
