//! The SMTP courier: against a real Postfix, and against a peer that fails at the worst moment.

use std::time::Duration;

use loket::engine::port::{Courier, Enclosure, FaultKind, Outgoing, Post};
use loket::mail::courier::smtp::{SmtpCourier, SmtpSettings};
use loket::mail::tls::Security;
use mail_parser::MessageParser;

use crate::kit::samples::{address, letter, sender};
use crate::kit::sink::Fault;
use crate::kit::wait::in_time;
use crate::kit::{Dovecot, Postfix, SmtpSink};

fn to_sink(sink: &SmtpSink) -> SmtpCourier {
    SmtpCourier::new(SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: sink.port(),
        security: Security::Plain,
        login: None,
        ca_file: None,
        sender: sender(),
        hello_name: Some("loket.example".to_owned()),
        command_deadline: Duration::from_millis(500),
        answer_deadline: Duration::from_millis(500),
        connections: 2,
    })
    .expect("sound settings")
}

#[tokio::test]
async fn a_letter_goes_through_the_offices_server_to_the_applicant() {
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start(&dovecot).await;
    let courier = SmtpCourier::new(postfix.settings()).expect("sound settings");

    in_time("the letter", courier.send(&letter(1))).await.expect("Postfix takes it");

    let letters = dovecot.wait_for_messages("dimas@karangmulia.example", "INBOX", 1).await;
    let mail = MessageParser::default().parse(&letters[0]).expect("a mail");
    assert_eq!(mail.message_id(), Some("loket.1@lpse.karangmulia.example"));
    assert_eq!(mail.subject(), Some("Permohonan diterima 1"));
    assert_eq!(mail.body_text(0).expect("a text").replace("\r\n", "\n").trim_end(), letter(1).body.trim_end());
    assert_eq!(mail.header("Auto-Submitted").and_then(|h| h.as_text()), Some("auto-replied"));
}

#[tokio::test]
async fn a_wrong_password_is_named_by_the_probe_and_holds_letters_back() {
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start(&dovecot).await;
    let mut settings = postfix.settings();
    settings.login = Some(("helpdesk".to_owned(), "salah-sekali".to_owned().into()));
    let courier = SmtpCourier::new(settings).expect("sound settings");

    let probed = in_time("an answer", courier.probe()).await.expect_err("a wrong password");
    let sent = in_time("an answer", courier.send(&letter(1))).await.expect_err("a wrong password");

    assert_eq!(
        (probed.kind, sent.kind),
        (FaultKind::Permanent, FaultKind::Transient),
        "the letter waits for the repair"
    );
    assert!(probed.message.contains("password") && !probed.message.contains("salah"), "{probed}");
    let right = SmtpCourier::new(postfix.settings()).expect("sound settings");
    assert!(in_time("an answer", right.probe()).await.expect("the right password").contains("takes our login"));
}

#[tokio::test]
async fn a_real_servers_refusal_of_an_address_is_permanent_and_masks_it() {
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start(&dovecot).await;
    let mut settings = postfix.settings();
    (settings.port, settings.security, settings.login) = (postfix.mx(), Security::Plain, None);
    let courier = SmtpCourier::new(settings).expect("sound settings");
    let mut unknown = letter(1);
    unknown.to = vec![address(&format!("rahasiawati@{}", crate::kit::postfix::NOWHERE))];

    let fault = in_time("an answer", courier.send(&unknown)).await.expect_err("Postfix knows of no such mailbox");

    assert_eq!(fault.kind, FaultKind::Permanent);
    assert!(fault.message.contains("no such mailbox") && !fault.message.contains("rahasiawati"), "{fault}");
}

#[tokio::test]
async fn letters_share_a_connection() {
    let sink = SmtpSink::start().await;
    let courier = to_sink(&sink);

    for number in 0..20 {
        in_time("a letter", courier.send(&letter(number))).await.expect("the sink takes it");
    }

    assert_eq!((sink.taken().len(), sink.connections()), (20, 1));
}

#[tokio::test]
async fn letters_at_once_use_no_more_connections_than_allowed() {
    let sink = SmtpSink::start().await;
    let courier = to_sink(&sink);
    let letters: Vec<_> = (0..50).map(letter).collect();

    let sent =
        in_time("fifty letters", futures::future::join_all(letters.iter().map(|letter| courier.send(letter)))).await;

    assert!(sent.iter().all(Result::is_ok));
    assert_eq!(sink.taken().len(), 50);
    assert!(sink.connections() <= 2, "{}", sink.connections());
}

