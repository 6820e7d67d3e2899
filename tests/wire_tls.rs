//! Rows 33, 36, 38 and 39 below TLS: any byte of the handshake and of the records may be the last or the slowest
//! ([`crate::wire_places`]). What ends without close_notify is never taken for whole, deadlines hold, and the next attempt is
//! clean, also where it resumes a session.

use std::sync::Arc;

use loket::mail::tls::Security;
use tempfile::TempDir;

use crate::kit::certificates::Certificates;
use crate::kit::samples::mail;
use crate::kit::tls_front;
use crate::wire_places::{lead, places};
use crate::wire_talk::{Guise, Seen, read_and_file, send};

/// And the folder of its certificates.
fn secure(security: Security) -> (Guise, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (Guise::Secure(security, Arc::new(Certificates::of_even_length(folder.path()))), folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn t33_any_byte_of_reading_and_filing_over_tls_may_be_the_last_or_the_slowest() {
    let mails: Vec<Vec<u8>> = (1..=2).map(mail).collect();
    let (guise, _folder) = secure(Security::ImplicitTls);
    let lengths = read_and_file(None, &guise, &mails).await;
    assert_eq!(lengths.len(), 2, "one connection reads and one files");
    assert!(lengths.iter().flatten().sum::<usize>() > 3000, "{lengths:?}");

    let places = places(&lengths, 97);
    lead("IMAP over TLS", &lengths, places, |plan| read_and_file(Some(plan), &guise, &mails)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t38_t39_any_byte_of_sending_after_starttls_may_be_the_last_or_the_slowest() {
    let ((guise, _folder), seen) = (secure(Security::StartTls), Seen::default());
    let lengths = send(None, &guise, &[], &seen).await;
    assert!(lengths.iter().flatten().sum::<usize>() > 2000, "{lengths:?}");

    let places = places(&lengths, 61);
    lead("SMTP over STARTTLS", &lengths, places, |plan| send(Some(plan), &guise, &lengths, &seen)).await;

    let [sent, unsent, perhaps] = seen.counts();
    println!("at first {sent} sent, {unsent} unsent, {perhaps} perhaps");
    assert!(unsent > 0 && perhaps > 0, "{unsent} unsent, {perhaps} perhaps");
}

#[tokio::test(flavor = "multi_thread")]
async fn t36_any_byte_before_a_mailboxs_handshake_may_be_the_last_or_the_slowest() {
    let mails: Vec<Vec<u8>> = (1..=2).map(mail).collect();
    let (guise, _folder) = secure(Security::StartTls);
    let answered = tls_front::IMAP.concat().len();
    let asked = "T1 STARTTLS\r\n".len();
    let lengths = read_and_file(None, &guise, &mails).await;
    assert!(lengths[0][0] > asked && lengths[0][1] > answered, "{lengths:?}");

    // What follows is as it is without STARTTLS.
    let lengths = [[asked, answered]];
    let places = places(&lengths, 5);
    lead("IMAP before STARTTLS", &lengths, places, |plan| read_and_file(Some(plan), &guise, &mails)).await;
}
