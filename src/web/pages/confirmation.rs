//! After a confirmation was recorded: the code the admin reads out, shown once.

use askama::Template;

use super::Frame;
use crate::sop::names::CaseNumber;
use crate::web::answer::Typed;
use crate::web::words::CaseWords;

#[derive(Template)]
#[template(path = "confirmed.html", config = "src/web/askama.toml")]
pub struct ConfirmedPage<'a> {
    f: Frame<'a>,
    w: &'static CaseWords,
    number: &'a CaseNumber,
    code: &'a Typed,
}

impl<'a> ConfirmedPage<'a> {
    pub fn new(f: Frame<'a>, number: &'a CaseNumber, code: &'a Typed) -> Self {
        Self { w: CaseWords::of(f.lang()), f, number, code }
    }

    fn request(&self) -> String {
        crate::web::say::fill(self.f.w.request, &[&self.number.to_string()])
    }

    /// Groups of three, easier to read out.
    fn groups(&self) -> Vec<String> {
        let digits: Vec<char> = self.code.expose().chars().collect();
        digits.chunks(3).map(|group| group.iter().collect()).collect()
    }
}
