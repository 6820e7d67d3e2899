//! The worker process: reads a mail from standard input, takes it apart, writes what it found to standard output, and so on
//! until the pipe closes. It holds no secret, knows no file and no address; its environment is empty. Started by
//! [`super::pool`], walled in by [`super::sandbox`].

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::frame::{self, Hello};
use super::limits::Limits;
use super::sandbox::{self, Profile, Walls};
use crate::dossier::page::Contents;

/// The hidden verb that makes a worker of this program.
pub const VERB: &str = "__reading-worker";

/// Runs the worker until its standard input ends. Returns the exit status.
pub fn main_worker() -> i32 {
    // A panic's message may quote the mail; standard error may be a log.
    std::panic::set_hook(Box::new(|_| {}));
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
    let mut raw = Vec::new();
    while frame::read(from, &mut raw, frame::REQUEST)? {
        frame::write(to, &answer(&raw, &limits)?)?;
        if raw.capacity() > KEPT {
            raw = Vec::new();
        }
    }
    Ok(())
}

/// Bytes of a request's buffer that are kept for the next one.
const KEPT: usize = 4 * 1024 * 1024;

fn answer(raw: &[u8], limits: &Limits) -> io::Result<Vec<u8>> {
    let contents = catch_unwind(AssertUnwindSafe(|| super::take_apart(raw, limits)));
    let mut contents = contents.unwrap_or_else(|_| super::outline(raw, limits));
    let json = serde_json::to_vec(&contents)?;
    if json.len() <= frame::ANSWER {
        return Ok(json);
    }
    shorten(&mut contents);
    Ok(serde_json::to_vec(&contents)?)
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
            frame::write(&mut requests, format!("Subject: a\r\n\r\n{body}").as_bytes()).unwrap();
        }
        let mut answers = Vec::new();

        serve(&mut requests.as_slice(), &mut answers, Ok(WALLS)).unwrap();

        let (mut from, mut frame) = (answers.as_slice(), Vec::new());
        assert!(frame::read(&mut from, &mut frame, 1000).unwrap());
        assert_eq!(serde_json::from_slice::<Hello>(&frame).unwrap(), Hello::of_this_build(&Ok(WALLS)));
        for body in ["satu", "dua"] {
            assert!(frame::read(&mut from, &mut frame, 1000).unwrap());
            assert_eq!(serde_json::from_slice::<Contents>(&frame).unwrap().body, body);
        }
        assert!(from.is_empty());
    }

    #[test]
    fn a_worker_without_walls_reads_nothing() {
        let mut requests = Vec::new();
        frame::write(&mut requests, b"Subject: a\r\n\r\nsatu").unwrap();
        let mut answers = Vec::new();

        serve(&mut requests.as_slice(), &mut answers, Err("no".into())).unwrap();

        assert_eq!(answers.len() - 4, u32::from_be_bytes(answers[..4].try_into().unwrap()) as usize);
    }
}
