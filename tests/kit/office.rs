//! A whole office around the daemon: mail server in both directions, its folder with configuration, procedure and
//! register, and the people who write and decide. The office is the demo's own, so its sample requests fit.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use loket::daemon::clock::SystemClock;
use loket::demo::samples::people;
use loket::demo::samples::{self, Sample, SampleOffice};
use loket::engine::port::Clock;
use tempfile::TempDir;

use super::dovecot::PASSWORD;
use super::letter::Letter;
use super::offspring::free_port;
use super::postfix::{AUTHSERV_ID, FORGED};
use super::wait::wait_for;
use super::{Dovecot, Postfix};

/// In the subject of an acknowledgement.
pub const ACKNOWLEDGED: &str = "telah kami terima";

/// Where handled mail goes.
pub const PROCESSED: &str = "Selesai";
pub const REFUSED: &str = "Ditolak";

pub struct Office {
    pub dovecot: Dovecot,
    pub postfix: Postfix,
    pub folder: TempDir,
    pub desk: u16,
    pub sample: SampleOffice,
    /// Message-IDs of the letters that their readers have taken up.
    read: Mutex<BTreeSet<String>>,
    replies: AtomicUsize,
}

/// This moment, by the clock the daemon goes by.
pub fn now() -> DateTime<Utc> {
    SystemClock.now()
}

impl Office {
    /// Starts the servers and lays the folder out. The embedded account directory is the account system.
    pub async fn open() -> Self {
        Self::open_with("driver = \"directory\"\n").await
    }

    /// As [`Office::open`], with an `[accounts]` table of one's own, in which `@` stands for the office's folder.
    pub async fn open_with(accounts: &str) -> Self {
        Self::open_over(Dovecot::start().await, accounts).await
    }

    /// As [`Office::open_with`], over a Dovecot of one's own making.
    pub async fn open_over(dovecot: Dovecot, accounts: &str) -> Self {
        let postfix = Postfix::start(&dovecot).await;
        let folder = tempfile::Builder::new().prefix("loket-office-").tempdir().expect("a temporary folder");
        let sample = samples::office(now().with_timezone(&Tz::Asia__Makassar).date_naive());
        let office = Self {
            dovecot,
            postfix,
            folder,
            desk: free_port(),
            sample,
            read: Mutex::default(),
            replies: AtomicUsize::new(0),
        };
        office.write("password", PASSWORD);
        office.write("accounts.csv", &office.sample.accounts_csv);
        office.write("helpdesk.toml", &always_open(include_str!("../../config/sop/helpdesk.toml")));
        // A case that begins on New Year's Eve ends under the next year's dates.
        let year = now().year();
        for year in [year, year + 1] {
            office.write(&format!("{year}.toml"), &format!("year = {year}\nsource = \"uji\"\nclosed = []\n"));
        }
        office.write(
            "loket.toml",
            &office.configuration(&accounts.replace('@', &office.folder.path().to_string_lossy()), year),
        );
        office
    }

