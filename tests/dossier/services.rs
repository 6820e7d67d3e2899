//! Letters of hospitals, the police, the forces and forms with boxes: each the smallest that once misled the reader.

use loket::sop::checklist::{Finding, Signature};
use loket::sop::names::Service;

use super::set::{day, expect, mail, paper, seen};

fn letter(text: &str) -> loket::sop::checklist::Understanding {
    seen(&[mail("Permohonan", "Terlampir.", vec![paper("surat.pdf", &[text])])])
}

#[test]
fn a_name_that_begins_with_a_small_title_signs_and_applies() {
    let seen = letter(
        "                 M E M O\nKepada : Admin PPE\nDari : dr. Hj. Made Intan, M.Kes.\nTgl. : Senin, 16 November 2026\n\
         No. : 445/21/RSUD/2026\nPerihal : Reset pasword LPSE\n\nMohon bantuan reset pasword user helpdesk a.n. saya sendiri, akun\n\
         : RSUD.INTAN, NIP. 19830515 201101 2 902, karena terkunci.\n\nHormat saya,\n\n[tinta]\n\ndr. Hj. Made Intan, M.Kes.",
    );

    assert_eq!(seen.applicant.name.as_deref(), Some("dr. Hj. Made Intan, M.Kes."));
    assert_eq!(seen.applicant.nip.as_ref().map(|n| n.digits()), Some("198305152011012902"));
    assert_eq!(seen.applicant.user_id.as_deref(), Some("RSUD.INTAN"));
    assert_eq!(seen.documents[0].signature, Signature::Block);
    expect(&seen, &[("request_letter_signed", Finding::Met), ("applicant_identified", Finding::Met)]);
}

#[test]
fn a_rank_before_the_name_and_a_service_number_behind_it_are_no_part_of_it() {
    let seen = letter(
        "Tirta, 16 November 2026\nNomor : B/901/XI/2026\nPerihal : Permohonan reset password\nKepada Yth. Admin PPE LPSE\n\
         b. Mohon reset password atas nama Kapten Cba Putu Sutrisno NRP 11050023450984, jabatan Helpdesk LPSE,\n\
         user ID SUTRISNOPUTU.\n\nPemohon,\n\n[tinta]\n\nPutu Sutrisno\nKapten Cba NRP 11050023450984",
    );

    assert_eq!(seen.applicant.name.as_deref(), Some("Putu Sutrisno"));
    assert_eq!(seen.applicant.nip, None);
    assert_eq!(seen.applicant.user_id.as_deref(), Some("SUTRISNOPUTU"));
    expect(&seen, &[("request_letter_signed", Finding::Met)]);
}

#[test]
fn the_boxes_of_a_form_say_more_than_its_title() {
    let seen = letter(
        "FORMULIR PERMOHONAN RESET PASSWORD / INFORMASI USER ID\nNo. Formulir : F-01/LPSE    Nomor : 045/77/LPSE/2026\n\
         Jenis permohonan    (   ) Reset Password    ( V ) Informasi User ID\nNama    Ketut Mulatsih\n\
         NIP     19930303 201903 2 909\nTanggal    16/11/2026\n\nPemohon,\n\nttd\n\nKetut Mulatsih",
    );

    assert_eq!(seen.services, [Service::UserIdInfo]);
    assert_eq!(seen.documents[0].number.as_deref(), Some("045/77/LPSE/2026"));
}

#[test]
fn a_weekday_the_islamic_year_and_a_date_in_words_hide_no_date() {
    for dated in [
        "Tirta, Senin 16 November 2026",
        "Tirta, tanggal 16 Nopember 2026",
        "Tirta, 16 November 2026 M / 6 Jumadil Akhir 1448 H",
        "Pada hari ini Senin tanggal enam belas bulan November tahun dua ribu dua puluh enam, yang bertanda tangan:",
    ] {
        let seen = letter(&format!(
            "SURAT PERMOHONAN\nNomor : 12/PBJ/2026\nPerihal : Reset password\n{dated}\nNama : I Wayan Sudana\n\
             NIP : 198805122015031901\nMohon reset password.\nPemohon,\n\nttd\n\nI Wayan Sudana"
        ));

        assert_eq!(seen.documents[0].date, Some(day(2026, 11, 16)), "{dated}");
    }
}

#[test]
fn a_letter_for_two_people_in_a_table_is_put_before_a_person() {
    let seen = letter(
        "Nomor : 027/10/PBJ\nPerihal : Reset Password\nTirta, 16 November 2026\nYth. Admin PPE\nMohon reset password akun berikut:\n\n\
         No    Nama                 NIP                     User ID\n1     I Wayan Sudana       198805122015031901      wayan_s\n\
         2     Ni Kadek Ayu         199507252023212902      kadek.ayu\n\nKepala Bagian,\n\n[tinta]\n\nMade Siregar, SH\n\
         NIP. 197001011995031902",
    );

    expect(&seen, &[("applicant_identified", Finding::Unclear)]);
}
