//! An invented office: the shipped procedure under different rules, its calendar, its admins, plain drafts.

use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use loket::sop::case::{Attachment, Case};
use loket::sop::command::{Admin, Context, DraftKind, Drafting};
use loket::sop::hours::YearDates;
use loket::sop::names::{Address, Sha256Hex};
use loket::sop::phase::AdminId;
use loket::sop::procedure::Procedure;
use loket::sop::worktime::Calendar;
use sha2::{Digest, Sha256};

pub const APPLICANT: &str = "wening.larasati@karangmulia.example";

#[derive(Clone)]
pub struct Office {
    pub procedure: Arc<Procedure>,
    pub calendar: Arc<Calendar>,
    pub admins: Vec<Admin>,
    /// Printed into every draft, so that drafts can differ where nothing else does.
    pub wording: String,
    /// What stands in the form that goes out with a completion.
    pub form: String,
}

/// The rules that a failing walk ran under.
impl std::fmt::Debug for Office {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let p = &self.procedure;
        write!(f, "{:?} {:?} {:?} waivable={} ", p.approval, p.completion, p.change, p.confirmation.waivable)?;
        f.debug_list().entries(self.admins.iter().map(|a| &a.name)).finish()
    }
}

impl Office {
    /// Two admins under the shipped rules.
    pub fn shipped() -> Self {
        let procedure = Procedure::helpdesk();
        let dates =
            YearDates::parse(include_str!("../../config/holidays/2026.toml")).expect("the shipped dates are valid");
        let calendar = procedure.calendar(chrono_tz::Asia::Makassar, &[dates]).expect("the shipped hours are valid");
        let (procedure, calendar) = (Arc::new(procedure), Arc::new(calendar));
        Self { procedure, calendar, admins: vec![admin(0), admin(1)], wording: String::new(), form: "formulir".into() }
    }

    pub fn with(mut self, change: impl FnOnce(&mut Procedure)) -> Self {
        change(Arc::make_mut(&mut self.procedure));
        self
    }

    pub fn ask<T>(&self, now: DateTime<Utc>, question: impl FnOnce(&Context) -> T) -> T {
        let drafting = Plain { wording: &self.wording, form: &self.form };
        let (procedure, calendar, admins) = (&*self.procedure, &*self.calendar, self.admins.as_slice());
        question(&Context { now, procedure, calendar, admins, drafting: &drafting, digest: &digest, epoch: 1 })
    }

    /// Whether a registered admin is another person than the applicant, as the SOP wants it.
    pub fn may_act(&self, case: &Case, by: &AdminId) -> bool {
        let from_them = |case: &Case| {
            case.mails
                .iter()
                .any(|m| m.authenticity.is_trusted() && m.from.as_ref().is_some_and(|f| f.same_mailbox(by)))
        };
        let own = case.account.as_ref().is_some_and(|a| a.email.same_mailbox(by)) || from_them(case);
        self.admins.iter().any(|a| a.id == *by) && !own
    }
}

/// Admin 0 to 4; number 2 is the applicant, who is an admin as well.
pub fn admin(n: usize) -> Admin {
    Admin { id: admin_id(n), name: format!("Admin {n}"), delegate: None }
}

pub fn admin_id(n: usize) -> AdminId {
    if n == 2 { address(APPLICANT) } else { address(&format!("admin{n}@karangmulia.example")) }
}

pub fn address(text: &str) -> Address {
    Address::parse(text).expect("a well-formed address")
}

/// A Tuesday at 09.00 on the office's clock.
pub fn tuesday_at_nine() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 10, 1, 0, 0).unwrap()
}

pub fn digest(bytes: &[u8]) -> Sha256Hex {
    Sha256Hex(Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect())
}

struct Plain<'a> {
    wording: &'a str,
    form: &'a str,
}

impl Drafting for Plain<'_> {
    fn enclosures(&self, _: &Case, items: &[String]) -> Vec<Attachment> {
        let (sha256, size) = (digest(self.form.as_bytes()), self.form.len() as u64);
        let form = Attachment { name: "formulir.pdf".into(), sha256, size };
        items.iter().any(|item| item == "request_letter").then_some(form).into_iter().collect()
    }

    fn draft(&self, kind: DraftKind, case: &Case, items: &[String], code: &str) -> String {
        format!("{:?} {} {} {}{}", kind, case.number, items.join(","), code, self.wording)
    }
}