#[tokio::test]
async fn t38_a_4xx_is_worth_a_retry_and_a_5xx_is_not() {
    let sink = SmtpSink::start().await;
    let courier = to_sink(&sink);
    for at in ["RCPT", "DATA", "."] {
        sink.fail(Fault::Answer { at, line: "451 4.3.0 later" });
        let later = in_time("an answer", courier.send(&letter(1))).await.expect_err("a 4xx");
        sink.fail(Fault::Answer { at, line: "554 5.7.1 <dimas@karangmulia.example> never" });
        let never = in_time("an answer", courier.send(&letter(1))).await.expect_err("a 5xx");

        assert_eq!((later.kind, never.kind), (FaultKind::Transient, FaultKind::Permanent), "at {at}");
        assert!(never.message.contains("554") && !never.message.contains("dimas@"), "{never}");
    }
    in_time("a letter", courier.send(&letter(2))).await.expect("a refusal does not spoil the connection");
    assert_eq!((sink.taken().len(), sink.connections()), (1, 1));
}

/// The quota of a day, or a sender that is no longer known: each letter of a night would have been given up within seconds.
#[tokio::test]
async fn t38_who_refuses_our_own_address_refuses_no_letter() {
    let sink = SmtpSink::start().await;
    let courier = to_sink(&sink);
    for line in ["550 5.4.5 daily sending quota exceeded", "553 5.7.1 sender not owned", "451 4.3.2 not now"] {
        sink.fail(Fault::Answer { at: "MAIL", line });
        let fault = in_time("an answer", courier.send(&letter(1))).await.expect_err("a refusal");

        assert_eq!(fault.kind, FaultKind::Transient, "{line}");
        assert!(courier.post().away.is_some(), "{line}");
    }
    for (at, line) in [("MAIL", "552 5.3.4 too large"), ("RCPT", "550 5.1.1 no such mailbox")] {
        sink.fail(Fault::Answer { at, line });
        let fault = in_time("an answer", courier.send(&letter(1))).await.expect_err("a refusal");

        assert_eq!((fault.kind, courier.post().away), (FaultKind::Permanent, None), "{line}");
    }
    let refused = courier.post();
    in_time("a letter", courier.send(&letter(2))).await.expect("a refusal does not spoil the connection");

    assert_eq!((refused.accepted, refused.refused), (false, 2));
    assert_eq!(courier.post(), Post { accepted: true, ..Post::default() });
    assert_eq!((sink.taken().len(), sink.connections()), (1, 1));
}

#[tokio::test]
async fn a_copy_that_is_refused_costs_the_addressee_nothing() {
    let sink = SmtpSink::start().await;
    let courier = to_sink(&sink);
    let mut copied = letter(1);
    copied.bcc = vec![address("arsip@karangmulia.example")];

    for line in ["550 5.1.1 no such mailbox", "451 4.3.0 later"] {
        sink.fail(Fault::Answer { at: "RCPT TO:<arsip@", line });
        in_time("a letter", courier.send(&copied)).await.expect("its addressee is there");
    }
    sink.fail(Fault::Answer { at: "RCPT TO:<dimas@", line: "550 5.1.1 no such mailbox" });
    let refused = in_time("an answer", courier.send(&copied)).await.expect_err("nobody is there");

    assert_eq!((sink.taken().len(), refused.kind), (2, FaultKind::Permanent));
}

/// A server that greylists never took the copy by which the owner of an account hears that somebody writes about it.
#[tokio::test]
async fn a_copy_that_is_deferred_is_waited_for_while_the_letter_may_wait() {
    let sink = SmtpSink::start().await;
    let courier = to_sink(&sink);
    let copied = Outgoing { bcc: vec![address("arsip@karangmulia.example")], waits_for_copies: true, ..letter(1) };

    sink.fail(Fault::Answer { at: "RCPT TO:<arsip@", line: "451 4.7.1 greylisted, try again later" });
    let deferred = in_time("an answer", courier.send(&copied)).await.expect_err("the copy is for later");
    let sent_meanwhile = sink.taken().len();
    in_time("a letter", courier.send(&copied)).await.expect("both are taken");
    sink.fail(Fault::Answer { at: "RCPT TO:<arsip@", line: "550 5.1.1 no such mailbox" });
    in_time("a letter", courier.send(&copied)).await.expect("who is refused for good is not waited for");

    assert_eq!((deferred.kind, sent_meanwhile, sink.taken().len()), (FaultKind::Transient, 0, 2));
}

