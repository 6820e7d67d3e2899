//! A power failure in the middle of a transaction: redb's promise, held against the pages this store writes.

use std::path::Path;

use loket::engine::store::{Damage, Outcome, Store};

use crate::archive_fixture::noise;
use crate::store_fixture::{files, key, open, row, step};

/// The state folder as a power failure would leave it: what is on disk, and no goodbye.
fn image(state: &Path, to: &Path) {
    for file in files(state) {
        let copy = to.join(file.strip_prefix(state).unwrap());
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(&file, copy).unwrap();
    }
}

/// A transaction's pages reach the disk in any order until its first flush. Whichever of them a power failure let
/// through, the step is not begun; only the head of the file, written last, makes it happen.
#[tokio::test]
async fn a_transaction_cut_anywhere_before_its_head_is_as_if_never_begun() {
    const PAGE: usize = 4096;
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let store = open(&state);
    for serial in 1..=20 {
        store.commit(vec![step(serial, 0), step(serial, 1)]).await.unwrap();
    }
    let file = state.join("live/loket.redb");
    let before = std::fs::read(&file).unwrap();
    let mut big = step(1, 2);
    big.snapshot = noise(5, 30_000);
    big.outbox = vec![row("ack", 0)];
    let outcomes = store.commit((2..=20).map(|serial| step(serial, 2)).chain([big]).collect()).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Committed { version: 3 }));
    let after = std::fs::read(&file).unwrap();
    let old = |place: usize| before.get(place..place + PAGE);
    let changed: Vec<usize> =
        (PAGE..after.len()).step_by(PAGE).filter(|place| old(*place) != Some(&after[*place..*place + PAGE])).collect();
    assert!(changed.len() > 10, "the step is too small to be cut: {} pages", changed.len());

    for (round, lot) in noise(11, 12 * changed.len()).chunks(changed.len()).enumerate() {
        let mut torn = before.clone();
        torn.resize(after.len().max(before.len()), 0);
        for (place, lot) in changed.iter().zip(lot) {
            if lot % 2 == 0 || round == 0 {
                torn[*place..*place + PAGE].copy_from_slice(&after[*place..*place + PAGE]);
            }
        }
        let cut = folder.path().join(format!("cut-{round}"));
        image(&state, &cut);
        std::fs::write(cut.join("live/loket.redb"), &torn).unwrap();

        let reopened = open(&cut);

        assert_eq!(reopened.verify().await.unwrap(), Vec::<Damage>::new(), "round {round}");
        for serial in 1..=20 {
            let case = reopened.load(&key(serial)).await.unwrap().unwrap();
            assert_eq!(case.version, 2, "round {round}, case {serial}");
        }
        assert_eq!(reopened.next_due(&[]).await.unwrap(), None);
        assert_eq!(reopened.commit(vec![step(1, 2)]).await.unwrap(), [Outcome::Committed { version: 3 }]);
    }
}
