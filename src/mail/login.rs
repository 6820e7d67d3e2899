//! What opens a mailbox or a courier's server: a password, or an access token bought for it.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::oauth::Tokens;
use crate::engine::port::Fault;

#[derive(Clone)]
pub enum Login {
    Password(Zeroizing<String>),
    Token(Arc<Tokens>),
}

/// What is shown to the server this time.
pub(in crate::mail) enum Shown {
    Password(Zeroizing<String>),
    /// By XOAUTH2.
    Token(Zeroizing<String>, Arc<Tokens>),
}

impl Login {
    /// The secret to show. A token may have to be bought first, which is why no connection should be open yet.
    pub(in crate::mail) async fn show(&self) -> Result<Shown, Fault> {
        Ok(match self {
            Self::Password(password) => Shown::Password(password.clone()),
            Self::Token(tokens) => Shown::Token(tokens.token().await?, tokens.clone()),
        })
    }
}

impl Shown {
    pub(in crate::mail) async fn was_taken(&self) {
        if let Self::Token(_, tokens) = self {
            tokens.accepted().await;
        }
    }
}

impl From<Zeroizing<String>> for Login {
    fn from(password: Zeroizing<String>) -> Self {
        Self::Password(password)
    }
}

impl From<String> for Login {
    fn from(password: String) -> Self {
        Self::Password(password.into())
    }
}
