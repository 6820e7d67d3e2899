//! The monthly report as the desk shows it, and as files that are those of the command line.

use super::Desk;
use crate::daemon::report;
use crate::engine::port::Fault;
use crate::engine::register::Report;
use crate::web::counter::Trouble;
use crate::web::view::{Admin, Month, ReportForm, ReportView};

impl Desk {
    pub(super) async fn show_report(&self, admin: &Admin, month: Month) -> Result<Option<ReportView>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let mut report = self.report_of(month).await?;
        for line in &mut report.lines {
            line.admin = line.admin.as_deref().map(|who| self.named(who));
        }
        Ok(Some(ReportView { report, at: self.engine.clock.now() }))
    }

    pub(super) async fn write_report(
        &self,
        admin: &Admin,
        month: Month,
        form: ReportForm,
    ) -> Result<Option<String>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let report = self.report_of(month).await?;
        let unwritten = |why: &dyn std::fmt::Display| Trouble(format!("The report cannot be written: {why}"));
        let text = match form {
            ReportForm::Csv => report::csv::write(&report).map_err(|why| unwritten(&why))?,
            ReportForm::Json => report::json(&report).map_err(|why| unwritten(&why))?,
        };
        Ok(Some(text))
    }

    /// Under the SOP that the command line's report names too: the first mailbox's.
    async fn report_of(&self, month: Month) -> Result<Report, Fault> {
        let sop = self.mailboxes.first().map(|mailbox| mailbox.worked.procedure.sop.number.clone());
        self.engine.report(month.year, month.month, &sop.unwrap_or_default()).await
    }
}
