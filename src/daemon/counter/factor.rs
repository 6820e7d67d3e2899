//! Who stands before the desk: registered people, their roles, and the codes they prove themselves with.

use super::Desk;
use crate::engine::admins::{self, AdminRecord, FAILURES, Proof};
use crate::engine::port::Fault;
use crate::sop::names::{Address, Language};
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

/// What a person may do here.
pub(super) enum Standing {
    Acts,
    /// Why nothing of this is theirs to do, one sentence.
    Reads(String),
    Unknown,
}

impl Desk {
    /// Who asks, by the register of this moment: a session outlives a change of it by minutes.
    pub(super) async fn who_acts(&self, admin: &Admin, lang: Language) -> Result<Standing, Fault> {
        let Some(record) = self.registered(&admin.address).await? else { return Ok(Standing::Unknown) };
        if record.acts() {
            return Ok(Standing::Acts);
        }
        let (id, en) = match record.role {
            admins::Role::Auditor => ("auditor", "auditor"),
            _ => ("arsiparis", "archivist"),
        };
        Ok(Standing::Reads(self.words(lang).say(
            "Anda terdaftar sebagai {0}, yang hanya melihat. Hanya Admin PPE yang dapat melakukan ini.",
            "You are enrolled as {1}, who only reads. Only an Admin PPE can do this.",
            &[id, en],
        )))
    }

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
