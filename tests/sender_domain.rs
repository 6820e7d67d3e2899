//! What the sender's own domain proves, asked of a real name server: signed mail, tampered mail, forwarded mail, and what a
//! silent name server means.

use loket::engine::port::FaultKind;
use loket::mail::authenticity::{How, Trust};
use loket::mail::message::{Inbound, Reception};
use loket::mail::proof::{Question, Said};

use crate::cli_fixture::Site;
use crate::kit::names::NameServer;
use crate::kit::signer::{RsaSigner, Signer};

const OURS: &str = "mx.kantor.example";

/// As it leaves the sender's server.
fn written(from: &str) -> Vec<u8> {
    format!(
        "From: Budi <{from}>\r\nTo: loket@kantor.example\r\nSubject: Permohonan\r\nDate: Mon, 9 Nov 2026 09:00:00 +0800\r\n\
         Message-ID: <1@dinas.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nMohon atur ulang sandi.\r\n"
    )
    .into_bytes()
}

/// As it lies in our mailbox, taken in from this address at nine o'clock on a day of November.
fn received(mail: &[u8], ip: &str, day: u32) -> Vec<u8> {
    let trace = format!(
        "Return-Path: <budi@dinas.example>\r\nReceived: from mail.dinas.example (unknown [{ip}])\r\n\
         \tby {OURS} (Postfix) with ESMTP id 1; {day} Nov 2026 09:00:30 +0800\r\n"
    );
    [trace.as_bytes(), mail].concat()
}

fn changed(mail: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(mail.to_vec()).expect("the test's mails are text");
    assert!(text.contains(from), "there is no {from:?} to change");
    text.replacen(from, to, 1).into_bytes()
}

async fn ask(server: &NameServer, raw: &[u8], forwarders: &[&str]) -> Result<Said, FaultKind> {
    let trust = Trust {
        authserv_id: Some(OURS.to_owned()),
        forwarders: forwarders.iter().map(|f| (*f).to_owned()).collect(),
        ..Trust::default()
    };
    let mail = Inbound::read(raw, &Reception { trust: trust.clone(), ..Reception::default() });
    let sender = mail.sender().expect("the test's mails have one").clone();
    server.witness().ask(Question::about(raw, &sender, &mail, &trust)).await.map_err(|fault| fault.kind)
}

async fn said(server: &NameServer, raw: &[u8]) -> Said {
    ask(server, raw, &[]).await.expect("the name server answers")
}

fn policy(domain: &str, text: &str) -> (String, String) {
    (format!("_dmarc.{domain}"), format!("v=DMARC1; {text}"))
}

#[tokio::test]
async fn a_mail_signed_by_its_senders_domain_is_proven() {
    let domain = Signer::new("dinas.example");
    let server = NameServer::start(&[domain.record()]).await;
    let mail = domain.sign(&written("budi@dinas.example"));

    assert_eq!(said(&server, &received(&mail, "203.0.113.5", 9)).await, Said::Proven(How::Dkim));
    let in_a_maildir = String::from_utf8(mail).unwrap().replace("\r\n", "\n").into_bytes();
    assert_eq!(said(&server, &in_a_maildir).await, Said::Proven(How::Dkim));
}

#[tokio::test]
async fn t01_a_forged_or_tampered_mail_is_not_proven() {
    let (domain, other) = (Signer::new("dinas.example"), Signer::new("jahat.example"));
    let server = NameServer::start(&[domain.record(), other.record()]).await;
    let plain = written("budi@dinas.example");
    let mail = domain.sign(&plain);

    for (what, raw) in [
        ("no signature", plain.clone()),
        ("another domain's signature", other.sign(&plain)),
        ("another key under the domain's name", Signer::new("dinas.example").sign(&plain)),
        ("the body", changed(&mail, "atur ulang", "hapus")),
        ("the subject", changed(&mail, "Subject: Permohonan", "Subject: Lain")),
        ("the sender", changed(&mail, "Budi <budi@", "Budi <bupati@")),
        ("a key that is not in the DNS", changed(&mail, "s=s1", "s=s2")),
    ] {
        assert_eq!(said(&server, &received(&raw, "203.0.113.5", 9)).await, Said::Nothing, "{what}");
    }
}

