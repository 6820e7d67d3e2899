//! What a program asked of the file system, read from a log of `strace -f -y -xx`: every string and path in it is in hexadecimal, so
//! that nothing in one can be taken for the log's own words.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Every call that changes a file or a folder, or says which one another call means.
pub const TRACED: &str = "trace=openat,open,creat,close,dup,dup2,dup3,fcntl,lseek,write,pwrite64,writev,pwritev,pwritev2,sendfile,\
                          splice,copy_file_range,ftruncate,truncate,fallocate,fsync,fdatasync,sync_file_range,sync,syncfs,rename,renameat,\
                          renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,mmap,io_uring_setup,io_submit";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    Open {
        path: PathBuf,
        flags: String,
        fd: i32,
    },
    Close(i32),
    Copied {
        from: i32,
        to: i32,
    },
    Seek {
        fd: i32,
        to: usize,
    },
    /// Where the file stands, if no place is named.
    Write {
        fd: i32,
        at: Option<usize>,
        bytes: Vec<u8>,
    },
    /// From one file to another, both where they stand.
    Carry {
        from: i32,
        to: i32,
        length: usize,
    },
    Length {
        fd: i32,
        length: usize,
    },
    Flush(i32),
    /// Of the whole file system.
    FlushAll,
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    Remove(PathBuf),
    Folder(PathBuf),
    /// One that the model of a disk does not know, and what it was asked of.
    Other {
        name: String,
        of: Vec<PathBuf>,
    },
}

/// A call with the lines of the log in which it was begun and had returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub call: Call,
    pub begun: usize,
    pub ended: usize,
}

/// All calls that succeeded, in the order in which they took effect.
pub fn read(log: &str) -> Vec<Made> {
    let mut unfinished: HashMap<&str, (usize, &str)> = HashMap::new();
    let mut made = Vec::new();
    for (ended, line) in log.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(head) = rest.strip_suffix(" <unfinished ...>") {
            unfinished.insert(thread, (ended, head));
        } else if let Some(tail) = rest.strip_prefix("<... ") {
            let (_, tail) = tail.split_once(" resumed>").expect("a call goes on");
            let (begun, head) = unfinished.remove(thread).expect("it was begun");
            made.extend(call(&format!("{head}{tail}")).map(|call| Made { call, begun, ended }));
        } else {
            made.extend(call(rest).map(|call| Made { call, begun: ended, ended }));
        }
    }
    // Another thread may get a number that is being closed before the call that closes it has returned.
    made.sort_by_key(|made| if matches!(made.call, Call::Close(_)) { made.begun } else { made.ended });
    made
}

fn call(line: &str) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") = ").or_else(|| split_padded(rest))?;
    let result: i64 = result.split(['<', ' ']).next()?.parse().ok().filter(|result| *result >= 0)?;
    let told: Vec<&str> = arguments.split(", ").collect();
    let count = usize::try_from(result).expect("no error");
    Some(match name {
        "openat" | "open" | "creat" => open(name, &told, result as i32),
        "close" => Call::Close(fd(told[0])),
        "dup" | "dup2" | "dup3" => Call::Copied { from: fd(told[0]), to: result as i32 },
        "fcntl" if told[1].starts_with("F_DUPFD") => Call::Copied { from: fd(told[0]), to: result as i32 },
        "fcntl" => return None,
        "lseek" => Call::Seek { fd: fd(told[0]), to: count },
        "write" | "writev" => Call::Write { fd: fd(told[0]), at: None, bytes: bytes(arguments, count) },
        "pwrite64" | "pwritev" | "pwritev2" => {
            let at = told[if name == "pwritev2" { told.len() - 2 } else { told.len() - 1 }];
            Call::Write { fd: fd(told[0]), at: at.parse().ok(), bytes: bytes(arguments, count) }
        }
        "copy_file_range" if told[1] == "NULL" && told[3] == "NULL" => {
            Call::Carry { from: fd(told[0]), to: fd(told[2]), length: count }
        }
        "sendfile" if told[2] == "NULL" => Call::Carry { from: fd(told[1]), to: fd(told[0]), length: count },
        "ftruncate" => Call::Length { fd: fd(told[0]), length: told[1].parse().expect("a length") },
        "fsync" | "fdatasync" => Call::Flush(fd(told[0])),
        "sync" | "syncfs" => Call::FlushAll,
        "rename" => Call::Rename { from: text_path(told[0]), to: text_path(told[1]) },
        "renameat" | "renameat2" => Call::Rename { from: path(told[0], told[1]), to: path(told[2], told[3]) },
        "link" => Call::Link { from: text_path(told[0]), to: text_path(told[1]) },
        "linkat" => Call::Link { from: path(told[0], told[1]), to: path(told[2], told[3]) },
        "unlink" | "rmdir" => Call::Remove(text_path(told[0])),
        "unlinkat" => Call::Remove(path(told[0], told[1])),
        "mkdir" => Call::Folder(text_path(told[0])),
        "mkdirat" => Call::Folder(path(told[0], told[1])),
        // Memory that is no file's, or of one that is only read.
        "mmap" if !(arguments.contains("MAP_SHARED") && arguments.contains("PROT_WRITE")) => return None,
        _ => Call::Other { name: name.to_owned(), of: named(arguments) },
    })
}

