//! The embedded account directory, as the command line shows and fills it. Who looked into it is on record.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Answer, Operations};
use crate::accounts::csv;
use crate::accounts::directory::{Imported, PasswordState};
use crate::engine::access::Seen;
use crate::sop::account::Account;
use crate::sop::names::UserId;

/// What an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    pub added: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub removed: usize,
}

/// An account with the state of its password and without the password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountView {
    #[serde(flatten)]
    pub account: Account,
    /// `unset`, `temporary` or `own`; `None` where only the list was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_until: Option<DateTime<Utc>>,
}

impl Operations {
    pub(super) async fn import_accounts(&self, text: &str) -> Result<Answer, Answer> {
        let accounts =
            csv::read(text.as_bytes(), &self.default_role).map_err(|bad| Answer::negative(bad.to_string()))?;
        let imported = self.directory.import(accounts).await.map_err(|why| match why {
            crate::accounts::directory::DirectoryError::Twice(twice) => Answer::negative(twice.to_string()),
            other => other.into(),
        })?;
        let Imported { added, changed, unchanged, removed } = imported;
        Ok(Answer::done(&ImportView { added, changed, unchanged, removed }))
    }

    pub(super) async fn list_accounts(&self, who: &str) -> Result<Answer, Answer> {
        let view = |account| AccountView { account, password: None, password_until: None };
        let views: Vec<_> = self.directory.list().into_iter().map(view).collect();
        self.engine.record_access(who, None, Seen::Register { shown: views.len() }).await?;
        Ok(Answer::done(&views))
    }

    pub(super) async fn show_account(&self, who: &str, user_id: String) -> Result<Answer, Answer> {
        let user_id = UserId(user_id);
        let Some(entry) = self.directory.show(&user_id)? else {
            return Err(Answer::negative(format!(
                "No account has the user ID {user_id}. `loket accounts list` shows those there are"
            )));
        };
        let (state, until) = match entry.password {
            PasswordState::Unset => ("unset", None),
            PasswordState::Temporary { until } => ("temporary", until),
            PasswordState::Own => ("own", None),
        };
        let seen = Seen::Account { user_id: entry.account.user_id.clone() };
        self.engine.record_access(who, None, seen).await?;
        let view = AccountView { account: entry.account, password: Some(state.to_owned()), password_until: until };
        Ok(Answer::done(&view))
    }

    /// Asks the account driver, for `check --online`.
    pub(super) async fn probe_accounts(&self) -> Result<Answer, Answer> {
        let sentence = self.engine.accounts.probe().await?;
        Ok(Answer::done(&json!({ "sentence": sentence })))
    }
}
