//! The page on which a person changes their own passphrase.

use askama::Template;

use super::{Fields, Frame};
use crate::web::words::EntranceWords;

#[derive(Template)]
#[template(path = "phrase.html", config = "src/web/askama.toml")]
pub struct PhrasePage<'a> {
    f: Frame<'a>,
    w: &'static EntranceWords,
    /// Errors alone: nothing that is typed here is ever shown again.
    fields: &'a Fields,
}

impl<'a> PhrasePage<'a> {
    pub fn new(f: Frame<'a>, fields: &'a Fields) -> Self {
        Self { w: EntranceWords::of(f.lang()), f, fields }
    }
}
