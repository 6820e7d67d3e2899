use super::*;

fn trust() -> Trust {
    Trust {
        authserv_id: Some("mx.kantor.example".into()),
        submission_host: Some("mail.kantor.example".into()),
        ..Trust::default()
    }
}

fn judged(header: &str) -> Authenticity {
    let sender = [Address::parse("budi@dinas.example").unwrap()];
    judge(&Headers::read(header.as_bytes()), &sender, true, &trust())
}

const OURS: &str =
    "Received: from a by mx.kantor.example (Postfix) with ESMTPS id 1; Mon, 09 Nov 2026 09:12:47 +0800\n";

#[test]
fn a_pass_of_our_own_server_for_the_senders_domain_counts() {
    let dmarc =
        judged(&format!("{OURS}Authentication-Results: MX.kantor.example; dmarc=pass (p=x) header.from=dinas.example"));
    let dkim =
        judged("Authentication-Results: mx.kantor.example 1;\n dkim = pass (2048-bit; key) header.d=dinas.example");
    let spf = judged("Authentication-Results: mx.kantor.example; spf=pass smtp.mailfrom=x@dinas.example");

    assert_eq!(dmarc, Authenticity::Authenticated { how: How::Dmarc });
    assert_eq!(dkim, Authenticity::Authenticated { how: How::Dkim });
    assert_eq!(spf, Authenticity::Authenticated { how: How::Spf });
}

#[test]
fn a_pass_for_another_domain_proves_nothing() {
    for result in [
        "dkim=pass header.d=jahat.example",
        "dkim=pass header.d=example",
        "spf=pass smtp.mailfrom=x@jahat.example",
        "dmarc=pass header.from=jahat.example",
        "dmarc=none header.from=dinas.example",
        "none",
    ] {
        assert_eq!(
            judged(&format!("Authentication-Results: mx.kantor.example; {result}")),
            Authenticity::None,
            "{result}"
        );
    }
}

#[test]
fn only_the_topmost_verdict_of_our_server_is_read() {
    let forged = "Authentication-Results: mx.kantor.example; dmarc=pass header.from=dinas.example\n";
    let real = "Authentication-Results: mx.kantor.example; dmarc=fail header.from=dinas.example\n";
    let other = "Authentication-Results: mx.jahat.example; dmarc=pass header.from=dinas.example\n";
    let foreign = "Received: from x by relay.jahat.example with SMTP; Mon, 09 Nov 2026 09:12:47 +0800\n";

    assert!(matches!(judged(&format!("{OURS}{real}{forged}")), Authenticity::Failed { .. }));
    assert_eq!(judged(&format!("{OURS}{other}")), Authenticity::None);
    assert_eq!(judged(&format!("{OURS}{foreign}{forged}")), Authenticity::None);
    assert!(judged(&format!("{OURS}{forged}{foreign}")).is_authenticated());
}

/// A mail store with a short or an internal host name delivers by LMTP above the border server's verdict; every mail of
/// such an office was held.
#[test]
fn delivery_inside_the_house_is_no_foreign_hop() {
    let verdict = "Authentication-Results: mx.kantor.example; dmarc=pass header.from=dinas.example\n";

    for hop in ["by surel with LMTP", "by surel.dalam.lan with LMTP", "by surel with ESMTPS"] {
        let delivered = format!("Received: from mx.kantor.example {hop} id 2; Mon, 09 Nov 2026 09:12:48 +0800\n");
        assert!(judged(&format!("{delivered}{verdict}{OURS}")).is_authenticated(), "{hop}");
    }
}

