//! The certificate that people see where a proxy stands before the desk.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use chrono::TimeDelta;
use loket::config::Config;
use loket::config::desk::TlsFiles;
use loket::daemon::alarm::Alarm;
use loket::daemon::alarm::facts::{Facts, Sources};
use loket::daemon::alarm::front::Front;
use loket::daemon::alarm::judge::{Limits, judge};
use loket::mail::https::Address;
use loket::web::certificate::Certificates;
use loket::web::serve::Listening;
use tokio_util::sync::CancellationToken;

use crate::kit;
use crate::kit::Site;
use crate::kit::wait::in_time;

const HOST: &str = "127.0.0.1";

/// The shipped one: its desk is on the network, and has no certificate of its own.
fn config() -> Config {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loket.toml");
    loket::config::load(&shipped).expect("a sound configuration")
}

/// A proxy on this machine, and the authority that its certificate is from.
async fn proxy(folder: &Path) -> (u16, PathBuf) {
    let certificates = kit::certificates::Certificates::for_loopback(folder);
    let pair = Certificates::load(&certificates.certificate, &certificates.key).expect("the kit wrote it");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listening = Listening::bind(address, Some(Arc::new(pair))).await.expect("a free port");
    let port = listening.address().port();
    tokio::spawn(listening.serve(Router::new(), CancellationToken::new()));
    (port, certificates.ca_file)
}

fn sources(site: &Site, port: u16, ca_file: &PathBuf) -> (Arc<Front>, Sources) {
    let address = Address::parse(&format!("https://{HOST}:{port}"), Some(ca_file)).expect("a sound address");
    let front = Arc::new(Front::new(address));
    let mut sources = Sources::new(site.engine.clone(), Vec::new(), None, config(), false);
    sources.front = Some(front.clone());
    (front, sources)
}

/// Whether its end is an alarm under this limit, and whether one that stands goes on.
fn told(facts: &Facts, certificate: TimeDelta) -> (bool, bool) {
    let limits = Limits { fetch_failures: 5, outbox_tries: 7, certificate, disk_free_mb: 0 };
    let judgement = judge(facts, &limits);
    let ends = |alarm: &Alarm| matches!(alarm, Alarm::CertificateEnds { of, .. } if of == HOST);
    (judgement.raise.iter().any(ends), judgement.keep.contains(&format!("certificate_ends/{HOST}")))
}

/// The desk behind a proxy has no certificate in a file: the one that people see ended, and nobody was told.
#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_that_a_proxy_shows_before_the_desk_is_an_alarm_before_it_ends() {
    let (site, folder) = (Site::start().await, tempfile::tempdir().expect("a folder"));
    let (port, ca_file) = proxy(folder.path()).await;
    let (front, sources) = sources(&site, port, &ca_file);
    let before = sources.gather().await.expect("the store answers");

    in_time("the handshake", front.look()).await;

    let after = sources.gather().await.expect("the store answers");
    let until = after.certificates.iter().find(|c| c.of == HOST).and_then(|c| c.until).expect("it was shown");
    assert_eq!(told(&before, TimeDelta::days(21)), (false, true), "it was not seen since the start");
    assert_eq!(told(&after, until - after.at), (true, false));
    assert_eq!(told(&after, until - after.at - TimeDelta::days(2)), (false, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_with_a_proxy_that_fails_is_no_alarm() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let site = Site::start().await;
    let (port, _) = proxy(folder.path()).await;
    let stranger = kit::certificates::Certificates::for_loopback(other.path());
    let (front, sources) = sources(&site, port, &stranger.ca_file);

    in_time("the handshake", front.look()).await;

    let facts = sources.gather().await.expect("the store answers");
    assert_eq!(told(&facts, TimeDelta::days(21)), (false, true));
}

#[test]
fn only_a_desk_on_the_network_that_shows_no_certificate_of_its_own_has_a_front() {
    let front = |url: &str, tls: Option<TlsFiles>| {
        let mut config = config();
        (config.desk.base_url, config.desk.tls) = (url.to_owned(), tls);
        Front::of(&config).map(|front| front.facts().of)
    };
    let own = TlsFiles { certificate: "desk.pem".into(), key: "desk.key".into() };

    assert_eq!(front("https://loket.example:8443", None).as_deref(), Some("loket.example"));
    assert_eq!(front("https://loket.example", Some(own)), None);
    for here in ["http://127.0.0.1:8420", "https://127.0.0.1:8420", "https://localhost", "https://[::1]:8420", "-"] {
        assert_eq!(front(here, None), None, "{here}");
    }
}
