//! `[courier]`: how letters leave, and the rules of safe connections that IMAP and SMTP share.

use std::net::IpAddr;
use std::path::PathBuf;

use super::login::LoginConfig;
use super::section::Section;
use crate::sop::names::Address;

/// How a connection is protected. There is no "TLS if the server offers it".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// STARTTLS, required.
    StartTls,
    /// In the clear; to this machine only.
    Plain,
}

#[derive(Debug, Clone)]
pub struct CourierConfig {
    pub kind: CourierKind,
    pub from_address: Address,
    pub from_name: String,
    /// Read and checked also while another kind is chosen.
    pub smtp: Option<SmtpConfig>,
    pub maildir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CourierKind {
    Smtp,
    /// Letters are put into a Maildir, for trying out.
    Maildir,
}

#[derive(Debug, Clone)]
pub struct SmtpConfig {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub login: Option<Login>,
    pub ca_file: Option<PathBuf>,
    /// Connections kept open.
    pub pool: u32,
    pub deadline_seconds: u32,
}

#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub secret: LoginConfig,
}

impl CourierConfig {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let kind = section.choice("kind", &[("smtp", CourierKind::Smtp), ("maildir", CourierKind::Maildir)], false);
        let from_address = section.required("from_address", "the mail address that letters come from", Address::parse);
        let from_name = section.text("from_name", "the name that letters come from");
        let smtp = section.table_where("smtp", kind == CourierKind::Smtp).map(SmtpConfig::read);
        let maildir = section.table_where("maildir", kind == CourierKind::Maildir).map(|mut maildir| {
            let directory = maildir.path("directory", "the Maildir that letters are put into");
            maildir.finish();
            directory
        });
        section.finish();
        let nobody = || Address::parse("nobody@invalid").expect("a fixed address of the right shape");
        Self { kind, from_address: from_address.unwrap_or_else(nobody), from_name, smtp, maildir }
    }
}

impl SmtpConfig {
    fn read(mut section: Section<'_>) -> Self {
        let host = read_host(&mut section);
        let security = read_security(&mut section, &host);
        let usual = match security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::Plain => 25,
        };
        let port = section.whole_or("port", usual, 1..=65535);
        let user = section.optional_text("user");
        let secret = LoginConfig::read(&mut section);
        let login = match (user, secret) {
            (Some(user), Some(secret)) => Some(Login { user, secret }),
            (None, None) => None,
            (Some(_), None) => {
                section.find(
                    "password",
                    "is missing beside `user`; give `password_credential`, `password_file` or `password_env`, or the table `oauth`",
                );
                None
            }
            (None, Some(_)) => {
                section.find("user", "is missing beside its secret; add it, or take the secret out");
                None
            }
        };
        let smtp = Self {
            port: u16::try_from(port).unwrap_or(usual.try_into().unwrap_or(465)),
            host,
            security,
            login,
            ca_file: section.optional_path("ca_file"),
            pool: section.whole_or("pool", 4, 1..=64),
            deadline_seconds: section.whole_or("deadline_seconds", 30, 1..=600),
        };
        section.finish();
        smtp
    }
}

pub(super) fn read_host(section: &mut Section<'_>) -> String {
    let name = |text: &str| {
        let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:_".contains(&b));
        fits.then(|| text.to_owned())
    };
    section
        .required("host", "a host name alone, such as \"mail.karangmulia.example\", without `https://` and port", name)
        .unwrap_or_default()
}

pub(super) fn read_security(section: &mut Section<'_>, host: &str) -> Security {
    let words = [("tls", Security::Tls), ("starttls", Security::StartTls), ("plain", Security::Plain)];
    let security = section.choice("security", &words, true);
    if security == Security::Plain && !host.is_empty() && !is_this_machine(host) {
        section.find(
            "security",
            format!("is \"plain\", which would send the password to {host} in the clear; use \"tls\" or \"starttls\""),
        );
    }
    security
}

/// Whether a host name can only mean this machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
