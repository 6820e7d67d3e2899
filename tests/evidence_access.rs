//! Who saw what is on record before it is shown: at the desk by person, on the command line by user.

use loket::engine::access::Seen;
use loket::sop::names::{CaseNumber, Language};
use loket::web::counter::Counter;
use loket::web::view::DeskFilter;

use crate::desk_walk::review;
use crate::kit::Site;

async fn seen(site: &Site, number: &CaseNumber) -> Vec<(String, Seen)> {
    let all = site.engine.accesses(number, site.now()).await.expect("the store answers");
    all.into_iter().map(|access| (access.who, access.what)).collect()
}

#[tokio::test]
async fn every_view_at_the_desk_is_on_record_by_person_and_what_is_not_there_leaves_none() {
    let site = Site::start().await;
    let number = site.deliver("complete").await;
    let held = site.deliver("forged").await;
    let (admin, other) = site.admins_of(&number).await;
    let before = site.engine.store.journal_head(&site.engine.office.id).await.unwrap();

    site.desk.case_page(&admin, &number, Language::Id).await.unwrap().expect("it is under review");
    site.desk.picture(&other, &number, 0, 1).await.unwrap().expect("the page is there");
    site.desk.held_view(&admin, &held.to_string(), Language::Id).await.unwrap().expect("it is held");
    assert!(site.desk.picture(&other, &number, 9, 1).await.unwrap().is_none());

    let (admin, other) = (admin.address.to_string(), other.address.to_string());
    assert_eq!(seen(&site, &number).await, [(admin.clone(), Seen::Case), (other, Seen::Page { paper: 0, page: 1 })]);
    assert_eq!(seen(&site, &held).await, [(admin, Seen::Held)]);
    assert_eq!(seen(&site, &CaseNumber::new("LPSE", 2026, 999)).await, []);
    let after = site.engine.store.journal_head(&site.engine.office.id).await.unwrap();
    assert_eq!(after.position, before.position + 3, "in the journal's chain");
    assert!(!site.numbers().await.iter().any(|number| number.prefix() == "ACCESS"), "and no case of its own");
    assert_eq!(site.engine.store.verify().await.unwrap(), []);
}

#[tokio::test]
async fn the_list_and_the_files_that_would_go_out_are_on_record_too() {
    let site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let (admin, _) = site.admins_of(&number).await;
    let view = review(&site, &admin, &number).await;
    assert!(view.drafts.iter().any(|draft| !draft.enclosures.is_empty()), "a form would go out");
    let before = site.engine.store.journal_head(&site.engine.office.id).await.unwrap();

    site.desk.enclosure(&admin, &number, 0).await.unwrap().expect("the form is there");
    assert!(site.desk.enclosure(&admin, &number, 99).await.unwrap().is_none());
    site.desk.desk(&admin, &DeskFilter::default(), Language::Id).await.unwrap();

    let who = admin.address.to_string();
    assert_eq!(seen(&site, &number).await, [(who.clone(), Seen::Case), (who, Seen::Enclosure { index: 0 })]);
    let after = site.engine.store.journal_head(&site.engine.office.id).await.unwrap();
    assert_eq!(after.position, before.position + 2, "the file and the list");
}

/// The views of the port: what takes a person and answers with something to see.
#[test]
fn no_view_of_the_port_is_without_its_record() {
    let port = include_str!("../src/web/counter.rs");
    let methods = port.split("\n    fn ").skip(1).filter(|text| text.contains("admin: &'a Admin"));
    let shows = |text: &&str| text.split(';').next().is_some_and(|head| !head.contains("Answer>"));
    let views: Vec<&str> =
        methods.filter(shows).filter_map(|text| text.split_once('<').map(|(name, _)| name)).collect();
    let counter = include_str!("../src/daemon/counter/mod.rs");

    assert!(views.len() >= 5, "{views:?}");
    for view in views.into_iter().filter(|view| *view != "sign_out") {
        let body = counter.split(&format!("    fn {view}<")).nth(1).and_then(|text| text.split("\n    fn ").next());
        let body = body.expect("the counter answers every method of its port");
        assert!(body.contains("on_record(") || body.contains("record_access("), "{view} is shown without a record");
    }
}

#[tokio::test]
async fn looks_at_the_same_moment_are_all_on_record() {
    let site = Site::start().await;
    let number = CaseNumber::new("LPSE", 2026, 1);
    let look = |page| site.engine.record_access("a@b.example", Some(&number), Seen::Page { paper: 0, page });

    let all = futures::future::join_all((0..12).map(look)).await;

    assert!(all.iter().all(Result::is_ok));
    assert_eq!(seen(&site, &number).await.len(), 12);
}
