//! Archivists and auditors read: whatever changes something is refused in one clear sentence, at the desk's port, under every
//! address that takes a form, by mail and on the command line, and nothing about a request is mailed to them.

use loket::demo::samples::Stamp;
use loket::demo::samples::people::{self, MAIL_SERVER, RINA};
use loket::demo::samples::post::Mail;
use loket::engine::admins::Role;
use loket::engine::disposal::NoDisposal;
use loket::sop::names::{CaseNumber, Language};
use loket::web::answer::*;
use loket::web::counter::Counter;
use loket::web::view::{Admin, Choice};

use crate::desk_threats::ask;
use crate::desk_walk::{form, review};
use crate::kit::Site;
use crate::kit::site::{Plan, address};

const READERS: [(&str, &str, Role); 2] = [
    ("arsip@lembayungraya.example", "Sari Arsiparis", Role::Archivist),
    ("periksa@lembayungraya.example", "Dimas Pemeriksa", Role::Auditor),
];

/// Both readers, enrolled.
async fn readers(site: &Site) -> Vec<Admin> {
    let mut people = Vec::new();
    for (address, name, role) in READERS {
        site.enrol(address, name, role).await;
        people.push(site.person(address).await);
    }
    people
}

/// Everything the engine keeps of the live cases.
async fn state(site: &Site) -> Vec<String> {
    let cases = site.engine.live_cases().await.expect("the store answers");
    cases.iter().map(|case| serde_json::to_string(case).expect("a case is written")).collect()
}

/// Cases in every phase in which somebody of the office can do something: under review, held, by hand, unknown, delivered.
struct Cases {
    review: CaseNumber,
    held: CaseNumber,
    by_hand: CaseNumber,
    unknown: CaseNumber,
    delivered: CaseNumber,
}

async fn cases(site: &Site) -> Cases {
    let held = site.deliver("forged").await;
    let [by_hand, unknown, delivered] =
        [site.deliver("complete").await, site.deliver("both").await, site.deliver("user_id").await];
    for number in [&by_hand, &unknown, &delivered] {
        let (admin, _) = site.admins_of(number).await;
        crate::desk_walk::approve(site, &admin, number).await;
    }
    let (admin, _) = site.admins_of(&unknown).await;
    let failed = ManualOutcome::Failed { what: "Layar membeku.".into() };
    let told = site.desk.manual_outcome(&admin, &unknown, "1", failed, Language::Id).await.unwrap();
    assert!(matches!(told, TaskAnswer::Done));
    let (admin, _) = site.admins_of(&delivered).await;
    let found = ManualOutcome::UserIdFound { user_id: people::JOHANNES.user_id.into() };
    let told = site.desk.manual_outcome(&admin, &delivered, "1", found, Language::Id).await.unwrap();
    assert!(matches!(told, TaskAnswer::Done));
    let review = site.deliver("nip_differs").await;
    site.settle().await;
    Cases { review, held, by_hand, unknown, delivered }
}

/// The sentence an act was refused with; `None` where it was not refused.
macro_rules! refusal {
    ($answer:ident, $act:expr) => {
        match $act.await.expect("the engine answers") {
            $answer::Refused(why) => Some(why),
            _ => None,
        }
    };
}

/// What each act of this person is answered, by its name.
async fn acts(site: &Site, who: &Admin, cases: &Cases) -> Vec<(&'static str, Option<String>)> {
    let (desk, lang) = (&site.desk, Language::Id);
    let (typed, text) = (|| Typed::new("123456"), || "Sudah diperiksa.".to_owned());
    let view = review(site, who, &cases.review).await;
    let hash = || view.proposal.hash.clone();
    let mut told = Vec::new();
    for choice in [Choice::Approve, Choice::Complete, Choice::Reject, Choice::HandOver] {
        let filled = DecisionForm {
            reason: text(),
            to_admin: Some(site.office.admins[0].1.to_owned()),
            items: vec!["nip_matches".into()],
            code: Some(typed()),
            ..form(&view, choice)
        };
        told.push(("decide", refusal!(DecisionAnswer, desk.decide(who, &cases.review, filled, lang))));
    }
    let draft = DraftForm { choice: Choice::Reject, proposal_hash: hash(), body: "Mohon maaf.".into() };
    told.push(("save_draft", refusal!(DecisionAnswer, desk.save_draft(who, &cases.review, draft))));
    let confirmation = ConfirmForm {
        proposal_hash: hash(),
        method: ConfirmMethod::Phone,
        result: ConfirmResult::Genuine,
        spoken_with: "Melati".into(),
        note: String::new(),
    };
    told.push(("confirm", refusal!(ConfirmAnswer, desk.confirm(who, &cases.review, confirmation))));
    for choice in [HeldChoice::Admit, HeldChoice::Drop] {
        let id = cases.held.to_string();
        let form = HeldForm { choice, reason: text(), seen: String::new() };
        told.push(("settle_held", refusal!(HeldAnswer, desk.settle_held(who, &id, form))));
    }
    let outcome = ManualOutcome::SystemSentLink;
    told.push(("manual_outcome", refusal!(TaskAnswer, desk.manual_outcome(who, &cases.by_hand, "1", outcome, lang))));
    for how in [Resolution::Happened, Resolution::DidNotHappen, Resolution::HandedInPerson] {
        let act = desk.resolve_unknown(who, &cases.unknown, "1", how, text(), lang);
        told.push(("resolve_unknown", refusal!(TaskAnswer, act)));
    }
    let seen = SeenResult { proposal_hash: hash(), issue: "1".into() };
    let anew = ReissueForm { seen: seen.clone(), reason: text(), code: typed() };
    told.push(("reissue", refusal!(TaskAnswer, desk.reissue(who, &cases.delivered, anew, lang))));
    let hand = HandForm { seen, identified_by: "KTP".into(), note: String::new(), code: typed() };
    told.push(("hand_in_person", refusal!(HandAnswer, desk.hand_in_person(who, &cases.delivered, hand, lang))));
    told.push((
        "account_for_deviation",
        refusal!(TaskAnswer, desk.account_for_deviation(who, &cases.review, "0", text())),
    ));
    told
}

