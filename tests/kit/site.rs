//! A whole office in one process: the engine over a store in a temporary folder, the embedded account directory, the
//! sample people and mails, and the desk over all of it. The clock stands until a test moves it; letters are captured.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use futures::future::BoxFuture;
use loket::accounts::directory::Directory;
use loket::accounts::manual::Manual;
use loket::daemon::alarm::facts::Pulse;
use loket::daemon::counter::Desk;
use loket::demo::samples::{self, Sample, SampleOffice, Stamp, Thread};
use loket::dossier::page::Contents;
use loket::engine::Engine;
use loket::engine::admins::Role;
use loket::engine::intake::{DayLimits, Mailbox, Patience};
use loket::engine::office::{Office, Procedures};
use loket::engine::port::{
    AccountDriver, Arrival, ArrivalBody, Clock, Courier, Fault, Folder, Origin, Outgoing, Post, Reader, Witness,
};
use loket::engine::store::Store;
use loket::letters::Letters;
use loket::mail::authenticity::Trust;
use loket::mail::message::Reception;
use loket::reading::pool::{Pool, PoolConfig};
use loket::reading::{Limits, Which, picture, take_apart};
use loket::sop::case::Case;
use loket::sop::hours::YearDates;
use loket::sop::names::{Address, CaseNumber, Language, OfficeId};
use loket::store::archive::RedbArchive;
use loket::store::redb::RedbStore;
use loket::store::{Restoring, StateFolder};
use loket::vault::{Keyring, MasterKey, SeededRandom};
use loket::web::answer::Typed;
use loket::web::view::Admin;

pub const BASE_URL: &str = "https://meja.lembayungraya.example";

/// A clock that stands until it is moved.
pub struct HandClock(Mutex<DateTime<Utc>>);

impl HandClock {
    fn forward(&self, by: TimeDelta) {
        *self.0.lock().expect("nobody panics while holding the clock") += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("nobody panics while holding the clock")
    }
}

/// Takes every letter; refuses or defers the addresses it was told to, and never answers where it was told to be silent.
#[derive(Default)]
pub struct Postbag {
    pub sent: Mutex<Vec<Outgoing>>,
    pub refused: Mutex<Vec<Address>>,
    pub silent: Mutex<Vec<Address>>,
    /// Told to come again.
    pub deferred: Mutex<Vec<Address>>,
    /// No letter can be offered at all.
    pub away: AtomicBool,
    /// Letters that wait for an answer.
    pub in_hand: AtomicUsize,
    /// Letters it carries side by side, if that is limited.
    pub lines: Mutex<Option<usize>>,
}

impl Courier for Postbag {
    fn send<'a>(&'a self, letter: &'a Outgoing) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async {
            if self.away.load(Ordering::Relaxed) {
                return Err(Fault::transient("nobody answers"));
            }
            if self.refused.lock().expect("no panic under the lock").iter().any(|no| letter.to.contains(no)) {
                return Err(Fault::permanent("550 no such mailbox"));
            }
            if self.deferred.lock().expect("no panic under the lock").iter().any(|no| letter.to.contains(no)) {
                return Err(Fault::transient("451 come again"));
            }
            if self.silent.lock().expect("no panic under the lock").iter().any(|no| letter.to.contains(no)) {
                self.in_hand.fetch_add(1, Ordering::Relaxed);
                return std::future::pending().await;
            }
            self.sent.lock().expect("no panic under the lock").push(letter.clone());
            Ok(())
        })
    }

    fn at_once(&self) -> usize {
        self.lines.lock().expect("no panic under the lock").unwrap_or(usize::MAX)
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, Fault>> {
        Box::pin(async { Ok("a bag".to_owned()) })
    }

    fn post(&self) -> Post {
        let away = self.away.load(Ordering::Relaxed).then_some(Duration::from_secs(3600));
        Post { accepted: true, away, refused: 0 }
    }
}

