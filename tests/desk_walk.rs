//! A request walked through the desk over a real engine: the link, the code, the review, the decision, the result.

use loket::daemon::counter::Desk;
use loket::demo::samples::people;
use loket::sop::checklist::Finding;
use loket::sop::names::{CaseNumber, Language};
use loket::sop::phase::{Outcome, Phase};
use loket::web::answer::*;
use loket::web::counter::Counter;
use loket::web::view::*;

use crate::kit::Site;

pub async fn review(site: &Site, admin: &Admin, number: &CaseNumber) -> ReviewView {
    match site.desk.case_page(admin, number, Language::Id).await.expect("the engine answers") {
        Some(CasePage::Review(view)) => *view,
        _ => panic!("the case is under review"),
    }
}

pub async fn outcome(site: &Site, admin: &Admin, number: &CaseNumber) -> OutcomeView {
    match site.desk.case_page(admin, number, Language::Id).await.expect("the engine answers") {
        Some(CasePage::Outcome(view)) => *view,
        _ => panic!("the case was decided"),
    }
}

/// A form as the review's page would send it.
pub fn form(view: &ReviewView, choice: Choice) -> DecisionForm {
    DecisionForm {
        choice,
        proposal_hash: view.proposal.hash.clone(),
        letter: view.drafts.iter().find(|d| d.choice == choice && d.edited).map(|d| d.body.clone()),
        reason: String::new(),
        reason_code: (choice == Choice::Reject).then(|| "R04".to_owned()),
        items: view
            .proposal
            .completion
            .iter()
            .flat_map(|c| &c.items)
            .filter(|item| choice == Choice::Complete && item.chosen)
            .map(|item| item.key.clone())
            .collect(),
        note: String::new(),
        to_admin: None,
        code: None,
    }
}

pub async fn decide(desk: &Desk, admin: &Admin, number: &CaseNumber, form: DecisionForm) -> DecisionAnswer {
    desk.decide(admin, number, form, Language::Id).await.expect("the engine answers")
}

pub async fn approve(site: &Site, admin: &Admin, number: &CaseNumber) {
    let view = review(site, admin, number).await;
    let answer = decide(&site.desk, admin, number, form(&view, Choice::Approve)).await;
    assert!(matches!(answer, DecisionAnswer::Done), "the approval is taken");
    site.settle().await;
}

