//! The result on its way: shown at most once, opened by what was agreed, issued anew, handed over; and work by hand.

use chrono::TimeDelta;
use loket::accounts::directory::Login;
use loket::demo::samples::papers::letter_pdf;
use loket::demo::samples::people;
use loket::engine::casebook::{Along, Answer};
use loket::engine::secrets::ResultSecret;
use loket::sop::command::{Command, Report};
use loket::sop::names::{CaseNumber, Language, UserId};
use loket::sop::phase::{Outcome, Phase, RevealState};
use loket::vault::Secret;
use loket::web::answer::*;
use loket::web::counter::Counter;
use loket::web::view::*;

use crate::desk_walk::{approve, decide, form, outcome, review};
use crate::kit::Site;
use crate::kit::site::{Plan, address};
use crate::t17_letters;

fn nip(person: &people::Person) -> RevealTyped {
    RevealTyped::Nip(Typed::new(person.nip))
}

async fn task(site: &Site, admin: &Admin, number: &CaseNumber) -> TaskView {
    match site.desk.case_page(admin, number, Language::Id).await.unwrap() {
        Some(CasePage::Task(view)) => *view,
        _ => panic!("work for a person"),
    }
}

/// A request approved and waiting for the person who does it in the system.
pub async fn by_hand(sample: &str) -> (Site, CaseNumber, Admin) {
    let site = Site::planned(Plan { by_hand: true, ..Plan::default() }).await;
    let number = site.deliver(sample).await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    (site, number, admin)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t11_fifty_presses_at_once_show_the_result_once() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let token = site.token(people::RINA.email, "ambil");

    let presses = (0..50).map(|_| {
        let (desk, token) = (site.desk.clone(), token.clone());
        tokio::spawn(async move { desk.reveal(&token, nip(&people::RINA)).await.unwrap() })
    });
    let answers = futures::future::join_all(presses).await;

    let shown = answers.iter().filter(|a| matches!(a, Ok(RevealAnswer::Revealed(_)))).count();
    let gone = answers.iter().filter(|a| matches!(a, Ok(RevealAnswer::Gone))).count();
    assert_eq!((shown, gone), (1, 49));
}

#[tokio::test]
async fn a_call_replaces_the_nip_by_the_code_that_was_read_out() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let confirmation = ConfirmForm {
        proposal_hash: view.proposal.hash.clone(),
        method: ConfirmMethod::Phone,
        result: ConfirmResult::Genuine,
        spoken_with: "Rina".to_owned(),
        note: String::new(),
    };
    let ConfirmAnswer::Done { code: Some(code) } = site.desk.confirm(&admin, &number, confirmation).await.unwrap()
    else {
        panic!("a code to read out")
    };
    approve(&site, &admin, &number).await;
    let token = site.token(people::RINA.email, "ambil");

    assert_eq!(site.desk.reveal_view(&token).await.unwrap().unwrap().ask, RevealAsk::Code);
    assert!(matches!(site.desk.reveal(&token, nip(&people::RINA)).await.unwrap(), RevealAnswer::Wrong));
    let other = if code.expose() == "111111" { "222222" } else { "111111" };
    let wrong = RevealTyped::Code(Typed::new(other));
    assert!(matches!(site.desk.reveal(&token, wrong).await.unwrap(), RevealAnswer::Wrong));
    let stored = serde_json::to_string(&site.case(&number).await).unwrap();
    let events = site.engine.events(&site.engine.key(&number)).await.unwrap();
    // Six digits may stand in a hash by chance: the code is looked for as a word.
    let is_told = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == code.expose());
    assert!(!is_told(&stored) && !is_told(&serde_json::to_string(&events).unwrap()), "the code is kept nowhere");
    assert!(site.letters().iter().all(|letter| !is_told(&letter.body) && !is_told(&letter.subject)), "nor told");
    let right = RevealTyped::Code(code);
    assert!(matches!(site.desk.reveal(&token, right).await.unwrap(), RevealAnswer::Revealed(_)));
}

