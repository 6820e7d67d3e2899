//! Attachments and the virus scanner: what is infected stays closed and is named, the rest is read, and without the scanner's
//! word nothing is taken in. clamd is real; what it would not do is done by a peer that lies.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use loket::dossier::page::{Contents, Paper};
use loket::reading::clamd::{Clamd as Scanner, ClamdConfig, ClamdPlace, Scanned};
use loket::reading::pool::{Pool, PoolConfig, ReadingFault};
use loket::reading::{Which, is_drawn};
use loket::sop::checklist::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::cli_fixture::Site;
use crate::kit::clamd::{Clamd, eicar};
use crate::kit::wait_for;
use crate::reading::make;

fn config(place: ClamdPlace, deadline: Duration) -> ClamdConfig {
    ClamdConfig { place, deadline }
}

fn pool(place: ClamdPlace, deadline: Duration) -> Pool {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_loket"));
    Pool::new(PoolConfig { workers: 1, scanner: Some(config(place, deadline)), ..PoolConfig::new(program) })
}

fn mail(files: &[(&'static str, &[u8])]) -> Vec<u8> {
    let attached = |(name, bytes): &(&'static str, &[u8])| (*name, "application/octet-stream", bytes.to_vec());
    make::mail("Mohon reset password.", &files.iter().map(attached).collect::<Vec<_>>())
}

fn letter(lines: &[&str]) -> Vec<u8> {
    make::pdf(&[&make::letter(lines)])
}

fn paper<'c>(contents: &'c Contents, name: &str) -> &'c Paper {
    contents.papers.iter().find(|paper| paper.attachment == name).unwrap_or_else(|| panic!("no {name}: {contents:?}"))
}

/// A signed envelope whose content lies in it in pieces, as streaming signers write it (X.690, 8.7.3.2).
fn in_pieces(content: &[u8]) -> Vec<u8> {
    let tlv =
        |tag: u8, content: &[u8]| [&[tag, 0x83][..], &(content.len() as u32).to_be_bytes()[1..], content].concat();
    let oid = |last: u8| vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last];
    let pieces: Vec<u8> = content.chunks(40).flat_map(|piece| tlv(4, piece)).collect();
    let inner = [oid(1), tlv(0xa0, &tlv(0x24, &pieces))].concat();
    let data = [tlv(2, &[1]), tlv(0x31, &[]), tlv(0x30, &inner)].concat();
    tlv(0x30, &[oid(2), tlv(0xa0, &tlv(0x30, &data))].concat())
}

