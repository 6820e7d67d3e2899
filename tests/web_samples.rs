//! Views as the counter would give them, filled with the story of one request.

use chrono::TimeDelta;
use loket::sop::checklist::{Check, DocumentKind, Evidence, Finding, Pair};
use loket::sop::names::{Nip, Service};
use loket::web::answer::{SeenResult, Typed};
use loket::web::view::*;

use crate::web_fake::{GOOD_TOKEN, HASH, NIP, PASSWORD, address, now, number};

pub fn head() -> CaseHead {
    use StepState::{Current, Done, Next, Skipped};
    CaseHead {
        number: number(),
        services: vec![Service::ResetPassword],
        name: "Dimas Wiratama Putra, S.Kom.".into(),
        user_id: Some("DIMASWP".into()),
        work_unit: Some("Bagian Pengelolaan LPSE".into()),
        received: now() - TimeDelta::minutes(7),
        steps: [Done, Done, Skipped, Skipped, Current, Next, Next, Next, Next],
        clock: Some(StepClock {
            state: ClockState::Running { left: 9, due: now() + TimeDelta::minutes(9) },
            standard: 15,
            origin: Origin::Proposed,
        }),
        holidays_missing: None,
        undelivered: None,
        deviations: Vec::new(),
    }
}

fn check(item: &str, step: u8, finding: Finding, because: &str, pair: Option<(&str, &str)>) -> CheckRow {
    let pair = pair.map(|(a, b)| Pair { document: a.into(), register: (!b.is_empty()).then(|| b.into()) });
    let check = Check { item: item.into(), step, finding, because: because.into(), evidence: Vec::new(), pair };
    CheckRow { check, title: None }
}

fn seen(mut row: CheckRow, attachment: &str, page: u32, quote: &str, place: [u16; 4]) -> CheckRow {
    row.check.evidence.push(Evidence {
        attachment: attachment.into(),
        sha256: None,
        page,
        quote: quote.into(),
        place: Some(place),
    });
    row
}

/// The review of the sample letter whose NIP differs in one digit.
pub fn review(subject: &str) -> ReviewView {
    const LETTER: &str = "Surat Permohonan.pdf";
    const DECREE: &str = "SK Helpdesk 2026.pdf";
    use Finding::{Contradicted, Met, Missing, Unclear};
    let checks = vec![
        seen(
            check(
                "request_letter",
                2,
                Met,
                "Surat permohonan bernomor.",
                Some(("000.3/1187/BPLPSE/B.PBJ, 9 November 2026", "")),
            ),
            LETTER,
            1,
            "000.3/1187",
            [208, 173, 256, 19],
        ),
        seen(
            check(
                "service_stated",
                2,
                Met,
                "Hal: reset password.",
                Some(("“Permohonan Reset Password User ID Helpdesk”", "")),
            ),
            LETTER,
            1,
            "Hal",
            [208, 234, 420, 19],
        ),
        seen(
            check("appointment_decree", 2, Met, "SK bernomor.", Some(("000.3/0004/BPLPSE/B.PBJ/2026", ""))),
            DECREE,
            1,
            "000.3/0004",
            [312, 192, 373, 20],
        ),
        seen(
            check("account_found", 5, Met, "Akun ada.", Some(("DIMASWP", "DIMASWP"))),
            LETTER,
            1,
            "DIMASWP",
            [298, 487, 114, 20],
        ),
        seen(
            check(
                "nip_matches",
                5,
                Contradicted,
                "Satu angka pada surat berbeda. SK sama dengan register, jadi mungkin salah ketik; hanya pemohon yang dapat memastikannya.",
                Some(("19920315 201903 1 914", NIP)),
            ),
            LETTER,
            1,
            "NIP",
            [298, 419, 232, 20],
        ),
        seen(
            check(
                "signature_valid",
                5,
                Unclear,
                "Tanda tangan basah tidak dapat diuji oleh sistem. Bandingkan dengan arsip.",
                None,
            ),
            LETTER,
            1,
            "ttd",
            [595, 698, 296, 112],
        ),
        check(
            "confirmed_with_applicant",
            5,
            Missing,
            "Wajib karena NIP berbeda dan ini reset kedua dalam 30 hari.",
            None,
        ),
        check(
            "sender_registered",
            5,
            Met,
            "Alamat sama.",
            Some(("dimas.wiratama@karangmulia.example", "dimas.wiratama@karangmulia.example")),
        ),
        seen(
            check("role_matches", 5, Met, "Kedudukan sama.", Some(("Helpdesk", "Helpdesk"))),
            DECREE,
            2,
            "Helpdesk",
            [755, 293, 155, 44],
        ),
    ];
    let page = |number, kind| PageView { number, kind, width: 595.0, height: 842.0, failed: false };
    let letter = "Yth. Saudara Dimas Wiratama Putra,\n\nsetelah dilakukan pemeriksaan terhadap kelengkapan dan kebenaran berkas, dengan ini diberitahukan bahwa permohonan reset password Saudara tidak dapat dipenuhi (ditolak) dengan alasan: data pada surat tidak sesuai dengan data pada arsip registrasi.\n\nDemikian disampaikan, atas perhatian dan kerja samanya diucapkan terima kasih.\n\nAdmin PPE – LPSE Provinsi Karang Mulia";
    let draft = |choice, subject: &str, body: &str| DraftView {
        choice,
        to: vec!["dimas.wiratama@karangmulia.example".into()],
        subject: format!("[LPSE-2026-0047] {subject}"),
        body: body.into(),
        edited: false,
        enclosures: if choice == Choice::Complete { vec![("Surat permohonan.pdf".into(), 2_400)] } else { vec![] },
    };
    ReviewView {
        head: head(),
        checks,
        alerts: Vec::new(),
        papers: vec![
            PaperView { index: 0, attachment: LETTER.into(), sha256: "a".repeat(64), size: 151_552, pages: vec![page(1, DocumentKind::RequestLetter)], unreadable: None },
            PaperView { index: 1, attachment: DECREE.into(), sha256: "b".repeat(64), size: 319_488, pages: vec![page(1, DocumentKind::AppointmentDecree), page(2, DocumentKind::AppointmentDecree)], unreadable: None },
        ],
        sender: SenderView {
            from: "dimas.wiratama@karangmulia.example".into(),
            registered: true,
            authenticity: "DKIM lulus (karangmulia.example) · SPF lulus · DMARC lulus, menurut mail.karangmulia.example".into(),
            subject: subject.into(),
            body: "Yth. Admin PPE, bersama ini kami sampaikan surat permohonan reset password beserta SK pengangkatan sebagai Helpdesk.".into(),
        },
        confirmation: ConfirmationView {
            required: true,
            because: "NIP pada surat berbeda satu angka dari register, dan ini reset kedua dalam 30 hari.".into(),
            phone: Some("0840-0000-1904".into()),
            done: Vec::new(),
            satisfied: false,
        },
        drafts: vec![
            draft(Choice::Reject, "Permohonan ditolak", letter),
            draft(Choice::Complete, "Permintaan kelengkapan berkas", "Yth. Saudara Dimas Wiratama Putra,\n\nberkas permohonan Saudara belum lengkap."),
        ],
        proposal: ProposalView {
            hash: HASH.into(),
            choice: Choice::Reject,
            because: "NIP pada surat bertentangan dengan register (R04)".into(),
            account: Some("DIMASWP".into()),
            by_hand: false,
            link_until: now() + TimeDelta::hours(25),
            override_of: vec!["NIP".into()],
            code_for: vec![Choice::Approve],
            completion: Some(CompletionView {
                deadline: now() + TimeDelta::days(3),
                round: 1,
                rounds: 2,
                items: vec![
                    CompletionItem { key: "request_letter".into(), label: "Surat permohonan dengan NIP yang benar".into(), chosen: true },
                    CompletionItem { key: "appointment_decree".into(), label: "SK pengangkatan sebagai Helpdesk".into(), chosen: false },
                ],
            }),
            grounds: vec![
                Ground { code: "R04".into(), text: "Data pada surat tidak sesuai dengan register".into(), chosen: true },
                Ground { code: "R01".into(), text: "SK telah berakhir masa berlakunya".into(), chosen: false },
            ],
            colleagues: vec![Colleague { address: address("lestari@karangmulia.example"), name: "Lestari Ningrum, S.Kom.".into(), on_duty: true }],
        },
        changed: None,
        two: None,
    }
}