/// The admin telephoned, and the applicant says that the request is theirs.
fn genuine_call(view: &ReviewView) -> ConfirmForm {
    ConfirmForm {
        proposal_hash: view.proposal.hash.clone(),
        method: ConfirmMethod::Phone,
        result: ConfirmResult::Genuine,
        spoken_with: "Rina".to_owned(),
        note: String::new(),
    }
}

#[tokio::test]
async fn t21_a_result_goes_to_the_registered_address_alone_whoever_wrote() {
    let site = Site::start().await;
    let private = people::Person { email: "rina.pribadi@surel.example", ..people::RINA };
    let paper = letter_pdf(&t17_letters::letter(&private, "000.3/0988/BLPE/B.PBJ", t17_letters::day(9)));
    let number = t17_letters::send(&site, &private, paper).await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let called = genuine_call(&view);
    assert!(matches!(site.desk.confirm(&admin, &number, called).await.unwrap(), ConfirmAnswer::Done { code: Some(_) }));
    approve(&site, &admin, &number).await;

    let letters = site.letters();
    let results: Vec<_> = letters.iter().filter(|letter| letter.body.contains("/ambil/")).collect();
    assert_eq!(results.len(), 1, "the result is told once");
    assert_eq!((results[0].to.as_slice(), results[0].bcc.len()), (&[address(people::RINA.email)][..], 0));
    let others = letters.iter().filter(|letter| letter.to.contains(&address(private.email)));
    assert!(others.count() > 0, "who wrote is answered");
}

#[tokio::test]
async fn a_temporary_password_is_as_long_as_the_procedure_says_and_logs_in() {
    let site = Site::planned(Plan { rules: vec![("secret", "length = 20")], ..Plan::default() }).await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let token = site.token(people::RINA.email, "ambil");

    let RevealAnswer::Revealed(shown) = site.desk.reveal(&token, nip(&people::RINA)).await.unwrap() else {
        panic!("the NIP opens the result")
    };

    let password = Secret::new(shown.password.expect("a reset gives a password").expose().to_owned());
    assert_eq!(password.expose().chars().filter(char::is_ascii_alphanumeric).count(), 20);
    let user_id = UserId(people::RINA.user_id.to_owned());
    let login = site.directory.verify_login(&user_id, &password, None, site.now()).await.expect("the file is read");
    assert_eq!(login, Login::MustChange);
}

#[tokio::test]
async fn t21_reminders_go_to_the_registered_address_alone_and_other_letters_to_both() {
    let site = Site::start().await;
    let private = people::Person { email: "rina.pribadi@surel.example", ..people::RINA };
    let paper = letter_pdf(&t17_letters::letter(&private, "000.3/0989/BLPE/B.PBJ", t17_letters::day(9)));
    let number = t17_letters::send(&site, &private, paper).await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let called = genuine_call(&view);
    let ConfirmAnswer::Done { code: Some(code) } = site.desk.confirm(&admin, &number, called).await.unwrap() else {
        panic!("a code to read out")
    };
    approve(&site, &admin, &number).await;
    let before = site.letters().len();
    let token = site.token(people::RINA.email, "ambil");
    let shown = site.desk.reveal(&token, RevealTyped::Code(code)).await.unwrap();
    assert!(matches!(shown, RevealAnswer::Revealed(_)));
    for _ in 0..14 {
        site.forward(chrono::TimeDelta::days(1));
        site.settle().await;
    }

    let (registered, sender) = (address(people::RINA.email), address(private.email));
    let letters = site.letters();
    let reminders: Vec<_> = letters[before..].iter().filter(|letter| letter.body.contains("/ganti/")).collect();
    assert!(!reminders.is_empty(), "whoever does not confirm is reminded");
    for letter in &reminders {
        assert_eq!((letter.to.as_slice(), letter.bcc.len()), (&[registered.clone()][..], 0), "{}", letter.subject);
    }
    let to_sender: Vec<_> = letters.iter().filter(|letter| letter.to.contains(&sender)).collect();
    assert!(!to_sender.is_empty());
    for letter in to_sender {
        assert_eq!((letter.to.len(), letter.bcc.as_slice()), (1, &[registered.clone()][..]), "{}", letter.subject);
        assert!(
            !letter.body.contains("/ambil/") && !letter.body.contains("/ganti/") && !letter.body.contains("RINAPL")
        );
    }
}

