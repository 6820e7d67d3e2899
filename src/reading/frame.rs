//! What goes through a worker's pipes: four bytes of length, most significant first, then as many bytes. The first frame
//! is the worker's [`Hello`] as JSON. A request begins with a letter that says what is asked; what an [`Answer`] begins
//! with says whether the worker may be used again.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::draw::Purpose;
use super::sandbox::Walls;
use super::scan::Projection;
use crate::sop::look::Look;

/// Longest request: a mail of the largest size an office may allow.
pub const REQUEST: usize = 96 * 1024 * 1024;
/// A request: take this mail apart; the answer is [`crate::dossier::page::Contents`] as JSON.
pub const READ: u8 = b'R';
/// A request: as [`READ`], leaving some attachments unread. What follows are [`Skipped`] and the mail.
pub const READ_BUT: u8 = b'B';
/// A request without an answer: keep this mail for the pages asked for next.
pub const HOLD: u8 = b'H';
/// A request without an answer, and the first: certificates that electronic signatures must lead to, as a JSON array of
/// DER. Read from files before a worker stands within its walls.
pub const ROOTS: u8 = b'T';
/// A request: draw a page of the mail at hand ([`PageRequest`] as JSON); the answer is a [`Picture`] and its bytes.
pub const PAGE: u8 = b'P';

/// A request: take the files out of the one at hand ([`Parcel`] as JSON); the answer is [`Unpacked`] and their bytes.
pub const UNPACK: u8 = b'U';

/// A request: recognise the words in a picture; what follows is a [`Task`]. The answer is a
/// [`super::sight::Sight`] as JSON.
pub const WORDS: u8 = b'W';

/// Longest answer. A worker that has more to say drops pages first.
pub const ANSWER: usize = 32 * 1024 * 1024;
/// Bytes of unpacked files in one answer, and their number.
pub const UNPACKED: usize = 30 * 1024 * 1024;
pub const FILES: usize = 256;

/// What a worker says when it has started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the program, so that a worker of another build is noticed.
    pub version: String,
    /// Why the walls around it could not be set up; `None`: they stand.
    pub sandbox: Option<String>,
    /// The walls that stand, in words.
    #[serde(default)]
    pub walls: String,
    /// What a worker that recognises text lacks for it; `None`: nothing.
    #[serde(default)]
    pub lacks: Option<String>,
}

impl Hello {
    pub fn of_this_build(walls: &Result<Walls, String>) -> Self {
        let (sandbox, walls) = match walls {
            Ok(walls) => (None, walls.to_string()),
            Err(why) => (Some(why.clone()), String::new()),
        };
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), sandbox, walls, lacks: None }
    }
}

/// Attachments that are not opened, by their place among the leaves of the mail's tree: their count, then each, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped(pub Vec<u8>);

impl Skipped {
    pub fn head(&self) -> Vec<u8> {
        let mut head = vec![self.0.len() as u8];
        head.extend(&self.0);
        head
    }

    /// Takes it off the front of a request.
    pub fn read(request: &[u8]) -> Option<(Self, &[u8])> {
        let (count, rest) = request.split_first()?;
        let (skipped, mail) = rest.split_at_checked(usize::from(*count))?;
        Some((Self(skipped.to_vec()), mail))
    }
}

/// Which paper of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// By its place among the mail's papers, counted from 0.
    Nth(usize),
    /// The first of this name.
    Named(String),
    /// The first with bytes of this SHA-256, in hexadecimal: wherever it lies, and whatever beside it is closed today.
    Of(String),
}

impl From<usize> for Which {
    fn from(nth: usize) -> Self {
        Self::Nth(nth)
    }
}

impl From<&str> for Which {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

/// A page somebody wants to see or to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageRequest {
    pub paper: Which,
    /// Counted from 1.
    pub page: u32,
    pub purpose: Purpose,
    /// Leaves that were not opened when the mail was read ([`Skipped`]), and are not now.
    #[serde(default)]
    pub skipped: Vec<u8>,
}

/// A file that others lie in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    pub name: String,
    /// Declared type.
    pub kind: String,
    /// The first of its files that is wanted, counted from 0.
    pub from: usize,
}

/// What stands before the bytes of unpacked files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpacked {
    /// Of each file.
    pub lengths: Vec<usize>,
    /// Others follow for which there was no room.
    pub more: bool,
    /// The next one is larger than any that is handed over.
    pub too_large: bool,
}

impl Unpacked {
    /// The files; `None`: their bytes are others than the lengths say.
    pub fn files<'b>(&self, mut bytes: &'b [u8]) -> Option<Vec<&'b [u8]>> {
        let mut files = Vec::new();
        for length in &self.lengths {
            let (file, rest) = bytes.split_at_checked(*length)?;
            files.push(file);
            bytes = rest;
        }
        bytes.is_empty().then_some(files)
    }
}

/// What stands before a picture's bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Picture {
    /// There is no such page, or it cannot be drawn.
    None,
    Png,
    /// Grey values, row by row; how they lie on the page ([`super::scan::Prepared`]).
    Scan {
        width: u32,
        height: u32,
        dpi: f32,
        onto: Projection,
        sideways: bool,
        look: Option<Look>,
    },
}

/// A picture to recognise words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// Its lines run from top to bottom.
    pub sideways: bool,
    pub dpi: u16,
    pub width: u32,
    pub height: u32,
}

