//! A mail server that says anything: the input is its part of the talk, in pieces parted by NUL. The first is said unasked,
//! each further one answers a line of ours. Through a socket, as the connection is what is tried.

#![no_main]

use std::cell::OnceCell;
use std::time::Duration;

use futures::FutureExt;
use loket::engine::port::Inbox;
use loket::mail::inbox::Patience;
use loket::mail::inbox::imap::{ImapInbox, ImapSettings};
use loket::mail::tls::Security;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Longer than anything here needs; a mailbox that waits longer is left alone.
const PATIENCE: Duration = Duration::from_millis(150);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    RUNTIME.with(|runtime| {
        let new = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.get_or_init(new).block_on(talk(bytes));
    });
});

async fn talk(script: &[u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
    let port = listener.local_addr().expect("it is bound").port();
    let inbox = ImapInbox::with_patience(settings(port), patience()).expect("sound settings");
    let client = async {
        let _ = tokio::time::timeout(PATIENCE, inbox.next(10)).await;
    };
    tokio::select! {
        () = client => {}
        () = serve(&listener, script) => {}
    }
}

async fn serve(listener: &TcpListener, script: &[u8]) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        // Thousands of connections a second must leave none waiting in the kernel.
        stream.set_zero_linger().expect("a socket");
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        for piece in script.split(|b| *b == 0) {
            if stream.get_mut().write_all(piece).await.is_err() {
                break;
            }
            line.clear();
            if !matches!(stream.read_until(b'\n', &mut line).await, Ok(1..)) {
                break;
            }
        }
        // Heard out before it is hung up on, so that nothing said is lost.
        let _ = stream.get_mut().shutdown().await;
        let _ = stream.read_to_end(&mut line).boxed().await;
    }
}

fn patience() -> Patience {
    Patience { first_pause: PATIENCE, longest_pause: PATIENCE, idle_end: PATIENCE }
}

fn settings(port: u16) -> ImapSettings {
    ImapSettings {
        name: "kotak".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::Plain,
        user: "loket".to_owned(),
        login: Zeroizing::new("sandi".to_owned()),
        ca_file: None,
        inbox_folder: "INBOX".to_owned(),
        processed_folder: "Diproses".to_owned(),
        refused_folder: "Ditolak".to_owned(),
        poll_interval: PATIENCE,
        command_deadline: PATIENCE,
        max_mail_bytes: 1024 * 1024,
        batch: 10,
    }
}
