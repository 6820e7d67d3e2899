//! The letters an admin may edit. A draft keeps places for links and times that are known only when it is sent; the page
//! shows each as words in brackets, and what comes back from the page gets its places again.

use super::Desk;
use super::words::say;
use crate::engine::office::Worked;
use crate::letters::{EditFault, Text, check_edited, form};
use crate::sop::case::Case;
use crate::sop::command::DraftKind;
use crate::sop::effect::{Letter, LetterName, Recipient};
use crate::sop::event::{Event, Recorded};
use crate::sop::names::{CaseNumber, Language, Service};
use crate::sop::phase::{Proposal, Recommendation};
use crate::web::answer::{Field, FieldError, Why};
use crate::web::counter::Trouble;
use crate::web::view::{Admin, Choice, DraftView, EnclosedFile};

const FACTS: [(&str, &str, &str); 3] = [
    ("deadline", "batas waktu", "deadline"),
    ("expires_at", "batas tautan", "end of the link"),
    ("done_at", "waktu selesai", "time of completion"),
];
const FORMS: [(&str, &str, &str); 4] = [
    ("moment", "", ""),
    ("date", "tanggal ", "date of the "),
    ("weekday_date", "hari dan tanggal ", "day and date of the "),
    ("clock", "pukul ", "hour of the "),
];
const LINKS: [(&str, &str); 2] =
    [("{{link:reveal}}", "[tautan hasil]"), ("{{link:confirm}}", "[tautan konfirmasi penggantian]")];

/// Every place a draft can hold, and the words it is shown as.
fn places() -> impl Iterator<Item = (String, String)> {
    let times = FACTS.iter().flat_map(|fact| FORMS.iter().map(move |form| (fact, form)));
    let spoken = times.flat_map(|(fact, form)| {
        [Language::Id, Language::En].map(|lang| {
            let place = format!("{{{{time:{}:{}:{}}}}}", fact.0, form.0, lang.code());
            (place, format!("[{}{}]", say(lang, form.1, form.2), say(lang, fact.1, fact.2)))
        })
    });
    spoken.chain(LINKS.iter().map(|(place, shown)| ((*place).to_owned(), (*shown).to_owned())))
}

/// A draft as a person reads it.
pub(super) fn readable(draft: &str) -> String {
    places().fold(draft.to_owned(), |text, (place, shown)| text.replace(&place, &shown))
}

/// What a person sent back, as it is kept.
pub(super) fn restored(text: &str) -> String {
    places().fold(text.replace("\r\n", "\n"), |text, (place, shown)| text.replace(&shown, &place))
}

/// The draft of a choice that has one to edit.
pub(super) fn kind_of(choice: Choice) -> Option<DraftKind> {
    match choice {
        Choice::Complete => Some(DraftKind::Completion),
        Choice::Reject => Some(DraftKind::Rejection),
        Choice::Approve | Choice::HandOver => None,
    }
}

pub(super) fn body_of(proposal: &Proposal, kind: DraftKind) -> &str {
    match kind {
        DraftKind::Completion => &proposal.drafts.completion,
        DraftKind::Rejection => &proposal.drafts.rejection,
    }
}

/// The drafts that a person edited since the dossier was last checked.
fn edited(events: &[Recorded]) -> Vec<DraftKind> {
    let (mut edited, mut just_saved) = (Vec::new(), false);
    for recorded in events {
        match &recorded.event {
            Event::DraftSaved { draft, .. } => {
                edited.push(*draft);
                just_saved = true;
            }
            Event::Proposed { .. } if !std::mem::take(&mut just_saved) => edited.clear(),
            _ => {}
        }
    }
    edited
}

impl Desk {
    pub(super) fn draft_views(
        &self,
        case: &Case,
        worked: &Worked,
        proposal: &Proposal,
        events: &[Recorded],
        may_complete: bool,
    ) -> Vec<DraftView> {
        let edited = edited(events);
        let correspondent = Recipient::Correspondent;
        let code = match &proposal.recommendation {
            Recommendation::Reject { code } => code.clone(),
            _ => String::new(),
        };
        let mut views = Vec::new();
        if may_complete {
            let letter = Letter::new(LetterName::CompletionRequest, correspondent.clone());
            let body = Some(proposal.drafts.completion.as_str());
            let edited = edited.contains(&DraftKind::Completion);
            let enclosures = proposal.drafts.enclosures.iter().map(|file| (file.name.clone(), file.size)).collect();
            let view = self.draft_view(case, worked, Choice::Complete, &letter, body, edited);
            views.extend(view.map(|view| DraftView { enclosures, ..view }));
        }
        let letter = Letter::new(LetterName::Rejected, correspondent).code(&code);
        let body = Some(proposal.drafts.rejection.as_str());
        views.extend(self.draft_view(
            case,
            worked,
            Choice::Reject,
            &letter,
            body,
            edited.contains(&DraftKind::Rejection),
        ));
        let letter = Letter::new(result_letter(case.services()), Recipient::Registered);
        views.extend(self.draft_view(case, worked, Choice::Approve, &letter, None, false));
        views
    }

