//! Known secrets are looked for wherever a whole walk of the real program leaves bytes (THREATS 46): its log, its pages,
//! the state folder, backups, the arguments and surroundings of every process. They may stand only where they are shown to
//! whom they belong.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loket::demo::samples::people::RINA;

use crate::e2e_archive::archived;
use crate::e2e_people::{asked, confirm_change, press};
use crate::kit::dovecot::PASSWORD;
use crate::kit::{Admin, Daemon, Office, Visitor};
use crate::store_fixture::files;

const ADMINS: [&str; 1] = ["teguh.anggoro@lembayungraya.example"];
const AUDITOR: &str = "pemeriksa@lembayungraya.example";
const PHRASE: &str = "layang layang putus di atas sawah";
const MASTER: [u8; 32] = *b"kunci-induk-kenari-kuning-32-oct";

/// A secret by name, in every form in which it might stand somewhere.
struct Canary {
    name: &'static str,
    forms: Vec<Vec<u8>>,
}

impl Canary {
    fn new(name: &'static str, plain: &[u8]) -> Self {
        // Without the last group, whose letters depend on what follows.
        let coded = STANDARD.encode(&plain[..plain.len() / 3 * 3]);
        let escaped = String::from_utf8_lossy(plain).escape_default().to_string();
        Self { name, forms: vec![plain.to_vec(), coded.into_bytes(), hex(plain).into_bytes(), escaped.into_bytes()] }
    }

