//! The few settings that all else hangs on are looked at before anything is opened.

use std::path::Path;

use redb::{Database, ReadableTable, TableDefinition};

use super::{Bytes, Text, copy, lived_in, served};
use crate::store_fixture::{key, open, try_open};

#[tokio::test]
async fn t43_a_byte_flipped_in_a_setting_that_all_hangs_on_refuses_the_start_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    lived_in(&folder.path().join("whole")).await;

    let bits = |bytes: usize| 0..bytes * 8;
    for (setting, flipped, says) in [
        ("schema", bits(8), "schema"),
        ("epoch", bits(8), "epoch"),
        ("store", 0..1, "store"),
        ("pinned", 0..1, "epoch"),
        ("fingerprint", 0..1, "key"),
        ("lasting", 0..1, "lasting"),
    ] {
        for bit in flipped {
            let state = folder.path().join(format!("{setting}-{bit}"));
            copy(&folder.path().join("whole"), &state);
            change_settings(&state, |meta| {
                let mut bytes = meta.get(setting).unwrap().expect("the setting is there").value().to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                meta.insert(setting, bytes.as_slice()).unwrap();
            });

            let refused = try_open(&state).map(drop).expect_err(setting).to_string();

            assert!(refused.contains(says), "bit {bit} of {setting}: {refused}");
        }
    }
}

/// A file that lost its schema was taken for a new one, and founded anew over all that was in it.
#[tokio::test]
async fn t43_a_setting_whose_name_is_flipped_refuses_the_start_and_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    lived_in(&folder.path().join("whole")).await;

    for setting in ["schema", "fingerprint", "lasting", "epoch"] {
        let state = folder.path().join(setting);
        copy(&folder.path().join("whole"), &state);
        let other = format!("{}x", &setting[..setting.len() - 1]);
        let rename = |from: &str, to: &str| {
            change_settings(&state, |meta| {
                let value = meta.remove(from).unwrap().expect("the setting is there").value().to_vec();
                meta.insert(to, value.as_slice()).unwrap();
            });
        };
        rename(setting, &other);

        let refused = try_open(&state).map(drop);
        rename(&other, setting);

        assert!(refused.is_err(), "{setting}");
        assert!(served(&open(&state), &key(1)).await, "{setting} as it was");
    }
}

/// A store of before anything was pinned goes on, and is held to it from then on.
#[tokio::test]
async fn a_store_without_a_pinned_epoch_pins_the_one_it_has() {
    let folder = tempfile::tempdir().unwrap();
    lived_in(folder.path()).await;
    change_settings(folder.path(), |meta| drop(meta.remove("pinned").unwrap()));

    let opened = served(&open(folder.path()), &key(1)).await;
    change_settings(folder.path(), |meta| drop(meta.insert("epoch", 2_u64.to_be_bytes().as_slice()).unwrap()));
    let refused = try_open(folder.path()).map(drop).expect_err("it is another epoch").to_string();

    assert!(opened && refused.contains("the setting epoch or store is damaged"), "{refused}");
}

const META: TableDefinition<Text, Bytes> = TableDefinition::new("meta");

fn change_settings(state: &Path, change: impl FnOnce(&mut redb::Table<Text, Bytes>)) {
    let database = Database::open(state.join("live/loket.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&mut transaction.open_table(META).unwrap());
    transaction.commit().unwrap();
}
