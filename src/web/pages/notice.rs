//! Short pages that say one thing: an error, a link that is gone, something settled.

use askama::Template;

use super::Frame;

/// A page of one heading, one explanation, and ways forward.
#[derive(Template)]
#[template(path = "notice.html", config = "src/web/askama.toml")]
pub struct NoticePage<'a> {
    f: Frame<'a>,
    title: String,
    heading: String,
    text: String,
    /// Numbered ways forward under a heading.
    ways: Option<(&'static str, Vec<&'static str>)>,
    /// Address and text of one button.
    button: Option<(String, String)>,
}

impl<'a> NoticePage<'a> {
    pub fn new(f: Frame<'a>, title: &str, heading: &str, text: &str) -> Self {
        Self {
            f,
            title: title.to_owned(),
            heading: heading.to_owned(),
            text: text.to_owned(),
            ways: None,
            button: None,
        }
    }

    pub fn ways(mut self, heading: &'static str, ways: &[&'static str]) -> Self {
        self.ways = Some((heading, ways.to_vec()));
        self
    }

    pub fn button(mut self, href: impl Into<String>, text: &str) -> Self {
        self.button = Some((href.into(), text.to_owned()));
        self
    }
}