#[tokio::test]
async fn a_denial_proposes_the_rejection() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    let denied = ConfirmForm {
        proposal_hash: view.proposal.hash.clone(),
        method: ConfirmMethod::Phone,
        result: ConfirmResult::Denied,
        spoken_with: "Rina".to_owned(),
        note: String::new(),
    };

    assert!(matches!(site.desk.confirm(&admin, &number, denied).await.unwrap(), ConfirmAnswer::Done { code: None }));

    let fresh = review(&site, &admin, &number).await;
    assert_eq!(fresh.proposal.choice, Choice::Reject);
    assert!(fresh.proposal.grounds.iter().any(|g| g.code == "R09" && g.chosen));
    let answer = decide(&site.desk, &admin, &number, form(&fresh, Choice::Approve)).await;
    assert!(matches!(answer, DecisionAnswer::NeedsConfirmation));
}

#[tokio::test]
async fn a_lost_result_is_issued_anew_and_the_old_link_is_dead() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let old = site.token(people::RINA.email, "ambil");
    let seen = outcome(&site, &admin, &number).await.seen;
    let reissue = |code| {
        let form = ReissueForm { seen: seen.clone(), reason: "Tautan hilang.".to_owned(), code };
        site.desk.reissue(&admin, &number, form, Language::Id)
    };

    assert!(matches!(reissue(Typed::new("000000")).await.unwrap(), TaskAnswer::NeedsFactor { left: 4 }));
    assert!(site.desk.reveal_view(&old).await.unwrap().is_some(), "a wrong code changes nothing");
    let code = site.code_of(&admin).await;
    assert!(matches!(reissue(code.clone()).await.unwrap(), TaskAnswer::Done));
    assert!(matches!(reissue(code).await.unwrap(), TaskAnswer::Done), "the same press again");
    site.settle().await;

    let fresh = site.token(people::RINA.email, "ambil");
    assert_ne!(fresh, old);
    assert!(matches!(site.desk.reveal(&old, nip(&people::RINA)).await.unwrap(), RevealAnswer::Gone));
    assert_eq!(site.case(&number).await.decisions.len(), 2);
    assert!(matches!(site.desk.reveal(&fresh, nip(&people::RINA)).await.unwrap(), RevealAnswer::Revealed(_)));
}

/// A press on a page that somebody had overtaken once voided the link the applicant had just been sent.
#[tokio::test]
async fn t13_a_result_is_issued_anew_or_handed_over_only_as_it_was_seen() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let seen = outcome(&site, &other, &number).await.seen;
    let anew = async |who: &Admin, reason: &str| {
        let code = site.code_of(who).await;
        let form = ReissueForm { seen: seen.clone(), reason: reason.to_owned(), code };
        site.desk.reissue(who, &number, form, Language::Id).await.unwrap()
    };
    assert!(matches!(anew(&admin, "Tautan hilang.").await, TaskAnswer::Done));
    site.settle().await;
    let fresh = site.token(people::RINA.email, "ambil");

    let TaskAnswer::Already(earlier) = anew(&other, "Surelnya terhapus.").await else { panic!("it was issued anew") };
    let code = site.code_of(&other).await;
    let form = HandForm { seen: seen.clone(), identified_by: "Kartu pegawai".to_owned(), note: String::new(), code };
    let HandAnswer::Refused(why) = site.desk.hand_in_person(&other, &number, form, Language::Id).await.unwrap() else {
        panic!("another result than this was seen")
    };

    let says = format!("Hasil ini sudah diterbitkan ulang oleh {}.", admin.name.trim_end_matches('.'));
    assert_eq!((earlier.by, &earlier.what), (admin.name.clone(), &says));
    assert_eq!(why, format!("{says} Muat ulang halaman."));
    assert_eq!(site.case(&number).await.decisions.len(), 2);
    assert!(matches!(site.desk.reveal(&fresh, nip(&people::RINA)).await.unwrap(), RevealAnswer::Revealed(_)));
}

