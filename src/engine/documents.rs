//! Office documents as the engine reads them: one that is damaged is named and costs no more than itself.

use super::Engine;
use super::port::{Fault, FaultKind};
use super::store::{Document, DocumentWrite};

impl Engine {
    /// Those of a family that can be read.
    pub(super) async fn office_documents(&self, family: &str) -> Result<Vec<Document>, Fault> {
        let documents = self.store.documents(&self.office.id, family).await?;
        let readable = |document: Result<Document, Fault>| {
            document.inspect_err(|fault| tracing::error!("{fault}; the others go on without it")).ok()
        };
        Ok(documents.into_iter().filter_map(readable).collect())
    }

    /// What the program notes for itself alone, such as the time it last saw: begun anew where it is damaged, so that it
    /// keeps nobody from starting.
    pub async fn memo(&self, family: &str, id: &str) -> Result<Option<Document>, Fault> {
        match self.store.document(&self.office.id, family, id).await {
            Err(fault) if fault.kind == FaultKind::Permanent => {
                tracing::error!("{fault}; it is begun anew");
                self.store.write_documents(vec![self.office_document(family, id.to_owned(), None)]).await?;
                Ok(None)
            }
            read => read,
        }
    }

    /// A write that is made whatever stands there.
    pub(super) fn office_document(&self, family: &str, id: String, bytes: Option<Vec<u8>>) -> DocumentWrite {
        let (office, family) = (self.office.id.clone(), family.to_owned());
        DocumentWrite { office, family, id, expected_version: None, bytes }
    }
}
