//! An HTTP server that answers every whole request with the same bytes, sound or not, and keeps what it heard. Plain HTTP on
//! loopback.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is said to a request.
#[derive(Debug, Clone, Default)]
pub struct Speech {
    pub once: Vec<u8>,
    /// Said after it again and again, as long as anybody listens.
    pub again: Vec<u8>,
    /// Silent but on the line when all is said; else it hangs up.
    pub stays: bool,
}

impl Speech {
    /// Says this and hangs up.
    pub fn of(words: impl Into<Vec<u8>>) -> Self {
        Self { once: words.into(), ..Self::default() }
    }

    /// A sound answer of this status, with these lines in its head and this body.
    pub fn answer(status: &str, head: &str, body: &str) -> Self {
        let length = body.len();
        Self::of(format!("HTTP/1.1 {status}\r\n{head}Content-Length: {length}\r\n\r\n{body}"))
    }
}

pub struct Parrot {
    port: u16,
    shared: Arc<Shared>,
    listening: tokio::task::JoinHandle<()>,
}

struct Shared {
    speech: Mutex<Speech>,
    heard: Mutex<Vec<String>>,
}

impl Parrot {
    pub async fn saying(speech: Speech) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let shared = Arc::new(Shared { speech: Mutex::new(speech), heard: Mutex::default() });
        let inner = Arc::clone(&shared);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&inner)));
            }
        });
        Self { port, shared, listening }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From the next request on it says this.
    pub fn now(&self, speech: Speech) {
        *self.shared.speech.lock().expect("nothing panics holding it") = speech;
    }

    /// Every whole request, head and body.
    pub fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().expect("nothing panics holding it").clone()
    }
}

impl Drop for Parrot {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut talk = BufReader::new(stream);
    let heard = request(&mut talk).await?;
    shared.heard.lock().expect("nothing panics holding it").push(heard);
    let Speech { once, again, stays } = shared.speech.lock().expect("nothing panics holding it").clone();
    talk.write_all(&once).await.ok()?;
    while !again.is_empty() {
        talk.write_all(&again).await.ok()?;
    }
    if stays {
        talk.read_to_end(&mut Vec::new()).await.ok()?;
    }
    talk.shutdown().await.ok()
}

/// Head and body of a whole request; one that is cut off is none.
async fn request(talk: &mut BufReader<TcpStream>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        talk.read_line(&mut head).await.ok().filter(|&read| read > 0)?;
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    talk.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}
