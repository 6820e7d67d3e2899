//! What the command line may ask of an office's state: one list of requests and one handler, whether the daemon answers
//! them through its [socket](super::socket) or the command line opened the state folder itself. Answers are plain
//! values; how they are shown is [`crate::cli`]'s work. No request decides a case: that is done on the desk alone.

pub mod accounts;
pub mod admins;
pub mod archive;
mod backup;
pub mod cases;
mod disposal;
pub mod effects;
pub mod keys;
mod staging;

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Assembly;
use super::keys::KeyChange;
use crate::accounts::directory::{Directory, DirectoryError};
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::admins::Role;
use crate::engine::evidence::Heads;
use crate::engine::port::{Fault, FaultKind};
use crate::sop::names::{Address, CaseNumber};
use crate::store::archive::RedbArchive;

pub use backup::{Copied, named};
pub use staging::Staging;

/// What may be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// The text of an accounts file (CONTRACT, "Accounts file").
    ImportAccounts {
        csv: String,
    },
    ListAccounts,
    ShowAccount {
        user_id: String,
    },
    ProbeAccounts,
    EnrollAdmin {
        address: Address,
        name: Option<String>,
        role: Role,
    },
    ListAdmins,
    RevokeAdmin {
        address: Address,
    },
    /// Somebody stands in until the end of that day.
    Delegate {
        address: Address,
        to: Address,
        until: NaiveDate,
    },
    EndAbsence {
        address: Address,
    },
    ListCases {
        stuck: bool,
    },
    ShowCase {
        number: CaseNumber,
    },
    /// All stuck effects of a case, or the one of this row.
    RetryCase {
        number: CaseNumber,
        #[serde(default)]
        row: Option<String>,
    },
    /// One stuck effect is not wanted any more.
    DropEffect {
        number: CaseNumber,
        row: String,
    },
    ListArchive,
    SearchArchive {
        words: String,
    },
    ShowDossier {
        number: CaseNumber,
    },
    /// One item's bytes, in base64.
    ReadItem {
        number: CaseNumber,
        name: String,
    },
    /// Writes the dossier's folder where [`Staging`] says, for the asker to take away.
    Export {
        number: CaseNumber,
    },
    VerifyAll,
    /// The same, and whether journal and archive go on from these heads.
    VerifyAgainst {
        heads: Heads,
    },
    /// Where journal and archive end; signed or not.
    ShowHeads {
        sign: bool,
    },
    ListDue,
    ListDisposals,
    ProposeDisposal {
        by: Address,
        code: Code,
        dossiers: Vec<CaseNumber>,
    },
    ApproveDisposal {
        id: String,
        by: Address,
        code: Code,
        record: String,
    },
    Report {
        year: i32,
        month: u32,
    },
    /// Writes the file where [`Staging`] says, for the asker to take away.
    Backup,
    ShowKeys,
    RotateKeys,
}

impl Request {
    /// Whether an office may begin with it; every other speaks of one that is there.
    pub fn may_begin_an_office(&self) -> bool {
        matches!(self, Self::ImportAccounts { .. } | Self::EnrollAdmin { .. })
    }
}

/// A code of somebody's factor, on its way to be checked.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(pub String);

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

/// What comes back.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    Done {
        value: Value,
    },
    /// There is no such thing, or the request was refused; the sentence says which and what to do.
    Negative {
        sentence: String,
    },
    /// It could not be done; `worth_retrying` where it may pass by itself.
    Failed {
        sentence: String,
        worth_retrying: bool,
    },
}

impl Answer {
    fn done(value: &impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => Self::Done { value },
            Err(why) => Self::Failed { sentence: format!("An answer cannot be written: {why}"), worth_retrying: false },
        }
    }

    fn negative(sentence: impl Into<String>) -> Self {
        Self::Negative { sentence: sentence.into() }
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        Self::Failed { sentence: fault.message, worth_retrying: fault.kind != FaultKind::Permanent }
    }
}

impl From<DirectoryError> for Answer {
    fn from(error: DirectoryError) -> Self {
        let worth_retrying = matches!(error, DirectoryError::InUse(_));
        Self::Failed { sentence: error.to_string(), worth_retrying }
    }
}

/// What the handler needs of a composed office.
pub struct Operations {
    engine: Arc<Engine>,
    directory: Directory,
    change: Arc<KeyChange>,
    archive: Arc<RedbArchive>,
    /// The role of accounts whose row names none: the first procedure's.
    default_role: String,
    /// The SOP that reports name.
    sop: String,
    staging: Staging,
}

impl Operations {
    pub fn of(assembly: &Assembly, config: &Config) -> Self {
        let procedure = assembly.mailboxes.first().map(|mailbox| &mailbox.worked.procedure);
        Self {
            engine: assembly.engine.clone(),
            directory: assembly.directory.clone(),
            change: assembly.change.clone(),
            archive: assembly.archive.clone(),
            default_role: procedure.map(|p| p.profile.role.clone()).unwrap_or_default(),
            sop: procedure.map(|p| p.sop.number.clone()).unwrap_or_default(),
            staging: Staging::of(&config.state.directory),
        }
    }

    /// Carries one request of this person out (`uid 0`). Failures are answers too.
    pub async fn answer(&self, who: &str, request: Request) -> Answer {
        let answered = match request {
            Request::ImportAccounts { csv } => self.import_accounts(&csv).await,
            Request::ListAccounts => self.list_accounts(who).await,
            Request::ShowAccount { user_id } => self.show_account(who, user_id).await,
            Request::ProbeAccounts => self.probe_accounts().await,
            Request::EnrollAdmin { address, name, role } => self.enroll_admin(&address, name, role).await,
            Request::ListAdmins => self.list_admins().await,
            Request::Delegate { address, to, until } => self.delegate(&address, &to, until).await,
            Request::EndAbsence { address } => self.end_absence(&address).await,
            Request::RevokeAdmin { address } => self.revoke_admin(&address).await,
            Request::ListCases { stuck } => self.list_cases(stuck).await,
            Request::ShowCase { number } => self.show_case(who, &number).await,
            Request::RetryCase { number, row } => self.retry_case(&number, row.as_deref()).await,
            Request::DropEffect { number, row } => self.drop_effect(who, &number, &row).await,
            Request::ListArchive => self.list_archive(who).await,
            Request::SearchArchive { words } => self.search_archive(who, &words).await,
            Request::ShowDossier { number } => self.show_dossier(who, &number).await,
            Request::ReadItem { number, name } => self.read_item(who, &number, &name).await,
            Request::Export { number } => self.export(who, &number).await,
            Request::VerifyAll => self.verify_all(None).await,
            Request::VerifyAgainst { heads } => self.verify_all(Some(&heads)).await,
            Request::ShowHeads { sign } => self.show_heads(sign).await,
            Request::ListDue => self.list_due().await,
            Request::ListDisposals => self.list_disposals().await,
            Request::ProposeDisposal { by, code, dossiers } => self.propose_disposal(&by, &code, dossiers).await,
            Request::ApproveDisposal { id, by, code, record } => self.approve_disposal(&id, &by, &code, &record).await,
            Request::Report { year, month } => self.report(year, month).await,
            Request::Backup => self.backup().await,
            Request::ShowKeys => self.show_keys(),
            Request::RotateKeys => self.rotate_keys().await,
        };
        answered.unwrap_or_else(|failed| failed)
    }

    async fn report(&self, year: i32, month: u32) -> Result<Answer, Answer> {
        Ok(Answer::done(&self.engine.report(year, month, &self.sop).await?))
    }
}
