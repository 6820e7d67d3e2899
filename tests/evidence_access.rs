//! Who saw what is on record before it is shown: at the desk by person, on the command line by user.

use loket::engine::access::Seen;
use loket::sop::names::{CaseNumber, Language};
use loket::web::counter::Counter;

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
async fn looks_at_the_same_moment_are_all_on_record() {
    let site = Site::start().await;
    let number = CaseNumber::new("LPSE", 2026, 1);
    let look = |page| site.engine.record_access("a@b.example", &number, Seen::Page { paper: 0, page });

    let all = futures::future::join_all((0..12).map(look)).await;

    assert!(all.iter().all(Result::is_ok));
    assert_eq!(seen(&site, &number).await.len(), 12);
}
