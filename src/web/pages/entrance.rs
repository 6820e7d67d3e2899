//! The pages in front of the desk: the lock of a link, the sign-in, the enrolment of a factor.

use askama::Template;

use super::Frame;
use super::findings::tally_line;
use crate::web::answer::{Field, FieldError, Why};
use crate::web::say::fill;
use crate::web::view::{ClockState, EnrolView, LockView};
use crate::web::words::{self, EntranceWords};

/// How the fields failed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    No,
    Wrong {
        left: u8,
    },
    /// The passphrase cannot be kept.
    Unfit(Why),
}

#[derive(Template)]
#[template(path = "lock.html", config = "src/web/askama.toml")]
pub struct LockPage<'a> {
    f: Frame<'a>,
    w: &'static EntranceWords,
    view: &'a LockView,
    action: &'a str,
    tried: Tried,
}

impl<'a> LockPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a LockView, action: &'a str, tried: Tried) -> Self {
        Self { w: EntranceWords::of(f.lang()), f, view, action, tried }
    }

    /// Where the script asks what a passkey is to prove.
    fn asks(&self) -> String {
        format!("{}/kunci", self.action)
    }

    fn request(&self) -> String {
        match &self.view.number {
            Some(number) => fill(self.f.w.request, &[&number.to_string()]),
            None => self.w.held_mail.to_owned(),
        }
    }

    fn time_left(&self) -> Option<String> {
        let clock = self.view.clock.as_ref()?;
        Some(match clock.state {
            ClockState::Running { left, due } => {
                let sentence = if left < 0 { self.w.time_over } else { self.w.time_left_until };
                fill(sentence, &[&self.f.say.working(left.abs()), &self.f.say.moment(&due)])
            }
            ClockState::Stopped { .. } => self.w.clock_stopped.to_owned(),
        })
    }

    fn error(&self) -> Option<String> {
        match self.tried {
            Tried::No | Tried::Unfit(_) => None,
            Tried::Wrong { left } => Some(fill(self.w.wrong_left, &[&left.to_string()])),
        }
    }

    fn findings(&self) -> String {
        tally_line(&self.f, &self.view.tally)
    }
}

/// The lock again, after ten minutes: the admin is known, the link is not needed.
#[derive(Template)]
#[template(path = "relock.html", config = "src/web/askama.toml")]
pub struct RelockPage<'a> {
    f: Frame<'a>,
    w: &'static EntranceWords,
    name: &'a str,
    /// Where to go on.
    to: &'a str,
    /// Something typed waits for the code.
    parked: bool,
    wrong: bool,
}

impl<'a> RelockPage<'a> {
    pub fn new(f: Frame<'a>, name: &'a str, to: &'a str, parked: bool, wrong: bool) -> Self {
        Self { w: EntranceWords::of(f.lang()), f, name, to, parked, wrong }
    }
}

#[derive(Template)]
#[template(path = "sign_in.html", config = "src/web/askama.toml")]
pub struct SignInPage<'a> {
    f: Frame<'a>,
    w: &'static EntranceWords,
    address: &'a str,
    /// Where to go on.
    to: &'a str,
    error: Option<&'static str>,
    address_error: Option<&'static str>,
}

impl<'a> SignInPage<'a> {
    pub fn new(f: Frame<'a>, address: &'a str, to: &'a str) -> Self {
        Self { w: EntranceWords::of(f.lang()), f, address, to, error: None, address_error: None }
    }

    /// Address or code did not match.
    pub fn wrong(mut self) -> Self {
        self.error = Some(self.w.sign_in_wrong);
        self
    }

    pub fn not_an_address(mut self) -> Self {
        self.address_error = Some(self.w.address_wrong);
        self
    }

    fn title(&self) -> String {
        let failed = self.error.is_some() || self.address_error.is_some();
        if failed { format!("{}{}", self.f.w.error, self.w.sign_in_title) } else { self.w.sign_in_title.to_owned() }
    }
}

#[derive(Template)]
#[template(path = "enrol.html", config = "src/web/askama.toml")]
pub struct EnrolPage<'a> {
    f: Frame<'a>,
    w: &'static EntranceWords,
    view: &'a EnrolView,
    action: &'a str,
    tried: Tried,
    picture: String,
}

impl<'a> EnrolPage<'a> {
    pub fn new(f: Frame<'a>, view: &'a EnrolView, action: &'a str, tried: Tried) -> Self {
        let picture = qr_path(view.uri.expose());
        Self { w: EntranceWords::of(f.lang()), f, view, action, tried, picture }
    }

    fn error(&self) -> Option<String> {
        match self.tried {
            Tried::No | Tried::Unfit(_) => None,
            Tried::Wrong { left } => Some(fill(self.w.wrong_left, &[&left.to_string()])),
        }
    }

    /// Where the script asks how a passkey is to be made.
    fn asks(&self) -> String {
        format!("{}/kunci", self.action)
    }

    fn phrase_error(&self) -> Option<String> {
        let Tried::Unfit(why) = self.tried else { return None };
        Some(words::why(self.f.lang(), &FieldError { field: Field::Password, why }))
    }

    /// Groups of four, easier to type.
    fn groups(&self) -> Vec<String> {
        let secret: Vec<char> = self.view.secret.expose().chars().collect();
        secret.chunks(4).map(|group| group.iter().collect()).collect()
    }

    fn side(&self) -> usize {
        qr_side(self.view.uri.expose())
    }
}

/// Quiet zone around a QR code, in modules (ISO/IEC 18004).
const QUIET: usize = 4;

fn qr_side(text: &str) -> usize {
    qrcode::QrCode::new(text).map_or(0, |code| code.width() + 2 * QUIET)
}

/// The dark modules as one SVG path; empty where the text is too long for a QR code.
fn qr_path(text: &str) -> String {
    let Ok(code) = qrcode::QrCode::new(text) else { return String::new() };
    let width = code.width();
    let dark = |(i, color): (usize, &qrcode::Color)| {
        (*color == qrcode::Color::Dark).then(|| format!("M{} {}h1v1h-1z", i % width + QUIET, i / width + QUIET))
    };
    code.to_colors().iter().enumerate().filter_map(dark).collect()
}