/// Reads in this very process.
struct HereReader {
    limits: Limits,
    reads: Arc<AtomicUsize>,
    clock: Arc<HandClock>,
    takes: TimeDelta,
}

impl Reader for HereReader {
    fn read(&self, raw: Arc<Vec<u8>>) -> BoxFuture<'_, Result<Contents, Fault>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            self.clock.forward(self.takes);
            Ok(take_apart(&raw, &self.limits))
        })
    }

    fn picture(&self, raw: Arc<Vec<u8>>, paper: String, page: u32, width: u32) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move { picture(&raw, Which::Of(paper), page, width, &self.limits) })
    }
}

/// Reads in worker processes.
struct PoolReader(Pool);

impl Reader for PoolReader {
    fn read(&self, raw: Arc<Vec<u8>>) -> BoxFuture<'_, Result<Contents, Fault>> {
        Box::pin(async move { self.0.read(&raw).await.map_err(Fault::transient) })
    }

    fn picture(&self, raw: Arc<Vec<u8>>, paper: String, page: u32, width: u32) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move { self.0.picture(&raw, Which::Of(paper), page, width).await.expect("a worker starts") })
    }
}

/// How a site differs from the shipped office.
#[derive(Default)]
pub struct Plan {
    /// Mails are read by worker processes, as the daemon has it, so that scans are recognised.
    pub workers: bool,
    /// The program that should read mails is gone.
    pub reader_gone: bool,
    /// By how much the clock moves on while a mail is read, without workers.
    pub reading_takes: TimeDelta,
    /// Resets are done by a person.
    pub by_hand: bool,
    /// The account system, in place of the directory itself.
    pub accounts: Option<Arc<dyn AccountDriver>>,
    /// Appended to the shipped procedure file's tables: `(table, line)`.
    pub rules: Vec<(&'static str, &'static str)>,
    /// What proves a sender beside the sample server's word.
    pub trust: Trust,
    pub witness: Option<Arc<dyn Witness>>,
    /// Mail without proof of its sender is worked on (`require_authenticated = false`).
    pub takes_unproven: bool,
    pub limits: DayLimits,
    /// The live store's database, such as one whose storage fails on purpose.
    pub database: Option<redb::Database>,
    /// The master key, in place of one that is drawn.
    pub key: Option<MasterKey>,
    /// A state folder that was lived in: it has its accounts and its people.
    pub state: Option<tempfile::TempDir>,
}

pub struct Site {
    pub engine: Arc<Engine>,
    pub desk: Arc<Desk>,
    pub mailbox: Arc<Mailbox>,
    pub directory: Directory,
    pub post: Arc<Postbag>,
    pub clock: Arc<HandClock>,
    pub office: SampleOffice,
    /// Mails that were taken apart, without workers.
    pub reads: Arc<AtomicUsize>,
    pulse: Arc<Pulse>,
    deliveries: Mutex<u32>,
    state: tempfile::TempDir,
}

impl Site {
    /// The sample office on Tuesday, 10 November 2026, 10.00 WITA, both admins enrolled.
    pub async fn start() -> Self {
        Self::planned(Plan::default()).await
    }