/// The methods of the port by which a person of the office changes something: those that take an [`Admin`] and answer with
/// what became of an act.
fn acts_of_the_port() -> Vec<String> {
    let port = include_str!("../src/web/counter.rs");
    let methods = port.split("\n    fn ").skip(1).filter(|text| text.contains("admin: &'a Admin"));
    let acting = methods.filter(|text| text.split(';').next().is_some_and(|head| head.contains("Answer>")));
    acting.filter_map(|text| text.split_once('<').map(|(name, _)| name.to_owned())).collect()
}

#[tokio::test]
async fn every_act_of_a_reader_is_refused_in_one_sentence_and_changes_nothing() {
    let site = Site::planned(Plan { by_hand: true, ..Plan::default() }).await;
    let cases = cases(&site).await;
    let people = readers(&site).await;
    let before = state(&site).await;

    for person in &people {
        let told = acts(&site, person, &cases).await;

        let mut tried: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
        tried.sort_unstable();
        tried.dedup();
        let mut all = acts_of_the_port();
        all.sort_unstable();
        assert_eq!(tried, all, "an act of the port is not tried here");
        for (act, why) in told {
            let why = why.unwrap_or_else(|| panic!("{act} of {} was not refused", person.name));
            assert!(why.contains("hanya melihat") && why.contains("Admin PPE"), "{act}: {why}");
        }
    }
    assert_eq!(state(&site).await, before, "nothing changed");
}

/// The addresses that take a form and stand behind the code.
fn forms_of_the_desk() -> Vec<&'static str> {
    let routes = include_str!("../src/web/routes/mod.rs");
    let taken = routes.lines().filter(|line| line.contains(".route(") && line.contains("post("));
    let paths = taken.filter_map(|line| line.split('"').nth(1));
    paths.filter(|path| path.starts_with("/berkas/") || path.starts_with("/ditahan/")).collect()
}

#[tokio::test]
async fn no_form_of_the_desk_is_taken_from_a_reader_and_none_is_shown() {
    let site = Site::planned(Plan { by_hand: true, ..Plan::default() }).await;
    let cases = cases(&site).await;
    let people = readers(&site).await;
    let router = site.pages();
    let forms = forms_of_the_desk();
    assert!(forms.len() >= 9, "{forms:?}");

    for person in &people {
        let code = site.code_of(person).await;
        let fields = [("alamat", person.address.as_str()), ("kode", code.expose())];
        let opened = ask(&router, "/masuk", Some(&fields), "").await;
        assert_eq!(opened.status, 303, "a reader signs in");
        let cookie = opened.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let before = state(&site).await;
        for form in &forms {
            let path = form
                .replace("{number}", cases.review.to_string().as_str())
                .replace("{id}", cases.held.to_string().as_str())
                .replace("{choice}", if form.starts_with("/ditahan/") { "terima" } else { "setujui" })
                .replace("{way}", "terjadi")
                .replace("{deviation}", "0");
            let fields = [("bukti", "x"), ("alasan", "Sudah diperiksa."), ("kode", "123456"), ("catatan", "x")];
            let told = ask(&router, &path, Some(&fields), &cookie).await;
            assert_eq!(told.status, 403, "{path}");
            assert!(told.body.contains("Hanya Admin PPE"), "{path} says why");
        }
        assert_eq!(state(&site).await, before);
        let pages = [&cases.review, &cases.by_hand, &cases.unknown, &cases.delivered].map(|n| format!("/berkas/{n}"));
        for page in pages.into_iter().chain([format!("/ditahan/{}", cases.held), "/meja".to_owned()]) {
            let shown = ask(&router, &page, None, &cookie).await;
            assert_eq!(shown.status, 200, "{page} may be looked at");
            let posts: Vec<&str> = shown.body.split("method=\"post\"").skip(1).collect();
            assert!(posts.iter().all(|form| form.starts_with(" action=\"/keluar\"")), "{page} shows a form");
            assert!(shown.body.contains("Anda melihat sebagai"), "{page} says as whom one looks");
        }
    }
}

