//! The login at the server that takes our letters. What a server says to it stays out of every sentence but for the code: it
//! may repeat what it was shown.

use std::error::Error as _;
use std::io;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;

use crate::engine::port::Fault;
use crate::mail::login::Shown;

/// Logs in to the server of this name.
///
/// # Errors
/// Permanent where the login is refused or none is offered; a token is bought anew first.
pub(super) async fn log_in(line: &mut AsyncSmtpConnection, name: &str, user: &str, shown: &Shown) -> Result<(), Fault> {
    let (mechanisms, secret): (&[Mechanism], _) = match shown {
        Shown::Password(password) => (&[Mechanism::Plain, Mechanism::Login], password),
        Shown::Token(token, _) => (&[Mechanism::Xoauth2], token),
    };
    if line.server_info().get_auth_mechanism(mechanisms).is_none() {
        let ways = mechanisms.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        return Err(Fault::permanent(format_args!("{name} offers no way to log in (AUTH {ways})")));
    }
    let credentials = Credentials::new(user.to_owned(), secret.as_str().to_owned());
    let Err(error) = line.auth(mechanisms, &credentials).await else { return Ok(()) };
    Err(match (shown, error.status()) {
        // The crate does not answer the challenge that explains a refused token, and fails by itself.
        (Shown::Token(token, tokens), _) if error.is_client() || error.is_permanent() => {
            tokens.refused(token, name).await
        }
        (_, Some(code)) if error.is_permanent() => Fault::permanent(format_args!(
            "{name} refuses the courier's login ({code}). Check the user name and the password"
        )),
        (_, Some(code)) => Fault::transient(format_args!("{name} cannot check logins at the moment ({code})")),
        (_, None) => Fault::transient(format_args!("Lost the mail server {name} at the login: {}", in_words(&error))),
    })
}

fn in_words(error: &Error) -> String {
    let lost = error.source().and_then(|why| why.downcast_ref::<io::Error>());
    lost.map_or_else(|| "it hung up, or its answer makes no sense as SMTP".to_owned(), |why| why.kind().to_string())
}
