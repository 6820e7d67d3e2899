//! The long run: mails, decisions and letters through lines that cut, stall and drip, and a program that is killed, all at once. In the
//! first quarter the program is killed over and over; then one life of it is watched, since what a process hoards shows only in a
//! long life: its open files, its memory and its workers', and what waits (inbox, outbox, dossiers outside the archive).

use std::path::Path;
use std::time::{Duration, Instant};

use loket::demo::samples::people::MAILBOX;

use super::house::{ACCOUNTS, End, House, PATIENCE};
use super::judge::judge;
use super::seed;
use crate::kit::gremlin::{Gremlin, Mischief, Plan, Way};
use crate::kit::offspring::free_port;
use crate::kit::{Office, Visitor};
use crate::simulation::lot::Lot;

/// Seconds; the environment asks for more, such as 3600.
const SECONDS: u64 = 20;
/// Of both ways to the mail server, every so manyth connection comes to harm. The ones between are sound, so that no mail
/// rests as one that breaks the connection.
const HARMED: usize = 4;
/// Looks at the watched life, at least.
const LOOKS: usize = 9;
/// Dossiers outside the archive with which nobody comes any more. They are filed one after another: a machine that is busy takes
/// mail in faster, and the queue would tell of the machine alone.
const OUTSIDE: usize = 10;
/// Bytes of a connection within which it does.
const WITHIN: usize = 60_000;

/// What was harmed again and again waits for minutes before its next try.
const ENDING: Duration = Duration::from_secs(900);

/// One look at the watched life.
#[derive(Debug, Clone, Copy)]
struct Look {
    files: usize,
    processes: usize,
    memory_kib: usize,
    waiting: usize,
}

impl Look {
    const NAMES: [&str; 4] = ["open files", "processes", "KiB of memory", "waiting"];

    fn figures(self) -> [usize; 4] {
        [self.files, self.processes, self.memory_kib, self.waiting]
    }
}

/// An office between whose program and mail server there are two gremlins: for IMAP and for SMTP.
async fn harmed_office(seed: u64, figures: u16) -> (Office, [Gremlin; 2]) {
    let office = Office::open_with(ACCOUNTS).await;
    let (imaps, submission) = (office.dovecot.ports().imaps, office.postfix.submission());
    let gremlins = [moody(imaps, seed).await, moody(submission, seed ^ 1).await];
    let text = std::fs::read_to_string(office.configuration_file()).expect("the kit wrote it");
    let text = text
        .replace(
            &format!("port = {imaps}\n"),
            &format!("port = {}\ncommand_deadline_seconds = 3\n", gremlins[0].port()),
        )
        .replace(&format!("port = {submission}\n"), &format!("port = {}\ndeadline_seconds = 3\n", gremlins[1].port()))
        .replace(
            "[log]\n",
            &format!("[metrics]\nlisten = \"127.0.0.1:{figures}\"\n[alarms]\nlook_seconds = 1\n[log]\n"),
        );
    office.write("loket.toml", &text);
    (office, gremlins)
}

async fn moody(port: u16, seed: u64) -> Gremlin {
    Gremlin::with(port, move |connection| {
        let mut lot = Lot::of(seed.wrapping_mul(1 << 20).wrapping_add(connection as u64));
        let what = match lot.below(4) {
            0 => Mischief::Stall,
            1 => Mischief::Drip(Duration::from_micros(200)),
            _ => Mischief::Cut,
        };
        let way = if lot.one_in(2) { Way::Asked } else { Way::Answered };
        (connection % HARMED == 0).then(|| Plan { connection, way, after: lot.below(WITHIN), what })
    })
    .await
}

impl House {
    /// Lives with the program that runs, from its first figures on for so long, and looks at it every `pause`; longer where that
    /// showed too little. Tells how many requests came to their end.
    async fn watched(&mut self, figures: u16, length: Duration, pause: Duration) -> (Vec<Look>, usize) {
        let (before, begun) = (self.over(), Instant::now());
        let (mut looks, mut first) = (Vec::new(), None);
        let mut due = begun;
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        while first.is_none_or(|first: Instant| first.elapsed() < length)
            || looks.len() < LOOKS
            || self.over() == before
        {
            assert!(begun.elapsed() < length + PATIENCE, "{} looks; {}", looks.len(), self.standing());
            tick.tick().await;
            assert_eq!(self.daemon.ended(), None, "the program goes on through all faults");
            if self.outside() < OUTSIDE {
                self.people.act(&self.office, &mut self.lot).await;
            }
            // Figures are there after the first look at everything.
            if Instant::now() >= due
                && let Some(look) = self.look(figures).await
            {
                if looks.len() % 10 == 0 {
                    println!("{look:?}");
                }
                looks.push(look);
                first.get_or_insert_with(Instant::now);
                due = Instant::now() + pause;
            }
        }
        (looks, self.over() - before)
    }

    /// Requests that came to their end.
    fn over(&self) -> usize {
        self.people.requests.iter().filter(|request| request.over).count()
    }

    async fn look(&self, figures: u16) -> Option<Look> {
        let told = Visitor::default().try_get(&format!("http://127.0.0.1:{figures}/metrics")).await?.body;
        let rows = told.lines().find_map(|line| line.strip_prefix("loket_outbox_rows{state=\"waiting\"} "));
        let rows: usize = rows?.parse().expect("a number");
        let inbox = self.office.dovecot.files(MAILBOX, "INBOX").len();
        let own = self.daemon.pid();
        let processes: Vec<i32> = std::iter::once(own).chain(children(own)).collect();
        Some(Look {
            files: entries(Path::new(&format!("/proc/{own}/fd"))).count(),
            processes: processes.len(),
            memory_kib: processes.iter().map(|process| resident_kib(*process)).sum(),
            waiting: rows + inbox + self.outside(),
        })
    }

