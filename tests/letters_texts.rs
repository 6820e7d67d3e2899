//! Every outgoing text, as it goes out, in both languages. Read the snapshots as the person who receives them would.

use std::collections::BTreeMap;
use std::fs;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use loket::letters::{
    Ending, FindingRow, Form, Lack, LetterError, LetterFacts, LetterKind, LetterProposal, Letters, Office, Origin,
    Problem, Received, Text, Unlock, check_edited, fill_links, placeholders,
};
use loket::sop::checklist::Finding;
use loket::sop::names::{Language, Service};
use loket::sop::procedure::Procedure;

fn office() -> Office {
    Office {
        name: "LPSE Provinsi Lembayung Raya".into(),
        unit: "Biro Pengadaan Barang dan Jasa".into(),
        signature: "Admin PPE – LPSE Provinsi Lembayung Raya, Biro Pengadaan Barang dan Jasa".into(),
        phone: "(0598) 440120".into(),
        hours_id: "Senin–Kamis 07.30–16.00, Jumat 07.30–16.30 WITA".into(),
        hours_en: "Monday–Thursday 07:30–16:00, Friday 07:30–16:30 WITA".into(),
        system: "SPSE".into(),
        zone: "Asia/Makassar".into(),
    }
}

fn letters() -> Letters {
    Letters::load(office(), None).expect("the embedded texts are sound")
}

/// A time of day in Makassar on 10 November 2026 and after.
fn wita(day: u32, hour: u32, minute: u32) -> Option<DateTime<Utc>> {
    Utc.with_ymd_and_hms(2026, 11, day, hour, minute, 0).single().map(|local| local - TimeDelta::hours(8))
}

fn base() -> LetterFacts {
    LetterFacts {
        number: "LPSE-2026-0047".into(),
        name: Some("Rina Paramitha Lestari, S.Kom.".into()),
        admin: Some("Teguh Anggara Wibisono".into()),
        services: vec![Service::ResetPassword],
        role: "Helpdesk".into(),
        sop_number: "000.3/0620/BPLPSE/B.PBJ".into(),
        received_at: wita(10, 10, 42),
        ..LetterFacts::default()
    }
}

/// What Rina wrote of herself in the letter she forgot to sign.
fn form() -> Form {
    Form {
        name: Some("Rina Paramitha Lestari, S.Kom.".into()),
        position: Some("Pranata Komputer Ahli Pertama".into()),
        work_unit: Some("Bagian Pengelolaan LPSE".into()),
        user_id: Some("HD.RINAPL".into()),
        email: Some("rina.paramitha@lembayung.example".into()),
        phone: None,
    }
}

fn finding(item: &str, step: u8, finding: Finding, because: &str) -> FindingRow {
    FindingRow { item: item.into(), step, finding, because: because.into() }
}

fn review(facts: LetterFacts) -> LetterFacts {
    let draft = Text {
        subject: "[LPSE-2026-0047] Permohonan ditolak".into(),
        body: "Yth. Saudara/i Rina Paramitha Lestari,\n\nPermohonan ditolak. {{link:reveal}}".into(),
    };
    LetterFacts {
        nip_masked: Some("••••••••201103••••".into()),
        work_unit: Some("Bagian Pengelolaan LPSE".into()),
        sender: Some("rina.paramitha@lembayung.example".into()),
        sender_registered: Some(true),
        findings: vec![
            finding("request_letter", 2, Finding::Met, "Surat permohonan no. 000.3/0911/LPSE/2026."),
            finding(
                "appointment_decree",
                2,
                Finding::Met,
                "SK no. 000.3/0007/LPSE/2026, berlaku s.d. 31 Desember 2026.",
            ),
            finding("name_matches", 5, Finding::Met, "Nama sama pada surat, SK, dan register."),
            finding("nip_matches", 5, Finding::Contradicted, "NIP pada surat berbeda satu angka dari register."),
            finding("confirmed_with_applicant", 5, Finding::Missing, "Konfirmasi belum dicatat."),
        ],
        alerts: vec!["number_blank".into()],
        confirmation: vec!["NIP pada surat berbeda dari register".into()],
        proposal: Some(LetterProposal::Reject),
        draft: Some(draft),
        minutes_left: Some(15),
        due_at: wita(10, 10, 58),
        reply_window: Some(10),
        ..facts
    }
}