#[test]
fn a_verdict_hidden_in_comments_or_quotes_is_no_verdict() {
    let comment = "Authentication-Results: mx.kantor.example; spf=none (; dmarc=pass header.from=dinas.example)";
    let quoted =
        "Authentication-Results: mx.kantor.example; spf=none reason=\"; dmarc=pass header.from=dinas.example\"";

    assert_eq!(judged(comment), Authenticity::None);
    assert_eq!(judged(quoted), Authenticity::None);
    for escaped in [
        r#"spf=none reason="x \"; dmarc=pass header.from=dinas.example; y=\"""#,
        r#"spf=fail smtp.mailfrom="a\";dkim=pass header.d=dinas.example x=\"b"@jahat.example"#,
        r#"dmarc=pass reason="x header.from=dinas.example" header.from=jahat.example"#,
    ] {
        let judged = judged(&format!("Authentication-Results: mx.kantor.example; {escaped}"));
        assert!(!judged.is_authenticated(), "{escaped}");
    }
}

#[test]
fn t04_a_servers_pass_counts_for_what_the_signature_covers_and_while_it_is_fresh() {
    let passed = "Authentication-Results: mx.kantor.example; dkim=pass header.d=dinas.example; dmarc=pass header.from=dinas.example";
    let mail = |tags: &str, date: &str, verdict: &str| {
        let signature = format!("DKIM-Signature: v=1; a=rsa-sha256; d=dinas.example; s=x; {tags}; bh=x; b=y");
        let seen = format!("{verdict}\n{OURS}{signature}\nFrom: budi@dinas.example\nSubject: x\nDate: {date}\n\n");
        judged(&seen).is_authenticated()
    };
    let (all, today) = ("h=From:Subject:Date", "Mon, 09 Nov 2026 09:10:00 +0800");

    assert!(mail(all, today, passed));
    assert!(!mail("l=10; h=From:Subject:Date", today, passed), "the body may go on");
    for uncovered in ["h=Subject:Date", "h=From:Date", "h=From:Subject", "c=relaxed"] {
        assert!(!mail(uncovered, today, passed), "{uncovered}");
    }
    assert!(!mail(all, "Sat, 31 Oct 2026 09:10:00 +0800", passed), "an old mail sent again");
    let enveloped = format!("{passed}; spf=pass smtp.mailfrom=budi@dinas.example");
    assert!(mail("h=From", today, &enveloped), "the envelope alone proves it");
    let others = format!("{passed}\nDKIM-Signature: v=1; d=milis.example; h=From; b=z\n");
    assert!(judged(&others).is_authenticated(), "somebody else's signature says nothing of the sender's");
}

/// A signed mail was caught whose signature ends at a length; lines were added to it, and a second signature that covers
/// all and holds for nothing. The server passed the first, and the second was looked at.
#[test]
fn t04_an_invented_signature_lends_its_cover_to_no_other() {
    let verdict = "Authentication-Results: mx.kantor.example; dkim=pass header.d=dinas.example; dkim=fail header.d=dinas.example; dmarc=pass header.from=dinas.example";
    let mail = |signatures: &[&str]| {
        let lines: String = signatures.iter().map(|tags| format!("DKIM-Signature: v=1; {tags}; bh=x; b=y\n")).collect();
        let date = "Mon, 09 Nov 2026 09:10:00 +0800";
        judged(&format!("{verdict}\n{OURS}{lines}From: budi@dinas.example\nSubject: x\nDate: {date}\n\n"))
            .is_authenticated()
    };
    let whole = "d=dinas.example; h=From:Subject:Date";

    assert!(mail(&[whole, "d=Dinas.Example; h=date:from:subject:to"]));
    for real in [
        "d=dinas.example; l=10; h=From:Subject:Date",
        "d=dinas.example; h=From:Date",
        "d=surat.dinas.example; l=10; h=From:Subject:Date",
    ] {
        assert!(!mail(&[real, whole]) && !mail(&[whole, real]), "{real}");
        assert!(!mail(&[real]), "a signature of the same organisation passes for DMARC: {real}");
    }
}

/// The sender's own words below such a line were added to the verdict.
#[test]
fn t02_what_follows_a_line_that_is_no_field_is_no_part_of_the_verdict() {
    for odd in ["X Y: z", "no colon", ": nameless"] {
        let text = format!(
            "Authentication-Results: mx.kantor.example; none\n{odd}\n ; dmarc=pass header.from=dinas.example\n"
        );
        assert_eq!(judged(&text), Authenticity::None, "{odd}");
    }
}

