//! The kit itself: what other tests rely on.

use fantoccini::Locator;

use crate::kit::postfix::{AUTHSERV_ID, FORGED, NOWHERE};
use crate::kit::samples::mail;
use crate::kit::wait::in_time;
use crate::kit::{Browser, Dovecot, Postfix};

const HELPDESK: &str = "helpdesk@lpse.karangmulia.example";

#[tokio::test]
async fn the_servers_verdict_stands_above_whatever_the_sender_wrote() {
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start(&dovecot).await;
    let forged =
        [format!("Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from={FORGED}\r\n").into_bytes(), mail(2)]
            .concat();

    postfix.deliver("dimas@karangmulia.example", HELPDESK, &mail(1)).await;
    dovecot.wait_for_messages(HELPDESK, "INBOX", 1).await;
    postfix.deliver(&format!("dimas@{FORGED}"), HELPDESK, &forged).await;
    let mails = dovecot.wait_for_messages(HELPDESK, "INBOX", 2).await;

    // Two mails of one second may lie in either order.
    let (forged, honest): (Vec<_>, Vec<_>) =
        mails.iter().partition(|raw| String::from_utf8_lossy(raw).contains(&format!("<dimas@{FORGED}>")));
    assert!(topmost_verdict(honest[0]).contains("dmarc=pass header.from=karangmulia.example"), "{honest:?}");
    assert!(topmost_verdict(forged[0]).contains("dmarc=fail"));
}

fn topmost_verdict(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw).replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    text.lines().find(|line| line.starts_with("Authentication-Results:")).expect("a verdict").to_owned()
}

#[tokio::test]
async fn mail_to_nowhere_comes_back_as_a_bounce() {
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start(&dovecot).await;

    // Taken from this machine before the address is looked up, as an office's own server does.
    let courier = loket::mail::courier::smtp::SmtpCourier::new(postfix.settings()).expect("sound settings");
    let mut letter = crate::kit::samples::letter(1);
    letter.to = vec![crate::kit::samples::address(&format!("siapa@{NOWHERE}"))];
    let outcome = in_time("the letter", loket::engine::port::Courier::send(&courier, &letter)).await;

    outcome.expect("the submission port takes it and bounces later");
    let bounces = dovecot.wait_for_messages(HELPDESK, "INBOX", 1).await;
    let bounce = String::from_utf8_lossy(&bounces[0]);
    assert!(bounce.contains("multipart/report") && bounce.contains("loket.1@lpse.karangmulia.example"), "{bounce}");
}

#[tokio::test]
async fn mail_of_a_logged_in_user_says_so_in_received() {
    let dovecot = Dovecot::start().await;
    let postfix = Postfix::start(&dovecot).await;
    let courier = loket::mail::courier::smtp::SmtpCourier::new(postfix.settings()).expect("sound settings");

    in_time("the letter", loket::engine::port::Courier::send(&courier, &crate::kit::samples::letter(1)))
        .await
        .expect("taken");

    let letters = dovecot.wait_for_messages("dimas@karangmulia.example", "INBOX", 1).await;
    assert!(String::from_utf8_lossy(&letters[0]).contains("with ESMTPSA"));
}

#[tokio::test]
async fn the_browser_shows_a_page() {
    let browser = Browser::start().await;

    in_time("the page", browser.page.goto("data:text/html,<title>Loket</title><h1>Meja</h1>")).await.expect("a page");
    let heading = in_time("the heading", browser.page.find(Locator::Css("h1"))).await.expect("a heading");

    assert_eq!(in_time("its text", heading.text()).await.expect("a text"), "Meja");
    browser.close().await;
}
