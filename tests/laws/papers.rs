//! Mails and dossiers of an invented applicant, complete or with one thing wrong.

use chrono::{DateTime, Utc};
use loket::sop::account::Account;
use loket::sop::case::{Attachment, Authenticity, MailRef};
use loket::sop::checklist::{Applicant, Check, Finding, Understanding};
use loket::sop::command::{Dossier, Opening, OpeningVerdict};
use loket::sop::names::{CaseNumber, Language, Nip, OfficeId, Service, UserId};

use super::office::{APPLICANT, Office, address, digest};

pub const PHONE: &str = "0840-0000-1907";
pub const NIP: &str = "199301242019032907";

/// What the papers of a dossier are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Papers {
    Complete,
    UserIdOnly,
    BothServices,
    /// No decree: step 3.
    NoDecree,
    /// The decree has run out: complete, but to be completed in step 5; and sent from elsewhere.
    OldDecreeFromElsewhere,
    /// The NIP is another one: step 7.
    WrongNip,
    /// Something only a person can judge.
    Doubtful,
    /// Sent from an unregistered address: the applicant is to be called.
    FromElsewhere,
    /// The register knows no NIP, so that only a code opens the result.
    NipUnknown,
    /// Another person's account.
    OtherAccount,
    AccountInactive,
    NoAccount,
    NothingAsked,
}

impl Papers {
    pub const ALL: [Self; 13] = [
        Self::Complete,
        Self::UserIdOnly,
        Self::BothServices,
        Self::NoDecree,
        Self::OldDecreeFromElsewhere,
        Self::WrongNip,
        Self::Doubtful,
        Self::FromElsewhere,
        Self::NipUnknown,
        Self::OtherAccount,
        Self::AccountInactive,
        Self::NoAccount,
        Self::NothingAsked,
    ];

    fn flaws(self) -> &'static [(&'static str, Finding)] {
        match self {
            Self::NoDecree => &[("appointment_decree", Finding::Missing)],
            Self::OldDecreeFromElsewhere => {
                &[("decree_in_force", Finding::Missing), ("sender_registered", Finding::Contradicted)]
            }
            Self::WrongNip => &[("nip_matches", Finding::Contradicted)],
            Self::Doubtful => &[("role_matches", Finding::Unclear)],
            Self::FromElsewhere => &[("sender_registered", Finding::Contradicted)],
            Self::AccountInactive | Self::NoAccount => &[("account_found", Finding::Contradicted)],
            Self::NothingAsked => &[("service_stated", Finding::Unclear)],
            _ => &[],
        }
    }

    fn services(self) -> Vec<Service> {
        match self {
            Self::UserIdOnly => vec![Service::UserIdInfo],
            Self::BothServices => vec![Service::ResetPassword, Service::UserIdInfo],
            Self::NothingAsked => Vec::new(),
            _ => vec![Service::ResetPassword],
        }
    }

    fn account(self) -> Option<Account> {
        let mut account = account();
        match self {
            Self::NoAccount => return None,
            Self::AccountInactive => account.active = false,
            Self::NipUnknown => account.nip = None,
            Self::OtherAccount => {
                account.user_id = UserId("HD.SEKAR".into());
                account.email = address("sekar.ayunda@karangmulia.example");
                account.phone = Some("0840-0000-1988".into());
            }
            _ => {}
        }
        Some(account)
    }
}

pub fn account() -> Account {
    Account {
        user_id: UserId("WENINGL".into()),
        name: "Wening Larasati".into(),
        nip: Nip::parse(NIP),
        email: address(APPLICANT),
        phone: Some(PHONE.into()),
        role: "Helpdesk".into(),
        work_unit: None,
        position: None,
        active: true,
        decree_number: None,
        decree_valid_until: None,
    }
}

pub fn mail(n: u32, from: &str, trusted: bool, received_at: DateTime<Utc>) -> MailRef {
    let paper = Attachment { name: "surat.pdf".into(), sha256: digest(format!("paper {n}").as_bytes()), size: 1000 };
    MailRef {
        sha256: digest(format!("mail {n}").as_bytes()),
        received_at,
        message_id: Some(format!("{n}@karangmulia.example")),
        references: Vec::new(),
        subject: "Permohonan".into(),
        from: Some(address(from)),
        from_name: None,
        authenticity: if trusted {
            Authenticity::Proven { how: "dkim".into() }
        } else {
            Authenticity::Unproven { why: "nothing vouches for the sender".into() }
        },
        attachments: vec![paper],
    }
}

pub fn dossier(office: &Office, mail: MailRef, papers: Papers) -> Dossier {
    let finding = |item: &str| papers.flaws().iter().find(|(i, _)| *i == item).map_or(Finding::Met, |(_, f)| *f);
    let check = |item: &str, step| Check {
        item: item.to_owned(),
        step,
        finding: finding(item),
        because: "karena".into(),
        evidence: Vec::new(),
        pair: None,
    };
    let understanding = Understanding {
        services: papers.services(),
        applicant: Applicant { nip: Nip::parse(NIP), ..Applicant::default() },
        documents: Vec::new(),
        checklist: office.procedure.checks.iter().map(|c| check(&c.item, c.step)).collect(),
        alerts: Vec::new(),
    };
    Dossier { mail, understanding, account: papers.account(), last_approved: None }
}

pub fn opening(serial: u32, dossier: Dossier, verdict: OpeningVerdict) -> Opening {
    Opening {
        number: CaseNumber::new("LPSE", 2026, serial),
        office: OfficeId("karangmulia".into()),
        language: Language::Id,
        linked_to: None,
        dossier,
        verdict,
    }
}