    /// Dossiers that are not filed yet.
    fn outside(&self) -> usize {
        let contents = self.office.state().join("live/contents");
        entries(&contents).map(|office| entries(&office).count()).sum()
    }
}

/// The rule. A figure that swings with the work comes down between one piece and the next; one that something holds on to never comes
/// down so far again. So the least of the first third is held against the least of the last, with room for what is lawful: `rooms`, by
/// figure.
fn flat(looks: &[Look], rooms: [usize; 4]) -> Result<(), String> {
    let third = looks.len() / 3;
    let least = |looks: &[Look], figure: usize| looks.iter().map(|look| look.figures()[figure]).min().unwrap_or(0);
    for (figure, room) in rooms.into_iter().enumerate() {
        let (before, after) = (least(&looks[..third], figure), least(&looks[looks.len() - third..], figure));
        if after > before + room {
            return Err(format!("{} grew from {before} to {after}, with room for {room}", Look::NAMES[figure]));
        }
    }
    Ok(())
}

#[test]
fn what_is_held_on_to_breaks_the_rule_and_what_swings_does_not() {
    let swinging =
        |n: usize| Look { files: 20 + n % 7, processes: 2 + n % 2, memory_kib: 90_000 + n % 5 * 900, waiting: n % 9 };
    let calm: Vec<Look> = (0..60).map(swinging).collect();
    let leaks: [fn(&mut Look, usize); 4] = [
        |look, n| look.files += n / 5,
        |look, n| look.processes += n / 15,
        |look, n| look.memory_kib += n * 500,
        |look, n| look.waiting += n * 2,
    ];
    let rooms = [4, 1, 10_000, 7];

    assert_eq!(flat(&calm, rooms), Ok(()));
    for leak in leaks {
        let mut looks = calm.clone();
        looks.iter_mut().enumerate().for_each(|(n, look)| leak(look, n));
        assert!(flat(&looks, rooms).is_err(), "{:?}", looks.last());
    }
}

#[tokio::test]
async fn a_long_run_with_all_faults_at_once_hoards_nothing_and_loses_nothing() {
    let asked = std::env::var("LOKET_SOAK").ok();
    let seconds = asked.map_or(SECONDS, |text| text.parse().expect("LOKET_SOAK is a number of seconds"));
    let (seed, figures) = (seed(), free_port());
    let (office, gremlins) = harmed_office(seed, figures).await;
    let mut house = House::open_over(office, seed, 200 + seconds as usize * 4).await;
    let begun = Instant::now();
    house.kill();

    let mut kills = 0;
    while begun.elapsed() < Duration::from_secs(seconds) / 4 {
        let age = Duration::from_millis(500 + house.lot.below(4000) as u64);
        house.live(End::After(age)).await;
        kills += 1;
    }
    // Readiness is not waited for: a harmed line may keep it up.
    house.daemon.restart_in(shipped_environment());
    let length = Duration::from_secs(seconds);
    let (looks, done) = house.watched(figures, length * 3 / 4, length.div_f64(150.0)).await;
    house.kill();
    house.rest(ENDING).await;
    assert!(house.daemon.stop().await.success(), "the program drains and ends well");

    let connections: Vec<usize> = gremlins.iter().map(|gremlin| gremlin.passed().len()).collect();
    // A line that comes to harm after the final dot makes a letter come again as a kill does.
    let verdict = judge(&mut house, 1 + connections[1] / HARMED).await;
    println!(
        "{seconds} s, LOKET_SEED={seed}: {kills} kills, then one life with {done} requests ended; {} requests, {} letters ({} came again), \
         {} resets in all; {} IMAP and {} SMTP connections, every {HARMED}th harmed",
        verdict.requests, verdict.letters, verdict.again, verdict.resets, connections[0], connections[1]
    );
    // What comes before is the warm-up.
    let looks = &looks[looks.len() / 4..];
    flat(looks, rooms(seconds)).unwrap_or_else(|why| panic!("{why}"));
}

/// As the shipped unit starts the program.
fn shipped_environment() -> Vec<(String, String)> {
    let unit = include_str!("../../config/loket.service");
    let words = unit.lines().filter_map(|line| line.strip_prefix("Environment=")).flat_map(str::split_whitespace);
    words.filter_map(|word| word.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What may lawfully be added from the first third to the last: a connection or two that happen to be open in every look of
/// it; a process at work; pages of the database that are kept in memory (8 MiB), and what the allocator keeps; the requests
/// under way, each with a dozen deadlines. A life of seconds is still warming up, and on a shared machine people come faster
/// than they are served: what it may hoard shows in the other figures, that all of it is worked off when nobody comes any
/// more, and its memory and queue in a run of minutes.
fn rooms(seconds: u64) -> [usize; 4] {
    let (memory, waiting) = if seconds < 300 { (128 << 10, 150) } else { (32 << 10, 60) };
    [6, 2, memory, waiting]
}

fn entries(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> + use<> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn children(process: i32) -> Vec<i32> {
    let tasks = entries(Path::new(&format!("/proc/{process}/task")));
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect()
}

/// Resident memory; 0 of a process that is gone.
fn resident_kib(process: i32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
