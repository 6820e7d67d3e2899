//! Forged and signed mail on the real way: through Postfix, which judges and stamps, into a mailbox on Dovecot.

use loket::mail::authenticity::{Authenticity, How, Trust};
use loket::mail::message::{Inbound, Reception};
use loket::mail::proof::{Question, Said};

use crate::kit::names::NameServer;
use crate::kit::postfix::{AUTHSERV_ID, FORGED};
use crate::kit::signer::Signer;
use crate::kit::{Dovecot, Postfix};

const INBOX: &str = "helpdesk@lpse.karangmulia.example";

fn trust() -> Trust {
    Trust { authserv_id: Some(AUTHSERV_ID.to_owned()), ..Trust::default() }
}

fn mail(headers: &str) -> Vec<u8> {
    format!(
        "{headers}To: {INBOX}\r\nSubject: Permohonan\r\nDate: Mon, 09 Nov 2026 09:00:00 +0800\r\n\
         Content-Type: text/plain\r\n\r\nMohon atur ulang sandi.\r\n"
    )
    .into_bytes()
}

/// What the mailbox holds after each was sent with its envelope sender, in this order.
async fn delivered(sent: &[(&str, Vec<u8>)]) -> Vec<Vec<u8>> {
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start(&dovecot).await;
    let mut arrived = Vec::new();
    for (from, raw) in sent {
        postfix.deliver(from, INBOX, raw).await;
        let all = dovecot.wait_for_messages(INBOX, "INBOX", arrived.len() + 1).await;
        let new = all.into_iter().find(|raw| !arrived.contains(raw)).expect("one more than before");
        arrived.push(new);
    }
    arrived
}

fn judged(raw: &[u8]) -> Authenticity {
    Inbound::read(raw, &Reception { trust: trust(), ..Reception::default() }).authenticity
}

#[tokio::test]
async fn t01_forged_senders_are_known_behind_a_real_mail_server() {
    let honest = "From: budi@dinas.example\r\n";
    let mails = delivered(&[
        ("budi@dinas.example", mail(honest)),
        (&format!("siapa@{FORGED}"), mail(&format!("From: siapa@{FORGED}\r\n"))),
        // The server vouches for the envelope's domain, which is not the one the reader sees.
        ("siapa@jahat.example", mail(honest)),
        ("siapa@jahat.example", mail("From: siapa@jahat.example\r\nFrom: budi@dinas.example\r\n")),
        ("siapa@jahat.example", mail("From: Tim: siapa@jahat.example, budi@dinas.example;\r\n")),
        ("siapa@jahat.example", mail("From: siapa@jahat.example, budi@dinas.example\r\n")),
        ("siapa@jahat.example", mail("From: \"budi@dinas.example\" <siapa@lain.example>\r\n")),
    ])
    .await;

    let verdicts: Vec<Authenticity> = mails.iter().map(|raw| judged(raw)).collect();

    assert!(verdicts[0].is_authenticated());
    assert!(verdicts[1..].iter().all(|verdict| !verdict.is_authenticated()), "{verdicts:#?}");
    assert!(matches!(verdicts[3], Authenticity::Contradicted { .. }));
    assert!(matches!(verdicts[4], Authenticity::Contradicted { .. }));
}

#[tokio::test]
async fn t02_a_verdict_that_came_with_the_mail_does_not_count_behind_a_real_mail_server() {
    let injected = format!("Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from={FORGED}\r\n");
    let under =
        format!("Received: from a by {AUTHSERV_ID} with ESMTP id 1; Mon, 09 Nov 2026 09:00:00 +0800\r\n{injected}");
    let from = format!("From: siapa@{FORGED}\r\n");
    let envelope = format!("siapa@{FORGED}");

    let mails = delivered(&[
        (&envelope, mail(&format!("{injected}{from}"))),
        (&envelope, mail(&format!("{under}{from}"))),
        (&envelope, mail(&format!("{from}{injected}"))),
    ])
    .await;

    for raw in &mails {
        assert!(matches!(judged(raw), Authenticity::Failed { .. }), "{}", String::from_utf8_lossy(raw));
    }
}

#[tokio::test]
async fn a_signature_outlives_the_way_through_real_mail_servers() {
    let domain = Signer::new("dinas.example");
    let server = NameServer::start(&[domain.record()]).await;
    let signed = domain.sign(&mail("From: budi@dinas.example\r\n"));
    let tampered = String::from_utf8(signed.clone()).unwrap().replace("atur ulang", "hapus").into_bytes();
    let mails = delivered(&[("budi@dinas.example", signed), ("budi@dinas.example", tampered)]).await;

    let mut said = Vec::new();
    let trust = trust();
    for raw in &mails {
        let inbound = Inbound::read(raw, &Reception { trust: trust.clone(), ..Reception::default() });
        let sender = inbound.sender().expect("one sender").clone();
        // Taken in today, so that the day of the test makes no mail old.
        let question = Question { received_at: inbound.date, ..Question::about(raw, &sender, &inbound, &trust) };
        said.push(server.witness().ask(question).await.expect("the name server answers"));
    }

    assert_eq!(said, [Said::Proven(How::Dkim), Said::Nothing]);
}
