//! Who stands before the desk: registered people, their roles, and the codes they prove themselves with.

use super::Desk;
use crate::engine::admins::{self, AdminRecord, FAILURES, Proof};
use crate::engine::port::Fault;
use crate::sop::names::Address;
use crate::web::answer::Typed;
use crate::web::view::{Admin, Role};

/// A person as the pages know them.
pub(super) fn person(record: AdminRecord) -> Admin {
    let role = match record.role {
        admins::Role::Admin => Role::Admin,
        admins::Role::Archivist => Role::Archivist,
        admins::Role::Auditor => Role::Auditor,
    };
    Admin { address: record.address, name: record.name, role }
}

impl Desk {
    /// The person's record while they have any right here; a session outlives a revocation by minutes.
    pub(super) async fn registered(&self, address: &Address) -> Result<Option<AdminRecord>, Fault> {
        Ok(self.engine.admin(address).await?.map(|(_, record)| record).filter(AdminRecord::is_active))
    }

    pub(super) async fn may_look(&self, admin: &Admin) -> Result<bool, Fault> {
        Ok(self.registered(&admin.address).await?.is_some())
    }

    pub(super) async fn tries_left(&self, admin: &Admin) -> Result<u8, Fault> {
        Ok(self.registered(&admin.address).await?.map_or(FAILURES, |record| record.tries_left()))
    }

    /// Checks a code given with an act. Each code counts once, also one that unlocked the device.
    pub(super) async fn proves(&self, admin: &Admin, code: &Typed) -> Result<Proof, Fault> {
        self.engine.prove(&admin.address, code.expose(), self.engine.clock.now()).await
    }
}
