//! The power goes while an office works. The program runs under strace; of the calls it made a model of a disk is fed, and at every
//! flush, every rename and every acknowledgement the folder is laid out as a power cut might leave it, and opened. What ALICE does for
//! databases (Pillai et al., OSDI 2014), here for every file that is written beside one.

mod calls;
mod cuts;
mod disk;
mod office;
mod platter;
mod promises;

use std::path::Path;

use self::cuts::{Go, Run, Sample, asked, beginning, judge, lay, lying, place, runtime, watched};
use self::disk::{Disk, Image, Left};
use self::office::Told;
use self::promises::{Acknowledged, hold, hold_returned};

#[test]
fn t40_a_power_cut_at_any_flush_rename_or_acknowledgement_costs_nothing_that_was_acknowledged() {
    const TEST: &str =
        "power::t40_a_power_cut_at_any_flush_rename_or_acknowledgement_costs_nothing_that_was_acknowledged";
    if watched() {
        return;
    }
    let runtime = runtime();
    let run = Run::of("work", TEST, beginning());
    let whole = run.whole();
    let mut sample = Sample::one_in(79);
    let (mut wrong, mut held, mut again) = (Vec::new(), 0, Vec::new());
    run.cuts(
        &mut sample,
        |_| false,
        |cut| {
            let acknowledged = Acknowledged { done: &cut.done, whole: &whole };
            wrong.extend(judge(&cut, async |root| hold(root, &acknowledged).await, &runtime));
            held += 1;
            if matches!(cut.left, Left::Lots(_)) {
                again.push(cut);
            }
            Go::On
        },
    );
    println!("{held} of {} cuts", sample.met);
    assert!(wrong.is_empty(), "{} of {held} cuts:\n{}", wrong.len(), wrong.join("\n"));

    let mut within = Sample::one_in(139);
    let every = again.len().div_ceil(if asked().is_some() { 20 } else { 1 }).max(1);
    let mut held = 0;
    for first in again.into_iter().step_by(every) {
        let run = Run::of("go on", TEST, first.image);
        run.cuts(
            &mut within,
            |_| false,
            |mut cut| {
                cut.done.splice(..0, first.done.iter().cloned());
                let acknowledged = Acknowledged { done: &cut.done, whole: &whole };
                let told = judge(&cut, async |root| hold(root, &acknowledged).await, &runtime);
                wrong.extend(told.map(|told| format!("{}, {:?}; then {told}", first.at, first.left)));
                held += 1;
                Go::On
            },
        );
    }
    println!("{held} of {} cuts while going on after one", within.met);
    assert!(wrong.is_empty() && held > 0, "{} of {held} second cuts:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn t40_a_restore_in_which_the_power_goes_is_refused_until_repeated_and_loses_nothing_of_before() {
    const TEST: &str =
        "power::t40_a_restore_in_which_the_power_goes_is_refused_until_repeated_and_loses_nothing_of_before";
    if watched() {
        return;
    }
    let runtime = runtime();
    let (here, elsewhere) = (place(), place());
    lay(&beginning(), &here.path().join("disk"));
    runtime.block_on(office::work(&here.path().join("disk"), &mut Told::nobody())).unwrap();
    runtime.block_on(office::work_elsewhere(elsewhere.path())).unwrap();
    let mut before = lying(elsewhere.path());
    before.extend(
        lying(&here.path().join("disk/bags"))
            .into_iter()
            .filter(|(path, _)| path.ends_with("carried.loket"))
            .map(|(path, bytes)| (Path::new("bags").join(path), bytes)),
    );
    before.insert("bags".into(), None);
    let run = Run::of("bring back", TEST, before.clone());
    let whole = run.whole();
    let mut sample = Sample::one_in(61);
    let (mut wrong, mut held) = (Vec::new(), 0);

    run.cuts(
        &mut sample,
        |_| false,
        |cut| {
            let acknowledged = Acknowledged { done: &cut.done, whole: &whole };
            wrong.extend(judge(&cut, async |root| hold_returned(root, &acknowledged, &before).await, &runtime));
            held += 1;
            Go::On
        },
    );

    println!("{held} of {} cuts", sample.met);
    assert!(wrong.is_empty() && held > 0, "{} of {held} cuts:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_name_and_its_bytes_are_each_lost_unless_they_are_flushed() {
    let disk = |log: &str| {
        let mut disk = Disk::holding(Path::new("/a"), &Image::new());
        calls::read(log).iter().for_each(|made| disk.follow(made));
        disk
    };
    let made = "7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x61\\x2f\\x62\", O_WRONLY|O_CREAT, 0600) = 4<\\x2f\\x61\\x2f\\x62>\n\
                7 write(4<\\x2f\\x61\\x2f\\x62>, \"\\x68\\x69\", 2) = 2\n";
    let bytes = "7 fsync(4<\\x2f\\x61\\x2f\\x62>) = 0\n";
    let name = "7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x61\", O_RDONLY) = 5<\\x2f\\x61>\n7 fsync(5<\\x2f\\x61>) = 0\n";
    let file = |bytes: &[u8]| Image::from([("b".into(), Some(bytes.to_vec()))]);

    assert_eq!(disk(&format!("{made}{bytes}")).after(Left::Flushed), Image::new());
    assert_eq!(disk(&format!("{made}{name}")).after(Left::Flushed), file(b""));
    assert_eq!(disk(&format!("{made}{name}")).after(Left::Lengths), file(&[0, 0]));
    assert_eq!(disk(&format!("{made}{name}{bytes}")).after(Left::Flushed), file(b"hi"));
    assert_eq!(disk(made).after(Left::Names), file(b""));
    assert_eq!(disk(made).after(Left::All), file(b"hi"));
}

/// Whether a path is the one that is meant.
type Is = fn(&str) -> bool;

/// Every flush that something acknowledged rests on, and which of the calls are it.
const FLUSHES: [(&str, Is); 19] = [
    ("the folder above the state folder", |path| path.is_empty()),
    ("the state folder", |path| path == "state"),
    ("the master key", |path| path == "state/master.key.part"),
    ("the accounts", |path| path == "state/accounts.redb"),
    ("the live store's folder", |path| path == "state/live"),
    ("the live store", |path| path == "state/live/loket.redb"),
    ("the contents' folder", |path| path == "state/live/contents"),
    ("an office's contents", |path| path == "state/live/contents/bpbj"),
    ("a case's contents", |path| path.starts_with("state/live/contents/bpbj/") && path.split('/').count() == 5),
    ("a content", |path| path.starts_with("state/live/contents/bpbj/") && path.split('/').count() == 6),
    ("many contents, or an exported dossier", |path| path == "*"),
    ("the archive's folder", |path| path == "state/archive"),
    ("an archive file that is begun", |path| path == "state/archive/archive-2026.redb.new"),
    ("an archive file", |path| path == "state/archive/archive-2026.redb"),
    ("the tokens' folder", |path| path == "state/tokens"),
    ("a token", |path| path.starts_with("state/tokens/")),
    ("a note", |path| path.starts_with("state/closed.spare-")),
    ("a backup", |path| path == "packed.loket.part"),
    ("the folder a backup is carried to", |path| path == "bags"),
];

#[test]
fn each_flush_that_is_left_out_is_noticed() {
    if watched() {
        return;
    }
    let runtime = runtime();
    let run = Run::of("work", "power::each_flush_that_is_left_out_is_noticed", beginning());
    let whole = run.whole();
    let mut unnoticed = Vec::new();

    for (what, is_it) in FLUSHES {
        let mut noticed = None;
        run.cuts(
            &mut Sample::after_acknowledgements(),
            |path| is_it(path.to_str().expect("our names are text")),
            |cut| {
                let acknowledged = Acknowledged { done: &cut.done, whole: &whole };
                noticed = judge(&cut, async |root| hold(root, &acknowledged).await, &runtime);
                if noticed.is_some() { Go::Enough } else { Go::On }
            },
        );
        match noticed {
            Some(told) => println!("without the flush of {what}: {told}"),
            None => unnoticed.push(what),
        }
    }

    assert!(unnoticed.is_empty(), "nobody notices that these are not flushed: {unnoticed:?}");
}
