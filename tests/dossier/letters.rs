//! Request letters in the layouts that offices use.

use loket::sop::checklist::{DocumentKind, Finding, Signature};
use loket::sop::names::Service;

use super::decrees::BUPATI;
use super::set::{GOOD, day, expect, mail, paper, seen};

pub const LABELS: &str = "\
                 PEMERINTAH KABUPATEN TIRTA
                    SEKRETARIAT DAERAH
     Jl. Raya Danau No. 1 Tirta  Telp. (0361) 900100  Email : setda@kab-tirta.example

                                              Tirta, 16 Nopember 2026
Nomor    : B.10.027/455/LPSE/XI/2026        Kepada
Sifat    : Penting                          Yth. Kepala Bagian PBJ
Lamp.    : 1 gabung                         di -
Perihal  : Permohonan Penggantian                Tirta
           Kata Sandi

      Dengan hormat, bersama ini kami mengajukan penggantian kata sandi untuk akun berikut:
      a. Nama Lengkap   : I Wayan Sudana, S.Kom
      b. NIP            : 19880512 201503 1 901
      c. Pangkat/Gol.   : Penata / III c
      d. Jabatan        : Pranata Komputer
      e. Instansi       : Bagian Pengadaan Barang dan Jasa
                          Setda Kab. Tirta
      f. Username       : wayan_s
      g. No. HP/WA      : 0812 0000 0001
      Demikian kami sampaikan, terima kasih.

                                              Pemohon,


                                              [tinta]

                                              I Wayan Sudana, S.Kom
                                              NIP. 198805122015031901";

const TABLE: &str = "\
BAGIAN PENGADAAN BARANG DAN JASA
SURAT PERMOHONAN
Nomor: 027/456/PBJ/2026
Tirta, 16-11-2026
Kepada Yth. Admin LPSE Kabupaten Tirta
Sehubungan kami lupa password SPSE, mohon kiranya dapat dilakukan reset password:

No.   Nama                     NIP                     Jabatan              User ID
1.    I Wayan Sudana, S.Kom    198805122015031901      Pranata Komputer     wayan_s

Demikian permohonan kami dari Bagian Pengadaan Barang dan Jasa Setda Kabupaten Tirta.

Hormat saya,

ttd

I Wayan Sudana, S.Kom";

const MEMO: &str = "\
                        NOTA DINAS
Kepada      : Kepala Bagian PBJ selaku Admin PPE
Dari        : Helpdesk LPSE Kab. Tirta, Bagian Pengadaan Barang dan Jasa Setda Kabupaten Tirta
Tanggal     : 16 Nov. 2026
Nomor       : ND-12/PBJ/XI/2026
Lampiran    : 1 (satu) lembar
Hal         : Reset password akun Helpdesk

Mohon bantuan untuk mereset password akun Helpdesk a.n. I Wayan Sudana, S.Kom. (NIP 19880512 201503 1 901)
dengan user ID: wayan_s yang tidak dapat digunakan sejak kemarin.

                                        Helpdesk LPSE,

                                        [tinta]

                                        I Wayan Sudana, S.Kom.
                                        NIP 19880512 201503 1 901";

const UNDERSIGNED: &str = "\
FORMULIR PERMOHONAN LAYANAN AKUN
Yang bertanda tangan di bawah ini:
Nama      : Drs. I Made Rai, M.Si.
NIP       : 19700101 199503 1 904
Jabatan   : Kepala Bagian PBJ
dengan ini mengajukan permohonan untuk pegawai berikut:
Nama / NIP : I Wayan Sudana, S.Kom. / 198805122015031901
Unit Kerja : Bagian PBJ Setda Kabupaten Tirta
User ID    : wayan_s
Jenis Permohonan : [x] Reset password   [ ] Informasi user ID
Tanggal    : 16/11/2026

Kepala Bagian PBJ,                            Pemohon,

[tinta]                                       [tinta]

Drs. I Made Rai, M.Si.                        I Wayan Sudana, S.Kom.
NIP 19700101 199503 1 904                     NIP 19880512 201503 1 901";