/// A colleague took over a request whose result was still waiting, and the applicant's link died with the admins'.
#[tokio::test]
async fn a_case_handed_over_keeps_the_applicants_link_and_voids_the_admins() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let token = site.token(people::RINA.email, "ambil");
    let letter =
        site.case(&number).await.letters.iter().rfind(|l| l.kind == "result_reset").expect("it went").id.clone();
    let returned = Command::LetterFailed { id: letter, why: "returned by a later server".to_owned() };
    let answer = site.engine.apply(&site.engine.key(&number), returned, Along::default()).await.unwrap();
    assert!(matches!(answer, Answer::Done(_)), "there is something to tell whoever takes it over");
    let hand_over = async |from: &Admin, to: &Admin| {
        let Phase::Delivered { proposal, .. } = site.case(&number).await.phase else { panic!("the result waits") };
        let decision = loket::sop::command::Decision {
            by: from.address.clone(),
            proposal: proposal.hash.clone(),
            channel: loket::sop::case::Channel::Desk,
            factor: loket::sop::command::Factor::Session,
            choice: loket::sop::command::Choice::HandOver { to: to.address.clone(), reason: "Cuti.".to_owned() },
        };
        let answer = site.engine.apply(&site.engine.key(&number), Command::Decide(decision), Along::default()).await;
        assert!(matches!(answer.unwrap(), Answer::Done(_)));
        site.settle().await;
    };
    let opens = async |token: &str| site.engine.open_link(token).await.unwrap().is_some();

    hand_over(&admin, &other).await;
    let others = site.token(other.address.as_str(), "tautan");
    assert!(opens(&others).await && opens(&token).await);
    hand_over(&other, &admin).await;

    assert!(!opens(&others).await, "whoever handed it over has no link to it");
    assert!(opens(&token).await && site.desk.reveal_view(&token).await.unwrap().is_some());
}

#[tokio::test]
async fn at_the_counter_the_result_is_shown_once_on_record() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    let token = site.token(people::RINA.email, "ambil");
    let seen = outcome(&site, &admin, &number).await.seen;
    let hand = |code| {
        let seen = seen.clone();
        let form = HandForm { seen, identified_by: "Kartu pegawai".to_owned(), note: String::new(), code };
        site.desk.hand_in_person(&admin, &number, form, Language::Id)
    };

    assert!(matches!(hand(Typed::new("000000")).await.unwrap(), HandAnswer::NeedsFactor { .. }));
    let HandAnswer::Show(shown) = hand(site.code_of(&admin).await).await.unwrap() else { panic!("shown here") };
    assert!(shown.password.is_some() && shown.change_token.is_none());
    assert!(matches!(hand(site.code_of(&admin).await).await.unwrap(), HandAnswer::Refused(_)), "at most once");
    assert!(matches!(site.desk.reveal(&token, nip(&people::RINA)).await.unwrap(), RevealAnswer::Gone));
    let done = outcome(&site, &admin, &number).await;
    assert_eq!(done.headline, Headline::Revealed);
    assert!(!done.can_hand_in_person);
    assert!(done.history.iter().any(|(_, what)| what.contains("Kartu pegawai")));
}

