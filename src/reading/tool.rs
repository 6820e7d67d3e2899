//! The worker process that recognises: it hands a grey picture to tesseract and answers with the words it saw. The program's
//! path and arguments are fixed, the picture goes in by a pipe and the words come out by one; nothing is written anywhere.
//! Started by [`super::pool`] as the leader of a group of its own, so that tesseract ends with it.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::frame::{self, Answer, Hello, Task};
use super::sandbox::{self, Profile, Walls};
use super::scan::Raster;
use super::second_look::Cells;
use super::sight::Sight;
use super::tsv::{self, Seen};

/// The hidden verb that makes a worker of this program. A path may follow, of another tesseract than the usual.
pub const VERB: &str = "__recognition-worker";
/// Where Debian puts it.
pub const TESSERACT: &str = "/usr/bin/tesseract";
/// What letters and decrees are written in.
const LANGUAGES: [&str; 2] = ["ind", "eng"];
/// Tesseract finds blocks, columns and lines by itself; which way up the page lies is tried here.
const LAYOUT: &str = "3";
/// What was cut out of a page is one block.
const BLOCK: &str = "6";
/// Longest table of words that is taken from tesseract, in bytes.
const TABLE: u64 = 8 * 1024 * 1024;

/// Runs the worker until its standard input ends. Returns the exit status.
pub fn main_worker(program: Option<PathBuf>) -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    // Who waits for a mail of text should not wait for a page of a scan. That it stays as urgent is no fault.
    let _ = rustix::process::nice(10);
    let program = program.unwrap_or_else(|| PathBuf::from(TESSERACT));
    let walls = sandbox::enter(Profile::Tool { tesseract: &program });
    match serve(&program, &mut io::stdin().lock(), &mut io::stdout().lock(), walls) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

fn serve(program: &Path, from: &mut impl Read, to: &mut impl Write, walls: Result<Walls, String>) -> io::Result<()> {
    let lacks = if walls.is_ok() { lacking(program) } else { None };
    let able = walls.is_ok() && lacks.is_none();
    frame::write(to, &serde_json::to_vec(&Hello { lacks, ..Hello::of_this_build(&walls) })?)?;
    if !able {
        return Ok(());
    }
    let mut request = Vec::new();
    while frame::read(from, &mut request, frame::REQUEST)? {
        let Some((task, gray)) = Task::read(&request) else { return Err(io::ErrorKind::InvalidData.into()) };
        let page = Raster::new(task.width, task.height, f32::from(task.dpi), gray.to_vec());
        let sight = page.ok_or(io::ErrorKind::InvalidData.into()).and_then(|page| see(program, &page, task.sideways));
        let json = serde_json::to_vec(sight.as_ref().unwrap_or(&Sight::default()))?;
        frame::write(to, Answer::new(sight.is_ok(), &json, &[])?.bytes())?;
    }
    Ok(())
}

/// What is missing for recognition, in a sentence with its remedy.
fn lacking(program: &Path) -> Option<String> {
    let remedy = "Install the packages tesseract-ocr, tesseract-ocr-ind and tesseract-ocr-eng";
    let told = start(program, &["--list-langs"]).and_then(finish);
    let known = match told {
        Ok(known) => String::from_utf8_lossy(&known).into_owned(),
        Err(why) => return Some(format!("{} cannot be started ({}). {remedy}", program.display(), why.kind())),
    };
    let missing: Vec<&str> = LANGUAGES.into_iter().filter(|l| !known.lines().any(|line| line.trim() == *l)).collect();
    let missing = missing.join(" and ");
    (!missing.is_empty()).then(|| format!("tesseract lacks the language {missing}. {remedy}"))
}

/// Looks at a page the way its lines run, and if that makes no sense, with its other side up.
fn see(program: &Path, page: &Raster, sideways: bool) -> io::Result<Sight> {
    let mut best: Option<(Sight, Vec<Vec<Seen>>)> = None;
    for quarters in if sideways { [1, 3, 0, 2] } else { [0, 2, 1, 3] } {
        let turned = page.turned(quarters);
        let lines = tsv::lines(&recognise(program, &turned, LAYOUT)?);
        let sight = Sight::of(&turned, lines.clone(), quarters);
        let done = sight.is_clear() || sight.is_empty();
        if best.as_ref().is_none_or(|(best, _)| best.confidence() < sight.confidence()) {
            best = Some((sight, lines));
        }
        // Whichever side is up, a page that can be read at all is no longer laid on its other edges.
        let enough = quarters / 2 == 1 && best.as_ref().is_some_and(|(best, _)| best.is_legible());
        if done || enough {
            break;
        }
    }
    match best {
        Some((sight, lines)) if sight.is_legible() => look_again(program, page, sight, lines),
        other => Ok(other.map(|(sight, _)| sight).unwrap_or_default()),
    }
}

/// Looks once more at what is too tall for a word.
fn look_again(program: &Path, page: &Raster, sight: Sight, mut lines: Vec<Vec<Seen>>) -> io::Result<Sight> {
    let page = page.turned(sight.turned);
    let Some(cells) = Cells::of(&page, &lines) else { return Ok(sight) };
    let again = tsv::lines(&recognise(program, &cells.picture, BLOCK)?);
    cells.settle(&mut lines, again);
    Ok(Sight::of(&page, lines, sight.turned))
}

fn recognise(program: &Path, page: &Raster, layout: &str) -> io::Result<Vec<u8>> {
    let languages = LANGUAGES.join("+");
    let dpi = (page.dpi as u32).clamp(70, 600).to_string();
    let mut child = start(program, &["stdin", "stdout", "-l", &languages, "--psm", layout, "--dpi", &dpi, "tsv"])?;
    let mut input = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    // It takes the whole picture before it says a word, so neither pipe fills up while the other is waited for.
    let written = write!(input, "P5\n{} {}\n255\n", page.width, page.height).and_then(|()| input.write_all(&page.gray));
    drop(input);
    let table = finish(child)?;
    written.map(|()| table)
}

fn start(program: &Path, arguments: &[&str]) -> io::Result<Child> {
    Command::new(program)
        .args(arguments)
        .env_clear()
        // More threads make a page no faster and hold all processors.
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

fn finish(mut child: Child) -> io::Result<Vec<u8>> {
    drop(child.stdin.take());
    let mut told = Vec::new();
    if let Some(output) = child.stdout.take() {
        output.take(TABLE + 1).read_to_end(&mut told)?;
    }
    let status = child.wait()?;
    if !status.success() || told.len() as u64 > TABLE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(told)
}
