//! Two people where the procedure wants two, and one in the place of another: what the pages and letters say of it, over the
//! real engine.

use chrono::TimeDelta;
use loket::demo::samples::Stamp;
use loket::demo::samples::people::MAIL_SERVER;
use loket::demo::samples::post::Mail;
use loket::engine::admins::{Happened, NoAbsence, Role};
use loket::sop::event::Event;
use loket::sop::names::{CaseNumber, Language};
use loket::sop::phase::Phase;
use loket::web::answer::*;
use loket::web::counter::Counter;
use loket::web::view::*;

use crate::cli_fixture;
use crate::desk_threats::ask;
use crate::desk_walk::{decide, form, outcome, review};
use crate::kit::Site;
use crate::kit::site::{Plan, address};

async fn site(rule: &'static str) -> Site {
    Site::planned(Plan { rules: vec![("approval", rule)], ..Plan::default() }).await
}

/// An approval with a code that still counts.
async fn approve(site: &Site, admin: &Admin, number: &CaseNumber) -> DecisionAnswer {
    let view = review(site, admin, number).await;
    let code = Some(site.code_of(admin).await);
    decide(&site.desk, admin, number, DecisionForm { code, ..form(&view, Choice::Approve) }).await
}

/// A page of the desk as this person sees it.
async fn page(site: &Site, admin: &Admin, path: &str) -> String {
    let router = site.pages();
    let code = site.code_of(admin).await;
    let fields = [("alamat", admin.address.as_str()), ("kode", code.expose())];
    let opened = ask(&router, "/masuk", Some(&fields), "").await;
    let cookie = opened.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    ask(&router, path, None, &cookie).await.body
}

#[tokio::test]
async fn the_page_says_why_two_are_needed_who_was_first_and_who_is_left() {
    let site = site("two_for_first_request = true").await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    let here = format!("/berkas/{number}");

    let before = page(&site, &admin, &here).await;
    assert!(before.contains("Perlu persetujuan dua Admin PPE") && before.contains("permohonan pertama untuk akun ini"));
    assert!(before.contains(&format!("Selain Anda, yang dapat menyetujui: {}", other.name)));
    let bare = review(&site, &admin, &number).await;
    assert_eq!(bare.proposal.code_for, [Choice::Approve], "each of the two is proven anew");
    let bare = decide(&site.desk, &admin, &number, form(&bare, Choice::Approve)).await;
    assert!(matches!(bare, DecisionAnswer::NeedsFactor { .. }));

    assert!(matches!(approve(&site, &admin, &number).await, DecisionAnswer::AwaitsSecond));
    site.settle().await;
    let asked = site.last_to(other.address.as_str()).expect("the other is asked");
    assert!(asked.body.contains(&format!("Persetujuan pertama telah diberikan oleh {}", admin.name)), "{}", asked.body);
    let mine = page(&site, &admin, &here).await;
    assert!(mine.contains("Menunggu persetujuan kedua") && mine.contains("Anda sudah memberi persetujuan pertama"));
    assert!(
        !mine.contains(&format!("action=\"{here}/setujui\"")) && mine.contains(&format!("action=\"{here}/tolak\""))
    );
    let theirs = page(&site, &other, &here).await;
    assert!(
        theirs.contains(&format!("{} menyetujui", admin.name))
            && theirs.contains(&format!("action=\"{here}/setujui\""))
    );
    assert!(matches!(approve(&site, &admin, &number).await, DecisionAnswer::AwaitsSecond), "once more changes nothing");
    assert!(site.case(&number).await.decisions.is_empty());

    assert!(matches!(approve(&site, &other, &number).await, DecisionAnswer::Done));
    site.settle().await;
    let history = outcome(&site, &other, &number).await.history;
    let told = format!("{} menyetujui, persetujuan kedua setelah {}", other.name, admin.name);
    assert!(history.iter().any(|(_, what)| *what == told), "{history:?}");
}

#[tokio::test]
async fn who_approved_first_may_still_reject() {
    let site = site("two_for_every_approval = true").await;
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;

    let view = review(&site, &admin, &number).await;
    let rejected = decide(&site.desk, &admin, &number, form(&view, Choice::Reject)).await;

    assert!(matches!(rejected, DecisionAnswer::Done));
    assert!(matches!(site.case(&number).await.phase, Phase::Closed { .. }));
}

