//! Sits between a client and an honest server and forwards every byte, until it does as it was told to one connection: cuts
//! it, falls silent, or drips, after exactly so many bytes of one direction.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mischief {
    /// Hangs up on both.
    Cut,
    /// Forwards nothing more in this direction and stays on the line.
    Stall,
    /// One byte at a time from here on, with this pause between them.
    Drip(Duration),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server.
    Asked,
    /// From the server to the client.
    Answered,
}

/// What happens, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Counted from 0 in the order they are made; the others are left alone.
    pub connection: usize,
    pub way: Way,
    /// Bytes of this direction that pass before.
    pub after: usize,
    pub what: Mischief,
}

impl Plan {
    /// Whether the client never gets the last bytes that the server says in a dialogue of these lengths.
    pub fn withholds(&self, lengths: &[[usize; 2]]) -> bool {
        let whole = lengths.get(self.connection).map_or(0, |length| length[Way::Answered as usize]);
        self.way == Way::Answered && matches!(self.what, Mischief::Cut | Mischief::Stall) && self.after < whole
    }
}

pub struct Gremlin {
    port: u16,
    passed: Arc<Mutex<Vec<[usize; 2]>>>,
    listening: tokio::task::JoinHandle<()>,
    /// Ends what is still on the line: a connection that was stalled would never notice that both sides are gone.
    _over: DropGuard,
}

impl Gremlin {
    /// Listens in front of the server on `port` of this machine.
    pub async fn before(port: u16, plan: Option<Plan>) -> Self {
        Self::with(port, move |number| plan.filter(|plan| plan.connection == number)).await
    }

    /// As [`Gremlin::before`], with a plan for each connection that is to come to harm.
    pub async fn with(port: u16, plans: impl Fn(usize) -> Option<Plan> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let own = listener.local_addr().expect("a bound listener has an address").port();
        let passed: Arc<Mutex<Vec<[usize; 2]>>> = Arc::default();
        let (counts, number, over) = (passed.clone(), AtomicUsize::new(0), CancellationToken::new());
        let guard = over.clone().drop_guard();
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = number.fetch_add(1, Ordering::SeqCst);
                counts.lock().expect("nothing panics holding it").push([0; 2]);
                tokio::spawn(forward(client, port, plans(number), counts.clone(), number, over.child_token()));
            }
        });
        Self { port: own, passed, listening, _over: guard }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Bytes that went each way, asked and answered, by connection.
    pub fn passed(&self) -> Vec<[usize; 2]> {
        self.passed.lock().expect("nothing panics holding it").clone()
    }
}

impl Drop for Gremlin {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn forward(
    client: TcpStream,
    port: u16,
    plan: Option<Plan>,
    counts: Arc<Mutex<Vec<[usize; 2]>>>,
    number: usize,
    over: CancellationToken,
) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let pump = |way: Way, from, to| {
        let (counts, over) = (counts.clone(), over.clone());
        let plan = plan.filter(|plan| plan.way == way);
        async move {
            tokio::select! {
                () = over.cancelled() => {}
                () = pump(from, to, plan, |bytes| {
                    counts.lock().expect("nothing panics holding it")[number][way as usize] += bytes;
                }) => over.cancel(),
            }
        }
    };
    tokio::join!(pump(Way::Asked, from_client, to_server), pump(Way::Answered, from_server, to_client));
}

/// Ends when either side does, or by a cut.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, plan: Option<Plan>, count: impl Fn(usize)) {
    let mut done = 0;
    let mut bytes = vec![0; 16 * 1024];
    loop {
        // Before the first byte too: a plan may leave none.
        if let Some(Plan { after, what, .. }) = plan
            && done >= after
        {
            match what {
                Mischief::Cut => return,
                Mischief::Stall => return std::future::pending().await,
                Mischief::Drip(pause) => tokio::time::sleep(pause).await,
            }
        }
        let most = match plan {
            Some(Plan { after, .. }) if done < after => (after - done).min(bytes.len()),
            Some(_) => 1,
            None => bytes.len(),
        };
        let Ok(read @ 1..) = from.read(&mut bytes[..most]).await else { return };
        done += read;
        // Before it arrives, so that whoever has it finds it counted.
        count(read);
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
