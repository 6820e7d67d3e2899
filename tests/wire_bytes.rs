//! Rows 33, 38 and 39: any byte of a whole dialogue in the clear, with a password or without a login, may be the last or the
//! slowest ([`crate::wire_places`]). Deadlines hold, nothing is lost or doubled, and the next attempt is clean.

use crate::kit::samples::mail;
use crate::wire_places::{lead, places};
use crate::wire_talk::{Guise, Seen, read_and_file, send};

#[tokio::test(flavor = "multi_thread")]
async fn t33_any_byte_of_reading_and_filing_may_be_the_last_or_the_slowest() {
    let (guise, mails): (Guise, Vec<Vec<u8>>) = (Guise::Plain, (1..=2).map(mail).collect());
    let lengths = read_and_file(None, &guise, &mails).await;
    assert_eq!(lengths.len(), 2, "one connection reads and one files");
    assert!(lengths.iter().flatten().sum::<usize>() > 1200, "{lengths:?}");

    let places = places(&lengths, 7);
    lead("IMAP", &lengths, places, |plan| read_and_file(Some(plan), &guise, &mails)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t38_t39_any_byte_of_sending_may_be_the_last_or_the_slowest() {
    let (guise, seen) = (Guise::Plain, Seen::default());
    let lengths = send(None, &guise, &[], &seen).await;
    assert!(lengths.iter().flatten().sum::<usize>() > 650, "{lengths:?}");

    let places = places(&lengths, 5);
    lead("SMTP", &lengths, places, |plan| send(Some(plan), &guise, &lengths, &seen)).await;

    let [sent, unsent, perhaps] = seen.counts();
    println!("at first {sent} sent, {unsent} unsent, {perhaps} perhaps");
    assert!(unsent > 0 && perhaps > 0, "{unsent} unsent, {perhaps} perhaps");
}