    /// One letter as it would go out; without a `body` of its own, as the system would write it.
    fn draft_view(
        &self,
        case: &Case,
        worked: &Worked,
        choice: Choice,
        letter: &Letter,
        body: Option<&str>,
        edited: bool,
    ) -> Option<DraftView> {
        let text = self.engine.preview(case, letter, worked).ok()?;
        let (to, cc) = self.engine.recipients(case, &letter.to);
        let to: Vec<String> = to.iter().chain(&cc).map(ToString::to_string).collect();
        let body = readable(body.unwrap_or(&text.body));
        (!to.is_empty()).then(|| DraftView {
            choice,
            to,
            subject: readable(&text.subject),
            body,
            edited,
            enclosures: Vec::new(),
        })
    }

    /// One of the files that go out with the completion request of a case's proposal, counted from 0.
    pub(super) async fn show_enclosure(
        &self,
        admin: &Admin,
        number: &CaseNumber,
        index: u32,
    ) -> Result<Option<EnclosedFile>, Trouble> {
        if !self.may_look(admin).await? {
            return Ok(None);
        }
        let Some(case) = self.engine.case(number).await? else { return Ok(None) };
        let Some(proposal) = case.phase.proposal() else { return Ok(None) };
        let (Recommendation::Complete { items } | Recommendation::Look { items }) = &proposal.recommendation else {
            return Ok(None);
        };
        let worked = self.engine.procedures.get(&case.procedure.hash)?;
        let order = Letter::new(LetterName::CompletionRequest, Recipient::Correspondent).items(items.clone());
        let files = self.engine.enclosures(&case, &order, &worked);
        let file = files.into_iter().zip(0u32..).find(|(_, at)| *at == index).map(|(file, _)| file);
        Ok(file.map(|file| EnclosedFile {
            media_type: form::media_type(&file.name),
            name: file.name,
            bytes: file.bytes,
        }))
    }

    /// An edited letter as it may be kept, or what is wrong with it.
    pub(super) fn accepted(&self, case: &Case, draft: &str, edited: &str) -> Result<String, Rejected> {
        let subject = format!("[{}] -", case.number);
        let text = |body: &str| Text { subject: subject.clone(), body: body.to_owned() };
        let body = restored(edited);
        if case.account.as_ref().is_some_and(|account| account.is_told_in(&body)) {
            return Err(Rejected::Field(FieldError { field: Field::Letter, why: Why::Forbidden }));
        }
        check_edited(&text(draft), &text(&body)).map(|text| text.body).map_err(|faults| {
            let why = faults.iter().find_map(|fault| match fault {
                EditFault::Empty => Some(Why::Missing),
                EditFault::TooLong => Some(Why::TooLong(20_000)),
                EditFault::PersonalNumber => Some(Why::Forbidden),
                EditFault::Subject | EditFault::PlaceholderLost(_) | EditFault::PlaceholderUnknown(_) => None,
            });
            match why {
                Some(why) => Rejected::Field(FieldError { field: Field::Letter, why }),
                None => Rejected::Places(lost(draft, &body)),
            }
        })
    }
}

/// Why an edited letter cannot be kept.
pub(super) enum Rejected {
    Field(FieldError),
    /// Words in brackets that must stay, or double braces that stand for nothing.
    Places(Vec<String>),
}

fn lost(draft: &str, edited: &str) -> Vec<String> {
    places().filter(|(place, _)| draft.contains(place) && !edited.contains(place)).map(|(_, shown)| shown).collect()
}

fn result_letter(services: &[Service]) -> LetterName {
    match (services.contains(&Service::ResetPassword), services.contains(&Service::UserIdInfo)) {
        (true, true) => LetterName::ResultBoth,
        (false, true) => LetterName::ResultUserId,
        _ => LetterName::ResultReset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_in_brackets_finds_its_place_again() {
        let draft = "Sampai {{time:deadline:moment:id}} atau {{time:deadline:date:en}}: {{link:reveal}}";

        let shown = readable(draft);

        assert_eq!(shown, "Sampai [batas waktu] atau [date of the deadline]: [tautan hasil]");
        assert_eq!(restored(&shown), draft);
    }

    #[test]
    fn no_two_places_are_shown_alike() {
        let shown: std::collections::BTreeSet<String> = places().map(|(_, shown)| shown).collect();

        assert_eq!(shown.len(), places().count());
    }
}
