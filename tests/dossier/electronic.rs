//! What the checklist makes of electronic signatures: whose they are, and when they count.

use loket::dossier::electronic::{Doubt, Electronic, Flaw, Signer};
use loket::dossier::page::Paper;
use loket::sop::checklist::{Finding, Signature, Understanding};

use super::set::{day, expect, mail, paper, seen};

const MEMO: &str = "                      NOTA DINAS
               NOMOR ND-77/KOMINFO.3/XI/2026
Yth.      : Kepala Bidang selaku Admin PPE
Hal       : Reset Password Akun Helpdesk
Tanggal   : 16 November 2026

Mohon reset password akun SPSE pegawai kami atas nama I Wayan
Sudana, S.Kom. NIP. 19880512 201503 1 901 dengan user id wayan_s.

a.n. Kepala Bidang                         Pemohon,
Sekretaris,


Komang Adi Putra, S.E.                     I Wayan Sudana, S.Kom.
NIP. 19800101 200501 1 903                 NIP. 19880512 201503 1 901";

fn letter(electronic: Electronic) -> Understanding {
    let letter = Paper { electronic, ..paper("nota.pdf", &[MEMO]) };
    seen(&[mail("Reset password", "Terlampir.", vec![letter])])
}

fn by(names: &[&str]) -> Electronic {
    let signer = |name: &&str| Signer {
        name: (*name).into(),
        issuer: "BSrE".into(),
        at: None,
        period: (day(2026, 1, 1), day(2026, 12, 31)),
    };
    Electronic::Valid { signers: names.iter().map(signer).collect() }
}

#[test]
fn a_valid_electronic_signature_of_the_applicant_fulfils_both_steps() {
    let understood = letter(by(&["I WAYAN SUDANA"]));

    expect(&understood, &[("request_letter_signed", Finding::Met), ("signature_valid", Finding::Met)]);
    assert_eq!(understood.documents[0].signature, Signature::ElectronicValid);
    let because = &understood.check("signature_valid").unwrap().because;
    assert!(because.contains("I WAYAN SUDANA") && because.contains("BSrE"), "{because}");
    assert!(!understood.alerts.iter().any(|alert| alert.starts_with("tte_")), "{:?}", understood.alerts);
}

#[test]
fn a_valid_electronic_signature_of_somebody_else_is_for_a_person_to_judge() {
    // The last one's name differs by a letter: a certificate is exact, and this is somebody else's.
    for names in [&["Komang Adi Putra"][..], &["Orang Lain"], &["I Wayan Sudama"]] {
        let understood = letter(by(names));

        expect(&understood, &[("request_letter_signed", Finding::Unclear), ("signature_valid", Finding::Unclear)]);
    }
}

#[test]
fn a_false_electronic_signature_contradicts_and_says_why() {
    let understood = letter(Electronic::Invalid { why: Flaw::Appended });

    expect(&understood, &[("signature_valid", Finding::Contradicted)]);
    assert_eq!(understood.documents[0].signature, Signature::ElectronicInvalid);
    assert!(understood.alerts.contains(&"tte_invalid".to_owned()));
    assert!(understood.check("signature_valid").unwrap().because.contains("setelah ditandatangani"));
}

#[test]
fn a_certificate_that_ended_before_the_mail_came_makes_the_signature_unverifiable() {
    let signer = Signer {
        name: "I Wayan Sudana".into(),
        issuer: "BSrE".into(),
        at: None,
        period: (day(2024, 1, 1), day(2026, 11, 15)),
    };
    let understood = letter(Electronic::Valid { signers: vec![signer] });

    expect(&understood, &[("signature_valid", Finding::Unclear)]);
    assert_eq!(understood.documents[0].signature, Signature::ElectronicUnverifiable);
    assert!(understood.alerts.contains(&"tte_unverifiable".to_owned()));
}

#[test]
fn words_and_untested_signatures_stay_unverifiable() {
    let printed = paper("nota.pdf", &[&format!("{MEMO}\n\nDitandatangani secara elektronik oleh: I Wayan Sudana")]);
    let printed = seen(&[mail("Reset password", "Terlampir.", vec![printed])]);

    for understood in [printed, letter(Electronic::Unverifiable { why: Doubt::NoRoots })] {
        expect(&understood, &[("signature_valid", Finding::Unclear)]);
        assert_eq!(understood.documents[0].signature, Signature::ElectronicUnverifiable);
        assert!(understood.alerts.contains(&"tte_unverifiable".to_owned()));
    }
}