const PATIENT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn an_infected_attachment_stays_closed_and_the_rest_of_the_mail_is_read() {
    let mut clamd = Clamd::new();
    clamd.start().await;
    let pool = pool(ClamdPlace::Socket(clamd.socket()), PATIENT);
    let letter = letter(&["Hal : Permohonan Reset Password"]);
    let packed = make::zip(&[("SK/1.txt", &eicar()), ("SK/2.pdf", &letter)]);
    let raw = mail(&[("surat.pdf", &letter), ("SK.txt", &eicar()), ("berkas.zip", &packed)]);

    let contents = pool.read(&raw).await.unwrap();
    let clean = pool.read(&mail(&[("surat.pdf", &letter)])).await.unwrap();

    assert!(contents.body.contains("Mohon reset"));
    assert_eq!(paper(&contents, "surat.pdf").format, "pdf");
    assert!(paper(&contents, "surat.pdf").pages[0].text().contains("Permohonan Reset"));
    for name in ["SK.txt", "berkas.zip"] {
        let closed = paper(&contents, name);
        assert_eq!(
            (closed.format.as_str(), closed.method, closed.pages.len()),
            ("infected", Method::None, 0),
            "{name}"
        );
        assert!(pool.picture(&raw, Which::Named(name.to_owned()), 1, 800).await.unwrap().is_none());
    }
    assert_eq!(contents.papers.len(), 3, "nothing of the archive was looked at");
    assert!(!is_drawn("infected") && !is_drawn("unscanned"));
    assert!(contents.alerts.contains(&"infected_attachment".to_owned()), "{:?}", contents.alerts);
    assert_eq!((clean.alerts.len(), clean.papers.len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_the_scanner_takes_is_no_clean_file_and_holds_nothing_up() {
    let mut clamd = Clamd::new();
    clamd.start().await;
    let pool = pool(ClamdPlace::Socket(clamd.socket()), PATIENT);
    let large = crate::archive_fixture::noise(3, 400_000);

    let contents = pool.read(&mail(&[("besar.bin", &large), ("surat.pdf", &letter(&["Surat"]))])).await.unwrap();

    assert_eq!(paper(&contents, "besar.bin").format, "unscanned");
    assert_eq!(paper(&contents, "surat.pdf").format, "pdf");
    assert!(contents.alerts.contains(&"unscanned_attachment".to_owned()));
    assert!(!pool.waits_for_scanner());
}

/// clamd called such an envelope clean, as it cannot open it, and reading then put the pieces together.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_scanner_cannot_unwrap_is_shown_to_it_unwrapped() {
    let mut clamd = Clamd::new();
    clamd.start().await;
    let place = ClamdPlace::Socket(clamd.socket());
    let pool = pool(place.clone(), PATIENT);
    let (virus, signed) = (in_pieces(&eicar()), in_pieces(&letter(&["Hal : Permohonan Reset Password"])));
    let packed = make::zip(&[("SK/SK.txt.p7m", &virus)]);
    let saved = mail(&[("SK.txt.p7m", &virus)]);
    let raw =
        mail(&[("SK.txt.p7m", &virus), ("berkas.zip", &packed), ("lama.eml", &saved), ("surat.pdf.p7m", &signed)]);

    let by_itself = Scanner::new(config(place, PATIENT)).scan(&packed).await.unwrap();
    let contents = pool.read(&raw).await.unwrap();

    assert_eq!(by_itself, Scanned::Clean, "clamd opens no such envelope");
    for name in ["SK.txt.p7m", "berkas.zip", "lama.eml"] {
        let closed = paper(&contents, name);
        assert_eq!((closed.format.as_str(), closed.pages.len()), ("infected", 0), "{name}");
    }
    assert_eq!(paper(&contents, "surat.pdf").format, "pdf");
    assert!(paper(&contents, "surat.pdf").pages[0].text().contains("Permohonan Reset"));
    assert_eq!(contents.papers.len(), 4, "nothing of what is closed was looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_behind_hundreds_of_others_in_an_archive_is_shown_too() {
    let mut clamd = Clamd::new();
    clamd.start().await;
    let pool = pool(ClamdPlace::Socket(clamd.socket()), PATIENT);
    let virus = in_pieces(&eicar());
    let names: Vec<String> = (0..290).map(|nth| format!("{nth:03}.txt")).collect();
    let mut files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"isi"[..])).collect();
    files.push(("SK.txt.p7m", &virus));

    let contents = pool.read(&mail(&[("berkas.zip", &make::zip(&files))])).await.unwrap();

    assert_eq!(paper(&contents, "berkas.zip").format, "infected");
}

/// What clamd passes over in an archive for its size (`MaxFileSize`) it calls clean all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_with_a_file_too_large_for_the_scanner_was_not_scanned() {
    let mut clamd = Clamd::new();
    clamd.start().await;
    let place = ClamdPlace::Socket(clamd.socket());
    let pool = pool(place.clone(), PATIENT);
    let mut large = crate::archive_fixture::noise(5, 200_000);
    large.resize(26 * 1024 * 1024, 0);
    let letter = letter(&["Surat"]);
    let packed = make::zip(&[("besar.bin", &large), ("SK.pdf", &letter)]);

    let by_itself = Scanner::new(config(place, PATIENT)).scan(&packed).await.unwrap();
    let contents = pool.read(&mail(&[("berkas.zip", &packed), ("surat.pdf", &letter)])).await.unwrap();

    assert_eq!(by_itself, Scanned::Clean, "of {} bytes", packed.len());
    assert_eq!(paper(&contents, "berkas.zip").format, "unscanned");
    assert_eq!(paper(&contents, "surat.pdf").format, "pdf");
    assert_eq!(contents.papers.len(), 2);
    assert!(contents.alerts.contains(&"unscanned_attachment".to_owned()), "{:?}", contents.alerts);
}

/// Pages were counted as if the closed archive were open, and a file of it was drawn in the place of the letter.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_drawn_past_what_stays_closed() {
    let mut clamd = Clamd::new();
    clamd.start().await;
    let place = ClamdPlace::Socket(clamd.socket());
    let (pool, another) = (pool(place.clone(), PATIENT), pool(place, PATIENT));
    let packed = make::zip(&[("1.txt", &eicar()), ("2.pdf", &letter(&["Bukan surat ini"]))]);
    let letter = letter(&["Hal : Permohonan Reset Password"]);
    let raw = mail(&[("berkas.zip", &packed), ("surat.pdf", &letter)]);
    let contents = pool.read(&raw).await.unwrap();
    let nth = contents.papers.iter().position(|paper| paper.attachment == "surat.pdf").unwrap();

    let drawn = pool.picture(&raw, nth, 1, 400).await.unwrap();
    let alone = pool.picture(&mail(&[("surat.pdf", &letter)]), 0_usize, 1, 400).await.unwrap();
    // As the desk asks: by its bytes, also of a worker that has not read the mail.
    let bytes = Which::Of(contents.papers[nth].sha256.clone());
    let by_its_bytes = another.picture(&raw, bytes, 1, 400).await.unwrap();

    assert!(drawn.is_some() && drawn == alone && by_its_bytes == alone);
}

/// How a scanner may fail.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    HangsUp,
    Stalls,
    Garbage,
    /// Well, but for `INSTREAM`.
    StallsOverFiles,
    /// It floods the line.
    NeverEnds,
    /// The first question alone.
    OnceGarbage,
}