#[tokio::test]
async fn t04_a_signature_that_leaves_something_open_gives_no_trust() {
    let domain = Signer::new("dinas.example");
    let server = NameServer::start(&[domain.record()]).await;
    let plain = written("budi@dinas.example");
    let short = domain.sign_length(&plain);
    let whole = domain.sign(&plain);

    for (what, raw) in [
        ("l=, unchanged", short.clone()),
        ("l=, with words appended", [&short[..], b"Dan kirim sandinya ke sini.\r\n"].concat()),
        ("no Subject signed", domain.sign_fields(&plain, &["From", "Date"])),
        ("no Date signed", domain.sign_fields(&plain, &["From", "Subject"])),
        ("a second Subject above", [b"Subject: Lain\r\n", &whole[..]].concat()),
        ("a second Date above", [b"Date: Mon, 9 Nov 2026 10:00:00 +0800\r\n", &whole[..]].concat()),
    ] {
        assert_eq!(said(&server, &raw).await, Said::Nothing, "{what}");
    }
    assert_eq!(said(&server, &whole).await, Said::Proven(How::Dkim));
}

#[tokio::test]
async fn t04_a_signed_mail_of_last_month_proves_nothing() {
    let domain = Signer::new("dinas.example");
    let server = NameServer::start(&[domain.record()]).await;
    let mail = domain.sign(&written("budi@dinas.example"));

    assert_eq!(said(&server, &received(&mail, "203.0.113.5", 15)).await, Said::Proven(How::Dkim));
    assert_eq!(said(&server, &received(&mail, "203.0.113.5", 20)).await, Said::Nothing);
}

#[tokio::test]
async fn t01_a_domains_own_policy_says_who_may_sign_for_it() {
    let below = Signer::new("surat.ketat.example");
    let loose = Signer::new("surat.longgar.example");
    let server = NameServer::start(&[
        below.record(),
        loose.record(),
        policy("ketat.example", "p=reject; adkim=s; aspf=s"),
        policy("longgar.example", "p=reject"),
        policy("karantina.example", "p=quarantine"),
        policy("santai.example", "p=none"),
    ])
    .await;

    let strict = below.sign(&written("budi@ketat.example"));
    let relaxed = loose.sign(&written("budi@longgar.example"));

    assert_eq!(said(&server, &strict).await, Said::Disowned);
    assert_eq!(said(&server, &relaxed).await, Said::Proven(How::Dkim));
    assert_eq!(said(&server, &written("budi@longgar.example")).await, Said::Disowned);
    assert_eq!(said(&server, &written("budi@karantina.example")).await, Said::Disowned);
    assert_eq!(said(&server, &written("budi@santai.example")).await, Said::Nothing, "it asks for nothing");
}

#[tokio::test]
async fn a_server_that_may_send_for_the_domain_proves_the_sender_where_our_trace_shows_it() {
    let spf = ("dinas.example".to_owned(), "v=spf1 ip4:203.0.113.5 -all".to_owned());
    let server = NameServer::start(&[spf, policy("dinas.example", "p=reject")]).await;
    let mail = written("budi@dinas.example");

    assert_eq!(said(&server, &received(&mail, "203.0.113.5", 9)).await, Said::Proven(How::Spf));
    assert_eq!(said(&server, &received(&mail, "203.0.113.6", 9)).await, Said::Disowned);
    let foreign = changed(&received(&mail, "203.0.113.5", 9), OURS, "mx.jahat.example");
    assert_eq!(said(&server, &foreign).await, Said::Disowned, "a trace line of a stranger");
}

/// Our own line was passed over where it was not written as Postfix does, and the stranger's below it was taken for ours.
#[tokio::test]
async fn t01_a_trace_line_that_a_stranger_wrote_below_ours_proves_nothing() {
    let spf = ("dinas.example".to_owned(), "v=spf1 ip4:203.0.113.5 -all".to_owned());
    let server = NameServer::start(&[spf, policy("dinas.example", "p=reject")]).await;
    let sent = received(&written("budi@dinas.example"), "203.0.113.5", 9);

    for client in ["[198.51.100.9] (helo=mail.dinas.example)", "h.jahat.example (198.51.100.9)"] {
        let ours = format!(
            "Return-Path: <budi@dinas.example>\r\nReceived: from {client}\r\n\tby {OURS} with esmtp id 2;\r\n\t\
             9 Nov 2026 09:00:40 +0800\r\n"
        );
        assert_eq!(said(&server, &[ours.as_bytes(), &sent[..]].concat()).await, Said::Disowned, "{client}");
    }
}

