//! The office that the simulation plays: two daemons over one world, made once and set back to its first morning for each
//! seed. The engine knows nothing beyond its store, so it need not be built anew.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeZone, Utc};
use loket::accounts::register::Register;
use loket::demo::samples::{self, people};
use loket::engine::Engine;
use loket::engine::admins::Role;
use loket::engine::intake::{DayLimits, Mailbox};
use loket::engine::office::{Office, Procedures};
use loket::letters::Letters;
use loket::mail::authenticity::Trust;
use loket::mail::message::Reception;
use loket::sop::hours::YearDates;
use loket::sop::names::{Address, Language, OfficeId};
use loket::vault::{Keyring, MasterKey, SeededRandom};

use super::lot::{Drawn, Lot};
use super::memory::Kept;
use super::papers::{Papers, REQUESTS};
use super::ports::Port;
use super::world::{DAEMONS, World, alone};
use crate::kit::site::{BASE_URL, address};

pub const OFFICE: &str = "simulasi";

pub struct Stage {
    pub world: Arc<World>,
    pub engines: Vec<Arc<Engine>>,
    pub mailbox: Mailbox,
    pub admins: Vec<Address>,
    random: Vec<Arc<Drawn>>,
    morning: Kept,
}

pub fn first_morning() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 10, 2, 0, 0).single().expect("a plain moment")
}

impl Stage {
    pub fn set(papers: &Arc<Papers>) -> Self {
        let now = first_morning();
        let sample = samples::office(now.date_naive());
        let accounts = loket::accounts::csv::read(sample.accounts_csv.as_bytes(), "Helpdesk").expect("sample accounts");
        let accounts = Arc::new(Register::new(accounts).unwrap_or_else(|_| panic!("each account once")));
        let keys = Keyring::new(&MasterKey::generate(&SeededRandom::new(7)));
        let admins: Vec<Address> = sample.admins.iter().map(|(_, to)| address(to)).collect();
        let applicants = REQUESTS.iter().map(|(_, who)| address(who.email));
        let readers = applicants.chain(admins.clone()).chain([address(sample.superior.1)]).collect();
        let world = Arc::new(World::new(now, keys.clone(), admins.clone(), readers));
        let own = Address::parse(sample.mailbox).expect("the sample mailbox has an address");
        let random: Vec<_> = (0..DAEMONS as u64).map(|d| Arc::new(Drawn(Mutex::new(Lot::of(d))))).collect();
        let engine = |daemon: usize| {
            let (world, accounts, papers) = (world.clone(), accounts.clone(), papers.clone());
            let port = Arc::new(Port { world, daemon, accounts, papers });
            let dates = YearDates::parse(include_str!("../../config/holidays/2026.toml")).expect("the shipped dates");
            Arc::new(Engine {
                office: Office {
                    id: OfficeId(OFFICE.to_owned()),
                    prefix: sample.prefix.to_owned(),
                    language: Language::Id,
                    zone: chrono_tz::Asia::Makassar,
                    base_url: BASE_URL.to_owned(),
                    mail_domain: "lembayungraya.example".to_owned(),
                    own_addresses: vec![own.clone()],
                    superior: Some((sample.superior.0.to_owned(), address(sample.superior.1))),
                },
                procedures: Procedures::new(chrono_tz::Asia::Makassar, vec![dates]),
                letters: Letters::load(sample.letters.clone(), None).expect("the shipped letters"),
                keys: keys.clone(),
                store: port.clone(),
                archive: port.clone(),
                accounts: port.clone(),
                courier: port.clone(),
                reader: port.clone(),
                clock: port,
                random: random[daemon].clone(),
                names: Default::default(),
                challenges: Default::default(),
                outbox: Default::default(),
            })
        };
        let engines: Vec<_> = (0..DAEMONS).map(engine).collect();
        let text = include_str!("../../config/sop/helpdesk.toml");
        let mut worked = None;
        for engine in &engines {
            worked = alone(engine.procedures.adopt(text, &engine.office.id, &*engine.store)).ok();
        }
        for (name, to) in sample.admins {
            enrol(&engines[0], to, name);
        }
        engines.iter().for_each(|engine| alone(engine.learn_names()).expect("a store in memory answers"));
        let trust = Trust { authserv_id: Some(people::MAIL_SERVER.to_owned()), ..Trust::default() };
        let mailbox = Mailbox {
            name: "utama".to_owned(),
            reception: Reception { prefix: sample.prefix.to_owned(), own: vec![own], trust },
            worked: worked.expect("the shipped procedure is valid"),
            require_authenticated: true,
            witness: None,
            max_mail_bytes: 25_000_000,
            limits: DayLimits::default(),
        };
        let morning = world.store.kept(|kept| kept.clone());
        Self { world, engines, mailbox, admins, random, morning }
    }

    /// The first morning again, under another seed.
    pub fn reset(&self, seed: u64) {
        *self.world.lock() = World::inside(seed, first_morning());
        self.world.store.kept(|kept| *kept = self.morning.clone());
        for (daemon, random) in self.random.iter().enumerate() {
            *random.0.lock().expect("no panic under the lock") = Lot::of(!seed ^ ((daemon as u64) << 32));
        }
    }
}

fn enrol(engine: &Engine, to: &str, name: &str) {
    let enrolled = async {
        let link = engine.enroll(&address(to), name, Role::Admin).await?;
        let token = link.rsplit('/').next().unwrap_or_default().to_owned();
        let (_, record) = engine.invited(&token).await?.expect("just invited");
        let code = record.factor()?.code(engine.clock.now());
        engine.confirm_enrolment(&token, &code, None).await
    };
    alone(enrolled).expect("a store in memory answers").expect("just invited");
}
