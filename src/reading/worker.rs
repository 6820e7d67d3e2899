//! The worker process that parses: mails taken apart, pages drawn, one request after the other from standard input until
//! the pipe closes. It holds no secret, knows no file and no address; its environment is empty. Started by
//! [`super::pool`], walled in by [`super::sandbox`].

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::draw::Drawn;
use super::frame::{self, Answer, Hello, PageRequest, Parcel, Picture, Skipped};
use super::limits::Limits;
use super::sandbox::{self, Profile, Walls};
use super::scan::{Prepared, look};
use super::signature::Roots;
use crate::dossier::page::Contents;

/// The hidden verb that makes a worker of this program.
pub const VERB: &str = "__reading-worker";

/// Set when a parser has panicked, also where the panic was caught: such a worker is not used again.
static PANICKED: AtomicBool = AtomicBool::new(false);
/// Pages prepared for recognition. They cost seconds of the processor time a worker has for its life, so it ends in time.
static PREPARED: AtomicU32 = AtomicU32::new(0);
const PAGES: u32 = 60;

/// Runs the worker until its standard input ends. Returns the exit status.
pub fn main_worker() -> i32 {
    // A panic's message may quote the mail; standard error may be a log.
    std::panic::set_hook(Box::new(|_| PANICKED.store(true, Ordering::Relaxed)));
    let walls = sandbox::enter(Profile::Parse);
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock(), walls) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn serve(from: &mut impl io::Read, to: &mut impl Write, walls: Result<Walls, String>) -> io::Result<()> {
    let open = walls.is_err();
    frame::write(to, &serde_json::to_vec(&Hello::of_this_build(&walls))?)?;
    if open {
        return Ok(());
    }
    let limits = Limits::default();
    let (mut request, mut held, mut roots) = (Vec::new(), Vec::new(), Roots::default());
    while frame::read(from, &mut request, frame::REQUEST)? {
        match request.split_first() {
            Some((&frame::READ, raw)) => {
                frame::write(to, contents(raw, &Skipped::default(), &limits, &roots)?.bytes())?
            }
            Some((&frame::READ_BUT, rest)) => {
                let (skipped, raw) = Skipped::read(rest).ok_or(io::ErrorKind::InvalidData)?;
                frame::write(to, contents(raw, &skipped, &limits, &roots)?.bytes())?;
            }
            Some((&frame::ROOTS, certificates)) => roots = trusted(certificates)?,
            Some((&frame::HOLD, _)) => std::mem::swap(&mut request, &mut held),
            Some((&frame::PAGE, page)) => frame::write(to, picture(held.get(1..), page, &limits)?.bytes())?,
            Some((&frame::UNPACK, parcel)) => frame::write(to, unpacked(held.get(1..), parcel, &limits)?.bytes())?,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        if request.capacity() > KEPT {
            request = Vec::new();
        }
    }
    Ok(())
}

/// Bytes of a request's buffer that are kept for the next one.
const KEPT: usize = 4 * 1024 * 1024;

fn is_well() -> bool {
    !PANICKED.load(Ordering::Relaxed) && PREPARED.load(Ordering::Relaxed) < PAGES
}

/// The office's roots, which the daemon has looked at before.
fn trusted(certificates: &[u8]) -> io::Result<Roots> {
    let certificates: Vec<Vec<u8>> = serde_json::from_slice(certificates)?;
    Roots::new(&certificates).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
}

fn contents(raw: &[u8], skipped: &Skipped, limits: &Limits, roots: &Roots) -> io::Result<Answer> {
    let contents = catch_unwind(AssertUnwindSafe(|| super::examine(raw, &skipped.0, limits, roots)));
    let mut contents = contents.unwrap_or_else(|_| super::outline(raw, limits));
    let mut json = serde_json::to_vec(&contents)?;
    if json.len() + 5 > frame::ANSWER {
        shorten(&mut contents);
        json = serde_json::to_vec(&contents)?;
    }
    Answer::new(is_well(), &json, &[])
}

fn picture(raw: Option<&[u8]>, request: &[u8], limits: &Limits) -> io::Result<Answer> {
    let request: PageRequest = serde_json::from_slice(request)?;
    let drawn = catch_unwind(AssertUnwindSafe(|| super::drawn(raw?, &request, limits))).ok().flatten();
    let (picture, bytes) = match drawn {
        Some(Drawn::Png(png)) => (Picture::Png, png),
        Some(Drawn::Scan(Prepared { raster, onto, sideways })) => {
            PREPARED.fetch_add(1, Ordering::Relaxed);
            let look = catch_unwind(AssertUnwindSafe(|| look::of(&raster))).ok().flatten();
            let picture =
                Picture::Scan { width: raster.width, height: raster.height, dpi: raster.dpi, onto, sideways, look };
            (picture, raster.gray)
        }
        None => (Picture::None, Vec::new()),
    };
    let fits = bytes.len() + 1024 <= frame::ANSWER;
    let (picture, bytes) = if fits { (picture, bytes) } else { (Picture::None, Vec::new()) };
    Answer::new(is_well(), &serde_json::to_vec(&picture)?, &bytes)
}

fn unpacked(file: Option<&[u8]>, parcel: &[u8], limits: &Limits) -> io::Result<Answer> {
    let parcel: Parcel = serde_json::from_slice(parcel)?;
    let (unpacked, files) = super::unpacked(file.ok_or(io::ErrorKind::InvalidData)?, &parcel, limits);
    Answer::new(is_well(), &serde_json::to_vec(&unpacked)?, &files)
}

/// A mail with more words than the pipe carries keeps the first pages of each paper.
fn shorten(contents: &mut Contents) {
    let share = 200_000 / contents.papers.len().max(1);
    for paper in &mut contents.papers {
        let mut left = share;
        paper.pages.retain(|page| {
            let words =
                page.lines.iter().map(|l| l.words.len()).sum::<usize>() + page.hidden.len() + page.pictures.len();
            let fits = words <= left;
            left = left.saturating_sub(words);
            fits
        });
    }
    contents.alerts.push("too_many_pages".to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALLS: Walls = Walls { landlock: None };

    #[test]
    fn a_worker_greets_answers_each_mail_and_ends_with_its_pipe() {
        let mut requests = Vec::new();
        for body in ["satu", "dua"] {
            frame::write(&mut requests, format!("RSubject: a\r\n\r\n{body}").as_bytes()).unwrap();
        }
        let mut answers = Vec::new();

        serve(&mut requests.as_slice(), &mut answers, Ok(WALLS)).unwrap();

        let (mut from, mut frame) = (answers.as_slice(), Vec::new());
        assert!(frame::read(&mut from, &mut frame, 1000).unwrap());
        assert_eq!(serde_json::from_slice::<Hello>(&frame).unwrap(), Hello::of_this_build(&Ok(WALLS)));
        for body in ["satu", "dua"] {
            assert!(frame::read(&mut from, &mut frame, 1000).unwrap());
            let answer = Answer::read(frame.clone()).unwrap();
            assert_eq!(serde_json::from_slice::<Contents>(answer.json()).unwrap().body, body);
        }
        assert!(from.is_empty());
    }

    #[test]
    fn a_worker_without_walls_reads_nothing() {
        let mut requests = Vec::new();
        frame::write(&mut requests, b"RSubject: a\r\n\r\nsatu").unwrap();
        let mut answers = Vec::new();

        serve(&mut requests.as_slice(), &mut answers, Err("no".into())).unwrap();

        assert_eq!(answers.len() - 4, u32::from_be_bytes(answers[..4].try_into().unwrap()) as usize);
    }
}