pub fn task() -> TaskView {
    let mut head = head();
    head.steps[4] = StepState::Done;
    head.steps[5] = StepState::Current;
    let approved_by = "Bagus Arya Wicaksana".into();
    TaskView { head, nip: Nip::parse(NIP), approved_by, approved_at: now(), attempt: "upaya-1".into() }
}

pub fn unknown() -> UnknownView {
    let what = "Sistem akun tidak menjawab pukul 10.55 WITA.".into();
    UnknownView { head: task().head, attempt: "upaya-1".into(), since: now(), what }
}

pub fn outcome() -> OutcomeView {
    let mut head = head();
    head.clock = None;
    head.deviations.push(DeviationView {
        id: "5-1".into(),
        step: 5,
        spent: 19,
        standard: 15,
        origin: Origin::Proposed,
        actor: "Bagus Arya Wicaksana".into(),
    });
    OutcomeView {
        head,
        headline: Headline::PasswordReset,
        link_until: Some(now() + TimeDelta::hours(25)),
        history: vec![
            (now(), "Konfirmasi telepon dicatat: benar pemohon".into()),
            (now() + TimeDelta::minutes(1), "Password akun DIMASWP direset, dibaca ulang, dan berhasil".into()),
        ],
        times: vec![
            StepTime { step: 5, spent: 12, standard: 15, origin: Origin::Proposed },
            StepTime { step: 8, spent: 0, standard: 10, origin: Origin::Sop },
        ],
        next: "Pemohon membuka tautan, login, lalu mengganti password. Anda tidak perlu melakukan apa pun.".into(),
        seen: SeenResult { proposal_hash: HASH.into(), issue: "2".into() },
        can_reissue: true,
        can_hand_in_person: true,
        two: None,
    }
}

pub fn revealed() -> RevealedView {
    RevealedView {
        user_id: Some("DIMASWP".into()),
        password: Some(Typed::new(PASSWORD)),
        until: Some(now() + TimeDelta::hours(25)),
        change_token: Some(Typed::new(GOOD_TOKEN)),
    }
}
