//! What a mailbox or the courier logs in with: a password, or OAuth tokens (`[mailbox.oauth]`, `[courier.smtp.oauth]`).

use std::path::PathBuf;

use super::courier::is_this_machine;
use super::secret::SecretSource;
use super::section::Section;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginConfig {
    Password(SecretSource),
    Oauth(Box<OauthConfig>),
}

/// Where access tokens are bought, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthConfig {
    pub token_url: String,
    pub client_id: String,
    /// `None` for a public client.
    pub client_secret: Option<SecretSource>,
    /// `None`: the client's own credentials.
    pub refresh_token: Option<SecretSource>,
    pub scope: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub deadline_seconds: u32,
}

impl LoginConfig {
    /// Reads `password` or the table `oauth` of a section; `None` where there is neither.
    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        let password = section.secret("password");
        let oauth = section.table_where("oauth", false).map(OauthConfig::read);
        match (password, oauth) {
            (Some(_), Some(_)) => {
                section.find("oauth", "stands beside `password`; keep one of them");
                None
            }
            (Some(password), None) => Some(Self::Password(password)),
            (None, Some(oauth)) => Some(Self::Oauth(Box::new(oauth))),
            (None, None) => None,
        }
    }

    /// As [`Self::read`], for a login that must be there. The stand-in names an empty credential.
    pub(super) fn required(section: &mut Section<'_>) -> Self {
        let given = section.is_given("password") || section.is_given("oauth");
        Self::read(section).unwrap_or_else(|| {
            if !given {
                let ways = "is missing; give `password_credential` (systemd), `password_file` or `password_env`, or the table `oauth`";
                section.find("password", ways);
            }
            Self::Password(SecretSource::Credential(String::new()))
        })
    }

    /// Whether trying it out could void a token of the running daemon: a refresh token may be good once.
    pub fn is_used_up(&self) -> bool {
        matches!(self, Self::Oauth(oauth) if oauth.refresh_token.is_some())
    }

    /// The secrets it names, by key below `path`.
    pub fn secrets(&self, path: &str) -> Vec<(String, &SecretSource)> {
        match self {
            Self::Password(source) => vec![(format!("{path}.password"), source)],
            Self::Oauth(oauth) => {
                let secret = oauth.client_secret.as_ref().map(|s| (format!("{path}.oauth.client_secret"), s));
                let refresh = oauth.refresh_token.as_ref().map(|s| (format!("{path}.oauth.refresh_token"), s));
                secret.into_iter().chain(refresh).collect()
            }
        }
    }
}

impl OauthConfig {
    fn read(mut section: Section<'_>) -> Self {
        let example = "the token endpoint, such as \"https://login.example/oauth2/v2.0/token\"";
        let oauth = Self {
            token_url: section.text("token_url", example),
            client_id: section.text("client_id", "as the provider registered this program"),
            client_secret: section.secret("client_secret"),
            refresh_token: section.secret("refresh_token"),
            scope: section.optional_text("scope"),
            ca_file: section.optional_path("ca_file"),
            deadline_seconds: section.whole_or("deadline_seconds", 20, 1..=120),
        };
        if section.is_given("token_url") && !is_safe(&oauth.token_url) {
            section
                .find("token_url", "must begin with https://, as secrets go there; http:// is for this machine alone");
        }
        if oauth.client_secret.is_none() && oauth.refresh_token.is_none() {
            section.find(
                "refresh_token",
                "is missing, and `client_secret` too; give a refresh token, or the client's own secret",
            );
        }
        section.finish();
        oauth
    }
}

fn is_safe(url: &str) -> bool {
    let host = |rest: &str| {
        let authority = rest.split('/').next().unwrap_or_default();
        let bare = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        bare.map_or(authority, |(host, _)| host).to_owned()
    };
    url.starts_with("https://") || url.strip_prefix("http://").is_some_and(|rest| is_this_machine(&host(rest)))
}