/// An admin's answer to a letter of ours, as it lies in the mailbox.
fn answer(site: &Site, from: (&str, &str), to: &str, text: &str, id: &str) -> Vec<u8> {
    let mail = Mail {
        from,
        subject: "Re: TINDAKAN".into(),
        text: text.into(),
        enclosed: Vec::new(),
        message_id: id.into(),
        at: site.now(),
        answers: Some(to),
        automatic: false,
        authentic: true,
    };
    mail.bytes(Some(Stamp { server: MAIL_SERVER }))
}

#[tokio::test]
async fn an_admin_who_became_an_auditor_decides_nothing_by_mail_and_hears_why() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    let asked = site.last_to(admin.address.as_str()).expect("the admin was asked");

    site.enrol(admin.address.as_str(), &admin.name, Role::Auditor).await;
    site.settle().await;
    let code = site.code_of(&admin).await;
    let from = (admin.name.as_str(), admin.address.as_str());
    for (n, words) in [format!("SETUJU {}", code.expose()), "TOLAK".into(), "LENGKAPI".into()].iter().enumerate() {
        site.take_in(answer(&site, from, &asked.message_id, words, &format!("jawab-{n}@lembayungraya.example"))).await;
    }

    let case = site.case(&number).await;
    assert_eq!(case.assigned.as_ref(), Some(&other.address), "the case went to somebody who may decide");
    assert!(case.phase.is_undecided() && case.decisions.is_empty());
    let told = site.last_to(admin.address.as_str()).expect("an answer");
    let opened = site.desk.sign_in(&admin.address, &code).await.expect("the engine answers");
    assert!(matches!(opened, SignInAnswer::Opened(_)), "a code that could decide nothing is not used up");
    assert!(told.subject.contains("tidak dapat dilaksanakan"), "{}", told.subject);
    assert!(told.body.contains("peran Saudara hanya melihat"), "{}", told.body);
}

#[tokio::test]
async fn nothing_about_a_request_is_mailed_to_readers_and_no_case_is_theirs() {
    let site = Site::start().await;
    let people = readers(&site).await;

    for sample in ["complete", "forged", "nip_differs", "completed_later", "user_id"] {
        site.take_in(site.sample(sample).raw).await;
    }
    site.forward(chrono::TimeDelta::days(4));
    site.settle().await;

    for case in site.engine.live_cases().await.unwrap() {
        assert!(people.iter().all(|p| case.assigned.as_ref() != Some(&p.address)));
    }
    let letters = site.letters();
    assert!(
        letters.iter().any(|letter| letter.to.contains(&address(site.office.admins[0].1))),
        "admins are written to"
    );
    for person in &people {
        assert!(letters.iter().all(|l| !l.to.contains(&person.address) && !l.bcc.contains(&person.address)));
    }
    assert!(site.last_to(RINA.email).is_some());
}

#[tokio::test]
async fn a_reader_proposes_and_approves_no_destruction() {
    let site = Site::start().await;
    for person in readers(&site).await {
        let code = site.code_of(&person).await;
        let number = CaseNumber::new("LPSE", 2012, 901);

        let proposed = site.engine.propose_disposal(&person.address, code.expose(), vec![number]).await;

        let why = proposed.expect_err("a reader proposes nothing");
        assert!(matches!(why, NoDisposal::ReadsOnly(..)), "{why}");
        assert!(why.to_string().contains("only reads"), "{why}");
    }
}

#[test]
fn a_procedure_that_lets_readers_decide_is_refused() {
    let shipped = include_str!("../config/sop/helpdesk.toml");
    for role in ["archivist", "auditor"] {
        let text = shipped.replacen("\n[approval]\n", &format!("\n[approval]\nroles = [\"admin\", \"{role}\"]\n"), 1);

        let flaws = loket::sop::procedure::Procedure::parse(&text).expect_err("a reader decides nothing");

        assert!(
            flaws.iter().any(|flaw| flaw.key == "approval.roles" && flaw.message.contains("only reads")),
            "{flaws:?}"
        );
    }
    let text = shipped.replacen("\n[approval]\n", "\n[approval]\nroles = [\"kepala\"]\n", 1);
    let flaws = loket::sop::procedure::Procedure::parse(&text).expect_err("nobody could decide");
    assert!(
        flaws.iter().any(|flaw| flaw.key == "approval.roles" && flaw.message.contains("nobody could")),
        "{flaws:?}"
    );
}