#[tokio::test]
async fn a_request_walks_from_the_admins_link_to_the_changed_password() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let link = site.token(admin.address.as_str(), "tautan");

    // The lock shows number, service and counts; the code opens it.
    let lock = site.desk.lock_view(&link, Language::Id).await.unwrap().expect("the link is good");
    assert_eq!(lock.number, Some(number.clone()));
    assert_eq!(lock.admin, admin.name);
    assert_eq!(lock.demo_code, None, "nobody's code is shown outside the demo");
    assert!(lock.tally.met > 10 && lock.tally.contradicted == 0);
    let wrong = site.desk.unlock(&link, &Typed::new("000000")).await.unwrap();
    assert!(matches!(wrong, UnlockAnswer::Wrong { left: 4 }));
    let UnlockAnswer::Opened { admin: opened, place } =
        site.desk.unlock(&link, &site.code_of(&admin).await).await.unwrap()
    else {
        panic!("the right code opens the link")
    };
    assert_eq!(opened, admin);
    assert_eq!(place, Place::Case(number.clone(), Some(Choice::Approve)));

    // The review holds papers, pictures, sender, drafts and what an approval would do.
    let view = review(&site, &admin, &number).await;
    assert_eq!(view.head.user_id.as_deref(), Some("RINAPL"));
    assert_eq!(view.head.steps[4], StepState::Current);
    assert!(matches!(view.head.clock, Some(StepClock { state: ClockState::Running { left, .. }, .. }) if left > 0));
    assert_eq!(view.proposal.choice, Choice::Approve);
    assert_eq!(view.papers.len(), 2);
    assert_eq!(view.papers[0].pages[0].kind, loket::sop::checklist::DocumentKind::RequestLetter);
    let picture = site.desk.picture(&admin, &number, 0, 1).await.unwrap().expect("the page is there");
    assert!(picture.page.text().contains("Permohonan") && matches!(picture.drawing, Drawing::Png(_)));
    assert!(site.desk.picture(&admin, &number, 9, 1).await.unwrap().is_none());
    assert!(view.sender.registered && view.sender.body.contains("reset password"));
    assert!(view.checks.iter().all(|row| row.title.is_some()));
    assert!(view.checks.iter().all(|row| row.check.finding == Finding::Met || row.check.finding == Finding::Unclear));
    let result = view.drafts.iter().find(|d| d.choice == Choice::Approve).expect("a preview of the result letter");
    assert_eq!(result.to, [people::RINA.email]);
    assert!(result.body.contains("[tautan hasil]") && !result.body.contains("{{"));
    assert_eq!(view.proposal.colleagues.len(), 1);

    // Approved and done; the same press again changes nothing.
    let again = form(&view, Choice::Approve);
    approve(&site, &admin, &number).await;
    assert!(matches!(decide(&site.desk, &admin, &number, again).await, DecisionAnswer::Done));
    assert!(site.desk.lock_view(&link, Language::Id).await.unwrap().is_none(), "a decided link is gone");
    let done = outcome(&site, &admin, &number).await;
    assert_eq!(done.headline, Headline::PasswordReset);
    assert!(done.can_reissue && done.can_hand_in_person && done.link_until.is_some());
    assert!(done.history.iter().any(|(_, what)| what.contains(&format!("{} menyetujui", admin.name))));

    // The applicant proves themselves and sees it once.
    let token = site.token(people::RINA.email, "ambil");
    let before = site.desk.reveal_view(&token).await.unwrap().expect("the result waits");
    assert_eq!(before.ask, RevealAsk::Nip);
    for wrong in [RevealTyped::Nip(Typed::new("199105172015032942")), RevealTyped::Code(Typed::new("123456"))] {
        assert!(matches!(site.desk.reveal(&token, wrong).await.unwrap(), RevealAnswer::Wrong));
    }
    let nip = || RevealTyped::Nip(Typed::new("19910517 201503 2 941"));
    let RevealAnswer::Revealed(shown) = site.desk.reveal(&token, nip()).await.unwrap() else {
        panic!("the NIP opens the result")
    };
    assert_eq!(shown.user_id.as_deref(), Some("RINAPL"), "what one logs in with");
    assert!(matches!(site.desk.reveal(&token, nip()).await.unwrap(), RevealAnswer::Gone));
    assert!(site.desk.reveal_view(&token).await.unwrap().is_none());
    let password = shown.password.expect("a reset gives a password");
    let login = site
        .directory
        .verify_login(
            &loket::sop::names::UserId("RINAPL".to_owned()),
            &loket::vault::Secret::new(password.expose().to_owned()),
            None,
            loket::engine::port::Clock::now(&*site.clock),
        )
        .await
        .unwrap();
    assert_eq!(login, loket::accounts::directory::Login::MustChange);

    // The change is confirmed by the page's own link or the letter's, twice alike.
    let change = shown.change_token.expect("a password is to be changed");
    let letters = site.token(people::RINA.email, "ganti");
    assert!(!site.desk.change_view(&letters).await.unwrap().expect("the link is good").done);
    assert!(matches!(site.desk.change_confirmed(change.expose()).await.unwrap(), ChangeAnswer::Done));
    assert!(matches!(site.desk.change_confirmed(change.expose()).await.unwrap(), ChangeAnswer::Done));
    assert!(matches!(site.desk.change_confirmed(&letters).await.unwrap(), ChangeAnswer::Done));
    assert!(site.desk.change_view(&letters).await.unwrap().expect("confirmed").done);
    site.settle().await;
    let case = site.case(&number).await;
    assert!(matches!(case.phase, Phase::Closed { outcome: Outcome::ResetConfirmed, .. }));

    // Read back from the archive.
    site.engine.file_closed().await.unwrap();
    assert!(site.numbers().await.is_empty());
    let archived = outcome(&site, &admin, &number).await;
    assert_eq!(archived.headline, Headline::Archived);
    assert_eq!(archived.head.user_id.as_deref(), Some("RINAPL"));
}

#[tokio::test]
async fn a_user_id_alone_is_told_once_and_closes_the_request() {
    let site = Site::start().await;
    let number = site.deliver("user_id").await;
    let (admin, _) = site.admins_of(&number).await;

    approve(&site, &admin, &number).await;
    assert_eq!(outcome(&site, &admin, &number).await.headline, Headline::UserIdSent);
    let token = site.token(people::JOHANNES.email, "ambil");
    let RevealAnswer::Revealed(shown) =
        site.desk.reveal(&token, RevealTyped::Nip(Typed::new(people::JOHANNES.nip))).await.unwrap()
    else {
        panic!("the NIP opens the result")
    };

    assert_eq!(shown.user_id.as_deref(), Some("JOHANNESTS"));
    assert!(shown.password.is_none() && shown.change_token.is_none());
    assert!(matches!(site.case(&number).await.phase, Phase::Closed { outcome: Outcome::UserIdGiven, .. }));
}

#[tokio::test]
async fn an_incomplete_request_is_completed_and_then_approved() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    assert_eq!(view.proposal.choice, Choice::Complete);
    let draft = view.drafts.iter().find(|d| d.choice == Choice::Complete).expect("a draft of what is missing");
    assert!(draft.body.contains("[batas waktu]") && !draft.body.contains("{{"), "{}", draft.body);

    let mut asked = form(&view, Choice::Complete);
    asked.note = "Mohon pindai dengan jelas.".to_owned();
    assert!(matches!(decide(&site.desk, &admin, &number, asked).await, DecisionAnswer::Done));
    site.settle().await;

    let letter = site.last_to(people::AGUNG.email).expect("the applicant is asked");
    assert!(letter.body.contains("Mohon pindai dengan jelas.") && letter.body.contains("13 November 2026"));
    let waiting = outcome(&site, &admin, &number).await;
    assert_eq!(waiting.headline, Headline::CompletionAsked);
    assert!(matches!(waiting.head.clock, Some(StepClock { state: ClockState::Stopped { until: Some(_) }, .. })));

    site.follow_up("completed_later", &number).await;
    let view = review(&site, &admin, &number).await;
    assert_eq!(view.proposal.choice, Choice::Approve, "{}", view.proposal.because);
    assert!(view.changed.is_none(), "a round of completion is no surprise");
    assert_eq!(view.papers.len(), 3);
    approve(&site, &admin, &number).await;
    assert_eq!(outcome(&site, &admin, &number).await.headline, Headline::PasswordReset);
}

