//! The desk in a real browser: under `no-referrer` it sends `Origin: null` with its own forms, and they must be taken.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use loket::web::router;
use loket::web::serve::Listening;
use loket::web::view::CasePage;
use tokio_util::sync::CancellationToken;

use crate::web_escape::RECORDS;
use crate::web_fake::{CODE, Fake, GOOD_TOKEN, NIP, SetClock, now, site};
use crate::web_samples::review;

/// Chromium's driver on a free port, ended with the test.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A browser whose page is `width` pixels wide.
async fn browser(width: u32) -> (Driver, Client) {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = free.local_addr().expect("it is bound").port();
    drop(free);
    let child = Command::new("chromedriver")
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed; tests/run installs it");
    let driver = Driver(child);
    let options = serde_json::json!({"goog:chromeOptions": {
        "args": ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-prefers-reduced-motion"],
        "mobileEmulation": {"deviceMetrics": {"width": width, "height": 1600, "pixelRatio": 1.0, "touch": false}}
    }});
    let capabilities = options.as_object().cloned().expect("written as an object");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let url = format!("http://127.0.0.1:{port}");
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        match builder.capabilities(capabilities.clone()).connect(&url).await {
            Ok(client) => return (driver, client),
            Err(cause) if tokio::time::Instant::now() > deadline => panic!("Chromium did not start: {cause}"),
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

async fn fill(client: &Client, field: &str, text: &str) {
    client
        .find(Locator::Css(field))
        .await
        .expect("the field is on the page")
        .send_keys(text)
        .await
        .expect("it takes keys");
}

async fn press(client: &Client, button: &str) {
    client
        .find(Locator::Css(button))
        .await
        .expect("the button is on the page")
        .click()
        .await
        .expect("it can be pressed");
}

/// Waits until the page that was asked for is there.
async fn reached(client: &Client, element: &str) {
    client.wait().at_most(Duration::from_secs(20)).for_element(Locator::Css(element)).await.expect("the page comes");
}

#[tokio::test]
async fn a_browser_opens_a_dossier_rejects_it_and_collects_a_result() {
    let fake = Arc::new(Fake { demo: true, ..Fake::default() });
    let listening = Listening::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).await.expect("a free port");
    let base = format!("http://{}", listening.address());
    let clock = Arc::new(SetClock(Mutex::new(now())));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(listening.serve(router(site(Arc::clone(&fake), clock, &base)), stop.clone()));
    let (_driver, client) = browser(1280).await;

    client.goto(&format!("{base}/tautan/{GOOD_TOKEN}")).await.expect("the desk answers");
    fill(&client, "#kode", CODE).await;
    press(&client, "form button").await;
    reached(&client, "#tolak button").await;
    let review = client.current_url().await.expect("it is somewhere");
    press(&client, "#tolak button").await;
    let decided = format!("{base}/berkas/LPSE-2026-0047").parse().expect("an address");
    client.wait().for_url(&decided).await.expect("the decision leads to the case's page");
    client.goto(&format!("{base}/ambil/{GOOD_TOKEN}")).await.expect("the desk answers");
    fill(&client, "#nip", NIP).await;
    press(&client, "form button").await;
    reached(&client, ".secret").await;
    press(&client, "form button").await;
    reached(&client, ".note.ok").await;
    client.close().await.expect("the browser closes");
    stop.cancel();
    serving.await.expect("it ends without a panic");

    assert_eq!(review.as_str(), format!("{base}/berkas/LPSE-2026-0047#tolak"));
    assert_eq!(fake.calls(), ["unlock", "decide Reject hash-usulan  ", "reveal", "change_confirmed"]);
}

#[tokio::test]
async fn no_page_scrolls_sideways_on_a_narrow_screen() {
    let long =
        "CamScanner_11-10-2026_08.14_SK_HELPDESK_TIM_PENGELOLA_LPSE_PROVINSI_KARANG_MULIA_TAHUN_ANGGARAN_2026.pdf";
    let fake = Arc::new(Fake { demo: true, words: long.into(), ..Fake::default() });
    *fake.page.lock().expect("nobody else holds the page") = Box::new(move || {
        let mut review = review(long);
        review.head.user_id = Some(long.into());
        review.papers.iter_mut().for_each(|paper| paper.unreadable = Some(long.into()));
        CasePage::Review(Box::new(review))
    });
    let listening = Listening::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).await.expect("a free port");
    let base = format!("http://{}", listening.address());
    let clock = Arc::new(SetClock(Mutex::new(now())));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(listening.serve(router(site(Arc::clone(&fake), clock, &base)), stop.clone()));
    let (_driver, client) = browser(320).await;
    client.goto(&format!("{base}/tautan/{GOOD_TOKEN}")).await.expect("the desk answers");
    fill(&client, "#kode", CODE).await;
    press(&client, "form button").await;
    reached(&client, "#tolak button").await;

    let mut wide = Vec::new();
    for path in ["berkas/LPSE-2026-0047", "meja", "ditahan/tahan-1", "surel/surat-1", "tautan/x", "masuk", "frasa"]
        .into_iter()
        .chain(RECORDS.map(|path| &path[1..]))
        .map(str::to_owned)
        .chain(["tautan", "ambil", "ganti", "daftar"].map(|kind| format!("{kind}/{GOOD_TOKEN}")))
    {
        client.goto(&format!("{base}/{path}")).await.expect("the desk answers");
        let width = client.execute("return document.documentElement.scrollWidth", Vec::new()).await;
        let width = width.expect("the browser measures").as_u64().unwrap_or(u64::MAX);
        if width > 320 {
            wide.push((path, width));
        }
    }
    client.close().await.expect("the browser closes");
    stop.cancel();
    serving.await.expect("it ends without a panic");

    assert_eq!(wide, []);
}