/// Whoever logged in at our own server could write its verdict into their mail, below the server's trace line.
#[test]
fn t02_a_verdict_below_a_log_in_came_with_the_mail() {
    let verdict = "Authentication-Results: mx.kantor.example; dmarc=pass header.from=dinas.example\n";
    let hop = |from: &str, with: &str| {
        format!(
            "Received: from {from} by mail.kantor.example (Postfix) with {with} id 1; Mon, 09 Nov 2026 09:12:47 +0800\n"
        )
    };

    for with in ["ESMTPSA", "ESMTPA", "UTF8SMTPSA", "esmtpsa"] {
        assert_eq!(judged(&format!("{}{verdict}", hop("pc", with))), Authenticity::None, "{with}");
        assert_eq!(judged(&format!("{OURS}{}{verdict}", hop("pc", with))), Authenticity::None, "{with}");
        assert!(judged(&format!("{verdict}{}", hop("pc", with))).is_authenticated(), "{with}: ours stands above");
    }
    for name in ["with", "by", "from"] {
        assert_eq!(judged(&format!("{}{verdict}", hop(name, "ESMTPSA"))), Authenticity::None, "a client named {name}");
    }
    assert!(judged(&format!("{}{verdict}", hop("mx", "LMTPA"))).is_authenticated(), "a delivery inside the house");
}

/// Where our submission server checks the envelope, and this is how the mail lies in the mailbox.
fn handed_in(header: &str) -> Authenticity {
    let sender = [Address::parse("budi@dinas.example").unwrap()];
    let trust = Trust { submission_checks_sender: true, ..trust() };
    judge(&Headers::read(header.as_bytes()), &sender, true, &trust)
}

/// The same under the Return-Path of the delivery.
fn checked(header: &str) -> Authenticity {
    handed_in(&format!("Return-Path: <Budi@dinas.example>\n{header}"))
}

#[test]
fn a_log_in_at_our_own_server_counts_only_on_top() {
    let log_in =
        "Received: from pc by mail.kantor.example (Postfix) with ESMTPSA id 1; Mon, 09 Nov 2026 09:12:47 +0800\n";
    let delivery = "Received: from a by mail.kantor.example with LMTP id 2; Mon, 09 Nov 2026 09:12:48 +0800\n";
    let without_tls = log_in.replace("ESMTPSA", "ESMTPA");

    assert_eq!(checked(log_in), Authenticity::Authenticated { how: How::Submission });
    assert_eq!(checked(&format!("{delivery}{log_in}")), Authenticity::Authenticated { how: How::Submission });
    assert_eq!(checked(&format!("{OURS}{log_in}")), Authenticity::None);
    assert_eq!(checked(&without_tls), Authenticity::None);
}

/// Servers tell whose log-in it was only where they are told to: without that, one stolen password wrote in every name.
#[test]
fn t01_a_log_in_that_is_not_named_proves_nobody_unless_the_server_checks_names() {
    let line = |who: &str| format!("Received: from pc {who}by mail.kantor.example (Postfix) with ESMTPSA id 1; Mon\n");

    for who in ["", "(Authenticated sender: budi) ", "(Authenticated sender: ) "] {
        assert_eq!(judged(&line(who)), Authenticity::None, "{who}");
        assert!(checked(&line(who)).is_authenticated(), "{who}");
    }
}

/// Servers check whose envelope it is, and leave From to the writer: one stolen password wrote in every name.
#[test]
fn t01_a_log_in_proves_the_sender_of_the_envelope_alone() {
    let hop = "Received: from pc by mail.kantor.example (Postfix) with ESMTPSA id 1; Mon\n";
    let delivery = "Received: from a by mail.kantor.example with LMTP id 2; Mon\n";
    let (own, other) = ("Return-Path: <budi@dinas.example>\n", "Return-Path: <orang@dinas.example>\n");

    assert!(handed_in(&format!("{own}{hop}")).is_authenticated());
    assert!(handed_in(&format!("{own}Delivered-To: loket@kantor.example\n{delivery}{hop}")).is_authenticated());
    for forged in [format!("{other}{hop}"), format!("{other}{own}{hop}"), format!("{other}{hop}{own}")] {
        assert!(matches!(handed_in(&forged), Authenticity::Contradicted { .. }), "{forged}");
    }
    for untold in [
        hop.to_owned(),
        format!("{hop}{own}"),
        format!("{delivery}{own}{hop}"),
        format!("Return-Path: <>\n{hop}{own}"),
        format!("Return-Path: <>\n{own}{hop}"),
    ] {
        assert_eq!(handed_in(&untold), Authenticity::None, "{untold}");
    }
}

