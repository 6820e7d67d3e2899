//! One attempt within the walls, seen from outside: `loket __reading-walls parse|tool ATTEMPT`. For whoever does not
//! believe a worker's own word, the tests first of all.

use std::path::Path;

use super::proof::Attempt;
use super::{Profile, enter};
use crate::reading::tool::TESSERACT;

/// The hidden verb of a trial.
pub const VERB: &str = "__reading-walls";

/// Enters the walls that the arguments name, makes the attempt and returns the exit status: 0 refused, 1 it succeeded,
/// 2 no such trial, 3 no walls. An attempt that is deadly within the walls returns nothing.
pub fn main_trial(mut arguments: impl Iterator<Item = String>) -> i32 {
    let profile = match arguments.next().as_deref() {
        Some("parse") => Profile::Parse,
        Some("tool") => Profile::Tool { tesseract: Path::new(TESSERACT) },
        _ => return 2,
    };
    let wanted = arguments.next().unwrap_or_default();
    let known = Attempt::PARSE.iter().chain(Attempt::TOOL).chain(&[Attempt::Tesseract]);
    let Some(attempt) = known.copied().find(|a| format!("{a:?}").eq_ignore_ascii_case(&wanted)) else {
        return 2;
    };
    match enter(profile) {
        Err(why) => {
            eprintln!("The worker {why}");
            3
        }
        Ok(walls) => {
            println!("{walls}");
            i32::from(attempt.make().is_ok())
        }
    }
}
