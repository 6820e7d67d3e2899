//! Destruction as the command line asks for it: proposed by one person, approved by another, each with the code of their
//! factor (THREATS, "Retention").

use super::{Answer, Code, Operations};
use crate::engine::disposal::NoDisposal;
use crate::sop::names::{Address, CaseNumber};

impl Operations {
    pub(super) async fn list_due(&self) -> Result<Answer, Answer> {
        Ok(Answer::done(&self.engine.due_for_disposal().await?))
    }

    pub(super) async fn list_disposals(&self) -> Result<Answer, Answer> {
        Ok(Answer::done(&self.engine.disposals().await?))
    }

    pub(super) async fn propose_disposal(
        &self,
        by: &Address,
        code: &Code,
        dossiers: Vec<CaseNumber>,
    ) -> Result<Answer, Answer> {
        Ok(Answer::done(&self.engine.propose_disposal(by, &code.0, dossiers).await?))
    }

    pub(super) async fn approve_disposal(
        &self,
        id: &str,
        by: &Address,
        code: &Code,
        record: &str,
    ) -> Result<Answer, Answer> {
        Ok(Answer::done(&self.engine.approve_disposal(id, by, &code.0, record).await?))
    }
}

impl From<NoDisposal> for Answer {
    fn from(why: NoDisposal) -> Self {
        match why {
            NoDisposal::Fault(fault) => fault.into(),
            other => Self::negative(other.to_string()),
        }
    }
}
