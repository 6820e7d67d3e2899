//! Archive and live store are read through daily, and damage is told until a look finds none.

use std::path::PathBuf;

use chrono::{Datelike, TimeDelta};
use loket::engine::fixity::Fixity;

use crate::engine_filing::rejected;
use crate::kit::Site;

/// An office with one dossier in its archive, and that file.
async fn with_a_dossier() -> (Site, PathBuf) {
    let site = Site::start().await;
    rejected(&site).await;
    assert_eq!(site.engine.file_closed().await.unwrap().archived.len(), 1);
    let file = site.archive_file(site.now().year());
    (site, file)
}

async fn damaged(site: &Site) -> Option<usize> {
    site.engine.fixity().await.unwrap().map(|Fixity { damaged, .. }| damaged)
}

#[tokio::test(flavor = "multi_thread")]
async fn t43_a_byte_that_changed_in_the_archive_is_told_by_the_next_days_look_until_it_is_mended() {
    let (site, file) = with_a_dossier().await;
    let whole = std::fs::read(&file).unwrap();
    assert_eq!(damaged(&site).await, None);
    assert_eq!(site.engine.look_through_daily().await.unwrap(), Some(Vec::new()));

    const PARTS: redb::TableDefinition<(u64, u32, u32), &[u8]> = redb::TableDefinition::new("parts");
    crate::store_damage::flip(&file, PARTS, false, |length| length / 2);
    assert_eq!(site.engine.look_through_daily().await.unwrap(), None, "the look of today is not repeated");
    site.forward(TimeDelta::hours(20));
    let found = site.engine.look_through_daily().await.unwrap().expect("it is due");

    assert_eq!((found.len(), damaged(&site).await), (1, Some(1)));
    assert!(found[0].thing.starts_with("dossier LPSE-2026-"), "{}", found[0].thing);

    std::fs::write(&file, whole).unwrap();
    assert!(site.engine.look_through().await.unwrap().is_empty());
    assert_eq!(damaged(&site).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn t43_a_mail_that_is_lost_from_the_live_store_is_told_by_the_look() {
    let site = Site::start().await;
    site.deliver("complete").await;
    let within = |folder: PathBuf| std::fs::read_dir(folder).unwrap().next().expect("something").unwrap().path();
    let mail = within(within(within(site.state().join("live/contents"))));
    std::fs::remove_file(mail).unwrap();

    let found = site.engine.look_through_daily().await.unwrap().expect("it is due");

    assert_eq!((found.len(), damaged(&site).await), (1, Some(1)));
}
