use super::*;

const ID: &str = "mx.kantor.example";

fn border_of(received: &str) -> Option<Border> {
    let text = format!("Return-Path: <budi@dinas.example>\r\n{received}\r\nFrom: budi@dinas.example\r\n");
    border(&Headers::read(text.as_bytes()), ID)
}

#[test]
fn the_border_is_read_from_our_own_trace_line() {
    let delivery = "Received: from mx.kantor.example by surat with LMTP id 1; Mon, 9 Nov 2026 09:00:00 +0800\r\n";
    let filter =
        "Received: from localhost (localhost [127.0.0.1]) by mx.kantor.example; Mon, 9 Nov 2026 09:00:00 +0800\r\n";
    let edge =
        "Received: from mail.dinas.example (unknown [203.0.113.5])\r\n by mx.kantor.example (Postfix); Mon, 9 Nov 2026";

    let found = border_of(&format!("{delivery}{filter}{edge}")).unwrap();

    assert_eq!(found.ip, "203.0.113.5".parse::<IpAddr>().unwrap());
    assert_eq!((found.helo.as_str(), found.mail_from.as_str()), ("mail.dinas.example", "budi@dinas.example"));
    assert!(border_of("Received: from x (y [IPv6:2001:db8::7]) by mx.kantor.example").is_some());
}

#[test]
fn t01_a_client_cannot_write_its_own_address_into_our_trace_line() {
    for received in [
        "Received: from [203.0.113.5] by mx.kantor.example with SMTP",
        "Received: from [203.0.113.5] (helo=[203.0.113.5]) by mx.kantor.example with SMTP",
        "Received: from a (name helo=[203.0.113.5]) by mx.kantor.example",
        "Received: from a (b [203.0.113.5]) by mx.jahat.example",
        "Received: from unknown (HELO [203.0.113.5]) (198.51.100.9) by mx.kantor.example with SMTP",
        "Received: from unknown (ehlo [203.0.113.5]) (198.51.100.9) by mx.kantor.example with ESMTP",
        "Received: from a (b [10.0.0.1]) by mx.kantor.example",
        "Received: from a (b [IPv6:::ffff:10.0.0.1]) by mx.kantor.example",
        "Received: from a (b [10.0.0.1]) by relay.jahat.example\r\nReceived: from a (b [203.0.113.5]) by mx.kantor.example",
    ] {
        assert_eq!(border_of(received), None, "{received}");
    }
    let named = border_of("Received: from [203.0.113.5] (evil [198.51.100.9]) by mx.kantor.example").unwrap();
    assert_eq!(named.ip, "198.51.100.9".parse::<IpAddr>().unwrap());
}

/// As a stranger writes it: a server of the sender's domain, taken in by ours.
const INVENTED: &str =
    "Received: from mail.dinas.example (unknown [203.0.113.5]) by mx.kantor.example (Postfix) with ESMTP id 1; Mon";

/// A line of our own that named its client in another way, or was written under another of our names, was passed over, and
/// the next one was the sender's own: one invented line made any server one of the domain's.
#[test]
fn t01_a_trace_line_below_the_one_that_took_the_mail_in_is_the_senders_own() {
    for border in [
        "Received: from [198.51.100.9] (helo=mail.dinas.example) by mx.kantor.example with esmtp (Exim 4.96)",
        "Received: from h.jahat.example (198.51.100.9) by mx.kantor.example (10.0.0.2) with Microsoft SMTP Server id 15.1",
        "Received: from unknown (HELO mail.dinas.example) (198.51.100.9) by mx.kantor.example with SMTP",
        "Received: from h.jahat.example by mx.kantor.example with ESMTP",
        "Received: (from h.jahat.example [198.51.100.9]) by mx.kantor.example (8.15.2/8.15.2) with SMTP",
        "Received: from h (h.jahat.example [198.51.100.9]) by mx2.kantor.example (Postfix) with ESMTP",
        "Received: from h (gateway [172.17.0.1]) by mx.kantor.example (Postfix) with ESMTP",
        "Received: from h (gateway [172.17.0.1]) by surat (Postfix) with ESMTP",
        "Received: from localhost (localhost [127.0.0.1]) by mx.kantor.example (Postfix) with ESMTPSA",
    ] {
        assert_eq!(border_of(&format!("{border}\r\n{INVENTED}")), None, "{border}");
    }
    let named_anew = INVENTED.replace("mx.kantor.example", "kantor.example");
    let border = "Received: from h (h.jahat.example [198.51.100.9]) by mx.kantor.example (Postfix) with ESMTP";
    let text = format!("Return-Path: <budi@dinas.example>\r\n{border}\r\n{named_anew}\r\n");
    assert_eq!(super::border(&Headers::read(text.as_bytes()), "kantor.example"), None);
}

