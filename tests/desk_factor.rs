//! What people prove themselves with: a code counts once, whatever way it comes in and whoever is quickest; five failures lock
//! and are told; a lock ends; a passphrase stands in for a phone; and nobody can tell from outside who is enrolled.

use std::time::{Duration, Instant};

use axum::Router;
use chrono::TimeDelta;
use loket::demo::samples::Stamp;
use loket::demo::samples::people::MAIL_SERVER;
use loket::demo::samples::post::Mail;
use loket::engine::admins::{FAILURES, Happened, Matter, Proof, Role};
use loket::sop::names::{Address, Language};
use loket::vault::Secret;
use loket::web::answer::*;
use loket::web::counter::Counter;
use loket::web::rate::{Limits, Rate};
use loket::web::view::{Admin, Choice};

use crate::cli_fixture;
use crate::desk_threats::{Answered, ask};
use crate::desk_walk::{decide, form, review};
use crate::kit::Site;
use crate::kit::Visitor;
use crate::kit::site::{BASE_URL, address};

pub const PHRASE: &str = "kuda lumping di pasar pagi";

/// Pages without limits, so that what is behind them is tried.
pub fn open_pages(site: &Site) -> Router {
    let unlimited = Rate { burst: 1e9, per_second: 1e9 };
    site.pages_within(BASE_URL, Limits { each: unlimited, all: unlimited })
}

/// An admin's answer to a letter of ours.
pub fn answer(site: &Site, admin: &Admin, message_id: &str, words: &str, id: &str) -> Vec<u8> {
    let mail = Mail {
        from: (&admin.name, admin.address.as_str()),
        subject: "Re: TINDAKAN".into(),
        text: words.into(),
        enclosed: Vec::new(),
        message_id: id.into(),
        at: site.now(),
        answers: Some(message_id),
        automatic: false,
        authentic: true,
    };
    mail.bytes(Some(Stamp { server: MAIL_SERVER }))
}

async fn sign_in(site: &Site, who: &str, typed: &str) -> SignInAnswer {
    site.desk.sign_in(&address(who), &Typed::new(typed)).await.expect("the engine answers")
}

/// Five wrong codes.
async fn lock(site: &Site, admin: &Admin) {
    for _ in 0..FAILURES {
        sign_in(site, admin.address.as_str(), "000000").await;
    }
    site.settle().await;
}