async fn liar(fault: Fault) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut line, _)) = listener.accept().await {
            let count = count.clone();
            tokio::spawn(async move {
                let mut heard = [0u8; 10];
                let read = line.read(&mut heard).await.unwrap_or(0);
                let pings = heard[..read].starts_with(b"zPING");
                let before = if pings { 0 } else { count.fetch_add(1, Ordering::Relaxed) };
                let says: &[u8] = match fault {
                    Fault::HangsUp => return,
                    Fault::Stalls => return std::future::pending().await,
                    Fault::StallsOverFiles if !pings => return std::future::pending().await,
                    Fault::NeverEnds => {
                        while line.write_all(&[b'O'; 4096]).await.is_ok() {}
                        return;
                    }
                    Fault::Garbage => b"stream: OK",
                    Fault::OnceGarbage if !pings && before == 0 => b"stream: K",
                    _ if pings => b"PONG\0",
                    _ => b"stream: OK\0",
                };
                line.write_all(says).await.ok();
                // As clamd does: what is still to come is heard out.
                line.shutdown().await.ok();
                let mut rest = Vec::new();
                line.read_to_end(&mut rest).await.ok();
            });
        }
    });
    (address, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_cuts_stalls_or_lies_calls_nothing_clean() {
    let short = Duration::from_millis(300);
    for fault in [Fault::HangsUp, Fault::Stalls, Fault::Garbage, Fault::NeverEnds] {
        let (address, _) = liar(fault).await;
        let pool = pool(ClamdPlace::Address(address), short);

        let read = pool.read(&mail(&[("surat.pdf", &letter(&["Surat"]))])).await;

        assert!(matches!(read, Err(ReadingFault::Unscanned(_))), "fault {}", fault as u8);
        assert!(pool.waits_for_scanner());
    }
    let nobody = Scanner::new(config(ClamdPlace::Socket("/nonexistent/clamd.ctl".into()), short));
    let told = nobody.scan(b"x").await.unwrap_err().to_string();
    assert!(told.contains("/nonexistent/clamd.ctl") && told.contains("waits in the inbox"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_the_scanner_despairs_of_is_closed_after_a_second_try() {
    let short = Duration::from_secs(2);
    let (address, asked) = liar(Fault::StallsOverFiles).await;
    let scanned = Scanner::new(config(ClamdPlace::Address(address), short)).scan(b"x").await.unwrap();
    let (once, _) = liar(Fault::OnceGarbage).await;
    let at_last = Scanner::new(config(ClamdPlace::Address(once), short)).scan(b"x").await.unwrap();

    assert!(matches!(scanned, Scanned::Unscanned(_)), "{scanned:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(at_last, Scanned::Clean);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_waits_in_the_inbox_until_the_scanner_is_there_and_an_infected_paper_is_told() {
    let mut clamd = Clamd::new();
    let site = Site::new();
    let socket = clamd.socket().display().to_string();
    site.change("[log]", &format!("[virus_scan]\nsocket = {socket:?}\n[alarms]\nlook_seconds = 1\n[log]"));
    site.import().well();
    site.deliver("1.complete", &site.sample("complete"));
    let daemon = site.run().await;
    wait_for("the alarm", || async { daemon.said().contains("ALARM: The virus scanner").then_some(()) }).await;
    let waiting = site.loket(&["cases", "list", "--json"]).json();
    let inbox = std::fs::read_dir(site.path("inbox/new")).unwrap().count()
        + std::fs::read_dir(site.path("inbox/cur")).unwrap().count();

    clamd.start().await;
    let taken = wait_for("the case", || async {
        let cases = site.loket(&["cases", "list", "--json"]).json();
        cases.as_array().is_some_and(|cases| cases.len() == 1).then_some(cases)
    })
    .await;
    let infected = String::from_utf8(mail(&[("SK Helpdesk.pdf", &eicar())])).unwrap();
    let server = site.office.mail_server;
    let proven = format!(
        "Authentication-Results: {server}; dkim=pass header.d=dinas.example; dmarc=pass header.from=dinas.example\r\n{infected}"
    );
    site.deliver("2.virus", proven.as_bytes());
    let number = wait_for("the second case", || async {
        let cases = site.loket(&["cases", "list", "--json"]).json();
        let second = cases.as_array()?.iter().find(|case| case["number"] != taken[0]["number"])?;
        second["number"].as_str().map(str::to_owned)
    })
    .await;
    let shown = site.loket(&["cases", "show", &number, "--json"]).json();
    assert_eq!(daemon.stop().await, Some(0));

    assert_eq!(waiting, serde_json::json!([]), "nothing is on record before it was scanned");
    assert_eq!(inbox, 1, "and the mail is where it was");
    assert_eq!(taken[0]["phase"], "under_review");
    assert!(shown["alerts"].as_array().unwrap().contains(&"infected_attachment".into()), "{shown}");
    assert!(daemon.said().contains("Uji-Eicar"), "the log names the signature");
}