#[test]
fn steps_that_nobody_takes_from_outside_are_passed_over() {
    for inner in [
        "Received: from mx.kantor.example ([10.0.0.3]) by surat.kantor.example with LMTP id 1",
        "Received: from mx.kantor.example ([198.51.100.2]) by mx.kantor.example with LMTPS id 1",
        "Received: by mx.kantor.example (Postfix, from userid 110) id 1",
        "Received: from filter by mx.kantor.example with local (Exim 4.96)",
        "Received: from localhost (localhost [IPv6:::1]) by mx.kantor.example (Postfix) with ESMTP",
    ] {
        let found = border_of(&format!("{inner}\r\n{INVENTED}")).map(|step| step.ip);
        assert_eq!(found, "203.0.113.5".parse::<IpAddr>().ok(), "{inner}");
    }
}

#[test]
fn t04_a_signature_must_cover_what_a_reader_sees() {
    let fields = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let covered = |text: &str, signed: &[&str]| covers_what_counts(&fields(signed), &Headers::read(text.as_bytes()));
    let mail = "From: a@b.example\r\nSubject: x\r\nDate: Mon, 9 Nov 2026 09:00:00 +0800\r\n\r\n";

    assert!(covered(mail, &["From", "SUBJECT", "date"]));
    assert!(!covered(mail, &["from", "date"]));
    assert!(!covered(mail, &["from", "subject"]));
    assert!(!covered(mail, &["subject", "date"]));
    for added in ["Subject: y\r\n", "Date: Tue, 10 Nov 2026 09:00:00 +0800\r\n", "From: c@d.example\r\n"] {
        assert!(!covered(&format!("{added}{mail}"), &["from", "subject", "date"]), "{added}");
    }
}

#[test]
fn t04_an_old_signature_proves_nothing() {
    let at = |day: i64| DateTime::from_timestamp(1_790_000_000 + day * 86_400, 0);

    let later = |at: Option<DateTime<Utc>>| at.map(|at| at + TimeDelta::seconds(1));

    assert!(is_fresh(at(0), at(7)));
    assert!(!is_fresh(at(0), later(at(7))));
    assert!(is_fresh(at(1), at(0)), "a clock that is a day ahead");
    assert!(!is_fresh(later(at(1)), at(0)), "written in the future");
    assert!(is_fresh(at(0), None), "nobody says when it came");
    assert!(!is_fresh(None, at(0)) && !is_fresh(None, None));
}

#[test]
fn t04_a_signed_mail_is_known_again_however_its_signature_is_written() {
    let keys = |headers: &str| {
        signature_keys(&Headers::read(headers.as_bytes()), &Address::parse("budi@dinas.example").unwrap())
    };
    let one = keys("DKIM-Signature: v=1; d=dinas.example; bh=eA==; b=QUJD\r\n RA==\r\n");

    assert_eq!(one.len(), 1);
    assert_eq!(one, keys("Subject: lain\r\nDKIM-Signature: b = QUJDR B;d=Dinas.Example;v=1\r\n"));
    assert_ne!(one, keys("DKIM-Signature: d=dinas.example; b=QUJDRQ==\r\n"));
    assert_eq!(keys("DKIM-Signature: d=jahat.example; b=QUJDRA==\r\n"), Vec::<String>::new());
}

/// A domain's policy lets another of its organisation's sign for it; such a mail was proven, and not known again.
#[test]
fn t04_a_mail_is_known_again_by_whichever_of_its_organisations_domains_signed_it() {
    let keys = |signer: &str, sender: &str| {
        let header = format!("DKIM-Signature: d={signer}; b=QUJDRA==\r\n");
        signature_keys(&Headers::read(header.as_bytes()), &Address::parse(sender).unwrap())
    };

    for (signer, sender) in
        [("surat.dinas.example", "budi@dinas.example"), ("dinas.example", "budi@bagian.dinas.example")]
    {
        assert_eq!(keys(signer, sender).len(), 1, "{signer}");
        assert_ne!(keys(signer, sender), keys(signer, &sender.replace("budi", "bupati")), "another's mail is another");
    }
}

/// Twenty signatures of a mail were remembered, so twenty others above the true one made the mail a new one each time.
#[test]
fn t04_a_signed_mail_is_known_again_whatever_signatures_are_written_above_its_own() {
    let true_one = "DKIM-Signature: d=dinas.example; b=QUJDRA==\r\n";
    let others = |round: u32| -> String {
        let other = |n| format!("DKIM-Signature: d=dinas.example; h=From:Subject:Date; b=Q{round:03}{n:04}\r\n");
        (0..400).map(other).collect()
    };

    assert_eq!(shared_by(&format!("{}{true_one}", others(1)), &format!("{}{true_one}", others(2))), 1);
    assert_eq!(shared_by(&others(1), &others(2)), 0);
}