#[tokio::test]
async fn a_forwarded_mail_is_proven_by_the_seal_of_a_forwarder_the_office_named() {
    let (domain, forwarder) = (Signer::new("dinas.example"), Signer::new("lama.example"));
    let server = NameServer::start(&[domain.record(), forwarder.record()]).await;
    let signed = domain.sign(&written("budi@dinas.example"));
    // A forwarder that writes under the mail breaks the sender's signature.
    let passed_on = [&signed[..], b"-- \r\nDiteruskan.\r\n"].concat();
    let sealed = forwarder.seal(&passed_on, "dinas.example");
    let trusted = ["lama.example"];

    assert_eq!(ask(&server, &sealed, &trusted).await, Ok(Said::Proven(How::Arc)));
    assert_eq!(ask(&server, &sealed, &["lain.example"]).await, Ok(Said::Nothing));
    assert_eq!(ask(&server, &passed_on, &trusted).await, Ok(Said::Nothing));
    let tampered = changed(&sealed, "atur ulang", "hapus");
    assert_eq!(ask(&server, &tampered, &trusted).await, Ok(Said::Nothing));
    let saw_another = forwarder.seal(&passed_on, "jahat.example");
    assert_eq!(ask(&server, &saw_another, &trusted).await, Ok(Said::Nothing));
    let stranger = Signer::new("lama.example").seal(&passed_on, "dinas.example");
    assert_eq!(ask(&server, &stranger, &trusted).await, Ok(Said::Nothing), "a seal by another key");
}

/// A sealed mail can be sent again for ever, like a signed one.
#[tokio::test]
async fn t04_an_old_seal_proves_nothing() {
    let forwarder = Signer::new("lama.example");
    let server = NameServer::start(&[forwarder.record()]).await;
    let sealed = forwarder.seal(&written("budi@dinas.example"), "dinas.example");
    let on = async |day| ask(&server, &received(&sealed, "203.0.113.5", day), &["lama.example"]).await;

    assert_eq!(on(15).await, Ok(Said::Proven(How::Arc)));
    assert_eq!(on(20).await, Ok(Said::Nothing));
}

#[tokio::test]
async fn t04_a_seal_that_leaves_something_open_proves_nothing() {
    let forwarder = Signer::new("lama.example");
    let server = NameServer::start(&[forwarder.record()]).await;
    let plain = written("budi@dinas.example");

    for (fields, proves) in [
        (&["From", "Subject", "Date"][..], Said::Proven(How::Arc)),
        (&["From", "Subject"], Said::Nothing),
        (&["From", "Date"], Said::Nothing),
        (&["From"], Said::Nothing),
    ] {
        let sealed = forwarder.seal_fields(&plain, "dinas.example", fields);
        assert_eq!(ask(&server, &sealed, &["lama.example"]).await, Ok(proves), "{fields:?}");
    }
}

/// A forwarder's signature of a mail that it saw unproven, under a stranger's word and seal: the signature does not cover what
/// the forwarder saw.
#[tokio::test]
async fn t04_a_strangers_seal_over_a_forwarders_signature_proves_nothing() {
    let (forwarder, stranger) = (Signer::new("lama.example"), Signer::new("jahat.example"));
    let server = NameServer::start(&[forwarder.record(), stranger.record()]).await;
    let plain = written("budi@dinas.example");
    let (honest, false_word) = (forwarder.seal(&plain, "jahat.example"), stranger.seal(&plain, "dinas.example"));
    let raw = stranger.seal_over(&false_word, &honest, &plain);

    assert_eq!(ask(&server, &raw, &["lama.example"]).await, Ok(Said::Nothing));
    assert_eq!(ask(&server, &raw, &["jahat.example"]).await, Ok(Said::Nothing));
    let both = ask(&server, &raw, &["lama.example", "jahat.example"]).await;
    assert_eq!(both, Ok(Said::Proven(How::Arc)), "nothing else is wrong with it");
}

/// SHA-1 is dead (RFC 8301), though libraries still read it.
#[tokio::test]
async fn t04_a_signature_with_sha_1_proves_nothing() {
    let domain = RsaSigner::new("dinas.example");
    let server = NameServer::start(&[domain.record()]).await;
    let plain = written("budi@dinas.example");

    assert_eq!(said(&server, &domain.sign("sha256", &plain)).await, Said::Proven(How::Dkim));
    assert_eq!(said(&server, &domain.sign("sha1", &plain)).await, Said::Nothing);
}

#[tokio::test]
async fn a_name_server_that_does_not_answer_says_nothing_against_a_mail() {
    let (domain, far) = (Signer::new("dinas.example"), Signer::new("jauh.test"));
    let mut server = NameServer::start(&[domain.record()]).await;
    let mail = domain.sign(&written("budi@dinas.example"));

    let refused = ask(&server, &far.sign(&written("budi@jauh.test")), &[]).await;
    server.stop();
    let away = ask(&server, &mail, &[]).await;
    server.resume().await;
    let back = ask(&server, &mail, &[]).await;

    assert_eq!((refused, away), (Err(FaultKind::Transient), Err(FaultKind::Transient)));
    assert_eq!(back, Ok(Said::Proven(How::Dkim)));
}