/// strace fills short calls up to a column.
fn split_padded(rest: &str) -> Option<(&str, &str)> {
    let (head, result) = rest.rsplit_once(" = ")?;
    Some((head.trim_end().strip_suffix(')')?, result))
}

fn open(name: &str, told: &[&str], fd: i32) -> Call {
    let (path, flags) = match name {
        "openat" => (path(told[0], told[1]), told[2]),
        "open" => (text_path(told[0]), told[1]),
        _ => (text_path(told[0]), "O_WRONLY|O_CREAT|O_TRUNC"),
    };
    Call::Open { path, flags: flags.to_owned(), fd }
}

fn fd(told: &str) -> i32 {
    told.split('<').next().and_then(|number| number.parse().ok()).expect("an open file")
}

fn text_path(told: &str) -> PathBuf {
    PathBuf::from(String::from_utf8(unhex(told.trim_matches('"'))).expect("our paths are text"))
}

/// A path from the folder that the call names.
fn path(folder: &str, told: &str) -> PathBuf {
    let folder = folder.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(folder, _)| folder);
    Path::new(&folder.map(text_path).unwrap_or_default()).join(text_path(told))
}

/// Every path that stands in the arguments.
fn named(arguments: &str) -> Vec<PathBuf> {
    let of_files = arguments.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(path, _)| path);
    let in_words = arguments.split('"').skip(1).step_by(2);
    // Pipes and sockets are no paths.
    of_files.chain(in_words).filter(|told| told.starts_with("\\x")).map(text_path).collect()
}

/// What was written of all that was to be.
fn bytes(arguments: &str, written: usize) -> Vec<u8> {
    assert!(!arguments.contains("\"..."), "the log cuts what was written");
    let mut bytes: Vec<u8> = arguments.split('"').skip(1).step_by(2).flat_map(unhex).collect();
    assert!(bytes.len() >= written, "the log lacks what was written");
    bytes.truncate(written);
    bytes
}

/// `\x68\x69` → `hi`.
fn unhex(told: &str) -> Vec<u8> {
    let digit = |byte: u8| if byte.is_ascii_digit() { byte - b'0' } else { byte - b'a' + 10 };
    let (whole, rest) = told.as_bytes().as_chunks::<4>();
    assert!(rest.is_empty(), "no hexadecimal: {told}");
    whole.iter().map(|[_, _, high, low]| digit(*high) * 16 + digit(*low)).collect()
}

#[test]
fn a_call_that_another_thread_interrupts_is_one_call() {
    let log = "7 fsync(4<\\x2f\\x61> <unfinished ...>\n\
               8 rename(\"\\x2f\\x61\", \"\\x2f\\x62\") = 0\n\
               8 mkdirat(5<\\x2f\\x63>, \"\\x64\", 0700) = -1 EEXIST (File exists)\n\
               7 <... fsync resumed>)          = 0\n\
               7 pwrite64(4<\\x2f\\x61>, \"\\x68\\x69\", 2, 512) = 2\n";

    let made = read(log);

    let renamed = Call::Rename { from: "/a".into(), to: "/b".into() };
    let written = Call::Write { fd: 4, at: Some(512), bytes: b"hi".to_vec() };
    assert_eq!(
        made,
        [
            Made { call: renamed, begun: 1, ended: 1 },
            Made { call: Call::Flush(4), begun: 0, ended: 3 },
            Made { call: written, begun: 4, ended: 4 },
        ]
    );
}
