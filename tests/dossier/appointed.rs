//! Who a decree appoints, and whether it is one: drafts, people that are only mentioned, another team's decree, clauses on
//! time beside clauses that lapse.

use loket::sop::checklist::{Finding, Understanding};

use super::decrees::BUPATI;
use super::set::{day, expect, mail, paper, seen};

const LETTER: &str = "\
Nomor : 027/455/PBJ/2026
Perihal : Permohonan Reset Password
Yth. Admin PPE
Mohon reset password akun Helpdesk saya.
Nama : I Wayan Sudana, S.Kom.
NIP : 198805122015031901
Pemohon,
ttd
I Wayan Sudana, S.Kom.";

fn with(decree: &[&str]) -> Understanding {
    seen(&[mail("Permohonan", "", vec![paper("surat.pdf", &[LETTER]), paper("sk.pdf", decree)])])
}

/// The annex with another person in the applicant's row.
fn of_others() -> String {
    BUPATI[1].replace(
        "I Wayan Sudana, S.Kom.       19880512 201503 1 901",
        "I Ketut Lain, S.Kom.         19770512 201503 1 905",
    )
}

#[test]
fn a_draft_is_no_decree_yet() {
    let blank = BUPATI[0]
        .replace("NOMOR 100.3.3.2/88/HK/2026", "NOMOR 100.3.3.2/          /HK/2026")
        .replace("pada tanggal 12 Januari 2026", "pada tanggal")
        .replace("[tinta]", "");
    let annex = BUPATI[1]
        .replace("NOMOR 100.3.3.2/88/HK/2026", "NOMOR")
        .replace("TANGGAL 12 JANUARI 2026", "TANGGAL")
        .replace("ttd", "");

    let seen = with(&[&blank, &annex]);

    expect(&seen, &[("appointment_decree", Finding::Missing)]);
    assert_eq!(seen.documents[1].number, None);
}

#[test]
fn a_decree_that_lacks_only_the_signature_is_put_before_a_person() {
    let unsigned = BUPATI[0].replace("[tinta]", "");

    expect(&with(&[&unsigned, &BUPATI[1].replace("ttd", "")]), &[("appointment_decree", Finding::Unclear)]);
}

#[test]
fn who_is_only_considered_or_gets_a_copy_is_not_appointed() {
    let considered = BUPATI[0].replace(
        "Mengingat   : 1. Undang-Undang",
        "Membaca     : Surat I Wayan Sudana, S.Kom. selaku Helpdesk;\nMengingat   : 1. Undang-Undang",
    );
    let copied = format!("{}\nTembusan:\n1. I Wayan Sudana, S.Kom. (Helpdesk)", BUPATI[0]);
    let released =
        BUPATI[0].replace("KEDUA       : Biaya", "KEDUA       : Memberhentikan I Wayan Sudana, S.Kom.\nKETIGA : Biaya");

    for body in [considered, copied, released] {
        expect(&with(&[&body, &of_others()]), &[("decree_names_applicant", Finding::Unclear)]);
    }
}

#[test]
fn who_is_released_in_any_wording_is_not_appointed() {
    for clause in [
        "Saudara I Wayan Sudana, S.Kom., NIP 198805122015031901 diberhentikan sebagai Helpdesk.",
        "Saudara I Wayan Sudana, S.Kom., NIP 198805122015031901\n              diberhentikan sebagai Helpdesk.",
        "Terhitung mulai tanggal 1 Februari 2026 memberhentikan\n              I Wayan Sudana, S.Kom. sebagai Helpdesk.",
        "Memberhentikan I Wayan Sudana, S.Kom. yang diangkat dengan\n              Keputusan Nomor 7 sebagai Helpdesk.",
        "Memberhentikan I Wayan Sudana, S.Kom. dan mengangkat\n              I Ketut Lain sebagai Helpdesk.",
    ] {
        let body = BUPATI[0].replace("KEDUA       : Biaya", &format!("KEDUA       : {clause}\nKETIGA      : Biaya"));

        expect(&with(&[&body, &of_others()]), &[("decree_names_applicant", Finding::Unclear)]);
    }
}

#[test]
fn a_decree_that_by_its_title_only_releases_is_put_before_a_person() {
    let titled = |title: &str| {
        let body = BUPATI[0].replace("PENETAPAN PERSONIL LAYANAN PENGADAAN SECARA ELEKTRONIK", title);
        with(&[&body, BUPATI[1]])
    };

    expect(&titled("PEMBERHENTIAN PETUGAS HELPDESK LPSE"), &[("appointment_decree", Finding::Unclear)]);
    expect(
        &titled("PEMBERHENTIAN DAN PENGANGKATAN PETUGAS HELPDESK LPSE"),
        &[("appointment_decree", Finding::Met), ("decree_names_applicant", Finding::Met)],
    );
}

#[test]
fn a_decree_of_another_team_is_put_before_a_person() {
    let other = BUPATI[0]
        .replace("PENETAPAN PERSONIL LAYANAN PENGADAAN SECARA ELEKTRONIK", "PENETAPAN TIM SISTEM INFORMASI KEPEGAWAIAN")
        .replace("personil LPSE", "tim");

    expect(&with(&[&other, BUPATI[1]]), &[("appointment_decree", Finding::Unclear)]);
}

#[test]
fn a_clause_that_lapses_another_decree_gives_no_end() {
    let lapses = BUPATI[0].replace(
        "KETIGA      : Keputusan ini mulai berlaku pada tanggal ditetapkan.",
        "KETIGA      : Pada saat Keputusan ini mulai berlaku, Keputusan Bupati Nomor 7 Tahun 2025 yang\n              \
         berlaku sampai dengan 30 Juni 2026 dicabut dan dinyatakan tidak berlaku.",
    );

    let seen = with(&[&lapses, BUPATI[1]]);

    assert_eq!(seen.documents[1].valid_until, Some(day(2026, 12, 31)), "the year of the title");
}

#[test]
fn a_role_in_the_middle_of_a_merged_cell_is_not_lent_to_the_group_below() {
    let table = "\
LAMPIRAN KEPUTUSAN BUPATI TIRTA
NOMOR 100.3.3.2/88/HK/2026
NO    NAMA                                 KEDUDUKAN
1     Made Rai, S.T.
2     Ni Kadek Ayu L., A.Md.               Helpdesk
3     Ketut Lain, S.H.
4     I Wayan Sudana, S.Kom.
5     Komang Adi Putra, S.E.               Verifikator
6     Putu Lain, S.E.";

    expect(&with(&[BUPATI[0], table]), &[("role_matches", Finding::Unclear)]);
}