const ENGLISH: &str = "\
To: Admin PPE
From: I Wayan Sudana
Date: 16 November 2026
Subject: Password reset request for SPSE helpdesk account

Dear Admin, I would like to request a password reset for my helpdesk account.
Name: I Wayan Sudana, S.Kom.
Employee Number: 198805122015031901
Work Unit: Bagian Pengadaan Barang dan Jasa, Setda Kabupaten Tirta
Username: wayan_s
Kindly process it. Thank you.

Sincerely,

(signed)

I Wayan Sudana";

/// The shortest letter that has all it needs.
pub const SHORT: &str = "\
Tirta, 16 November 2026
Nomor : 027/455/PBJ/2026
Perihal : Permohonan Reset Password
Yth. Admin PPE
Mohon reset password akun Helpdesk saya.
Nama : I Wayan Sudana, S.Kom.
NIP : 198805122015031901
User ID : wayan_s
Pemohon,
ttd
I Wayan Sudana, S.Kom.";

fn with_decree(letter: &str) -> loket::sop::checklist::Understanding {
    seen(&[mail("Permohonan", "Terlampir.", vec![paper("surat.pdf", &[letter]), paper("lampiran.pdf", &BUPATI)])])
}

#[test]
fn every_layout_gives_the_same_applicant_and_the_same_findings() {
    for (layout, letter) in
        [("labels", LABELS), ("table", TABLE), ("memo", MEMO), ("undersigned", UNDERSIGNED), ("english", ENGLISH)]
    {
        let seen = with_decree(letter);

        println!("{layout}");
        assert_eq!(seen.documents[0].kind, DocumentKind::RequestLetter, "{layout}");
        assert_eq!(seen.documents[0].date, Some(day(2026, 11, 16)), "{layout}");
        assert_eq!(seen.services, [Service::ResetPassword], "{layout}");
        assert_eq!(seen.applicant.nip.as_ref().map(|n| n.digits()), Some("198805122015031901"), "{layout}");
        assert_eq!(seen.applicant.user_id.as_deref(), Some("wayan_s"), "{layout}");
        assert!(seen.applicant.name.as_deref().is_some_and(|n| n.starts_with("I Wayan Sudana")), "{layout}");
        expect(&seen, &GOOD);
    }
}

#[test]
fn numbers_are_kept_as_the_office_writes_them() {
    let number = |letter: &str| with_decree(letter).documents[0].number.clone();

    assert_eq!(number(LABELS).as_deref(), Some("B.10.027/455/LPSE/XI/2026"));
    assert_eq!(number(TABLE).as_deref(), Some("027/456/PBJ/2026"));
    assert_eq!(number(MEMO).as_deref(), Some("ND-12/PBJ/XI/2026"));
}

#[test]
fn the_letterheads_own_address_is_not_the_applicants() {
    assert_eq!(with_decree(LABELS).applicant.email, None);
    assert_eq!(with_decree(LABELS).applicant.phone.as_deref(), Some("081200000001"));
}

#[test]
fn an_empty_signature_room_asks_for_completion() {
    for letter in [LABELS.replace("[tinta]", ""), TABLE.replace("\nttd\n", "\n"), ENGLISH.replace("(signed)", "")] {
        let seen = with_decree(&letter);

        expect(&seen, &[("request_letter_signed", Finding::Missing)]);
        assert_eq!(seen.documents[0].signature, Signature::None);
        assert!(!seen.is_complete());
    }
}

#[test]
fn a_superiors_signature_alone_is_put_before_a_person() {
    let letter = UNDERSIGNED.replace("[tinta]                                       [tinta]", "[tinta]");
    let alone = LABELS.replace("Pemohon,", "Kepala Bagian,").replace("                                              I Wayan Sudana, S.Kom\n                                              NIP. 198805122015031901", "                                              Drs. I Made Rai, M.Si.\n                                              NIP. 197001011995031904");

    expect(&with_decree(&letter), &[("request_letter_signed", Finding::Missing)]);
    expect(&with_decree(&alone), &[("request_letter_signed", Finding::Unclear)]);
}