#[tokio::test]
async fn work_by_hand_seals_the_typed_password_for_the_applicant_alone() {
    let (site, number, admin) = by_hand("complete").await;
    let view = task(&site, &admin, &number).await;
    assert_eq!((view.approved_by.as_str(), view.attempt.as_str()), (admin.name.as_str(), "1"));
    const PASSWORD: &str = "Kebun-Teh-Sore-2026";
    let enter =
        |attempt: &'static str, outcome| site.desk.manual_outcome(&admin, &number, attempt, outcome, Language::Id);
    let done = || ManualOutcome::ResetDone { password: Typed::new(PASSWORD) };

    let user_id = ManualOutcome::UserIdFound { user_id: "RINAPL".to_owned() };
    assert!(matches!(enter("1", user_id).await.unwrap(), TaskAnswer::Invalid(_)), "a reset was asked for");
    assert!(matches!(enter("x", done()).await.unwrap(), TaskAnswer::Gone));
    assert!(matches!(enter("1", done()).await.unwrap(), TaskAnswer::Done));
    assert!(matches!(enter("1", done()).await.unwrap(), TaskAnswer::Done), "the same press again");
    site.settle().await;

    let stored = serde_json::to_string(&site.case(&number).await).unwrap();
    let events = serde_json::to_string(&site.engine.events(&site.engine.key(&number)).await.unwrap()).unwrap();
    assert!(!stored.contains(PASSWORD) && !events.contains(PASSWORD));
    assert!(site.letters().iter().all(|letter| !letter.body.contains(PASSWORD)));
    let token = site.token(people::RINA.email, "ambil");
    match site.desk.reveal(&token, nip(&people::RINA)).await.unwrap() {
        RevealAnswer::Revealed(shown) => assert_eq!(shown.password.unwrap().expose(), PASSWORD),
        _ => panic!("the NIP opens the result"),
    }
}

#[tokio::test]
async fn the_other_outcomes_of_work_by_hand_lead_where_they_should() {
    let (site, number, admin) = by_hand("user_id").await;
    let found = ManualOutcome::UserIdFound { user_id: "JOHANNESTS".to_owned() };
    let spaced = ManualOutcome::UserIdFound { user_id: "JOHA NNES".to_owned() };
    let enter = |outcome| site.desk.manual_outcome(&admin, &number, "1", outcome, Language::Id);
    assert!(matches!(enter(spaced).await.unwrap(), TaskAnswer::Invalid(_)));
    assert!(matches!(enter(found).await.unwrap(), TaskAnswer::Done));
    site.settle().await;
    let token = site.token(people::JOHANNES.email, "ambil");
    match site.desk.reveal(&token, nip(&people::JOHANNES)).await.unwrap() {
        RevealAnswer::Revealed(shown) => assert_eq!(shown.user_id.as_deref(), Some("JOHANNESTS")),
        _ => panic!("the NIP opens the result"),
    }

    let (site, number, admin) = by_hand("complete").await;
    let nothing = ManualOutcome::NotFound { searched: "user ID dan NIP".to_owned() };
    let answer = site.desk.manual_outcome(&admin, &number, "1", nothing, Language::Id).await.unwrap();
    assert!(matches!(answer, TaskAnswer::Done));
    let view = review(&site, &admin, &number).await;
    assert!(view.proposal.grounds.iter().any(|g| g.code == "R10" && g.chosen));
    assert!(view.changed.is_some_and(|(_, what)| what.contains("user ID dan NIP")));

    let (site, number, admin) = by_hand("complete").await;
    let link = ManualOutcome::SystemSentLink;
    let answer = site.desk.manual_outcome(&admin, &number, "1", link, Language::Id).await.unwrap();
    assert!(matches!(answer, TaskAnswer::Done));
    site.settle().await;
    let change = site.token(people::RINA.email, "ganti");
    assert!(matches!(site.desk.change_confirmed(&change).await.unwrap(), ChangeAnswer::Done));
    assert!(matches!(site.case(&number).await.phase, Phase::Closed { outcome: Outcome::ResetConfirmed, .. }));
}