#[tokio::test]
async fn t38_a_server_that_stalls_is_given_up() {
    for at in ["EHLO", "MAIL", "RCPT", "DATA"] {
        let sink = SmtpSink::start().await;
        sink.fail(Fault::Stall { at });

        let fault = in_time("the deadline", to_sink(&sink).send(&letter(1))).await.expect_err("no answer comes");

        assert_eq!(fault.kind, FaultKind::Transient, "at {at}");
        assert!(fault.message.contains("did not answer"), "{fault}");
    }
}

/// Its answer came when the line was made ready for the next letter, and each later one stood for the command before: a copy that
/// was refused spoke for the letter.
#[tokio::test]
async fn t38_a_line_on_which_an_answer_came_late_carries_no_other_letter() {
    let sink = SmtpSink::start().await;
    let courier = to_sink(&sink);
    let mut copied = letter(2);
    copied.bcc = vec![address("arsip@karangmulia.example")];
    sink.fail(Fault::Late { at: "RCPT" });

    let late = in_time("the deadline", courier.send(&letter(1))).await.expect_err("no answer came in time");
    sink.fail(Fault::Answer { at: "RCPT TO:<arsip@", line: "550 5.1.1 no such mailbox" });
    in_time("the next letter", courier.send(&copied)).await.expect("its addressee is there");

    assert_eq!((late.kind, sink.taken().len()), (FaultKind::Transient, 1));
}

#[tokio::test]
async fn t38_nobody_listening_is_worth_a_retry() {
    let sink = SmtpSink::start().await;
    let courier = to_sink(&sink);
    drop(sink);

    let fault = in_time("an answer", courier.send(&letter(1))).await.expect_err("nobody listens");

    assert_eq!((fault.kind, courier.post().away.is_some()), (FaultKind::Transient, true));
}

#[tokio::test]
async fn t39_a_connection_lost_at_any_byte_before_the_dot_sent_nothing() {
    let sink = SmtpSink::start().await;
    let courier = to_sink(&sink);
    // Larger than any socket buffer, so that the loss shows before the dot is written.
    let mut long = letter(1);
    long.enclosures = vec![Enclosure {
        name: "Pindaian.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: vec![b'%'; 12 * 1024 * 1024],
    }];

    for bytes in [0, 1, 100, 5_000, 1_000_000] {
        sink.fail(Fault::HangUpAfter { bytes });
        let fault = in_time("the loss", courier.send(&long)).await.expect_err("the peer hangs up");

        assert_eq!(fault.kind, FaultKind::Transient, "after {bytes} bytes: {fault}");
    }
    assert!(sink.taken().is_empty());
}

#[tokio::test]
async fn t39_a_connection_lost_after_the_dot_leaves_the_letter_perhaps_sent() {
    for fault in [Fault::HangUp { at: "." }, Fault::Stall { at: "." }] {
        let sink = SmtpSink::start().await;
        let courier = to_sink(&sink);
        sink.fail(fault.clone());

        let unknown = in_time("the loss", courier.send(&letter(1))).await.expect_err("no answer to the dot");
        in_time("the retry", courier.send(&letter(1))).await.expect("the sink is well again");

        assert_eq!(unknown.kind, FaultKind::Unknown, "{fault:?}: {unknown}");
        let taken = sink.taken();
        let ids: Vec<Option<String>> = taken
            .iter()
            .map(|raw| MessageParser::default().parse(raw).and_then(|m| m.message_id().map(str::to_owned)))
            .collect();
        assert_eq!(
            ids,
            [Some("loket.1@lpse.karangmulia.example".to_owned()), Some("loket.1@lpse.karangmulia.example".to_owned())]
        );
    }
}

#[tokio::test]
async fn an_idle_connection_the_server_closed_costs_the_letter_nothing() {
    for closing in [Fault::HangUp { at: "MAIL" }, Fault::Answer { at: "MAIL", line: "421 4.4.2 idle too long" }] {
        let sink = SmtpSink::start().await;
        let courier = to_sink(&sink);
        in_time("a letter", courier.send(&letter(1))).await.expect("the sink takes it");
        sink.fail(closing);

        in_time("a letter", courier.send(&letter(2))).await.expect("sent over a fresh connection");

        assert_eq!((sink.taken().len(), sink.connections()), (2, 2));
    }
}
