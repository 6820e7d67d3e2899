//! The desk's pages on a free loopback port, for a browser to open.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use loket::web::serve::Listening;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub struct Served {
    /// `http://127.0.0.1:PORT`.
    pub base: String,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Served {
    /// Serves what `pages` makes for the address.
    pub async fn start(pages: impl FnOnce(&str) -> Router) -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listening = Listening::bind(loopback, None).await.expect("a free port");
        let base = format!("http://{}", listening.address());
        let stop = CancellationToken::new();
        let serving = tokio::spawn(listening.serve(pages(&base), stop.clone()));
        Self { base, stop, serving }
    }

    pub async fn end(self) {
        self.stop.cancel();
        self.serving.await.expect("it ends without a panic");
    }
}