#[tokio::test]
async fn what_is_not_certain_is_unknown_until_a_person_has_looked() {
    let (site, number, admin) = by_hand("complete").await;
    let failed = || ManualOutcome::Failed { what: "Halaman SPSE berhenti".to_owned() };
    let enter = |outcome| site.desk.manual_outcome(&admin, &number, "1", outcome, Language::Id);
    assert!(matches!(enter(failed()).await.unwrap(), TaskAnswer::Done));
    assert!(matches!(enter(failed()).await.unwrap(), TaskAnswer::Done));
    site.settle().await;

    let Some(CasePage::Unknown(view)) = site.desk.case_page(&admin, &number, Language::Id).await.unwrap() else {
        panic!("nobody knows the outcome")
    };
    assert!(view.what.contains("Halaman SPSE berhenti"));
    let resolve =
        |how| site.desk.resolve_unknown(&admin, &number, "1", how, "Log SPSE kosong.".to_owned(), Language::Id);
    match resolve(Resolution::Happened).await.unwrap() {
        TaskAnswer::Refused(why) => assert!(why.contains("Tidak ada password"), "{why}"),
        _ => panic!("there is no password to hand out"),
    }
    assert!(matches!(resolve(Resolution::DidNotHappen).await.unwrap(), TaskAnswer::Done));
    assert!(matches!(resolve(Resolution::DidNotHappen).await.unwrap(), TaskAnswer::Done));
    let view = review(&site, &admin, &number).await;
    assert!(view.changed.is_some_and(|(_, what)| what.contains("Log SPSE kosong")));
}

/// The password's time began with the reset, the page's with the admin's word: in the end there was a page with nothing behind
/// it.
#[tokio::test]
async fn a_reset_that_is_confirmed_late_keeps_its_password_as_long_as_its_page() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    assert!(matches!(decide(&site.desk, &admin, &number, form(&view, Choice::Approve)).await, DecisionAnswer::Done));
    let (key, decision) = (site.engine.key(&number), 1);
    let result = ResultSecret { user_id: None, password: Some("Sementara-12345".to_owned()) };
    let secrets = vec![site.engine.seal_result(&key, decision, &result, site.now() + TimeDelta::hours(1))];
    let begun = site.engine.apply(&key, Command::StartExecution { decision }, Along { secrets, ..Along::default() });
    assert!(matches!(begun.await.unwrap(), Answer::Done(_)));
    let report = Report::Unknown { why: "mati lampu".to_owned() };
    let unknown = site.engine.apply(&key, Command::ReportExecution { decision, report }, Along::default());
    assert!(matches!(unknown.await.unwrap(), Answer::Done(_)));

    let (how, note) = (Resolution::Happened, "Log SPSE menyebutnya.".to_owned());
    let answer = site.desk.resolve_unknown(&admin, &number, "1", how, note, Language::Id).await.unwrap();

    assert!(matches!(answer, TaskAnswer::Done));
    let Phase::Delivered { reveal, .. } = site.case(&number).await.phase else { panic!("the result waits") };
    let kept = site.engine.store.secret(&key, "1").await.unwrap().expect("the password is kept");
    assert_eq!(kept.expires, reveal.expires_at);
}

