//! An IMAP server inside the test that behaves as badly as it is told: it stalls, hangs up after any byte, lies about
//! sizes, announces monstrous literals or refuses single mails. Honest otherwise, in the few commands the inbox speaks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::tokens::Porter;

/// How the server misbehaves.
#[derive(Debug, Clone, Default)]
pub struct Manners {
    /// Beside `IMAP4rev1`.
    pub capabilities: &'static str,
    /// Hangs up after this many bytes of everything it says on a connection, for this many connections.
    pub cut_after: Option<(usize, usize)>,
    /// Never answers a line that contains this.
    pub silent_at: Option<&'static str>,
    /// Answers a line that contains this with these words instead (`{tag}` is filled in).
    pub instead: Option<(&'static str, &'static str)>,
    /// Says NO to the body of this mail.
    pub withheld: Option<u32>,
    /// Says NO to every MOVE or COPY with one of these mails.
    pub immovable: &'static [u32],
    /// Sends nonsense instead of the body of this mail.
    pub garbled: Option<u32>,
}

pub struct Impostor {
    port: u16,
    shared: Arc<Shared>,
    listening: tokio::task::JoinHandle<()>,
}

struct Shared {
    /// Without one everybody is let in.
    porter: Option<Porter>,
    manners: Mutex<Manners>,
    mails: Mutex<BTreeMap<u32, Vec<u8>>>,
    filed: Mutex<Vec<(u32, String)>>,
    heard: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

impl Impostor {
    pub async fn start(manners: Manners, mails: &[Vec<u8>]) -> Self {
        Self::start_behind(None, manners, mails).await
    }