#[tokio::test]
async fn a_reply_is_one_of_the_two() {
    let site = site("two_for_every_approval = true").await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    let asked = site.last_to(admin.address.as_str()).expect("the admin was asked").message_id;
    let reply = |code: &str, id: &str| {
        let mail = Mail {
            from: (&admin.name, admin.address.as_str()),
            subject: "Re: TINDAKAN".into(),
            text: format!("SETUJU {code}"),
            enclosed: Vec::new(),
            message_id: id.into(),
            at: site.now(),
            answers: Some(&asked),
            automatic: false,
            authentic: true,
        };
        mail.bytes(Some(Stamp { server: MAIL_SERVER }))
    };

    let code = site.code_of(&admin).await;
    site.take_in(reply(code.expose(), "satu@x.example")).await;
    assert!(site.case(&number).await.first_approval.is_some_and(|first| first.by == admin.address));
    let code = site.code_of(&admin).await;
    site.take_in(reply(code.expose(), "dua@x.example")).await;
    let told = site.last_to(admin.address.as_str()).expect("an answer");
    assert!(told.body.contains("persetujuan kedua harus dari Admin PPE yang lain"), "{}", told.body);
    assert!(site.case(&number).await.decisions.is_empty());

    assert!(matches!(approve(&site, &other, &number).await, DecisionAnswer::Done));
}

/// One of the two could once have the password on their own screen, for somebody who was not there.
#[tokio::test]
async fn a_result_that_two_granted_is_shown_to_the_second_of_two_alone() {
    let site = site("two_for_every_approval = true").await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    approve(&site, &other, &number).await;
    site.settle().await;
    let here = format!("/berkas/{number}");
    let hand = async |who: &Admin| {
        let code = site.code_of(who).await;
        let seen = outcome(&site, who, &number).await.seen;
        let form = HandForm { seen, identified_by: "Kartu pegawai".to_owned(), note: String::new(), code };
        site.desk.hand_in_person(who, &number, form, Language::Id).await.unwrap()
    };
    let before = page(&site, &admin, &here).await;
    assert!(before.contains("di layar Admin PPE lain yang menyetujui kedua"), "said before the press");

    assert!(matches!(hand(&admin).await, HandAnswer::AwaitsSecond));
    site.settle().await;
    let asked = site.last_to(other.address.as_str()).expect("the other is asked");
    let says = format!("menyerahkan hasilnya secara langsung atas permohonan {number}");
    let flat = asked.body.replace('\n', " ");
    assert!(flat.contains(&says) && flat.contains(&admin.name) && flat.contains("Kartu pegawai"), "{}", asked.body);
    let mine = page(&site, &admin, &here).await;
    assert!(mine.contains("Disetujui, menunggu persetujuan kedua"));
    assert!(
        mine.contains(&format!("action=\"{here}/ulang\"")) && !mine.contains(&format!("action=\"{here}/langsung\""))
    );
    assert!(matches!(hand(&admin).await, HandAnswer::AwaitsSecond), "once more changes nothing");
    let queue = page(&site, &other, "/meja").await;
    assert!(queue.contains("Menunggu persetujuan kedua"));
    let theirs = page(&site, &other, &here).await;
    assert!(theirs.contains(&format!("{} menyetujui penyerahan langsung", admin.name)));
    assert!(theirs.contains("Hasil tampil satu kali di layar ini"));

    let HandAnswer::Show(shown) = hand(&other).await else { panic!("shown to the second") };
    assert!(shown.password.is_some());
    let told = format!("{} menyerahkan hasil langsung, persetujuan kedua setelah {}", other.name, admin.name);
    let history = outcome(&site, &other, &number).await.history;
    assert!(history.iter().any(|(_, what)| what.starts_with(&told)), "{history:?}");
}