#[test]
fn t04_a_forwarded_mail_is_known_again_by_its_forwarders_seal() {
    let sealed = |b: &str| format!("ARC-Message-Signature: i=1; d=lama.example; b={b}\r\n");

    assert_eq!(shared_by(&sealed("QUJDRA=="), &format!("Subject: lain\r\n{}", sealed("QUJDRA=="))), 1);
    assert_eq!(shared_by(&sealed("QUJDRA=="), &sealed("QUJDRQ==")), 0);
}

/// How many keys two mails of one sender have in common.
fn shared_by(one: &str, other: &str) -> usize {
    let sender = Address::parse("budi@dinas.example").unwrap();
    let keys = |headers: &str| signature_keys(&Headers::read(headers.as_bytes()), &sender);
    let known = keys(one);
    keys(other).iter().filter(|key| known.contains(key)).count()
}

#[test]
fn what_is_demanded_decides_whose_word_counts() {
    let proven = || Authenticity::Authenticated { how: How::Dmarc };
    let (own, nothing) = (Said::Proven(How::Dkim), Said::Nothing);
    let settled = |proof: SenderProof, server, said: &Said| proof.settle(server, said).is_authenticated();

    assert!(
        settled(SenderProof::Server, proven(), &nothing) && !settled(SenderProof::Server, Authenticity::None, &own)
    );
    assert!(settled(SenderProof::Dkim, Authenticity::None, &own) && !settled(SenderProof::Dkim, proven(), &nothing));
    assert!(settled(SenderProof::Either, proven(), &nothing) && settled(SenderProof::Either, Authenticity::None, &own));
    assert!(settled(SenderProof::Either, Authenticity::failed("forwarded"), &own));
    assert!(settled(SenderProof::Both, proven(), &own));
    assert!(!settled(SenderProof::Both, proven(), &nothing) && !settled(SenderProof::Both, Authenticity::None, &own));
    assert!(SenderProof::Either.settle(Authenticity::None, &Said::Disowned).objection().is_some());
}

#[test]
fn t01_nothing_proves_a_mail_that_contradicts_itself() {
    let twice = Authenticity::Contradicted { why: "two senders".into() };
    for proof in [SenderProof::Server, SenderProof::Dkim, SenderProof::Either, SenderProof::Both] {
        assert!(!proof.asks(&twice));
        assert_eq!(proof.settle(twice.clone(), &Said::Proven(How::Dkim)), twice);
    }
}

#[test]
fn steps_inside_a_house_are_told_by_their_addresses() {
    for (address, outside) in [
        ("203.0.113.5", true),
        ("127.0.0.1", false),
        ("10.1.2.3", false),
        ("172.16.0.1", false),
        ("192.168.1.1", false),
        ("169.254.10.1", false),
        ("0.0.0.0", false),
        ("2001:db8::5", true),
        ("::1", false),
        ("fd00::5", false),
        ("fe80::5", false),
    ] {
        assert_eq!(is_outside(address.parse().unwrap()), outside, "{address}");
    }
}

/// A border server that could not follow a forwarded mail is outweighed by the domain alone: one that says nothing leaves its
/// objection standing.
#[test]
fn a_servers_objection_stands_where_the_domain_proves_nothing() {
    let refused = || Authenticity::failed("not from there");

    for said in [Said::Nothing, Said::Disowned] {
        assert_eq!(SenderProof::Either.settle(refused(), &said), refused());
        assert_eq!(SenderProof::Both.settle(refused(), &said), refused());
        assert!(!SenderProof::Dkim.settle(refused(), &said).is_authenticated());
    }
    for how in [How::Dkim, How::Arc] {
        assert!(SenderProof::Either.settle(refused(), &Said::Proven(how)).is_authenticated(), "{how:?}");
    }
}

/// A trace line that was read wrongly made up for the border server's own verdict.
#[test]
fn t01_an_envelope_does_not_outweigh_the_border_server_that_saw_it() {
    let envelope = Said::Proven(How::Spf);
    let disowned = || Authenticity::failed("the sender's domain disowns the mail (DMARC)");

    assert_eq!(SenderProof::Either.settle(disowned(), &envelope), disowned());
    assert!(SenderProof::Either.settle(Authenticity::None, &envelope).is_authenticated());
    assert!(SenderProof::Dkim.settle(disowned(), &envelope).is_authenticated(), "our own server is not asked");
}

#[test]
fn a_domain_is_asked_only_where_its_word_can_change_anything() {
    let (proven, none) = (Authenticity::Authenticated { how: How::Dmarc }, Authenticity::None);
    let asked = |proof: SenderProof| [&proven, &none].map(|server| proof.asks(server));

    assert_eq!(asked(SenderProof::Server), [false, false]);
    assert_eq!(asked(SenderProof::Dkim), [true, true]);
    assert_eq!(asked(SenderProof::Either), [false, true]);
    assert_eq!(asked(SenderProof::Both), [true, false]);
}
