//! An enrolment takes everything an earlier one left: sessions, links, factors. And the page of a link, which shows a factor to
//! whoever looks, gives nobody a factor that is used later.

use axum::Router;
use chrono::TimeDelta;
use loket::engine::access::Seen;
use loket::engine::admins::{Proof, Role};
use loket::sop::names::{CaseNumber, Language};
use loket::vault::TotpSecret;
use loket::web::answer::{DecisionAnswer, SignInAnswer, Typed, UnlockAnswer};
use loket::web::counter::Counter;
use loket::web::view::{Admin, Choice};

use crate::desk_threats::ask;
use crate::desk_walk::{decide, form, review};
use crate::kit::Site;
use crate::kit::site::address;

/// Signs in at the door; the device's cookie.
async fn entered(site: &Site, router: &Router, who: &Admin) -> String {
    let code = site.code_of(who).await;
    let fields = [("alamat", who.address.as_str()), ("kode", code.expose())];
    let opened = ask(router, "/masuk", Some(&fields), "").await;
    assert_eq!(opened.status, 303, "{}", opened.body);
    opened.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn change(site: &Site, who: &Admin, how: &str) {
    match how {
        "enrolled anew" => site.enrol(who.address.as_str(), &who.name, Role::Admin).await,
        "made an auditor" => site.enrol(who.address.as_str(), &who.name, Role::Auditor).await,
        "revoked" => assert!(site.engine.revoke(&who.address).await.unwrap()),
        "revoked and enrolled anew" => {
            assert!(site.engine.revoke(&who.address).await.unwrap());
            site.enrol(who.address.as_str(), &who.name, Role::Admin).await;
        }
        _ => drop(site.engine.enroll(&who.address, &who.name, Role::Admin).await.unwrap()),
    }
}

#[tokio::test]
async fn a_session_ends_at_once_when_its_persons_enrolment_changes() {
    for how in ["enrolled anew", "made an auditor", "revoked", "revoked and enrolled anew", "invited"] {
        let site = Site::start().await;
        let router = site.pages();
        let number = site.deliver("complete").await;
        let (admin, _) = site.admins_of(&number).await;
        let (open, left) = (entered(&site, &router, &admin).await, entered(&site, &router, &admin).await);
        let (case, seen) = (format!("/berkas/{number}"), review(&site, &admin, &number).await);
        assert_eq!(ask(&router, &case, None, &open).await.status, 200);

        change(&site, &admin, how).await;

        let fields = [("bukti", seen.proposal.hash.as_str())];
        let pressed = ask(&router, &format!("{case}/setujui"), Some(&fields), &left).await;
        for (page, what) in [(pressed, "a form"), (ask(&router, &case, None, &open).await, "a page")] {
            let to = page.headers["location"].to_str().unwrap();
            assert_eq!((page.status, to), (303, format!("/masuk?ke={case}").as_str()), "{how}: {what}");
        }
        assert_eq!(ask(&router, &format!("{case}/halaman/0/1"), None, &open).await.status, 404, "{how}: a picture");
        let door = ask(&router, "/masuk", None, &open).await;
        assert!(!door.body.contains(&admin.name), "{how}: the device remembers nobody");
        // What the session knew is no way round the pages either.
        assert!(site.desk.case_page(&admin, &number, Language::Id).await.unwrap().is_none(), "{how}");
        let pressed = decide(&site.desk, &admin, &number, form(&seen, Choice::Approve)).await;
        assert!(matches!(pressed, DecisionAnswer::Gone), "{how}");
        assert!(site.case(&number).await.decisions.is_empty(), "{how}");
    }
}

#[tokio::test]
async fn links_mailed_before_an_enrolment_open_nothing_and_fresh_ones_are_mailed() {
    let site = Site::start().await;
    site.engine.revoke(&site.admin(1).await.address).await.unwrap();
    site.deliver("complete").await;
    let admin = site.admin(0).await;
    let old = site.token(admin.address.as_str(), "tautan");
    let before = site.letters().len();
    site.forward(TimeDelta::minutes(1));

    site.enrol(admin.address.as_str(), &admin.name, Role::Admin).await;
    site.settle().await;

    let code = site.code_of(&admin).await;
    assert!(site.desk.lock_view(&old, Language::Id).await.unwrap().is_none());
    assert!(matches!(site.desk.unlock(&old, &code).await.unwrap(), UnlockAnswer::Gone));
    let mailed: Vec<_> = site.letters().split_off(before).into_iter().map(|letter| letter.to).collect();
    assert_eq!(mailed, [vec![admin.address.clone()]], "one fresh mail about the request that stayed theirs");
    let fresh = site.token(admin.address.as_str(), "tautan");
    assert!(fresh != old && matches!(site.desk.unlock(&fresh, &code).await.unwrap(), UnlockAnswer::Opened { .. }));
}

#[tokio::test]
async fn opening_the_desk_is_on_record_and_a_wrong_code_leaves_nothing_there() {
    let site = Site::start().await;
    let (router, admin) = (site.pages(), site.admin(0).await);
    let book = site.engine.key(&CaseNumber::new("ACCESS", 2026, 11));

    ask(&router, "/masuk", Some(&[("alamat", admin.address.as_str()), ("kode", "000000")]), "").await;
    assert_eq!(site.engine.store.events(&book).await.unwrap().len(), 0);
    entered(&site, &router, &admin).await;

    let events = site.engine.store.events(&book).await.unwrap();
    let text = String::from_utf8_lossy(&events[0].bytes).into_owned();
    let named = serde_json::to_string(&Seen::Entered).unwrap();
    assert!(events.len() == 1 && text.contains(&named) && text.contains(admin.address.as_str()), "{text}");
}

/// What the page of a link shows at this moment.
async fn shown(site: &Site, token: &str) -> TotpSecret {
    let (_, record) = site.engine.invited(token).await.expect("the store answers").expect("the link is good");
    record.factor().expect("a factor is shown")
}

#[tokio::test]
async fn t07_what_an_enrolment_page_shows_counts_for_an_hour_and_looking_changes_nothing() {
    let site = Site::start().await;
    let who = address("baru@lembayungraya.example");
    let link = site.engine.enroll(&who, "Admin Baru", Role::Admin).await.unwrap();
    let token = link.rsplit('/').next().unwrap();
    let before = site.engine.admin(&who).await.unwrap().expect("invited").0;

    let scanner = shown(&site, token).await;
    let page = site.desk.enrol_view(token).await.unwrap().expect("the link is good");
    assert_eq!(scanner.typed().expose().replace(' ', ""), page.secret.expose(), "the same to whoever looks now");
    site.forward(TimeDelta::minutes(61));
    let early = scanner.code(site.now());
    assert!(matches!(site.engine.confirm_enrolment(token, &early, None).await.unwrap(), Some(Proof::Wrong { .. })));
    let person = shown(&site, token).await;
    assert_ne!(person.expose(), scanner.expose());
    assert_eq!(
        site.engine.admin(&who).await.unwrap().expect("invited").0,
        before + 1,
        "only the wrong code was written"
    );
    site.forward(TimeDelta::minutes(44));
    let code = person.code(site.now());
    assert_eq!(site.engine.confirm_enrolment(token, &code, None).await.unwrap(), Some(Proof::Right));

    assert!(site.desk.enrol_view(token).await.unwrap().is_none(), "the link is void");
    site.forward(TimeDelta::minutes(1));
    let stolen = Typed::new(scanner.code(site.now()));
    assert!(matches!(site.desk.sign_in(&who, &stolen).await.unwrap(), SignInAnswer::Wrong));
    let own = Typed::new(person.code(site.now()));
    assert!(matches!(site.desk.sign_in(&who, &own).await.unwrap(), SignInAnswer::Opened(_)));
}

#[tokio::test]
async fn an_enrolment_link_is_good_for_a_day() {
    let site = Site::start().await;
    let link = site.engine.enroll(&address("baru@lembayungraya.example"), "Admin Baru", Role::Admin).await.unwrap();
    let token = link.rsplit('/').next().unwrap();

    site.forward(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert!(site.desk.enrol_view(token).await.unwrap().is_some());
    site.forward(TimeDelta::seconds(1));
    assert!(site.desk.enrol_view(token).await.unwrap().is_none());
}