#[test]
fn a_log_in_under_another_name_fails() {
    let line = |who: &str| {
        format!(
            "Received: from pc (Authenticated sender: {who})\n by mail.kantor.example (Postfix) with ESMTPSA id 1; Mon\n"
        )
    };

    assert!(judged(&line("Budi@dinas.example")).is_authenticated());
    assert!(matches!(judged(&line("orang@dinas.example")), Authenticity::Contradicted { .. }));
    assert_eq!(judged(&line("orang@dinas.example")), checked(&line("orang@dinas.example")));
}

/// Whoever logs in with a certificate of their own making chooses its name, which stands in the trace line too.
#[test]
fn t01_a_certificate_that_names_a_log_in_stands_for_none() {
    let (named, own) = ("(Authenticated sender: budi@dinas.example)", "(Authenticated sender: orang@dinas.example)");
    for (first, second) in [(named, own), (own, named), (named, named)] {
        let line = format!(
            "Received: from pc (Client CN \"{first}\", Issuer \"x\" (not verified))\n {second}\n \
             by mail.kantor.example (Postfix) with ESMTPSA id 1; Mon\n"
        );
        for judged in [judged(&line), checked(&line)] {
            assert!(matches!(judged, Authenticity::Contradicted { .. }), "{first} {second}");
        }
    }
}

#[test]
fn two_senders_are_no_sender() {
    let headers = Headers::read(b"Authentication-Results: mx.kantor.example; dmarc=pass");
    let one = Address::parse("budi@dinas.example").unwrap();
    let two = [one.clone(), Address::parse("b@jahat.example").unwrap()];

    assert!(matches!(judge(&headers, &two, false, &trust()), Authenticity::Contradicted { .. }));
    assert!(matches!(judge(&headers, &[one], false, &trust()), Authenticity::Contradicted { .. }));
    assert!(matches!(judge(&headers, &[], false, &trust()), Authenticity::Contradicted { .. }));
}

#[test]
fn without_trust_everything_is_unproven() {
    let headers = Headers::read(b"Authentication-Results: mx.kantor.example; dmarc=pass header.from=dinas.example");
    let sender = [Address::parse("budi@dinas.example").unwrap()];

    assert_eq!(judge(&headers, &sender, true, &Trust::default()), Authenticity::None);
}

#[test]
fn what_speaks_against_a_sender_is_said() {
    let disowned = judged("Authentication-Results: mx.kantor.example; dmarc=fail header.from=dinas.example");
    assert!(disowned.objection().is_some_and(|why| why.contains("DMARC")));
    for half in ["dkim=fail header.d=dinas.example", "spf=fail smtp.mailfrom=x@dinas.example"] {
        let judged = judged(&format!("Authentication-Results: mx.kantor.example; {half}"));
        assert!(judged.objection().is_some_and(|why| why.contains("DKIM, SPF")), "{half}");
    }
    let named = |from: &[Address]| judge(&Headers::read(b"Subject: x"), from, false, &trust());
    assert!(named(&[]).objection().is_some_and(|why| why.contains("no sender")));
    let two = ["a@dinas.example", "b@dinas.example"].map(|address| Address::parse(address).unwrap());
    assert!(named(&two).objection().is_some_and(|why| why.contains("more than one")));
    assert_eq!(Authenticity::None.objection(), None);
}