#[tokio::test]
async fn an_unknown_outcome_may_turn_out_to_have_been_handed_over() {
    let (site, number, admin) = by_hand("complete").await;
    let failed = ManualOutcome::Failed { what: "Tidak yakin".to_owned() };
    let answer = site.desk.manual_outcome(&admin, &number, "1", failed, Language::Id).await.unwrap();
    assert!(matches!(answer, TaskAnswer::Done));
    site.settle().await;
    let letters = site.letters().len();

    let note = "Sudah login di loket.".to_owned();
    let how = Resolution::HandedInPerson;
    let answer = site.desk.resolve_unknown(&admin, &number, "1", how, note, Language::Id).await.unwrap();
    match answer {
        TaskAnswer::Done => {}
        TaskAnswer::Refused(why) => panic!("refused: {why}"),
        _ => panic!("neither done nor refused"),
    }
    site.settle().await;

    let case = site.case(&number).await;
    assert!(
        matches!(&case.phase, Phase::Delivered { reveal, .. } if matches!(reveal.state, RevealState::HandedOver { .. }))
    );
    let sent = site.letters().split_off(letters);
    assert!(sent.iter().all(|letter| !letter.body.contains("/ambil/")), "no link goes out");
}

/// A reset whose outcome nobody knows, with its password sealed until the returned moment.
async fn unknown_with_a_password() -> (Site, CaseNumber, Admin, chrono::DateTime<chrono::Utc>) {
    let (site, number, admin) = by_hand("complete").await;
    let key = site.engine.key(&number);
    let worked = &site.mailbox.worked;
    let until = worked.procedure.secret.expires_at(&worked.calendar, site.now());
    let result = loket::engine::secrets::ResultSecret {
        user_id: Some("RINAPL".to_owned()),
        password: Some("Kebun-Teh-Sore-2026".to_owned()),
    };
    let secrets = vec![site.engine.seal_result(&key, 1, &result, until)];
    let report = loket::sop::command::Report::Unknown { why: "tidak ada jawaban".to_owned() };
    let command = loket::sop::command::Command::ReportExecution { decision: 1, report };
    let along = loket::engine::casebook::Along { secrets, ..Default::default() };
    let answer = site.engine.apply(&key, command, along).await.unwrap();
    assert!(matches!(answer, loket::engine::casebook::Answer::Done(_)));
    site.settle().await;
    (site, number, admin, until)
}

/// A reset settled the day after was told with a fresh life: letter and page promised a password until Wednesday that
/// the account system and the sweep had ended on Tuesday.
#[tokio::test]
async fn a_reset_settled_late_is_told_until_its_password_ends_and_not_at_all_after() {
    let happened = |site: &Site, admin: &Admin, number: &CaseNumber| {
        let (desk, admin, number) = (site.desk.clone(), admin.clone(), number.clone());
        let note = "Log SPSE menunjukkan reset.".to_owned();
        async move { desk.resolve_unknown(&admin, &number, "1", Resolution::Happened, note, Language::Id).await.unwrap() }
    };
    let (site, number, admin, until) = unknown_with_a_password().await;
    site.set_clock(until - chrono::TimeDelta::minutes(30));

    assert!(matches!(happened(&site, &admin, &number).await, TaskAnswer::Done));
    site.settle().await;

    let case = site.case(&number).await;
    let Phase::Delivered { reveal, .. } = &case.phase else { panic!("it is told") };
    assert_eq!(reveal.expires_at, until);
    let token = site.token(people::RINA.email, "ambil");
    assert_eq!(site.desk.reveal_view(&token).await.unwrap().expect("it waits").until, until);
    assert!(matches!(site.desk.reveal(&token, nip(&people::RINA)).await.unwrap(), RevealAnswer::Revealed(_)));

    let (site, number, admin, until) = unknown_with_a_password().await;
    site.set_clock(until + chrono::TimeDelta::minutes(30));

    match happened(&site, &admin, &number).await {
        TaskAnswer::Refused(why) => assert!(why.contains("Tidak ada password yang masih berlaku"), "{why}"),
        _ => panic!("the account system has ended this password"),
    }
    site.settle().await;
    assert!(site.letters().iter().all(|letter| !letter.body.contains("/ambil/")), "nobody is told of it");
    assert!(matches!(site.case(&number).await.phase, Phase::Unknown { .. }));
}