fn standard(facts: LetterFacts) -> LetterFacts {
    LetterFacts {
        step: Some(5),
        standard_minutes: Some(15),
        standard_origin: Some(Origin::Proposed),
        minutes_left: Some(7),
        minutes_used: Some(19),
        due_at: wita(10, 10, 58),
        ..facts
    }
}

/// What each letter says in an ordinary case.
fn facts(kind: LetterKind) -> LetterFacts {
    use LetterKind::*;
    let base = base();
    let lack = |item: &str, problem, file: Option<&str>| Lack::of(item, problem, file.map(str::to_owned).as_ref());
    match kind {
        MailWaiting => base,
        Acknowledgement => LetterFacts { checking_starts: wita(11, 7, 30), ..base },
        CompletionRequest => LetterFacts {
            missing: vec![
                lack("request_letter_signed", Problem::Unsigned, Some("scan0012.pdf")),
                Lack {
                    pages: vec![3, 4],
                    ..lack("decree_names_applicant", Problem::PagesUnreadable, Some("SK Helpdesk.pdf"))
                },
                Lack {
                    until: NaiveDate::from_ymd_opt(2025, 12, 31),
                    ..lack("decree_in_force", Problem::Expired, Some("SK 2025.pdf"))
                },
            ],
            unopened: vec![
                lack("attachment", Problem::ArchiveFormat, Some("berkas.rar")),
                lack("attachment", Problem::OutlookPacket, Some("winmail.dat")),
            ],
            present: vec![Received {
                item: "appointment_decree".into(),
                file: Some("SK Helpdesk 199105172015032941.pdf".into()),
                number: Some("000.3/0007/LPSE/2026".into()),
                date: NaiveDate::from_ymd_opt(2026, 1, 2),
            }],
            form: Some(form()),
            deadline: wita(13, 16, 30),
            size_limit_mb: Some(25),
            ..base
        },
        CompletionReminder => LetterFacts {
            missing: vec![lack("appointment_decree", Problem::AnnexPageMissing, None)],
            deadline: wita(13, 16, 30),
            ..base
        },
        Rejected => {
            let reasons = Procedure::helpdesk().reject_reasons;
            LetterFacts {
                reasons: reasons.into_iter().filter(|r| ["R03", "R04"].contains(&r.code.as_str())).collect(),
                ..base
            }
        }
        ResultReset => {
            LetterFacts { done_at: wita(10, 10, 55), expires_at: wita(11, 12, 0), unlock: Some(Unlock::Nip), ..base }
        }
        ResultUserId | ResultBoth => LetterFacts {
            services: vec![Service::ResetPassword, Service::UserIdInfo],
            done_at: wita(10, 10, 55),
            expires_at: wita(11, 12, 0),
            unlock: Some(Unlock::SpokenCode),
            ..base
        },
        ResultSystemLink | ChangeReminder | Withdrawn => LetterFacts { done_at: wita(10, 10, 55), ..base },
        HandedInPerson => {
            LetterFacts { done_at: wita(12, 9, 5), decided_by: Some("Teguh Anggara Wibisono".into()), ..base }
        }
        Closed => LetterFacts {
            done_at: wita(12, 9, 5),
            ending: Some(Ending::PasswordReset),
            classification: Some("000.3".into()),
            ..base
        },
        OutOfScope => LetterFacts { turn_to: Some(Procedure::helpdesk().out_of_scope.turn_to), ..base },
        TooLarge => LetterFacts {
            number: String::new(),
            about_subject: Some("Permohonan reset".into()),
            size_limit_mb: Some(25),
            ..base
        },
        ActionNeeded | FreshProposal => review(base),
        SecondNeeded => LetterFacts {
            first_approver: Some("Lestari Maharani".into()),
            decision: Some(LetterProposal::Reissue),
            note: Some("surelnya terhapus".into()),
            ..base
        },
        ManualTask => LetterFacts { minutes_left: Some(10), due_at: wita(10, 10, 55), ..base },
        HeldMail => LetterFacts {
            number: String::new(),
            held: Some("unauthenticated".into()),
            sender: Some("k…@mail-gov.example".into()),
            about_subject: Some("SEGERA\u{202e}gpj.exe".into()),
            alerts: vec!["executable_attachment".into(), "instruction_in_text".into()],
            ..base
        },
        StandardHalf => LetterFacts { minutes_used: Some(8), ..standard(base) },
        StandardOverdue => standard(base),
        OverdueSuperior => LetterFacts {
            admin: Some("Kepala Bagian Pengelolaan LPSE".into()),
            decided_by: Some("Teguh Anggara Wibisono".into()),
            ..standard(base)
        },
        OutcomeUnknown | DriverFailed => {
            LetterFacts { done_at: wita(10, 10, 55), note: Some("server akun menolak permintaan.".into()), ..base }
        }
        DecisionDone => LetterFacts {
            decision: Some(LetterProposal::Approve),
            decided_at: wita(10, 10, 54),
            done_at: wita(10, 10, 55),
            ending: Some(Ending::PasswordReset),
            expires_at: wita(11, 12, 0),
            ..base
        },
        AlreadyDecided => LetterFacts {
            decided_by: Some("Lestari Maharani".into()),
            decided_at: wita(10, 10, 54),
            decision: Some(LetterProposal::Approve),
            ..base
        },
        ReplyNotUnderstood => LetterFacts {
            note: Some("kode enam angka tidak ada atau sudah tidak berlaku.".into()),
            reply_window: Some(10),
            ..base
        },
        LetterUndelivered => LetterFacts {
            about_subject: Some("Hasil reset password".into()),
            recipient: Some("r…@lembayung.example".into()),
            note: Some("kotak surat penerima penuh.".into()),
            ..base
        },
        ReturnedLate => LetterFacts {
            about_subject: Some("Permohonan ditolak".into()),
            recipient: Some("r…@lembayung.example".into()),
            ..base
        },
        SecretExpired | NewLinkAsked => LetterFacts { expires_at: wita(11, 12, 0), ..base },
        FactorLocked | ColleagueLocked => {
            let name = Some("Lestari Maharani".into());
            LetterFacts { number: String::new(), name, count: Some(5), until: wita(10, 11, 15), ..base }
        }
        PassphraseChanged => LetterFacts { number: String::new(), done_at: wita(10, 11, 15), ..base },
        Flood => {
            LetterFacts { number: String::new(), count: Some(120), sender: Some("a…@banyak.example".into()), ..base }
        }
        CompletionReceived => base,
    }
}

