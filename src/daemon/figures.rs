//! The socket on which a monitoring system reads figures and alarms: configuration → socket → what was last seen.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use tokio_util::sync::CancellationToken;

use super::alarm::board::Board;
use super::alarm::gauges;
use super::alarm::watch::{LastFacts, Watch};
use crate::config::Config;
use crate::sop::names::Language;
use crate::web::certificate::Certificates;
use crate::web::figures::{Told, router};
use crate::web::serve::Listening;

/// A reader is quick; more at a time can only be an attempt to tire the daemon out.
const CONNECTIONS: usize = 16;

/// A bound socket, ready to serve.
pub struct Figures {
    listening: Listening,
    router: Router,
}

struct Seen {
    facts: LastFacts,
    board: Board,
    language: Language,
}

impl Told for Seen {
    fn metrics(&self) -> String {
        gauges::text(&self.facts.get(), &self.board.raised())
    }

    fn alarms(&self) -> Vec<String> {
        let line = |standing: super::alarm::board::Standing| {
            format!("{} {} {}", standing.since.to_rfc3339(), standing.alarm.key(), standing.alarm.say(self.language))
        };
        self.board.raised().into_iter().map(line).collect()
    }
}

impl Figures {
    /// Binds where the configuration says; `None` where nobody is to read.
    pub async fn bind(config: &Config, watch: &Watch) -> Result<Option<Self>> {
        let Some(metrics) = &config.metrics else { return Ok(None) };
        let token = metrics.token.as_ref().map(|source| source.read_text()).transpose()?;
        // Off this machine under the desk's certificate; on it as it is.
        let tls = config.desk.tls.as_ref().filter(|_| !metrics.listen.ip().is_loopback());
        let tls = tls.map(|files| Certificates::load(&files.certificate, &files.key).map(Arc::new)).transpose()?;
        let listening = Listening::bind(metrics.listen, tls).await?.at_most(CONNECTIONS);
        let seen = Seen { facts: watch.seen.clone(), board: watch.board.clone(), language: config.office.language };
        Ok(Some(Self { listening, router: router(Arc::new(seen), token) }))
    }

    pub fn address(&self) -> SocketAddr {
        self.listening.address()
    }

    /// Serves until `stop`.
    pub async fn serve(self, stop: CancellationToken) {
        self.listening.serve(self.router, stop).await;
    }
}
