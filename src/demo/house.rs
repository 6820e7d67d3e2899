//! The demo's office at work: the daemon's own rooms over the demo's folder, with a clock that can be moved and admins
//! whose factors are shown.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::clock::DemoClock;
use super::mailroom::Mailroom;
use super::sandbox::Letters;
use super::{samples, setting};
use crate::accounts::csv;
use crate::accounts::directory::Directory;
use crate::config::Config;
use crate::daemon::assembly::{Assembly, Extent};
use crate::daemon::counter::Desk;
use crate::daemon::desk;
use crate::daemon::operations::{Operations, Staging};
use crate::daemon::run;
use crate::daemon::socket::Socket;
use crate::engine::Engine;
use crate::engine::admins::{Proof, Role};
use crate::engine::port::{Clock, Fault};
use crate::sop::names::Address;
use crate::store::StateFolder;
use crate::web;
use crate::web::serve::Listening;
use crate::web::site::{BaseUrl, Setup, Site};

/// Everything running, and what a player needs of it.
pub struct House {
    pub engine: Arc<Engine>,
    pub directory: Directory,
    pub mailroom: Arc<Mailroom>,
    pub clock: Arc<DemoClock>,
    /// `http://127.0.0.1:49152`.
    pub base_url: String,
    pub address: SocketAddr,
    /// What the server that took a sample in writes above it.
    pub stamp: samples::Stamp,
    /// Plays that were asked for on the sandbox page.
    pub letters: Arc<Letters>,
    stop: CancellationToken,
    loops: JoinHandle<Result<(), Fault>>,
    serving: JoinHandle<()>,
    /// The command line is answered through the socket, as the daemon does.
    /// The command line's; none where the folder takes no socket.
    answering: Option<JoinHandle<()>>,
}

impl House {
    /// Writes the folder, opens its state and starts everything on a free port of this machine, with the clock moved on.
    /// Changes nothing in a folder that another demo plays in.
    pub async fn open(folder: &Path, schedule: &str, ahead: TimeDelta) -> Result<Self> {
        let state = StateFolder::take(&folder.join(setting::STATE))?;
        let listening = listen(folder).await?;
        let clock = Arc::new(DemoClock::kept_in(folder.join("clock")));
        clock.forward(ahead).context("Cannot keep the demo's clock")?;
        let day = clock.now().with_timezone(&chrono_tz::Asia::Makassar).date_naive();
        let config = setting::write(folder, day, listening.address(), schedule)?;
        let office = samples::office(day);
        let assembly = Assembly::open_in(state, &config, Extent::Whole, clock.clone()).await?;
        Staging::of(&config.state.directory).sweep();
        assembly.directory.import(csv::read(office.accounts_csv.as_bytes(), "Helpdesk")?).await?;
        for (name, address) in &office.admins {
            enrol(&assembly.engine, &clock, name, address).await?;
        }
        let (engine, directory) = (assembly.engine.clone(), assembly.directory.clone());
        let mailroom = Arc::new(Mailroom::new(folder));
        let stamp = samples::Stamp { server: office.mail_server };
        let letters = Arc::new(Letters::new(engine.clone(), mailroom.clone(), clock.clone(), stamp));
        let stop = CancellationToken::new();
        let operations = Arc::new(Operations::of(&assembly, &config));
        let answering = Socket::bind(&config.state.socket)
            .inspect_err(|why| tracing::warn!("the command line does not reach this demo: {why}"))
            .ok()
            .map(|socket| tokio::spawn(socket.serve(operations, stop.clone())));
        let mailboxes = Arc::new(assembly.mailboxes.clone());
        let counter = Desk::new(engine.clone(), mailboxes, assembly.pulses.clone());
        let site =
            Site::new(Arc::new(counter.with_sandbox(letters.clone())), clock.clone(), setup(&config, clock.now())?);
        let address = listening.address();
        let serving = tokio::spawn(listening.serve(web::router(Arc::new(site)), stop.clone()));
        let loops = tokio::spawn(run::run(assembly, config.archive.schedule.clone(), stop.clone()));
        let base_url = config.desk.base_url.clone();
        Ok(Self {
            engine,
            directory,
            mailroom,
            clock,
            base_url,
            address,
            stamp,
            letters,
            stop,
            loops,
            serving,
            answering,
        })
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Moves the clock and wakes whoever waits for it.
    pub fn forward(&self, by: TimeDelta) -> Result<()> {
        self.clock.forward(by).context("Cannot keep the demo's clock")?;
        self.engine.wake_dispatchers();
        Ok(())
    }

    /// A code of this admin that still counts; moves the clock to the next one where all were used.
    pub async fn code_of(&self, address: &Address) -> Result<String> {
        for _ in 0..4 {
            let (_, record) =
                self.engine.admin(address).await?.ok_or_else(|| anyhow!("Nobody is enrolled under {address}"))?;
            if let Some(code) = record.lasting_code(self.now())? {
                return Ok(code);
            }
            self.forward(TimeDelta::seconds(30))?;
        }
        Err(anyhow!("No code of an admin counts any more"))
    }

    /// Ends when a loop failed and everything stops; [`House::close`] says why.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Lets what is in hand finish.
    pub async fn close(self) -> Result<()> {
        self.stop.cancel();
        self.serving.await?;
        if let Some(answering) = self.answering {
            answering.await?;
        }
        Ok(self.loops.await??)
    }
}

/// The port of an earlier run in this folder, so that its links keep working, else any free one.
async fn listen(folder: &Path) -> Result<Listening> {
    if let Some(earlier) = setting::earlier_address(folder)
        && let Ok(listening) = Listening::bind(earlier, None).await
    {
        return Ok(listening);
    }
    Ok(Listening::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).await?)
}

/// Enrols an admin with the first code of the factor, unless an earlier run did.
async fn enrol(engine: &Engine, clock: &DemoClock, name: &str, address: &str) -> Result<()> {
    let address = Address::parse(address).context("The sample office's admins have addresses")?;
    if engine.admin(&address).await?.is_some_and(|(_, record)| record.is_active()) {
        return Ok(());
    }
    let link = engine.enroll(&address, name, Role::Admin).await?;
    let token = link.rsplit('/').next().unwrap_or_default();
    let code = match engine.invited(token).await? {
        Some((_, record)) => record.factor()?.code(clock.now()),
        None => String::new(),
    };
    match engine.confirm_enrolment(token, &code, None).await? {
        Some(Proof::Right) => Ok(()),
        _ => Err(anyhow!("Cannot enrol {name}: the first code was not taken")),
    }
}

fn setup(config: &Config, now: DateTime<Utc>) -> Result<Setup> {
    Ok(Setup {
        office: web::view::Office { demo: true, ..desk::office(config, now) },
        base_url: BaseUrl::parse(&config.desk.base_url).map_err(|why| anyhow!(why))?,
        trusted_proxies: Vec::new(),
        limits: Default::default(),
        entropy: desk::entropy(),
    })
}