fn shown(text: &Text) -> String {
    format!("Subject: {}\n\n{}\n", text.subject, text.body)
}

#[test]
fn every_letter_reads_as_it_should_in_indonesian() {
    let letters = letters();

    for kind in LetterKind::ALL {
        let text = letters.render(kind, Language::Id, &facts(kind)).unwrap();
        insta::assert_snapshot!(format!("{kind}_id"), shown(&text));
    }
}

#[test]
fn every_letter_reads_as_it_should_in_english() {
    let letters = letters();

    for kind in LetterKind::ALL {
        let text = letters.render(kind, Language::En, &facts(kind)).unwrap();
        let english = text.body.split("--- English ---").last().unwrap_or_default().trim().to_owned();
        insta::assert_snapshot!(format!("{kind}_en"), shown(&Text { subject: text.subject, body: english }));
    }
}

#[test]
fn the_form_reads_as_it_should_in_both_languages() {
    let facts = LetterFacts { form: Some(form()), ..base() };

    for language in [Language::Id, Language::En] {
        let text = letters().request_form(language, &facts).unwrap();

        insta::assert_snapshot!(format!("request_form_{}", language.code()), shown(&text));
    }
}

#[test]
fn an_english_letter_to_an_applicant_has_the_indonesian_text_first() {
    let text = letters().render(LetterKind::Rejected, Language::En, &facts(LetterKind::Rejected)).unwrap();

    let indonesian = text.body.find("Yth. Saudara/i").unwrap();
    let english = text.body.find("Dear Rina").unwrap();
    assert!(indonesian < english);
    assert_eq!(text.subject, "[LPSE-2026-0047] Permohonan ditolak / Your request has been declined");
}

#[test]
fn no_placeholder_survives_once_a_letter_is_filled() {
    let letters = letters();

    for kind in LetterKind::ALL {
        for language in [Language::Id, Language::En] {
            let text = letters.render(kind, language, &facts(kind)).unwrap();
            let links: BTreeMap<String, String> = kind
                .links()
                .iter()
                .map(|name| ((*name).to_owned(), format!("https://desk.lembayung.example/t/{name}")))
                .collect();

            let filled = fill_links(&text, &links).unwrap();

            assert!(!shown(&filled).contains("{{"), "{kind}");
            for (name, url) in &links {
                assert!(filled.body.contains(url), "{kind} names no link {name}");
            }
        }
    }
}

