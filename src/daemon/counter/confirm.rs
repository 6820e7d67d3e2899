//! A call or meeting with the applicant (SOP step 5). Only the registered number counts; the code that opens the result
//! is shown once, and only its keyed hash is kept.

use super::Desk;
use super::refusal::still_shows;
use crate::engine::casebook::{Along, Answer};
use crate::sop::case::{Confirmation, ConfirmationMethod, ConfirmationResult};
use crate::sop::command::Command;
use crate::sop::names::{CaseNumber, Sha256Hex};
use crate::vault;
use crate::web::answer::{ConfirmAnswer, ConfirmForm, ConfirmMethod, ConfirmResult, DecisionAnswer, Typed};
use crate::web::counter::Trouble;
use crate::web::view::Admin;

impl Desk {
    pub(super) async fn record_confirmation(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        form: ConfirmForm,
    ) -> Result<ConfirmAnswer, Trouble> {
        let key = self.engine.key(number);
        let Some(case) = self.engine.case(number).await? else { return Ok(ConfirmAnswer::Gone) };
        let genuine = form.result == ConfirmResult::Genuine;
        let code = genuine.then(|| vault::short_code(&*self.engine.random));
        let method = match form.method {
            ConfirmMethod::Phone => ConfirmationMethod::Telephone,
            ConfirmMethod::InPerson => ConfirmationMethod::InPerson,
        };
        let registered = case.account.as_ref().and_then(|account| account.phone.clone());
        let confirmation = Confirmation {
            by: admin.address.clone(),
            at: self.engine.clock.now(),
            method,
            number_called: registered.filter(|_| method == ConfirmationMethod::Telephone),
            spoke_with: form.spoken_with,
            result: match form.result {
                ConfirmResult::Genuine => ConfirmationResult::Confirmed,
                ConfirmResult::Denied => ConfirmationResult::Denied,
                ConfirmResult::Unreached => ConfirmationResult::NotReached,
            },
            note: form.note,
            code_tag: code.as_ref().map(|code| self.engine.code_tag(&key, code.expose())),
        };
        let hash = Sha256Hex(form.proposal_hash);
        let command = Command::Confirm(confirmation);
        let lang = self.engine.office.language;
        match self.engine.apply_when(&key, command, Along::default(), &still_shows(&hash)).await? {
            Answer::Done(_) => Ok(ConfirmAnswer::Done { code: code.map(|code| Typed::new(code.expose().clone())) }),
            Answer::Refused(refused, case) => {
                Ok(match self.refused_decision(refused.clone(), &case, admin, lang).await? {
                    DecisionAnswer::Already(earlier) => ConfirmAnswer::Already(earlier),
                    DecisionAnswer::Changed { what, at } => ConfirmAnswer::Changed { what, at },
                    DecisionAnswer::Invalid(errors) => ConfirmAnswer::Invalid(errors),
                    DecisionAnswer::Gone => ConfirmAnswer::Gone,
                    DecisionAnswer::Refused(why) => ConfirmAnswer::Refused(why),
                    _ => ConfirmAnswer::Refused(self.sentence(&refused, &case, lang)),
                })
            }
            Answer::Gone | Answer::Conflict => Ok(ConfirmAnswer::Gone),
        }
    }
}
