//! The applicant's pages: before the result is shown, the result once, the link that is gone, and the changed password.

use askama::Template;

use super::Frame;
use crate::sop::names::Service;
use crate::web::say::fill;
use crate::web::view::{RevealAsk, RevealView, RevealedView};
use crate::web::words::ApplicantWords;

/// What was typed wrong before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistyped {
    Nothing,
    Nip { missing: bool },
    Code { missing: bool },
}

#[derive(Template)]
#[template(path = "reveal.html", config = "src/web/askama.toml")]
pub struct RevealPage<'a> {
    f: Frame<'a>,
    w: &'static ApplicantWords,
    view: &'a RevealView,
    /// Where the form goes; holds the token.
    action: &'a str,
    mistyped: Mistyped,
}

impl<'a> RevealPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a RevealView, action: &'a str, mistyped: Mistyped) -> Self {
        Self { w: ApplicantWords::of(f.lang()), f, view, action, mistyped }
    }

    fn title(&self) -> String {
        if self.mistyped == Mistyped::Nothing {
            self.w.title.to_owned()
        } else {
            format!("{}{}", self.f.w.error, self.w.title)
        }
    }

    fn lead(&self) -> String {
        let password = self.view.services.contains(&Service::ResetPassword);
        fill(if password { self.w.lead_password } else { self.w.lead_user_id }, &[&self.f.office().system_name])
    }

    fn nip_error(&self) -> Option<&'static str> {
        match self.mistyped {
            Mistyped::Nip { missing: true } => Some(self.w.missing_nip),
            Mistyped::Nip { missing: false } => Some(self.w.wrong_nip),
            _ => None,
        }
    }

    fn code_error(&self) -> Option<&'static str> {
        match self.mistyped {
            Mistyped::Code { missing: true } => Some(self.w.missing_code),
            Mistyped::Code { missing: false } => Some(self.w.wrong_code),
            _ => None,
        }
    }
}

#[derive(Template)]
#[template(path = "revealed.html", config = "src/web/askama.toml")]
pub struct RevealedPage<'a> {
    f: Frame<'a>,
    w: &'static ApplicantWords,
    view: &'a RevealedView,
}

impl<'a> RevealedPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a RevealedView) -> Self {
        Self { w: ApplicantWords::of(f.lang()), f, view }
    }

    fn heading(&self) -> &'static str {
        if self.view.password.is_some() { self.w.shown_h1_password } else { self.w.shown_h1_user_id }
    }

    /// Groups of four; the gaps between them are drawn by the stylesheet.
    fn groups(&self) -> Vec<String> {
        let password: Vec<char> = self.view.password.iter().flat_map(|p| p.expose().chars()).collect();
        password.chunks(4).map(|group| group.iter().collect()).collect()
    }

    fn spelled(&self) -> Vec<String> {
        let word = |c: char| match c {
            c if c.is_ascii_digit() => self.w.digit,
            c if c.is_uppercase() => self.w.capital,
            c if c.is_lowercase() => self.w.small,
            _ => self.w.sign,
        };
        let password = self.view.password.iter().flat_map(|p| p.expose().chars());
        password.map(|c| fill(word(c), &[&c.to_string()])).collect()
    }

    fn until(&self) -> Option<String> {
        self.view.until.as_ref().map(|until| fill(self.w.shown_until, &[&self.f.say.moment(until)]))
    }
}

#[derive(Template)]
#[template(path = "reveal_gone.html", config = "src/web/askama.toml")]
pub struct RevealGonePage<'a> {
    f: Frame<'a>,
    w: &'static ApplicantWords,
}

impl<'a> RevealGonePage<'a> {
    pub fn new(f: Frame<'a>) -> Self {
        Self { w: ApplicantWords::of(f.lang()), f }
    }

    fn hours(&self) -> String {
        let office = self.f.office();
        fill(self.w.gone_hours, &[self.f.say.pick(&office.hours_id, &office.hours_en)])
    }
}

#[derive(Template)]
#[template(path = "change.html", config = "src/web/askama.toml")]
pub struct ChangePage<'a> {
    f: Frame<'a>,
    w: &'static ApplicantWords,
    action: &'a str,
    done: bool,
    wrong: bool,
}

impl<'a> ChangePage<'a> {
    pub fn new(f: Frame<'a>, action: &'a str, done: bool, wrong: bool) -> Self {
        Self { w: ApplicantWords::of(f.lang()), f, action, done, wrong }
    }
}