#[test]
fn a_rendered_letter_holds_no_address_of_the_desk() {
    let letters = letters();

    for kind in LetterKind::ALL {
        let text = letters.render(kind, Language::En, &facts(kind)).unwrap();
        assert!(!text.body.contains("http"), "{kind}");
    }
}

#[test]
fn letters_are_calm_and_their_subjects_one_line() {
    let letters = letters();

    for kind in LetterKind::ALL {
        for language in [Language::Id, Language::En] {
            let text = letters.render(kind, language, &facts(kind)).unwrap();
            assert!(!shown(&text).contains('!'), "{kind}");
            assert!(!shown(&text).contains("none"), "{kind} shows an absent fact");
            assert!(!text.subject.chars().any(char::is_control), "{kind}");
            assert!(!text.body.contains("\n\n\n"), "{kind}");
        }
    }
}

#[test]
fn line_breaks_in_foreign_names_never_reach_a_header() {
    let hostile = LetterFacts {
        name: Some("Rina\r\nBcc: tukang@curi.example\n\n<b>".into()),
        about_subject: Some("x\r\nX-Evil: 1\0".into()),
        number: "LPSE-2026-0047\r\nBcc: a@b.example".into(),
        ..review(base())
    };

    for kind in LetterKind::ALL {
        let Ok(text) = letters().render(kind, Language::Id, &hostile) else { continue };
        assert!(!text.subject.chars().any(char::is_control), "{kind}");
    }
}

#[test]
fn an_applicants_words_cannot_become_a_link_or_a_text_of_ours() {
    let hostile = LetterFacts {
        name: Some("{{link:approve}} {{ 7 * 7 }} {% include 'closing' %}".into()),
        sender: Some("{{link:reject}}".into()),
        ..review(base())
    };

    let text = letters().render(LetterKind::ActionNeeded, Language::Id, &hostile).unwrap();

    assert_eq!(text.body.matches("{{link:approve}}").count(), 1);
    assert_eq!(text.body.matches("{{link:reject}}").count(), 1);
    assert!(!text.body.contains("49"));
}

#[test]
fn a_draft_shown_to_an_admin_holds_no_placeholder_of_its_own() {
    let text = letters().render(LetterKind::ActionNeeded, Language::Id, &facts(LetterKind::ActionNeeded)).unwrap();

    assert!(!placeholders(&text).contains("link:reveal"));
    assert!(text.body.contains("[tautan, dibuat saat surat dikirim]"));
}

#[test]
fn a_draft_made_before_the_act_waits_for_its_times() {
    let early = LetterFacts { unlock: Some(Unlock::Nip), ..base() };

    let draft = letters().render(LetterKind::ResultReset, Language::Id, &early).unwrap();

    let waits: Vec<String> = placeholders(&draft).into_iter().collect();
    assert_eq!(waits, ["link:confirm", "link:reveal", "time:done_at", "time:expires_at"]);
    assert!(check_edited(&draft, &draft).is_ok());
}

#[test]
fn a_letter_whose_facts_are_absent_is_an_error_and_not_a_letter_with_a_hole() {
    let error = letters().render(LetterKind::CompletionReminder, Language::Id, &base()).unwrap_err();

    assert_eq!(
        error.to_string(),
        "Cannot write the letter `completion_reminder`: line 11 of `completion_reminder/id.txt` needs a fact that is absent"
    );
}

fn overridden(file: &str, text: &str) -> Result<Letters, LetterError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    Letters::load(office(), Some(folder.path()))
}

#[test]
fn an_offices_own_text_replaces_ours() {
    let letters =
        overridden("withdrawn/id.txt", "Subject: Dicabut\n\nPermohonan {{ number }} dicabut {{ done_at|date }}.\n")
            .unwrap();

    let text = letters.render(LetterKind::Withdrawn, Language::Id, &facts(LetterKind::Withdrawn)).unwrap();

    assert_eq!(
        shown(&text),
        "Subject: [LPSE-2026-0047] Dicabut\n\nPermohonan LPSE-2026-0047 dicabut 10 November 2026.\n"
    );
}

