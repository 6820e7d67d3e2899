//! Checks a dossier against the register and against earlier requests (SOP steps 2 and 5).

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::look::Looked;
use super::{Intake, Mailbox};
use crate::dossier::page::Contents;
use crate::dossier::{CaseFile, Known, MailFacts, case_file, validity};
use crate::engine::Engine;
use crate::engine::port::{Fault, Query};
use crate::engine::store::{Batch, CaseKey};
use crate::sop::account::Account;
use crate::sop::case::{Case, MailRef};
use crate::sop::checklist::Understanding;
use crate::sop::command::Dossier;

/// What became of a check.
struct Checked {
    understanding: Understanding,
    account: Option<Account>,
    last_approved: Option<DateTime<Utc>>,
}

impl Checked {
    fn with(self, mail: MailRef) -> Dossier {
        let Self { understanding, account, last_approved } = self;
        Dossier { mail, understanding, account, last_approved }
    }
}

impl Intake<'_> {
    /// A first mail, understood on its own.
    pub(super) async fn dossier_of(
        &self,
        mail: &Looked,
        file: &CaseFile<'_>,
        key: Option<&CaseKey>,
    ) -> Result<Dossier, Fault> {
        let checked = self.engine.check(self.mailbox, file, key, &self.batches).await?;
        Ok(checked.with(mail.reference()))
    }

    /// All papers of a case together with a further mail: good old ones stay valid.
    pub(super) async fn merged(&self, key: &CaseKey, case: &Case, mail: &Looked) -> Result<Dossier, Fault> {
        let mailbox = &self.mailbox.under(self.engine.procedures.get(&case.procedure.hash)?);
        let mut facts = self.engine.facts_of(mailbox, key, &case.mails, &self.contents).await?;
        facts.push(mail.facts.clone());
        let file = self.engine.case_file(mailbox, &facts, mail.facts.received).await;
        let checked = self.engine.check(mailbox, &file, Some(key), &self.batches).await?;
        Ok(checked.with(mail.reference()))
    }
}

impl Engine {
    /// A held mail, understood as if it had been trusted.
    pub async fn admitted_dossier(
        &self,
        mailbox: &Mailbox,
        key: &CaseKey,
        case: &Case,
    ) -> Result<Option<Dossier>, Fault> {
        let Some(mail) = case.last_mail().cloned() else { return Ok(None) };
        let mailbox = &mailbox.under(self.procedures.get(&case.procedure.hash)?);
        for mail in &case.mails {
            self.reader.try_again(&mail.sha256);
        }
        let mut facts = self.facts_of(mailbox, key, &case.mails, &[]).await?;
        for fact in &mut facts {
            fact.authenticated = None;
        }
        let day = facts.last().map_or_else(|| self.clock.now().date_naive(), |mail| mail.received);
        let file = self.case_file(mailbox, &facts, day).await;
        let checked = self.check(mailbox, &file, Some(key), &[]).await?;
        Ok(Some(checked.with(mail)))
    }

    async fn case_file<'a>(&self, mailbox: &'a Mailbox, mails: &'a [MailFacts], day: NaiveDate) -> CaseFile<'a> {
        let mut documents = Vec::new();
        for papers in case_file::papers(mails) {
            documents.extend(self.documents(mailbox, papers).await);
        }
        CaseFile::of(mails, documents, &mailbox.worked.recognition, day)
    }

    /// Takes one mail of a case apart again; `None` where its bytes are gone.
    pub async fn contents_of(&self, key: &CaseKey, mail: &MailRef) -> Result<Option<Contents>, Fault> {
        let Some(raw) = self.store.content(key, &mail.sha256).await? else { return Ok(None) };
        Ok(Some(self.reader.read(Arc::new(raw)).await?))
    }

    /// Reads the mails of a case again from the bytes on record, or from those on their way there.
    pub async fn facts_of(
        &self,
        mailbox: &Mailbox,
        key: &CaseKey,
        mails: &[MailRef],
        pending: &[(CaseKey, Vec<u8>)],
    ) -> Result<Vec<MailFacts>, Fault> {
        let mut facts = Vec::new();
        for mail in mails {
            let waiting = pending.iter().find(|(k, raw)| k == key && crate::vault::sha256_hex(raw) == mail.sha256);
            let raw = match waiting {
                Some((_, raw)) => raw.clone(),
                None => self.store.content(key, &mail.sha256).await?.unwrap_or_default(),
            };
            facts.push(self.look_again(mailbox, mail, raw).await?);
        }
        Ok(facts)
    }

    async fn check(
        &self,
        mailbox: &Mailbox,
        file: &CaseFile<'_>,
        key: Option<&CaseKey>,
        waiting: &[Batch],
    ) -> Result<Checked, Fault> {
        let asks = &file.applicant;
        let query = Query {
            user_id: asks.user_id.clone(),
            nip: asks.nip.as_ref().map(|n| n.digits().to_owned()),
            email: file.mails.first().and_then(|m| m.sender.as_ref()).map(ToString::to_string),
            name: asks.name.clone(),
        };
        let accounts = self.accounts.look_up(&query).await?;
        let known = Known { accounts: Some(&accounts), earlier_letters: Some(&[]), ..Known::default() };
        let mut understanding = file.understanding(&known);
        let earlier = self.earlier_letters(&understanding, key, waiting).await?;
        let decrees = self.approved_decrees(&understanding).await?;
        if !(earlier.is_empty() && decrees.is_empty()) {
            understanding = file.understanding(&Known { earlier_letters: Some(&earlier), decrees: &decrees, ..known });
        }
        let account = validity::account(file, &accounts).cloned();
        let last_approved = match &account {
            Some(account) => self.approvals(account).await?.elsewhere(key.map(|key| &key.number)),
            None => None,
        };
        mailbox.worked.procedure.confirmation.note_repeat(&mut understanding, last_approved, self.clock.now());
        Ok(Checked { understanding, account, last_approved })
    }
}