    fn or(mut self, form: &str) -> Self {
        self.forms.push(form.as_bytes().to_vec());
        self
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.forms.iter().any(|form| memchr::memmem::find(bytes, form).is_some())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The last part of a link.
fn token(link: &str) -> &str {
    link.rsplit('/').next().expect("a link has parts")
}

/// The process and all it started: what `ps` and `/proc` tell of them.
fn processes(of: i32) -> Vec<(i32, Vec<u8>, Vec<u8>)> {
    let parents: Vec<(i32, i32)> = std::fs::read_dir("/proc")
        .expect("a Linux machine")
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut family = vec![of];
    let mut at = 0;
    while at < family.len() {
        let parent = family[at];
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    let read = |pid: i32, name: &str| std::fs::read(format!("/proc/{pid}/{name}"));
    family.into_iter().filter_map(|pid| Some((pid, read(pid, "cmdline").ok()?, read(pid, "environ").ok()?))).collect()
}

/// What was seen on the way: where, and the bytes.
#[derive(Default)]
struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    fn page(&mut self, name: &str, body: &str) {
        self.0.push((format!("page: {name}"), body.as_bytes().to_vec()));
    }

    fn processes(&mut self, daemon: &Daemon) {
        let family = processes(daemon.pid());
        assert!(family.len() > 1, "the reading worker lasts");
        for (pid, arguments, surroundings) in family {
            if pid != daemon.pid() {
                assert!(surroundings.is_empty(), "a worker is given nothing of its surroundings");
            }
            self.0.push((format!("arguments of {pid}"), arguments));
            self.0.push((format!("environment of {pid}"), surroundings));
        }
    }

    fn folder(&mut self, moment: &str, folder: &Path) {
        for file in files(folder) {
            let bytes = std::fs::read(&file).unwrap_or_default();
            self.0.push((format!("{moment}: {}", file.display()), bytes));
        }
    }

    fn holding(&self, canary: &Canary) -> Vec<&str> {
        self.0.iter().filter(|(_, bytes)| canary.is_in(bytes)).map(|(place, _)| place.as_str()).collect()
    }
}

async fn backup(daemon: &Daemon, office: &Office, name: &str) -> PathBuf {
    let file = office.folder.path().join("backups").join(name);
    std::fs::create_dir_all(file.parent().expect("it has one")).expect("the folder is ours");
    daemon.cli(&["backup", &file.to_string_lossy()]);
    file
}

#[tokio::test]
async fn t46_no_secret_of_a_whole_walk_stands_where_it_does_not_belong() {
    let office = Office::open().await;
    office.write("kunci", &STANDARD.encode(MASTER));
    let text = std::fs::read_to_string(office.configuration_file()).expect("it was written");
    office.write("loket.toml", &format!("{text}[keys]\nmaster_key_file = \"kunci\"\n"));
    let (mut daemon, mut admins) = Daemon::open(&office, &ADMINS).await;
    let mut seen = Seen::default();
    let invited = daemon.cli(&["admins", "enroll", AUDITOR, "--role", "auditor"]);
    let link = invited.split_whitespace().find(|word| word.contains("/daftar/")).expect("a link is printed");
    Admin::enrol_with_phrase(AUDITOR, link, PHRASE).await;
    let mut auditor = Visitor::default();
    let door = format!("{}/masuk", office.base_url());
    let wrong = [("alamat", AUDITOR), ("frasa", &PHRASE.to_uppercase())];
    seen.page("a wrong passphrase", &auditor.post(&door, &wrong).await.body);
    let entered = auditor.post(&door, &[("alamat", AUDITOR), ("frasa", PHRASE)]).await;
    assert_eq!(entered.status, 303, "{}", entered.body);

    let sample = office.samples().into_iter().find(|s| s.label.id == "complete").expect("a sample of this name");
    office.send_sample(&sample).await;
    let number = office.number_given_to(RINA.email).await;
    let (_, mail) = asked(&office, &admins, &number).await;
    let decision = mail.link("Setujui:", "tautan").expect("the mail links to the decision");
    let mut stranger = Visitor::default();
    seen.page("the lock", &stranger.get(&decision).await.body);
    seen.page("a wrong code", &stranger.post(&decision, &[("kode", "000000")]).await.body);
    for page in ["/healthz", "/readyz", "/metrics", "/", "/berkas/LPSE-2026-0001"] {
        seen.page(page, &stranger.get(&format!("{}{page}", office.base_url())).await.body);
    }
    seen.processes(&daemon);
    backup(&daemon, &office, "before").await;
    press(&office, &mut admins[0], &mail, "setujui").await;
    let is = |l: &crate::kit::Letter| l.is_about(&number) && l.body.contains("/ambil/");
    let result = office.letter(RINA.email, "the result", is).await;
    let reveal = result.link("http", "ambil").expect("the result links to its page");
    let change = result.link("http", "ganti").expect("and to the confirmation");
    // The temporary password is in the store, sealed, at this moment.
    seen.folder("password waiting", &office.state());
    backup(&daemon, &office, "waiting").await;
    seen.processes(&daemon);
    seen.page("before the NIP", &Visitor::default().get(&reveal).await.body);
    seen.page("a wrong NIP", &Visitor::default().post(&reveal, &[("nip", "199001012015011001")]).await.body);
    let shown = Visitor::default().post(&reveal, &[("nip", RINA.nip)]).await.secrets();
    let password = shown.get(1).expect("a reset shows user ID and password").clone();
    seen.page("after it was shown", &Visitor::default().get(&reveal).await.body);
    confirm_change(&office, &RINA, &number).await;
    archived(&daemon, &[&number]).await;
    backup(&daemon, &office, "after").await;
    seen.processes(&daemon);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).expect("it runs");
    assert!(daemon.stop().await.success());
    seen.folder("at the end", &office.state());
    seen.folder("backups", &office.folder.path().join("backups"));
    seen.0.push(("the log".to_owned(), daemon.log().into_bytes()));

    let seed: &Admin = &admins[0];
    let secrets = [
        Canary::new("the mailbox password", PASSWORD.as_bytes()),
        Canary::new("the master key", &MASTER),
        Canary::new("the seed of a factor", seed.factor().expose()).or(&seed
            .factor()
            .typed()
            .expose()
            .replace(' ', "")),
        Canary::new("a passphrase", PHRASE.as_bytes()).or(&PHRASE.to_uppercase()),
        Canary::new("the temporary password", password.as_bytes()).or(&password.replace('-', "")),
        Canary::new("the applicant's NIP", RINA.nip.as_bytes()),
        Canary::new("the decision's link", token(&decision).as_bytes()),
        Canary::new("the result's link", token(&reveal).as_bytes()),
        Canary::new("the confirmation's link", token(&change).as_bytes()),
    ];
    for secret in &secrets {
        let places: Vec<&str> = seen.holding(secret).into_iter().filter(|place| !belongs(secret, place)).collect();
        assert_eq!(places, Vec::<&str>::new(), "{}", secret.name);
    }
    assert!(limits.lines().any(|line| line.starts_with("Max core file size") && line.contains(" 0 ")), "{limits}");
    let inputs = |name: &str| std::fs::read(office.folder.path().join(name)).expect("it was written");
    assert!(secrets[1].is_in(&inputs("kunci")) && secrets[0].is_in(&inputs("password")), "the search finds secrets");
    assert!(secrets[5].is_in(&inputs("accounts.csv")) && seen.0.len() > 30, "and many places were searched");
}

/// The register of accounts is what it is; a page's forms lead to the page's own link.
fn belongs(secret: &Canary, place: &str) -> bool {
    match secret.name {
        "the applicant's NIP" => place.ends_with("/accounts.redb"),
        name => name.ends_with("link") && place.starts_with("page: "),
    }
}