#[tokio::test]
async fn a_result_that_two_granted_is_issued_again_by_two() {
    let site = site("two_for_every_approval = true").await;
    let number = site.deliver("complete").await;
    let (admin, other) = site.admins_of(&number).await;
    approve(&site, &admin, &number).await;
    approve(&site, &other, &number).await;
    site.settle().await;
    let here = format!("/berkas/{number}");
    let again = async |who: &Admin| {
        let code = site.code_of(who).await;
        let seen = outcome(&site, who, &number).await.seen;
        let form = ReissueForm { seen, reason: "Surelnya terhapus.".to_owned(), code };
        site.desk.reissue(who, &number, form, Language::Id).await.unwrap()
    };

    assert!(matches!(again(&admin).await, TaskAnswer::Done));
    site.settle().await;
    assert_eq!(site.case(&number).await.decisions.len(), 1, "nothing was made anew");
    let mine = page(&site, &admin, &here).await;
    assert!(
        mine.contains(&format!("action=\"{here}/langsung\"")) && !mine.contains(&format!("action=\"{here}/ulang\""))
    );
    let theirs = page(&site, &other, &here).await;
    assert!(theirs.contains(&format!("{} menyetujui penerbitan tautan baru", admin.name)));
    assert!(matches!(again(&other).await, TaskAnswer::Done));

    assert_eq!(site.case(&number).await.decisions.len(), 2);
}

#[tokio::test]
async fn with_nobody_else_enrolled_the_page_says_what_to_do() {
    let site = site("two_for_every_approval = true").await;
    let (admin, other) = (site.admin(0).await, site.admin(1).await);
    site.engine.revoke(&other.address).await.unwrap();
    let number = site.deliver("complete").await;
    approve(&site, &admin, &number).await;

    let told = page(&site, &admin, &format!("/berkas/{number}")).await;
    assert!(told.contains("Tidak ada Admin PPE lain") && told.contains("loket admins enroll"), "it says what to do");

    site.enrol("ketiga@lembayungraya.example", "Ketiga", Role::Admin).await;
    site.settle().await;
    let third = site.person("ketiga@lembayungraya.example").await;
    let asked = site.last_to(third.address.as_str()).expect("whoever joins is asked");
    assert!(asked.body.contains(&format!("Persetujuan pertama telah diberikan oleh {}", admin.name)), "{}", asked.body);
    assert!(matches!(approve(&site, &third, &number).await, DecisionAnswer::Done));
}

#[tokio::test]
async fn a_second_request_for_an_account_within_days_takes_two_and_names_the_first() {
    let site = site("two_for_repeat_within_days = 30").await;
    let first = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&first).await;
    assert!(review(&site, &admin, &first).await.two.is_none(), "nothing was approved before");
    crate::desk_walk::approve(&site, &admin, &first).await;

    // The same letter under another Message-ID, two days later.
    site.forward(TimeDelta::days(2));
    let again = String::from_utf8_lossy(&site.sample("complete").raw).replace("essage-ID: <", "essage-ID: <lagi.");
    let before = site.numbers().await;
    site.take_in(again.into_bytes()).await;
    let second = site.numbers().await.into_iter().find(|n| !before.contains(n)).expect("a second case");

    let (admin, _) = site.admins_of(&second).await;
    let two = review(&site, &admin, &second).await.two.expect("two are needed");
    assert!(two.because.iter().any(|why| why.contains("disetujui Selasa, 10 November 2026")), "{:?}", two.because);
}

#[tokio::test]
async fn a_stand_in_gets_what_waits_and_what_comes_and_decides_on_record_for_the_absent() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let (absent, delegate) = site.admins_of(&number).await;
    let before = site.letters().len();

    site.engine.delegate(&absent.address, &delegate.address, site.now() + TimeDelta::days(7)).await.expect("both act");
    site.settle().await;

    let briefed = site.letters().split_off(before);
    assert_eq!(briefed.iter().map(|l| l.to.clone()).collect::<Vec<_>>(), [vec![delegate.address.clone()]]);
    let says = format!("sebagai pengganti {}, yang sedang tidak di tempat", absent.name);
    assert!(briefed[0].body.replace('\n', " ").contains(&says), "{}", briefed[0].body);
    let own = site.last_to(absent.address.as_str()).expect("the absent admin was asked");
    assert!(!own.body.contains("sebagai pengganti"));
    let link = site.token(delegate.address.as_str(), "tautan");
    let code = site.code_of(&delegate).await;
    assert!(
        matches!(site.desk.unlock(&link, &code).await.unwrap(), UnlockAnswer::Opened { .. }),
        "with their own code"
    );
    let old = site.token(absent.address.as_str(), "tautan");
    assert!(site.desk.lock_view(&old, Language::Id).await.unwrap().is_some(), "the absent admin's link stays good");
    crate::desk_walk::approve(&site, &delegate, &number).await;
    let history = outcome(&site, &delegate, &number).await.history;
    let told = format!("{} bertindak untuk {}, yang sedang tidak di tempat", delegate.name, absent.name);
    assert!(history.iter().any(|(_, what)| *what == told), "{history:?}");
    let events = site.engine.events(&site.engine.key(&number)).await.unwrap();
    assert!(events.iter().any(|recorded| matches!(&recorded.event, Event::StoodIn { by, absent: of }
        if *by == delegate.address && *of == absent.address)));
    assert_eq!(site.case(&number).await.decisions[0].acting_for.as_ref(), Some(&absent.address));
}

