//! What goes through the worker's pipes: four bytes of length, most significant first, then as many bytes. A request is a
//! raw mail; an answer is [`crate::dossier::page::Contents`] as JSON; the first answer is the worker's [`Hello`].

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::sandbox::Walls;

/// Longest request: a mail of the largest size an office may allow.
pub const REQUEST: usize = 96 * 1024 * 1024;
/// Longest answer. A worker that has more to say drops pages first.
pub const ANSWER: usize = 32 * 1024 * 1024;

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
}

impl Hello {
    pub fn of_this_build(walls: &Result<Walls, String>) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        match walls {
            Ok(walls) => Self { version, sandbox: None, walls: walls.to_string() },
            Err(why) => Self { version, sandbox: Some(why.clone()), walls: String::new() },
        }
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
}
