//! Mail is decided on only when it can be read.

use loket::engine::intake::Patience;
use loket::engine::port::{Arrival, ArrivalBody, FaultKind, Origin};

use crate::kit::Site;
use crate::kit::site::Plan;

/// Regression: without a reading worker (its program replaced, no memory for it) a request counted as empty, was noted as
/// "no request" and filed away unanswered.
#[tokio::test]
async fn without_a_reading_worker_no_mail_is_decided_on() {
    let site = Site::planned(Plan { reader_gone: true, ..Plan::default() }).await;
    let raw =
        b"From: rina@lembayungraya.example\r\nSubject: Permohonan reset password\r\nMessage-ID: <1@a.example>\r\n\r\n"
            .to_vec();
    let (mailbox, folder, name) = ("utama".to_owned(), "INBOX".to_owned(), "1.mail".to_owned());
    let origin = Origin { mailbox, folder, uid_validity: 0, uid: 0, name };
    let arrival = Arrival { origin, body: ArrivalBody::Raw(raw) };

    let taken = site.engine.take_in(&site.mailbox, vec![arrival], Patience::Over).await;

    let fault = taken.expect_err("nothing can be read");
    assert_eq!(fault.kind, FaultKind::Transient);
    assert!(fault.message.starts_with("Cannot start the reading worker"), "{fault}");
    assert!(site.post.sent.lock().expect("no panic under the lock").is_empty());
}