    pub async fn planned(mut plan: Plan) -> Self {
        let now = Utc.with_ymd_and_hms(2026, 11, 10, 2, 0, 0).single().expect("a plain moment");
        let office = samples::office(now.date_naive());
        let lived_in = plan.state.is_some();
        let state = plan.state.take().unwrap_or_else(|| tempfile::tempdir().expect("a temporary folder"));
        // The same seed would give the same links and nonces once more.
        let random = Arc::new(SeededRandom::new(if lived_in { 8 } else { 7 }));
        let keys = Keyring::new(&plan.key.take().unwrap_or_else(|| MasterKey::generate(&*random)));
        let folder = Arc::new(StateFolder::take(state.path()).expect("a fresh folder is free"));
        let archive_folder = folder.archive();
        let opened = match plan.database.take() {
            Some(database) => RedbStore::on(database, folder, keys, random.clone()),
            None => RedbStore::open(folder, keys, random.clone()),
        };
        let store = Arc::new(opened.expect("a fresh store opens"));
        let keys = store.keyring();
        let archive = RedbArchive::open(archive_folder, keys.clone(), random.clone(), Some(&store));
        let archive = Arc::new(archive.expect("a fresh archive opens"));
        let store: Arc<dyn Store> = store;
        let directory = Directory::open(&state.path().join("accounts.redb"), random.clone()).expect("a fresh file");
        if !lived_in {
            let csv = office.accounts_csv.as_bytes();
            let accounts = loket::accounts::csv::read(csv, "Helpdesk").expect("sample accounts");
            directory.import(accounts).await.expect("the sample accounts are sound");
        }
        let driver: Arc<dyn AccountDriver> = match plan.accounts.take() {
            Some(driver) => driver,
            None if plan.by_hand => Arc::new(Manual::new(directory.clone())),
            None => Arc::new(directory.clone()),
        };
        let id = OfficeId(office.id.to_owned());
        let dates = YearDates::parse(include_str!("../../config/holidays/2026.toml")).expect("the shipped dates");
        let procedures = Procedures::new(chrono_tz::Asia::Makassar, vec![dates]);
        let worked = procedures.adopt(&procedure(&plan), &id, &*store).await.expect("the shipped procedure");
        procedures.read_kept(&id, &*store).await.expect("the store answers");
        let clock = Arc::new(HandClock(Mutex::new(now)));
        let post = Arc::new(Postbag::default());
        let own = Address::parse(office.mailbox).expect("the sample mailbox has an address");
        let reads = Arc::new(AtomicUsize::new(0));
        let reader: Arc<dyn Reader> = if plan.reader_gone {
            Arc::new(PoolReader(Pool::new(PoolConfig::new("/nowhere/loket".into()))))
        } else if plan.workers {
            // A machine that runs all tests at once recognises slowly.
            let patient = std::time::Duration::from_secs(120);
            let config = PoolConfig { deadline: patient, ..PoolConfig::new(env!("CARGO_BIN_EXE_loket").into()) };
            Arc::new(PoolReader(Pool::new(config)))
        } else {
            let (reads, clock, takes) = (reads.clone(), clock.clone(), plan.reading_takes);
            Arc::new(HereReader { limits: Limits::default(), reads, clock, takes })
        };
        let engine = Arc::new(Engine {
            office: Office {
                id,
                prefix: office.prefix.to_owned(),
                language: Language::Id,
                zone: chrono_tz::Asia::Makassar,
                base_url: BASE_URL.to_owned(),
                mail_domain: "lembayungraya.example".to_owned(),
                own_addresses: vec![own.clone()],
                superior: Some((office.superior.0.to_owned(), address(office.superior.1))),
            },
            procedures,
            letters: Letters::load(office.letters.clone(), None).expect("the shipped letters"),
            keys,
            store,
            archive,
            accounts: driver,
            courier: post.clone(),
            reader,
            clock: clock.clone(),
            random,
            names: Default::default(),
            challenges: Default::default(),
            outbox: Default::default(),
        });
        let server = plan.trust.authserv_id.clone().unwrap_or_else(|| office.mail_server.to_owned());
        let trust = Trust { authserv_id: Some(server), ..plan.trust };
        let mailbox = Arc::new(Mailbox {
            name: "utama".to_owned(),
            reception: Reception { prefix: office.prefix.to_owned(), own: vec![own], trust },
            worked,
            require_authenticated: !plan.takes_unproven,
            witness: plan.witness,
            max_mail_bytes: 25_000_000,
            limits: plan.limits,
        });
        let pulse = Arc::new(Pulse::default());
        let mailboxes = Arc::new(vec![mailbox.clone()]);
        let desk = Arc::new(Desk::new(engine.clone(), mailboxes, vec![pulse.clone()]));
        let deliveries = Mutex::new(0);
        let site = Self { engine, desk, mailbox, directory, post, clock, office, reads, pulse, deliveries, state };
        if !lived_in {
            for (name, address) in site.office.admins.clone() {
                site.enrol(address, name, Role::Admin).await;
            }
        }
        site
    }

