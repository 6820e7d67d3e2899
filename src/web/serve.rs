//! Takes connections for the desk: TLS with a certificate that is read again when its files change, or plain HTTP on
//! loopback. Slow and idle peers are cut off, the number of connections is bounded, and shutting down lets answers
//! that are under way finish.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::asked::Peer;
use super::certificate::Certificates;
use super::watch::Watch;

/// Connections at a time, unless told otherwise.
const CONNECTIONS: usize = 512;
/// A TLS handshake takes no longer.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A request's head takes no longer; also how long a kept-alive connection may stay silent.
const HEAD: Duration = Duration::from_secs(10);
/// Whole life of a connection.
const LIFE: Duration = Duration::from_secs(300);
/// Answers under way at shutdown get this long.
const GRACE: Duration = Duration::from_secs(10);

/// Why the desk cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "Cannot serve the desk on {0} without TLS: plain HTTP is for loopback alone. Set `desk.tls_certificate` and `desk.tls_key`, or listen on 127.0.0.1 behind a proxy"
    )]
    PlainOffLoopback(SocketAddr),
    #[error("Cannot listen on {address}: {cause}. Is another program there, or the address not this machine's?")]
    Bind { address: SocketAddr, cause: std::io::Error },
    #[error("Cannot read the address that was bound: {0}")]
    Address(std::io::Error),
}

/// A bound socket, ready to serve.
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Certificates>>,
    connections: usize,
}

impl Listening {
    /// Binds `address`; without certificates on loopback alone. Port 0 takes a free one.
    pub async fn bind(address: SocketAddr, tls: Option<Arc<Certificates>>) -> Result<Self, ServeError> {
        if tls.is_none() && !address.ip().is_loopback() {
            return Err(ServeError::PlainOffLoopback(address));
        }
        let listener = TcpListener::bind(address).await.map_err(|cause| ServeError::Bind { address, cause })?;
        let address = listener.local_addr().map_err(ServeError::Address)?;
        Ok(Self { listener, address, tls, connections: CONNECTIONS })
    }

    /// Takes no more connections at a time than this.
    #[must_use]
    pub fn at_most(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled, then waits for answers under way, at most ten seconds.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.connections));
        let failures = Arc::new((Watch::default(), Instant::now()));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, peer) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(cause) => {
                        // Out of file handles, most likely: give others time to end.
                        tracing::warn!(%cause, "The desk could not accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let (router, tls, stop) = (router.clone(), self.tls.clone(), stop.clone());
            let failures = Arc::clone(&failures);
            tokio::spawn(async move {
                connection(stream, peer, tls, router, stop, &failures).await;
                drop(place);
            });
        }
        drop(self.listener);
        let _ = timeout(GRACE, places.acquire_many(u32::try_from(self.connections).unwrap_or(u32::MAX))).await;
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<Certificates>>,
    router: Router,
    stop: CancellationToken,
    (failures, begun): &(Watch, Instant),
) {
    let failed = |why: &str| failures.no_handshake(peer.ip(), why, begun.elapsed().as_secs() / 60);
    let _ = stream.set_nodelay(true);
    match tls {
        None => requests(stream, peer, router, stop).await,
        Some(certificates) => {
            let acceptor = TlsAcceptor::from(certificates.current());
            match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => requests(stream, peer, router, stop).await,
                Ok(Err(cause)) => failed(&cause.to_string()),
                Err(_) => failed("it took too long"),
            }
        }
    }
}

async fn requests<S>(stream: S, peer: SocketAddr, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(64 * 1024);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await.unwrap_or(Ok(()))
        }
        () = tokio::time::sleep(LIFE) => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(cause) = ended {
        tracing::debug!(%cause, "A connection to the desk ended early");
    }
}
