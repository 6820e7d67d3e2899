//! Who stands before the desk: registered people, their roles, and the codes they prove themselves with.

use super::Desk;
use crate::engine::admins::{self, AdminRecord, FAILURES, Matter, Proof};
use crate::engine::port::Fault;
use crate::sop::command;
use crate::sop::names::{Address, CaseNumber, Language, Sha256Hex};
use crate::web::answer::{Act, Typed};
use crate::web::counter::Trouble;
use crate::web::view::{Admin, Choice, Role};

/// A person as the pages know them.
pub(super) fn person(record: AdminRecord) -> Admin {
    let role = match record.role {
        admins::Role::Admin => Role::Admin,
        admins::Role::Archivist => Role::Archivist,
        admins::Role::Auditor => Role::Auditor,
    };
    Admin { enrolment: record.enrolment(), address: record.address, name: record.name, role }
}

/// What a person may do here.
pub(super) enum Standing {
    Acts,
    /// Why nothing of this is theirs to do, one sentence.
    Reads(String),
    Unknown,
}

impl Desk {
    /// Who asks, by the register of this moment.
    pub(super) async fn who_acts(&self, admin: &Admin, lang: Language) -> Result<Standing, Fault> {
        let Some(record) = self.present(admin).await? else { return Ok(Standing::Unknown) };
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

    /// The person's record while they have any right here.
    pub(super) async fn registered(&self, address: &Address) -> Result<Option<AdminRecord>, Fault> {
        Ok(self.engine.admin(address).await?.map(|(_, record)| record).filter(AdminRecord::is_active))
    }

    /// The record of whoever opened a device, unless they were enrolled anew since: what was proven then is over.
    async fn present(&self, admin: &Admin) -> Result<Option<AdminRecord>, Fault> {
        let record = self.registered(&admin.address).await?;
        Ok(record.filter(|record| record.enrolment() == admin.enrolment))
    }

    pub(super) async fn may_look(&self, admin: &Admin) -> Result<bool, Fault> {
        Ok(self.present(admin).await?.is_some())
    }

    pub(super) async fn tries_left(&self, admin: &Admin) -> Result<u8, Fault> {
        Ok(self.registered(&admin.address).await?.map_or(FAILURES, |record| record.tries_left()))
    }

    /// Checks a code given with an act. Each code counts once, also one that unlocked the device.
    pub(super) async fn proves(&self, admin: &Admin, code: &Typed, matter: &Matter) -> Result<Proof, Fault> {
        self.engine.prove(&admin.address, code.expose(), self.engine.clock.now(), matter).await
    }

    /// The question of an act that asks for the factor. Where the page names no proposal, the present one is meant.
    pub(super) async fn ask_to(
        &self,
        who: &Address,
        number: &CaseNumber,
        act: Act,
        seen: Option<&str>,
    ) -> Result<Option<String>, Trouble> {
        let Some(case) = self.engine.case(number).await? else { return Ok(None) };
        let present = || case.phase.proposal().map(|proposal| proposal.hash.0.clone()).unwrap_or_default();
        let proposal = Sha256Hex(seen.map_or_else(present, str::to_owned));
        let matter = Matter::Act { number: number.clone(), act: act_name(act), proposal };
        Ok(self.engine.ask_passkey(who, matter).await?.map(|asked| asked.to_string()))
    }
}

/// What the passkey of whoever decides so must have been asked for.
pub(super) fn matter(number: &CaseNumber, choice: &command::Choice, proposal: &str) -> Matter {
    let act = match choice {
        command::Choice::Approve { .. } => Act::Decide(Choice::Approve),
        command::Choice::Complete { .. } => Act::Decide(Choice::Complete),
        command::Choice::Reject { .. } => Act::Decide(Choice::Reject),
        command::Choice::HandOver { .. } => Act::Decide(Choice::HandOver),
        command::Choice::Reissue { .. } => Act::Reissue,
        command::Choice::HandInPerson { .. } => Act::HandInPerson,
    };
    Matter::Act { number: number.clone(), act: act_name(act), proposal: Sha256Hex(proposal.to_owned()) }
}

fn act_name(act: Act) -> &'static str {
    match act {
        Act::Decide(Choice::Approve) => "approve",
        Act::Decide(Choice::Complete) => "complete",
        Act::Decide(Choice::Reject) => "reject",
        Act::Decide(Choice::HandOver) => "hand_over",
        Act::Reissue => "reissue",
        Act::HandInPerson => "hand_in_person",
    }
}