    /// Closes the office and leaves its state folder.
    pub fn close(self) -> tempfile::TempDir {
        let Self { state, .. } = self;
        state
    }

    /// Enrols a person with the first code of their factor.
    pub async fn enrol(&self, to: &str, name: &str, role: Role) {
        let link = self.engine.enroll(&address(to), name, role).await.expect("the store answers");
        let token = link.rsplit('/').next().expect("a link ends in its token");
        let (_, record) = self.engine.invited(token).await.expect("the store answers").expect("just invited");
        let code = record.factor().expect("a fresh factor").code(self.now());
        self.engine.confirm_enrolment(token, &code, None).await.expect("the store answers").expect("just invited");
        self.forward(TimeDelta::seconds(60));
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn forward(&self, by: TimeDelta) {
        self.clock.forward(by);
    }

    pub fn set_clock(&self, at: DateTime<Utc>) {
        *self.clock.0.lock().expect("nobody panics while holding the clock") = at;
    }

    /// One of the sample mails, as it lies in the mailbox now.
    pub fn sample(&self, id: &str) -> Sample {
        let stamp = Stamp { server: loket::demo::samples::people::MAIL_SERVER };
        let all = samples::mails(self.now(), Some(stamp));
        all.into_iter().find(|sample| sample.label.id == id).expect("there is a sample of this name")
    }

    /// Takes a sample in and carries out what follows; the case it opened, if it opened one.
    pub async fn deliver(&self, id: &str) -> CaseNumber {
        let before = self.numbers().await;
        self.take_in(self.sample(id).raw).await;
        let after = self.numbers().await;
        after.into_iter().find(|number| !before.contains(number)).expect("the mail opens a case")
    }

    /// The second mail of a sample, in the thread of the last letter to its sender.
    pub async fn follow_up(&self, id: &str, number: &CaseNumber) {
        let sample = self.sample(id);
        let letter = self.last_to(&sample.sender).expect("the applicant was written to");
        let (number, at) = (number.to_string(), self.now());
        let thread = Thread { case_number: &number, message_id: &letter.message_id, subject: &letter.subject, at };
        let raw = sample.follow_up(thread).expect("the sample has a second mail");
        self.take_in(raw).await;
    }

    /// A mail's bytes through intake, and everything that falls due at this moment.
    pub async fn take_in(&self, raw: Vec<u8>) -> Vec<Folder> {
        self.take_in_together(vec![raw]).await
    }

    /// Mails that arrive in one batch.
    pub async fn take_in_together(&self, mails: Vec<Vec<u8>>) -> Vec<Folder> {
        let folders = self.receive(mails).await;
        self.settle().await;
        folders
    }

    /// Mails through intake alone: what follows waits in the outbox.
    pub async fn receive(&self, mails: Vec<Vec<u8>>) -> Vec<Folder> {
        let arrival = |raw| {
            let mut deliveries = self.deliveries.lock().expect("no panic under the lock");
            *deliveries += 1;
            let name = format!("{deliveries}.mail");
            let (mailbox, folder) = ("utama".to_owned(), "INBOX".to_owned());
            let origin = Origin { mailbox, folder, uid_validity: 0, uid: 0, name };
            Arrival { origin, body: ArrivalBody::Raw(raw) }
        };
        let arrivals = mails.into_iter().map(arrival).collect();
        let filed = self.engine.take_in(&self.mailbox, arrivals, Patience::Waits).await.expect("the store answers");
        self.pulse.looked(self.now());
        filed.into_iter().map(|(_, folder)| folder).collect()
    }

    /// A backup of this moment.
    pub async fn back_up(&self) -> Vec<u8> {
        let file = self.state.path().join("cadangan");
        self.engine.store.backup(&file).await.expect("a backup is taken");
        let bytes = std::fs::read(&file).expect("it is there");
        std::fs::remove_file(&file).expect("it was read");
        bytes
    }

    /// The same office after a restore of a backup of this moment.
    pub async fn restored(self) -> Self {
        let backup = self.back_up().await;
        self.restored_from(&backup).await
    }

    /// The same office on a new machine, from a backup of some time ago and with the archive's files as they are now. The
    /// account system and the letters that went are the world's, and stay.
    pub async fn restored_from(self, backup: &[u8]) -> Self {
        let site = self.brought_back(backup, true);
        site.engine.reconcile().await.expect("the store answers");
        site
    }

    /// The same with or without the archive's files, before the office opens.
    pub fn brought_back(self, backup: &[u8], with_archive: bool) -> Self {
        self.brought_back_with(backup, with_archive, |_| {})
    }

    /// The same, with something done to the restored state folder before its store is opened.
    pub fn brought_back_with(self, backup: &[u8], with_archive: bool, harm: impl FnOnce(&Path)) -> Self {
        let Self { engine, desk, state: before, .. } = self;
        let state = tempfile::tempdir().expect("a temporary folder");
        let folder = Arc::new(StateFolder::take(state.path()).expect("a fresh folder is free"));
        let file = state.path().join("cadangan");
        std::fs::write(&file, backup).expect("a writable folder");
        let archive_folder = folder.archive();
        std::fs::create_dir_all(&archive_folder).expect("a writable folder");
        for entry in std::fs::read_dir(before.path().join("archive")).expect("the archive is there").flatten() {
            if with_archive {
                std::fs::copy(entry.path(), archive_folder.join(entry.file_name())).expect("a writable folder");
            }
        }
        let (keys, random) = (engine.keys.clone(), engine.random.clone());
        let restoring =
            Restoring { keyring: &keys, random: &*random, file: &file, force: false, year: 2026, series: None };
        loket::store::restore(&folder, &restoring).expect("the backup is put in place");
        std::fs::remove_file(&file).expect("it was read");
        harm(state.path());
        let store = Arc::new(RedbStore::open(folder, keys.clone(), random.clone()).expect("the restored store opens"));
        let archive = RedbArchive::open(archive_folder, keys, random, Some(&store)).expect("the archive opens");
        drop(desk);
        let engine = Arc::try_unwrap(engine).ok().expect("nobody else holds the engine");
        let engine = Arc::new(Engine { store, archive: Arc::new(archive), ..engine });
        let mailboxes = Arc::new(vec![self.mailbox.clone()]);
        let desk = Arc::new(Desk::new(engine.clone(), mailboxes, vec![self.pulse.clone()]));
        Self { engine, desk, state, ..self }
    }

    /// The folder that holds everything.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// The archive's file of a year.
    pub fn archive_file(&self, year: i32) -> std::path::PathBuf {
        self.state.path().join(format!("archive/archive-{year}.redb"))
    }

    /// Carries out whatever is due, until nothing is.
    pub async fn settle(&self) {
        while self.engine.dispatch_due().await.expect("the store answers") > 0 {}
    }

    pub async fn numbers(&self) -> Vec<CaseNumber> {
        let cases = self.engine.live_cases().await.expect("the store answers");
        cases.into_iter().map(|case| case.number).collect()
    }

    pub async fn case(&self, number: &CaseNumber) -> Case {
        self.engine.case(number).await.expect("the store answers").expect("the case lives")
    }

    /// One of the office's admins, 0 or 1, as a session knows them.
    pub async fn admin(&self, index: usize) -> Admin {
        self.person(self.office.admins[index].1).await
    }

    /// The admin whose case it is, and the other one.
    pub async fn admins_of(&self, number: &CaseNumber) -> (Admin, Admin) {
        let (one, two) = (self.admin(0).await, self.admin(1).await);
        let assigned = self.case(number).await.assigned.expect("the case has an admin");
        if one.address == assigned { (one, two) } else { (two, one) }
    }

    pub async fn person(&self, who: &str) -> Admin {
        let (_, record) = self.engine.admin(&address(who)).await.expect("the store answers").expect("is registered");
        let role = match record.role {
            Role::Admin => loket::web::view::Role::Admin,
            Role::Archivist => loket::web::view::Role::Archivist,
            Role::Auditor => loket::web::view::Role::Auditor,
        };
        Admin { enrolment: record.enrolment(), address: record.address, name: record.name, role }
    }

    /// A code that still counts; the clock moves on where all of this moment were used.
    pub async fn code_of(&self, admin: &Admin) -> Typed {
        loop {
            let record = self.engine.admin(&admin.address).await.expect("the store answers").expect("is registered").1;
            match record.next_code(self.now()).expect("a factor that was confirmed") {
                Some(code) => return Typed::new(code),
                None => self.forward(TimeDelta::seconds(30)),
            }
        }
    }

    /// The desk's pages under [`BASE_URL`].
    pub fn pages(&self) -> axum::Router {
        self.pages_at(BASE_URL)
    }

    /// The desk's pages under another address, for a browser that goes there.
    pub fn pages_at(&self, base_url: &str) -> axum::Router {
        self.pages_within(base_url, Default::default())
    }

    /// The same within other limits on guessing.
    pub fn pages_within(&self, base_url: &str, limits: loket::web::rate::Limits) -> axum::Router {
        let letters = &self.office.letters;
        let office = loket::web::view::Office {
            open_minutes: 10,
            name: letters.name.clone(),
            sop_number: self.office.sop_number.to_owned(),
            phone: letters.phone.clone(),
            phone_dial: "+62598440120".to_owned(),
            hours_id: letters.hours_id.clone(),
            hours_en: letters.hours_en.clone(),
            zone: chrono_tz::Asia::Makassar,
            zone_name: "WITA".to_owned(),
            system_url: None,
            system_name: letters.system.clone(),
            default_language: Language::Id,
            demo: false,
        };
        let next = std::sync::atomic::AtomicU8::new(1);
        let setup = loket::web::site::Setup {
            office,
            base_url: loket::web::site::BaseUrl::parse(base_url).expect("a whole address"),
            trusted_proxies: Vec::new(),
            limits,
            entropy: Box::new(move || [next.fetch_add(1, std::sync::atomic::Ordering::Relaxed); 32]),
        };
        loket::web::router(Arc::new(loket::web::site::Site::new(self.desk.clone(), self.clock.clone(), setup)))
    }

    pub fn letters(&self) -> Vec<Outgoing> {
        self.post.sent.lock().expect("no panic under the lock").clone()
    }

    pub fn last_to(&self, to: &str) -> Option<Outgoing> {
        let to = address(to);
        self.letters().into_iter().rfind(|letter| letter.to.contains(&to))
    }

    /// The token of the first link of this path in the last letter to somebody that has one.
    pub fn token(&self, to: &str, path: &str) -> String {
        let to = address(to);
        let start = format!("{BASE_URL}/{path}/");
        let found = self.letters().into_iter().rev().filter(|letter| letter.to.contains(&to)).find_map(|letter| {
            let rest = letter.body.split_once(&start)?.1.to_owned();
            rest.split_whitespace().next().map(str::to_owned)
        });
        found.unwrap_or_else(|| panic!("no letter to this person has a link of {path}"))
    }
}

pub fn address(text: &str) -> Address {
    Address::parse(text).expect("the test writes a whole address")
}

/// The shipped procedure under the plan's rules.
fn procedure(plan: &Plan) -> String {
    let mut text = include_str!("../../config/sop/helpdesk.toml").to_owned();
    for (table, line) in &plan.rules {
        let head = format!("\n[{table}]\n");
        assert!(text.contains(&head), "the shipped procedure has this table");
        text = text.replacen(&head, &format!("{head}{line}\n"), 1);
    }
    text
}
