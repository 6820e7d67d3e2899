//! The Maildir outbox.

use loket::engine::port::Courier;
use loket::mail::courier::maildir::MaildirCourier;

use crate::kit::samples::{letter, sender};

#[tokio::test]
async fn a_letter_handed_over_twice_lies_in_the_outbox_once() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let courier = MaildirCourier::new(home.path().join("keluar"), sender()).expect("the folder is ours");

    courier.send(&letter(1)).await.expect("the folder is ours");
    courier.send(&letter(1)).await.expect("the folder is ours");
    courier.send(&letter(2)).await.expect("the folder is ours");

    let new: Vec<_> = std::fs::read_dir(home.path().join("keluar/new"))
        .expect("the outbox")
        .map(|e| e.expect("an entry").path())
        .collect();
    let letters: Vec<String> = new.iter().map(|path| std::fs::read_to_string(path).expect("ASCII")).collect();
    assert_eq!(letters.len(), 2);
    for number in [1, 2] {
        let id = format!("Message-ID: <loket.{number}@lpse.karangmulia.example>\r\n");
        assert_eq!(letters.iter().filter(|text| text.contains(&id)).count(), 1);
    }
    assert_eq!(std::fs::read_dir(home.path().join("keluar/tmp")).expect("the outbox").count(), 0);
}