#[tokio::test]
async fn an_absence_is_between_admins_and_ends_by_its_day_or_by_word() {
    let site = Site::start().await;
    site.enrol("periksa@lembayungraya.example", "Dimas Pemeriksa", Role::Auditor).await;
    let (one, two) = (site.admin(0).await.address, site.admin(1).await.address);
    let (auditor, nobody) = (address("periksa@lembayungraya.example"), address("siapa@lembayungraya.example"));
    let week = site.now() + TimeDelta::days(7);
    let why = async |from, to, until| site.engine.delegate(from, to, until).await.err().expect("no stand-in is named");

    assert!(matches!(why(&one, &auditor, week).await, NoAbsence::NotAnAdmin(_)));
    assert!(matches!(why(&auditor, &one, week).await, NoAbsence::NotAnAdmin(_)));
    assert!(matches!(why(&one, &nobody, week).await, NoAbsence::NotAnAdmin(_)));
    assert!(matches!(why(&one, &one, week).await, NoAbsence::SamePerson));
    assert!(matches!(why(&one, &two, site.now()).await, NoAbsence::Over));
    let longest = TimeDelta::days(92);
    let too_long = site.now() + longest + TimeDelta::microseconds(1);
    assert!(matches!(why(&one, &two, too_long).await, NoAbsence::TooLong));
    assert!(matches!(site.engine.end_absence(&one).await, Err(NoAbsence::Nobody(_))));

    let away = async || {
        let record = site.engine.admin(&one).await.unwrap().expect("is registered").1;
        record.absence(site.now()).map(|absence| absence.delegate.clone())
    };
    site.engine.delegate(&one, &two, week).await.expect("both act");
    assert_eq!(away().await.as_ref(), Some(&two));
    site.forward(TimeDelta::days(7));
    assert_eq!(away().await, None, "over");
    site.engine.delegate(&one, &two, site.now() + longest).await.expect("both act");
    site.engine.end_absence(&one).await.expect("back");
    assert_eq!(away().await, None);
    let roll = site.engine.roll_of(2026).await.unwrap();
    assert!(matches!(roll.last(), Some(entry) if entry.what == Happened::Back && entry.who == one));
}

#[test]
fn the_command_line_names_a_stand_in_and_ends_it() {
    let site = cli_fixture::Site::new();
    site.loket(&["admins", "enroll", "teguh@lembayungraya.example", "--name", "Teguh"]).well();
    let tomorrow = (crate::kit::office::now() + TimeDelta::days(1)).format("%Y-%m-%d").to_string();
    let name =
        ["admins", "delegate", "teguh@lembayungraya.example", "--to", "lestari@lembayungraya.example", "--until"];

    let unenrolled = site.loket(&[&name[..], &[&tomorrow]].concat()).refused(1);
    let no_day = site.loket(&[&name[..], &["besok"]].concat());
    let nothing = site.loket(&["admins", "delegate", "teguh@lembayungraya.example"]);
    let ended = site.loket(&["admins", "delegate", "teguh@lembayungraya.example", "--end"]).refused(1);

    assert!(unenrolled.contains("is no enrolled admin"), "{unenrolled}");
    assert_eq!((no_day.status(), nothing.status()), (2, 2), "usage");
    assert!(ended.contains("is no enrolled admin") || ended.contains("nothing to end"), "{ended}");
}