#[tokio::test]
async fn the_desk_lists_what_waits_and_finds_it_again() {
    let site = Site::start().await;
    let admin = site.admin(0).await;
    let empty = site.desk.desk(&admin, &DeskFilter::default(), Language::Id).await.unwrap();
    assert!(empty.rows.is_empty() && empty.looked_at.is_none() && empty.median_step_5.is_none());
    assert!(site.desk.ready().await.is_err(), "nobody has looked at the mailbox yet");

    let first = site.deliver("complete").await;
    site.deliver("completed_later").await;
    site.deliver("forged").await;
    site.deliver("vendor").await;
    let view = site.desk.desk(&admin, &DeskFilter::default(), Language::Id).await.unwrap();

    assert_eq!((view.open, view.rows.len(), view.closed_today), (3, 3, 1));
    assert!(view.by_step.contains(&(StepFilter::Held, 1)) && view.by_step.contains(&(StepFilter::Step(5), 1)));
    assert!(view.looked_at.is_some());
    assert_eq!(site.desk.ready().await, Ok(()));
    let find = |words: &str| DeskFilter { words: words.to_owned(), ..DeskFilter::default() };
    for words in ["rinapl", "Rina Paramitha", &first.to_string()] {
        let found = site.desk.desk(&admin, &find(words), Language::En).await.unwrap();
        assert!(
            matches!(&found.rows[..], [DeskRow { subject: RowSubject::Case { number, .. }, .. }] if *number == first),
            "{words}"
        );
    }
    assert!(site.desk.desk(&admin, &find("tidak ada"), Language::Id).await.unwrap().rows.is_empty());
    let held = DeskFilter { step: Some(StepFilter::Held), ..DeskFilter::default() };
    assert_eq!(site.desk.desk(&admin, &held, Language::Id).await.unwrap().rows.len(), 1);
    let (one, two) = (site.admin(0).await, site.admin(1).await);
    let mine = DeskFilter { mine: true, ..DeskFilter::default() };
    let of_one = site.desk.desk(&one, &mine, Language::Id).await.unwrap().rows.len();
    let of_two = site.desk.desk(&two, &mine, Language::Id).await.unwrap().rows.len();
    assert_eq!(of_one + of_two, 3);
}

#[tokio::test]
async fn an_overrun_owes_a_reason_until_its_admin_gives_one() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    site.forward(chrono::TimeDelta::minutes(40));
    site.settle().await;

    let view = review(&site, &admin, &number).await;
    assert!(matches!(view.head.clock, Some(StepClock { state: ClockState::Running { left, .. }, .. }) if left < 0));
    let queue = site.desk.desk(&admin, &DeskFilter::default(), Language::Id).await.unwrap();
    assert_eq!(queue.overdue, 1);
    approve(&site, &admin, &number).await;
    let done = outcome(&site, &admin, &number).await;
    let [owed] = &done.head.deviations[..] else { panic!("step 5 ran over") };
    assert_eq!((owed.step, owed.standard), (5, 15));
    assert_eq!(owed.actor, admin.name);

    let explain = |who, why: &str| site.desk.account_for_deviation(who, &number, &owed.id, why.to_owned());
    assert!(matches!(explain(&admin, "  ").await.unwrap(), TaskAnswer::Invalid(_)));
    assert!(matches!(explain(&admin, "Listrik padam.").await.unwrap(), TaskAnswer::Done));
    assert!(matches!(explain(&admin, "Listrik padam.").await.unwrap(), TaskAnswer::Done));
    assert!(
        matches!(explain(&other, "Bukan.").await.unwrap(), TaskAnswer::Already(earlier) if earlier.by == admin.name)
    );
    assert!(outcome(&site, &admin, &number).await.head.deviations.is_empty());
}

/// The superior's letter was written in the admin's words, whose link it could not have, and was never sent.
#[tokio::test]
async fn the_superior_is_told_of_an_overrun() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;

    site.forward(chrono::TimeDelta::minutes(40));
    site.settle().await;

    let told = site.last_to(site.office.superior.1).expect("the superior is written to");
    assert!(told.subject.contains("langkah 5") && told.body.contains(&number.to_string()), "{}", told.body);
    let case = site.case(&number).await;
    assert!(case.letters.iter().all(|letter| letter.state != loket::sop::case::LetterState::Queued), "all have gone");
}