    pub fn configuration_file(&self) -> PathBuf {
        self.folder.path().join("loket.toml")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.desk)
    }

    /// The sample requests, written at this moment.
    pub fn samples(&self) -> Vec<Sample> {
        samples::mails(now(), None)
    }

    /// Sends a mail to the office from outside. `from` is who the envelope says it is: the mail server vouches for it.
    pub async fn send(&self, from: &str, raw: &[u8]) {
        self.postfix.deliver(from, people::MAILBOX, raw).await;
    }

    /// Sends a sample; a forged one comes from a server that has no right to its sender's name.
    pub async fn send_sample(&self, sample: &Sample) {
        match sample.label.id {
            "forged" => self.send(&format!("siapa@{FORGED}"), &sample.raw).await,
            _ => self.send(&sample.sender, &sample.raw).await,
        }
    }

    /// Somebody answers a letter in their mail program: their words, and the letter quoted below them.
    pub async fn reply(&self, from: &str, to: &Letter, words: &str) {
        self.reply_as(from, from, to, words).await;
    }

    /// As [`Office::reply`], with an envelope that may tell another sender than the mail does.
    pub async fn reply_as(&self, envelope: &str, from: &str, to: &Letter, words: &str) {
        let number = self.replies.fetch_add(1, Ordering::Relaxed);
        let quoted: String = to.body.lines().map(|line| format!("> {line}\r\n")).collect();
        let mail = format!(
            "From: {from}\r\nTo: {mailbox}\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: <balasan-{number}.{second}@lembayungraya.example>\r\n\
             In-Reply-To: <{id}>\r\nReferences: <{id}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n{words}\r\n\r\nPada hari ini {mailbox} menulis:\r\n{quoted}",
            mailbox = people::MAILBOX,
            subject = rfc2047(&format!("Re: {}", to.subject)),
            date = now().to_rfc2822(),
            second = now().timestamp(),
            id = to.message_id,
        );
        self.send(envelope, mail.as_bytes()).await;
    }

    /// All letters in somebody's mailbox, oldest first.
    pub fn letters(&self, address: &str) -> Vec<Letter> {
        self.dovecot.messages(address, "INBOX").iter().filter_map(|raw| Letter::read(raw)).collect()
    }

    /// Waits for a letter that nobody has taken up yet, the oldest such one first, and takes it up.
    pub async fn letter(&self, address: &str, what: &str, is: impl Fn(&Letter) -> bool) -> Letter {
        wait_for(&format!("a letter to {address}: {what}"), || async {
            let mut read = self.read.lock().expect("nobody panics holding it");
            let letter = self.letters(address).into_iter().find(|l| !read.contains(&l.message_id) && is(l))?;
            read.insert(letter.message_id.clone());
            Some(letter)
        })
        .await
    }

    /// The register number a request was given, as its acknowledgement tells.
    pub async fn number_given_to(&self, sender: &str) -> String {
        let letter = self.letter(sender, "an acknowledgement", |l| l.subject.contains(ACKNOWLEDGED)).await;
        letter.number().expect("an acknowledgement names the register number")
    }

    /// Waits until so many of the office's mails are handled, and returns how many of them were refused.
    pub async fn handled(&self, count: usize) -> usize {
        wait_for(&format!("{count} mails filed"), || async {
            let filed = |folder| self.dovecot.files(people::MAILBOX, folder).len();
            let (processed, refused) = (filed(PROCESSED), filed(REFUSED));
            let waiting = filed("INBOX");
            (waiting == 0 && processed + refused >= count).then_some(refused)
        })
        .await
    }

    /// Puts a file into the office's folder, for its owner alone.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("the folder is ours");
        private(&path);
        path
    }

    fn configuration(&self, accounts: &str, year: i32) -> String {
        let ports = self.dovecot.ports();
        let mut text = format!(
            "[office]\nid = \"{id}\"\nname = \"{name}\"\nunit = \"{unit}\"\nphone = \"{phone}\"\n\
             system_url = \"https://spse.lembayungraya.example\"\nsuperior = \"{superior}\"\n",
            id = self.sample.id,
            name = self.sample.letters.name,
            unit = self.sample.letters.unit,
            phone = self.sample.letters.phone,
            superior = self.sample.superior.1,
        );
        let ca = self.dovecot.ca_file().display().to_string();
        write!(
            text,
            "[[mailbox]]\nname = \"permohonan\"\nprocedure = \"helpdesk.toml\"\nkind = \"imap\"\nhost = \"127.0.0.1\"\n\
             port = {imaps}\nuser = \"{mailbox}\"\npassword_file = \"password\"\nca_file = \"{ca}\"\n\
             processed_folder = \"{PROCESSED}\"\nrefused_folder = \"{REFUSED}\"\npoll_seconds = 2\nauthserv_id = \"{AUTHSERV_ID}\"\n\
             [courier]\nkind = \"smtp\"\nfrom_address = \"{mailbox}\"\nfrom_name = \"{name}\"\n\
             [courier.smtp]\nhost = \"127.0.0.1\"\nsecurity = \"starttls\"\nport = {submission}\nuser = \"{mailbox}\"\n\
             password_file = \"password\"\nca_file = \"{ca}\"\n\
             [accounts]\n{accounts}\
             [desk]\nlisten = \"127.0.0.1:{desk}\"\nbase_url = \"{base}\"\n\
             [state]\ndirectory = \"state\"\n\
             [archive]\nschedule = \"*/2 * * * * *\"\n\
             [holidays]\nfiles = [\"{year}.toml\", \"{next}.toml\"]\n\
             [reading]\nworkers = 1\n\
             [limits]\nper_sender_a_day = 0\nper_account_a_day = 0\nanswers_per_address_a_day = 0\n\
             [log]\nform = \"plain\"\nlevel = \"info,loket=debug\"\n",
            imaps = ports.imaps,
            mailbox = people::MAILBOX,
            name = self.sample.letters.name,
            submission = self.postfix.submission(),
            desk = self.desk,
            base = self.base_url(),
            next = year + 1,
        )
        .expect("writing to a string cannot fail");
        text
    }
}

/// The shipped procedure in an office that never closes, so that a test passes at any hour.
fn always_open(procedure: &str) -> String {
    let (before, rest) = procedure.split_once("[hours.week]\n").expect("the procedure has hours");
    let (_, after) = rest.split_once("\n\n[hours.seasons").expect("a season follows the week");
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let week: String = days.iter().map(|day| format!("{day} = [\"00.00-24.00\"]\n")).collect();
    format!("{before}[hours.week]\n{week}\n[hours.seasons{after}")
}

/// An encoded word per 30 bytes or so, cut between characters (RFC 2047 §2: at most 75 each).
fn rfc2047(text: &str) -> String {
    use base64::Engine as _;
    let mut words = vec![String::new()];
    for c in text.chars() {
        if words.last().is_some_and(|word| word.len() + c.len_utf8() > 30) {
            words.push(String::new());
        }
        words.last_mut().expect("there is one").push(c);
    }
    let encode = |word: &String| format!("=?utf-8?b?{}?=", base64::engine::general_purpose::STANDARD.encode(word));
    words.iter().map(encode).collect::<Vec<_>>().join("\r\n ")
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).expect("the file is ours");
}
