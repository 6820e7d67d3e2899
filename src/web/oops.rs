//! What goes wrong in front of the pages. A handler returns an [`Oops`]; the outermost layer, which knows the reader's
//! language, turns it into a page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::counter::Trouble;
use super::pages::Frame;
use super::pages::notice::NoticePage;
use super::say::fill;
use super::words::{FrameWords, NoticeWords};

#[derive(Debug, Clone)]
pub enum Oops {
    NotFound,
    /// Seconds to wait.
    TooMany(u64),
    /// A form that no page of ours sent.
    Foreign,
    TooLarge,
    Garbled,
    /// Signed in, but not as an Admin PPE.
    Role,
    /// Others are being handed files; seconds after which to try again.
    Busy(u64),
    Trouble,
}

impl From<Trouble> for Oops {
    fn from(trouble: Trouble) -> Self {
        tracing::error!(cause = %trouble, "The desk got no answer from the engine");
        Self::Trouble
    }
}

impl From<askama::Error> for Oops {
    fn from(error: askama::Error) -> Self {
        tracing::error!(cause = %error, "A page could not be written");
        Self::Trouble
    }
}

impl Oops {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Foreign | Self::Role => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Garbled => StatusCode::BAD_REQUEST,
            Self::Busy(_) | Self::Trouble => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The page for it.
    pub fn page<'a>(&self, f: Frame<'a>) -> NoticePage<'a> {
        let n = NoticeWords::of(f.lang());
        let error = FrameWords::of(f.lang()).error;
        let waiting;
        let (title, heading, text) = match self {
            Self::NotFound => (n.not_found_title, n.not_found_h1, n.not_found_more),
            Self::TooMany(seconds) => {
                waiting = fill(n.too_many_more, &[&seconds.to_string()]);
                (n.too_many_title, n.too_many_h1, waiting.as_str())
            }
            Self::Busy(seconds) => {
                waiting = fill(n.busy_more, &[&seconds.to_string()]);
                (n.busy_title, n.busy_h1, waiting.as_str())
            }
            Self::Foreign => (n.foreign_title, n.foreign_h1, n.foreign_more),
            Self::TooLarge => (n.too_large_title, n.too_large_h1, n.too_large_more),
            Self::Garbled => (n.garbled_title, n.garbled_h1, n.garbled_more),
            Self::Role => (n.refused_title, n.role_h1, n.role_more),
            Self::Trouble => (n.trouble_title, n.trouble_h1, n.trouble_more),
        };
        NoticePage::new(f, &format!("{error}{title}"), heading, text)
    }
}

impl IntoResponse for Oops {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
