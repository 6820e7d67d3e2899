//! Rows 33, 37, 38 and 39: logins by XOAUTH2, over IMAP and SMTP. The first token is refused and another one opens the door, while
//! any byte of these dialogues may be the last or the slowest ([`crate::wire_places`]); servers that lie about a login. A
//! broken line says nothing against a token, and none is told on.

use std::time::Duration;

use loket::engine::port::{Courier, FaultKind, Inbox};

use crate::kit::SmtpSink;
use crate::kit::impostor::{Impostor, Manners};
use crate::kit::samples::{letter, mail};
use crate::kit::sink;
use crate::kit::wait::in_time;
use crate::wire_places::{is_a_sentence, lead, places};
use crate::wire_talk::{Guise, Purse, Seen, courier, inbox, read_and_file, send};

/// For each command where a server lies.
const DEADLINE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn t33_t37_any_byte_of_a_mailboxs_login_by_token_may_be_the_last_or_the_slowest() {
    let mails: Vec<Vec<u8>> = (1..=2).map(mail).collect();
    let guise = Guise::Tokens;
    let lengths = read_and_file(None, &guise, &mails).await;
    assert_eq!(lengths.len(), 3, "one connection is refused, one reads and one files");

    let places = places(&lengths, 31);
    lead("IMAP by XOAUTH2", &lengths, places, |plan| read_and_file(Some(plan), &guise, &mails)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_t38_t39_any_byte_of_a_couriers_login_by_token_may_be_the_last_or_the_slowest() {
    let (guise, seen) = (Guise::Tokens, Seen::default());
    let lengths = send(None, &guise, &[], &seen).await;
    assert_eq!(lengths.len(), 2, "one connection is refused, and one sends");

    let places = places(&lengths, 17);
    lead("SMTP by XOAUTH2", &lengths, places, |plan| send(Some(plan), &guise, &lengths, &seen)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_a_lie_of_an_imap_server_about_a_login_tells_no_token_and_the_next_attempt_is_clean() {
    let endless: &'static str = Box::leak("+ \r\n".repeat(10_000).into_boxed_str());
    // What is said to AUTHENTICATE, with what was shown or the like, and whether it refuses the token.
    let lies = [
        ("+ \r\n{tag} NO token-akses-1 is not good\r\n", true),
        ("+ \r\n{tag} BAD dXNlcj1oZWxwZGVzaw==\r\n", true),
        ("+ \r\n{tag} NO [UNAVAILABLE] token-akses-1\r\n", false),
        ("+ token-akses-1\r\n", false),
        ("+ \r\n* BYE token-akses-1\r\n", false),
        ("+ \r\n* token-akses-1 dXNlcj1oZWxwZGVzaw==\r\nX1 OK token-akses-1\r\n", false),
        ("+ \r\ndXNlcj1oZWxwZGVzaw== token-akses-1\r\n", false),
        (endless, false),
    ];
    for (words, refusal) in lies {
        let purse = Purse::new().await;
        let manners = Manners { instead: Some(("AUTHENTICATE", words)), ..Manners::default() };
        let impostor = Impostor::start_behind(Some(purse.porter()), manners, &[mail(1)]).await;
        let inbox = inbox(&Guise::Tokens, impostor.port(), Some(purse.login()), DEADLINE);

        let fault = in_time("a deadline", inbox.next(10)).await.expect_err(words);
        impostor.behave();
        let arrivals = in_time("the truth", inbox.next(10)).await;

        is_a_sentence(&fault);
        assert_eq!(arrivals.unwrap_or_else(|fault| panic!("{words:?}: {fault}")).len(), 1, "{words:?}");
        assert_eq!(purse.server.sales(), 1 + usize::from(refusal), "{words:?}: {fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t37_t38_a_lie_of_an_smtp_server_about_a_login_tells_no_token_and_the_next_attempt_is_clean() {
    // What is said to AUTH, with what was shown or the like, and whether it refuses the token.
    let lies = [
        ("535 5.7.8 token-akses-1 is not good", true),
        ("500 dXNlcj1oZWxwZGVzaw==", true),
        ("334 dXNlcj1oZWxwZGVzaw==", true),
        ("334 token-akses-1", false),
        ("334 ", false),
        ("454 4.7.0 cannot check token-akses-1", false),
        ("421 dXNlcj1oZWxwZGVzaw== bye", false),
        ("token-akses-1 dXNlcj1oZWxwZGVzaw==", false),
        ("235-token-akses-1\r\n535 token-akses-1", false),
        // Agreed to by another code: who is not let in learns it with the next command, and comes again.
        ("250 token-akses-1", false),
    ];
    for (line, refusal) in lies {
        let purse = Purse::new().await;
        let sink = SmtpSink::start_behind(Some(purse.porter())).await;
        sink.fail(sink::Fault::Answer { at: "AUTH", line });
        let courier = courier(&Guise::Tokens, sink.port(), Some(purse.login()), DEADLINE);

        let fault = in_time("a deadline", courier.send(&letter(1))).await.expect_err(line);
        in_time("the letter", courier.send(&letter(1))).await.unwrap_or_else(|fault| panic!("{line:?}: {fault}"));

        is_a_sentence(&fault);
        assert_eq!(fault.kind, FaultKind::Transient, "{line:?}: {fault}");
        assert_eq!((sink.taken().len(), purse.server.sales()), (1, 1 + usize::from(refusal)), "{line:?}: {fault}");
    }
}

#[tokio::test]
async fn t37_t38_a_server_that_forgets_a_login_is_logged_in_to_anew_for_the_same_letter() {
    let purse = Purse::new().await;
    let sink = SmtpSink::start_behind(Some(purse.porter())).await;
    let courier = courier(&Guise::Tokens, sink.port(), Some(purse.login()), DEADLINE);
    in_time("the letter", courier.send(&letter(1))).await.expect("the token is good");

    // As a provider does whose session lasts no longer than the token it began with.
    sink.fail(sink::Fault::Answer { at: "MAIL", line: "530 5.7.57 Client not authenticated to send mail" });
    in_time("the letter", courier.send(&letter(2))).await.expect("another connection is let in");

    assert_eq!((sink.taken().len(), sink.connections(), purse.server.sales()), (2, 2, 1));
}
