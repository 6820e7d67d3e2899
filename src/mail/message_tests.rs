use super::*;

fn read(mail: &str) -> Inbound {
    Inbound::read(mail.as_bytes(), &Reception { prefix: "LPSE".into(), ..Reception::default() })
}

#[test]
fn an_ordinary_mail_is_read_whole() {
    let mail = read(
        "Return-Path: <budi@dinas.example>\r\nReceived: from a by b with ESMTPS; Mon, 09 Nov 2026 09:12:47 +0800\r\n\
         Received: from c by a; Mon, 09 Nov 2026 09:00:00 +0800\r\nFrom: =?utf-8?Q?Budi_Sant=C3=B3so?= <Budi@Dinas.Example>\r\n\
         To: Admin <admin@kantor.example>, b@kantor.example\r\nSubject: Re: [LPSE-2026-0047]\r\n  Kelengkapan\r\n\
         Date: Mon, 09 Nov 2026 09:12:40 +0800\r\nMessage-ID: <a1@dinas.example>\r\nIn-Reply-To: <loket.x@kantor.example>\r\n\
         References: <a0@dinas.example>\r\n <loket.x@kantor.example>\r\n\r\nIsi\r\n",
    );

    assert_eq!(mail.message_id.as_deref(), Some("a1@dinas.example"));
    assert_eq!(mail.subject, "Re: [LPSE-2026-0047] Kelengkapan");
    assert_eq!(mail.sender().unwrap().as_str(), "Budi@dinas.example");
    assert_eq!(mail.sender_name.as_deref(), Some("Budi Santóso"));
    assert_eq!(mail.to.len(), 2);
    assert_eq!(mail.received_at.unwrap().to_rfc3339(), "2026-11-09T01:12:47+00:00");
    assert_eq!(mail.references, ["a0@dinas.example", "loket.x@kantor.example"]);
    assert_eq!(mail.case_tag.unwrap().to_string(), "LPSE-2026-0047");
    assert!(mail.answers_us && !mail.null_return_path);
    assert_eq!((mail.automatic, mail.malformed), (None, None));
    assert_eq!(mail.content_hash.0.len(), 64);
}

#[test]
fn two_from_fields_and_groups_are_noticed() {
    let two = read("From: a@x.example\r\nFrom: b@y.example\r\n\r\n");
    let group = read("From: Tim: a@x.example, b@y.example;\r\n\r\n");
    let alone = read("From: Tim: a@x.example;\r\n\r\n");
    let twice = read("From: a@x.example\r\nFrom: a@x.example\r\n\r\n");

    for mail in [two, group, alone, twice] {
        assert!(matches!(mail.authenticity, Authenticity::Contradicted { .. }), "{mail:?}");
    }
}

#[test]
fn a_subject_cannot_smuggle_header_lines() {
    let folded = read("From: a@x.example\r\nSubject: =?utf-8?B?SGFsbw0KQmNjOiBiQHkuZXhhbXBsZQ==?=\r\n\r\n");
    let nul = read("From: a@x.example\r\nSubject: =?utf-8?Q?a=00b?=\r\n\r\n");

    assert!(folded.malformed.is_some() && !folded.subject.contains(['\r', '\n']));
    assert!(nul.malformed.is_some() && !nul.subject.contains('\0'));
}

#[test]
fn a_header_that_cannot_be_read_says_why() {
    assert!(read("").malformed.is_some());
    assert!(read("\r\nFrom: a@x.example\r\n").malformed.is_some());
    assert!(read("Subject: tanpa pengirim\r\n\r\n").malformed.is_some());
    assert!(read(&format!("From: a@x.example\r\nX: {}\r\n\r\n", "y".repeat(70_000))).malformed.is_some());
    assert_eq!(read("From: a@x.example\r\n\r\n").malformed, None);
}

#[test]
fn only_tags_of_our_own_prefix_count() {
    let tag = |subject: &str| {
        read(&format!("From: a@x.example\r\nSubject: {subject}\r\n\r\n")).case_tag.map(|t| t.to_string())
    };

    assert_eq!(tag("Re: [lpse-2026-0042] berkas").as_deref(), Some("LPSE-2026-0042"));
    assert_eq!(tag("[LPSE-2026-0001] Fwd: [LPSE-2026-0002]").as_deref(), Some("LPSE-2026-0002"));
    assert_eq!(tag("[LPSEX-2026-0042]"), None);
    assert_eq!(tag("LPSE-2026-0042 tanpa kurung"), None);
    assert_eq!(tag("[LPSE-26-42]"), None);
}

#[test]
fn long_threads_keep_their_end() {
    let references: String = (0..300).map(|i| format!("<{i}@x.example>\r\n ")).collect();
    let mail = read(&format!("From: a@x.example\r\nReferences: {references}\r\n\r\n"));

    assert_eq!(mail.references.len(), 100);
    assert_eq!(mail.references.last().unwrap(), "299@x.example");
}