    /// As [`Impostor::start`]; with a porter a good token alone opens the mailbox.
    pub async fn start_behind(porter: Option<Porter>, manners: Manners, mails: &[Vec<u8>]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let shared = Arc::new(Shared {
            porter,
            manners: Mutex::new(manners),
            mails: Mutex::new((1..).zip(mails.iter().cloned()).collect()),
            filed: Mutex::default(),
            heard: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let inner = Arc::clone(&shared);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = inner.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&inner), number));
            }
        });
        Self { port, shared, listening }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// From the next command on it is honest.
    pub fn behave(&self) {
        *self.shared.manners.lock().expect("nothing panics holding it") = Manners::default();
    }

    /// Another client removes a mail.
    pub fn take_away(&self, uid: u32) {
        self.shared.mails.lock().expect("nothing panics holding it").remove(&uid);
    }

    /// UIDs and the folders they were moved to.
    pub fn filed(&self) -> Vec<(u32, String)> {
        self.shared.filed.lock().expect("nothing panics holding it").clone()
    }

    /// Every command line heard, without its tag.
    pub fn heard(&self) -> Vec<String> {
        self.shared.heard.lock().expect("nothing panics holding it").clone()
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Counts what is said, to hang up in the middle of it.
struct Mouth {
    out: OwnedWriteHalf,
    left: Option<usize>,
}

impl Mouth {
    async fn say(&mut self, words: &[u8]) -> Option<()> {
        let Some(left) = self.left else { return self.out.write_all(words).await.ok() };
        let said = words.len().min(left);
        self.out.write_all(&words[..said]).await.ok()?;
        self.left = Some(left - said);
        (said == words.len()).then_some(())
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, number: usize) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let manners = shared.manners.lock().expect("nothing panics holding it").clone();
    let left = manners.cut_after.and_then(|(bytes, connections)| (number < connections).then_some(bytes));
    let (ear, out) = stream.into_split();
    let mut mouth = Mouth { out, left };
    let mut ear = BufReader::new(ear);
    mouth.say(b"* OK here\r\n").await?;
    let mut inside = shared.porter.is_none();
    while let Some(line) = line(&mut ear).await {
        let manners = shared.manners.lock().expect("nothing panics holding it").clone();
        // What answers a challenge that nobody awaits is no command.
        let Some((tag, command)) = line.split_once(' ') else { continue };
        if !command.starts_with("LOGIN") {
            shared.heard.lock().expect("nothing panics holding it").push(command.to_owned());
        }
        if manners.silent_at.is_some_and(|at| command.contains(at)) {
            continue;
        }
        if let Some((_, words)) = manners.instead.filter(|(at, _)| command.contains(at)) {
            mouth.say(words.replace("{tag}", tag).as_bytes()).await?;
            continue;
        }
        if let (Some(porter), "AUTHENTICATE XOAUTH2") = (&shared.porter, command) {
            inside = let_in(porter, &mut ear, &mut mouth, tag).await?;
            continue;
        }
        if !inside && command != "CAPABILITY" {
            mouth.say(format!("{tag} NO log in first\r\n").as_bytes()).await?;
            continue;
        }
        let answer = answer(&shared, &manners, tag, command);
        mouth.say(&answer).await?;
        if command == "IDLE" {
            self::line(&mut ear).await?;
            mouth.say(format!("{tag} OK idle ended\r\n").as_bytes()).await?;
        }
    }
    None
}

/// Whether a token opened the mailbox. What is refused is explained in a challenge first, as providers do.
async fn let_in(porter: &Porter, ear: &mut BufReader<OwnedReadHalf>, mouth: &mut Mouth, tag: &str) -> Option<bool> {
    mouth.say(b"+ \r\n").await?;
    let admitted = porter.admits(&line(ear).await?);
    if admitted {
        mouth.say(format!("{tag} OK come in\r\n").as_bytes()).await?;
    } else {
        mouth.say(format!("+ {}\r\n", Porter::CHALLENGE).as_bytes()).await?;
        line(ear).await?;
        mouth.say(format!("{tag} NO [AUTHENTICATIONFAILED] not this one\r\n").as_bytes()).await?;
    }
    Some(admitted)
}

/// The next whole line; one that is cut off is no command.
async fn line(ear: &mut BufReader<OwnedReadHalf>) -> Option<String> {
    let mut line = String::new();
    ear.read_line(&mut line).await.ok()?;
    Some(line.strip_suffix('\n')?.trim_end_matches('\r').to_owned())
}

fn answer(shared: &Shared, manners: &Manners, tag: &str, command: &str) -> Vec<u8> {
    let mut mails = shared.mails.lock().expect("nothing panics holding it");
    let words: Vec<&str> = command.split(' ').collect();
    let mut said = Vec::new();
    match words.as_slice() {
        ["CAPABILITY"] => {
            said.extend_from_slice(format!("* CAPABILITY IMAP4rev1 {}\r\n", manners.capabilities).as_bytes())
        }
        ["IDLE"] => return b"+ waiting\r\n".to_vec(),
        ["SELECT" | "EXAMINE", _] => {
            said.extend_from_slice(format!("* {} EXISTS\r\n* OK [UIDVALIDITY 77] fixed\r\n", mails.len()).as_bytes());
        }
        ["UID", "FETCH", set, what @ ..] => {
            let what = what.join(" ");
            for uid in members(set, &mails) {
                let Some(mail) = mails.get(&uid) else { continue };
                if what.contains("BODY") && manners.withheld == Some(uid) {
                    return format!("{tag} NO this mail cannot be read\r\n").into_bytes();
                }
                if what.contains("BODY") && manners.garbled == Some(uid) {
                    return b"* 1 FETCH (UID )) BODY[] oops\r\n".to_vec();
                }
                said.extend_from_slice(&fetched(uid, mail, &what));
            }
        }
        ["UID", "MOVE" | "COPY", set, _] if members(set, &mails).iter().any(|uid| manners.immovable.contains(uid)) => {
            return format!("{tag} NO over quota\r\n").into_bytes();
        }
        ["UID", "MOVE", set, folder] => {
            for uid in members(set, &mails) {
                if mails.remove(&uid).is_some() {
                    shared
                        .filed
                        .lock()
                        .expect("nothing panics holding it")
                        .push((uid, folder.trim_matches('"').to_owned()));
                }
            }
        }
        ["UID", "COPY", set, folder] => {
            for uid in members(set, &mails) {
                shared
                    .filed
                    .lock()
                    .expect("nothing panics holding it")
                    .push((uid, folder.trim_matches('"').to_owned()));
            }
        }
        ["UID", "EXPUNGE", set] => {
            for uid in members(set, &mails) {
                mails.remove(&uid);
            }
        }
        _ => {}
    }
    said.extend_from_slice(format!("{tag} OK done\r\n").as_bytes());
    said
}

fn fetched(uid: u32, mail: &[u8], what: &str) -> Vec<u8> {
    if !what.contains("BODY") {
        return format!("* {uid} FETCH (UID {uid} RFC822.SIZE {})\r\n", mail.len()).into_bytes();
    }
    let header = mail.windows(4).position(|w| w == b"\r\n\r\n").map_or(mail.len(), |at| at + 4);
    let (section, mail) = if what.contains("HEADER") { ("HEADER", &mail[..header]) } else { ("", mail) };
    let (offset, length) = what
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .and_then(|(range, _)| range.split_once('.'))
        .map_or((0, mail.len()), |(o, l)| (o.parse().unwrap_or(0), l.parse().unwrap_or(0)));
    let piece = &mail[offset.min(mail.len())..(offset + length).min(mail.len())];
    let mut said = format!("* {uid} FETCH (UID {uid} BODY[{section}]<{offset}> {{{}}}\r\n", piece.len()).into_bytes();
    said.extend_from_slice(piece);
    said.extend_from_slice(b")\r\n");
    said
}

fn members(set: &str, mails: &BTreeMap<u32, Vec<u8>>) -> Vec<u32> {
    let highest = mails.keys().last().copied().unwrap_or(0);
    let number = |text: &str| if text == "*" { highest } else { text.parse().unwrap_or(0) };
    let ranges = set.split(',').map(|range| match range.split_once(':') {
        Some((from, to)) => (number(from).min(number(to)), number(from).max(number(to))),
        None => (number(range), number(range)),
    });
    ranges.flat_map(|(from, to)| mails.range(from..=to).map(|(uid, _)| *uid).collect::<Vec<_>>()).collect()
}
