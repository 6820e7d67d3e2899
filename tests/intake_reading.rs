//! Mail is decided on only when it can be read, and read by the procedure that its case began under.

use std::sync::Arc;

use loket::engine::intake::{Mailbox, Patience};
use loket::engine::port::{Arrival, ArrivalBody, FaultKind, Origin};
use loket::sop::checklist::Finding;

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

/// Decisions went by the pinned file, while a further mail was read by the mailbox's: who had to sign changed under an open
/// case.
#[tokio::test]
async fn a_case_is_read_to_its_end_by_the_procedure_it_began_under() {
    let mut site = Site::start().await;
    let number = site.deliver("completed_later").await;
    let before = site.mailbox.worked.procedure.source();
    let after = before.replace("\nsigner = \"applicant\"\n", "\nsigner = \"superior\"\n");
    let worked = site.engine.procedures.adopt(&after, &site.engine.office.id, &*site.engine.store).await.unwrap();
    site.mailbox = Arc::new(Mailbox { worked, ..(*site.mailbox).clone() });

    site.follow_up("completed_later", &number).await;
    let newer = site.deliver("complete").await;

    let signed = async |number| site.case(number).await.understanding.check("request_letter_signed").unwrap().finding;
    assert_eq!(signed(&number).await, Finding::Met);
    assert_ne!(signed(&newer).await, Finding::Met, "a new request is read by the new file");
}