/// One answer of three that is missing is one too few to say anything against a mail.
#[tokio::test]
async fn a_mail_waits_for_every_answer_that_could_prove_it() {
    let domain = Signer::new("dinas.example");
    let plain = written("budi@dinas.example");
    let (key, wish) = (domain.record(), policy("dinas.example", "p=none"));
    let servers = ("dinas.example".to_owned(), "v=spf1 -all".to_owned());
    let signed = domain.sign(&plain);

    for (silent, known, mail) in [
        ("s1._domainkey.dinas.example", vec![servers.clone(), wish.clone()], &signed),
        ("dinas.example", vec![wish.clone()], &plain),
        ("_dmarc.dinas.example", vec![servers.clone()], &plain),
    ] {
        let server = NameServer::silent_about(&[silent], &known).await;
        let answer = ask(&server, &received(mail, "203.0.113.5", 9), &[]).await;
        assert_eq!(answer, Err(FaultKind::Transient), "no word about {silent}");
    }
    let forwarder = Signer::new("lama.example");
    let sealed = forwarder.seal(&plain, "dinas.example");
    let server = NameServer::silent_about(&["s1._domainkey.lama.example"], std::slice::from_ref(&wish)).await;
    assert_eq!(ask(&server, &sealed, &["lama.example"]).await, Err(FaultKind::Transient), "no word about the seal");
    let server = NameServer::start(&[key, servers, wish]).await;
    assert_eq!(said(&server, &received(&plain, "203.0.113.5", 9)).await, Said::Nothing, "every answer came");
}

#[tokio::test]
async fn a_mail_with_a_thousand_signatures_asks_few_questions() {
    let domain = Signer::new("dinas.example");
    let server = NameServer::start(&[domain.record()]).await;
    let signed = String::from_utf8(domain.sign(&written("budi@dinas.example"))).unwrap();
    let (header, mail) = signed.split_once("From: Budi").expect("the signature stands above");
    let many: String = (0..100).map(|n| header.replace("s=s1", &format!("s=x{n}"))).collect();

    said(&server, format!("{many}From: Budi{mail}").as_bytes()).await;

    let asked = server.asked("_domainkey.dinas.example");
    assert!((1..=5).contains(&asked), "{asked} questions");
}

/// So few are looked at that its own must not be the sixth.
#[tokio::test]
async fn the_senders_own_signature_is_looked_at_before_those_of_its_relations() {
    let domain = Signer::new("dinas.example");
    let server = NameServer::start(&[domain.record()]).await;
    let signed = String::from_utf8(domain.sign(&written("budi@dinas.example"))).unwrap();
    let (header, _) = signed.split_once("From: Budi").expect("the signature stands above");
    let related: String = (0..9).map(|n| header.replace("d=dinas", &format!("d=surat{n}.dinas"))).collect();

    let mail = format!("{related}{signed}");

    assert_eq!(said(&server, mail.as_bytes()).await, Said::Proven(How::Dkim));
}

#[tokio::test]
async fn inspect_asks_the_senders_domain_where_the_configuration_demands_it() {
    let domain = Signer::new("lembayungraya.example");
    let server = NameServer::start(&[domain.record()]).await;
    let site = Site::new();
    let plain = site.sample("complete");
    std::fs::write(site.path("bertanda.eml"), domain.sign(&plain)).unwrap();
    std::fs::write(site.path("polos.eml"), &plain).unwrap();
    let inspected = |name: &str| {
        let (config, file) = (site.config.display().to_string(), site.path(name).display().to_string());
        let text = site.loket(&["inspect", "--json", "--config", &config, &file]).out();
        let line: serde_json::Value = serde_json::from_str(&text).expect("one object");
        (line["verdict"].as_str().unwrap_or_default().to_owned(), line["reason"].as_str().map(str::to_owned))
    };
    let held = ("refused".to_owned(), Some("unauthenticated".to_owned()));
    let request = ("request".to_owned(), None);

    assert_eq!(inspected("polos.eml"), request, "our server's word is enough");
    site.change("authserv_id", "sender_proof = \"both\"\nauthserv_id");
    site.change("[reading]", &format!("[dns]\nservers = [\"{}\"]\n[reading]", server.address()));

    assert_eq!(inspected("polos.eml"), held);
    assert_eq!(inspected("bertanda.eml"), request);
}