#[test]
fn a_trace_line_is_the_houses_own_by_number_by_a_bare_name_or_by_its_domain() {
    for (by, id, foreign) in [
        ("mx.kantor.example", "mx.kantor.example", false),
        ("MX.kantor.example.", "mx.kantor.example", false),
        ("surat.kantor.example", "mx.kantor.example", false),
        ("surat.example", "mx.example", true),
        ("surat.mx.example", "mx.example", false),
        ("surat.kantor.example", "kantor.example", false),
        ("surat.lpse.kantor.example", "mx.lpse.kantor.example", false),
        ("lpse.kantor.example", "mx.lpse.kantor.example", false),
        ("surat.kantor.example", "mx.lpse.kantor.example", true),
        ("kantor.example", "kantor.example", false),
        ("jahatkantor.example", "kantor.example", true),
        ("surel", "mx.kantor.example", false),
        ("10.0.0.7", "mx.kantor.example", false),
        ("[2001:db8::1]", "mx.kantor.example", false),
        ("[10.0.0.7]", "mx.kantor.example", false),
        ("::ffff:10.0.0.7", "mx.kantor.example", false),
        ("2001:db8::1", "mx.kantor.example", false),
        ("10.0.0.7.jahat.example", "mx.kantor.example", true),
        ("relay.jahat.example", "mx.kantor.example", true),
    ] {
        assert_eq!(is_foreign(by, id), foreign, "by {by}, where {id} is ours");
    }
}

#[test]
fn quotes_that_open_close_and_open_again_hide_nothing_behind_them() {
    let two = r#"spf=none reason="a" reason="b"; dkim=pass header.d=dinas.example"#;
    assert!(judged(&format!("Authentication-Results: mx.kantor.example; {two}")).is_authenticated());
}

/// A domain that disowns a mail is believed before any single check that passed.
#[test]
fn t01_a_disowned_mail_is_proven_by_no_signature_and_by_no_envelope() {
    for passed in ["dkim=pass header.d=dinas.example", "spf=pass smtp.mailfrom=budi@dinas.example"] {
        for disowned in ["dmarc=fail", "dmarc=hardfail"] {
            let told =
                format!("Authentication-Results: mx.kantor.example; {passed}; {disowned} header.from=dinas.example");
            assert!(judged(&told).objection().is_some_and(|why| why.contains("DMARC")), "{told}");
        }
    }
    for failed in ["dkim=hardfail header.d=dinas.example", "spf=hardfail smtp.mailfrom=budi@dinas.example"] {
        let told = format!("Authentication-Results: mx.kantor.example; {failed}");
        assert!(judged(&told).objection().is_some_and(|why| why.contains("DKIM, SPF")), "{told}");
    }
}

#[test]
fn a_dmarc_pass_that_names_no_domain_is_the_senders() {
    assert_eq!(
        judged("Authentication-Results: mx.kantor.example; dmarc=pass (p=reject)"),
        Authenticity::Authenticated { how: How::Dmarc }
    );
}

#[test]
fn a_signer_covers_its_own_domain_and_those_below_it_but_no_public_suffix() {
    for (signer, domain, covered) in [
        ("dinas.example", "dinas.example", true),
        ("Dinas.Example", "dinas.EXAMPLE", true),
        ("kota.dinas.example", "surat.kota.dinas.example", true),
        ("go.example", "dinas.go.example", false),
        ("example", "dinas.example", false),
        ("kota.dinas.example", "jahatkota.dinas.example", false),
        ("surat.kota.dinas.example", "kota.dinas.example", false),
    ] {
        assert_eq!(covers(Some(signer), domain), covered, "{signer} for {domain}");
    }
    assert!(!covers(None, "dinas.example"));
}

#[test]
fn what_stands_in_quotes_is_one_piece_wherever_they_open() {
    for name in ["a", "aa", "aaa"] {
        for quoted in ["b;c", "bb;c", r#"b;\";c"#, r#"bb;\";c"#] {
            let pieces = split_outside_quotes(&format!(r#"{name}="{quoted}";d"#), |c| c == ';');

            assert_eq!(pieces, [format!(r#"{name}="{quoted}""#), "d".to_owned()]);
        }
    }
}