#[tokio::test]
async fn a_code_that_opened_the_desk_approves_nothing_by_mail_and_one_used_by_mail_opens_nothing() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let asked = site.last_to(admin.address.as_str()).expect("the admin was asked").message_id;

    let code = site.code_of(&admin).await;
    assert!(matches!(sign_in(&site, admin.address.as_str(), code.expose()).await, SignInAnswer::Opened(_)));
    site.take_in(answer(&site, &admin, &asked, &format!("SETUJU {}", code.expose()), "satu@x.example")).await;
    let told = site.last_to(admin.address.as_str()).expect("an answer");
    let undecided = site.case(&number).await.phase.is_undecided();
    let next = site.code_of(&admin).await;
    site.take_in(answer(&site, &admin, &asked, &format!("SETUJU {}", next.expose()), "dua@x.example")).await;
    let again = sign_in(&site, admin.address.as_str(), next.expose()).await;

    assert!(undecided && told.body.contains("sudah pernah dipakai"), "{}", told.body);
    assert_eq!(site.case(&number).await.decisions.len(), 1, "the fresh one decides");
    assert!(matches!(again, SignInAnswer::Wrong), "a code that decided by mail opens nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_that_bring_the_same_code_at_once_one_is_let_in() {
    let site = Site::start().await;
    let admin = site.admin(0).await;
    let code = site.code_of(&admin).await;

    let tries = (0..50).map(|_| {
        let (engine, who, code, now) = (site.engine.clone(), admin.address.clone(), code.clone(), site.now());
        tokio::spawn(
            async move { engine.prove(&who, code.expose(), now, &Matter::Entry).await.expect("the store answers") },
        )
    });
    let proofs = futures::future::join_all(tries).await;

    let right = proofs.iter().filter(|proof| matches!(proof, Ok(Proof::Right))).count();
    assert_eq!(right, 1, "{proofs:?}");
    let record = site.engine.admin(&admin.address).await.unwrap().expect("is registered").1;
    assert_eq!(record.tries_left(), FAILURES, "a code that is used up is no guess");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_once_are_all_counted() {
    let site = Site::start().await;
    let admin = site.admin(0).await;

    let tries = (0..60).map(|n| {
        let (engine, who, now) = (site.engine.clone(), admin.address.clone(), site.now());
        tokio::spawn(async move {
            engine.prove(&who, &format!("{n:06}"), now, &Matter::Entry).await.expect("the store answers")
        })
    });
    let proofs = futures::future::join_all(tries).await;

    let wrong = proofs.iter().filter(|proof| matches!(proof, Ok(Proof::Wrong { .. }))).count();
    let locked = proofs.iter().filter(|proof| matches!(proof, Ok(Proof::Locked))).count();
    assert_eq!((wrong, locked), (usize::from(FAILURES) - 1, 61 - usize::from(FAILURES)));
}

#[tokio::test]
async fn five_failures_lock_and_the_person_and_the_other_admins_are_told_until_when() {
    let site = Site::start().await;
    site.enrol("periksa@lembayungraya.example", "Dimas Pemeriksa", Role::Auditor).await;
    let (admin, other) = (site.admin(0).await, site.admin(1).await);

    lock(&site, &admin).await;

    let own = site.last_to(admin.address.as_str()).expect("the person is told");
    let others = site.last_to(other.address.as_str()).expect("the other admin is told");
    assert!(own.subject.contains("kode Saudara terkunci"), "{}", own.subject);
    assert!(own.body.contains("10.18 WITA") && own.body.contains("berakhir dengan sendirinya"), "{}", own.body);
    assert!(others.subject.contains("Teguh Anggoro Wibisono") && others.body.contains("10.18 WITA"), "{}", others.body);
    assert!(site.last_to("periksa@lembayungraya.example").is_none());
    let letters = site.letters().len();
    for _ in 0..20 {
        sign_in(&site, admin.address.as_str(), "000000").await;
    }
    site.settle().await;
    assert_eq!(site.letters().len(), letters, "guesses at a lock send no more letters");
    let roll = site.engine.roll_of(2026).await.unwrap();
    assert!(matches!(roll.last(), Some(e) if e.who == admin.address && matches!(e.what, Happened::Locked { .. })));
}

#[tokio::test]
async fn a_lock_ends_by_itself_later_each_time_or_by_enrolling_anew() {
    let site = Site::start().await;
    let admin = site.admin(0).await;
    let is_in = |answer: SignInAnswer| matches!(answer, SignInAnswer::Opened(_));

    for minutes in [15, 30, 60] {
        lock(&site, &admin).await;
        let until = site.now() + TimeDelta::minutes(minutes);
        site.set_clock(until - TimeDelta::seconds(1));
        let early = site.code_of(&admin).await;
        assert!(!is_in(sign_in(&site, admin.address.as_str(), early.expose()).await), "{minutes} minutes");
        let record = site.engine.admin(&admin.address).await.unwrap().expect("is registered").1;
        assert_eq!(record.locked_until(site.now()), Some(until));
        site.set_clock(until);
    }
    let code = site.code_of(&admin).await;
    assert!(is_in(sign_in(&site, admin.address.as_str(), code.expose()).await), "the lock has ended");
    lock(&site, &admin).await;
    let record = site.engine.admin(&admin.address).await.unwrap().expect("is registered").1;
    assert_eq!(record.locked_until(site.now()), Some(site.now() + TimeDelta::minutes(15)), "a right code begins anew");

    site.enrol(admin.address.as_str(), &admin.name, Role::Admin).await;
    let code = site.code_of(&admin).await;
    assert!(is_in(sign_in(&site, admin.address.as_str(), code.expose()).await), "enrolled anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_counts_once_over_a_restart() {
    let office = cli_fixture::Site::new();
    let daemon = office.run().await;
    let link = office.loket(&["admins", "enroll", "teguh@lembayungraya.example", "--name", "Teguh"]).well();
    let mut admin = crate::kit::Admin::enrol("teguh@lembayungraya.example", link.trim()).await;
    let masuk = format!("http://127.0.0.1:{}/masuk", office.port);
    let code = admin.code().await;
    let fields = [("alamat", "teguh@lembayungraya.example"), ("kode", code.as_str())];
    let first = Visitor::default().post(&masuk, &fields).await;
    daemon.stop().await;

    let daemon = office.run().await;
    let second = Visitor::default().post(&masuk, &fields).await;

    assert_eq!((first.status, second.status), (303, 422), "{}", second.body);
    daemon.stop().await;
}

/// The page without what the person typed themselves.
fn told(answer: &Answered, who: &str) -> (u16, String) {
    (answer.status, answer.body.replace(who, "ALAMAT"))
}

#[tokio::test]
async fn t09_signing_in_answers_known_unknown_and_locked_addresses_alike_in_body_and_time() {
    let site = Site::start().await;
    let (known, locked) = (site.admin(0).await, site.admin(1).await);
    let unknown = "siapa@lembayungraya.example";
    let phrase = Secret::new(PHRASE.to_owned());
    assert!(site.engine.change_passphrase(&known.address, &known.enrolment, phrase).await.unwrap());
    lock(&site, &locked).await;
    site.forward(TimeDelta::minutes(15));
    lock(&site, &locked).await;
    let router = open_pages(&site);
    let people = [known.address.as_str(), unknown, locked.address.as_str()];
    let mut spent = [const { Vec::new() }; 3];

    for _ in 0..50 {
        // A right code takes back the failures of the turn before.
        site.forward(TimeDelta::seconds(30));
        let code = site.code_of(&known).await;
        let right = ask(&router, "/masuk", Some(&[("alamat", people[0]), ("kode", code.expose())]), "").await;
        assert_eq!(right.status, 303);
        let mut bodies = Vec::new();
        for (nth, who) in people.iter().enumerate() {
            let begun = Instant::now();
            let answer = ask(&router, "/masuk", Some(&[("alamat", who), ("kode", "000000")]), "").await;
            spent[nth].push(begun.elapsed());
            bodies.push(told(&answer, who));
        }
        assert!(bodies.iter().all(|body| body.0 == 422 && *body == bodies[0]), "the answers differ");
    }
    assert!(site.engine.admin(&locked.address).await.unwrap().is_some_and(|(_, r)| r.is_locked(site.now())));
    alike(spent);
    let mut spent = [const { Vec::new() }; 3];
    for _ in 0..16 {
        for (nth, who) in people.iter().enumerate() {
            let begun = Instant::now();
            let fields = [("alamat", *who), ("frasa", "bukan frasa siapa pun di sini")];
            ask(&router, "/masuk", Some(&fields), "").await;
            spent[nth].push(begun.elapsed());
        }
    }
    alike(spent);
}

/// What is left of the tries is told as if everybody were enrolled.
#[tokio::test]
async fn t09_a_first_wrong_code_leaves_as_many_tries_to_whoever_is_unknown() {
    let site = Site::start().await;
    let known = site.admin(0).await.address;
    let first = async |who: &Address| site.engine.prove(who, "000000", site.now(), &Matter::Entry).await.unwrap();

    let answers = [first(&known).await, first(&address("siapa@lembayungraya.example")).await];

    assert_eq!(answers, [Proof::Wrong { left: FAILURES - 1 }; 2]);
}

/// Measured in turns, so that a busy machine is busy for all; the quickest of each is what the work itself takes. Without the same
/// work for all, the least is a tenth of the most.
fn alike(spent: [Vec<Duration>; 3]) {
    let quickest = spent.map(|all| all.into_iter().min().expect("it was measured"));
    let (least, most) = (quickest.iter().min().unwrap(), quickest.iter().max().unwrap());
    assert!(*most < *least * 3 || *most - *least < Duration::from_millis(1), "{quickest:?}");
}

/// Enrols a person with a passphrase, through the page.
async fn enrol_with_phrase(site: &Site, router: &Router, who: &str, phrases: [&str; 2]) -> Answered {
    let link = site.engine.enroll(&address(who), "Sekar Wangi", Role::Admin).await.expect("the store answers");
    let path = link.strip_prefix(BASE_URL).expect("a link of this desk").to_owned();
    let token = link.rsplit('/').next().expect("a link ends in its token");
    let (_, record) = site.engine.invited(token).await.expect("the store answers").expect("just invited");
    let code = record.factor().expect("a fresh factor").code(site.now());
    let fields = [("kode", code.as_str()), ("frasa", phrases[0]), ("frasa2", phrases[1])];
    ask(router, &path, Some(&fields), "").await
}

#[tokio::test]
async fn a_passphrase_stands_in_for_the_phone_and_counts_its_failures_too() {
    let site = Site::start().await;
    let router = open_pages(&site);
    let who = "sekar@lembayungraya.example";

    for (phrases, why) in [
        (["pendek sekali", "pendek sekali"], "paling sedikit 15"),
        ([PHRASE, "kuda lumping di pasar sore"], "berbeda"),
        (["sekar wangi lembayungraya", "sekar wangi lembayungraya"], "mudah ditebak"),
        (["passwordpassword", "passwordpassword"], "mudah ditebak"),
    ] {
        let refused = enrol_with_phrase(&site, &router, who, phrases).await;
        assert!(refused.status == 422 && refused.body.contains(why), "{}", refused.body);
        assert!(!refused.body.contains(PHRASE), "what was typed is not shown again");
    }
    assert_eq!(enrol_with_phrase(&site, &router, who, [PHRASE, PHRASE]).await.status, 200);
    let admin = site.person(who).await;
    let opened = ask(&router, "/masuk", Some(&[("alamat", who), ("frasa", PHRASE)]), "").await;
    let wrong = ask(&router, "/masuk", Some(&[("alamat", who), ("frasa", "kuda lumping di pasar sore")]), "").await;
    let left = site.engine.admin(&admin.address).await.unwrap().expect("is registered").1.tries_left();
    let again = sign_in(&site, who, PHRASE).await;

    assert_eq!((opened.status, wrong.status, left), (303, 422, FAILURES - 1));
    assert!(matches!(again, SignInAnswer::Opened(_)), "a passphrase counts as often as it is right");
    let record = site.engine.admin(&admin.address).await.unwrap().expect("is registered").1;
    let kept = serde_json::to_string(&record).expect("a record is written");
    assert!(kept.contains("$argon2id$v=19$m=19456") && !kept.contains("lumping"));
    // Where a decision asks for the factor again, it does as well.
    let number = site.deliver("complete").await;
    let view = review(&site, &admin, &number).await;
    let wrong = DecisionForm { code: Some(Typed::new("salah salah salah salah")), ..form(&view, Choice::Approve) };
    let right = DecisionForm { code: Some(Typed::new(PHRASE)), ..form(&view, Choice::Approve) };
    assert!(matches!(decide(&site.desk, &admin, &number, wrong).await, DecisionAnswer::NeedsFactor { left: 4 }));
    assert!(matches!(decide(&site.desk, &admin, &number, right).await, DecisionAnswer::Done));
}

/// A device that this person opened: its cookie.
async fn device(router: &Router, who: &str, proof: (&str, &str)) -> String {
    let opened = ask(router, "/masuk", Some(&[("alamat", who), proof]), "").await;
    assert_eq!(opened.status, 303, "the person signs in");
    cookie(&opened)
}

fn cookie(answer: &Answered) -> String {
    answer.headers["set-cookie"].to_str().expect("a cookie").split(';').next().expect("a cookie").to_owned()
}

#[tokio::test]
async fn its_owner_changes_a_passphrase_with_a_code_or_the_old_one_and_is_told() {
    const NEXT: &str = "jeruk tua menyala perlahan";
    let site = Site::start().await;
    let router = open_pages(&site);
    let who = "sekar@lembayungraya.example";
    enrol_with_phrase(&site, &router, who, [PHRASE, PHRASE]).await;
    let (desk, elsewhere) =
        (device(&router, who, ("frasa", PHRASE)).await, device(&router, who, ("frasa", PHRASE)).await);
    let change = |proof: (&'static str, String), phrases: [&'static str; 2], cookie: &str| {
        let (router, cookie) = (router.clone(), cookie.to_owned());
        let fields =
            [(proof.0.to_owned(), proof.1), ("p1".into(), phrases[0].into()), ("p2".into(), phrases[1].into())];
        async move {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            ask(&router, "/frasa", Some(&fields), &cookie).await
        }
    };

    for (proof, phrases, why) in [
        (("frasa", PHRASE), ["pendek sekali", "pendek sekali"], "paling sedikit 15"),
        (("frasa", PHRASE), [NEXT, "jeruk tua menyala padam"], "berbeda"),
        (("frasa", PHRASE), ["sekar wangi lembayungraya", "sekar wangi lembayungraya"], "mudah ditebak"),
        (("frasa", "kuda lumping di pasar sore"), [NEXT, NEXT], "Sisa 4 percobaan"),
        (("kode", ""), [NEXT, NEXT], "Sisa 3 percobaan"),
    ] {
        let refused = change((proof.0, proof.1.to_owned()), phrases, &desk).await;
        assert!(refused.status == 422 && refused.body.contains(why), "{why}: {}", refused.body);
        assert!(!refused.body.contains(NEXT) && !refused.body.contains(PHRASE), "what was typed is not shown again");
    }
    let stranger = change(("frasa", PHRASE.to_owned()), [NEXT, NEXT], "").await;
    assert_eq!((stranger.status, stranger.headers["location"].to_str().unwrap()), (303, "/masuk?ke=/frasa"));
    assert!(matches!(sign_in(&site, who, PHRASE).await, SignInAnswer::Opened(_)), "nothing has changed yet");

    let done = change(("frasa", PHRASE.to_owned()), [NEXT, NEXT], &desk).await;
    site.settle().await;

    assert!(done.status == 200 && done.body.contains("telah diganti"), "{}", done.body);
    assert!(matches!(sign_in(&site, who, PHRASE).await, SignInAnswer::Wrong));
    assert!(matches!(sign_in(&site, who, NEXT).await, SignInAnswer::Opened(_)));
    for old in [&desk, &elsewhere] {
        assert_eq!(ask(&router, "/meja", None, old).await.status, 303, "a device of before is locked");
    }
    let anew = cookie(&done);
    assert_eq!(ask(&router, "/meja", None, &anew).await.status, 200, "the one it was changed on stays open");
    let told = site.last_to(who).expect("its owner is told");
    assert!(told.subject.contains("frasa sandi Saudara telah diganti"), "{}", told.subject);
    assert!(told.body.starts_with("Yth. Sekar Wangi,"), "{}", told.body);
    assert!(told.body.contains("10.02 WITA") && !told.body.contains("jeruk"), "{}", told.body);
    let roll = site.engine.roll_of(2026).await.unwrap();
    assert!(matches!(roll.last(), Some(e) if e.who.as_str() == who && e.what == Happened::PassphraseChanged));

    let code = site.code_of(&site.person(who).await).await;
    assert_eq!(
        change(("kode", code.expose().to_owned()), [PHRASE, PHRASE], &anew).await.status,
        200,
        "by the phone's code"
    );
    assert!(matches!(sign_in(&site, who, PHRASE).await, SignInAnswer::Opened(_)));
}

#[tokio::test]
async fn t09_guesses_where_a_passphrase_is_changed_are_slowed_and_lock() {
    let site = Site::start().await;
    let who = "sekar@lembayungraya.example";
    enrol_with_phrase(&site, &open_pages(&site), who, [PHRASE, PHRASE]).await;
    let unlimited = Rate { burst: 1e9, per_second: 1e9 };
    let few = Rate { burst: 3.0, per_second: 1e-6 };
    let wrong = [("kode", "000000"), ("p1", "jeruk tua menyala perlahan"), ("p2", "jeruk tua menyala perlahan")];

    let mut answers = Vec::new();
    for each in [few, unlimited] {
        let router = site.pages_within(BASE_URL, Limits { each, all: unlimited });
        let desk = device(&router, who, ("frasa", PHRASE)).await;
        for _ in 0..5 {
            answers.push(ask(&router, "/frasa", Some(&wrong), &desk).await.status);
        }
    }

    assert_eq!(answers[..5], [422, 422, 422, 429, 429], "three guesses, then a wait");
    assert_eq!(answers[5..], [422, 422, 422, 422, 403], "the fifth in a row locks");
}

#[tokio::test]
async fn a_passphrase_of_an_enrolment_that_is_over_changes_nothing() {
    let site = Site::start().await;
    let router = open_pages(&site);
    let who = "sekar@lembayungraya.example";
    enrol_with_phrase(&site, &router, who, [PHRASE, PHRASE]).await;
    let before = site.person(who).await;
    enrol_with_phrase(&site, &router, who, [PHRASE, PHRASE]).await;

    let phrase = || Secret::new("jeruk tua menyala perlahan".to_owned());
    let changed = site.engine.change_passphrase(&before.address, &before.enrolment, phrase()).await.unwrap();
    site.engine.revoke(&before.address).await.unwrap();
    let revoked = site.engine.change_passphrase(&before.address, &before.enrolment, phrase()).await.unwrap();

    assert!(!changed && !revoked);
    site.settle().await;
    let told = site.last_to(who);
    assert!(told.is_none_or(|letter| !letter.subject.contains("frasa sandi")), "nobody is told of what did not happen");
}

#[tokio::test]
async fn by_mail_a_passphrase_decides_nothing() {
    let site = Site::start().await;
    let router = open_pages(&site);
    let who = site.office.admins[0].1;
    enrol_with_phrase(&site, &router, who, [PHRASE, PHRASE]).await;
    site.engine.revoke(&address(site.office.admins[1].1)).await.unwrap();
    let number = site.deliver("complete").await;
    let admin = site.person(who).await;
    let asked = site.last_to(who).expect("the admin was asked").message_id;

    site.take_in(answer(&site, &admin, &asked, &format!("SETUJU {PHRASE}"), "frasa@x.example")).await;

    assert!(site.case(&number).await.decisions.is_empty());
    let told = site.last_to(who).expect("an answer");
    assert!(told.subject.contains("tidak dapat dilaksanakan") && !told.body.contains("lumping"), "{}", told.body);
}

#[tokio::test]
async fn a_revoked_or_invited_person_proves_nothing() {
    let site = Site::start().await;
    let admin = site.admin(0).await;
    site.engine.revoke(&admin.address).await.unwrap();
    let code = site.code_of(&admin).await;
    assert!(matches!(sign_in(&site, admin.address.as_str(), code.expose()).await, SignInAnswer::Wrong));

    let link = site.engine.enroll(&admin.address, &admin.name, Role::Admin).await.unwrap();
    let token = link.rsplit('/').next().unwrap();
    let (_, record) = site.engine.invited(token).await.unwrap().expect("just invited");
    let code = Typed::new(record.factor().unwrap().code(site.now()));
    assert!(matches!(sign_in(&site, admin.address.as_str(), code.expose()).await, SignInAnswer::Wrong), "not yet");
    let phrase = Some(Secret::new(PHRASE.to_owned()));
    let proof = site.engine.confirm_enrolment(token, code.expose(), phrase).await.unwrap();
    assert_eq!(proof, Some(Proof::Right));
    assert!(site.desk.enrol_view(token).await.unwrap().is_none());
    assert!(site.desk.lock_view("", Language::Id).await.unwrap().is_none());
}
