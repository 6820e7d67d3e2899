//! An archive in a temporary folder and dossiers to file in it.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use loket::engine::archive::{ArchiveDossier, ArchiveItem, RegisterLine};
use loket::store::archive::RedbArchive;
use loket::store::redb::RedbStore;
use loket::vault::OsRandom;
use serde_json::json;

use crate::store_fixture::{key, keyring};

pub fn open(folder: &Path, live: Option<&RedbStore>) -> RedbArchive {
    RedbArchive::open(folder.to_owned(), keyring(), Arc::new(OsRandom), live).expect("the archive opens")
}

pub fn day(year: i32, month: u32, day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, month, day, 2, 30, 0).single().expect("a day of the calendar")
}

pub fn item(name: &str, title: &str, bytes: &[u8]) -> ArchiveItem {
    ArchiveItem {
        name: name.to_owned(),
        media_type: "application/octet-stream".to_owned(),
        title: title.to_owned(),
        bytes: bytes.to_vec(),
    }
}

/// Bytes that do not repeat, of any length.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    use loket::vault::Random;
    let mut bytes = vec![0u8; length];
    loket::vault::SeededRandom::new(seed).fill(&mut bytes);
    bytes
}

pub fn dossier(serial: u32, at: DateTime<Utc>) -> ArchiveDossier {
    let register = RegisterLine {
        number: key(serial).number,
        classification: "000.3".to_owned(),
        retention_class: "aktif 1, inaktif 2, musnah".to_owned(),
        access: "terbatas".to_owned(),
        outcome: "reset_done".to_owned(),
        opened: at - chrono::Duration::days(2),
        closed: at - chrono::Duration::days(1),
    };
    let applicant = format!("Dimas Wiratama Putra {serial}");
    ArchiveDossier {
        key: key(serial),
        register,
        metadata: json!({ "title": format!("Permohonan reset password, {applicant}"), "applicant": applicant }),
        items: vec![
            item("surat-masuk.eml", "Surel permohonan", &noise(u64::from(serial), 150_000)),
            item(&format!("lampiran/SK {applicant}.pdf"), "Surat keputusan", &noise(u64::from(serial) + 1000, 70_000)),
            item("kosong.txt", "Catatan kosong", b""),
        ],
        at,
    }
}
