//! What lies in `fixtures/state-schema-N.tar.gz` from schema 2 on, and that this program finishes what that one began: the office
//! of the samples with a closed request in the archive and one under review, whose letters have gone. When a schema is new,
//!
//! ```text
//! LOKET_FIXTURES=tests/fixtures cargo nextest run t48_an_office_of_the_present_schema
//! ```
//!
//! writes its file; a file that was released is never written again.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use loket::demo::samples::people;
use loket::sop::names::{CaseNumber, Language};
use loket::sop::phase::{Outcome, Phase};
use loket::vault::MasterKey;
use loket::web::answer::{ChangeAnswer, RevealAnswer, RevealTyped, Typed, UnlockAnswer};
use loket::web::counter::Counter;

use crate::desk_walk::approve;
use crate::kit::Site;
use crate::kit::site::Plan;
use crate::store_schema::{PUBLIC_KEY, RELEASED, lay_out, present, schema};

/// The token of the link that the older program mailed, and the moment at which it ended.
const LINK: &str = "link";
const ENDED: &str = "ended";

fn key() -> Option<MasterKey> {
    MasterKey::parse(&[7u8; 32])
}

/// An office as this program leaves it: LPSE-2026-0001 in the archive, LPSE-2026-0002 under review.
async fn lived_in() -> tempfile::TempDir {
    let site = Site::planned(Plan { key: key(), ..Plan::default() }).await;
    let told = site.deliver("user_id").await;
    let (admin, _) = site.admins_of(&told).await;
    approve(&site, &admin, &told).await;
    let token = site.token(people::JOHANNES.email, "ambil");
    let nip = RevealTyped::Nip(Typed::new(people::JOHANNES.nip));
    assert!(matches!(site.desk.reveal(&token, nip).await.unwrap(), RevealAnswer::Revealed(_)));
    site.settle().await;
    assert_eq!(site.engine.file_closed().await.unwrap().archived, [told]);
    let number = site.deliver("complete").await;
    let (admin, _) = site.admins_of(&number).await;
    let link = site.token(admin.address.as_str(), "tautan");
    let public = STANDARD.encode(site.engine.keys.evidence.public());
    let ended = site.now().to_rfc3339();
    let state = site.close();
    for (name, text) in [(PUBLIC_KEY, public), (LINK, link), (ENDED, ended)] {
        std::fs::write(state.path().join(name), text).unwrap();
    }
    state
}

/// Works what is left there to its end, under this program, ten minutes later.
async fn finish(state: tempfile::TempDir) {
    let kept = |name: &str| std::fs::read_to_string(state.path().join(name)).unwrap();
    let (link, ended) = (kept(LINK), DateTime::parse_from_rfc3339(&kept(ENDED)).unwrap().with_timezone(&Utc));
    let site = Site::planned(Plan { key: key(), state: Some(state), ..Plan::default() }).await;
    site.set_clock(ended + TimeDelta::minutes(10));
    site.settle().await;
    let number = CaseNumber::new("LPSE", 2026, 2);
    let (admin, _) = site.admins_of(&number).await;

    let lock = site.desk.lock_view(&link, Language::Id).await.unwrap().expect("a link of before is good");
    let code = site.code_of(&admin).await;
    let opened = site.desk.unlock(&link, &code).await.unwrap();
    approve(&site, &admin, &number).await;
    let token = site.token(people::RINA.email, "ambil");
    let nip = RevealTyped::Nip(Typed::new(people::RINA.nip));
    let RevealAnswer::Revealed(shown) = site.desk.reveal(&token, nip).await.unwrap() else {
        panic!("the NIP opens the result")
    };
    let change = shown.change_token.expect("a password is to be changed");
    assert!(matches!(site.desk.change_confirmed(change.expose()).await.unwrap(), ChangeAnswer::Done));
    site.settle().await;
    let phase = site.case(&number).await.phase;
    let filed = site.engine.file_closed().await.unwrap();
    let next = site.deliver("nip_differs").await;

    assert_eq!(lock.number.as_ref(), Some(&number));
    assert!(matches!(opened, UnlockAnswer::Opened { .. }), "the factor of before is good");
    assert!(matches!(phase, Phase::Closed { outcome: Outcome::ResetConfirmed, .. }), "{phase:?}");
    assert_eq!((filed.archived, filed.failed), (vec![number.clone()], vec![]));
    for serial in [1, 2] {
        let dossier = site.engine.archive.show(&CaseNumber::new("LPSE", 2026, serial)).await.unwrap();
        assert!(dossier.is_some(), "{serial}");
    }
    assert!(site.engine.archive.verify().await.unwrap().is_empty());
    assert!(site.engine.store.verify().await.unwrap().is_empty());
    assert_eq!(next, CaseNumber::new("LPSE", 2026, 3), "numbers go on");
}

/// The file of schema 1 has a case that nobody could work on: its bytes stand for a case and are none.
#[tokio::test]
async fn t48_what_began_under_a_released_schema_is_worked_to_its_archived_end() {
    for released in RELEASED.into_iter().filter(|released| *released > 1) {
        let folder = tempfile::tempdir().unwrap();
        lay_out(released, folder.path());

        finish(folder).await;
    }
}

#[tokio::test]
async fn t48_an_office_of_the_present_schema_is_written_and_worked_to_its_end() {
    let state = lived_in().await;
    assert_eq!(schema(state.path()), present());
    if let Some(fixtures) = std::env::var_os("LOKET_FIXTURES") {
        pack(state.path(), &Path::new(&fixtures).join(format!("state-schema-{}.tar.gz", present())));
    }

    finish(state).await;
}

/// Without the lock, and as if everything had been written at one moment by root.
fn pack(state: &Path, file: &Path) {
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@1794276000", "--exclude=./lock"]);
    let packed = tar.arg("-C").arg(state).arg("-czf").arg(std::path::absolute(file).unwrap()).arg(".").status();
    assert!(packed.unwrap().success());
}