impl Task {
    const LENGTH: usize = 11;

    /// The request's bytes before the grey values.
    pub fn head(&self) -> [u8; Self::LENGTH] {
        let mut head = [0; Self::LENGTH];
        head[0] = u8::from(self.sideways);
        head[1..3].copy_from_slice(&self.dpi.to_be_bytes());
        head[3..7].copy_from_slice(&self.width.to_be_bytes());
        head[7..].copy_from_slice(&self.height.to_be_bytes());
        head
    }

    /// Takes a request apart, letter included; `None`: nonsense.
    pub fn read(request: &[u8]) -> Option<(Self, &[u8])> {
        let (&letter, rest) = request.split_first()?;
        let (head, gray) = rest.split_at_checked(Self::LENGTH)?;
        let long = |at: usize| head.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        let dpi = u16::from_be_bytes([head[1], head[2]]);
        let task = Self { sideways: head[0] == 1, dpi, width: long(3)?, height: long(7)? };
        let pixels = u64::from(task.width) * u64::from(task.height);
        let sound = letter == WORDS && head[0] < 2 && pixels > 0 && pixels == gray.len() as u64;
        sound.then_some((task, gray))
    }
}

/// An answer: a byte that is 0 while the worker is well, four bytes of length, so many bytes of JSON, then the rest.
pub struct Answer(Vec<u8>);

impl Answer {
    pub fn new(well: bool, json: &[u8], rest: &[u8]) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(5 + json.len() + rest.len());
        bytes.push(u8::from(!well));
        bytes.extend(head(json.len())?);
        bytes.extend(json);
        bytes.extend(rest);
        Ok(Self(bytes))
    }

    /// `None`: nonsense.
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        let answer = Self(bytes);
        (answer.0.len() >= 5 && answer.length() <= answer.0.len() - 5).then_some(answer)
    }

    /// Whether nothing went wrong inside the worker.
    pub fn is_well(&self) -> bool {
        self.0[0] == 0
    }

    pub fn json(&self) -> &[u8] {
        &self.0[5..5 + self.length()]
    }

    pub fn into_rest(mut self) -> Vec<u8> {
        self.0.split_off(5 + self.length())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn length(&self) -> usize {
        u32::from_be_bytes([self.0[1], self.0[2], self.0[3], self.0[4]]) as usize
    }
}

/// Reads one frame into `buffer`. `false`: the other side has gone.
pub fn read(from: &mut impl Read, buffer: &mut Vec<u8>, limit: usize) -> io::Result<bool> {
    let mut length = [0u8; 4];
    match from.read_exact(&mut length) {
        Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        other => other?,
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the frame is longer than its limit"));
    }
    buffer.clear();
    buffer.resize(length, 0);
    from.read_exact(buffer)?;
    Ok(true)
}

/// Writes one frame.
pub fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&head(bytes.len())?)?;
    to.write_all(bytes)?;
    to.flush()
}

/// The length that stands before a frame's bytes.
pub fn head(length: usize) -> io::Result<[u8; 4]> {
    let length = u32::try_from(length).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(length.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_as_they_went_in() {
        let mut pipe = Vec::new();
        write(&mut pipe, b"surat").unwrap();
        write(&mut pipe, b"").unwrap();
        let mut from = pipe.as_slice();
        let mut buffer = Vec::new();

        assert!(read(&mut from, &mut buffer, 10).unwrap() && buffer == b"surat");
        assert!(read(&mut from, &mut buffer, 10).unwrap() && buffer.is_empty());
        assert!(!read(&mut from, &mut buffer, 10).unwrap());
        assert!(read(&mut &b"\xff\xff\xff\xff"[..], &mut buffer, 10).is_err());
        assert!(read(&mut &b"\0\0\0\x05su"[..], &mut buffer, 10).is_err());
    }

    #[test]
    fn a_task_whose_picture_is_cut_off_is_none() {
        let task = Task { sideways: true, dpi: 200, width: 3, height: 2 };
        let request = |gray: &[u8]| [&[WORDS], &task.head()[..], gray].concat();

        assert_eq!(Task::read(&request(&[7; 6])), Some((task, &[7; 6][..])));
        assert_eq!(Task::read(&request(&[7; 5])), None);
        assert_eq!(Task::read(&request(&[7; 6])[1..]), None);
        assert_eq!(Task::read(b"W"), None);
    }

    #[test]
    fn unpacked_files_of_other_lengths_than_was_said_are_none() {
        let unpacked = Unpacked { lengths: vec![2, 0, 3], ..Unpacked::default() };

        assert_eq!(unpacked.files(b"abcde"), Some(vec![&b"ab"[..], b"", b"cde"]));
        assert_eq!(unpacked.files(b"abcd"), None);
        assert_eq!(unpacked.files(b"abcdef"), None);
    }

    #[test]
    fn an_answer_keeps_its_parts_apart() {
        let answer = Answer::read(Answer::new(true, b"{}", b"pixel").unwrap().0).unwrap();

        assert!(answer.is_well() && answer.json() == b"{}");
        assert_eq!(answer.into_rest(), b"pixel");
        assert!(Answer::read(vec![0, 0, 0, 0]).is_none());
        assert!(Answer::read(vec![0, 0xff, 0xff, 0xff, 0xff]).is_none());
    }
}