#[test]
fn a_number_left_open_is_an_alert_and_no_defect() {
    for open in ["B.10.027/        /LPSE/XI/2026", "B.10.027/...../LPSE/2026", ""] {
        let seen = with_decree(&LABELS.replace("B.10.027/455/LPSE/XI/2026", open));

        assert_eq!(seen.documents[0].number, None, "{open}");
        assert!(seen.alerts.contains(&"number_blank".into()), "{open}: {:?}", seen.alerts);
        assert!(seen.is_complete());
    }
}

#[test]
fn another_number_another_person_and_another_unit_are_told() {
    expect(
        &with_decree(
            &LABELS
                .replace("19880512 201503 1 901", "19880512 201503 1 909")
                .replace("198805122015031901", "198805122015031909"),
        ),
        &[("nip_matches", Finding::Contradicted)],
    );
    expect(
        &with_decree(&LABELS.replace("wayan_s", "kadek.ayu")),
        &[("name_matches", Finding::Contradicted), ("nip_matches", Finding::Contradicted)],
    );
    expect(
        &with_decree(
            &LABELS
                .replace("Bagian Pengadaan Barang dan Jasa\n", "Dinas Kehutanan\n")
                .replace("Setda Kab. Tirta", "Pesisir"),
        ),
        &[("work_unit_matches", Finding::Contradicted)],
    );
    expect(&with_decree(&LABELS.replace("wayan_s", "wayan_x")), &[("account_found", Finding::Unclear)]);
}

#[test]
fn a_user_id_with_look_alike_letters_is_shown_as_it_is_and_told() {
    let seen = with_decree(&LABELS.replace("wayan_s", "w\u{430}yan_s"));

    assert_eq!(seen.applicant.user_id.as_deref(), Some("w\u{430}yan_s"));
    assert!(seen.alerts.contains(&"mixed_script_user_id".into()));
    expect(&seen, &[("account_found", Finding::Unclear)]);
}

#[test]
fn no_finding_quotes_a_whole_employee_number_in_its_sentence() {
    for check in with_decree(LABELS).checklist {
        assert!(
            !check.because.contains("198805122015031901") && !check.because.contains("19880512 201503"),
            "{}",
            check.item
        );
    }
}

#[test]
fn a_citizen_number_that_tells_of_another_person_is_a_warning() {
    let with = |nik: &str| {
        with_decree(&LABELS.replace("      c. Pangkat", &format!("      b. NIK            : {nik}\n      c. Pangkat")))
    };
    let warned = |nik: &str| with(nik).alerts.contains(&"nik_differs_from_nip".into());

    assert!(!warned("6401011205880001"));
    assert!(warned("6401015205880001") && warned("6401011305880001"));
    assert!(with("6401019905880001").alerts.contains(&"nik_malformed".into()));
    expect(&with("6401015205880001"), &GOOD);
}

#[test]
fn two_people_in_one_letter_are_put_before_a_person() {
    let letter = LABELS.replace(
        "      Demikian kami",
        "      Nama : Ni Kadek Ayu Lestari\n      NIP : 199507252023212902\n      Demikian kami",
    );

    let seen = with_decree(&letter);

    expect(&seen, &[("applicant_identified", Finding::Unclear)]);
    assert!(seen.alerts.contains(&"several_applicants".into()));
}

#[test]
fn a_caption_beside_another_is_no_value() {
    let letter = SHORT.replace("Pemohon,\nttd\nI Wayan Sudana, S.Kom.", "Pemohon,                     Kepala Sub Bagian,\n\nttd                          ttd\n\nI Wayan Sudana, S.Kom.       Made Rai, S.E.");

    let seen = with_decree(&letter);

    assert_eq!(seen.applicant.name.as_deref(), Some("I Wayan Sudana, S.Kom."));
    expect(&seen, &[("applicant_identified", Finding::Met), ("request_letter_signed", Finding::Met)]);
}