#[test]
fn an_offices_own_phrase_replaces_one_and_leaves_the_others() {
    let own = "[causes]\naccount_not_known = \"akun tidak terdaftar di SPSE\"\n";
    let letters = overridden("phrases/id.toml", own).unwrap();

    assert_eq!(letters.cause("account_not_known", Language::Id), "akun tidak terdaftar di SPSE");
    assert_eq!(letters.cause("no_account_named", Language::Id), "usulan tidak menyebut akun");
}

#[test]
fn a_mistake_in_an_offices_text_is_told_in_one_sentence_at_start() {
    let cases = [
        ("rejected/id.txt", "Subject: Ditolak\n\n{% if note %}{{ reazons }}{% endif %}\n"),
        ("rejected/id.txt", "Subject: Ditolak\n\n{% for reason in reasons %}\n"),
        ("rejected/id.txt", "Subject: Ditolak\n\n\n{{ received_at|tanggal }}\n"),
        ("rejected/id.txt", "Ditolak\n"),
        ("rejected/id.txt", "Subject: Ditolak\n\n{{ link(\"reveal\") }}\n"),
        (
            "rejected/id.txt",
            "Subject: Ditolak\n\n{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        ),
        ("rejectd/id.txt", "Subject: Ditolak\n"),
        ("parts/closing/en.txt", "{{ ofice.phone }}\n"),
        ("phrases/en.toml", "[causes]\nreturned_later = 5\n"),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|(file, text)| match overridden(file, text) {
            Ok(_) => format!("{file} was accepted"),
            Err(error) => error.to_string(),
        })
        .collect();

    insta::assert_snapshot!("mistakes_in_overrides", told.join("\n"));
}

/// An engine's sentence in English stood in an Indonesian letter.
#[test]
fn every_cause_the_engine_names_has_words_and_what_others_say_stays_as_they_said_it() {
    let letters = letters();

    for language in [Language::Id, Language::En] {
        for key in [
            "stopped_while_asking",
            "no_account_named",
            "account_not_known",
            "nothing_was_changed",
            "reset_outlived_its_password",
            "held_and_may_have_happened",
            "returned_later",
        ] {
            assert!(letters.cause(key, language).contains(' '), "{key}");
        }
        assert!(letters.cause("dropped_by_hand: uid 0", language).ends_with("(uid 0)"));
        assert!(letters.cause("maybe_delivered: 451 come again", language).ends_with("(451 come again)"));
        for said in ["550 5.1.1: no such mailbox", "the account system knows no such account"] {
            assert_eq!(letters.cause(said, language), said);
        }
    }
}

/// Regression: the admin's mail showed `user_id_absent` as it stands in the code.
#[test]
fn every_alert_the_code_can_raise_has_words_in_letters_and_on_pages() {
    let alerts = alerts_in_the_code();
    assert!(alerts.len() > 20, "they are looked for in the wrong place: {alerts:?}");

    for language in [Language::Id, Language::En] {
        let facts = LetterFacts { alerts: alerts.iter().cloned().collect(), ..review(base()) };
        let letter = letters().render(LetterKind::ActionNeeded, language, &facts).unwrap().body;
        for alert in &alerts {
            let raw = alert.replace('_', " ");
            assert!(!letter.lines().any(|line| line.trim_start_matches("  - ") == raw), "{alert} in the letter");
            assert_ne!(loket::web::words::alert(language, alert), raw, "{alert} on the page");
        }
    }
}

/// The names in `raise("…")`, `.alert("…")` and `alerts.push("…")`.
fn alerts_in_the_code() -> std::collections::BTreeSet<String> {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut alerts = std::collections::BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                // A call may stand on several lines.
                let code: String = fs::read_to_string(&path).unwrap().split_whitespace().collect();
                for before in ["raise(\"", ".alert(\"", "alerts.push(\""] {
                    let names =
                        code.split(before).skip(1).filter_map(|rest| rest.split_once('"')).map(|(name, _)| name);
                    alerts.extend(names.map(str::to_owned));
                }
            }
        }
    }
    alerts
}

#[test]
fn a_name_that_ends_in_a_degree_gives_one_full_stop() {
    let facts = LetterFacts { decided_by: Some("Teguh Anggara, S.T.".into()), ..standard(base()) };

    for language in [Language::Id, Language::En] {
        let text = letters().render(LetterKind::OverdueSuperior, language, &facts).unwrap();

        assert!(text.body.contains("S.T.") && !text.body.contains("S.T.."), "{}", text.body);
    }
}
